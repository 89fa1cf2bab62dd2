/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The device `spapr-xive-kvm`: its class and its life.
 *
 *   realize  KVM device → tables → windows → one IPI source a server
 *   reset    KVM device → tables → PQ of every source → context of every vCPU
 *   finish   windows → tables → KVM device
 *
 * Not here: what a source does (source.c), how all are held (quiesce.c), what a guest asks
 * (hcall.c).
 */
#include "hw-xive/xive.h"

#include <string.h>

#include "hw-xive/core/eas.h"
#include "hw-xive/hcall.h"
#include "hw-xive/kvm-attr.h"
#include "hw-xive/xive-priv.h"

/* An ESB command or TIMA register lies within 4 KiB; the hardware's own pages are 64 KiB. */
#define PAGE_SHIFT_MIN 12u
#define PAGE_SHIFT_MAX XIVE_PAGE_SHIFT

static const VdevProperty xive_props[] = {
    {
        .name = "nr-irqs",
        .kind = VDEV_PROP_UINT32,
        .offset = G_STRUCT_OFFSET(Xive, nr_irqs),
        .initial = XIVE_NR_IRQS,
        .min = XIVE_NR_IRQS_MIN,
        .max = XIVE_NR_IRQS_MAX,
        .help = "interrupt sources, a multiple of 16; the same on both sides of a migration",
    },
    {
        .name = "nr-servers",
        .kind = VDEV_PROP_UINT32,
        .offset = G_STRUCT_OFFSET(Xive, nr_servers_option),
        .initial = 0,
        .min = 0,
        .max = XIVE_NR_SERVERS_MAX,
        .help = "interrupt servers, at least the highest vCPU id + 1; 0: exactly that",
    },
    {.name = NULL},
};

guint32
xive_nr_ends(const Xive *xive)
{
    return xive->nr_servers * XIVE_PRIORITIES;
}

void
xive_set_servers(Xive *xive, guint32 nr_servers)
{
    g_assert(xive->kdev == NULL);
    xive->nr_servers_machine = nr_servers;
}

void
xive_warn(Xive *xive, XiveTrouble trouble, GError *error)
{
    guint64 count = ++xive->troubles[trouble];

    if ((count & (count - 1)) == 0)
        vdev_log(xive->device.host, VDEV_LOG_WARNING, "%s (time %" G_GUINT64_FORMAT ")",
                 error->message, count);
    g_error_free(error);
}

/* --- Checks before anything is made -------------------------------------- */

static gboolean
usage_error(const Xive *xive, GError **error, const char *format, ...) G_GNUC_PRINTF(3, 4);

/* Always FALSE, for the caller to return. */
static gboolean
usage_error(const Xive *xive, GError **error, const char *format, ...)
{
    g_autofree char *message = NULL;
    va_list arguments;

    va_start(arguments, format);
    message = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "%s: %s", xive->device.klass->name,
                message);
    return FALSE;
}

static gboolean
check_irqs(const Xive *xive, GError **error)
{
    if (xive->nr_irqs < XIVE_NR_IRQS_MIN || xive->nr_irqs > XIVE_NR_IRQS_MAX)
        return usage_error(xive, error, "nr-irqs=0x%x is out of range: 0x%x to 0x%x", xive->nr_irqs,
                           XIVE_NR_IRQS_MIN, XIVE_NR_IRQS_MAX);
    if (xive->nr_irqs % XIVE_NR_IRQS_ALIGN != 0)
        return usage_error(xive, error, "nr-irqs=0x%x is not a multiple of %u", xive->nr_irqs,
                           XIVE_NR_IRQS_ALIGN);
    return TRUE;
}

static gboolean
check_servers(const Xive *xive, const VdevCpuInfo *info, GError **error)
{
    guint32 option = xive->nr_servers_option;
    guint32 nr_servers = MAX(option, xive->nr_servers_machine);

    if (option != 0 && option < xive->nr_servers_machine)
        return usage_error(xive, error,
                           "nr-servers=%u is too few: the machine's vCPU ids need %u; leave it out "
                           "or raise it",
                           option, xive->nr_servers_machine);
    if (nr_servers == 0 || nr_servers > XIVE_NR_SERVERS_MAX)
        return usage_error(xive, error, "%u interrupt servers are out of range: 1 to %u",
                           nr_servers, XIVE_NR_SERVERS_MAX);
    if (nr_servers > info->max_vcpus)
        return usage_error(xive, error,
                           "%u interrupt servers are too many: this host's vCPU ids end at %u; "
                           "lower -smp maxcpus= or nr-servers=",
                           nr_servers, info->max_vcpus - 1);
    return TRUE;
}

