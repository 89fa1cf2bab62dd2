/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The state of vCPUs on a real KVM: every register is set in a vCPU of one VM, captured, carried
 * over the wire and restored into a vCPU of a second VM, and read there.
 *
 * The machines are the platform's own in the fake host, over KVM. KVM keeps of a value what the
 * processor and it allow: what counts is that both vCPUs read the same.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "hw-spapr/restore.h"
#include "migration-glue/rules.h"
#include "tests/unit/hw-spapr/kept-registers.h"
#include "tests/unit/hw-spapr/platform-rig.h"
#include "tests/unit/migration-glue/wire-rig.h"

#define TYPE "pseries-7.2"

typedef struct {
    Rig from, into;
} Pair;

static void
set_up(Pair *pair, gconstpointer data)
{
    const RigSpec spec = {.type = TYPE, .accel = &kvm_accel_class};

    rig_init(&pair->from, &spec);
    rig_init(&pair->into, &spec);
    pair->from.host->timebase = 0x123456789a;
}

static void
tear_down(Pair *pair, gconstpointer data)
{
    rig_finish(&pair->from);
    rig_finish(&pair->into);
}

static void
carry(const VmsState *state, void *from, void *into)
{
    const VmsContext row = {.row = rig_row(TYPE), .rules = mig_rules_find(TYPE)};
    g_autoptr(GByteArray) bytes = NULL;
    GError *error = NULL;
    gsize used;

    bytes = wire_save(state, from, &row, &error);
    g_assert_no_error(error);
    wire_load(state, into, state->version, &row, bytes->data, bytes->len, &used, &error);
    g_assert_no_error(error);
}

static void
move(Pair *pair)
{
    for (guint i = 0; i < 2; i++) {
        CpuState *from = &pair->from.platform->cpu_states[i];
        CpuState *into = &pair->into.platform->cpu_states[i];

        from->platform = pair->from.platform;
        from->vcpu = rig_vcpu(&pair->from, i);
        into->platform = pair->into.platform;
        into->vcpu = rig_vcpu(&pair->into, i);
        carry(&state_cpu_common, from, into);
        carry(&state_cpu, from, into);
        carry(&state_spapr_cpu, from, into);
    }
    carry(&state_machine, pair->from.platform, pair->into.platform);
}

/* What can be set only to something that makes sense. */
static void
legal_value(guint64 reg, guint vcpu, guint64 value[2])
{
    kept_value(reg, vcpu, value);
    if (reg == VDEV_REG_ARCH_COMPAT)
        value[0] = 0x0f000005;
    else if (reg == VDEV_REG_MSR)
        value[0] = VDEV_MSR_ENTRY | 0x2000; /* FP */
    else if (reg == VDEV_REG_PTCR)
        value[0] = 0;
}

/* Sets one; what KVM made of it goes to @found. Returns: whether it has the register. */
static gboolean
set_one(Rig *rig, guint vcpu, guint64 reg, guint64 found[2])
{
    const VdevHost *host = &rig->host->table;
    guint64 value[2] = {0, 0};
    gint result;

    legal_value(reg, vcpu, value);
    result = host->vcpu_set(host, rig_vcpu(rig, vcpu), reg, value);
    if (result == -EINVAL)
        return FALSE;
    g_assert_cmpint(result, ==, 0);
    g_assert_cmpint(host->vcpu_get(host, rig_vcpu(rig, vcpu), reg, found), ==, 0);
    return TRUE;
}

typedef struct {
    guint64 reg;
    guint vcpu;
    guint64 value[2];
} Seen;

