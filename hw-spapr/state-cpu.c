/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `cpu_common`, `cpu` and `spapr_cpu`: one vCPU in three sections.
 *
 * Not here: which register of the accelerator is which field (cpu-regs.h).
 * Source: docs/stream-format.md, cpu_common, cpu and spapr_cpu.
 */
#include "hw-spapr/cpu-regs.h"
#include "hw-spapr/platform.h"
#include "hw-spapr/restore.h"
#include "hw-spapr/state.h"
#include "vdev/kvm-ppc.h"

STATE_SUBSECTION_HOOKS(CpuState, present, exception, CPU_HAS_EXCEPTION)
STATE_SUBSECTION_HOOKS(CpuState, present, crash, CPU_HAS_CRASH)
STATE_SUBSECTION_HOOKS(CpuState, present, fpu, CPU_HAS_FPU)
STATE_SUBSECTION_HOOKS(CpuState, present, altivec, CPU_HAS_ALTIVEC)
STATE_SUBSECTION_HOOKS(CpuState, present, vsx, CPU_HAS_VSX)
STATE_SUBSECTION_HOOKS(CpuState, present, tm, CPU_HAS_TM)
STATE_SUBSECTION_HOOKS(CpuState, present, slb, CPU_HAS_SLB)
STATE_SUBSECTION_HOOKS(CpuState, present, bhrb, CPU_HAS_BHRB)
STATE_SUBSECTION_HOOKS(CpuState, present, compat, CPU_HAS_COMPAT)
STATE_SUBSECTION_HOOKS(CpuState, present, reservation, CPU_HAS_RESERVATION)
STATE_SUBSECTION_HOOKS(CpuState, present, stopped, CPU_HAS_STOPPED)
STATE_SUBSECTION_HOOKS(CpuState, present, vpa, CPU_HAS_VPA)
STATE_SUBSECTION_HOOKS(CpuState, present, shadow, CPU_HAS_SHADOW)
STATE_SUBSECTION_HOOKS(CpuState, present, dtl, CPU_HAS_DTL)

#define BITS_COMMON (1u << CPU_HAS_EXCEPTION | 1u << CPU_HAS_CRASH)
#define BITS_SPAPR  (1u << CPU_HAS_VPA | 1u << CPU_HAS_SHADOW | 1u << CPU_HAS_DTL)
#define BITS_CPU    ((1u << CPU_HAS_VPA) - 1 - BITS_COMMON)

static void
forget(CpuState *own, const VmsContext *context, guint32 bits)
{
    vms_remember(context, &own->present, sizeof(own->present));
    own->present &= ~bits;
}

/* --- cpu_common ---------------------------------------------------------- */

#define SUB(what, label, ...)                                       \
    static const VmsField what##_fields[] = {__VA_ARGS__, VMS_END}; \
    static const VmsState what##_state = {                          \
        .name = label,                                              \
        .version = 1,                                               \
        .oldest = 1,                                                \
        .fields = what##_fields,                                    \
        .needed = what##_needed,                                    \
        .pre_load = what##_arrives,                                 \
    };

SUB(exception, "cpu_common/exception_index", VMS_SCALAR(CpuState, exception_index))
SUB(crash, "cpu_common/crash_occurred", VMS_BOOL(CpuState, crash_occurred))

static const VmsField common_fields[] = {
    VMS_SCALAR(CpuState, halted),
    VMS_SCALAR(CpuState, interrupt_request),
    VMS_END,
};

static const VmsState *const common_subsections[] = {&exception_state, &crash_state, NULL};

static gboolean
common_pre_save(void *object, const VmsContext *context, GError **error)
{
    CpuState *own = object;
    const VdevHost *host = platform_host(own->platform);

    own->present &= ~BITS_COMMON;
    own->halted = !host->vcpu_started(host, own->vcpu);
    own->interrupt_request = 0;
    return TRUE;
}

static gboolean
common_pre_load(void *object, const VmsContext *context, GError **error)
{
    forget(object, context, BITS_COMMON);
    return TRUE;
}

