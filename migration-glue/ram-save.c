/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writing the RAM section.
 *
 * Each block has a bitmap of pages that are still to be sent: all of them at first, later what the
 * host's log adds. A cursor walks over it, round and round; what a look at the log has found being
 * written meanwhile is left until nothing else is, so that it goes once and not twice. When to
 * fetch the log, and when to stop the machine, is decided by precopy.c. Pages go into the stream
 * or, with mapped-ram, by groups to their places (mapped-save.c).
 */
#include <string.h>

#include "migration-glue/error.h"
#include "migration-glue/ram-postcopy.h"
#include "migration-glue/ram-save-priv.h"

void
mig_ram_figure_set(guint64 *figure, guint64 value)
{
    __atomic_store_n(figure, value, __ATOMIC_RELAXED);
}

void
mig_ram_figure_add(guint64 *figure, guint64 value)
{
    mig_ram_figure_set(figure, *figure + value);
}

gsize
mig_ram_words_of(const MigRamEntry *entry)
{
    return (entry->pages + 63) / 64;
}

MigRamSave *
mig_ram_save_new(const MigRamOps *ops, void *opaque)
{
    MigRamSave *ram = g_new0(MigRamSave, 1);

    ram->ops = ops;
    ram->opaque = opaque;
    ram->is_zero = mig_zero_scan_best();
    ram->sparse = mig_sparse_new();
    ram->budget = G_MAXUINT64;
    ram->options.channels = 1;
    mig_ram_postcopy_init(ram);
    return ram;
}

void
mig_ram_save_set_file(MigRamSave *ram, const MigFileOptions *options)
{
    ram->options = *options;
}

void
mig_ram_save_free(MigRamSave *ram)
{
    if (ram == NULL)
        return;
    mig_mapped_save_free(ram->mapped);
    mig_ram_postcopy_clear(ram);
    if (ram->logging)
        ram->ops->log_stop(ram->opaque);
    mig_ram_list_clear(&ram->list);
    mig_sparse_free(ram->sparse);
    g_free(ram);
}

/* Every page is to be sent once. */
static void
mark_all(MigRamSave *ram)
{
    for (guint i = 0; i < ram->list.n; i++) {
        MigRamEntry *entry = &ram->list.entries[i];

        if (entry->ignored)
            continue;
        entry->dirty = g_new(guint64, mig_ram_words_of(entry));
        memset(entry->dirty, 0xff, mig_ram_words_of(entry) * sizeof(guint64));
        if (entry->pages % 64 != 0)
            entry->dirty[entry->pages / 64] = (G_GUINT64_CONSTANT(1) << (entry->pages % 64)) - 1;
        ram->dirty_pages += entry->pages;
    }
}

gboolean
mig_ram_save_prepare(MigRamSave *ram, const VmsContext *context, GError **error)
{
    g_assert(!ram->logging);
    if (!mig_ram_list_take(&ram->list, ram->ops, ram->opaque, context, error) ||
        !ram->ops->log_start(ram->opaque, error))
        return FALSE;
    ram->logging = TRUE;
    ram->synced_at = g_get_monotonic_time();
    mark_all(ram);
    mig_ram_figure_set(&ram->stats.total, ram->list.total);
    mig_ram_figure_set(&ram->stats.remaining, ram->dirty_pages << MIG_PAGE_SHIFT);
    return TRUE;
}

void
mig_ram_save_set_budget(MigRamSave *ram, guint64 bytes)
{
    ram->budget = bytes;
}

void
mig_ram_save_stats(const MigRamSave *ram, MigRamStats *stats)
{
    const guint64 *from = (const guint64 *)&ram->stats;
    guint64 *to = (guint64 *)stats;

    G_STATIC_ASSERT(sizeof(*stats) % sizeof(guint64) == 0);
    for (gsize i = 0; i < sizeof(*stats) / sizeof(guint64); i++)
        to[i] = __atomic_load_n(&from[i], __ATOMIC_RELAXED);
}

