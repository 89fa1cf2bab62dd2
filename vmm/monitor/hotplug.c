/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * QMP's commands about what is plugged. Properties go on as the command line would have them, so
 * that both are understood by the same tables.
 */
#include "vmm/monitor/hotplug.h"

#include "vmm/hotplug.h"

/* --- Arguments as an option ------------------------------------------------ */

/* (transfer full), or NULL: not a plain value. */
static char *
plain_text(const json_t *value)
{
    switch (json_typeof(value)) {
    case JSON_STRING: return g_strdup(json_string_value(value));
    case JSON_INTEGER: return g_strdup_printf("%" JSON_INTEGER_FORMAT, json_integer_value(value));
    case JSON_TRUE: return g_strdup("on");
    case JSON_FALSE: return g_strdup("off");
    default: return NULL;
    }
}

static gboolean
check_plain(json_t *arguments, const char *name, GError **error)
{
    const char *key;
    json_t *value;

    if (json_object_get(arguments, name) == NULL) {
        g_set_error(error, QMP_ERROR, QMP_ERROR_GENERIC, "Parameter '%s' is missing", name);
        return FALSE;
    }
    json_object_foreach(arguments, key, value)
    {
        g_autofree char *text = plain_text(value);

        if (text != NULL && (json_is_string(value) || !g_str_equal(key, name)))
            continue;
        g_set_error(error, QMP_ERROR, QMP_ERROR_GENERIC,
                    "Invalid parameter type for '%s', expected: %s", key,
                    g_str_equal(key, name) ? "string" : "string, integer or boolean");
        return FALSE;
    }
    return TRUE;
}

gboolean
qmp_check_object(json_t *arguments, GError **error)
{
    return check_plain(arguments, "qom-type", error);
}

gboolean
qmp_check_device(json_t *arguments, GError **error)
{
    return check_plain(arguments, "driver", error);
}

static OptionItem *
item_of(json_t *arguments, const char *name)
{
    OptionItem *item = g_new0(OptionItem, 1);
    const char *key;
    json_t *value;

    item->name = g_strdup(json_string_value(json_object_get(arguments, name)));
    item->keys = g_ptr_array_new_with_free_func(g_free);
    item->values = g_ptr_array_new_with_free_func(g_free);
    json_object_foreach(arguments, key, value)
    {
        if (g_str_equal(key, name))
            continue;
        g_ptr_array_add(item->keys, g_strdup(key));
        g_ptr_array_add(item->values, plain_text(value));
    }
    return item;
}

/* --- What acts ------------------------------------------------------------- */

static json_t *
done(gboolean good)
{
    return good ? json_object() : NULL;
}

static const char *
id_of(json_t *arguments)
{
    return json_string_value(json_object_get(arguments, "id"));
}

json_t *
qmp_object_add(Vm *vm, json_t *arguments, GError **error)
{
    g_autoptr(OptionItem) item = item_of(arguments, "qom-type");

    return done(vm_object_add(vm, item, error));
}

json_t *
qmp_object_del(Vm *vm, json_t *arguments, GError **error)
{
    return done(vm_object_del(vm, id_of(arguments), error));
}

json_t *
qmp_device_add(Vm *vm, json_t *arguments, GError **error)
{
    g_autoptr(OptionItem) item = item_of(arguments, "driver");

    return done(vm_device_add(vm, item, error));
}

json_t *
qmp_device_del(Vm *vm, json_t *arguments, GError **error)
{
    return done(vm_device_del(vm, id_of(arguments), error));
}

/* --- What asks ------------------------------------------------------------- */

static json_t *
dimm(const VmPlugInfo *info)
{
    const VdevPlug *plug = info->plug;
    g_autofree char *memdev = g_strconcat("/objects/", plug->block, NULL);
    json_t *data =
        json_pack("{s:I,s:I,s:i,s:I,s:o,s:b,s:b}", "addr", (json_int_t)plug->gpa, "size",
                  (json_int_t)plug->size, "slot", plug->slot, "node", (json_int_t)plug->node,
                  "memdev", qmp_text(memdev), "hotplugged", info->hotplugged, "hotpluggable", TRUE);

    if (plug->id != NULL)
        json_object_set_new(data, "id", qmp_text(plug->id));
    return json_pack("{s:s,s:o}", "type", "dimm", "data", data);
}

json_t *
qmp_query_memory_devices(Vm *vm, json_t *arguments, GError **error)
{
    json_t *list = json_array();

    for (guint i = 0; i < vm_n_plugs(vm); i++) {
        VmPlugInfo info = vm_plug_info(vm, i);

        if (info.plug->kind == VDEV_PLUG_MEMORY)
            json_array_append_new(list, dimm(&info));
    }
    return list;
}

/* Where the core of @slot is found: by its own id, or among those of the start. */
static char *
core_path(Vm *vm, const VdevCoreSlot *slot)
{
    for (guint i = 0; i < vm_n_plugs(vm); i++) {
        VmPlugInfo info = vm_plug_info(vm, i);

        if (info.plug->kind == VDEV_PLUG_CPU && info.plug->core_id == slot->core_id)
            return qmp_device_path(info.plug->id);
    }
    return g_strdup_printf("/machine/unattached/core[%u]", slot->core_id);
}

static json_t *
core(Vm *vm, const char *type, const VdevCoreSlot *slot)
{
    json_t *entry =
        json_pack("{s:s,s:I,s:{s:I}}", "type", type, "vcpus-count", (json_int_t)slot->threads,
                  "props", "core-id", (json_int_t)slot->core_id);

    if (slot->present) {
        g_autofree char *path = core_path(vm, slot);

        json_object_set_new(entry, "qom-path", qmp_text(path));
    }
    return entry;
}

json_t *
qmp_query_hotpluggable_cpus(Vm *vm, json_t *arguments, GError **error)
{
    const VdevHotplugOps *ops = vm_hotplug_ops(vm);
    json_t *list;

    if (ops == NULL || ops->core_types == NULL) {
        g_set_error_literal(error, QMP_ERROR, QMP_ERROR_GENERIC,
                            "machine does not support hot-plugging CPUs");
        return NULL;
    }
    list = json_array();
    for (guint i = 0; i < vm_n_cores(vm); i++) {
        VdevCoreSlot slot = vm_core(vm, i);

        json_array_append_new(list, core(vm, ops->core_types[0], &slot));
    }
    return list;
}

json_t *
qmp_query_memdev(Vm *vm, json_t *arguments, GError **error)
{
    json_t *list = json_array();

    for (guint i = 0; i < vm_n_memdevs(vm); i++) {
        VmMemdevInfo info = vm_memdev_info(vm, i);
        json_t *entry =
            json_pack("{s:o,s:I,s:b,s:b}", "id", qmp_text(info.id), "size", (json_int_t)info.size,
                      "share", info.shared, "prealloc", info.preallocated);

        /* What QEMU's clients expect to find; nothing here binds memory to nodes. */
        json_object_set_new(entry, "merge", json_true());
        json_object_set_new(entry, "dump", json_true());
        json_object_set_new(entry, "host-nodes", json_array());
        json_object_set_new(entry, "policy", json_string("default"));
        json_array_append_new(list, entry);
    }
    return list;
}