static void
every_register_is_found_in_another_vm(Pair *pair, gconstpointer data)
{
    const VdevHost *into = &pair->into.host->table;
    g_autoptr(GArray) seen = g_array_new(FALSE, TRUE, sizeof(Seen));
    guint absent = 0, not_zero = 0;

    for (guint v = 0; v < 2; v++)
        for (gsize i = 0; i < G_N_ELEMENTS(kept_registers); i++)
            for (guint k = 0; k < kept_registers[i].n; k++) {
                Seen one = {.reg = kept_registers[i].first + k, .vcpu = v};

                if (set_one(&pair->from, v, one.reg, one.value))
                    g_array_append_val(seen, one);
                else
                    g_test_message("this KVM has no register 0x%" G_GINT64_MODIFIER "x (%u)",
                                   one.reg, ++absent);
            }
    move(pair);
    for (guint i = 0; i < seen->len; i++) {
        const Seen *one = &g_array_index(seen, Seen, i);
        guint64 found[2] = {0, 0};

        g_assert_cmpint(into->vcpu_get(into, rig_vcpu(&pair->into, one->vcpu), one->reg, found), ==,
                        0);
        if (memcmp(found, one->value, VDEV_REG_SIZE(one->reg)) != 0)
            g_error("vCPU %u register 0x%" G_GINT64_MODIFIER "x: 0x%" G_GINT64_MODIFIER
                    "x was captured, 0x%" G_GINT64_MODIFIER "x restored",
                    one->vcpu, one->reg, one->value[0], found[0]);
        not_zero += found[0] != 0;
    }
    g_test_message("%u registers alike on both sides, %u of them not 0", seen->len, not_zero);
    /* 108 of general purpose and vectors alone, on either vCPU. */
    g_assert_cmpuint(not_zero, >, 2 * 140);
}

static void
areas_clock_and_run_state_are_found_in_another_vm(Pair *pair, gconstpointer data)
{
    const VdevHost *from = &pair->from.host->table, *into = &pair->into.host->table;
    const guint64 shadow[2] = {0x11000, 0x80},
                  dtl[2] = {0x12000, 0xff0}; /* whole entries of 48 bytes */
    guint64 found[2];

    rig_set_reg(&pair->from, 1, VDEV_REG_VPA_ADDR, 0x10000);
    g_assert_cmpint(from->vcpu_set(from, rig_vcpu(&pair->from, 1), VDEV_REG_VPA_SLB, shadow), ==,
                    0);
    g_assert_cmpint(from->vcpu_set(from, rig_vcpu(&pair->from, 1), VDEV_REG_VPA_DTL, dtl), ==, 0);
    rig_set_reg(&pair->from, 1, VDEV_REG_DEC_EXPIRY, 0x123456789a + 77);
    rig_set_reg(&pair->from, 1, VDEV_REG_LPCR,
                rig_reg(&pair->from, 1, VDEV_REG_LPCR) | VDEV_LPCR_ILE);
    from->vcpu_start(from, rig_vcpu(&pair->from, 1));
    pair->from.platform->process_table = VDEV_PATE_GR | 0x100000 | 4;
    move(pair);
    g_assert_cmphex(pair->into.host->mmu_table, ==, VDEV_PATE_GR | 0x100000 | 4);
    g_assert_cmphex(rig_reg(&pair->into, 1, VDEV_REG_VPA_ADDR), ==, 0x10000);
    g_assert_cmpint(into->vcpu_get(into, rig_vcpu(&pair->into, 1), VDEV_REG_VPA_SLB, found), ==, 0);
    g_assert_cmpmem(found, sizeof(found), shadow, sizeof(shadow));
    g_assert_cmpint(into->vcpu_get(into, rig_vcpu(&pair->into, 1), VDEV_REG_VPA_DTL, found), ==, 0);
    g_assert_cmpmem(found, sizeof(found), dtl, sizeof(dtl));
    g_assert_cmphex(pair->into.platform->cpu_states[1].spr[22], ==, 77);
    g_assert_cmphex(rig_reg(&pair->into, 1, VDEV_REG_DEC_EXPIRY), ==, 0x123456789a);
    g_assert_cmphex(rig_reg(&pair->into, 1, VDEV_REG_LPCR), ==,
                    rig_reg(&pair->from, 1, VDEV_REG_LPCR));
    g_assert_true(into->vcpu_started(into, rig_vcpu(&pair->into, 1)));
    g_assert_false(into->vcpu_started(into, rig_vcpu(&pair->into, 0)));
}

int
main(int argc, char **argv)
{
    static const struct {
        const char *path;
        void (*func)(Pair *pair, gconstpointer data);
    } rows[] = {
        {"/state-probe/registers", every_register_is_found_in_another_vm},
        {"/state-probe/areas", areas_clock_and_run_state_are_found_in_another_vm},
    };

    g_test_init(&argc, &argv, NULL);
    if (access("/dev/kvm", R_OK | W_OK) != 0) {
        g_print("1..0 # SKIP no /dev/kvm\n");
        return 0;
    }
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++)
        g_test_add(rows[i].path, Pair, NULL, set_up, rows[i].func, tear_down);
    return g_test_run();
}
