/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Headers and bitmaps first, then groups of pages, by several threads.
 */
#include "migration-glue/mapped-load.h"

#include <string.h>

#include "migration-glue/error.h"
#include "migration-glue/page.h"
#include "migration-glue/sparse.h"

struct MigMappedLoad {
    const MigRamList *list;
    guint64 file_size;
    MigMappedBlock *blocks; /* one for each entry of the list */

    /* While pages are read: */
    MigZeroScan is_zero;
    MigSparse *sparse;
    MigPageFile *file;
    guint64 normal, zero; /* atomic */
};

MigMappedLoad *
mig_mapped_load_new(const MigRamList *list, MigStream *stream, GError **error)
{
    MigChannel *channel = mig_stream_channel(stream);
    g_autoptr(MigMappedLoad) load = NULL;

    if (!mig_channel_is_seekable(channel)) {
        g_set_error(error, MIG_ERROR, MIG_ERROR_UNSUPPORTED,
                    "%s has no places for pages: what is laid out as mapped-ram comes from "
                    "file:PATH",
                    channel->label);
        return NULL;
    }
    load = g_new0(MigMappedLoad, 1);
    load->list = list;
    load->blocks = g_new0(MigMappedBlock, list->n);
    if (!mig_channel_size(channel, &load->file_size, error))
        return NULL;
    return g_steal_pointer(&load);
}

void
mig_mapped_load_free(MigMappedLoad *load)
{
    if (load == NULL)
        return;
    for (guint i = 0; i < load->list->n; i++)
        g_free(load->blocks[i].bitmap);
    g_free(load->blocks);
    g_free(load);
}

/* ---- Headers and bitmaps ---- */

static gboolean
refuse_left(const MigRamEntry *entry, gboolean left, GError **error)
{
    g_set_error(error, MIG_ERROR, MIG_ERROR_MISMATCH,
                "RAM block '%s' is %s at the sender, and is not so here: give both sides the same "
                "memory options",
                entry->host.name, left ? "shared and left where it is" : "in the file");
    return FALSE;
}

gboolean
mig_mapped_load_entry(MigMappedLoad *load, guint index, MigStream *stream,
                      const VmsContext *context, GError **error)
{
    const MigRamEntry *entry = &load->list->entries[index];
    const guint64 length = entry->host.used_length;
    MigMappedBlock *block = &load->blocks[index];
    const MigMappedPlace place = {
        .name = entry->host.name,
        .length = length,
        .behind = mig_stream_offset(stream) + MIG_MAPPED_HEADER_BYTES,
        .file_size = load->file_size,
        .may_be_left = (context->capabilities & VMS_CAP_IGNORE_SHARED) != 0,
    };

    mig_mapped_get_header(stream, &block->header);
    if (!mig_stream_check(stream, error) || !mig_mapped_check(&block->header, &place, NULL, error))
        return FALSE;
    if (mig_mapped_is_left(&block->header) != entry->ignored)
        return refuse_left(entry, !entry->ignored, error);
    if (entry->ignored)
        return TRUE;
    g_assert(block->bitmap == NULL);
    block->bitmap = g_malloc(mig_mapped_bitmap_bytes(length));
    return mig_stream_get(stream, block->bitmap, mig_mapped_bitmap_bytes(length))
               ? mig_mapped_check(&block->header, &place, block->bitmap, error) &&
                     mig_mapped_check_order(&block->header, &place, block->bitmap,
                                            mig_stream_channel(stream), error) &&
                     mig_stream_seek(stream, block->header.pages_at + length, error)
               : mig_stream_check(stream, error);
}

const MigMappedBlock *
mig_mapped_load_block(const MigMappedLoad *load, guint index)
{
    return &load->blocks[index];
}

void
mig_mapped_load_count(const MigMappedLoad *load, guint64 *normal, guint64 *zero)
{
    *normal = 0;
    for (guint i = 0; i < load->list->n; i++) {
        const guint8 *bitmap = load->blocks[i].bitmap;
        const gsize n = mig_mapped_bitmap_bytes(load->list->entries[i].host.used_length);

        for (gsize at = 0; bitmap != NULL && at < n; at += sizeof(guint64)) {
            guint64 word;

            memcpy(&word, bitmap + at, sizeof(word));
            if (word != 0) /* of a large memory most */
                *normal += (guint64)__builtin_popcountll(word);
        }
    }
    *zero = (load->list->total >> MIG_PAGE_SHIFT) - *normal;
}

