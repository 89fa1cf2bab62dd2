/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hypercalls of the platform: dispatch, processor, memory.
 */
#include "tests/unit/hw-spapr/platform-rig.h"

#include <string.h>

#include "vdev/guestmem.h"
#include "vdev/kvm-ppc.h"

static void
unknown_numbers_are_no_function(void)
{
    static const guint64 numbers[] = {
        0,      1,      4,           0x31d,       0x31e,      0x398,          0xffc,
        0x1000, 0x1004, 0xf001,      0xf003,      0xf080,     0xf0ff,         0xf100,
        0xefff, 0xffff, G_MAXUINT32, G_MAXUINT64, 1ULL << 63, 0x10000031cULL,
    };
    Rig rig;

    rig_init(&rig, NULL);
    for (guint i = 0; i < G_N_ELEMENTS(numbers); i++)
        g_assert_cmpint(RIG_HCALL(&rig, numbers[i], 1, 2, 3), ==, H_FUNCTION);
    rig_finish(&rig);
}

static void
every_row_is_found_under_its_number(void)
{
    const VdevHcallRow *const tables[] = {hcall_cpu_rows, hcall_mem_rows, hcall_vio_rows,
                                          hcall_firmware_rows, xive_hcalls};
    Rig rig;

    rig_init(&rig, NULL);
    for (guint t = 0; t < G_N_ELEMENTS(tables); t++) {
        for (const VdevHcallRow *row = tables[t]; row->name != NULL; row++) {
            const HcallEntry *entry = hcall_table_find(&rig.platform->hcalls, row->nr);

            g_assert_true(entry != NULL && entry->row == row);
            g_assert_true(entry->owner ==
                          (tables[t] == xive_hcalls ? (void *)rig.xive : (void *)rig.platform));
        }
    }
    rig_finish(&rig);
}

static void
set_mode_turns_interrupts_little_endian_on_every_vcpu(void)
{
    Rig rig;

    rig_init(&rig, NULL);
    for (guint flags = 1; flags <= 1; flags--) { /* on, then off */
        g_assert_cmpint(RIG_HCALL(&rig, H_SET_MODE, flags, 4, 0, 0), ==, H_SUCCESS);
        for (guint i = 0; i < 2; i++)
            g_assert_cmphex(rig_reg(&rig, i, VDEV_REG_LPCR) & VDEV_LPCR_ILE, ==,
                            flags == 1 ? VDEV_LPCR_ILE : 0);
    }
    rig_finish(&rig);
}

static void
set_mode_knows_ail_and_refuses_the_rest(void)
{
    static const struct {
        guint64 args[4];
        HcallStatus status;
    } calls[] = {
        {{3, 3, 0, 0}, H_SUCCESS},
        {{0, 3, 0, 0}, H_SUCCESS},
        {{1, 3, 0, 0}, H_UNSUPPORTED_FLAG},
        {{2, 3, 0, 0}, H_UNSUPPORTED_FLAG},
        {{4, 3, 0, 0}, H_UNSUPPORTED_FLAG},
        {{2, 4, 0, 0}, H_UNSUPPORTED_FLAG},
        {{G_MAXUINT64, 4, 0, 0}, H_UNSUPPORTED_FLAG},
        {{1, 4, 1, 0}, H_P3},
        {{1, 4, 0, 1}, H_P4},
        {{3, 3, 1, 0}, H_P3},
        {{3, 3, 0, 1}, H_P4},
        {{0, 0, 0, 0}, H_P2},
        {{0, 1, 0, 0}, H_P2},
        {{0, 6, 0, 0}, H_P2},
        {{0, G_MAXUINT64, 0, 0}, H_P2},
    };
    guint64 lpcr;
    Rig rig;

    rig_init(&rig, NULL);
    lpcr = rig_reg(&rig, 0, VDEV_REG_LPCR);
    for (guint i = 0; i < G_N_ELEMENTS(calls); i++) {
        g_assert_cmpint(rig_hcall(&rig, H_SET_MODE, calls[i].args, 4), ==, calls[i].status);
        g_assert_cmphex(rig_reg(&rig, 1, VDEV_REG_LPCR), ==,
                        i == 0 ? lpcr | VDEV_LPCR_AIL_MASK : lpcr);
    }
    rig_finish(&rig);
}

static void
set_mode_reports_a_host_that_fails(void)
{
    Rig rig;

    rig_init(&rig, NULL);
    fake_host_fail_at(rig.host, 2, 5);
    g_assert_cmpint(RIG_HCALL(&rig, H_SET_MODE, 1, 4, 0, 0), ==, H_HARDWARE);
    rig_finish(&rig);
}

