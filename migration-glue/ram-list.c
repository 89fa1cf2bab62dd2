/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The blocks that take part: the one place where others are dropped.
 */
#include "migration-glue/ram-list.h"

#include <string.h>

#include "migration-glue/error.h"
#include "migration-glue/page.h"

static gboolean
check_block(const MigRamList *list, const MigRamBlock *block, GError **error)
{
    if (block->name == NULL || block->name[0] == '\0' || strlen(block->name) > 255) {
        g_set_error(error, MIG_ERROR, MIG_ERROR_VALUE,
                    "a RAM block of %" G_GUINT64_FORMAT " bytes is to migrate under %s name",
                    block->used_length, block->name == NULL ? "no" : "an empty or overlong");
        return FALSE;
    }
    if (mig_ram_list_find(list, block->name) != NULL) {
        g_set_error(error, MIG_ERROR, MIG_ERROR_VALUE, "two RAM blocks are named '%s'",
                    block->name);
        return FALSE;
    }
    if (block->used_length == 0 || block->used_length % MIG_PAGE_SIZE != 0 ||
        block->used_length > G_MAXUINT64 - list->listed) {
        g_set_error(error, MIG_ERROR, MIG_ERROR_VALUE,
                    "RAM block '%s' has %" G_GUINT64_FORMAT
                    " bytes, which is no whole number of 4 KiB pages",
                    block->name, block->used_length);
        return FALSE;
    }
    return TRUE;
}

/* Largest first; equal ones in the host's order. */
static gint
compare_entries(const void *a, const void *b)
{
    const MigRamEntry *left = a, *right = b;

    if (left->host.max_length != right->host.max_length)
        return left->host.max_length > right->host.max_length ? -1 : 1;
    return left->index < right->index ? -1 : 1;
}

static void
add_entry(MigRamList *list, const MigRamBlock *block, guint index, gboolean ignore_shared)
{
    MigRamEntry *entry = &list->entries[list->n++];

    entry->host = *block;
    entry->index = index;
    entry->pages = block->used_length >> MIG_PAGE_SHIFT;
    entry->ignored = ignore_shared && block->shared;
    list->listed += block->used_length;
    if (!entry->ignored)
        list->total += block->used_length;
}

gboolean
mig_ram_list_take(MigRamList *list, const MigRamOps *ops, void *opaque, const VmsContext *context,
                  GError **error)
{
    guint n = ops->n_blocks(opaque);

    memset(list, 0, sizeof(*list));
    list->entries = g_new0(MigRamEntry, n);
    for (guint i = 0; i < n; i++) {
        MigRamBlock block = {0};

        ops->block(opaque, i, &block);
        if (!block.migratable)
            continue;
        if (!check_block(list, &block, error))
            return FALSE;
        add_entry(list, &block, i, (context->capabilities & VMS_CAP_IGNORE_SHARED) != 0);
    }
    qsort(list->entries, list->n, sizeof(list->entries[0]), compare_entries);
    return TRUE;
}

void
mig_ram_list_clear(MigRamList *list)
{
    for (guint i = 0; i < list->n; i++) {
        g_free(list->entries[i].dirty);
        g_free(list->entries[i].busy);
    }
    g_free(list->entries);
    memset(list, 0, sizeof(*list));
}

MigRamEntry *
mig_ram_list_find(const MigRamList *list, const char *name)
{
    for (guint i = 0; i < list->n; i++) {
        if (strcmp(list->entries[i].host.name, name) == 0)
            return &list->entries[i];
    }
    return NULL;
}
