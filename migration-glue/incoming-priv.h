/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What an incoming migration is made of: for incoming.c, which tells the story, and
 * incoming-postcopy.c, which tells another end of it.
 */
#ifndef MIGRATION_GLUE_INCOMING_PRIV_H
#define MIGRATION_GLUE_INCOMING_PRIV_H

#include "migration-glue/loadvm.h"
#include "migration-glue/migration.h"
#include "migration-glue/ram-postcopy.h"

struct MigIncoming {
    const MigHost *host;
    MigParams *params;
    MigListener *listener;
    char *uri;
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

    GMutex back_lock;         /* guards the next three; nothing is locked under it */
    MigStream *back;          /* writer, once the source has opened the return path */
    const char *asked;        /* block of the last request over it */
    gboolean asks;            /* requests may be sent: there is a connection that both agree on */
    MigPostcopyDst *postcopy; /* from LISTEN to the end; `ram`'s */
    gboolean listened;
    MigPostcopyStats figures; /* its last ones */

    /* The thread's own. */
    MigEnds ends;
    MigStream *stream;
    MigRamLoad *ram;
    MigLoader *loader;  /* while it runs */
    MigStream *package; /* of the devices, while it is loaded */
    gboolean held;      /* it has the machine lock */

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
/* The load has failed: nobody reads any more, and nobody waits for a page. */
void mig_incoming_end_reader(MigIncoming *in);

#endif
