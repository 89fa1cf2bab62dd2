/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Slots, the dirty log with its blind spot, and the mappings with their faults.
 */
#include <errno.h>
#include <string.h>

#include "tests/model/model-rig.h"

#define PAGE        0x10000u
#define N_PAGES     (RIG_RAM_SIZE / PAGE)
#define N_WORDS     ((N_PAGES + 63) / 64)
#define MEMORY(...) model_accel_class.memory_set(rig.accel, __VA_ARGS__)

static void
slots_are_refused_as_by_kvm(void)
{
    static guint8 odd[2];
    Rig rig;

    rig_open(&rig, NULL);
    g_assert_cmpint(MEMORY(SLOT_FREE, RIG_RAM_SIZE + 1, PAGE, rig.ram, 0), ==, -EINVAL);
    g_assert_cmpint(MEMORY(SLOT_FREE, RIG_RAM_SIZE, PAGE + 1, rig.ram, 0), ==, -EINVAL);
    g_assert_cmpint(MEMORY(SLOT_FREE, RIG_RAM_SIZE, 0x1000, rig.ram, 0), ==, -EINVAL);
    g_assert_cmpint(MEMORY(SLOT_FREE, RIG_RAM_SIZE, PAGE, odd + 1, 0), ==, -EINVAL);
    g_assert_cmpint(MEMORY(SLOT_FREE, RIG_RAM_SIZE, PAGE, NULL, 0), ==, -EFAULT);
    g_assert_cmpint(MEMORY(SLOT_FREE, RIG_RAM_SIZE, PAGE, rig.ram, 4), ==, -EINVAL);
    g_assert_cmpint(MEMORY(SLOT_FREE, ~(guint64)(PAGE - 1), 2 * PAGE, rig.ram, 0), ==, -EINVAL);
    g_assert_cmpint(MEMORY(40000, RIG_RAM_SIZE, PAGE, rig.ram, 0), ==, -EINVAL);
    g_assert_cmpint(MEMORY(SLOT_FREE, RIG_RAM_SIZE - PAGE, 2 * PAGE, rig.ram, 0), ==, -EEXIST);
    g_assert_cmpint(MEMORY(SLOT_FREE, 0, 0, NULL, 0), ==, -EINVAL);      /* none there */
    g_assert_cmpint(MEMORY(SLOT_RAM, 0, PAGE, rig.ram, 0), ==, -EINVAL); /* shrink */
    g_assert_cmpint(MEMORY(SLOT_RAM, 0, RIG_RAM_SIZE, rig.ram + PAGE, 0), ==, -EINVAL);
    g_assert_cmpint(MEMORY(SLOT_RAM, RIG_RAM_SIZE, RIG_RAM_SIZE, rig.ram, 0), ==, 0); /* move */
    g_assert_cmpint(MEMORY(SLOT_RAM, 0, 0, NULL, 0), ==, 0);
    g_assert_cmpint(MEMORY(SLOT_RAM, 0, RIG_RAM_SIZE, rig.ram, 0), ==, 0);
    rig_close(&rig);
}

/* ---- the log ------------------------------------------------------------------------------- */

static gint
log_get(Rig *rig, guint64 *words)
{
    return model_accel_class.dirty_log_get(rig->accel, SLOT_RAM, words, N_WORDS);
}

static guint
log_count(Rig *rig, guint64 *words)
{
    guint n = 0;

    g_assert_cmpint(log_get(rig, words), ==, 0);
    for (guint i = 0; i < N_WORDS; i++)
        n += (guint)__builtin_popcountll(words[i]);
    return n;
}

static void
log_start(Rig *rig)
{
    g_assert_cmpint(model_accel_class.memory_set(rig->accel, SLOT_RAM, 0, RIG_RAM_SIZE, rig->ram,
                                                 ACCEL_MEM_LOG_DIRTY),
                    ==, 0);
}

static void
run_script(Rig *rig, const char *text)
{
    rig_script(rig, text);
    rig_set_reg(rig, 0, VDEV_REG_PC, 0);
    rig_run_all(rig, 0);
}