/* ---- The dirty log ---- */

guint64
mig_ram_count_dirty(const MigRamEntry *entry)
{
    guint64 n = 0;

    for (gsize i = 0; i < mig_ram_words_of(entry); i++)
        n += (guint)__builtin_popcountll(entry->dirty[i]);
    return n;
}

/* A log may have a bit beyond the last page; a bitmap must not. */
void
mig_ram_trim(MigRamEntry *entry)
{
    if (entry->pages % 64 != 0)
        entry->dirty[entry->pages / 64] &= (G_GUINT64_CONSTANT(1) << (entry->pages % 64)) - 1;
}

/* One more fetch took place: @found pages became dirty that were not. */
static void
note_sync(MigRamSave *ram, gint64 began, guint64 found)
{
    gint64 now = g_get_monotonic_time(), since = began - ram->synced_at;

    if (since > 0)
        mig_ram_figure_set(&ram->stats.dirty_rate, found * G_USEC_PER_SEC / (guint64)since);
    ram->synced_at = began;
    mig_ram_figure_set(&ram->stats.sync_us, (guint64)(now - began));
    mig_ram_figure_set(&ram->stats.dirty_bytes, found << MIG_PAGE_SHIFT);
    mig_ram_figure_set(&ram->stats.remaining, ram->dirty_pages << MIG_PAGE_SHIFT);
    mig_ram_figure_add(&ram->stats.sync_count, 1);
}

static gboolean
fetch_log(MigRamSave *ram, const MigRamEntry *entry, guint64 *words, GError **error)
{
    if (ram->ops->log_fetch(ram->opaque, entry->index, words, mig_ram_words_of(entry), error))
        return TRUE;
    g_prefix_error(error, "dirty log of RAM block '%s': ", entry->host.name);
    return FALSE;
}

static void
forget_busy(MigRamSave *ram)
{
    for (guint i = 0; i < ram->list.n; i++)
        g_clear_pointer(&ram->list.entries[i].busy, g_free);
}

static gboolean
mark_written(MigRamSave *ram, MigRamEntry *entry, GError **error)
{
    return fetch_log(ram, entry, entry->dirty, error);
}

static gboolean
mark_busy(MigRamSave *ram, MigRamEntry *entry, GError **error)
{
    if (entry->busy == NULL)
        entry->busy = g_new0(guint64, mig_ram_words_of(entry));
    if (!fetch_log(ram, entry, entry->busy, error))
        return FALSE;
    for (gsize i = 0; i < mig_ram_words_of(entry); i++)
        entry->dirty[i] |= entry->busy[i];
    return TRUE;
}

/* Each block is marked by @mark. *@found: pages that are dirty and were not. */
static gboolean
mark_each(MigRamSave *ram, gboolean (*mark)(MigRamSave *, MigRamEntry *, GError **), guint64 *found,
          GError **error)
{
    guint64 after = 0;

    /* No page may be on two ways to its place. */
    if (ram->mapped != NULL && !mig_mapped_save_drain(ram->mapped, error))
        return FALSE;
    for (guint i = 0; i < ram->list.n; i++) {
        MigRamEntry *entry = &ram->list.entries[i];

        if (entry->ignored)
            continue;
        if (!mark(ram, entry, error))
            return FALSE;
        mig_ram_trim(entry);
        after += mig_ram_count_dirty(entry);
    }
    *found = after - ram->dirty_pages;
    ram->dirty_pages = after;
    ram->look.block = NULL;
    return TRUE;
}

gboolean
mig_ram_save_look(MigRamSave *ram, GError **error)
{
    guint64 found;

    if (ram->only_busy)
        return TRUE;
    if (!mark_each(ram, mark_busy, &found, error))
        return FALSE;
    ram->found_on_way += found;
    mig_ram_figure_set(&ram->stats.remaining, ram->dirty_pages << MIG_PAGE_SHIFT);
    return TRUE;
}

