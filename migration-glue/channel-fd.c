/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A channel over a file descriptor: socket, pipe or file.
 *
 * The descriptor is non-blocking while the channel has it, and waiting is done in poll() together
 * with an eventfd, so that a shutdown from another thread ends every wait on every kind.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "migration-glue/channel.h"
#include "migration-glue/error.h"

typedef struct {
    MigChannel channel;
    int fd;
    int wake;  /* eventfd, readable for ever once shut down */
    int flags; /* of the descriptor before us */
    gint shut; /* atomic */
    gboolean is_socket;
} FdChannel;

static gssize
fail(FdChannel *self, const char *what, int errnum, GError **error)
{
    g_set_error(error, MIG_ERROR, MIG_ERROR_IO, "cannot %s %s: %s", what, self->channel.label,
                g_strerror(errnum));
    return -1;
}

static gboolean
was_shut(FdChannel *self, GError **error)
{
    if (!g_atomic_int_get(&self->shut))
        return FALSE;
    g_set_error(error, MIG_ERROR, MIG_ERROR_CANCELLED, "%s was shut down", self->channel.label);
    return TRUE;
}

/* Until @events or a shutdown. */
static gboolean
wait_for(FdChannel *self, short events, GError **error)
{
    struct pollfd fds[2] = {{.fd = self->fd, .events = events},
                            {.fd = self->wake, .events = POLLIN}};

    while (poll(fds, G_N_ELEMENTS(fds), -1) < 0) {
        if (errno != EINTR) {
            fail(self, "wait for", errno, error);
            return FALSE;
        }
    }
    return !was_shut(self, error);
}

/* After a call that returned −1: TRUE if it is to be tried again. */
static gboolean
try_again(FdChannel *self, short events, const char *what, GError **error)
{
    if (errno == EINTR)
        return TRUE;
    if (errno == EAGAIN || errno == EWOULDBLOCK)
        return wait_for(self, events, error);
    /* What a shutdown does to a socket shows as an error of the call. */
    if (!was_shut(self, error))
        fail(self, what, errno, error);
    return FALSE;
}

static gssize
fd_read(MigChannel *channel, void *buffer, gsize n, GError **error)
{
    FdChannel *self = (FdChannel *)channel;

    for (;;) {
        gssize done;

        if (was_shut(self, error))
            return -1;
        done = read(self->fd, buffer, n);
        if (done > 0)
            return done;
        if (done == 0) /* the peer's end, or our own shutdown of a socket */
            return was_shut(self, error) ? -1 : 0;
        if (!try_again(self, POLLIN, "read", error))
            return -1;
    }
}

static gssize
fd_write(MigChannel *channel, const struct iovec *parts, gsize n_parts, GError **error)
{
    FdChannel *self = (FdChannel *)channel;
    struct msghdr message = {.msg_iov = (struct iovec *)parts,
                             .msg_iovlen = MIN(n_parts, (gsize)IOV_MAX)};

    for (;;) {
        gssize done;

        if (was_shut(self, error))
            return -1;
        done = self->is_socket ? sendmsg(self->fd, &message, MSG_NOSIGNAL)
                               : writev(self->fd, parts, (int)message.msg_iovlen);
        if (done > 0)
            return done;
        if (done == 0)
            return fail(self, "write", ENOSPC, error);
        if (!try_again(self, POLLOUT, "write", error))
            return -1;
    }
}

static gssize
fd_read_at(MigChannel *channel, guint64 offset, void *buffer, gsize n, GError **error)
{
    FdChannel *self = (FdChannel *)channel;

    for (;;) {
        gssize done;

        if (was_shut(self, error))
            return -1;
        done = pread(self->fd, buffer, n, (off_t)offset);
        if (done >= 0)
            return done;
        if (!try_again(self, POLLIN, "read", error))
            return -1;
    }
}

