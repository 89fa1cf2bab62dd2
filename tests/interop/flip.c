/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A walk over the fields of a decoded object, in wire order.
 */
#include "tests/interop/flip.h"

#include <string.h>

#include "migration-glue/engine-priv.h"

/* Each flip writes all of the section: arrays that would cost more bytes than this are flipped in
 * some places only, the first and the last element among them. */
#define BYTES_MAX     ((gsize)16 << 20)
#define ELEMENTS_SOME 4u

typedef struct {
    const VmsState *top;
    void *top_object;
    const VmsContext *context;
    const GByteArray *original;
    GRand *random;
    gsize at; /* first byte that no field has changed yet */
    gint n;
    EngineWalk walk; /* for the engine's own questions */
} Flip;

static const MigStateName name = {"section", 0};

GByteArray *
flip_save(const VmsState *state, void *object, const VmsContext *context, GString *json,
          GError **error)
{
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    g_autoptr(MigStream) stream = mig_stream_new_writer(mig_channel_memory_new(bytes));
    g_autoptr(VmdescWriter) writer = json != NULL ? vmdesc_writer_new() : NULL;

    vmdesc_begin_object(writer, NULL);
    if (!mig_state_save(stream, &name, state, object, context, writer, error) ||
        !mig_stream_flush(stream, error))
        return NULL;
    vmdesc_end_object(writer);
    if (json != NULL)
        g_string_assign(json, vmdesc_writer_text(writer)->str);
    return g_steal_pointer(&bytes);
}

static gboolean flip_state(Flip *flip, const VmsState *state, void *object, GError **error);

static gboolean
fail(const VmsState *state, const VmsField *field, gsize element, const char *what, GError **error)
{
    g_set_error(error, MIG_ERROR, MIG_ERROR_STATE, "%s, field %s, element %" G_GSIZE_FORMAT ": %s",
                state->name, field->name, element, what);
    return FALSE;
}

/* Whether exactly @width bytes in a row differ, every one of them, behind what differed before. */
static gboolean
only_its_bytes(Flip *flip, const GByteArray *bytes, gsize width)
{
    gsize first = 0, last;

    if (bytes->len != flip->original->len)
        return FALSE;
    while (first < bytes->len && bytes->data[first] == flip->original->data[first])
        first++;
    if (first + width > bytes->len || first < flip->at)
        return FALSE;
    for (last = first; last < first + width; last++) {
        if (bytes->data[last] == flip->original->data[last])
            return FALSE;
    }
    flip->at = last;
    return memcmp(bytes->data + last, flip->original->data + last, bytes->len - last) == 0;
}

static void
invert(const VmsField *field, guint8 *at, gsize n)
{
    if (engine_wire(field) == VMS_WIRE_BOOL) {
        engine_mem_put(field->mem, at, engine_mem_get(field->mem, at) == 0);
        return;
    }
    for (gsize i = 0; i < n; i++)
        at[i] = (guint8)~at[i];
}

/* @n bytes of memory, as many on the wire. */
static gboolean
flip_leaf(Flip *flip, const VmsState *state, const VmsField *field, guint8 *at, gsize n,
          gsize element, GError **error)
{
    g_autoptr(GByteArray) bytes = NULL;
    const gsize width = engine_wire(field) == VMS_WIRE_BOOL ? 1 : n;

    invert(field, at, n);
    bytes = flip_save(flip->top, flip->top_object, flip->context, NULL, error);
    invert(field, at, n);
    if (bytes == NULL)
        return FALSE;
    flip->n++;
    return only_its_bytes(flip, bytes, width) ||
           fail(state, field, element, "other bytes than its own changed, or not all of them",
                error);
}

/* Bytes of one element that can be flipped on its own. */
static gsize
leaf_size(const VmsField *field)
{
    switch (engine_wire(field)) {
    case VMS_WIRE_BUFFER: return 1;
    case VMS_WIRE_BITMAP: return sizeof(guint64);
    case VMS_WIRE_PAIR: return 2 * sizeof(guint64);
    default: return engine_mem_width(field->mem);
    }
}

static gboolean
flip_element(Flip *flip, const VmsState *state, const VmsField *field, const EngineSpan *span,
             gsize i, GError **error)
{
    if (field->wire == VMS_WIRE_STRUCT)
        return flip_state(flip, field->state, span->base + i * field->size, error);
    return flip_leaf(flip, state, field, span->base + i * MAX(field->size, 1), leaf_size(field), i,
                     error);
}

static gboolean
flip_elements(Flip *flip, const VmsState *state, const VmsField *field, const EngineSpan *span,
              GError **error)
{
    const gsize n = field->wire == VMS_WIRE_BITMAP ? span->n / 64 : span->n;
    const gboolean some = n > 2 * ELEMENTS_SOME && n > BYTES_MAX / flip->original->len;
    gsize step = 1;

    for (gsize i = 0; i < n; i += step) {
        if (!flip_element(flip, state, field, span, i, error))
            return FALSE;
        if (some && i + 1 < n)
            step = MIN(1 + (gsize)g_rand_int_range(flip->random, 0, (gint)(n / ELEMENTS_SOME)),
                       n - 1 - i);
    }
    return TRUE;
}

static gboolean
flip_queue(Flip *flip, const VmsField *field, GQueue *queue, GError **error)
{
    for (GList *link = queue->head; link != NULL; link = link->next) {
        if (!flip_state(flip, field->state, link->data, error))
            return FALSE;
    }
    return TRUE;
}

/* Another value of it would be another shape. */
static gboolean
is_count(const VmsState *state, const VmsField *field)
{
    for (const VmsField *other = state->fields; other->name != NULL; other++) {
        if (other->count_mem != VMS_MEM_NONE && other->count_offset == field->offset)
            return TRUE;
    }
    return FALSE;
}

static gboolean
flip_field(Flip *flip, const VmsState *state, const VmsField *field, void *object, GError **error)
{
    EngineSpan span;

    flip->walk.error = error;
    if (!engine_field_exists(&flip->walk, field, object, state->version) ||
        field->wire == VMS_WIRE_PAD || is_count(state, field))
        return TRUE;
    if (field->wire == VMS_WIRE_QUEUE)
        return flip_queue(flip, field, (GQueue *)((guint8 *)object + field->offset), error);
    return engine_field_span(&flip->walk, field, object, &span) &&
           flip_elements(flip, state, field, &span, error);
}

static gboolean
flip_state(Flip *flip, const VmsState *state, void *object, GError **error)
{
    for (const VmsField *field = state->fields; field->name != NULL; field++) {
        if (!flip_field(flip, state, field, object, error))
            return FALSE;
    }
    for (guint i = 0; state->subsections != NULL && state->subsections[i] != NULL; i++) {
        if (state->subsections[i]->needed(object, flip->context) &&
            !flip_state(flip, state->subsections[i], object, error))
            return FALSE;
    }
    return TRUE;
}

gint
flip_fields(const VmsState *state, void *object, const VmsContext *context,
            const GByteArray *original, GRand *random, GError **error)
{
    g_autoptr(GString) path = g_string_new(NULL);
    g_autoptr(MigStream) stream = mig_stream_new_reader(mig_channel_bytes_new("", 0));
    Flip flip = {
        .top = state,
        .top_object = object,
        .context = context,
        .original = original,
        .random = random,
        .walk = {.stream = stream, .context = *context, .name = &name, .path = path, .element = -1},
    };

    return flip_state(&flip, state, object, error) ? flip.n : -1;
}
