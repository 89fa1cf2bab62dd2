/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vCPUs over the register access of the host.
 */
#include "hw-spapr/cpu.h"

#include <errno.h>
#include <string.h>

#include "vdev/kvm-ppc.h"

#define IPI_LISNS  0x1000u     /* LISNs for IPIs, one a server: no id may reach it */
#define MMCR0_STOP 0x80000000u /* counters frozen, as KVM makes a vCPU */

/* Registers with another value than 0 after power-on, and all others that a guest may have left
 * behind. Order matters for the virtual processor area only: its parts before itself. */
static const struct {
    const char *name;
    guint64 reg;
    guint64 value;
    gboolean optional; /* some processors or kernels lack it */
} reset_registers[] = {
    {"MSR", VDEV_REG_MSR, VDEV_MSR_ENTRY},
    {"PC", VDEV_REG_PC, 0},
    {"CR", VDEV_REG_CR, 0},
    {"LR", VDEV_REG_LR, 0},
    {"CTR", VDEV_REG_CTR, 0},
    {"XER", VDEV_REG_XER, 0},
    {"SRR0", VDEV_REG_SRR0, 0},
    {"SRR1", VDEV_REG_SRR1, 0},
    {"VPA_DTL", VDEV_REG_VPA_DTL, 0},
    {"VPA_SLB", VDEV_REG_VPA_SLB, 0},
    {"VPA_ADDR", VDEV_REG_VPA_ADDR, 0},
    {"PID", VDEV_REG_PID, 0},
    {"DAR", VDEV_REG_DAR, 0},
    {"DSISR", VDEV_REG_DSISR, 0},
    {"AMR", VDEV_REG_AMR, 0},
    {"IAMR", VDEV_REG_IAMR, 0},
    {"UAMOR", VDEV_REG_UAMOR, 0},
    {"DSCR", VDEV_REG_DSCR, 0},
    {"FSCR", VDEV_REG_FSCR, 0},
    {"PSPB", VDEV_REG_PSPB, 0},
    {"PPR", VDEV_REG_PPR, 0},
    {"TAR", VDEV_REG_TAR, 0},
    {"EBBHR", VDEV_REG_EBBHR, 0},
    {"EBBRR", VDEV_REG_EBBRR, 0},
    {"BESCR", VDEV_REG_BESCR, 0},
    {"FPSCR", VDEV_REG_FPSCR, 0},
    {"VRSAVE", VDEV_REG_VRSAVE, 0},
    {"DPDES", VDEV_REG_DPDES, 0, TRUE},
    {"PSSCR", VDEV_REG_PSSCR, 0, TRUE},
    {"TIDR", VDEV_REG_TIDR, 0, TRUE},
    {"CIABR", VDEV_REG_CIABR, 0, TRUE},
    {"DAWR", VDEV_REG_DAWR, 0, TRUE},
    {"DAWRX", VDEV_REG_DAWRX, 0, TRUE},
    {"DAWR1", VDEV_REG_DAWR1, 0, TRUE},
    {"DAWRX1", VDEV_REG_DAWRX1, 0, TRUE},
    {"MMCR0", VDEV_REG_MMCR0, MMCR0_STOP},
    {"MMCR1", VDEV_REG_MMCR1, 0},
    {"MMCR2", VDEV_REG_MMCR2, 0},
    {"MMCRA", VDEV_REG_MMCRA, 0},
    {"PMC1", VDEV_REG_PMC(1), 0},
    {"PMC2", VDEV_REG_PMC(2), 0},
    {"PMC3", VDEV_REG_PMC(3), 0},
    {"PMC4", VDEV_REG_PMC(4), 0},
    {"PMC5", VDEV_REG_PMC(5), 0},
    {"PMC6", VDEV_REG_PMC(6), 0},
};

gboolean
cpus_check(const VdevHost *host, const char *machine, guint32 max_cpus, guint32 id_shift,
           GError **error)
{
    guint32 limit = MIN(host->cpu_info(host)->max_vcpus, IPI_LISNS);
    guint64 last = (guint64)(max_cpus - 1) << id_shift;

    if (last < limit)
        return TRUE;
    if (id_shift == 0)
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                    "-smp: %u vCPUs are too many; this host takes at most %u", max_cpus, limit);
    else
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                    "-smp: %u vCPUs are too many; %s numbers them in steps of %u, so this host "
                    "takes at most %u",
                    max_cpus, machine, 1u << id_shift, (limit - 1) / (1u << id_shift) + 1);
    return FALSE;
}

