/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vCPUs of the model: registers by id, exits and their completion, kicks, waiting, the hypercalls
 * that KVM answers, several threads at once.
 */
#include <errno.h>
#include <string.h>

#include "tests/model/model-rig.h"

#define GET(reg, value) model_accel_class.vcpu_get(rig.vcpus[0], reg, value)
#define SET(reg, value) model_accel_class.vcpu_set(rig.vcpus[0], reg, value)

/* ---- registers ----------------------------------------------------------------------------- */

static const guint64 kept[] = {
    VDEV_REG_GPR(0),  VDEV_REG_GPR(31),   VDEV_REG_PC,     VDEV_REG_MSR,  VDEV_REG_CORE_PID,
    VDEV_REG_SPRG(7), VDEV_REG_FPR(31),   VDEV_REG_VR(31), VDEV_REG_DSCR, VDEV_REG_VSR(31),
    VDEV_REG_VSCR,    VDEV_REG_PMC(6),    VDEV_REG_ONLINE, VDEV_REG_PPR,  VDEV_REG_ARCH_COMPAT,
    VDEV_REG_AMR,     VDEV_REG_DEC_EXPIRY};

static void
a_register_keeps_what_was_set_at_its_width(void)
{
    Rig rig;

    rig_open(&rig, NULL);
    rig_vcpus(&rig, 2);
    for (guint i = 0; i < G_N_ELEMENTS(kept); i++) {
        guint8 in[32], out[32];
        gsize n = VDEV_REG_SIZE(kept[i]);

        memset(in, 0x11 + (int)i, sizeof(in));
        memset(out, 0xee, sizeof(out));
        g_assert_cmpint(SET(kept[i], in), ==, 0);
        g_assert_cmpint(GET(kept[i], out), ==, 0);
        g_assert_cmpmem(out, n, in, n);
        g_assert_cmphex(out[n], ==, 0xee); /* not a byte more */
    }
    g_assert_cmphex(rig_reg(&rig, 1, VDEV_REG_GPR(31)), ==, 0); /* each vCPU has its own */
    rig_close(&rig);
}

static void
unknown_ids_and_wrong_widths_are_einval(void)
{
    static const guint64 bad[] = {0,
                                  VDEV_REG_CORE(50),
                                  VDEV_REG_U64(0x7000),
                                  VDEV_REG_TFHAR,
                                  VDEV_REG_TEXASR,
                                  VDEV_REG_GPR(0) & ~VDEV_REG_PPC,
                                  VDEV_REG_U32(0x9),  /* DSCR is wider */
                                  VDEV_REG_U64(0xbf), /* ONLINE is narrower */
                                  VDEV_REG_U64(0x8d), /* VP state likewise */
                                  G_MAXUINT64};
    guint8 value[32] = {0};
    Rig rig;

    rig_open(&rig, NULL);
    rig_vcpus(&rig, 1);
    for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_assert_cmpint(GET(bad[i], value), ==, -EINVAL);
        g_assert_cmpint(SET(bad[i], value), ==, -EINVAL);
    }
    rig_close(&rig);
}

static void
registers_start_as_on_a_fresh_vcpu(void)
{
    Rig rig;

    rig_open(&rig, NULL);
    rig_vcpus(&rig, 1);
    g_assert_cmphex(rig_reg(&rig, 0, VDEV_REG_PVR), ==, 0x004e1202);
    g_assert_cmphex(rig_reg(&rig, 0, VDEV_REG_LPCR), ==, 0x004000000054f41f);
    g_assert_cmphex(rig_reg(&rig, 0, VDEV_REG_GPR(1)), ==, 0);
    rig_close(&rig);
}

