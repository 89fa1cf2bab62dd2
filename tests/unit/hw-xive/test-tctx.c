/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hw-xive/core/tctx: the OS ring and KVM's VP state. Invariants TCTX-1 ... TCTX-5, TCTX-7 of
 * tctx.h; for the OS page see test-tima.c.
 */
#include <string.h>

#include <glib.h>

#include "hw-xive/core/tctx.h"

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
    g_test_add_func("/xive/vp/memory", vp_state_is_the_ring_as_it_lies_in_memory);
    g_test_add_func("/xive/vp/move", vp_state_moves_a_pending_interrupt);
    g_test_add_func("/xive/vp/created", a_created_vp_lets_nothing_through);
    return g_test_run();
}
