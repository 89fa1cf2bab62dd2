/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Gathering what a stream holds.
 */
#include <string.h>

#include "migration-glue/error.h"
#include "tools/stream-holdings.h"

#define OURS_MAX 100u /* reasons of our reader that are kept */

void
stream_holdings_init(StreamHoldings *holdings)
{
    *holdings = (StreamHoldings){
        .sections = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free),
        .subsections = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free),
        .fields = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL),
        .ours = g_ptr_array_new_with_free_func(g_free),
    };
}

void
stream_holdings_clear(StreamHoldings *holdings)
{
    g_clear_pointer(&holdings->sections, g_hash_table_unref);
    g_clear_pointer(&holdings->subsections, g_hash_table_unref);
    g_clear_pointer(&holdings->fields, g_hash_table_unref);
    g_clear_pointer(&holdings->ours, g_ptr_array_unref);
}

static void
hold(GHashTable *table, const char *name, guint32 version, const VmsCatalogueRow *row,
     gboolean known, const char *where)
{
    StreamHolding *holding = g_hash_table_lookup(table, name);

    if (holding == NULL) {
        holding = g_new0(StreamHolding, 1);
        g_strlcpy(holding->where, where, sizeof(holding->where));
        holding->row = row;
        holding->known = known;
        g_hash_table_insert(table, g_strdup(name), holding);
    }
    holding->version = MAX(holding->version, version);
    holding->n++;
}

/* --- Inside a section --------------------------------------------------------- */

typedef struct {
    StreamHoldings *holdings;
    const StreamSection *section;
    const VmsCatalogueRow *row;
} Gatherer;

static gboolean
state_has(const VmsState *state, const char *subsection)
{
    for (guint i = 0; state->subsections != NULL && state->subsections[i] != NULL; i++) {
        if (strcmp(state->subsections[i]->name, subsection) == 0 ||
            state_has(state->subsections[i], subsection))
            return TRUE;
    }
    for (const VmsField *field = state->fields; field != NULL && field->name != NULL; field++) {
        if (field->state != NULL && state_has(field->state, subsection))
            return TRUE;
    }
    return FALSE;
}

/* The tag, a length byte, the name, the version. */
static void
gather_subsection(Gatherer *gatherer, const guint8 *bytes, gsize n)
{
    const VmsCatalogueRow *row = gatherer->row;
    g_autofree char *name = NULL;
    guint32 version;

    if (n < 7 || bytes[1] != n - 6)
        return;
    name = g_strndup((const char *)bytes + 2, bytes[1]);
    memcpy(&version, bytes + n - sizeof(version), sizeof(version));
    hold(gatherer->holdings->subsections, name, GUINT32_FROM_BE(version), row,
         row == NULL || state_has(row->state, name), gatherer->section->idstr);
}

static gboolean
gather(const VmdescLeaf *leaf, void *user, GError **error)
{
    Gatherer *gatherer = user;
    const StreamLayout *layout;

    if (strcmp(leaf->type, "subsection") == 0)
        gather_subsection(gatherer, gatherer->section->payload + leaf->offset, leaf->size);
    for (guint i = 0; (layout = stream_layout(i)) != NULL; i++) {
        if (g_str_has_suffix(leaf->path, layout->field) &&
            strcmp(gatherer->section->idstr, layout->section) == 0 &&
            !g_hash_table_contains(gatherer->holdings->fields, layout->field))
            g_hash_table_add(gatherer->holdings->fields, g_strdup(layout->field));
    }
    return TRUE;
}

/* --- Our own reader ------------------------------------------------------------- */

static void
add_ours(StreamHoldings *holdings, char *reason)
{
    if (holdings->ours->len < OURS_MAX)
        g_ptr_array_add(holdings->ours, reason);
    else
        g_free(reason);
}

/* What a machine of ours says of the contents themselves. */
static void
ask_ours(StreamHoldings *holdings, const VmsContext *context, const StreamSection *section,
         const StreamContents *contents)
{
    g_autoptr(GError) error = NULL;

    if (contents->why_not != NULL)
        add_ours(holdings, g_strdup(contents->why_not));
    else if (contents->decoded != NULL && contents->decoded->row->ours &&
             !stream_decoded_check(contents->decoded, context, &error))
        add_ours(holdings, g_strdup_printf("section %s/%u: %s", section->idstr, section->instance,
                                           error->message));
}

/* Without its device path: what a description calls it, where there is one. */
static const char *
bare_name(const StreamSection *section, const VmsCatalogueRow *row)
{
    const char *described =
        section->device != NULL ? vmdesc_member_text(section->device, "vmsd_name") : NULL;

    if (row != NULL)
        return row->state->name;
    return described != NULL ? described : section->idstr;
}

void
stream_holdings_add(StreamHoldings *holdings, const StreamTables *tables, const VmsContext *context,
                    const StreamSection *section, const StreamContents *contents)
{
    const VmsCatalogueRow *row = stream_tables_section(tables, section->idstr);
    const char *name = bare_name(section, row);
    Gatherer gatherer = {holdings, section, row};
    guint32 word;

    hold(holdings->sections, name, section->version, row, row != NULL, section->idstr);
    if (contents == NULL)
        return;
    stream_contents_walk(contents, section, gather, &gatherer, NULL);
    ask_ours(holdings, context, section, contents);
    if (strcmp(name, "ics") != 0 || section->size < sizeof(word))
        return;
    memcpy(&word, section->payload, sizeof(word));
    holdings->ics_irqs = GUINT32_FROM_BE(word);
}
