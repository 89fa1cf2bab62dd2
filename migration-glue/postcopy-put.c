/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Putting pages in their places under a guest that runs.
 */
#include "migration-glue/error.h"
#include "migration-glue/postcopy-dst-priv.h"

/* ---- As a stream sends them, one after the other ---- */

guint8 *
mig_postcopy_dst_stage(MigPostcopyDst *dst, const MigRamEntry *entry, guint64 offset,
                       GError **error)
{
    guint64 page = offset >> MIG_PAGE_SHIFT, backing = mig_postcopy_state(dst, entry)->backing;

    if (dst->entry == NULL && page % backing == 0 && offset % MIG_PAGE_SIZE == 0) {
        dst->entry = entry;
        dst->first = page;
        dst->got = 0;
        dst->zeros = TRUE;
    }
    if (dst->entry == entry && offset == (dst->first + dst->got) << MIG_PAGE_SHIFT)
        return dst->stage + (dst->got << MIG_PAGE_SHIFT);
    g_set_error(
        error, MIG_ERROR, MIG_ERROR_FORMAT,
        "RAM block '%s': 0x%" G_GINT64_MODIFIER
        "x came out of order: after the switch pages come by whole pages of 0x%" G_GINT64_MODIFIER
        "x bytes",
        entry->host.name, offset, backing << MIG_PAGE_SHIFT);
    return NULL;
}

/* Under the lock. */
static void
note_arrival(MigPostcopyDst *dst, guint8 *at)
{
    const gint64 *since = g_hash_table_lookup(dst->since, at);
    guint64 us;

    if (since == NULL)
        return;
    us = (guint64)MAX(g_get_monotonic_time() - *since, 0);
    mig_waits_note(&dst->waits, us);
    g_hash_table_remove(dst->since, at);
}

/* PD-1. [@first, @first + @n) are whole pages of the backing. */
static void
note_here(MigPostcopyDst *dst, const MigRamEntry *entry, guint64 first, guint64 n)
{
    MigArrivingBlock *state = mig_postcopy_state(dst, entry);

    g_mutex_lock(&dst->lock);
    for (guint64 page = first; page < first + n; page++) {
        if (mig_postcopy_has_bit(state->here, page))
            continue;
        mig_postcopy_set_bit(state->here, page);
        state->missing--;
        if (page % state->backing == 0)
            note_arrival(dst, entry->host.host + (page << MIG_PAGE_SHIFT));
    }
    g_mutex_unlock(&dst->lock);
}

static gboolean
place(MigPostcopyDst *dst, MigArrivingBlock *state, guint8 *at, GError **error)
{
    guint64 n = state->backing << MIG_PAGE_SHIFT;
    MigUserfaultPut put = dst->zeros && state->can_zero
                              ? mig_userfault_zero(dst->fd, at, n, error)
                              : mig_userfault_copy(dst->fd, at, dst->stage, n, error);

    if (put == MIG_USERFAULT_DONE)
        return TRUE;
    if (put == MIG_USERFAULT_THERE)
        g_set_error(error, MIG_ERROR, MIG_ERROR_FORMAT, "a page that was not to come came");
    g_prefix_error(error, "RAM block '%s': ", dst->entry->host.name);
    return FALSE;
}

gboolean
mig_postcopy_dst_put(MigPostcopyDst *dst, gboolean zero, GError **error)
{
    MigArrivingBlock *state = mig_postcopy_state(dst, dst->entry);
    guint8 *at = dst->entry->host.host + (dst->first << MIG_PAGE_SHIFT);
    gboolean good = TRUE, known;

    dst->zeros = dst->zeros && zero;
    if (++dst->got < state->backing)
        return TRUE;
    g_mutex_lock(&dst->lock);
    known = mig_postcopy_has_bit(state->here, dst->first);
    g_mutex_unlock(&dst->lock);
    /* The guest may have written to one that is here: it stays. */
    if (!known) {
        good = place(dst, state, at, error);
        if (good)
            note_here(dst, dst->entry, dst->first, state->backing);
    }
    dst->entry = NULL;
    return good;
}

void
mig_postcopy_dst_restart(MigPostcopyDst *dst)
{
    dst->entry = NULL;
}

/* ---- As a file has them, in any order, by several threads ---- */

guint64
mig_postcopy_dst_missing(MigPostcopyDst *dst, const MigRamEntry *entry, guint64 *from, guint64 to,
                         guint64 most)
{
    const MigArrivingBlock *state = mig_postcopy_state(dst, entry);
    guint64 first = *from, behind;

    g_mutex_lock(&dst->lock);
    while (first < to && mig_postcopy_has_bit(state->here, first))
        first =
            state->here[first / 64] == ~G_GUINT64_CONSTANT(0) ? (first / 64 + 1) * 64 : first + 1;
    first = MIN(first, to);
    to = MIN(to, first + most);
    for (behind = first; behind < to && !mig_postcopy_has_bit(state->here, behind);)
        behind++;
    g_mutex_unlock(&dst->lock);
    *from = first;
    return behind - first;
}

gboolean
mig_postcopy_dst_fill(MigPostcopyDst *dst, const MigRamEntry *entry, guint64 first, guint64 n,
                      const guint8 *bytes, GError **error)
{
    g_autoptr(GError) trouble = NULL;
    gboolean gave_up;

    if (mig_userfault_fill(dst->fd, entry->host.host + (first << MIG_PAGE_SHIFT), bytes,
                           n << MIG_PAGE_SHIFT, mig_postcopy_backing(entry), &trouble)) {
        note_here(dst, entry, first, n);
        return TRUE;
    }
    g_mutex_lock(&dst->lock);
    gave_up = dst->gave_up;
    g_mutex_unlock(&dst->lock);
    /* Nobody waits any more, so nothing is put. */
    if (gave_up)
        return TRUE;
    g_propagate_prefixed_error(error, g_steal_pointer(&trouble),
                               "RAM block '%s': ", entry->host.name);
    return FALSE;
}
