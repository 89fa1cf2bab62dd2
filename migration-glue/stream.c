/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A stream: life, error and the writing half.
 */
#include <string.h>

#include "migration-glue/error.h"
#include "migration-glue/stream-priv.h"

static MigStream *
stream_new(MigChannel *channel, gboolean writing)
{
    MigStream *stream = g_new0(MigStream, 1);

    stream->channel = channel;
    stream->writing = writing;
    if (writing)
        stream->batch = mig_batch_new();
    stream->buffer = writing ? stream->batch->buffer : g_malloc(STREAM_BUFFER);
    return stream;
}

MigStream *
mig_stream_new_reader(MigChannel *channel)
{
    return stream_new(channel, FALSE);
}

MigStream *
mig_stream_new_writer(MigChannel *channel)
{
    return stream_new(channel, TRUE);
}

void
mig_stream_free(MigStream *stream)
{
    if (stream == NULL)
        return;
    mig_behind_free(stream->behind);
    mig_channel_free(stream->channel);
    g_clear_error(&stream->failure);
    if (!stream->writing)
        g_free(stream->buffer);
    mig_batch_free(stream->batch);
    g_free(stream);
}

MigChannel *
mig_stream_channel(MigStream *stream)
{
    return stream->channel;
}

guint64
mig_stream_position(const MigStream *stream)
{
    return __atomic_load_n(&stream->position, __ATOMIC_RELAXED);
}

void
mig_stream_count(MigStream *stream, gsize n)
{
    /* One writer: no read-modify-write is needed, only a store that is seen whole. */
    __atomic_store_n(&stream->position, stream->position + n, __ATOMIC_RELAXED);
}

void
mig_stream_count_aside(MigStream *stream, guint64 n)
{
    stream->displaced -= (gint64)n;
    mig_stream_count(stream, n);
}

gboolean
mig_stream_ok(const MigStream *stream)
{
    return stream->failure == NULL;
}

gboolean
mig_stream_check(const MigStream *stream, GError **error)
{
    if (stream->failure == NULL)
        return TRUE;
    if (error != NULL)
        *error = g_error_copy(stream->failure);
    return FALSE;
}

void
mig_stream_fail(MigStream *stream, GError *failure)
{
    if (stream->failure == NULL)
        stream->failure = failure;
    else
        g_error_free(failure);
}

guint64
mig_stream_offset(const MigStream *stream)
{
    return mig_stream_position(stream) + (guint64)stream->displaced;
}

void
mig_stream_set_offset(MigStream *stream, guint64 base)
{
    stream->displaced = (gint64)(base - mig_stream_position(stream));
}

/* Makes the bytes put since the last part a part of their own. */
static void
close_part(MigStream *stream)
{
    if (stream->end == stream->begin)
        return;
    stream->batch->parts[stream->batch->n_parts++] =
        (struct iovec){stream->buffer + stream->begin, stream->end - stream->begin};
    stream->begin = stream->end;
}

static void
send_batch(MigStream *stream)
{
    MigBatch *batch = stream->batch;
    GError *failure = NULL;

    close_part(stream);
    if (stream->failure == NULL && batch->n_parts > 0) {
        if (stream->behind != NULL) {
            stream->batch = mig_behind_put(stream->behind, batch, &failure);
            stream->buffer = stream->batch->buffer;
        } else {
            mig_channel_write_all(stream->channel, batch->parts, batch->n_parts, &failure);
        }
    }
    if (failure != NULL)
        mig_stream_fail(stream, failure);
    stream->batch->n_parts = 0;
    stream->begin = stream->end = 0;
}

void
mig_stream_write_behind(MigStream *stream)
{
    g_assert(stream->writing && stream->behind == NULL);
    send_batch(stream);
    stream->behind = mig_behind_new(stream->channel);
}

/* Room for @n bytes (far less than the buffer) and, after them, one more part. */
static guint8 *
reserve(MigStream *stream, gsize n)
{
    guint8 *place;

    g_assert(stream->writing);
    if (stream->end + n > STREAM_BUFFER || stream->batch->n_parts + 2 > MIG_BATCH_PARTS)
        send_batch(stream);
    place = stream->buffer + stream->end;
    stream->end += n;
    mig_stream_count(stream, n);
    return place;
}

