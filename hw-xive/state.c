/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The controller's sections of the migration stream: xive-source, spapr-xive, xive-tctx.
 *
 * Only tables are described here and checked. Taking them from KVM and giving them back is in
 * kvm-state.c, called before saving and by the platform after loading; how they are written is the
 * host's.
 * Source: docs/stream-format.md, xive-source, spapr-xive and xive-tctx; requirement R-MAP-5.
 */
#include <string.h>

#include "hw-xive/core/eas.h"
#include "hw-xive/kvm-attr.h"
#include "hw-xive/xive-priv.h"

static gboolean
refuse(GError **error, GFileError code, const char *format, ...) G_GNUC_PRINTF(3, 4);

/* Always FALSE. */
static gboolean
refuse(GError **error, GFileError code, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    if (error != NULL)
        *error = g_error_new_valist(G_FILE_ERROR, (gint)code, format, arguments);
    va_end(arguments);
    return FALSE;
}

/* --- xive-source --------------------------------------------------------- */

static gboolean
check_sources(const void *object, const VmsContext *context, GError **error)
{
    const Xive *xive = object;

    for (guint32 i = 0; i < xive->nr_irqs; i++) {
        if ((xive->status[i] & ~(XIVE_STATUS_PQ | XIVE_STATUS_ASSERTED)) != 0)
            return refuse(error, G_FILE_ERROR_INVAL,
                          "source 0x%x: its state 0x%02x has unknown bits; 0 to 7 are possible", i,
                          xive->status[i]);
        if (xive_status_asserted(xive->status[i]) && xive->level != NULL && !xive->level[i])
            return refuse(error, G_FILE_ERROR_INVAL,
                          "source 0x%x: a line is up where this machine has a message-signalled "
                          "source: are the same devices on both sides?",
                          i);
    }
    return TRUE;
}

static gboolean
save_sources(void *object, const VmsContext *context, GError **error)
{
    return xive_capture_sources(object, error);
}

/* What came before belongs to the state that is overwritten; from here on it is kept for resume. */
static gboolean
begin_sources(void *object, const VmsContext *context, GError **error)
{
    Xive *xive = object;

    for (guint32 i = 0; xive->marks != NULL && i < xive->nr_irqs; i++)
        xive->marks[i] &= (guint8)~XIVE_MARK_CAME;
    xive->restored = FALSE;
    return TRUE;
}

static const VmsField source_fields[] = {
    VMS_EQUAL(Xive, nr_irqs),
    VMS_BUFFER_POINTER(Xive, status, nr_irqs, XIVE_NR_IRQS_MAX),
    VMS_END,
};

const VmsState xive_source_state = {
    .name = "xive-source",
    .version = 1,
    .oldest = 1,
    .fields = source_fields,
    .pre_save = save_sources,
    .pre_load = begin_sources,
    .check = check_sources,
};

/* --- spapr-xive ---------------------------------------------------------- */

typedef struct {
    guint64 w;
} EasWord;

G_STATIC_ASSERT(sizeof(EasWord) == sizeof(guint64));

static const VmsField eas_fields[] = {
    VMS_SCALAR(EasWord, w, .host_endian = TRUE),
    VMS_END,
};

static const VmsState eas_state = {
    .name = "spapr-xive/eas", .version = 1, .oldest = 1, .fields = eas_fields};

#define END_WORD(n) VMS_SCALAR(XiveEnd, w##n, .host_endian = TRUE)

static const VmsField end_fields[] = {
    END_WORD(0), END_WORD(1), END_WORD(2), END_WORD(3), END_WORD(4),
    END_WORD(5), END_WORD(6), END_WORD(7), VMS_END,
};

static const VmsState end_state = {
    .name = "spapr-xive/end", .version = 1, .oldest = 1, .fields = end_fields};

#define EAS_KNOWN \
    (XIVE_EAS_VALID | XIVE_EAS_END_BLOCK | XIVE_EAS_END_INDEX | XIVE_EAS_MASKED | XIVE_EAS_END_DATA)