static void
registers_with_rules_keep_them(void)
{
    guint64 pair[2] = {0x1000, 47};
    guint64 pvr = 0x004e1203;
    Rig rig;

    rig_open(&rig, NULL);
    rig_vcpus(&rig, 1);
    g_assert_cmpint(SET(VDEV_REG_PVR, &pvr), ==, -EINVAL);
    rig_set_reg(&rig, 0, VDEV_REG_LPCR, G_MAXUINT64);
    g_assert_cmphex(rig_reg(&rig, 0, VDEV_REG_LPCR) & VDEV_LPCR_ILE, ==, VDEV_LPCR_ILE);
    g_assert_cmphex(rig_reg(&rig, 0, VDEV_REG_LPCR) >> 56, ==, 0); /* not settable */
    rig_set_reg(&rig, 0, VDEV_REG_TB_OFFSET, 0x1000001);
    g_assert_cmphex(rig_reg(&rig, 0, VDEV_REG_TB_OFFSET), ==, 0x2000000); /* rounded up */
    g_assert_cmpint(SET(VDEV_REG_VPA_SLB, pair), ==, -EINVAL);            /* no area yet */
    rig_set_reg(&rig, 0, VDEV_REG_VPA_ADDR, 0x2000);
    g_assert_cmpint(SET(VDEV_REG_VPA_DTL, pair), ==, -EINVAL); /* too short */
    g_assert_cmpint(SET(VDEV_REG_VPA_SLB, pair), ==, 0);
    pair[0] = 0;
    g_assert_cmpint(SET(VDEV_REG_VPA_ADDR, pair), ==, -EINVAL); /* the buffer goes first */
    g_assert_cmpint(SET(VDEV_REG_VPA_SLB, pair), ==, 0);
    g_assert_cmpint(SET(VDEV_REG_VPA_ADDR, pair), ==, 0);
    rig_close(&rig);
}

static void
the_mmu_and_hypercalls_are_checked_as_by_kvm(void)
{
    guint64 both = VDEV_MMU_RADIX | VDEV_MMU_GTSE;
    Rig rig;

    rig_open(&rig, NULL);
#define MMU(flags, table) model_accel_class.set_mmu(rig.accel, flags, table)
    g_assert_cmpint(MMU(both, VDEV_PATE_GR), ==, 0);
    g_assert_cmpint(MMU(both, VDEV_PATE_GR | 0x4000 | 24), ==, 0);
    g_assert_cmpint(MMU(both, VDEV_PATE_GR | 25), ==, -EINVAL);
    g_assert_cmpint(MMU(both, 0), ==, -EINVAL); /* the flags and the table disagree */
    g_assert_cmpint(MMU(0, VDEV_PATE_GR), ==, -EINVAL);
    g_assert_cmpint(MMU(0, 0), ==, -EINVAL); /* no hash guests */
    g_assert_cmpint(MMU(both | 4, VDEV_PATE_GR), ==, -EINVAL);
    g_assert_cmpint(model_accel_class.enable_hcall(rig.accel, 0x31c), ==, 0);
    g_assert_cmpint(model_accel_class.enable_hcall(rig.accel, 0x3a8), ==, -EINVAL);
    rig_close(&rig);
}

/* ---- exits --------------------------------------------------------------------------------- */

static void
a_hypercall_finds_its_results_in_registers(void)
{
    AccelExit exit = {0};
    Rig rig;

    rig_open(&rig, NULL);
    rig_vcpus(&rig, 1);
    rig_script(&rig, "vcpu 0\n hcall 0xabc 1 2 3 -> H_P2 7\n");
    rig_run(&rig, 0, &exit);
    g_assert_cmpint(exit.kind, ==, ACCEL_EXIT_HCALL);
    g_assert_cmphex(exit.hcall.nr, ==, 0xabc);
    g_assert_cmphex(exit.hcall.args[2], ==, 3);
    g_assert_cmphex(exit.hcall.args[3], ==, 0);
    exit.hcall.ret = -55;
    exit.hcall.args[0] = 7;
    model_accel_class.vcpu_complete(rig.vcpus[0], &exit);
    g_assert_cmphex(rig_reg(&rig, 0, VDEV_REG_GPR(3)), ==, (guint64)-55);
    g_assert_cmphex(rig_reg(&rig, 0, VDEV_REG_GPR(4)), ==, 7);
    exit.hcall.args[0] = 8; /* too late: it is complete */
    rig_run(&rig, 0, &exit);
    g_assert_cmpint(exit.kind, ==, ACCEL_EXIT_HALTED);
    rig_close(&rig);
}

static void
an_access_without_memory_is_an_mmio_exit(void)
{
    static const guint8 bytes[4] = {0x12, 0x34, 0x56, 0x78};
    AccelExit exit = {0};
    Rig rig;

    rig_open(&rig, NULL);
    rig_vcpus(&rig, 1);
    rig_script(&rig, "vcpu 0\n store32 0x80000000 0x12345678\n load16 0x80000004 -> 0xabcd\n");
    rig_run(&rig, 0, &exit);
    g_assert_cmpint(exit.kind, ==, ACCEL_EXIT_MMIO);
    g_assert_true(exit.mmio.is_write);
    g_assert_cmphex(exit.mmio.gpa, ==, 0x80000000);
    g_assert_cmpmem(exit.mmio.data, exit.mmio.n, bytes, 4);
    rig_run(&rig, 0, &exit);
    g_assert_cmpint(exit.kind, ==, ACCEL_EXIT_MMIO);
    g_assert_false(exit.mmio.is_write);
    g_assert_cmpuint(exit.mmio.n, ==, 2);
    exit.mmio.data[0] = 0xab;
    exit.mmio.data[1] = 0xcd;
    rig_run(&rig, 0, &exit);
    g_assert_cmpint(exit.kind, ==, ACCEL_EXIT_HALTED);
    rig_close(&rig);
}

