/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which sections the platform has, in QEMU's order, and the catalogue for tools.
 *
 * Not here: what is in them (state-*.c).
 * Source: docs/stream-format.md, "Order in which things are written" and "Sections".
 */
#include "hw-spapr/state.h"

#include <string.h>

#include "hw-spapr/platform.h"

gboolean
state_refuse(GError **error, GFileError code, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    if (error != NULL)
        *error = g_error_new_valist(G_FILE_ERROR, (gint)code, format, arguments);
    va_end(arguments);
    return FALSE;
}

const PseriesRow *
state_row(const VmsContext *context)
{
    static const PseriesRow newest = {0};

    return context->row != NULL && context->row->platform != NULL ? context->row->platform
                                                                  : &newest;
}

/* --- Registration -------------------------------------------------------- */

static gboolean
add(const VdevHost *host, guint32 instance, const VmsState *state, void *object, GError **error)
{
    return host->state_add(host, NULL, instance, state, object, error);
}

/* As QEMU numbers them: behind the highest that there is. */
static guint32
next_context(const Platform *platform)
{
    guint32 next = 0;

    for (guint32 i = 0; i < platform->cpus.n; i++) {
        const CpuState *own = &platform->cpu_states[i];

        if (own->vcpu != NULL && own->context >= next)
            next = own->context + 1;
    }
    return next;
}

/* A vCPU's sections have its index as instance, its thread context the order of creation: the same
 * as long as nothing is plugged. */
gboolean
state_add_cpu(Platform *platform, guint32 index, GError **error)
{
    const VdevHost *host = platform_host(platform);
    CpuState *own = &platform->cpu_states[index];
    const guint32 context = next_context(platform);

    own->platform = platform;
    own->vcpu = platform->cpus.vcpus[index];
    own->context = context;
    if (!vdev_host_keeps_state(host))
        return TRUE;
    return add(host, index, &state_cpu_common, own, error) &&
           add(host, index, &state_cpu, own, error) &&
           (platform->xics.icps == NULL ||
            add(host, index, &state_icp, &platform->xics.icps[index], error)) &&
           xive_state_add_vcpu(platform->xive, cpus_id(&platform->cpus, index), context, error) &&
           add(host, index, &state_spapr_cpu, own, error);
}

void
state_remove_cpu(Platform *platform, guint32 index)
{
    const VdevHost *host = platform_host(platform);

    if (vdev_host_keeps_state(host))
        host->state_remove(host, &platform->cpu_states[index]);
    if (vdev_host_keeps_state(host) && platform->xics.icps != NULL)
        host->state_remove(host, &platform->xics.icps[index]);
    platform->cpu_states[index] = (CpuState){0};
}

static gboolean
add_vio(const VdevHost *host, const VioDevice *device, const VmsState *state, void *object,
        GError **error)
{
    g_autofree char *path = g_strdup_printf("%s@%x", device->klass->node, device->unit);

    return host->state_add(host, path, 0, state, object, error);
}

static gboolean
add_controllers(Platform *platform, GError **error)
{
    return add(platform_host(platform), 0, &state_ics, &platform->xics.ics, error) &&
           xive_state_add(platform->xive, error);
}

/* The windows by the names that hypercalls use. */
static gboolean
add_pci(const VdevHost *host, PciHost *pci, GError **error)
{
    for (guint i = 0; i < PCI_WINDOWS; i++) {
        Iommu *window = &pci->windows[i];

        if (!add(host, window->liobn, &state_iommu, window, error))
            return FALSE;
    }
    return add(host, 0, &state_pci, pci, error) && add(host, 0, &state_pci_bus, &pci->bus, error);
}

/* The machine, and what stands behind it although it is sent first. */
static gboolean
add_machine(Platform *platform, GError **error)
{
    const VdevHost *host = platform_host(platform);

    platform->hash_table.head = HASH_TABLE_NONE;
    return add(host, 0, &state_machine, platform, error) &&
           (!VDEV_HAS(host, state_add_parts) || host->state_add_parts == NULL ||
            host->state_add_parts(host, 0, &state_htab, &platform->hash_table, error));
}

