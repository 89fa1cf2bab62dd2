/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Copying descriptions without what ties them to a machine; finding them by name.
 */
#include "migration-glue/loose.h"

#include <string.h>

static guint
count_fields(const VmsField *fields)
{
    guint n = 0;

    while (fields != NULL && fields[n].name != NULL)
        n++;
    return n;
}

static guint
count_states(const VmsState *const *states)
{
    guint n = 0;

    while (states != NULL && states[n] != NULL)
        n++;
    return n;
}

static void
loosen_field(VmsField *field)
{
    if (field->equal && field->type == NULL) {
        static const char *const types[VMS_MEM_N] = {
            [VMS_MEM_U8] = "uint8 equal",   [VMS_MEM_U16] = "uint16 equal",
            [VMS_MEM_U32] = "uint32 equal", [VMS_MEM_U64] = "int64 equal",
            [VMS_MEM_S32] = "int32 equal",  [VMS_MEM_S64] = "int64 equal",
        };

        field->type = types[field->mem];
    }
    field->equal = field->at_most = FALSE;
    if (field->place == VMS_POINTED) {
        field->place = VMS_ALLOCATED;
        if (field->count_mem == VMS_MEM_NONE && field->count == 0)
            field->count = 1;
    }
    if (field->state != NULL)
        field->state = mig_loose_new(field->state);
}

VmsState *
mig_loose_new(const VmsState *state)
{
    VmsState *loose = g_memdup2(state, sizeof(*state));
    const guint n_fields = count_fields(state->fields);
    const guint n_states = count_states(state->subsections);
    VmsField *fields = g_new0(VmsField, n_fields + 1);
    const VmsState **states = g_new0(const VmsState *, n_states + 1);

    for (guint i = 0; i < n_fields; i++) {
        fields[i] = state->fields[i];
        loosen_field(&fields[i]);
    }
    for (guint i = 0; i < n_states; i++)
        states[i] = mig_loose_new(state->subsections[i]);
    loose->fields = fields;
    /* None at all is told apart from an empty list: elements of an array then look alike. */
    if (state->subsections == NULL)
        g_clear_pointer(&states, g_free);
    loose->subsections = states;
    loose->pre_save = loose->post_save = NULL;
    loose->check = NULL;
    loose->post_load = NULL;
    return loose;
}

void
mig_loose_free(VmsState *loose)
{
    if (loose == NULL)
        return;
    for (const VmsField *field = loose->fields; field->name != NULL; field++)
        mig_loose_free((VmsState *)field->state);
    for (guint i = 0; loose->subsections != NULL && loose->subsections[i] != NULL; i++)
        mig_loose_free((VmsState *)loose->subsections[i]);
    g_free((VmsField *)loose->fields);
    g_free((VmsState **)loose->subsections);
    g_free(loose);
}

/* Some names have slashes of their own, so the longest part that matches would be ambiguous: the
 * name is all of @idstr, or what follows one of its slashes. */
static gboolean
is_named(const char *idstr, const char *name)
{
    const gsize whole = strlen(idstr), n = strlen(name);

    return n <= whole && strcmp(idstr + whole - n, name) == 0 &&
           (n == whole || idstr[whole - n - 1] == '/');
}

const VmsCatalogueRow *
mig_catalogue_find(const VmsCatalogueRow *const *tables, const char *idstr)
{
    for (; tables != NULL && *tables != NULL; tables++) {
        for (const VmsCatalogueRow *row = *tables; row->state != NULL; row++) {
            if (is_named(idstr, row->state->name))
                return row;
        }
    }
    return NULL;
}
