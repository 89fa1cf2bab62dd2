/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Plugging and unplugging while the machine lives: what the host asks of a machine, and what the
 * machine answers.
 *
 * The host makes what is plugged (a block of RAM, a vCPU), the machine gives it its place on the
 * platform and tells the guest. A device that is present before the guest first runs is plugged
 * with `at_start`: it is ready at once and raises no event. Unplugging is asked of the guest: the
 * answer comes later, by host->unplug_done or host->unplug_refused, or never.
 *
 * Under the machine lock. Never while a migration runs, except that answers may come.
 */
#ifndef VDEV_HOTPLUG_H
#define VDEV_HOTPLUG_H

#include "vdev/device.h"

typedef enum {
    VDEV_PLUG_MEMORY, /* QEMU's pc-dimm */
    VDEV_PLUG_CPU,    /* one core */
} VdevPlugKind;

/* One pluggable thing. The host keeps it until the machine has answered that it is gone. */
typedef struct {
    VdevPlugKind kind;
    const char *id;    /* for messages and events, or NULL */
    gboolean at_start; /* part of the machine that the guest starts with, or that a migration brings
                        */
    /* MEMORY. gpa 0 and slot −1: the machine chooses and fills in. */
    guint64 gpa;
    guint64 size; /* bytes */
    gint32 slot;
    guint32 node;
    const char *block; /* the memory backend's id: names the block on the wire as the row has it */
    /* CPU */
    guint32 core_id; /* of the row's possible ones */
    /* The machine's own, NULL at first. */
    void *machine_data;
} VdevPlug;

/* One core that the machine could have; for query-hotpluggable-cpus. */
typedef struct {
    guint32 core_id;
    guint32 threads;
    gboolean present;
} VdevCoreSlot;

typedef struct VdevHotplugOps {
    const char *memory_type; /* device_add names: "pc-dimm" */
    /* "host-spapr-cpu-core", and QEMU's names of cores of single processors; NULL-terminated */
    const char *const *core_types;
    guint64 memory_align; /* bytes: base, size */

    /* Checks @plug, fills in what was left open, gives it its place and tells the guest. On failure
     * nothing has changed. The host has not yet placed the memory or made the vCPU: the machine
     * calls host->plug_memory or host->vcpu_new where it is ready for it. */
    gboolean (*plug)(void *machine, VdevPlug *plug, GError **error);
    /* Asks the guest to let go of @plug; refuses what cannot be unplugged or is being unplugged. */
    gboolean (*unplug)(void *machine, VdevPlug *plug, GError **error);
    /* The possible cores, in the order of query-hotpluggable-cpus (descending core id). */
    guint (*n_cores)(void *machine);
    void (*core)(void *machine, guint index, VdevCoreSlot *slot);
    /* Why the guest should not be switched over just now (a connector in the middle of a walk, a
     * machine check being handled), or NULL: it may. (transfer full) */
    char *(*busy)(void *machine);
} VdevHotplugOps;

#endif