static gboolean
common_check(const void *object, const VmsContext *context, GError **error)
{
    const CpuState *own = object;

    if ((own->present & 1u << CPU_HAS_CRASH) == 0 || !own->crash_occurred)
        return TRUE;
    return state_refuse(error, G_FILE_ERROR_NOSYS, "the guest's operating system has crashed");
}

const VmsState state_cpu_common = {
    .name = "cpu_common",
    .version = 1,
    .oldest = 1,
    .fields = common_fields,
    .subsections = common_subsections,
    .pre_save = common_pre_save,
    .pre_load = common_pre_load,
    .check = common_check,
};

/* --- cpu: subsections ---------------------------------------------------- */

static gboolean
with_slb_nr(const void *object, guint32 version, const VmsContext *context)
{
    return state_row(context)->no_spapr_cpu;
}

SUB(fpu, "cpu/fpu", VMS_ARRAY(CpuState, fpr, .as = "env.vsr", .type = "fpr"),
    VMS_SCALAR(CpuState, fpscr, .as = "env.fpscr"))
SUB(altivec, "cpu/altivec",
    VMS_PAIR_ARRAY(CpuState, avr, .as = "env.vsr", .type = "avr", .host_endian = TRUE),
    VMS_SCALAR(CpuState, vscr, .type = "cpu/altivec/vscr"))
SUB(vsx, "cpu/vsx", VMS_ARRAY(CpuState, vsr, .as = "env.vsr", .type = "vsr"))
SUB(tm, "cpu/tm", VMS_ARRAY(CpuState, tm_gpr, .as = "env.tm_gpr"),
    VMS_PAIR_ARRAY(CpuState, tm_vsr, .as = "env.tm_vsr", .type = "avr", .host_endian = TRUE),
    VMS_SCALAR(CpuState, tm_cr, .as = "env.tm_cr"), VMS_SCALAR(CpuState, tm_lr, .as = "env.tm_lr"),
    VMS_SCALAR(CpuState, tm_ctr, .as = "env.tm_ctr"),
    VMS_SCALAR(CpuState, tm_fpscr, .as = "env.tm_fpscr"),
    VMS_SCALAR(CpuState, tm_amr, .as = "env.tm_amr"),
    VMS_SCALAR(CpuState, tm_ppr, .as = "env.tm_ppr"),
    VMS_SCALAR(CpuState, tm_vrsave, .as = "env.tm_vrsave"),
    VMS_SCALAR(CpuState, tm_vscr, .as = "env.tm_vscr"),
    VMS_SCALAR(CpuState, tm_dscr, .as = "env.tm_dscr"),
    VMS_SCALAR(CpuState, tm_tar, .as = "env.tm_tar"))
SUB(bhrb, "cpu/bhrb", VMS_SCALAR(CpuState, bhrb_offset, .as = "env.bhrb_offset"),
    VMS_ARRAY(CpuState, bhrb, .as = "env.bhrb"))
SUB(compat, "cpu/compat", VMS_SCALAR(CpuState, compat_pvr))
SUB(reservation, "cpu/reservation", VMS_ARRAY(CpuState, reservation, .as = "env.reserve"))
SUB(stopped, "cpu/rtas_stopped", VMS_BOOL(CpuState, rtas_stopped))

static const VmsField slb_fields[] = {
    VMS_SCALAR(CpuState, slb_nr, .as = "mig_slb_nr", .exists = with_slb_nr),
    VMS_PAIR_ARRAY(CpuState, slb, .as = "env.slb", .type = "slbe"),
    VMS_END,
};

/* Releases from 9.2 on call the same bytes version 2, which older ones refuse. */
static const VmsState slb_state = {
    .name = "cpu/slb",
    .version = 2,
    .oldest = 1,
    .written = 1,
    .fields = slb_fields,
    .needed = slb_needed,
    .pre_load = slb_arrives,
};

static const VmsState *const cpu_subsections[] = {
    &fpu_state,  &altivec_state, &vsx_state,         &tm_state,      &slb_state,
    &bhrb_state, &compat_state,  &reservation_state, &stopped_state, NULL,
};

/* --- cpu ----------------------------------------------------------------- */

static gboolean
with_masks(const void *object, guint32 version, const VmsContext *context)
{
    return state_row(context)->old_masks;
}

