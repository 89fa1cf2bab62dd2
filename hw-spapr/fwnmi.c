/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Registration, the two interrupts, and whose turn it is. See fwnmi.h.
 */
#include "hw-spapr/fwnmi.h"

#include <string.h>

#include "hw-spapr/platform.h"
#include "vdev/bits.h"
#include "vdev/kvm-ppc.h"

typedef struct {
    VdevVcpu *vcpu; /* blocked */
    gboolean recovered;
} FwnmiWaiting;

#define MSR_SF IBM_BIT64(0)
#define MSR_ME LSB_BIT64(12)
#define MSR_LE LSB_BIT64(0)

/* Bits of SRR1 that tell what an interrupt is about; a system reset by us is about nothing. */
#define SRR1_ABOUT G_GUINT64_CONSTANT(0x783f0000)

/* --- Whether there is any ------------------------------------------------ */

static gboolean
host_can(const Platform *platform)
{
    const VdevHost *host = platform_host(platform);

    return VDEV_HAS(host, vcpu_unblock) && host->vcpu_enable_fwnmi != NULL &&
           host->cpu_info(host)->have_fwnmi;
}

static gboolean
cap_is_on(const Platform *platform)
{
    return caps_value(&platform->caps, platform->row, STATE_CAP_FWNMI) != 0;
}

gboolean
fwnmi_offered(const Platform *platform)
{
    return cap_is_on(platform) && host_can(platform);
}

gboolean
fwnmi_check_host(const Platform *platform, GError **error)
{
    if (platform->caps.chosen[STATE_CAP_FWNMI] == 0 || !cap_is_on(platform) || host_can(platform))
        return TRUE;
    g_set_error_literal(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                        "cap-fwnmi=on: KVM on this host lacks capability 146 (PPC_FWNMI); leave it "
                        "out, use cap-fwnmi=off, or use a newer kernel");
    return FALSE;
}

static gboolean
registered(const Platform *platform)
{
    return platform->state.fwnmi_check != STATE_FWNMI_NONE;
}

/* --- Where the firmware tells -------------------------------------------- */

/* The address of @n bytes at @offset of RTAS's memory, or 0: the guest keeps less, or it is none.
 */
static guint64
area(const Platform *platform, guint64 offset, guint64 n)
{
    const VdevHost *host = platform_host(platform);
    const BootLayout *boot = &platform->boot;

    if (boot->rtas == 0 || offset + n > boot->rtas_size ||
        !host->guest_is_ram(host, boot->rtas, boot->rtas_size))
        return 0;
    return boot->rtas + offset;
}

/* --- Registers ----------------------------------------------------------- */

/* What an interrupt looks at. */
typedef struct {
    guint64 r3, pc, msr, srr1, dar, lpcr;
    guint32 dsisr;
} Registers;

static gboolean
fetch(const VdevHost *host, VdevVcpu *vcpu, Registers *regs)
{
    return host->vcpu_get(host, vcpu, VDEV_REG_GPR(3), &regs->r3) == 0 &&
           host->vcpu_get(host, vcpu, VDEV_REG_PC, &regs->pc) == 0 &&
           host->vcpu_get(host, vcpu, VDEV_REG_MSR, &regs->msr) == 0 &&
           host->vcpu_get(host, vcpu, VDEV_REG_SRR1, &regs->srr1) == 0 &&
           host->vcpu_get(host, vcpu, VDEV_REG_DAR, &regs->dar) == 0 &&
           host->vcpu_get(host, vcpu, VDEV_REG_DSISR, &regs->dsisr) == 0 &&
           host->vcpu_get(host, vcpu, VDEV_REG_LPCR, &regs->lpcr) == 0;
}

static gboolean
put(const VdevHost *host, VdevVcpu *vcpu, guint64 reg, guint64 value)
{
    return host->vcpu_set(host, vcpu, reg, &value) == 0;
}

/* Real mode, 64 bits, interrupts off, in the byte order that the guest chose for interrupts. */
static gboolean
enter(const VdevHost *host, VdevVcpu *vcpu, const Registers *regs, guint64 pc,
      guint64 machine_check)
{
    const guint64 order = (regs->lpcr & VDEV_LPCR_ILE) != 0 ? MSR_LE : 0;

    return put(host, vcpu, VDEV_REG_PC, pc) &&
           put(host, vcpu, VDEV_REG_MSR, MSR_SF | machine_check | order);
}

