/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writing a device tree front to back, over libfdt; the first error is remembered.
 *
 * Not here: what stands in the tree (fdt-machine.h).
 */
#ifndef HW_SPAPR_TREE_H
#define HW_SPAPR_TREE_H

#include <glib.h>

typedef struct {
    void *blob;
    int error; /* libfdt's, of the first call that failed; later calls do nothing */
} TreeWriter;

/* Nodes nest; properties come before the subnodes of their node. */
void tree_begin(TreeWriter *tree, const char *name_format, ...) G_GNUC_PRINTF(2, 3);
void tree_end(TreeWriter *tree);
void tree_flag(TreeWriter *tree, const char *name);
void tree_string(TreeWriter *tree, const char *name, const char *value);
void tree_bytes(TreeWriter *tree, const char *name, const void *bytes, gsize n);
/** tree_reserve: a property of @n bytes for the caller to fill in at once; NULL: there was an
 * error. */
void *tree_reserve(TreeWriter *tree, const char *name, gsize n);
void tree_cells(TreeWriter *tree, const char *name, const guint32 *cells, gsize n);
void tree_u64(TreeWriter *tree, const char *name, guint64 value);

/* TREE_CELLS(tree, "reg", 0, 1): a property of 32-bit cells. */
#define TREE_CELLS(tree, name, ...)                            \
    tree_cells((tree), (name), (const guint32[]){__VA_ARGS__}, \
               sizeof((const guint32[]){__VA_ARGS__}) / sizeof(guint32))

#endif
