/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Run states of the VM and their legal transitions, with QEMU's names.
 *
 * One table (runstate.c); invariants RS-1… are listed there and cited by the tests.
 */
#ifndef VMM_RUNSTATE_H
#define VMM_RUNSTATE_H

#include <glib.h>

typedef enum {
    RUN_STATE_PRELAUNCH,
    RUN_STATE_INMIGRATE,
    RUN_STATE_RUNNING,
    RUN_STATE_PAUSED,
    RUN_STATE_FINISH_MIGRATE,
    RUN_STATE_POSTMIGRATE,
    RUN_STATE_GUEST_PANICKED,
    RUN_STATE_INTERNAL_ERROR,
    RUN_STATE_IO_ERROR,
    RUN_STATE_SHUTDOWN,
    RUN_STATE_N
} RunState;

/** runstate_name: QEMU's name, static: "running", "finish-migrate", … */
const char *runstate_name(RunState state);

/** runstate_may: whether the transition is in the table. */
gboolean runstate_may(RunState from, RunState to);

/** runstate_runs_vcpus: whether vCPUs may be in the guest in @state. */
gboolean runstate_runs_vcpus(RunState state);

#endif
