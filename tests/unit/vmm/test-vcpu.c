/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vCPU threads over a fake accelerator: who runs when, holding, parking, stopping oneself, machine
 * checks.
 */
#include <string.h>

#include "tests/unit/vmm/vcpu-rig.h"
#include "vdev/kvm-ppc.h"

static void
a_vcpu_runs_only_if_started_and_the_machine_runs(void)
{
    Rig *rig = rig_new();

    rig_stop_all(rig);
    g_assert_cmpuint(rig->raw[0]->runs, ==, 0);
    vcpu_start(rig->vcpu[0]);
    rig_stop_all(rig);
    g_assert_cmpuint(rig->raw[0]->runs, ==, 0);
    vcpu_set_machine_runs(rig->vcpu[0], TRUE);
    vcpu_set_machine_runs(rig->vcpu[1], TRUE);
    rig_wait_in_guest(rig, 0, 1);
    g_assert_cmpuint(rig->raw[1]->runs, ==, 0);
    g_assert_true(vcpu_started(rig->vcpu[0]));
    g_assert_false(vcpu_started(rig->vcpu[1]));
    rig_free(rig);
}

static void
a_hypercall_is_answered_and_its_result_delivered(void)
{
    Rig *rig = rig_new();

    vcpu_start(rig->vcpu[0]);
    rig_wait_in_guest(rig, 0, 1);
    rig_exit(rig, 0, ACCEL_EXIT_HCALL);
    rig_wait_in_guest(rig, 0, 2);
    g_assert_cmpuint(rig->hcalls, ==, 1);
    g_assert_cmpuint(rig->raw[0]->delivered, ==, 1);
    g_assert_cmpint(rig->raw[0]->last_ret, ==, 42);
    g_assert_cmpuint(rig->raw[0]->completes, ==, 0);
    rig_free(rig);
}

static void
parking_completes_the_last_exit_first(void)
{
    Rig *rig = rig_new();

    vcpu_start(rig->vcpu[0]);
    rig_wait_in_guest(rig, 0, 1);
    /* The machine lock is ours: the hypercall waits for it, and meets a stopped machine after. */
    rig_exit(rig, 0, ACCEL_EXIT_HCALL);
    rig_wait_left(rig, 0);
    rig_stop_all(rig);
    g_assert_cmpuint(rig->hcalls, ==, 1);
    g_assert_cmpuint(rig->raw[0]->completes, ==, 1);
    g_assert_cmpint(rig->raw[0]->last_ret, ==, 42);
    g_assert_cmpuint(rig->raw[0]->runs, ==, 1);
    rig_free(rig);
}

static void
registers_of_a_running_vcpu_are_reached_from_outside(void)
{
    Rig *rig = rig_new();
    guint64 value = 5;

    vcpu_start(rig->vcpu[0]);
    rig_wait_in_guest(rig, 0, 1);
    g_assert_cmpint(vcpu_set(rig->vcpu[0], VDEV_REG_PC, &value), ==, 0);
    value = 0;
    g_assert_cmpint(vcpu_get(rig->vcpu[0], VDEV_REG_PC, &value), ==, 0);
    g_assert_cmpuint(value, ==, 5);
    rig_wait_in_guest(rig, 0, 2); /* it went back by itself */
    rig_free(rig);
}

static void
stays_out_and_parks(void (*keep_out)(VdevVcpu *vcpu, gboolean out))
{
    Rig *rig = rig_new();
    guint64 value = 5;

    vcpu_start(rig->vcpu[0]);
    rig_wait_in_guest(rig, 0, 1);
    keep_out(rig->vcpu[0], TRUE);
    rig_wait_left(rig, 0);
    g_assert_cmpint(vcpu_set(rig->vcpu[0], VDEV_REG_PC, &value), ==, 0);
    g_assert_cmpuint(rig->raw[0]->runs, ==, 1); /* it did not go back */
    rig_stop_all(rig);
    for (guint i = 0; i < 2; i++)
        vcpu_set_machine_runs(rig->vcpu[i], TRUE);
    g_assert_cmpuint(rig->raw[0]->runs, ==, 1);
    keep_out(rig->vcpu[0], FALSE);
    rig_wait_in_guest(rig, 0, 2);
    rig_free(rig);
}

static void
a_vcpu_that_rests_is_out_and_parks_all_the_same(void)
{
    stays_out_and_parks(vcpu_set_resting);
}

static void
a_vcpu_that_is_barred_is_out_and_parks_all_the_same(void)
{
    stays_out_and_parks(vcpu_set_barred);
}

static void
a_machine_check_is_for_the_machine(void)
{
    Rig *rig = rig_new();

    vcpu_start(rig->vcpu[0]);
    rig_wait_in_guest(rig, 0, 1);
    rig_exit(rig, 0, ACCEL_EXIT_CHECK);
    rig_wait_in_guest(rig, 0, 2);
    g_assert_cmpuint(rig->checks, ==, 1);
    g_assert_cmpuint(rig->hcalls, ==, 0);
    g_assert_cmpuint(rig->raw[0]->delivered, ==, 0);
    rig_free(rig);
}

