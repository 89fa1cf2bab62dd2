/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A mapped-ram file as the place where memory comes from after the guest: a page when it is asked
 * for, with some around it, and all others in the background, by a pool of threads.
 *
 * The file is only read. What it held when it was opened is what the guest gets: a file that is
 * cut or written meanwhile is trouble, as one that cannot be read is, and after trouble nothing
 * more is brought. Which pages are here is the business of postcopy-dst.c; what becomes of the
 * guest then, of incoming-restore.c.
 */
#ifndef MIGRATION_GLUE_MAPPED_DEMAND_H
#define MIGRATION_GLUE_MAPPED_DEMAND_H

#include "migration-glue/mapped-load.h"
#include "migration-glue/postcopy-dst.h"

typedef struct MigMappedDemand MigMappedDemand;

/* The first trouble, from whichever thread met it; @error names block, place and file. */
typedef void (*MigMappedTrouble)(void *user, const GError *error);

/* Before so many bytes are brought in the background; FALSE: no more of that. */
typedef gboolean (*MigMappedNext)(void *user, guint64 bytes);

/**
 * mig_mapped_demand_new:
 * @load:    headers and bitmaps, checked; outlives it, as @list and @dst do
 * @channel: of the file; outlives it
 *
 * Returns: NULL with @error set if the file cannot be looked at.
 */
MigMappedDemand *
mig_mapped_demand_new(const MigMappedLoad *load, const MigRamList *list, MigPostcopyDst *dst,
                      MigChannel *channel, const MigFileOptions *options, MigMappedTrouble trouble,
                      void *user, GError **error);
/* Nobody asks it any more. NULL-safe. */
void mig_mapped_demand_free(MigMappedDemand *demand);

/* MigPostcopyAsk, with the MigMappedDemand as user. */
void mig_mapped_demand_ask(void *demand, const char *name, guint64 start, guint32 n);

/* Brings all that has not come; returns when that is done, after trouble, or when @next says so. */
void mig_mapped_demand_bring_all(MigMappedDemand *demand, MigMappedNext next, void *user);

/* Any thread, beside the others: what has not come never will, and is zero. Waits for reads that
 * were begun. */
void mig_mapped_demand_drop(MigMappedDemand *demand);

/* Any thread: how it is read, and by how many threads in the background. */
MigFileWay mig_mapped_demand_way(MigMappedDemand *demand, guint64 *channels);

#endif