static void
a_kick_ends_the_present_or_the_next_run(void)
{
    AccelExit exit = {0};
    Rig rig;

    rig_open(&rig, NULL);
    rig_vcpus(&rig, 1);
    rig_script(&rig, "vcpu 0\n repeat forever\n end\n");
    model_accel_class.vcpu_kick(rig.vcpus[0]);
    rig_run(&rig, 0, &exit);
    g_assert_cmpint(exit.kind, ==, ACCEL_EXIT_INTR);
    rig_close(&rig);
}

static void
a_vcpu_without_a_script_halts(void)
{
    AccelExit exit = {0};
    Rig rig;

    rig_open(&rig, NULL);
    rig_vcpus(&rig, 2);
    rig_run(&rig, 0, &exit);
    g_assert_cmpint(exit.kind, ==, ACCEL_EXIT_HALTED);
    rig_script(&rig, "vcpu 1\n stop\n");
    rig_run(&rig, 0, &exit);
    g_assert_cmpint(exit.kind, ==, ACCEL_EXIT_HALTED);
    rig_close(&rig);
}

/* All state of a vCPU is in its registers: carried to another machine, it goes on. */
static void
registers_carry_a_vcpu_to_another_machine(void)
{
    static const char text[] = "vcpu 0\n"
                               " let a = 5\n queue q 0x100000 16\n"
                               " repeat 3\n  hcall 0x1000 a\n  let a = a + 1\n end\n"
                               " expect a == 8\n hcall 0x2000\n";
    AccelExit exit = {0};
    Rig from, to;

    rig_open(&from, NULL);
    rig_open(&to, NULL);
    rig_vcpus(&from, 1);
    rig_vcpus(&to, 1);
    rig_script(&from, text);
    rig_script(&to, text);
    rig_run(&from, 0, &exit);
    exit.hcall.ret = 0;
    rig_run(&from, 0, &exit);
    g_assert_cmphex(exit.hcall.args[0], ==, 6);
    exit.hcall.ret = 0;
    model_accel_class.vcpu_complete(from.vcpus[0], &exit);
    for (guint i = 0; i < VDEV_REG_CORE_N; i++)
        rig_set_reg(&to, 0, VDEV_REG_CORE(i), rig_reg(&from, 0, VDEV_REG_CORE(i)));
    rig_run(&to, 0, &exit);
    g_assert_cmpint(exit.kind, ==, ACCEL_EXIT_HCALL);
    g_assert_cmphex(exit.hcall.args[0], ==, 7);
    exit.hcall.ret = 0;
    rig_run(&to, 0, &exit);
    g_assert_cmphex(exit.hcall.nr, ==, 0x2000);

    rig_script(&to, "vcpu 0\n stop\n"); /* another script is noticed */
    rig_run(&to, 0, &exit);
    g_assert_cmpint(exit.kind, ==, ACCEL_EXIT_FAILED);
    rig_close(&from);
    rig_close(&to);
}

/* ---- what KVM answers ---------------------------------------------------------------------- */

static void
run_to_halt(Rig *rig, const char *text)
{
    rig_script(rig, text);
    rig_set_reg(rig, 0, VDEV_REG_PC, 0);
    rig_run_all(rig, 0);
}

