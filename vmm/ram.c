/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The list of memory blocks: placing, finding, registering, dirty bits. Backings are made in
 * ram-backend.c.
 */
#include "vmm/ram.h"

#include <string.h>
#include <unistd.h>

#include "vmm/ram-backend.h"

struct RamList {
    GPtrArray *blocks; /* RamBlock *, in the order made */
    GPtrArray *placed; /* of them, by rising gpa */
    RamBlock *last;    /* the last one found by address; most accesses come in runs */
};

#define IDSTR_MAX 255u /* bytes: one length byte on the wire */

RamList *
ram_list_new(void)
{
    RamList *list = g_new0(RamList, 1);

    list->blocks = g_ptr_array_new();
    list->placed = g_ptr_array_new();
    return list;
}

void
ram_list_free(RamList *list)
{
    if (list == NULL)
        return;
    while (list->blocks->len != 0)
        ram_block_free(g_ptr_array_index(list->blocks, list->blocks->len - 1));
    g_ptr_array_free(list->blocks, TRUE);
    g_ptr_array_free(list->placed, TRUE);
    g_free(list);
}

guint
ram_list_length(const RamList *list)
{
    return list->blocks->len;
}

RamBlock *
ram_list_get(const RamList *list, guint index)
{
    return g_ptr_array_index(list->blocks, index);
}

RamBlock *
ram_list_find(const RamList *list, const char *idstr)
{
    for (guint i = 0; i < list->blocks->len; i++) {
        RamBlock *block = g_ptr_array_index(list->blocks, i);

        if (block->idstr != NULL && strcmp(block->idstr, idstr) == 0)
            return block;
    }
    return NULL;
}

/* ---- addresses ----------------------------------------------------------------------------- */

static gboolean
holds(const RamBlock *block, guint64 gpa)
{
    return gpa >= block->gpa && gpa - block->gpa < block->size;
}

/* How many placed blocks begin at or below @gpa. */
static guint
rank(const RamList *list, guint64 gpa)
{
    guint low = 0, high = list->placed->len;

    while (low < high) {
        guint middle = low + (high - low) / 2;
        const RamBlock *block = g_ptr_array_index(list->placed, middle);

        if (block->gpa <= gpa)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

RamBlock *
ram_list_at(RamList *list, guint64 gpa)
{
    RamBlock *block = list->last;
    guint n;

    if (block != NULL && holds(block, gpa))
        return block;
    n = rank(list, gpa);
    if (n == 0)
        return NULL;
    block = g_ptr_array_index(list->placed, n - 1);
    if (!holds(block, gpa))
        return NULL;
    list->last = block;
    return block;
}

/* A placed block that shares a byte with [gpa, last], or NULL. */
static const RamBlock *
overlapping(const RamList *list, guint64 gpa, guint64 last)
{
    guint n = rank(list, last);
    const RamBlock *below;

    if (n == 0)
        return NULL;
    below = g_ptr_array_index(list->placed, n - 1);
    return below->gpa + (below->size - 1) >= gpa ? below : NULL;
}

gboolean
ram_block_place(RamBlock *block, guint64 gpa, GError **error)
{
    guint64 page = (guint64)sysconf(_SC_PAGESIZE);
    guint64 last = gpa + (block->size - 1);
    const RamBlock *other;

    g_assert(!block->placed);
    if (gpa % page != 0 || last < gpa) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                    "memory %s: guest address 0x%" G_GINT64_MODIFIER "x for 0x%" G_GINT64_MODIFIER
                    "x bytes is not aligned to 0x%" G_GINT64_MODIFIER
                    "x or beyond the last address",
                    block->name, gpa, block->size, page);
        return FALSE;
    }
    other = overlapping(block->list, gpa, last);
    if (other != NULL) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                    "memory %s: 0x%" G_GINT64_MODIFIER "x to 0x%" G_GINT64_MODIFIER
                    "x overlaps %s at 0x%" G_GINT64_MODIFIER "x",
                    block->name, gpa, last, other->name, other->gpa);
        return FALSE;
    }
    g_ptr_array_insert(block->list->placed, (gint)rank(block->list, gpa), block);
    block->gpa = gpa;
    block->placed = TRUE;
    return TRUE;
}

void
ram_block_unplace(RamBlock *block)
{
    if (!block->placed)
        return;
    g_ptr_array_remove(block->list->placed, block);
    if (block->list->last == block)
        block->list->last = NULL;
    block->placed = FALSE;
}

