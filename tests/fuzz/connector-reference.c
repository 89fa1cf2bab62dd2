/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The figure, walked along (see the header).
 */
#include "tests/fuzz/connector-reference.h"

enum {
    UNUSABLE = 1,
    AVAILABLE = 2,
    UNISOLATED = 3,
    CONFIGURED = 4,
};

enum {
    OK = 0,
    FAILURE = -1,
    WRONG = -3,
};

static ReferenceStep
refused(const ReferenceConnector *now, gint32 status)
{
    return (ReferenceStep){status, now->state, REFERENCE_NOTHING};
}

static ReferenceStep
goes_to(guint32 state)
{
    return (ReferenceStep){OK, state, REFERENCE_NOTHING};
}

ReferenceStep
reference_isolate(const ReferenceConnector *now, guint32 value)
{
    if (value > 1)
        return refused(now, WRONG);
    if (value == 1) {
        if (now->state == UNUSABLE)
            return refused(now, WRONG);
        if (now->state == AVAILABLE)
            return goes_to(UNISOLATED);
        return (ReferenceStep){OK, now->state, now->asked ? REFERENCE_KEPT : REFERENCE_NOTHING};
    }
    if (now->state == UNISOLATED)
        return refused(now, WRONG);
    if (now->state != CONFIGURED)
        return goes_to(now->state);
    if (now->in_use || (now->memory && !now->asked))
        return refused(now, FAILURE);
    return goes_to(AVAILABLE);
}

ReferenceStep
reference_allocate(const ReferenceConnector *now, guint32 value)
{
    if (value > 1)
        return refused(now, WRONG);
    if (value == 1) {
        if (now->state != UNUSABLE)
            return goes_to(now->state);
        return now->plugged && !now->asked ? goes_to(AVAILABLE) : refused(now, WRONG);
    }
    if (now->state == UNISOLATED || now->state == CONFIGURED)
        return refused(now, WRONG);
    if (now->state == AVAILABLE && now->in_use)
        return refused(now, FAILURE);
    return (ReferenceStep){OK, UNUSABLE, now->asked ? REFERENCE_RELEASED : REFERENCE_NOTHING};
}
