/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A guest leaves one machine and arrives on another: what of vCPUs and platform comes along, in
 * which order, and what each failing call leads to.
 */
#include <errno.h>
#include <libfdt.h>
#include <string.h>

#include "hw-spapr/restore.h"
#include "migration-glue/rules.h"
#include "tests/unit/hw-spapr/kept-registers.h"
#include "tests/unit/hw-spapr/platform-rig.h"
#include "tests/unit/migration-glue/wire-rig.h"
#include "vdev/kvm-ppc.h"

#define TYPE "pseries-7.2"

static VmsContext
context(void)
{
    return (VmsContext){.row = rig_row(TYPE), .rules = mig_rules_find(TYPE)};
}

static CpuState *
cpu_of(Rig *rig, guint index)
{
    CpuState *own = &rig->platform->cpu_states[index];

    own->platform = rig->platform;
    own->vcpu = rig_vcpu(rig, index);
    return own;
}

static const VmsState *const cpu_sections[] = {&state_cpu_common, &state_cpu, &state_spapr_cpu};

/* One section from @from to @into; FALSE if either side refuses. */
static gboolean
carry(const VmsState *state, void *from, void *into, GError **error)
{
    const VmsContext row = context();
    g_autoptr(GByteArray) bytes = wire_save(state, from, &row, error);
    gsize used;

    return bytes != NULL &&
           wire_load(state, into, state->version, &row, bytes->data, bytes->len, &used, error);
}

static gboolean
carry_cpu(Rig *from, Rig *into, guint index, GError **error)
{
    for (guint i = 0; i < G_N_ELEMENTS(cpu_sections); i++) {
        if (!carry(cpu_sections[i], cpu_of(from, index), cpu_of(into, index), error))
            return FALSE;
    }
    return TRUE;
}

static gboolean
carry_all(Rig *from, Rig *into, GError **error)
{
    return carry_cpu(from, into, 0, error) && carry_cpu(from, into, 1, error) &&
           carry(&state_machine, from->platform, into->platform, error);
}

typedef struct {
    Rig from, into;
} Pair;

static void
pair_set_up(Pair *pair, gconstpointer data)
{
    rig_init(&pair->from, NULL);
    rig_init(&pair->into, NULL);
    pair->from.host->timebase = 0x5000000;
}

static void
pair_tear_down(Pair *pair, gconstpointer data)
{
    rig_finish(&pair->from);
    rig_finish(&pair->into);
}

static void
move(Pair *pair)
{
    GError *error = NULL;

    carry_all(&pair->from, &pair->into, &error);
    g_assert_no_error(error);
}

/* --- Registers ----------------------------------------------------------- */

static void
every_register_of_every_vcpu_comes_along(Pair *pair, gconstpointer data)
{
    const VdevHost *from = &pair->from.host->table, *into = &pair->into.host->table;

    for (guint v = 0; v < 2; v++)
        for (gsize i = 0; i < G_N_ELEMENTS(kept_registers); i++)
            for (guint k = 0; k < kept_registers[i].n; k++) {
                guint64 value[2];

                kept_value(kept_registers[i].first + k, v, value);
                g_assert_cmpint(from->vcpu_set(from, rig_vcpu(&pair->from, v),
                                               kept_registers[i].first + k, value),
                                ==, 0);
            }
    move(pair);
    for (guint v = 0; v < 2; v++)
        for (gsize i = 0; i < G_N_ELEMENTS(kept_registers); i++)
            for (guint k = 0; k < kept_registers[i].n; k++) {
                const guint64 reg = kept_registers[i].first + k;
                guint64 value[2], found[2] = {0, 0};

                kept_value(reg, v, value);
                g_test_message("vCPU %u register 0x%" G_GINT64_MODIFIER "x", v, reg);
                g_assert_cmpint(into->vcpu_get(into, rig_vcpu(&pair->into, v), reg, found), ==, 0);
                g_assert_cmpmem(found, VDEV_REG_SIZE(reg), value, VDEV_REG_SIZE(reg));
            }
}

/* What the guest was given of LPCR comes; what is KVM's stays. */
static void
endianness_of_interrupts_comes_along(Pair *pair, gconstpointer data)
{
    const guint64 own = rig_reg(&pair->into, 1, VDEV_REG_LPCR);

    rig_set_reg(&pair->from, 1, VDEV_REG_LPCR,
                rig_reg(&pair->from, 1, VDEV_REG_LPCR) | VDEV_LPCR_ILE);
    move(pair);
    g_assert_cmphex(rig_reg(&pair->into, 1, VDEV_REG_LPCR), ==, own | VDEV_LPCR_ILE);
    g_assert_cmphex(rig_reg(&pair->into, 0, VDEV_REG_LPCR), ==, own);
}

