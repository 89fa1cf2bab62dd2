/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The calls to the KVM XIVE device, with errors that say what was tried and what to do.
 *
 * Not here: the words (kvm-attr.h), mapped pages (regions.c). Nothing is checked: callers pass only
 * what KVM takes, for it complains in the host's own log.
 */
#include <errno.h>
#include <string.h>

#include "hw-xive/kvm-attr.h"
#include "hw-xive/xive-priv.h"

/* --- Errors -------------------------------------------------------------- */

/* What an attribute is about. */
static char *
subject(guint32 group, guint64 attr)
{
    static const char *const controls[] = {
        [VDEV_XIVE_CTRL_RESET] = "reset",
        [VDEV_XIVE_CTRL_EQ_SYNC] = "queue sync",
        [VDEV_XIVE_CTRL_NR_SERVERS] = "number of servers",
    };
    guint32 server = 0;
    guint8 prio = 0;

    switch (group) {
    case VDEV_XIVE_GRP_CTRL: return g_strdup(controls[attr]);
    case VDEV_XIVE_GRP_EQ_CONFIG:
        xive_kvm_eq_unpack_attr(attr, &server, &prio);
        return g_strdup_printf("server %u, priority %u", server, prio);
    case XIVE_KVM_CONNECT: return g_strdup_printf("server %u", (guint)attr);
    default: return g_strdup_printf("LISN 0x%x", (guint)attr);
    }
}

/* @result is −errno. Always FALSE, for the caller to return. */
static gboolean
fail(Xive *xive, guint32 group, const char *about, gint result, GError **error)
{
    const char *hint = xive_kvm_hint(group, -result);

    g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(-result),
                "%s: KVM XIVE %s (%s): %s (errno %d)%s%s", xive->device.klass->name,
                xive_kvm_group_name(group), about, g_strerror(-result), -result,
                hint != NULL ? ": " : "", hint != NULL ? hint : "");
    return FALSE;
}

/* --- The device ---------------------------------------------------------- */

gboolean
xive_kvm_set(Xive *xive, guint32 group, guint64 attr, const void *data, GError **error)
{
    const VdevHost *host = xive->device.host;
    gint result = host->kdev_set(host, xive->kdev, group, attr, data);
    g_autofree char *about = NULL;

    if (result == 0)
        return TRUE;
    about = subject(group, attr);
    return fail(xive, group, about, result, error);
}

gboolean
xive_kvm_get(Xive *xive, guint32 group, guint64 attr, void *data, GError **error)
{
    const VdevHost *host = xive->device.host;
    gint result = host->kdev_get(host, xive->kdev, group, attr, data);
    g_autofree char *about = NULL;

    if (result == 0)
        return TRUE;
    about = subject(group, attr);
    return fail(xive, group, about, result, error);
}

/* A kernel that does not know the control reserves for as many vCPUs as it can have. */
static gboolean
set_nr_servers(Xive *xive, GError **error)
{
    const VdevHost *host = xive->device.host;
    guint32 nr_servers = xive->nr_servers;
    gint result = host->kdev_set(host, xive->kdev, VDEV_XIVE_GRP_CTRL, VDEV_XIVE_CTRL_NR_SERVERS,
                                 &nr_servers);
    g_autofree char *about = NULL;

    if (result == 0 || result == -ENXIO)
        return TRUE;
    about = g_strdup_printf("number of servers %u", nr_servers);
    return fail(xive, VDEV_XIVE_GRP_CTRL, about, result, error);
}

gboolean
xive_kvm_open(Xive *xive, GError **error)
{
    const VdevHost *host = xive->device.host;
    gint result = 0;

    xive->kdev = host->kdev_new(host, VDEV_KDEV_XIVE, &result);
    if (xive->kdev == NULL)
        return fail(xive, XIVE_KVM_CREATE, "device type 9", result, error);
    if (!set_nr_servers(xive, error)) {
        xive_kvm_close(xive);
        return FALSE;
    }
    return TRUE;
}

void
xive_kvm_close(Xive *xive)
{
    if (xive->kdev == NULL)
        return;
    xive->device.host->kdev_free(xive->device.host, xive->kdev);
    xive->kdev = NULL;
}

gboolean
xive_kvm_connect(Xive *xive, VdevVcpu *vcpu, guint32 server, GError **error)
{
    const VdevHost *host = xive->device.host;
    gint result = host->kdev_connect(host, xive->kdev, vcpu, server);
    g_autofree char *about = NULL;

    if (result == 0)
        return TRUE;
    about = subject(XIVE_KVM_CONNECT, server);
    return fail(xive, XIVE_KVM_CONNECT, about, result, error);
}

/* --- VP state: 16 bytes as they lie in memory, of which 8 mean something -- */

static gboolean
vp_fail(Xive *xive, const char *verb, guint32 server, gint result, GError **error)
{
    g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(-result),
                "%s: cannot %s the interrupt context of server %u: %s (errno %d)%s",
                xive->device.klass->name, verb, server, g_strerror(-result), -result,
                result == -EBUSY ? ": the vCPU is running" : "");
    return FALSE;
}

gboolean
xive_kvm_vp_get(Xive *xive, guint32 server, be64 *vp, GError **error)
{
    const VdevHost *host = xive->device.host;
    guint8 state[VDEV_REG_SIZE_MAX] = {0};
    gint result = host->vcpu_get(host, xive->vcpus[server], VDEV_REG_VP_STATE, state);

    if (result != 0)
        return vp_fail(xive, "read", server, result, error);
    memcpy(vp, state, sizeof(*vp));
    return TRUE;
}

gboolean
xive_kvm_vp_set(Xive *xive, guint32 server, be64 vp, GError **error)
{
    const VdevHost *host = xive->device.host;
    guint8 state[VDEV_REG_SIZE_MAX] = {0};
    gint result = 0;

    memcpy(state, &vp, sizeof(vp));
    result = host->vcpu_set(host, xive->vcpus[server], VDEV_REG_VP_STATE, state);
    return result == 0 || vp_fail(xive, "set", server, result, error);
}