/* ---- beginning and end --------------------------------------------------------------------- */

static RamBlock *
list_block(RamList *list, RamKind kind, const char *name, guint64 size, guint64 page_size)
{
    RamBlock *block = g_new0(RamBlock, 1);

    block->list = list;
    block->kind = kind;
    block->name = g_strdup(name);
    block->size = block->used_length = size;
    block->page_size = page_size;
    block->slot = -1;
    block->fd = -1;
    g_ptr_array_add(list->blocks, block);
    return block;
}

RamBlock *
ram_block_new(RamList *list, const RamBackendSpec *spec, GError **error)
{
    RamBlock *block = list_block(list, RAM_KIND_RAM, spec->id, spec->size, 0);

    if (!ram_backend_open(block, spec, error)) {
        ram_block_free(block);
        return NULL;
    }
    return block;
}

RamBlock *
ram_block_new_device(RamList *list, const char *name, guint64 gpa, guint64 size, guint64 page_size,
                     GError **error)
{
    RamBlock *block;

    if (size == 0 || page_size == 0 || size % page_size != 0) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                    "region %s: 0x%" G_GINT64_MODIFIER
                    "x bytes are no whole pages of 0x%" G_GINT64_MODIFIER "x",
                    name, size, page_size);
        return NULL;
    }
    block = list_block(list, RAM_KIND_DEVICE, name, size, page_size);
    if (!ram_block_place(block, gpa, error)) {
        ram_block_free(block);
        return NULL;
    }
    return block;
}

void
ram_block_free(RamBlock *block)
{
    if (block == NULL)
        return;
    ram_block_unplace(block);
    ram_block_unregister(block);
    ram_block_track_dirty(block, FALSE);
    ram_backend_close(block);
    g_ptr_array_remove(block->list->blocks, block);
    g_free(block->name);
    g_free(block);
}

/* ---- who migrates -------------------------------------------------------------------------- */

gboolean
ram_block_register(RamBlock *block, const char *idstr, GError **error)
{
    const char *why = NULL;

    if (block->kind != RAM_KIND_RAM)
        why = "a ram-device region is never migrated";
    else if (idstr == NULL || idstr[0] == '\0')
        why = "a block without a name cannot be migrated";
    else if (strlen(idstr) > IDSTR_MAX)
        why = "the name is longer than 255 bytes";
    else if (block->idstr != NULL)
        why = "the block is registered already";
    else if (ram_list_find(block->list, idstr) != NULL)
        why = "another block has the name";
    if (why != NULL) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                    "memory %s: cannot migrate as '%.64s': %s", block->name,
                    idstr != NULL ? idstr : "", why);
        return FALSE;
    }
    block->idstr = g_strdup(idstr);
    block->migratable = TRUE;
    return TRUE;
}

void
ram_block_unregister(RamBlock *block)
{
    block->migratable = FALSE;
    g_clear_pointer(&block->idstr, g_free);
}

/* ---- the VMM's own writes ------------------------------------------------------------------ */

gsize
ram_block_dirty_words(const RamBlock *block)
{
    guint64 pages = (block->size + (1u << RAM_DIRTY_PAGE_SHIFT) - 1) >> RAM_DIRTY_PAGE_SHIFT;

    return (gsize)((pages + 63) / 64);
}

void
ram_block_track_dirty(RamBlock *block, gboolean on)
{
    if (on == (block->dirty != NULL))
        return;
    if (on)
        block->dirty = g_new0(guint64, ram_block_dirty_words(block));
    else
        g_clear_pointer(&block->dirty, g_free);
}

/* Release: whoever sees the bit sees the bytes that were stored before it. */
void
ram_block_mark_dirty(RamBlock *block, guint64 offset, guint64 n)
{
    guint64 page = offset >> RAM_DIRTY_PAGE_SHIFT;
    guint64 last = (offset + (n - 1)) >> RAM_DIRTY_PAGE_SHIFT;

    if (block->dirty == NULL)
        return;
    for (; page <= last; page++)
        __atomic_fetch_or(&block->dirty[page / 64], G_GUINT64_CONSTANT(1) << (page % 64),
                          __ATOMIC_RELEASE);
}

guint64
ram_block_fetch_dirty(RamBlock *block, gsize word)
{
    if (block->dirty == NULL || __atomic_load_n(&block->dirty[word], __ATOMIC_RELAXED) == 0)
        return 0;
    return __atomic_exchange_n(&block->dirty[word], 0, __ATOMIC_ACQUIRE);
}