static void
registered_areas_come_along_and_stale_ones_go(Pair *pair, gconstpointer data)
{
    const VdevHost *from = &pair->from.host->table, *into = &pair->into.host->table;
    const guint64 area = 0x10000, shadow[2] = {0x11000, 0x80}, dtl[2] = {0x12000, 0x1000};
    guint64 found[2];

    rig_set_reg(&pair->from, 0, VDEV_REG_VPA_ADDR, area);
    from->vcpu_set(from, rig_vcpu(&pair->from, 0), VDEV_REG_VPA_SLB, shadow);
    from->vcpu_set(from, rig_vcpu(&pair->from, 0), VDEV_REG_VPA_DTL, dtl);
    rig_set_reg(&pair->into, 1, VDEV_REG_VPA_ADDR, 0x20000);
    into->vcpu_set(into, rig_vcpu(&pair->into, 1), VDEV_REG_VPA_SLB, shadow);
    move(pair);
    g_assert_cmphex(rig_reg(&pair->into, 0, VDEV_REG_VPA_ADDR), ==, area);
    into->vcpu_get(into, rig_vcpu(&pair->into, 0), VDEV_REG_VPA_SLB, found);
    g_assert_cmpmem(found, sizeof(found), shadow, sizeof(shadow));
    into->vcpu_get(into, rig_vcpu(&pair->into, 0), VDEV_REG_VPA_DTL, found);
    g_assert_cmpmem(found, sizeof(found), dtl, sizeof(dtl));
    g_assert_cmphex(rig_reg(&pair->into, 1, VDEV_REG_VPA_ADDR), ==, 0);
}

/* --- Who runs ------------------------------------------------------------ */

static void
who_ran_goes_on_and_who_was_stopped_stays(Pair *pair, gconstpointer data)
{
    const VdevHost *from = &pair->from.host->table, *into = &pair->into.host->table;

    from->vcpu_start(from, rig_vcpu(&pair->from, 1));
    into->vcpu_start(into, rig_vcpu(&pair->into, 0));
    rig_set_reg(&pair->from, 1, VDEV_REG_PC, 0xc000000000001234);
    move(pair);
    g_assert_false(into->vcpu_started(into, rig_vcpu(&pair->into, 0)));
    g_assert_true(into->vcpu_started(into, rig_vcpu(&pair->into, 1)));
    g_assert_cmphex(rig_reg(&pair->into, 1, VDEV_REG_PC), ==, 0xc000000000001234);
    g_assert_cmphex(rig_reg(&pair->into, 0, VDEV_REG_ONLINE), ==, 0);
    g_assert_cmphex(rig_reg(&pair->into, 1, VDEV_REG_ONLINE), ==, 1);
}

/* --- Time ---------------------------------------------------------------- */

static void
time_goes_on_where_it_stood(Pair *pair, gconstpointer data)
{
    move(pair);
    g_assert_cmphex(pair->into.host->timebase, ==, 0x5000000);
}

static void
decrementer_is_sent_as_its_value(Pair *pair, gconstpointer data)
{
    rig_set_reg(&pair->from, 0, VDEV_REG_DEC_EXPIRY, 0x5000123);
    rig_set_reg(&pair->from, 1, VDEV_REG_DEC_EXPIRY, 0x4ffffff);
    move(pair);
    g_assert_cmphex(cpu_of(&pair->into, 0)->spr[22], ==, 0x123);
    g_assert_cmphex(cpu_of(&pair->into, 1)->spr[22], ==, 0xffffffff); /* 32 bits: one tick ago */
}

/* A stock sender's value may be any old one. */
static void
decrementer_expires_at_once(Pair *pair, gconstpointer data)
{
    rig_set_reg(&pair->from, 0, VDEV_REG_DEC_EXPIRY, 0x7fffffffffff);
    move(pair);
    g_assert_cmphex(rig_reg(&pair->into, 0, VDEV_REG_DEC_EXPIRY), ==, 0x5000000);
    g_assert_cmphex(rig_reg(&pair->into, 1, VDEV_REG_DEC_EXPIRY), ==, 0x5000000);
}

/* --- Who comes when ------------------------------------------------------ */

/* Plugged later on the other side: its sections stand behind the machine's. */
static void
vcpu_behind_the_machine_is_restored_on_its_own(Pair *pair, gconstpointer data)
{
    const VdevHost *from = &pair->from.host->table, *into = &pair->into.host->table;
    GError *error = NULL;

    from->vcpu_start(from, rig_vcpu(&pair->from, 1));
    rig_set_reg(&pair->from, 1, VDEV_REG_TAR, 0x77);
    g_assert_true(carry_cpu(&pair->from, &pair->into, 0, &error));
    g_assert_true(carry(&state_machine, pair->from.platform, pair->into.platform, &error));
    g_assert_cmphex(rig_reg(&pair->into, 1, VDEV_REG_TAR), ==, 0);
    g_assert_true(carry_cpu(&pair->from, &pair->into, 1, &error));
    g_assert_cmphex(rig_reg(&pair->into, 1, VDEV_REG_TAR), ==, 0x77);
    g_assert_true(into->vcpu_started(into, rig_vcpu(&pair->into, 1)));
    g_assert_true(pseries_class.resume(pair->into.platform, &error));
    g_assert_no_error(error);
}