static void
the_log_says_what_a_vcpu_stored(void)
{
    guint64 words[N_WORDS];
    Rig rig;

    rig_open(&rig, NULL);
    rig_vcpus(&rig, 1);
    g_assert_cmpint(log_get(&rig, words), ==, -ENOENT); /* not logging */
    log_start(&rig);
    g_assert_cmpuint(log_count(&rig, words), ==, 0); /* not all ones */
    run_script(&rig, "vcpu 0\n store64 0x20008 1\n store8 0x2ffff 1\n store32 0x5fffe 7\n");
    g_assert_cmpuint(log_count(&rig, words), ==, 3);
    g_assert_cmphex(words[0], ==, 1u << 2 | 1u << 5 | 1u << 6);
    g_assert_cmpuint(log_count(&rig, words), ==, 0); /* reading clears */
    g_assert_cmpint(model_accel_class.dirty_log_get(rig.accel, SLOT_RAM, words, N_WORDS - 1), ==,
                    -EINVAL);
    g_assert_cmpint(MEMORY(SLOT_RAM, 0, RIG_RAM_SIZE, rig.ram, 0), ==, 0);
    g_assert_cmpint(log_get(&rig, words), ==, -ENOENT);
    rig_close(&rig);
}

static void
the_first_touch_of_a_page_counts_as_a_store(void)
{
    guint64 words[N_WORDS];
    Rig rig;

    rig_open(&rig, NULL);
    rig_vcpus(&rig, 1);
    log_start(&rig);
    run_script(&rig, "vcpu 0\n load64 0x30000\n");
    g_assert_cmpuint(log_count(&rig, words), ==, 1);
    run_script(&rig, "vcpu 0\n load64 0x30000\n");
    g_assert_cmpuint(log_count(&rig, words), ==, 0);
    run_script(&rig, "vcpu 0\n store64 0x30000 1\n");
    g_assert_cmpuint(log_count(&rig, words), ==, 1);
    rig_close(&rig);
}

/* The reason for EQ_SYNC: without it a destination would lack the entries. */
static void
queue_writes_are_not_in_the_log_until_synchronised(void)
{
    guint64 words[N_WORDS], queue;
    Rig rig;

    rig_open_full(&rig, NULL, 1);
    log_start(&rig);
    queue = rig_queue(&rig, 0, 6, 0);
    g_assert_cmpint(rig_config(&rig, 1, 0, 6, FALSE, 0x77), ==, 0);
    rig_set_pq(&rig, 1, 0);
    rig_trigger(&rig, 1);
    g_assert_cmphex(rig_entry(&rig, queue, 0), ==, 0x80000077);
    g_assert_cmpuint(log_count(&rig, words), ==, 0); /* written, and not logged */
    g_assert_cmpint(rig_set(&rig, VDEV_XIVE_GRP_CTRL, VDEV_XIVE_CTRL_EQ_SYNC, NULL), ==, 0);
    g_assert_cmpuint(log_count(&rig, words), ==, 1);
    g_assert_cmphex(words[0], ==, G_GUINT64_CONSTANT(1) << (queue / PAGE));
    g_assert_cmpuint(log_count(&rig, words), ==, 0);
    rig_close(&rig);
}

/* ---- mappings ------------------------------------------------------------------------------ */

static void
mappings_are_refused_outside_the_two_windows(void)
{
    static const struct {
        guint64 page, size;
    } bad[] = {{0, 5 * PAGE}, {1, PAGE},         {3, PAGE}, {5, PAGE},
               {4, 0},        {4, PAGE + 4096u}, {0, 0},    {4, (guint64)PAGE * 0x200001}};
    VdevRegionSpec spec = {.name = "win", .gpa = XIVE_ESB_BASE};
    Rig rig;

    rig_open(&rig, NULL);
    rig_device(&rig);
    for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) error = NULL;

        spec.page_offset = bad[i].page;
        spec.size = bad[i].size;
        g_assert_null(model_accel_class.region_new(rig.kdev, SLOT_ESB, &spec, &error));
        g_assert_nonnull(strstr(error->message, "region win"));
    }
    spec.page_offset = 4;
    spec.size = 2 * PAGE;
    spec.gpa = 0; /* over RAM */
    g_assert_null(model_accel_class.region_new(rig.kdev, SLOT_ESB, &spec, NULL));
    spec.gpa = XIVE_ESB_BASE;
    g_assert_null(model_accel_class.region_new(rig.kdev, SLOT_RAM, &spec, NULL)); /* slot in use */
    rig_windows(&rig); /* nothing of the failures is left */
    rig_close(&rig);
}

static void
pages_are_populated_once_and_faults_counted(void)
{
    Rig rig;

    rig_open_full(&rig, NULL, 1);
    g_assert_cmpuint(model_accel_class.region_faults(rig.esb), ==, 0);
    for (guint i = 0; i < 3; i++)
        rig_pq(&rig, 7);
    g_assert_cmpuint(model_accel_class.region_faults(rig.esb), ==, 1);
    rig_trigger(&rig, 7); /* the other page */
    g_assert_cmpuint(model_accel_class.region_faults(rig.esb), ==, 2);
    model_accel_class.region_free(rig.esb);
    model_accel_class.region_free(rig.tima);
    rig_windows(&rig);
    g_assert_cmpuint(model_accel_class.region_faults(rig.esb), ==, 0); /* mapped anew */
    rig_pq(&rig, 7);
    g_assert_cmpuint(model_accel_class.region_faults(rig.esb), ==, 1);
    rig_close(&rig);
}

