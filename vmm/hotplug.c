/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is plugged into a VM (see the header).
 */
#include "vmm/hotplug.h"

#include <string.h>

#include "vmm/hotplug-priv.h"
#include "vmm/number.h"
#include "vmm/vm-migrate.h"

/* ---- names and properties ------------------------------------------------------------------ */

typedef enum { KEY_TEXT, KEY_UINT32, KEY_SLOT, KEY_UINT64 } PlugKeyKind;

#define PLUG_MEMORY (1u << VDEV_PLUG_MEMORY)
#define PLUG_CPU    (1u << VDEV_PLUG_CPU)

static const struct {
    const char *name;
    PlugKeyKind kind;
    gsize offset;   /* in VmPlug */
    guint32 plugs;  /* bit n: kind n has it */
    guint32 needed; /* likewise: and must be given it */
    const char *help;
} plug_keys[] = {
    {"id", KEY_TEXT, G_STRUCT_OFFSET(VmPlug, id), PLUG_MEMORY | PLUG_CPU, 0, "name of this device"},
    {"memdev", KEY_TEXT, G_STRUCT_OFFSET(VmPlug, memdev), PLUG_MEMORY, PLUG_MEMORY,
     "id of the -object that it plugs"},
    {"addr", KEY_UINT64, G_STRUCT_OFFSET(VmPlug, plug.gpa), PLUG_MEMORY, 0,
     "guest address; left out: the first that is free"},
    {"slot", KEY_SLOT, G_STRUCT_OFFSET(VmPlug, plug.slot), PLUG_MEMORY, 0,
     "number of its slot; left out: the first that is free"},
    {"node", KEY_UINT32, G_STRUCT_OFFSET(VmPlug, plug.node), PLUG_MEMORY, 0,
     "node: 0, the only one"},
    {"core-id", KEY_UINT32, G_STRUCT_OFFSET(VmPlug, plug.core_id), PLUG_CPU, PLUG_CPU,
     "as query-hotpluggable-cpus tells it"},
    {"node-id", KEY_UINT32, G_STRUCT_OFFSET(VmPlug, plug.node), PLUG_CPU, 0,
     "node: 0, the only one"},
};

/* Whether @driver is something that can be plugged, and what. @ops: NULL: nothing is. */
static gboolean
plug_kind(const VdevHotplugOps *ops, const char *driver, VdevPlugKind *kind)
{
    if (ops == NULL || driver == NULL)
        return FALSE;
    *kind = g_strcmp0(ops->memory_type, driver) == 0 ? VDEV_PLUG_MEMORY : VDEV_PLUG_CPU;
    return *kind == VDEV_PLUG_MEMORY ||
           (ops->core_types != NULL && g_strv_contains(ops->core_types, driver));
}

gboolean
vm_hotplug_takes(const Vm *vm, const OptionItem *item)
{
    VdevPlugKind kind;

    return plug_kind(vm_hotplug_ops(vm), item->name, &kind);
}

gboolean
vm_hotplug_help(const VdevHotplugOps *ops, const char *driver, GString *text)
{
    static const char *const types[] = {[KEY_TEXT] = "str",
                                        [KEY_UINT32] = "uint32",
                                        [KEY_SLOT] = "uint32",
                                        [KEY_UINT64] = "uint64"};
    VdevPlugKind kind;

    if (!plug_kind(ops, driver, &kind))
        return FALSE;
    g_string_append_printf(text, "%s options:\n", driver);
    for (guint row = 0; row < G_N_ELEMENTS(plug_keys); row++)
        if ((plug_keys[row].plugs & 1u << kind) != 0)
            g_string_append_printf(text, "  %s=<%s>  %s\n", plug_keys[row].name,
                                   types[plug_keys[row].kind], plug_keys[row].help);
    return TRUE;
}

static gboolean
parse_number(const char *text, guint64 max, guint64 *value)
{
    return number_parse(text, value) && *value <= max;
}

static gboolean
plug_value(VmPlug *plug, guint row, const char *text)
{
    gpointer member = G_STRUCT_MEMBER_P(plug, plug_keys[row].offset);
    guint64 number = 0;

    switch (plug_keys[row].kind) {
    case KEY_TEXT:
        g_free(*(char **)member);
        *(char **)member = g_strdup(text);
        return *text != '\0';
    case KEY_UINT32:
        if (!parse_number(text, G_MAXUINT32, &number))
            return FALSE;
        *(guint32 *)member = (guint32)number;
        return TRUE;
    case KEY_SLOT:
        if (!parse_number(text, G_MAXINT32, &number))
            return FALSE;
        *(gint32 *)member = (gint32)number;
        return TRUE;
    case KEY_UINT64: return parse_number(text, G_MAXUINT64, member);
    }
    return FALSE;
}

static guint
find_key(const char *name, VdevPlugKind kind)
{
    guint row = 0;

    while (row < G_N_ELEMENTS(plug_keys) &&
           (strcmp(plug_keys[row].name, name) != 0 || (plug_keys[row].plugs & 1u << kind) == 0))
        row++;
    return row;
}

