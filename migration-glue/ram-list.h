/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The blocks that take part in a migration, in wire order; and the words of the RAM section.
 */
#ifndef MIGRATION_GLUE_RAM_LIST_H
#define MIGRATION_GLUE_RAM_LIST_H

#include "migration-glue/ram.h"

/* Low bits of a RAM word. */
enum {
    MIG_RAM_FULL = 0x001,
    MIG_RAM_ZERO = 0x002,
    MIG_RAM_MEM_SIZE = 0x004,
    MIG_RAM_PAGE = 0x008,
    MIG_RAM_EOS = 0x010,
    MIG_RAM_CONTINUE = 0x020,
    MIG_RAM_XBZRLE = 0x040,
    MIG_RAM_HOOK = 0x080,
    MIG_RAM_COMPRESS_PAGE = 0x100,
    MIG_RAM_MULTIFD_FLUSH = 0x200,
    MIG_RAM_FLAGS = 0xfff,
};

typedef struct {
    MigRamBlock host; /* as the host described it */
    guint index;      /* in the host's list */
    guint64 pages;
    gboolean ignored; /* listed, but its pages stay where they are (x-ignore-shared) */

    /* Saving: */
    guint64 *dirty; /* one bit a page; NULL if ignored */
    guint64 *busy;  /* of those: written since they were marked, to be sent last; NULL: none */
    /* Loading: */
    gboolean announced;
} MigRamEntry;

typedef struct {
    MigRamEntry *entries; /* largest first */
    guint n;
    guint64 listed; /* bytes of all entries */
    guint64 total;  /* bytes of those whose pages travel */
} MigRamList;

/**
 * mig_ram_list_take:
 *
 * Asks the host for its blocks and keeps those that are migratable. Under the machine lock.
 *
 * Returns: FALSE with @error set if a migratable block has no name, an overlong one or another's,
 * or a length that is no whole number of pages.
 */
gboolean mig_ram_list_take(MigRamList *list, const MigRamOps *ops, void *opaque,
                           const VmsContext *context, GError **error);
void mig_ram_list_clear(MigRamList *list);

/* The entry of that name, or NULL. */
MigRamEntry *mig_ram_list_find(const MigRamList *list, const char *name);

#endif
