/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Machine types: their order and names, which run, what differs, and what a machine refuses.
 */
#include "tests/unit/hw-spapr/platform-rig.h"

#include <string.h>

static void
rows_are_all_there_newest_first(void)
{
    static const char *const names[] = {
        "10.0", "vmm-1.0", "9.2",  "9.1", "9.0", "8.2", "8.1", "8.0", "7.2", "7.1", "7.0",
        "6.2",  "6.1",     "6.0",  "5.2", "5.1", "5.0", "4.2", "4.1", "4.0", "3.1", "3.0",
        "2.12", "2.11",    "2.10", "2.9", "2.8", "2.7", "2.6", "2.5", "2.4", "2.3", "2.2",
    };
    guint n = 0;

    for (; pseries_rows[n].name != NULL; n++) {
        g_assert_cmpuint(n, <, G_N_ELEMENTS(names));
        g_assert_true(g_str_has_prefix(pseries_rows[n].name, "pseries-"));
        g_assert_cmpstr(pseries_rows[n].name + strlen("pseries-"), ==, names[n]);
    }
    g_assert_cmpuint(n, ==, G_N_ELEMENTS(names));
}

static void
alias_is_the_newest_row_alone(void)
{
    for (const VdevMachineRow *row = pseries_rows; row->name != NULL; row++)
        g_assert_cmpstr(row->alias, ==, row == pseries_rows ? "pseries" : NULL);
    g_assert_cmpstr(pseries_rows[0].name, ==, "pseries-10.0");
}

static void
rows_without_xive_refuse_with_their_reason(void)
{
    gboolean old = FALSE;

    for (const VdevMachineRow *row = pseries_rows; row->name != NULL; row++) {
        g_autofree char *reason = g_strdup_printf(
            "%s has XICS only; the oldest type with XIVE is pseries-3.1", row->name);

        g_assert_cmpstr(row->refusal, ==, old ? reason : NULL);
        old = old || strcmp(row->name, "pseries-3.1") == 0;
    }
}

static void
stream_only_row_cannot_be_realized(void)
{
    const RigSpec spec = {.type = "pseries-3.0"};
    g_autoptr(GError) error = NULL;
    Rig rig;

    rig_make(&rig, &spec);
    g_assert_false(rig_realize(&rig, &spec, &error));
    g_assert_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE);
    g_assert_cmpstr(error->message, ==,
                    "pseries-3.0 has XICS only; the oldest type with XIVE is pseries-3.1");
    g_assert_cmpuint(rig.host->n_calls, ==, 0);
    rig_finish(&rig);
}

static void
vcpu_ids_step_by_eight_up_to_4_1(void)
{
    static const struct {
        const char *type;
        guint32 step;
    } types[] = {{"pseries-3.1", 8},
                 {"pseries-4.1", 8},
                 {"pseries-4.2", 1},
                 {"pseries-10.0", 1},
                 {"pseries-vmm-1.0", 1}};

    for (guint t = 0; t < G_N_ELEMENTS(types); t++) {
        const RigSpec spec = {.type = types[t].type, .cpus = 3};
        const VdevHost *host = NULL;
        Rig rig;

        rig_init(&rig, &spec);
        host = &rig.host->table;
        g_assert_cmpuint(rig.host->vcpus->len, ==, 3);
        for (guint i = 0; i < 3; i++) {
            g_assert_cmpuint(host->vcpu_id(host, rig_vcpu(&rig, i)), ==, i * types[t].step);
            g_assert_true(cpus_find(&rig.platform->cpus, i * types[t].step) == rig_vcpu(&rig, i));
        }
        g_assert_null(cpus_find(&rig.platform->cpus, 3 * types[t].step));
        g_assert_null(cpus_find(&rig.platform->cpus, G_MAXUINT64));
        rig_finish(&rig);
    }
}

/* What realize says to a spec with one thing wrong. */
static void
assert_refused(Rig *rig, const char *type, const char *part_of_message)
{
    const RigSpec spec = {.type = type};
    g_autoptr(GError) error = NULL;

    g_assert_false(rig_realize(rig, &spec, &error));
    g_assert_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE);
    if (strstr(error->message, part_of_message) == NULL)
        g_error("'%s' does not say '%s'", error->message, part_of_message);
    g_assert_null(strchr(error->message, '\n'));
    g_assert_cmpuint(rig->host->vcpus->len, ==, 0);
    g_assert_false(rig->host->ram_registered);
    rig_finish(rig);
}