gboolean
mig_ram_save_sync(MigRamSave *ram, GError **error)
{
    gint64 began = g_get_monotonic_time();
    guint64 found;

    forget_busy(ram);
    ram->only_busy = FALSE;
    if (!mark_each(ram, mark_written, &found, error))
        return FALSE;
    note_sync(ram, began, found + ram->found_on_way);
    ram->found_on_way = 0;
    return TRUE;
}

/* ---- Pages ---- */

/* Of the dirty pages of word @i those whose turn it is. */
static guint64
due(const MigRamEntry *entry, gsize i)
{
    return entry->busy == NULL ? entry->dirty[i] : entry->dirty[i] & ~entry->busy[i];
}

/* The next page of @entry at or after @page whose turn it is, or its number of pages. */
static guint64
find_due(const MigRamEntry *entry, guint64 page)
{
    gsize i = page / 64;
    guint64 word;

    if (page >= entry->pages)
        return entry->pages;
    word = due(entry, i) & (~G_GUINT64_CONSTANT(0) << (page % 64));
    while (word == 0) {
        if (++i == mig_ram_words_of(entry))
            return entry->pages;
        word = due(entry, i);
    }
    return (guint64)i * 64 + (guint)__builtin_ctzll(word);
}

/* Moves the cursor to a dirty page, of which there is one. The first block may be begun in its
 * middle: when it comes again, and nothing is due, only busy pages are left. */
MigRamEntry *
mig_ram_next_dirty(MigRamSave *ram)
{
    for (guint blocks = 0;; blocks++) {
        MigRamEntry *entry = &ram->list.entries[ram->entry];

        if (blocks > ram->list.n) {
            forget_busy(ram);
            ram->only_busy = TRUE;
        }
        if (!entry->ignored) {
            ram->page = find_due(entry, ram->page);
            if (ram->page < entry->pages)
                return entry;
        }
        ram->entry = (ram->entry + 1) % ram->list.n;
        ram->page = 0;
    }
}

static void
put_head(MigRamSave *ram, MigStream *stream, const MigRamEntry *entry, guint64 page, guint flag)
{
    guint64 word = page << MIG_PAGE_SHIFT | flag;

    if (entry == ram->previous) {
        mig_stream_put_be64(stream, word | MIG_RAM_CONTINUE);
        return;
    }
    mig_stream_put_be64(stream, word);
    mig_stream_put_str8(stream, entry->host.name);
    ram->previous = entry;
}

/* What nobody has ever touched is not looked at: a look would give it memory. */
static gboolean
is_zero(MigRamSave *ram, const MigRamEntry *entry, guint64 page, const guint8 *bytes)
{
    return !mig_sparse_is_touched(ram->sparse, &ram->look, &entry->host, page) ||
           ram->is_zero(bytes, MIG_PAGE_SIZE);
}

/* A page that changes between the look and the flush is dirty again, and is sent again. */
void
mig_ram_put_page(MigRamSave *ram, MigStream *stream, const MigRamEntry *entry, guint64 page)
{
    const guint8 *bytes = entry->host.host + (page << MIG_PAGE_SHIFT);

    if (is_zero(ram, entry, page, bytes)) {
        put_head(ram, stream, entry, page, MIG_RAM_ZERO);
        mig_stream_put_u8(stream, 0);
        mig_ram_figure_add(&ram->stats.duplicate, 1);
    } else {
        put_head(ram, stream, entry, page, MIG_RAM_PAGE);
        mig_stream_put_reference(stream, bytes, MIG_PAGE_SIZE);
        mig_ram_figure_add(&ram->stats.normal, 1);
    }
}

