/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fields, values and words of a section.
 */
#include "tools/stream-contents.h"

#include <string.h>

#include "migration-glue/error.h"
#include "tools/stream-platform.h"

#define SHOWN_MAX 32u /* bytes of a buffer in a line */

void
stream_contents_init(StreamContents *contents, const StreamTables *tables,
                     const VmsContext *context, const StreamSection *section)
{
    const VmsCatalogueRow *row = stream_tables_section(tables, section->idstr);
    g_autoptr(GError) error = NULL;

    *contents = (StreamContents){.tree = section->device};
    if (row == NULL)
        return;
    contents->decoded =
        stream_decode(row, context, section->idstr, section->instance, section->version,
                      section->payload, (gsize)section->size, TRUE, &error);
    if (contents->decoded == NULL) {
        contents->why_not = g_strdup(error->message);
        return;
    }
    if (contents->tree != NULL)
        return;
    contents->own = stream_decoded_describe(contents->decoded, context, section->version, NULL);
    contents->tree = contents->own;
}

void
stream_contents_clear(StreamContents *contents)
{
    stream_decoded_free(contents->decoded);
    vmdesc_node_free(contents->own);
    g_free(contents->why_not);
    *contents = (StreamContents){0};
}

typedef struct {
    VmdescVisit visit;
    void *user;
    guint64 size;
} Bounded;

static gboolean
visit_bounded(const VmdescLeaf *leaf, void *user, GError **error)
{
    const Bounded *bounded = user;

    if (leaf->size <= bounded->size && leaf->offset <= bounded->size - leaf->size)
        return bounded->visit(leaf, bounded->user, error);
    g_set_error(error, MIG_ERROR, MIG_ERROR_FORMAT, "%s lies beyond the payload", leaf->path);
    return FALSE;
}

gboolean
stream_contents_walk(const StreamContents *contents, const StreamSection *section,
                     VmdescVisit visit, void *user, GError **error)
{
    Bounded bounded = {visit, user, section->size};

    if (contents->tree != NULL)
        return vmdesc_walk(contents->tree, visit_bounded, &bounded, NULL, error);
    g_set_error(error, MIG_ERROR, MIG_ERROR_DESCRIPTION, "nobody describes its fields");
    return FALSE;
}

void
stream_contents_explain(const StreamContents *contents, const StreamSection *section, GString *text)
{
    stream_platform_explain(section, text);
    if (contents->decoded != NULL)
        stream_decoded_explain(contents->decoded, text);
}

/* --- Values ------------------------------------------------------------------ */

static const struct {
    const char *type; /* what a type's name begins with */
    gsize size;
    StreamValueKind kind;
} value_kinds[] = {
    {"bool", 1, STREAM_VALUE_BOOL},       {"int64 equal", 8, STREAM_VALUE_WORD},
    {"int8", 1, STREAM_VALUE_SIGNED},     {"int16", 2, STREAM_VALUE_SIGNED},
    {"int32", 4, STREAM_VALUE_SIGNED},    {"int64", 8, STREAM_VALUE_SIGNED},
    {"timer", 8, STREAM_VALUE_SIGNED},    {"uint8", 1, STREAM_VALUE_UNSIGNED},
    {"uint16", 2, STREAM_VALUE_UNSIGNED}, {"uint32", 4, STREAM_VALUE_UNSIGNED},
    {"uint64", 8, STREAM_VALUE_WORD},     {"fpr", 8, STREAM_VALUE_WORD},
    {"vsr", 8, STREAM_VALUE_WORD},        {"CPU_Double_U", 8, STREAM_VALUE_WORD},
    {"present", 1, STREAM_VALUE_BOOL},    {"cpu/altivec/vscr", 4, STREAM_VALUE_UNSIGNED},
};

StreamValueKind
stream_value(const VmdescLeaf *leaf, const guint8 *bytes, guint64 *value)
{
    *value = 0;
    for (guint i = 0; i < G_N_ELEMENTS(value_kinds); i++) {
        if (leaf->size != value_kinds[i].size || !g_str_has_prefix(leaf->type, value_kinds[i].type))
            continue;
        for (gsize at = 0; at < leaf->size; at++)
            *value = *value << 8 | bytes[at];
        if (value_kinds[i].kind == STREAM_VALUE_SIGNED)
            *value = (guint64)((gint64)(*value << (64 - 8 * leaf->size)) >> (64 - 8 * leaf->size));
        return value_kinds[i].kind;
    }
    return STREAM_VALUE_RAW;
}

static void
print_bytes(const guint8 *bytes, gsize n, GString *text)
{
    for (gsize i = 0; i < MIN(n, SHOWN_MAX); i++)
        g_string_append_printf(text, "%02x", bytes[i]);
    if (n > SHOWN_MAX)
        g_string_append_printf(text, "… (%" G_GSIZE_FORMAT " bytes)", n);
}

void
stream_value_print(const VmdescLeaf *leaf, const guint8 *bytes, GString *text)
{
    guint64 value;

    switch (stream_value(leaf, bytes, &value)) {
    case STREAM_VALUE_RAW: print_bytes(bytes, leaf->size, text); break;
    case STREAM_VALUE_BOOL:
        if (value <= 1)
            g_string_append(text, value != 0 ? "true" : "false");
        else
            g_string_append_printf(text, "%" G_GUINT64_FORMAT " (no bool)", value);
        break;
    case STREAM_VALUE_SIGNED:
        g_string_append_printf(text, "%" G_GINT64_FORMAT, (gint64)value);
        break;
    case STREAM_VALUE_UNSIGNED: g_string_append_printf(text, "%" G_GUINT64_FORMAT, value); break;
    case STREAM_VALUE_WORD:
        g_string_append_printf(text, "0x%016" G_GINT64_MODIFIER "x", value);
        break;
    }
}
