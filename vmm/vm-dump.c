/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * -dump-vmstate: what the machine would send, described as QEMU describes its own, so that QEMU's
 * vmstate-static-checker.py compares two of them.
 *
 * One entry for each kind of section, under its name, in wire order. Not here: sections that are no
 * descriptions (`ram`): QEMU lists none of those either.
 * Source: the format as scripts/vmstate-static-checker.py reads it.
 */
#include "vmm/vm-migrate.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "migration-glue/vmdesc.h"
#include "vmm/vm-priv.h"

static void put_state(VmdescWriter *json, const char *key, const VmsState *state);

/* Bytes of one element on the wire where that is fixed, else in memory, as QEMU has it. */
static guint64
field_size(const VmsField *field)
{
    static const guint8 wire_sizes[VMS_WIRE_N] = {
        [VMS_WIRE_BOOL] = 1, [VMS_WIRE_S8] = 1,    [VMS_WIRE_U8] = 1,  [VMS_WIRE_S16] = 2,
        [VMS_WIRE_U16] = 2,  [VMS_WIRE_S32] = 4,   [VMS_WIRE_U32] = 4, [VMS_WIRE_S64] = 8,
        [VMS_WIRE_U64] = 8,  [VMS_WIRE_PAIR] = 16,
    };

    if (wire_sizes[field->wire] != 0)
        return wire_sizes[field->wire];
    /* Buffers count bytes. */
    return field->size <= 1 && field->count > 0 ? field->count : field->size;
}

static void
put_field(VmdescWriter *json, const VmsField *field)
{
    vmdesc_begin_object(json, NULL);
    vmdesc_put_string(json, "field", field->as != NULL ? field->as : field->name);
    vmdesc_put_number(json, "version_id", field->since);
    vmdesc_put_bool(json, "field_exists", field->exists != NULL);
    vmdesc_put_number(json, "size", field_size(field));
    if (field->state != NULL)
        put_state(json, "Description", field->state);
    vmdesc_end_object(json);
}

static void
put_members(VmdescWriter *json, const VmsState *state)
{
    vmdesc_begin_array(json, "Fields");
    for (const VmsField *field = state->fields; field != NULL && field->name != NULL; field++)
        put_field(json, field);
    vmdesc_end_array(json);
    if (state->subsections == NULL)
        return;
    vmdesc_begin_array(json, "Subsections");
    for (const VmsState *const *part = state->subsections; *part != NULL; part++)
        put_state(json, NULL, *part);
    vmdesc_end_array(json);
}

/* Descriptions do not contain themselves: the depth is that of the tables. */
static void
put_state(VmdescWriter *json, const char *key, const VmsState *state)
{
    vmdesc_begin_object(json, key);
    vmdesc_put_string(json, "name", state->name);
    vmdesc_put_number(json, "version_id", state->version);
    vmdesc_put_number(json, "minimum_version_id", state->oldest);
    put_members(json, state);
    vmdesc_end_object(json);
}

static void
put_section(VmdescWriter *json, const VmsState *state)
{
    vmdesc_begin_object(json, state->name);
    vmdesc_put_string(json, "Name", state->name);
    vmdesc_put_number(json, "version_id", state->version);
    vmdesc_put_number(json, "minimum_version_id", state->oldest);
    put_state(json, "Description", state);
    vmdesc_end_object(json);
}

static VmdescWriter *
describe(Vm *vm)
{
    VmdescWriter *json = vmdesc_writer_new();
    g_autoptr(GHashTable) seen = g_hash_table_new(NULL, NULL);
    const MigSection *const *sections;
    guint n;

    sections = mig_sections_list(vm->sections, &n);
    vmdesc_begin_object(json, NULL);
    vmdesc_begin_object(json, "vmschkmachine");
    vmdesc_put_string(json, "Name", vm_machine_name(vm));
    vmdesc_end_object(json);
    for (guint i = 0; i < n; i++)
        if (sections[i]->state != NULL && g_hash_table_add(seen, (void *)sections[i]->state))
            put_section(json, sections[i]->state);
    vmdesc_end_object(json);
    return json;
}

gboolean
vm_dump_description(Vm *vm, const char *path, GError **error)
{
    g_autoptr(VmdescWriter) json = describe(vm);
    const GString *text = vmdesc_writer_text(json);
    FILE *file = strcmp(path, "-") == 0 ? stdout : fopen(path, "we");
    gboolean good = file != NULL && fprintf(file, "%s\n", text->str) >= 0 && fflush(file) == 0;
    int reason = errno;

    if (file != NULL && file != stdout && fclose(file) != 0 && good) {
        reason = errno;
        good = FALSE;
    }
    return good ||
           vm_host_error(error, "-dump-vmstate: cannot write %s: %s", path, g_strerror(reason));
}