static gssize
fd_write_at(MigChannel *channel, guint64 offset, const void *bytes, gsize n, GError **error)
{
    FdChannel *self = (FdChannel *)channel;

    for (;;) {
        gssize done;

        if (was_shut(self, error))
            return -1;
        done = pwrite(self->fd, bytes, n, (off_t)offset);
        if (done > 0)
            return done;
        if (done == 0)
            return fail(self, "write", ENOSPC, error);
        if (!try_again(self, POLLOUT, "write", error))
            return -1;
    }
}

static gboolean
fd_seek(MigChannel *channel, guint64 offset, GError **error)
{
    FdChannel *self = (FdChannel *)channel;

    if (offset <= G_MAXINT64 && lseek(self->fd, (off_t)offset, SEEK_SET) >= 0)
        return TRUE;
    fail(self, "move to a position of", offset <= G_MAXINT64 ? errno : EOVERFLOW, error);
    return FALSE;
}

static gboolean
fd_size(MigChannel *channel, guint64 *size, GError **error)
{
    FdChannel *self = (FdChannel *)channel;
    /* Also of a block device. Only the thread that reads or writes may move the place. */
    off_t here = lseek(self->fd, 0, SEEK_CUR);
    off_t end = here >= 0 ? lseek(self->fd, 0, SEEK_END) : -1;

    if (end < 0 || lseek(self->fd, here, SEEK_SET) < 0) {
        fail(self, "tell the size of", errno, error);
        return FALSE;
    }
    *size = (guint64)end;
    return TRUE;
}

static gboolean
fd_check(MigChannel *channel, GError **error)
{
    return !was_shut((FdChannel *)channel, error);
}

static void
fd_shutdown(MigChannel *channel)
{
    FdChannel *self = (FdChannel *)channel;

    g_atomic_int_set(&self->shut, 1);
    if (self->is_socket)
        shutdown(self->fd, SHUT_RDWR); /* the peer learns of it at once */
    eventfd_write(self->wake, 1);
}

static gboolean
fd_close(MigChannel *channel, GError **error)
{
    FdChannel *self = (FdChannel *)channel;
    int fd = self->fd;

    self->fd = -1;
    fcntl(fd, F_SETFL, self->flags);
    if (close(fd) == 0 || errno == EINTR)
        return TRUE;
    fail(self, "close", errno, error);
    return FALSE;
}

static void
fd_finish(MigChannel *channel)
{
    close(((FdChannel *)channel)->wake);
}

static const MigChannelClass stream_class = {
    .name = "fd",
    .read = fd_read,
    .write = fd_write,
    .check = fd_check,
    .shutdown = fd_shutdown,
    .close = fd_close,
    .finish = fd_finish,
};

static const MigChannelClass file_class = {
    .name = "file",
    .read = fd_read,
    .write = fd_write,
    .seek = fd_seek,
    .read_at = fd_read_at,
    .write_at = fd_write_at,
    .size = fd_size,
    .check = fd_check,
    .shutdown = fd_shutdown,
    .close = fd_close,
    .finish = fd_finish,
};

MigChannel *
mig_channel_fd_new(int fd, const char *label, GError **error)
{
    FdChannel *self;
    struct stat info;
    int flags = fcntl(fd, F_GETFL);
    int wake = -1;

    if (flags < 0 || fstat(fd, &info) < 0 || (wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) < 0 ||
        fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0) {
        g_set_error(error, MIG_ERROR, MIG_ERROR_IO, "cannot use descriptor %d (%s): %s", fd, label,
                    g_strerror(errno));
        if (wake >= 0)
            close(wake);
        return NULL;
    }
    self = g_new0(FdChannel, 1);
    mig_channel_init(&self->channel,
                     S_ISREG(info.st_mode) || S_ISBLK(info.st_mode) ? &file_class : &stream_class,
                     label);
    self->fd = fd;
    self->wake = wake;
    self->flags = flags;
    self->is_socket = S_ISSOCK(info.st_mode);
    return &self->channel;
}

int
mig_channel_fd(const MigChannel *channel)
{
    if (channel->klass != &stream_class && channel->klass != &file_class)
        return -1;
    return ((const FdChannel *)channel)->fd;
}
