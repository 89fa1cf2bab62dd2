/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Cores: a vCPU that comes and goes, and its connector.
 *
 * The cores that the machine starts with have connectors too: the guest may give one back and take
 * it again; nobody can ask it to.
 */
#include "hw-spapr/hotplug.h"

#include "hw-spapr/platform.h"

static guint32
index_of(const Platform *platform, const Drc *drc)
{
    return (drc->own.index & DRC_ID_MASK) >> platform->cpus.id_shift;
}

static Drc *
drc_of(Platform *platform, guint32 index)
{
    return drcs_find(platform, DRC_INDEX(DRC_CPU, cpus_id(&platform->cpus, index)));
}

/* --- In the connector ---------------------------------------------------- */

static gboolean
in_use(Platform *platform, const Drc *drc)
{
    const VdevHost *host = platform_host(platform);

    return host->vcpu_started(host, platform->cpus.vcpus[index_of(platform, drc)]);
}

static void *
tree_of(Platform *platform, const Drc *drc)
{
    return hotplug_tree(platform, index_of(platform, drc), fdt_write_cpu);
}

static void
take_out(Platform *platform, guint32 index)
{
    state_remove_cpu(platform, index);
    cpus_unplug(&platform->cpus, platform_host(platform), platform->xive, index);
}

static void
release(Platform *platform, Drc *drc)
{
    VdevPlug *plug = drc->device;

    /* Of the cores of the start none can be asked for, but a stream may say so. */
    drc->own.unplug_requested = FALSE;
    if (plug == NULL)
        return;
    drc_detach(drc);
    take_out(platform, index_of(platform, drc));
    platform_host(platform)->unplug_done(platform_host(platform), plug);
}

static void
keep(Platform *platform, Drc *drc, const char *reason)
{
    if (drc->device != NULL)
        platform_host(platform)->unplug_refused(platform_host(platform), drc->device, reason);
}

static const DrcDevice cpu_device = {
    .in_use = in_use, .tree = tree_of, .release = release, .keep = keep};

/* --- Plugging ------------------------------------------------------------ */

gboolean
hotplug_cpu_begin(Platform *platform, GError **error)
{
    const CpuSet *cpus = &platform->cpus;

    drcs_add(&platform->drcs, DRC_CPU, 0, cpus->id_shift, cpus->n);
    for (guint32 i = 0; i < cpus->n; i++) {
        if (cpus->vcpus[i] != NULL &&
            !drc_attach(platform, drc_of(platform, i), &cpu_device, NULL, TRUE, error))
            return FALSE;
    }
    return TRUE;
}

static gboolean
check(const Platform *platform, const VdevPlug *plug, GError **error)
{
    const CpuSet *cpus = &platform->cpus;

    if (drcs_range(&platform->drcs, DRC_CPU) == NULL)
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                    "core-id=%u: all %u cores are there; start with -smp %u,maxcpus=N to have more",
                    plug->core_id, cpus->n, cpus->n);
    else if (plug->core_id >= cpus->n)
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                    "core-id=%u: the cores of this machine are 0 to %u (-smp maxcpus)",
                    plug->core_id, cpus->n - 1);
    else if (cpus->vcpus[plug->core_id] != NULL)
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                    "core-id=%u is plugged in already; query-hotpluggable-cpus tells which are not",
                    plug->core_id);
    else if (plug->node != 0)
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                    "node-id=%u: this machine has node 0 only", plug->node);
    else
        return TRUE;
    return FALSE;
}

static gboolean
put_in(Platform *platform, VdevPlug *plug, GError **error)
{
    const guint32 index = plug->core_id;
    Drc *drc = drc_of(platform, index);

    if (!cpus_plug(&platform->cpus, platform_host(platform), platform->xive, index, error))
        return FALSE;
    if (state_add_cpu(platform, index, error) &&
        drc_attach(platform, drc, &cpu_device, plug, plug->at_start, error))
        return TRUE;
    take_out(platform, index);
    return FALSE;
}

static void
tell(Platform *platform, guint32 index, guint8 action)
{
    const EventHotplug what = {
        .resource = EVENT_HOTPLUG_CPU,
        .action = action,
        .kind = EVENT_HOTPLUG_INDEX,
        .index = drc_of(platform, index)->own.index,
    };

    events_hotplug(platform, &what);
}

gboolean
hotplug_cpu_plug(Platform *platform, VdevPlug *plug, GError **error)
{
    if (!check(platform, plug, error) || !put_in(platform, plug, error))
        return FALSE;
    if (!plug->at_start)
        tell(platform, plug->core_id, EVENT_HOTPLUG_ADD);
    return TRUE;
}

gboolean
hotplug_cpu_unplug(Platform *platform, VdevPlug *plug, GError **error)
{
    Drc *drc = drc_of(platform, plug->core_id);
    DrcThen then;

    if (drc->own.unplug_requested) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                    "core %u: the guest was asked for it already", plug->core_id);
        return FALSE;
    }
    drc_happens(platform, drc, DRC_ASK_UNPLUG, &then);
    if (then == DRC_THEN_ASK)
        tell(platform, (drc->own.index & DRC_ID_MASK) >> platform->cpus.id_shift,
             EVENT_HOTPLUG_REMOVE);
    return TRUE;
}

gboolean
hotplug_cpu_ready(Platform *platform, guint32 id)
{
    const Drc *drc = drcs_find(platform, DRC_INDEX(DRC_CPU, id & DRC_ID_MASK));

    return drc == NULL || drc->own.state == DRC_CONFIGURED;
}
