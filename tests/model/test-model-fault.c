/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Options and faults on demand: every kind of call fails when told to, once, and leaves nothing
 * behind.
 */
#include <errno.h>
#include <string.h>

#include "tests/model/model-rig.h"
#include "vmm/accel/model.h"

#define OS_PAGE (XIVE_TIMA_PAGE_OS * XIVE_PAGE_SIZE)

static const char *const bad_options[] = {
    "x-fault=",
    "x-fault=kdev_set",
    "x-fault=kdev_set:1",
    "x-fault=kdev_set:0:EINVAL",
    "x-fault=kdev_set:-1:EINVAL",
    "x-fault=kdev_set:1:EWHAT",
    "x-fault=kdev_set:1:22",
    "x-fault=close:1:EINVAL",
    "x-fault=kdev_set:1:EINVAL:more",
    "x-vps=0",
    "x-vps=lots",
    "x-irqs=",
    "max-vcpus=20000",
    "max-vcpus=2", /* fewer than -smp */
    "script=/nowhere/at.all",
    "scirpt=x",
};

static void
wrong_options_are_refused_in_one_line_that_names_them(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(bad_options); i++) {
        g_autoptr(GError) error = NULL;
        g_auto(GStrv) pair = g_strsplit(bad_options[i], "=", 2);
        const char *culprit = strcmp(pair[0], "script") == 0 ? pair[1] : pair[0];

        g_assert_false(rig_try_open(bad_options[i], &error));
        g_assert_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE);
        g_assert_nonnull(strstr(error->message, culprit));
        g_assert_null(strchr(error->message, '\n'));
    }
    g_assert_true(rig_try_open("max-vcpus=4,x-vps=0x10,x-irqs=1", NULL));
}

/* One use of every call that can fail. Returns: which of them failed, in the order of AccelCall,
 * ORed as bits; open is not among them. */
static guint32
use_everything(Rig *rig)
{
    static const guint64 mmu = VDEV_MMU_RADIX;
    VdevRegionSpec tima = {.name = "tima",
                           .page_offset = VDEV_XIVE_TIMA_PAGE_OFFSET,
                           .gpa = XIVE_TIMA_BASE,
                           .size = XIVE_TIMA_PAGES * XIVE_PAGE_SIZE};
    const AccelClass *klass = &model_accel_class;
    guint64 words[64], value = 0;
    AccelExit exit = {0};
    VdevXiveEq eq;
    gint errnum = 0;
    guint32 failed = 0;

#define NOTE(call, bad) failed |= (bad) ? 1u << ACCEL_CALL_##call : 0
    NOTE(MEMORY_SET,
         klass->memory_set(rig->accel, 0, 0, RIG_RAM_SIZE, rig->ram, ACCEL_MEM_LOG_DIRTY));
    NOTE(DIRTY_LOG_GET, klass->dirty_log_get(rig->accel, 0, words, 64) == -EDOM);
    NOTE(ENABLE_HCALL, klass->enable_hcall(rig->accel, 0x31c));
    NOTE(SET_MMU, klass->set_mmu(rig->accel, mmu, VDEV_PATE_GR));
    rig->vcpus[0] = klass->vcpu_new(rig->accel, 0, NULL);
    NOTE(VCPU_NEW, rig->vcpus[0] == NULL);
    rig->kdev = klass->kdev_new(rig->accel, VDEV_KDEV_XIVE, &errnum);
    NOTE(KDEV_NEW, rig->kdev == NULL);
    if (rig->vcpus[0] == NULL || rig->kdev == NULL)
        return failed;
    rig->n_vcpus = 1;
    NOTE(KDEV_CONNECT, klass->kdev_connect(rig->kdev, rig->vcpus[0], 0));
    NOTE(KDEV_SET, rig_source(rig, 0, 0) == -EDOM);
    NOTE(KDEV_GET, klass->kdev_get(rig->kdev, VDEV_XIVE_GRP_EQ_CONFIG, 0, &eq) == -EDOM);
    NOTE(VCPU_SET, klass->vcpu_set(rig->vcpus[0], VDEV_REG_PC, &value));
    NOTE(VCPU_GET, klass->vcpu_get(rig->vcpus[0], VDEV_REG_PC, &value));
    NOTE(IRQFD, klass->irqfd(rig->accel, 0, -1, FALSE));
    rig->tima = klass->region_new(rig->kdev, SLOT_TIMA, &tima, NULL);
    NOTE(REGION_NEW, rig->tima == NULL);
    if (rig->tima != NULL) {
        NOTE(REGION_LOAD64, !klass->region_load64(rig->tima, OS_PAGE, &value, NULL));
        NOTE(REGION_STORE64, !klass->region_store64(rig->tima, OS_PAGE, 0, NULL));
    }
    klass->vcpu_run(rig->vcpus[0], &exit);
    NOTE(VCPU_RUN, exit.kind == ACCEL_EXIT_FAILED);
    klass->vcpu_complete(rig->vcpus[0], &exit);
    NOTE(VCPU_COMPLETE, exit.kind == ACCEL_EXIT_FAILED && failed == 0);
    return failed;
}

