/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The way of one event: source number -> EAS -> END -> queue entry in guest memory ->
 * thread context. One step, no memory of its own: tables, guest memory and contexts
 * are reached through the caller's operations.
 *
 * Not here: PQ, which comes before (route what xive_esb_apply() says to forward), and
 * the wire to the CPU, which comes after. The caller holds whatever lock guards
 * END and context during the call.
 *
 * Invariants, cited by tests:
 *   ROUTE-1  The entry is written before the context is told.
 *   ROUTE-2  If the entry cannot be written, END and context are as before.
 *   ROUTE-3  A masked or unknown source writes nothing and tells nobody.
 *   ROUTE-4  Every event that got past EAS and END is in the queue, also where the notification is
 *            held back.
 *   ROUTE-5  An END whose words make no sense is not followed: no write outside a queue.
 */
#ifndef HW_XIVE_CORE_ROUTER_H
#define HW_XIVE_CORE_ROUTER_H

#include "hw-xive/core/regs.h"

typedef struct {
    /** eas: fills @word. Returns: FALSE if @lisn is beyond the table. */
    gboolean (*eas)(void *opaque, guint32 lisn, guint64 *word);

    /** end: Returns: the END in the caller's table, written to; NULL if @index is beyond it. */
    XiveEnd *(*end)(void *opaque, guint32 index);

    /** queue_write: stores @word at guest address @gpa, 4-aligned, for the guest to see before
     * anything that follows. Returns: FALSE if there is no memory. */
    gboolean (*queue_write)(void *opaque, guint64 gpa, be32 word);

    /** tctx: Returns: the context of guest CPU number @server, written to; NULL if none. */
    XiveTctx *(*tctx)(void *opaque, guint32 server);
} XiveRouterOps;

typedef enum {
    XIVE_ROUTE_NO_SOURCE, /* beyond the table, or EAS not valid */
    XIVE_ROUTE_MASKED,    /* EAS masked */
    XIVE_ROUTE_NO_QUEUE,  /* END beyond the table or not usable */
    XIVE_ROUTE_NO_MEMORY, /* the entry could not be written; nothing changed */
    XIVE_ROUTE_COALESCED, /* in the queue; ESn holds the notification back */
    XIVE_ROUTE_NO_SERVER, /* in the queue; nobody to tell */
    XIVE_ROUTE_PENDING,   /* in IPB; CPPR or a pulled context holds it back */
    XIVE_ROUTE_DELIVERED, /* the thread's interrupt is up: wake the vCPU */
} XiveRouteResult;

typedef struct {
    XiveRouteResult result;
    guint32 end_index; /* set unless NO_SOURCE or MASKED */
    guint32 server;    /* set from COALESCED on */
    guint8 prio;       /* likewise */
} XiveRoute;

/** xive_route_result_name: "no source", "masked", ...; static storage. For logs and tests. */
const char *xive_route_result_name(XiveRouteResult result);

/** xive_router_event: routes one forwarded event of source @lisn. */
XiveRoute xive_router_event(const XiveRouterOps *ops, void *opaque, guint32 lisn);

#endif
