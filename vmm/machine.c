/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Machine types and devices by name, and their objects.
 */
#include "vmm/machine.h"

#include <string.h>

#include "vmm/hotplug.h"
#include "vmm/property.h"
#include "vmm/vm.h"

static gboolean
machine_row_named(const VdevMachineRow *row, const char *name)
{
    if (name == NULL)
        return row->refusal == NULL;
    return strcmp(row->name, name) == 0 || g_strcmp0(row->alias, name) == 0;
}

static gboolean
machine_search_rows(const VdevMachineClass *klass, const char *name, MachineType *type)
{
    for (const VdevMachineRow *row = klass->rows; row->name != NULL; row++)
        if (machine_row_named(row, name)) {
            *type = (MachineType){klass, row};
            return TRUE;
        }
    return FALSE;
}

static gboolean
machine_search(const ModuleSet *modules, const char *name, MachineType *type)
{
    for (guint i = 0; i < module_set_size(modules); i++) {
        const VdevMachineClass *const *klass = module_set_get(modules, i)->machines;

        for (; klass != NULL && *klass != NULL; klass++)
            if (machine_search_rows(*klass, name, type))
                return TRUE;
    }
    return FALSE;
}

gboolean
machine_find(const ModuleSet *modules, const char *name, MachineType *type, GError **error)
{
    if (module_set_size(modules) == 0) {
        g_autofree char *places = module_set_places(modules);

        g_set_error(error, VM_ERROR, VM_ERROR_USAGE,
                    "no module in %s: there is no machine to run; -module-dir names another place",
                    places);
        return FALSE;
    }
    if (!machine_search(modules, name, type)) {
        g_set_error(error, VM_ERROR, VM_ERROR_USAGE,
                    "-M %s: there is no such machine type; -M help lists them",
                    name == NULL ? "" : name);
        return FALSE;
    }
    if (type->row->refusal != NULL) {
        g_set_error(error, VM_ERROR, VM_ERROR_USAGE, "-M %s cannot run: %s", type->row->name,
                    type->row->refusal);
        return FALSE;
    }
    return TRUE;
}

/* Properties of -M that are the host's business (vm-memory.c). */
static gboolean
machine_host_property(const char *key)
{
    return strcmp(key, "memory-backend") == 0;
}

static gboolean
machine_set_properties(const VdevProperty *props, void *object, const char *owner,
                       const OptionItem *item, GError **error)
{
    for (guint i = 0; item != NULL && i < item->keys->len; i++)
        if (!machine_host_property(item->keys->pdata[i]) &&
            !property_set(props, object, owner, item->keys->pdata[i], item->values->pdata[i],
                          error))
            return FALSE;
    return TRUE;
}

Machine *
machine_new(const MachineType *type, const OptionItem *properties, const VdevHost *host,
            GError **error)
{
    Machine *machine = g_new0(Machine, 1);
    g_autofree char *owner = g_strconcat("-M ", type->row->name, NULL);

    machine->type = *type;
    machine->object = g_malloc0(type->klass->size);
    machine->devices = g_ptr_array_new();
    ((VdevDevice *)machine->object)->host = host;
    property_init(type->klass->props, machine->object);
    if (!machine_set_properties(type->klass->props, machine->object, owner, properties, error))
        g_clear_pointer(&machine, machine_free);
    return machine;
}

static const VdevClass *
device_find(const ModuleSet *modules, const char *name)
{
    for (guint i = 0; i < module_set_size(modules); i++) {
        const VdevClass *const *klass = module_set_get(modules, i)->devices;

        for (; klass != NULL && *klass != NULL; klass++)
            if (strcmp((*klass)->name, name) == 0)
                return *klass;
    }
    return NULL;
}

static void
device_free(VdevDevice *device)
{
    if (device == NULL)
        return;
    property_clear(device->klass->props, device);
    g_free(device->id);
    g_free(device);
}

static gboolean
device_id_free(const Machine *machine, const char *id)
{
    for (guint i = 0; id != NULL && i < machine->devices->len; i++)
        if (g_strcmp0(((VdevDevice *)machine->devices->pdata[i])->id, id) == 0)
            return FALSE;
    return TRUE;
}

static gboolean
device_configure(VdevDevice *device, const OptionItem *item, GError **error)
{
    g_autofree char *owner = g_strconcat("-device ", item->name, NULL);

    for (guint i = 0; i < item->keys->len; i++) {
        const char *key = item->keys->pdata[i], *value = item->values->pdata[i];

        if (strcmp(key, "id") == 0) {
            g_free(device->id);
            device->id = g_strdup(value);
        } else if (!property_set(device->klass->props, device, owner, key, value, error)) {
            return FALSE;
        }
    }
    return TRUE;
}

static gboolean
device_attach(Machine *machine, VdevDevice *device, const OptionItem *item, GError **error)
{
    g_autoptr(GError) reason = NULL;

    if (!device_configure(device, item, error))
        return FALSE;
    if (!device_id_free(machine, device->id)) {
        g_set_error(error, VM_ERROR, VM_ERROR_USAGE,
                    "-device %s: id=%s names another device already", item->name, device->id);
        return FALSE;
    }
    if (!machine->type.klass->attach(machine->object, device, &reason)) {
        g_set_error(error, VM_ERROR, VM_ERROR_USAGE, "-device %s: %s", item->name,
                    reason == NULL ? "the machine refuses it" : reason->message);
        return FALSE;
    }
    return TRUE;
}

