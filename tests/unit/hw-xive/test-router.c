/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hw-xive/core/router: the way of one event. Invariants ROUTE-1 ... ROUTE-5 of router.h.
 */
#include <string.h>

#include <glib.h>

#include "hw-xive/core/eas.h"
#include "hw-xive/core/end.h"
#include "hw-xive/core/router.h"
#include "hw-xive/core/tctx.h"

#define N_SOURCES 4
#define N_SERVERS 2
#define RAM_BASE  0x10000u
#define RAM_WORDS 1024u /* one queue of 4 KiB */

/* A machine of four sources and two servers, one page of RAM at RAM_BASE. */
typedef struct {
    guint64 eas[N_SOURCES];
    XiveEnd end[N_SERVERS * 8];
    XiveEnd last_end; /* at XIVE_END_INDEX_MAX */
    XiveTctx tctx[N_SERVERS];
    be32 ram[RAM_WORDS];
    guint writes;
    gboolean told_before_write; /* a context had changed when the entry was written */
} World;

static gboolean
world_eas(void *opaque, guint32 lisn, guint64 *word)
{
    World *world = opaque;

    if (lisn >= N_SOURCES)
        return FALSE;
    *word = world->eas[lisn];
    return TRUE;
}

static XiveEnd *
world_end(void *opaque, guint32 index)
{
    World *world = opaque;

    if (index == XIVE_END_INDEX_MAX)
        return &world->last_end;
    return index < G_N_ELEMENTS(world->end) ? &world->end[index] : NULL;
}

static gboolean
world_queue_write(void *opaque, guint64 gpa, be32 word)
{
    World *world = opaque;

    world->writes++;
    world->told_before_write |= xive_tctx_byte(&world->tctx[1], XIVE_RING_IPB) != 0;
    if (gpa < RAM_BASE || gpa >= RAM_BASE + sizeof(world->ram))
        return FALSE;
    world->ram[(gpa - RAM_BASE) / 4] = word;
    return TRUE;
}

static XiveTctx *
world_tctx(void *opaque, guint32 server)
{
    World *world = opaque;

    return server < N_SERVERS ? &world->tctx[server] : NULL;
}

static const XiveRouterOps ops = {world_eas, world_end, world_queue_write, world_tctx};

static void
world_queue(World *world, guint64 gpa, gboolean notify)
{
    XiveEq eq = {.gpa = gpa, .qshift = 12, .qtoggle = 1};

    g_assert_true(xive_end_setup(&world->end[14], &eq, 1, 6, notify));
}

/* Source 2 goes to server 1 at priority 6 as 0x10; both servers are open. */
static World *
world_new(void)
{
    World *world = g_new0(World, 1);

    for (guint i = 0; i < N_SOURCES; i++)
        world->eas[i] = XIVE_EAS_RESET;
    for (gsize i = 0; i < G_N_ELEMENTS(world->end); i++)
        xive_end_reset(&world->end[i]);
    for (guint i = 0; i < N_SERVERS; i++) {
        xive_tctx_reset(&world->tctx[i], i);
        xive_tctx_set_cppr(&world->tctx[i], 0xff);
    }
    world->eas[2] = xive_eas_target(1, 6, 0x10, FALSE);
    world_queue(world, RAM_BASE, TRUE);
    return world;
}

static guint32
entry(const World *world, guint index)
{
    return be32_get(world->ram[index]);
}

/* The event ends with @result and without any effect but attempted writes. */
static void
check_without_effect(World *world, guint32 lisn, XiveRouteResult result, guint writes)
{
    g_autofree World *before = g_memdup2(world, sizeof(*world));

    g_assert_cmpstr(xive_route_result_name(xive_router_event(&ops, world, lisn).result), ==,
                    xive_route_result_name(result));
    g_assert_cmpuint(world->writes, ==, writes);
    before->writes = writes;
    g_assert_cmpmem(world, sizeof(*world), before, sizeof(*before));
}

/* ROUTE-1 */
static void
an_event_is_written_then_delivered(void)
{
    g_autofree World *world = world_new();
    XiveRoute route = xive_router_event(&ops, world, 2);

    g_assert_cmpint(route.result, ==, XIVE_ROUTE_DELIVERED);
    g_assert_cmpuint(route.end_index, ==, 14);
    g_assert_cmpuint(route.server, ==, 1);
    g_assert_cmpuint(route.prio, ==, 6);

    g_assert_cmpuint(world->writes, ==, 1);
    g_assert_false(world->told_before_write);
    g_assert_cmphex(entry(world, 0), ==, 0x80000010);
    g_assert_cmphex(entry(world, 1), ==, 0);
    g_assert_cmphex(world->end[14].w1, ==, 0x00400001);
    g_assert_cmphex(xive_tctx_ack(&world->tctx[1]), ==, 0x8006);
    g_assert_false(xive_tctx_signalled(&world->tctx[0]));
}

