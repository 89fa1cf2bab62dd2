/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The two sections that come in parts: `ram` and `spapr/htab`, record by record. Pages pass by.
 *
 * Source: docs/stream-format.md, RAM section, mapped-ram, spapr/htab.
 */
#ifndef TOOLS_STREAM_RAM_H
#define TOOLS_STREAM_RAM_H

#include "tools/stream-input.h"
#include "tools/stream-notes.h"

#define STREAM_PAGE 4096u

typedef struct {
    char *name;
    guint64 length;    /* bytes */
    guint64 page_size; /* of the backing, if the stream tells it, else 0 */
    guint64 gpa;       /* if has_gpa */
    gboolean has_gpa;
    gboolean left;  /* listed only: its pages are elsewhere */
    guint64 pages;  /* records with content; pages may come more than once */
    guint64 zeros;  /* records of zero pages */
    guint64 deltas; /* records of differences (XBZRLE) */
    guint64 packed; /* compressed pages */
    guint64 bytes;  /* of the stream that these records take */
} StreamRamBlock;

typedef enum {
    STREAM_PAGE_BYTES,
    STREAM_PAGE_ZERO,
    STREAM_PAGE_DELTA, /* differences to what was there; @n bytes of them */
    STREAM_PAGE_PACKED,
} StreamPageKind;

/* Is shown every page. @offset: into the block. @bytes: NULL for zeros. */
typedef void (*StreamPageFunc)(guint block, guint64 offset, StreamPageKind kind,
                               const guint8 *bytes, gsize n, void *user);

typedef struct {
    GPtrArray *blocks; /* StreamRamBlock, in the order of the list */
    GHashTable *names; /* name → index + 1 */
    guint64 total;
    gboolean listed, ended;
    guint flags_seen;       /* MIG_RAM_* */
    gboolean filled;        /* a page filled with something else than zeros */
    gint previous;          /* block of the page before, −1: none */
    gboolean ignore_shared; /* from the configuration */
    gboolean mapped;
    gboolean postcopy;   /* advised: page sizes may stand in the list */
    StreamPageFunc page; /* or NULL */
    void *user;
} StreamRam;

void stream_ram_init(StreamRam *ram);
void stream_ram_clear(StreamRam *ram); /* zero-safe */

/* The payload of one section, up to and with its end. What can be read on is a note, the rest is
 * @error. */
gboolean
stream_ram_read(StreamRam *ram, StreamInput *input, guint tag, StreamNotes *notes, GError **error);

typedef struct {
    gboolean listed, none;  /* none: radix */
    guint64 entries;        /* of the table, after START */
    guint64 valid, invalid; /* entries that were sent */
    guint64 digest;         /* of the chunks, in their order */
} StreamHtab;

gboolean stream_htab_read(StreamHtab *htab, StreamInput *input, guint tag, StreamNotes *notes,
                          GError **error);

#endif
