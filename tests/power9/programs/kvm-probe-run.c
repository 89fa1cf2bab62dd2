/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * kvm-probe: vCPUs run, leave the guest for every reason there is, and are kicked.
 */
#include "tests/power9/programs/kvm-probe.h"

#include <string.h>

static guint64
word_at(Fixture *f, guint64 gpa)
{
    guint64 word;

    g_assert_true(guestmem_read(f->ram, gpa, &word, sizeof(word)));
    return word;
}

static void
registers_set_are_registers_run_with(Fixture *f, gconstpointer data)
{
    /* no hypercall at the end: one may change CTR */
    static const guint32 code[] = {ADDI(3, 3, 1), STD(3, 4), LD(6, 5)};
    guint8 vsr[16] = "0123456789abcde", back[16] = "";

    probe_load_guest(f, code, G_N_ELEMENTS(code));
    probe_set_reg(f, VDEV_REG_GPR(3), G_GUINT64_CONSTANT(0x123456789abcdef0));
    probe_set_reg(f, VDEV_REG_GPR(4), DATA);
    probe_set_reg(f, VDEV_REG_GPR(5), NOWHERE);
    probe_set_reg(f, VDEV_REG_LR, 0xa0);
    probe_set_reg(f, VDEV_REG_CTR, 0xa1);
    probe_set_reg(f, VDEV_REG_CR, 0x12345678);
    probe_set_reg(f, VDEV_REG_SPRG(3), 0xa3);
    probe_set_reg(f, VDEV_REG_SRR0, 0xa4);
    g_assert_cmpint(kvm->vcpu_set(f->vcpu, VDEV_REG_VSR(7), vsr), ==, 0);
    g_assert_cmpint(probe_run(f), ==, ACCEL_EXIT_MMIO);
    g_assert_cmphex(probe_get_reg(f, VDEV_REG_GPR(3)), ==, G_GUINT64_CONSTANT(0x123456789abcdef1));
    g_assert_cmphex(probe_get_reg(f, VDEV_REG_PC), ==, CODE + 12);
    g_assert_cmphex(probe_get_reg(f, VDEV_REG_LR), ==, 0xa0);
    g_assert_cmphex(probe_get_reg(f, VDEV_REG_CTR), ==, 0xa1);
    g_assert_cmphex(probe_get_reg(f, VDEV_REG_CR), ==, 0x12345678);
    g_assert_cmphex(probe_get_reg(f, VDEV_REG_SPRG(3)), ==, 0xa3);
    g_assert_cmphex(probe_get_reg(f, VDEV_REG_SRR0), ==, 0xa4);
    g_assert_cmpint(kvm->vcpu_get(f->vcpu, VDEV_REG_VSR(7), back), ==, 0);
    g_assert_cmpmem(back, 16, vsr, 16);
    g_assert_cmphex(word_at(f, DATA), ==, G_GUINT64_CONSTANT(0x123456789abcdef1));
}

static void
a_pid_set_by_either_name_is_read_by_both(Fixture *f, gconstpointer data)
{
    probe_set_reg(f, VDEV_REG_PID, 42);
    g_assert_cmpuint(probe_get_reg(f, VDEV_REG_CORE_PID), ==, 42);
    probe_set_reg(f, VDEV_REG_LR, 7); /* the structure is written back with it */
    probe_set_reg(f, VDEV_REG_CORE_PID, 43);
    probe_set_reg(f, VDEV_REG_LR, 8);
    g_assert_cmpuint(probe_get_reg(f, VDEV_REG_PID), ==, 43);
    g_assert_cmpuint(probe_get_reg(f, VDEV_REG_LR), ==, 8);
}

