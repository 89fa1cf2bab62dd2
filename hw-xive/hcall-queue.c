/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * H_INT_* calls on one event queue: R5 is its server (H_P2), R6 its priority (H_P3).
 *
 * Source: LoPAR; the choices where QEMU differs are in docs/xive/.
 */
#include "hw-xive/hcall.h"
#include "hw-xive/kvm-attr.h"

#define X64 "0x%" G_GINT64_MODIFIER "x"

/* R4 of H_INT_SET_QUEUE_CONFIG and, out, of H_INT_GET_QUEUE_CONFIG. */
#define QUEUE_NOTIFY IBM_BIT64(63)

/* R4 of H_INT_GET_QUEUE_CONFIG: in, and out. */
#define QUEUE_DEBUG      IBM_BIT64(63)
#define QUEUE_GENERATION IBM_BIT64(62)

/* The checks that all three begin with. */
static HcallStatus
check_queue(Xive *xive, const char *name, const guint64 *args, guint64 flags)
{
    if ((args[0] & ~flags) != 0)
        return xive_hcall_refuse(xive, H_PARAMETER, "%s: flags " X64, name, args[0]);
    if (!xive_hcall_is_server(xive, args[1]))
        return xive_hcall_refuse(xive, H_P2, "%s: no target " X64, name, args[1]);
    if (!xive_hcall_is_prio(args[2]))
        return xive_hcall_refuse(xive, H_P3, "%s: no priority " X64, name, args[2]);
    return H_SUCCESS;
}

static XiveEnd *
end_of(Xive *xive, const guint64 *args)
{
    return &xive->ends[xive_end_index((guint32)args[1], (guint8)args[2])];
}

HcallStatus
xive_hcall_get_queue_info(void *owner, VdevVcpu *vcpu, guint64 *args)
{
    Xive *xive = owner;
    HcallStatus status = check_queue(xive, "H_INT_GET_QUEUE_INFO", args, 0);
    const XiveEnd *end = NULL;

    if (status != H_SUCCESS)
        return status;
    end = end_of(xive, args);
    args[0] = G_MAXUINT64; /* KVM maps no notification page */
    args[1] = xive_end_is_enqueue(end) ? xive_end_eq(end).qshift : 0;
    return H_SUCCESS;
}

/* --- Configuration ------------------------------------------------------- */

/* Size and address: KVM takes nothing else and writes a line of host log for each attempt. */
static HcallStatus
check_memory(Xive *xive, guint64 gpa, guint64 shift)
{
    guint64 size = 0;

    if (shift == 0)
        return H_SUCCESS;
    if (shift != XIVE_KVM_EQ_SHIFT)
        return xive_hcall_refuse(xive, H_P5, "H_INT_SET_QUEUE_CONFIG: size 2^%" G_GUINT64_FORMAT,
                                 shift);
    size = G_GUINT64_CONSTANT(1) << shift;
    if (gpa >> XIVE_EQ_GPA_BITS != 0 || gpa % size != 0 ||
        !xive->device.host->guest_is_ram(xive->device.host, gpa, size))
        return xive_hcall_refuse(xive, H_P4, "H_INT_SET_QUEUE_CONFIG: address " X64, gpa);
    return H_SUCCESS;
}

/* The END that the guest asks for. Notifying always is what KVM does, asked or not. */
static XiveEnd
wanted_end(const guint64 *args)
{
    const XiveEq eq = {.gpa = args[3], .qshift = (guint32)args[4], .qtoggle = 1, .qindex = 0};
    XiveEnd end;

    xive_end_reset(&end);
    if (args[4] != 0) {
        gboolean good = xive_end_setup(&end, &eq, (guint32)args[1], (guint8)args[2], TRUE);

        g_assert(good); /* check_queue() and check_memory() passed */
    }
    return end;
}

HcallStatus
xive_hcall_set_queue_config(void *owner, VdevVcpu *vcpu, guint64 *args)
{
    Xive *xive = owner;
    HcallStatus status = check_queue(xive, "H_INT_SET_QUEUE_CONFIG", args, QUEUE_NOTIFY);
    GError *error = NULL;
    VdevXiveEq data;
    XiveEnd end;

    if (status == H_SUCCESS)
        status = check_memory(xive, args[3], args[4]);
    if (status != H_SUCCESS)
        return status;
    end = wanted_end(args);
    xive_kvm_eq_pack(&data, &end);
    if (!xive_kvm_set(xive, VDEV_XIVE_GRP_EQ_CONFIG,
                      xive_kvm_eq_attr((guint32)args[1], (guint8)args[2]), &data, &error))
        return xive_hcall_broken(xive, XIVE_TROUBLE_QUEUE, error);
    *end_of(xive, args) = end;
    if (args[4] != 0 &&
        !xive_sources_reattach(xive, xive_end_index((guint32)args[1], (guint8)args[2]), &error))
        return xive_hcall_broken(xive, XIVE_TROUBLE_QUEUE, error);
    return H_SUCCESS;
}

/* Where KVM writes next. FALSE: it failed, or shows another queue than the one configured. */
static gboolean
read_position(Xive *xive, const guint64 *args, XiveEq *eq, GError **error)
{
    VdevXiveEq data = {0};

    if (!xive_kvm_get(xive, VDEV_XIVE_GRP_EQ_CONFIG,
                      xive_kvm_eq_attr((guint32)args[1], (guint8)args[2]), &data, error))
        return FALSE;
    if (xive_kvm_eq_unpack(&data, eq))
        return TRUE;
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
                "%s: KVM lost the queue of server %u, priority %u", xive->device.klass->name,
                (guint32)args[1], (guint32)args[2]);
    return FALSE;
}

HcallStatus
xive_hcall_get_queue_config(void *owner, VdevVcpu *vcpu, guint64 *args)
{
    Xive *xive = owner;
    HcallStatus status = check_queue(xive, "H_INT_GET_QUEUE_CONFIG", args, QUEUE_DEBUG);
    gboolean debug = (args[0] & QUEUE_DEBUG) != 0;
    const XiveEnd *end = NULL;
    GError *error = NULL;
    XiveEq eq;

    if (status != H_SUCCESS)
        return status;
    end = end_of(xive, args);
    if (!xive_end_is_enqueue(end)) {
        args[0] = args[2] = args[3] = 0;
        args[1] = G_MAXUINT64;
        return H_SUCCESS;
    }
    eq = xive_end_eq(end);
    if (debug && !read_position(xive, args, &eq, &error))
        return xive_hcall_broken(xive, XIVE_TROUBLE_QUEUE, error);
    args[0] = (xive_end_is_notify(end) ? QUEUE_NOTIFY : 0) |
              (debug && eq.qtoggle != 0 ? QUEUE_GENERATION : 0);
    args[1] = eq.gpa;
    args[2] = eq.qshift;
    args[3] = debug ? eq.qindex : 0;
    return H_SUCCESS;
}
