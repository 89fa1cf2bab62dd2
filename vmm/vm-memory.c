/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The VM's memory, from the command line to the accelerator's slots: -m, -mem-path, -object
 * memory-backend-…, -M memory-backend=.
 */
#include <errno.h>
#include <string.h>

#include "migration-glue/rules.h"
#include "vmm/number.h"
#include "vmm/vm-priv.h"

static const struct {
    const char *name;
    RamBackendKind kind;
    gboolean share; /* unless said otherwise, as QEMU has it */
} backend_types[] = {
    {"memory-backend-ram", RAM_BACKEND_RAM, FALSE},
    {"memory-backend-file", RAM_BACKEND_FILE, FALSE},
    {"memory-backend-memfd", RAM_BACKEND_MEMFD, TRUE},
};

typedef enum { KEY_TEXT, KEY_SIZE, KEY_BOOL } BackendKeyKind;

#define KINDS_ALL (1u << RAM_BACKEND_RAM | 1u << RAM_BACKEND_FILE | 1u << RAM_BACKEND_MEMFD)

static const struct {
    const char *name;
    BackendKeyKind kind;
    gsize offset;
    guint32 backends; /* bit n: RamBackendKind n has it */
} backend_keys[] = {
    {"id", KEY_TEXT, G_STRUCT_OFFSET(RamBackendSpec, id), KINDS_ALL},
    {"size", KEY_SIZE, G_STRUCT_OFFSET(RamBackendSpec, size), KINDS_ALL},
    {"share", KEY_BOOL, G_STRUCT_OFFSET(RamBackendSpec, share), KINDS_ALL},
    {"prealloc", KEY_BOOL, G_STRUCT_OFFSET(RamBackendSpec, prealloc), KINDS_ALL},
    {"mem-path", KEY_TEXT, G_STRUCT_OFFSET(RamBackendSpec, path), 1u << RAM_BACKEND_FILE},
    {"discard-data", KEY_BOOL, G_STRUCT_OFFSET(RamBackendSpec, discard), 1u << RAM_BACKEND_FILE},
    {"hugetlb", KEY_BOOL, G_STRUCT_OFFSET(RamBackendSpec, hugetlb), 1u << RAM_BACKEND_MEMFD},
    {"hugetlbsize", KEY_SIZE, G_STRUCT_OFFSET(RamBackendSpec, hugepage_size),
     1u << RAM_BACKEND_MEMFD},
};

static gboolean
backend_value(RamBackendSpec *spec, guint row, const char *text)
{
    switch (backend_keys[row].kind) {
    case KEY_TEXT:
        G_STRUCT_MEMBER(const char *, spec, backend_keys[row].offset) = text;
        return *text != '\0';
    case KEY_SIZE:
        return number_parse_size(text, 0,
                                 &G_STRUCT_MEMBER(guint64, spec, backend_keys[row].offset));
    case KEY_BOOL:
        return number_parse_bool(text, &G_STRUCT_MEMBER(gboolean, spec, backend_keys[row].offset));
    }
    return FALSE;
}

static gboolean
backend_parse_keys(RamBackendSpec *spec, const OptionItem *item, GError **error)
{
    for (guint i = 0; i < item->keys->len; i++) {
        const char *key = item->keys->pdata[i], *text = item->values->pdata[i];
        guint row = 0;

        while (row < G_N_ELEMENTS(backend_keys) && strcmp(backend_keys[row].name, key) != 0)
            row++;
        if (row == G_N_ELEMENTS(backend_keys) ||
            (backend_keys[row].backends & 1u << spec->kind) == 0)
            return vm_usage(error, "-object %s has no property '%s'", item->name, key);
        if (!backend_value(spec, row, text))
            return vm_usage(error, "-object %s: %s=%s is not allowed", item->name, key, text);
    }
    if (spec->id == NULL)
        return vm_usage(error, "-object %s needs id=NAME", item->name);
    if (spec->size == 0)
        return vm_usage(error, "-object %s,id=%s needs size=SIZE", item->name, spec->id);
    return TRUE;
}

gboolean
vm_backend_parse(const OptionItem *item, RamBackendSpec *spec, GError **error)
{
    guint type = 0;

    if (item->name == NULL)
        return vm_usage(error, "-object needs a type; -object help lists them");

    while (type < G_N_ELEMENTS(backend_types) && strcmp(backend_types[type].name, item->name) != 0)
        type++;
    if (type == G_N_ELEMENTS(backend_types))
        return vm_usage(error, "-object: unknown type '%s'; -object help lists them", item->name);
    spec->kind = backend_types[type].kind;
    spec->share = backend_types[type].share;
    return backend_parse_keys(spec, item, error);
}

