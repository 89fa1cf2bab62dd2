/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory of which not all has come.
 *
 * Source: docs/stream-format.md, "Commands, postcopy, return path"; userfaultfd(2).
 */
#include "migration-glue/postcopy-dst-priv.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "migration-glue/error.h"

#define PAGE_AT_ONCE (16u << 20) /* bytes, of a page that is brought from a file */

static guint64
host_page(void)
{
    return (guint64)sysconf(_SC_PAGESIZE);
}

guint64
mig_postcopy_backing(const MigRamEntry *entry)
{
    return MAX(MAX(entry->host.page_size, host_page()), MIG_PAGE_SIZE);
}

gboolean
mig_postcopy_check_advice(const MigRamList *list, guint64 page_sizes, guint64 target,
                          GError **error)
{
    guint64 ours = 0;

    for (guint i = 0; i < list->n; i++) {
        if (!list->entries[i].ignored)
            ours |= mig_postcopy_backing(&list->entries[i]);
    }
    if (target == MIG_PAGE_SIZE && page_sizes == ours)
        return TRUE;
    g_set_error(error, MIG_ERROR, MIG_ERROR_MISMATCH,
                "the source's memory has pages of 0x%" G_GINT64_MODIFIER
                "x bytes (all sizes in one number), the memory here of 0x%" G_GINT64_MODIFIER
                "x: for postcopy give both sides the same memory backends, on hosts with pages of "
                "one size",
                page_sizes, ours);
    return FALSE;
}

/* A page that comes alone must stay alone: one huge page would swallow its absent neighbours. */
static gboolean
prepare_block(MigPostcopyDst *dst, const MigRamEntry *entry, GError **error)
{
    MigArrivingBlock *state = mig_postcopy_state(dst, entry);
    gboolean unused;

    state->backing = mig_postcopy_backing(entry) >> MIG_PAGE_SHIFT;
    state->here = g_new0(guint64, (entry->pages + 63) / 64);
    state->asked = g_new0(guint64, (entry->pages + 63) / 64);
    state->missing = entry->pages;
    if (entry->host.backing == MIG_RAM_UNTOLD && entry->host.page_size > host_page()) {
        g_set_error(error, MIG_ERROR, MIG_ERROR_UNSUPPORTED,
                    "RAM block '%s': pages that came cannot be taken back from private huge pages: "
                    "if memory is to come after the guest, give its backend share=on",
                    entry->host.name);
        return FALSE;
    }
    if (entry->pages % state->backing != 0) {
        g_set_error(error, MIG_ERROR, MIG_ERROR_UNSUPPORTED,
                    "RAM block '%s' is no whole number of pages of its backing", entry->host.name);
        return FALSE;
    }
    /* Whether it can be done shows now, while the guest is still the source's. */
    if (!mig_userfault_register(dst->fd, entry->host.host, entry->host.used_length, &unused,
                                entry->host.name, error))
        return FALSE;
    mig_userfault_unregister(dst->fd, entry->host.host, entry->host.used_length);
    madvise(entry->host.host, entry->host.used_length, MADV_NOHUGEPAGE);
    return TRUE;
}

MigPostcopyDst *
mig_postcopy_dst_new(const MigRamList *list, GError **error)
{
    g_autoptr(MigPostcopyDst) dst = NULL;
    guint64 largest = 0;
    int fd = mig_userfault_open(error);

    if (fd < 0)
        return NULL;
    dst = g_new0(MigPostcopyDst, 1);
    g_mutex_init(&dst->lock);
    dst->fd = fd;
    dst->list = list;
    dst->blocks = g_new0(MigArrivingBlock, list->n);
    dst->since = g_hash_table_new_full(NULL, NULL, NULL, g_free);
    dst->wake = mig_wake_new(error);
    if (dst->wake == NULL)
        return NULL;
    for (guint i = 0; i < list->n; i++) {
        if (list->entries[i].ignored)
            continue;
        if (!prepare_block(dst, &list->entries[i], error))
            return NULL;
        largest = MAX(largest, mig_postcopy_backing(&list->entries[i]));
    }
    dst->stage = largest == 0 ? NULL : g_malloc(largest);
    return g_steal_pointer(&dst);
}

