/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Walking the payload of a section by the stream's own description: for sections of devices that
 * this program does not have.
 */
#include <string.h>

#include "migration-glue/error.h"
#include "migration-glue/vmdesc.h"

#define PAYLOAD_MAX ((guint64)1 << 40) /* sums cannot overflow below it */

typedef struct {
    VmdescVisit visit;
    void *user;
    GString *path;
    guint64 offset;
    GError **error;
} Walk;

static gboolean walk_state(Walk *walk, const VmdescNode *state);

static gboolean
fail(Walk *walk, const char *what)
{
    g_set_error(walk->error, MIG_ERROR, MIG_ERROR_FORMAT, "description of %s: %s",
                walk->path->len > 0 ? walk->path->str : "a section", what);
    return FALSE;
}

static gboolean
show(Walk *walk, const char *type, guint64 size)
{
    VmdescLeaf leaf = {walk->path->str, type, (gsize)walk->offset, (gsize)size};

    if (size > PAYLOAD_MAX - walk->offset)
        return fail(walk, "impossibly large");
    walk->offset += size;
    return walk->visit == NULL || size == 0 || walk->visit(&leaf, walk->user, walk->error);
}

static gsize
push(Walk *walk, const char *name)
{
    gsize length = walk->path->len;

    if (length > 0 && walk->path->str[length - 1] != ':')
        g_string_append_c(walk->path, '.');
    g_string_append(walk->path, name);
    return length;
}

/* The nested keys of a list stand in the field itself, once for every element. */
static gboolean
has_elements(const VmdescNode *field)
{
    return vmdesc_member(field, "vmsd_name") != NULL;
}

/* A view of @field from its member @from to before the next "vmsd_name": one element of a list. */
static VmdescNode
element_at(const VmdescNode *field, guint from, guint *to)
{
    VmdescNode view = {.kind = VMDESC_OBJECT, .children = g_ptr_array_new()};
    guint i = from;

    do
        g_ptr_array_add(view.children, field->children->pdata[i++]);
    while (i < field->children->len &&
           strcmp(((VmdescNode *)field->children->pdata[i])->key, "vmsd_name") != 0);
    *to = i;
    return view;
}

static gboolean
walk_elements(Walk *walk, const VmdescNode *field, gboolean presence)
{
    gsize length = walk->path->len;
    guint i = 0, element = 0;

    while (i < field->children->len) {
        VmdescNode view;
        gboolean good;

        if (strcmp(((VmdescNode *)field->children->pdata[i])->key, "vmsd_name") != 0) {
            i++;
            continue;
        }
        view = element_at(field, i, &i);
        g_string_append_printf(walk->path, "[%u]", element++);
        good = (!presence || show(walk, "present", 1)) && walk_state(walk, &view);
        g_ptr_array_unref(view.children);
        if (!good)
            return FALSE;
        g_string_truncate(walk->path, length);
    }
    return !presence || show(walk, "present", 1);
}

/* One element of @size bytes. */
static gboolean
walk_one(Walk *walk, const VmdescNode *field, const char *type, guint64 size)
{
    const VmdescNode *nested = vmdesc_member(field, "struct");
    guint64 start = walk->offset;
    gboolean is_list = g_str_equal(type, "qtailq") || g_str_equal(type, "qlist");

    if (nested != NULL) {
        if (!walk_state(walk, nested))
            return FALSE;
    } else if (is_list) {
        if (!walk_elements(walk, field, TRUE))
            return FALSE;
    } else if (has_elements(field) && !g_str_equal(type, "gtree")) {
        if (!walk_elements(walk, field, FALSE))
            return FALSE;
    } else if (!show(walk, type, size)) {
        return FALSE;
    }
    return walk->offset - start == size || fail(walk, "the sizes of its parts do not add up");
}

