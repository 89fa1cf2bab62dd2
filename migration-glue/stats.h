/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Figures of a migration: what query-migrate shows, and where the downtime went.
 */
#ifndef MIGRATION_GLUE_STATS_H
#define MIGRATION_GLUE_STATS_H

#include "migration-glue/postcopy-dst.h"
#include "migration-glue/ram.h"
#include "migration-glue/state.h"

/* The downtime, from the first to the last moment; nothing is in none of them. */
typedef enum {
    MIG_PHASE_STOP,    /* vCPUs leave the guest, devices become quiet */
    MIG_PHASE_PAUSE,   /* pause-before-switchover: waiting for migrate-continue */
    MIG_PHASE_RAM,     /* the last pages */
    MIG_PHASE_STATES,  /* devices */
    MIG_PHASE_END,     /* end marker, description, all flushed */
    MIG_PHASE_VERDICT, /* the other side loads what is on its way, and says so */
    MIG_PHASE_N
} MigPhase;

typedef struct {
    char *idstr;
    guint32 instance;
    guint64 bytes; /* with frame */
    guint64 us;
} MigDeviceCost;

/* A copy, of one moment. Times are −1 while they are not known. */
typedef struct {
    MigStatus status;
    char *error; /* why it failed, or NULL */
    char *stall; /* what it waits for, or why it makes no progress; NULL: nothing */
    gint64 setup_ms;
    gint64 total_ms;
    gint64 downtime_ms;
    gint64 expected_downtime_ms; /* if the machine stopped now; once it has: as was expected then */
    gint64 eta_ms;               /* until the machine stops */
    guint64 transferred;         /* bytes of the stream */
    guint64 bandwidth;           /* bytes a second, of the time spent with sending */
    guint throttle;              /* percent of the time that vCPUs are made to rest */
    double mbps;                 /* of the whole time, 10⁶ bits a second */
    guint64 pages_per_second;
    MigRamStats ram;
    gboolean has_postcopy; /* incoming: memory came, or comes, after the guest */
    MigPostcopyStats postcopy;
    gint64 phase_us[MIG_PHASE_N];
    MigDeviceCost *devices; /* in stream order */
    guint n_devices;
} MigStats;

void mig_stats_clear(MigStats *stats);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(MigStats, mig_stats_clear)

/* Where a migration writes its figures; any thread. */
typedef struct MigLedger MigLedger;

MigLedger *mig_ledger_new(void);
void mig_ledger_free(MigLedger *ledger);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MigLedger, mig_ledger_free)

void mig_ledger_setup_done(MigLedger *ledger);
/* The machine is being stopped, and it was expected to take so long. */
void mig_ledger_down(MigLedger *ledger, gint64 expected_us);
/* The machine goes on here: there was no downtime to speak of. */
void mig_ledger_up(MigLedger *ledger);
/* From now on time belongs to @phase; MIG_PHASE_N: to none. */
void mig_ledger_phase(MigLedger *ledger, MigPhase phase);
void mig_ledger_device(MigLedger *ledger, const MigSection *section, guint64 bytes, guint64 us);
void mig_ledger_expect(MigLedger *ledger, gint64 downtime_us, gint64 eta_us, guint64 bandwidth);
/* vCPUs rest for so much of the time; 0: they do not. */
void mig_ledger_throttle(MigLedger *ledger, guint percent);
/* Static text, or NULL. */
void mig_ledger_stall(MigLedger *ledger, const char *reason);
void mig_ledger_progress(MigLedger *ledger, const MigRamStats *ram, guint64 transferred);
/* The machine runs elsewhere: the downtime is over, the migration is not. */
void mig_ledger_runs_there(MigLedger *ledger);
/* The first one stays. */
void mig_ledger_error(MigLedger *ledger, const char *message);
/* What ails it now, of which it may recover; NULL: nothing any more. */
void mig_ledger_trouble(MigLedger *ledger, const char *message);
/* All is over; times stand still. */
void mig_ledger_end(MigLedger *ledger);

void mig_ledger_read(MigLedger *ledger, MigStats *stats);

#endif
