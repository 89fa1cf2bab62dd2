/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Random state descriptions: fields are laid out one after another in an object of fixed size.
 */
#include "tests/unit/migration-glue/random-state.h"

#include <string.h>

#define FIELDS_MAX  12
#define SUBS_MAX    3
#define COUNT_MAX   5
#define ELEMENT_MAX 700 /* bytes after which no more fields are added */

struct RandomState {
    VmsState state;
    VmsField fields[1 + 2 * FIELDS_MAX + 1];
    const VmsState *subsections[SUBS_MAX + 1];
    GPtrArray *owned; /* nested RandomStates */
    GPtrArray *names;
    gsize size; /* bytes of the object */
};

static gboolean
is_needed(const void *object, const VmsContext *context)
{
    return ((const guint8 *)object)[0] & 1; /* byte 0 of an object is nobody's */
}

static gsize
place(RandomState *random, gsize n)
{
    gsize offset = (random->size + 7) / 8 * 8;

    random->size = offset + n;
    return offset;
}

static const char *
name_of(RandomState *random, const char *format, guint n)
{
    char *name = g_strdup_printf(format, n);

    g_ptr_array_add(random->names, name);
    return name;
}

static RandomState *build(GRand *rand, const char *name, guint depth, gsize start);

static gsize
mem_width(VmsMem mem)
{
    static const gsize widths[VMS_MEM_N] = {0, 1, 1, 1, 2, 2, 4, 4, 8, 8};

    return widths[mem];
}

static void
shape_scalar(GRand *rand, VmsField *field)
{
    field->mem = (VmsMem)g_rand_int_range(rand, VMS_MEM_BOOL, VMS_MEM_N);
    field->size = mem_width(field->mem);
    field->host_endian = g_rand_boolean(rand);
    field->equal = g_rand_int_range(rand, 0, 8) == 0;
}

/*
 * Two things that the format itself cannot tell apart are avoided: a struct whose name begins the
 * name of a subsection of something around it claims that subsection; and one without fields may
 * claim those of the element behind it.
 */
static void
shape_nested(GRand *rand, RandomState *random, VmsField *field, guint depth)
{
    RandomState *nested =
        build(rand, name_of(random, "nested%08x", g_rand_int(rand)), depth - 1, 0);

    g_ptr_array_add(random->owned, nested);
    field->state = &nested->state;
    field->size = (nested->size + 7) / 8 * 8;
}

/* Wire kind and element size. */
static void
shape_field(GRand *rand, RandomState *random, VmsField *field, guint depth)
{
    static const VmsWire kinds[] = {VMS_WIRE_AS_MEM, VMS_WIRE_AS_MEM, VMS_WIRE_PAIR,
                                    VMS_WIRE_STR8,   VMS_WIRE_BUFFER, VMS_WIRE_PAD,
                                    VMS_WIRE_BITMAP, VMS_WIRE_STRUCT, VMS_WIRE_QUEUE};

    field->wire = kinds[g_rand_int_range(rand, 0, depth > 0 ? 9 : 7)];
    switch (field->wire) {
    case VMS_WIRE_PAIR: field->size = 16; break;
    case VMS_WIRE_STR8: field->size = 256; break;
    case VMS_WIRE_BUFFER: field->size = 1; break;
    case VMS_WIRE_BITMAP: field->size = 8; break;
    case VMS_WIRE_PAD: break;
    case VMS_WIRE_STRUCT:
    case VMS_WIRE_QUEUE: shape_nested(rand, random, field, depth); break;
    default: shape_scalar(rand, field); break;
    }
}

/* How many, and where. @count: the field before it, to hold a count. Returns whether it is used. */
static gboolean
count_field(GRand *rand, RandomState *random, VmsField *field, VmsField *count)
{
    gboolean own =
        field->wire != VMS_WIRE_QUEUE && field->wire != VMS_WIRE_PAD && g_rand_boolean(rand);
    gsize n = 1 + (gsize)g_rand_int_range(rand, 0, COUNT_MAX);

    if (field->wire == VMS_WIRE_QUEUE) {
        field->max = COUNT_MAX;
        field->offset = place(random, sizeof(GQueue));
        return FALSE;
    }
    if (own) {
        *count =
            (VmsField){.name = "count", .mem = VMS_MEM_U16, .size = 2, .offset = place(random, 2)};
        field->count_mem = VMS_MEM_U16;
        field->count_offset = count->offset;
        field->max = COUNT_MAX;
        n = COUNT_MAX;
    } else {
        field->count = n;
    }
    if (own && !field->equal && field->wire != VMS_WIRE_STRUCT && g_rand_boolean(rand)) {
        field->place = VMS_ALLOCATED;
        field->offset = place(random, sizeof(void *));
    } else if (field->wire != VMS_WIRE_PAD) {
        field->offset = place(random, field->wire == VMS_WIRE_BITMAP ? 8 : n * field->size);
    }
    return own;
}

static void
add_subsections(GRand *rand, RandomState *random, guint depth)
{
    guint n = depth > 0 ? (guint)g_rand_int_range(rand, 0, SUBS_MAX + 1) : 0;

    for (guint i = 0; i < n; i++) {
        g_autofree char *format = g_strdup_printf("%s/sub%%u", random->state.name);
        RandomState *sub = build(rand, name_of(random, format, i), depth - 1, random->size);

        sub->state.needed = is_needed;
        random->size = sub->size; /* the same object, further on */
        g_ptr_array_add(random->owned, sub);
        random->subsections[i] = &sub->state;
    }
    random->state.subsections = random->subsections;
}