static void
processor_areas_are_registered_with_their_checks(void)
{
    Rig rig;

    rig_open(&rig, NULL);
    rig_vcpus(&rig, 1);
    run_to_halt(&rig, "define VPA (1 << 45)\ndefine DTL (2 << 45)\ndefine SLB (3 << 45)\n"
                      "define NOVPA (5 << 45)\ndefine NOSLB (7 << 45)\n"
                      "vcpu 0\n"
                      " store16 0x20004 640\n store32 0x21004 0x1000\n"
                      " hcall H_REGISTER_VPA SLB 0 0x21000 -> -16\n"
                      " hcall H_REGISTER_VPA VPA 0 0x20004 -> H_PARAMETER\n"
                      " hcall H_REGISTER_VPA VPA 0 0x7fffff80 -> H_PARAMETER\n"
                      " hcall H_REGISTER_VPA VPA 0 0x22000 -> H_PARAMETER\n"
                      " hcall H_REGISTER_VPA VPA 9 0x20000 -> H_PARAMETER\n"
                      " hcall H_REGISTER_VPA 0 0 0x20000 -> H_PARAMETER\n"
                      " hcall H_REGISTER_VPA VPA 0 0x20000\n"
                      " hcall H_REGISTER_VPA SLB 0 0x21000\n"
                      " hcall H_REGISTER_VPA DTL 0 0x21000\n"
                      " hcall H_REGISTER_VPA NOVPA 0 0 -> -16\n");
    g_assert_cmphex(rig_reg(&rig, 0, VDEV_REG_VPA_ADDR), ==, 0x20000);
    rig_close(&rig);
}

static void
random_numbers_come_only_when_enabled(void)
{
    Rig rig;

    rig_open(&rig, NULL);
    rig_vcpus(&rig, 1);
    run_to_halt(&rig, "vcpu 0\n hcall H_RANDOM -> H_FUNCTION\n");
    g_assert_cmpint(model_accel_class.enable_hcall(rig.accel, 0x300), ==, 0);
    run_to_halt(&rig, "vcpu 0\n hcall H_RANDOM -> 0 =a\n hcall H_RANDOM -> 0 =b\n expect a != b\n");
    rig_close(&rig);
}

/* ---- threads ------------------------------------------------------------------------------- */

typedef struct {
    Rig *rig;
    guint index;
    AccelExitKind end;
    char message[256];
} Runner;

static gpointer
run_thread(gpointer data)
{
    Runner *runner = data;
    AccelExit exit = {0};

    do {
        rig_run(runner->rig, runner->index, &exit);
        exit.hcall.ret = 0;
    } while (exit.kind == ACCEL_EXIT_HCALL);
    runner->end = exit.kind;
    g_strlcpy(runner->message, exit.message, sizeof(runner->message));
    return NULL;
}

static GThread *
start(Runner *runner, Rig *rig, guint index)
{
    *runner = (Runner){.rig = rig, .index = index};
    return g_thread_new("vcpu", run_thread, runner);
}

static void
a_waiting_vcpu_is_woken_by_a_kick_and_by_an_interrupt(void)
{
    Runner runner;
    GThread *thread;
    Rig rig;

    rig_open_full(&rig, NULL, 1);
    rig_queue(&rig, 0, 6, 0);
    g_assert_cmpint(rig_config(&rig, 1, 0, 6, FALSE, 0x77), ==, 0);
    rig_set_pq(&rig, 1, 0);
    rig_script(&rig, "vcpu 0\n queue q 0x100000 16\n tima cppr 0xff\n wait-irq 60000\n"
                     " tima ack -> 0x8006\n poll q -> 0x77\n poll q -> empty\n"
                     " esb eoi 1 -> PQ_PENDING\n tima cppr 0xff\n hcall H_CEDE\n");
    thread = start(&runner, &rig, 0);
    model_accel_class.vcpu_kick(rig.vcpus[0]);
    g_thread_join(thread);
    g_assert_cmpint(runner.end, ==, ACCEL_EXIT_INTR);

    thread = start(&runner, &rig, 0);
    rig_trigger(&rig, 1);
    rig_wait_pq(&rig, 1, 0); /* its EOI */
    rig_trigger(&rig, 1);    /* out of H_CEDE */
    g_thread_join(thread);
    g_assert_cmpstr(runner.message, ==, "");
    g_assert_cmpint(runner.end, ==, ACCEL_EXIT_HALTED);
    rig_close(&rig);
}

/* Before the wait, within it, or after: one kick ends one run. */
static void
a_kick_is_answered_once(void)
{
    Runner runner;
    AccelExit exit = {0};
    Rig rig;

    rig_open_full(&rig, NULL, 1);
    rig_script(&rig, "vcpu 0\n repeat forever\n  esb set 1 PQ_PENDING\n  hcall H_CEDE\n"
                     "  hcall 0x1234 -> _\n end\n");
    for (guint i = 0; i < 500; i++) {
        GThread *thread;

        rig_set_pq(&rig, 1, 0);
        thread = start(&runner, &rig, 0);
        rig_wait_pq(&rig, 1, 2); /* it cedes now, or is about to */
        model_accel_class.vcpu_kick(rig.vcpus[0]);
        g_thread_join(thread);
        g_assert_cmpint(runner.end, ==, ACCEL_EXIT_INTR);
        rig_set_vp(&rig, 0, (const guint8[]){0, 0xff, 0x80, 0, 0xff, 0, 0, 0});
        rig_run(&rig, 0, &exit); /* signalled: out of H_CEDE, not of another kick */
        g_assert_cmpint(exit.kind, ==, ACCEL_EXIT_HCALL);
        rig_set_vp(&rig, 0, (const guint8[]){0, 0xff, 0, 0, 0xff, 0, 0, 0});
        memset(&exit, 0, sizeof(exit));
    }
    rig_close(&rig);
}

