/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writing memory to the fixed places of a mapped-ram file. Inside the RAM section's writer
 * (ram-save.c), which says what is dirty; here it goes to its place.
 *
 *   list → [put]* → (drain → [put]*)* → finish
 */
#ifndef MIGRATION_GLUE_MAPPED_SAVE_H
#define MIGRATION_GLUE_MAPPED_SAVE_H

#include "migration-glue/page-file.h"
#include "migration-glue/page-pool.h"
#include "migration-glue/ram-list.h"

typedef struct MigMappedSave MigMappedSave;

/* What was done; grows. */
typedef struct {
    guint64 normal, zero; /* pages */
    guint64 bytes;        /* to the file beside the stream */
} MigMappedDone;

/**
 * mig_mapped_save_new:
 * @list:   outlives it
 * @stream: where the section is written; must be over a file
 *
 * Returns: NULL with MIG_ERROR_UNSUPPORTED if pages cannot have places there.
 */
MigMappedSave *mig_mapped_save_new(const MigRamList *list, MigStream *stream,
                                   const MigFileOptions *options, GError **error);
/* What was not drained is dropped. NULL-safe. */
void mig_mapped_save_free(MigMappedSave *save);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MigMappedSave, mig_mapped_save_free)

/* Header of the entry @index, whose name and length were just put; the stream goes on behind its
 * pages. */
gboolean mig_mapped_save_entry(MigMappedSave *save, guint index, MigStream *stream, GError **error);

/* Writes @group's pages, some time soon; those of zeros become holes or stay what they are, without
 * their bit. No page may be in two groups between two drains. */
gboolean mig_mapped_save_put(MigMappedSave *save, const MigGroup *group, GError **error);

/* Waits until all groups are written. */
gboolean mig_mapped_save_drain(MigMappedSave *save, GError **error);

/* Drains, and writes the bitmaps. Every later put is an error (R-MRM-4). */
gboolean mig_mapped_save_finish(MigMappedSave *save, GError **error);

void mig_mapped_save_done(MigMappedSave *save, MigMappedDone *done); /* any thread */
MigFileWay mig_mapped_save_way(MigMappedSave *save);                 /* any thread */

#endif
