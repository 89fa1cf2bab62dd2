/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Registers of a model vCPU: a table of the one-reg ids that KVM serves on POWER9, and a cell for
 * each. Nothing computes with most of them; they are kept so that they survive a migration.
 *
 * A few have rules that KVM enforces and a caller can fall over; these are the hooks at the end of
 * the table. Transactional-memory registers are absent, as on hosts without it.
 *
 * Source: Linux Documentation/virt/kvm/api.rst 4.68; the register set that a trial saved and
 * restored.
 */
#include "vmm/accel/model.h"

#include <errno.h>
#include <string.h>

#define LPCR_RESET G_GUINT64_CONSTANT(0x004000000054f41f)
#define LPCR_SETTABLE \
    (LSB_FIELD64(54, 52) | VDEV_LPCR_ILE | VDEV_LPCR_AIL_MASK | LSB_BIT64(17) | LSB_BIT64(9))
#define MMCR0_FC        G_GUINT64_CONSTANT(0x80000000)
#define TB_OFFSET_GRAIN (G_GUINT64_CONSTANT(1) << 24)
#define DTL_ENTRY_SIZE  48

typedef struct {
    guint64 first; /* id */
    guint count;   /* ids that follow one another */
    guint64 reset;
} RegRow;

static const RegRow rows[] = {
    {VDEV_REG_CORE(0), 49, 0},                              /* must stay first: model_core() */
    {VDEV_REG_PVR, 1, MODEL_PVR}, {VDEV_REG_VSR(0), 32, 0}, /* the FPRs are their first doublewords
                                                             */
    {VDEV_REG_VR(0), 32, 0},      {VDEV_REG_HIOR, 1, 0},          {VDEV_REG_DABR, 1, 0},
    {VDEV_REG_DSCR, 1, 0},        {VDEV_REG_PURR, 1, 0},          {VDEV_REG_SPURR, 1, 0},
    {VDEV_REG_DAR, 1, 0},         {VDEV_REG_DSISR, 1, 0},         {VDEV_REG_AMR, 1, 0},
    {VDEV_REG_UAMOR, 1, 0},       {VDEV_REG_MMCR0, 1, MMCR0_FC},  {VDEV_REG_MMCR1, 1, 0},
    {VDEV_REG_MMCRA, 1, 0},       {VDEV_REG_MMCR2, 1, 0},         {VDEV_REG_MMCRS, 1, 0},
    {VDEV_REG_SIAR, 1, 0},        {VDEV_REG_SDAR, 1, 0},          {VDEV_REG_SIER, 1, 0},
    {VDEV_REG_PMC(1), 8, 0},      {VDEV_REG_FPSCR, 1, 0},         {VDEV_REG_VSCR, 1, 0},
    {VDEV_REG_VPA_ADDR, 1, 0},    {VDEV_REG_VPA_SLB, 1, 0},       {VDEV_REG_VPA_DTL, 1, 0},
    {VDEV_REG_TB_OFFSET, 1, 0},   {VDEV_REG_SPMC1, 1, 0},         {VDEV_REG_SPMC2, 1, 0},
    {VDEV_REG_IAMR, 1, 0},        {VDEV_REG_FSCR, 1, 0},          {VDEV_REG_PSPB, 1, 0},
    {VDEV_REG_EBBHR, 1, 0},       {VDEV_REG_EBBRR, 1, 0},         {VDEV_REG_BESCR, 1, 0},
    {VDEV_REG_TAR, 1, 0},         {VDEV_REG_DPDES, 1, 0},         {VDEV_REG_DAWR, 1, 0},
    {VDEV_REG_DAWRX, 1, 0},       {VDEV_REG_CIABR, 1, 0},         {VDEV_REG_IC, 1, 0},
    {VDEV_REG_VTB, 1, 0},         {VDEV_REG_CSIGR, 1, 0},         {VDEV_REG_TACR, 1, 0},
    {VDEV_REG_TCSCR, 1, 0},       {VDEV_REG_PID, 1, 0},           {VDEV_REG_ACOP, 1, 0},
    {VDEV_REG_VRSAVE, 1, 0},      {VDEV_REG_LPCR, 1, LPCR_RESET}, {VDEV_REG_PPR, 1, 0},
    {VDEV_REG_ARCH_COMPAT, 1, 0}, {VDEV_REG_DABRX, 1, 0},         {VDEV_REG_WORT, 1, 0},
    {VDEV_REG_TIDR, 1, 0},        {VDEV_REG_PSSCR, 1, 0},         {VDEV_REG_DEC_EXPIRY, 1, 0},
    {VDEV_REG_ONLINE, 1, 0},      {VDEV_REG_PTCR, 1, 0},          {VDEV_REG_MMCR3, 1, 0},
    {VDEV_REG_SIER2, 1, 0},       {VDEV_REG_SIER3, 1, 0},         {VDEV_REG_DAWR1, 1, 0},
    {VDEV_REG_DAWRX1, 1, 0},
};

