/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The inside of a stream, shared by its reading and its writing half.
 */
#ifndef MIGRATION_GLUE_STREAM_PRIV_H
#define MIGRATION_GLUE_STREAM_PRIV_H

#include "migration-glue/stream.h"

#define STREAM_BUFFER (64 * 1024)
#define STREAM_WORDS  512 /* turned at a time */
#define STREAM_PARTS  256

struct MigStream {
    MigChannel *channel;
    gboolean writing;
    GError *failure;
    guint64 position; /* atomic: other threads read it */
    gint64 displaced; /* channel offset − position */

    guint8 *buffer;
    gsize begin; /* reading: first byte not consumed. writing: start of the part being filled */
    gsize end;   /* first free byte */

    /* Writing: what goes out with the next flush, in order. */
    struct iovec parts[STREAM_PARTS];
    gsize n_parts;
};

/* Counts @n bytes as put or consumed. */
void mig_stream_count(MigStream *stream, gsize n);

#endif