static gboolean
backend_plan(Vm *vm, const OptionItem *item, GError **error)
{
    RamBackendSpec spec = {0};

    if (!vm_backend_parse(item, &spec, error))
        return FALSE;
    for (guint i = 0; i < vm->backends->len; i++)
        if (strcmp(g_array_index(vm->backends, RamBackendSpec, i).id, spec.id) == 0)
            return vm_usage(error, "-object %s: id=%s names another object already", item->name,
                            spec.id);
    g_array_append_val(vm->backends, spec);
    return TRUE;
}

/* Main memory is the backend that -M names. */
static gboolean
memory_plan_named(Vm *vm, const char *id, GError **error)
{
    const Options *options = vm->options;
    const RamBackendSpec *spec;
    guint at = 0;

    while (at < vm->backends->len &&
           strcmp(g_array_index(vm->backends, RamBackendSpec, at).id, id) != 0)
        at++;
    if (at == vm->backends->len)
        return vm_usage(error, "-M memory-backend=%s: there is no such -object", id);
    spec = &g_array_index(vm->backends, RamBackendSpec, at);
    if (options->mem_path != NULL || options->mem_prealloc)
        return vm_usage(error,
                        "-mem-path and -mem-prealloc are not for memory-backend=%s: "
                        "say mem-path= and prealloc= there",
                        id);
    if (options->have_ram_size && options->ram_size != spec->size)
        return vm_usage(error,
                        "-m is %" G_GUINT64_FORMAT
                        " bytes, but memory-backend=%s has %" G_GUINT64_FORMAT,
                        options->ram_size, id, spec->size);
    vm->main_backend = at;
    vm->main_is_named = TRUE;
    vm->config.ram_size = spec->size;
    vm->config.max_ram_size = options->have_ram_size ? options->max_ram_size : spec->size;
    return TRUE;
}

gboolean
vm_memory_plan(Vm *vm, GError **error)
{
    const Options *options = vm->options;
    const char *id =
        options->machine == NULL ? NULL : option_item_get(options->machine, "memory-backend");
    RamBackendSpec plain = {
        .kind = options->mem_path == NULL ? RAM_BACKEND_RAM : RAM_BACKEND_FILE,
        .id = "main memory",
        .size = options->ram_size,
        .path = options->mem_path,
        .prealloc = options->mem_prealloc,
    };

    vm->backends = g_array_new(FALSE, FALSE, sizeof(RamBackendSpec));
    for (guint i = 0; i < options->objects->len; i++)
        if (!backend_plan(vm, options->objects->pdata[i], error))
            return FALSE;
    vm->config.ram_slots = options->ram_slots;
    if (id != NULL)
        return memory_plan_named(vm, id, error);
    vm->main_backend = vm->backends->len;
    g_array_append_val(vm->backends, plain);
    vm->config.ram_size = options->ram_size;
    vm->config.max_ram_size = options->max_ram_size;
    return TRUE;
}

gboolean
vm_memory_make(Vm *vm, GError **error)
{
    vm->ram = ram_list_new();
    for (guint i = 0; i < vm->backends->len; i++) {
        RamBlock *block =
            ram_block_new(vm->ram, &g_array_index(vm->backends, RamBackendSpec, i), error);

        if (block == NULL)
            return FALSE;
        if (i == vm->main_backend)
            vm->main_ram = block;
    }
    return TRUE;
}

void
vm_memory_free(Vm *vm)
{
    for (guint i = 0; vm->ram != NULL && i < ram_list_length(vm->ram); i++) {
        const RamBlock *block = ram_list_get(vm->ram, i);

        if (block->kind == RAM_KIND_RAM && block->slot >= 0)
            vm->accel->klass->memory_set(vm->accel, (guint32)block->slot, block->gpa, 0, NULL, 0);
    }
    g_clear_pointer(&vm->ram, ram_list_free);
    vm->main_ram = NULL;
}

gint
vm_slot_take(Vm *vm)
{
    for (guint i = 0; i < VM_SLOTS_MAX; i++) {
        guint64 bit = G_GUINT64_CONSTANT(1) << (i % 64);

        if ((vm->slots[i / 64] & bit) != 0)
            continue;
        vm->slots[i / 64] |= bit;
        return (gint)i;
    }
    return -1;
}

