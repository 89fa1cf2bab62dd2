/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A flattened device tree as a guest reads it: node by path, property by name, cell by index. So a
 * script can use RTAS tokens and interrupt numbers by name, as Linux does.
 *
 * It trusts nothing: a tree may be damaged, as may the address. It is not for making trees.
 *
 * Source: Devicetree Specification, flattened format.
 */
#include "vmm/accel/model.h"

#include <string.h>

#define FDT_MAGIC    0xd00dfeedu
#define FDT_SIZE_MAX (16u << 20)
#define DEPTH_MAX    32

enum { TAG_BEGIN = 1, TAG_END = 2, TAG_PROPERTY = 3, TAG_NOP = 4 };

typedef struct {
    const guint8 *bytes;
    guint32 size;
    guint32 strings; /* offset of the names */
    guint32 at;      /* within the structure */
} Fdt;

static gboolean
get32(const Fdt *fdt, guint32 at, guint32 *value)
{
    be32 word;

    if (at > fdt->size - sizeof(word) || at % sizeof(word) != 0)
        return FALSE;
    memcpy(&word, fdt->bytes + at, sizeof(word));
    *value = be32_get(word);
    return TRUE;
}

/* A NUL-terminated string that lies inside; else NULL. */
static const char *
get_string(const Fdt *fdt, guint32 at)
{
    if (at >= fdt->size || memchr(fdt->bytes + at, '\0', fdt->size - at) == NULL)
        return NULL;
    return (const char *)fdt->bytes + at;
}

/* Whether the node's name is the path's next part, its unit address left out of the path or not. */
static gboolean
part_is(const char *part, gsize n, const char *name)
{
    if (strncmp(part, name, n) != 0)
        return FALSE;
    return name[n] == '\0' || (name[n] == '@' && memchr(part, '@', n) == NULL);
}

typedef struct {
    const char *path; /* what is still to be found */
    guint depth;      /* of the node that the walk is in */
    guint matched;    /* of the node that the path has led to so far */
} Walk;

static gboolean
enter_node(Fdt *fdt, Walk *walk)
{
    const char *name = get_string(fdt, fdt->at);
    gsize n = strcspn(walk->path, "/");

    if (name == NULL || ++walk->depth > DEPTH_MAX)
        return FALSE;
    fdt->at += (guint32)((strlen(name) + 1 + 3) & ~(gsize)3);
    if (walk->depth == 1) {
        walk->matched = 1; /* the root */
    } else if (n != 0 && walk->matched == walk->depth - 1 && part_is(walk->path, n, name)) {
        walk->matched = walk->depth;
        walk->path += n + (walk->path[n] == '/' ? 1 : 0);
    }
    return TRUE;
}

/* Returns: TRUE to stop, with @result TRUE if the cell was found. */
static gboolean
look_at_property(Fdt *fdt, const Walk *walk, const char *name, guint index, guint32 *value,
                 gboolean *result)
{
    guint32 length, offset;
    const char *here;

    if (!get32(fdt, fdt->at, &length) || !get32(fdt, fdt->at + 4, &offset) ||
        length > fdt->size - fdt->at || offset >= fdt->size - fdt->strings)
        return TRUE;
    here = get_string(fdt, fdt->strings + offset);
    if (here == NULL)
        return TRUE;
    if (walk->depth == walk->matched && *walk->path == '\0' && strcmp(here, name) == 0) {
        *result = (guint64)(index + 1) * 4 <= length && get32(fdt, fdt->at + 8 + index * 4, value);
        return TRUE;
    }
    fdt->at += 8 + ((length + 3) & ~3u);
    return FALSE;
}

static gboolean
walk_tree(Fdt *fdt, const char *path, const char *name, guint index, guint32 *value)
{
    Walk walk = {.path = path + (*path == '/' ? 1 : 0)};
    gboolean result = FALSE;
    guint32 tag;

    while (get32(fdt, fdt->at, &tag)) {
        fdt->at += 4;
        if (tag == TAG_BEGIN) {
            if (!enter_node(fdt, &walk))
                return FALSE;
        } else if (tag == TAG_END) {
            if (walk.depth == 0 || walk.depth == walk.matched)
                return FALSE; /* the node that the path leads through has nothing more */
            walk.depth--;
        } else if (tag == TAG_PROPERTY) {
            if (look_at_property(fdt, &walk, name, index, value, &result))
                return result;
        } else if (tag != TAG_NOP) {
            return FALSE;
        }
    }
    return FALSE;
}

gboolean
model_fdt_is_at(Model *model, guint64 gpa)
{
    const guint8 *at;
    gboolean result;
    be32 magic = {0};

    /* Looked at without a touch: the guest has not done anything yet. */
    g_mutex_lock(&model->lock);
    at = model_ram_locked(model, gpa, sizeof(magic));
    if (at != NULL)
        memcpy(&magic, at, sizeof(magic));
    result = be32_get(magic) == FDT_MAGIC;
    g_mutex_unlock(&model->lock);
    return result;
}

gboolean
model_fdt_cell(Model *model, guint64 gpa, const char *path, const char *name, guint index,
               guint32 *value)
{
    be32 header[4]; /* magic, size, structure, strings */
    g_autofree guint8 *bytes = NULL;
    Fdt fdt;

    if (!model_guest_read(model, gpa, header, sizeof(header)))
        return FALSE;
    fdt = (Fdt){
        .size = be32_get(header[1]), .at = be32_get(header[2]), .strings = be32_get(header[3])};
    if (be32_get(header[0]) != FDT_MAGIC || fdt.size < sizeof(header) || fdt.size > FDT_SIZE_MAX ||
        fdt.strings >= fdt.size)
        return FALSE;
    bytes = g_malloc(fdt.size);
    fdt.bytes = bytes;
    if (!model_guest_read(model, gpa, bytes, fdt.size))
        return FALSE;
    return walk_tree(&fdt, path, name, index, value);
}
