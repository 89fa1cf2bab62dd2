/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TCTX: the OS ring and the OS page of the TIMA.
 */
#include "hw-xive/core/tctx.h"

#include <string.h>

static guint8 *
os_byte(XiveTctx *tctx, guint reg)
{
    return &tctx->regs[XIVE_RING_OS + reg];
}

static guint32
os_word2(const XiveTctx *tctx)
{
    be32 word;

    memcpy(&word, &tctx->regs[XIVE_RING_OS + XIVE_RING_W2], sizeof(word));
    return be32_get(word);
}

static void
os_set_word2(XiveTctx *tctx, guint32 value)
{
    be32 word = be32_make(value);

    memcpy(os_byte(tctx, XIVE_RING_W2), &word, sizeof(word));
}

/* PIPR and EO follow from IPB and CPPR; a context that is not pushed is not looked at. */
static void
os_refresh(XiveTctx *tctx)
{
    guint8 pipr = xive_ipb_to_pipr(xive_tctx_byte(tctx, XIVE_RING_IPB));

    if (!xive_tctx_is_pushed(tctx))
        return;
    *os_byte(tctx, XIVE_RING_PIPR) = pipr;
    if (pipr < xive_tctx_byte(tctx, XIVE_RING_CPPR))
        *os_byte(tctx, XIVE_RING_NSR) |= XIVE_NSR_EO;
    else
        *os_byte(tctx, XIVE_RING_NSR) &= (guint8)~XIVE_NSR_EO;
}

/* --- The ring ------------------------------------------------------------ */

guint8
xive_prio_to_ipb(guint8 prio)
{
    return prio < XIVE_PRIORITIES ? (guint8)(0x80u >> prio) : 0;
}

guint8
xive_ipb_to_pipr(guint8 ipb)
{
    guint8 prio = 0;

    if (ipb == 0)
        return XIVE_PRIO_NONE;
    while ((ipb & xive_prio_to_ipb(prio)) == 0)
        prio++;
    return prio;
}

void
xive_tctx_reset(XiveTctx *tctx, guint32 server)
{
    *tctx = (XiveTctx){
        .regs =
            {
                [XIVE_RING_OS + XIVE_RING_LSMFB] = 0xff,
                [XIVE_RING_OS + XIVE_RING_ACK] = 0xff,
                [XIVE_RING_OS + XIVE_RING_AGE] = 0xff,
                [XIVE_RING_PHYS + XIVE_RING_PIPR] = XIVE_PRIO_NONE,
            },
    };
    xive_tctx_push(tctx, server);
}

guint8
xive_tctx_byte(const XiveTctx *tctx, guint reg)
{
    return tctx->regs[XIVE_RING_OS + reg];
}

gboolean
xive_tctx_signalled(const XiveTctx *tctx)
{
    return xive_tctx_is_pushed(tctx) && (xive_tctx_byte(tctx, XIVE_RING_NSR) & XIVE_NSR_EO) != 0;
}

gboolean
xive_tctx_is_pushed(const XiveTctx *tctx)
{
    return (os_word2(tctx) & XIVE_OS_W2_VO) != 0;
}

gboolean
xive_tctx_push(XiveTctx *tctx, guint32 server)
{
    os_set_word2(tctx, XIVE_OS_W2_VO | (xive_nvt_index(server) & XIVE_OS_W2_CAM));
    os_refresh(tctx);
    return xive_tctx_signalled(tctx);
}

guint32
xive_tctx_pull(XiveTctx *tctx)
{
    guint32 word2 = os_word2(tctx);

    os_set_word2(tctx, word2 & ~XIVE_OS_W2_VO);
    return word2;
}

gboolean
xive_tctx_present(XiveTctx *tctx, guint8 prio)
{
    *os_byte(tctx, XIVE_RING_IPB) |= xive_prio_to_ipb(prio);
    os_refresh(tctx);
    return xive_tctx_signalled(tctx);
}

guint16
xive_tctx_ack(XiveTctx *tctx)
{
    guint8 nsr;

    os_refresh(tctx); /* bytes that came by migration may disagree */
    nsr = xive_tctx_byte(tctx, XIVE_RING_NSR);
    if (xive_tctx_signalled(tctx)) {
        guint8 prio = xive_tctx_byte(tctx, XIVE_RING_PIPR);

        *os_byte(tctx, XIVE_RING_CPPR) = prio;
        *os_byte(tctx, XIVE_RING_IPB) &= (guint8)~xive_prio_to_ipb(prio);
        os_refresh(tctx);
    }
    return (guint16)(nsr << 8 | xive_tctx_byte(tctx, XIVE_RING_CPPR));
}