/* Sends dirty pages until there are none, @budget bytes are used up or the stream fails. */
static void
put_pages(MigRamSave *ram, MigStream *stream, guint64 budget, guint64 *figure)
{
    guint64 start = mig_stream_position(stream), used = 0, counted = 0;

    while (ram->dirty_pages > 0 && used < budget && mig_stream_ok(stream)) {
        MigRamEntry *entry = mig_ram_next_dirty(ram);

        entry->dirty[ram->page / 64] &= ~(G_GUINT64_CONSTANT(1) << (ram->page % 64));
        mig_ram_put_page(ram, stream, entry, ram->page++);
        ram->dirty_pages--;
        used = mig_stream_position(stream) - start;
        mig_ram_figure_add(figure, used - counted);
        counted = used;
        mig_ram_figure_set(&ram->stats.remaining, ram->dirty_pages << MIG_PAGE_SHIFT);
    }
}

/* ---- Groups of pages, to their places ---- */

/* Brings the figures up to date; returns the bytes that are new. */
static guint64
collect(MigRamSave *ram, MigStream *stream, guint64 *figure)
{
    MigMappedDone done;
    guint64 bytes;

    mig_mapped_save_done(ram->mapped, &done);
    bytes = done.bytes - ram->seen.bytes;
    mig_ram_figure_add(&ram->stats.normal, done.normal - ram->seen.normal);
    mig_ram_figure_add(&ram->stats.duplicate, done.zero - ram->seen.zero);
    mig_ram_figure_add(figure, bytes);
    mig_stream_count_aside(stream, bytes);
    ram->seen = done;
    mig_ram_figure_set(&ram->stats.remaining, ram->dirty_pages << MIG_PAGE_SHIFT);
    mig_ram_figure_set(&ram->stats.file_way, mig_mapped_save_way(ram->mapped));
    return bytes;
}

/* Takes at most @max pages of the cursor's stretch whose turn it is: all, unless they are fewer, so
 * that of these nothing stays for a second group. */
static void
take_group(MigRamSave *ram, MigRamEntry *entry, guint64 max, MigGroup *group)
{
    const guint64 first = ram->page / MIG_GROUP_PAGES * MIG_GROUP_PAGES;

    *group = (MigGroup){.block = (guint)(entry - ram->list.entries), .first = first};
    for (guint64 i = 0; i < MIG_GROUP_WORDS && first / 64 + i < mig_ram_words_of(entry); i++) {
        const gsize at = first / 64 + i;

        for (guint64 word = due(entry, at); word != 0 && max > 0; word &= word - 1, max--) {
            const guint64 bit = word & -word;

            entry->dirty[at] &= ~bit;
            group->pages[i] |= bit;
            ram->dirty_pages--;
        }
    }
    if (max > 0)
        ram->page = first + MIG_GROUP_PAGES;
}

/* Moves the cursor as mig_ram_next_dirty() does; NULL with @error set if writing has failed. Busy
 * pages of a stretch may come at once behind the others of it, but no two of its groups may be on
 * their way. */
static MigRamEntry *
next_stretch(MigRamSave *ram, GError **error)
{
    const gboolean only_busy = ram->only_busy;
    MigRamEntry *entry = mig_ram_next_dirty(ram);

    return only_busy == ram->only_busy || mig_mapped_save_drain(ram->mapped, error) ? entry : NULL;
}

/* put_pages() for places: groups are handed out until so much is written. With a small budget, that
 * of a limited rate, each is waited for. */
static gboolean
put_groups(MigRamSave *ram, MigStream *stream, guint64 budget, guint64 *figure, GError **error)
{
    const gboolean small = budget < MIG_GROUP_PAGES << MIG_PAGE_SHIFT;
    const guint64 max = small ? MAX(budget >> MIG_PAGE_SHIFT, 1) : MIG_GROUP_PAGES;
    guint64 used = 0;

    while (ram->dirty_pages > 0 && used < budget) {
        MigRamEntry *entry = next_stretch(ram, error);
        MigGroup group;

        if (entry == NULL)
            return FALSE;
        take_group(ram, entry, max, &group);
        if (!mig_mapped_save_put(ram->mapped, &group, error) ||
            (small && !mig_mapped_save_drain(ram->mapped, error)))
            return FALSE;
        used += collect(ram, stream, figure);
    }
    return TRUE;
}

