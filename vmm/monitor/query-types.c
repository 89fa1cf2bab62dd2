/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * QMP's questions about what the loaded modules offer: machine types, devices, properties.
 *
 * There is no object model behind the answers, so there are two abstract types only, "device" and
 * "machine", and their descendants are the tables of the modules. A machine type is named as QEMU
 * names its class: "pseries-10.0-machine".
 */
#include "vmm/hotplug.h"
#include "vmm/monitor/commands.h"
#include <string.h>

#define MACHINE_SUFFIX "-machine"

/* --- Walks over the modules' tables ---------------------------------------- */

typedef void (*MachineFunc)(const VdevMachineClass *machine, const VdevMachineRow *row, void *user);

static void
each_machine(Vm *vm, MachineFunc func, void *user)
{
    for (guint i = 0; i < vm_n_modules(vm); i++) {
        const VdevMachineClass *const *machine = vm_module(vm, i)->machines;

        for (; machine != NULL && *machine != NULL; machine++)
            for (const VdevMachineRow *row = (*machine)->rows; row->name != NULL; row++)
                func(*machine, row, user);
    }
}

static void
each_device(Vm *vm, void (*func)(const VdevClass *device, void *user), void *user)
{
    for (guint i = 0; i < vm_n_modules(vm); i++) {
        const VdevClass *const *device = vm_module(vm, i)->devices;

        for (; device != NULL && *device != NULL; device++)
            func(*device, user);
    }
}

/* --- query-machines -------------------------------------------------------- */

typedef struct {
    json_t *list;
    guint32 max_vcpus;
} MachineList;

static void
add_machine(const VdevMachineClass *machine, const VdevMachineRow *row, void *user)
{
    MachineList *all = user;
    json_t *entry;

    if (row->refusal != NULL)
        return;
    entry = json_pack("{s:s,s:I,s:b,s:b,s:b,s:b}", "name", row->name, "cpu-max",
                      (json_int_t)all->max_vcpus, "hotpluggable-cpus", machine->hotplug != NULL,
                      "numa-mem-supported", FALSE, "deprecated", FALSE, "acpi", FALSE);
    if (row->alias != NULL)
        json_object_set_new(entry, "alias", json_string(row->alias));
    if (json_array_size(all->list) == 0)
        json_object_set_new(entry, "is-default", json_true());
    json_array_append_new(all->list, entry);
}

json_t *
qmp_query_machines(Vm *vm, json_t *arguments, GError **error)
{
    MachineList all = {json_array(), vm_cpu_info(vm)->max_vcpus};

    each_machine(vm, add_machine, &all);
    return all.list;
}

/* --- qom-list-types -------------------------------------------------------- */

typedef struct {
    json_t *list;
    const char *implements; /* or NULL: any */
} TypeList;

static void
add_type(TypeList *types, const char *name, const char *parent)
{
    if (types->implements != NULL && !g_str_equal(types->implements, name) &&
        !g_str_equal(types->implements, parent) && !g_str_equal(types->implements, "object"))
        return;
    json_array_append_new(types->list, json_pack("{s:s,s:s}", "name", name, "parent", parent));
}

static void
add_machine_type(const VdevMachineClass *machine, const VdevMachineRow *row, void *user)
{
    g_autofree char *name = g_strconcat(row->name, MACHINE_SUFFIX, NULL);

    if (row->refusal == NULL)
        add_type(user, name, "machine");
}

static void
add_device_type(const VdevClass *device, void *user)
{
    add_type(user, device->name, "device");
}

static void
add_pluggable_types(Vm *vm, TypeList *types)
{
    static const char *const backends[] = {"memory-backend-file", "memory-backend-memfd",
                                           "memory-backend-ram"};
    const VdevHotplugOps *ops = vm_hotplug_ops(vm);

    if (ops == NULL)
        return;
    add_type(types, ops->memory_type, "device");
    for (guint i = 0; ops->core_types != NULL && ops->core_types[i] != NULL; i++)
        add_type(types, ops->core_types[i], "device");
    for (guint i = 0; i < G_N_ELEMENTS(backends); i++)
        add_type(types, backends[i], "memory-backend");
}