#define REGISTER 0x1d /* modify, register, radix, GTSE */

static void
process_table_reaches_the_mmu(void)
{
    Rig rig;

    rig_init(&rig, NULL);
    g_assert_cmphex(rig.host->mmu_table, ==, VDEV_PATE_GR);
    g_assert_cmpint(RIG_HCALL(&rig, H_REGISTER_PROC_TBL, REGISTER, 0x10000, 0, 4), ==, H_SUCCESS);
    g_assert_cmphex(rig.host->mmu_table, ==, VDEV_PATE_GR | 0x10000 | 4);
    g_assert_cmphex(rig.host->mmu_flags, ==, VDEV_MMU_RADIX | VDEV_MMU_GTSE);
    /* keeps the table, drops GTSE */
    g_assert_cmpint(RIG_HCALL(&rig, H_REGISTER_PROC_TBL, 0x04, 0x10000, 0, 4), ==, H_SUCCESS);
    g_assert_cmphex(rig.host->mmu_table, ==, VDEV_PATE_GR | 0x10000 | 4);
    g_assert_cmphex(rig.host->mmu_flags, ==, VDEV_MMU_RADIX);
    /* gives it back */
    g_assert_cmpint(RIG_HCALL(&rig, H_REGISTER_PROC_TBL, 0x15, 0, 0, 0), ==, H_SUCCESS);
    g_assert_cmphex(rig.host->mmu_table, ==, VDEV_PATE_GR);
    g_assert_cmphex(rig.platform->process_table, ==, VDEV_PATE_GR);
    rig_finish(&rig);
}

static void
bad_process_table_leaves_the_mmu_alone(void)
{
    static const struct {
        guint64 args[4];
        HcallStatus status;
    } calls[] = {
        {{0x3d, 0x10000, 0, 4}, H_PARAMETER},
        {{G_MAXUINT64, 0x10000, 0, 4}, H_PARAMETER},
        {{REGISTER, 0x10001, 0, 4}, H_P2},
        {{REGISTER, 0x1000000000010000, 0, 4}, H_P2},
        {{REGISTER, 0x10000, 1, 4}, H_P3},
        {{REGISTER, 0x10000, 0, 25}, H_P4},
        {{REGISTER, 0x10000, 0, G_MAXUINT64}, H_P4},
        {{REGISTER, RIG_RAM, 0, 0}, H_P2},
        {{REGISTER, 0, 0, 24}, H_P2}, /* longer than RAM */
        {{REGISTER, 0x0ffffffffffff000, 0, 0}, H_P2},
    };
    Rig rig;

    rig_init(&rig, NULL);
    for (guint i = 0; i < G_N_ELEMENTS(calls); i++) {
        g_assert_cmpint(rig_hcall(&rig, H_REGISTER_PROC_TBL, calls[i].args, 4), ==,
                        calls[i].status);
        g_assert_cmphex(rig.host->mmu_table, ==, VDEV_PATE_GR);
    }
    fake_host_fail_at(rig.host, 1, 22);
    g_assert_cmpint(RIG_HCALL(&rig, H_REGISTER_PROC_TBL, REGISTER, 0x10000, 0, 4), ==, H_HARDWARE);
    g_assert_cmphex(rig.platform->process_table, ==, VDEV_PATE_GR);
    rig_finish(&rig);
}

static void
hash_guest_is_refused_and_reported_once(void)
{
    const char *first;
    Rig rig;

    rig_init(&rig, NULL);
    for (guint i = 0; i < 100; i++)
        g_assert_cmpint(RIG_HCALL(&rig, H_REGISTER_PROC_TBL, 0x18, 0x10000, 0, 4), ==, H_PARAMETER);
    first = strstr(rig.host->log->str, "only radix guests run here");
    g_assert_nonnull(first);
    g_assert_null(strstr(first + 1, "only radix guests run here"));
    rig_finish(&rig);
}

static VdevCpuInfo told;

static const VdevCpuInfo *
tell(const VdevHost *host)
{
    return &told;
}

static void
cpu_characteristics_are_the_hosts_where_it_knows(void)
{
    Rig rig;

    rig_init(&rig, NULL);
    rig.host->table.cpu_info = tell;
    told = (VdevCpuInfo){.have_cpu_char = FALSE};
    g_assert_cmpint(RIG_HCALL(&rig, H_GET_CPU_CHARACTERISTICS, 0), ==, H_FUNCTION);
    told = (VdevCpuInfo){
        .have_cpu_char = TRUE,
        .cpu_character = 0xf0f0,
        .cpu_character_mask = 0xff00,
        .cpu_behaviour = 0x8888000000000000,
        .cpu_behaviour_mask = 0xff00000000000000,
    };
    g_assert_cmpint(RIG_HCALL(&rig, H_GET_CPU_CHARACTERISTICS, 0), ==, H_SUCCESS);
    g_assert_cmphex(rig.args[0], ==, 0xf000);
    g_assert_cmphex(rig.args[1], ==, 0x8800000000000000);
    rig_finish(&rig);
}