/* An unmasked source whose queue is gone is legal: it drops its events until the guest sets up the
 * queue anew. Restoring masks it in KVM, which refuses such a target. */
static gboolean
check_eas(const Xive *xive, guint32 lisn, GError **error)
{
    const XiveEas eas = xive_eas_unpack(xive->eas[lisn]);

    if (!eas.valid) {
        if (xive->marks == NULL || (xive->marks[lisn] & XIVE_MARK_CLAIMED) == 0)
            return TRUE;
        return refuse(error, G_FILE_ERROR_INVAL,
                      "source 0x%x: a device has it here, but none had it there: are the same "
                      "devices on both sides?",
                      lisn);
    }
    if ((xive->eas[lisn] & ~EAS_KNOWN) != 0 || eas.end_block != 0)
        return refuse(error, G_FILE_ERROR_INVAL,
                      "source 0x%x: its EAS 0x%016" G_GINT64_MODIFIER
                      "x has reserved bits or another block than 0",
                      lisn, xive->eas[lisn]);
    if (eas.end_index >= xive_nr_ends(xive))
        return refuse(
            error, G_FILE_ERROR_INVAL,
            "source 0x%x: its EAS names END 0x%x, but the %u servers have 0x%x only: give "
            "both sides the same -smp maxcpus=",
            lisn, eas.end_index, xive->nr_servers, xive_nr_ends(xive));
    if (!eas.masked && xive_end_index_prio(eas.end_index) >= XIVE_GUEST_PRIORITIES)
        return refuse(error, G_FILE_ERROR_NOSYS,
                      "source 0x%x is aimed at priority %u, which KVM keeps for itself", lisn,
                      xive_end_index_prio(eas.end_index));
    return TRUE;
}

#define END_UNUSED \
    (XIVE_END_W0_BACKLOG | XIVE_END_W0_ESCALATE | XIVE_END_W0_UESCALATE | XIVE_END_W0_SILENT)

/* What no machine of this kind can have set up. */
static gboolean
check_end_shape(const XiveEnd *end, guint32 server, guint8 prio, GError **error)
{
    if (!xive_end_is_usable(end) || (end->w0 & END_UNUSED) != 0)
        return refuse(error, G_FILE_ERROR_INVAL,
                      "END of server %u priority %u: w0 0x%08x, w1 0x%08x, w2 0x%08x, w3 0x%08x is "
                      "no queue: its address is not aligned, its index outside, or its format "
                      "unknown",
                      server, prio, end->w0, end->w1, end->w2, end->w3);
    if (xive_end_server(end) != server || xive_end_prio(end) != prio)
        return refuse(error, G_FILE_ERROR_INVAL,
                      "END of server %u priority %u tells server %u at priority %u", server, prio,
                      xive_end_server(end), xive_end_prio(end));
    return TRUE;
}

/* What KVM does not take: R-MAP-5. */
static gboolean
check_end_kvm(const XiveEnd *end, guint32 server, guint8 prio, GError **error)
{
    const XiveEq eq = xive_end_eq(end);

    if (prio >= XIVE_GUEST_PRIORITIES)
        return refuse(error, G_FILE_ERROR_NOSYS,
                      "END of server %u priority %u: KVM keeps that priority for itself", server,
                      prio);
    if (!xive_end_is_enqueue(end) || !xive_end_is_notify(end))
        return refuse(
            error, G_FILE_ERROR_NOSYS,
            "END of server %u priority %u: KVM has only queues that notify at every event", server,
            prio);
    if (eq.qshift != XIVE_KVM_EQ_SHIFT)
        return refuse(error, G_FILE_ERROR_NOSYS,
                      "END of server %u priority %u: a queue of 2^%u bytes; KVM takes 2^%u only: "
                      "boot the guest with a kernel of 64 KiB pages",
                      server, prio, eq.qshift, XIVE_KVM_EQ_SHIFT);
    return TRUE;
}