static void
block_myself(Rig *rig, VdevVcpu *vcpu)
{
    vcpu_set_blocked(vcpu, TRUE);
}

/* The machine stops and goes on meanwhile, and its registers can be set. */
static void
a_blocked_vcpu_stays_out_though_it_is_started(void)
{
    Rig *rig = rig_new();
    guint64 value = 5;

    rig->on_check = block_myself;
    vcpu_start(rig->vcpu[0]);
    rig_wait_in_guest(rig, 0, 1);
    rig_exit(rig, 0, ACCEL_EXIT_CHECK);
    rig_wait_left(rig, 0);
    rig_stop_all(rig);
    g_assert_cmpuint(rig->checks, ==, 1);
    for (guint i = 0; i < 2; i++)
        vcpu_set_machine_runs(rig->vcpu[i], TRUE);
    g_assert_true(vcpu_started(rig->vcpu[0]));
    g_assert_false(vcpu_idle(rig->vcpu[0]));
    g_assert_cmpint(vcpu_set(rig->vcpu[0], VDEV_REG_PC, &value), ==, 0);
    rig_stop_all(rig);
    g_assert_cmpuint(rig->raw[0]->runs, ==, 1);
    for (guint i = 0; i < 2; i++)
        vcpu_set_machine_runs(rig->vcpu[i], TRUE);
    vcpu_set_blocked(rig->vcpu[0], FALSE);
    rig_wait_in_guest(rig, 0, 2);
    rig_free(rig);
}

static gint64
touch_the_other(Rig *rig, VdevVcpu *vcpu)
{
    guint64 value = 0;

    g_assert_cmpint(vcpu_get(rig->vcpu[1 - vcpu_index(vcpu)], VDEV_REG_PC, &value), ==, 0);
    g_assert_cmpint(vcpu_get(vcpu, VDEV_REG_PC, &value), ==, 0);
    return 42;
}

static void
two_vcpus_that_touch_each_other_do_not_deadlock(void)
{
    Rig *rig = rig_new();

    rig->on_hcall = touch_the_other;
    vcpu_start(rig->vcpu[0]);
    vcpu_start(rig->vcpu[1]);
    for (guint round = 1; round <= 200; round++) {
        for (guint i = 0; i < 2; i++) {
            rig_wait_in_guest(rig, i, 1);
            rig_exit(rig, i, ACCEL_EXIT_HCALL);
        }
        machine_unlock(&rig->lock);
        machine_lock_main(&rig->lock);
    }
    rig_stop_all(rig);
    g_assert_cmpuint(rig->raw[0]->delivered + rig->raw[1]->delivered, ==, rig->hcalls);
    g_assert_cmpuint(rig->hcalls, >=, 2);
    rig_free(rig);
}

static gint64
stop_myself(Rig *rig, VdevVcpu *vcpu)
{
    vcpu_stop(vcpu);
    return 43;
}

static void
stopping_oneself_completes_before_the_lock_is_given_up(void)
{
    Rig *rig = rig_new();
    guint64 entry = 0x100;

    rig->on_hcall = stop_myself;
    vcpu_start(rig->vcpu[0]);
    rig_wait_in_guest(rig, 0, 1);
    rig_exit(rig, 0, ACCEL_EXIT_HCALL);
    do {
        machine_unlock(&rig->lock);
        g_thread_yield();
        machine_lock_main(&rig->lock);
    } while (vcpu_started(rig->vcpu[0]));
    /* As another vCPU would: registers, then start. The answer must not come after them. */
    g_assert_cmpuint(rig->raw[0]->completes, ==, 1);
    g_assert_cmpint(vcpu_set(rig->vcpu[0], VDEV_REG_PC, &entry), ==, 0);
    vcpu_start(rig->vcpu[0]);
    rig_wait_in_guest(rig, 0, 2);
    g_assert_cmphex(rig->raw[0]->reg, ==, 0x100);
    rig_free(rig);
}

static void
a_hypercall_of_a_vcpu_that_was_stopped_is_forgotten(void)
{
    Rig *rig = rig_new();
    guint64 entry = 0x200;

    vcpu_start(rig->vcpu[0]);
    rig_wait_in_guest(rig, 0, 1);
    rig_exit(rig, 0, ACCEL_EXIT_HCALL);
    rig_wait_left(rig, 0); /* it now wants the machine lock, which is ours */
    vcpu_stop(rig->vcpu[0]);
    g_assert_cmpint(vcpu_set(rig->vcpu[0], VDEV_REG_PC, &entry), ==, 0);
    vcpu_start(rig->vcpu[0]);
    rig_wait_in_guest(rig, 0, 2);
    g_assert_cmpuint(rig->hcalls, ==, 0);
    g_assert_cmphex(rig->raw[0]->reg, ==, 0x200);
    rig_free(rig);
}

