/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Header, bitmap and places of a mapped-ram file.
 */
#include "migration-glue/mapped-ram.h"

#include <string.h>

#include "migration-glue/error.h"
#include "migration-glue/page.h"

#define X64        "0x%" G_GINT64_MODIFIER "x"
#define SAMPLES    8u  /* pages of each sort that are looked at, to tell the byte order */
#define SAMPLE_GAP 64u /* words between two that are asked */
#define BITS       64u /* of a word */

guint64
mig_mapped_bitmap_bytes(guint64 length)
{
    const guint64 pages = length >> MIG_PAGE_SHIFT;

    return (pages / BITS + (pages % BITS != 0)) * sizeof(guint64);
}

gboolean
mig_mapped_is_left(const MigMappedHeader *header)
{
    return header->bitmap_at == 0 && header->pages_at == 0;
}

void
mig_mapped_plan(guint64 behind, guint64 length, MigMappedHeader *header)
{
    const guint64 end = behind + mig_mapped_bitmap_bytes(length);

    *header = (MigMappedHeader){
        .version = MIG_MAPPED_VERSION,
        .page_size = MIG_PAGE_SIZE,
        .bitmap_at = behind,
        .pages_at = (end + MIG_MAPPED_ALIGNMENT - 1) / MIG_MAPPED_ALIGNMENT * MIG_MAPPED_ALIGNMENT,
    };
}

void
mig_mapped_put_header(MigStream *stream, const MigMappedHeader *header)
{
    mig_stream_put_be32(stream, header->version);
    mig_stream_put_be64(stream, header->page_size);
    mig_stream_put_be64(stream, header->bitmap_at);
    mig_stream_put_be64(stream, header->pages_at);
}

void
mig_mapped_get_header(MigStream *stream, MigMappedHeader *header)
{
    header->version = mig_stream_get_be32(stream);
    header->page_size = mig_stream_get_be64(stream);
    header->bitmap_at = mig_stream_get_be64(stream);
    header->pages_at = mig_stream_get_be64(stream);
}

/* ---- Checking ---- */

static gboolean G_GNUC_PRINTF(4, 5)
    refuse(const MigMappedPlace *place, MigError code, GError **error, const char *format, ...)
{
    g_autofree char *text = NULL;
    va_list arguments;

    va_start(arguments, format);
    text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_set_error(error, MIG_ERROR, (gint)code, "mapped-ram header of RAM block '%s': %s",
                place->name, text);
    return FALSE;
}

static gboolean
check_places(const MigMappedHeader *header, const MigMappedPlace *place, GError **error)
{
    const guint64 bitmap_n = mig_mapped_bitmap_bytes(place->length);

    if (header->bitmap_at != place->behind)
        return refuse(place, MIG_ERROR_FORMAT, error,
                      "its bitmap is said to be at byte " X64 ", right behind it is " X64,
                      header->bitmap_at, place->behind);
    if (header->pages_at % MIG_PAGE_SIZE != 0)
        return refuse(place, MIG_ERROR_FORMAT, error,
                      "its pages begin at byte " X64 ", which is no multiple of 4096",
                      header->pages_at);
    if (bitmap_n > G_MAXINT64 - header->bitmap_at ||
        header->pages_at < header->bitmap_at + bitmap_n)
        return refuse(place, MIG_ERROR_FORMAT, error,
                      "its pages begin at byte " X64 ", inside or before their bitmap at " X64,
                      header->pages_at, header->bitmap_at);
    if (header->pages_at > G_MAXINT64 || place->length > G_MAXINT64 - header->pages_at)
        return refuse(place, MIG_ERROR_FORMAT, error,
                      "no file has a byte " X64 " and " X64 " more behind it", header->pages_at,
                      place->length);
    if (header->pages_at + place->length > place->file_size)
        return refuse(place, MIG_ERROR_TRUNCATED, error,
                      "its pages end at byte " X64 ", the file ends at " X64,
                      header->pages_at + place->length, place->file_size);
    return TRUE;
}

