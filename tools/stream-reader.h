/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading any stream to its end, for looking at it: stock QEMU's and ours, of every machine type,
 * whole or not.
 *
 * Unlike the loader it believes nothing that it can see: whether there are footers it sees by the
 * first, how long a payload is by the stream's description, our own, or the next footer. What is
 * wrong becomes a note as long as the bytes behind it can be understood.
 */
#ifndef TOOLS_STREAM_READER_H
#define TOOLS_STREAM_READER_H

#include "migration-glue/configuration.h"
#include "tools/stream-decode.h"
#include "tools/stream-notes.h"
#include "tools/stream-ram.h"

typedef enum {
    STREAM_BY_DESCRIPTION, /* the stream's own */
    STREAM_BY_CATALOGUE,   /* ours */
    STREAM_BY_RECORDS,     /* ram, spapr/htab */
    STREAM_BY_HUNT,        /* up to where the next thing seems to begin: not understood */
} StreamKnowledge;

/* One section, whole. Valid for the call. */
typedef struct {
    guint tag; /* MIG_TAG_START … FULL */
    guint32 id, instance, version;
    const char *idstr;
    guint nth;                /* how often that (idstr, instance) was sent before */
    guint64 start;            /* byte of the tag */
    guint64 payload_at;       /* first byte of the payload */
    guint64 size;             /* of the payload */
    const guint8 *payload;    /* NULL for those that are read by records */
    const VmdescNode *device; /* in the stream's description, or NULL */
    StreamKnowledge how;
} StreamSection;

typedef struct StreamReader StreamReader;

typedef struct {
    void (*section)(StreamReader *reader, const StreamSection *section, void *user);
    /* Anything else: "HEADER", "CONFIGURATION", "COMMAND", "EOF", "DESCRIPTION", "TRAILING". */
    void (*other)(StreamReader *reader, const char *what, const char *more, guint64 start,
                  guint64 size, void *user);
} StreamVisitor;

/* What is known of the stream; grows while it is read. */
typedef struct {
    gboolean configuration;
    MigReceivedConfiguration received; /* if there is one */
    char *machine;                     /* its type: as told, as requested, or as guessed */
    gboolean guessed;
    VmsContext context; /* to decode it by */
    gint footers;       /* −1: not known yet */
    gboolean described, ended;
    guint32 commands;    /* bit n: command n was there */
    guint64 size;        /* bytes read */
    guint64 foreign;     /* bytes of them that nobody understands */
    guint64 described_n; /* bytes of the description */
    StreamRam ram;
    StreamHtab htab;
    StreamNotes notes;
} StreamFacts;

/**
 * stream_reader_new:
 * @input:   (transfer full)
 * @tables:  outlives the reader
 * @machine: (nullable): type to assume where the stream tells none
 * @visitor: constant data
 */
StreamReader *stream_reader_new(StreamInput *input, const StreamTables *tables, const char *machine,
                                const StreamVisitor *visitor, void *user);
void stream_reader_free(StreamReader *reader); /* NULL-safe */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(StreamReader, stream_reader_free)

/* Before the run: is shown every page. */
void stream_reader_watch_pages(StreamReader *reader, StreamPageFunc page, void *user);

/* Reads to the end. FALSE with @error set, naming the byte, where nothing can be understood any
 * more; what was read before was shown. */
gboolean stream_reader_run(StreamReader *reader, GError **error);

/* The reader's; notes may be added. */
StreamFacts *stream_reader_facts(StreamReader *reader);
const StreamTables *stream_reader_tables(const StreamReader *reader);

/* "START", "PART", "END", "FULL". */
const char *stream_tag_name(guint tag);

#endif
