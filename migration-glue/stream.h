/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A stream: big-endian words and bytes over a channel, buffered and counted, with an error that
 * sticks.
 *
 * After the first error every put is dropped and every get answers zeros, so that a sequence of
 * them may be written without tests and checked once. A stream is a reader or a writer, used by
 * one thread; only its position may be read by others.
 */
#ifndef MIGRATION_GLUE_STREAM_H
#define MIGRATION_GLUE_STREAM_H

#include <glib.h>

#include "migration-glue/channel.h"

/* A look-ahead never needs more: tag, length byte, 255 bytes of a name. */
#define MIG_STREAM_PEEK_MAX 257

typedef struct MigStream MigStream;

/* @channel: (transfer full). */
MigStream *mig_stream_new_reader(MigChannel *channel);
MigStream *mig_stream_new_writer(MigChannel *channel);

/* Frees stream and channel; what was not flushed is lost. NULL-safe. */
void mig_stream_free(MigStream *stream);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MigStream, mig_stream_free)

MigChannel *mig_stream_channel(MigStream *stream);

/* Bytes put or consumed since the start, those skipped included. Any thread. */
guint64 mig_stream_position(const MigStream *stream);

/* @n bytes of what the stream carries went another way: they count, but take no place in it. By
 * the thread that uses the stream. */
void mig_stream_count_aside(MigStream *stream, guint64 n);

gboolean mig_stream_ok(const MigStream *stream);

/* TRUE if nothing has failed; else FALSE with @error set to a copy of what was first to fail. */
gboolean mig_stream_check(const MigStream *stream, GError **error);

/* Makes @failure, taken over, the error of the stream unless it has one. */
void mig_stream_fail(MigStream *stream, GError *failure);

/* ---- Writing ---- */

void mig_stream_put(MigStream *stream, const void *bytes, gsize n);
void mig_stream_put_zeros(MigStream *stream, gsize n);
void mig_stream_put_u8(MigStream *stream, guint8 value);
void mig_stream_put_be16(MigStream *stream, guint16 value);
void mig_stream_put_be32(MigStream *stream, guint32 value);
void mig_stream_put_be64(MigStream *stream, guint64 value);
void mig_stream_put_be64_array(MigStream *stream, const guint64 *words, gsize n);

/* A length byte and @text, which has 1..255 bytes; anything else is the stream's error. */
void mig_stream_put_str8(MigStream *stream, const char *text);

/**
 * mig_stream_put_reference:
 * @bytes: not copied: they stay as they are until the next flush
 *
 * For pages of guest memory: many of them go out in one call, without passing through the buffer.
 */
void mig_stream_put_reference(MigStream *stream, const void *bytes, gsize n);

/* From now on another thread writes what was put (behind.h): an error shows late, at a flush at the
 * latest. For a file or a pipe; where somebody waits for each message it gains nothing. */
void mig_stream_write_behind(MigStream *stream);

/* What the other thread has written since the last call, and how long that took; FALSE if there is
 * none. */
gboolean mig_stream_take_pace(MigStream *stream, guint64 *bytes, gint64 *us);

/* Hands over what was put; it may still be on its way to the channel. FALSE with @error set if
 * anything has failed so far. */
gboolean mig_stream_push(MigStream *stream, GError **error);

/* Hands everything to the channel. FALSE with @error set if anything has failed so far. */
gboolean mig_stream_flush(MigStream *stream, GError **error);

/* ---- Reading ---- */

/* @n bytes to @buffer, zeroed first; FALSE if the stream has failed. */
gboolean mig_stream_get(MigStream *stream, void *buffer, gsize n);
guint8 mig_stream_get_u8(MigStream *stream);
guint16 mig_stream_get_be16(MigStream *stream);
guint32 mig_stream_get_be32(MigStream *stream);
guint64 mig_stream_get_be64(MigStream *stream);
/* Returns: how many of @n came whole; fewer if the stream has failed. */
gsize mig_stream_get_be64_array(MigStream *stream, guint64 *words, gsize n);

/**
 * mig_stream_get_str8:
 * @text: receives length byte's worth of bytes and a NUL
 *
 * A length of 0, and bytes other than printable ASCII, are errors: names end up in messages.
 *
 * Returns: the length, or 0 if the stream has failed.
 */
guint mig_stream_get_str8(MigStream *stream, char text[256]);

/* Whether all @n bytes are printable ASCII. */
gboolean mig_name_is_printable(const char *text, gsize n);

/* Drops @n bytes. */
gboolean mig_stream_skip(MigStream *stream, guint64 n);

/**
 * mig_stream_peek:
 * @n:    1..MIG_STREAM_PEEK_MAX
 * @have: (out): how many of them there are; fewer only at the end of the data or after an error
 *
 * Waits for the bytes but does not consume them. The end of the data is no error here.
 *
 * Returns: the bytes, valid until the next call.
 */
const guint8 *mig_stream_peek(MigStream *stream, gsize n, gsize *have);

/* Goes to @offset of the channel (bytes from the start of the file), dropping what was buffered;
 * a writer flushes first. The count of bytes goes on as if nothing had been left out. */
gboolean mig_stream_seek(MigStream *stream, guint64 offset, GError **error);

/* Where the next byte comes from or goes to, counted by the channel: @base, the place in the file
 * where the stream began, plus all that was put, consumed and sought since. */
guint64 mig_stream_offset(const MigStream *stream);
void mig_stream_set_offset(MigStream *stream, guint64 base);

#endif
