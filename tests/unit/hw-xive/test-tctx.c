/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hw-xive/core/tctx: the OS ring and the OS page. Invariants TCTX-1 ... TCTX-7 of tctx.h.
 */
#include <string.h>

#include <glib.h>

#include "hw-xive/core/tctx.h"

#define ALL_ONES (~G_GUINT64_CONSTANT(0))

static const guint8 cpprs[] = {0, 1, 2, 3, 4, 5, 6, 7, 0xff};

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

/* The most urgent bit, said by arithmetic other than the code's. */
static guint8
most_urgent(guint8 ipb)
{
    return ipb == 0 ? 0xff : (guint8)(__builtin_clz(ipb) - 24);
}

/* TCTX-1, TCTX-2 */
static void
check_consistent(const XiveTctx *tctx)
{
    guint8 pipr = most_urgent(tctx->regs[0x12]);

    g_assert_cmphex(tctx->regs[0x17], ==, pipr);
    g_assert_cmphex(tctx->regs[0x10], ==, pipr < tctx->regs[0x11] ? 0x80 : 0);
    g_assert_cmpint(xive_tctx_signalled(tctx), ==, pipr < tctx->regs[0x11]);
}

/* --- The ring ------------------------------------------------------------ */

static void
priority_and_pending_bit_are_inverse(void)
{
    for (guint prio = 0; prio < 256; prio++)
        g_assert_cmphex(xive_prio_to_ipb((guint8)prio), ==, prio < 8 ? 0x80 >> prio : 0);
    for (guint ipb = 0; ipb < 256; ipb++)
        g_assert_cmphex(xive_ipb_to_pipr((guint8)ipb), ==, most_urgent((guint8)ipb));
}

static void
reset_then_open_is_the_captured_idle_context(void)
{
    static const guint8 captured[64] = {
        [0x10] = 0x00, 0xff, 0x00, 0xff, 0xff, 0x00,          0xff,
        0xff,          0x80, 0x00, 0x04, 0x00, [0x37] = 0xff,
    };
    XiveTctx tctx;

    memset(&tctx, 0x55, sizeof(tctx));
    xive_tctx_reset(&tctx, 0);
    g_assert_cmphex(tctx.regs[0x11], ==, 0);
    g_assert_false(xive_tctx_set_cppr(&tctx, 0xff));
    g_assert_cmpmem(tctx.regs, sizeof(tctx.regs), captured, sizeof(captured));
}

static void
word_2_names_the_server(void)
{
    static const guint8 word2[] = {0x80, 0x00, 0x05, 0x23};
    XiveTctx tctx;

    xive_tctx_reset(&tctx, 0x123);
    g_assert_cmpmem(&tctx.regs[0x18], 4, word2, 4);
    g_assert_true(xive_tctx_is_pushed(&tctx));
    g_assert_cmphex(xive_tctx_pull(&tctx), ==, 0x80000523);
    g_assert_false(xive_tctx_is_pushed(&tctx));
    g_assert_cmphex(xive_tctx_pull(&tctx), ==, 0x00000523);
}

/* TCTX-1, TCTX-2 */
static void
push_makes_every_cppr_and_ipb_consistent(void)
{
    for (guint cppr = 0; cppr < 256; cppr++) {
        for (guint ipb = 0; ipb < 256; ipb++) {
            XiveTctx tctx = context((guint8)cppr, (guint8)ipb);

            check_consistent(&tctx);
            g_assert_cmphex(tctx.regs[0x11], ==, cppr);
            g_assert_cmphex(tctx.regs[0x12], ==, ipb);
        }
    }
}

/* TCTX-1, TCTX-2, TCTX-5 */
static void
present_adds_its_bit_in_every_state(void)
{
    for (gsize c = 0; c < G_N_ELEMENTS(cpprs); c++) {
        for (guint ipb = 0; ipb < 256; ipb++) {
            for (guint8 prio = 0; prio < 10; prio++) {
                XiveTctx tctx = context(cpprs[c], (guint8)ipb);
                guint8 expected = (guint8)(prio < 8 ? ipb | 0x80 >> prio : ipb);
                gboolean up = most_urgent(expected) < cpprs[c];

                g_assert_cmpint(xive_tctx_present(&tctx, prio), ==, up);
                g_assert_cmpint(xive_tctx_present(&tctx, prio), ==, up);
                g_assert_cmphex(tctx.regs[0x12], ==, expected);
                g_assert_cmphex(tctx.regs[0x11], ==, cpprs[c]);
                check_consistent(&tctx);
            }
        }
    }
}