/* Every name but region_free's, which the model makes no call for. */
static const char *const calls[ACCEL_CALL_N] = {
    [ACCEL_CALL_OPEN] = "open",
    [ACCEL_CALL_MEMORY_SET] = "memory_set",
    [ACCEL_CALL_DIRTY_LOG_GET] = "dirty_log_get",
    [ACCEL_CALL_ENABLE_HCALL] = "enable_hcall",
    [ACCEL_CALL_SET_MMU] = "set_mmu",
    [ACCEL_CALL_VCPU_NEW] = "vcpu_new",
    [ACCEL_CALL_VCPU_GET] = "vcpu_get",
    [ACCEL_CALL_VCPU_SET] = "vcpu_set",
    [ACCEL_CALL_VCPU_RUN] = "vcpu_run",
    [ACCEL_CALL_VCPU_COMPLETE] = "vcpu_complete",
    [ACCEL_CALL_KDEV_NEW] = "kdev_new",
    [ACCEL_CALL_KDEV_SET] = "kdev_set",
    [ACCEL_CALL_KDEV_GET] = "kdev_get",
    [ACCEL_CALL_KDEV_CONNECT] = "kdev_connect",
    [ACCEL_CALL_IRQFD] = "irqfd",
    [ACCEL_CALL_REGION_NEW] = "region_new",
    [ACCEL_CALL_REGION_LOAD64] = "region_load64",
    [ACCEL_CALL_REGION_STORE64] = "region_store64",
};

static void
every_kind_of_call_fails_on_demand_and_only_that(void)
{
    for (guint i = 0; i < ACCEL_CALL_N; i++) {
        if (calls[i] == NULL)
            continue;
        /* The rig's own memory_set is the first one. */
        guint nth = i == ACCEL_CALL_MEMORY_SET ? 2 : 1;
        g_autofree char *option = g_strdup_printf("x-fault=%s:%u:EDOM", calls[i], nth);
        Rig rig;

        if (i == ACCEL_CALL_OPEN) {
            g_autoptr(GError) error = NULL;

            g_assert_false(rig_try_open(option, &error));
            g_assert_nonnull(strstr(error->message, g_strerror(EDOM)));
            continue;
        }
        rig_open(&rig, option);
        g_test_message("%s", option);
        g_assert_cmphex(use_everything(&rig), ==, 1u << i);
        rig_close(&rig);
    }
}

static void
any_counts_calls_of_all_kinds(void)
{
    Rig rig;

    rig_open(&rig, "x-fault=any:5:EDOM"); /* open, memory_set, memory_set, dirty_log_get, … */
    g_assert_cmphex(use_everything(&rig), ==, 1u << ACCEL_CALL_ENABLE_HCALL);
    rig_close(&rig);
}

static GString *printed;

static void
take_print(const gchar *text)
{
    g_string_append(printed, text);
}

static void
counts_are_printed_at_close(void)
{
    GPrintFunc before;
    Rig rig;

    printed = g_string_new(NULL);
    before = g_set_printerr_handler(take_print);
    rig_open(&rig, "x-fault=count");
    g_assert_cmphex(use_everything(&rig), ==, 0);
    rig_close(&rig);
    g_set_printerr_handler(before);
    for (guint i = 0; i < ACCEL_CALL_N; i++) {
        g_autofree char *line =
            g_strdup_printf("x-fault: %s %d\n", calls[i] ? calls[i] : "region_free",
                            calls[i] == NULL             ? 0
                            : i == ACCEL_CALL_MEMORY_SET ? 2
                                                         : 1);

        g_assert_nonnull(strstr(printed->str, line));
    }
    g_assert_nonnull(strstr(printed->str, "x-fault: any 19\n"));
    g_string_free(printed, TRUE);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD(name) g_test_add_func("/model/fault/" #name, name)
    ADD(wrong_options_are_refused_in_one_line_that_names_them);
    ADD(every_kind_of_call_fails_on_demand_and_only_that);
    ADD(any_counts_calls_of_all_kinds);
    ADD(counts_are_printed_at_close);
#undef ADD
    return g_test_run();
}
