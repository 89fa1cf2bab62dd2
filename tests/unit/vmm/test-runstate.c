/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The run states' table, by the invariants that vmm/runstate.c numbers.
 */
#include "vmm/runstate.h"

static void
only_running_runs_vcpus_rs1(void)
{
    for (guint state = 0; state < RUN_STATE_N; state++)
        g_assert_cmpint(runstate_runs_vcpus(state), ==, state == RUN_STATE_RUNNING);
}

static void
no_state_goes_to_itself_rs2(void)
{
    for (guint state = 0; state < RUN_STATE_N; state++)
        g_assert_false(runstate_may(state, state));
}

static void
a_dead_machine_needs_a_reset_rs3(void)
{
    g_assert_false(runstate_may(RUN_STATE_SHUTDOWN, RUN_STATE_RUNNING));
    g_assert_false(runstate_may(RUN_STATE_INTERNAL_ERROR, RUN_STATE_RUNNING));
    g_assert_true(runstate_may(RUN_STATE_SHUTDOWN, RUN_STATE_PRELAUNCH));
    g_assert_true(runstate_may(RUN_STATE_INTERNAL_ERROR, RUN_STATE_PRELAUNCH));
    g_assert_true(runstate_may(RUN_STATE_GUEST_PANICKED, RUN_STATE_RUNNING));
}

static void
doors_into_migration_states_rs4_rs5(void)
{
    for (guint from = 0; from < RUN_STATE_N; from++) {
        g_assert_cmpint(runstate_may(from, RUN_STATE_INMIGRATE), ==, from == RUN_STATE_PRELAUNCH);
        g_assert_cmpint(runstate_may(from, RUN_STATE_POSTMIGRATE), ==,
                        from == RUN_STATE_FINISH_MIGRATE);
    }
}

/* Bit n: state n can be reached from @from. */
static guint32
reachable(RunState from)
{
    guint32 seen = 1u << from, before = 0;

    while (seen != before) {
        before = seen;
        for (guint a = 0; a < RUN_STATE_N; a++)
            for (guint b = 0; b < RUN_STATE_N; b++)
                if ((seen & 1u << a) != 0 && runstate_may(a, b))
                    seen |= 1u << b;
    }
    return seen;
}

static void
every_state_lies_on_a_way_rs6(void)
{
    g_assert_cmphex(reachable(RUN_STATE_PRELAUNCH), ==, (1u << RUN_STATE_N) - 1);
    for (guint state = 0; state < RUN_STATE_N; state++)
        g_assert_cmphex(reachable(state) & 1u << RUN_STATE_RUNNING, !=, 0);
}

static void
names_are_qemus(void)
{
    static const char *const names[RUN_STATE_N] = {
        "prelaunch",   "inmigrate",      "running",        "paused",   "finish-migrate",
        "postmigrate", "guest-panicked", "internal-error", "io-error", "shutdown",
    };

    for (guint state = 0; state < RUN_STATE_N; state++)
        g_assert_cmpstr(runstate_name(state), ==, names[state]);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/runstate/rs1", only_running_runs_vcpus_rs1);
    g_test_add_func("/runstate/rs2", no_state_goes_to_itself_rs2);
    g_test_add_func("/runstate/rs3", a_dead_machine_needs_a_reset_rs3);
    g_test_add_func("/runstate/rs4-rs5", doors_into_migration_states_rs4_rs5);
    g_test_add_func("/runstate/rs6", every_state_lies_on_a_way_rs6);
    g_test_add_func("/runstate/names", names_are_qemus);
    return g_test_run();
}
