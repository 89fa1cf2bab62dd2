/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Machine checks of the model's vCPUs, and what a script needs to take an interrupt: entry by
 * address, and the way back.
 *
 * As the kernel has it: the processor leaves SRR0, SRR1, DSISR and DAR of the check; then it is an
 * exit, if user space asked for that, else the kernel enters the guest at its vector.
 */
#include "vmm/accel/model.h"

#include <errno.h>

#define VECTOR_CHECK  0x200u
#define MSR_AT_VECTOR VDEV_MSR_ENTRY /* the kernel leaves machine checks on */
#define MSR_LE        LSB_BIT64(0)
#define ABOUT_IT      G_GUINT64_CONSTANT(0x083c0000) /* of SRR1, that the kernel passes on */

gint
model_vcpu_enable_fwnmi(AccelVcpu *accel_vcpu)
{
    Model *model = ((ModelVcpu *)accel_vcpu)->model;
    gint result = accel_fault_strikes(model->fault, ACCEL_CALL_VCPU_ENABLE_FWNMI);

    if (result != 0 || !model->info.have_fwnmi)
        return result != 0 ? result : -EINVAL;
    g_mutex_lock(&model->lock);
    model->fwnmi = TRUE;
    g_mutex_unlock(&model->lock);
    return 0;
}

static gboolean
comes_out(Model *model)
{
    gboolean fwnmi;

    g_mutex_lock(&model->lock);
    fwnmi = model->fwnmi;
    g_mutex_unlock(&model->lock);
    return fwnmi;
}

ModelGo
model_check_take(ModelVcpu *vcpu, const ModelCheck *check, AccelExit *exit)
{
    guint64 *pc = model_core(vcpu, VDEV_REG_PC), *msr = model_core(vcpu, VDEV_REG_MSR);
    guint64 lpcr = model_reg(vcpu, VDEV_REG_LPCR)->words[0];
    const gboolean exits = comes_out(vcpu->model);

    *model_core(vcpu, VDEV_REG_SRR0) = *pc + 1; /* the step after this one */
    *model_core(vcpu, VDEV_REG_SRR1) = *msr | (exits ? check->srr1 : check->srr1 & ABOUT_IT);
    model_reg(vcpu, VDEV_REG_DSISR)->words[0] = check->dsisr;
    model_reg(vcpu, VDEV_REG_DAR)->words[0] = check->dar;
    if (exits) {
        exit->kind = ACCEL_EXIT_CHECK;
        exit->check_recovered = check->recovered;
        return MODEL_GO_EXIT;
    }
    *pc = VECTOR_CHECK;
    *msr = MSR_AT_VECTOR | ((lpcr & VDEV_LPCR_ILE) != 0 ? MSR_LE : 0);
    return MODEL_GO_JUMPED;
}

ModelGo
model_check_return(ModelVcpu *vcpu)
{
    *model_core(vcpu, VDEV_REG_PC) = *model_core(vcpu, VDEV_REG_SRR0);
    *model_core(vcpu, VDEV_REG_MSR) = *model_core(vcpu, VDEV_REG_SRR1) & ~ABOUT_IT;
    return MODEL_GO_JUMPED;
}
