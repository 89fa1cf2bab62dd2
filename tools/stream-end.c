/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What follows the last section: the end marker, the description, and what should not be there.
 */
#include "migration-glue/section.h"
#include "tools/stream-reader-priv.h"

/* Everything that the description has must have been there. */
static void
check_description(StreamReader *reader, guint64 at)
{
    GHashTableIter iterator;
    gpointer key, value;

    g_hash_table_iter_init(&iterator, reader->devices);
    while (g_hash_table_iter_next(&iterator, &key, &value)) {
        const guint sent = GPOINTER_TO_UINT(g_hash_table_lookup(reader->counts, key));

        if (sent < ((GPtrArray *)value)->len)
            stream_notes_add(&reader->facts.notes, STREAM_BY_NOBODY, at,
                             "section %s is described, but was not sent", (const char *)key);
    }
}

static gboolean
read_description(StreamReader *reader, GError **error)
{
    const guint64 at = stream_input_position(reader->input);
    gsize have;
    const guint8 *tag = mig_stream_peek(reader->input->stream, 1, &have);
    g_autoptr(GByteArray) text = NULL;
    g_autoptr(VmdescNode) root = NULL;
    g_autoptr(GError) inner = NULL;
    guint32 n;

    if (have == 0 || *tag != MIG_TAG_DESCRIPTION)
        return TRUE;
    mig_stream_skip(reader->input->stream, 1);
    n = mig_stream_get_be32(reader->input->stream);
    if (!stream_reader_check(reader, "the description", error))
        return FALSE;
    text = stream_input_take(reader->input, n, NULL);
    if (text == NULL)
        return mig_stream_ok(reader->input->stream)
                   ? stream_reader_fail(reader, at, error, "a description of %u bytes", n)
                   : stream_reader_check(reader, "the description", error);
    reader->facts.described = TRUE;
    reader->facts.described_n = n;
    stream_reader_show(reader, "DESCRIPTION", NULL, at);
    if (reader->root != NULL && reader->root_at == at + 5) {
        check_description(reader, at);
        return TRUE;
    }
    root = vmdesc_parse((const char *)text->data, text->len, &inner);
    stream_notes_add(&reader->facts.notes, STREAM_BY_NOBODY, at, "the description %s%s",
                     root == NULL ? "cannot be read: " : "was not found where it is",
                     root == NULL ? inner->message : "");
    return TRUE;
}

/* What began must have ended. */
static void
check_ends(StreamReader *reader, guint64 at)
{
    GHashTableIter iterator;
    gpointer value;

    g_hash_table_iter_init(&iterator, reader->ids);
    while (g_hash_table_iter_next(&iterator, NULL, &value)) {
        const StreamKnown *known = value;

        if (known->iterable && !known->ended)
            stream_notes_add(&reader->facts.notes, STREAM_BY_OURS, at,
                             "section %s/%u began at byte %" G_GUINT64_FORMAT " and has no end",
                             known->idstr, known->instance, known->start);
    }
    if (!reader->facts.ram.listed)
        stream_notes_add(&reader->facts.notes, STREAM_BY_OURS, at, "there is no section ram");
}

gboolean
stream_end_read(StreamReader *reader, GError **error)
{
    const guint64 at = stream_input_position(reader->input) - 1;
    guint64 behind;

    reader->facts.ended = TRUE;
    stream_reader_show(reader, "EOF", NULL, at);
    check_ends(reader, at);
    if (!read_description(reader, error))
        return FALSE;
    behind = stream_input_position(reader->input);
    if (stream_input_drain(reader->input) == 0)
        return TRUE;
    stream_reader_show(reader, "TRAILING", NULL, behind);
    reader->facts.foreign += stream_input_position(reader->input) - behind;
    stream_notes_add(&reader->facts.notes, STREAM_BY_NOBODY, behind,
                     "%" G_GUINT64_FORMAT
                     " bytes follow the end of the stream: readers ignore them",
                     stream_input_position(reader->input) - behind);
    return TRUE;
}