static gboolean
check_bits(const MigMappedPlace *place, const guint8 *bitmap, GError **error)
{
    const guint64 pages = place->length >> MIG_PAGE_SHIFT;

    for (guint64 i = pages; i < mig_mapped_bitmap_bytes(place->length) * 8; i++) {
        if (mig_mapped_has(bitmap, i))
            return refuse(place, MIG_ERROR_FORMAT, error,
                          "its bitmap has a bit for page %" G_GUINT64_FORMAT
                          ", there are %" G_GUINT64_FORMAT
                          " (a file of a big-endian host is not read)",
                          i, pages);
    }
    return TRUE;
}

gboolean
mig_mapped_check(const MigMappedHeader *header, const MigMappedPlace *place, const guint8 *bitmap,
                 GError **error)
{
    if (header->version != MIG_MAPPED_VERSION)
        return refuse(place, MIG_ERROR_VERSION, error, "version %u is unknown, %u is read",
                      header->version, MIG_MAPPED_VERSION);
    if (header->page_size != MIG_PAGE_SIZE)
        return refuse(place, MIG_ERROR_FORMAT, error,
                      "pages of %" G_GUINT64_FORMAT " bytes; those of this guest have 4096",
                      header->page_size);
    if (place->length == 0 || place->length % MIG_PAGE_SIZE != 0)
        return refuse(place, MIG_ERROR_FORMAT, error, X64 " bytes are no number of pages",
                      place->length);
    if (mig_mapped_is_left(header) && place->may_be_left)
        return TRUE;
    return check_places(header, place, error) &&
           (bitmap == NULL || check_bits(place, bitmap, error));
}

/* ---- Byte order ---- */

/* What was found of pages that only one of the two orders has. */
typedef struct {
    guint seen, for_little, for_big;
} Votes;

static guint64
word_at(const guint8 *bitmap, guint64 i)
{
    guint64 word;

    memcpy(&word, bitmap + i * sizeof(word), sizeof(word));
    return GUINT64_FROM_LE(word);
}

static gboolean
ask_page(const MigMappedHeader *header, guint64 page, gboolean little, MigChannel *channel,
         Votes *votes, GError **error)
{
    guint8 bytes[MIG_PAGE_SIZE];
    gboolean zero;

    if (!mig_channel_read_at(channel, header->pages_at + (page << MIG_PAGE_SHIFT), bytes,
                             sizeof(bytes), error))
        return FALSE;
    zero = mig_zero_scan_best()(bytes, sizeof(bytes));
    votes->seen++;
    /* A set bit is never that of a page of zeros; a clear one may have old bytes behind it. */
    if (zero == little)
        votes->for_big++;
    else if (!zero)
        votes->for_little++;
    return TRUE;
}

gboolean
mig_mapped_check_order(const MigMappedHeader *header, const MigMappedPlace *place,
                       const guint8 *bitmap, MigChannel *channel, GError **error)
{
    const guint64 words = mig_mapped_bitmap_bytes(place->length) / sizeof(guint64);
    guint64 last = G_MAXUINT64;
    Votes votes = {0};

    if (mig_mapped_is_left(header))
        return TRUE;
    for (guint64 i = 0; i < words && votes.seen < 2 * SAMPLES; i++) {
        const guint64 little = word_at(bitmap, i), big = GUINT64_SWAP_LE_BE(little);
        const guint64 set = little & ~big, clear = big & ~little;

        if (set == 0 || clear == 0 || (last != G_MAXUINT64 && i - last < words / SAMPLE_GAP))
            continue;
        last = i;
        if (i * BITS + BITS > place->length >> MIG_PAGE_SHIFT)
            break; /* the last word was checked by the bits that must be clear */
        if (!ask_page(header, i * BITS + (guint)__builtin_ctzll(set), TRUE, channel, &votes,
                      error) ||
            !ask_page(header, i * BITS + (guint)__builtin_ctzll(clear), FALSE, channel, &votes,
                      error))
            return FALSE;
    }
    if (votes.seen == 0 || votes.for_big < votes.seen)
        return TRUE;
    return refuse(place, MIG_ERROR_UNSUPPORTED, error,
                  "its bitmap is that of a big-endian host: all pages said to be there are zeros, "
                  "others have content");
}