static void
the_entry_is_big_endian_in_memory(void)
{
    static const guint8 bytes[] = {0x80, 0x00, 0x00, 0x10};
    g_autofree World *world = world_new();

    xive_router_event(&ops, world, 2);
    g_assert_cmpmem(world->ram, 4, bytes, 4);
}

/* ROUTE-4 */
static void
a_full_turn_writes_every_entry_and_flips(void)
{
    g_autofree World *world = world_new();

    for (guint i = 0; i < RAM_WORDS; i++)
        g_assert_cmpint(xive_router_event(&ops, world, 2).result, ==, XIVE_ROUTE_DELIVERED);
    for (guint i = 0; i < RAM_WORDS; i++)
        g_assert_cmphex(entry(world, i), ==, 0x80000010);
    xive_router_event(&ops, world, 2);
    g_assert_cmphex(entry(world, 0), ==, 0x00000010);
    g_assert_cmphex(entry(world, 1), ==, 0x80000010);
}

/* ROUTE-4 */
static void
cppr_or_a_pull_leaves_the_event_pending(void)
{
    g_autofree World *world = world_new();

    xive_tctx_set_cppr(&world->tctx[1], 6);
    g_assert_cmpint(xive_router_event(&ops, world, 2).result, ==, XIVE_ROUTE_PENDING);
    g_assert_true(xive_tctx_set_cppr(&world->tctx[1], 7));
    xive_tctx_ack(&world->tctx[1]);
    xive_tctx_set_cppr(&world->tctx[1], 0xff);

    xive_tctx_pull(&world->tctx[1]);
    g_assert_cmpint(xive_router_event(&ops, world, 2).result, ==, XIVE_ROUTE_PENDING);
    g_assert_true(xive_tctx_push(&world->tctx[1], 1));
    g_assert_cmphex(entry(world, 1), ==, 0x80000010);
}

/* ROUTE-4 */
static void
esn_holds_the_second_notification_back(void)
{
    g_autofree World *world = world_new();
    XiveRoute route;

    world_queue(world, RAM_BASE, FALSE);
    g_assert_cmpint(xive_router_event(&ops, world, 2).result, ==, XIVE_ROUTE_DELIVERED);
    xive_tctx_ack(&world->tctx[1]);
    xive_tctx_set_cppr(&world->tctx[1], 0xff);

    route = xive_router_event(&ops, world, 2);
    g_assert_cmpint(route.result, ==, XIVE_ROUTE_COALESCED);
    g_assert_cmpuint(route.server, ==, 1);
    g_assert_cmpuint(route.prio, ==, 6);
    g_assert_cmphex(entry(world, 1), ==, 0x80000010);
    g_assert_false(xive_tctx_signalled(&world->tctx[1]));
    g_assert_cmphex(world->end[14].w1, ==, 0xc0400002); /* ESn queued, offset 2 */
}

/* ROUTE-3 */
static void
a_masked_or_unknown_source_has_no_effect(void)
{
    g_autofree World *world = world_new();

    check_without_effect(world, 0, XIVE_ROUTE_MASKED, 0);
    check_without_effect(world, N_SOURCES, XIVE_ROUTE_NO_SOURCE, 0);
    check_without_effect(world, 0xffffffff, XIVE_ROUTE_NO_SOURCE, 0);
    world->eas[2] &= ~XIVE_EAS_VALID;
    check_without_effect(world, 2, XIVE_ROUTE_NO_SOURCE, 0);
}

/* ROUTE-5 */
static void
a_missing_or_senseless_queue_has_no_effect(void)
{
    g_autofree World *world = world_new();

    world->eas[1] = xive_eas_target(1, 5, 0x10, FALSE); /* never set up */
    check_without_effect(world, 1, XIVE_ROUTE_NO_QUEUE, 0);
    world->eas[1] = xive_eas_target(N_SERVERS, 0, 0x10, FALSE); /* beyond the table */
    check_without_effect(world, 1, XIVE_ROUTE_NO_QUEUE, 0);
    g_assert_cmpuint(xive_router_event(&ops, world, 1).end_index, ==, N_SERVERS * 8);
    world->eas[1] = bits_set(XIVE_EAS_END_BLOCK, world->eas[2], 1);
    check_without_effect(world, 1, XIVE_ROUTE_NO_QUEUE, 0);
    g_assert_cmpuint(xive_router_event(&ops, world, 1).end_index, ==, 14);

    world->end[14].w0 |= XIVE_END_W0_QSIZE;
    check_without_effect(world, 2, XIVE_ROUTE_NO_QUEUE, 0);
    world_queue(world, RAM_BASE, TRUE);
    world->end[14].w1 |= 0x400; /* offset one past the last */
    check_without_effect(world, 2, XIVE_ROUTE_NO_QUEUE, 0);
}

