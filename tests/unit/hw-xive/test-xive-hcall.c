/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a successful H_INT_* call answers, and what it does to sources and queues of the model.
 */
#include <errno.h>

#include "tests/unit/hw-xive/xive-rig.h"

#define NONE G_MAXUINT64

/* --- Source info --------------------------------------------------------- */

static void
edge_source_shows_its_two_pages(void)
{
    Rig rig;

    rig_init(&rig);
    g_assert_cmpint(rig_call(&rig, GET_SOURCE_INFO, 0, RIG_EDGE, 0, 0, 0), ==, H_SUCCESS);
    g_assert_cmphex(rig.args[0], ==, 0);
    g_assert_cmphex(rig.args[1], ==, XIVE_ESB_BASE + RIG_EDGE * 0x20000ull + 0x10000);
    g_assert_cmphex(rig.args[2], ==, XIVE_ESB_BASE + RIG_EDGE * 0x20000ull);
    g_assert_cmpuint(rig.args[3], ==, 16);
    rig_finish(&rig);
}

static void
level_source_shows_no_page(void)
{
    Rig rig;

    rig_init(&rig);
    g_assert_cmpint(rig_call(&rig, GET_SOURCE_INFO, 0, RIG_LSI, 0, 0, 0), ==, H_SUCCESS);
    g_assert_cmphex(rig.args[0], ==, 8 | 4);
    g_assert_cmphex(rig.args[1], ==, NONE);
    g_assert_cmphex(rig.args[2], ==, NONE);
    g_assert_cmpuint(rig.args[3], ==, 16);
    rig_finish(&rig);
}

static void
every_lisn_of_the_ipi_range_is_there_from_the_start(void)
{
    Rig rig;

    rig_init(&rig);
    for (guint32 lisn = 0; lisn < RIG_VCPUS; lisn++)
        g_assert_cmpint(rig_call(&rig, GET_SOURCE_INFO, 0, lisn, 0, 0, 0), ==, H_SUCCESS);
    g_assert_cmpint(rig_call(&rig, GET_SOURCE_INFO, 0, RIG_VCPUS, 0, 0, 0), ==, H_P2);
    rig_finish(&rig);
}

/* --- Source configuration ------------------------------------------------ */

/* RIG_EDGE to the queue of server 0, priority 6, with EISN 0x55, and let it trigger. */
static void
route_edge(Rig *rig)
{
    rig_queue(rig, 0, 6, 0);
    g_assert_cmpint(rig_call(rig, SET_SOURCE_CONFIG, 2, RIG_EDGE, 0, 6, 0x55), ==, H_SUCCESS);
    g_assert_cmpint(rig_call(rig, INT_ESB, 0, RIG_EDGE, 0xc00, 0, 0), ==, H_SUCCESS);
}

static void
assert_config(Rig *rig, guint64 target, guint64 prio, guint64 eisn)
{
    g_assert_cmpint(rig_call(rig, GET_SOURCE_CONFIG, 0, RIG_EDGE, 0, 0, 0), ==, H_SUCCESS);
    g_assert_cmphex(rig->args[0], ==, target);
    g_assert_cmphex(rig->args[1], ==, prio);
    g_assert_cmphex(rig->args[2], ==, eisn);
}

static void
configured_source_puts_its_eisn_into_the_queue(void)
{
    Rig rig;

    rig_init(&rig);
    route_edge(&rig);
    assert_config(&rig, 0, 6, 0x55);
    xive_pulse(rig.xive, RIG_EDGE);
    g_assert_cmphex(rig_entry(&rig, 0, 0), ==, 0x80000055);
    g_assert_cmphex(rig_entry(&rig, 0, 1), ==, 0);
    g_assert_cmpint(rig_pq(&rig, RIG_EDGE), ==, XIVE_PQ_PENDING);
    rig_finish(&rig);
}