/* What is not in this machine. */
static gboolean
check_end_here(const Xive *xive, guint32 server, guint8 prio, GError **error)
{
    const VdevHost *host = xive->device.host;
    const XiveEq eq = xive_end_eq(&xive->ends[xive_end_index(server, prio)]);

    if (host == NULL)
        return TRUE;
    if (xive->vcpus[server] == NULL)
        return refuse(error, G_FILE_ERROR_INVAL,
                      "END of server %u priority %u: there is no such vCPU here: give both sides "
                      "the same -smp, and plug what was plugged there",
                      server, prio);
    if (host->guest_is_ram(host, eq.gpa, G_GUINT64_CONSTANT(1) << eq.qshift))
        return TRUE;
    return refuse(error, G_FILE_ERROR_INVAL,
                  "END of server %u priority %u: its queue at 0x%" G_GINT64_MODIFIER
                  "x is not in memory",
                  server, prio, eq.gpa);
}

static gboolean
check_end(const Xive *xive, guint32 index, GError **error)
{
    const XiveEnd *end = &xive->ends[index];
    const guint32 server = xive_end_index_server(index);
    const guint8 prio = xive_end_index_prio(index);

    return !xive_end_is_valid(end) ||
           (check_end_shape(end, server, prio, error) && check_end_kvm(end, server, prio, error) &&
            check_end_here(xive, server, prio, error));
}

static gboolean
check_router(const void *object, const VmsContext *context, GError **error)
{
    const Xive *xive = object;

    for (guint32 i = 0; i < xive_nr_ends(xive); i++) {
        if (!check_end(xive, i, error))
            return FALSE;
    }
    for (guint32 i = 0; i < xive->nr_irqs; i++) {
        if (!check_eas(xive, i, error))
            return FALSE;
    }
    return TRUE;
}

static gboolean
save_router(void *object, const VmsContext *context, GError **error)
{
    Xive *xive = object;

    return xive->device.host == NULL || xive_capture_queues(xive, error);
}

/* How many ENDs there are is not on the wire. */
static const VmsField router_fields[] = {
    VMS_EQUAL(Xive, nr_irqs),
    VMS_STRUCT_COUNTED_POINTER(Xive, eas, nr_irqs, XIVE_NR_IRQS_MAX, &eas_state, .as = "eat"),
    VMS_STRUCT_COUNTED_POINTER(Xive, ends, nr_servers, XIVE_NR_SERVERS_MAX *XIVE_PRIORITIES,
                               &end_state, .as = "endt", .count_times = XIVE_PRIORITIES),
    VMS_END,
};

const VmsState xive_router_state = {
    .name = "spapr-xive",
    .version = 1,
    .oldest = 1,
    .fields = router_fields,
    .pre_save = save_router,
    .check = check_router,
};

/* --- xive-tctx ----------------------------------------------------------- */

static gboolean
check_context(const void *object, const VmsContext *context, GError **error)
{
    const XiveContext *own = object;
    const guint8 cppr = xive_tctx_byte(&own->tctx, XIVE_RING_CPPR);
    be32 word;
    guint32 w2;

    memcpy(&word, &own->tctx.regs[XIVE_RING_OS + XIVE_RING_W2], sizeof(word));
    w2 = be32_get(word);
    if (cppr >= XIVE_PRIORITIES && cppr != XIVE_PRIO_NONE)
        return refuse(error, G_FILE_ERROR_INVAL, "a processor priority of 0x%02x is impossible",
                      cppr);
    if (own->xive != NULL && (w2 & XIVE_OS_W2_VO) != 0 &&
        bits_get(XIVE_OS_W2_CAM, w2) != xive_nvt_index(own->server))
        return refuse(
            error, G_FILE_ERROR_INVAL,
            "it is the context of interrupt server 0x%x, but belongs to server 0x%x here: "
            "both sides must number vCPUs alike (machine type, -smp)",
            (guint32)bits_get(XIVE_OS_W2_CAM, w2) - XIVE_NVT_BASE, own->server);
    return TRUE;
}

