/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pre-copy: rounds of pages while the guest runs, until what is left fits into the downtime limit.
 */
#ifndef MIGRATION_GLUE_PRECOPY_H
#define MIGRATION_GLUE_PRECOPY_H

#include "migration-glue/converge.h"
#include "migration-glue/pace.h"
#include "migration-glue/params.h"
#include "migration-glue/return-path.h"
#include "migration-glue/savevm.h"
#include "migration-glue/stats.h"

#define MIG_PRECOPY_PINGS 2u

/* Filled by outgoing.c; nothing in it is owned. */
typedef struct {
    MigParams *params;
    MigWake *wake;
    MigLedger *ledger;
    MigStream *stream;
    MigSaver *saver;
    MigRamSave *ram;
    MigReturnPath *back; /* or NULL */
    guint n_sections;
    guint64 state_bytes; /* of devices, about */
    void (*passed)(void *user, guint64 pass);
    void (*throttle)(void *user, guint percent); /* as MigHostOps.throttle */
    void *user;
    gint postcopy_asked; /* atomic: it is enough as it is */

    /* Its own. */
    MigPace pace;
    MigConverge converge;
    guint32 pings;                       /* sent; values count from 1 */
    gint64 pinged_at[MIG_PRECOPY_PINGS]; /* µs, monotonic */
    gint64 round_trip_us;                /* the shortest; 0: not known */
    guint64 looked_at;                   /* bytes sent at the last look on the first way */
    guint64 found;                       /* bytes, by the last fetch of the dirty log */
    gboolean no_nearer;                  /* it was about as much as by the one before */
    gboolean passed_once;                /* every page was sent once */
    gboolean postcopy;                   /* it ended because of that */
} MigPrecopy;

/* TRUE when it is enough, FALSE with @error set when it ended otherwise. */
gboolean mig_precopy_run(MigPrecopy *copy, GError **error);

/* The guest is stopped, or goes on without a migration: nobody slows it down any more. */
void mig_precopy_end(MigPrecopy *copy);

/* If the machine stopped now; −1: not known. */
gint64 mig_precopy_expected_downtime_us(const MigPrecopy *copy);

/* FALSE with @error set if the other side has given up, though the connection may take bytes. */
gboolean mig_precopy_check_peer(MigPrecopy *copy, GError **error);

/* The answer tells how far away the other side is. At the beginning; the second one comes by
 * itself. */
void mig_precopy_ping(MigPrecopy *copy, MigStream *stream);

/* Brings the figures up to date. */
void mig_precopy_report(MigPrecopy *copy);

#endif
