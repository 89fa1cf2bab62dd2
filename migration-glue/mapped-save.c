/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Groups of pages to their places. Each block's bitmap is kept in memory in the file's form, and
 * written when all pages are.
 *
 * A group is looked at and written by one thread, and groups do not share words of a bitmap, so
 * that bitmaps need no lock; draining hands them back to the migration's thread.
 */
#include "migration-glue/mapped-save.h"

#include <string.h>

#include "migration-glue/error.h"
#include "migration-glue/mapped-ram.h"
#include "migration-glue/page.h"
#include "migration-glue/sparse.h"

typedef struct {
    MigMappedHeader header;
    guint64 *bits; /* as in the file, once turned to little-endian; NULL: listed only */
} Place;

struct MigMappedSave {
    const MigRamList *list;
    MigZeroScan is_zero;
    MigSparse *sparse;
    MigPageFile *file;
    MigChannel *core;
    MigPool *pool;
    Place *places; /* one for each entry of the list */
    gboolean closed;
    MigMappedDone done; /* atomic */
};

static guint64
word_of(guint64 page)
{
    return page / 64;
}

static guint64
bit_of(guint64 page)
{
    return G_GUINT64_CONSTANT(1) << (page % 64);
}

static void
add(guint64 *figure, guint64 n)
{
    __atomic_fetch_add(figure, n, __ATOMIC_RELAXED);
}

/* ---- One group, from any thread ---- */

/* Writes the pages [@from, @to) of a block. */
static gboolean
write_run(MigMappedSave *save, const MigGroup *group, guint64 from, guint64 to, GError **error)
{
    const Place *place = &save->places[group->block];
    const guint64 at = from << MIG_PAGE_SHIFT, n = (to - from) << MIG_PAGE_SHIFT;

    if (from == to)
        return TRUE;
    if (!mig_page_file_write(save->file, place->header.pages_at + at,
                             save->list->entries[group->block].host.host + at, n, error))
        return FALSE;
    for (guint64 page = from; page < to; page++)
        place->bits[word_of(page)] |= bit_of(page);
    add(&save->done.normal, to - from);
    add(&save->done.bytes, n);
    return TRUE;
}

/* Pages of @group that nobody has touched have no content; *@wanted are the others. By words: of a
 * large guest these may be nearly all. */
static void
drop_untouched(MigMappedSave *save, const MigGroup *group, guint64 wanted[MIG_GROUP_WORDS])
{
    guint64 *bits = save->places[group->block].bits + word_of(group->first), n = 0;

    memcpy(wanted, group->pages, sizeof(group->pages));
    mig_sparse_drop_untouched(save->sparse, &save->list->entries[group->block].host, group->first,
                              wanted);
    for (guint i = 0; i < MIG_GROUP_WORDS; i++) {
        const guint64 untouched = group->pages[i] & ~wanted[i];

        if (untouched == 0)
            continue;
        bits[i] &= ~untouched;
        n += (guint)__builtin_popcountll(untouched);
    }
    add(&save->done.zero, n);
}

/* Whether a page of the block has content. If not, its bit goes. */
static gboolean
has_content(MigMappedSave *save, guint block, guint64 page)
{
    if (!save->is_zero(save->list->entries[block].host.host + (page << MIG_PAGE_SHIFT),
                       MIG_PAGE_SIZE))
        return TRUE;
    save->places[block].bits[word_of(page)] &= ~bit_of(page);
    add(&save->done.zero, 1);
    return FALSE;
}

/* Neighbours with content go out in one write. */
static gboolean
write_group(void *user, const MigGroup *group, GError **error)
{
    MigMappedSave *save = user;
    guint64 wanted[MIG_GROUP_WORDS], run = group->first, next = group->first;

    drop_untouched(save, group, wanted);
    for (guint64 i = 0; i < MIG_GROUP_PAGES; i++) {
        const guint64 page = group->first + i;

        if ((wanted[word_of(i)] & bit_of(i)) == 0 || !has_content(save, group->block, page))
            continue;
        if (page != next) {
            if (!write_run(save, group, run, next, error))
                return FALSE;
            run = page;
        }
        next = page + 1;
    }
    return write_run(save, group, run, next, error);
}

/* ---- From the migration's thread ---- */

