/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Guest physical addresses to host memory: every access walks the blocks it spans, first to see
 * that all of it is RAM, then to copy.
 */
#include "vmm/guestmem.h"

#include <string.h>

#include "vdev/mutation.h"

/* For the migration that is under way: no accelerator logs what the host itself writes. */
static void
mark(RamBlock *block, guint64 offset, guint64 n)
{
    if (VDEV_STEP(WRITES_MARKED))
        ram_block_mark_dirty(block, offset, n);
}

/* The RAM at @gpa: its block, the offset into it, and how many bytes of @n lie in it; else NULL. */
static RamBlock *
piece_at(RamList *list, guint64 gpa, guint64 n, guint64 *offset, guint64 *length)
{
    RamBlock *block = ram_list_at(list, gpa);

    if (block == NULL || block->kind != RAM_KIND_RAM)
        return NULL;
    *offset = gpa - block->gpa;
    *length = MIN(n, block->size - *offset);
    return block;
}

gboolean
guestmem_is_ram(RamList *list, guint64 gpa, guint64 n)
{
    guint64 offset, length;

    if (n != 0 && gpa + (n - 1) < gpa)
        return FALSE;
    for (; n != 0; gpa += length, n -= length) {
        if (piece_at(list, gpa, n, &offset, &length) == NULL)
            return FALSE;
    }
    return TRUE;
}

gboolean
guestmem_read(RamList *list, guint64 gpa, void *buffer, gsize n)
{
    guint8 *to = buffer;
    guint64 offset, length;

    if (!guestmem_is_ram(list, gpa, n))
        return FALSE;
    for (; n != 0; gpa += length, to += length, n -= length) {
        const RamBlock *block = piece_at(list, gpa, n, &offset, &length);

        memcpy(to, block->host + offset, length);
    }
    return TRUE;
}

gboolean
guestmem_write(RamList *list, guint64 gpa, const void *buffer, gsize n)
{
    const guint8 *from = buffer;
    guint64 offset, length;

    if (!guestmem_is_ram(list, gpa, n))
        return FALSE;
    for (; n != 0; gpa += length, from += length, n -= length) {
        RamBlock *block = piece_at(list, gpa, n, &offset, &length);

        memcpy(block->host + offset, from, length);
        mark(block, offset, length);
    }
    return TRUE;
}

void *
guestmem_map_writable(RamList *list, guint64 gpa, gsize n)
{
    guint64 offset, length;
    RamBlock *block = piece_at(list, gpa, n, &offset, &length);

    return block != NULL && n != 0 && length == n ? block->host + offset : NULL;
}

const void *
guestmem_map(RamList *list, guint64 gpa, gsize n)
{
    return guestmem_map_writable(list, gpa, n);
}

void
guestmem_unmap(RamList *list, guint64 gpa, gsize n_dirty)
{
    guint64 offset, length;
    RamBlock *block = piece_at(list, gpa, n_dirty, &offset, &length);

    if (n_dirty == 0)
        return;
    g_assert(block != NULL && length == n_dirty);
    mark(block, offset, n_dirty);
}
