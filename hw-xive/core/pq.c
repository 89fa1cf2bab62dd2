/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * PQ: the transition table of a source and the decoding of its two pages.
 */
#include "hw-xive/core/pq.h"

/* --- The machine --------------------------------------------------------- */

typedef enum {
    PQ_TRIGGER, /* an edge */
    PQ_LINE_UP, /* the line of a level source is up */
    PQ_EOI,
    PQ_SET_RESET, /* in the order of XivePq */
    PQ_SET_OFF,
    PQ_SET_PENDING,
    PQ_SET_QUEUED,
} PqEvent;

typedef struct {
    XivePq next;
    gboolean forward;
} PqStep;

#define TO(pq)              \
    {                       \
        XIVE_PQ_##pq, FALSE \
    }
#define FORWARD(pq)        \
    {                      \
        XIVE_PQ_##pq, TRUE \
    }

/* clang-format off */
static const PqStep pq_steps[][4] = {
    /*                   RESET 00          OFF 01       PENDING 10   QUEUED 11 */
    [PQ_TRIGGER]     = { FORWARD(PENDING), TO(OFF),     TO(QUEUED),  TO(QUEUED) },
    [PQ_LINE_UP]     = { FORWARD(PENDING), TO(OFF),     TO(PENDING), TO(QUEUED) },
    [PQ_EOI]         = { TO(RESET),        TO(OFF),     TO(RESET),   FORWARD(PENDING) },
    [PQ_SET_RESET]   = { TO(RESET),        TO(RESET),   TO(RESET),   TO(RESET) },
    [PQ_SET_OFF]     = { TO(OFF),          TO(OFF),     TO(OFF),     TO(OFF) },
    [PQ_SET_PENDING] = { TO(PENDING),      TO(PENDING), TO(PENDING), TO(PENDING) },
    [PQ_SET_QUEUED]  = { TO(QUEUED),       TO(QUEUED),  TO(QUEUED),  TO(QUEUED) },
};
/* clang-format on */

static gboolean
pq_step(XivePq *pq, PqEvent event)
{
    const PqStep *step = &pq_steps[event][*pq & XIVE_STATUS_PQ];

    *pq = step->next;
    return step->forward;
}

static gboolean
status_step(guint8 *status, PqEvent event)
{
    XivePq pq = xive_status_pq(*status);
    gboolean forward = pq_step(&pq, event);

    *status = (guint8)((*status & ~XIVE_STATUS_PQ) | pq);
    return forward;
}

gboolean
xive_pq_trigger(XivePq *pq)
{
    return pq_step(pq, PQ_TRIGGER);
}

gboolean
xive_pq_eoi(XivePq *pq)
{
    return pq_step(pq, PQ_EOI);
}

XivePq
xive_pq_set(XivePq *pq, XivePq value)
{
    XivePq old = *pq & XIVE_STATUS_PQ;

    pq_step(pq, PQ_SET_RESET + (value & XIVE_STATUS_PQ));
    return old;
}

const char *
xive_pq_name(XivePq pq)
{
    static const char *const names[] = {"reset", "off", "pending", "queued"};

    return names[pq & XIVE_STATUS_PQ];
}

/* --- The status byte ----------------------------------------------------- */

XivePq
xive_status_pq(guint8 status)
{
    return (XivePq)(status & XIVE_STATUS_PQ);
}

gboolean
xive_status_asserted(guint8 status)
{
    return (status & XIVE_STATUS_ASSERTED) != 0;
}

gboolean
xive_esb_line(guint8 *status, gboolean asserted)
{
    if (!asserted) {
        *status &= (guint8)~XIVE_STATUS_ASSERTED;
        return FALSE;
    }
    *status |= XIVE_STATUS_ASSERTED;
    return status_step(status, PQ_LINE_UP);
}

/* The line is looked at after the EOI proper, so that a level still up is one new event. */
static gboolean
esb_eoi(guint8 *status)
{
    gboolean forward = status_step(status, PQ_EOI);

    if (xive_status_asserted(*status) && status_step(status, PQ_LINE_UP))
        forward = TRUE;
    return forward;
}

/* --- The two pages ------------------------------------------------------- */

typedef struct {
    guint page;
    gboolean store;
    guint32 first; /* offsets within the command space, both included */
    guint32 last;
    XiveEsbOp op;
} EsbCommand;

/* clang-format off */
static const EsbCommand esb_commands[] = {
    { XIVE_ESB_PAGE_TRIGGER,    TRUE,  0x000, 0xfff, XIVE_ESB_OP_TRIGGER },
    { XIVE_ESB_PAGE_MANAGEMENT, TRUE,  0x000, 0x3ff, XIVE_ESB_OP_TRIGGER },
    { XIVE_ESB_PAGE_MANAGEMENT, TRUE,  0x400, 0x7ff, XIVE_ESB_OP_STORE_EOI },
    { XIVE_ESB_PAGE_MANAGEMENT, FALSE, 0x000, 0x7ff, XIVE_ESB_OP_EOI },
    { XIVE_ESB_PAGE_MANAGEMENT, FALSE, 0x800, 0xbff, XIVE_ESB_OP_GET },
    { XIVE_ESB_PAGE_MANAGEMENT, FALSE, 0xc00, 0xcff, XIVE_ESB_OP_SET_RESET },
    { XIVE_ESB_PAGE_MANAGEMENT, FALSE, 0xd00, 0xdff, XIVE_ESB_OP_SET_OFF },
    { XIVE_ESB_PAGE_MANAGEMENT, FALSE, 0xe00, 0xeff, XIVE_ESB_OP_SET_PENDING },
    { XIVE_ESB_PAGE_MANAGEMENT, FALSE, 0xf00, 0xfff, XIVE_ESB_OP_SET_QUEUED },
};
/* clang-format on */

XiveEsbOp
xive_esb_decode(guint page, gboolean store, guint64 offset)
{
    guint32 command = (guint32)(offset & XIVE_ESB_COMMAND_MASK);

    if (offset >= XIVE_PAGE_SIZE)
        return XIVE_ESB_OP_NONE;
    for (gsize i = 0; i < G_N_ELEMENTS(esb_commands); i++) {
        const EsbCommand *row = &esb_commands[i];

        if (row->page == page && !row->store == !store && command >= row->first &&
            command <= row->last)
            return row->op;
    }
    return XIVE_ESB_OP_NONE;
}

gboolean
xive_esb_apply(guint8 *status, XiveEsbOp op, guint64 *loaded)
{
    if (loaded != NULL)
        *loaded = op == XIVE_ESB_OP_NONE ? ~G_GUINT64_CONSTANT(0) : xive_status_pq(*status);

    switch (op) {
    case XIVE_ESB_OP_TRIGGER: return status_step(status, PQ_TRIGGER);
    case XIVE_ESB_OP_EOI:
    case XIVE_ESB_OP_STORE_EOI: return esb_eoi(status);
    case XIVE_ESB_OP_SET_RESET: return status_step(status, PQ_SET_RESET);
    case XIVE_ESB_OP_SET_OFF: return status_step(status, PQ_SET_OFF);
    case XIVE_ESB_OP_SET_PENDING: return status_step(status, PQ_SET_PENDING);
    case XIVE_ESB_OP_SET_QUEUED: return status_step(status, PQ_SET_QUEUED);
    case XIVE_ESB_OP_GET:
    case XIVE_ESB_OP_NONE: break;
    }
    return FALSE;
}
