/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The engine: object → stream, and beside it the keys of the JSON description.
 */
#include <string.h>

#include "migration-glue/engine-priv.h"
#include "migration-glue/section.h"

static gboolean save_state(EngineWalk *walk, const VmsState *state, void *object, guint32 version);

/* ---- Elements ---- */

static void
put_number(MigStream *stream, guint64 value, gsize width)
{
    switch (width) {
    case 1: mig_stream_put_u8(stream, (guint8)value); break;
    case 2: mig_stream_put_be16(stream, (guint16)value); break;
    case 4: mig_stream_put_be32(stream, (guint32)value); break;
    default: mig_stream_put_be64(stream, value); break;
    }
}

static gboolean
save_scalar(EngineWalk *walk, const VmsField *field, const guint8 *at)
{
    VmsMem as = engine_wire_as_mem(engine_wire(field));
    guint64 value = engine_mem_get(field->mem, at);

    if (as == VMS_MEM_BOOL)
        value = value != 0;
    if (!engine_mem_fits(as, value, engine_mem_signed(field->mem)))
        return engine_fail(walk, MIG_ERROR_VALUE, mig_stream_position(walk->stream),
                           "the value 0x%" G_GINT64_MODIFIER
                           "x does not fit into the %" G_GSIZE_FORMAT " bytes it has on the wire",
                           value, engine_mem_width(as));
    if (field->at_most && (gint64)value < 0)
        return engine_fail(walk, MIG_ERROR_VALUE, mig_stream_position(walk->stream),
                           "the value is negative");
    if (field->host_endian && !walk->context.big_endian_words)
        value = engine_swap(value, engine_mem_width(as));
    put_number(walk->stream, value, engine_mem_width(as));
    return TRUE;
}

static gboolean
save_pair(EngineWalk *walk, const VmsField *field, const guint8 *at)
{
    const guint64 *half = (const guint64 *)at;
    guint first = field->host_endian && !walk->context.big_endian_words;

    mig_stream_put_be64(walk->stream, half[first]);
    mig_stream_put_be64(walk->stream, half[!first]);
    return TRUE;
}

static gboolean
save_str8(EngineWalk *walk, const VmsField *field, const guint8 *at)
{
    guint64 offset = mig_stream_position(walk->stream);

    if (at[0] == '\0' || memchr(at, '\0', 256) == NULL)
        return engine_fail(walk, MIG_ERROR_VALUE, offset, "a name has 1 to 255 bytes");
    mig_stream_put_str8(walk->stream, (const char *)at);
    return TRUE;
}

static gboolean
save_bitmap(EngineWalk *walk, const guint8 *at, gsize bits)
{
    for (gsize i = 0; i < (bits + 63) / 64; i++) {
        guint64 word = ((const guint64 *)at)[i];

        if (i == bits / 64)
            word &= (G_GUINT64_CONSTANT(1) << (bits % 64)) - 1;
        mig_stream_put_be64(walk->stream, word);
    }
    return TRUE;
}

static gboolean
save_queue(EngineWalk *walk, const VmsField *field, guint8 *at)
{
    const GQueue *queue = (const GQueue *)at;
    gsize length = walk->path->len, i = 0;

    if (queue->length > field->max)
        return engine_fail(walk, MIG_ERROR_VALUE, mig_stream_position(walk->stream),
                           "a list of %u elements is above the maximum of %" G_GSIZE_FORMAT,
                           queue->length, field->max);
    for (GList *link = queue->head; link != NULL; link = link->next) {
        mig_stream_put_u8(walk->stream, 1);
        engine_path_push_element(walk, i++);
        if (!save_state(walk, field->state, link->data, engine_struct_version(field)))
            return FALSE;
        g_string_truncate(walk->path, length);
    }
    mig_stream_put_u8(walk->stream, 0);
    return TRUE;
}

/* One element; all of a buffer, pad or bitmap (@n bytes or bits). */
static gboolean
save_element(EngineWalk *walk, const VmsField *field, guint8 *at, gsize n)
{
    switch (engine_wire(field)) {
    case VMS_WIRE_PAIR: return save_pair(walk, field, at);
    case VMS_WIRE_STR8: return save_str8(walk, field, at);
    case VMS_WIRE_BUFFER: mig_stream_put(walk->stream, at, n); return TRUE;
    case VMS_WIRE_PAD: mig_stream_put_zeros(walk->stream, n); return TRUE;
    case VMS_WIRE_BITMAP: return save_bitmap(walk, at, n);
    case VMS_WIRE_STRUCT: return save_state(walk, field->state, at, engine_struct_version(field));
    case VMS_WIRE_QUEUE: return save_queue(walk, field, at);
    default: return save_scalar(walk, field, at);
    }
}

/* ---- The description of a field ---- */