static gboolean
finish_groups(MigRamSave *ram, MigStream *stream, GError **error)
{
    const gboolean good = put_groups(ram, stream, G_MAXUINT64, &ram->stats.downtime, error) &&
                          mig_mapped_save_finish(ram->mapped, error);

    collect(ram, stream, &ram->stats.downtime);
    return good;
}

/* ---- The section ---- */

/* With mapped-ram, room for the block's pages follows. */
static gboolean
put_entry(MigRamSave *ram, MigStream *stream, guint index, const VmsContext *context,
          GError **error)
{
    const MigRamBlock *block = &ram->list.entries[index].host;

    mig_stream_put_str8(stream, block->name);
    mig_stream_put_be64(stream, block->used_length);
    if ((context->capabilities & VMS_CAP_POSTCOPY_RAM) && mig_ram_tells_page_size(block))
        mig_stream_put_be64(stream, block->page_size);
    if (context->capabilities & VMS_CAP_IGNORE_SHARED)
        mig_stream_put_be64(stream, block->gpa);
    return ram->mapped == NULL || mig_mapped_save_entry(ram->mapped, index, stream, error);
}

static gboolean
ram_save_start(void *opaque, MigStream *stream, const VmsContext *context, GError **error)
{
    MigRamSave *ram = opaque;

    g_assert(ram->logging);
    if (context->capabilities & VMS_CAP_MAPPED_RAM) {
        ram->mapped = mig_mapped_save_new(&ram->list, stream, &ram->options, error);
        if (ram->mapped == NULL)
            return FALSE;
        mig_ram_figure_set(&ram->stats.channels, ram->options.channels);
    }
    mig_stream_put_be64(stream, ram->list.listed | MIG_RAM_MEM_SIZE);
    for (guint i = 0; i < ram->list.n; i++) {
        if (!put_entry(ram, stream, i, context, error))
            return FALSE;
    }
    mig_stream_put_be64(stream, MIG_RAM_EOS);
    return mig_stream_check(stream, error);
}

static gboolean
ram_save_part(void *opaque, MigStream *stream, const VmsContext *context, gboolean *done,
              GError **error)
{
    MigRamSave *ram = opaque;

    if (ram->switched)
        mig_ram_put_whole_pages(ram, stream, ram->budget);
    else if (ram->mapped == NULL)
        put_pages(ram, stream, ram->budget, &ram->stats.precopy);
    else if (!put_groups(ram, stream, ram->budget, &ram->stats.precopy, error))
        return FALSE;
    mig_stream_put_be64(stream, MIG_RAM_EOS);
    *done = ram->dirty_pages == 0;
    return mig_stream_check(stream, error);
}

static gboolean
ram_save_end(void *opaque, MigStream *stream, const VmsContext *context, GError **error)
{
    MigRamSave *ram = opaque;

    if (!ram->switched && !mig_ram_save_sync(ram, error))
        return FALSE;
    if (ram->switched)
        g_assert(ram->dirty_pages == 0);
    else if (ram->mapped == NULL)
        put_pages(ram, stream, G_MAXUINT64, &ram->stats.downtime);
    else if (!finish_groups(ram, stream, error))
        return FALSE;
    mig_stream_put_be64(stream, MIG_RAM_EOS);
    return mig_stream_check(stream, error);
}

static guint64
ram_pending(void *opaque)
{
    return ((MigRamSave *)opaque)->dirty_pages << MIG_PAGE_SHIFT;
}

/* The stream goes before the rest does: nobody writes to it any more. */
static void
ram_save_cleanup(void *opaque)
{
    g_clear_pointer(&((MigRamSave *)opaque)->mapped, mig_mapped_save_free);
}

const MigHandler mig_ram_save_handler = {
    .version = 4,
    .oldest = 4,
    .save_start = ram_save_start,
    .save_part = ram_save_part,
    .save_end = ram_save_end,
    .pending = ram_pending,
    .save_cleanup = ram_save_cleanup,
};