void
mig_stream_put(MigStream *stream, const void *bytes, gsize n)
{
    const guint8 *from = bytes;

    while (n > 0 && stream->failure == NULL) {
        gsize now = MIN(n, (gsize)4096);

        memcpy(reserve(stream, now), from, now);
        from += now;
        n -= now;
    }
}

void
mig_stream_put_zeros(MigStream *stream, gsize n)
{
    while (n > 0 && stream->failure == NULL) {
        gsize now = MIN(n, (gsize)4096);

        memset(reserve(stream, now), 0, now);
        n -= now;
    }
}

void
mig_stream_put_u8(MigStream *stream, guint8 value)
{
    if (stream->failure == NULL)
        *reserve(stream, 1) = value;
}

void
mig_stream_put_be16(MigStream *stream, guint16 value)
{
    guint16 word = GUINT16_TO_BE(value);

    if (stream->failure == NULL)
        memcpy(reserve(stream, sizeof(word)), &word, sizeof(word));
}

void
mig_stream_put_be32(MigStream *stream, guint32 value)
{
    guint32 word = GUINT32_TO_BE(value);

    if (stream->failure == NULL)
        memcpy(reserve(stream, sizeof(word)), &word, sizeof(word));
}

void
mig_stream_put_be64(MigStream *stream, guint64 value)
{
    guint64 word = GUINT64_TO_BE(value);

    if (stream->failure == NULL)
        memcpy(reserve(stream, sizeof(word)), &word, sizeof(word));
}

void
mig_stream_put_be64_array(MigStream *stream, const guint64 *words, gsize n)
{
    while (n > 0 && stream->failure == NULL) {
        gsize now = MIN(n, (gsize)STREAM_WORDS);
        guint8 *to = reserve(stream, now * sizeof(*words));

        for (gsize i = 0; i < now; i++) {
            guint64 word = GUINT64_TO_BE(words[i]);

            memcpy(to + i * sizeof(word), &word, sizeof(word));
        }
        words += now;
        n -= now;
    }
}

void
mig_stream_put_str8(MigStream *stream, const char *text)
{
    gsize n = strlen(text);

    if (n < 1 || n > 255) {
        mig_stream_fail(stream,
                        g_error_new(MIG_ERROR, MIG_ERROR_VALUE,
                                    "a name of %" G_GSIZE_FORMAT " bytes does not fit: 1 to 255 do",
                                    n));
        return;
    }
    mig_stream_put_u8(stream, (guint8)n);
    mig_stream_put(stream, text, n);
}

void
mig_stream_put_reference(MigStream *stream, const void *bytes, gsize n)
{
    g_assert(stream->writing);
    if (n == 0 || stream->failure != NULL)
        return;
    if (stream->batch->n_parts + 2 > MIG_BATCH_PARTS)
        send_batch(stream);
    close_part(stream);
    stream->batch->parts[stream->batch->n_parts++] = (struct iovec){(void *)bytes, n};
    mig_stream_count(stream, n);
}

gboolean
mig_stream_take_pace(MigStream *stream, guint64 *bytes, gint64 *us)
{
    if (stream->behind == NULL)
        return FALSE;
    mig_behind_take_pace(stream->behind, bytes, us);
    return TRUE;
}

gboolean
mig_stream_push(MigStream *stream, GError **error)
{
    g_assert(stream->writing);
    send_batch(stream);
    return mig_stream_check(stream, error);
}

gboolean
mig_stream_flush(MigStream *stream, GError **error)
{
    GError *failure = NULL;

    g_assert(stream->writing);
    send_batch(stream);
    if (stream->behind != NULL && !mig_behind_drain(stream->behind, &failure))
        mig_stream_fail(stream, failure);
    return mig_stream_check(stream, error);
}

gboolean
mig_stream_seek(MigStream *stream, guint64 offset, GError **error)
{
    if (stream->writing && !mig_stream_flush(stream, error))
        return FALSE;
    if (!mig_channel_seek(stream->channel, offset, error))
        return FALSE;
    stream->begin = stream->end = 0;
    mig_stream_set_offset(stream, offset);
    return TRUE;
}
