/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * RTAS calls about the machine as a whole and its processors: power, reboot, start and stop of
 * vCPUs, the guest's last words.
 *
 * Source: LoPAR power-off, system-reboot, start-cpu, stop-self, query-cpu-stopped-state,
 * display-character, ibm,os-term.
 */
#include "hw-spapr/rtas.h"

#include "hw-spapr/platform.h"

/* {character} */
gint32
rtas_display_character(void *owner, VdevVcpu *vcpu, VdevRtasCall *call)
{
    Platform *platform = owner;
    guint8 character = (guint8)call->args[0];

    if (platform->vty.chardev == NULL)
        return RTAS_HW_ERROR;
    platform_host(platform)->chardev_write(platform_host(platform), platform->vty.chardev,
                                           &character, 1);
    return RTAS_OK;
}

/* {power-on mask, high and low}: nothing can switch the machine on again, so any mask is accepted.
 * The call does not return to a guest whose machine is gone. */
gint32
rtas_power_off(void *owner, VdevVcpu *vcpu, VdevRtasCall *call)
{
    const VdevHost *host = platform_host(owner);

    host->request_shutdown(host, VDEV_SHUTDOWN_GUEST);
    cpus_stop(host, vcpu);
    return RTAS_OK;
}

/* {} */
gint32
rtas_system_reboot(void *owner, VdevVcpu *vcpu, VdevRtasCall *call)
{
    const VdevHost *host = platform_host(owner);

    host->request_reset(host);
    cpus_stop(host, vcpu);
    return RTAS_OK;
}

enum {
    CPU_STOPPED = 0,
    CPU_RUNNING = 2,
};

/* {id} → {status, state} */
gint32
rtas_query_cpu_stopped_state(void *owner, VdevVcpu *vcpu, VdevRtasCall *call)
{
    Platform *platform = owner;
    const VdevHost *host = platform_host(platform);
    VdevVcpu *asked = cpus_find(&platform->cpus, call->args[0]);

    if (asked == NULL)
        return RTAS_PARAM_ERROR;
    call->rets[1] = host->vcpu_started(host, asked) ? CPU_RUNNING : CPU_STOPPED;
    return RTAS_OK;
}

/* {id, entry, R3} */
gint32
rtas_start_cpu(void *owner, VdevVcpu *vcpu, VdevRtasCall *call)
{
    Platform *platform = owner;
    const VdevHost *host = platform_host(platform);
    VdevVcpu *target = cpus_find(&platform->cpus, call->args[0]);

    if (target == NULL)
        return RTAS_PARAM_ERROR;
    /* One that was plugged: only what the guest has configured. */
    if (host->vcpu_started(host, target) || !hotplug_cpu_ready(platform, call->args[0]))
        return RTAS_HW_ERROR;
    return cpus_start(host, target, call->args[1], call->args[2]) == 0 ? RTAS_OK : RTAS_HW_ERROR;
}

/* {} */
gint32
rtas_stop_self(void *owner, VdevVcpu *vcpu, VdevRtasCall *call)
{
    cpus_stop(platform_host(owner), vcpu);
    return RTAS_OK;
}

#define OS_TERM_MAX 256u

/* {address of a zero-terminated string}. The text is the guest's: only printable ASCII is kept. */
gint32
rtas_os_term(void *owner, VdevVcpu *vcpu, VdevRtasCall *call)
{
    const VdevHost *host = platform_host(owner);
    g_autoptr(GString) text = g_string_new(NULL);
    guint8 byte = 0;

    for (guint32 i = 0; i < OS_TERM_MAX; i++) {
        if (!host->guest_read(host, (guint64)call->args[0] + i, &byte, 1) || byte == 0)
            break;
        g_string_append_c(text, g_ascii_isprint(byte) ? (char)byte : '?');
    }
    host->guest_panicked(host, text->len > 0 ? text->str : "the guest gave no reason");
    return RTAS_OK;
}