ModelReg *
model_regs_new(void)
{
    gsize n = 0, at = 0;
    ModelReg *regs;

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++)
        n += rows[i].count;
    regs = g_new0(ModelReg, n);
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        for (guint j = 0; j < rows[i].count; j++)
            regs[at++].words[0] = rows[i].reset;
    }
    return regs;
}

ModelReg *
model_reg(ModelVcpu *vcpu, guint64 reg)
{
    gsize at = 0;

    if (reg >= VDEV_REG_FPR(0) && reg <= VDEV_REG_FPR(31))
        reg = reg - VDEV_REG_FPR(0) + VDEV_REG_VSR(0);
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        if (reg >= rows[i].first && reg - rows[i].first < rows[i].count)
            return &vcpu->regs[at + (gsize)(reg - rows[i].first)];
        at += rows[i].count;
    }
    return NULL;
}

guint64 *
model_core(ModelVcpu *vcpu, guint64 reg)
{
    g_assert(reg >= VDEV_REG_CORE(0) && reg < VDEV_REG_CORE(VDEV_REG_CORE_N));
    return &vcpu->regs[reg - VDEV_REG_CORE(0)].words[0];
}

/* ---- values as wide as their id ------------------------------------------------------------ */

static void
value_out(guint64 reg, const ModelReg *cell, void *value)
{
    guint32 narrow = (guint32)cell->words[0];

    if (VDEV_REG_SIZE(reg) == sizeof(narrow))
        memcpy(value, &narrow, sizeof(narrow));
    else
        memcpy(value, cell->words, VDEV_REG_SIZE(reg));
}

static void
value_in(guint64 reg, ModelReg *cell, const void *value)
{
    guint32 narrow;

    if (VDEV_REG_SIZE(reg) == sizeof(narrow)) {
        memcpy(&narrow, value, sizeof(narrow));
        cell->words[0] = narrow;
    } else {
        memcpy(cell->words, value, VDEV_REG_SIZE(reg));
    }
}

/* ---- VP state: the part of the thread context that KVM moves ------------------------------- */

static gint
vp_get_locked(ModelVcpu *vcpu, guint64 *words)
{
    if (vcpu->server == NULL)
        return -EPERM;
    words[0] = xive_tctx_vp(&vcpu->server->tctx).raw;
    words[1] = 0;
    return 0;
}

static gint
vp_set_locked(ModelVcpu *vcpu, const guint64 *words)
{
    if (vcpu->server == NULL)
        return -EPERM;
    if (xive_tctx_is_pushed(&vcpu->server->tctx))
        return -EBUSY;
    xive_tctx_set_vp(&vcpu->server->tctx, (be64){words[0]});
    return 0;
}

/* ---- registers with rules ------------------------------------------------------------------ */

