/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The tree writer, over libfdt's sequential calls.
 */
#include "hw-spapr/tree.h"

#include <libfdt.h>
#include <string.h>

#include "vdev/bits.h"

void
tree_begin(TreeWriter *tree, const char *name_format, ...)
{
    g_autofree char *name = NULL;
    va_list arguments;

    va_start(arguments, name_format);
    name = g_strdup_vprintf(name_format, arguments);
    va_end(arguments);
    if (tree->error == 0)
        tree->error = fdt_begin_node(tree->blob, name);
}

void
tree_end(TreeWriter *tree)
{
    if (tree->error == 0)
        tree->error = fdt_end_node(tree->blob);
}

void
tree_bytes(TreeWriter *tree, const char *name, const void *bytes, gsize n)
{
    if (tree->error == 0)
        tree->error = fdt_property(tree->blob, name, bytes, (int)n);
}

void *
tree_reserve(TreeWriter *tree, const char *name, gsize n)
{
    void *bytes = NULL;

    if (tree->error == 0)
        tree->error = fdt_property_placeholder(tree->blob, name, (int)n, &bytes);
    return tree->error == 0 ? bytes : NULL;
}

void
tree_flag(TreeWriter *tree, const char *name)
{
    tree_bytes(tree, name, NULL, 0);
}

void
tree_string(TreeWriter *tree, const char *name, const char *value)
{
    tree_bytes(tree, name, value, strlen(value) + 1);
}

void
tree_cells(TreeWriter *tree, const char *name, const guint32 *cells, gsize n)
{
    g_autofree be32 *words = g_new(be32, n);

    for (gsize i = 0; i < n; i++)
        words[i] = be32_make(cells[i]);
    tree_bytes(tree, name, words, n * sizeof(be32));
}

void
tree_u64(TreeWriter *tree, const char *name, guint64 value)
{
    const be64 word = be64_make(value);

    tree_bytes(tree, name, &word, sizeof(word));
}