/* TCTX-4 */
static void
ack_takes_the_most_urgent_in_every_state(void)
{
    for (gsize c = 0; c < G_N_ELEMENTS(cpprs); c++) {
        for (guint ipb = 0; ipb < 256; ipb++) {
            XiveTctx tctx = context(cpprs[c], (guint8)ipb);
            XiveTctx before = tctx;
            guint8 pipr = most_urgent((guint8)ipb);

            if (pipr >= cpprs[c]) {
                g_assert_cmphex(xive_tctx_ack(&tctx), ==, cpprs[c]);
                g_assert_cmpmem(&tctx, sizeof(tctx), &before, sizeof(before));
                continue;
            }
            g_assert_cmphex(xive_tctx_ack(&tctx), ==, 0x8000 | pipr);
            g_assert_cmphex(tctx.regs[0x11], ==, pipr);
            g_assert_cmphex(tctx.regs[0x12], ==, ipb & ~(0x80 >> pipr));
            g_assert_false(xive_tctx_signalled(&tctx));
            check_consistent(&tctx);
        }
    }
}

/* TCTX-3, TCTX-1, TCTX-2 */
static void
set_cppr_with_every_value_in_every_state(void)
{
    for (guint value = 0; value < 256; value++) {
        for (guint ipb = 0; ipb < 256; ipb++) {
            for (gsize c = 0; c < G_N_ELEMENTS(cpprs); c++) {
                XiveTctx tctx = context(cpprs[c], (guint8)ipb);
                guint8 cppr = (guint8)(value < 8 ? value : 0xff);

                g_assert_cmpint(xive_tctx_set_cppr(&tctx, (guint8)value), ==,
                                most_urgent((guint8)ipb) < cppr);
                g_assert_cmphex(tctx.regs[0x11], ==, cppr);
                g_assert_cmphex(tctx.regs[0x12], ==, ipb);
                check_consistent(&tctx);
            }
        }
    }
}

/* The way of a Linux guest: everything at priority 6. */
static void
an_interrupt_is_taken_and_left(void)
{
    XiveTctx tctx = context(0xff, 0);

    g_assert_true(xive_tctx_present(&tctx, 6));
    g_assert_cmphex(xive_tctx_ack(&tctx), ==, 0x8006);
    g_assert_false(xive_tctx_present(&tctx, 6)); /* held back by CPPR 6 */
    g_assert_true(xive_tctx_present(&tctx, 5));  /* more urgent: nests */
    g_assert_cmphex(xive_tctx_ack(&tctx), ==, 0x8005);
    g_assert_true(xive_tctx_set_cppr(&tctx, 0xff)); /* leaves; the held one comes */
    g_assert_cmphex(xive_tctx_ack(&tctx), ==, 0x8006);
    g_assert_false(xive_tctx_set_cppr(&tctx, 0xff));
    g_assert_cmphex(xive_tctx_ack(&tctx), ==, 0x00ff);
}

/* TCTX-5 */
static void
events_for_a_pulled_context_wait_for_the_push(void)
{
    XiveTctx tctx = context(0xff, 0);
    XiveTctx before;

    xive_tctx_pull(&tctx);
    before = tctx;
    g_assert_false(xive_tctx_present(&tctx, 6));
    g_assert_false(xive_tctx_present(&tctx, 2));
    before.regs[0x12] = 0x22; /* IPB alone has changed */
    g_assert_cmpmem(&tctx, sizeof(tctx), &before, sizeof(before));
    g_assert_cmphex(xive_tctx_ack(&tctx), ==, 0x00ff);
    g_assert_cmpmem(&tctx, sizeof(tctx), &before, sizeof(before));

    g_assert_true(xive_tctx_push(&tctx, 0));
    g_assert_cmphex(xive_tctx_ack(&tctx), ==, 0x8002);
}

static void
a_pulled_context_signals_nothing_though_eo_is_set(void)
{
    XiveTctx tctx = context(0xff, 0x02);

    g_assert_true(xive_tctx_signalled(&tctx));
    xive_tctx_pull(&tctx);
    g_assert_false(xive_tctx_signalled(&tctx));
    g_assert_cmphex(tctx.regs[0x10], ==, 0x80); /* kept: it is part of the VP state */
}

/* TCTX-4: bytes that came by migration and disagree */
static void
ack_does_not_believe_a_stale_exception(void)
{
    XiveTctx tctx = context(0xff, 0);

    tctx.regs[0x10] = 0x80;
    tctx.regs[0x17] = 0x03;
    g_assert_cmphex(xive_tctx_ack(&tctx), ==, 0x00ff);
    check_consistent(&tctx);
}