void
mig_postcopy_dst_stop(MigPostcopyDst *dst)
{
    if (dst->thread == NULL)
        return;
    mig_wake_fire(dst->wake);
    g_clear_pointer(&dst->thread, g_thread_join);
}

void
mig_postcopy_dst_free(MigPostcopyDst *dst)
{
    if (dst == NULL)
        return;
    mig_postcopy_dst_stop(dst);
    mig_postcopy_dst_give_up(dst);
    for (guint i = 0; i < dst->list->n; i++) {
        const MigRamBlock *host = &dst->list->entries[i].host;

        if (dst->blocks[i].here != NULL && host->backing == MIG_RAM_PRIVATE)
            madvise(host->host, host->used_length, MADV_HUGEPAGE);
        g_free(dst->blocks[i].here);
        g_free(dst->blocks[i].asked);
    }
    g_free(dst->blocks);
    g_free(dst->stage);
    g_hash_table_unref(dst->since);
    mig_wake_free(dst->wake);
    close(dst->fd);
    g_mutex_clear(&dst->lock);
    g_free(dst);
}

/* ---- Before it listens ---- */

void
mig_postcopy_dst_note(MigPostcopyDst *dst, const MigRamEntry *entry, guint64 page)
{
    MigArrivingBlock *state = mig_postcopy_state(dst, entry);

    if (mig_postcopy_has_bit(state->here, page))
        return;
    mig_postcopy_set_bit(state->here, page);
    state->missing--;
}

/* The memory of private blocks goes; of a shared one the page of its file does. */
static gboolean
throw_away(const MigRamEntry *entry, guint64 start, guint64 n, GError **error)
{
    const MigRamBlock *host = &entry->host;
    int result = host->backing == MIG_RAM_FILE
                     ? fallocate(host->backing_fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                                 (off_t)(host->backing_offset + start), (off_t)n)
                     : madvise(host->host + start, n, MADV_DONTNEED);

    if (result == 0)
        return TRUE;
    g_set_error(error, MIG_ERROR, MIG_ERROR_IO,
                "RAM block '%s': pages that are out of date cannot be taken back: %s", host->name,
                g_strerror(errno));
    return FALSE;
}

static gboolean
check_range(const MigRamEntry *entry, const char *name, guint64 start, guint64 n, GError **error)
{
    if (entry == NULL || entry->ignored) {
        g_set_error(error, MIG_ERROR, MIG_ERROR_FORMAT,
                    "a discard in RAM block '%s', which is none whose pages travel", name);
        return FALSE;
    }
    if (n == 0 || start % mig_postcopy_backing(entry) != 0 ||
        n % mig_postcopy_backing(entry) != 0 || start >= entry->host.used_length ||
        n > entry->host.used_length - start) {
        g_set_error(error, MIG_ERROR, MIG_ERROR_VALUE,
                    "a discard of 0x%" G_GINT64_MODIFIER "x bytes at 0x%" G_GINT64_MODIFIER
                    "x of RAM block '%s', which has 0x%" G_GINT64_MODIFIER
                    "x bytes in pages of 0x%" G_GINT64_MODIFIER "x",
                    n, start, entry->host.name, entry->host.used_length,
                    mig_postcopy_backing(entry));
        return FALSE;
    }
    return TRUE;
}

gboolean
mig_postcopy_dst_discard(MigPostcopyDst *dst, const char *name, guint64 start, guint64 n,
                         GError **error)
{
    const MigRamEntry *entry = mig_ram_list_find(dst->list, name);
    MigArrivingBlock *state;

    if (mig_postcopy_dst_listens(dst)) {
        g_set_error(error, MIG_ERROR, MIG_ERROR_FORMAT, "a discard after the switch");
        return FALSE;
    }
    if (!check_range(entry, name, start, n, error) || !throw_away(entry, start, n, error))
        return FALSE;
    state = mig_postcopy_state(dst, entry);
    for (guint64 page = start >> MIG_PAGE_SHIFT; page < (start + n) >> MIG_PAGE_SHIFT; page++) {
        if (!mig_postcopy_has_bit(state->here, page))
            continue;
        mig_postcopy_clear_bit(state->here, page);
        state->missing++;
    }
    return TRUE;
}

/* ---- Instead of that: nothing is here, and some of it is zero ---- */

