/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The controller's sections in plain words, for tools that look at streams: one fact a line.
 *
 * It reads decoded tables and nothing else; they may hold anything.
 */
#include "hw-xive/core/eas.h"
#include "hw-xive/xive-priv.h"

static const char *
pq_words(guint8 status)
{
    switch (xive_status_pq(status)) {
    case XIVE_PQ_READY: return "ready: the next event is forwarded";
    case XIVE_PQ_OFF: return "off: events are dropped";
    case XIVE_PQ_PENDING: return "pending: one was forwarded and waits for its EOI";
    default: return "queued: another came while one is pending, and follows at EOI";
    }
}

void
xive_explain_sources(const void *object, GString *text)
{
    const Xive *xive = object;
    guint32 off = 0;

    for (guint32 i = 0; i < xive->nr_irqs; i++) {
        const guint8 status = xive->status[i];

        if (status == XIVE_PQ_OFF) {
            off++;
            continue;
        }
        g_string_append_printf(text, "source 0x%04x: PQ %u%u, %s%s\n", i, status >> 1 & 1,
                               status & 1, pq_words(status),
                               xive_status_asserted(status) ? "; its line is up" : "");
    }
    g_string_append_printf(text, "%u of %u sources are off\n", off, xive->nr_irqs);
}

static void
explain_eas(const Xive *xive, guint32 lisn, GString *text)
{
    const XiveEas eas = xive_eas_unpack(xive->eas[lisn]);

    if (!eas.valid)
        return;
    g_string_append_printf(text, "source 0x%04x: ", lisn);
    if (xive->eas[lisn] == XIVE_EAS_RESET) {
        g_string_append(text, "allocated, never routed\n");
        return;
    }
    g_string_append_printf(text, "to server %u at priority %u (END 0x%x), queue entry 0x%x%s\n",
                           xive_end_index_server(eas.end_index), xive_end_index_prio(eas.end_index),
                           eas.end_index, eas.eisn, eas.masked ? ", masked" : "");
}

static void
explain_end(const Xive *xive, guint32 index, GString *text)
{
    const XiveEnd *end = &xive->ends[index];
    const XiveEq eq = xive_end_eq(end);

    if (!xive_end_is_valid(end))
        return;
    g_string_append_printf(text,
                           "queue of server %u at priority %u: %u bytes at 0x%" G_GINT64_MODIFIER
                           "x, next entry %u, generation %u%s%s\n",
                           xive_end_index_server(index), xive_end_index_prio(index),
                           1u << eq.qshift, eq.gpa, eq.qindex, eq.qtoggle,
                           xive_end_is_notify(end) ? ", notifies at every event" : "",
                           xive_end_is_usable(end) ? "" : "; INVALID");
}

void
xive_explain_router(const void *object, GString *text)
{
    const Xive *xive = object;

    g_string_append_printf(text, "%u sources, %u servers\n", xive->nr_irqs, xive->nr_servers);
    for (guint32 i = 0; i < xive->nr_irqs; i++)
        explain_eas(xive, i, text);
    for (guint32 i = 0; i < xive_nr_ends(xive); i++)
        explain_end(xive, i, text);
}

void
xive_explain_context(const void *object, GString *text)
{
    const XiveTctx *tctx = &((const XiveContext *)object)->tctx;
    const guint8 cppr = xive_tctx_byte(tctx, XIVE_RING_CPPR);
    const guint8 ipb = xive_tctx_byte(tctx, XIVE_RING_IPB);

    if (cppr == XIVE_PRIO_NONE)
        g_string_append(text, "takes interrupts of every priority\n");
    else
        g_string_append_printf(text, "takes interrupts more urgent than priority %u\n", cppr);
    for (guint8 prio = 0; prio < XIVE_PRIORITIES; prio++) {
        if ((ipb & xive_prio_to_ipb(prio)) != 0)
            g_string_append_printf(text, "an event of priority %u waits\n", prio);
    }
    if (xive_tctx_is_pushed(tctx))
        g_string_append_printf(text, "on a processor, as interrupt server 0x%x\n",
                               tctx->regs[XIVE_RING_OS + XIVE_RING_W2 + 3] +
                                   ((guint32)tctx->regs[XIVE_RING_OS + XIVE_RING_W2 + 2] << 8) +
                                   ((guint32)tctx->regs[XIVE_RING_OS + XIVE_RING_W2 + 1] << 16) -
                                   XIVE_NVT_BASE);
    if (xive_tctx_signalled(tctx))
        g_string_append(text, "its external interrupt is up\n");
}
