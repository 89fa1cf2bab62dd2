/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading memory from the fixed places of a mapped-ram file. Inside the RAM section's reader
 * (ram-load.c).
 *
 * First all headers and bitmaps are read and checked, as the list of blocks is; that leaves memory
 * as it is. Then, once the end of the list stood where the last block's pages end, pages are read:
 * here, all at once; those of a guest that does not wait for them, by mapped-demand.c.
 */
#ifndef MIGRATION_GLUE_MAPPED_LOAD_H
#define MIGRATION_GLUE_MAPPED_LOAD_H

#include "migration-glue/mapped-ram.h"
#include "migration-glue/page-file.h"
#include "migration-glue/ram-list.h"

/* What the file says of one block. */
typedef struct {
    MigMappedHeader header;
    guint8 *bitmap; /* NULL: its pages are elsewhere (x-ignore-shared) */
} MigMappedBlock;

typedef struct MigMappedLoad MigMappedLoad;

/* @list: outlives it. NULL with MIG_ERROR_UNSUPPORTED if @stream is not over a file. */
MigMappedLoad *mig_mapped_load_new(const MigRamList *list, MigStream *stream, GError **error);
void mig_mapped_load_free(MigMappedLoad *load); /* NULL-safe */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MigMappedLoad, mig_mapped_load_free)

/* Header and bitmap of the entry @index, whose name and length were just read and are right; the
 * stream goes on behind its pages. */
gboolean mig_mapped_load_entry(MigMappedLoad *load, guint index, MigStream *stream,
                               const VmsContext *context, GError **error);

/* By index of the list, once it was read. */
const MigMappedBlock *mig_mapped_load_block(const MigMappedLoad *load, guint index);

/* Pages in the file, and pages of zeros, by the bitmaps. */
void mig_mapped_load_count(const MigMappedLoad *load, guint64 *normal, guint64 *zero);

/**
 * mig_mapped_load_pages:
 * @normal, @zero: (out): pages of each sort
 *
 * Reads all pages and clears the others. Lets go of the machine lock meanwhile.
 */
gboolean
mig_mapped_load_pages(MigMappedLoad *load, MigStream *stream, const MigFileOptions *options,
                      guint64 *normal, guint64 *zero, GError **error);

#endif
