/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Plugging memory and processor cores while the machine lives: VdevHotplugOps over connectors.
 *
 * Memory comes in blocks of 256 MiB, one connector each; a DIMM is one or more of them, in a window
 * that begins at the first GiB behind main memory. A core is one vCPU. A machine with neither
 * maxmem nor maxcpus has no connectors, and nothing here shows in its device tree or stream.
 *
 *     plug    host memory or vCPU → its place → connectors (empty state) → event to the guest
 *     unplug  connectors asked → event → the guest isolates and gives back → release → unplug_done
 *                                      └ or takes back → unplug_refused
 *
 * Not here: what the guest does meanwhile (drc.c, connector.c).
 * Source: LoPAR, "Dynamic Reconfiguration"; window and numbering are QEMU's.
 */
#ifndef HW_SPAPR_HOTPLUG_H
#define HW_SPAPR_HOTPLUG_H

#include "hw-spapr/tree.h"
#include "vdev/hotplug.h"

typedef struct Platform Platform;

#define HOTPLUG_WINDOW_ALIGN G_GUINT64_CONSTANT(0x40000000)

typedef struct {
    guint64 base;     /* of the memory window, bytes */
    guint32 n_blocks; /* in it */
    GPtrArray *dimms; /* HotplugDimm; NULL until hotplug_begin() */
    guint32 pause_in; /* hotplug-pause.c: so many calls from now; 0: never */
} Hotplug;

/* One DIMM: VdevPlug.machine_data, and the device in its connectors. */
typedef struct {
    VdevPlug *plug;
    guint32 first, n; /* blocks, of the guest's address space */
    guint32 n_back;   /* the first so many are given back; there may be more */
} HotplugDimm;

extern const VdevHotplugOps hotplug_ops;

/** hotplug_begin: makes the connectors; the last of realize. hotplug_finish: frees. Zero-safe. */
gboolean hotplug_begin(Platform *platform, GError **error);
void hotplug_finish(Platform *platform);

/** hotplug_lists_blocks: whether the tree has an entry for each block, not one for blocks in a row.
 */
gboolean hotplug_lists_blocks(const Platform *platform);

/** hotplug_possible: whether there is any connector; hotplug_memory_possible: for memory. */
gboolean hotplug_possible(const Platform *platform);
gboolean hotplug_memory_possible(const Platform *platform);

/** hotplug_write_capacity: ibm,lrdr-capacity, in /rtas. */
void hotplug_write_capacity(const Platform *platform, TreeWriter *tree);

/* hotplug-memory.c */
gboolean hotplug_memory_plug(Platform *platform, VdevPlug *plug, GError **error);
gboolean hotplug_memory_unplug(Platform *platform, VdevPlug *plug, GError **error);

/** hotplug_write_memory: /ibm,dynamic-reconfiguration-memory, if the guest has agreed to it. */
void hotplug_write_memory(const Platform *platform, TreeWriter *tree);

/* hotplug-cpu.c */
gboolean hotplug_cpu_begin(Platform *platform, GError **error);
gboolean hotplug_cpu_plug(Platform *platform, VdevPlug *plug, GError **error);
gboolean hotplug_cpu_unplug(Platform *platform, VdevPlug *plug, GError **error);

/** hotplug_cpu_ready: whether the guest has configured the vCPU with @id, so that it may run. */
gboolean hotplug_cpu_ready(Platform *platform, guint32 id);

/* hotplug-pause.c: -M …,x-hotplug-pause=N, for tests. */
void hotplug_pause_arm(Platform *platform);
/** hotplug_pause_count: the guest has made the RTAS call @row and has its results. */
void hotplug_pause_count(Platform *platform, const VdevRtasRow *row);

/**
 * hotplug_tree: a tree whose root's only child @write writes. (transfer full)
 * Returns: NULL if it does not fit HOTPLUG_TREE_SIZE.
 */
#define HOTPLUG_TREE_SIZE 8192
void *hotplug_tree(Platform *platform, guint32 id,
                   void (*write)(Platform *platform, TreeWriter *tree, guint32 id));

#endif