static void
sprg0_is_the_callers(void)
{
    Rig rig;

    rig_init(&rig, NULL);
    g_assert_cmpint(RIG_HCALL(&rig, H_SET_SPRG0, 0x123456789abcdef0), ==, H_SUCCESS);
    g_assert_cmphex(rig_reg(&rig, 0, VDEV_REG_SPRG(0)), ==, 0x123456789abcdef0);
    g_assert_cmphex(rig_reg(&rig, 1, VDEV_REG_SPRG(0)), ==, 0);
    rig_finish(&rig);
}

static void
random_numbers_differ(void)
{
    guint64 first;
    Rig rig;

    rig_init(&rig, NULL);
    g_assert_cmpint(RIG_HCALL(&rig, H_RANDOM, 0), ==, H_SUCCESS);
    first = rig.args[0];
    g_assert_cmpint(RIG_HCALL(&rig, H_RANDOM, 0), ==, H_SUCCESS);
    g_assert_cmphex(rig.args[0], !=, first);
    rig_finish(&rig);
}

static void
logical_accesses_have_every_size(void)
{
    static const guint64 value = 0x1122334455667788;
    const guint32 loads[] = {H_LOGICAL_CI_LOAD, H_LOGICAL_CACHE_LOAD};
    const guint32 stores[] = {H_LOGICAL_CI_STORE, H_LOGICAL_CACHE_STORE};
    Rig rig;

    rig_init(&rig, NULL);
    for (guint way = 0; way < 2; way++) {
        for (guint64 n = 1; n <= 8; n *= 2) {
            guint64 part = n == 8 ? value : value & ((1ULL << (8 * n)) - 1);

            memset(rig.host->ram + 0x4000, 0xee, 16);
            g_assert_cmpint(RIG_HCALL(&rig, stores[way], n, 0x4000, value), ==, H_SUCCESS);
            g_assert_cmphex(rig.host->ram[0x4000 + n - 1], ==, 0x88); /* big-endian */
            g_assert_cmphex(rig.host->ram[0x4000 + n], ==, 0xee);
            g_assert_cmpint(RIG_HCALL(&rig, loads[way], n, 0x4000), ==, H_SUCCESS);
            g_assert_cmphex(rig.args[0], ==, part);
        }
    }
    rig_finish(&rig);
}

static void
logical_accesses_stay_in_ram(void)
{
    static const guint64 sizes[] = {0, 3, 5, 16, G_MAXUINT64};
    static const guint64 addresses[] = {RIG_RAM - 7, RIG_RAM, G_MAXUINT64 - 3, 0x0006010000000000};
    Rig rig;

    rig_init(&rig, NULL);
    for (guint i = 0; i < G_N_ELEMENTS(sizes); i++) {
        g_assert_cmpint(RIG_HCALL(&rig, H_LOGICAL_CI_LOAD, sizes[i], 0x4000), ==, H_PARAMETER);
        g_assert_cmpint(RIG_HCALL(&rig, H_LOGICAL_CI_STORE, sizes[i], 0x4000, 1), ==, H_PARAMETER);
    }
    for (guint i = 0; i < G_N_ELEMENTS(addresses); i++) {
        g_assert_cmpint(RIG_HCALL(&rig, H_LOGICAL_CI_LOAD, 8, addresses[i]), ==, H_PARAMETER);
        g_assert_cmpint(RIG_HCALL(&rig, H_LOGICAL_CI_STORE, 8, addresses[i], 1), ==, H_PARAMETER);
    }
    g_assert_cmpint(RIG_HCALL(&rig, H_LOGICAL_DCBF, 0x4000), ==, H_SUCCESS);
    g_assert_cmpint(RIG_HCALL(&rig, H_LOGICAL_ICBI, 0x4000), ==, H_SUCCESS);
    rig_finish(&rig);
}

#define ZERO (1ULL << 15)
#define COPY (1ULL << 14)

