/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What memory that has not all come is made of: for postcopy-dst.c, which knows what is here and
 * who waits, and postcopy-put.c, which puts pages in place.
 */
#ifndef MIGRATION_GLUE_POSTCOPY_DST_PRIV_H
#define MIGRATION_GLUE_POSTCOPY_DST_PRIV_H

#include "migration-glue/page.h"
#include "migration-glue/postcopy-dst.h"
#include "migration-glue/userfault.h"
#include "migration-glue/waits.h"
#include "migration-glue/wake.h"

typedef struct {
    guint64 *here;   /* one bit for 4 KiB */
    guint64 *asked;  /* the same: somebody waits for the page of the backing that begins there */
    guint64 missing; /* bits that are clear */
    guint64 backing; /* pages of 4 KiB in one of the backing */
    gboolean registered, can_zero;
} MigArrivingBlock;

struct MigPostcopyDst {
    const MigRamList *list;
    int fd;
    MigWake *wake;
    GThread *thread;
    MigPostcopyAsk ask;
    void *user;
    gint listens; /* atomic */

    /* The reading thread's: the page of the backing that is coming in. */
    guint8 *stage;
    const MigRamEntry *entry; /* NULL: none */
    guint64 first, got;       /* pages of 4 KiB */
    gboolean zeros;

    GMutex lock; /* guards all below */
    MigArrivingBlock *blocks;
    GHashTable *since; /* host address → when it was asked for, µs */
    gboolean gave_up;
    MigWaits waits;
};

static inline MigArrivingBlock *
mig_postcopy_state(MigPostcopyDst *dst, const MigRamEntry *entry)
{
    return &dst->blocks[entry - dst->list->entries];
}

static inline gboolean
mig_postcopy_has_bit(const guint64 *words, guint64 page)
{
    return (words[page / 64] >> (page % 64) & 1) != 0;
}

static inline void
mig_postcopy_set_bit(guint64 *words, guint64 page)
{
    words[page / 64] |= G_GUINT64_CONSTANT(1) << (page % 64);
}

static inline void
mig_postcopy_clear_bit(guint64 *words, guint64 page)
{
    words[page / 64] &= ~(G_GUINT64_CONSTANT(1) << (page % 64));
}

#endif
