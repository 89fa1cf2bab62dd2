/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A vCPU's registers: one-reg ids go straight to the kernel, the pseudo ids of the core registers
 * to struct kvm_regs, which is read at the first access after an exit and, if changed, written
 * back before the next entry. Many accesses within one exit thus cost one call or two. The PID of
 * the structure is read but not written by the kernel; both its ids mean the one-reg.
 *
 * Source: Linux Documentation/virt/kvm/api.rst 4.11 to 4.14, 4.68.
 */
#include "vmm/accel/kvm.h"

#include <errno.h>
#include <string.h>

#define FIELD(id, member) [(id)&0xff] = G_STRUCT_OFFSET(KvmPpcRegs, member) + 1

/* Offset + 1 in KvmPpcRegs of the registers above the GPRs; 0: not there. */
static const guint16 core_fields[VDEV_REG_CORE_N] = {
    FIELD(VDEV_REG_PC, pc),     FIELD(VDEV_REG_MSR, msr),   FIELD(VDEV_REG_CR, cr),
    FIELD(VDEV_REG_LR, lr),     FIELD(VDEV_REG_CTR, ctr),   FIELD(VDEV_REG_XER, xer),
    FIELD(VDEV_REG_SRR0, srr0), FIELD(VDEV_REG_SRR1, srr1),
};

static gboolean
is_core(guint64 reg)
{
    return reg >= VDEV_REG_CORE(0) && reg < VDEV_REG_CORE(VDEV_REG_CORE_N);
}

guint64 *
kvm_regs_field(KvmPpcRegs *regs, guint64 reg)
{
    guint index;

    if (!is_core(reg))
        return NULL;
    index = (guint)(reg - VDEV_REG_CORE(0));
    if (index < 32)
        return &regs->gpr[index];
    if (reg >= VDEV_REG_SPRG(0) && reg <= VDEV_REG_SPRG(7))
        return &regs->sprg[reg - VDEV_REG_SPRG(0)];
    if (core_fields[index] == 0)
        return NULL;
    return (guint64 *)((guint8 *)regs + core_fields[index] - 1);
}

static gint
vcpu_ioctl(KvmVcpu *vcpu, AccelCall call, gulong request, gpointer argument)
{
    return kvm_door_ioctl(vcpu->kvm->fault, call, vcpu->fd, request, (gulong)argument);
}

static gint
load_core(KvmVcpu *vcpu, AccelCall call)
{
    gint result;

    if (vcpu->regs_valid)
        return 0;
    result = vcpu_ioctl(vcpu, call, KVM_PPC_IOC_GET_REGS, &vcpu->regs);
    vcpu->regs_valid = result >= 0;
    return MIN(result, 0);
}

gint
kvm_regs_flush(KvmVcpu *vcpu)
{
    gint result;

    if (!vcpu->regs_dirty)
        return 0;
    result = vcpu_ioctl(vcpu, ACCEL_CALL_VCPU_SET, KVM_PPC_IOC_SET_REGS, &vcpu->regs);
    if (result < 0)
        return result;
    vcpu->regs_dirty = FALSE;
    return 0;
}

void
kvm_regs_forget(KvmVcpu *vcpu)
{
    vcpu->regs_valid = vcpu->regs_dirty = FALSE;
}

/* PID is in the structure too, where a kernel may ignore or obey it: the copy must not undo it. */
static gint
give_up_copy(KvmVcpu *vcpu)
{
    gint result = kvm_regs_flush(vcpu);

    if (result == 0)
        kvm_regs_forget(vcpu);
    return result;
}

static gint
get_pvr(KvmVcpu *vcpu, void *value)
{
    KvmPpcSregs sregs;
    gint result = vcpu_ioctl(vcpu, ACCEL_CALL_VCPU_GET, KVM_PPC_IOC_GET_SREGS, &sregs);
    guint64 pvr;

    if (result < 0)
        return result;
    pvr = sregs.pvr;
    memcpy(value, &pvr, sizeof(pvr));
    return 0;
}

/* Written through, because the kernel may refuse it. */
static gint
set_pvr(KvmVcpu *vcpu, const void *value)
{
    KvmPpcSregs sregs;
    guint64 pvr;
    gint result = vcpu_ioctl(vcpu, ACCEL_CALL_VCPU_SET, KVM_PPC_IOC_GET_SREGS, &sregs);

    if (result < 0)
        return result;
    memcpy(&pvr, value, sizeof(pvr));
    if (pvr > G_MAXUINT32)
        return -EINVAL;
    sregs.pvr = (guint32)pvr;
    result = vcpu_ioctl(vcpu, ACCEL_CALL_VCPU_SET, KVM_PPC_IOC_SET_SREGS, &sregs);
    return MIN(result, 0);
}

static guint64
one_reg_id(guint64 reg)
{
    return reg == VDEV_REG_CORE_PID ? VDEV_REG_PID : reg;
}

gint
kvm_vcpu_get(AccelVcpu *accel_vcpu, guint64 reg, void *value)
{
    KvmVcpu *vcpu = (KvmVcpu *)accel_vcpu;
    guint64 *field = kvm_regs_field(&vcpu->regs, reg);
    struct kvm_one_reg one = {.id = one_reg_id(reg), .addr = (guint64)(gsize)value};
    gint result;

    if (reg == VDEV_REG_PVR)
        return get_pvr(vcpu, value);
    if (field != NULL) {
        result = load_core(vcpu, ACCEL_CALL_VCPU_GET);
        if (result == 0)
            memcpy(value, field, sizeof(*field));
        return result;
    }
    result = one.id == VDEV_REG_PID ? give_up_copy(vcpu) : 0;
    if (result == 0)
        result = vcpu_ioctl(vcpu, ACCEL_CALL_VCPU_GET, KVM_GET_ONE_REG, &one);
    return MIN(result, 0);
}

gint
kvm_vcpu_set(AccelVcpu *accel_vcpu, guint64 reg, const void *value)
{
    KvmVcpu *vcpu = (KvmVcpu *)accel_vcpu;
    guint64 *field = kvm_regs_field(&vcpu->regs, reg);
    struct kvm_one_reg one = {.id = one_reg_id(reg), .addr = (guint64)(gsize)value};
    gint result;

    if (reg == VDEV_REG_PVR)
        return set_pvr(vcpu, value);
    if (field != NULL) {
        result = load_core(vcpu, ACCEL_CALL_VCPU_SET);
        if (result != 0)
            return result;
        memcpy(field, value, sizeof(*field));
        vcpu->regs_dirty = TRUE;
        return 0;
    }
    result = one.id == VDEV_REG_PID ? give_up_copy(vcpu) : 0;
    if (result == 0)
        result = vcpu_ioctl(vcpu, ACCEL_CALL_VCPU_SET, KVM_SET_ONE_REG, &one);
    return MIN(result, 0);
}