/* --- Machine checks ------------------------------------------------------ */

/* It cannot be told. Without harm that is a loss; with it the guest must not go on. */
static void
give_up(Platform *platform, VdevVcpu *vcpu, gboolean recovered, const char *why)
{
    const VdevHost *host = platform_host(platform);
    g_autofree char *text =
        g_strdup_printf("vCPU %u: a machine check cannot be told to the guest: %s%s",
                        host->vcpu_id(host, vcpu), why, recovered ? "; no harm is left" : "");

    if (recovered) {
        vdev_log(host, VDEV_LOG_WARNING, "%s", text);
        return;
    }
    host->vcpu_block(host, vcpu);
    host->guest_panicked(host, text);
}

static void
write_log(guint8 *bytes, const Registers *regs, gboolean recovered)
{
    EventCheck check = {.recovered = recovered};
    const be64 saved = be64_make(regs->r3);

    fwnmi_cause(&check, regs->pc, regs->srr1, regs->dsisr, regs->dar);
    memcpy(bytes, &saved, sizeof(saved));
    event_log_machine_check(bytes + sizeof(saved), &check);
}

/* To the handler: SRR0 and SRR1 are the processor's. Nothing is in the guest before all is known to
 * go well, but for a host that fails in the middle. */
static gboolean
deliver(Platform *platform, VdevVcpu *vcpu, gboolean recovered)
{
    const VdevHost *host = platform_host(platform);
    guint8 bytes[sizeof(be64) + EVENT_CHECK_SIZE];
    const guint64 log = area(platform, FWNMI_ERROR_LOG, sizeof(bytes));
    Registers regs;
    const char *why = NULL;

    if (log == 0)
        why = "there is no RTAS memory for its error log";
    else if (!fetch(host, vcpu, &regs))
        why = "its registers cannot be read";
    if (why == NULL) {
        write_log(bytes, &regs, recovered);
        if (!host->guest_write(host, log, bytes, sizeof(bytes)) ||
            !put(host, vcpu, VDEV_REG_GPR(3), log) ||
            !enter(host, vcpu, &regs, platform->state.fwnmi_check, MSR_ME))
            why = "its registers cannot be set";
    }
    if (why != NULL)
        give_up(platform, vcpu, recovered, why);
    else
        platform->state.fwnmi_interlock = (gint32)host->vcpu_id(host, vcpu);
    return why == NULL;
}

/* FW-1. A processor with machine checks off stops for good at one. */
static void
to_vector(Platform *platform, VdevVcpu *vcpu, gboolean recovered)
{
    const VdevHost *host = platform_host(platform);
    Registers regs;

    if (!fetch(host, vcpu, &regs))
        give_up(platform, vcpu, recovered, "its registers cannot be read");
    else if ((regs.srr1 & MSR_ME) == 0)
        give_up(platform, vcpu, recovered, "it had machine checks off (MSR[ME])");
    else if (!enter(host, vcpu, &regs, FWNMI_VECTOR_CHECK, 0))
        give_up(platform, vcpu, recovered, "its registers cannot be set");
}

void
fwnmi_machine_check(Platform *platform, VdevVcpu *vcpu, gboolean recovered)
{
    const VdevHost *host = platform_host(platform);
    const gint32 owner = platform->state.fwnmi_interlock;
    FwnmiWaiting *waiting;

    if (!registered(platform)) {
        to_vector(platform, vcpu, recovered);
    } else if (owner == -1) {
        (void)deliver(platform, vcpu, recovered);
    } else if (owner == (gint32)host->vcpu_id(host, vcpu)) {
        give_up(platform, vcpu, recovered, "it is handling another one"); /* FW-4 */
    } else {
        waiting = g_new(FwnmiWaiting, 1);
        *waiting = (FwnmiWaiting){vcpu, recovered};
        g_queue_push_tail(&platform->fwnmi.waiting, waiting);
        host->vcpu_block(host, vcpu);
    }
}

/* FW-3: the next one that can be told. */
static void
release(Platform *platform)
{
    const VdevHost *host = platform_host(platform);
    gboolean told = FALSE;

    platform->state.fwnmi_interlock = -1;
    while (!told && !g_queue_is_empty(&platform->fwnmi.waiting)) {
        g_autofree FwnmiWaiting *next = g_queue_pop_head(&platform->fwnmi.waiting);

        host->vcpu_unblock(host, next->vcpu);
        told = deliver(platform, next->vcpu, next->recovered);
    }
}

