/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One migration: what it asks of its host, and what the host's monitor asks of it.
 *
 * Outgoing and incoming each have a thread of their own. It takes the machine lock where it says
 * so below, and lets go of it whenever it waits for the other side. While a migration runs the
 * host plugs nothing, removes nothing and registers nothing; between `stop` and `go_on` it lets
 * nobody continue the guest.
 */
#ifndef MIGRATION_GLUE_MIGRATION_H
#define MIGRATION_GLUE_MIGRATION_H

#include "migration-glue/configuration.h"
#include "migration-glue/params.h"
#include "migration-glue/ram.h"
#include "migration-glue/section.h"
#include "migration-glue/stats.h"
#include "migration-glue/transport.h"

typedef enum {
    MIG_EVENT_STATUS, /* a new MigStatus; QEMU's event MIGRATION */
    MIG_EVENT_PASS,   /* how often the dirty log was fetched; QEMU's MIGRATION_PASS */
    MIG_EVENT_ENDED,  /* the thread is about to return: free the object from the main loop */
} MigEventKind;

/* Whether memory of a guest that runs here is still to come. */
typedef enum {
    MIG_MEMORY_IS_HERE,
    MIG_MEMORY_ARRIVES, /* who touches what is missing waits */
    MIG_MEMORY_IS_LOST, /* some of it will never come */
} MigMemory;

typedef struct {
    /* The machine lock. */
    void (*lock)(void *opaque);
    void (*unlock)(void *opaque);

    /* Source, under the lock. */

    /* vCPUs leave the guest, devices become quiet; nothing to do for a guest that is stopped. On
     * failure the guest goes on. Notes for `globalstate` and `go_on` what the run state was. May
     * let go of the lock while it waits. */
    gboolean (*stop)(void *opaque, GError **error);
    /* Undoes it: the guest runs if it ran before. On failure it stays paused. */
    gboolean (*go_on)(void *opaque, GError **error);
    /* The guest is another's: run state postmigrate. */
    void (*gone)(void *opaque);

    /* Source, no lock, from the migration's thread. vCPUs are out of the guest for @percent of the
     * time from now on; 0: never. Does not wait. */
    void (*throttle)(void *opaque, guint percent);

    /* Destination, under the lock, after all was loaded. */

    /* Whatever can fail before vCPUs run. Afterwards the guest is ours whatever happens. */
    gboolean (*activate)(void *opaque, GError **error);
    /* Lets vCPUs run, or not, as the received run state and the command line say. */
    void (*run)(void *opaque);

    /* Any thread, with the lock or without it; must not wait, neither for the lock nor for a vCPU.
     * Told that memory is lost, no vCPU executes an instruction afterwards; those that wait for a
     * page are let go then, and find zeros. */
    void (*memory)(void *opaque, MigMemory memory);

    /* Any thread, no lock; must not wait for the machine lock: pass it on to the main loop. */
    void (*event)(void *opaque, MigEventKind kind, guint64 value);
} MigHostOps;

/* All of it outlives the migration. */
typedef struct {
    const MigHostOps *ops;
    const MigDescriptorOps *descriptors; /* or NULL */
    void *opaque;                        /* of both */
    MigSections *sections;               /* `ram` is registered with @ram */
    MigRam *ram;
    const VdevMachineRow *row;
    const VmsStreamRules *rules;
    MigConfiguration identity;
} MigHost;

/* ---- Outgoing ---- */

typedef struct MigOutgoing MigOutgoing;

/**
 * mig_outgoing_new:
 * @params: read while it runs: bandwidth and downtime limit may change
 *
 * Begins to migrate to @uri. Main thread, with or without the lock. Errors in @uri show here, all
 * others in the status.
 */
MigOutgoing *
mig_outgoing_new(const MigHost *host, MigParams *params, const char *uri, GError **error);

/* Cancels and waits for the end. Without the machine lock, unless MIG_EVENT_ENDED came. NULL-safe.
 */
void mig_outgoing_free(MigOutgoing *out);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MigOutgoing, mig_outgoing_free)

/* Waits for the thread of one whose status says that it is over. Without the machine lock. */
void mig_outgoing_wait(MigOutgoing *out);