/*
 * Memory that another process maps is not held back from it: it would see zeros, and make them the
 * guest's. A lease for writing is given only to who has the file alone. It is given back at once;
 * if somebody comes just then, a signal is sent, of a kind that does nothing. A file without a name
 * is ours: nobody else could open it.
 */
static gboolean
is_ours_alone(const MigRamEntry *entry, GError **error)
{
    const int fd = entry->host.backing_fd;
    struct stat info;
    gboolean shared;

    if (fstat(fd, &info) != 0 || info.st_nlink == 0 || fcntl(fd, F_SETSIG, SIGURG) != 0)
        return TRUE; /* or it cannot be told */
    shared = fcntl(fd, F_SETLEASE, F_WRLCK) != 0 && errno == EAGAIN;
    (void)fcntl(fd, F_SETLEASE, F_UNLCK);
    if (shared)
        g_set_error(error, MIG_ERROR, MIG_ERROR_UNSUPPORTED,
                    "RAM block '%s': another process has its memory open, and would find zeros "
                    "where nothing has come yet: close it there, or load all at once",
                    entry->host.name);
    return !shared;
}

/* What is in the file shows through a private mapping of it, and nobody would be asked. */
static gboolean
hides_nothing(const MigRamEntry *entry, GError **error)
{
    const MigRamBlock *host = &entry->host;
    const off_t data = lseek(host->backing_fd, (off_t)host->backing_offset, SEEK_DATA);

    if (data < 0 || (guint64)data >= host->backing_offset + host->used_length)
        return TRUE;
    g_set_error(error, MIG_ERROR, MIG_ERROR_UNSUPPORTED,
                "RAM block '%s' is a private copy of a file that is not empty: if memory is to "
                "come after the guest, give its backend share=on, or an empty file",
                host->name);
    return FALSE;
}

gboolean
mig_postcopy_dst_check_clear(MigPostcopyDst *dst, GError **error)
{
    for (guint i = 0; i < dst->list->n; i++) {
        const MigRamEntry *entry = &dst->list->entries[i];

        if (entry->ignored)
            continue;
        if (mig_postcopy_backing(entry) > PAGE_AT_ONCE) {
            g_set_error(error, MIG_ERROR, MIG_ERROR_UNSUPPORTED,
                        "RAM block '%s' has pages of 0x%" G_GINT64_MODIFIER
                        "x bytes: each access would wait for one; up to 0x%x bytes are brought "
                        "when they are asked for",
                        entry->host.name, mig_postcopy_backing(entry), PAGE_AT_ONCE);
            return FALSE;
        }
        if ((entry->host.backing == MIG_RAM_FILE && !is_ours_alone(entry, error)) ||
            (entry->host.backing == MIG_RAM_UNTOLD && !hides_nothing(entry, error)))
            return FALSE;
    }
    return TRUE;
}

/* @word with all bits set that stand for a page of the backing of which one is set. */
static guint64
whole_pages(guint64 word, guint64 backing)
{
    const guint64 ones =
        backing >= 64 ? ~G_GUINT64_CONSTANT(0) : (G_GUINT64_CONSTANT(1) << backing) - 1;
    guint64 whole = 0;

    for (guint64 i = 0; word != 0 && i < 64; i += backing) {
        if ((word & ones << i) != 0)
            whole |= ones << i;
    }
    return whole;
}

/* Large pages take several words: one bit in one of them, and all of it will come. Of a large
 * memory most is zero, and passed over quickly: the guest waits. */
static void
expect(MigArrivingBlock *state, guint64 pages, const guint8 *bitmap)
{
    const guint64 n_words = (pages + 63) / 64, step = MAX(state->backing / 64, 1);

    state->missing = 0;
    memset(state->here, 0xff, n_words * sizeof(*state->here));
    for (guint64 first = 0; first < n_words; first += step) {
        guint64 any = 0;

        for (guint64 i = first; i < first + step; i++) {
            guint64 word;

            memcpy(&word, bitmap + i * sizeof(word), sizeof(word));
            any |= GUINT64_FROM_LE(word);
        }
        if (any == 0)
            continue;
        any = whole_pages(any, state->backing);
        for (guint64 i = first; i < first + step; i++)
            state->here[i] = ~any;
        state->missing += step * (guint64)__builtin_popcountll(any);
    }
}

