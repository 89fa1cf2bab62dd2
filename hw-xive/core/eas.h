/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * EAS: where the events of one source go. One 64-bit word, held in host order.
 *
 * Not here: the table of them and its owner. Pure; any thread.
 *
 * Invariants, cited by tests:
 *   EAS-1  Packing what was unpacked gives the same word, reserved bits (1..3) cleared.
 *   EAS-2  A value too wide for its field is refused, never cut.
 *   EAS-3  Only a valid, unmasked EAS of block 0 whose END lies below the caller's count routes.
 *   EAS-4  Masking and unmasking keep target and EISN.
 *
 * Source: stream section spapr-xive/eas; LoPAR H_INT_SET_SOURCE_CONFIG.
 */
#ifndef HW_XIVE_CORE_EAS_H
#define HW_XIVE_CORE_EAS_H

#include "hw-xive/core/regs.h"

typedef struct {
    gboolean valid;    /* the source is allocated */
    gboolean masked;   /* events are dropped */
    guint8 end_block;  /* 0..15; 0 on sPAPR */
    guint32 end_index; /* 0..XIVE_END_INDEX_MAX; see xive_end_index() */
    guint32 eisn;      /* 0..XIVE_EISN_MAX: what the queue entry says */
} XiveEas;

typedef enum {
    XIVE_EAS_ROUTED,
    XIVE_EAS_IS_INVALID, /* no such source */
    XIVE_EAS_IS_MASKED,
    XIVE_EAS_NO_END, /* block or index out of range */
} XiveEasResult;

/** xive_eas_pack: Returns: FALSE, leaving @word alone, if a field of @eas is out of range. */
gboolean xive_eas_pack(const XiveEas *eas, guint64 *word);

/** xive_eas_unpack: any word has a meaning; reserved bits are ignored. */
XiveEas xive_eas_unpack(guint64 word);

/**
 * xive_eas_target:
 * @server: guest CPU number; xive_end_index() of it must fit XIVE_END_INDEX_MAX
 * @prio:   0..7
 * @eisn:   0..XIVE_EISN_MAX
 * @masked: dropped for now
 *
 * The word of an allocated source that is aimed at (@server, @prio). The ranges
 * are the caller's duty (asserted).
 */
guint64 xive_eas_target(guint32 server, guint8 prio, guint32 eisn, gboolean masked);

/** The fields of @word, one by one; see XiveEas. */
static inline gboolean
xive_eas_is_valid(guint64 word)
{
    return (word & XIVE_EAS_VALID) != 0;
}

gboolean xive_eas_is_masked(guint64 word);
guint32 xive_eas_end_index(guint64 word);
guint32 xive_eas_eisn(guint64 word);

/** xive_eas_set_masked: @word masked or unmasked, all else kept. */
guint64 xive_eas_set_masked(guint64 word, gboolean masked);

/**
 * xive_eas_route:
 * @word:      the EAS
 * @nr_ends:   ENDs the caller has
 * @end_index: (out): below @nr_ends, set only when routed
 * @eisn:      (out): set only when routed
 */
XiveEasResult xive_eas_route(guint64 word, guint32 nr_ends, guint32 *end_index, guint32 *eisn);

#endif