MigMappedSave *
mig_mapped_save_new(const MigRamList *list, MigStream *stream, const MigFileOptions *options,
                    GError **error)
{
    MigChannel *channel = mig_stream_channel(stream);
    MigMappedSave *save;

    if (!mig_channel_is_seekable(channel)) {
        g_set_error(error, MIG_ERROR, MIG_ERROR_UNSUPPORTED,
                    "%s has no places for pages: migrate to file:PATH, or switch the capability "
                    "'mapped-ram' off",
                    channel->label);
        return NULL;
    }
    save = g_new0(MigMappedSave, 1);
    save->list = list;
    save->is_zero = mig_zero_scan_best();
    save->sparse = mig_sparse_new();
    save->core = mig_channel_core(channel);
    save->file = mig_page_file_new(channel, options->direct);
    save->places = g_new0(Place, list->n);
    save->pool =
        mig_pool_new(mig_page_file_threads(save->file, options->channels), write_group, save);
    return save;
}

void
mig_mapped_save_free(MigMappedSave *save)
{
    if (save == NULL)
        return;
    mig_pool_free(save->pool);
    for (guint i = 0; i < save->list->n; i++)
        g_free(save->places[i].bits);
    g_free(save->places);
    mig_page_file_free(save->file);
    mig_sparse_free(save->sparse);
    g_free(save);
}

gboolean
mig_mapped_save_entry(MigMappedSave *save, guint index, MigStream *stream, GError **error)
{
    const MigRamEntry *entry = &save->list->entries[index];
    const guint64 behind = mig_stream_offset(stream) + MIG_MAPPED_HEADER_BYTES;
    const guint64 length = entry->host.used_length;
    Place *place = &save->places[index];

    if (entry->ignored) {
        place->header =
            (MigMappedHeader){.version = MIG_MAPPED_VERSION, .page_size = MIG_PAGE_SIZE};
        mig_mapped_put_header(stream, &place->header);
        return mig_stream_check(stream, error);
    }
    mig_mapped_plan(behind, length, &place->header);
    place->bits = g_malloc0(mig_mapped_bitmap_bytes(length));
    mig_mapped_put_header(stream, &place->header);
    return mig_stream_seek(stream, place->header.pages_at + length, error);
}

static gboolean
refuse_closed(GError **error)
{
    g_set_error(error, MIG_ERROR, MIG_ERROR_STATE,
                "a page after the bitmaps of a mapped-ram file were written");
    return FALSE;
}

gboolean
mig_mapped_save_put(MigMappedSave *save, const MigGroup *group, GError **error)
{
    if (save->closed)
        return refuse_closed(error);
    g_assert(save->places[group->block].bits != NULL);
    return mig_pool_put(save->pool, group, error);
}

gboolean
mig_mapped_save_drain(MigMappedSave *save, GError **error)
{
    return mig_pool_drain(save->pool, error);
}

static gboolean
write_bitmap(MigMappedSave *save, guint index, GError **error)
{
    const gsize n = mig_mapped_bitmap_bytes(save->list->entries[index].host.used_length);
    Place *place = &save->places[index];

    if (place->bits == NULL)
        return TRUE;
    for (gsize i = 0; i < n / sizeof(guint64); i++)
        place->bits[i] = GUINT64_TO_LE(place->bits[i]);
    add(&save->done.bytes, n);
    return mig_channel_write_at(save->core, place->header.bitmap_at, place->bits, n, error);
}

gboolean
mig_mapped_save_finish(MigMappedSave *save, GError **error)
{
    if (save->closed)
        return refuse_closed(error);
    if (!mig_pool_drain(save->pool, error))
        return FALSE;
    save->closed = TRUE;
    for (guint i = 0; i < save->list->n; i++) {
        if (!write_bitmap(save, i, error))
            return FALSE;
    }
    return TRUE;
}

void
mig_mapped_save_done(MigMappedSave *save, MigMappedDone *done)
{
    done->normal = __atomic_load_n(&save->done.normal, __ATOMIC_RELAXED);
    done->zero = __atomic_load_n(&save->done.zero, __ATOMIC_RELAXED);
    done->bytes = __atomic_load_n(&save->done.bytes, __ATOMIC_RELAXED);
}

MigFileWay
mig_mapped_save_way(MigMappedSave *save)
{
    return mig_page_file_way(save->file);
}
