/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzzer: the JSON description. Whatever the text: reading ends, walking ends, and what was read
 * and written anew reads the same again.
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "migration-glue/vmdesc.h"

#define LEAVES_MAX 100000u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* FALSE when false, bool or null stand in it: the writer has none of them. */
static gboolean
rewrite(VmdescWriter *writer, const VmdescNode *node)
{
    gboolean good = TRUE;

    switch (node->kind) {
    case VMDESC_NUMBER:
        if (node->number < 0)
            return FALSE;
        vmdesc_put_number(writer, node->key, (guint64)node->number);
        return TRUE;
    case VMDESC_STRING: vmdesc_put_string(writer, node->key, node->text); return TRUE;
    case VMDESC_OBJECT: vmdesc_begin_object(writer, node->key); break;
    case VMDESC_ARRAY: vmdesc_begin_array(writer, node->key); break;
    case VMDESC_NULL:
    case VMDESC_BOOL: return FALSE;
    }
    for (guint i = 0; good && i < node->children->len; i++)
        good = rewrite(writer, node->children->pdata[i]);
    if (node->kind == VMDESC_OBJECT)
        vmdesc_end_object(writer);
    else
        vmdesc_end_array(writer);
    return good;
}

static gboolean
is_ascii(const uint8_t *data, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (data[i] >= 0x7f || data[i] == '\\')
            return FALSE;
    }
    return TRUE;
}

static gboolean
count_leaf(const VmdescLeaf *leaf, void *user, GError **error)
{
    guint *left = user;

    g_assert_cmpuint(leaf->size, >, 0);
    if ((*left)-- > 0)
        return TRUE;
    g_set_error_literal(error, g_quark_from_static_string("fuzz"), 1, "enough");
    return FALSE;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(VmdescNode) root = vmdesc_parse((const char *)data, size, NULL);
    g_autoptr(VmdescWriter) writer = vmdesc_writer_new();
    const GString *text = vmdesc_writer_text(writer);
    guint left = LEAVES_MAX;
    gsize start, n, walked;

    vmdesc_node_free(vmdesc_find(data, size, &start, &n));
    if (root == NULL)
        return 0;
    vmdesc_walk(root, count_leaf, &left, NULL, NULL);
    vmdesc_walk(root, NULL, NULL, &walked, NULL);
    vmdesc_device(root, "a", 0, 0);
    if (rewrite(writer, root) && is_ascii(data, size)) {
        g_autoptr(VmdescNode) again = vmdesc_parse(text->str, text->len, NULL);
        g_autoptr(VmdescWriter) second = vmdesc_writer_new();

        g_assert_nonnull(again);
        g_assert_true(rewrite(second, again));
        g_assert_cmpstr(vmdesc_writer_text(second)->str, ==, text->str);
    }
    return 0;
}
