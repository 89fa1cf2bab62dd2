/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Opening, and looking ahead.
 */
#include "tools/stream-input.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "migration-glue/error.h"

#define STEP (1024u * 1024)

static StreamInput *
fail_open(const char *path, int errnum, GError **error)
{
    g_set_error(error, MIG_ERROR, MIG_ERROR_IO, "cannot read %s: %s", path, g_strerror(errnum));
    return NULL;
}

StreamInput *
stream_input_open(const char *path, GError **error)
{
    const gboolean standard = strcmp(path, "-") == 0;
    const char *name = standard ? "standard input" : path;
    const int fd =
        standard ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0) : open(path, O_RDONLY | O_CLOEXEC);
    struct stat status;
    MigChannel *channel;
    StreamInput *input;

    if (fd < 0)
        return fail_open(name, errno, error);
    if (fstat(fd, &status) != 0 || S_ISDIR(status.st_mode)) {
        close(fd);
        return fail_open(name, S_ISDIR(status.st_mode) ? EISDIR : errno, error);
    }
    channel = mig_channel_fd_new(fd, name, error);
    if (channel == NULL) {
        close(fd);
        return NULL;
    }
    input = g_new0(StreamInput, 1);
    input->stream = mig_stream_new_reader(channel);
    input->name = g_strdup(name);
    if (S_ISREG(status.st_mode))
        input->size = (guint64)status.st_size;
    if (S_ISREG(status.st_mode) && standard) {
        /* What was read of it before is not ours. */
        const off_t at = lseek(STDIN_FILENO, 0, SEEK_CUR);

        input->base = at > 0 ? (guint64)at : 0;
    }
    return input;
}

StreamInput *
stream_input_memory(GByteArray *bytes, guint64 base, const char *name)
{
    StreamInput *input = g_new0(StreamInput, 1);

    input->memory = g_byte_array_ref(bytes);
    input->stream = mig_stream_new_reader(mig_channel_bytes_new(bytes->data, bytes->len));
    input->base = base;
    input->name = g_strdup(name);
    return input;
}

void
stream_input_free(StreamInput *input)
{
    if (input == NULL)
        return;
    mig_stream_free(input->stream);
    g_clear_pointer(&input->memory, g_byte_array_unref);
    g_free(input->name);
    g_free(input);
}

guint64
stream_input_position(const StreamInput *input)
{
    return input->base + mig_stream_position(input->stream);
}

gboolean
stream_input_slurp(StreamInput *input, GError **error)
{
    g_autoptr(GByteArray) bytes = NULL;
    const guint64 base = stream_input_position(input);
    gsize have;

    if (input->memory != NULL)
        return TRUE;
    bytes = g_byte_array_new();
    for (;;) {
        const guint8 *some = mig_stream_peek(input->stream, MIG_STREAM_PEEK_MAX, &have);

        if (have == 0)
            break;
        if (bytes->len + have > STREAM_INPUT_MEMORY_MAX) {
            g_set_error(error, MIG_ERROR, MIG_ERROR_UNSUPPORTED,
                        "byte %" G_GUINT64_FORMAT ": more than %u MiB follow whose length the "
                        "stream does not tell",
                        base, STREAM_INPUT_MEMORY_MAX / STEP);
            return FALSE;
        }
        g_byte_array_append(bytes, some, (guint)have);
        mig_stream_skip(input->stream, have);
    }
    if (!mig_stream_check(input->stream, error))
        return FALSE;
    mig_stream_free(input->stream);
    input->memory = g_steal_pointer(&bytes);
    input->stream =
        mig_stream_new_reader(mig_channel_bytes_new(input->memory->data, input->memory->len));
    input->base = base;
    return TRUE;
}

const guint8 *
stream_input_rest(const StreamInput *input, gsize *n)
{
    const gsize at = (gsize)mig_stream_position(input->stream);

    g_assert(input->memory != NULL && at <= input->memory->len);
    *n = input->memory->len - at;
    return input->memory->data + at;
}

GByteArray *
stream_input_take(StreamInput *input, guint64 n, GError **error)
{
    g_autoptr(GByteArray) bytes = g_byte_array_new();

    while (bytes->len < n) {
        const guint had = bytes->len, now = (guint)MIN(n - had, STEP);

        if (had + (guint64)now > STREAM_INPUT_MEMORY_MAX) {
            g_set_error(error, MIG_ERROR, MIG_ERROR_UNSUPPORTED,
                        "%" G_GUINT64_FORMAT " bytes at once are more than the %u MiB that are "
                        "taken",
                        n, STREAM_INPUT_MEMORY_MAX / STEP);
            return NULL;
        }
        g_byte_array_set_size(bytes, had + now);
        if (!mig_stream_get(input->stream, bytes->data + had, now)) {
            mig_stream_check(input->stream, error);
            return NULL;
        }
    }
    return g_steal_pointer(&bytes);
}

GByteArray *
stream_input_tail(StreamInput *input, gsize limit, guint64 *start)
{
    MigChannel *channel = mig_stream_channel(input->stream);
    const guint64 size = input->memory != NULL ? input->memory->len : input->size;
    GByteArray *bytes;
    gsize n;

    if (size == 0 || !mig_channel_is_seekable(channel))
        return NULL;
    n = (gsize)MIN(size, (guint64)limit);
    bytes = g_byte_array_new();
    g_byte_array_set_size(bytes, (guint)n);
    if (!mig_channel_read_at(channel, size - n, bytes->data, n, NULL)) {
        g_byte_array_unref(bytes);
        return NULL;
    }
    *start = size - n + (input->memory != NULL ? input->base : 0);
    return bytes;
}

gboolean
stream_input_skip(StreamInput *input, guint64 n)
{
    const guint64 at = stream_input_position(input);
    guint64 far;

    if (input->memory != NULL || n < STEP || input->size <= at)
        return mig_stream_skip(input->stream, n);
    /* Beyond the end the next read says so. */
    far = MIN(n, input->size - at);
    if (!mig_stream_seek(input->stream, at + far, NULL))
        return mig_stream_skip(input->stream, n);
    input->base += far;
    return mig_stream_skip(input->stream, n - far);
}

guint64
stream_input_drain(StreamInput *input)
{
    guint64 n = 0;
    gsize have;

    while (mig_stream_peek(input->stream, MIG_STREAM_PEEK_MAX, &have), have > 0) {
        mig_stream_skip(input->stream, have);
        n += have;
    }
    return n;
}