/* ---- Pages ---- */

static gboolean
read_run(MigMappedLoad *load, guint index, guint64 from, guint64 to, GError **error)
{
    const guint64 at = from << MIG_PAGE_SHIFT;

    __atomic_fetch_add(&load->normal, to - from, __ATOMIC_RELAXED);
    return from == to || mig_page_file_read(load->file, load->blocks[index].header.pages_at + at,
                                            load->list->entries[index].host.host + at,
                                            (to - from) << MIG_PAGE_SHIFT, error);
}

/* Clears the pages of a group whose bit is clear; what is zero is not written: it would get memory.
 */
static void
clear_others(MigMappedLoad *load, const MigGroup *group)
{
    const MigRamBlock *block = &load->list->entries[group->block].host;
    const guint64 left = (block->used_length >> MIG_PAGE_SHIFT) - group->first;
    guint64 others[MIG_GROUP_WORDS];

    for (guint i = 0; i < MIG_GROUP_WORDS; i++)
        others[i] = ~group->pages[i];
    mig_sparse_drop_untouched(load->sparse, block, group->first, others);
    for (guint64 i = 0; i < MIN(left, MIG_GROUP_PAGES); i++) {
        guint8 *page = block->host + ((group->first + i) << MIG_PAGE_SHIFT);

        if ((others[i / 64] >> (i % 64) & 1) != 0 && !load->is_zero(page, MIG_PAGE_SIZE))
            memset(page, 0, MIG_PAGE_SIZE);
    }
}

static gboolean
read_group(void *user, const MigGroup *group, GError **error)
{
    MigMappedLoad *load = user;
    guint64 run = group->first, next = group->first;

    for (guint64 i = 0; i < MIG_GROUP_PAGES; i++) {
        const guint64 page = group->first + i;

        if ((group->pages[i / 64] >> (i % 64) & 1) == 0)
            continue;
        if (page != next) {
            if (!read_run(load, group->block, run, next, error))
                return FALSE;
            run = page;
        }
        next = page + 1;
    }
    clear_others(load, group);
    return read_run(load, group->block, run, next, error);
}

static gboolean
put_block(MigMappedLoad *load, MigPool *pool, guint index, GError **error)
{
    const guint64 pages = load->list->entries[index].pages;
    const guint64 words = mig_mapped_bitmap_bytes(pages << MIG_PAGE_SHIFT) / sizeof(guint64);
    const guint8 *bitmap = load->blocks[index].bitmap;

    for (guint64 first = 0; bitmap != NULL && first < pages; first += MIG_GROUP_PAGES) {
        MigGroup group = {.block = index, .first = first};

        for (guint64 i = 0; i < MIG_GROUP_WORDS && first / 64 + i < words; i++) {
            memcpy(&group.pages[i], bitmap + (first / 64 + i) * sizeof(guint64), sizeof(guint64));
            group.pages[i] = GUINT64_FROM_LE(group.pages[i]);
        }
        if (!mig_pool_put(pool, &group, error))
            return FALSE;
    }
    return TRUE;
}

typedef struct {
    MigMappedLoad *load;
    guint threads;
    gboolean good;
    GError **error;
} Work;

static void
read_all(void *user)
{
    Work *work = user;
    g_autoptr(MigPool) pool = mig_pool_new(work->threads, read_group, work->load);

    work->good = TRUE;
    for (guint i = 0; i < work->load->list->n && work->good; i++)
        work->good = put_block(work->load, pool, i, work->error);
    if (work->good)
        work->good = mig_pool_drain(pool, work->error);
}

gboolean
mig_mapped_load_pages(MigMappedLoad *load, MigStream *stream, const MigFileOptions *options,
                      guint64 *normal, guint64 *zero, GError **error)
{
    MigChannel *channel = mig_stream_channel(stream);
    Work work = {.load = load, .error = error};

    load->is_zero = mig_zero_scan_best();
    load->sparse = mig_sparse_new();
    load->file = mig_page_file_new(channel, options->direct);
    work.threads = mig_page_file_threads(load->file, options->channels);
    mig_channel_idle(channel, read_all, &work);
    *normal = load->normal;
    *zero = (load->list->total >> MIG_PAGE_SHIFT) - load->normal;
    g_clear_pointer(&load->file, mig_page_file_free);
    g_clear_pointer(&load->sparse, mig_sparse_free);
    return work.good;
}
