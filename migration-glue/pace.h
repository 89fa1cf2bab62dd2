/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How fast: the bandwidth limit, and what the connection can do.
 */
#ifndef MIGRATION_GLUE_PACE_H
#define MIGRATION_GLUE_PACE_H

#include <glib.h>

#define MIG_PACE_RATES 9u

typedef struct {
    guint64 debt;   /* bytes sent that the limit does not cover yet */
    gint64 paid_at; /* µs */
    /* Of late: bytes, and µs spent with sending them; pauses of ours are not in it. */
    guint64 bytes, us;
    guint64 dense_bytes, dense_us; /* of parts that were mostly pages with content */
    guint64 again_bytes, again_us; /* of pages that were sent before: bytes of memory */
    guint64 rates[MIG_PACE_RATES]; /* bytes a second, of the last parts of such pages */
    guint n_rates;                 /* so many there were in all */
} MigPace;

/**
 * mig_pace_quantum:
 * @limit: bytes a second; 0: none
 *
 * How much one part holds. It depends on nothing else, so that two saves of a guest that stands
 * still are alike.
 */
guint64 mig_pace_quantum(guint64 limit);

/* @bytes go out, in a part that took @us until @now (both µs): the limit has to cover them. */
void mig_pace_owe(MigPace *pace, guint64 bytes, gint64 us, gint64 now);

/* Sending @bytes took @us; they stand for @page_bytes of memory, which went @again. */
void mig_pace_measure(MigPace *pace, guint64 bytes, guint64 page_bytes, gboolean again, gint64 us);

/* How long to wait, µs, before the next part, under a @limit that may have changed. */
gint64 mig_pace_delay(MigPace *pace, guint64 limit, gint64 now);

/* Whether the bandwidth is that of pages that were sent before. The other side has memory for them
 * already, and takes them faster: so will it take the last ones. */
gboolean mig_pace_is_rehearsed(const MigPace *pace);

/* Bytes of memory a second of time spent with sending, for pages like those that will be left; 0:
 * not known yet. */
guint64 mig_pace_bandwidth(const MigPace *pace);

#endif
