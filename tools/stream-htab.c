/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `spapr/htab`: the hash page table, in chunks.
 */
#include "migration-glue/error.h"
#include "migration-glue/section.h"
#include "tools/stream-ram.h"

#define HTAB_NONE       G_MAXUINT32
#define HTAB_SHIFT_MIN  18u
#define HTAB_SHIFT_MAX  46u
#define HTAB_ENTRY_BITS 4u

static gboolean
read_start(StreamHtab *htab, guint64 at, guint32 head, StreamNotes *notes)
{
    htab->listed = TRUE;
    htab->none = head == HTAB_NONE;
    if (htab->none)
        return TRUE;
    if (head < HTAB_SHIFT_MIN || head > HTAB_SHIFT_MAX)
        stream_notes_add(notes, STREAM_BY_ALL, at,
                         "a hash page table of 2^%u bytes is impossible: 2^%u to 2^%u", head,
                         HTAB_SHIFT_MIN, HTAB_SHIFT_MAX);
    else
        htab->entries = G_GUINT64_CONSTANT(1) << (head - HTAB_ENTRY_BITS);
    return TRUE;
}

/* Tells apart what differs by accident. */
static void
digest(StreamHtab *htab, guint64 word)
{
    htab->digest =
        (htab->digest ^ word ^ htab->digest >> 29) * G_GUINT64_CONSTANT(0x9e3779b97f4a7c15);
}

static gboolean
read_chunks(StreamHtab *htab, StreamInput *input, StreamNotes *notes, GError **error)
{
    for (;;) {
        const guint64 at = stream_input_position(input);
        const guint32 index = mig_stream_get_be32(input->stream);
        const guint valid = mig_stream_get_be16(input->stream);
        const guint invalid = mig_stream_get_be16(input->stream);

        if (!mig_stream_check(input->stream, error))
            return FALSE;
        if (index == 0 && valid == 0 && invalid == 0)
            return TRUE;
        if ((guint64)index + valid + invalid > htab->entries)
            stream_notes_add(notes, STREAM_BY_ALL, at,
                             "hash page table entries %u to %" G_GUINT64_FORMAT
                             ": the table has %" G_GUINT64_FORMAT,
                             index, (guint64)index + valid + invalid, htab->entries);
        htab->valid += valid;
        htab->invalid += invalid;
        digest(htab, (guint64)index << 32 | valid << 16 | invalid);
        for (guint i = 0; i < 2 * valid && mig_stream_ok(input->stream); i++)
            digest(htab, mig_stream_get_be64(input->stream));
        if (!mig_stream_check(input->stream, error))
            return FALSE;
    }
}

gboolean
stream_htab_read(StreamHtab *htab, StreamInput *input, guint tag, StreamNotes *notes,
                 GError **error)
{
    const guint64 at = stream_input_position(input);
    const guint32 head = mig_stream_get_be32(input->stream);

    if (!mig_stream_check(input->stream, error))
        return FALSE;
    if (tag == MIG_TAG_START)
        return read_start(htab, at, head, notes);
    if (head == HTAB_NONE)
        return TRUE;
    if (head != 0) {
        g_set_error(error, MIG_ERROR, MIG_ERROR_FORMAT,
                    "byte %" G_GUINT64_FORMAT ": a part of the hash page table begins with 0x%x",
                    at, head);
        return FALSE;
    }
    return read_chunks(htab, input, notes, error);
}
