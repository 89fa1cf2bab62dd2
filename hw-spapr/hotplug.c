/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The host's side of hot-plugging: what is asked for goes to memory or cores.
 */
#include "hw-spapr/hotplug.h"

#include <libfdt.h>

#include "hw-spapr/platform.h"

gboolean
hotplug_memory_possible(const Platform *platform)
{
    return platform->config->max_ram_size > platform->config->ram_size;
}

gboolean
hotplug_possible(const Platform *platform)
{
    return hotplug_memory_possible(platform) || platform->config->max_cpus > platform->config->cpus;
}

gboolean
hotplug_begin(Platform *platform, GError **error)
{
    const VdevMachineConfig *config = platform->config;
    Hotplug *hotplug = &platform->hotplug;

    hotplug->dimms = g_ptr_array_new_with_free_func(g_free);
    hotplug->base =
        (config->ram_size + HOTPLUG_WINDOW_ALIGN - 1) / HOTPLUG_WINDOW_ALIGN * HOTPLUG_WINDOW_ALIGN;
    hotplug->n_blocks = (guint32)((config->max_ram_size - config->ram_size) / BOOT_MEMORY_BLOCK);
    drcs_add(&platform->drcs, DRC_LMB, (guint32)(hotplug->base / BOOT_MEMORY_BLOCK), 0,
             hotplug->n_blocks);
    return config->max_cpus == config->cpus || hotplug_cpu_begin(platform, error);
}

void
hotplug_finish(Platform *platform)
{
    drcs_finish(&platform->drcs);
    g_clear_pointer(&platform->hotplug.dimms, g_ptr_array_unref);
}

/* The end of what could be plugged, the size of a block, how many cores. */
void
hotplug_write_capacity(const Platform *platform, TreeWriter *tree)
{
    const Hotplug *hotplug = &platform->hotplug;
    const guint64 end = hotplug->base + hotplug->n_blocks * BOOT_MEMORY_BLOCK;

    TREE_CELLS(tree, "ibm,lrdr-capacity", (guint32)(end >> 32), (guint32)end, 0,
               (guint32)BOOT_MEMORY_BLOCK, platform->config->max_cpus);
}

void *
hotplug_tree(Platform *platform, guint32 id,
             void (*write)(Platform *platform, TreeWriter *tree, guint32 id))
{
    g_autofree void *blob = g_malloc0(HOTPLUG_TREE_SIZE);
    TreeWriter tree = {blob, fdt_create(blob, HOTPLUG_TREE_SIZE)};

    if (tree.error == 0)
        tree.error = fdt_finish_reservemap(blob);
    tree_begin(&tree, "%s", "");
    write(platform, &tree, id);
    tree_end(&tree);
    return tree.error == 0 && fdt_finish(blob) == 0 ? g_steal_pointer(&blob) : NULL;
}

static gboolean
host_can(const Platform *platform, GError **error)
{
    if (VDEV_HAS(platform_host(platform), unplug_refused) &&
        platform_host(platform)->plug_memory != NULL)
        return TRUE;
    g_set_error_literal(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                        "this host cannot plug anything into a running machine");
    return FALSE;
}

static gboolean
plug_any(void *machine, VdevPlug *plug, GError **error)
{
    if (!host_can(machine, error))
        return FALSE;
    return plug->kind == VDEV_PLUG_MEMORY ? hotplug_memory_plug(machine, plug, error)
                                          : hotplug_cpu_plug(machine, plug, error);
}

static gboolean
unplug_any(void *machine, VdevPlug *plug, GError **error)
{
    return plug->kind == VDEV_PLUG_MEMORY ? hotplug_memory_unplug(machine, plug, error)
                                          : hotplug_cpu_unplug(machine, plug, error);
}

static guint
n_cores(void *machine)
{
    return ((Platform *)machine)->cpus.n;
}

static void
core(void *machine, guint index, VdevCoreSlot *slot)
{
    const CpuSet *cpus = &((Platform *)machine)->cpus;
    const guint32 id = cpus->n - 1 - index;

    *slot = (VdevCoreSlot){.core_id = id, .threads = 1, .present = cpus->vcpus[id] != NULL};
}

static char *
busy(void *machine)
{
    const Platform *platform = machine;
    char *walk = drcs_busy(&platform->drcs);

    return walk != NULL ? walk : fwnmi_busy(platform);
}

static const char *const core_types[] = {
    "host-spapr-cpu-core",
    "power9_v2.0-spapr-cpu-core",
    "power9_v2.2-spapr-cpu-core",
    "power10_v2.0-spapr-cpu-core",
    NULL,
};

const VdevHotplugOps hotplug_ops = {
    .memory_type = "pc-dimm",
    .core_types = core_types,
    .memory_align = BOOT_MEMORY_BLOCK,
    .plug = plug_any,
    .unplug = unplug_any,
    .n_cores = n_cores,
    .core = core,
    .busy = busy,
};
