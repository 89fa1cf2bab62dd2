/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Run states: names and the table of legal transitions.
 *
 *               ┌────────────── reset ──────────────┐
 *               ▼                                   │
 *   inmigrate ◀─ prelaunch ─ cont ─▶ running ─▶ shutdown, internal-error
 *        │                           ▲   │
 *        └──────────▶ paused ◀─ cont ┴ stop ─▶ guest-panicked, io-error
 *                        │               │
 *                        └▶ finish-migrate ─▶ postmigrate
 *
 * Invariants, cited by the tests:
 *   RS-1  vCPUs run in `running` and in no other state.
 *   RS-2  No state has a transition to itself.
 *   RS-3  `shutdown` and `internal-error` never go straight to `running`: a reset comes between.
 *   RS-4  `inmigrate` is entered from `prelaunch` only.
 *   RS-5  `postmigrate` is entered from `finish-migrate` only.
 *   RS-6  Every state can be reached from `prelaunch`, and `running` from every state.
 *
 * Source of the names: QEMU's published QMP schema, RunState.
 */
#include "vmm/runstate.h"

#define TO(state) (1u << RUN_STATE_##state)

static const struct {
    const char *name;
    guint32 may; /* bit n: may go to state n */
} states[RUN_STATE_N] = {
    [RUN_STATE_PRELAUNCH] = {"prelaunch", TO(RUNNING) | TO(INMIGRATE) | TO(FINISH_MIGRATE) |
                                              TO(SHUTDOWN) | TO(INTERNAL_ERROR)},
    [RUN_STATE_INMIGRATE] = {"inmigrate", TO(RUNNING) | TO(PAUSED) | TO(PRELAUNCH) | TO(SHUTDOWN) |
                                              TO(INTERNAL_ERROR) | TO(IO_ERROR) |
                                              TO(GUEST_PANICKED)},
    [RUN_STATE_RUNNING] = {"running", TO(PAUSED) | TO(FINISH_MIGRATE) | TO(GUEST_PANICKED) |
                                          TO(INTERNAL_ERROR) | TO(IO_ERROR) | TO(SHUTDOWN)},
    [RUN_STATE_PAUSED] = {"paused", TO(RUNNING) | TO(FINISH_MIGRATE) | TO(PRELAUNCH) |
                                        TO(SHUTDOWN) | TO(INTERNAL_ERROR)},
    [RUN_STATE_FINISH_MIGRATE] = {"finish-migrate", TO(RUNNING) | TO(PAUSED) | TO(POSTMIGRATE) |
                                                        TO(PRELAUNCH) | TO(INTERNAL_ERROR) |
                                                        TO(IO_ERROR) | TO(SHUTDOWN) |
                                                        TO(GUEST_PANICKED)},
    [RUN_STATE_POSTMIGRATE] = {"postmigrate", TO(RUNNING) | TO(FINISH_MIGRATE) | TO(PRELAUNCH) |
                                                  TO(SHUTDOWN) | TO(INTERNAL_ERROR)},
    [RUN_STATE_GUEST_PANICKED] = {"guest-panicked", TO(RUNNING) | TO(FINISH_MIGRATE) |
                                                        TO(PRELAUNCH) | TO(SHUTDOWN) |
                                                        TO(INTERNAL_ERROR)},
    [RUN_STATE_INTERNAL_ERROR] = {"internal-error",
                                  TO(FINISH_MIGRATE) | TO(PRELAUNCH) | TO(SHUTDOWN)},
    [RUN_STATE_IO_ERROR] = {"io-error", TO(RUNNING) | TO(FINISH_MIGRATE) | TO(PRELAUNCH) |
                                            TO(SHUTDOWN) | TO(INTERNAL_ERROR)},
    [RUN_STATE_SHUTDOWN] = {"shutdown", TO(FINISH_MIGRATE) | TO(PRELAUNCH) | TO(INTERNAL_ERROR)},
};

const char *
runstate_name(RunState state)
{
    g_assert(state < RUN_STATE_N);
    return states[state].name;
}

gboolean
runstate_may(RunState from, RunState to)
{
    g_assert(from < RUN_STATE_N && to < RUN_STATE_N);
    return (states[from].may & (1u << to)) != 0;
}

gboolean
runstate_runs_vcpus(RunState state)
{
    return state == RUN_STATE_RUNNING;
}
