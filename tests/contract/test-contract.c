/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The module against the host interface, as any host would use it: numbers and sizes are checked,
 * tables are whole, and every machine lives its life in the fake host.
 *
 * Not here: loading the shared object (the host's), what a machine does for its guest.
 */
#include <errno.h>
#include <string.h>

#include "tests/contract/fake-host.h"
#include "vdev/module.h"

#define RAM_SIZE (G_GUINT64_CONSTANT(256) << 20)

static const VdevModule *
load(void)
{
    const VdevHost head = {.abi = VDEV_ABI, .size = sizeof(VdevHost)};
    g_autoptr(GError) error = NULL;
    const VdevModule *module = vdev_module_v1(&head, &error);

    g_assert_no_error(error);
    return module;
}

/* --- Numbers ------------------------------------------------------------- */

static void
assert_refused(const VdevHost *host)
{
    g_autoptr(GError) error = NULL;

    g_assert_null(vdev_module_v1(host, &error));
    g_assert_nonnull(error);
    g_assert_null(strchr(error->message, '\n'));
}

static void
host_of_another_number_is_refused(void)
{
    static const guint32 others[] = {0, VDEV_ABI - 1, VDEV_ABI + 1, G_MAXUINT32};

    for (gsize i = 0; i < G_N_ELEMENTS(others); i++)
        assert_refused(&(VdevHost){.abi = others[i], .size = sizeof(VdevHost)});
}

static void
host_shorter_than_its_head_is_refused(void)
{
    static const guint32 sizes[] = {0, 4, 8, G_STRUCT_OFFSET(VdevHost, opaque)};

    for (gsize i = 0; i < G_N_ELEMENTS(sizes); i++)
        assert_refused(&(VdevHost){.abi = VDEV_ABI, .size = sizes[i]});
}

/* A tool that only reads tables. */
static void
host_with_a_head_only_gets_the_tables(void)
{
    const VdevHost head = {.abi = VDEV_ABI, .size = G_STRUCT_OFFSET(VdevHost, log)};
    g_autoptr(GError) error = NULL;

    g_assert_true(vdev_module_v1(&head, &error) == load());
    g_assert_no_error(error);
}

static void
host_of_tomorrow_gets_the_tables(void)
{
    const VdevHost longer = {.abi = VDEV_ABI, .size = sizeof(VdevHost) + 64};
    g_autoptr(GError) error = NULL;

    g_assert_nonnull(vdev_module_v1(&longer, &error));
}

static void
module_says_who_it_is_and_what_it_needs(void)
{
    const guint32 known = VDEV_GROUP_BASE | VDEV_GROUP_MEMORY | VDEV_GROUP_CPU | VDEV_GROUP_KDEV |
                          VDEV_GROUP_REGION | VDEV_GROUP_CONSOLE | VDEV_GROUP_TIMER |
                          VDEV_GROUP_CLOCK;
    const VdevModule *module = load();

    g_assert_cmpuint(module->abi, ==, VDEV_ABI);
    g_assert_cmpuint(module->size, ==, sizeof(VdevModule));
    g_assert_cmpstr(module->name, ==, "spapr-xive-kvm");
    g_assert_cmpstr(module->version, ==, PACKAGE_VERSION);
    g_assert_cmphex(module->needs & ~known, ==, 0);
    g_assert_cmphex(module->needs & VDEV_GROUP_KDEV, !=, 0);
}

/* --- Tables -------------------------------------------------------------- */

static void
assert_props(const VdevProperty *props, gsize size)
{
    g_autoptr(GHashTable) names = g_hash_table_new(g_str_hash, g_str_equal);

    for (const VdevProperty *prop = props; prop != NULL && prop->name != NULL; prop++) {
        g_assert_true(g_hash_table_add(names, (gpointer)prop->name));
        g_assert_cmpuint(prop->offset, >=, sizeof(VdevDevice));
        g_assert_cmpuint(prop->offset, <, size);
        g_assert_nonnull(prop->help);
        g_assert_true((prop->kind == VDEV_PROP_ENUM) == (prop->choices != NULL));
        g_assert_true(prop->max == 0 || (prop->initial >= prop->min && prop->initial <= prop->max));
    }
}

static void
devices_can_be_listed(void)
{
    guint n = 0;

    for (const VdevClass *const *it = load()->devices; *it != NULL; it++, n++) {
        const VdevClass *klass = *it;

        g_assert_true(klass->name != NULL && klass->help != NULL);
        g_assert_cmpuint(klass->size, >=, sizeof(VdevDevice));
        g_assert_true(klass->realize != NULL && klass->reset != NULL && klass->finish != NULL);
        g_assert_true(klass->quiesce != NULL && klass->resume != NULL);
        assert_props(klass->props, klass->size);
    }
    g_assert_cmpuint(n, >, 0);
}

static void
machine_types_can_be_listed(void)
{
    g_autoptr(GHashTable) names = g_hash_table_new(g_str_hash, g_str_equal);

    for (const VdevMachineClass *const *it = load()->machines; *it != NULL; it++) {
        assert_props((*it)->props, (*it)->size);
        for (const VdevMachineRow *row = (*it)->rows; row->name != NULL; row++) {
            g_assert_true(g_hash_table_add(names, (gpointer)row->name));
            g_assert_true(row->alias == NULL || g_hash_table_add(names, (gpointer)row->alias));
            g_assert_nonnull(row->help);
            g_assert_true(row->refusal == NULL || strchr(row->refusal, '\n') == NULL);
        }
    }
    g_assert_true(g_hash_table_contains(names, "pseries"));
    g_assert_true(g_hash_table_contains(names, "pseries-3.1"));
    g_assert_true(g_hash_table_contains(names, "pseries-vmm-1.0"));
}

static void
hypercalls_have_one_row_each(void)
{
    g_autoptr(GHashTable) numbers = g_hash_table_new(NULL, NULL);

    for (const VdevHcallRow *const *table = load()->hcalls; *table != NULL; table++) {
        for (const VdevHcallRow *row = *table; row->name != NULL; row++) {
            g_assert_true(g_hash_table_add(numbers, GUINT_TO_POINTER(row->nr)));
            g_assert_true(row->nr % 4 == 0 || row->nr >= 0xf000); /* private ones are dense */
            g_assert_nonnull(row->handler);
        }
    }
    for (guint nr = 0x3a8; nr <= 0x3d0; nr += 4)
        g_assert_true(g_hash_table_contains(numbers, GUINT_TO_POINTER(nr)));
}

static void
rtas_calls_have_one_row_each(void)
{
    g_autoptr(GHashTable) tokens = g_hash_table_new(NULL, NULL);
    g_autoptr(GHashTable) names = g_hash_table_new(g_str_hash, g_str_equal);

    for (const VdevRtasRow *row = load()->rtas; row->name != NULL; row++) {
        g_assert_true(g_hash_table_add(tokens, GUINT_TO_POINTER(row->token)));
        g_assert_true(g_hash_table_add(names, (gpointer)row->name));
        g_assert_cmpuint(row->nargs, <=, RTAS_ARGS_MAX);
        g_assert_cmpuint(row->nret, >=, 1);
        g_assert_nonnull(row->handler);
    }
    g_assert_cmpuint(g_hash_table_size(tokens), >, 0);
}

/* --- Machines ------------------------------------------------------------ */

/* A machine of one row with the module's devices attached, as a command line would have it. */
typedef struct {
    FakeHost *host;
    const VdevMachineClass *klass;
    const VdevMachineRow *row;
    VdevMachineConfig config;
    void *machine;
    VdevDevice *device;
} Life;

static void
life_begin(Life *life, const VdevMachineClass *klass, const VdevMachineRow *row)
{
    const VdevClass *device = load()->devices[0];

    *life = (Life){.klass = klass, .row = row};
    life->host = fake_host_new(RAM_SIZE, 4);
    life->config = (VdevMachineConfig){
        .cpus = 2,
        .max_cpus = 4,
        .ram_size = RAM_SIZE,
        .max_ram_size = RAM_SIZE,
        .cmdline = "console=hvc0",
        .console = (VdevChardev *)life->host, /* any that is not NULL: the host's own business */
    };
    life->machine = fake_host_object_new(life->host, klass->size, klass->props, NULL);
    life->device = fake_host_object_new(life->host, device->size, device->props, device);
}

static void
life_end(Life *life)
{
    life->klass->finish(life->machine);
    g_assert_cmpuint(fake_host_alive(life->host), ==, 0);
    g_free(life->machine);
    g_free(life->device);
    fake_host_free(life->host);
}

static gboolean
life_realize(Life *life, GError **error)
{
    return life->klass->attach(life->machine, life->device, error) &&
           life->klass->realize(life->machine, life->row, &life->config, error);
}

/* Every row that can be run, of every machine class. */
static void
for_each_life(void (*body)(Life *life))
{
    guint n = 0;

    for (const VdevMachineClass *const *it = load()->machines; *it != NULL; it++) {
        for (const VdevMachineRow *row = (*it)->rows; row->name != NULL; row++) {
            Life life;

            if (row->refusal != NULL)
                continue;
            g_test_message("%s", row->name);
            life_begin(&life, *it, row);
            body(&life);
            life_end(&life);
            n++;
        }
    }
    g_assert_cmpuint(n, >, 1);
}

static void
boot(Life *life)
{
    const VdevBootImage image = {
        .kernel_high = 0x2000000,
        .initrd_size = 0x100000,
        .has_kernel = TRUE,
    };
    g_autoptr(GError) error = NULL;
    guint started = 0;

    g_assert_true(life->klass->reset(life->machine, &error));
    g_assert_no_error(error);
    g_assert_true(life->klass->load_boot(life->machine, &image, &error));
    g_assert_no_error(error);
    g_assert_cmphex(life->host->initrd_gpa, >=, image.kernel_high);
    for (guint i = 0; i < life->host->vcpus->len; i++)
        started += ((const FakeVcpu *)life->host->vcpus->pdata[i])->started;
    g_assert_cmpuint(started, ==, 1);
}

static void
live(Life *life)
{
    guint64 args[HCALL_ARGS] = {0};
    g_autoptr(GString) text = g_string_new(NULL);
    g_autoptr(GError) error = NULL;

    g_assert_true(life_realize(life, &error));
    g_assert_no_error(error);
    g_assert_cmpuint(life->host->vcpus->len, ==, life->config.cpus);
    for (guint reboot = 0; reboot < 3; reboot++) {
        boot(life);
        for (guint again = 0; again < 2; again++)
            g_assert_true(life->klass->quiesce(life->machine, &error));
        for (guint again = 0; again < 2; again++)
            g_assert_true(life->klass->resume(life->machine, &error));
        g_assert_cmpuint(fake_host_alive(life->host), ==, 3); /* device and its two windows */
    }
    g_assert_cmpint(life->klass->hcall(life->machine, life->host->vcpus->pdata[0], 0xfffc, args),
                    ==, H_FUNCTION);
    life->klass->print_irq(life->machine, text);
    g_assert_nonnull(strstr(text->str, "spapr-xive-kvm"));
    g_assert_cmpstr(life->host->log->str, ==, "");
    g_assert_false(life->host->shutdown_requested);
}

static void
every_machine_type_lives_its_life(void)
{
    for_each_life(live);
}

static void
finish_unrealized(Life *life)
{
    life->klass->finish(life->machine);
}

static void
machine_that_never_was_can_be_finished(void)
{
    for_each_life(finish_unrealized);
}

/* The newest row: the steps are the same in all. */
static void
failed_realize_leaves_nothing_behind(void)
{
    const VdevMachineClass *klass = load()->machines[0];
    gboolean good = FALSE;

    for (guint n = 1; !good; n++) {
        g_autoptr(GError) error = NULL;
        Life life;

        life_begin(&life, klass, &klass->rows[0]);
        fake_host_fail_at(life.host, n, EIO);
        good = life_realize(&life, &error);
        if (!good) {
            g_assert_nonnull(error);
            g_assert_null(strchr(error->message, '\n'));
            g_assert_cmpuint(fake_host_alive(life.host), ==, 0);
        } else {
            g_assert_cmpuint(n, >, 10); /* it did make calls, and each failed once */
        }
        life_end(&life);
    }
}

static void
machine_without_controller_is_refused(void)
{
    const VdevMachineClass *klass = load()->machines[0];
    g_autoptr(GError) error = NULL;
    Life life;

    life_begin(&life, klass, &klass->rows[0]);
    g_assert_false(klass->realize(life.machine, life.row, &life.config, &error));
    g_assert_nonnull(strstr(error->message, "spapr-xive-kvm"));
    life_end(&life);
}

static void
second_controller_is_refused(void)
{
    const VdevMachineClass *klass = load()->machines[0];
    const VdevClass *device = load()->devices[0];
    g_autoptr(GError) error = NULL;
    g_autofree void *second = NULL;
    Life life;

    life_begin(&life, klass, &klass->rows[0]);
    second = fake_host_object_new(life.host, device->size, device->props, device);
    g_assert_true(klass->attach(life.machine, life.device, &error));
    g_assert_false(klass->attach(life.machine, second, &error));
    g_assert_nonnull(strstr(error->message, "second"));
    life_end(&life);
}

static void
stream_rows_refuse_to_run(void)
{
    const VdevMachineClass *klass = load()->machines[0];
    guint n = 0;

    for (const VdevMachineRow *row = klass->rows; row->name != NULL; row++) {
        g_autoptr(GError) error = NULL;
        Life life;

        if (row->refusal == NULL)
            continue;
        life_begin(&life, klass, row);
        g_assert_false(life_realize(&life, &error));
        g_assert_cmpstr(error->message, ==, row->refusal);
        g_assert_cmpuint(life.host->n_calls, ==, 0);
        life_end(&life);
        n++;
    }
    g_assert_cmpuint(n, >, 0);
}

static const struct {
    const char *path;
    void (*test)(void);
} tests[] = {
    {"numbers/abi", host_of_another_number_is_refused},
    {"numbers/short", host_shorter_than_its_head_is_refused},
    {"numbers/head", host_with_a_head_only_gets_the_tables},
    {"numbers/longer", host_of_tomorrow_gets_the_tables},
    {"numbers/needs", module_says_who_it_is_and_what_it_needs},
    {"tables/devices", devices_can_be_listed},
    {"tables/machines", machine_types_can_be_listed},
    {"tables/hcalls", hypercalls_have_one_row_each},
    {"tables/rtas", rtas_calls_have_one_row_each},
    {"machine/life", every_machine_type_lives_its_life},
    {"machine/finish", machine_that_never_was_can_be_finished},
    {"machine/undo", failed_realize_leaves_nothing_behind},
    {"machine/no-controller", machine_without_controller_is_refused},
    {"machine/two-controllers", second_controller_is_refused},
    {"machine/stream-rows", stream_rows_refuse_to_run},
};

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(tests); i++) {
        g_autofree char *path = g_strdup_printf("/contract/%s", tests[i].path);

        g_test_add_func(path, tests[i].test);
    }
    return g_test_run();
}
