/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Stop and continue: every PQ is kept, nothing reaches a queue meanwhile, nothing that came is
 * lost.
 */
#include <errno.h>

#include "tests/unit/hw-xive/xive-rig.h"

static const XivePq all_pqs[] = {XIVE_PQ_RESET, XIVE_PQ_OFF, XIVE_PQ_PENDING, XIVE_PQ_QUEUED};

/* RIG_EDGE routed to the queue of server 0, priority 6, at PQ @pq; the queue empty. */
static void
edge_at(Rig *rig, XivePq pq)
{
    rig_queue(rig, 0, 6, 0);
    g_assert_cmpint(rig_call(rig, SET_SOURCE_CONFIG, 2, RIG_EDGE, 0, 6, 5), ==, H_SUCCESS);
    g_assert_cmpint(rig_call(rig, INT_ESB, 0, RIG_EDGE, 0xc00 + (pq << 8), 0, 0), ==, H_SUCCESS);
}

static void
stop_and_cont_keep_every_pq(void)
{
    g_autoptr(GError) error = NULL;
    Rig rig;

    rig_init(&rig);
    for (gsize i = 0; i < G_N_ELEMENTS(all_pqs); i++) {
        edge_at(&rig, all_pqs[i]);
        for (guint again = 0; again < 2; again++)
            g_assert_true(xive_class.quiesce(rig.xive, &error));
        g_assert_cmpint(xive_status_pq(rig.xive->status[RIG_EDGE]), ==, all_pqs[i]);
        for (guint again = 0; again < 2; again++)
            g_assert_true(xive_class.resume(rig.xive, &error));
        g_assert_cmpint(rig_pq(&rig, RIG_EDGE), ==, all_pqs[i]);
        g_assert_cmphex(rig_entry(&rig, 0, 0), ==, 0);
    }
    rig_finish(&rig);
}

static void
event_while_stopped_is_delivered_once_afterwards(void)
{
    static const struct {
        XivePq before, after;
        guint32 entry;
    } cases[] = {
        {XIVE_PQ_RESET, XIVE_PQ_PENDING, 0x80000005},
        {XIVE_PQ_OFF, XIVE_PQ_OFF, 0},
        {XIVE_PQ_PENDING, XIVE_PQ_QUEUED, 0}, /* at the EOI */
        {XIVE_PQ_QUEUED, XIVE_PQ_QUEUED, 0},
    };
    g_autoptr(GError) error = NULL;
    Rig rig;

    rig_init(&rig);
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        edge_at(&rig, cases[i].before);
        g_assert_true(xive_class.quiesce(rig.xive, &error));
        xive_pulse(rig.xive, RIG_EDGE);
        xive_pulse(rig.xive, RIG_EDGE);
        g_assert_cmphex(rig_entry(&rig, 0, 0), ==, 0);
        g_assert_true(xive_class.resume(rig.xive, &error));
        g_assert_cmphex(rig_entry(&rig, 0, 0), ==, cases[i].entry);
        g_assert_cmphex(rig_entry(&rig, 0, 1), ==, 0);
        g_assert_cmpint(rig_pq(&rig, RIG_EDGE), ==, cases[i].after);
    }
    rig_finish(&rig);
}

static void
line_raised_while_stopped_is_seen_afterwards(void)
{
    g_autoptr(GError) error = NULL;
    Rig rig;

    rig_init(&rig);
    rig_queue(&rig, 0, 6, 0);
    g_assert_cmpint(rig_call(&rig, SET_SOURCE_CONFIG, 2, RIG_LSI, 0, 6, 5), ==, H_SUCCESS);
    g_assert_cmpint(rig_call(&rig, INT_ESB, 0, RIG_LSI, 0xc00, 0, 0), ==, H_SUCCESS);
    g_assert_true(xive_class.quiesce(rig.xive, &error));
    xive_set_level(rig.xive, RIG_LSI, TRUE);
    g_assert_cmphex(rig_entry(&rig, 0, 0), ==, 0);
    g_assert_true(xive_class.resume(rig.xive, &error));
    g_assert_cmphex(rig_entry(&rig, 0, 0), ==, 0x80000005);
    g_assert_cmphex(rig_entry(&rig, 0, 1), ==, 0);
    g_assert_cmpint(rig_pq(&rig, RIG_LSI), ==, XIVE_PQ_PENDING);
    rig_finish(&rig);
}

static void
failed_quiesce_holds_nothing(void)
{
    gboolean good = FALSE;
    guint failures = 0;
    Rig rig;

    rig_init(&rig);
    edge_at(&rig, XIVE_PQ_RESET);
    for (guint n = 1; !good; n++) {
        g_autoptr(GError) error = NULL;

        fake_host_fail_at(rig.host, n, EIO);
        good = xive_class.quiesce(rig.xive, &error);
        failures += !good;
        fake_host_fail_at(rig.host, 0, 0);
        if (!good)
            g_assert_cmpint(rig_pq(&rig, RIG_EDGE), ==, XIVE_PQ_RESET);
    }
    /* PQ of four sources, the hold of the one that is not off, the queues, what came late to it */
    g_assert_cmpuint(failures, ==, 7);
    rig_finish(&rig);
}

static void
reset_while_stopped_lets_go(void)
{
    g_autoptr(GError) error = NULL;
    Rig rig;

    rig_init(&rig);
    edge_at(&rig, XIVE_PQ_PENDING);
    g_assert_true(xive_class.quiesce(rig.xive, &error));
    g_assert_true(xive_class.reset(rig.xive, &error));
    rig_assert_pristine(&rig);
    g_assert_true(xive_class.resume(rig.xive, &error));
    rig_assert_pristine(&rig);
    rig_finish(&rig);
}

static const struct {
    const char *path;
    void (*test)(void);
} tests[] = {
    {"pq", stop_and_cont_keep_every_pq},
    {"event", event_while_stopped_is_delivered_once_afterwards},
    {"level", line_raised_while_stopped_is_seen_afterwards},
    {"undo", failed_quiesce_holds_nothing},
    {"reset", reset_while_stopped_lets_go},
};

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(tests); i++) {
        g_autofree char *path = g_strdup_printf("/xive-quiesce/%s", tests[i].path);

        g_test_add_func(path, tests[i].test);
    }
    return g_test_run();
}