static void
a_hypercalls_results_arrive_at_the_next_run_or_by_completing(Fixture *f, gconstpointer data)
{
    static const guint32 code[] = {LI(3, 0x58), LI(4, 1), SC1, STD(3, 9), STD(4, 10), SC1};

    probe_load_guest(f, code, G_N_ELEMENTS(code));
    probe_set_reg(f, VDEV_REG_GPR(9), DATA);
    probe_set_reg(f, VDEV_REG_GPR(10), DATA + 8);
    g_assert_cmpint(probe_run(f), ==, ACCEL_EXIT_HCALL);
    g_assert_cmphex(f->exit.hcall.nr, ==, 0x58);
    g_assert_cmphex(f->exit.hcall.args[0], ==, 1);
    g_assert_cmphex(f->exit.hcall.args[5], ==, DATA);
    f->exit.hcall.ret = 0x77;
    f->exit.hcall.args[0] = 0x88;
    g_assert_cmpint(probe_run(f), ==, ACCEL_EXIT_HCALL);
    g_assert_cmphex(f->exit.hcall.nr, ==, 0x77);
    g_assert_cmphex(word_at(f, DATA), ==, 0x77);
    g_assert_cmphex(word_at(f, DATA + 8), ==, 0x88);
    f->exit.hcall.ret = -2;
    kvm->vcpu_complete(f->vcpu, &f->exit);
    g_assert_cmpint(f->exit.kind, ==, ACCEL_EXIT_INTR);
    g_assert_cmpint((gint64)probe_get_reg(f, VDEV_REG_GPR(3)), ==, -2);
    g_assert_cmphex(probe_get_reg(f, VDEV_REG_PC), ==, CODE + sizeof(code));
    kvm->vcpu_complete(f->vcpu, &f->exit); /* nothing left, nothing done */
    g_assert_cmpint(f->exit.kind, ==, ACCEL_EXIT_INTR);
}

static void
an_access_to_nowhere_is_an_exit(Fixture *f, gconstpointer data)
{
    static const guint32 code[] = {STW(5, 4), LD(6, 4), SC1};

    probe_load_guest(f, code, G_N_ELEMENTS(code));
    probe_set_reg(f, VDEV_REG_GPR(4), NOWHERE);
    probe_set_reg(f, VDEV_REG_GPR(5), 0x64636261);
    g_assert_cmpint(probe_run(f), ==, ACCEL_EXIT_MMIO);
    g_assert_cmphex(f->exit.mmio.gpa, ==, NOWHERE);
    g_assert_true(f->exit.mmio.is_write);
    g_assert_cmpuint(f->exit.mmio.n, ==, 4);
    g_assert_cmpmem(f->exit.mmio.data, 4, "abcd", 4); /* as it would lie in memory */
    g_assert_cmpint(probe_run(f), ==, ACCEL_EXIT_MMIO);
    g_assert_false(f->exit.mmio.is_write);
    g_assert_cmpuint(f->exit.mmio.n, ==, 8);
    memcpy(f->exit.mmio.data, "\1\2\3\4\5\6\7\10", 8);
    g_assert_cmpint(probe_run(f), ==, ACCEL_EXIT_HCALL);
    g_assert_cmphex(probe_get_reg(f, VDEV_REG_GPR(6)), ==, G_GUINT64_CONSTANT(0x0807060504030201));
}

static void
a_guest_that_touches_an_absent_source_is_reported_and_can_go_on(Fixture *f, gconstpointer data)
{
    static const guint32 code[] = {LI(3, 0x58), SC1, LD(6, 7), STD(6, 8), SC1};

    probe_load_guest(f, code, G_N_ELEMENTS(code));
    g_assert_cmpint(probe_run(f), ==, ACCEL_EXIT_HCALL);
    kvm->vcpu_complete(f->vcpu, &f->exit);
    probe_set_reg(f, VDEV_REG_GPR(7), ESB + ESB_AT(LISN, ESB_GET));
    probe_set_reg(f, VDEV_REG_GPR(8), DATA);
    for (guint i = 0; i < 3; i++) {
        g_assert_cmpint(probe_run(f), ==, ACCEL_EXIT_GUEST_FAULT);
        g_assert_nonnull(strstr(f->exit.message, "an ESB page of an absent interrupt source"));
        g_assert_cmphex(probe_get_reg(f, VDEV_REG_PC), ==, CODE + 8);
    }
    probe_make_source(f, LISN);
    g_assert_cmpint(probe_run(f), ==, ACCEL_EXIT_HCALL);
    g_assert_cmphex(GUINT64_FROM_BE(word_at(f, DATA)), ==, 1); /* off */
}

