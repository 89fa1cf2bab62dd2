/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Registers and fields: the table, and the two loops over it.
 */
#include "hw-spapr/cpu-regs.h"

#include <errno.h>
#include <string.h>

#include "vdev/kvm-ppc.h"

typedef enum {
    REG_U64,  /* a guint64 */
    REG_U32,  /* a 32-bit register in a guint64 */
    REG_WORD, /* a 32-bit register in a guint32 */
    REG_CR,   /* eight fields of four bits */
    REG_VSR,  /* 128 bits: first doubleword in fpr, second in vsr */
    REG_VR,   /* 128 bits in a pair */
} RegKind;

typedef struct {
    const char *name;
    guint64 reg;  /* the first of @n, numbered one by one */
    gsize offset; /* in CpuState */
    RegKind kind;
    guint n;           /* 0: one */
    gboolean optional; /* some processors or kernels lack it */
} RegRow;

#define FIELD(member) G_STRUCT_OFFSET(CpuState, member)
#define SPR(number)   (FIELD(spr) + (number) * sizeof(guint64))

#define SPR_DECR 22
#define SPR_LPCR 318
#define SPR_PVR  287

/* Order of setting: what other registers depend on comes first. */
static const RegRow rows[] = {
    {"ARCH_COMPAT", VDEV_REG_ARCH_COMPAT, FIELD(compat_pvr), REG_WORD, .optional = TRUE},
    {"LPCR", VDEV_REG_LPCR, SPR(SPR_LPCR), REG_U64},
    {"GPRs", VDEV_REG_GPR(0), FIELD(gpr), REG_U64, 32},
    {"PC", VDEV_REG_PC, FIELD(nip), REG_U64},
    {"MSR", VDEV_REG_MSR, FIELD(msr), REG_U64},
    {"CR", VDEV_REG_CR, FIELD(crf), REG_CR},
    {"XER", VDEV_REG_XER, SPR(1), REG_U64},
    {"LR", VDEV_REG_LR, SPR(8), REG_U64},
    {"CTR", VDEV_REG_CTR, SPR(9), REG_U64},
    {"SRR0", VDEV_REG_SRR0, SPR(26), REG_U64},
    {"SRR1", VDEV_REG_SRR1, SPR(27), REG_U64},
    {"SPRGs", VDEV_REG_SPRG(0), SPR(272), REG_U64, 4},
    {"PID", VDEV_REG_PID, SPR(48), REG_U64},
    {"DSCR", VDEV_REG_DSCR, SPR(17), REG_U64},
    {"DSISR", VDEV_REG_DSISR, SPR(18), REG_U32},
    {"DAR", VDEV_REG_DAR, SPR(19), REG_U64},
    {"AMR", VDEV_REG_AMR, SPR(29), REG_U64},
    {"ACOP", VDEV_REG_ACOP, SPR(31), REG_U64, .optional = TRUE},
    {"IAMR", VDEV_REG_IAMR, SPR(61), REG_U64},
    {"UAMOR", VDEV_REG_UAMOR, SPR(157), REG_U64},
    {"FSCR", VDEV_REG_FSCR, SPR(153), REG_U64},
    {"PSPB", VDEV_REG_PSPB, SPR(159), REG_U32},
    {"TIDR", VDEV_REG_TIDR, SPR(144), REG_U64, .optional = TRUE},
    {"DPDES", VDEV_REG_DPDES, SPR(176), REG_U64, .optional = TRUE},
    {"DAWR", VDEV_REG_DAWR, SPR(180), REG_U64, .optional = TRUE},
    {"DAWR1", VDEV_REG_DAWR1, SPR(181), REG_U64, .optional = TRUE},
    {"CIABR", VDEV_REG_CIABR, SPR(187), REG_U64, .optional = TRUE},
    {"DAWRX", VDEV_REG_DAWRX, SPR(188), REG_U64, .optional = TRUE},
    {"DAWRX1", VDEV_REG_DAWRX1, SPR(189), REG_U64, .optional = TRUE},
    {"VRSAVE", VDEV_REG_VRSAVE, SPR(256), REG_U32},
    {"SPURR", VDEV_REG_SPURR, SPR(308), REG_U64, .optional = TRUE},
    {"PURR", VDEV_REG_PURR, SPR(309), REG_U64, .optional = TRUE},
    {"SIER2", VDEV_REG_SIER2, SPR(752), REG_U64, .optional = TRUE},
    {"SIER3", VDEV_REG_SIER3, SPR(753), REG_U64, .optional = TRUE},
    {"MMCR3", VDEV_REG_MMCR3, SPR(754), REG_U64, .optional = TRUE},
    {"SIER", VDEV_REG_SIER, SPR(784), REG_U64, .optional = TRUE},
    {"MMCR2", VDEV_REG_MMCR2, SPR(785), REG_U64},
    {"MMCRA", VDEV_REG_MMCRA, SPR(786), REG_U64},
    {"PMCs", VDEV_REG_PMC(1), SPR(787), REG_U32, 6},
    {"MMCR0", VDEV_REG_MMCR0, SPR(795), REG_U64},
    {"SIAR", VDEV_REG_SIAR, SPR(796), REG_U64, .optional = TRUE},
    {"SDAR", VDEV_REG_SDAR, SPR(797), REG_U64, .optional = TRUE},
    {"MMCR1", VDEV_REG_MMCR1, SPR(798), REG_U64},
    {"EBBHR", VDEV_REG_EBBHR, SPR(804), REG_U64},
    {"EBBRR", VDEV_REG_EBBRR, SPR(805), REG_U64},
    {"BESCR", VDEV_REG_BESCR, SPR(806), REG_U64},
    {"TAR", VDEV_REG_TAR, SPR(815), REG_U64},
    {"IC", VDEV_REG_IC, SPR(848), REG_U64, .optional = TRUE},
    {"VTB", VDEV_REG_VTB, SPR(849), REG_U64, .optional = TRUE},
    {"PSSCR", VDEV_REG_PSSCR, SPR(855), REG_U64, .optional = TRUE},
    {"TACR", VDEV_REG_TACR, SPR(888), REG_U64, .optional = TRUE},
    {"TCSCR", VDEV_REG_TCSCR, SPR(889), REG_U64, .optional = TRUE},
    {"CSIGR", VDEV_REG_CSIGR, SPR(890), REG_U64, .optional = TRUE},
    {"SPMC1", VDEV_REG_SPMC1, SPR(892), REG_U32, .optional = TRUE},
    {"SPMC2", VDEV_REG_SPMC2, SPR(893), REG_U32, .optional = TRUE},
    {"MMCRS", VDEV_REG_MMCRS, SPR(894), REG_U64, .optional = TRUE},
    {"WORT", VDEV_REG_WORT, SPR(895), REG_U64, .optional = TRUE},
    {"PPR", VDEV_REG_PPR, SPR(896), REG_U64},
    {"PTCR", VDEV_REG_PTCR, SPR(464), REG_U64, .optional = TRUE},
    {"DABR", VDEV_REG_DABR, SPR(1013), REG_U64, .optional = TRUE},
    {"DABRX", VDEV_REG_DABRX, SPR(1015), REG_U32, .optional = TRUE},
    {"VSRs", VDEV_REG_VSR(0), FIELD(fpr), REG_VSR, 32},
    {"VRs", VDEV_REG_VR(0), FIELD(avr), REG_VR, 32},
    {"FPSCR", VDEV_REG_FPSCR, FIELD(fpscr), REG_U64},
    {"VSCR", VDEV_REG_VSCR, FIELD(vscr), REG_WORD},
};

