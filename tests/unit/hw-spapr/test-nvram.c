/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * NVRAM: bytes in and out, every bound, and what a guest finds in a fresh one.
 */
#include "tests/unit/hw-spapr/platform-rig.h"

#include <string.h>

#define BUFFER 0x8000u

static gint32
fetch(Rig *rig, guint32 offset, guint32 buffer, guint32 n)
{
    return RIG_RTAS(rig, rig_token("nvram-fetch"), 2, offset, buffer, n);
}

static gint32
store(Rig *rig, guint32 offset, guint32 buffer, guint32 n)
{
    return RIG_RTAS(rig, rig_token("nvram-store"), 2, offset, buffer, n);
}

static void
fresh_one_is_a_partition_of_free_space(void)
{
    static const guint8 header[] = {0x7f, 0x29, 0x10, 0x00, 'w', 'w', 'w', 'w',
                                    'w',  'w',  'w',  'w',  'w', 'w', 'w', 'w'};
    Rig rig;

    rig_init(&rig, NULL);
    g_assert_cmpint(fetch(&rig, 0, BUFFER, 32), ==, RTAS_OK);
    g_assert_cmpuint(rig.rets[1], ==, 32);
    g_assert_cmpmem(rig.host->ram + BUFFER, 16, header, sizeof(header));
    g_assert_cmpmem(rig.host->ram + BUFFER + 16, 16, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16);
    rig_finish(&rig);
}

static void
stored_bytes_outlive_a_reset(void)
{
    g_autoptr(GError) error = NULL;
    Rig rig;

    rig_init(&rig, NULL);
    memcpy(rig.host->ram + BUFFER, "remember", 8);
    g_assert_cmpint(store(&rig, NVRAM_SIZE - 8, BUFFER, 8), ==, RTAS_OK);
    g_assert_cmpuint(rig.rets[1], ==, 8);
    g_assert_true(pseries_class.reset(rig.platform, &error));
    g_assert_cmpint(fetch(&rig, NVRAM_SIZE - 8, BUFFER + 64, 8), ==, RTAS_OK);
    g_assert_cmpmem(rig.host->ram + BUFFER + 64, 8, "remember", 8);
    rig_finish(&rig);
}

static void
range_beyond_the_end_moves_nothing(void)
{
    static const struct {
        guint32 offset, n;
    } bad[] = {
        {NVRAM_SIZE, 1}, {NVRAM_SIZE - 8, 9},      {0, NVRAM_SIZE + 1}, {0xffffffff, 1},
        {1, 0xffffffff}, {0xffffffff, 0xffffffff}, {0xfffffff0, 0x20},
    };
    Rig rig;

    rig_init(&rig, NULL);
    for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
        memset(rig.host->ram + BUFFER, 0xee, 32);
        g_assert_cmpint(fetch(&rig, bad[i].offset, BUFFER, bad[i].n), ==, RTAS_PARAM_ERROR);
        g_assert_cmpuint(rig.rets[1], ==, 0);
        g_assert_cmphex(rig.host->ram[BUFFER], ==, 0xee);
        g_assert_cmpint(store(&rig, bad[i].offset, BUFFER, bad[i].n), ==, RTAS_PARAM_ERROR);
        g_assert_cmpuint(rig.rets[1], ==, 0);
    }
    g_assert_cmphex(rig.platform->nvram.bytes[NVRAM_SIZE - 1], ==, 0);
    rig_finish(&rig);
}

static void
buffer_outside_ram_moves_nothing(void)
{
    Rig rig;

    rig_init(&rig, NULL);
    g_assert_cmpint(fetch(&rig, 0, RIG_RAM - 4, 8), ==, RTAS_PARAM_ERROR);
    g_assert_cmpuint(rig.rets[1], ==, 0);
    g_assert_cmpint(store(&rig, 0, 0xfffffffc, 8), ==, RTAS_PARAM_ERROR);
    g_assert_cmphex(rig.platform->nvram.bytes[0], ==, 0x7f);
    g_assert_cmpint(fetch(&rig, NVRAM_SIZE, BUFFER, 0), ==, RTAS_OK);
    g_assert_cmpint(fetch(&rig, 0, 0x10000, NVRAM_SIZE), ==, RTAS_OK);
    g_assert_cmpuint(rig.rets[1], ==, NVRAM_SIZE);
    rig_finish(&rig);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/spapr/nvram/fresh", fresh_one_is_a_partition_of_free_space);
    g_test_add_func("/spapr/nvram/store", stored_bytes_outlive_a_reset);
    g_test_add_func("/spapr/nvram/bounds", range_beyond_the_end_moves_nothing);
    g_test_add_func("/spapr/nvram/buffer", buffer_outside_ram_moves_nothing);
    return g_test_run();
}