static void
page_init_zeroes_or_copies_whole_pages(void)
{
    guint8 *ram;
    Rig rig;

    rig_init(&rig, NULL);
    ram = rig.host->ram;
    memset(ram + 0x4000, 0x5a, 0x3000);
    g_assert_cmpint(RIG_HCALL(&rig, H_PAGE_INIT, 0, 0x4000, 0), ==, H_SUCCESS);
    g_assert_cmphex(ram[0x4000], ==, 0x5a);
    g_assert_cmpint(RIG_HCALL(&rig, H_PAGE_INIT, ZERO, 0x5000, 0), ==, H_SUCCESS);
    g_assert_cmphex(ram[0x4fff], ==, 0x5a);
    g_assert_cmphex(ram[0x5000], ==, 0);
    g_assert_cmphex(ram[0x5fff], ==, 0);
    g_assert_cmphex(ram[0x6000], ==, 0x5a);
    g_assert_cmpint(RIG_HCALL(&rig, H_PAGE_INIT, COPY, 0x5000, 0x4000), ==, H_SUCCESS);
    g_assert_cmphex(ram[0x5fff], ==, 0x5a);
    rig_finish(&rig);
}

static void
page_init_refuses_what_is_no_page(void)
{
    static const guint64 calls[][3] = {
        {1, 0x4000, 0},
        {1ULL << 63, 0x4000, 0},
        {ZERO, 0x4001, 0},
        {ZERO, RIG_RAM, 0},
        {ZERO, G_MAXUINT64 & ~0xfffULL, 0},
        {COPY, 0x4000, 0x5800},
        {COPY, 0x4000, RIG_RAM},
        {COPY, RIG_RAM, 0x4000},
    };
    Rig rig;

    rig_init(&rig, NULL);
    rig.host->ram[0x4000] = 0x5a;
    for (guint i = 0; i < G_N_ELEMENTS(calls); i++)
        g_assert_cmpint(rig_hcall(&rig, H_PAGE_INIT, calls[i], 3), ==, H_PARAMETER);
    g_assert_cmphex(rig.host->ram[0x4000], ==, 0x5a);
    rig_finish(&rig);
}

static void
random_calls_are_answered(void)
{
    g_autoptr(GRand) dice = NULL;
    guint32 seed = g_random_int();
    Rig rig;

    g_test_message("seed %u", seed);
    dice = g_rand_new_with_seed(seed);
    rig_init(&rig, NULL);
    for (guint i = 0; i < 50000; i++) {
        guint64 args[HCALL_ARGS];
        guint64 nr = 4 * (guint64)g_rand_int_range(dice, 0, 0x110);

        if (nr == 0x3d0 && g_rand_int_range(dice, 0, 8) > 0)
            continue; /* H_INT_RESET takes long; some are enough */
        for (guint a = 0; a < HCALL_ARGS; a++)
            args[a] = ((guint64)g_rand_int(dice) << 32 | g_rand_int(dice)) >>
                      g_rand_int_range(dice, 0, 64);
        rig_hcall(&rig, i % 16 == 0 ? H_RTAS + (nr & 0xff) : nr, args, HCALL_ARGS);
    }
    g_assert_null(rig.host->panic);
    rig_finish(&rig);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/spapr/hcall/unknown", unknown_numbers_are_no_function);
    g_test_add_func("/spapr/hcall/dispatch", every_row_is_found_under_its_number);
    g_test_add_func("/spapr/hcall/random-calls", random_calls_are_answered);
    g_test_add_func("/spapr/hcall/set-mode/endian",
                    set_mode_turns_interrupts_little_endian_on_every_vcpu);
    g_test_add_func("/spapr/hcall/set-mode/ail", set_mode_knows_ail_and_refuses_the_rest);
    g_test_add_func("/spapr/hcall/set-mode/host", set_mode_reports_a_host_that_fails);
    g_test_add_func("/spapr/hcall/proc-tbl", process_table_reaches_the_mmu);
    g_test_add_func("/spapr/hcall/proc-tbl/bad", bad_process_table_leaves_the_mmu_alone);
    g_test_add_func("/spapr/hcall/proc-tbl/hash", hash_guest_is_refused_and_reported_once);
    g_test_add_func("/spapr/hcall/cpu-char", cpu_characteristics_are_the_hosts_where_it_knows);
    g_test_add_func("/spapr/hcall/sprg0", sprg0_is_the_callers);
    g_test_add_func("/spapr/hcall/random", random_numbers_differ);
    g_test_add_func("/spapr/hcall/logical", logical_accesses_have_every_size);
    g_test_add_func("/spapr/hcall/logical/bounds", logical_accesses_stay_in_ram);
    g_test_add_func("/spapr/hcall/page-init", page_init_zeroes_or_copies_whole_pages);
    g_test_add_func("/spapr/hcall/page-init/bad", page_init_refuses_what_is_no_page);
    return g_test_run();
}