/* A register's value: 128-bit ones are numbers in host order. */
typedef union {
    guint32 word;
    guint64 u64;
    guint64 wide[2];
    guint8 bytes[VDEV_REG_SIZE_MAX];
} RegValue;

#define HIGH (G_BYTE_ORDER == G_BIG_ENDIAN ? 0 : 1)
#define LOW  (1 - HIGH)

/* --- One register -------------------------------------------------------- */

static guint32
cr_pack(const guint32 crf[8])
{
    guint32 cr = 0;

    for (guint i = 0; i < 8; i++)
        cr |= (crf[i] & 0xf) << (28 - 4 * i);
    return cr;
}

static void
to_field(const RegRow *row, guint i, const RegValue *value, CpuState *own)
{
    guint8 *at = (guint8 *)own + row->offset;

    switch (row->kind) {
    case REG_U64: ((guint64 *)at)[i] = value->u64; break;
    case REG_U32: ((guint64 *)at)[i] = value->word; break;
    case REG_WORD: *(guint32 *)at = value->word; break;
    case REG_CR:
        for (guint f = 0; f < 8; f++)
            own->crf[f] = (guint32)(value->u64 >> (28 - 4 * f)) & 0xf;
        break;
    case REG_VSR:
        own->fpr[i] = value->wide[HIGH];
        own->vsr[i] = value->wide[LOW];
        break;
    case REG_VR:
        own->avr[i][0] = value->wide[HIGH];
        own->avr[i][1] = value->wide[LOW];
        break;
    }
}

