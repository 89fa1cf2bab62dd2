/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What an outgoing migration is made of: for outgoing.c, which tells the story, and postcopy-src.c,
 * which tells another end of it.
 */
#ifndef MIGRATION_GLUE_OUTGOING_PRIV_H
#define MIGRATION_GLUE_OUTGOING_PRIV_H

#include "migration-glue/file-choice.h"
#include "migration-glue/migration.h"
#include "migration-glue/precopy.h"

struct MigOutgoing {
    const MigHost *host;
    MigParams *params;
    MigAddress *address;
    MigState state;
    MigWake *wake;
    MigLedger *ledger;
    GThread *thread;

    GMutex lock; /* guards the next seven, with its condition; the last lock taken */
    GCond changed;
    MigChannel *live;     /* what a cancel shuts down */
    MigReturnPath *asked; /* whose waiting a cancel ends */
    gboolean go_asked;
    MigAddress *again;  /* where postcopy is to go on, or NULL */
    gboolean decided;   /* the operator settled what becomes of a paused postcopy: */
    gboolean ours;      /* the guest goes on here */
    gboolean abandoned; /* the VM ends */

    /* The thread's own. */
    MigEnds ends;
    MigStream *stream;
    MigSaver *saver;
    MigReturnPath *back;
    MigRamSave *ram;
    VmsContext context;
    MigFileOptions file;
    MigPrecopy copy;
    gint64 section_ended;
    gboolean held;      /* it has the machine lock */
    gboolean stopped;   /* the host's stop() was called and not undone */
    gboolean in_states; /* for the breakdown */
    gboolean unknown;   /* nobody said who has the guest */
    gboolean confirmed; /* postcopy: the destination said that the guest runs there */
    gint bitmap_due;    /* atomic: the destination was asked for a bitmap, which has not begun */
};

/* The machine lock. */
void mig_outgoing_enter(MigOutgoing *out);
void mig_outgoing_leave(MigOutgoing *out);

/* Moves on and tells of it, unless somebody cancelled. */
gboolean mig_outgoing_move(MigOutgoing *out, MigStatus to, GError **error);
/* What a cancel ends; NULL: nothing. */
void mig_outgoing_set_live(MigOutgoing *out, MigChannel *live, MigReturnPath *asked);

gboolean mig_outgoing_stop_guest(MigOutgoing *out, GError **error);
/* Waits for migrate-continue, if that was asked for. */
gboolean mig_outgoing_pause(MigOutgoing *out, GError **error);
/* All device states, into the saver's stream. */
gboolean mig_outgoing_states(MigOutgoing *out, GError **error);

/* ---- postcopy-src.c ---- */

/* The return path may ask for pages. Before it is read. */
void mig_outgoing_hook(MigOutgoing *out);
/* Tells the destination that postcopy may follow, if it may. */
gboolean mig_outgoing_advise(MigOutgoing *out, GError **error);
/**
 * mig_outgoing_postcopy:
 *
 * The guest has stopped: it goes over, and then its memory. Returns when all is there, or when it
 * was settled otherwise (FALSE with @error set).
 */
gboolean mig_outgoing_postcopy(MigOutgoing *out, GError **error);
gboolean mig_outgoing_decide_paused(MigOutgoing *out, gboolean ours, GError **error);
/* The VM ends: nothing is waited for any more. */
void mig_outgoing_abandon(MigOutgoing *out);

#endif