/* --- System resets ------------------------------------------------------- */

static gboolean
waits(const Platform *platform, const VdevVcpu *vcpu)
{
    for (const GList *at = platform->fwnmi.waiting.head; at != NULL; at = at->next) {
        if (((const FwnmiWaiting *)at->data)->vcpu == vcpu)
            return TRUE;
    }
    return FALSE;
}

/* FW-2. TRUE: r3 says where. */
static gboolean
save_r3(Platform *platform, VdevVcpu *vcpu, guint32 index, guint64 r3)
{
    const VdevHost *host = platform_host(platform);
    const be64 words[2] = {be64_make(r3), be64_make(0)};
    const guint64 at =
        area(platform, FWNMI_RESET_AREAS + (guint64)index * FWNMI_RESET_AREA, sizeof(words));

    G_STATIC_ASSERT(sizeof(words) == FWNMI_RESET_AREA);
    return at != 0 && host->guest_write(host, at, words, sizeof(words)) &&
           put(host, vcpu, VDEV_REG_GPR(3), at);
}

static gboolean
interrupt(Platform *platform, guint32 index)
{
    const VdevHost *host = platform_host(platform);
    VdevVcpu *vcpu = platform->cpus.vcpus[index];
    const guint64 handler = platform->state.fwnmi_reset;
    Registers regs;

    return fetch(host, vcpu, &regs) &&
           (handler == STATE_FWNMI_NONE || save_r3(platform, vcpu, index, regs.r3)) &&
           put(host, vcpu, VDEV_REG_SRR0, regs.pc) &&
           put(host, vcpu, VDEV_REG_SRR1, regs.msr & ~SRR1_ABOUT) &&
           enter(host, vcpu, &regs, handler == STATE_FWNMI_NONE ? FWNMI_VECTOR_RESET : handler,
                 regs.msr & MSR_ME);
}

/* One that waits with a machine check is passed over: its SRR0 and SRR1 are that one's. */
gboolean
fwnmi_system_reset(Platform *platform, GError **error)
{
    const VdevHost *host = platform_host(platform);
    const CpuSet *cpus = &platform->cpus;

    for (guint32 i = 0; i < cpus->n; i++) {
        VdevVcpu *vcpu = cpus->vcpus[i];

        if (vcpu == NULL || !host->vcpu_started(host, vcpu) || waits(platform, vcpu) ||
            interrupt(platform, i))
            continue;
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_FAILED,
                    "vCPU %u cannot be given a system reset: its registers cannot be set, or there "
                    "is no RTAS memory for what it had in r3",
                    cpus_id(cpus, i));
        return FALSE;
    }
    return TRUE;
}

/* --- RTAS ---------------------------------------------------------------- */

/* {handler of system resets, handler of machine checks}. Not supported is −3 too. */
gint32
rtas_ibm_nmi_register(void *owner, VdevVcpu *vcpu, VdevRtasCall *call)
{
    Platform *platform = owner;
    const VdevHost *host = platform_host(platform);
    const guint64 below = MIN(platform->config->ram_size, FWNMI_HANDLERS_BELOW);

    if (!fwnmi_offered(platform) ||
        area(platform, FWNMI_ERROR_LOG, sizeof(be64) + EVENT_CHECK_SIZE) == 0)
        return RTAS_PARAM_ERROR;
    if (call->args[0] >= below || call->args[1] >= below)
        return RTAS_PARAM_ERROR;
    if (host->vcpu_enable_fwnmi(host, vcpu) != 0)
        return RTAS_PARAM_ERROR;
    platform->state.fwnmi_reset = call->args[0];
    platform->state.fwnmi_check = call->args[1];
    return RTAS_OK;
}

/* {}. Of a vCPU that handles none it is no error: Linux says it after a system reset, too. */
gint32
rtas_ibm_nmi_interlock(void *owner, VdevVcpu *vcpu, VdevRtasCall *call)
{
    Platform *platform = owner;
    const VdevHost *host = platform_host(platform);

    if (!fwnmi_offered(platform))
        return RTAS_PARAM_ERROR;
    if (!registered(platform)) {
        vdev_log(host, VDEV_LOG_GUEST_ERROR,
                 "RTAS ibm,nmi-interlock of a guest that has not registered");
        return RTAS_PARAM_ERROR;
    }
    if (platform->state.fwnmi_interlock == (gint32)host->vcpu_id(host, vcpu))
        release(platform);
    return RTAS_OK;
}

