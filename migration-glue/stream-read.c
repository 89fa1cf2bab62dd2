/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A stream: the reading half.
 */
#include <string.h>

#include "migration-glue/error.h"
#include "migration-glue/stream-priv.h"

static gsize
buffered(const MigStream *stream)
{
    return stream->end - stream->begin;
}

/* One read from the channel to @buffer; 0 at the end and after an error. */
static gsize
read_some(MigStream *stream, void *buffer, gsize n)
{
    GError *failure = NULL;
    gssize done = mig_channel_read(stream->channel, buffer, n, &failure);

    if (done >= 0)
        return (gsize)done;
    mig_stream_fail(stream, failure);
    return 0;
}

/* Fills the buffer until it holds @n bytes; FALSE if the data end before. */
static gboolean
fill(MigStream *stream, gsize n)
{
    g_assert(!stream->writing && n <= STREAM_BUFFER);
    if (buffered(stream) >= n)
        return TRUE;
    memmove(stream->buffer, stream->buffer + stream->begin, buffered(stream));
    stream->end -= stream->begin;
    stream->begin = 0;
    while (stream->end < n && stream->failure == NULL) {
        gsize done = read_some(stream, stream->buffer + stream->end, STREAM_BUFFER - stream->end);

        if (done == 0)
            break;
        stream->end += done;
    }
    return stream->end >= n;
}

static void
fail_truncated(MigStream *stream)
{
    if (stream->failure == NULL)
        stream->failure = g_error_new(MIG_ERROR, MIG_ERROR_TRUNCATED,
                                      "the stream ends after %" G_GUINT64_FORMAT " bytes",
                                      stream->position + buffered(stream));
}

static void
consume(MigStream *stream, gsize n)
{
    stream->begin += n;
    mig_stream_count(stream, n);
}

/* @n buffered bytes (at most a word), consumed; NULL if the stream has failed. */
static const guint8 *
take(MigStream *stream, gsize n)
{
    const guint8 *bytes;

    if (stream->failure != NULL)
        return NULL;
    if (!fill(stream, n)) {
        fail_truncated(stream);
        return NULL;
    }
    bytes = stream->buffer + stream->begin;
    consume(stream, n);
    return bytes;
}

#define VECTORS 64 /* bytes: as many as the compiler copies without a call */

/* On POWER: what is buffered is seldom aligned as its place is, and then the C library makes each
 * vector out of two, which costs more than to load it from where it is. */
static void
copy(guint8 *to, const guint8 *from, gsize n)
{
#ifdef __powerpc64__
    for (; n >= VECTORS; n -= VECTORS) {
        memcpy(to, from, VECTORS);
        to += VECTORS;
        from += VECTORS;
    }
#endif
    memcpy(to, from, n);
}

/* Some of @n bytes, out of the buffer or, if they are many, straight from the channel. 0: failed.
 */
static gsize
get_some(MigStream *stream, guint8 *to, gsize n)
{
    gsize now;

    if (buffered(stream) == 0 && n >= STREAM_BUFFER) {
        now = read_some(stream, to, n);
        mig_stream_count(stream, now);
    } else {
        now = fill(stream, 1) ? MIN(n, buffered(stream)) : 0;
        copy(to, stream->buffer + stream->begin, now);
        consume(stream, now);
    }
    if (now == 0)
        fail_truncated(stream);
    return now;
}

gboolean
mig_stream_get(MigStream *stream, void *buffer, gsize n)
{
    gsize done = 0;

    while (done < n && stream->failure == NULL)
        done += get_some(stream, (guint8 *)buffer + done, n - done);
    if (stream->failure != NULL && n > 0)
        memset(buffer, 0, n);
    return stream->failure == NULL;
}

guint8
mig_stream_get_u8(MigStream *stream)
{
    const guint8 *bytes = take(stream, 1);

    return bytes != NULL ? *bytes : 0;
}

guint16
mig_stream_get_be16(MigStream *stream)
{
    guint16 word = 0;
    const guint8 *bytes = take(stream, sizeof(word));

    if (bytes != NULL)
        memcpy(&word, bytes, sizeof(word));
    return GUINT16_FROM_BE(word);
}

guint32
mig_stream_get_be32(MigStream *stream)
{
    guint32 word = 0;
    const guint8 *bytes = take(stream, sizeof(word));

    if (bytes != NULL)
        memcpy(&word, bytes, sizeof(word));
    return GUINT32_FROM_BE(word);
}

guint64
mig_stream_get_be64(MigStream *stream)
{
    guint64 word = 0;
    const guint8 *bytes = take(stream, sizeof(word));

    if (bytes != NULL)
        memcpy(&word, bytes, sizeof(word));
    return GUINT64_FROM_BE(word);
}

gsize
mig_stream_get_be64_array(MigStream *stream, guint64 *words, gsize n)
{
    gsize whole = 0;

    while (whole < n && fill(stream, sizeof(*words))) {
        gsize now = MIN(n - whole, buffered(stream) / sizeof(*words));
        const guint8 *from = stream->buffer + stream->begin;

        for (gsize i = 0; i < now; i++) {
            guint64 word;

            memcpy(&word, from + i * sizeof(word), sizeof(word));
            words[whole + i] = GUINT64_FROM_BE(word);
        }
        consume(stream, now * sizeof(*words));
        whole += now;
    }
    if (whole < n && stream->failure == NULL)
        fail_truncated(stream);
    return whole;
}

gboolean
mig_name_is_printable(const char *text, gsize n)
{
    for (gsize i = 0; i < n; i++) {
        if (!g_ascii_isprint(text[i]))
            return FALSE;
    }
    return TRUE;
}

guint
mig_stream_get_str8(MigStream *stream, char text[256])
{
    guint n = mig_stream_get_u8(stream);
    gboolean good = mig_stream_get(stream, text, n) && n > 0 && mig_name_is_printable(text, n);

    if (!good && stream->failure == NULL)
        mig_stream_fail(stream,
                        g_error_new(MIG_ERROR, MIG_ERROR_FORMAT,
                                    n == 0 ? "a name is empty" : "a name has unprintable bytes"));
    text[good ? n : 0] = '\0';
    return good ? n : 0;
}

gboolean
mig_stream_skip(MigStream *stream, guint64 n)
{
    while (n > 0 && stream->failure == NULL) {
        gsize now;

        if (!fill(stream, 1)) {
            fail_truncated(stream);
            break;
        }
        now = (gsize)MIN(n, (guint64)buffered(stream));
        consume(stream, now);
        n -= now;
    }
    return stream->failure == NULL;
}

const guint8 *
mig_stream_peek(MigStream *stream, gsize n, gsize *have)
{
    g_assert(n >= 1 && n <= MIG_STREAM_PEEK_MAX);
    if (stream->failure == NULL)
        fill(stream, n);
    *have = stream->failure == NULL ? MIN(n, buffered(stream)) : 0;
    return stream->buffer + stream->begin;
}
