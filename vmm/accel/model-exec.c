/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How a vCPU goes through its script: where it stands, where it goes next, what its variables are.
 * What the steps do is model-step.c.
 *
 * The position is in the PC, with a mark and a hash of the section: a PC without the mark is an
 * entry address, given by a reset or by start-cpu, and the section begins, or that of a handler,
 * given by an interrupt; a PC with another hash comes from another script.
 */
#include "vmm/accel/model-script.h"

#include "vmm/accel/model.h"

#define PC_MARK_FIELD LSB_FIELD64(63, 56)
#define PC_HASH_FIELD LSB_FIELD64(55, 32)
#define PC_STEP_FIELD LSB_FIELD64(31, 0)
#define PC_MARK       0x5cu

#define FIRST_VARIABLE_GPR 14
#define VARIABLE_GPRS      18

guint64 *
model_variable(ModelVcpu *vcpu, guint64 index)
{
    guint64 word = index - VARIABLE_GPRS; /* of the vector registers, both kinds in a row */

    g_assert(index < MODEL_VARS_MAX);
    if (index < VARIABLE_GPRS)
        return model_core(vcpu, VDEV_REG_GPR(FIRST_VARIABLE_GPR + index));
    if (word < 64)
        return &model_reg(vcpu, VDEV_REG_VSR(word / 2))->words[word % 2];
    return &model_reg(vcpu, VDEV_REG_VR((word - 64) / 2))->words[word % 2];
}

static guint64
pc_make(const ModelSection *section, guint step)
{
    return bits_set(PC_MARK_FIELD, 0, PC_MARK) | bits_set(PC_HASH_FIELD, 0, section->hash) | step;
}

/* The guest's first instructions: it notes where it was entered and, on the boot vCPU, where the
 * device tree is. */
static void
section_begin(ModelVcpu *vcpu, const ModelSection *section)
{
    Model *model = vcpu->model;
    guint64 *pc = model_core(vcpu, VDEV_REG_PC);
    guint64 r3 = *model_core(vcpu, VDEV_REG_GPR(3));
    gboolean is_tree = model_fdt_is_at(model, r3);

    *model_core(vcpu, VDEV_REG_CTR) = *pc;
    for (guint i = 0; i < MODEL_VARS_MAX; i++)
        *model_variable(vcpu, i) = 0;
    g_mutex_lock(&model->lock);
    if (is_tree)
        model->fdt = r3;
    *model_core(vcpu, MODEL_REG_FDT) = model->fdt;
    g_mutex_unlock(&model->lock);
    *pc = pc_make(section, 0);
}

/* Someone put the address of a handler into the PC: the section goes on there. */
static gboolean
enter_vector(guint64 *pc, const ModelSection *section)
{
    for (guint i = 0; i < section->vectors->len; i++) {
        const ModelVector *vector = &g_array_index(section->vectors, ModelVector, i);

        if (vector->address != *pc)
            continue;
        *pc = pc_make(section, vector->step);
        return TRUE;
    }
    return FALSE;
}

static gboolean
foreign_position(const ModelVcpu *vcpu, AccelExit *exit)
{
    exit->kind = ACCEL_EXIT_FAILED;
    g_snprintf(exit->message, sizeof(exit->message),
               "vCPU %u stands in another script; give the one that it was playing", vcpu->id);
    return FALSE;
}

/* As on hardware: an access that cannot be served has not happened. */
static gboolean
take_back(ModelVcpu *vcpu, AccelExit *exit)
{
    exit->kind = vcpu->pending = ACCEL_EXIT_INTR;
    return FALSE;
}

gboolean
model_exec(ModelVcpu *vcpu, AccelExit *exit)
{
    const ModelSection *section = model_script_section(vcpu->model->script, vcpu->id);
    guint64 *pc = model_core(vcpu, VDEV_REG_PC);
    const ModelStep *step;
    guint position;
    ModelGo go;

    if (section == NULL) {
        exit->kind = ACCEL_EXIT_HALTED;
        return FALSE;
    }
    if (bits_get(PC_MARK_FIELD, *pc) != PC_MARK && !enter_vector(pc, section))
        section_begin(vcpu, section);
    position = (guint)bits_get(PC_STEP_FIELD, *pc);
    if (bits_get(PC_HASH_FIELD, *pc) != section->hash || position >= section->steps->len)
        return foreign_position(vcpu, exit);
    step = g_ptr_array_index(section->steps, position);
    go = model_step_play(vcpu, step, exit);
    if (g_atomic_int_get(&vcpu->model->accel.memory) == ACCEL_MEMORY_IS_LOST)
        return take_back(vcpu, exit);
    if (go == MODEL_GO_TARGET)
        *pc = pc_make(section, step->target);
    else if (go != MODEL_GO_STAY && go != MODEL_GO_JUMPED)
        *pc = pc_make(section, position + 1);
    return go == MODEL_GO_NEXT || go == MODEL_GO_TARGET || go == MODEL_GO_JUMPED;
}
