/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The life of a model vCPU: made, run until the next exit, kicked, parked.
 *
 * While it is in vcpu_run its thread context is pushed, as the kernel does at guest entry; outside
 * events gather in IPB. What it does inside is model-exec.c.
 */
#include "vmm/accel/model.h"

#include <errno.h>
#include <string.h>

/* ---- life ---------------------------------------------------------------------------------- */

static ModelVcpu *
find_vcpu_locked(Model *model, guint32 id)
{
    for (guint i = 0; i < model->vcpus->len; i++) {
        ModelVcpu *vcpu = g_ptr_array_index(model->vcpus, i);

        if (vcpu->id == id)
            return vcpu;
    }
    return NULL;
}

static ModelVcpu *
vcpu_make(Model *model, guint32 id)
{
    ModelVcpu *vcpu = g_new0(ModelVcpu, 1);

    vcpu->vcpu.klass = model->accel.klass;
    vcpu->model = model;
    vcpu->id = id;
    vcpu->regs = model_regs_new();
    vcpu->pending = ACCEL_EXIT_INTR;
    vcpu->wait_left_us = -1;
    return vcpu;
}

/* A parked vCPU comes back as it was, its connection included. */
static ModelVcpu *
vcpu_revive(ModelVcpu *vcpu)
{
    if (!vcpu->parked)
        return NULL;
    vcpu->parked = FALSE;
    vcpu->inherited = vcpu->server != NULL;
    vcpu->prodded = FALSE;
    vcpu->pending = ACCEL_EXIT_INTR;
    vcpu->wait_left_us = -1;
    g_atomic_int_set(&vcpu->kicked, 0);
    return vcpu;
}

AccelVcpu *
model_vcpu_new(Accel *accel, guint32 id, GError **error)
{
    Model *model = (Model *)accel;
    gint result = accel_fault_strikes(model->fault, ACCEL_CALL_VCPU_NEW);
    ModelVcpu *vcpu = NULL;

    if (result == 0 && id >= MODEL_MAX_VCPU_ID)
        result = -EINVAL;
    if (result == 0) {
        g_mutex_lock(&model->lock);
        vcpu = find_vcpu_locked(model, id);
        if (vcpu == NULL && model->vcpus->len >= model->info.max_vcpus) {
            result = -EINVAL;
        } else if (vcpu == NULL) {
            vcpu = vcpu_make(model, id);
            g_ptr_array_add(model->vcpus, vcpu);
        } else {
            vcpu = vcpu_revive(vcpu);
            result = vcpu == NULL ? -EEXIST : 0;
        }
        g_mutex_unlock(&model->lock);
    }
    if (result != 0)
        g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(-result), "vCPU %u: %s", id,
                    g_strerror(-result));
    return (AccelVcpu *)vcpu;
}

void
model_vcpu_free(AccelVcpu *accel_vcpu)
{
    ModelVcpu *vcpu = (ModelVcpu *)accel_vcpu;
    Model *model;

    if (vcpu == NULL)
        return;
    model = vcpu->model;
    g_mutex_lock(&model->lock);
    vcpu->parked = TRUE;
    g_mutex_unlock(&model->lock);
}

void
model_vcpu_destroy(gpointer data)
{
    ModelVcpu *vcpu = data;

    g_free(vcpu->regs);
    g_free(vcpu);
}

/* ---- waiting ------------------------------------------------------------------------------- */

gboolean
model_vcpu_signalled_locked(const ModelVcpu *vcpu)
{
    return vcpu->server != NULL && xive_tctx_signalled(&vcpu->server->tctx);
}

static gboolean
wait_is_over_locked(ModelVcpu *vcpu, gboolean for_irq, gboolean for_prod)
{
    if (for_irq && model_vcpu_signalled_locked(vcpu))
        return TRUE;
    if (!for_prod || !vcpu->prodded)
        return FALSE;
    vcpu->prodded = FALSE;
    return TRUE;
}

/* What is left of the wait is kept, so that a pause of the machine does not count. */
static ModelWait
wait_locked(ModelVcpu *vcpu, gboolean for_irq, gboolean for_prod, gint64 left_us)
{
    gint64 deadline = left_us >= 0 ? g_get_monotonic_time() + left_us : G_MAXINT64;
    gboolean in_time = TRUE;

    while (!wait_is_over_locked(vcpu, for_irq, for_prod)) {
        if (g_atomic_int_get(&vcpu->kicked) != 0) {
            if (left_us >= 0)
                vcpu->wait_left_us = MAX(deadline - g_get_monotonic_time(), 0);
            return MODEL_WAIT_KICKED;
        }
        if (!in_time)
            return MODEL_WAIT_TIMEOUT;
        if (left_us < 0)
            g_cond_wait(&vcpu->model->wake, &vcpu->model->lock);
        else
            in_time = g_cond_wait_until(&vcpu->model->wake, &vcpu->model->lock, deadline);
    }
    return MODEL_WAIT_DONE;
}

