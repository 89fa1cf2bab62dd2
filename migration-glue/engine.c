/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The engine: numbers, counts, places and messages, for both directions.
 */
#include "migration-glue/engine.h"

#include <stdarg.h>
#include <string.h>

#include "migration-glue/engine-priv.h"

gsize
engine_path_push(EngineWalk *walk, const char *name)
{
    gsize length = walk->path->len;

    if (length > 0 && walk->path->str[length - 1] != ':')
        g_string_append_c(walk->path, '.');
    g_string_append(walk->path, name);
    return length;
}

void
engine_path_push_element(EngineWalk *walk, gsize element)
{
    g_string_append_printf(walk->path, "[%" G_GSIZE_FORMAT "]", element);
}

void
engine_path_push_subsection(EngineWalk *walk, const char *name)
{
    if (walk->path->len > 0 && walk->path->str[walk->path->len - 1] != ':')
        g_string_append_c(walk->path, '.');
    g_string_append_printf(walk->path, "%s:", name);
}

gboolean
engine_fail_with(EngineWalk *walk, MigError code, guint64 offset, GError *inner)
{
    g_autoptr(GString) at = g_string_new(NULL);

    if (walk->path->len > 0)
        g_string_append_printf(at, ", %s %s",
                               g_str_has_suffix(walk->path->str, ":") ? "subsection" : "field",
                               walk->path->str);
    if (g_str_has_suffix(at->str, ":"))
        g_string_truncate(at, at->len - 1);
    if (walk->element >= 0)
        g_string_append_printf(at, "[%" G_GSSIZE_FORMAT "]", walk->element);
    g_set_error(walk->error, MIG_ERROR, code,
                "section '%s' instance %u%s, byte %" G_GUINT64_FORMAT ": %s", walk->name->section,
                walk->name->instance, at->str, offset,
                inner != NULL ? inner->message : "refused, and gave no reason");
    g_clear_error(&inner);
    return FALSE;
}

gboolean
engine_fail(EngineWalk *walk, MigError code, guint64 offset, const char *format, ...)
{
    va_list arguments;
    GError *inner;

    va_start(arguments, format);
    inner = g_error_new_valist(MIG_ERROR, code, format, arguments);
    va_end(arguments);
    return engine_fail_with(walk, code, offset, inner);
}

gboolean
engine_stream_ok(EngineWalk *walk, guint64 offset)
{
    GError *inner = NULL;

    if (mig_stream_check(walk->stream, &inner))
        return TRUE;
    return engine_fail_with(walk, inner->domain == MIG_ERROR ? inner->code : MIG_ERROR_IO, offset,
                            inner);
}

static const struct {
    gsize width;
    gboolean is_signed;
    VmsWire wire;
} mem_kinds[VMS_MEM_N] = {
    [VMS_MEM_BOOL] = {1, FALSE, VMS_WIRE_BOOL}, [VMS_MEM_S8] = {1, TRUE, VMS_WIRE_S8},
    [VMS_MEM_U8] = {1, FALSE, VMS_WIRE_U8},     [VMS_MEM_S16] = {2, TRUE, VMS_WIRE_S16},
    [VMS_MEM_U16] = {2, FALSE, VMS_WIRE_U16},   [VMS_MEM_S32] = {4, TRUE, VMS_WIRE_S32},
    [VMS_MEM_U32] = {4, FALSE, VMS_WIRE_U32},   [VMS_MEM_S64] = {8, TRUE, VMS_WIRE_S64},
    [VMS_MEM_U64] = {8, FALSE, VMS_WIRE_U64},
};

gsize
engine_mem_width(VmsMem mem)
{
    return mem_kinds[mem].width;
}

gboolean
engine_mem_signed(VmsMem mem)
{
    return mem_kinds[mem].is_signed;
}

