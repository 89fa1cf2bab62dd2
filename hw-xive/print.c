/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The controller's state, for people: claimed sources, queues in use, contexts of connected vCPUs.
 *
 * Reads what KVM holds at this moment (PQ, queue positions, contexts) without changing it; PQ while
 * the machine is stopped is that of the tables, and no page of a window is touched. What cannot be
 * read says why, and the rest is printed.
 */
#include "hw-xive/core/eas.h"
#include "hw-xive/core/tctx.h"
#include "hw-xive/kvm-attr.h"
#include "hw-xive/xive-priv.h"

#define GPA "0x%016" G_GINT64_MODIFIER "x"

static void
print_head(const Xive *xive, GString *text)
{
    guint connected = 0;

    for (guint32 i = 0; i < xive->nr_servers; i++)
        connected += xive->vcpus[i] != NULL;
    g_string_append_printf(text, "%s: %u sources, %u servers, %u connected, pages of %u KiB\n",
                           xive->device.klass->name, xive->nr_irqs, xive->nr_servers, connected,
                           1u << (xive->page_shift - 10));
    g_string_append_printf(text, "ESB   " GPA " size 0x%" G_GINT64_MODIFIER "x\n",
                           xive_esb_page_gpa(xive, 0, 0), xive_esb_window_size(xive));
    g_string_append_printf(text, "TIMA  " GPA " size 0x%x\n", xive_tima_page_gpa(xive, 0),
                           VDEV_XIVE_TIMA_PAGES << xive->page_shift);
}

/* --- Sources ------------------------------------------------------------- */

static void
print_source(Xive *xive, guint32 lisn, GString *text)
{
    guint64 eas = xive->eas[lisn];
    guint32 end_index = xive_eas_end_index(eas);
    g_autoptr(GError) error = NULL;
    XivePq pq = XIVE_PQ_OFF;
    gboolean good = xive->phase != XIVE_RUNNING || xive_source_pq(xive, lisn, &pq, &error);

    if (xive->phase != XIVE_RUNNING)
        pq = xive_status_pq(xive->status[lisn]);

    g_string_append_printf(text, "  0x%04x %s %c%c%c ", lisn, xive->level[lisn] ? "LSI" : "MSI",
                           !good                  ? '?'
                           : pq & XIVE_PQ_PENDING ? 'P'
                                                  : '-',
                           !good              ? '?'
                           : pq & XIVE_PQ_OFF ? 'Q'
                                              : '-',
                           xive_status_asserted(xive->status[lisn]) ? 'A' : ' ');
    if (eas == XIVE_EAS_RESET)
        g_string_append(text, " not routed");
    else
        g_string_append_printf(text, " server %u prio %u EISN 0x%x%s",
                               xive_end_index_server(end_index), xive_end_index_prio(end_index),
                               xive_eas_eisn(eas), xive_eas_is_masked(eas) ? " masked" : "");
    if (!good)
        g_string_append_printf(text, " (%s)", error->message);
    g_string_append_c(text, '\n');
}

static void
print_sources(Xive *xive, GString *text)
{
    g_string_append(text, "Sources (P pending, Q queued, -Q off, A line up)\n");
    for (guint32 i = 0; i < xive->nr_irqs; i++) {
        if (xive_lisn_is_claimed(xive, i))
            print_source(xive, i, text);
    }
}

/* --- Queues -------------------------------------------------------------- */

static void
print_queue(Xive *xive, guint32 index, GString *text)
{
    guint32 server = xive_end_index_server(index);
    guint8 prio = xive_end_index_prio(index);
    g_autoptr(GError) error = NULL;
    XiveEq eq = xive_end_eq(&xive->ends[index]);
    VdevXiveEq data = {0};

    g_string_append_printf(text, "  server %u prio %u " GPA " 2^%u bytes ", server, prio, eq.gpa,
                           eq.qshift);
    if (!xive_kvm_get(xive, VDEV_XIVE_GRP_EQ_CONFIG, xive_kvm_eq_attr(server, prio), &data, &error))
        g_string_append_printf(text, "(%s)\n", error->message);
    else if (!xive_kvm_eq_unpack(&data, &eq))
        g_string_append(text, "(KVM shows no queue)\n");
    else
        g_string_append_printf(text, "index %u/%u toggle %u\n", eq.qindex,
                               xive_eq_entries(eq.qshift), eq.qtoggle);
}

static void
print_queues(Xive *xive, GString *text)
{
    g_string_append(text, "Queues\n");
    for (guint32 i = 0; i < xive_nr_ends(xive); i++) {
        if (xive_end_is_enqueue(&xive->ends[i]))
            print_queue(xive, i, text);
    }
}

/* --- Contexts ------------------------------------------------------------ */

static void
print_context(Xive *xive, guint32 server, GString *text)
{
    g_autoptr(GError) error = NULL;
    XiveTctx tctx = {{0}};
    be64 vp = {0};

    g_string_append_printf(text, "  server %u ", server);
    if (!xive_kvm_vp_get(xive, server, &vp, &error)) {
        g_string_append_printf(text, "(%s)\n", error->message);
        return;
    }
    xive_tctx_set_vp(&tctx, vp);
    g_string_append_printf(
        text, "NSR %02x CPPR %02x IPB %02x LSMFB %02x ACK %02x INC %02x AGE %02x PIPR %02x%s\n",
        xive_tctx_byte(&tctx, XIVE_RING_NSR), xive_tctx_byte(&tctx, XIVE_RING_CPPR),
        xive_tctx_byte(&tctx, XIVE_RING_IPB), xive_tctx_byte(&tctx, XIVE_RING_LSMFB),
        xive_tctx_byte(&tctx, XIVE_RING_ACK), xive_tctx_byte(&tctx, XIVE_RING_INC),
        xive_tctx_byte(&tctx, XIVE_RING_AGE), xive_tctx_byte(&tctx, XIVE_RING_PIPR),
        xive_tctx_byte(&tctx, XIVE_RING_NSR) & XIVE_NSR_EO ? " exception" : "");
}

void
xive_print(Xive *xive, GString *text)
{
    print_head(xive, text);
    print_sources(xive, text);
    print_queues(xive, text);
    g_string_append(text, "Thread contexts (OS ring)\n");
    for (guint32 i = 0; i < xive->nr_servers; i++) {
        if (xive->vcpus[i] != NULL)
            print_context(xive, i, text);
    }
}