static void
properties_of_another_controller_are_refused(void)
{
    static const struct {
        const char *name;
        guint64 value;
        const char *message;
    } bad[] = {
        {"ic-mode", 1, "ic-mode=xics"},
        {"kernel-irqchip", 1, "kernel-irqchip=off"},
        {"kernel-irqchip", 2, "kernel-irqchip=split"},
    };
    Rig rig;

    for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
        rig_make(&rig, NULL);
        fake_host_set(rig.platform, pseries_class.props, bad[i].name, bad[i].value);
        assert_refused(&rig, NULL, bad[i].message);
    }
}

static void
memory_must_be_whole_blocks(void)
{
    Rig rig;

    rig_make(&rig, NULL);
    rig.config.ram_size = 300 * 1024 * 1024;
    assert_refused(&rig, NULL, "not a multiple of the memory block of 256 MiB; use 256M or 512M");
    rig_make(&rig, NULL);
    rig.config.ram_size = 0;
    assert_refused(&rig, NULL, "use 256M");
    rig_make(&rig, NULL);
    rig.config.max_ram_size = BOOT_MEMORY_BLOCK + 1;
    assert_refused(&rig, NULL, "maxmem");
}

static void
more_vcpus_than_ids_are_refused_with_the_limit(void)
{
    guint32 limit;
    Rig rig;
    g_autofree char *most = NULL;

    rig_make(&rig, NULL);
    limit = MIN(rig.host->table.cpu_info(&rig.host->table)->max_vcpus, 0x1000u);
    most = g_strdup_printf("takes at most %u", limit);
    rig.config.max_cpus = limit + 1;
    assert_refused(&rig, NULL, most);

    g_free(most);
    most = g_strdup_printf("pseries-4.1 numbers them in steps of 8, so this host takes at most %u",
                           (limit - 1) / 8 + 1);
    rig_make(&rig, NULL);
    rig.config.max_cpus = (limit - 1) / 8 + 2;
    assert_refused(&rig, "pseries-4.1", most);
}

static void
machine_without_controller_is_refused(void)
{
    Rig rig;

    rig_make(&rig, NULL);
    rig.platform->xive = NULL;
    assert_refused(&rig, NULL, "add -device spapr-xive-kvm");
}

static void
second_controller_and_strange_devices_are_refused(void)
{
    static const VdevClass strange = {.name = "doorbell", .size = sizeof(VdevDevice)};
    g_autofree VdevDevice *device = NULL;
    g_autofree VdevDevice *second = NULL;
    g_autoptr(GError) error = NULL;
    Rig rig;

    rig_make(&rig, NULL);
    second = fake_host_object_new(rig.host, xive_class.size, xive_class.props, &xive_class);
    g_assert_false(pseries_class.attach(rig.platform, second, &error));
    g_assert_nonnull(strstr(error->message, "one interrupt controller"));
    g_assert_true((VdevDevice *)rig.platform->xive != second);
    g_clear_error(&error);
    device = fake_host_object_new(rig.host, strange.size, NULL, &strange);
    g_assert_false(pseries_class.attach(rig.platform, device, &error));
    g_assert_nonnull(strstr(error->message, "doorbell"));
    rig_finish(&rig);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/spapr/rows/order", rows_are_all_there_newest_first);
    g_test_add_func("/spapr/rows/alias", alias_is_the_newest_row_alone);
    g_test_add_func("/spapr/rows/refusal", rows_without_xive_refuse_with_their_reason);
    g_test_add_func("/spapr/rows/stream-only", stream_only_row_cannot_be_realized);
    g_test_add_func("/spapr/rows/vcpu-ids", vcpu_ids_step_by_eight_up_to_4_1);
    g_test_add_func("/spapr/machine/properties", properties_of_another_controller_are_refused);
    g_test_add_func("/spapr/machine/memory", memory_must_be_whole_blocks);
    g_test_add_func("/spapr/machine/vcpus", more_vcpus_than_ids_are_refused_with_the_limit);
    g_test_add_func("/spapr/machine/no-controller", machine_without_controller_is_refused);
    g_test_add_func("/spapr/machine/attach", second_controller_and_strange_devices_are_refused);
    return g_test_run();
}