guint64
engine_mem_get(VmsMem mem, const void *address)
{
    switch (mem) {
    case VMS_MEM_BOOL: return *(const guint8 *)address != 0;
    case VMS_MEM_U8: return *(const guint8 *)address;
    case VMS_MEM_S8: return (guint64)(gint64) * (const gint8 *)address;
    case VMS_MEM_U16: return *(const guint16 *)address;
    case VMS_MEM_S16: return (guint64)(gint64) * (const gint16 *)address;
    case VMS_MEM_U32: return *(const guint32 *)address;
    case VMS_MEM_S32: return (guint64)(gint64) * (const gint32 *)address;
    case VMS_MEM_U64:
    case VMS_MEM_S64: return *(const guint64 *)address;
    case VMS_MEM_NONE:
    case VMS_MEM_N: break;
    }
    g_assert_not_reached(); /* mig_state_valid() has seen the description */
}

void
engine_mem_put(VmsMem mem, void *address, guint64 value)
{
    switch (mem_kinds[mem].width) {
    case 1: *(guint8 *)address = (guint8)value; break;
    case 2: *(guint16 *)address = (guint16)value; break;
    case 4: *(guint32 *)address = (guint32)value; break;
    case 8: *(guint64 *)address = value; break;
    default: g_assert_not_reached();
    }
}

gboolean
engine_mem_fits(VmsMem mem, guint64 value, gboolean is_signed)
{
    guint bits = mem == VMS_MEM_BOOL ? 1 : 8 * (guint)mem_kinds[mem].width;
    guint64 positive_max = G_MAXUINT64 >> (64 - bits + mem_kinds[mem].is_signed);

    if (is_signed && (gint64)value < 0)
        return mem_kinds[mem].is_signed && ~value <= positive_max;
    return value <= positive_max;
}

VmsWire
engine_wire(const VmsField *field)
{
    return field->wire == VMS_WIRE_AS_MEM ? mem_kinds[field->mem].wire : field->wire;
}

gboolean
engine_wire_is_scalar(VmsWire wire)
{
    return wire >= VMS_WIRE_BOOL && wire <= VMS_WIRE_U64;
}

VmsMem
engine_wire_as_mem(VmsWire wire)
{
    for (VmsMem mem = VMS_MEM_BOOL; mem < VMS_MEM_N; mem++) {
        if (mem_kinds[mem].wire == wire)
            return mem;
    }
    g_assert_not_reached();
}

guint64
engine_swap(guint64 value, gsize width)
{
    switch (width) {
    case 2: return GUINT16_SWAP_LE_BE((guint16)value);
    case 4: return GUINT32_SWAP_LE_BE((guint32)value);
    case 8: return GUINT64_SWAP_LE_BE(value);
    default: return value;
    }
}

gboolean
engine_field_exists(EngineWalk *walk, const VmsField *field, const void *object, guint32 version)
{
    if (field->exists != NULL)
        return field->exists(object, version, &walk->context);
    return field->since <= version;
}

gboolean
engine_field_count(EngineWalk *walk, const VmsField *field, const void *object, gsize *n)
{
    gsize times = MAX(field->count_times, 1);
    guint64 count;

    if (field->count_mem == VMS_MEM_NONE) {
        VmsWire wire = engine_wire(field);
        gboolean as_is = wire == VMS_WIRE_BUFFER || wire == VMS_WIRE_PAD || wire == VMS_WIRE_BITMAP;

        *n = as_is ? field->count : MAX(field->count, 1);
        return TRUE;
    }
    count = engine_mem_get(field->count_mem, (const guint8 *)object + field->count_offset);
    if (engine_mem_signed(field->count_mem) && (gint64)count < 0)
        return engine_fail(walk, MIG_ERROR_VALUE, mig_stream_position(walk->stream),
                           "a count of %" G_GINT64_FORMAT " is impossible", (gint64)count);
    if (count > field->max / times)
        return engine_fail(walk, MIG_ERROR_VALUE, mig_stream_position(walk->stream),
                           "a count of %" G_GUINT64_FORMAT
                           " is above the maximum of %" G_GSIZE_FORMAT,
                           count, field->max / times);
    *n = (gsize)count * times;
    return TRUE;
}

