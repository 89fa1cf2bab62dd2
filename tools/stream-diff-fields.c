/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fields that differ.
 *
 * Payloads with the same fields at the same places, the usual case, are compared in one walk.
 * Others are matched by the names of their fields; that takes memory, and has a limit.
 */
#include <string.h>

#include "migration-glue/error.h"
#include "tools/stream-diff-fields.h"

#define MATCHED_MAX (1u << 20) /* fields with names of their own in memory */

typedef struct {
    const StreamSide *a, *b;
    FILE *out;
    GHashTable *fields; /* of a: path → Place */
    guint64 digest;     /* of paths and places */
} Differ;

typedef struct {
    gsize offset, size;
} Place;

static void
print_bytes(const Differ *differ, const VmdescLeaf *leaf, const guint8 *a, const guint8 *b)
{
    gsize first = 0, last = leaf->size - 1;

    while (a[first] == b[first])
        first++;
    while (a[last] == b[last])
        last--;
    fprintf(differ->out,
            "%s/%u: %s: bytes %" G_GSIZE_FORMAT " to %" G_GSIZE_FORMAT " of %" G_GSIZE_FORMAT
            " differ\n",
            differ->a->section->idstr, differ->a->section->instance, leaf->path, first, last,
            leaf->size);
}

static void
print_leaf(const Differ *differ, const VmdescLeaf *leaf, const guint8 *a, const guint8 *b)
{
    g_autoptr(GString) text = g_string_new(NULL);

    if (leaf->size > 16) {
        print_bytes(differ, leaf, a, b);
        return;
    }
    stream_value_print(leaf, a, text);
    g_string_append(text, " != ");
    stream_value_print(leaf, b, text);
    fprintf(differ->out, "%s/%u: %s: %s\n", differ->a->section->idstr, differ->a->section->instance,
            leaf->path, text->str);
}

/* --- The same fields at the same places ------------------------------------------ */

static void
digest(Differ *differ, const void *bytes, gsize n)
{
    for (gsize i = 0; i < n; i++)
        differ->digest =
            (differ->digest ^ ((const guint8 *)bytes)[i]) * G_GUINT64_CONSTANT(0x100000001b3);
}

static gboolean
digest_leaf(const VmdescLeaf *leaf, void *user, GError **error)
{
    digest(user, leaf->path, strlen(leaf->path));
    digest(user, &leaf->offset, sizeof(leaf->offset));
    digest(user, &leaf->size, sizeof(leaf->size));
    return TRUE;
}

static gboolean
same_shape(Differ *differ)
{
    guint64 first;

    if (differ->a->section->size != differ->b->section->size)
        return FALSE;
    stream_contents_walk(differ->a->contents, differ->a->section, digest_leaf, differ, NULL);
    first = differ->digest;
    differ->digest = 0;
    stream_contents_walk(differ->b->contents, differ->b->section, digest_leaf, differ, NULL);
    return first == differ->digest;
}

static gboolean
compare_leaf(const VmdescLeaf *leaf, void *user, GError **error)
{
    const Differ *differ = user;
    const guint8 *a = differ->a->section->payload + leaf->offset;
    const guint8 *b = differ->b->section->payload + leaf->offset;

    if (memcmp(a, b, leaf->size) != 0)
        print_leaf(differ, leaf, a, b);
    return TRUE;
}

/* --- By name ------------------------------------------------------------------------ */

static gboolean
remember_leaf(const VmdescLeaf *leaf, void *user, GError **error)
{
    Differ *differ = user;
    Place *place;

    if (g_hash_table_size(differ->fields) == MATCHED_MAX) {
        g_set_error(error, MIG_ERROR, MIG_ERROR_UNSUPPORTED, "too many fields to be matched");
        return FALSE;
    }
    place = g_new(Place, 1);
    *place = (Place){leaf->offset, leaf->size};
    g_hash_table_insert(differ->fields, g_strdup(leaf->path), place);
    return TRUE;
}

static void
print_only(const Differ *differ, const char *path, const char *where)
{
    fprintf(differ->out, "%s/%u: %s: only in %s\n", differ->a->section->idstr,
            differ->a->section->instance, path, where);
}

static gboolean
match_leaf(const VmdescLeaf *leaf, void *user, GError **error)
{
    Differ *differ = user;
    const Place *place = g_hash_table_lookup(differ->fields, leaf->path);
    const guint8 *b = differ->b->section->payload + leaf->offset;

    if (place == NULL)
        print_only(differ, leaf->path, "the second");
    else if (place->size != leaf->size)
        fprintf(differ->out, "%s/%u: %s: %" G_GSIZE_FORMAT " bytes != %" G_GSIZE_FORMAT " bytes\n",
                differ->a->section->idstr, differ->a->section->instance, leaf->path, place->size,
                leaf->size);
    else if (memcmp(differ->a->section->payload + place->offset, b, leaf->size) != 0)
        print_leaf(differ, leaf, differ->a->section->payload + place->offset, b);
    g_hash_table_remove(differ->fields, leaf->path);
    return TRUE;
}

/* Those of the first that the second has not, in their order. */
static gboolean
rest_leaf(const VmdescLeaf *leaf, void *user, GError **error)
{
    Differ *differ = user;

    if (g_hash_table_contains(differ->fields, leaf->path))
        print_only(differ, leaf->path, "the first");
    return TRUE;
}

static void
match(Differ *differ)
{
    g_autoptr(GError) error = NULL;

    differ->fields = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    if (!stream_contents_walk(differ->a->contents, differ->a->section, remember_leaf, differ,
                              &error) ||
        !stream_contents_walk(differ->b->contents, differ->b->section, match_leaf, differ,
                              &error) ||
        !stream_contents_walk(differ->a->contents, differ->a->section, rest_leaf, differ, &error))
        fprintf(differ->out,
                "%s/%u: %" G_GUINT64_FORMAT " bytes, %" G_GUINT64_FORMAT " bytes (%s)\n",
                differ->a->section->idstr, differ->a->section->instance, differ->a->section->size,
                differ->b->section->size, error->message);
    g_hash_table_unref(differ->fields);
}

void
stream_diff_fields(const StreamSide *a, const StreamSide *b, FILE *out)
{
    Differ differ = {.a = a, .b = b, .out = out};

    if (a->contents->tree == NULL || b->contents->tree == NULL)
        fprintf(out,
                "%s/%u: %" G_GUINT64_FORMAT " bytes, %" G_GUINT64_FORMAT
                " bytes; nobody describes its fields\n",
                a->section->idstr, a->section->instance, a->section->size, b->section->size);
    else if (same_shape(&differ))
        stream_contents_walk(a->contents, a->section, compare_leaf, &differ, NULL);
    else
        match(&differ);
}