static void
only_the_os_ring_is_touched(void)
{
    XiveTctx tctx = context(0xff, 0);
    XiveTctx before;

    for (guint i = 0; i < 64; i++) {
        if (i < 0x10 || i >= 0x20)
            tctx.regs[i] = (guint8)(i + 1);
    }
    before = tctx;
    xive_tctx_present(&tctx, 3);
    xive_tctx_ack(&tctx);
    xive_tctx_set_cppr(&tctx, 7);
    xive_tima_store(&tctx, 0x812, 1, 1);
    xive_tctx_pull(&tctx);
    xive_tctx_push(&tctx, 0);
    g_assert_cmpmem(tctx.regs, 0x10, before.regs, 0x10);
    g_assert_cmpmem(&tctx.regs[0x20], 0x20, &before.regs[0x20], 0x20);
    g_assert_cmpmem(&tctx.regs[0x1c], 4, &before.regs[0x1c], 4);
}

/* --- The OS page --------------------------------------------------------- */

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

/* --- VP state ------------------------------------------------------------ */

/* TCTX-7 */
static void
vp_state_is_the_ring_as_it_lies_in_memory(void)
{
    static const guint8 bytes[] = {0x80, 0xff, 0x02, 0xff, 0xff, 0x00, 0xff, 0x06};
    XiveTctx tctx = context(0xff, 0);
    be64 vp;

    g_assert_true(xive_tctx_present(&tctx, 6));
    vp = xive_tctx_vp(&tctx);
    g_assert_cmpmem(&vp, sizeof(vp), bytes, sizeof(bytes));
    g_assert_cmphex(be64_get(vp), ==, G_GUINT64_CONSTANT(0x80ff02ffff00ff06));
}

static void
vp_state_moves_a_pending_interrupt(void)
{
    XiveTctx source = context(0xff, 0);
    XiveTctx destination = context(0, 0);
    XiveTctx before = destination;

    xive_tctx_pull(&source);
    xive_tctx_present(&source, 6); /* arrives while stopped: in IPB alone */

    xive_tctx_pull(&destination);
    xive_tctx_set_vp(&destination, xive_tctx_vp(&source));
    g_assert_cmpmem(&destination.regs[0x10], 8, &source.regs[0x10], 8);
    g_assert_cmpmem(&destination.regs[0x1c], 4, &before.regs[0x1c], 4);
    g_assert_true(xive_tctx_push(&destination, 0));
    g_assert_cmphex(xive_tctx_ack(&destination), ==, 0x8006);
}

static void
a_created_vp_lets_nothing_through(void)
{
    static const guint8 bytes[] = {0, 0, 0, 0, 0xff, 0, 0, 0};
    XiveTctx tctx = {{0}};
    be64 vp = be64_make(XIVE_VP_CREATED);

    g_assert_cmpmem(&vp, sizeof(vp), bytes, sizeof(bytes));
    xive_tctx_set_vp(&tctx, vp);
    g_assert_false(xive_tctx_push(&tctx, 0));
    for (guint8 prio = 0; prio < 8; prio++)
        g_assert_false(xive_tctx_present(&tctx, prio));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/xive/tctx/priority", priority_and_pending_bit_are_inverse);
    g_test_add_func("/xive/tctx/reset", reset_then_open_is_the_captured_idle_context);
    g_test_add_func("/xive/tctx/word-2", word_2_names_the_server);
    g_test_add_func("/xive/tctx/push", push_makes_every_cppr_and_ipb_consistent);
    g_test_add_func("/xive/tctx/present", present_adds_its_bit_in_every_state);
    g_test_add_func("/xive/tctx/ack", ack_takes_the_most_urgent_in_every_state);
    g_test_add_func("/xive/tctx/cppr", set_cppr_with_every_value_in_every_state);
    g_test_add_func("/xive/tctx/life", an_interrupt_is_taken_and_left);
    g_test_add_func("/xive/tctx/pulled", events_for_a_pulled_context_wait_for_the_push);
    g_test_add_func("/xive/tctx/pulled-eo", a_pulled_context_signals_nothing_though_eo_is_set);
    g_test_add_func("/xive/tctx/stale-eo", ack_does_not_believe_a_stale_exception);
    g_test_add_func("/xive/tctx/other-rings", only_the_os_ring_is_touched);
    g_test_add_func("/xive/tima/decode", every_access_decodes);
    g_test_add_func("/xive/tima/pull", the_os_page_does_not_pull);
    g_test_add_func("/xive/tima/ring", the_os_page_shows_words_0_and_1_without_age);
    g_test_add_func("/xive/tima/ack", load_of_0x810_acknowledges);
    g_test_add_func("/xive/tima/pending", store_of_0x812_makes_a_priority_pending);
    g_test_add_func("/xive/tima/cppr", a_store_that_covers_cppr_writes_it);
    g_test_add_func("/xive/tima/none", what_is_no_operation_loads_ones_and_stores_nowhere);
    g_test_add_func("/xive/vp/memory", vp_state_is_the_ring_as_it_lies_in_memory);
    g_test_add_func("/xive/vp/move", vp_state_moves_a_pending_interrupt);
    g_test_add_func("/xive/vp/created", a_created_vp_lets_nothing_through);
    return g_test_run();
}
