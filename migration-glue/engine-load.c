/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The engine: stream → object. Every store goes through the journal, except into memory that this
 * load has itself allocated, which a roll-back frees as a whole.
 */
#include <string.h>

#include "migration-glue/engine-priv.h"
#include "migration-glue/section.h"

static gboolean load_state(EngineWalk *walk, const VmsState *state, void *object, guint32 version);

/* ---- Elements ---- */

static guint64
get_number(MigStream *stream, gsize width)
{
    switch (width) {
    case 1: return mig_stream_get_u8(stream);
    case 2: return mig_stream_get_be16(stream);
    case 4: return mig_stream_get_be32(stream);
    default: return mig_stream_get_be64(stream);
    }
}

/* The next number as the field means it, sign-extended. */
static gboolean
read_number(EngineWalk *walk, const VmsField *field, guint64 *value)
{
    VmsMem as = engine_wire_as_mem(engine_wire(field));
    gsize width = engine_mem_width(as);
    guint64 offset = mig_stream_position(walk->stream);

    *value = get_number(walk->stream, width);
    if (!engine_stream_ok(walk, offset))
        return FALSE;
    if (field->host_endian && !walk->context.big_endian_words)
        *value = engine_swap(*value, width);
    if (engine_mem_signed(as))
        *value = (guint64)((gint64)(*value << (64 - 8 * width)) >> (64 - 8 * width));
    if (as == VMS_MEM_BOOL && *value > 1)
        return engine_fail(walk, MIG_ERROR_VALUE, offset,
                           "a bool is 0 or 1, here is %" G_GUINT64_FORMAT, *value);
    if (!engine_mem_fits(field->mem, *value, engine_mem_signed(as)))
        return engine_fail(walk, MIG_ERROR_VALUE, offset,
                           "the value 0x%" G_GINT64_MODIFIER "x is out of range here", *value);
    return TRUE;
}

static gboolean
load_scalar(EngineWalk *walk, const VmsField *field, guint8 *at)
{
    guint64 offset = mig_stream_position(walk->stream);
    guint64 own = engine_mem_get(field->mem, at), value;

    if (!read_number(walk, field, &value))
        return FALSE;
    if (field->equal && value != own)
        return engine_fail(walk, MIG_ERROR_MISMATCH, offset,
                           "it is 0x%" G_GINT64_MODIFIER "x in the stream but 0x%" G_GINT64_MODIFIER
                           "x here: both sides must be configured alike",
                           value, own);
    if (field->at_most && ((gint64)value < 0 || (gint64)value > (gint64)own))
        return engine_fail(walk, MIG_ERROR_VALUE, offset,
                           "%" G_GINT64_FORMAT " is not between 0 and %" G_GINT64_FORMAT,
                           (gint64)value, (gint64)own);
    if (!field->equal)
        engine_mem_put(field->mem, at, value);
    return TRUE;
}

static gboolean
load_pair(EngineWalk *walk, const VmsField *field, guint8 *at)
{
    guint64 *half = (guint64 *)at;
    guint first = field->host_endian && !walk->context.big_endian_words;

    half[first] = mig_stream_get_be64(walk->stream);
    half[!first] = mig_stream_get_be64(walk->stream);
    return TRUE;
}

static gboolean
load_str8(EngineWalk *walk, guint8 *at)
{
    memset(at, 0, 256);
    mig_stream_get_str8(walk->stream, (char *)at);
    return TRUE;
}

static gboolean
load_bitmap(EngineWalk *walk, guint8 *at, gsize bits)
{
    for (gsize i = 0; i < (bits + 63) / 64; i++) {
        guint64 offset = mig_stream_position(walk->stream);
        guint64 word = mig_stream_get_be64(walk->stream);

        if (i == bits / 64 && word >> (bits % 64) != 0)
            return engine_fail(walk, MIG_ERROR_VALUE, offset,
                               "bits are set beyond the last of %" G_GSIZE_FORMAT, bits);
        ((guint64 *)at)[i] = word;
    }
    return TRUE;
}