/* --- Life and migration -------------------------------------------------- */

void
fwnmi_reset(Platform *platform)
{
    const VdevHost *host = platform_host(platform);

    g_queue_clear_full(&platform->fwnmi.waiting, g_free);
    for (guint32 i = 0; VDEV_HAS(host, vcpu_unblock) && i < platform->cpus.n; i++) {
        if (platform->cpus.vcpus[i] != NULL && host->vcpu_unblock != NULL)
            host->vcpu_unblock(host, platform->cpus.vcpus[i]);
    }
}

gboolean
fwnmi_check_state(const Platform *platform, GError **error)
{
    const MachineState *state = &platform->state;

    if ((state->present & 1u << STATE_HAS_FWNMI) == 0 ||
        (state->fwnmi_reset < FWNMI_HANDLERS_BELOW && state->fwnmi_check < FWNMI_HANDLERS_BELOW &&
         state->fwnmi_interlock >= -1))
        return TRUE;
    return state_refuse(
        error, G_FILE_ERROR_INVAL,
        "spapr_fwnmi: handlers at 0x%" G_GINT64_MODIFIER
        "x (fwnmi_system_reset_addr) and 0x%" G_GINT64_MODIFIER
        "x (fwnmi_machine_check_addr), used by vCPU %d "
        "(fwnmi_machine_check_interlock), are impossible: handlers are in the first "
        "32 MiB",
        state->fwnmi_reset, state->fwnmi_check, state->fwnmi_interlock);
}

/* The first core may have been unplugged. */
static VdevVcpu *
any_vcpu(const CpuSet *cpus)
{
    guint32 i = 0;

    while (i + 1 < cpus->n && cpus->vcpus[i] == NULL)
        i++;
    return cpus->vcpus[i];
}

gboolean
fwnmi_arrived(Platform *platform, GError **error)
{
    const VdevHost *host = platform_host(platform);
    const MachineState *state = &platform->state;
    gint result;

    if (!registered(platform))
        return TRUE;
    if (state->fwnmi_interlock != -1 &&
        cpus_find(&platform->cpus, (guint64)state->fwnmi_interlock) == NULL)
        return state_refuse(error, G_FILE_ERROR_INVAL,
                            "spapr_fwnmi: vCPU %d, which handles a machine check "
                            "(fwnmi_machine_check_interlock), is not here",
                            state->fwnmi_interlock);
    if (!fwnmi_offered(platform))
        return state_refuse(error, G_FILE_ERROR_NOSYS,
                            "spapr_fwnmi: the guest has registered for machine checks, and %s",
                            cap_is_on(platform)
                                ? "KVM on this host lacks capability 146 (PPC_FWNMI): use a newer "
                                  "kernel here, or start it with cap-fwnmi=off on the other side"
                                : "this machine has cap-fwnmi=off: start both with the same");
    result = host->vcpu_enable_fwnmi(host, any_vcpu(&platform->cpus));
    return result == 0 || state_refuse(error, g_file_error_from_errno(-result),
                                       "spapr_fwnmi: enabling KVM's capability 146 (PPC_FWNMI): %s",
                                       g_strerror(-result));
}

gboolean
fwnmi_may_save(const Platform *platform, GError **error)
{
    const VdevHost *host = platform_host(platform);
    const FwnmiWaiting *first = g_queue_peek_head((GQueue *)&platform->fwnmi.waiting);

    return first == NULL ||
           state_refuse(error, G_FILE_ERROR_AGAIN,
                        "spapr_fwnmi: vCPU %u has a machine check that waits until vCPU %d has "
                        "handled its own, and no stream can say so: try again",
                        host->vcpu_id(host, first->vcpu), platform->state.fwnmi_interlock);
}

char *
fwnmi_busy(const Platform *platform)
{
    if (platform->state.fwnmi_interlock == -1)
        return NULL;
    return g_strdup_printf("vCPU %d of the guest is handling a machine check of this host "
                           "(ibm,nmi-interlock ends it)",
                           platform->state.fwnmi_interlock);
}
