/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The list of what is sent.
 */
#include "migration-glue/section.h"

#include <string.h>

#include "migration-glue/engine.h"
#include "migration-glue/error.h"
#include "migration-glue/parts.h"

struct MigSections {
    GPtrArray *entries; /* MigSection, wire order */
    guint32 next_id;
};

/* A section of parts: what its handler is and is called with. */
struct MigSectionParts {
    MigHandler handler;
    MigParts parts;
};

static void
section_free(void *data)
{
    MigSection *section = data;

    g_free(section->parts);
    g_free(section->idstr);
    g_free(section);
}

MigSections *
mig_sections_new(void)
{
    MigSections *sections = g_new0(MigSections, 1);

    sections->entries = g_ptr_array_new_with_free_func(section_free);
    return sections;
}

void
mig_sections_free(MigSections *sections)
{
    if (sections == NULL)
        return;
    g_ptr_array_unref(sections->entries);
    g_free(sections);
}

static MigSection *
entry(const MigSections *sections, guint i)
{
    return sections->entries->pdata[i];
}

static gboolean
has_path(const MigSection *section)
{
    return section->bare_name != section->idstr;
}

/* The lowest ordinal that no entry with a path and that name has. */
static guint32
free_ordinal(const MigSections *sections, const char *name)
{
    guint32 ordinal = 0;

    for (guint i = 0; i < sections->entries->len; i++) {
        const MigSection *other = entry(sections, i);

        if (has_path(other) && strcmp(other->bare_name, name) == 0)
            ordinal = MAX(ordinal, other->compat_instance + 1);
    }
    return ordinal;
}

static gboolean
is_free(const MigSections *sections, const char *idstr, guint32 instance, GError **error)
{
    for (guint i = 0; i < sections->entries->len; i++) {
        const MigSection *other = entry(sections, i);

        if (other->instance != instance || strcmp(other->idstr, idstr) != 0)
            continue;
        g_set_error(error, MIG_ERROR, MIG_ERROR_DESCRIPTION,
                    "section '%s' instance %u is registered already", idstr, instance);
        return FALSE;
    }
    return TRUE;
}

/* Takes @section over: behind all of its priority and above. */
static gboolean
insert(MigSections *sections, MigSection *section, GError **error)
{
    guint at = 0;

    if (section->idstr[0] == '\0' || strlen(section->idstr) > 255) {
        g_set_error(error, MIG_ERROR, MIG_ERROR_DESCRIPTION,
                    "a section's name has 1 to 255 bytes, not %" G_GSIZE_FORMAT,
                    strlen(section->idstr));
        section_free(section);
        return FALSE;
    }
    if (!is_free(sections, section->idstr, section->instance, error)) {
        section_free(section);
        return FALSE;
    }
    section->id = sections->next_id++;
    while (at < sections->entries->len && entry(sections, at)->priority >= section->priority)
        at++;
    g_ptr_array_insert(sections->entries, (gint)at, section);
    return TRUE;
}

gboolean
mig_sections_add_state(MigSections *sections, const char *path, guint32 instance,
                       MigPriority priority, const VmsState *state, void *object, GError **error)
{
    MigSection *section;

    if (!mig_state_valid(state, error))
        return FALSE;
    section = g_new0(MigSection, 1);
    section->idstr =
        path != NULL ? g_strdup_printf("%s/%s", path, state->name) : g_strdup(state->name);
    section->bare_name = section->idstr + (path != NULL ? strlen(path) + 1 : 0);
    section->instance = instance;
    section->compat_instance = path != NULL ? free_ordinal(sections, state->name) : 0;
    section->priority = priority;
    section->version = state->version;
    section->state = state;
    section->opaque = object;
    return insert(sections, section, error);
}

gboolean
mig_sections_add_handler(MigSections *sections, const char *idstr, guint32 instance,
                         MigPriority priority, const MigHandler *handler, void *opaque,
                         GError **error)
{
    MigSection *section = g_new0(MigSection, 1);

    section->idstr = g_strdup(idstr);
    section->bare_name = section->idstr;
    section->instance = instance;
    section->priority = priority;
    section->version = handler->version;
    section->handler = handler;
    section->opaque = opaque;
    return insert(sections, section, error);
}

gboolean
mig_sections_add_parts(MigSections *sections, guint32 instance, MigPriority priority,
                       const VmsState *state, void *object, GError **error)
{
    MigSection *section;

    if (!mig_state_valid(state, error))
        return FALSE;
    section = g_new0(MigSection, 1);
    section->parts = g_new0(MigSectionParts, 1);
    mig_parts_fill(&section->parts->handler, state);
    section->parts->parts = (MigParts){state, instance, object};
    section->idstr = g_strdup(state->name);
    section->bare_name = section->idstr;
    section->instance = instance;
    section->priority = priority;
    section->version = state->version;
    section->handler = &section->parts->handler;
    section->opaque = &section->parts->parts;
    return insert(sections, section, error);
}

static gboolean
is_of(const MigSection *section, const void *opaque)
{
    return section->opaque == opaque ||
           (section->parts != NULL && section->parts->parts.object == opaque);
}

void
mig_sections_remove(MigSections *sections, const void *opaque)
{
    for (guint i = sections->entries->len; i-- > 0;) {
        if (is_of(entry(sections, i), opaque))
            g_ptr_array_remove_index(sections->entries, i);
    }
}

const MigSection *const *
mig_sections_list(const MigSections *sections, guint *n)
{
    *n = sections->entries->len;
    return (const MigSection *const *)sections->entries->pdata;
}

const MigSection *
mig_sections_find(const MigSections *sections, const char *idstr, guint32 instance)
{
    const MigSection *compatible = NULL;

    for (guint i = 0; i < sections->entries->len; i++) {
        const MigSection *section = entry(sections, i);

        if (section->instance == instance && strcmp(section->idstr, idstr) == 0)
            return section;
        if (has_path(section) && section->compat_instance == instance &&
            strcmp(section->bare_name, idstr) == 0)
            compatible = section;
    }
    return compatible;
}