/* TRUE and *@more: whether another element comes (R-LST-3, R-LST-4). */
static gboolean
queue_goes_on(EngineWalk *walk, const VmsField *field, gsize n, gboolean *more)
{
    guint64 offset = mig_stream_position(walk->stream);
    guint8 presence = mig_stream_get_u8(walk->stream);

    if (!engine_stream_ok(walk, offset))
        return FALSE;
    if (presence > 1)
        return engine_fail(walk, MIG_ERROR_FORMAT, offset,
                           "0 or 1 must say whether an element comes, here is %u", presence);
    if (presence == 1 && n == field->max)
        return engine_fail(walk, MIG_ERROR_VALUE, offset,
                           "more than the maximum of %" G_GSIZE_FORMAT " elements", field->max);
    *more = presence == 1;
    return TRUE;
}

static gboolean
load_queue_element(EngineWalk *walk, const VmsField *field, GQueue *queue)
{
    void *element = g_malloc0(field->size);
    gboolean fresh = walk->fresh, good;
    gsize length = walk->path->len;

    engine_path_push_element(walk, queue->length);
    g_queue_push_tail(queue, element); /* from here on the journal frees it */
    walk->fresh = TRUE;
    good = load_state(walk, field->state, element, engine_struct_version(field));
    walk->fresh = fresh;
    if (good)
        g_string_truncate(walk->path, length);
    return good;
}

static gboolean
load_queue(EngineWalk *walk, const VmsField *field, GQueue *queue)
{
    gboolean more;

    mig_journal_queue(walk->journal, queue, field);
    for (;;) {
        if (!queue_goes_on(walk, field, queue->length, &more))
            return FALSE;
        if (!more)
            return TRUE;
        if (!load_queue_element(walk, field, queue))
            return FALSE;
    }
}

/* One element; all of a buffer or bitmap (@n bytes or bits). */
static gboolean
load_element(EngineWalk *walk, const VmsField *field, guint8 *at, gsize n)
{
    switch (engine_wire(field)) {
    case VMS_WIRE_PAIR: return load_pair(walk, field, at);
    case VMS_WIRE_STR8: return load_str8(walk, at);
    case VMS_WIRE_BUFFER: mig_stream_get(walk->stream, at, n); return TRUE;
    case VMS_WIRE_BITMAP: return load_bitmap(walk, at, n);
    case VMS_WIRE_STRUCT: return load_state(walk, field->state, at, engine_struct_version(field));
    default: return load_scalar(walk, field, at);
    }
}

/* ---- Fields ---- */

/* Replaces the member by zeroed memory of its own for @n elements. */
static gboolean
allocate(EngineWalk *walk, const VmsField *field, void **member, gsize n, guint8 **base)
{
    gsize size = engine_field_extent(field, n);

    mig_journal_pointer(walk->journal, member);
    *member = size > 0 ? g_try_malloc0(size) : NULL;
    *base = *member;
    return size == 0 || *member != NULL ||
           engine_fail(walk, MIG_ERROR_STATE, mig_stream_position(walk->stream),
                       "no memory for %" G_GSIZE_FORMAT " bytes", size);
}

/* Where to store, journalled or allocated. */
static gboolean
prepare_span(EngineWalk *walk, const VmsField *field, void *object, EngineSpan *span)
{
    if (field->place == VMS_ALLOCATED)
        return engine_field_count(walk, field, object, &span->n) &&
               allocate(walk, field, (void **)((guint8 *)object + field->offset), span->n,
                        &span->base);
    if (!engine_field_span(walk, field, object, span))
        return FALSE;
    /* Structs journal their own members: what they do not describe is not ours to keep. */
    if (field->wire != VMS_WIRE_STRUCT && !field->equal) {
        gboolean fresh = walk->fresh && field->place == VMS_EMBEDDED;

        if (!fresh)
            mig_journal_bytes(walk->journal, span->base, engine_field_extent(field, span->n));
    }
    return TRUE;
}

/* The path of word @i, for an error. */
static void
point_at_word(EngineWalk *walk, const VmsField *field, const VmsField *word, gsize i, gsize n)
{
    if (field->wire == VMS_WIRE_STRUCT) {
        if (n > 1)
            engine_path_push_element(walk, i);
        engine_path_push(walk, word->name);
    } else {
        walk->element = n > 1 ? (gssize)i : -1;
    }
}

