/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mapped-ram, checked by the loader's own function.
 */
#include "tools/stream-mapped.h"

#include "migration-glue/error.h"
#include "migration-glue/mapped-ram.h"

static void
count_bits(StreamRamBlock *block, const guint8 *bitmap)
{
    for (guint64 i = 0; i < block->length / STREAM_PAGE; i++) {
        if (mig_mapped_has(bitmap, i))
            block->pages++;
        else
            block->zeros++;
    }
    block->bytes = block->pages * STREAM_PAGE;
}

/* The pages from @from on that are alike: there, or not. */
static guint64
run_of(const GByteArray *bitmap, guint64 from, guint64 pages)
{
    guint64 to = from + 1;

    while (to < pages && mig_mapped_has(bitmap->data, to) == mig_mapped_has(bitmap->data, from))
        to++;
    return to;
}

static gboolean
show_page(StreamRam *ram, StreamInput *input, guint index, guint64 page, gboolean there)
{
    guint8 bytes[STREAM_PAGE];

    if (there && !mig_stream_get(input->stream, bytes, sizeof(bytes)))
        return FALSE;
    ram->page(index, page * STREAM_PAGE, there ? STREAM_PAGE_BYTES : STREAM_PAGE_ZERO,
              there ? bytes : NULL, there ? sizeof(bytes) : 0, ram->user);
    return TRUE;
}

/* What lies where a bit is clear is old, and is passed over. */
static gboolean
read_pages(StreamRam *ram, StreamInput *input, guint index, const GByteArray *bitmap)
{
    const StreamRamBlock *block = ram->blocks->pdata[index];
    const guint64 pages = block->length / STREAM_PAGE;

    if (ram->page == NULL)
        return stream_input_skip(input, block->length);
    for (guint64 from = 0, to; from < pages; from = to) {
        const gboolean there = mig_mapped_has(bitmap->data, from);

        to = run_of(bitmap, from, pages);
        if (!there && !stream_input_skip(input, (to - from) * STREAM_PAGE))
            return FALSE;
        for (guint64 page = from; page < to; page++) {
            if (!show_page(ram, input, index, page, there))
                return FALSE;
        }
    }
    return TRUE;
}

/* Only a file can be asked for a few pages here and there. */
static gboolean
check_order(StreamInput *input, const MigMappedHeader *header, const MigMappedPlace *place,
            const GByteArray *bitmap, GError **error)
{
    return input->memory != NULL || input->size == 0 ||
           mig_mapped_check_order(header, place, bitmap->data, mig_stream_channel(input->stream),
                                  error);
}

gboolean
stream_mapped_read(StreamRam *ram, StreamInput *input, guint index, StreamNotes *notes,
                   GError **error)
{
    StreamRamBlock *block = ram->blocks->pdata[index];
    const MigMappedPlace place = {
        .name = block->name,
        .length = block->length,
        .behind = stream_input_position(input) + MIG_MAPPED_HEADER_BYTES,
        .file_size = input->memory != NULL ? input->base + input->memory->len
                     : input->size != 0    ? input->size
                                           : G_MAXUINT64,
        .may_be_left = ram->ignore_shared,
    };
    MigMappedHeader header;
    g_autoptr(GByteArray) bitmap = NULL;
    guint64 bitmap_n = mig_mapped_bitmap_bytes(block->length);

    mig_mapped_get_header(input->stream, &header);
    if (!mig_stream_check(input->stream, error) || !mig_mapped_check(&header, &place, NULL, error))
        return FALSE;
    block->left = mig_mapped_is_left(&header);
    if (block->left)
        return TRUE;
    bitmap = stream_input_take(input, bitmap_n, error);
    if (bitmap == NULL || !mig_mapped_check(&header, &place, bitmap->data, error) ||
        !check_order(input, &header, &place, bitmap, error))
        return FALSE;
    if (header.pages_at % MIG_MAPPED_ALIGNMENT != 0)
        stream_notes_add(notes, STREAM_BY_NOBODY, place.behind,
                         "the pages of RAM block '%s' begin at no multiple of 1 MiB", block->name);
    count_bits(block, bitmap->data);
    return (stream_input_skip(input, header.pages_at - header.bitmap_at - bitmap_n) &&
            read_pages(ram, input, index, bitmap)) ||
           mig_stream_check(input->stream, error);
}