gboolean
xive_tctx_set_cppr(XiveTctx *tctx, guint8 cppr)
{
    *os_byte(tctx, XIVE_RING_CPPR) = cppr < XIVE_PRIORITIES ? cppr : XIVE_PRIO_NONE;
    os_refresh(tctx);
    return xive_tctx_signalled(tctx);
}

/* --- The OS page --------------------------------------------------------- */

#define OS_CPPR (XIVE_RING_OS + XIVE_RING_CPPR)

/* Bit n: byte n of the OS ring can be loaded. All but AGE of words 0 and 1. */
#define OS_PAGE_SHOWS ((1u << XIVE_RING_W2) - 1 - (1u << XIVE_RING_AGE))

typedef struct {
    gboolean store;
    guint32 offset;
    guint size;
    XiveTimaOp op;
} TimaSpecial;

static const TimaSpecial tima_specials[] = {
    {FALSE, XIVE_TIMA_ACK_OS, 2, XIVE_TIMA_OP_ACK},
    {TRUE, XIVE_TIMA_SET_OS_PENDING, 1, XIVE_TIMA_OP_SET_OS_PENDING},
};

static XiveTimaOp
tima_special(gboolean store, guint64 offset, guint size)
{
    for (gsize i = 0; i < G_N_ELEMENTS(tima_specials); i++) {
        const TimaSpecial *row = &tima_specials[i];

        if (!row->store == !store && row->offset == offset && row->size == size)
            return row->op;
    }
    return XIVE_TIMA_OP_NONE;
}

XiveTimaOp
xive_tima_decode(gboolean store, guint64 offset, guint size)
{
    if ((size != 1 && size != 2 && size != 4 && size != 8) || offset % size != 0)
        return XIVE_TIMA_OP_NONE;
    if (offset >= XIVE_TCTX_SIZE)
        return tima_special(store, offset, size);
    if (store && OS_CPPR >= offset && OS_CPPR < offset + size)
        return XIVE_TIMA_OP_SET_CPPR;
    return XIVE_TIMA_OP_RING;
}

static guint8
os_page_byte(const XiveTctx *tctx, guint64 offset)
{
    gboolean shown = offset >= XIVE_RING_OS && offset < XIVE_RING_POOL &&
                     (OS_PAGE_SHOWS >> (offset - XIVE_RING_OS) & 1) != 0;

    return shown ? tctx->regs[offset] : 0;
}

guint64
xive_tima_load(XiveTctx *tctx, guint64 offset, guint size)
{
    XiveTimaOp op = xive_tima_decode(FALSE, offset, size);
    guint64 value = 0;

    if (op == XIVE_TIMA_OP_ACK)
        return xive_tctx_ack(tctx);
    if (op != XIVE_TIMA_OP_RING)
        return ~G_GUINT64_CONSTANT(0) >> (size >= 1 && size < 8 ? 64 - 8 * size : 0);
    for (guint i = 0; i < size; i++)
        value = value << 8 | os_page_byte(tctx, offset + i);
    return value;
}

void
xive_tima_store(XiveTctx *tctx, guint64 offset, guint size, guint64 value)
{
    XiveTimaOp op = xive_tima_decode(TRUE, offset, size);

    if (op == XIVE_TIMA_OP_SET_CPPR)
        xive_tctx_set_cppr(tctx, (guint8)(value >> (8 * (offset + size - 1 - OS_CPPR))));
    else if (op == XIVE_TIMA_OP_SET_OS_PENDING)
        xive_tctx_present(tctx, (guint8)value);
}

/* --- VP state ------------------------------------------------------------ */

be64
xive_tctx_vp(const XiveTctx *tctx)
{
    be64 vp;

    memcpy(&vp, &tctx->regs[XIVE_RING_OS], sizeof(vp));
    return vp;
}

void
xive_tctx_set_vp(XiveTctx *tctx, be64 vp)
{
    memcpy(&tctx->regs[XIVE_RING_OS], &vp, sizeof(vp));
}
