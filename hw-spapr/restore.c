/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The story of an arrival.
 */
#include "hw-spapr/restore.h"

#include "hw-spapr/cpu-regs.h"
#include "hw-spapr/platform.h"
#include "vdev/kvm-ppc.h"
#include "vdev/mutation.h"

/* Queues are looked up in the guest's memory as the guest sees it: translation comes first. */
static gboolean
restore_mmu(Platform *platform, GError **error)
{
    const VdevHost *host = platform_host(platform);
    gint result = host->set_mmu(host, VDEV_MMU_RADIX | VDEV_MMU_GTSE, platform->process_table);

    return result == 0 ||
           state_refuse(error, g_file_error_from_errno(-result),
                        "the accelerator refuses the process table 0x%" G_GINT64_MODIFIER "x: %s",
                        platform->process_table, g_strerror(-result));
}

/* One time for all vCPUs, before what is counted in it. */
static gboolean
restore_clock(Platform *platform, GError **error)
{
    const VdevHost *host = platform_host(platform);
    gint result;

    if (platform->state.guest_timebase == 0 || !VDEV_STEP(TIMEBASE))
        return TRUE; /* the first version of the section had none */
    result = host->timebase_set(host, platform->state.guest_timebase);
    return result == 0 ||
           state_refuse(error, g_file_error_from_errno(-result),
                        "the guest's timebase cannot be set (TB_OFFSET): %s", g_strerror(-result));
}

static gboolean
restore_cpu(CpuState *own, GError **error)
{
    const VdevHost *host = platform_host(own->platform);
    gint result;

    if (!cpu_regs_apply(host, own->vcpu, own, error) ||
        !cpu_regs_apply_areas(host, own->vcpu, own, error) ||
        !cpu_regs_apply_decrementer(host, own->vcpu, error))
        return FALSE;
    result = cpu_regs_stopped(own) ? cpus_stop(host, own->vcpu) : cpus_go_on(host, own->vcpu);
    return result == 0 ||
           state_refuse(error, g_file_error_from_errno(-result), "vCPU %u: setting ONLINE: %s",
                        host->vcpu_id(host, own->vcpu), g_strerror(-result));
}

static gboolean
restore_cpus(Platform *platform, GError **error)
{
    for (guint32 i = 0; i < platform->cpus.n; i++) {
        if (platform->cpu_states[i].came && !restore_cpu(&platform->cpu_states[i], error))
            return FALSE;
    }
    return TRUE;
}

gboolean
restore_machine(Platform *platform, GError **error)
{
    if (!restore_mmu(platform, error) || !xive_restore(platform->xive, error) ||
        !restore_clock(platform, error) || !restore_cpus(platform, error))
        return FALSE;
    /* A guest that asks for its tree again gets one that says the same. */
    boot_layout_of_tree(&platform->boot, platform->state.tree, platform->state.tree_size);
    platform->arriving = TRUE;
    return TRUE;
}

gboolean
restore_late_cpu(CpuState *own, GError **error)
{
    return !own->platform->arriving || !own->came || restore_cpu(own, error);
}

/* A source that was ready when it was held, and got an event before its device was saved, has no
 * way to say so in a stream: what its device holds says it. One pulse too many finds nothing. */
static void
announce(Platform *platform)
{
    vty_announce(&platform->vty);
    events_pulse(platform, ~0u);
}

gboolean
restore_complete(Platform *platform, GError **error)
{
    for (guint32 i = 0; platform->arriving && i < platform->cpus.n; i++) {
        if (platform->cpus.vcpus[i] != NULL && !platform->cpu_states[i].came)
            return state_refuse(error, G_FILE_ERROR_NOENT,
                                "vCPU %u did not come with the guest: start this side with the "
                                "-smp of the other",
                                cpus_id(&platform->cpus, i));
    }
    if (platform->arriving)
        announce(platform);
    platform->arriving = FALSE;
    return TRUE;
}