static gboolean
parse_keys(VmPlug *plug, const OptionItem *item, GError **error)
{
    const guint32 kind = 1u << plug->plug.kind;

    for (guint i = 0; i < item->keys->len; i++) {
        const char *key = item->keys->pdata[i], *text = item->values->pdata[i];
        guint row = find_key(key, plug->plug.kind);

        if (row == G_N_ELEMENTS(plug_keys))
            return vm_usage(error, "Property '%s.%s' not found", item->name, key);
        if (!plug_value(plug, row, text))
            return vm_usage(error, "Property '%s.%s' does not take value '%s'", item->name, key,
                            text);
    }
    for (guint row = 0; row < G_N_ELEMENTS(plug_keys); row++)
        if ((plug_keys[row].needed & kind) != 0 &&
            option_item_get(item, plug_keys[row].name) == NULL)
            return vm_usage(error, "Property '%s.%s' is not set", item->name, plug_keys[row].name);
    return TRUE;
}

/* ---- what is there ------------------------------------------------------------------------- */

const VdevHotplugOps *
vm_hotplug_ops(const Vm *vm)
{
    return vm->machine->type.klass->hotplug;
}

guint
vm_n_plugs(const Vm *vm)
{
    return vm->plugs->len;
}

VmPlugInfo
vm_plug_info(const Vm *vm, guint index)
{
    const VmPlug *plug = vm->plugs->pdata[index];

    return (VmPlugInfo){&plug->plug, plug->hotplugged};
}

guint
vm_n_cores(const Vm *vm)
{
    const VdevHotplugOps *ops = vm_hotplug_ops(vm);

    return ops == NULL ? 0 : ops->n_cores(vm->machine->object);
}

VdevCoreSlot
vm_core(const Vm *vm, guint index)
{
    VdevCoreSlot slot = {0};

    vm_hotplug_ops(vm)->core(vm->machine->object, index, &slot);
    return slot;
}

/* Of the blocks those that are RAM: the others are windows of devices. */
static RamBlock *
nth_backend(const Vm *vm, guint index)
{
    for (guint i = 0; i < ram_list_length(vm->ram); i++) {
        RamBlock *block = ram_list_get(vm->ram, i);

        if (block->kind == RAM_KIND_RAM && index-- == 0)
            return block;
    }
    return NULL;
}

guint
vm_n_memdevs(const Vm *vm)
{
    guint n = 0;

    while (nth_backend(vm, n) != NULL)
        n++;
    return n;
}

VmMemdevInfo
vm_memdev_info(const Vm *vm, guint index)
{
    const RamBlock *block = nth_backend(vm, index);

    return (VmMemdevInfo){block->name, block->size, block->shared, block->preallocated};
}

static RamBlock *
find_backend(const Vm *vm, const char *id)
{
    RamBlock *block;

    for (guint i = 0; (block = nth_backend(vm, i)) != NULL; i++)
        if (strcmp(block->name, id) == 0)
            return block;
    return NULL;
}

static const VmPlug *
user_of(const Vm *vm, const RamBlock *block)
{
    for (guint i = 0; i < vm->plugs->len; i++)
        if (((VmPlug *)vm->plugs->pdata[i])->block == block)
            return vm->plugs->pdata[i];
    return NULL;
}

static VmPlug *
find_plug(const Vm *vm, const char *id)
{
    for (guint i = 0; i < vm->plugs->len; i++)
        if (g_strcmp0(((VmPlug *)vm->plugs->pdata[i])->id, id) == 0)
            return vm->plugs->pdata[i];
    return NULL;
}

static gboolean
is_fixed_device(const Vm *vm, const char *id)
{
    for (guint i = 0; i < vm->machine->devices->len; i++)
        if (g_strcmp0(((VdevDevice *)vm->machine->devices->pdata[i])->id, id) == 0)
            return TRUE;
    return FALSE;
}

/* HP-1 */
static gboolean
refuse_in_migration(const Vm *vm, const char *command, GError **error)
{
    return vm_migrate_is_running(vm) &&
           !vm_usage(error, "%s is not allowed while a migration runs", command);
}

/* ---- objects ------------------------------------------------------------------------------- */

gboolean
vm_object_add(Vm *vm, const OptionItem *item, GError **error)
{
    RamBackendSpec spec = {0};

    vm_migrate_settle(vm);
    if (refuse_in_migration(vm, "object-add", error) || !vm_backend_parse(item, &spec, error))
        return FALSE;
    if (find_backend(vm, spec.id) != NULL)
        return vm_usage(error, "attempt to add duplicate property '%s' to object container",
                        spec.id);
    return ram_block_new(vm->ram, &spec, error) != NULL;
}

