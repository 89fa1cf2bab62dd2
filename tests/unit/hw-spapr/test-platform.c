/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The platform's life: every failing call of its start leaves nothing, a reset is a fresh start,
 * and the module hands out what the host expects.
 */
#include "tests/unit/hw-spapr/platform-rig.h"

#include <errno.h>
#include <string.h>

#include "vdev/guestmem.h"
#include "vdev/kvm-ppc.h"
#include "vdev/module.h"

static void
each_failing_call_of_a_start_is_an_error_and_leaves_nothing(void)
{
    guint failures = 0;

    for (guint n = 1;; n++) {
        g_autoptr(GError) error = NULL;
        gboolean ok;
        Rig rig;

        rig_make(&rig, NULL);
        fake_host_fail_at(rig.host, n, EIO);
        ok = rig_realize(&rig, NULL, &error);
        g_assert_true(ok == (error == NULL));
        if (!ok) {
            g_assert_cmpuint(fake_host_alive(rig.host), ==, 0);
            g_assert_null(rig.host->console_ops);
            failures++;
        }
        rig_finish(&rig);
        if (ok)
            break;
    }
    g_assert_cmpuint(failures, >, 8);
}

static void
each_failing_call_of_a_reset_is_an_error(void)
{
    Rig rig;

    rig_init(&rig, NULL);
    for (guint n = 1;; n += 7) {
        g_autoptr(GError) error = NULL;

        fake_host_fail_at(rig.host, n, EIO);
        if (pseries_class.reset(rig.platform, &error))
            break;
        g_assert_nonnull(error);
    }
    g_assert_cmpuint(rig.host->n_calls, >, 100);
    rig_finish(&rig);
}

static void
finish_takes_a_machine_that_was_never_realized(void)
{
    Rig rig;

    rig_make(&rig, NULL);
    pseries_class.finish(rig.platform);
    rig_finish(&rig);
}

static const struct {
    guint64 reg;
    guint64 dirty;
    guint64 fresh;
} registers[] = {
    {VDEV_REG_GPR(0), 1, 0},
    {VDEV_REG_GPR(31), 2, 0},
    {VDEV_REG_PC, 0x1000, 0},
    {VDEV_REG_MSR, 0x9000, VDEV_MSR_ENTRY},
    {VDEV_REG_LR, 3, 0},
    {VDEV_REG_CTR, 4, 0},
    {VDEV_REG_SPRG(3), 5, 0},
    {VDEV_REG_PID, 6, 0},
    {VDEV_REG_AMR, 7, 0},
    {VDEV_REG_IAMR, 8, 0},
    {VDEV_REG_DSCR, 9, 0},
    {VDEV_REG_FSCR, 10, 0},
    {VDEV_REG_TAR, 11, 0},
    {VDEV_REG_CIABR, 12, 0},
    {VDEV_REG_MMCR0, 0, 0x80000000},
    {VDEV_REG_PSSCR, 13, 0},
};

static void
reset_gives_every_vcpu_the_registers_of_power_on(void)
{
    g_autoptr(GError) error = NULL;
    guint64 lpcr;
    Rig rig;

    rig_init(&rig, NULL);
    lpcr = rig_reg(&rig, 1, VDEV_REG_LPCR);
    RIG_HCALL(&rig, H_SET_MODE, 1, 4, 0, 0);
    g_assert_cmphex(rig_reg(&rig, 1, VDEV_REG_LPCR), !=, lpcr);
    for (guint v = 0; v < 2; v++) {
        for (guint i = 0; i < G_N_ELEMENTS(registers); i++)
            rig_set_reg(&rig, v, registers[i].reg, registers[i].dirty);
        rig.host->table.vcpu_start(&rig.host->table, rig_vcpu(&rig, v));
    }
    pseries_class.reset(rig.platform, &error);
    g_assert_no_error(error);
    for (guint v = 0; v < 2; v++) {
        for (guint i = 0; i < G_N_ELEMENTS(registers); i++)
            g_assert_cmphex(rig_reg(&rig, v, registers[i].reg), ==, registers[i].fresh);
        g_assert_cmphex(rig_reg(&rig, v, VDEV_REG_LPCR), ==, lpcr);
        g_assert_false(rig.host->table.vcpu_started(&rig.host->table, rig_vcpu(&rig, v)));
    }
    rig_finish(&rig);
}

static void
reset_forgets_memory_and_process_table(void)
{
    g_autoptr(GError) error = NULL;
    Rig rig;

    rig_init(&rig, NULL);
    rig.host->ram[0x4000] = 1;
    g_assert_cmpint(RIG_HCALL(&rig, H_REGISTER_PROC_TBL, 0x1d, 0x10000, 0, 4), ==, H_SUCCESS);
    RIG_HCALL(&rig, H_REGISTER_PROC_TBL, 0x18, 0, 0, 0);
    g_assert_true(rig.platform->hash_reported);
    pseries_class.reset(rig.platform, &error);
    g_assert_no_error(error);
    g_assert_cmphex(rig.host->ram[0x4000], ==, 0);
    g_assert_cmphex(rig.host->mmu_table, ==, VDEV_PATE_GR);
    g_assert_false(rig.platform->hash_reported);
    rig_finish(&rig);
}