static void
guest_of_fewer_vcpus_does_not_go_on(Pair *pair, gconstpointer data)
{
    g_autoptr(GError) error = NULL;

    g_assert_true(carry_cpu(&pair->from, &pair->into, 0, NULL));
    g_assert_true(carry(&state_machine, pair->from.platform, pair->into.platform, NULL));
    g_assert_false(pseries_class.resume(pair->into.platform, &error));
    g_assert_cmpstr(error->message, ==,
                    "vCPU 1 did not come with the guest: start this side with the -smp of the "
                    "other");
    g_assert_true(pseries_class.reset(pair->into.platform, NULL));
    g_assert_true(pseries_class.resume(pair->into.platform, NULL));
}

/* --- Interrupts ---------------------------------------------------------- */

/* Both come between quiesce and capture, to sources that were ready: the sections of the controller
 * have no room for that. */
static void
event_of_the_last_moment_is_announced_again(Pair *pair, gconstpointer data)
{
    static const guint32 lisns[] = {0x1000, 0x1100};
    Platform *from = pair->from.platform, *into = pair->into.platform;
    GError *error = NULL;

    for (gsize i = 0; i < G_N_ELEMENTS(lisns); i++)
        rig_arm(&pair->from, lisns[i]);
    g_assert_true(pseries_class.quiesce(from, &error));
    fake_host_type(pair->from.host, "x");
    pseries_class.powerdown(from);
    g_assert_true(pseries_class.reset(into, &error));
    for (guint i = 0; i < 2; i++)
        g_assert_true(carry(xive_catalogue[i].state, from->xive, into->xive, &error));
    g_assert_true(carry(&state_vty, &from->vty, &into->vty, &error));
    move(pair);
    g_assert_true(pseries_class.resume(into, &error));
    for (gsize i = 0; i < G_N_ELEMENTS(lisns); i++)
        g_assert_true(rig_fired(&pair->into, lisns[i]));
    g_assert_no_error(error);
}

static void
what_waits_for_nobody_is_not_announced(Pair *pair, gconstpointer data)
{
    GError *error = NULL;

    rig_arm(&pair->from, 0x1100);
    g_assert_true(pseries_class.quiesce(pair->from.platform, &error));
    g_assert_true(pseries_class.reset(pair->into.platform, &error));
    for (guint i = 0; i < 2; i++)
        g_assert_true(carry(xive_catalogue[i].state, pair->from.platform->xive,
                            pair->into.platform->xive, &error));
    g_assert_true(carry(&state_vty, &pair->from.platform->vty, &pair->into.platform->vty, &error));
    move(pair);
    g_assert_true(pseries_class.resume(pair->into.platform, &error));
    g_assert_false(rig_fired(&pair->into, 0x1100));
}

/* --- Failures ------------------------------------------------------------ */

static gboolean
names_a_part(const char *message)
{
    static const char *const parts[] = {"vCPU ", "process table", "TB_OFFSET", "spapr-xive-kvm"};

    for (guint i = 0; i < G_N_ELEMENTS(parts); i++) {
        if (strstr(message, parts[i]) != NULL)
            return TRUE;
    }
    return FALSE;
}

/* Every call of the accelerator fails once: the load is refused in words, and the next one works.*/
static void
each_call_that_fails_refuses_the_load(Pair *pair, gconstpointer data)
{
    const VmsContext row = context();
    g_autoptr(GByteArray) bytes = NULL;
    guint n = 0;

    g_assert_true(carry_cpu(&pair->from, &pair->into, 0, NULL));
    g_assert_true(carry_cpu(&pair->from, &pair->into, 1, NULL));
    bytes = wire_save(&state_machine, pair->from.platform, &row, NULL);
    for (;;) {
        g_autoptr(GError) error = NULL;
        gsize used;

        fake_host_fail_at(pair->into.host, ++n, EIO);
        if (wire_load(&state_machine, pair->into.platform, 3, &row, bytes->data, bytes->len, &used,
                      &error))
            break;
        g_test_message("%s", error->message);
        g_assert_nonnull(strstr(error->message, g_strerror(EIO)));
        g_assert_true(names_a_part(error->message));
        g_assert_false(pair->into.platform->arriving);
    }
    g_assert_cmpuint(n, >, 2 * 160);
    fake_host_fail_at(pair->into.host, 0, 0);
    move(pair);
}

