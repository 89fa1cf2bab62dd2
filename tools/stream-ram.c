/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * RAM records. Sizes are believed only as far as bytes come.
 */
#include "tools/stream-ram.h"

#include <string.h>

#include "migration-glue/error.h"
#include "migration-glue/ram-list.h"
#include "migration-glue/section.h"
#include "tools/stream-mapped.h"

#define X64 "0x%" G_GINT64_MODIFIER "x"

static void
block_free(void *data)
{
    StreamRamBlock *block = data;

    g_free(block->name);
    g_free(block);
}

void
stream_ram_init(StreamRam *ram)
{
    *ram = (StreamRam){
        .blocks = g_ptr_array_new_with_free_func(block_free),
        .names = g_hash_table_new(g_str_hash, g_str_equal),
        .previous = -1,
    };
}

void
stream_ram_clear(StreamRam *ram)
{
    g_clear_pointer(&ram->names, g_hash_table_unref);
    g_clear_pointer(&ram->blocks, g_ptr_array_unref);
}

static gboolean G_GNUC_PRINTF(3, 4) fail(GError **error, guint64 at, const char *format, ...)
{
    g_autofree char *text = NULL;
    va_list arguments;

    va_start(arguments, format);
    text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_set_error(error, MIG_ERROR, MIG_ERROR_FORMAT, "byte %" G_GUINT64_FORMAT ": %s", at, text);
    return FALSE;
}

/* --- The list of blocks ---------------------------------------------------- */

/* With postcopy advised a page size may stand here: the next word is then a power of two, and not
 * the length and first letters of a name or a word with flags. */
static guint64
peek_page_size(StreamInput *input)
{
    guint64 word = 0;
    gsize have;
    const guint8 *bytes = mig_stream_peek(input->stream, sizeof(word), &have);

    if (have < sizeof(word))
        return 0;
    memcpy(&word, bytes, sizeof(word));
    word = GUINT64_FROM_BE(word);
    return word >= STREAM_PAGE && word >> 56 == 0 && (word & (word - 1)) == 0 ? word : 0;
}

static gboolean
read_entry(StreamRam *ram, StreamInput *input, guint64 *left, StreamNotes *notes, GError **error)
{
    const guint64 at = stream_input_position(input);
    StreamRamBlock *block = g_new0(StreamRamBlock, 1);
    char name[256];

    g_ptr_array_add(ram->blocks, block);
    mig_stream_get_str8(input->stream, name);
    block->name = g_strdup(name);
    block->length = mig_stream_get_be64(input->stream);
    if (!mig_stream_check(input->stream, error))
        return FALSE;
    if (block->length > *left)
        return fail(error, at, "the RAM blocks up to '%s' are longer than their announced total",
                    name);
    *left -= block->length;
    if (block->length == 0 || block->length % STREAM_PAGE != 0)
        stream_notes_add(notes, STREAM_BY_ALL, at,
                         "RAM block '%s' has " X64 " bytes: no number of pages", name,
                         block->length);
    if (!g_hash_table_insert(ram->names, block->name, GUINT_TO_POINTER(ram->blocks->len)))
        stream_notes_add(notes, STREAM_BY_OURS, at, "RAM block '%s' is listed twice", name);
    if (ram->postcopy && (block->page_size = peek_page_size(input)) != 0)
        mig_stream_skip(input->stream, sizeof(guint64));
    if (ram->ignore_shared) {
        block->has_gpa = TRUE;
        block->gpa = mig_stream_get_be64(input->stream);
    }
    if (!mig_stream_check(input->stream, error))
        return FALSE;
    return !ram->mapped || stream_mapped_read(ram, input, ram->blocks->len - 1, notes, error);
}

static gboolean
read_list(StreamRam *ram, StreamInput *input, guint64 at, guint64 word, StreamNotes *notes,
          GError **error)
{
    guint64 left = word & ~(guint64)MIG_RAM_FLAGS;

    if (ram->listed)
        return fail(error, at, "a second list of RAM blocks");
    if (ram->postcopy && ram->ignore_shared)
        return fail(error, at,
                    "a list of RAM blocks with postcopy advised and x-ignore-shared: it cannot be "
                    "told which words are page sizes");
    ram->total = left;
    while (left > 0) {
        if (!read_entry(ram, input, &left, notes, error))
            return FALSE;
    }
    ram->listed = TRUE;
    return TRUE;
}

/* --- Pages ------------------------------------------------------------------ */

typedef struct {
    guint64 at, offset; /* of the record; in the block */
    gint index;         /* of the block, −1: none such */
} Record;

static gboolean
read_content(StreamRam *ram, StreamInput *input, const Record *record, StreamPageKind kind, gsize n)
{
    guint8 bytes[2 * STREAM_PAGE];

    g_assert(n <= sizeof(bytes));
    if (ram->page == NULL || record->index < 0)
        return mig_stream_skip(input->stream, n);
    if (!mig_stream_get(input->stream, bytes, n))
        return FALSE;
    ram->page((guint)record->index, record->offset, kind, bytes, n, ram->user);
    return TRUE;
}

static gboolean
read_zero(StreamRam *ram, StreamInput *input, const Record *record, StreamRamBlock *block,
          StreamNotes *notes)
{
    const guint8 fill = mig_stream_get_u8(input->stream);
    guint8 bytes[STREAM_PAGE];

    block->zeros++;
    if (fill != 0 && mig_stream_ok(input->stream)) {
        ram->filled = TRUE;
        stream_notes_add(notes, STREAM_BY_OURS, record->at,
                         "RAM block '%s': the page at " X64 " is filled with 0x%02x: QEMU refuses "
                         "that from release 9.0 on",
                         block->name, record->offset, fill);
        memset(bytes, fill, sizeof(bytes));
    }
    if (ram->page != NULL && record->index >= 0)
        ram->page((guint)record->index, record->offset,
                  fill != 0 ? STREAM_PAGE_BYTES : STREAM_PAGE_ZERO, fill != 0 ? bytes : NULL,
                  fill != 0 ? sizeof(bytes) : 0, ram->user);
    return TRUE;
}