static void
eisn_is_the_lisn_until_it_is_set(void)
{
    Rig rig;

    rig_init(&rig);
    assert_config(&rig, 0, 0xff, RIG_EDGE);
    rig_queue(&rig, 0, 6, 0);
    g_assert_cmpint(rig_call(&rig, SET_SOURCE_CONFIG, 0, RIG_EDGE, 0, 6, 0x55), ==, H_SUCCESS);
    assert_config(&rig, 0, 6, RIG_EDGE);
    g_assert_cmpint(rig_call(&rig, INT_ESB, 0, RIG_EDGE, 0xc00, 0, 0), ==, H_SUCCESS);
    xive_pulse(rig.xive, RIG_EDGE);
    g_assert_cmphex(rig_entry(&rig, 0, 0), ==, 0x80000000 | RIG_EDGE);
    rig_finish(&rig);
}

static void
masked_source_keeps_its_eisn_and_drops_events(void)
{
    Rig rig;

    rig_init(&rig);
    route_edge(&rig);
    /* The same target and EISN: KVM overlooks such a mask unless it is told otherwise. */
    g_assert_cmpint(rig_call(&rig, SET_SOURCE_CONFIG, 1, RIG_EDGE, 0, 6, 0), ==, H_SUCCESS);
    assert_config(&rig, 0, 0xff, 0x55);
    xive_pulse(rig.xive, RIG_EDGE);
    g_assert_cmphex(rig_entry(&rig, 0, 0), ==, 0);

    g_assert_cmpint(rig_call(&rig, INT_ESB, 0, RIG_EDGE, 0xc00, 0, 0), ==, H_SUCCESS);
    g_assert_cmpint(rig_call(&rig, SET_SOURCE_CONFIG, 0, RIG_EDGE, 0, 6, 0), ==, H_SUCCESS);
    assert_config(&rig, 0, 6, 0x55);
    xive_pulse(rig.xive, RIG_EDGE);
    g_assert_cmphex(rig_entry(&rig, 0, 0), ==, 0x80000055);
    rig_finish(&rig);
}

static void
priority_ff_resets_the_source_in_kvm_too(void)
{
    Rig rig;

    rig_init(&rig);
    route_edge(&rig);
    /* target is not looked at */
    g_assert_cmpint(rig_call(&rig, SET_SOURCE_CONFIG, 0, RIG_EDGE, NONE, 0xff, 0), ==, H_SUCCESS);
    assert_config(&rig, 0, 0xff, RIG_EDGE);
    xive_pulse(rig.xive, RIG_EDGE);
    g_assert_cmphex(rig_entry(&rig, 0, 0), ==, 0);
    rig_finish(&rig);
}

static void
moving_a_source_leaves_the_old_queue_alone(void)
{
    Rig rig;

    rig_init(&rig);
    route_edge(&rig);
    rig_queue(&rig, 1, 5, 1);
    g_assert_cmpint(rig_call(&rig, SET_SOURCE_CONFIG, 0, RIG_EDGE, 1, 5, 0), ==, H_SUCCESS);
    assert_config(&rig, 1, 5, 0x55);
    xive_pulse(rig.xive, RIG_EDGE);
    g_assert_cmphex(rig_entry(&rig, 0, 0), ==, 0);
    g_assert_cmphex(rig_entry(&rig, 1, 0), ==, 0x80000055);
    rig_finish(&rig);
}

static void
moving_a_live_source_waits_for_its_events(void)
{
    Rig rig;
    guint calls = 0;

    rig_init(&rig);
    route_edge(&rig);
    rig_queue(&rig, 1, 5, 1);
    calls = rig.host->n_calls;
    g_assert_cmpint(rig_call(&rig, SET_SOURCE_CONFIG, 0, RIG_EDGE, 1, 5, 0), ==, H_SUCCESS);
    g_assert_cmpuint(rig.host->n_calls - calls, ==, 2); /* configure, sync */
    fake_host_fail_at(rig.host, 2, EIO);
    g_assert_cmpint(rig_call(&rig, SET_SOURCE_CONFIG, 0, RIG_EDGE, 0, 6, 0), ==, H_HARDWARE);
    assert_config(&rig, 0, 6, 0x55); /* as KVM has it */
    xive_pulse(rig.xive, RIG_EDGE);
    g_assert_cmphex(rig_entry(&rig, 0, 0), ==, 0x80000055);
    rig_finish(&rig);
}