static gboolean
check_page_shift(const Xive *xive, const VdevCpuInfo *info, GError **error)
{
    if (info->host_page_shift >= PAGE_SHIFT_MIN && info->host_page_shift <= PAGE_SHIFT_MAX)
        return TRUE;
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NOSYS,
                "%s: the host's pages of 2^%u bytes cannot show interrupt pages to a guest; boot a "
                "kernel with pages of 64 KiB",
                xive->device.klass->name, info->host_page_shift);
    return FALSE;
}

/* --- Life ---------------------------------------------------------------- */

static void
reset_ends(Xive *xive)
{
    for (guint32 i = 0; i < xive_nr_ends(xive); i++)
        xive_end_reset(&xive->ends[i]);
}

static void
tables_new(Xive *xive)
{
    xive->vcpus = g_new0(VdevVcpu *, xive->nr_servers);
    xive->eas = g_new0(guint64, xive->nr_irqs);
    xive->status = g_new(guint8, xive->nr_irqs);
    xive->level = g_new0(gboolean, xive->nr_irqs);
    xive->marks = g_new0(guint8, xive->nr_irqs);
    xive->ends = g_new0(XiveEnd, xive_nr_ends(xive));
    xive->contexts = g_new0(XiveContext, xive->nr_servers);
    for (guint32 i = 0; i < xive->nr_servers; i++)
        xive->contexts[i] = (XiveContext){.xive = xive, .server = i};
    memset(xive->status, XIVE_PQ_OFF, xive->nr_irqs);
    reset_ends(xive);
}

static void
tables_free(Xive *xive)
{
    g_clear_pointer(&xive->vcpus, g_free);
    g_clear_pointer(&xive->eas, g_free);
    g_clear_pointer(&xive->status, g_free);
    g_clear_pointer(&xive->level, g_free);
    g_clear_pointer(&xive->marks, g_free);
    g_clear_pointer(&xive->ends, g_free);
    g_clear_pointer(&xive->contexts, g_free);
}

/*
 * The guest may take any number of ibm,xive-lisn-ranges for any of its CPUs, also while some are
 * not plugged: all of the range is claimed from the start, as QEMU has it in its streams.
 */
static gboolean
claim_ipis(Xive *xive, GError **error)
{
    for (guint32 i = 0; i < xive->nr_servers; i++) {
        if (!xive_lisn_claim(xive, XIVE_LISN_IPI + i, FALSE, error))
            return FALSE;
    }
    return TRUE;
}

static void
xive_finish(void *device)
{
    Xive *xive = device;

    xive_state_remove(xive);
    xive_regions_free(xive);
    tables_free(xive);
    xive_kvm_close(xive);
    xive->nr_servers = 0;
    xive->phase = XIVE_STILL;
    xive->restored = FALSE;
}

static gboolean
xive_realize(void *device, GError **error)
{
    Xive *xive = device;
    const VdevHost *host = xive->device.host;
    const VdevCpuInfo *info = host->cpu_info(host);

    if (!check_irqs(xive, error) || !check_servers(xive, info, error) ||
        !check_page_shift(xive, info, error))
        return FALSE;
    xive->nr_servers = MAX(xive->nr_servers_option, xive->nr_servers_machine);
    xive->page_shift = info->host_page_shift;
    tables_new(xive);
    if (xive_kvm_open(xive, error) && xive_regions_new(xive, error) && claim_ipis(xive, error))
        return TRUE;
    xive_finish(xive);
    return FALSE;
}

/* KVM cannot take a vCPU out of its controller: it is there still. */
static gboolean
reconnect(Xive *xive, VdevVcpu *vcpu, guint32 server, GError **error)
{
    xive->vcpus[server] = vcpu;
    if (!xive_kvm_vp_set(xive, server, be64_make(XIVE_VP_CREATED), error)) {
        xive->vcpus[server] = NULL;
        return FALSE;
    }
    xive->contexts[server].parked = NULL;
    return TRUE;
}

