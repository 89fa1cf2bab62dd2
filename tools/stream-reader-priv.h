/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Inside the reader: stream-reader.c (frames), stream-payload.c (how long payloads are),
 * stream-end.c (what follows the last section).
 */
#ifndef TOOLS_STREAM_READER_PRIV_H
#define TOOLS_STREAM_READER_PRIV_H

#include "tools/stream-reader.h"

/* What a number of this stream stands for. */
typedef struct {
    char *idstr;
    guint32 instance, version;
    guint nth;
    guint64 start;
    gboolean iterable, ended;
} StreamKnown;

struct StreamReader {
    StreamInput *input;
    const StreamTables *tables;
    char *requested; /* machine type, or NULL */
    const StreamVisitor *visitor;
    void *user;
    StreamFacts facts;
    GHashTable *ids;     /* number → StreamKnown */
    GHashTable *counts;  /* "idstr/instance" → how often */
    VmdescNode *root;    /* the stream's description, or NULL */
    guint64 root_at;     /* byte of its text */
    GHashTable *devices; /* "idstr/instance" → GPtrArray of its entries in @root */
    gboolean packaged;   /* inside a package */
};

/* Looks for the description at the end, if that can be seen from here. */
void stream_payload_look_ahead(StreamReader *reader);

/* The payload of a FULL section, or of an unknown one that comes in parts; footer not included.
 * Fills size, payload (kept alive by *@bytes), device and how. */
gboolean stream_payload_read(StreamReader *reader, StreamSection *section, GByteArray **bytes,
                             GError **error);

/* After the end marker: description, and whatever follows. */
gboolean stream_end_read(StreamReader *reader, GError **error);

/* Tells the visitor of something from @start to where the input is. */
void stream_reader_show(StreamReader *reader, const char *what, const char *more, guint64 start);

/* Always FALSE; names the byte. */
gboolean stream_reader_fail(StreamReader *reader, guint64 at, GError **error, const char *format,
                            ...) G_GNUC_PRINTF(4, 5);

/* FALSE if the input has failed, and says where it ended. */
gboolean stream_reader_check(StreamReader *reader, const char *what, GError **error);

#endif