static void
source_may_be_aimed_at_no_queue_only_while_masked(void)
{
    Rig rig;

    rig_init(&rig);
    g_assert_cmpint(rig_call(&rig, SET_SOURCE_CONFIG, 2, RIG_EDGE, 1, 3, 0x77), ==, H_P4);
    g_assert_cmpint(rig_call(&rig, SET_SOURCE_CONFIG, 1, RIG_EDGE, 1, 3, 0), ==, H_SUCCESS);
    rig_queue(&rig, 1, 3, 0);
    g_assert_cmpint(rig_call(&rig, SET_SOURCE_CONFIG, 0, RIG_EDGE, 1, 3, 0), ==, H_SUCCESS);
    g_assert_cmpint(rig_call(&rig, SET_QUEUE_CONFIG, 0, 1, 3, 0, 0), ==, H_SUCCESS);
    g_assert_cmpint(rig_call(&rig, SET_SOURCE_CONFIG, 2, RIG_EDGE, 1, 3, 1), ==, H_P4);
    rig_finish(&rig);
}

/* --- Queues -------------------------------------------------------------- */

static void
queue_info_tells_the_size_of_the_queue(void)
{
    Rig rig;

    rig_init(&rig);
    g_assert_cmpint(rig_call(&rig, GET_QUEUE_INFO, 0, 1, 6, 0, 0), ==, H_SUCCESS);
    g_assert_cmphex(rig.args[0], ==, NONE);
    g_assert_cmpuint(rig.args[1], ==, 0);
    rig_queue(&rig, 1, 6, 0);
    g_assert_cmpint(rig_call(&rig, GET_QUEUE_INFO, 0, 1, 6, 0, 0), ==, H_SUCCESS);
    g_assert_cmpuint(rig.args[1], ==, 16);
    rig_finish(&rig);
}

static void
assert_queue(Rig *rig, guint64 debug, const guint64 want[4])
{
    g_assert_cmpint(rig_call(rig, GET_QUEUE_CONFIG, debug, 0, 6, 0, 0), ==, H_SUCCESS);
    for (guint i = 0; i < 4; i++)
        g_assert_cmphex(rig->args[i], ==, want[i]);
}

static void
queue_config_shows_the_position_in_debug_mode_only(void)
{
    static const guint64 none[] = {0, NONE, 0, 0};
    static const guint64 plain[] = {1, RIG_QUEUE(0), 16, 0};
    static const guint64 fresh[] = {1 | 2, RIG_QUEUE(0), 16, 0};
    static const guint64 one_on[] = {1 | 2, RIG_QUEUE(0), 16, 1};
    Rig rig;

    rig_init(&rig);
    assert_queue(&rig, 0, none);
    assert_queue(&rig, 1, none);
    route_edge(&rig);
    assert_queue(&rig, 1, fresh);
    xive_pulse(rig.xive, RIG_EDGE);
    assert_queue(&rig, 1, one_on);
    assert_queue(&rig, 0, plain);
    rig_finish(&rig);
}

static void
generation_flips_when_the_queue_wraps(void)
{
    static const guint64 wrapped[] = {1, RIG_QUEUE(0), 16, 0};
    Rig rig;

    rig_init(&rig);
    route_edge(&rig);
    for (guint i = 0; i < 0x4000; i++) {
        xive_pulse(rig.xive, RIG_EDGE);
        g_assert_cmpint(rig_call(&rig, INT_ESB, 0, RIG_EDGE, 0, 0, 0), ==, H_SUCCESS); /* EOI */
    }
    assert_queue(&rig, 1, wrapped);
    rig_finish(&rig);
}

