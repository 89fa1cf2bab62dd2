/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What an incoming migration is made of: for incoming.c, which tells the story, and
 * incoming-postcopy.c and incoming-restore.c, which tell other ends of it.
 */
#ifndef MIGRATION_GLUE_INCOMING_PRIV_H
#define MIGRATION_GLUE_INCOMING_PRIV_H

#include "migration-glue/loadvm.h"
#include "migration-glue/mapped-demand.h"
#include "migration-glue/migration.h"
#include "migration-glue/pace.h"
#include "migration-glue/ram-postcopy.h"

struct MigIncoming {
    const MigHost *host;
    MigParams *params;
    MigListener *listener;
    char *uri;
    gboolean restores; /* constant: memory comes from a file, after the guest */
    MigState state;
    MigWake *wake;
    MigLedger *ledger;
    GThread *thread;

    GMutex lock; /* guards the next five, with its condition; the last lock taken but `back_lock` */
    GCond changed;
    MigChannel *live;
    MigListener *again; /* where postcopy is to go on, or NULL */
    gboolean ran;       /* the guest was taken over before all of its memory came */
    gboolean broken;    /* the connection broke before that: it never will be */
    gboolean abandoned; /* the VM ends */

    GMutex back_lock;         /* guards all up to `figures`; nothing is locked under it */
    MigStream *back;          /* writer, once the source has opened the return path */
    const char *asked;        /* block of the last request over it */
    gboolean asks;            /* requests may be sent: there is a connection that both agree on */
    MigPostcopyDst *postcopy; /* from LISTEN to the end; `ram`'s, or with `demand` ours */
    gboolean listened;
    MigMappedDemand *demand;  /* of a restore, while the file is open */
    guint64 way, channels;    /* of that */
    MigPostcopyStats figures; /* its last ones */

    /* The thread's own. */
    MigEnds ends;
    MigStream *stream;
    MigRamLoad *ram;
    MigLoader *loader;  /* while it runs */
    MigStream *package; /* of the devices, while it is loaded */
    gboolean held;      /* it has the machine lock */
    MigFileOptions file;
    MigPace pace;  /* of a restore, in the background */
    gboolean lost; /* not all memory came */

    /* Of the thread that reads the stream after LISTEN. */
    GThread *reader;
    MigLoader *reading;
};

/* The machine lock; the migration's thread. */
void mig_incoming_enter(MigIncoming *in);
void mig_incoming_leave(MigIncoming *in);
/* Moves on and tells of it; FALSE: not from where it is. */
gboolean mig_incoming_move(MigIncoming *in, MigStatus to);
/* Brings the figures up to date. */
void mig_incoming_report(MigIncoming *in);
/* Answers a ping. */
gboolean mig_incoming_pong(MigIncoming *in, const guint8 *payload, GError **error);
/* The last word; FALSE: it did not leave. */
gboolean mig_incoming_shut(MigIncoming *in, guint32 code);

/* ---- incoming-postcopy.c ---- */

/* Commands that a stream without postcopy does not have; refuses what is never done here. */
gboolean mig_incoming_obey_postcopy(MigIncoming *in, MigCommand command, const guint8 *payload,
                                    guint n, GError **error);
/* The guest runs: waits for its memory, over as many connections as it takes. FALSE: the VM ends
 * before all is there. */
gboolean mig_incoming_await_memory(MigIncoming *in);
/* The guest is to run here: the decision falls once. FALSE: it must not. */
gboolean mig_incoming_claim(MigIncoming *in);
/* Nothing more comes: TRUE if the guest runs, or will not any more; decided once. */
gboolean mig_incoming_ran_before(MigIncoming *in);
/* The load has failed: nobody reads any more, and nobody waits for a page. */
void mig_incoming_end_reader(MigIncoming *in);

/* ---- incoming-restore.c ---- */

/* The file's list of blocks will be followed by nothing that takes long. */
void mig_incoming_restore(MigIncoming *in);
/* All is loaded but memory: the guest runs. Under the machine lock. */
gboolean mig_incoming_run_restored(MigIncoming *in, GError **error);
/* Brings memory; TRUE when all is here, FALSE: it never will be, or the VM ends. */
gboolean mig_incoming_bring_memory(MigIncoming *in);
/* Before the file is closed. */
void mig_incoming_end_restore(MigIncoming *in);

#endif
