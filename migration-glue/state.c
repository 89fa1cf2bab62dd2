/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table of transitions.
 */
#include "migration-glue/state.h"

#define TO(status) (1u << MIG_STATUS_##status)

static const struct {
    const char *name;
    const char *own_name;
    guint32 to;
} rows[MIG_STATUS_N] = {
    [MIG_STATUS_NONE] = {"none", "none", TO(SETUP)},
    [MIG_STATUS_SETUP] = {"setup", "setup", TO(ACTIVE) | TO(FAILED) | TO(CANCELLING)},
    [MIG_STATUS_ACTIVE] = {"active", "active",
                           TO(PRE_SWITCHOVER) | TO(DEVICE) | TO(POSTCOPY_ACTIVE) | TO(COMPLETED) |
                               TO(FAILED) | TO(CANCELLING)},
    [MIG_STATUS_PRE_SWITCHOVER] = {"pre-switchover", "pre-switchover",
                                   TO(DEVICE) | TO(FAILED) | TO(CANCELLING)},
    [MIG_STATUS_DEVICE] = {"device", "device",
                           TO(HANDOVER) | TO(POSTCOPY_ACTIVE) | TO(FAILED) | TO(CANCELLING)},
    [MIG_STATUS_HANDOVER] = {"device", "handover",
                             TO(COMPLETED) | TO(FAILED) | TO(HANDOVER_UNKNOWN)},
    [MIG_STATUS_HANDOVER_UNKNOWN] = {"failed", "handover-unknown", TO(COMPLETED) | TO(FAILED)},
    [MIG_STATUS_POSTCOPY_ACTIVE] = {"postcopy-active", "postcopy-active",
                                    TO(COMPLETED) | TO(FAILED) | TO(POSTCOPY_PAUSED)},
    [MIG_STATUS_POSTCOPY_PAUSED] = {"postcopy-paused", "postcopy-paused",
                                    TO(POSTCOPY_RECOVER) | TO(COMPLETED) | TO(FAILED)},
    [MIG_STATUS_POSTCOPY_RECOVER] = {"postcopy-recover", "postcopy-recover",
                                     TO(POSTCOPY_ACTIVE) | TO(POSTCOPY_PAUSED)},
    [MIG_STATUS_COMPLETED] = {"completed", "completed", 0},
    [MIG_STATUS_FAILED] = {"failed", "failed", 0},
    [MIG_STATUS_CANCELLING] = {"cancelling", "cancelling", TO(CANCELLED)},
    [MIG_STATUS_CANCELLED] = {"cancelled", "cancelled", 0},
};

const char *
mig_status_name(MigStatus status)
{
    return rows[status].name;
}

const char *
mig_status_own_name(MigStatus status)
{
    return rows[status].own_name;
}

gboolean
mig_status_may(MigStatus from, MigStatus to)
{
    return (rows[from].to & (1u << to)) != 0;
}

gboolean
mig_status_is_over(MigStatus status)
{
    return rows[status].to == 0 || status == MIG_STATUS_HANDOVER_UNKNOWN;
}

gboolean
mig_status_is_postcopy(MigStatus status)
{
    return status >= MIG_STATUS_POSTCOPY_ACTIVE && status <= MIG_STATUS_POSTCOPY_RECOVER;
}

gboolean
mig_status_guest_is_ours(MigStatus status)
{
    return status != MIG_STATUS_HANDOVER && status != MIG_STATUS_HANDOVER_UNKNOWN &&
           status != MIG_STATUS_COMPLETED && !mig_status_is_postcopy(status);
}

MigStatus
mig_state_get(const MigState *state)
{
    return (MigStatus)g_atomic_int_get(&state->status);
}

gboolean
mig_state_move(MigState *state, MigStatus to)
{
    for (;;) {
        gint from = g_atomic_int_get(&state->status);

        if (!mig_status_may((MigStatus)from, to))
            return FALSE;
        if (g_atomic_int_compare_and_exchange(&state->status, from, (gint)to))
            return TRUE;
    }
}
