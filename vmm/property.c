/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Properties of machines and devices. One row per kind: how many bytes the member has, and how to
 * read and show a value.
 */
#include "vmm/property.h"

#include <string.h>

#include "vmm/number.h"
#include "vmm/vm.h"

static const struct {
    const char *name; /* as help shows it */
    gsize size;       /* of the member */
} kinds[] = {
    [VDEV_PROP_BOOL] = {"bool", sizeof(gboolean)},
    [VDEV_PROP_UINT32] = {"uint32", sizeof(guint32)},
    [VDEV_PROP_UINT64] = {"uint64", sizeof(guint64)},
    [VDEV_PROP_SIZE] = {"size", sizeof(guint64)},
    [VDEV_PROP_STRING] = {"str", sizeof(char *)},
    [VDEV_PROP_ENUM] = {"enum", sizeof(guint32)},
};

const VdevProperty *
property_find(const VdevProperty *props, const char *name)
{
    for (; props != NULL && props->name != NULL; props++)
        if (strcmp(props->name, name) == 0)
            return props;
    return NULL;
}

static void
property_store(const VdevProperty *prop, void *object, guint64 value)
{
    switch (prop->kind) {
    case VDEV_PROP_BOOL: G_STRUCT_MEMBER(gboolean, object, prop->offset) = value != 0; break;
    case VDEV_PROP_UINT32:
    case VDEV_PROP_ENUM: G_STRUCT_MEMBER(guint32, object, prop->offset) = (guint32)value; break;
    case VDEV_PROP_UINT64:
    case VDEV_PROP_SIZE: G_STRUCT_MEMBER(guint64, object, prop->offset) = value; break;
    case VDEV_PROP_STRING: break; /* initially NULL, as the object is zeroed */
    }
}

void
property_init(const VdevProperty *props, void *object)
{
    for (; props != NULL && props->name != NULL; props++)
        property_store(props, object, props->initial);
}

void
property_clear(const VdevProperty *props, void *object)
{
    for (; props != NULL && props->name != NULL; props++)
        if (props->kind == VDEV_PROP_STRING)
            g_clear_pointer(&G_STRUCT_MEMBER(char *, object, props->offset), g_free);
}

static guint64
property_max(const VdevProperty *prop)
{
    if (prop->max != 0)
        return prop->max;
    return prop->kind == VDEV_PROP_UINT32 ? G_MAXUINT32 : G_MAXUINT64;
}

static guint
property_n_choices(const VdevProperty *prop)
{
    guint n = 0;

    while (prop->choices != NULL && prop->choices[n] != NULL)
        n++;
    return n;
}

static gboolean
property_parse(const VdevProperty *prop, const char *text, guint64 *value)
{
    gboolean flag;

    switch (prop->kind) {
    case VDEV_PROP_BOOL:
        if (!number_parse_bool(text, &flag))
            return FALSE;
        *value = (guint64)flag;
        return TRUE;
    case VDEV_PROP_UINT32:
    case VDEV_PROP_UINT64: return number_parse(text, value);
    case VDEV_PROP_SIZE: return number_parse_size(text, 0, value);
    case VDEV_PROP_ENUM:
        for (*value = 0; *value < property_n_choices(prop); ++*value)
            if (strcmp(prop->choices[*value], text) == 0)
                return TRUE;
        return FALSE;
    case VDEV_PROP_STRING: break;
    }
    return FALSE;
}

static gboolean
property_is_number(const VdevProperty *prop)
{
    return prop->kind == VDEV_PROP_UINT32 || prop->kind == VDEV_PROP_UINT64 ||
           prop->kind == VDEV_PROP_SIZE;
}

/* What may be written, for people. (transfer full) */
static char *
property_allowed(const VdevProperty *prop)
{
    if (prop->kind == VDEV_PROP_BOOL)
        return g_strdup("on or off");
    if (prop->kind == VDEV_PROP_ENUM && prop->choices != NULL)
        return g_strjoinv(" | ", (char **)prop->choices);
    if (!property_is_number(prop))
        return g_strdup("text");
    if (prop->max == 0 && prop->min == 0)
        return g_strdup(prop->kind == VDEV_PROP_SIZE ? "a size (bytes, or K M G T)" : "a number");
    return g_strdup_printf("%" G_GUINT64_FORMAT " to %" G_GUINT64_FORMAT, prop->min,
                           property_max(prop));
}

gboolean
property_set(const VdevProperty *props, void *object, const char *owner, const char *name,
             const char *text, GError **error)
{
    const VdevProperty *prop = property_find(props, name);
    g_autofree char *allowed = NULL;
    guint64 value = 0;

    if (prop == NULL) {
        g_set_error(error, VM_ERROR, VM_ERROR_USAGE,
                    "%s: there is no property '%s'; %s,help lists them", owner, name, owner);
        return FALSE;
    }
    if (prop->kind == VDEV_PROP_STRING) {
        char **member = &G_STRUCT_MEMBER(char *, object, prop->offset);

        g_free(*member);
        *member = g_strdup(text);
        return TRUE;
    }
    if (property_parse(prop, text, &value) &&
        (!property_is_number(prop) || (value >= prop->min && value <= property_max(prop)))) {
        property_store(prop, object, value);
        return TRUE;
    }
    allowed = property_allowed(prop);
    g_set_error(error, VM_ERROR, VM_ERROR_USAGE, "%s: property %s=%s is not allowed: it takes %s",
                owner, name, text, allowed);
    return FALSE;
}

static const char *
property_fault(const VdevProperty *prop, gsize size)
{
    if ((guint)prop->kind >= G_N_ELEMENTS(kinds))
        return "is of an unknown kind";
    if (prop->offset > size || kinds[prop->kind].size > size - prop->offset)
        return "lies outside its object";
    if (prop->offset < sizeof(VdevDevice))
        return "lies in the header of its object";
    if (prop->kind == VDEV_PROP_ENUM && prop->initial >= property_n_choices(prop))
        return "has no such initial choice";
    if (property_is_number(prop) &&
        (prop->initial > property_max(prop) || prop->min > property_max(prop)))
        return "has a range that excludes its initial value";
    return NULL;
}

gboolean
property_check_table(const VdevProperty *props, gsize size, const char *owner, GError **error)
{
    for (; props != NULL && props->name != NULL; props++) {
        const char *fault = property_fault(props, size);

        if (fault != NULL) {
            g_set_error(error, VM_ERROR, VM_ERROR_USAGE, "property %s of %s %s", props->name, owner,
                        fault);
            return FALSE;
        }
    }
    return TRUE;
}

static char *
property_initial(const VdevProperty *prop)
{
    if (prop->kind == VDEV_PROP_STRING)
        return g_strdup("none");
    if (prop->kind == VDEV_PROP_BOOL)
        return g_strdup(prop->initial ? "on" : "off");
    if (prop->kind == VDEV_PROP_ENUM)
        return g_strdup(prop->choices[prop->initial]);
    return g_strdup_printf("%" G_GUINT64_FORMAT, prop->initial);
}

void
property_help(const VdevProperty *props, GString *text)
{
    for (; props != NULL && props->name != NULL; props++) {
        g_autofree char *allowed = property_allowed(props);
        g_autofree char *initial = property_initial(props);

        g_string_append_printf(text, "  %s=<%s>  %s (%s; default: %s)\n", props->name,
                               kinds[props->kind].name, props->help == NULL ? "" : props->help,
                               allowed, initial);
    }
}
