/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * END: one event queue, of one server at one priority, and whom to tell.
 *
 * Not here: guest memory. xive_end_next() says which word goes to which address;
 * writing it is the caller's. Pure; any thread, the END's lock is the caller's.
 *
 * Invariants, cited by tests:
 *   END-1  The queue read back is the queue that was set up.
 *   END-2  An entry's address lies inside the queue, whatever the words of the END say.
 *   END-3  The index advances by one and wraps at the queue's length; the generation flips at the
 *          wrap and only there.
 *   END-4  An entry's top bit is the generation before the step, the low 31 bits are the EISN.
 *   END-5  An unaligned, oversized or out-of-range queue is refused and the END left alone.
 *   END-6  Setting up clears every bit of W1 but generation and offset, so ESn and ESe are ready.
 *
 * Source: stream section spapr-xive/end; LoPAR H_INT_SET_QUEUE_CONFIG; kernel xive.rst EQ_CONFIG.
 */
#ifndef HW_XIVE_CORE_END_H
#define HW_XIVE_CORE_END_H

#include "hw-xive/core/regs.h"

typedef struct {
    guint64 gpa;     /* bytes, aligned to 1 << qshift, below 1 << XIVE_EQ_GPA_BITS */
    guint32 qshift;  /* log2 of bytes, XIVE_EQ_SHIFT_MIN..MAX */
    guint32 qtoggle; /* generation, 0 or 1; a new queue has 1 */
    guint32 qindex;  /* next entry, below xive_eq_entries(qshift) */
} XiveEq;

typedef struct {
    guint64 gpa;  /* where: guest address of a 32-bit big-endian word */
    guint32 word; /* what: value, to be stored with be32_make() */
} XiveEqEntry;

/** xive_eq_entries: entries of a queue of 1 << @qshift bytes. */
guint32 xive_eq_entries(guint32 qshift);

/** xive_eq_check: whether @eq keeps the ranges noted at its fields. */
gboolean xive_eq_check(const XiveEq *eq);

/** xive_end_reset: no queue; what the stream shows for an END never used. */
void xive_end_reset(XiveEnd *end);

/**
 * xive_end_setup:
 * @eq:     the queue
 * @server: guest CPU number; its NVT must fit XIVE_NVT_INDEX_MAX
 * @prio:   0..7
 * @notify: notify at every event; else only at the first until ESn is reset
 *
 * Makes @end valid, enqueueing, aimed at @server and @prio.
 *
 * Returns: FALSE, leaving @end alone, if a value is out of range.
 */
gboolean
xive_end_setup(XiveEnd *end, const XiveEq *eq, guint32 server, guint8 prio, gboolean notify);

/** The bits of W0: allocated; has a queue; notifies unconditionally. */
gboolean xive_end_is_valid(const XiveEnd *end);
gboolean xive_end_is_enqueue(const XiveEnd *end);
gboolean xive_end_is_notify(const XiveEnd *end);

/**
 * xive_end_is_usable: whether the router may act on @end: valid, format 0, priority
 * 0..7, NVT of block 0 at XIVE_NVT_BASE or above, and if it enqueues a size within
 * XIVE_EQ_SHIFT_MAX, an aligned address and an index inside. True for whatever
 * xive_end_setup() made; a stream may bring anything.
 */
gboolean xive_end_is_usable(const XiveEnd *end);

/** xive_end_eq: the queue of @end, field by field; unchecked (xive_eq_check()). */
XiveEq xive_end_eq(const XiveEnd *end);

/** xive_end_set_position: replaces generation and index (masked to their fields), clears the rest
 * of W1: what the stream carries of a running queue. */
void xive_end_set_position(XiveEnd *end, guint32 qtoggle, guint32 qindex);

/** xive_end_server: guest CPU number; meaningful when usable. */
guint32 xive_end_server(const XiveEnd *end);

/** xive_end_prio: 0..7 when usable. */
guint8 xive_end_prio(const XiveEnd *end);

/**
 * xive_end_next:
 * @end:  a usable END; its generation and index step on
 * @eisn: 0..XIVE_EISN_MAX; a wider value is cut
 *
 * Returns: the entry to write. A caller whose write may fail steps a copy.
 */
XiveEqEntry xive_end_next(XiveEnd *end, guint32 eisn);

/**
 * xive_end_notify: an event was enqueued: step ESn, unless notification is unconditional.
 *
 * Returns: whether the server is to be told.
 */
gboolean xive_end_notify(XiveEnd *end);

#endif
