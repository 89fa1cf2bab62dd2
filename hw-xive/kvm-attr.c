/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The words of the KVM XIVE device, and the meaning of its errors.
 */
#include "hw-xive/kvm-attr.h"

#include <errno.h>
#include <string.h>

#include "hw-xive/core/eas.h"

/* --- Words --------------------------------------------------------------- */

guint64
xive_kvm_source_word(gboolean level, gboolean asserted)
{
    if (!level)
        return 0;
    return VDEV_XIVE_SOURCE_LSI | (asserted ? VDEV_XIVE_SOURCE_ASSERTED : 0);
}

guint64
xive_kvm_config_word(guint64 eas, guint64 in_force)
{
    guint32 end_index = xive_eas_end_index(eas);
    gboolean masked = xive_eas_is_masked(eas);
    guint64 word = 0;

    word = bits_set(VDEV_XIVE_CONFIG_PRIORITY, word, xive_end_index_prio(end_index));
    word = bits_set(VDEV_XIVE_CONFIG_SERVER, word, xive_end_index_server(end_index));
    word = bits_set(VDEV_XIVE_CONFIG_MASKED, word, masked ? 1 : 0);
    return bits_set(VDEV_XIVE_CONFIG_EISN, word,
                    masked ? xive_eas_eisn(in_force) ^ 1 : xive_eas_eisn(eas));
}

XiveKvmConfig
xive_kvm_config_unpack(guint64 word)
{
    return (XiveKvmConfig){
        .server = (guint32)bits_get(VDEV_XIVE_CONFIG_SERVER, word),
        .prio = (guint8)bits_get(VDEV_XIVE_CONFIG_PRIORITY, word),
        .masked = (word & VDEV_XIVE_CONFIG_MASKED) != 0,
        .eisn = (guint32)bits_get(VDEV_XIVE_CONFIG_EISN, word),
    };
}

guint64
xive_kvm_eq_attr(guint32 server, guint8 prio)
{
    return bits_set(VDEV_XIVE_EQ_SERVER, bits_set(VDEV_XIVE_EQ_PRIORITY, 0, prio), server);
}

void
xive_kvm_eq_unpack_attr(guint64 attr, guint32 *server, guint8 *prio)
{
    *server = (guint32)bits_get(VDEV_XIVE_EQ_SERVER, attr);
    *prio = (guint8)bits_get(VDEV_XIVE_EQ_PRIORITY, attr);
}

void
xive_kvm_eq_pack(VdevXiveEq *data, const XiveEnd *end)
{
    XiveEq eq = xive_end_eq(end);

    memset(data, 0, sizeof(*data));
    if (!xive_end_is_valid(end) || !xive_end_is_enqueue(end))
        return;
    data->flags = VDEV_XIVE_EQ_ALWAYS_NOTIFY;
    data->qshift = eq.qshift;
    data->qaddr = eq.gpa;
    data->qtoggle = eq.qtoggle;
    data->qindex = eq.qindex;
}

gboolean
xive_kvm_eq_unpack(const VdevXiveEq *data, XiveEq *eq)
{
    XiveEq found = {
        .gpa = data->qaddr,
        .qshift = data->qshift,
        .qtoggle = data->qtoggle,
        .qindex = data->qindex,
    };

    if (data->qshift == 0 || !xive_eq_check(&found))
        return FALSE;
    *eq = found;
    return TRUE;
}

/* --- Errors -------------------------------------------------------------- */

static const struct {
    guint32 group;
    const char *name;
} group_names[] = {
    {VDEV_XIVE_GRP_CTRL, "CTRL"},
    {VDEV_XIVE_GRP_SOURCE, "SOURCE"},
    {VDEV_XIVE_GRP_SOURCE_CONFIG, "SOURCE_CONFIG"},
    {VDEV_XIVE_GRP_EQ_CONFIG, "EQ_CONFIG"},
    {VDEV_XIVE_GRP_SOURCE_SYNC, "SOURCE_SYNC"},
    {XIVE_KVM_CREATE, "create"},
    {XIVE_KVM_CONNECT, "connect"},
};

const char *
xive_kvm_group_name(guint32 group)
{
    for (gsize i = 0; i < G_N_ELEMENTS(group_names); i++) {
        if (group_names[i].group == group)
            return group_names[i].name;
    }
    return "unknown group";
}