static const VmsField cpu_fields[] = {
    VMS_PAD(8),
    VMS_ARRAY(CpuState, gpr, .as = "env.gpr"),
    VMS_ARRAY(CpuState, crf, .as = "env.crf"),
    VMS_SCALAR(CpuState, nip, .as = "env.nip"),
    VMS_ARRAY(CpuState, spr, .as = "env.spr"),
    VMS_SCALAR(CpuState, spe_acc, .as = "env.spe_acc"),
    VMS_SCALAR(CpuState, reserve_addr, .as = "env.reserve_addr"),
    VMS_SCALAR(CpuState, msr, .as = "env.msr"),
    VMS_SCALAR(CpuState, hflags, .as = "env.hflags_compat_nmsr"),
    VMS_SCALAR(CpuState, msr_mask, .as = "mig_msr_mask", .exists = with_masks),
    VMS_SCALAR(CpuState, insns_flags, .as = "mig_insns_flags", .exists = with_masks),
    VMS_SCALAR(CpuState, insns_flags2, .as = "mig_insns_flags2", .exists = with_masks),
    VMS_SCALAR(CpuState, nb_bats, .as = "mig_nb_BATs", .exists = with_masks),
    VMS_END,
};

#define MSR_TS LSB_FIELD64(34, 33) /* transaction state */

static gboolean
cpu_pre_save(void *object, const VmsContext *context, GError **error)
{
    CpuState *own = object;

    if (!cpu_regs_fill(platform_host(own->platform), own->vcpu, own, error) ||
        !cpu_regs_fill_decrementer(platform_host(own->platform), own->vcpu, own, error))
        return FALSE;
    own->present &= ~BITS_CPU;
    own->present |=
        1u << CPU_HAS_FPU | 1u << CPU_HAS_ALTIVEC | 1u << CPU_HAS_VSX | 1u << CPU_HAS_SLB;
    if (own->compat_pvr != 0 && !state_row(context)->no_compat)
        own->present |= 1u << CPU_HAS_COMPAT;
    own->slb_nr = STATE_SLB_NR;
    return TRUE;
}

static gboolean
cpu_pre_load(void *object, const VmsContext *context, GError **error)
{
    CpuState *own = object;

    forget(own, context, BITS_CPU);
    vms_remember(context, &own->compat_pvr, sizeof(own->compat_pvr));
    own->compat_pvr = 0;
    return TRUE;
}

static gboolean
cpu_check(const void *object, const VmsContext *context, GError **error)
{
    const CpuState *own = object;

    for (guint i = 0; i < G_N_ELEMENTS(own->crf); i++) {
        if (own->crf[i] > 0xf)
            return state_refuse(error, G_FILE_ERROR_INVAL,
                                "condition field %u is 0x%x; it has four bits", i, own->crf[i]);
    }
    if (own->slb_nr < 0 || own->slb_nr > (gint32)STATE_SLBS)
        return state_refuse(error, G_FILE_ERROR_INVAL, "%d segment entries; there are 0 to %u",
                            own->slb_nr, STATE_SLBS);
    if ((own->msr & MSR_TS) != 0 || (own->present & 1u << CPU_HAS_TM) != 0)
        return state_refuse(error, G_FILE_ERROR_NOSYS,
                            "the guest is in a memory transaction, which POWER9 KVM guests do not "
                            "have here: start it with cap-htm=off on the other side");
    return TRUE;
}

/* Into the accelerator with all the rest: restore.h. */
static gboolean
cpu_post_load(void *object, guint32 version, const VmsContext *context, GError **error)
{
    CpuState *own = object;

    vms_remember(context, &own->came, sizeof(own->came));
    own->came = TRUE;
    return TRUE;
}

const VmsState state_cpu = {
    .name = "cpu",
    .version = 5,
    .oldest = 5,
    .fields = cpu_fields,
    .subsections = cpu_subsections,
    .pre_save = cpu_pre_save,
    .pre_load = cpu_pre_load,
    .check = cpu_check,
    .post_load = cpu_post_load,
};

/* --- spapr_cpu ----------------------------------------------------------- */