static void
a_prod_wakes_a_ceded_vcpu(void)
{
    Runner runner;
    GThread *thread;
    Rig rig;

    rig_open_full(&rig, NULL, 2);
    rig_script(&rig, "vcpu 0\n hcall H_PROD 1\n hcall H_PROD 7 -> H_PARAMETER\n"
                     " hcall H_CONFER -1 0\n hcall H_CONFER 7 0 -> H_PARAMETER\n"
                     "vcpu 1\n hcall H_CEDE\n");
    thread = start(&runner, &rig, 1);
    rig_run_all(&rig, 0);
    g_thread_join(thread);
    g_assert_cmpint(runner.end, ==, ACCEL_EXIT_HALTED);
    rig_close(&rig);
}

/* vCPUs interrupt one another in a ring while the host triggers too: everyone gets his. */
static void
vcpus_interrupt_one_another_from_their_own_threads(void)
{
    static const char text[] = "vcpu *\n"
                               " let me = r4\n let next = r5\n"
                               " queue q (0x100000 + (me << 16)) 16\n"
                               " tima cppr 0xff\n"
                               " if me == 0\n  esb trigger next\n end\n"
                               " repeat 500\n"
                               "  wait-irq 60000\n"
                               "  tima ack -> 0x8006\n"
                               "  poll q -> =eisn\n"
                               "  expect (eisn == me)\n"
                               "  esb eoi me\n"
                               "  esb trigger next\n" /* the one after; then open again */
                               "  tima cppr 0xff\n"
                               " end\n";
    Runner runners[RIG_VCPUS];
    GThread *threads[RIG_VCPUS];
    Rig rig;

    rig_open_full(&rig, NULL, RIG_VCPUS);
    rig_script(&rig, text);
    for (guint i = 0; i < RIG_VCPUS; i++) {
        rig_queue(&rig, i, 6, i);
        g_assert_cmpint(rig_config(&rig, i, i, 6, FALSE, i), ==, 0);
        rig_set_pq(&rig, i, 0);
        rig_set_reg(&rig, i, VDEV_REG_GPR(4), i);
        rig_set_reg(&rig, i, VDEV_REG_GPR(5), (i + 1) % RIG_VCPUS);
    }
    for (guint i = 0; i < RIG_VCPUS; i++)
        threads[i] = start(&runners[i], &rig, i);
    for (guint i = 0; i < 20000; i++) /* somebody else at the same device */
        rig_trigger(&rig, 40 + i % 8);
    for (guint i = 0; i < RIG_VCPUS; i++) {
        g_thread_join(threads[i]);
        g_assert_cmpstr(runners[i].message, ==, "");
        g_assert_cmpint(runners[i].end, ==, ACCEL_EXIT_HALTED);
    }
    rig_close(&rig);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD(name) g_test_add_func("/model/vcpu/" #name, name)
    ADD(a_register_keeps_what_was_set_at_its_width);
    ADD(unknown_ids_and_wrong_widths_are_einval);
    ADD(registers_start_as_on_a_fresh_vcpu);
    ADD(registers_with_rules_keep_them);
    ADD(the_mmu_and_hypercalls_are_checked_as_by_kvm);
    ADD(a_hypercall_finds_its_results_in_registers);
    ADD(an_access_without_memory_is_an_mmio_exit);
    ADD(a_kick_ends_the_present_or_the_next_run);
    ADD(a_vcpu_without_a_script_halts);
    ADD(registers_carry_a_vcpu_to_another_machine);
    ADD(processor_areas_are_registered_with_their_checks);
    ADD(random_numbers_come_only_when_enabled);
    ADD(a_waiting_vcpu_is_woken_by_a_kick_and_by_an_interrupt);
    ADD(a_kick_is_answered_once);
    ADD(a_prod_wakes_a_ceded_vcpu);
    ADD(vcpus_interrupt_one_another_from_their_own_threads);
#undef ADD
    return g_test_run();
}
