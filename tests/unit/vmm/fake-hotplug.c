/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is plugged into the Vm of fake-vm.h: requests are noted, answers are the test's.
 */
#include "tests/unit/vmm/fake-vm.h"

static gboolean
note(Vm *vm, const char *what, const OptionItem *item, GError **error)
{
    if (vm->failure != NULL) {
        g_set_error_literal(error, VM_ERROR, VM_ERROR_USAGE, vm->failure);
        vm->failure = NULL;
        return FALSE;
    }
    g_string_append_printf(vm->told, "%s %s", what, item->name);
    for (guint i = 0; i < item->keys->len; i++)
        g_string_append_printf(vm->told, ",%s=%s", (char *)item->keys->pdata[i],
                               (char *)item->values->pdata[i]);
    g_string_append_c(vm->told, ';');
    return TRUE;
}

gboolean
vm_object_add(Vm *vm, const OptionItem *item, GError **error)
{
    return note(vm, "object", item, error);
}

gboolean
vm_device_add(Vm *vm, const OptionItem *item, GError **error)
{
    return note(vm, "device", item, error);
}

gboolean
vm_object_del(Vm *vm, const char *id, GError **error)
{
    g_string_append_printf(vm->told, "object-del %s;", id);
    return TRUE;
}

gboolean
vm_device_del(Vm *vm, const char *id, GError **error)
{
    if (vm->n_plugs == 0) {
        g_set_error(error, VM_ERROR, VM_ERROR_ABSENT, "Device '%s' not found", id);
        return FALSE;
    }
    g_string_append_printf(vm->told, "device_del %s;", id);
    return TRUE;
}

const VdevHotplugOps *
vm_hotplug_ops(const Vm *vm)
{
    static const char *const core_types[] = {"room-core", NULL};
    static const VdevHotplugOps ops = {.memory_type = "shelf", .core_types = core_types};

    return vm->n_cores > 0 ? &ops : NULL;
}

guint
vm_n_plugs(const Vm *vm)
{
    return vm->n_plugs;
}

VmPlugInfo
vm_plug_info(const Vm *vm, guint index)
{
    return vm->plugs[index];
}

guint
vm_n_cores(const Vm *vm)
{
    return vm->n_cores;
}

VdevCoreSlot
vm_core(const Vm *vm, guint index)
{
    return vm->cores[index];
}

guint
vm_n_memdevs(const Vm *vm)
{
    return 1;
}

VmMemdevInfo
vm_memdev_info(const Vm *vm, guint index)
{
    return (VmMemdevInfo){"main", 4096, .shared = TRUE};
}