gboolean
mig_postcopy_dst_clear(MigPostcopyDst *dst, const MigRamEntry *entry, const guint8 *bitmap,
                       GError **error)
{
    if (!throw_away(entry, 0, entry->host.used_length, error))
        return FALSE;
    expect(mig_postcopy_state(dst, entry), entry->pages, bitmap);
    return TRUE;
}

/* ---- The fault thread ---- */

/* The page of the backing that @address is in; NULL: none of ours. */
static const MigRamEntry *
find_page(const MigPostcopyDst *dst, guint64 address, guint64 *first)
{
    for (guint i = 0; i < dst->list->n; i++) {
        const MigRamEntry *entry = &dst->list->entries[i];
        guint64 base = (guint64)(gsize)entry->host.host;

        if (!entry->ignored && address >= base && address - base < entry->host.used_length) {
            *first = (address - base) / mig_postcopy_backing(entry) * dst->blocks[i].backing;
            return entry;
        }
    }
    return NULL;
}

/* PD-3: said to be here by a record of zeros that left it untouched. */
static void
put_absent_zeros(MigPostcopyDst *dst, const MigRamEntry *entry, guint64 first)
{
    guint64 n = mig_postcopy_backing(entry);
    guint8 *at = entry->host.host + (first << MIG_PAGE_SHIFT);
    g_autofree guint8 *zeros = NULL;

    if (mig_postcopy_state(dst, entry)->can_zero) {
        (void)mig_userfault_zero(dst->fd, at, n, NULL);
    } else {
        zeros = g_malloc0(n);
        (void)mig_userfault_copy(dst->fd, at, zeros, n, NULL);
    }
    mig_userfault_wake(dst->fd, at, n);
}

static void
serve_fault(MigPostcopyDst *dst, guint64 address)
{
    guint64 first;
    const MigRamEntry *entry = find_page(dst, address, &first);
    MigArrivingBlock *state;
    gboolean here, ask;

    if (entry == NULL)
        return;
    state = mig_postcopy_state(dst, entry);
    g_mutex_lock(&dst->lock);
    here = mig_postcopy_has_bit(state->here, first);
    ask = !here && !mig_postcopy_has_bit(state->asked, first);
    if (ask) {
        gint64 now = g_get_monotonic_time();

        mig_postcopy_set_bit(state->asked, first);
        g_hash_table_insert(dst->since, entry->host.host + (first << MIG_PAGE_SHIFT),
                            g_memdup2(&now, sizeof(now)));
    }
    g_mutex_unlock(&dst->lock);
    if (here)
        put_absent_zeros(dst, entry, first);
    else if (ask)
        dst->ask(dst->user, entry->host.name, first << MIG_PAGE_SHIFT,
                 (guint32)mig_postcopy_backing(entry));
}

static void *
serve_faults(void *opaque)
{
    MigPostcopyDst *dst = opaque;
    guint64 address;

    while (mig_wake_wait(dst->wake, dst->fd, G_IO_IN, -1) == MIG_WAIT_READY) {
        while (mig_userfault_next(dst->fd, &address))
            serve_fault(dst, address);
    }
    return NULL;
}

void
mig_postcopy_dst_drop(MigPostcopyDst *dst)
{
    g_autoptr(GList) waiting = NULL;

    g_mutex_lock(&dst->lock);
    for (guint i = 0; i < dst->list->n; i++) {
        if (dst->blocks[i].here != NULL)
            memset(dst->blocks[i].here, 0xff, (dst->list->entries[i].pages + 63) / 64 * 8);
        dst->blocks[i].missing = 0;
    }
    waiting = g_hash_table_get_keys(dst->since);
    g_hash_table_remove_all(dst->since);
    g_mutex_unlock(&dst->lock);
    for (GList *each = waiting; each != NULL; each = each->next) {
        guint64 first;
        const MigRamEntry *entry = find_page(dst, (guint64)(gsize)each->data, &first);

        put_absent_zeros(dst, entry, first);
    }
}

gboolean
mig_postcopy_dst_listen(MigPostcopyDst *dst, MigPostcopyAsk ask, void *user, GError **error)
{
    for (guint i = 0; i < dst->list->n; i++) {
        const MigRamEntry *entry = &dst->list->entries[i];

        if (entry->ignored)
            continue;
        if (!mig_userfault_register(dst->fd, entry->host.host, entry->host.used_length,
                                    &dst->blocks[i].can_zero, entry->host.name, error))
            return FALSE;
        dst->blocks[i].registered = TRUE;
    }
    dst->ask = ask;
    dst->user = user;
    g_atomic_int_set(&dst->listens, 1);
    dst->thread = g_thread_new("postcopy-fault", serve_faults, dst);
    return TRUE;
}