static gboolean
save_context(void *object, const VmsContext *context, GError **error)
{
    XiveContext *own = object;

    return own->xive == NULL || xive_capture_context(own->xive, own->server, error);
}

/* One that comes after xive_restore(): its vCPU was plugged while the source ran. */
static gboolean
context_loaded(void *object, guint32 version, const VmsContext *context, GError **error)
{
    XiveContext *own = object;

    return own->xive == NULL || !own->xive->restored || own->xive->vcpus[own->server] == NULL ||
           xive_restore_context(own->xive, own->server, error);
}

static const VmsField tctx_fields[] = {
    VMS_BUFFER(XiveContext, tctx.regs, .as = "regs"),
    VMS_END,
};

const VmsState xive_tctx_state = {
    .name = "xive-tctx",
    .version = 1,
    .oldest = 1,
    .fields = tctx_fields,
    .pre_save = save_context,
    .check = check_context,
    .post_load = context_loaded,
};

/* --- Registration -------------------------------------------------------- */

gboolean
xive_state_add(Xive *xive, GError **error)
{
    const VdevHost *host = xive->device.host;

    return !vdev_host_keeps_state(host) ||
           (host->state_add(host, NULL, 0, &xive_source_state, xive, error) &&
            host->state_add(host, NULL, 0, &xive_router_state, xive, error));
}

gboolean
xive_state_add_vcpu(Xive *xive, guint32 server, guint32 instance, GError **error)
{
    const VdevHost *host = xive->device.host;
    XiveContext *own = &xive->contexts[server];

    g_assert(server < xive->nr_servers);
    xive_tctx_reset(&own->tctx, server);
    return !vdev_host_keeps_state(host) ||
           host->state_add(host, NULL, instance, &xive_tctx_state, own, error);
}

void
xive_state_remove(Xive *xive)
{
    const VdevHost *host = xive->device.host;

    if (host == NULL || !vdev_host_keeps_state(host))
        return;
    host->state_remove(host, xive);
    for (guint32 i = 0; xive->contexts != NULL && i < xive->nr_servers; i++)
        host->state_remove(host, &xive->contexts[i]);
}

/* --- For tools ----------------------------------------------------------- */

/* The rest of the payload after the EASes is ENDs. */
static void
fit_router(void *object, const guint8 *payload, gsize n)
{
    Xive *xive = object;
    be32 nr_irqs;
    gsize head;

    if (n < sizeof(nr_irqs))
        return;
    memcpy(&nr_irqs, payload, sizeof(nr_irqs));
    head = sizeof(nr_irqs) + (gsize)be32_get(nr_irqs) * sizeof(guint64);
    if (n >= head && (n - head) / (XIVE_PRIORITIES * sizeof(XiveEnd)) <= XIVE_NR_SERVERS_MAX)
        xive->nr_servers = (guint32)((n - head) / (XIVE_PRIORITIES * sizeof(XiveEnd)));
}

/* QEMU 4.0 could be asked for XIVE on older types than 4.1; pseries-3.1 is the first that can. */
const VmsCatalogueRow xive_catalogue[] = {
    {
        .state = &xive_source_state,
        .size = sizeof(Xive),
        .since = "pseries-3.1",
        .explain = xive_explain_sources,
        .ours = TRUE,
    },
    {
        .state = &xive_router_state,
        .size = sizeof(Xive),
        .since = "pseries-3.1",
        .explain = xive_explain_router,
        .fit = fit_router,
        .ours = TRUE,
    },
    {
        .state = &xive_tctx_state,
        .size = sizeof(XiveContext),
        .since = "pseries-3.1",
        .explain = xive_explain_context,
        .ours = TRUE,
    },
    {.state = NULL},
};