static const char *
type_name(const VmsField *field)
{
    static const char *const usual[VMS_WIRE_N] = {
        [VMS_WIRE_BOOL] = "bool",         [VMS_WIRE_S8] = "int8",
        [VMS_WIRE_U8] = "uint8",          [VMS_WIRE_S16] = "int16",
        [VMS_WIRE_U16] = "uint16",        [VMS_WIRE_S32] = "int32",
        [VMS_WIRE_U32] = "uint32",        [VMS_WIRE_S64] = "int64",
        [VMS_WIRE_U64] = "uint64",        [VMS_WIRE_PAIR] = "avr",
        [VMS_WIRE_STR8] = "capability",   [VMS_WIRE_BUFFER] = "buffer",
        [VMS_WIRE_PAD] = "unused_buffer", [VMS_WIRE_BITMAP] = "bitmap",
        [VMS_WIRE_STRUCT] = "struct",     [VMS_WIRE_QUEUE] = "qtailq",
    };
    static const char *const equal[VMS_WIRE_N] = {
        [VMS_WIRE_U8] = "uint8 equal",  [VMS_WIRE_U16] = "uint16 equal",
        [VMS_WIRE_S32] = "int32 equal", [VMS_WIRE_U32] = "uint32 equal",
        [VMS_WIRE_U64] = "int64 equal", /* unsigned all the same: so it is called */
    };
    VmsWire wire = engine_wire(field);

    if (field->type != NULL)
        return field->type;
    if (field->at_most && wire == VMS_WIRE_S32)
        return "int32 le";
    return field->equal && equal[wire] != NULL ? equal[wire] : usual[wire];
}

/* Elements of such a field always look alike, so that one entry can stand for all of an array.
 * Stock writers overlook counted members here, and then their sizes do not add up. */
static gboolean
is_uniform(const VmsField *field)
{
    if (field->exists != NULL || field->wire == VMS_WIRE_STR8 || field->wire == VMS_WIRE_QUEUE)
        return FALSE;
    if (field->wire != VMS_WIRE_STRUCT)
        return TRUE;
    for (const VmsField *sub = field->state->fields; sub != NULL && sub->name != NULL; sub++) {
        if (sub->count_mem != VMS_MEM_NONE || !is_uniform(sub))
            return FALSE;
    }
    return field->state->subsections == NULL;
}

static const char *
described_name(const VmsField *field)
{
    return field->as != NULL ? field->as : field->name;
}

/* The field's name; with its ordinal behind it if the table has that name more than once. */
static char *
unique_name(const VmsState *state, const VmsField *field)
{
    const char *name = described_name(field);
    guint same = 0, before = 0;

    for (const VmsField *other = state->fields; other->name != NULL; other++) {
        if (strcmp(described_name(other), name) != 0)
            continue;
        before += other < field;
        same++;
    }
    return same > 1 ? g_strdup_printf("%s[%u]", name, before) : g_strdup(name);
}

static void
describe_begin(VmdescWriter *description, const VmsState *state, const VmsField *field, gsize i,
               gsize n)
{
    g_autofree char *name = NULL;

    if (description == NULL)
        return;
    name = unique_name(state, field);
    vmdesc_begin_object(description, NULL);
    vmdesc_put_string(description, "name", name);
    if (n > 1 && is_uniform(field))
        vmdesc_put_number(description, "array_len", n);
    else if (n > 1)
        vmdesc_put_number(description, "index", i);
    vmdesc_put_string(description, "type", type_name(field));
    if (field->wire == VMS_WIRE_STRUCT)
        vmdesc_begin_object(description, "struct");
}

static void
describe_end(VmdescWriter *description, const VmsField *field, guint64 size)
{
    if (field->wire == VMS_WIRE_STRUCT)
        vmdesc_end_object(description);
    vmdesc_put_number(description, "size", size);
    vmdesc_end_object(description);
}

/* ---- Fields, subsections, states ---- */

static gboolean
save_described(EngineWalk *walk, const VmsState *state, const VmsField *field,
               const EngineSpan *span, gsize i, gsize n)
{
    guint64 start = mig_stream_position(walk->stream);
    gsize length = walk->path->len;

    describe_begin(walk->description, state, field, i, n);
    if (field->wire == VMS_WIRE_STRUCT && n > 1)
        engine_path_push_element(walk, i);
    else
        walk->element = n > 1 ? (gssize)i : -1;
    if (!save_element(walk, field, engine_span_at(span, field, i), span->n) ||
        !engine_stream_ok(walk, start))
        return FALSE;
    walk->element = -1;
    g_string_truncate(walk->path, length);
    describe_end(walk->description, field, mig_stream_position(walk->stream) - start);
    return TRUE;
}

#define SWAPPED_WORDS 256u /* at a time */