static gboolean
read_delta(StreamRam *ram, StreamInput *input, const Record *record, StreamRamBlock *block,
           GError **error)
{
    const guint8 kind = mig_stream_get_u8(input->stream);
    const guint n = mig_stream_get_be16(input->stream);

    if (!mig_stream_check(input->stream, error))
        return FALSE;
    if (kind != 1 || n > STREAM_PAGE)
        return fail(error, record->at, "XBZRLE record of kind %u with %u bytes", kind, n);
    block->deltas++;
    read_content(ram, input, record, STREAM_PAGE_DELTA, n);
    return TRUE;
}

static gboolean
read_packed(StreamRam *ram, StreamInput *input, const Record *record, StreamRamBlock *block,
            GError **error)
{
    const guint32 n = mig_stream_get_be32(input->stream);

    if (!mig_stream_check(input->stream, error))
        return FALSE;
    if (n > 2 * STREAM_PAGE)
        return fail(error, record->at, "a compressed page of %u bytes", n);
    block->packed++;
    read_content(ram, input, record, STREAM_PAGE_PACKED, n);
    return TRUE;
}

/* The block that a page record is of; −1 with a note: one that was not listed. */
static gboolean
find_block(StreamRam *ram, StreamInput *input, guint64 word, guint64 at, gint *index,
           StreamNotes *notes, GError **error)
{
    char name[256];

    if ((word & MIG_RAM_CONTINUE) != 0) {
        *index = ram->previous;
        return *index >= 0 ||
               fail(error, at,
                    "a page says that its block is that of the page before: there is "
                    "none");
    }
    if (mig_stream_get_str8(input->stream, name) == 0)
        return mig_stream_check(input->stream, error);
    *index = (gint)GPOINTER_TO_UINT(g_hash_table_lookup(ram->names, name)) - 1;
    if (*index < 0)
        stream_notes_add(notes, STREAM_BY_ALL, at, "a page of RAM block '%s', which was not listed",
                         name);
    ram->previous = *index;
    return TRUE;
}

static void
check_offset(Record *record, const StreamRamBlock *block, StreamNotes *notes)
{
    if (record->offset < block->length)
        return;
    stream_notes_add(notes, STREAM_BY_ALL, record->at,
                     "RAM block '%s' has " X64 " bytes: a page at " X64 " is none of them",
                     block->name, block->length, record->offset);
    record->index = -1;
}

static gboolean
read_page(StreamRam *ram, StreamInput *input, guint64 at, guint64 word, StreamNotes *notes,
          GError **error)
{
    const guint kind = (guint)(word & MIG_RAM_FLAGS) & ~(guint)MIG_RAM_CONTINUE;
    Record record = {.at = at, .offset = word & ~(guint64)MIG_RAM_FLAGS};
    StreamRamBlock nobody = {.name = (char *)"?"}, *block = &nobody;
    gboolean good = TRUE;

    if (kind != MIG_RAM_ZERO && kind != MIG_RAM_PAGE && kind != MIG_RAM_XBZRLE &&
        kind != MIG_RAM_COMPRESS_PAGE)
        return fail(error, at, "RAM record with the flags 0x%03x: its length is not known",
                    (guint)(word & MIG_RAM_FLAGS));
    if (!find_block(ram, input, word, at, &record.index, notes, error))
        return FALSE;
    if (record.index >= 0) {
        block = ram->blocks->pdata[record.index];
        check_offset(&record, block, notes);
    }
    if (ram->mapped)
        stream_notes_add(notes, STREAM_BY_ALL, at, "a page record in a mapped-ram file");
    switch (kind) {
    case MIG_RAM_ZERO: good = read_zero(ram, input, &record, block, notes); break;
    case MIG_RAM_PAGE:
        block->pages++;
        read_content(ram, input, &record, STREAM_PAGE_BYTES, STREAM_PAGE);
        break;
    case MIG_RAM_XBZRLE: good = read_delta(ram, input, &record, block, error); break;
    default: good = read_packed(ram, input, &record, block, error); break;
    }
    block->bytes += stream_input_position(input) - at;
    return good && mig_stream_check(input->stream, error);
}

gboolean
stream_ram_read(StreamRam *ram, StreamInput *input, guint tag, StreamNotes *notes, GError **error)
{
    for (;;) {
        const guint64 at = stream_input_position(input);
        const guint64 word = mig_stream_get_be64(input->stream);
        const guint flags = (guint)(word & MIG_RAM_FLAGS);
        gboolean good = TRUE;

        if (!mig_stream_check(input->stream, error))
            return FALSE;
        ram->flags_seen |= flags;
        if (flags == MIG_RAM_EOS) {
            if (word != MIG_RAM_EOS)
                stream_notes_add(notes, STREAM_BY_OURS, at, "an end of RAM records with an offset");
            break;
        }
        if (flags == MIG_RAM_MEM_SIZE)
            good = read_list(ram, input, at, word, notes, error);
        else if (flags != MIG_RAM_MULTIFD_FLUSH)
            good = read_page(ram, input, at, word, notes, error);
        if (!good)
            return FALSE;
    }
    ram->ended = tag == MIG_TAG_END || tag == MIG_TAG_FULL;
    return TRUE;
}
