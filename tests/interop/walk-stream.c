/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Walks a stream of stock QEMU to its last byte: our frames, the stream's own description.
 *
 * usage: walk-stream MACHINE FILE
 *
 * Of ram and spapr/htab, which no description covers, the records are parsed and dropped. Prints
 * one line on success. Beside it, the description is written anew from what was read: the text
 * must be the same. What the sections hold is decode-stream's business.
 */
#include <stdio.h>
#include <string.h>

#include "migration-glue/error.h"
#include "migration-glue/loadvm.h"
#include "migration-glue/rules.h"
#include "migration-glue/vmdesc.h"

#define PAGE 4096

typedef struct {
    VmdescNode *root;
    GHashTable *seen; /* "name/instance" → how many */
    guint full, leaves;
    guint64 pages, ram;
} Walker;

/* ---- Sections that no description covers ---- */

static gboolean
ram_blocks(MigStream *stream, guint64 total, GError **error)
{
    char name[256];

    while (total > 0 && mig_stream_get_str8(stream, name) > 0) {
        guint64 length = mig_stream_get_be64(stream);

        if (length == 0 || length > total) {
            g_set_error(error, MIG_ERROR, MIG_ERROR_FORMAT, "block %s does not add up", name);
            return FALSE;
        }
        total -= length;
    }
    return mig_stream_check(stream, error);
}

static gboolean
ram_load(void *opaque, MigStream *stream, guint tag, guint32 version, const VmsContext *context,
         GError **error)
{
    Walker *walker = opaque;
    char name[256];

    for (;;) {
        guint64 word = mig_stream_get_be64(stream), flags = word & (PAGE - 1);

        if (!mig_stream_check(stream, error))
            return FALSE;
        if (flags == 0x10)
            return TRUE;
        if (flags == 0x04) {
            walker->ram = word - flags;
            if (!ram_blocks(stream, walker->ram, error))
                return FALSE;
            continue;
        }
        if ((flags & 0x20) == 0)
            mig_stream_get_str8(stream, name);
        if ((flags & ~0x20u) == 0x02) {
            mig_stream_skip(stream, 1);
        } else if ((flags & ~0x20u) == 0x08) {
            mig_stream_skip(stream, PAGE);
        } else {
            g_set_error(error, MIG_ERROR, MIG_ERROR_FORMAT, "record with flags %x", (guint)flags);
            return FALSE;
        }
        walker->pages++;
    }
}

static gboolean
htab_load(void *opaque, MigStream *stream, guint tag, guint32 version, const VmsContext *context,
          GError **error)
{
    guint32 head = mig_stream_get_be32(stream);

    if (tag == MIG_TAG_START || head == G_MAXUINT32)
        return TRUE;
    for (;;) {
        guint32 index = mig_stream_get_be32(stream);
        guint valid = mig_stream_get_be16(stream), invalid = mig_stream_get_be16(stream);

        if (!mig_stream_check(stream, error))
            return FALSE;
        if (index == 0 && valid == 0 && invalid == 0)
            return TRUE;
        mig_stream_skip(stream, valid * 16);
    }
}

static const MigHandler ram_handler = {.version = 4, .oldest = 4, .load = ram_load};
static const MigHandler htab_handler = {.version = 1, .oldest = 1, .load = htab_load};

/* ---- Sections that it does ---- */

typedef struct {
    MigStream *stream;
    Walker *walker;
} LeafReader;

static gboolean
read_leaf(const VmdescLeaf *leaf, void *user, GError **error)
{
    LeafReader *reader = user;
    guint8 byte;

    reader->walker->leaves++;
    if (strcmp(leaf->type, "subsection") == 0) {
        if ((byte = mig_stream_get_u8(reader->stream)) != MIG_TAG_SUBSECTION) {
            g_set_error(error, MIG_ERROR, MIG_ERROR_FORMAT, "%s: 05 is due, not %02x", leaf->path,
                        byte);
            return FALSE;
        }
        return mig_stream_skip(reader->stream, leaf->size - 1) ||
               mig_stream_check(reader->stream, error);
    }
    return mig_stream_skip(reader->stream, leaf->size) || mig_stream_check(reader->stream, error);
}

