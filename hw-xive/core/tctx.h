/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Thread context: what one thread sees of its interrupts. All functions work on
 * the OS ring; the other rings are carried, not used.
 *
 * A context is "pushed" while its VO bit is set. An event for a context that is not
 * pushed only gathers in IPB; the next push looks at it.
 *
 * Not here: the wire to the CPU. After an access ask xive_tctx_signalled(). Pure;
 * any thread, the context's lock is the caller's.
 *
 * Invariants, cited by tests:
 *   TCTX-1  On a pushed context, after every operation, PIPR is the most urgent bit of IPB,
 *           XIVE_PRIO_NONE if there is none.
 *   TCTX-2  On a pushed context, after every operation, EO is set if and only if PIPR < CPPR.
 *   TCTX-3  CPPR once written is 0..7 or XIVE_PRIO_NONE: a larger value becomes that.
 *   TCTX-4  An acknowledge with EO takes one bit, the most urgent, out of IPB and leaves its
 *           priority in CPPR; without EO it changes nothing.
 *   TCTX-5  Presenting twice is presenting once; nothing but acknowledge removes a bit.
 *   TCTX-6  Nothing but an operation of the OS page changes the context; other accesses load
 *           all ones and store nowhere.
 *   TCTX-7  The VP state is bytes 0..7 of the OS ring as they lie in memory, on every host.
 * (A VP state that is set replaces the bytes as they are; the next push restores 1 and 2.)
 *
 * Source: stream section xive-tctx as captured; kernel xive.rst VP state; QEMU's behaviour.
 */
#ifndef HW_XIVE_CORE_TCTX_H
#define HW_XIVE_CORE_TCTX_H

#include "hw-xive/core/regs.h"

typedef enum {
    XIVE_TIMA_OP_NONE,           /* not an operation of the OS page */
    XIVE_TIMA_OP_RING,           /* bytes of the rings; see xive_tima_load() */
    XIVE_TIMA_OP_SET_CPPR,       /* store that covers CPPR of the OS ring */
    XIVE_TIMA_OP_ACK,            /* load of XIVE_TIMA_ACK_OS */
    XIVE_TIMA_OP_SET_OS_PENDING, /* store of XIVE_TIMA_SET_OS_PENDING */
} XiveTimaOp;

/** xive_prio_to_ipb: the IPB bit of @prio; 0 for anything above 7. */
guint8 xive_prio_to_ipb(guint8 prio);

/** xive_ipb_to_pipr: the most urgent priority in @ipb; XIVE_PRIO_NONE if there is none. */
guint8 xive_ipb_to_pipr(guint8 ipb);

/** xive_tctx_reset: the rings of guest CPU number @server after machine reset, pushed, CPPR 0. */
void xive_tctx_reset(XiveTctx *tctx, guint32 server);

/** xive_tctx_byte: byte @reg (XIVE_RING_*, 0..15) of the OS ring. */
guint8 xive_tctx_byte(const XiveTctx *tctx, guint reg);

/** xive_tctx_signalled: whether the thread's external interrupt is up: pushed and EO. */
gboolean xive_tctx_signalled(const XiveTctx *tctx);

/** xive_tctx_is_pushed: whether the context is on a thread (VO). */
gboolean xive_tctx_is_pushed(const XiveTctx *tctx);

/** xive_tctx_push: puts the context of @server on a thread. Returns: xive_tctx_signalled(). */
gboolean xive_tctx_push(XiveTctx *tctx, guint32 server);

/** xive_tctx_pull: takes the context off its thread. Returns: word 2 as it was. */
guint32 xive_tctx_pull(XiveTctx *tctx);

/**
 * xive_tctx_present:
 * @prio: 0..7; anything above is ignored
 *
 * An event of that priority is in its queue.
 *
 * Returns: xive_tctx_signalled(), which may have been so before.
 */
gboolean xive_tctx_present(XiveTctx *tctx, guint8 prio);

/** xive_tctx_ack: Returns: NSR as it was << 8 | CPPR as it is now. */
guint16 xive_tctx_ack(XiveTctx *tctx);

/** xive_tctx_set_cppr: Returns: xive_tctx_signalled(). */
gboolean xive_tctx_set_cppr(XiveTctx *tctx, guint8 cppr);

/* --- The OS page of the TIMA --------------------------------------------- */

/**
 * xive_tima_decode:
 * @store:  a store, else a load
 * @offset: bytes into the OS page
 * @size:   1, 2, 4 or 8 bytes, naturally aligned; else XIVE_TIMA_OP_NONE
 *
 * XIVE_TIMA_PULL_OS is the hypervisor's and therefore XIVE_TIMA_OP_NONE here.
 */
XiveTimaOp xive_tima_decode(gboolean store, guint64 offset, guint size);

/**
 * xive_tima_load:
 *
 * A load of the OS page, with its side effect. Of the rings the OS page shows bytes
 * 0..5 and 7 of the OS ring, the rest reads 0.
 *
 * Returns: the value in host order (the first byte most significant), @size bytes of
 * ones if the access is not an operation.
 */
guint64 xive_tima_load(XiveTctx *tctx, guint64 offset, guint size);

/**
 * xive_tima_store:
 * @value: host order, the first byte most significant
 *
 * A store to the OS page. Of the rings CPPR alone can be written; a wider store that
 * covers it writes it.
 */
void xive_tima_store(XiveTctx *tctx, guint64 offset, guint size, guint64 value);

/* --- VP state: the part KVM moves ---------------------------------------- */

/** xive_tctx_vp: the first 64 bits of KVM's VP state register; XIVE_VP_CREATED in a new one. */
be64 xive_tctx_vp(const XiveTctx *tctx);

/**
 * xive_tctx_set_vp: replaces those bytes as they are; a push makes PIPR and EO agree with
 * them. A kernel refuses this for a pushed context; that is for the caller to check.
 */
void xive_tctx_set_vp(XiveTctx *tctx, be64 vp);

#endif
