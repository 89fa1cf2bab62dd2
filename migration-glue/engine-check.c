/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The engine: whether a description can be carried out. Asked once, so that the two halves need
 * not ask again.
 */
#include <string.h>

#include "migration-glue/engine-priv.h"

#define DEPTH_MAX       16 /* structs in structs; also what stops a description inside itself */
#define SUBSECTIONS_MAX 64
#define MEMORY_MAX      ((gsize)1 << 32) /* of one field */

static gboolean
wrong(const VmsState *state, const char *field, const char *what, GError **error)
{
    g_set_error(error, MIG_ERROR, MIG_ERROR_DESCRIPTION, "state description '%s'%s%s: %s",
                state->name != NULL ? state->name : "?", field != NULL ? ", field " : "",
                field != NULL ? field : "", what);
    return FALSE;
}

static gboolean
allocates(const VmsState *state)
{
    for (const VmsField *field = state->fields; field != NULL && field->name != NULL; field++) {
        if (field->place == VMS_ALLOCATED || field->wire == VMS_WIRE_QUEUE ||
            (field->wire == VMS_WIRE_STRUCT && allocates(field->state)))
            return TRUE;
    }
    for (guint i = 0; state->subsections != NULL && state->subsections[i] != NULL; i++) {
        if (allocates(state->subsections[i]))
            return TRUE;
    }
    return FALSE;
}

static const char *
wrong_scalar(const VmsField *field)
{
    if (field->mem <= VMS_MEM_NONE || field->mem >= VMS_MEM_N)
        return "no kind of memory";
    if (field->size < engine_mem_width(field->mem))
        return "elements overlap";
    if (field->equal && field->at_most)
        return "both equal and at_most";
    return NULL;
}

/* What is wrong with the kind of the field, apart from its count; NULL: nothing. */
static const char *
wrong_kind(const VmsField *field)
{
    VmsWire wire;

    if (field->wire >= VMS_WIRE_N || field->place > VMS_ALLOCATED || field->mem >= VMS_MEM_N)
        return "no such kind";
    wire = engine_wire(field);
    if (wire == VMS_WIRE_AS_MEM || engine_wire_is_scalar(wire))
        return wrong_scalar(field);
    if (field->equal || field->at_most)
        return "only scalars can be compared";
    if (field->host_endian && wire != VMS_WIRE_PAIR)
        return "only scalars and pairs have a byte order";
    if ((wire == VMS_WIRE_STRUCT || wire == VMS_WIRE_QUEUE) != (field->state != NULL))
        return "a description belongs to structs and queues, and to nothing else";
    if (wire != VMS_WIRE_PAD && field->size == 0)
        return "elements have no size";
    if (wire == VMS_WIRE_PAD && field->place != VMS_EMBEDDED)
        return "a pad has no memory";
    if (wire == VMS_WIRE_QUEUE && (field->count_mem != VMS_MEM_NONE || field->count != 0))
        return "a queue has no count";
    if (wire == VMS_WIRE_QUEUE && field->place != VMS_EMBEDDED)
        return "a queue must be embedded";
    return NULL;
}

static const char *
wrong_count(const VmsField *field)
{
    gsize n = field->count_mem != VMS_MEM_NONE ? field->max : field->count;

    if (field->count_mem >= VMS_MEM_N || field->count_mem == VMS_MEM_BOOL)
        return "no such kind of count";
    if ((field->count_mem != VMS_MEM_NONE || field->wire == VMS_WIRE_QUEUE) && field->max == 0)
        return "nothing bounds it";
    if (n > MEMORY_MAX / MAX(field->size, 1))
        return "it may become larger than 4 GiB";
    if (field->place == VMS_ALLOCATED && field->count_mem == VMS_MEM_NONE && field->count == 0)
        return "an allocated field needs a count";
    return NULL;
}

static gboolean state_valid(const VmsState *state, guint depth, GError **error);

static gboolean
field_valid(const VmsState *state, const VmsField *field, guint depth, GError **error)
{
    const char *what = wrong_kind(field);

    if (what == NULL)
        what = wrong_count(field);
    if (what != NULL)
        return wrong(state, field->name, what, error);
    if (field->state == NULL)
        return TRUE;
    if (!state_valid(field->state, depth + 1, error))
        return FALSE;
    if (field->struct_version > field->state->version ||
        (field->struct_version != 0 && field->struct_version < field->state->oldest))
        return wrong(state, field->name, "its description has no such version", error);
    if (field->place == VMS_ALLOCATED && allocates(field->state))
        return wrong(state, field->name, "allocated elements must not own memory", error);
    return TRUE;
}

static gboolean
subsections_valid(const VmsState *state, guint depth, GError **error)
{
    guint n = 0;

    for (; state->subsections != NULL && state->subsections[n] != NULL; n++) {
        const VmsState *sub = state->subsections[n];

        if (!state_valid(sub, depth + 1, error))
            return FALSE;
        if (!g_str_has_prefix(sub->name, state->name) || strlen(sub->name) == strlen(state->name))
            return wrong(sub, NULL, "a subsection's name must begin with its parent's", error);
        if (sub->needed == NULL)
            return wrong(sub, NULL, "a subsection must say when it is needed", error);
        if (sub->written > sub->version || (sub->written != 0 && sub->written < sub->oldest))
            return wrong(sub, NULL, "it would be written in a version that is not read", error);
        for (guint i = 0; i < n; i++) {
            if (strcmp(state->subsections[i]->name, sub->name) == 0)
                return wrong(sub, NULL, "stands twice in its parent", error);
        }
    }
    return n <= SUBSECTIONS_MAX || wrong(state, NULL, "too many subsections", error);
}

static gboolean
state_valid(const VmsState *state, guint depth, GError **error)
{
    if (state->name == NULL || state->name[0] == '\0' || strlen(state->name) > 255)
        return wrong(state, NULL, "a name has 1 to 255 bytes", error);
    if (depth > DEPTH_MAX)
        return wrong(state, NULL, "nested too deep, or in itself", error);
    if (state->oldest > state->version)
        return wrong(state, NULL, "its oldest version is newer than its version", error);
    for (const VmsField *field = state->fields; field != NULL && field->name != NULL; field++) {
        if (!field_valid(state, field, depth, error))
            return FALSE;
    }
    return subsections_valid(state, depth, error);
}

gboolean
mig_state_valid(const VmsState *state, GError **error)
{
    return state_valid(state, 0, error);
}