gboolean
mig_postcopy_dst_listens(const MigPostcopyDst *dst)
{
    return g_atomic_int_get(&dst->listens) != 0;
}

void
mig_postcopy_dst_give_up(MigPostcopyDst *dst)
{
    g_mutex_lock(&dst->lock);
    dst->gave_up = TRUE;
    for (guint i = 0; i < dst->list->n; i++) {
        const MigRamBlock *host = &dst->list->entries[i].host;

        if (dst->blocks[i].registered)
            mig_userfault_unregister(dst->fd, host->host, host->used_length);
        dst->blocks[i].registered = FALSE;
    }
    g_mutex_unlock(&dst->lock);
}

/* ---- Over a new connection ---- */

void
mig_postcopy_dst_ask_again(MigPostcopyDst *dst)
{
    g_autoptr(GPtrArray) waiting = g_ptr_array_new();
    GHashTableIter each;
    gpointer at;

    g_mutex_lock(&dst->lock);
    g_hash_table_iter_init(&each, dst->since);
    while (g_hash_table_iter_next(&each, &at, NULL))
        g_ptr_array_add(waiting, at);
    g_mutex_unlock(&dst->lock);
    for (guint i = 0; i < waiting->len; i++) {
        guint64 first;
        const MigRamEntry *entry = find_page(dst, (guint64)(gsize)waiting->pdata[i], &first);

        dst->ask(dst->user, entry->host.name, first << MIG_PAGE_SHIFT,
                 (guint32)mig_postcopy_backing(entry));
    }
}

guint64 *
mig_postcopy_dst_here(MigPostcopyDst *dst, const char *name, gsize *n_words)
{
    const MigRamEntry *entry = mig_ram_list_find(dst->list, name);
    guint64 *copy;

    if (entry == NULL || entry->ignored)
        return NULL;
    *n_words = (entry->pages + 63) / 64;
    g_mutex_lock(&dst->lock);
    copy = g_memdup2(mig_postcopy_state(dst, entry)->here, *n_words * sizeof(*copy));
    g_mutex_unlock(&dst->lock);
    return copy;
}

/* ---- Figures ---- */

static guint64
count_missing(MigPostcopyDst *dst)
{
    guint64 sum = 0;

    for (guint i = 0; i < dst->list->n; i++)
        sum += dst->blocks[i].missing;
    return sum;
}

gboolean
mig_postcopy_dst_is_whole(MigPostcopyDst *dst)
{
    gboolean whole;

    g_mutex_lock(&dst->lock);
    whole = count_missing(dst) == 0;
    g_mutex_unlock(&dst->lock);
    return whole;
}

gboolean
mig_postcopy_dst_has(MigPostcopyDst *dst, const void *at, gsize n)
{
    gboolean has = TRUE;
    guint64 first, from = (guint64)(gsize)at;
    const MigRamEntry *entry = find_page(dst, from, &first);

    if (entry == NULL || !mig_postcopy_dst_listens(dst))
        return TRUE;
    g_mutex_lock(&dst->lock);
    for (guint64 page = first; has && !dst->gave_up && page < entry->pages &&
                               page << MIG_PAGE_SHIFT < from - (guint64)(gsize)entry->host.host + n;
         page++)
        has = mig_postcopy_has_bit(mig_postcopy_state(dst, entry)->here, page);
    g_mutex_unlock(&dst->lock);
    return has;
}

void
mig_postcopy_dst_stats(MigPostcopyDst *dst, MigPostcopyStats *stats)
{
    g_mutex_lock(&dst->lock);
    *stats = (MigPostcopyStats){
        .faults = dst->waits.n,
        .us = dst->waits.us,
        .median = mig_waits_quantile(&dst->waits, 50),
        .percent99 = mig_waits_quantile(&dst->waits, 99),
        .longest = dst->waits.longest,
    };
    if (mig_postcopy_dst_listens(dst))
        stats->missing = count_missing(dst) << MIG_PAGE_SHIFT;
    g_mutex_unlock(&dst->lock);
}
