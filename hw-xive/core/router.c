/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Router: one event from its source number to a thread context.
 */
#include "hw-xive/core/router.h"

#include "hw-xive/core/eas.h"
#include "hw-xive/core/end.h"
#include "hw-xive/core/tctx.h"

static const char *const result_names[] = {
    [XIVE_ROUTE_NO_SOURCE] = "no source", [XIVE_ROUTE_MASKED] = "masked",
    [XIVE_ROUTE_NO_QUEUE] = "no queue",   [XIVE_ROUTE_NO_MEMORY] = "no memory",
    [XIVE_ROUTE_COALESCED] = "coalesced", [XIVE_ROUTE_NO_SERVER] = "no server",
    [XIVE_ROUTE_PENDING] = "pending",     [XIVE_ROUTE_DELIVERED] = "delivered",
};

const char *
xive_route_result_name(XiveRouteResult result)
{
    return (gsize)result < G_N_ELEMENTS(result_names) ? result_names[result] : "?";
}

/* The END steps only when its entry is in memory. */
static gboolean
enqueue(const XiveRouterOps *ops, void *opaque, XiveEnd *end, guint32 eisn)
{
    XiveEnd stepped = *end;
    XiveEqEntry entry;

    if (!xive_end_is_enqueue(end))
        return TRUE;
    entry = xive_end_next(&stepped, eisn);
    if (!ops->queue_write(opaque, entry.gpa, be32_make(entry.word)))
        return FALSE;
    *end = stepped;
    return TRUE;
}

static XiveRouteResult
present(const XiveRouterOps *ops, void *opaque, const XiveRoute *route)
{
    XiveTctx *tctx = ops->tctx(opaque, route->server);

    if (tctx == NULL)
        return XIVE_ROUTE_NO_SERVER;
    return xive_tctx_present(tctx, route->prio) ? XIVE_ROUTE_DELIVERED : XIVE_ROUTE_PENDING;
}

static void
route_end(const XiveRouterOps *ops, void *opaque, XiveRoute *route, guint32 eisn)
{
    XiveEnd *end = ops->end(opaque, route->end_index);

    if (end == NULL || !xive_end_is_usable(end)) {
        route->result = XIVE_ROUTE_NO_QUEUE;
        return;
    }
    if (!enqueue(ops, opaque, end, eisn)) {
        route->result = XIVE_ROUTE_NO_MEMORY;
        return;
    }
    route->server = xive_end_server(end);
    route->prio = xive_end_prio(end);
    route->result = xive_end_notify(end) ? present(ops, opaque, route) : XIVE_ROUTE_COALESCED;
}

XiveRoute
xive_router_event(const XiveRouterOps *ops, void *opaque, guint32 lisn)
{
    XiveRoute route = {.result = XIVE_ROUTE_NO_SOURCE};
    guint64 word;
    guint32 eisn;

    if (!ops->eas(opaque, lisn, &word))
        return route;

    /* How many ENDs there are is for the lookup to know. */
    switch (xive_eas_route(word, XIVE_END_INDEX_MAX + 1, &route.end_index, &eisn)) {
    case XIVE_EAS_ROUTED: route_end(ops, opaque, &route, eisn); break;
    case XIVE_EAS_IS_INVALID: break;
    case XIVE_EAS_IS_MASKED: route.result = XIVE_ROUTE_MASKED; break;
    case XIVE_EAS_NO_END:
        route.result = XIVE_ROUTE_NO_QUEUE;
        route.end_index = xive_eas_end_index(word);
        break;
    }
    return route;
}
