/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a saving RAM section is made of: for ram-save.c (before the switch, and files) and
 * ram-postcopy.c (after it).
 */
#ifndef MIGRATION_GLUE_RAM_SAVE_PRIV_H
#define MIGRATION_GLUE_RAM_SAVE_PRIV_H

#include "migration-glue/mapped-save.h"
#include "migration-glue/page.h"
#include "migration-glue/ram-list.h"
#include "migration-glue/sparse.h"

/* Asked for by the destination. */
typedef struct {
    const MigRamEntry *entry;
    guint64 first, n; /* pages of 4 KiB */
} MigAsked;

struct MigRamSave {
    const MigRamOps *ops;
    void *opaque;
    MigZeroScan is_zero;
    MigSparse *sparse;
    MigLook look; /* until the next fetch of the log */
    MigRamList list;
    gboolean logging;
    guint64 dirty_pages; /* bits set in all bitmaps */
    guint64 budget;      /* bytes, of the next part */

    /* The cursor: where the search for a dirty page goes on. */
    guint entry;
    guint64 page;
    gboolean only_busy;          /* nothing else is left: no more looks on this way */
    const MigRamEntry *previous; /* block of the record before; outlives sections */

    MigFileOptions options;
    MigMappedSave *mapped; /* NULL: pages go into the stream */
    MigMappedDone seen;    /* of what it did: in the figures already */

    gboolean switched; /* the guest has moved: postcopy */
    GMutex lock;       /* guards the next five */
    GCond changed;
    GQueue asked;                  /* MigAsked, oldest first */
    const MigRamEntry *asked_last; /* block of the last request */
    gboolean kicked;
    gboolean agrees; /* bitmaps of what is there are taken: nobody sends meanwhile */

    gint64 synced_at;     /* µs, monotonic */
    guint64 found_on_way; /* pages, by looks since then */
    MigRamStats stats;    /* members are written by the migration's thread, read by any: atomic */
};

/* Into a figure that any thread reads. */
void mig_ram_figure_set(guint64 *figure, guint64 value);
void mig_ram_figure_add(guint64 *figure, guint64 value);

/* Words of the bitmap. */
gsize mig_ram_words_of(const MigRamEntry *entry);
guint64 mig_ram_count_dirty(const MigRamEntry *entry);
void mig_ram_trim(MigRamEntry *entry);
/* Moves the cursor to a dirty page, of which there is one. */
MigRamEntry *mig_ram_next_dirty(MigRamSave *ram);
/* One record. */
void mig_ram_put_page(MigRamSave *ram, MigStream *stream, const MigRamEntry *entry, guint64 page);

/* ram-postcopy.c: a part after the switch. */
void mig_ram_put_whole_pages(MigRamSave *ram, MigStream *stream, guint64 budget);
void mig_ram_postcopy_init(MigRamSave *ram);
void mig_ram_postcopy_clear(MigRamSave *ram);

#endif