SUB(shadow, "spapr_cpu/vpa/slb_shadow", VMS_SCALAR(CpuState, shadow_addr, .as = "slb_shadow_addr"),
    VMS_SCALAR(CpuState, shadow_size, .as = "slb_shadow_size"))
SUB(dtl, "spapr_cpu/vpa/dtl", VMS_SCALAR(CpuState, dtl_addr), VMS_SCALAR(CpuState, dtl_size))

static const VmsField vpa_fields[] = {
    VMS_SCALAR(CpuState, vpa, .as = "vpa_addr"),
    VMS_END,
};
static const VmsState *const vpa_subsections[] = {&shadow_state, &dtl_state, NULL};
static const VmsState vpa_state = {
    .name = "spapr_cpu/vpa",
    .version = 1,
    .oldest = 1,
    .fields = vpa_fields,
    .subsections = vpa_subsections,
    .needed = vpa_needed,
    .pre_load = vpa_arrives,
};
static const VmsState *const spapr_cpu_subsections[] = {&vpa_state, NULL};

static gboolean
spapr_cpu_needed(const void *object, const VmsContext *context)
{
    return !state_row(context)->no_spapr_cpu;
}

static gboolean
spapr_cpu_pre_save(void *object, const VmsContext *context, GError **error)
{
    CpuState *own = object;

    if (!cpu_regs_fill_areas(platform_host(own->platform), own->vcpu, own, error))
        return FALSE;
    own->present &= ~BITS_SPAPR;
    if (own->vpa != 0)
        own->present |= 1u << CPU_HAS_VPA;
    if (own->shadow_addr != 0)
        own->present |= 1u << CPU_HAS_SHADOW;
    if (own->dtl_addr != 0)
        own->present |= 1u << CPU_HAS_DTL;
    return TRUE;
}

/* What a sender leaves out is not registered. */
static gboolean
spapr_cpu_pre_load(void *object, const VmsContext *context, GError **error)
{
    CpuState *own = object;

    forget(own, context, BITS_SPAPR);
    vms_remember(context, &own->vpa, sizeof(own->vpa));
    vms_remember(context, &own->shadow_addr, sizeof(own->shadow_addr));
    vms_remember(context, &own->shadow_size, sizeof(own->shadow_size));
    vms_remember(context, &own->dtl_addr, sizeof(own->dtl_addr));
    vms_remember(context, &own->dtl_size, sizeof(own->dtl_size));
    own->vpa = own->shadow_addr = own->shadow_size = own->dtl_addr = own->dtl_size = 0;
    return TRUE;
}

static gboolean
check_area(const CpuState *own, const char *what, guint64 gpa, guint64 size, GError **error)
{
    const VdevHost *host = own->platform != NULL ? platform_host(own->platform) : NULL;

    if (gpa == 0)
        return TRUE;
    if (host != NULL && !host->guest_is_ram(host, gpa, size))
        return state_refuse(error, G_FILE_ERROR_INVAL,
                            "its %s of 0x%" G_GINT64_MODIFIER "x bytes at 0x%" G_GINT64_MODIFIER
                            "x is not in memory",
                            what, size, gpa);
    return TRUE;
}

static gboolean
spapr_cpu_check(const void *object, const VmsContext *context, GError **error)
{
    const CpuState *own = object;

    return check_area(own, "virtual processor area", own->vpa, CPU_REGS_VPA_SIZE, error) &&
           check_area(own, "segment shadow buffer", own->shadow_addr, own->shadow_size, error) &&
           check_area(own, "dispatch trace log", own->dtl_addr, own->dtl_size, error);
}

static gboolean
spapr_cpu_post_load(void *object, guint32 version, const VmsContext *context, GError **error)
{
    return restore_late_cpu(object, error);
}

const VmsState state_spapr_cpu = {
    .name = "spapr_cpu",
    .version = 1,
    .oldest = 1,
    .subsections = spapr_cpu_subsections,
    .needed = spapr_cpu_needed,
    .pre_save = spapr_cpu_pre_save,
    .pre_load = spapr_cpu_pre_load,
    .check = spapr_cpu_check,
    .post_load = spapr_cpu_post_load,
};