static void
add_abstract_type(TypeList *types, const char *name)
{
    gsize before = json_array_size(types->list);

    add_type(types, name, "object");
    if (json_array_size(types->list) > before)
        json_object_set_new(json_array_get(types->list, before), "abstract", json_true());
}

json_t *
qmp_list_types(Vm *vm, json_t *arguments, GError **error)
{
    TypeList types = {json_array(), json_string_value(json_object_get(arguments, "implements"))};

    if (json_is_true(json_object_get(arguments, "abstract"))) {
        add_abstract_type(&types, "device");
        add_abstract_type(&types, "machine");
    }
    each_device(vm, add_device_type, &types);
    add_pluggable_types(vm, &types);
    each_machine(vm, add_machine_type, &types);
    return types.list;
}

/* --- device-list-properties ------------------------------------------------ */

static json_t *
initial_value(const VdevProperty *prop)
{
    switch (prop->kind) {
    case VDEV_PROP_BOOL: return json_boolean(prop->initial != 0);
    case VDEV_PROP_ENUM: return json_string(prop->choices[prop->initial]);
    case VDEV_PROP_STRING: return NULL;
    case VDEV_PROP_UINT32:
    case VDEV_PROP_UINT64:
    case VDEV_PROP_SIZE: break;
    }
    /* JSON numbers here end at 2^63: a larger one is left out rather than told wrongly. */
    return prop->initial <= G_MAXINT64 ? json_integer((json_int_t)prop->initial) : NULL;
}

static json_t *
property_entry(const VdevProperty *prop)
{
    static const char *const names[] = {
        [VDEV_PROP_BOOL] = "bool", [VDEV_PROP_UINT32] = "uint32", [VDEV_PROP_UINT64] = "uint64",
        [VDEV_PROP_SIZE] = "size", [VDEV_PROP_STRING] = "str",    [VDEV_PROP_ENUM] = "enum",
    };
    json_t *entry = json_pack("{s:s,s:s}", "name", prop->name, "type", names[prop->kind]);
    json_t *initial = initial_value(prop);

    if (prop->help != NULL)
        json_object_set_new(entry, "description", qmp_text(prop->help));
    if (initial != NULL)
        json_object_set_new(entry, "default-value", initial);
    if (prop->kind == VDEV_PROP_ENUM) {
        json_t *choices = json_array();

        for (const char *const *choice = prop->choices; *choice != NULL; choice++)
            json_array_append_new(choices, json_string(*choice));
        json_object_set_new(entry, "x-choices", choices);
    }
    return entry;
}

typedef struct {
    const char *name;
    const VdevProperty *props;
    gboolean found;
} TypeSearch;

static void
match_device(const VdevClass *device, void *user)
{
    TypeSearch *search = user;

    if (!g_str_equal(device->name, search->name))
        return;
    search->props = device->props;
    search->found = TRUE;
}

static void
match_machine(const VdevMachineClass *machine, const VdevMachineRow *row, void *user)
{
    TypeSearch *search = user;
    gsize n = strlen(row->name);

    if (strncmp(row->name, search->name, n) != 0 ||
        !g_str_equal(search->name + n, MACHINE_SUFFIX) || row->refusal != NULL)
        return;
    search->props = machine->props;
    search->found = TRUE;
}

json_t *
qmp_list_properties(Vm *vm, json_t *arguments, GError **error)
{
    TypeSearch search = {json_string_value(json_object_get(arguments, "typename"))};
    json_t *list;

    each_device(vm, match_device, &search);
    each_machine(vm, match_machine, &search);
    if (!search.found) {
        g_set_error(error, QMP_ERROR, QMP_ERROR_DEVICE_NOT_FOUND, "Device '%s' not found",
                    search.name);
        return NULL;
    }
    list = json_array();
    for (const VdevProperty *prop = search.props; prop != NULL && prop->name != NULL; prop++)
        json_array_append_new(list, property_entry(prop));
    return list;
}