static void
conditional_notification_is_served_and_shown_as_unconditional(void)
{
    static const guint64 shown[] = {1, RIG_QUEUE(0), 16, 0};
    Rig rig;

    rig_init(&rig);
    g_assert_cmpint(rig_call(&rig, SET_QUEUE_CONFIG, 0, 0, 6, RIG_QUEUE(0), 16), ==, H_SUCCESS);
    assert_queue(&rig, 0, shown);
    rig_finish(&rig);
}

static void
queue_of_size_zero_is_gone_whatever_its_address(void)
{
    static const guint64 none[] = {0, NONE, 0, 0};
    Rig rig;

    rig_init(&rig);
    rig_queue(&rig, 0, 6, 0);
    g_assert_cmpint(rig_call(&rig, SET_QUEUE_CONFIG, 1, 0, 6, 0x123, 0), ==, H_SUCCESS);
    assert_queue(&rig, 1, none);
    rig_finish(&rig);
}

/* --- State --------------------------------------------------------------- */

static guint64
esb_load(Rig *rig, guint32 lisn, guint64 offset)
{
    g_assert_cmpint(rig_call(rig, INT_ESB, 0, lisn, offset, 0, 0), ==, H_SUCCESS);
    return rig->args[0];
}

static void
esb_call_loads_and_triggers(void)
{
    Rig rig;

    rig_init(&rig);
    route_edge(&rig);
    g_assert_cmphex(esb_load(&rig, RIG_EDGE, 0x800), ==, XIVE_PQ_RESET);
    g_assert_cmpint(rig_call(&rig, INT_ESB, 1, RIG_EDGE, 0, 0, 0), ==, H_SUCCESS);
    g_assert_cmphex(rig.args[0], ==, NONE);
    g_assert_cmphex(rig_entry(&rig, 0, 0), ==, 0x80000055);
    g_assert_cmpint(rig_call(&rig, INT_ESB, 1, RIG_EDGE, 0, 0, 0), ==, H_SUCCESS);
    g_assert_cmphex(esb_load(&rig, RIG_EDGE, 0xd00), ==, XIVE_PQ_QUEUED);
    g_assert_cmphex(esb_load(&rig, RIG_EDGE, 0x800), ==, XIVE_PQ_OFF);
    /* Above 12 bits the page repeats. */
    g_assert_cmphex(esb_load(&rig, RIG_EDGE, 0xfc00), ==, XIVE_PQ_OFF);
    g_assert_cmphex(esb_load(&rig, RIG_EDGE, 0x1800), ==, XIVE_PQ_RESET);
    rig_finish(&rig);
}

static void
route_level(Rig *rig)
{
    rig_queue(rig, 0, 6, 0);
    g_assert_cmpint(rig_call(rig, SET_SOURCE_CONFIG, 2, RIG_LSI, 0, 6, 0x99), ==, H_SUCCESS);
    esb_load(rig, RIG_LSI, 0xc00);
}

static guint
n_entries(const Rig *rig)
{
    guint n = 0;

    while (rig_entry(rig, 0, n) != 0)
        n++;
    return n;
}

static void
level_triggers_again_at_each_eoi_while_asserted(void)
{
    Rig rig;

    rig_init(&rig);
    route_level(&rig);
    xive_set_level(rig.xive, RIG_LSI, TRUE);
    g_assert_cmpuint(n_entries(&rig), ==, 1);
    xive_set_level(rig.xive, RIG_LSI, TRUE); /* said again: not queued */
    g_assert_cmpint(rig_pq(&rig, RIG_LSI), ==, XIVE_PQ_PENDING);
    for (guint i = 2; i < 5; i++) {
        esb_load(&rig, RIG_LSI, 0);
        g_assert_cmpuint(n_entries(&rig), ==, i);
    }
    xive_set_level(rig.xive, RIG_LSI, FALSE);
    esb_load(&rig, RIG_LSI, 0);
    g_assert_cmpuint(n_entries(&rig), ==, 4);
    g_assert_cmpint(rig_pq(&rig, RIG_LSI), ==, XIVE_PQ_RESET);
    rig_finish(&rig);
}

