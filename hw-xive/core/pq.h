/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The state of one interrupt source: two bits, P (pending) and Q (queued), and
 * for a level source (LSI) the state of its line. One transition table, in pq.c.
 *
 * Not here: who owns the bytes, where an event goes (router.h). A caller that
 * shares a source between threads works on a copy and publishes it by
 * compare-and-swap, or holds its own lock: all functions are pure in that sense,
 * allocate nothing and may run on any thread.
 *
 * Invariants, cited by tests:
 *   PQ-1  An event is forwarded only on leaving RESET by a trigger, and on QUEUED -> PENDING by an
 *         EOI. Nothing else forwards.
 *   PQ-2  No event is lost and none is invented: however many triggers come while PENDING or
 *         QUEUED, the EOI that follows forwards exactly one.
 *   PQ-3  OFF is left by a set only: triggers are dropped and an EOI changes nothing.
 *   PQ-4  A set forwards nothing, whatever it replaces, and answers the previous PQ.
 *   PQ-5  Raising the line of a level source never sets Q.
 *   PQ-6  Only xive_esb_line() changes the asserted bit. EOI while it is set forwards again, once,
 *         unless the source is OFF.
 *   PQ-7  A get changes nothing. An offset that is no operation changes nothing and loads all ones.
 *
 * Source: LoPAR H_INT_ESB; kernel Documentation/virt/kvm/devices/xive.rst; QEMU's behaviour for
 * LSI.
 */
#ifndef HW_XIVE_CORE_PQ_H
#define HW_XIVE_CORE_PQ_H

#include "hw-xive/core/regs.h"

typedef enum {
    XIVE_PQ_RESET = 0,   /* 00: ready, the next trigger is forwarded */
    XIVE_PQ_OFF = 1,     /* 01: masked at the source */
    XIVE_PQ_PENDING = 2, /* 10: forwarded, waits for EOI */
    XIVE_PQ_QUEUED = 3,  /* 11: as PENDING, and one more is remembered */
    XIVE_PQ_READY = XIVE_PQ_RESET,
} XivePq;

typedef enum {
    XIVE_ESB_OP_NONE,      /* not an operation */
    XIVE_ESB_OP_TRIGGER,   /* store */
    XIVE_ESB_OP_EOI,       /* load */
    XIVE_ESB_OP_STORE_EOI, /* store; only where the source offers it */
    XIVE_ESB_OP_GET,       /* load */
    XIVE_ESB_OP_SET_RESET, /* loads, in the order of XivePq */
    XIVE_ESB_OP_SET_OFF,
    XIVE_ESB_OP_SET_PENDING,
    XIVE_ESB_OP_SET_QUEUED,
} XiveEsbOp;

/* --- The two bits alone: what KVM's sources are -------------------------- */

/** xive_pq_trigger: an edge. Returns: whether the event is to be forwarded now. */
gboolean xive_pq_trigger(XivePq *pq);

/** xive_pq_eoi: end of interrupt. Returns: whether a remembered event is to be forwarded now. */
gboolean xive_pq_eoi(XivePq *pq);

/** xive_pq_set: replaces the bits. Returns: the previous ones. */
XivePq xive_pq_set(XivePq *pq, XivePq value);

/** xive_pq_name: "reset", "off", "pending", "queued"; static storage. For logs and monitors. */
const char *xive_pq_name(XivePq pq);

/* --- The status byte: the bits and the line ------------------------------ */

/** xive_status_pq: the two bits of @status (XIVE_STATUS_*). */
XivePq xive_status_pq(guint8 status);

/** xive_status_asserted: whether the line of a level source is up. */
gboolean xive_status_asserted(guint8 status);

/**
 * xive_esb_line:
 * @status:   status byte of a level source
 * @asserted: whether the line is up now
 *
 * The line of a level source changes, or is said again to be what it is.
 *
 * Returns: whether an event is to be forwarded now.
 */
gboolean xive_esb_line(guint8 *status, gboolean asserted);

/**
 * xive_esb_decode:
 * @page:   XIVE_ESB_PAGE_TRIGGER or XIVE_ESB_PAGE_MANAGEMENT
 * @store:  a store, else a load
 * @offset: bytes into that page; on the management page the low 12 bits select
 *
 * What an 8-byte access means. Loads of the trigger page, undefined offsets and
 * offsets of XIVE_PAGE_SIZE or more are XIVE_ESB_OP_NONE. Whether a source offers
 * XIVE_ESB_OP_STORE_EOI is for the caller to decide.
 */
XiveEsbOp xive_esb_decode(guint page, gboolean store, guint64 offset);

/**
 * xive_esb_apply:
 * @status: status byte of the source
 * @op:     what xive_esb_decode() said
 * @loaded: (out) (nullable): for a load, the previous PQ (0..3), all ones if @op
 *          is XIVE_ESB_OP_NONE; host order, big-endian on the wire
 *
 * A trigger through the page is an edge for level sources too, as in hardware.
 *
 * Returns: whether an event is to be forwarded now.
 */
gboolean xive_esb_apply(guint8 *status, XiveEsbOp op, guint64 *loaded);

#endif
