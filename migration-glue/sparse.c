/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Asking the kernel which pages there are.
 *
 * Source: Linux, Documentation/admin-guide/mm/pagemap.rst; lseek(2).
 */
#include "migration-glue/sparse.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "migration-glue/page.h"

#define ENTRY_BYTES 8u
#define PRESENT     (G_GUINT64_CONSTANT(1) << 63)
#define SWAPPED     (G_GUINT64_CONSTANT(1) << 62)

struct MigSparse {
    int map;          /* /proc/self/pagemap, −1: cannot be read */
    guint host_shift; /* of the host's page, ≥ 12 */

    /* The stretch of data that was found last: finding its end costs its length, so that asking for
     * every group anew would cost the square of it. What is data stays data. */
    GMutex lock; /* guards the next three */
    int fd;      /* −1: none */
    guint64 from, to;
};

MigSparse *
mig_sparse_new(void)
{
    MigSparse *sparse = g_new0(MigSparse, 1);
    const long page = sysconf(_SC_PAGESIZE);

    sparse->map = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
    g_mutex_init(&sparse->lock);
    sparse->fd = -1;
    sparse->host_shift = (guint)__builtin_ctzl((unsigned long)page);
    return sparse;
}

void
mig_sparse_free(MigSparse *sparse)
{
    if (sparse == NULL)
        return;
    if (sparse->map >= 0)
        close(sparse->map);
    g_mutex_clear(&sparse->lock);
    g_free(sparse);
}

static void
clear_bits(guint64 pages[MIG_GROUP_WORDS], guint64 from, guint64 to)
{
    for (guint64 i = from; i < MIN(to, MIG_GROUP_PAGES); i++)
        pages[i / 64] &= ~(G_GUINT64_CONSTANT(1) << (i % 64));
}

/* Pages of the group, which may end before its last bit does. */
static guint64
pages_in_group(const MigRamBlock *block, guint64 first)
{
    return MIN((guint64)MIG_GROUP_PAGES, (block->used_length >> MIG_PAGE_SHIFT) - first);
}

static void
drop_by_map(const MigSparse *sparse, const MigRamBlock *block, guint64 first,
            guint64 pages[MIG_GROUP_WORDS])
{
    const guint64 start = (guint64)(gsize)block->host + (first << MIG_PAGE_SHIFT);
    const guint shift = sparse->host_shift - MIG_PAGE_SHIFT; /* guest pages in one of the host's */
    const gsize n = ((pages_in_group(block, first) - 1) >> shift) + 1;
    guint64 entries[MIG_GROUP_PAGES];

    /* A block that is not aligned to the host's pages has neighbours in its first and last. */
    if (sparse->map < 0 || start & ((G_GUINT64_CONSTANT(1) << sparse->host_shift) - 1) ||
        pread(sparse->map, entries, n * ENTRY_BYTES,
              (off_t)((start >> sparse->host_shift) * ENTRY_BYTES)) != (gssize)(n * ENTRY_BYTES))
        return;
    for (guint64 i = 0; i < n; i++) {
        if ((entries[i] & (PRESENT | SWAPPED)) == 0)
            clear_bits(pages, i << shift, (i + 1) << shift);
    }
}

static gboolean
is_known_data(MigSparse *sparse, int fd, guint64 start, guint64 end)
{
    gboolean known;

    g_mutex_lock(&sparse->lock);
    known = sparse->fd == fd && start >= sparse->from && end <= sparse->to;
    g_mutex_unlock(&sparse->lock);
    return known;
}

static void
remember_data(MigSparse *sparse, int fd, guint64 from, guint64 to)
{
    g_mutex_lock(&sparse->lock);
    sparse->fd = fd;
    sparse->from = from;
    sparse->to = to;
    g_mutex_unlock(&sparse->lock);
}

static void
drop_by_file(MigSparse *sparse, const MigRamBlock *block, guint64 first,
             guint64 pages[MIG_GROUP_WORDS])
{
    const guint64 start = block->backing_offset + (first << MIG_PAGE_SHIFT);
    const guint64 end = start + (pages_in_group(block, first) << MIG_PAGE_SHIFT);

    if (is_known_data(sparse, block->backing_fd, start, end))
        return;
    for (guint64 at = start; at < end;) {
        off_t data = lseek(block->backing_fd, (off_t)at, SEEK_DATA), hole;

        if (data < 0 && errno != ENXIO) /* ENXIO: a hole up to the end */
            return;
        if (data < 0 || (guint64)data > end)
            data = (off_t)end;
        clear_bits(pages, (at - start) >> MIG_PAGE_SHIFT,
                   ((guint64)data - start) >> MIG_PAGE_SHIFT);
        hole = (guint64)data < end ? lseek(block->backing_fd, data, SEEK_HOLE) : (off_t)end;
        if (hole < 0)
            return;
        if ((guint64)hole > end)
            remember_data(sparse, block->backing_fd, (guint64)data, (guint64)hole);
        /* The page in which data ends is data. */
        at = ((guint64)hole + MIG_PAGE_SIZE - 1) & ~(MIG_PAGE_SIZE - 1);
    }
}

void
mig_sparse_drop_untouched(MigSparse *sparse, const MigRamBlock *block, guint64 first,
                          guint64 pages[MIG_GROUP_WORDS])
{
    switch (block->backing) {
    case MIG_RAM_PRIVATE: drop_by_map(sparse, block, first, pages); break;
    case MIG_RAM_FILE: drop_by_file(sparse, block, first, pages); break;
    case MIG_RAM_UNTOLD: break;
    }
}

static gboolean
is_in_look(const MigLook *look, const MigRamBlock *block, guint64 page)
{
    return look->block == block && page - look->first < MIG_GROUP_PAGES;
}

gboolean
mig_sparse_is_touched(MigSparse *sparse, MigLook *look, const MigRamBlock *block, guint64 page)
{
    if (!is_in_look(look, block, page)) {
        look->block = block;
        look->first = page / MIG_GROUP_PAGES * MIG_GROUP_PAGES;
        memset(look->touched, 0xff, sizeof(look->touched));
        mig_sparse_drop_untouched(sparse, block, look->first, look->touched);
    }
    page -= look->first;
    return (look->touched[page / 64] >> (page % 64) & 1) != 0;
}

void
mig_look_touch(MigLook *look, const MigRamBlock *block, guint64 page)
{
    if (!is_in_look(look, block, page))
        return;
    page -= look->first;
    look->touched[page / 64] |= G_GUINT64_CONSTANT(1) << (page % 64);
}