static void
each_call_that_fails_ends_the_capture(Pair *pair, gconstpointer data)
{
    const VmsContext row = context();

    for (guint s = 1; s < G_N_ELEMENTS(cpu_sections); s++) {
        guint n = 0;

        for (;;) {
            g_autoptr(GError) error = NULL;
            g_autoptr(GByteArray) bytes = NULL;

            fake_host_fail_at(pair->from.host, ++n, EIO);
            bytes = wire_save(cpu_sections[s], cpu_of(&pair->from, 1), &row, &error);
            if (bytes != NULL)
                break;
            g_assert_nonnull(strstr(error->message, "vCPU 1: reading "));
            g_assert_nonnull(strstr(error->message, g_strerror(EIO)));
        }
        g_assert_cmpuint(n, >, 3);
    }
}

static void
register_that_fails_is_named_with_a_hint(Pair *pair, gconstpointer data)
{
    g_autoptr(GError) error = NULL;

    g_assert_true(carry_cpu(&pair->from, &pair->into, 0, NULL));
    g_assert_true(carry_cpu(&pair->from, &pair->into, 1, NULL));
    cpu_of(&pair->into, 1)->shadow_addr = 0x11000; /* without the area that it belongs to */
    cpu_of(&pair->into, 1)->vpa = 0x10000;
    cpu_of(&pair->into, 1)->dtl_addr = 0x12000;
    cpu_of(&pair->into, 1)->dtl_size = 1;
    g_assert_false(restore_machine(pair->into.platform, &error));
    g_assert_cmpstr(error->message, ==,
                    "vCPU 1: setting VPA_DTL: Invalid argument; this kernel does not know it or "
                    "not this value: move between hosts of one kernel version");
}

/* --- Tree ---------------------------------------------------------------- */

static void
layout_is_that_of_the_guests_tree(void)
{
    guint8 tree[1024];
    BootLayout layout = {.rtas = 1, .initrd = 2, .initrd_size = 3, .fdt = 4};

    boot_layout_of_tree(&layout, NULL, 0);
    boot_layout_of_tree(&layout, "no tree", 7);
    g_assert_cmphex(layout.rtas, ==, 1);
    fdt_create(tree, sizeof(tree));
    fdt_finish_reservemap(tree);
    fdt_begin_node(tree, "");
    fdt_begin_node(tree, "rtas");
    fdt_property_u32(tree, "linux,rtas-base", 0x7fff0000);
    fdt_end_node(tree);
    fdt_begin_node(tree, "chosen");
    fdt_property_u64(tree, "linux,initrd-start", 0x3000000);
    fdt_property_u32(tree, "linux,initrd-end", 0x3100000);
    fdt_end_node(tree);
    fdt_end_node(tree);
    g_assert_cmpint(fdt_finish(tree), ==, 0);
    boot_layout_of_tree(&layout, tree, fdt_totalsize(tree));
    g_assert_cmphex(layout.rtas, ==, 0x7fff0000);
    g_assert_cmphex(layout.initrd, ==, 0x3000000);
    g_assert_cmphex(layout.initrd_size, ==, 0x100000);
    g_assert_cmphex(layout.fdt, ==, 4);
}

int
main(int argc, char **argv)
{
    static const struct {
        const char *path;
        void (*func)(Pair *pair, gconstpointer data);
    } rows[] = {
        {"/spapr-restore/registers", every_register_of_every_vcpu_comes_along},
        {"/spapr-restore/lpcr", endianness_of_interrupts_comes_along},
        {"/spapr-restore/areas", registered_areas_come_along_and_stale_ones_go},
        {"/spapr-restore/started", who_ran_goes_on_and_who_was_stopped_stays},
        {"/spapr-restore/time", time_goes_on_where_it_stood},
        {"/spapr-restore/decrementer-value", decrementer_is_sent_as_its_value},
        {"/spapr-restore/decrementer-expires", decrementer_expires_at_once},
        {"/spapr-restore/late-vcpu", vcpu_behind_the_machine_is_restored_on_its_own},
        {"/spapr-restore/missing-vcpu", guest_of_fewer_vcpus_does_not_go_on},
        {"/spapr-restore/announced", event_of_the_last_moment_is_announced_again},
        {"/spapr-restore/silent", what_waits_for_nobody_is_not_announced},
        {"/spapr-restore/load-failures", each_call_that_fails_refuses_the_load},
        {"/spapr-restore/capture-failures", each_call_that_fails_ends_the_capture},
        {"/spapr-restore/hint", register_that_fails_is_named_with_a_hint},
    };

    g_test_init(&argc, &argv, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++)
        g_test_add(rows[i].path, Pair, NULL, pair_set_up, rows[i].func, pair_tear_down);
    g_test_add_func("/spapr-restore/tree", layout_is_that_of_the_guests_tree);
    return g_test_run();
}