gboolean
cpus_make(CpuSet *cpus, const VdevHost *host, guint32 n, guint32 max, guint32 id_shift,
          GError **error)
{
    gint result;

    cpus->vcpus = g_new0(VdevVcpu *, max);
    cpus->n = max;
    cpus->id_shift = id_shift;
    for (guint32 i = 0; i < n; i++) {
        cpus->vcpus[i] = host->vcpu_new(host, cpus_id(cpus, i), error);
        if (cpus->vcpus[i] == NULL)
            return FALSE;
    }
    result = host->vcpu_get(host, cpus->vcpus[0], VDEV_REG_LPCR, &cpus->first_lpcr);
    if (result != 0) {
        g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(-result),
                    "vCPU 0: reading LPCR: %s", g_strerror(-result));
        return FALSE;
    }
    return TRUE;
}

gboolean
cpus_connect(CpuSet *cpus, Xive *xive, GError **error)
{
    for (guint32 i = 0; i < cpus->n; i++) {
        if (cpus->vcpus[i] != NULL && !xive_vcpu_connect(xive, cpus->vcpus[i], error))
            return FALSE;
    }
    return TRUE;
}

/* @value in the width of @reg; 128-bit registers can only be cleared. */
static gint
set_number(const VdevHost *host, VdevVcpu *vcpu, guint64 reg, guint64 value)
{
    guint8 wide[VDEV_REG_SIZE_MAX] = {0};
    guint32 word = (guint32)value;

    switch (VDEV_REG_SIZE(reg)) {
    case 4: return host->vcpu_set(host, vcpu, reg, &word);
    case 8: return host->vcpu_set(host, vcpu, reg, &value);
    default: return host->vcpu_set(host, vcpu, reg, wide);
    }
}

static gboolean
set_register(const VdevHost *host, VdevVcpu *vcpu, const char *name, guint64 reg, guint64 value,
             gboolean optional, GError **error)
{
    gint result = set_number(host, vcpu, reg, value);

    if (result == 0 || (optional && result == -EINVAL))
        return TRUE;
    g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(-result), "vCPU %u: setting %s: %s",
                host->vcpu_id(host, vcpu), name, g_strerror(-result));
    return FALSE;
}

/* Numbered registers: first id, how many. All 0 after power-on. */
static const struct {
    const char *name;
    guint64 first;
    guint n;
} reset_banks[] = {
    {"GPRs", VDEV_REG_GPR(0), 32},
    {"SPRGs", VDEV_REG_SPRG(0), 4},
    {"VSRs", VDEV_REG_VSR(0), 32},
    {"VRs", VDEV_REG_VR(0), 32},
};

static gboolean
reset_one(CpuSet *cpus, const VdevHost *host, VdevVcpu *vcpu, GError **error)
{
    cpus_stop(host, vcpu);
    for (guint b = 0; b < G_N_ELEMENTS(reset_banks); b++) {
        for (guint i = 0; i < reset_banks[b].n; i++) {
            if (!set_register(host, vcpu, reset_banks[b].name, reset_banks[b].first + i, 0, FALSE,
                              error))
                return FALSE;
        }
    }
    for (guint i = 0; i < G_N_ELEMENTS(reset_registers); i++) {
        if (!set_register(host, vcpu, reset_registers[i].name, reset_registers[i].reg,
                          reset_registers[i].value, reset_registers[i].optional, error))
            return FALSE;
    }
    return set_register(host, vcpu, "LPCR", VDEV_REG_LPCR, cpus->first_lpcr, FALSE, error);
}

gboolean
cpus_reset(CpuSet *cpus, const VdevHost *host, GError **error)
{
    for (guint32 i = 0; i < cpus->n; i++) {
        if (cpus->vcpus[i] != NULL && !reset_one(cpus, host, cpus->vcpus[i], error))
            return FALSE;
    }
    return TRUE;
}