gboolean
xive_vcpu_connect(Xive *xive, VdevVcpu *vcpu, GError **error)
{
    guint32 server = xive->device.host->vcpu_id(xive->device.host, vcpu);

    if (server >= xive->nr_servers)
        return usage_error(xive, error, "vCPU id %u has no interrupt server: nr-servers is %u",
                           server, xive->nr_servers);
    if (xive->vcpus[server] != NULL) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_EXIST, "%s: server %u is connected already",
                    xive->device.klass->name, server);
        return FALSE;
    }
    if (xive->contexts[server].parked == vcpu)
        return reconnect(xive, vcpu, server, error);
    if (!xive_kvm_connect(xive, vcpu, server, error))
        return FALSE;
    xive->vcpus[server] = vcpu;
    return TRUE;
}

void
xive_vcpu_disconnect(Xive *xive, guint32 server)
{
    const VdevHost *host = xive->device.host;
    XiveContext *own = &xive->contexts[server];

    for (guint64 priority = 0; priority < XIVE_PRIORITIES; priority++) {
        guint64 args[HCALL_ARGS] = {0, server, priority};

        if (xive_end_is_valid(&xive->ends[server * XIVE_PRIORITIES + priority]))
            (void)xive_hcall_set_queue_config(xive, NULL, args);
    }
    if (vdev_host_keeps_state(host))
        host->state_remove(host, own);
    own->parked = xive->vcpus[server];
    xive->vcpus[server] = NULL;
}

/* --- Reset --------------------------------------------------------------- */

/* KVM's own reset leaves alone the sources that are masked, and their PQ with them. Those that only
 * a migration brought go: no device here has them. */
static gboolean
reset_sources(Xive *xive, GError **error)
{
    gboolean good = TRUE;

    for (guint32 i = 0; i < xive->nr_irqs; i++) {
        /* a load that failed may have left a device without its source, or a source without one */
        if (!xive_lisn_is_claimed(xive, i) && (xive->marks[i] & XIVE_MARK_CLAIMED) == 0)
            continue;
        good &= xive_source_reset(xive, i, good ? error : NULL);
        xive->eas[i] = (xive->marks[i] & XIVE_MARK_CLAIMED) != 0 ? XIVE_EAS_RESET : 0;
        xive->marks[i] &= XIVE_MARK_CLAIMED | XIVE_MARK_MADE;
    }
    return good;
}

gboolean
xive_reset_routing(Xive *xive, GError **error)
{
    if (!xive_kvm_set(xive, VDEV_XIVE_GRP_CTRL, VDEV_XIVE_CTRL_RESET, NULL, error))
        return FALSE;
    reset_ends(xive);
    return reset_sources(xive, error);
}

/* KVM's own reset does not touch the contexts at all. */
static gboolean
reset_contexts(Xive *xive, GError **error)
{
    for (guint32 i = 0; i < xive->nr_servers; i++) {
        if (xive->vcpus[i] == NULL)
            continue;
        xive_tctx_reset(&xive->contexts[i].tctx, i);
        xive_tctx_set_vp(&xive->contexts[i].tctx, be64_make(XIVE_VP_CREATED));
        if (!xive_kvm_vp_set(xive, i, be64_make(XIVE_VP_CREATED), error))
            return FALSE;
    }
    return TRUE;
}

void
xive_be_still(Xive *xive)
{
    for (guint32 i = 0; i < xive->nr_irqs; i++) {
        if (xive_lisn_is_claimed(xive, i))
            xive->marks[i] |= XIVE_MARK_HELD | XIVE_MARK_STILL;
    }
    xive->phase = XIVE_STILL;
}

static gboolean
xive_reset(void *device, GError **error)
{
    Xive *xive = device;

    xive->restored = FALSE;
    if (xive->esb == NULL && !xive_regions_new(xive, error)) /* of a restore that failed */
        return FALSE;
    if (!xive_reset_routing(xive, error) || !reset_contexts(xive, error))
        return FALSE;
    xive_be_still(xive);
    return TRUE;
}

const VdevClass xive_class = {
    .name = "spapr-xive-kvm",
    .help = "XIVE interrupt controller of pseries machines, over the KVM XIVE device",
    .size = sizeof(Xive),
    .props = xive_props,
    .realize = xive_realize,
    .reset = xive_reset,
    .quiesce = xive_quiesce,
    .resume = xive_resume,
    .finish = xive_finish,
};
