/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * END: the words of an event queue and the step to its next entry.
 */
#include "hw-xive/core/end.h"

#include "hw-xive/core/pq.h"

static guint32
field_get(guint32 mask, guint32 word)
{
    return (guint32)bits_get(mask, word);
}

static guint32
field_set(guint32 mask, guint32 word, guint32 value)
{
    return (guint32)bits_set(mask, word, value);
}

/* --- The queue ----------------------------------------------------------- */

guint32
xive_eq_entries(guint32 qshift)
{
    return 1u << (qshift - XIVE_EQ_ENTRY_SHIFT);
}

gboolean
xive_eq_check(const XiveEq *eq)
{
    if (eq->qshift < XIVE_EQ_SHIFT_MIN || eq->qshift > XIVE_EQ_SHIFT_MAX)
        return FALSE;
    if (eq->gpa >> XIVE_EQ_GPA_BITS != 0 || (eq->gpa & (LSB_BIT64(eq->qshift) - 1)) != 0)
        return FALSE;
    return eq->qtoggle <= 1 && eq->qindex < xive_eq_entries(eq->qshift);
}

XiveEq
xive_end_eq(const XiveEnd *end)
{
    return (XiveEq){
        .gpa = (guint64)field_get(XIVE_END_W2_EQ_HIGH, end->w2) << 32 | end->w3,
        .qshift = field_get(XIVE_END_W0_QSIZE, end->w0) + XIVE_EQ_SHIFT_MIN,
        .qtoggle = field_get(XIVE_END_W1_GENERATION, end->w1),
        .qindex = field_get(XIVE_END_W1_PAGE_OFF, end->w1),
    };
}

void
xive_end_set_position(XiveEnd *end, guint32 qtoggle, guint32 qindex)
{
    guint32 w1 = 0;

    w1 = field_set(XIVE_END_W1_GENERATION, w1, qtoggle);
    w1 = field_set(XIVE_END_W1_PAGE_OFF, w1, qindex);
    end->w1 = w1;
}

/* --- Setting up ---------------------------------------------------------- */

void
xive_end_reset(XiveEnd *end)
{
    *end = (XiveEnd){.w1 = XIVE_END_W1_RESET};
}

gboolean
xive_end_setup(XiveEnd *end, const XiveEq *eq, guint32 server, guint8 prio, gboolean notify)
{
    XiveEnd new_end = {0};

    if (!xive_eq_check(eq) || server > XIVE_NVT_INDEX_MAX - XIVE_NVT_BASE ||
        prio >= XIVE_PRIORITIES)
        return FALSE;

    new_end.w0 = XIVE_END_W0_VALID | XIVE_END_W0_ENQUEUE;
    new_end.w0 = field_set(XIVE_END_W0_NOTIFY, new_end.w0, notify != 0);
    new_end.w0 = field_set(XIVE_END_W0_QSIZE, new_end.w0, eq->qshift - XIVE_EQ_SHIFT_MIN);
    xive_end_set_position(&new_end, eq->qtoggle, eq->qindex);
    new_end.w2 = field_set(XIVE_END_W2_EQ_HIGH, 0, (guint32)(eq->gpa >> 32));
    new_end.w3 = (guint32)eq->gpa;
    new_end.w6 = field_set(XIVE_END_W6_NVT_INDEX, 0, xive_nvt_index(server));
    new_end.w7 = field_set(XIVE_END_W7_PRIORITY, 0, prio);
    *end = new_end;
    return TRUE;
}

/* --- What an END says ---------------------------------------------------- */

gboolean
xive_end_is_valid(const XiveEnd *end)
{
    return (end->w0 & XIVE_END_W0_VALID) != 0;
}

gboolean
xive_end_is_enqueue(const XiveEnd *end)
{
    return (end->w0 & XIVE_END_W0_ENQUEUE) != 0;
}

gboolean
xive_end_is_notify(const XiveEnd *end)
{
    return (end->w0 & XIVE_END_W0_NOTIFY) != 0;
}

gboolean
xive_end_is_usable(const XiveEnd *end)
{
    XiveEq eq = xive_end_eq(end);

    if (!xive_end_is_valid(end) || (end->w6 & XIVE_END_W6_FORMAT) != 0)
        return FALSE;
    if (field_get(XIVE_END_W6_NVT_BLOCK, end->w6) != 0 ||
        field_get(XIVE_END_W6_NVT_INDEX, end->w6) < XIVE_NVT_BASE)
        return FALSE;
    if (xive_end_prio(end) >= XIVE_PRIORITIES)
        return FALSE;
    return !xive_end_is_enqueue(end) || xive_eq_check(&eq);
}

guint32
xive_end_server(const XiveEnd *end)
{
    return field_get(XIVE_END_W6_NVT_INDEX, end->w6) - XIVE_NVT_BASE;
}

guint8
xive_end_prio(const XiveEnd *end)
{
    return (guint8)field_get(XIVE_END_W7_PRIORITY, end->w7);
}

/* --- Steps --------------------------------------------------------------- */

XiveEqEntry
xive_end_next(XiveEnd *end, guint32 eisn)
{
    XiveEq eq = xive_end_eq(end);
    guint32 last = xive_eq_entries(eq.qshift) - 1;
    guint32 index = eq.qindex & last;
    XiveEqEntry entry = {
        .gpa = eq.gpa + ((guint64)index << XIVE_EQ_ENTRY_SHIFT),
        .word = field_set(XIVE_EQ_GENERATION, eisn & XIVE_EQ_EISN, eq.qtoggle),
    };

    index = (index + 1) & last;
    end->w1 = field_set(XIVE_END_W1_PAGE_OFF, end->w1, index);
    if (index == 0)
        end->w1 ^= XIVE_END_W1_GENERATION;
    return entry;
}

gboolean
xive_end_notify(XiveEnd *end)
{
    XivePq esn = (XivePq)field_get(XIVE_END_W1_ESN, end->w1);
    gboolean first;

    if (xive_end_is_notify(end))
        return TRUE;
    first = xive_pq_trigger(&esn);
    end->w1 = field_set(XIVE_END_W1_ESN, end->w1, esn);
    return first;
}