static RandomState *
build(GRand *rand, const char *name, guint depth, gsize start)
{
    RandomState *random = g_new0(RandomState, 1);
    guint n = (guint)g_rand_int_range(rand, 0, FIELDS_MAX), at = 0;

    random->owned = g_ptr_array_new_with_free_func((GDestroyNotify)random_state_free);
    random->names = g_ptr_array_new_with_free_func(g_free);
    random->size = MAX(start, 8);
    random->state.name = name;
    random->state.version = 3;
    random->state.oldest = 1;
    random->state.fields = random->fields;
    random->fields[at++] =
        (VmsField){.name = "mark", .mem = VMS_MEM_U32, .size = 4, .offset = place(random, 4)};
    for (guint i = 0; i < n; i++) {
        VmsField field = {.name = name_of(random, "field%u", i)}, count;
        gboolean sent = g_rand_boolean(rand);

        shape_field(rand, random, &field, depth);
        field.since = (guint32)g_rand_int_range(rand, 0, 5); /* 4: not yet */
        if (count_field(rand, random, &field, &count) && sent)
            random->fields[at++] = count;
        random->fields[at++] = field;
        if (random->size > start + ELEMENT_MAX)
            break;
    }
    add_subsections(rand, random, depth);
    return random;
}

RandomState *
random_state_new(GRand *rand, guint depth)
{
    return build(rand, "root", depth, 0);
}

void
random_state_free(RandomState *random)
{
    if (random == NULL)
        return;
    g_ptr_array_unref(random->owned);
    g_ptr_array_unref(random->names);
    g_free(random);
}

const VmsState *
random_state(const RandomState *random)
{
    return &random->state;
}

gsize
random_state_size(const RandomState *random)
{
    return random->size;
}

/* ---- Objects ---- */

static void
random_bytes(GRand *rand, guint8 *to, gsize n)
{
    for (gsize i = 0; i < n; i++)
        to[i] = (guint8)g_rand_int(rand);
}

static gsize
elements(const VmsField *field, const guint8 *object)
{
    if (field->count_mem == VMS_MEM_NONE)
        return MAX(field->count, 1);
    return *(const guint16 *)(object + field->count_offset);
}

static void
fill_element(GRand *rand, const VmsField *field, guint8 *at)
{
    switch (field->wire) {
    case VMS_WIRE_STR8: g_snprintf((char *)at, 256, "name-%u", g_rand_int(rand) & 0xffff); break;
    case VMS_WIRE_STRUCT: random_object_fill(rand, field->state, at); break;
    case VMS_WIRE_BITMAP: break;
    default: random_bytes(rand, at, field->size); break;
    }
    if (field->mem == VMS_MEM_BOOL)
        *at &= 1;
}

static void
fill_queue(GRand *rand, const VmsField *field, GQueue *queue)
{
    for (guint n = (guint)g_rand_int_range(rand, 0, COUNT_MAX + 1); n > 0; n--) {
        void *element = g_malloc0(field->size);

        random_object_fill(rand, field->state, element);
        g_queue_push_tail(queue, element);
    }
}

static void
fill_field(GRand *rand, const VmsField *field, guint8 *object)
{
    guint8 *at = object + field->offset;
    gsize n;

    if (field->wire == VMS_WIRE_PAD)
        return;
    if (field->wire == VMS_WIRE_QUEUE) {
        fill_queue(rand, field, (GQueue *)at);
        return;
    }
    if (field->count_mem != VMS_MEM_NONE)
        *(guint16 *)(object + field->count_offset) =
            (guint16)g_rand_int_range(rand, 0, COUNT_MAX + 1);
    n = elements(field, object);
    if (field->place == VMS_ALLOCATED)
        at = *(guint8 **)at =
            n > 0 ? g_malloc0(field->wire == VMS_WIRE_BITMAP ? 8 : n * field->size) : NULL;
    if (field->wire == VMS_WIRE_BITMAP && n > 0)
        *(guint64 *)at = g_rand_int(rand) & ((1u << n) - 1);
    for (gsize i = 0; i < n && field->wire != VMS_WIRE_BITMAP; i++)
        fill_element(rand, field, at + i * field->size);
}

void
random_object_fill(GRand *rand, const VmsState *state, void *object)
{
    *(guint8 *)object = (guint8)g_rand_int_range(rand, 0, 2);
    for (const VmsField *field = state->fields; field->name != NULL; field++)
        fill_field(rand, field, object);
    for (guint i = 0; state->subsections[i] != NULL; i++)
        random_object_fill(rand, state->subsections[i], object);
}

void
random_object_configure(const VmsState *state, const void *from, void *to)
{
    *(guint8 *)to = *(const guint8 *)from;
    for (const VmsField *field = state->fields; field->name != NULL; field++) {
        const guint8 *there = (const guint8 *)from + field->offset;
        guint8 *here = (guint8 *)to + field->offset;

        if (field->count_mem != VMS_MEM_NONE)
            memcpy((guint8 *)to + field->count_offset, (const guint8 *)from + field->count_offset,
                   2);
        if (field->equal)
            memcpy(here, there, elements(field, from) * field->size);
        for (gsize i = 0; field->wire == VMS_WIRE_STRUCT && i < elements(field, from); i++)
            random_object_configure(field->state, there + i * field->size, here + i * field->size);
    }
    for (guint i = 0; state->subsections[i] != NULL; i++)
        random_object_configure(state->subsections[i], from, to);
}