static void
expect_refusal(AccelRegion *region, guint64 offset, const char *word)
{
    g_autoptr(GError) error = NULL;
    guint64 value = 0x1234;

    g_assert_false(model_accel_class.region_load64(region, offset, &value, &error));
    g_assert_nonnull(strstr(error->message, word));
    g_assert_cmphex(value, ==, 0x1234);
    g_assert_null(strchr(error->message, '\n'));
}

static void
refused_pages_are_errors_for_the_host(void)
{
    guint64 missing = (guint64)RIG_LISNS * 2 * PAGE, size = XIVE_ESB_SIZE;
    guint64 value;
    Rig rig;

    rig_open_full(&rig, NULL, 1);
    expect_refusal(rig.esb, missing, "LISN 0x40");
    expect_refusal(rig.esb, missing + PAGE, "management page of LISN 0x40");
    expect_refusal(rig.esb, size, "region esb");
    expect_refusal(rig.esb, G_MAXUINT64 - 7, "region esb");
    expect_refusal(rig.esb, 4, "aligned");
    expect_refusal(rig.tima, 0, "hardware");
    expect_refusal(rig.tima, PAGE, "hypervisor");
    expect_refusal(rig.tima, 3 * PAGE, "user");
    g_assert_true(model_accel_class.region_load64(rig.tima, 2 * PAGE + 0x10, &value, NULL));
    /* No negative mapping stays behind: once created, the page works. */
    g_assert_cmpint(rig_source(&rig, RIG_LISNS, 0), ==, 0);
    g_assert_cmpuint(rig_pq(&rig, RIG_LISNS), ==, 1);
    rig_close(&rig);
}

static void
refused_pages_stop_a_guest_and_can_be_retried(void)
{
    AccelExit exit = {0};
    Rig rig;

    rig_open_full(&rig, NULL, 1);
    rig_script(&rig, "vcpu 0\n esb get 0x40 -> PQ_OFF\n load64 TIMA_BASE\n");
    rig_run(&rig, 0, &exit);
    g_assert_cmpint(exit.kind, ==, ACCEL_EXIT_GUEST_FAULT);
    g_assert_nonnull(strstr(exit.message, "LISN 0x40"));
    g_assert_cmpint(rig_source(&rig, 0x40, 0), ==, 0);
    rig_run(&rig, 0, &exit); /* the same access again, then the next */
    g_assert_cmpint(exit.kind, ==, ACCEL_EXIT_GUEST_FAULT);
    g_assert_nonnull(strstr(exit.message, "hardware page"));
    rig_close(&rig);
}

/* What is no operation must have no effect. */
static void
esb_accesses_that_are_no_operation_change_nothing(void)
{
    Rig rig;

    rig_open_full(&rig, NULL, 1);
    rig_set_pq(&rig, 5, 2);
    run_script(&rig, "vcpu 0\n"
                     " load64 (ESB_BASE + 0xa0000) -> ~0\n"         /* load of the trigger page */
                     " load32 (ESB_BASE + 0xb0000) -> 0xffffffff\n" /* a narrow EOI */
                     " load64 (ESB_BASE + 0xb0004) -> ~0\n"         /* not aligned */
                     " store64 (ESB_BASE + 0xb0400) 0\n"            /* store EOI: not offered */
                     " store32 (ESB_BASE + 0xa0000) 0\n"            /* a narrow trigger */
                     " esb get 5 -> PQ_PENDING\n");
    g_assert_cmpuint(rig_pq(&rig, 5), ==, 2);
    rig_close(&rig);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD(name) g_test_add_func("/model/memory/" #name, name)
    ADD(slots_are_refused_as_by_kvm);
    ADD(the_log_says_what_a_vcpu_stored);
    ADD(the_first_touch_of_a_page_counts_as_a_store);
    ADD(queue_writes_are_not_in_the_log_until_synchronised);
    ADD(mappings_are_refused_outside_the_two_windows);
    ADD(pages_are_populated_once_and_faults_counted);
    ADD(refused_pages_are_errors_for_the_host);
    ADD(refused_pages_stop_a_guest_and_can_be_retried);
    ADD(esb_accesses_that_are_no_operation_change_nothing);
#undef ADD
    return g_test_run();
}