/* ROUTE-2 */
static void
a_queue_without_memory_leaves_end_and_context(void)
{
    g_autofree World *world = world_new();

    world_queue(world, 2 * RAM_BASE, TRUE);
    check_without_effect(world, 2, XIVE_ROUTE_NO_MEMORY, 1);
    world_queue(world, RAM_BASE, TRUE); /* and the next event finds it in order */
    g_assert_cmpint(xive_router_event(&ops, world, 2).result, ==, XIVE_ROUTE_DELIVERED);
}

static void
the_last_end_an_eas_can_name_is_followed(void)
{
    g_autofree World *world = world_new();
    XiveRoute route;

    world->last_end = world->end[14];
    world->eas[1] = G_GUINT64_CONSTANT(0x80ffffff00000010);
    route = xive_router_event(&ops, world, 1);
    g_assert_cmpint(route.result, ==, XIVE_ROUTE_DELIVERED);
    g_assert_cmpuint(route.end_index, ==, 0xffffff);
}

/* ROUTE-4 */
static void
an_event_for_a_missing_server_is_still_queued(void)
{
    g_autofree World *world = world_new();
    XiveRoute route;

    world->end[14].w6 = xive_nvt_index(N_SERVERS);
    route = xive_router_event(&ops, world, 2);
    g_assert_cmpint(route.result, ==, XIVE_ROUTE_NO_SERVER);
    g_assert_cmpuint(route.server, ==, N_SERVERS);
    g_assert_cmphex(entry(world, 0), ==, 0x80000010);
    g_assert_cmphex(world->end[14].w1, ==, 0x00400001);
}

static void
an_end_that_does_not_enqueue_still_notifies(void)
{
    g_autofree World *world = world_new();

    world->end[14].w0 &= ~XIVE_END_W0_ENQUEUE;
    g_assert_cmpint(xive_router_event(&ops, world, 2).result, ==, XIVE_ROUTE_DELIVERED);
    g_assert_cmpuint(world->writes, ==, 0);
    g_assert_cmphex(world->end[14].w1, ==, 0x00400000);
}

static void
every_result_has_a_name(void)
{
    static const char *const names[] = {"no source", "masked",    "no queue", "no memory",
                                        "coalesced", "no server", "pending",  "delivered"};

    for (guint i = 0; i < G_N_ELEMENTS(names); i++)
        g_assert_cmpstr(xive_route_result_name((XiveRouteResult)i), ==, names[i]);
    g_assert_cmpint(XIVE_ROUTE_DELIVERED, ==, G_N_ELEMENTS(names) - 1);
    g_assert_cmpstr(xive_route_result_name((XiveRouteResult)G_N_ELEMENTS(names)), ==, "?");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/xive/router/delivered", an_event_is_written_then_delivered);
    g_test_add_func("/xive/router/big-endian", the_entry_is_big_endian_in_memory);
    g_test_add_func("/xive/router/turn", a_full_turn_writes_every_entry_and_flips);
    g_test_add_func("/xive/router/pending", cppr_or_a_pull_leaves_the_event_pending);
    g_test_add_func("/xive/router/coalesced", esn_holds_the_second_notification_back);
    g_test_add_func("/xive/router/masked", a_masked_or_unknown_source_has_no_effect);
    g_test_add_func("/xive/router/no-queue", a_missing_or_senseless_queue_has_no_effect);
    g_test_add_func("/xive/router/no-memory", a_queue_without_memory_leaves_end_and_context);
    g_test_add_func("/xive/router/last-end", the_last_end_an_eas_can_name_is_followed);
    g_test_add_func("/xive/router/no-server", an_event_for_a_missing_server_is_still_queued);
    g_test_add_func("/xive/router/no-enqueue", an_end_that_does_not_enqueue_still_notifies);
    g_test_add_func("/xive/router/names", every_result_has_a_name);
    return g_test_run();
}
