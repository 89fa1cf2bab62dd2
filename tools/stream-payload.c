/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How long a payload is: the wire does not tell.
 *
 * In this order: by the stream's own description; by ours; up to where the next thing begins, which
 * is a footer with the section's number or, in streams without footers, something that looks like
 * the head of a section or the end.
 */
#include <string.h>

#include "migration-glue/error.h"
#include "migration-glue/section.h"
#include "tools/stream-reader-priv.h"

#define TAIL_MAX       (VMDESC_TEXT_MAX + 65536u)
#define FOOTER         5u
#define CANDIDATES_MAX 64u /* ends that are tried before a hunt gives up on our description */

/* --- The stream's description ---------------------------------------------- */

static void
index_devices(StreamReader *reader)
{
    const VmdescNode *devices = vmdesc_member(reader->root, "devices");

    for (guint i = 0;
         devices != NULL && devices->kind == VMDESC_ARRAY && i < devices->children->len; i++) {
        const VmdescNode *device = devices->children->pdata[i];
        const char *name = vmdesc_member_text(device, "name");
        g_autofree char *key = NULL;
        GPtrArray *entries;
        guint64 instance;

        if (name == NULL || !vmdesc_member_number(device, "instance_id", &instance))
            continue;
        key = g_strdup_printf("%s/%" G_GUINT64_FORMAT, name, instance);
        entries = g_hash_table_lookup(reader->devices, key);
        if (entries == NULL) {
            entries = g_ptr_array_new();
            g_hash_table_insert(reader->devices, g_steal_pointer(&key), entries);
        }
        g_ptr_array_add(entries, (gpointer)device);
    }
}

static void
find_in(StreamReader *reader, const guint8 *bytes, gsize n, guint64 base)
{
    gsize start, text_n;

    reader->root = vmdesc_find(bytes, n, &start, &text_n);
    if (reader->root == NULL)
        return;
    reader->root_at = base + start;
    index_devices(reader);
}

void
stream_payload_look_ahead(StreamReader *reader)
{
    guint64 start;
    g_autoptr(GByteArray) tail = stream_input_tail(reader->input, TAIL_MAX, &start);

    if (tail != NULL)
        find_in(reader, tail->data, tail->len, start);
}

static const VmdescNode *
find_device(StreamReader *reader, const StreamSection *section)
{
    g_autofree char *key = g_strdup_printf("%s/%u", section->idstr, section->instance);
    const GPtrArray *entries = g_hash_table_lookup(reader->devices, key);

    return entries != NULL && section->nth < entries->len ? entries->pdata[section->nth] : NULL;
}

/* --- Looking for the end --------------------------------------------------- */

/* Whether what begins at @bytes may follow a section: the end, or the head of something. */
static gboolean
may_follow(const guint8 *bytes, gsize n, gboolean strict)
{
    const gsize head = 1 + 4 + 1;

    if (n == 0)
        return !strict; /* end of a package, or of a stream that was cut */
    switch (bytes[0]) {
    case MIG_TAG_EOF: return n == 1 || bytes[1] == MIG_TAG_DESCRIPTION || !strict;
    case MIG_TAG_PART:
    case MIG_TAG_END: return !strict;
    case MIG_TAG_COMMAND: return n >= 5 && bytes[1] == 0 && bytes[2] > 0 && !strict;
    case MIG_TAG_START:
    case MIG_TAG_FULL:
        return n > head && bytes[head - 1] > 0 && n >= head + bytes[head - 1] + 8u &&
               mig_name_is_printable((const char *)bytes + head, bytes[head - 1]);
    default: return FALSE;
    }
}

/* Whether a payload may end at @bytes. */
static gboolean
ends_here(const StreamReader *reader, guint32 id, const guint8 *bytes, gsize n)
{
    guint32 word;

    if (reader->facts.footers != TRUE)
        return may_follow(bytes, n, TRUE);
    if (n < FOOTER || bytes[0] != MIG_TAG_FOOTER)
        return FALSE;
    memcpy(&word, bytes + 1, sizeof(word));
    return GUINT32_FROM_BE(word) == id && may_follow(bytes + FOOTER, n - FOOTER, FALSE);
}

/* First end at @from or behind it, or G_MAXSIZE. */
static gsize
hunt(const StreamReader *reader, guint32 id, const guint8 *bytes, gsize n, gsize from)
{
    for (gsize at = from; at <= n; at++) {
        if (ends_here(reader, id, bytes + at, n - at))
            return at;
    }
    return G_MAXSIZE;
}

/* --- Ours ------------------------------------------------------------------- */

/* The first end at which our description of a payload that needs its length to be read is exact. */
static gboolean
measure_fitted(const StreamReader *reader, const StreamSection *section, const VmsCatalogueRow *row,
               const guint8 *bytes, gsize n, gsize *size)
{
    gsize at = 0;

    for (guint tries = 0; tries < CANDIDATES_MAX; tries++, at++) {
        g_autoptr(StreamDecoded) decoded = NULL;

        at = hunt(reader, section->id, bytes, n, at);
        if (at == G_MAXSIZE)
            return FALSE;
        decoded = stream_decode(row, &reader->facts.context, section->idstr, section->instance,
                                section->version, bytes, at, TRUE, NULL);
        if (decoded != NULL) {
            *size = at;
            return TRUE;
        }
    }
    return FALSE;
}