static const struct {
    guint32 group;
    gint errnum;
    const char *hint;
} hints[] = {
    {XIVE_KVM_CREATE, ENODEV,
     "this kernel's KVM has no XIVE device: it needs a POWER9 host in "
     "XIVE mode, not a nested guest, and CONFIG_KVM_XIVE"},
    {XIVE_KVM_CREATE, EEXIST,
     "another interrupt controller, or a mapping of an earlier one, is "
     "still alive in this VM"},
    {XIVE_KVM_CREATE, EPERM, "the VM already has vCPUs of another interrupt controller"},
    {XIVE_KVM_CREATE, ENOMEM,
     "the host could not reserve interrupt contexts; fewer vCPUs "
     "(-smp maxcpus=) or fewer guests may help"},
    {XIVE_KVM_CREATE, ENOSPC,
     "the host's XIVE has no interrupt contexts left; stop other guests "
     "or lower -smp maxcpus="},

    {VDEV_XIVE_GRP_CTRL, EINVAL,
     "the number of servers is zero or above what the host can do; "
     "lower -smp maxcpus= or nr-servers="},
    {VDEV_XIVE_GRP_CTRL, EBUSY, "the number of servers is fixed once a vCPU is connected"},
    {VDEV_XIVE_GRP_CTRL, ENXIO, "this kernel does not know the control; it is older than 5.5"},

    {VDEV_XIVE_GRP_SOURCE, E2BIG,
     "the interrupt number is above what KVM keeps per VM; lower "
     "nr-irqs="},
    {VDEV_XIVE_GRP_SOURCE, ENOMEM, "the host is out of memory for interrupt sources"},
    {VDEV_XIVE_GRP_SOURCE, ENXIO,
     "the host's XIVE has no interrupt left to give; stop other "
     "guests"},
    {VDEV_XIVE_GRP_SOURCE, ENOSPC,
     "the host's XIVE has no interrupt left to give; stop other "
     "guests"},

    {VDEV_XIVE_GRP_SOURCE_CONFIG, ENOENT, "the source was never created"},
    {VDEV_XIVE_GRP_SOURCE_CONFIG, EINVAL,
     "the source is not initialised, or the server is not "
     "connected"},
    {VDEV_XIVE_GRP_SOURCE_CONFIG, ENXIO, "the host refused to route its interrupt"},
    {VDEV_XIVE_GRP_SOURCE_CONFIG, EBUSY, "the target has no event queue, or no room in it"},

    {VDEV_XIVE_GRP_EQ_CONFIG, ENOENT, "the server is not connected"},
    {VDEV_XIVE_GRP_EQ_CONFIG, EINVAL,
     "KVM takes queues of 64 KiB only, aligned, in RAM, within "
     "one host page, always notifying, at priorities 0 to 6"},
    {VDEV_XIVE_GRP_EQ_CONFIG, EIO, "the host's XIVE refused the queue"},
    {VDEV_XIVE_GRP_EQ_CONFIG, ENOMEM, "the host is out of memory for the queue"},

    {VDEV_XIVE_GRP_SOURCE_SYNC, ENOENT, "the source was never created"},
    {VDEV_XIVE_GRP_SOURCE_SYNC, EINVAL, "the source is not initialised"},

    {XIVE_KVM_CONNECT, EPERM,
     "the vCPU belongs to another VM or interrupt controller, or was not "
     "made a PAPR vCPU"},
    {XIVE_KVM_CONNECT, EBUSY, "the vCPU is connected already"},
    {XIVE_KVM_CONNECT, EINVAL, "the server number is not below nr-servers"},
    {XIVE_KVM_CONNECT, EEXIST, "another vCPU has that server number"},
    {XIVE_KVM_CONNECT, ENOSPC,
     "the host's XIVE has no interrupt contexts left; stop other guests "
     "or lower -smp maxcpus="},
    {XIVE_KVM_CONNECT, ENOMEM, "the host is out of memory for the vCPU's interrupt context"},
};

const char *
xive_kvm_hint(guint32 group, gint errnum)
{
    for (gsize i = 0; i < G_N_ELEMENTS(hints); i++) {
        if (hints[i].group == group && hints[i].errnum == errnum)
            return hints[i].hint;
    }
    return NULL;
}
