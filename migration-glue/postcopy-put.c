/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Putting pages in their places under a guest that runs.
 */
#include "migration-glue/error.h"
#include "migration-glue/postcopy-dst-priv.h"

/* ---- Pages while it listens ---- */

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

static void
note_here(MigPostcopyDst *dst, MigArrivingBlock *state, guint8 *at)
{
    g_mutex_lock(&dst->lock);
    for (guint64 page = dst->first; page < dst->first + state->backing; page++)
        mig_postcopy_set_bit(state->here, page);
    state->missing -= state->backing;
    note_arrival(dst, at);
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
            note_here(dst, state, at);
    }
    dst->entry = NULL;
    return good;
}

void
mig_postcopy_dst_restart(MigPostcopyDst *dst)
{
    dst->entry = NULL;
}