static gboolean
load_words(EngineWalk *walk, const VmsField *field, const VmsField *word, const EngineSpan *span)
{
    guint64 start = mig_stream_position(walk->stream);
    guint64 *words = (guint64 *)(void *)span->base;
    gsize whole;

    /* In structures, members are journalled one by one; here they are all of it. */
    if (field->wire == VMS_WIRE_STRUCT && !walk->fresh)
        mig_journal_bytes(walk->journal, span->base, engine_field_extent(field, span->n));
    whole = mig_stream_get_be64_array(walk->stream, words, span->n);
    for (gsize i = 0; word->host_endian && !walk->context.big_endian_words && i < whole; i++)
        words[i] = GUINT64_SWAP_LE_BE(words[i]);
    if (whole == span->n)
        return TRUE;
    point_at_word(walk, field, word, whole, span->n);
    return engine_stream_ok(walk, start + whole * sizeof(guint64));
}

static gboolean
load_elements(EngineWalk *walk, const VmsField *field, const EngineSpan *span)
{
    VmsWire wire = engine_wire(field);
    const VmsField *word = engine_field_word(field);
    gsize n = wire == VMS_WIRE_BUFFER || wire == VMS_WIRE_BITMAP ? 1 : span->n;
    gsize length = walk->path->len;

    if (word != NULL)
        return load_words(walk, field, word, span);
    for (gsize i = 0; i < n; i++) {
        guint64 offset = mig_stream_position(walk->stream);

        if (wire == VMS_WIRE_STRUCT && n > 1)
            engine_path_push_element(walk, i);
        else
            walk->element = n > 1 ? (gssize)i : -1;
        if (!load_element(walk, field, engine_span_at(span, field, i), span->n) ||
            !engine_stream_ok(walk, offset))
            return FALSE;
        walk->element = -1;
        g_string_truncate(walk->path, length);
    }
    return TRUE;
}

static gboolean
load_pad(EngineWalk *walk, const VmsField *field, const void *object)
{
    guint64 offset = mig_stream_position(walk->stream);
    gsize n;

    if (!engine_field_count(walk, field, object, &n))
        return FALSE;
    mig_stream_skip(walk->stream, n);
    return engine_stream_ok(walk, offset);
}

static gboolean
load_field(EngineWalk *walk, const VmsField *field, void *object)
{
    gsize length = engine_path_push(walk, field->name);
    gboolean fresh = walk->fresh, good;
    EngineSpan span;

    if (field->wire == VMS_WIRE_PAD) {
        good = load_pad(walk, field, object);
    } else if (field->wire == VMS_WIRE_QUEUE) {
        good = load_queue(walk, field, (GQueue *)((guint8 *)object + field->offset));
    } else {
        good = prepare_span(walk, field, object, &span);
        if (field->place != VMS_EMBEDDED)
            walk->fresh = field->place == VMS_ALLOCATED;
        good = good && load_elements(walk, field, &span);
        walk->fresh = fresh;
    }
    if (good)
        g_string_truncate(walk->path, length);
    return good;
}

/* ---- Subsections ---- */

/*
 * Whether the next bytes are the head of a subsection that begins with @state's name; then *@name
 * receives it. Anything else is left to an outer level or to the section's frame.
 *
 * Returns: the length of the name, or 0.
 */
static guint
subsection_ahead(MigStream *stream, const VmsState *state, char name[256])
{
    gsize have, own = strlen(state->name);
    const guint8 *head = mig_stream_peek(stream, 2, &have);
    guint8 n;

    if (have < 2 || head[0] != MIG_TAG_SUBSECTION || head[1] < own + 1)
        return 0;
    n = head[1];
    head = mig_stream_peek(stream, 2 + (gsize)n, &have);
    if (have < 2 + (gsize)n || memcmp(head + 2, state->name, own) != 0)
        return 0;
    memcpy(name, head + 2, n);
    name[n] = '\0';
    return n;
}

/* The subsection of that name, or −1. */
static gint
find_subsection(const VmsState *state, const char *name)
{
    for (gint i = 0; state->subsections != NULL && state->subsections[i] != NULL; i++) {
        if (strcmp(state->subsections[i]->name, name) == 0)
            return i;
    }
    return -1;
}

