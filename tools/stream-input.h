/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where the bytes of a stream come from: a file, standard input, memory.
 *
 * Memory (RAM pages) passes by and is not kept. What follows it, the state of devices, is small,
 * and is taken into memory when somebody must look ahead.
 */
#ifndef TOOLS_STREAM_INPUT_H
#define TOOLS_STREAM_INPUT_H

#include "migration-glue/stream.h"

/* More than that of device state is no stream that this tool was made for. */
#define STREAM_INPUT_MEMORY_MAX (256u * 1024 * 1024)

typedef struct {
    MigStream *stream;
    guint64 base;       /* byte of the file that the first of @stream is */
    GByteArray *memory; /* all of @stream, or NULL: it comes from a channel */
    guint64 size;       /* of a regular file, else 0 */
    char *name;         /* for people */
} StreamInput;

/* @path: "-" is standard input. Returns: (transfer full), or NULL with @error set. */
StreamInput *stream_input_open(const char *path, GError **error);

/* @bytes: a reference is kept. @base: as above. */
StreamInput *stream_input_memory(GByteArray *bytes, guint64 base, const char *name);
void stream_input_free(StreamInput *input); /* NULL-safe */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(StreamInput, stream_input_free)

/* Byte of the file that comes next. */
guint64 stream_input_position(const StreamInput *input);

/* Takes all that is left into memory. FALSE with @error set if it is too much, or cannot be read.
 */
gboolean stream_input_slurp(StreamInput *input, GError **error);

/* Of an input in memory: what is left, *@n bytes; valid until the input goes. */
const guint8 *stream_input_rest(const StreamInput *input, gsize *n);

/* Exactly @n more bytes; memory grows as they come, not as they are promised.
 * Returns: (transfer full), or NULL with @error set. */
GByteArray *stream_input_take(StreamInput *input, guint64 n, GError **error);

/* The last bytes (at most @limit) of a regular file or of memory, without moving; *@start: which
 * byte of the file the first is. NULL: it cannot be done. */
GByteArray *stream_input_tail(StreamInput *input, gsize limit, guint64 *start);

/* Drops @n bytes; large pieces of a regular file are not read. */
gboolean stream_input_skip(StreamInput *input, guint64 n);

/* Drops what is left; how many bytes it was. */
guint64 stream_input_drain(StreamInput *input);

#endif
