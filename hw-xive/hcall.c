/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The H_INT_* table, the checks its handlers share, and the calls that belong to no source or
 * queue.
 *
 * Source: LoPAR "Interrupt virtualization hypervisor calls"; docs/xive/ has one page a call.
 */
#include "hw-xive/hcall.h"

/* --- Shared -------------------------------------------------------------- */

gboolean
xive_hcall_is_server(const Xive *xive, guint64 target)
{
    return target < xive->nr_servers && xive->vcpus[target] != NULL;
}

gboolean
xive_hcall_is_prio(guint64 prio)
{
    return prio < XIVE_GUEST_PRIORITIES;
}

HcallStatus
xive_hcall_refuse(Xive *xive, HcallStatus status, const char *format, ...)
{
    const VdevHost *host = xive->device.host;
    g_autofree char *message = NULL;
    va_list arguments;

    if (!host->log_enabled(host, VDEV_LOG_GUEST_ERROR))
        return status;
    va_start(arguments, format);
    message = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    host->log(host, VDEV_LOG_GUEST_ERROR, message);
    return status;
}

HcallStatus
xive_hcall_broken(Xive *xive, XiveTrouble trouble, GError *error)
{
    xive_warn(xive, trouble, error);
    return H_HARDWARE;
}

/* --- Calls --------------------------------------------------------------- */

/*
 * A reporting line receives the OS context when the OS acknowledges through one TIMA register. KVM
 * has no way to set one up, so neither call is offered: success would promise what never comes.
 */
static HcallStatus
hcall_reporting_line(void *owner, VdevVcpu *vcpu, guint64 *args)
{
    return xive_hcall_refuse(owner, H_FUNCTION, "H_INT_*_OS_REPORTING_LINE: not offered under KVM");
}

static HcallStatus
hcall_reset(void *owner, VdevVcpu *vcpu, guint64 *args)
{
    Xive *xive = owner;
    GError *error = NULL;

    if (args[0] != 0)
        return xive_hcall_refuse(xive, H_PARAMETER, "H_INT_RESET: flags 0x%" G_GINT64_MODIFIER "x",
                                 args[0]);
    if (!xive_reset_routing(xive, &error))
        return xive_hcall_broken(xive, XIVE_TROUBLE_RESET, error);
    return H_SUCCESS;
}

const VdevHcallRow xive_hcalls[] = {
    {0x3a8, "H_INT_GET_SOURCE_INFO", xive_hcall_get_source_info},
    {0x3ac, "H_INT_SET_SOURCE_CONFIG", xive_hcall_set_source_config},
    {0x3b0, "H_INT_GET_SOURCE_CONFIG", xive_hcall_get_source_config},
    {0x3b4, "H_INT_GET_QUEUE_INFO", xive_hcall_get_queue_info},
    {0x3b8, "H_INT_SET_QUEUE_CONFIG", xive_hcall_set_queue_config},
    {0x3bc, "H_INT_GET_QUEUE_CONFIG", xive_hcall_get_queue_config},
    {0x3c0, "H_INT_SET_OS_REPORTING_LINE", hcall_reporting_line},
    {0x3c4, "H_INT_GET_OS_REPORTING_LINE", hcall_reporting_line},
    {0x3c8, "H_INT_ESB", xive_hcall_esb},
    {0x3cc, "H_INT_SYNC", xive_hcall_sync},
    {0x3d0, "H_INT_RESET", hcall_reset},
    {0, NULL, NULL},
};
