/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Auto-converge: for how much of the time vCPUs rest, so that the guest writes less than is sent.
 *
 * This decides; who makes them rest is the host. Parameters have QEMU's names and meanings:
 * throttle-trigger-threshold, cpu-throttle-initial, -increment, -tailslow, max-cpu-throttle.
 */
#ifndef MIGRATION_GLUE_CONVERGE_H
#define MIGRATION_GLUE_CONVERGE_H

#include <glib.h>

typedef struct {
    guint trigger;   /* too much is written if it is more than this percentage of what was sent */
    guint initial;   /* percent of the time, the first time */
    guint increment; /* and so much more each time after it */
    guint most;      /* and never more than this, `initial` too */
    gboolean gently; /* smaller steps, as far as they seem to do */
} MigConvergeRules;

/* Zeroed at first. */
typedef struct {
    guint percent; /* of the time that vCPUs are to rest */
    guint high;    /* times in a row that too much was written */
    guint64 dirtied, sent;
    gint64 looked_at;
} MigConverge;

/**
 * mig_converge_look:
 * @dirtied: bytes of pages found dirty since the last call
 * @sent: bytes of pages sent since the migration began
 * @now: µs
 *
 * After each fetch of the dirty log. Looks are MIG_CONVERGE_US apart: calls in between are added
 * up.
 *
 * Returns: TRUE if @converge->percent has changed.
 */
gboolean mig_converge_look(MigConverge *converge, const MigConvergeRules *rules, guint64 dirtied,
                           guint64 sent, gint64 now);

#define MIG_CONVERGE_US (100 * 1000)

#endif