static RegValue
from_field(const RegRow *row, guint i, const CpuState *own)
{
    const guint8 *at = (const guint8 *)own + row->offset;
    RegValue value = {.wide = {0, 0}};

    switch (row->kind) {
    case REG_U64: value.u64 = ((const guint64 *)at)[i]; break;
    case REG_U32: value.word = (guint32)((const guint64 *)at)[i]; break;
    case REG_WORD: value.word = *(const guint32 *)at; break;
    case REG_CR: value.u64 = cr_pack(own->crf); break;
    case REG_VSR:
        value.wide[HIGH] = own->fpr[i];
        value.wide[LOW] = own->vsr[i];
        break;
    case REG_VR:
        value.wide[HIGH] = own->avr[i][0];
        value.wide[LOW] = own->avr[i][1];
        break;
    }
    return value;
}

/* What an operator can do about it. */
static const struct {
    gint errnum;
    const char *hint;
} hints[] = {
    {EINVAL, "; this kernel does not know it or not this value: move between hosts of one kernel "
             "version"},
    {ENOMEM, "; free some of the host's memory"},
    {EBUSY, "; the kernel still runs the vCPU"},
};

/* @i: which of a row of registers, or −1. Always FALSE. */
static gboolean
fail(const VdevHost *host, const VdevVcpu *vcpu, const char *doing, const char *name, gint i,
     gint result, GError **error)
{
    g_autofree char *which = i < 0 ? g_strdup(name) : g_strdup_printf("%s[%d]", name, i);
    const char *hint = "";

    for (gsize h = 0; h < G_N_ELEMENTS(hints); h++) {
        if (hints[h].errnum == -result)
            hint = hints[h].hint;
    }
    return state_refuse(error, g_file_error_from_errno(-result), "vCPU %u: %s %s: %s%s",
                        host->vcpu_id(host, vcpu), doing, which, g_strerror(-result), hint);
}

/* --- All of them --------------------------------------------------------- */

static gboolean
fill_row(const VdevHost *host, VdevVcpu *vcpu, const RegRow *row, CpuState *own, GError **error)
{
    for (guint i = 0; i < MAX(row->n, 1); i++) {
        RegValue value = {.wide = {0, 0}};
        gint result = host->vcpu_get(host, vcpu, row->reg + i, &value);

        if (result == -EINVAL && row->optional)
            continue;
        if (result != 0)
            return fail(host, vcpu, "reading", row->name, row->n == 0 ? -1 : (gint)i, result,
                        error);
        to_field(row, i, &value, own);
    }
    return TRUE;
}

static gboolean
apply_row(const VdevHost *host, VdevVcpu *vcpu, const RegRow *row, const CpuState *own,
          GError **error)
{
    for (guint i = 0; i < MAX(row->n, 1); i++) {
        RegValue value = from_field(row, i, own);
        gint result = host->vcpu_set(host, vcpu, row->reg + i, &value);

        if (result != 0 && !(result == -EINVAL && row->optional))
            return fail(host, vcpu, "setting", row->name, row->n == 0 ? -1 : (gint)i, result,
                        error);
    }
    return TRUE;
}

/* Exit causes of power saving, as POWER9 has them: doorbells, external, decrementer, other. */
#define LPCR_EXITS (IBM_BIT64(47) | IBM_BIT64(48) | IBM_BIT64(49) | IBM_BIT64(50) | IBM_BIT64(51))

#define LPCR_LARGE_DECREMENTER IBM_BIT64(46)

gboolean
cpu_regs_stopped(const CpuState *own)
{
    return own->halted != 0 && (own->spr[SPR_LPCR] & LPCR_EXITS) == 0;
}

static gboolean
read_pvr(const VdevHost *host, VdevVcpu *vcpu, guint64 *pvr, GError **error)
{
    gint result = host->vcpu_get(host, vcpu, VDEV_REG_PVR, pvr);

    return result == 0 || fail(host, vcpu, "reading", "PVR", -1, result, error);
}

gboolean
cpu_regs_fill(const VdevHost *host, VdevVcpu *vcpu, CpuState *own, GError **error)
{
    own->compat_pvr = 0;
    if (!read_pvr(host, vcpu, &own->spr[SPR_PVR], error))
        return FALSE;
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        if (!fill_row(host, vcpu, &rows[i], own, error))
            return FALSE;
    }
    /* KVM does not let go of these bits; QEMU tells by them who is stopped. */
    if (!host->vcpu_started(host, vcpu))
        own->spr[SPR_LPCR] &= ~LPCR_EXITS;
    return TRUE;
}

#define PVR_FAMILY(pvr) ((guint32)(pvr) >> 16)

