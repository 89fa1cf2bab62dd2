/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How long many things took: their number, sum, quantiles; in little memory, exact to a quarter.
 */
#ifndef MIGRATION_GLUE_WAITS_H
#define MIGRATION_GLUE_WAITS_H

#include <glib.h>

#define MIG_WAITS_SLOTS 128 /* four a power of two */

/* Zeroed: nothing yet. */
typedef struct {
    guint64 n, us, longest; /* how many; µs */
    guint64 slots[MIG_WAITS_SLOTS];
} MigWaits;

void mig_waits_note(MigWaits *waits, guint64 us);

/* @percent of all took at most about so many µs; 0 if there were none. */
guint64 mig_waits_quantile(const MigWaits *waits, guint percent);

#endif