void
vm_slot_give(Vm *vm, guint32 slot)
{
    vm->slots[slot / 64] &= ~(G_GUINT64_CONSTANT(1) << (slot % 64));
}

char *
vm_memory_wire_name(const Vm *vm, const RamBackendSpec *spec)
{
    const VmsStreamRules *rules = mig_rules_of_row(vm->machine->type.row);

    return rules->backend_path_names && spec->kind != RAM_BACKEND_RAM
               ? g_strconcat("/objects/", spec->id, NULL)
               : g_strdup(spec->id);
}

gboolean
vm_memory_map(Vm *vm, RamBlock *block, guint64 gpa, GError **error)
{
    gint slot, result;

    g_assert(block->slot < 0);
    if (!ram_block_place(block, gpa, error))
        return FALSE;
    slot = vm_slot_take(vm);
    result = slot < 0 ? -ENOSPC
                      : vm->accel->klass->memory_set(vm->accel, (guint32)slot, gpa, block->size,
                                                     block->host, 0);
    if (result == 0) {
        block->slot = slot;
        return TRUE;
    }
    if (slot >= 0)
        vm_slot_give(vm, (guint32)slot);
    ram_block_unplace(block);
    return vm_host_error(error, "cannot give %s to the guest: %s", block->name,
                         g_strerror(-result));
}

void
vm_memory_unmap(Vm *vm, RamBlock *block)
{
    gint result;

    if (block->slot >= 0) {
        result =
            vm->accel->klass->memory_set(vm->accel, (guint32)block->slot, block->gpa, 0, NULL, 0);
        /* What the accelerator keeps must not be handed to somebody else. */
        if (result == 0)
            vm_slot_give(vm, (guint32)block->slot);
        else
            log_printf(vm->log, VDEV_LOG_WARNING, "memory %s: the accelerator keeps slot %d: %s",
                       block->name, block->slot, g_strerror(-result));
    }
    block->slot = -1;
    ram_block_unplace(block);
}

gboolean
vm_memory_register_main(Vm *vm, const char *name, guint64 gpa, GError **error)
{
    g_autofree char *own = NULL;

    if (vm->main_ram->slot >= 0)
        return vm_host_error(error, "main memory is registered already");
    /* Placed and mapped memory that fails to register is taken back with the Vm. */
    if (vm->main_is_named)
        own =
            vm_memory_wire_name(vm, &g_array_index(vm->backends, RamBackendSpec, vm->main_backend));
    return vm_memory_map(vm, vm->main_ram, gpa, error) &&
           ram_block_register(vm->main_ram, own != NULL ? own : name, error);
}

/* ---- the map, for people ------------------------------------------------------------------- */

static const VdevRegion *
memory_region_of(const Vm *vm, const RamBlock *block)
{
    for (guint i = 0; i < vm->regions->len; i++)
        if (((VdevRegion *)vm->regions->pdata[i])->block == block)
            return vm->regions->pdata[i];
    return NULL;
}

static void
memory_print_block(const Vm *vm, const RamBlock *block, GString *text)
{
    const VdevRegion *region = memory_region_of(vm, block);
    g_autofree char *size = g_format_size_full(block->size, G_FORMAT_SIZE_IEC_UNITS);

    if (block->placed)
        g_string_append_printf(text, "%016" G_GINT64_MODIFIER "x-%016" G_GINT64_MODIFIER "x",
                               block->gpa, block->gpa + (block->size - 1));
    else
        g_string_append_printf(text, "%-33s", "(not in the guest)");
    g_string_append_printf(text, "  %10s  %-10s  %-20s", size,
                           block->kind == RAM_KIND_DEVICE ? "ram-device" : "ram", block->name);
    if (block->migratable)
        g_string_append_printf(text, "  migrates as %s", block->idstr);
    else
        g_string_append(text, "  does not migrate");
    if (region != NULL)
        g_string_append_printf(text, ", %" G_GUINT64_FORMAT " faults seen here",
                               vm->accel->klass->region_faults(region->accel));
    g_string_append_c(text, '\n');
}

void
vm_print_memory(Vm *vm, GString *text)
{
    for (guint i = 0; i < ram_list_length(vm->ram); i++)
        memory_print_block(vm, ram_list_get(vm->ram, i), text);
}