gboolean
vm_object_del(Vm *vm, const char *id, GError **error)
{
    RamBlock *block;

    vm_migrate_settle(vm); /* it may take a device along */
    block = find_backend(vm, id);
    if (block == NULL)
        return vm_usage(error, "object '%s' not found", id);
    if (refuse_in_migration(vm, "object-del", error))
        return FALSE;
    if (block == vm->main_ram || user_of(vm, block) != NULL)
        return vm_usage(error, "object '%s' is in use, can not be deleted", id);
    ram_block_free(block);
    return TRUE;
}

/* ---- devices ------------------------------------------------------------------------------- */

static gboolean
take_backend(Vm *vm, VmPlug *plug, GError **error)
{
    const VdevHotplugOps *ops = vm_hotplug_ops(vm);
    RamBlock *block = find_backend(vm, plug->memdev);

    if (block == NULL)
        return vm_usage(error, "Property '%s.memdev': there is no object '%s'", ops->memory_type,
                        plug->memdev);
    if (block == vm->main_ram || user_of(vm, block) != NULL)
        return vm_usage(error, "can't use already busy memdev: %s", plug->memdev);
    if (block->size % ops->memory_align != 0 || plug->plug.gpa % ops->memory_align != 0)
        return vm_usage(error,
                        "%s: address 0x%" G_GINT64_MODIFIER "x and size 0x%" G_GINT64_MODIFIER
                        "x must be multiples of 0x%" G_GINT64_MODIFIER "x",
                        ops->memory_type, plug->plug.gpa, block->size, ops->memory_align);
    plug->block = block;
    plug->plug.block = plug->memdev;
    plug->plug.size = block->size;
    return TRUE;
}

/* From words to what the machine is asked; nothing of the VM has changed yet. */
static gboolean
prepare(Vm *vm, VmPlug *plug, const OptionItem *item, GError **error)
{
    plug->plug.slot = -1;
    if (!plug_kind(vm_hotplug_ops(vm), item->name, &plug->plug.kind))
        return vm_usage(error, "'%s' is not a device that can be plugged into this machine",
                        item->name == NULL ? "" : item->name);
    if (!parse_keys(plug, item, error))
        return FALSE;
    plug->plug.id = plug->id;
    if (plug->id != NULL && (find_plug(vm, plug->id) != NULL || is_fixed_device(vm, plug->id)))
        return vm_usage(error, "Duplicate device ID '%s'", plug->id);
    return plug->plug.kind == VDEV_PLUG_CPU || take_backend(vm, plug, error);
}

void
vm_plug_free(gpointer data)
{
    VmPlug *plug = data;

    g_free(plug->id);
    g_free(plug->memdev);
    g_free(plug);
}

static gboolean
plug_item(Vm *vm, const OptionItem *item, gboolean at_start, GError **error)
{
    VmPlug *plug = g_new0(VmPlug, 1);

    plug->hotplugged = !at_start;
    plug->plug.at_start = at_start;
    if (prepare(vm, plug, item, error)) {
        /* In the list first: the machine's calls find what is theirs. */
        g_ptr_array_add(vm->plugs, plug);
        if (vm_hotplug_ops(vm)->plug(vm->machine->object, &plug->plug, error))
            return TRUE;
        g_assert(plug->block == NULL || plug->block->slot < 0); /* HP-2 */
        g_ptr_array_remove(vm->plugs, plug);
    }
    vm_plug_free(plug);
    return FALSE;
}

gboolean
vm_device_add(Vm *vm, const OptionItem *item, GError **error)
{
    vm_migrate_settle(vm);
    return !refuse_in_migration(vm, "device_add", error) &&
           plug_item(vm, item, vm->state == RUN_STATE_INMIGRATE, error);
}

gboolean
vm_hotplug_start(Vm *vm, GError **error)
{
    for (guint i = 0; i < vm->options->devices->len; i++) {
        const OptionItem *item = vm->options->devices->pdata[i];

        if (vm_hotplug_takes(vm, item) && !plug_item(vm, item, TRUE, error)) {
            g_prefix_error(error, "-device %s: ", item->name);
            return FALSE;
        }
    }
    return TRUE;
}

gboolean
vm_device_del(Vm *vm, const char *id, GError **error)
{
    VmPlug *plug;

    vm_migrate_settle(vm); /* it may take the device along */
    plug = find_plug(vm, id);
    if (plug == NULL && is_fixed_device(vm, id))
        return vm_usage(error, "Device '%s' does not support hotplugging", id);
    if (plug == NULL) {
        g_set_error(error, VM_ERROR, VM_ERROR_ABSENT, "Device '%s' not found", id);
        return FALSE;
    }
    return !refuse_in_migration(vm, "device_del", error) &&
           vm_hotplug_ops(vm)->unplug(vm->machine->object, &plug->plug, error);
}

void
vm_hotplug_free(Vm *vm)
{
    if (vm->plugs == NULL)
        return;
    g_ptr_array_set_free_func(vm->plugs, vm_plug_free);
    g_clear_pointer(&vm->plugs, g_ptr_array_unref);
}