static gboolean
measure_by_catalogue(const StreamReader *reader, const StreamSection *section, const guint8 *bytes,
                     gsize n, gsize *size)
{
    const VmsCatalogueRow *row = stream_tables_section(reader->tables, section->idstr);
    g_autoptr(StreamDecoded) decoded = NULL;

    if (row == NULL)
        return FALSE;
    if (row->fit != NULL)
        return measure_fitted(reader, section, row, bytes, n, size);
    decoded = stream_decode(row, &reader->facts.context, section->idstr, section->instance,
                            section->version, bytes, n, FALSE, NULL);
    if (decoded == NULL)
        return FALSE;
    *size = decoded->used;
    return reader->facts.footers != TRUE ||
           ends_here(reader, section->id, bytes + *size, n - *size);
}

/* --- All together ------------------------------------------------------------ */

static gboolean
keep(StreamReader *reader, StreamSection *section, gsize size, StreamKnowledge how)
{
    gsize n;

    section->payload = stream_input_rest(reader->input, &n);
    section->size = size;
    section->how = how;
    return mig_stream_skip(reader->input->stream, size);
}

/* Out of memory, where one can look ahead. */
static gboolean
read_known(StreamReader *reader, StreamSection *section, gsize described, GError **error)
{
    gsize n, size;
    const guint8 *bytes = stream_input_rest(reader->input, &n);

    if (section->device != NULL && described <= n &&
        (reader->facts.footers != TRUE ||
         ends_here(reader, section->id, bytes + described, n - described)))
        return keep(reader, section, described, STREAM_BY_DESCRIPTION);
    if (section->device != NULL)
        stream_notes_add(&reader->facts.notes, STREAM_BY_NOBODY, section->start,
                         "%s/%u: the stream describes %" G_GSIZE_FORMAT
                         " bytes of it, and it does not end there",
                         section->idstr, section->instance, described);
    if (measure_by_catalogue(reader, section, bytes, n, &size))
        return keep(reader, section, size, STREAM_BY_CATALOGUE);
    /* Without footers an end is easily mistaken: what we describe ourselves must then be right. */
    size = reader->facts.footers == TRUE ||
                   stream_tables_section(reader->tables, section->idstr) == NULL
               ? hunt(reader, section->id, bytes, n, 0)
               : G_MAXSIZE;
    if (size == G_MAXSIZE)
        return stream_reader_fail(reader, section->payload_at, error,
                                  "section %s/%u: its end is not found: the stream is cut or "
                                  "damaged, or of another machine type than %s",
                                  section->idstr, section->instance, reader->facts.machine);
    stream_notes_add(&reader->facts.notes, STREAM_BY_NOBODY, section->start,
                     "%s/%u: no description; its %" G_GSIZE_FORMAT " bytes were measured by "
                     "looking for what comes next",
                     section->idstr, section->instance, size);
    reader->facts.foreign += size;
    return keep(reader, section, size, STREAM_BY_HUNT);
}

/* FALSE: the description has no size of it that can be used. */
static gboolean
described_size(StreamReader *reader, StreamSection *section, gsize *size)
{
    g_autoptr(GError) inner = NULL;

    section->device = find_device(reader, section);
    if (section->device == NULL)
        return FALSE;
    if (vmdesc_walk(section->device, NULL, NULL, size, &inner))
        return TRUE;
    stream_notes_add(&reader->facts.notes, STREAM_BY_NOBODY, section->start, "%s/%u: %s",
                     section->idstr, section->instance, inner->message);
    section->device = NULL;
    return FALSE;
}

gboolean
stream_payload_read(StreamReader *reader, StreamSection *section, GByteArray **bytes,
                    GError **error)
{
    gsize size = 0;
    gboolean known = section->tag == MIG_TAG_FULL && described_size(reader, section, &size);

    *bytes = NULL;
    /* Where all that is left can be kept, one can look ahead, and doubt the description. */
    if (known && reader->input->memory == NULL &&
        reader->input->size > stream_input_position(reader->input) + STREAM_INPUT_MEMORY_MAX) {
        *bytes = stream_input_take(reader->input, size, error);
        if (*bytes == NULL)
            return FALSE;
        section->payload = (*bytes)->data;
        section->size = size;
        section->how = STREAM_BY_DESCRIPTION;
        return TRUE;
    }
    if (reader->input->memory == NULL) {
        gsize n;
        const guint8 *rest;

        if (!stream_input_slurp(reader->input, error))
            return FALSE;
        rest = stream_input_rest(reader->input, &n);
        if (reader->root == NULL)
            find_in(reader, rest, n, stream_input_position(reader->input));
        known = section->tag == MIG_TAG_FULL && described_size(reader, section, &size);
    }
    return read_known(reader, section, size, error);
}