static void
a_stray_load_gives_all_ones(void)
{
    static const guint8 ones[8] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    Rig *rig = rig_new();

    vcpu_start(rig->vcpu[0]);
    rig_wait_in_guest(rig, 0, 1);
    rig_exit(rig, 0, ACCEL_EXIT_MMIO);
    rig_wait_in_guest(rig, 0, 2);
    g_assert_cmpmem(rig->stray, 8, ones, 8);
    rig_free(rig);
}

static void
a_vcpu_that_is_out_stays_out_until_started_again(void)
{
    static const AccelExitKind kinds[] = {ACCEL_EXIT_HALTED, ACCEL_EXIT_GUEST_FAULT,
                                          ACCEL_EXIT_FAILED};
    Rig *rig = rig_new();

    for (guint i = 0; i < G_N_ELEMENTS(kinds); i++) {
        vcpu_start(rig->vcpu[0]);
        g_assert_false(vcpu_idle(rig->vcpu[0]));
        rig_wait_in_guest(rig, 0, i + 1);
        rig_exit(rig, 0, kinds[i]);
        machine_unlock(&rig->lock);
        g_mutex_lock(&rig->mutex);
        while (rig->outs < i + 1)
            g_cond_wait(&rig->cond, &rig->mutex);
        g_assert_cmpint(rig->out_kind, ==, kinds[i]);
        g_mutex_unlock(&rig->mutex);
        machine_lock_main(&rig->lock);
        g_assert_true(vcpu_idle(rig->vcpu[0]));
        g_assert_true(vcpu_started(rig->vcpu[0]));
        rig_stop_all(rig);
        vcpu_set_machine_runs(rig->vcpu[0], TRUE);
        g_assert_cmpuint(rig->raw[0]->runs, ==, i + 1);
    }
    rig_free(rig);
}

static gint64
ask_for_a_reset(Rig *rig, VdevVcpu *vcpu)
{
    for (guint i = 0; i < 2; i++)
        vcpu_rest_if_caller(rig->vcpu[i]);
    return 0;
}

static void
a_vcpu_that_asked_for_the_end_executes_nothing_more(void)
{
    Rig *rig = rig_new();

    rig->on_hcall = ask_for_a_reset;
    vcpu_start(rig->vcpu[0]);
    vcpu_start(rig->vcpu[1]);
    rig_wait_in_guest(rig, 0, 1);
    rig_wait_in_guest(rig, 1, 1);
    rig_exit(rig, 0, ACCEL_EXIT_HCALL);
    rig_wait_left(rig, 0);
    vcpu_wait_parked(rig->vcpu[0]); /* nobody stopped the machine: it parks of itself */
    g_assert_cmpuint(rig->raw[0]->runs, ==, 1);
    g_assert_true(rig->raw[1]->running);
    vcpu_set_machine_runs(rig->vcpu[0], TRUE);
    rig_wait_in_guest(rig, 0, 2);
    rig_free(rig);
}

static void
a_thread_has_its_kernel_id(void)
{
    Rig *rig = rig_new();

    g_assert_cmpint(vcpu_thread_id(rig->vcpu[0]), >, 0);
    g_assert_cmpint(vcpu_thread_id(rig->vcpu[0]), !=, vcpu_thread_id(rig->vcpu[1]));
    g_assert_cmpuint(vcpu_id(rig->vcpu[1]), ==, 8);
    rig_free(rig);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/vcpu/runs", a_vcpu_runs_only_if_started_and_the_machine_runs);
    g_test_add_func("/vcpu/hcall", a_hypercall_is_answered_and_its_result_delivered);
    g_test_add_func("/vcpu/park", parking_completes_the_last_exit_first);
    g_test_add_func("/vcpu/hold", registers_of_a_running_vcpu_are_reached_from_outside);
    g_test_add_func("/vcpu/each-other", two_vcpus_that_touch_each_other_do_not_deadlock);
    g_test_add_func("/vcpu/stop-self", stopping_oneself_completes_before_the_lock_is_given_up);
    g_test_add_func("/vcpu/stop-other", a_hypercall_of_a_vcpu_that_was_stopped_is_forgotten);
    g_test_add_func("/vcpu/stray", a_stray_load_gives_all_ones);
    g_test_add_func("/vcpu/out", a_vcpu_that_is_out_stays_out_until_started_again);
    g_test_add_func("/vcpu/rest", a_vcpu_that_asked_for_the_end_executes_nothing_more);
    g_test_add_func("/vcpu/barred", a_vcpu_that_is_barred_is_out_and_parks_all_the_same);
    g_test_add_func("/vcpu/slow", a_vcpu_that_rests_is_out_and_parks_all_the_same);
    g_test_add_func("/vcpu/check", a_machine_check_is_for_the_machine);
    g_test_add_func("/vcpu/blocked", a_blocked_vcpu_stays_out_though_it_is_started);
    g_test_add_func("/vcpu/thread-id", a_thread_has_its_kernel_id);
    return g_test_run();
}