gsize
engine_field_extent(const VmsField *field, gsize n)
{
    return engine_wire(field) == VMS_WIRE_BITMAP ? (n + 63) / 64 * 8 : n * field->size;
}

gboolean
engine_field_span(EngineWalk *walk, const VmsField *field, void *object, EngineSpan *span)
{
    guint8 *member = (guint8 *)object + field->offset;

    if (!engine_field_count(walk, field, object, &span->n))
        return FALSE;
    span->base = field->place == VMS_EMBEDDED ? member : *(guint8 **)member;
    if (span->base == NULL && span->n > 0)
        return engine_fail(walk, MIG_ERROR_STATE, mig_stream_position(walk->stream),
                           "%" G_GSIZE_FORMAT " elements are due, but the object has none",
                           span->n);
    return TRUE;
}

static gboolean
is_word(const VmsField *field)
{
    return engine_wire(field) == VMS_WIRE_U64 && field->mem == VMS_MEM_U64 && !field->equal &&
           !field->at_most && field->size == sizeof(guint64);
}

/* What a structure consists of, if that is one member at its beginning that is always there. */
static const VmsField *
only_member(const VmsState *state)
{
    const VmsField *field = state->fields;
    gboolean hooks = state->pre_save != NULL || state->post_save != NULL ||
                     state->pre_load != NULL || state->check != NULL || state->post_load != NULL;

    if (hooks || state->subsections != NULL || field == NULL || field[0].name == NULL ||
        field[1].name != NULL)
        return NULL;
    return field->place == VMS_EMBEDDED && field->offset == 0 && field->count <= 1 &&
                   field->count_mem == VMS_MEM_NONE && field->since == 0 && field->exists == NULL
               ? field
               : NULL;
}

const VmsField *
engine_field_word(const VmsField *field)
{
    const VmsField *word = field->wire == VMS_WIRE_STRUCT ? only_member(field->state) : field;

    return word != NULL && is_word(word) && field->size == word->size ? word : NULL;
}

guint8 *
engine_span_at(const EngineSpan *span, const VmsField *field, gsize i)
{
    return span->base != NULL ? span->base + i * field->size : NULL;
}

guint32
engine_struct_version(const VmsField *field)
{
    return field->struct_version != 0 ? field->struct_version : field->state->version;
}

static void
free_element(void *element, const VmsField *field)
{
    if (field->destroy != NULL) {
        field->destroy(element);
        return;
    }
    mig_state_clear(field->state, element);
    g_free(element);
}

void
engine_queue_clear(GQueue *queue, const VmsField *field)
{
    void *element;

    while ((element = g_queue_pop_head(queue)) != NULL)
        free_element(element, field);
}

/* Fixed arrays and single structs only: counted ones in embedded arrays own memory in any of their
 * elements, so all of those that can exist are looked at. */
static void
clear_structs(const VmsField *field, guint8 *member)
{
    gsize n = field->count_mem == VMS_MEM_NONE ? MAX(field->count, 1) : field->max;

    if (field->place != VMS_EMBEDDED)
        return; /* pointed-to objects belong to somebody else; allocated ones own nothing */
    for (gsize i = 0; i < n; i++)
        mig_state_clear(field->state, member + i * field->size);
}

void
mig_state_clear(const VmsState *state, void *object)
{
    for (const VmsField *field = state->fields; field != NULL && field->name != NULL; field++) {
        guint8 *member = (guint8 *)object + field->offset;

        if (field->wire == VMS_WIRE_QUEUE)
            engine_queue_clear((GQueue *)member, field);
        else if (field->wire == VMS_WIRE_STRUCT)
            clear_structs(field, member);
        if (field->place == VMS_ALLOCATED)
            g_clear_pointer((void **)member, g_free);
    }
    for (guint i = 0; state->subsections != NULL && state->subsections[i] != NULL; i++)
        mig_state_clear(state->subsections[i], object);
}
