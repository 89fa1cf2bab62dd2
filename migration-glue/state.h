/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The state of a migration: one table of transitions.
 *
 *            ┌────────────────────────── cancel ──────────┐
 *   none → setup → active → pre-switchover → device       ├→ cancelling → cancelled
 *            │        │  └──────────┬──────────┘ │        │
 *            └────────┴─── trouble ─┴────────────┴────────┴→ failed
 *                                        device → handover → completed
 *                                                    │  └──→ failed       (the verdict was "no")
 *                                                    └─────→ handover-unknown → completed | failed
 *
 *   device (source), active (destination) → postcopy-active → completed
 *                                             │ ▲   │  └─→ failed   (the verdict was "no"; MS-10)
 *                                   broken    │ │   └────→ postcopy-paused
 *                         connection          ▼ │
 *                                  postcopy-paused → postcopy-recover → postcopy-active | -paused
 *                                             └──→ completed | failed  (the operator's word)
 *
 * MS-1  A state is left only along the table.
 * MS-2  completed, failed and cancelled are final: nothing leads out of them.
 * MS-3  Nothing of the end marker leaves before handover, so in every earlier state no other
 *       machine can have all of the guest, and the guest may go on here.
 * MS-4  There is no way from handover to cancelled: what may have happened cannot be cancelled.
 * MS-5  From handover the guest goes on here only after a "no": the other side's verdict, a failed
 *       commit of a file or command, or the operator's word.
 * MS-6  A destination runs the guest only in completed and in the states of postcopy, which it
 *       enters when nothing can fail any more but the arrival of memory.
 * MS-7  The last byte that lets the destination run leaves in postcopy-active, never before; from
 *       then on the source runs the guest only after a "no" that came before the destination said
 *       that it runs, or after the operator's word.
 * MS-8  No broken connection leads out of the states of postcopy: it leads to postcopy-paused,
 *       where each side keeps what it has. Nothing there can be cancelled.
 * MS-9  postcopy-recover is entered with a new connection and left for postcopy-active only when
 *       both sides agree which pages have arrived.
 * MS-10 Where memory comes from a file, and the file fails, postcopy-active leads to failed; before
 *       that is told, no vCPU executes anything any more.
 */
#ifndef MIGRATION_GLUE_STATE_H
#define MIGRATION_GLUE_STATE_H

#include <glib.h>

typedef enum {
    MIG_STATUS_NONE,
    MIG_STATUS_SETUP,
    MIG_STATUS_ACTIVE,
    MIG_STATUS_PRE_SWITCHOVER,
    MIG_STATUS_DEVICE,
    MIG_STATUS_HANDOVER, /* the end marker is on its way, the verdict is not here */
    MIG_STATUS_HANDOVER_UNKNOWN,
    MIG_STATUS_POSTCOPY_ACTIVE,  /* the guest is at the destination, some of its memory is not:
                                    it is at the source, or in a file */
    MIG_STATUS_POSTCOPY_PAUSED,  /* and the connection is gone */
    MIG_STATUS_POSTCOPY_RECOVER, /* there is a new one */
    MIG_STATUS_COMPLETED,
    MIG_STATUS_FAILED,
    MIG_STATUS_CANCELLING,
    MIG_STATUS_CANCELLED,
    MIG_STATUS_N
} MigStatus;

/* QEMU's name. handover shows as "device", handover-unknown as "failed": QEMU has neither. */
const char *mig_status_name(MigStatus status);

/* Our name, which is different for each; for messages and tests. */
const char *mig_status_own_name(MigStatus status);

gboolean mig_status_may(MigStatus from, MigStatus to);

/* MS-2, and handover-unknown, where nothing happens by itself any more. */
gboolean mig_status_is_over(MigStatus status);

/* The states of postcopy. */
gboolean mig_status_is_postcopy(MigStatus status);

/* Whether the guest may go on at the source (MS-3, MS-5, MS-7). */
gboolean mig_status_guest_is_ours(MigStatus status);

/* A state that several threads change. */
typedef struct {
    gint status; /* atomic */
} MigState;

MigStatus mig_state_get(const MigState *state);

/* FALSE, and nothing changed, if the table has no such transition from where it is now. */
gboolean mig_state_move(MigState *state, MigStatus to);

#endif