gboolean
cpu_regs_apply(const VdevHost *host, VdevVcpu *vcpu, const CpuState *own, GError **error)
{
    guint64 pvr = 0;

    if (!read_pvr(host, vcpu, &pvr, error))
        return FALSE;
    if (own->compat_pvr == 0 && PVR_FAMILY(pvr) != PVR_FAMILY(own->spr[SPR_PVR]))
        return state_refuse(error, G_FILE_ERROR_NOSYS,
                            "vCPU %u: the guest runs on a processor with PVR 0x%08x, this one has "
                            "0x%08x",
                            host->vcpu_id(host, vcpu), (guint32)own->spr[SPR_PVR], (guint32)pvr);
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        if (!apply_row(host, vcpu, &rows[i], own, error))
            return FALSE;
    }
    return TRUE;
}

/* --- The decrementer ----------------------------------------------------- */

/* KVM keeps the time at which the decrementer will be negative, the stream its value. */
gboolean
cpu_regs_fill_decrementer(const VdevHost *host, VdevVcpu *vcpu, CpuState *own, GError **error)
{
    guint64 expiry = 0;
    guint64 now = 0;
    gint result = host->vcpu_get(host, vcpu, VDEV_REG_DEC_EXPIRY, &expiry);

    if (result == -EINVAL)
        return TRUE; /* older kernels have no such register */
    if (result == 0)
        result = host->timebase_get(host, &now);
    if (result != 0)
        return fail(host, vcpu, "reading", "DEC_EXPIRY", -1, result, error);
    own->spr[SPR_DECR] = expiry - now;
    if ((own->spr[SPR_LPCR] & LPCR_LARGE_DECREMENTER) == 0)
        own->spr[SPR_DECR] = (guint32)own->spr[SPR_DECR];
    return TRUE;
}

gboolean
cpu_regs_apply_decrementer(const VdevHost *host, VdevVcpu *vcpu, GError **error)
{
    guint64 now = 0;
    gint result = host->timebase_get(host, &now);

    if (result == 0)
        result = host->vcpu_set(host, vcpu, VDEV_REG_DEC_EXPIRY, &now);
    return result == 0 || result == -EINVAL ||
           fail(host, vcpu, "setting", "DEC_EXPIRY", -1, result, error);
}

/* --- Registered areas ---------------------------------------------------- */

gboolean
cpu_regs_fill_areas(const VdevHost *host, VdevVcpu *vcpu, CpuState *own, GError **error)
{
    guint64 shadow[2] = {0, 0}; /* address, length */
    guint64 dtl[2] = {0, 0};
    gint result = host->vcpu_get(host, vcpu, VDEV_REG_VPA_ADDR, &own->vpa);

    if (result != 0)
        return fail(host, vcpu, "reading", "VPA_ADDR", -1, result, error);
    result = host->vcpu_get(host, vcpu, VDEV_REG_VPA_SLB, shadow);
    if (result != 0)
        return fail(host, vcpu, "reading", "VPA_SLB", -1, result, error);
    result = host->vcpu_get(host, vcpu, VDEV_REG_VPA_DTL, dtl);
    if (result != 0)
        return fail(host, vcpu, "reading", "VPA_DTL", -1, result, error);
    own->shadow_addr = shadow[0];
    own->shadow_size = shadow[1];
    own->dtl_addr = dtl[0];
    own->dtl_size = dtl[1];
    return TRUE;
}

static gboolean
set_area(const VdevHost *host, VdevVcpu *vcpu, guint64 reg, const char *name, const void *value,
         GError **error)
{
    gint result = host->vcpu_set(host, vcpu, reg, value);

    return result == 0 || fail(host, vcpu, "setting", name, -1, result, error);
}

/* The VPA's parts are refused without it, and must be gone before it goes. */
gboolean
cpu_regs_apply_areas(const VdevHost *host, VdevVcpu *vcpu, const CpuState *own, GError **error)
{
    const guint64 none[2] = {0, 0};
    const guint64 shadow[2] = {own->shadow_addr, own->shadow_size};
    const guint64 dtl[2] = {own->dtl_addr, own->dtl_size};

    if (!set_area(host, vcpu, VDEV_REG_VPA_DTL, "VPA_DTL", none, error) ||
        !set_area(host, vcpu, VDEV_REG_VPA_SLB, "VPA_SLB", none, error) ||
        !set_area(host, vcpu, VDEV_REG_VPA_ADDR, "VPA_ADDR", &own->vpa, error))
        return FALSE;
    if (own->vpa == 0)
        return TRUE;
    return set_area(host, vcpu, VDEV_REG_VPA_SLB, "VPA_SLB", shadow, error) &&
           set_area(host, vcpu, VDEV_REG_VPA_DTL, "VPA_DTL", dtl, error);
}