/**
 * mig_outgoing_cancel:
 *
 * Any thread; does not wait. Before the handover the guest goes on here. In the handover the
 * waiting for the verdict ends with "handover unknown". FALSE if it was over already.
 */
gboolean mig_outgoing_cancel(MigOutgoing *out);

/* migrate-continue. FALSE with @error set unless the status is pre-switchover. */
gboolean mig_outgoing_continue(MigOutgoing *out, GError **error);

/**
 * mig_outgoing_start_postcopy:
 *
 * migrate-start-postcopy: the guest goes over with the next part, its memory follows. FALSE with
 * @error set unless the capability is on and the connection can be asked for pages.
 */
gboolean mig_outgoing_start_postcopy(MigOutgoing *out, GError **error);

/**
 * mig_outgoing_resume:
 *
 * Out of postcopy-paused, over a new connection to @uri. Errors in @uri show here; trouble with the
 * connection leads back to postcopy-paused.
 */
gboolean mig_outgoing_resume(MigOutgoing *out, const char *uri, GError **error);

/* migrate-pause: breaks the connection of a postcopy. FALSE with @error set if there is none. */
gboolean mig_outgoing_break(MigOutgoing *out, GError **error);

/**
 * mig_outgoing_decide:
 * @ours: the guest does not run at the destination, and never will: it is to go on here
 *
 * The operator's word on an unknown handover, or on a postcopy that is paused and will not be
 * resumed. Under the machine lock. FALSE with @error set in any other status, if the guest could
 * not go on, or if it is known to run at the destination.
 */
gboolean mig_outgoing_decide(MigOutgoing *out, gboolean ours, GError **error);

MigStatus mig_outgoing_status(const MigOutgoing *out);

/* The caller clears it. */
void mig_outgoing_stats(MigOutgoing *out, MigStats *stats);

/* ---- Incoming ---- */

/* Whether this process may receive memory after the guest. */
gboolean mig_postcopy_is_possible(GError **error);

/* With x-lazy-restore on: whether all memory of this machine can come after the guest. Under the
 * machine lock. */
gboolean mig_restore_is_possible(const MigHost *host, MigParams *params, GError **error);

typedef struct MigIncoming MigIncoming;

/* Listens at @uri; errors in it, and addresses in use, show here. */
MigIncoming *
mig_incoming_new(const MigHost *host, MigParams *params, const char *uri, GError **error);

/* Ends it, with what has not come yet, and waits for the end; as mig_outgoing_free(). */
void mig_incoming_free(MigIncoming *in);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MigIncoming, mig_incoming_free)

/* As mig_outgoing_wait(). */
void mig_incoming_wait(MigIncoming *in);

/* Any thread; does not wait. */
void mig_incoming_cancel(MigIncoming *in);

/**
 * mig_incoming_recover:
 *
 * migrate-recover: out of postcopy-paused, listens at @uri for a new connection of the source.
 */
gboolean mig_incoming_recover(MigIncoming *in, const char *uri, GError **error);
/* migrate-pause. */
gboolean mig_incoming_break(MigIncoming *in, GError **error);
/* FALSE if memory at [@at, @at + @n) has not come yet: who touches it waits. Any thread. */
gboolean mig_incoming_has(MigIncoming *in, const void *at, gsize n);
/* The VM ends: nothing is waited for any more. Soon vCPUs are told not to run, and those that wait
 * for memory find zeros. Any thread; does not wait. */
void mig_incoming_abandon(MigIncoming *in);

/* Nobody needs the rest of a restored guest's memory any more: a reset. What has not come is zero.
 * Waits for reads that were begun. Any thread. */
void mig_incoming_drop_rest(MigIncoming *in);

/* Its memory comes, or came, from a file after the guest. */
gboolean mig_incoming_is_restore(const MigIncoming *in);
/* The guest was taken over, whatever became of its memory. Any thread. */
gboolean mig_incoming_guest_ran(MigIncoming *in);

MigStatus mig_incoming_status(const MigIncoming *in);
void mig_incoming_stats(MigIncoming *in, MigStats *stats);

/* Where it listens. */
const char *mig_incoming_uri(const MigIncoming *in);

#endif