static void
level_raised_while_off_triggers_when_the_source_is_made_ready(void)
{
    Rig rig;

    rig_init(&rig);
    route_level(&rig);
    esb_load(&rig, RIG_LSI, 0xd00);
    xive_set_level(rig.xive, RIG_LSI, TRUE);
    esb_load(&rig, RIG_LSI, 0); /* EOI of a source that is off changes nothing */
    g_assert_cmpint(rig_pq(&rig, RIG_LSI), ==, XIVE_PQ_OFF);
    g_assert_cmpuint(n_entries(&rig), ==, 0);
    esb_load(&rig, RIG_LSI, 0xc00);
    g_assert_cmpuint(n_entries(&rig), ==, 1);
    g_assert_cmpint(rig_pq(&rig, RIG_LSI), ==, XIVE_PQ_PENDING);
    rig_finish(&rig);
}

static void
sync_of_a_source_succeeds(void)
{
    Rig rig;

    rig_init(&rig);
    g_assert_cmpint(rig_call(&rig, INT_SYNC, 0, RIG_EDGE, 0, 0, 0), ==, H_SUCCESS);
    rig_finish(&rig);
}

static void
reset_call_forgets_routing_but_not_contexts(void)
{
    static const guint64 none[] = {0, NONE, 0, 0};
    const be64 busy = be64_make(G_GUINT64_CONSTANT(0x00ff0200ff0000ff));
    g_autoptr(GError) error = NULL;
    be64 found = {0};
    Rig rig;

    rig_init(&rig);
    route_edge(&rig);
    g_assert_true(xive_kvm_vp_set(rig.xive, 1, busy, &error));
    g_assert_cmpint(rig_call(&rig, INT_RESET, 0, 0, 0, 0, 0), ==, H_SUCCESS);
    assert_config(&rig, 0, 0xff, RIG_EDGE);
    assert_queue(&rig, 1, none);
    g_assert_cmpint(rig_pq(&rig, RIG_EDGE), ==, XIVE_PQ_OFF);
    g_assert_true(xive_kvm_vp_get(rig.xive, 1, &found, &error));
    g_assert_cmphex(be64_get(found), ==, be64_get(busy));
    rig_finish(&rig);
}

static const struct {
    const char *path;
    void (*test)(void);
} tests[] = {
    {"source-info/edge", edge_source_shows_its_two_pages},
    {"source-info/level", level_source_shows_no_page},
    {"source-info/ipi", every_lisn_of_the_ipi_range_is_there_from_the_start},
    {"source-config/queue-entry", configured_source_puts_its_eisn_into_the_queue},
    {"source-config/eisn", eisn_is_the_lisn_until_it_is_set},
    {"source-config/mask", masked_source_keeps_its_eisn_and_drops_events},
    {"source-config/reset", priority_ff_resets_the_source_in_kvm_too},
    {"source-config/move", moving_a_source_leaves_the_old_queue_alone},
    {"source-config/sync", moving_a_live_source_waits_for_its_events},
    {"source-config/no-queue", source_may_be_aimed_at_no_queue_only_while_masked},
    {"queue-info", queue_info_tells_the_size_of_the_queue},
    {"queue-config/debug", queue_config_shows_the_position_in_debug_mode_only},
    {"queue-config/wrap", generation_flips_when_the_queue_wraps},
    {"queue-config/notify", conditional_notification_is_served_and_shown_as_unconditional},
    {"queue-config/none", queue_of_size_zero_is_gone_whatever_its_address},
    {"esb", esb_call_loads_and_triggers},
    {"esb/level", level_triggers_again_at_each_eoi_while_asserted},
    {"esb/level-off", level_raised_while_off_triggers_when_the_source_is_made_ready},
    {"sync", sync_of_a_source_succeeds},
    {"reset", reset_call_forgets_routing_but_not_contexts},
};

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(tests); i++) {
        g_autofree char *path = g_strdup_printf("/xive-hcall/%s", tests[i].path);

        g_test_add_func(path, tests[i].test);
    }
    return g_test_run();
}
