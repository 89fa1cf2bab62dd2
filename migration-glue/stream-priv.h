/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The inside of a stream, shared by its reading and its writing half.
 */
#ifndef MIGRATION_GLUE_STREAM_PRIV_H
#define MIGRATION_GLUE_STREAM_PRIV_H

#include "migration-glue/behind.h"
#include "migration-glue/stream.h"

#define STREAM_BUFFER MIG_BATCH_BYTES
#define STREAM_WORDS  512 /* turned at a time */

struct MigStream {
    MigChannel *channel;
    gboolean writing;
    GError *failure;
    guint64 position; /* atomic: other threads read it */
    gint64 displaced; /* channel offset − position */

    guint8 *buffer; /* reading: its own. writing: that of the batch */
    gsize begin;    /* reading: first byte not consumed. writing: start of the part being filled */
    gsize end;      /* first free byte */

    MigBatch *batch;   /* writing: what goes out next, in order */
    MigBehind *behind; /* writing: who sends batches; NULL: the stream itself */
};

/* Counts @n bytes as put or consumed. */
void mig_stream_count(MigStream *stream, gsize n);

#endif
