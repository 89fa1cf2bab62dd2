/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is plugged into a VM: memory backends (objects), DIMMs and cores (devices), while it runs
 * and, by the same way, before it starts.
 *
 * The host makes what is plugged and owns it; the machine gives it its place and talks to the guest
 * (vdev/hotplug.h). Not here: the calls a machine makes on the way (host-hotplug.c), answers for
 * clients (monitor/hotplug.c). Main thread, machine lock held.
 *
 * HP-1  Nothing is plugged or removed while a migration runs. What the guest lets go of meanwhile
 *       stays until the migration is over, and only then is it told. Over is what query-migrate
 *       calls so.
 * HP-2  A request that fails leaves nothing behind.
 * HP-3  A backend that a device uses cannot be deleted.
 *
 * Source: QEMU's documentation of device_add and object-add for names and properties.
 */
#ifndef VMM_HOTPLUG_H
#define VMM_HOTPLUG_H

#include "vdev/hotplug.h"
#include "vmm/vm.h"

/** vm_object_add, vm_object_del: a memory backend. */
gboolean vm_object_add(Vm *vm, const OptionItem *item, GError **error);
gboolean vm_object_del(Vm *vm, const char *id, GError **error);

/** vm_device_add: a DIMM or a core; its name is the driver. */
gboolean vm_device_add(Vm *vm, const OptionItem *item, GError **error);

/** vm_device_del: asks the guest to let go of it; DEVICE_DELETED says that it has. */
gboolean vm_device_del(Vm *vm, const char *id, GError **error);

/* What is plugged, in the order of plugging; strings are valid until the next change. */
typedef struct {
    const VdevPlug *plug;
    gboolean hotplugged; /* not there when the guest started */
} VmPlugInfo;
guint vm_n_plugs(const Vm *vm);
VmPlugInfo vm_plug_info(const Vm *vm, guint index);

/* Memory backends, main memory included. */
typedef struct {
    const char *id;
    guint64 size; /* bytes */
    gboolean shared, preallocated;
} VmMemdevInfo;
guint vm_n_memdevs(const Vm *vm);
VmMemdevInfo vm_memdev_info(const Vm *vm, guint index);

/** vm_hotplug_help: appends the properties of @driver; FALSE: @ops (or NULL) do not plug it. */
gboolean vm_hotplug_help(const VdevHotplugOps *ops, const char *driver, GString *text);

/** vm_hotplug_ops: what the machine can plug, or NULL: nothing. */
const VdevHotplugOps *vm_hotplug_ops(const Vm *vm);
/* The cores that the machine could have; 0 without ops. */
guint vm_n_cores(const Vm *vm);
VdevCoreSlot vm_core(const Vm *vm, guint index);

#endif