static gboolean
load_subsection(EngineWalk *walk, const VmsState *state, void *object, const char *name,
                guint64 *seen)
{
    guint64 offset = mig_stream_position(walk->stream);
    gint i = find_subsection(state, name);
    guint32 version;

    if (i < 0)
        return engine_fail(walk, MIG_ERROR_UNKNOWN, offset,
                           "subsection '%s' does not exist here: the sender has state that this "
                           "machine type lacks",
                           name);
    if (*seen & G_GUINT64_CONSTANT(1) << i)
        return engine_fail(walk, MIG_ERROR_FORMAT, offset, "subsection '%s' comes twice", name);
    *seen |= G_GUINT64_CONSTANT(1) << i;
    mig_stream_skip(walk->stream, 2 + strlen(name));
    version = mig_stream_get_be32(walk->stream);
    engine_path_push_subsection(walk, name);
    return engine_stream_ok(walk, offset) &&
           load_state(walk, state->subsections[i], object, version);
}

static gboolean
load_subsections(EngineWalk *walk, const VmsState *state, void *object)
{
    gsize length = walk->path->len;
    guint64 seen = 0;
    char name[256];
    guint n;

    while ((n = subsection_ahead(walk->stream, state, name)) > 0) {
        if (!mig_name_is_printable(name, n))
            return engine_fail(walk, MIG_ERROR_FORMAT, mig_stream_position(walk->stream),
                               "the name of a subsection has unprintable bytes");
        if (!load_subsection(walk, state, object, name, &seen))
            return FALSE;
        g_string_truncate(walk->path, length);
    }
    return engine_stream_ok(walk, mig_stream_position(walk->stream));
}

/* ---- States ---- */

static gboolean
version_is_read(EngineWalk *walk, const VmsState *state, guint32 version)
{
    guint64 offset = mig_stream_position(walk->stream);

    if (version > state->version)
        return engine_fail(walk, MIG_ERROR_VERSION, offset,
                           "version %u is too new: %u is the newest that is known here", version,
                           state->version);
    if (version < state->oldest)
        return engine_fail(walk, MIG_ERROR_VERSION, offset,
                           "version %u is too old: %u is the oldest that is still read", version,
                           state->oldest);
    return TRUE;
}

static gboolean
load_contents(EngineWalk *walk, const VmsState *state, void *object, guint32 version)
{
    for (const VmsField *field = state->fields; field != NULL && field->name != NULL; field++) {
        if (engine_field_exists(walk, field, object, version) && !load_field(walk, field, object))
            return FALSE;
    }
    return load_subsections(walk, state, object);
}

static gboolean
load_state(EngineWalk *walk, const VmsState *state, void *object, guint32 version)
{
    const VmsContext *context = &walk->context;
    GError *inner = NULL;

    if (!version_is_read(walk, state, version))
        return FALSE;
    if (state->pre_load != NULL && !state->pre_load(object, context, &inner))
        return engine_fail_with(walk, MIG_ERROR_STATE, mig_stream_position(walk->stream), inner);
    if (!load_contents(walk, state, object, version))
        return FALSE;
    if (state->check != NULL && !state->check(object, context, &inner))
        return engine_fail_with(walk, MIG_ERROR_STATE, mig_stream_position(walk->stream), inner);
    if (state->post_load != NULL && !state->post_load(object, version, context, &inner))
        return engine_fail_with(walk, MIG_ERROR_STATE, mig_stream_position(walk->stream), inner);
    return TRUE;
}

static void
remember(const VmsContext *context, void *address, gsize n)
{
    mig_journal_bytes(context->engine, address, n);
}

gboolean
mig_state_load(MigStream *stream, const MigStateName *name, const VmsState *state, void *object,
               guint32 version, const VmsContext *context, GError **error)
{
    g_autoptr(GString) path = g_string_new(NULL);
    EngineWalk walk = {.stream = stream,
                       .context = *context,
                       .name = name,
                       .path = path,
                       .element = -1,
                       .journal = mig_journal_new(),
                       .error = error};

    walk.context.remember = remember;
    walk.context.engine = walk.journal;
    if (load_state(&walk, state, object, version)) {
        mig_journal_commit(walk.journal);
        return TRUE;
    }
    mig_journal_roll_back(walk.journal);
    return FALSE;
}
