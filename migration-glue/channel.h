/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A channel: bytes to or from somewhere, and no meaning.
 *
 * Transports (tcp, unix, exec, file) make channels; streams read and write them. One thread uses
 * a channel for reading and one for writing at a time; mig_channel_shutdown() may come from any.
 */
#ifndef MIGRATION_GLUE_CHANNEL_H
#define MIGRATION_GLUE_CHANNEL_H

#include <sys/uio.h>

#include <glib.h>

typedef struct MigChannel MigChannel;
typedef struct MigChannelClass MigChannelClass;

/* A missing call means that the channel cannot do it. */
struct MigChannelClass {
    const char *name;
    /* At most @n bytes; returns how many, 0 at the end, −1 with @error set. Blocks for the first.
     */
    gssize (*read)(MigChannel *channel, void *buffer, gsize n, GError **error);
    /* Part of @parts; returns how many bytes, at least 1, or −1 with @error set. */
    gssize (*write)(MigChannel *channel, const struct iovec *parts, gsize n_parts, GError **error);
    /* Next read or write happens at @offset. */
    gboolean (*seek)(MigChannel *channel, guint64 offset, GError **error);
    /* The same at a position; the place of the next read or write stays. */
    gssize (*read_at)(MigChannel *channel, guint64 offset, void *buffer, gsize n, GError **error);
    gssize (*write_at)(MigChannel *channel, guint64 offset, const void *bytes, gsize n,
                       GError **error);
    gboolean (*size)(MigChannel *channel, guint64 *size, GError **error); /* bytes there are */
    /* FALSE with @error set after a shutdown. Any thread. */
    gboolean (*check)(MigChannel *channel, GError **error);
    /* Calls @work; who holds a lock for its user lets go of it meanwhile. Missing: just calls. */
    void (*idle)(MigChannel *channel, void (*work)(void *user), void *user);
    MigChannel *(*beneath)(MigChannel *channel); /* of one around another */
    void (*shutdown)(MigChannel *channel);
    gboolean (*close)(MigChannel *channel,
                      GError **error);   /* once; what was written is delivered */
    void (*finish)(MigChannel *channel); /* frees all but the MigChannel */
};

/* First member of every kind of channel. */
struct MigChannel {
    const MigChannelClass *klass;
    char *label; /* for messages: "tcp:host:4444", "file:/x" */
    gboolean closed;
};

/**
 * mig_channel_init:
 * @channel: zeroed, allocated with g_malloc0(); @label is copied
 *
 * For those who implement a kind.
 */
void mig_channel_init(MigChannel *channel, const MigChannelClass *klass, const char *label);

/**
 * mig_channel_read:
 *
 * Returns: bytes read, 1..@n; 0 at the end of the data; −1 with @error set (MIG_ERROR_IO, or
 * MIG_ERROR_CANCELLED after a shutdown).
 */
gssize mig_channel_read(MigChannel *channel, void *buffer, gsize n, GError **error);

/**
 * mig_channel_write_all:
 * @parts: changed while it works
 *
 * Returns: TRUE when every byte was taken; else FALSE with @error set as above.
 */
gboolean
mig_channel_write_all(MigChannel *channel, struct iovec *parts, gsize n_parts, GError **error);

/* Moves to @offset (bytes from the start of the file). FALSE with MIG_ERROR_UNSUPPORTED where the
 * channel has no positions. */
gboolean mig_channel_seek(MigChannel *channel, guint64 offset, GError **error);

/* Whether seek, read_at and write_at work. */
gboolean mig_channel_is_seekable(const MigChannel *channel);

/* All @n bytes at @offset, or FALSE with @error set (MIG_ERROR_TRUNCATED at the end of the data).
 */
gboolean
mig_channel_read_at(MigChannel *channel, guint64 offset, void *buffer, gsize n, GError **error);
gboolean mig_channel_write_at(MigChannel *channel, guint64 offset, const void *bytes, gsize n,
                              GError **error);

/* How many bytes there are: of a regular file, a block device, memory. From the thread that reads
 * or writes. */
gboolean mig_channel_size(MigChannel *channel, guint64 *size, GError **error);

/**
 * mig_channel_core:
 *
 * The channel beneath all that stand around it. Over a descriptor its read_at, write_at and check
 * may be called by any number of threads at once, beside the thread that reads or writes.
 */
MigChannel *mig_channel_core(MigChannel *channel);

/* FALSE with MIG_ERROR_CANCELLED once the channel was shut down. Any thread. */
gboolean mig_channel_check(MigChannel *channel, GError **error);

/* Calls @work, which waits for something else than this channel; a channel that lets go of its
 * user's lock while it waits does so here as well. */
void mig_channel_idle(MigChannel *channel, void (*work)(void *user), void *user);

/* Any thread, but not beside close or free: calls that wait, and later ones, fail with
 * MIG_ERROR_CANCELLED. */
void mig_channel_shutdown(MigChannel *channel);

/* Ends the channel's use; the one place where late trouble (disk full) shows. Idempotent. */
gboolean mig_channel_close(MigChannel *channel, GError **error);

/* Closes, errors unseen, and frees. NULL-safe. */
void mig_channel_free(MigChannel *channel);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MigChannel, mig_channel_free)

/**
 * mig_channel_memory_new:
 * @bytes: (nullable): where reading starts, and writing appends; a reference is kept
 *
 * A channel over memory: reads what is there, writes at its place and grows. Seekable.
 */
MigChannel *mig_channel_memory_new(GByteArray *bytes);

/* A read-only channel over @n bytes that outlive it; nothing is copied. */
MigChannel *mig_channel_bytes_new(const void *bytes, gsize n);

/**
 * mig_channel_fd_new:
 * @fd:    (transfer full): socket, pipe or file; becomes non-blocking until it is closed
 * @label: for messages
 *
 * Seekable if @fd is a regular file or block device; positions are those of the file. The process
 * ignores SIGPIPE.
 *
 * Returns: a channel, or NULL with @error set; then @fd is still the caller's.
 */
MigChannel *mig_channel_fd_new(int fd, const char *label, GError **error);

/* The descriptor of a channel made by mig_channel_fd_new(), else −1. Stays the channel's. */
int mig_channel_fd(const MigChannel *channel);

#endif