/* The two buffers hang on the area: it comes first and goes last. */
static gint
vpa_check(ModelVcpu *vcpu, guint64 reg, const ModelReg *wanted)
{
    guint64 address = wanted->words[0];
    guint64 area = model_reg(vcpu, VDEV_REG_VPA_ADDR)->words[0];

    if (reg == VDEV_REG_VPA_ADDR)
        return address == 0 && (model_reg(vcpu, VDEV_REG_VPA_SLB)->words[0] != 0 ||
                                model_reg(vcpu, VDEV_REG_VPA_DTL)->words[0] != 0)
                   ? -EINVAL
                   : 0;
    if (address == 0)
        return 0;
    if (area == 0 || (reg == VDEV_REG_VPA_DTL && wanted->words[1] < DTL_ENTRY_SIZE))
        return -EINVAL;
    return 0;
}

/* What KVM makes of @wanted; −errno if it refuses. */
static gint
reg_filter(ModelVcpu *vcpu, guint64 reg, const ModelReg *cell, ModelReg *wanted)
{
    guint64 *word = &wanted->words[0];

    switch (reg) {
    case VDEV_REG_PVR: return *word == MODEL_PVR ? 0 : -EINVAL;
    case VDEV_REG_LPCR:
        *word = (cell->words[0] & ~LPCR_SETTABLE) | (*word & LPCR_SETTABLE);
        return 0;
    case VDEV_REG_TB_OFFSET:
        *word = (*word + TB_OFFSET_GRAIN - 1) & ~(TB_OFFSET_GRAIN - 1);
        return 0;
    case VDEV_REG_VPA_ADDR:
    case VDEV_REG_VPA_SLB:
    case VDEV_REG_VPA_DTL: return vpa_check(vcpu, reg, wanted);
    default: return 0;
    }
}

/* ---- the class ----------------------------------------------------------------------------- */

gint
model_vcpu_get(AccelVcpu *accel_vcpu, guint64 reg, void *value)
{
    ModelVcpu *vcpu = (ModelVcpu *)accel_vcpu;
    gint result = accel_fault_strikes(vcpu->model->fault, ACCEL_CALL_VCPU_GET);
    ModelReg *cell = model_reg(vcpu, reg);
    guint64 words[2];

    if (result != 0)
        return result;
    if (reg != VDEV_REG_VP_STATE && cell == NULL)
        return -EINVAL;
    g_mutex_lock(&vcpu->model->lock);
    if (reg == VDEV_REG_VP_STATE) {
        result = vp_get_locked(vcpu, words);
        if (result == 0)
            memcpy(value, words, sizeof(words));
    } else {
        value_out(reg, cell, value);
    }
    g_mutex_unlock(&vcpu->model->lock);
    return result;
}

gint
model_vcpu_set(AccelVcpu *accel_vcpu, guint64 reg, const void *value)
{
    ModelVcpu *vcpu = (ModelVcpu *)accel_vcpu;
    gint result = accel_fault_strikes(vcpu->model->fault, ACCEL_CALL_VCPU_SET);
    ModelReg *cell = model_reg(vcpu, reg);
    ModelReg wanted = {{0, 0}};

    if (result != 0)
        return result;
    if (reg != VDEV_REG_VP_STATE && cell == NULL)
        return -EINVAL;
    g_mutex_lock(&vcpu->model->lock);
    if (reg == VDEV_REG_VP_STATE) {
        value_in(reg, &wanted, value);
        result = vp_set_locked(vcpu, wanted.words);
    } else {
        wanted = *cell;
        value_in(reg, &wanted, value);
        result = reg_filter(vcpu, reg, cell, &wanted);
        if (result == 0)
            *cell = wanted;
        if (reg == VDEV_REG_PC) /* what it waited for is over */
            vcpu->wait_left_us = -1;
    }
    g_mutex_unlock(&vcpu->model->lock);
    return result;
}