static gboolean
walk_unknown(MigLoader *loader, const MigSectionHead *head, void *user, GError **error)
{
    Walker *walker = user;
    LeafReader reader = {mig_loader_stream(loader), walker};
    g_autofree char *key = g_strdup_printf("%s/%u", head->idstr, head->instance);
    guint nth = GPOINTER_TO_UINT(g_hash_table_lookup(walker->seen, key));
    const VmdescNode *device = vmdesc_device(walker->root, head->idstr, head->instance, nth);

    if (device == NULL) {
        g_set_error(error, MIG_ERROR, MIG_ERROR_UNKNOWN, "%s is not in the description", key);
        return FALSE;
    }
    g_hash_table_insert(walker->seen, g_steal_pointer(&key), GUINT_TO_POINTER(nth + 1));
    walker->full++;
    return vmdesc_walk(device, read_leaf, &reader, NULL, error);
}

/* ---- The text anew ---- */

static void
rewrite(VmdescWriter *writer, const VmdescNode *node)
{
    switch (node->kind) {
    case VMDESC_NUMBER: vmdesc_put_number(writer, node->key, (guint64)node->number); break;
    case VMDESC_STRING: vmdesc_put_string(writer, node->key, node->text); break;
    case VMDESC_OBJECT: vmdesc_begin_object(writer, node->key); break;
    case VMDESC_ARRAY: vmdesc_begin_array(writer, node->key); break;
    default: g_error("a description has no such value");
    }
    for (guint i = 0; node->children != NULL && i < node->children->len; i++)
        rewrite(writer, node->children->pdata[i]);
    if (node->kind == VMDESC_OBJECT)
        vmdesc_end_object(writer);
    else if (node->kind == VMDESC_ARRAY)
        vmdesc_end_array(writer);
}

static gboolean
same_text(const VmdescNode *root, const char *text, gsize n)
{
    g_autoptr(VmdescWriter) writer = vmdesc_writer_new();
    const GString *written = vmdesc_writer_text(writer);

    rewrite(writer, root);
    return written->len == n && memcmp(written->str, text, n) == 0;
}

/* ---- All of it ---- */

static const MigLoaderHooks hooks = {.unknown_section = walk_unknown};

static gboolean
walk(const char *machine, const guint8 *bytes, gsize n, GError **error)
{
    g_autoptr(MigSections) sections = mig_sections_new();
    g_autoptr(MigStream) stream = mig_stream_new_reader(mig_channel_bytes_new(bytes, n));
    VmsContext context = {.rules = mig_rules_find(machine)};
    MigConfiguration own = {.machine = machine};
    Walker walker = {.seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL)};
    g_autoptr(MigLoader) loader = NULL;
    gsize start = 0, text_n = 0;
    gboolean good;

    g_assert_nonnull(context.rules);
    walker.root = vmdesc_find(bytes, n, &start, &text_n);
    good = mig_sections_add_handler(sections, "ram", 0, MIG_PRIORITY_DEFAULT, &ram_handler, &walker,
                                    error) &&
           mig_sections_add_handler(sections, "spapr/htab", 0, MIG_PRIORITY_DEFAULT, &htab_handler,
                                    &walker, error);
    loader = mig_loader_new(stream, sections, &context, &own, &hooks, &walker);
    good = good && mig_loader_run(loader, error);
    if (good && mig_stream_position(stream) != n) {
        g_set_error(error, MIG_ERROR, MIG_ERROR_FORMAT, "%" G_GSIZE_FORMAT " bytes are left over",
                    n - (gsize)mig_stream_position(stream));
        good = FALSE;
    }
    if (good && !same_text(walker.root, (const char *)bytes + start, text_n)) {
        g_set_error(error, MIG_ERROR, MIG_ERROR_FORMAT, "the description reads back otherwise");
        good = FALSE;
    }
    if (good)
        printf("%u sections walked in %u leaves, %" G_GUINT64_FORMAT " pages of %" G_GUINT64_FORMAT
               " bytes of RAM\n",
               walker.full, walker.leaves, walker.pages, walker.ram);
    vmdesc_node_free(walker.root);
    g_hash_table_unref(walker.seen);
    return good;
}

int
main(int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *bytes = NULL;
    gsize n;

    if (argc != 3) {
        fprintf(stderr, "usage: walk-stream MACHINE FILE\n");
        return 2;
    }
    if (g_file_get_contents(argv[2], &bytes, &n, &error) &&
        walk(argv[1], (const guint8 *)bytes, n, &error))
        return 0;
    fprintf(stderr, "walk-stream: %s: %s\n", argv[2], error->message);
    return 1;
}
