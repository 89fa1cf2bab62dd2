/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * MigRamOps over the list of RAM blocks (see the header).
 */
#include "vmm/mig-ram.h"

#include <errno.h>

static guint
host_n_blocks(void *opaque)
{
    return ram_list_length(((MigRamHost *)opaque)->list);
}

static void
host_block(void *opaque, guint index, MigRamBlock *out)
{
    const RamBlock *block = ram_list_get(((MigRamHost *)opaque)->list, index);

    *out = (MigRamBlock){
        .name = block->idstr,
        .migratable = block->migratable,
        .shared = block->shared,
        .host = block->host,
        .used_length = block->used_length,
        .max_length = block->size,
        .page_size = block->page_size,
        .gpa = block->placed ? block->gpa : 0,
        /* Of a private mapping of a file neither the page map nor the file tells all. */
        .backing = block->fd < 0   ? MIG_RAM_PRIVATE
                   : block->shared ? MIG_RAM_FILE
                                   : MIG_RAM_UNTOLD,
        .backing_fd = block->fd,
    };
}

/* ---- the log ------------------------------------------------------------------------------- */

/* The guest reaches a block through its slot; one without is written by the VMM alone. */
static gboolean
slot_log(MigRamHost *host, const RamBlock *block, guint32 flags, GError **error)
{
    gint result = 0;

    if (block->slot >= 0)
        result = host->accel->klass->memory_set(host->accel, (guint32)block->slot, block->gpa,
                                                block->size, block->host, flags);
    if (result != 0)
        g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(-result),
                    "memory %s: the accelerator %s its dirty log: %s", block->idstr,
                    flags != 0 ? "does not start" : "does not stop", g_strerror(-result));
    return result == 0;
}

/* Whole words, as the kernel writes them. */
static gsize
log_words(const MigRamHost *host, const RamBlock *block)
{
    guint64 pages = (block->size + (G_GUINT64_CONSTANT(1) << host->host_page_shift) - 1) >>
                    host->host_page_shift;

    return (gsize)((pages + 63) / 64);
}

/* Of the first @n blocks. What does not stop costs the guest time, and nothing else. */
static void
logs_stop(MigRamHost *host, guint n)
{
    for (guint i = 0; i < n; i++) {
        RamBlock *block = ram_list_get(host->list, i);

        if (!block->migratable)
            continue;
        (void)slot_log(host, block, 0, NULL);
        ram_block_track_dirty(block, FALSE);
        g_free(host->logs[i]);
    }
    g_clear_pointer(&host->logs, g_free);
    host->n_logs = 0;
}

static gboolean
host_log_start(void *opaque, GError **error)
{
    MigRamHost *host = opaque;

    g_assert(host->logs == NULL);
    host->n_logs = ram_list_length(host->list);
    host->logs = g_new0(guint64 *, host->n_logs);
    for (guint i = 0; i < host->n_logs; i++) {
        RamBlock *block = ram_list_get(host->list, i);

        if (!block->migratable)
            continue;
        ram_block_track_dirty(block, TRUE);
        if (!slot_log(host, block, ACCEL_MEM_LOG_DIRTY, error)) {
            ram_block_track_dirty(block, FALSE);
            logs_stop(host, i);
            return FALSE;
        }
        if (block->slot >= 0)
            host->logs[i] = g_new(guint64, log_words(host, block));
    }
    return TRUE;
}

static void
host_log_stop(void *opaque)
{
    MigRamHost *host = opaque;

    logs_stop(host, host->n_logs);
}

/* One word of the accelerator's log into the pages of 4 KiB that its bits stand for. */
static void
spread(guint64 bits, guint64 first, guint shift, guint64 *words, gsize n_words)
{
    const guint n = 1u << shift;
    const guint64 ones = n == 64 ? ~G_GUINT64_CONSTANT(0) : (G_GUINT64_CONSTANT(1) << n) - 1;

    for (; bits != 0; bits &= bits - 1) {
        guint64 page = (first + (guint)__builtin_ctzll(bits)) << shift;

        if (page / 64 < n_words)
            words[page / 64] |= ones << (page % 64);
    }
}

static gboolean
fetch_guest(MigRamHost *host, const RamBlock *block, guint64 *log, guint64 *words, gsize n_words,
            GError **error)
{
    const guint shift = host->host_page_shift - RAM_DIRTY_PAGE_SHIFT;
    gsize n = log_words(host, block);
    gint result = host->accel->klass->dirty_log_get(host->accel, (guint32)block->slot, log, n);

    if (result != 0) {
        g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(-result),
                    "the accelerator does not give it: %s", g_strerror(-result));
        return FALSE;
    }
    for (gsize i = 0; i < n; i++)
        spread(log[i], (guint64)i * 64, shift, words, n_words);
    return TRUE;
}

static gboolean
host_log_fetch(void *opaque, guint index, guint64 *words, gsize n_words, GError **error)
{
    MigRamHost *host = opaque;
    RamBlock *block = ram_list_get(host->list, index);
    gsize n = MIN(n_words, ram_block_dirty_words(block));

    g_assert(index < host->n_logs && host->host_page_shift >= RAM_DIRTY_PAGE_SHIFT &&
             host->host_page_shift <= RAM_DIRTY_PAGE_SHIFT + 6);
    for (gsize i = 0; i < n; i++)
        words[i] |= ram_block_fetch_dirty(block, i);
    return host->logs[index] == NULL ||
           fetch_guest(host, block, host->logs[index], words, n_words, error);
}

const MigRamOps mig_ram_host_ops = {
    .n_blocks = host_n_blocks,
    .block = host_block,
    .log_start = host_log_start,
    .log_stop = host_log_stop,
    .log_fetch = host_log_fetch,
};