gboolean
machine_add_device(Machine *machine, const ModuleSet *modules, const OptionItem *item,
                   GError **error)
{
    const VdevClass *klass = device_find(modules, item->name);
    VdevDevice *device;

    if (klass == NULL) {
        g_set_error(error, VM_ERROR, VM_ERROR_USAGE,
                    "-device %s: there is no such device; -device help lists them", item->name);
        return FALSE;
    }
    device = g_malloc0(klass->size);
    device->klass = klass;
    device->host = ((VdevDevice *)machine->object)->host;
    property_init(klass->props, device);
    if (!device_attach(machine, device, item, error)) {
        device_free(device);
        return FALSE;
    }
    g_ptr_array_add(machine->devices, device);
    return TRUE;
}

void
machine_free(Machine *machine)
{
    if (machine == NULL)
        return;
    while (machine->devices->len > 0)
        device_free(g_ptr_array_steal_index(machine->devices, machine->devices->len - 1));
    g_ptr_array_unref(machine->devices);
    property_clear(machine->type.klass->props, machine->object);
    g_free(machine->object);
    g_free(machine);
}

/* ---- help ---------------------------------------------------------------------------------- */

static gboolean
item_wants_help(const OptionItem *item)
{
    return g_strcmp0(item->name, "help") == 0 || g_strcmp0(item->name, "?") == 0 ||
           option_item_get(item, "help") != NULL;
}

static const OptionItem *
device_help_item(const Options *options)
{
    for (guint i = 0; i < options->devices->len; i++)
        if (item_wants_help(options->devices->pdata[i]))
            return options->devices->pdata[i];
    return NULL;
}

gboolean
machine_help_wanted(const Options *options)
{
    return (options->machine != NULL && item_wants_help(options->machine)) ||
           device_help_item(options) != NULL;
}

static void
machine_list_rows(const VdevMachineClass *klass, const VdevMachineRow *standard, GString *text)
{
    for (const VdevMachineRow *row = klass->rows; row->name != NULL; row++) {
        if (row->refusal != NULL)
            continue;
        if (row->alias != NULL)
            g_string_append_printf(text, "%-20s (alias of %s)\n", row->alias, row->name);
        g_string_append_printf(text, "%-20s %s%s\n", row->name, row->help == NULL ? "" : row->help,
                               row == standard ? " (default)" : "");
    }
}

static void
machine_list(const ModuleSet *modules, GString *text)
{
    MachineType standard = {0};

    machine_search(modules, NULL, &standard);
    g_string_append(text, "Supported machines are:\n");
    for (guint i = 0; i < module_set_size(modules); i++) {
        const VdevMachineClass *const *klass = module_set_get(modules, i)->machines;

        for (; klass != NULL && *klass != NULL; klass++)
            machine_list_rows(*klass, standard.row, text);
    }
}

static void
list_pluggable(const VdevMachineClass *machine, GString *text)
{
    const VdevHotplugOps *ops = machine->hotplug;

    if (ops == NULL)
        return;
    g_string_append_printf(text, "%-20s memory of a -object memory-backend-…; also device_add\n",
                           ops->memory_type);
    for (guint i = 0; ops->core_types != NULL && ops->core_types[i] != NULL; i++)
        g_string_append_printf(text, "%s processor core; also device_add\n", ops->core_types[i]);
}

static void
device_list(const ModuleSet *modules, GString *text)
{
    for (guint i = 0; i < module_set_size(modules); i++) {
        const VdevMachineClass *const *machine = module_set_get(modules, i)->machines;

        for (; machine != NULL && *machine != NULL; machine++)
            list_pluggable(*machine, text);
    }
    for (guint i = 0; i < module_set_size(modules); i++) {
        const VdevClass *const *klass = module_set_get(modules, i)->devices;

        for (; klass != NULL && *klass != NULL; klass++)
            g_string_append_printf(text, "%-20s %s\n", (*klass)->name,
                                   (*klass)->help == NULL ? "" : (*klass)->help);
    }
}

static void
property_list(const char *name, const VdevProperty *props, const char *more, GString *text)
{
    g_string_append_printf(text, "%s options:\n", name);
    property_help(props, text);
    g_string_append(text, more);
}

static gboolean
machine_help_type(const char *name, const ModuleSet *modules, GString *text, GError **error)
{
    MachineType type;

    if (!machine_find(modules, name, &type, error))
        return FALSE;
    property_list(type.row->name, type.klass->props,
                  "  memory-backend=<str>  id of the -object that is main memory\n", text);
    return TRUE;
}

static gboolean
device_help_plug(const char *name, const ModuleSet *modules, GString *text)
{
    for (guint i = 0; i < module_set_size(modules); i++) {
        const VdevMachineClass *const *machine = module_set_get(modules, i)->machines;

        for (; machine != NULL && *machine != NULL; machine++)
            if (vm_hotplug_help((*machine)->hotplug, name, text))
                return TRUE;
    }
    return FALSE;
}

static gboolean
device_help_class(const char *name, const ModuleSet *modules, GString *text, GError **error)
{
    const VdevClass *klass = device_find(modules, name);

    if (klass == NULL && device_help_plug(name, modules, text))
        return TRUE;
    if (klass == NULL) {
        g_set_error(error, VM_ERROR, VM_ERROR_USAGE,
                    "-device %s: there is no such device; -device help lists them", name);
        return FALSE;
    }
    property_list(klass->name, klass->props, "  id=<str>  name of this device\n", text);
    return TRUE;
}

gboolean
machine_help(const Options *options, const ModuleSet *modules, GString *text, GError **error)
{
    const OptionItem *device = device_help_item(options);

    if (options->machine != NULL && item_wants_help(options->machine)) {
        if (option_item_get(options->machine, "help") != NULL)
            return machine_help_type(options->machine->name, modules, text, error);
        machine_list(modules, text);
        return TRUE;
    }
    if (option_item_get(device, "help") != NULL)
        return device_help_class(device->name, modules, text, error);
    device_list(modules, text);
    return TRUE;
}