static void
twenty_resets_leave_no_more_than_one(void)
{
    guint alive;
    Rig rig;

    rig_init(&rig, NULL);
    alive = fake_host_alive(rig.host);
    for (guint i = 0; i < 20; i++) {
        g_assert_true(pseries_class.quiesce(rig.platform, NULL));
        g_assert_true(pseries_class.reset(rig.platform, NULL));
        g_assert_true(pseries_class.resume(rig.platform, NULL));
    }
    g_assert_cmpuint(fake_host_alive(rig.host), ==, alive);
    g_assert_cmpuint(rig.host->vcpus->len, ==, 2);
    rig_finish(&rig);
}

static gboolean
enables_none(const VdevHost *host, guint32 nr)
{
    return FALSE;
}

static gboolean
enables_one(const VdevHost *host, guint32 nr)
{
    return nr == H_SET_MODE;
}

static void
only_set_mode_is_a_hypercall_that_kvm_must_pass_on(void)
{
    g_autoptr(GError) error = NULL;
    Rig rig;

    rig_make(&rig, NULL);
    rig.host->table.enable_hcall = enables_none;
    g_assert_false(rig_realize(&rig, NULL, &error));
    g_assert_error(error, G_FILE_ERROR, G_FILE_ERROR_NOSYS);
    g_assert_nonnull(strstr(error->message, "0x31c"));
    rig_finish(&rig);

    rig_make(&rig, NULL);
    rig.host->table.enable_hcall = enables_one;
    g_assert_true(rig_realize(&rig, NULL, NULL));
    rig_finish(&rig);
}

static void
irq_dump_names_the_sources(void)
{
    g_autoptr(GString) text = g_string_new(NULL);
    Rig rig;

    rig_init(&rig, NULL);
    pseries_class.print_irq(rig.platform, text);
    g_assert_nonnull(strstr(text->str, "1100"));
    rig_finish(&rig);
}

static void
module_hands_out_its_tables_to_a_host_of_its_number(void)
{
    const VdevHost host = {.abi = VDEV_ABI, .size = sizeof(VdevHost)};
    const VdevHost head = {.abi = VDEV_ABI, .size = G_STRUCT_OFFSET(VdevHost, log)};
    g_autoptr(GError) error = NULL;
    const VdevModule *module = vdev_module_v1(&host, &error);

    g_assert_no_error(error);
    g_assert_cmpuint(module->abi, ==, VDEV_ABI);
    g_assert_cmpuint(module->size, ==, sizeof(VdevModule));
    g_assert_cmpstr(module->name, ==, "spapr-xive-kvm");
    g_assert_true(module->machines[0] == &pseries_class && module->machines[1] == NULL);
    g_assert_true(module->devices[0] == &xive_class && module->devices[1] == NULL);
    g_assert_true(module->rtas == rtas_rows);
    g_assert_true(vdev_module_v1(&head, NULL) == module); /* a tool that only reads tables */
}

static void
module_refuses_a_host_of_another_number(void)
{
    const VdevHost later = {.abi = VDEV_ABI + 1, .size = sizeof(VdevHost)};
    const VdevHost shorter = {.abi = VDEV_ABI, .size = 8};
    g_autoptr(GError) error = NULL;

    g_assert_null(vdev_module_v1(&later, &error));
    g_assert_nonnull(strstr(error->message, "host interface 1, the host 2"));
    g_clear_error(&error);
    g_assert_null(vdev_module_v1(&shorter, &error));
    g_assert_nonnull(error);
    g_clear_error(&error);
    g_assert_null(vdev_module_v1(NULL, &error));
    g_assert_nonnull(error);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/spapr/life/start-fails",
                    each_failing_call_of_a_start_is_an_error_and_leaves_nothing);
    g_test_add_func("/spapr/life/reset-fails", each_failing_call_of_a_reset_is_an_error);
    g_test_add_func("/spapr/life/finish", finish_takes_a_machine_that_was_never_realized);
    g_test_add_func("/spapr/life/registers", reset_gives_every_vcpu_the_registers_of_power_on);
    g_test_add_func("/spapr/life/reset", reset_forgets_memory_and_process_table);
    g_test_add_func("/spapr/life/resets", twenty_resets_leave_no_more_than_one);
    g_test_add_func("/spapr/life/hcalls", only_set_mode_is_a_hypercall_that_kvm_must_pass_on);
    g_test_add_func("/spapr/life/print", irq_dump_names_the_sources);
    g_test_add_func("/spapr/module/tables", module_hands_out_its_tables_to_a_host_of_its_number);
    g_test_add_func("/spapr/module/refuse", module_refuses_a_host_of_another_number);
    return g_test_run();
}