/* What H_SET_MODE set before it was there. */
static gboolean
adopt_mode(CpuSet *cpus, const VdevHost *host, VdevVcpu *vcpu, GError **error)
{
    const guint64 mask = VDEV_LPCR_ILE | VDEV_LPCR_AIL_MASK;
    guint64 lpcr = 0;
    gint result = host->vcpu_get(host, cpus->vcpus[0], VDEV_REG_LPCR, &lpcr);

    if (result != 0) {
        g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(-result),
                    "vCPU 0: reading LPCR: %s", g_strerror(-result));
        return FALSE;
    }
    return set_register(host, vcpu, "LPCR", VDEV_REG_LPCR,
                        (cpus->first_lpcr & ~mask) | (lpcr & mask), FALSE, error);
}

gboolean
cpus_plug(CpuSet *cpus, const VdevHost *host, Xive *xive, guint32 index, GError **error)
{
    VdevVcpu *vcpu = host->vcpu_new(host, cpus_id(cpus, index), error);

    g_assert(index < cpus->n && cpus->vcpus[index] == NULL);
    if (vcpu == NULL)
        return FALSE;
    if (!xive_vcpu_connect(xive, vcpu, error)) {
        host->vcpu_park(host, vcpu);
        return FALSE;
    }
    cpus->vcpus[index] = vcpu;
    if (reset_one(cpus, host, vcpu, error) && adopt_mode(cpus, host, vcpu, error))
        return TRUE;
    cpus_unplug(cpus, host, xive, index);
    return FALSE;
}

void
cpus_unplug(CpuSet *cpus, const VdevHost *host, Xive *xive, guint32 index)
{
    VdevVcpu *vcpu = cpus->vcpus[index];

    cpus_stop(host, vcpu);
    xive_vcpu_disconnect(xive, cpus_id(cpus, index));
    cpus->vcpus[index] = NULL;
    host->vcpu_park(host, vcpu);
}

void
cpus_finish(CpuSet *cpus)
{
    g_free(cpus->vcpus);
    *cpus = (CpuSet){0};
}

guint32
cpus_id(const CpuSet *cpus, guint32 index)
{
    return index << cpus->id_shift;
}

VdevVcpu *
cpus_find(const CpuSet *cpus, guint64 id)
{
    guint64 index = id >> cpus->id_shift;

    return index < cpus->n && index << cpus->id_shift == id ? cpus->vcpus[index] : NULL;
}

gint
cpus_start(const VdevHost *host, VdevVcpu *vcpu, guint64 pc, guint64 r3)
{
    const struct {
        guint64 reg;
        guint64 value;
    } entry[] = {
        {VDEV_REG_PC, pc},
        {VDEV_REG_GPR(3), r3},
        {VDEV_REG_MSR, VDEV_MSR_ENTRY},
    };

    for (guint i = 0; i < G_N_ELEMENTS(entry); i++) {
        gint result = set_number(host, vcpu, entry[i].reg, entry[i].value);

        if (result != 0)
            return result;
    }
    return cpus_go_on(host, vcpu);
}

/* Tells KVM whose share of the core is in use; older kernels have no such register. */
static gint
set_online(const VdevHost *host, VdevVcpu *vcpu, guint32 online)
{
    gint result = host->vcpu_set(host, vcpu, VDEV_REG_ONLINE, &online);

    return result == -EINVAL ? 0 : result;
}

gint
cpus_go_on(const VdevHost *host, VdevVcpu *vcpu)
{
    gint result = set_online(host, vcpu, 1);

    if (result == 0)
        host->vcpu_start(host, vcpu);
    return result;
}

gint
cpus_stop(const VdevHost *host, VdevVcpu *vcpu)
{
    gint result = set_online(host, vcpu, 0);

    host->vcpu_stop(host, vcpu);
    return result;
}

gboolean
cpus_set_lpcr(const CpuSet *cpus, const VdevHost *host, guint64 mask, guint64 value)
{
    for (guint32 i = 0; i < cpus->n; i++) {
        guint64 lpcr = 0;

        if (cpus->vcpus[i] == NULL)
            continue;
        if (host->vcpu_get(host, cpus->vcpus[i], VDEV_REG_LPCR, &lpcr) != 0)
            return FALSE;
        lpcr = (lpcr & ~mask) | (value & mask);
        if (host->vcpu_set(host, cpus->vcpus[i], VDEV_REG_LPCR, &lpcr) != 0)
            return FALSE;
    }
    return TRUE;
}