ModelWait
model_vcpu_wait(ModelVcpu *vcpu, gboolean for_irq, gboolean for_prod, gint64 timeout_us)
{
    gint64 left_us = vcpu->wait_left_us >= 0 ? vcpu->wait_left_us : timeout_us;
    ModelWait result;

    vcpu->wait_left_us = -1;
    g_mutex_lock(&vcpu->model->lock);
    result = wait_locked(vcpu, for_irq, for_prod, left_us);
    g_mutex_unlock(&vcpu->model->lock);
    return result;
}

void
model_vcpu_kick(AccelVcpu *accel_vcpu)
{
    ModelVcpu *vcpu = (ModelVcpu *)accel_vcpu;

    g_atomic_int_set(&vcpu->kicked, 1);
    g_mutex_lock(&vcpu->model->lock);
    g_cond_broadcast(&vcpu->model->wake);
    g_mutex_unlock(&vcpu->model->lock);
}

/* ---- running ------------------------------------------------------------------------------- */

static void
finish_hcall(ModelVcpu *vcpu, const AccelExit *exit)
{
    *model_core(vcpu, VDEV_REG_GPR(3)) = (guint64)exit->hcall.ret;
    for (guint i = 0; i < G_N_ELEMENTS(exit->hcall.args); i++)
        *model_core(vcpu, VDEV_REG_GPR(4 + i)) = exit->hcall.args[i];
}

static void
finish_mmio(ModelVcpu *vcpu, const AccelExit *exit)
{
    guint64 value = 0;

    for (guint32 i = 0; i < vcpu->mmio_n; i++)
        value = value << 8 | exit->mmio.data[i];
    if (vcpu->mmio_n != 0)
        *model_core(vcpu, VDEV_REG_GPR(3)) = value;
}

static void
finish_exit(ModelVcpu *vcpu, const AccelExit *exit)
{
    if (vcpu->pending == ACCEL_EXIT_HCALL)
        finish_hcall(vcpu, exit);
    else if (vcpu->pending == ACCEL_EXIT_MMIO)
        finish_mmio(vcpu, exit);
    vcpu->pending = ACCEL_EXIT_INTR;
}

static gboolean
injected_failure(ModelVcpu *vcpu, AccelCall call, const char *name, AccelExit *exit)
{
    gint result = accel_fault_strikes(vcpu->model->fault, call);

    if (result == 0)
        return FALSE;
    exit->kind = ACCEL_EXIT_FAILED;
    g_snprintf(exit->message, sizeof(exit->message), "vCPU %u: %s: %s", vcpu->id, name,
               g_strerror(-result));
    return TRUE;
}

void
model_vcpu_complete(AccelVcpu *accel_vcpu, AccelExit *exit)
{
    ModelVcpu *vcpu = (ModelVcpu *)accel_vcpu;

    finish_exit(vcpu, exit);
    injected_failure(vcpu, ACCEL_CALL_VCPU_COMPLETE, "vcpu_complete", exit);
}

static void
enter_guest(ModelVcpu *vcpu)
{
    g_mutex_lock(&vcpu->model->lock);
    if (vcpu->server != NULL)
        xive_tctx_push(&vcpu->server->tctx, vcpu->server->server);
    g_mutex_unlock(&vcpu->model->lock);
}

static void
leave_guest(ModelVcpu *vcpu)
{
    g_mutex_lock(&vcpu->model->lock);
    if (vcpu->server != NULL)
        xive_tctx_pull(&vcpu->server->tctx);
    g_mutex_unlock(&vcpu->model->lock);
}

void
model_vcpu_run(AccelVcpu *accel_vcpu, AccelExit *exit)
{
    ModelVcpu *vcpu = (ModelVcpu *)accel_vcpu;
    gboolean goes_on = TRUE;

    finish_exit(vcpu, exit);
    memset(exit, 0, sizeof(*exit));
    if (injected_failure(vcpu, ACCEL_CALL_VCPU_RUN, "vcpu_run", exit))
        return;
    enter_guest(vcpu);
    while (goes_on) {
        exit->kind = ACCEL_EXIT_INTR;
        goes_on = g_atomic_int_get(&vcpu->kicked) == 0 && model_exec(vcpu, exit);
    }
    if (exit->kind == ACCEL_EXIT_INTR) /* the kick is answered, seen here or in a wait */
        g_atomic_int_set(&vcpu->kicked, 0);
    leave_guest(vcpu);
}
