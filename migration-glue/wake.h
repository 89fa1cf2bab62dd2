/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A wake: ends the waiting of a thread in poll(), once and for all.
 */
#ifndef MIGRATION_GLUE_WAKE_H
#define MIGRATION_GLUE_WAKE_H

#include <glib.h>

typedef struct MigWake MigWake;

/* NULL with @error set if the process has no descriptors left. */
MigWake *mig_wake_new(GError **error);
void mig_wake_free(MigWake *wake); /* NULL-safe */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MigWake, mig_wake_free)

/* Any thread: every wait ends, now and later. */
void mig_wake_fire(MigWake *wake);
gboolean mig_wake_fired(const MigWake *wake);

typedef enum {
    MIG_WAIT_READY, /* one of the events, an error or a hang-up */
    MIG_WAIT_TIMEOUT,
    MIG_WAIT_FIRED,
} MigWait;

/* Waits for poll events @events of @fd (−1: for none). @timeout_ms: −1 for ever. */
MigWait mig_wake_wait(MigWake *wake, int fd, short events, gint timeout_ms);

/* The error of a wait that was ended: MIG_ERROR_CANCELLED. */
void mig_wake_set_error(const char *what, GError **error);

#endif