static void
save_reversed(EngineWalk *walk, const guint64 *words, gsize n)
{
    guint64 reversed[SWAPPED_WORDS];

    for (gsize from = 0, now; from < n; from += now) {
        now = MIN(n - from, SWAPPED_WORDS);
        for (gsize i = 0; i < now; i++)
            reversed[i] = GUINT64_SWAP_LE_BE(words[from + i]);
        mig_stream_put_be64_array(walk->stream, reversed, now);
    }
}

/* Tables of thousands of entries are written while the machine stands still. */
static void
save_words(EngineWalk *walk, const VmsField *word, const guint64 *words, gsize n)
{
    if (word->host_endian && !walk->context.big_endian_words)
        save_reversed(walk, words, n);
    else
        mig_stream_put_be64_array(walk->stream, words, n);
}

static gboolean
save_field(EngineWalk *walk, const VmsState *state, const VmsField *field, void *object)
{
    gsize length = engine_path_push(walk, field->name);
    VmdescWriter *description = walk->description;
    VmsWire wire = engine_wire(field);
    const VmsField *word = engine_field_word(field);
    EngineSpan span = {.n = field->count};
    gsize n;

    if (wire == VMS_WIRE_QUEUE)
        span.base = (guint8 *)object + field->offset;
    else if (wire == VMS_WIRE_PAD ? !engine_field_count(walk, field, object, &span.n)
                                  : !engine_field_span(walk, field, object, &span))
        return FALSE;
    n = wire >= VMS_WIRE_BUFFER && wire != VMS_WIRE_STRUCT ? 1 : span.n;
    for (gsize i = 0; i < n; i++) {
        if (!save_described(walk, state, field, &span, i, n))
            return FALSE;
        if (is_uniform(field))
            walk->description = NULL; /* the first stands for all */
        if (word != NULL) {
            save_words(walk, word, (const guint64 *)(const void *)span.base + 1, n - 1);
            break;
        }
    }
    walk->description = description;
    g_string_truncate(walk->path, length);
    return TRUE;
}

static gboolean
save_fields(EngineWalk *walk, const VmsState *state, void *object, guint32 version)
{
    vmdesc_begin_array(walk->description, "fields");
    for (const VmsField *field = state->fields; field != NULL && field->name != NULL; field++) {
        if (engine_field_exists(walk, field, object, version) &&
            !save_field(walk, state, field, object))
            return FALSE;
    }
    vmdesc_end_array(walk->description);
    return TRUE;
}

static gboolean
save_subsections(EngineWalk *walk, const VmsState *state, void *object)
{
    gboolean any = FALSE;

    for (guint i = 0; state->subsections != NULL && state->subsections[i] != NULL; i++) {
        const VmsState *sub = state->subsections[i];
        gsize length = walk->path->len;

        if (!sub->needed(object, &walk->context))
            continue;
        if (!any)
            vmdesc_begin_array(walk->description, "subsections");
        any = TRUE;
        vmdesc_begin_object(walk->description, NULL);
        engine_path_push_subsection(walk, sub->name);
        mig_stream_put_u8(walk->stream, MIG_TAG_SUBSECTION);
        mig_stream_put_str8(walk->stream, sub->name);
        mig_stream_put_be32(walk->stream, sub->written != 0 ? sub->written : sub->version);
        if (!save_state(walk, sub, object, sub->written != 0 ? sub->written : sub->version))
            return FALSE;
        g_string_truncate(walk->path, length);
        vmdesc_end_object(walk->description);
    }
    if (any)
        vmdesc_end_array(walk->description);
    return TRUE;
}

static gboolean
save_state(EngineWalk *walk, const VmsState *state, void *object, guint32 version)
{
    GError *inner = NULL;
    gboolean good;

    if (state->pre_save != NULL && !state->pre_save(object, &walk->context, &inner))
        return engine_fail_with(walk, MIG_ERROR_STATE, mig_stream_position(walk->stream), inner);
    vmdesc_put_string(walk->description, "vmsd_name", state->name);
    vmdesc_put_number(walk->description, "version", version);
    good = save_fields(walk, state, object, version) && save_subsections(walk, state, object);
    if (state->post_save == NULL || state->post_save(object, &walk->context, &inner))
        return good;
    if (good)
        return engine_fail_with(walk, MIG_ERROR_STATE, mig_stream_position(walk->stream), inner);
    g_clear_error(&inner);
    return FALSE;
}

gboolean
mig_state_save(MigStream *stream, const MigStateName *name, const VmsState *state, void *object,
               const VmsContext *context, VmdescWriter *description, GError **error)
{
    g_autoptr(GString) path = g_string_new(NULL);
    EngineWalk walk = {.stream = stream,
                       .context = *context,
                       .name = name,
                       .path = path,
                       .element = -1,
                       .description = description,
                       .error = error};

    walk.context.remember = NULL;
    walk.context.engine = NULL;
    return save_state(&walk, state, object, state->version) &&
           engine_stream_ok(&walk, mig_stream_position(stream));
}