static gboolean
walk_field(Walk *walk, const VmdescNode *field)
{
    const char *name = vmdesc_member_text(field, "name");
    const char *type = vmdesc_member_text(field, "type");
    gsize outer = push(walk, name != NULL ? name : "?"), inner = walk->path->len;
    guint64 size, n = 1, index;
    gboolean is_array = vmdesc_member_number(field, "array_len", &n);

    if (name == NULL || type == NULL || !vmdesc_member_number(field, "size", &size))
        return fail(walk, "a field needs name, type and size");
    if (is_array && (size > 0 ? n > PAYLOAD_MAX / size : n > 1))
        return fail(walk, "impossibly large");
    if (vmdesc_member_number(field, "index", &index))
        g_string_append_printf(walk->path, "[%" G_GUINT64_FORMAT "]", index);
    /* Without a visitor only the sum matters, and the first element has been checked. */
    for (guint64 i = 0; i < n; i++) {
        if (is_array)
            g_string_append_printf(walk->path, "[%" G_GUINT64_FORMAT "]", i);
        if (!walk_one(walk, field, type, size))
            return FALSE;
        g_string_truncate(walk->path, is_array ? inner : walk->path->len);
        if (walk->visit == NULL && size * (n - 1) > PAYLOAD_MAX - walk->offset)
            return fail(walk, "impossibly large");
        if (walk->visit == NULL && i == 0) {
            walk->offset += size * (n - 1);
            break;
        }
    }
    g_string_truncate(walk->path, outer);
    return TRUE;
}

static gboolean
walk_subsection(Walk *walk, const VmdescNode *sub)
{
    const char *name = vmdesc_member_text(sub, "vmsd_name");
    gsize length = walk->path->len;

    if (name == NULL || name[0] == '\0' || strlen(name) > 255)
        return fail(walk, "a subsection needs a name");
    push(walk, name);
    g_string_append_c(walk->path, ':');
    if (!show(walk, "subsection", 1 + 1 + strlen(name) + 4) || !walk_state(walk, sub))
        return FALSE;
    g_string_truncate(walk->path, length);
    return TRUE;
}

static gboolean
walk_list(Walk *walk, const VmdescNode *list, gboolean (*each)(Walk *, const VmdescNode *))
{
    if (list == NULL)
        return TRUE;
    if (list->kind != VMDESC_ARRAY)
        return fail(walk, "a list is due");
    for (guint i = 0; i < list->children->len; i++) {
        if (!each(walk, list->children->pdata[i]))
            return FALSE;
    }
    return TRUE;
}

static gboolean
walk_state(Walk *walk, const VmdescNode *state)
{
    const VmdescNode *fields = vmdesc_member(state, "fields");

    if (fields == NULL)
        return fail(walk, "there are no fields");
    return walk_list(walk, fields, walk_field) &&
           walk_list(walk, vmdesc_member(state, "subsections"), walk_subsection);
}

const VmdescNode *
vmdesc_device(const VmdescNode *root, const char *name, guint64 instance, guint nth)
{
    const VmdescNode *devices = vmdesc_member(root, "devices");

    if (devices == NULL || devices->kind != VMDESC_ARRAY)
        return NULL;
    for (guint i = 0; i < devices->children->len; i++) {
        const VmdescNode *device = devices->children->pdata[i];
        const char *own = vmdesc_member_text(device, "name");
        guint64 id;

        if (own == NULL || strcmp(own, name) != 0 ||
            !vmdesc_member_number(device, "instance_id", &id) || id != instance)
            continue;
        if (nth-- == 0)
            return device;
    }
    return NULL;
}

gboolean
vmdesc_walk(const VmdescNode *device, VmdescVisit visit, void *user, gsize *size, GError **error)
{
    g_autoptr(GString) path = g_string_new(NULL);
    Walk walk = {.visit = visit, .user = user, .path = path, .error = error};

    if (!walk_state(&walk, device))
        return FALSE;
    if (size != NULL)
        *size = (gsize)walk.offset;
    return TRUE;
}
