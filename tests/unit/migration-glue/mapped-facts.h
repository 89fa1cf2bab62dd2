/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mapped-ram files by the book: read and written here from docs/stream-format.md alone, without a
 * line of what is tested. For machines as move-rig.h makes them.
 */
#ifndef TESTS_UNIT_MIGRATION_GLUE_MAPPED_FACTS_H
#define TESTS_UNIT_MIGRATION_GLUE_MAPPED_FACTS_H

#include <glib.h>

#define FACTS_BLOCKS_MAX 4

typedef struct {
    char name[256];
    guint64 length, bitmap_at, pages_at;
    guint64 set;    /* bits that are set */
    gsize header;   /* byte of the file where the header is */
    guint8 *memory; /* what a machine has after loading it */
} FactsBlock;

typedef struct {
    char machine[256];
    FactsBlock blocks[FACTS_BLOCKS_MAX];
    guint n;
    guint64 ticks; /* of the device */
    guint32 mode;
    gsize ram_end;    /* byte behind the first section */
    gsize end_marker; /* byte of the end marker */
} FactsFile;

/* Takes the file apart, from byte @start on; whatever is not as written down fails the test. */
void facts_read(FactsFile *file, const guint8 *bytes, gsize n, gsize start);
void facts_clear(FactsFile *file);

/* A file of @file's blocks, in their order, with their memory, behind @start bytes of 'x'. */
GByteArray *facts_write(const FactsFile *file, gsize start);

#endif
