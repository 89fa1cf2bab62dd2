/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The hypercalls that KVM answers itself and user space never sees: H_PROD, H_CONFER,
 * H_REGISTER_VPA, and H_RANDOM once it is enabled (H_CEDE is a wait: model-exec.c). Also which
 * others user space may enable, and the MMU mode.
 *
 * Enabled hypercalls that KVM answers with help of the processor (H_PAGE_INIT, logical cache
 * inhibited accesses, H_SET_MODE's debug registers) are forwarded all the same: a script has no
 * such processor.
 *
 * Source: LoPAR, H_PROD, H_CONFER, H_REGISTER_VPA; Linux Documentation/virt/kvm/api.rst 4.99,
 * KVM_CAP_PPC_ENABLE_HCALL.
 */
#include "vmm/accel/model.h"

#include <errno.h>
#include <string.h>

#include "vdev/hcall.h"

#define H_RESOURCE (-16)

#define HCALL_REGISTER_VPA 0xdc
#define HCALL_PROD         0xe4
#define HCALL_CONFER       0xe8
#define HCALL_RANDOM       0x300

#define VPA_FUNCTION IBM_FIELD64(16, 18)
#define VPA_ALIGN    128
#define VPA_SIZE     640 /* least bytes of each area */
#define DTL_ENTRY    48
#define SLB_SIZE     8

enum { VPA_AREA = 1, VPA_DTL = 2, VPA_SLB = 3, VPA_DEREGISTER = 4 };

/* What may be enabled: KVM's own list. */
static const guint32 known_hcalls[] = {
    0x4,  0x8,  0xc,  0x18, 0x1c, 0x20, 0x24, 0x28, 0x2c,  0x3c,  0x40,  0x64,
    0x68, 0x6c, 0x70, 0x74, 0xdc, 0xe0, 0xe4, 0xe8, 0x2fc, 0x300, 0x31c, 0x448,
};

gint
model_enable_hcall(Accel *accel, guint32 nr)
{
    Model *model = (Model *)accel;
    gint result = accel_fault_strikes(model->fault, ACCEL_CALL_ENABLE_HCALL);

    if (result != 0)
        return result;
    for (gsize i = 0; i < G_N_ELEMENTS(known_hcalls); i++) {
        if (known_hcalls[i] != nr)
            continue;
        g_mutex_lock(&model->lock);
        g_hash_table_add(model->enabled_hcalls, GUINT_TO_POINTER(nr));
        g_mutex_unlock(&model->lock);
        return 0;
    }
    return -EINVAL;
}

#define PRTS_MASK LSB_FIELD64(4, 0)
#define PRTS_MAX  24

/* A radix host without hash guests. */
gint
model_set_mmu(Accel *accel, guint64 flags, guint64 process_table)
{
    Model *model = (Model *)accel;
    gint result = accel_fault_strikes(model->fault, ACCEL_CALL_SET_MMU);
    gboolean radix = (flags & VDEV_MMU_RADIX) != 0;

    if (result != 0)
        return result;
    if ((flags & ~(VDEV_MMU_RADIX | VDEV_MMU_GTSE)) != 0 || !radix)
        return -EINVAL;
    if ((process_table & VDEV_PATE_GR) == 0 || (process_table & PRTS_MASK) > PRTS_MAX)
        return -EINVAL;
    g_mutex_lock(&model->lock);
    model->mmu_flags = flags;
    model->process_table = process_table;
    g_mutex_unlock(&model->lock);
    return 0;
}

/* ---- H_REGISTER_VPA ------------------------------------------------------------------------ */

typedef struct {
    guint function;
    guint64 reg;
    guint32 least; /* bytes */
} VpaRow;

static const VpaRow vpa_rows[] = {
    {VPA_AREA, VDEV_REG_VPA_ADDR, VPA_SIZE},
    {VPA_DTL, VDEV_REG_VPA_DTL, DTL_ENTRY},
    {VPA_SLB, VDEV_REG_VPA_SLB, SLB_SIZE},
};

static ModelVcpu *
vcpu_by_id_locked(Model *model, guint64 id)
{
    for (guint i = 0; i < model->vcpus->len; i++) {
        ModelVcpu *vcpu = g_ptr_array_index(model->vcpus, i);

        if (vcpu->id == id && !vcpu->parked)
            return vcpu;
    }
    return NULL;
}

/* The length that the area states of itself; 0 if that cannot be right. */
static guint32
vpa_length_locked(Model *model, guint function, guint64 address)
{
    const guint8 *area;
    guint32 length;

    if (address == 0 || address % VPA_ALIGN != 0)
        return 0;
    area = model_ram_locked(model, address, 8);
    if (area == NULL)
        return 0;
    if (function == VPA_AREA) {
        length = (guint32)area[4] << 8 | area[5];
    } else {
        memcpy(&length, area + 4, sizeof(length));
        length = GUINT32_FROM_BE(length);
    }
    return length <= MODEL_PAGE_SIZE - (address & (MODEL_PAGE_SIZE - 1)) ? length : 0;
}

static gint64
vpa_deregister_locked(ModelVcpu *target, const VpaRow *row)
{
    if (row->function == VPA_AREA && (model_reg(target, VDEV_REG_VPA_DTL)->words[0] != 0 ||
                                      model_reg(target, VDEV_REG_VPA_SLB)->words[0] != 0))
        return H_RESOURCE;
    *model_reg(target, row->reg) = (ModelReg){{0, 0}};
    return H_SUCCESS;
}

static gint64
vpa_register_locked(ModelVcpu *target, guint64 flags, guint64 address)
{
    guint function = (guint)bits_get(VPA_FUNCTION, flags);
    const VpaRow *row;
    guint32 length;

    if ((function & 3) == 0)
        return H_PARAMETER;
    row = &vpa_rows[(function & 3) - 1];
    if ((function & VPA_DEREGISTER) != 0)
        return vpa_deregister_locked(target, row);
    length = vpa_length_locked(target->model, function, address);
    if (length < row->least)
        return H_PARAMETER;
    if (function != VPA_AREA && model_reg(target, VDEV_REG_VPA_ADDR)->words[0] == 0)
        return H_RESOURCE;
    if (function == VPA_DTL)
        length -= length % DTL_ENTRY;
    *model_reg(target, row->reg) = (ModelReg){{address, function == VPA_AREA ? 0 : length}};
    return H_SUCCESS;
}

/* ---- dispatch ------------------------------------------------------------------------------ */

static gint64
prod_locked(Model *model, guint64 id)
{
    ModelVcpu *target = vcpu_by_id_locked(model, id);

    if (target == NULL)
        return H_PARAMETER;
    target->prodded = TRUE;
    g_cond_broadcast(&model->wake);
    return H_SUCCESS;
}

static gint64
confer_locked(Model *model, guint64 id)
{
    /* −1 gives the rest of the time slice to all. */
    return (gint32)id == -1 || vcpu_by_id_locked(model, id) != NULL ? H_SUCCESS : H_PARAMETER;
}

static gint64
register_vpa_locked(ModelVcpu *vcpu)
{
    ModelVcpu *target = vcpu_by_id_locked(vcpu->model, *model_core(vcpu, VDEV_REG_GPR(5)));

    if (target == NULL)
        return H_PARAMETER;
    return vpa_register_locked(target, *model_core(vcpu, VDEV_REG_GPR(4)),
                               *model_core(vcpu, VDEV_REG_GPR(6)));
}

gboolean
model_hcall(ModelVcpu *vcpu)
{
    Model *model = vcpu->model;
    guint64 *r3 = model_core(vcpu, VDEV_REG_GPR(3));
    guint64 *r4 = model_core(vcpu, VDEV_REG_GPR(4));
    gboolean answered = TRUE;

    g_mutex_lock(&model->lock);
    switch (*r3) {
    case HCALL_REGISTER_VPA: *r3 = (guint64)register_vpa_locked(vcpu); break;
    case HCALL_PROD: *r3 = (guint64)prod_locked(model, *r4); break;
    case HCALL_CONFER: *r3 = (guint64)confer_locked(model, *r4); break;
    case HCALL_RANDOM:
        answered = g_hash_table_contains(model->enabled_hcalls, GUINT_TO_POINTER(HCALL_RANDOM));
        if (answered) {
            *r3 = H_SUCCESS;
            *r4 = (guint64)g_random_int() << 32 | g_random_int();
        }
        break;
    default: answered = FALSE; break;
    }
    g_mutex_unlock(&model->lock);
    return answered;
}