static void
a_guest_that_touches_a_closed_tima_page_is_reported(Fixture *f, gconstpointer data)
{
    static const guint32 code[] = {LD(6, 7), SC1};

    for (guint page = 0; page < VDEV_XIVE_TIMA_PAGES; page++) {
        probe_load_guest(f, code, G_N_ELEMENTS(code));
        probe_set_reg(f, VDEV_REG_GPR(7), TIMA + page * 0x10000 + 0x10);
        g_assert_cmpint(probe_run(f), ==, page == 2 ? ACCEL_EXIT_HCALL : ACCEL_EXIT_GUEST_FAULT);
        kvm->vcpu_complete(f->vcpu, &f->exit); /* else its results would go to the next guest */
    }
}

/* ---- kicks --------------------------------------------------------------------------------- */

static void
a_kick_before_the_run_ends_it(Fixture *f, gconstpointer data)
{
    static const guint32 code[] = {LOOP};

    probe_load_guest(f, code, G_N_ELEMENTS(code));
    for (guint i = 0; i < 100; i++) {
        kvm->vcpu_kick(f->vcpu);
        kvm->vcpu_run(f->vcpu, &f->exit);
        g_assert_cmpint(f->exit.kind, ==, ACCEL_EXIT_INTR);
    }
}

static void
completing_does_not_use_up_a_kick(Fixture *f, gconstpointer data)
{
    static const guint32 code[] = {SC1, LOOP};

    probe_load_guest(f, code, G_N_ELEMENTS(code));
    g_assert_cmpint(probe_run(f), ==, ACCEL_EXIT_HCALL);
    kvm->vcpu_kick(f->vcpu);
    kvm->vcpu_complete(f->vcpu, &f->exit);
    kvm->vcpu_run(f->vcpu, &f->exit); /* would loop for ever */
    g_assert_cmpint(f->exit.kind, ==, ACCEL_EXIT_INTR);
}

typedef struct {
    Fixture *f;
    gint wanted, seen; /* atomic: rounds asked for and answered */
    guint hcalls;
} Race;

#define ROUNDS 1000

/* As a vCPU's thread: looks whether something is wanted, and if not runs, whatever comes out. */
static gpointer
answer(gpointer user)
{
    Race *race = user;

    while (g_atomic_int_get(&race->seen) < ROUNDS) {
        gint wanted = g_atomic_int_get(&race->wanted);

        if (wanted != g_atomic_int_get(&race->seen)) {
            g_atomic_int_set(&race->seen, wanted);
            continue;
        }
        kvm->vcpu_run(race->f->vcpu, &race->f->exit);
        race->hcalls += race->f->exit.kind == ACCEL_EXIT_HCALL;
    }
    return NULL;
}

static void
race_kicks(Fixture *f, const guint32 *code, gsize n)
{
    Race race = {.f = f};
    GThread *thread;

    probe_load_guest(f, code, n);
    thread = g_thread_new("vcpu", answer, &race);
    for (gint round = 1; round <= ROUNDS; round++) {
        g_atomic_int_set(&race.wanted, round);
        kvm->vcpu_kick(f->vcpu);
        while (g_atomic_int_get(&race.seen) != round) /* for ever, if one were lost */
            g_thread_yield();
    }
    g_thread_join(thread);
    g_test_message("%d kicks answered, %u hypercalls between", ROUNDS, race.hcalls);
}

static void
no_kick_is_lost_on_a_guest_that_loops(Fixture *f, gconstpointer data)
{
    static const guint32 code[] = {LOOP};

    race_kicks(f, code, G_N_ELEMENTS(code));
}

static void
no_kick_is_lost_on_a_guest_that_keeps_calling(Fixture *f, gconstpointer data)
{
    static const guint32 code[] = {LI(3, 0x58), SC1, BACK(8)};

    race_kicks(f, code, G_N_ELEMENTS(code));
}

const Case probe_run_cases[] = {
    CASE(registers_set_are_registers_run_with),
    CASE(a_pid_set_by_either_name_is_read_by_both),
    CASE(a_hypercalls_results_arrive_at_the_next_run_or_by_completing),
    CASE(an_access_to_nowhere_is_an_exit),
    CASE(a_guest_that_touches_an_absent_source_is_reported_and_can_go_on),
    CASE(a_guest_that_touches_a_closed_tima_page_is_reported),
    CASE(a_kick_before_the_run_ends_it),
    CASE(completing_does_not_use_up_a_kick),
    CASE(no_kick_is_lost_on_a_guest_that_loops),
    CASE(no_kick_is_lost_on_a_guest_that_keeps_calling),
    {NULL},
};
