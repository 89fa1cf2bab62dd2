/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The layout of a mapped-ram file: the header behind each entry of the block list, its bitmap, its
 * pages at fixed places; and the one function that says whether all of that can be.
 *
 * Reading and writing of memory are in mapped-load.c and mapped-save.c; spapr-stream uses this
 * part alone.
 *
 * Source: docs/stream-format.md, "mapped-ram".
 */
#ifndef MIGRATION_GLUE_MAPPED_RAM_H
#define MIGRATION_GLUE_MAPPED_RAM_H

#include "migration-glue/stream.h"

#define MIG_MAPPED_VERSION      1u
#define MIG_MAPPED_HEADER_BYTES 28u
#define MIG_MAPPED_ALIGNMENT    (G_GUINT64_CONSTANT(1) << 20) /* of the pages' place */

typedef struct {
    guint32 version;
    guint64 page_size; /* bytes */
    guint64 bitmap_at; /* byte of the file; both 0: a shared block whose pages are elsewhere */
    guint64 pages_at;
} MigMappedHeader;

/* What is known of a header before it is read. */
typedef struct {
    const char *name;     /* of the block */
    guint64 length;       /* bytes, of the block */
    guint64 behind;       /* byte of the file right behind the header */
    guint64 file_size;    /* G_MAXUINT64: not known */
    gboolean may_be_left; /* x-ignore-shared is on: both places may be 0 */
} MigMappedPlace;

/* Bytes of the bitmap of a block of @length bytes. */
guint64 mig_mapped_bitmap_bytes(guint64 length);

/* Whether the block was listed only. */
gboolean mig_mapped_is_left(const MigMappedHeader *header);

/* Where bitmap and pages of a block go whose header ends at byte @behind. */
void mig_mapped_plan(guint64 behind, guint64 length, MigMappedHeader *header);

void mig_mapped_put_header(MigStream *stream, const MigMappedHeader *header);
void mig_mapped_get_header(MigStream *stream, MigMappedHeader *header);

/**
 * mig_mapped_check:
 * @bitmap: (nullable): once it was read, too
 *
 * R-MRM-3, R-MRM-7: version and page size; the bitmap right behind the header; the pages behind
 * it, at a multiple of the page size, and with room for the whole block before the file ends; no
 * bit for a page beyond the block.
 *
 * Returns: FALSE with MIG_ERROR_FORMAT, _VERSION or _TRUNCATED naming block and field.
 */
gboolean mig_mapped_check(const MigMappedHeader *header, const MigMappedPlace *place,
                          const guint8 *bitmap, GError **error);

/**
 * mig_mapped_check_order:
 * @bitmap: of @header, checked
 *
 * Recognises a bitmap of a big-endian host (R-MRM-8), by a few pages whose bits tell the two apart:
 * all of them are zeros if the bit is set, and content if it is clear.
 *
 * Returns: FALSE with MIG_ERROR_UNSUPPORTED if it is one, or with @error of @channel.
 */
gboolean mig_mapped_check_order(const MigMappedHeader *header, const MigMappedPlace *place,
                                const guint8 *bitmap, MigChannel *channel, GError **error);

/* Whether the bit of @page is set. */
static inline gboolean
mig_mapped_has(const guint8 *bitmap, guint64 page)
{
    return (bitmap[page / 8] >> (page % 8) & 1) != 0;
}

#endif