static gboolean
add_parts(Platform *platform, GError **error)
{
    const VdevHost *host = platform_host(platform);

    if (!add_controllers(platform, error))
        return FALSE;
    for (guint32 i = 0; i < platform->cpus.n; i++) {
        if (platform->cpus.vcpus[i] != NULL && !state_add_cpu(platform, i, error))
            return FALSE;
    }
    if (!add(host, 0, &state_rtc, &platform->rtc, error))
        return FALSE;
    /* A terminal that the machine itself makes (QEMU: -serial) comes before the NVRAM, as on the
     * bus. */
    if (platform->vty.chardev != NULL &&
        !add_vio(host, &platform->vty.vio, &state_vty, &platform->vty, error))
        return FALSE;
    return add_vio(host, &platform->nvram.vio, &state_nvram, &platform->nvram, error) &&
           add_pci(host, &platform->pci, error) && add_machine(platform, error);
}

gboolean
state_add_all(Platform *platform, GError **error)
{
    platform->cpu_states = g_new0(CpuState, platform->cpus.n);
    return !vdev_host_keeps_state(platform_host(platform)) || add_parts(platform, error);
}

void
state_reset_all(Platform *platform)
{
    state_machine_reset(&platform->state);
    for (guint32 i = 0; i < platform->cpus.n; i++) {
        CpuState *own = &platform->cpu_states[i];

        *own = (CpuState){.platform = own->platform, .vcpu = own->vcpu, .context = own->context};
    }
}

static void
remove_pci(const VdevHost *host, const PciHost *pci)
{
    host->state_remove(host, &pci->bus);
    host->state_remove(host, pci);
    for (guint i = 0; i < PCI_WINDOWS; i++)
        host->state_remove(host, &pci->windows[i]);
}

static void
remove_xics(Platform *platform)
{
    const VdevHost *host = platform_host(platform);

    host->state_remove(host, &platform->xics.ics);
    for (guint32 i = 0; platform->xics.icps != NULL && i < platform->cpus.n; i++)
        host->state_remove(host, &platform->xics.icps[i]);
}

void
state_remove_all(Platform *platform)
{
    const VdevHost *host = platform_host(platform);

    if (platform->cpu_states != NULL && vdev_host_keeps_state(host)) {
        host->state_remove(host, &platform->hash_table);
        drcs_remove_sections(&platform->drcs, host);
        host->state_remove(host, &platform->vty);
        host->state_remove(host, platform);
        remove_pci(host, &platform->pci);
        remove_xics(platform);
        host->state_remove(host, &platform->nvram);
        host->state_remove(host, &platform->rtc);
        for (guint32 i = 0; i < platform->cpus.n; i++)
            host->state_remove(host, &platform->cpu_states[i]);
        xive_state_remove(platform->xive);
    }
    g_clear_pointer(&platform->cpu_states, g_free);
}

/* --- Catalogue ----------------------------------------------------------- */

const VmsCatalogueRow state_catalogue[] = {
    {
        .state = &state_machine,
        .size = sizeof(Platform),
        .explain = state_explain_machine,
        .ours = TRUE,
    },
    {
        .state = &state_cpu_common,
        .size = sizeof(CpuState),
        .explain = state_explain_cpu_common,
        .ours = TRUE,
    },
    {
        .state = &state_cpu,
        .size = sizeof(CpuState),
        .explain = state_explain_cpu,
        .ours = TRUE,
    },
    {
        .state = &state_spapr_cpu,
        .size = sizeof(CpuState),
        .since = "pseries-3.0",
        .explain = state_explain_spapr_cpu,
        .ours = TRUE,
    },
    {.state = &state_rtc, .size = sizeof(Rtc), .ours = TRUE},
    {.state = &state_nvram, .size = sizeof(Nvram), .ours = TRUE},
    {.state = &state_vty, .size = sizeof(Vty), .ours = TRUE},
    {
        .state = &state_drc,
        .size = sizeof(ConnectorState),
        .explain = state_explain_connector,
        .ours = TRUE,
    },
    {
        .state = &state_drc_physical,
        .size = sizeof(ConnectorState),
        .explain = state_explain_indicator,
        .ours = TRUE,
    },
    {.state = NULL},
};
