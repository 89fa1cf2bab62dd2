/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Channels over memory: one that grows, one that only reads foreign bytes.
 */
#include <string.h>

#include "migration-glue/channel.h"
#include "migration-glue/error.h"

typedef struct {
    MigChannel channel;
    GByteArray *array;     /* of the growing kind, else NULL */
    const guint8 *foreign; /* of the read-only kind */
    gsize foreign_n;
    gsize place; /* of the next read or write */
    gint shut;   /* atomic */
} MemoryChannel;

/* A write beyond this is a mistake, not a stream. */
#define MEMORY_MAX ((guint64)G_MAXINT32)

static const guint8 *
data_of(const MemoryChannel *memory, gsize *n)
{
    *n = memory->array != NULL ? memory->array->len : memory->foreign_n;
    return memory->array != NULL ? memory->array->data : memory->foreign;
}

static gboolean
still_open(MemoryChannel *memory, GError **error)
{
    if (!g_atomic_int_get(&memory->shut))
        return TRUE;
    g_set_error(error, MIG_ERROR, MIG_ERROR_CANCELLED, "%s was shut down", memory->channel.label);
    return FALSE;
}

static gssize
memory_read_at(MigChannel *channel, guint64 offset, void *buffer, gsize n, GError **error)
{
    MemoryChannel *memory = (MemoryChannel *)channel;
    gsize size;
    const guint8 *data = data_of(memory, &size);

    if (!still_open(memory, error))
        return -1;
    if (offset >= size)
        return 0;
    n = MIN(n, size - offset);
    memcpy(buffer, data + offset, n);
    return (gssize)n;
}

static gssize
memory_read(MigChannel *channel, void *buffer, gsize n, GError **error)
{
    MemoryChannel *memory = (MemoryChannel *)channel;
    gssize done = memory_read_at(channel, memory->place, buffer, n, error);

    if (done > 0)
        memory->place += (gsize)done;
    return done;
}

static gssize
memory_write_at(MigChannel *channel, guint64 offset, const void *bytes, gsize n, GError **error)
{
    MemoryChannel *memory = (MemoryChannel *)channel;
    guint old = memory->array->len;

    if (!still_open(memory, error))
        return -1;
    if (n > MEMORY_MAX || offset > MEMORY_MAX - n) {
        g_set_error(error, MIG_ERROR, MIG_ERROR_IO,
                    "%s cannot hold more than %" G_GUINT64_FORMAT " bytes", channel->label,
                    MEMORY_MAX);
        return -1;
    }
    if (offset + n > old) {
        g_byte_array_set_size(memory->array, (guint)(offset + n));
        if (offset > old)
            memset(memory->array->data + old, 0, offset - old); /* a hole reads as zeros */
    }
    memcpy(memory->array->data + offset, bytes, n);
    return (gssize)n;
}

static gssize
memory_write(MigChannel *channel, const struct iovec *parts, gsize n_parts, GError **error)
{
    MemoryChannel *memory = (MemoryChannel *)channel;
    gssize done =
        memory_write_at(channel, memory->place, parts[0].iov_base, parts[0].iov_len, error);

    if (done > 0)
        memory->place += (gsize)done;
    return done;
}

static gboolean
memory_seek(MigChannel *channel, guint64 offset, GError **error)
{
    MemoryChannel *memory = (MemoryChannel *)channel;

    if (offset > MEMORY_MAX) {
        g_set_error(error, MIG_ERROR, MIG_ERROR_IO, "%s has no byte %" G_GUINT64_FORMAT,
                    channel->label, offset);
        return FALSE;
    }
    memory->place = offset;
    return TRUE;
}

static gboolean
memory_size(MigChannel *channel, guint64 *size, GError **error)
{
    gsize n;

    data_of((MemoryChannel *)channel, &n);
    *size = n;
    return TRUE;
}

static gboolean
memory_check(MigChannel *channel, GError **error)
{
    return still_open((MemoryChannel *)channel, error);
}

static void
memory_shutdown(MigChannel *channel)
{
    g_atomic_int_set(&((MemoryChannel *)channel)->shut, 1);
}

static void
memory_finish(MigChannel *channel)
{
    MemoryChannel *memory = (MemoryChannel *)channel;

    g_clear_pointer(&memory->array, g_byte_array_unref);
}

static const MigChannelClass memory_class = {
    .name = "memory",
    .read = memory_read,
    .write = memory_write,
    .seek = memory_seek,
    .read_at = memory_read_at,
    .write_at = memory_write_at,
    .size = memory_size,
    .check = memory_check,
    .shutdown = memory_shutdown,
    .finish = memory_finish,
};

static const MigChannelClass bytes_class = {
    .name = "bytes",
    .read = memory_read,
    .seek = memory_seek,
    .read_at = memory_read_at,
    .size = memory_size,
    .check = memory_check,
    .shutdown = memory_shutdown,
};

MigChannel *
mig_channel_memory_new(GByteArray *bytes)
{
    MemoryChannel *memory = g_new0(MemoryChannel, 1);

    mig_channel_init(&memory->channel, &memory_class, "memory");
    memory->array = bytes != NULL ? g_byte_array_ref(bytes) : g_byte_array_new();
    return &memory->channel;
}

MigChannel *
mig_channel_bytes_new(const void *bytes, gsize n)
{
    MemoryChannel *memory = g_new0(MemoryChannel, 1);

    mig_channel_init(&memory->channel, &bytes_class, "memory");
    memory->foreign = bytes;
    memory->foreign_n = n;
    return &memory->channel;
}
