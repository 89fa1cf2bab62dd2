/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is remarkable about a stream: one line each, with the byte where it is and who refuses it.
 */
#ifndef TOOLS_STREAM_NOTES_H
#define TOOLS_STREAM_NOTES_H

#include <glib.h>

/* Readers that end the migration because of it. None: it is suspicious only. */
enum {
    STREAM_BY_NOBODY = 0,
    STREAM_BY_QEMU = 1u << 0,
    STREAM_BY_OURS = 1u << 1,
    STREAM_BY_ALL = STREAM_BY_QEMU | STREAM_BY_OURS,
};

typedef struct {
    guint refused_by;
    guint64 offset; /* of the file */
    char *text;
} StreamNote;

/* Bounded: of a stream that is all wrong the first thousand notes tell enough. */
typedef struct {
    GPtrArray *list; /* StreamNote */
    guint64 dropped; /* more of them */
    guint dropped_refused_by;
} StreamNotes;

void stream_notes_init(StreamNotes *notes);
void stream_notes_clear(StreamNotes *notes); /* zero-safe */

/* Adds one line; @refused_by: STREAM_BY_*. */
void stream_notes_add(StreamNotes *notes, guint refused_by, guint64 offset, const char *format, ...)
    G_GNUC_PRINTF(4, 5);

/* Whether @reader (one of STREAM_BY_*) refuses the stream for one of them. */
gboolean stream_notes_refuse(const StreamNotes *notes, guint reader);

#endif
