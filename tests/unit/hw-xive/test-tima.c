/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hw-xive/core/tctx: the OS page of the TIMA. Invariant TCTX-6 of tctx.h.
 */
#include <glib.h>

#include "hw-xive/core/tctx.h"

#define ALL_ONES (~G_GUINT64_CONSTANT(0))

/* A pushed context of server 0 with these bytes in force. */
static XiveTctx
context(guint8 cppr, guint8 ipb)
{
    XiveTctx tctx;

    xive_tctx_reset(&tctx, 0);
    tctx.regs[0x11] = cppr;
    tctx.regs[0x12] = ipb;
    xive_tctx_push(&tctx, 0);
    return tctx;
}

static XiveTimaOp
expected_op(gboolean store, guint64 offset, guint size)
{
    if (!(size == 1 || size == 2 || size == 4 || size == 8) || (offset & (size - 1)) != 0)
        return XIVE_TIMA_OP_NONE;
    if (offset < 0x40)
        return store && (offset & ~(guint64)(size - 1)) == (0x11 & ~(guint64)(size - 1))
                   ? XIVE_TIMA_OP_SET_CPPR
                   : XIVE_TIMA_OP_RING;
    if (!store && offset == 0x810 && size == 2)
        return XIVE_TIMA_OP_ACK;
    if (store && offset == 0x812 && size == 1)
        return XIVE_TIMA_OP_SET_OS_PENDING;
    return XIVE_TIMA_OP_NONE;
}

static void
every_access_decodes(void)
{
    for (guint64 offset = 0; offset < 0x10002; offset++) {
        for (guint size = 0; size <= 16; size++) {
            g_assert_cmpint(xive_tima_decode(FALSE, offset, size), ==,
                            expected_op(FALSE, offset, size));
            g_assert_cmpint(xive_tima_decode(TRUE, offset, size), ==,
                            expected_op(TRUE, offset, size));
        }
    }
    g_assert_cmpint(xive_tima_decode(FALSE, ALL_ONES - 7, 8), ==, XIVE_TIMA_OP_NONE);
}

static void
the_os_page_does_not_pull(void)
{
    XiveTctx tctx = context(0xff, 0);

    g_assert_cmpint(xive_tima_decode(FALSE, XIVE_TIMA_PULL_OS, 4), ==, XIVE_TIMA_OP_NONE);
    g_assert_cmpint(xive_tima_decode(FALSE, XIVE_TIMA_PULL_OS, 8), ==, XIVE_TIMA_OP_NONE);
    g_assert_cmphex(xive_tima_load(&tctx, XIVE_TIMA_PULL_OS, 4), ==, 0xffffffff);
    g_assert_true(xive_tctx_is_pushed(&tctx));
}

static void
the_os_page_shows_words_0_and_1_without_age(void)
{
    XiveTctx tctx;

    for (guint i = 0; i < 64; i++)
        tctx.regs[i] = (guint8)(0xc0 + i);
    g_assert_cmphex(xive_tima_load(&tctx, 0x10, 8), ==, G_GUINT64_CONSTANT(0xd0d1d2d3d4d500d7));
    g_assert_cmphex(xive_tima_load(&tctx, 0x10, 4), ==, 0xd0d1d2d3);
    g_assert_cmphex(xive_tima_load(&tctx, 0x16, 2), ==, 0x00d7);
    g_assert_cmphex(xive_tima_load(&tctx, 0x11, 1), ==, 0xd1);
    for (guint64 offset = 0; offset < 0x40; offset += 8) {
        if (offset != 0x10)
            g_assert_cmphex(xive_tima_load(&tctx, offset, 8), ==, 0);
    }
}

static void
load_of_0x810_acknowledges(void)
{
    XiveTctx tctx = context(0xff, 0x03);

    g_assert_cmphex(xive_tima_load(&tctx, 0x810, 2), ==, 0x8006);
    g_assert_cmphex(xive_tima_load(&tctx, 0x810, 2), ==, 0x0006);
    g_assert_cmphex(tctx.regs[0x12], ==, 0x01);
}

static void
store_of_0x812_makes_a_priority_pending(void)
{
    XiveTctx tctx = context(0xff, 0);

    xive_tima_store(&tctx, 0x812, 1, 4);
    g_assert_cmphex(tctx.regs[0x12], ==, 0x08);
    g_assert_true(xive_tctx_signalled(&tctx));
    xive_tima_store(&tctx, 0x812, 1, 8); /* no such priority */
    g_assert_cmphex(tctx.regs[0x12], ==, 0x08);
}

static void
a_store_that_covers_cppr_writes_it(void)
{
    static const struct {
        guint64 offset;
        guint size;
        guint64 value;
    } rows[] = {
        {0x11, 1, 0x05},       {0x11, 1, 0xffffffffffffff05}, {0x10, 2, 0xff05},
        {0x10, 4, 0xff05ffff}, {0x10, 8, 0xff05ffffffffffff},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        XiveTctx tctx = context(0, 0x80);
        XiveTctx expected = context(5, 0x80);

        xive_tima_store(&tctx, rows[i].offset, rows[i].size, rows[i].value);
        g_assert_cmpmem(&tctx, sizeof(tctx), &expected, sizeof(expected));
        g_assert_true(xive_tctx_signalled(&tctx));
    }
}

/* TCTX-6 */
static void
what_is_no_operation_loads_ones_and_stores_nowhere(void)
{
    XiveTctx tctx = context(0xff, 0x02);
    XiveTctx before = tctx;

    for (guint64 offset = 0; offset < 0x1000; offset++) {
        for (guint size = 0; size <= 9; size++) {
            XiveTimaOp load = xive_tima_decode(FALSE, offset, size);
            XiveTimaOp store = xive_tima_decode(TRUE, offset, size);
            guint64 ones = size == 0 || size > 8 ? ALL_ONES : ALL_ONES >> (64 - 8 * size);

            if (load == XIVE_TIMA_OP_NONE)
                g_assert_cmphex(xive_tima_load(&tctx, offset, size), ==, ones);
            else if (load == XIVE_TIMA_OP_RING)
                xive_tima_load(&tctx, offset, size);
            if (store == XIVE_TIMA_OP_NONE || store == XIVE_TIMA_OP_RING)
                xive_tima_store(&tctx, offset, size, 0);
            g_assert_cmpmem(&tctx, sizeof(tctx), &before, sizeof(before));
        }
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/xive/tima/decode", every_access_decodes);
    g_test_add_func("/xive/tima/pull", the_os_page_does_not_pull);
    g_test_add_func("/xive/tima/ring", the_os_page_shows_words_0_and_1_without_age);
    g_test_add_func("/xive/tima/ack", load_of_0x810_acknowledges);
    g_test_add_func("/xive/tima/pending", store_of_0x812_makes_a_priority_pending);
    g_test_add_func("/xive/tima/cppr", a_store_that_covers_cppr_writes_it);
    g_test_add_func("/xive/tima/none", what_is_no_operation_loads_ones_and_stores_nowhere);
    return g_test_run();
}
