/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * file:PATH[,offset=N]
 *
 * Without an offset the stream is written to a new file beside PATH, synced, and renamed to PATH
 * when it is whole: PATH is the old file or the whole new one, at every moment and after a crash.
 *
 * With an offset (also 0) PATH is somebody's file with a head of its own, as libvirt makes it; so
 * is /dev/fdset/N. Such a file, and what is no regular file, is written in place: what stands
 * before the offset stays, what stands behind it goes. If the migration fails the file is cut at
 * the offset again, so that half a stream is never taken for one.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "migration-glue/channel-outer.h"
#include "migration-glue/error.h"
#include "migration-glue/transport-priv.h"

#define FDSET_PREFIX "/dev/fdset/"

typedef struct {
    MigOuter outer;
    char *path;      /* the final name */
    char *temporary; /* written instead, until committed; NULL: in place */
    guint64 offset;
    gboolean cuttable; /* a regular file, in place: cut at offset unless committed */
} FileChannel;

static gboolean
parse(MigAddress *address, const char *rest, GError **error)
{
    const char *comma = strstr(rest, ",offset=");

    if (comma == NULL && strchr(rest, ',') != NULL)
        return mig_address_refuse(address, "'offset' is its only option", error);
    if (comma != NULL) {
        char *end;

        address->has_offset = TRUE;
        errno = 0;
        address->offset = g_ascii_strtoull(comma + 8, &end, 0);
        if (!g_ascii_isdigit(comma[8]) || *end != '\0' || errno != 0 ||
            address->offset > G_MAXINT64)
            return mig_address_refuse(address, "the offset is a number of bytes", error);
    }
    address->name = comma != NULL ? g_strndup(rest, (gsize)(comma - rest)) : g_strdup(rest);
    if (address->name[0] == '\0')
        return mig_address_refuse(address, "there is no path", error);
    return TRUE;
}

/* ---- The channel ---- */

static gboolean
file_close(MigChannel *channel, GError **error)
{
    FileChannel *self = (FileChannel *)channel;
    int fd = mig_channel_fd(self->outer.inner);

    if (self->cuttable && fd >= 0 && ftruncate(fd, (off_t)self->offset) < 0)
        g_warning("cannot cut %s after a failed migration: %s: it holds half a stream",
                  channel->label, g_strerror(errno));
    if (self->temporary != NULL)
        unlink(self->temporary);
    g_clear_pointer(&self->temporary, g_free);
    self->cuttable = FALSE;
    return mig_channel_close(self->outer.inner, error);
}

static void
file_finish(MigChannel *channel)
{
    FileChannel *self = (FileChannel *)channel;

    mig_outer_finish(channel);
    g_free(self->path);
    g_free(self->temporary);
}

static const MigChannelClass file_class = {
    .name = "file",
    .read = mig_outer_read,
    .write = mig_outer_write,
    .seek = mig_outer_seek,
    .read_at = mig_outer_read_at,
    .write_at = mig_outer_write_at,
    .size = mig_outer_size,
    .beneath = mig_outer_beneath,
    .shutdown = mig_outer_shutdown,
    .close = file_close,
    .finish = file_finish,
};

static const MigChannelClass device_class = {
    .name = "file",
    .read = mig_outer_read,
    .write = mig_outer_write,
    .beneath = mig_outer_beneath,
    .shutdown = mig_outer_shutdown,
    .close = file_close,
    .finish = file_finish,
};

/* The new name survives a crash only once its directory is on the disk. */
static gboolean
sync_directory(const char *path, GError **error)
{
    g_autofree char *directory = g_path_get_dirname(path);
    int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    gboolean good = fd >= 0 && (fsync(fd) == 0 || errno == EINVAL);

    if (!good)
        mig_transport_fail("sync the directory", directory, errno, error);
    if (fd >= 0)
        close(fd);
    return good;
}

static gboolean
commit_file(MigChannel *channel, MigWake *wake, GError **error)
{
    FileChannel *self = (FileChannel *)channel;
    int fd = mig_channel_fd(self->outer.inner);

    /* What is no file (a pipe, a terminal) has nothing to sync. */
    if (fdatasync(fd) < 0 && errno != EINVAL && errno != EROFS)
        return mig_transport_fail("sync", channel->label, errno, error);
    if (self->temporary != NULL) {
        if (rename(self->temporary, self->path) < 0)
            return mig_transport_fail("give its final name to", channel->label, errno, error);
        g_clear_pointer(&self->temporary, g_free);
        if (!sync_directory(self->path, error))
            return FALSE;
    }
    self->cuttable = FALSE;
    return mig_channel_close(self->outer.inner, error);
}

/* @fd (transfer full) as the stream of @ends, which is read. NULL: an error. */
static FileChannel *
make_channel(MigEnds *ends, const MigAddress *address, int fd, GError **error)
{
    FileChannel *self = g_new0(FileChannel, 1);

    self->outer.inner = mig_channel_fd_new(fd, address->uri, error);
    if (self->outer.inner == NULL) {
        close(fd);
        g_free(self);
        return NULL;
    }
    mig_channel_init(&self->outer.channel,
                     mig_channel_is_seekable(self->outer.inner) ? &file_class : &device_class,
                     address->uri);
    self->path = g_strdup(address->name);
    self->offset = address->offset;
    ends->stream = &self->outer.channel;
    ends->offset = address->offset;
    ends->verdict = MIG_VERDICT_CLOSE;
    return self;
}

/* A descriptor that was handed in may stand anywhere. */
static gboolean
seek_begin(MigEnds *ends, GError **error)
{
    return (ends->offset == 0 && !mig_channel_is_seekable(ends->stream)) ||
           mig_channel_seek(ends->stream, ends->offset, error);
}

static gboolean
make_reader(MigEnds *ends, const MigAddress *address, int fd, GError **error)
{
    return make_channel(ends, address, fd, error) != NULL && seek_begin(ends, error);
}

/* @temporary (transfer full, nullable): its name until all is written. */
static gboolean
make_writer(MigEnds *ends, const MigAddress *address, int fd, char *temporary, GError **error)
{
    struct stat info;
    gboolean regular = fstat(fd, &info) == 0 && S_ISREG(info.st_mode);
    FileChannel *self = make_channel(ends, address, fd, error);

    if (self == NULL) {
        g_free(temporary);
        return FALSE;
    }
    self->temporary = temporary;
    self->cuttable = regular && temporary == NULL;
    ends->commit = commit_file;
    return seek_begin(ends, error);
}

/* ---- Opening ---- */

static int
open_fdset(const MigAddress *address, const MigDescriptorOps *descriptors, void *opaque, int flags,
           GError **error)
{
    guint64 set;

    if (descriptors == NULL || descriptors->open_fdset == NULL ||
        !g_ascii_string_to_unsigned(address->name + strlen(FDSET_PREFIX), 10, 0, G_MAXINT64, &set,
                                    NULL)) {
        g_set_error(error, MIG_ERROR, MIG_ERROR_VALUE,
                    "%s: there is no such set of descriptors: use add-fd first", address->uri);
        return -1;
    }
    return descriptors->open_fdset(opaque, set, flags, error);
}

static int
open_path(const MigAddress *address, const MigDescriptorOps *descriptors, void *opaque, int flags,
          GError **error)
{
    int fd;

    if (g_str_has_prefix(address->name, FDSET_PREFIX))
        return open_fdset(address, descriptors, opaque, flags, error);
    fd = open(address->name, flags | O_CLOEXEC, 0600);
    if (fd < 0)
        mig_transport_fail("open", address->uri, errno, error);
    return fd;
}

/* A new file beside the final one, with the final one's mode if there is one. */
static gboolean
open_beside(const MigAddress *address, mode_t mode, MigEnds *ends, GError **error)
{
    char *temporary = g_strdup_printf("%s.XXXXXX", address->name);
    int fd = g_mkstemp_full(temporary, O_RDWR | O_CLOEXEC, 0600);

    if (fd < 0) {
        mig_transport_fail("make a file beside", address->uri, errno, error);
        g_free(temporary);
        return FALSE;
    }
    if (mode != 0 && fchmod(fd, mode & 07777) < 0) {
        mig_transport_fail("set the mode of", temporary, errno, error);
        unlink(temporary);
        g_free(temporary);
        close(fd);
        return FALSE;
    }
    return make_writer(ends, address, fd, temporary, error);
}

/* @type: of the file, as in st_mode; 0: it is new, or a manager's descriptor. */
static gboolean
open_in_place(const MigAddress *address, const MigDescriptorOps *descriptors, void *opaque,
              mode_t type, MigEnds *ends, GError **error)
{
    const gboolean regular = type == 0 || S_ISREG(type);
    /* A pipe is opened for reading as well: there is no wait for a reader then. Nothing else has
     * to be readable. */
    int fd = open_path(address, descriptors, opaque, (S_ISFIFO(type) ? O_RDWR : O_WRONLY) | O_CREAT,
                       error);

    if (fd < 0)
        return FALSE;
    if (regular && ftruncate(fd, (off_t)address->offset) < 0 && errno != EINVAL) {
        mig_transport_fail("cut", address->uri, errno, error);
        close(fd);
        return FALSE;
    }
    return make_writer(ends, address, fd, NULL, error);
}

static gboolean
open_file(const MigAddress *address, const MigDescriptorOps *descriptors, void *opaque,
          MigWake *wake, MigEnds *ends, GError **error)
{
    struct stat info;
    gboolean fdset = g_str_has_prefix(address->name, FDSET_PREFIX);
    mode_t mode = !fdset && stat(address->name, &info) == 0 ? info.st_mode : 0;

    if (fdset || address->has_offset || (mode != 0 && !S_ISREG(mode)))
        return open_in_place(address, descriptors, opaque, mode, ends, error);
    return open_beside(address, mode, ends, error);
}

static gboolean
listen_file(MigListener *listener, const MigDescriptorOps *descriptors, void *opaque,
            GError **error)
{
    listener->fd = open_path(listener->address, descriptors, opaque, O_RDONLY, error);
    return listener->fd >= 0;
}

static gboolean
accept_file(MigListener *listener, MigWake *wake, MigEnds *ends, GError **error)
{
    int fd = listener->fd;

    listener->fd = -1;
    return make_reader(ends, listener->address, fd, error);
}

const MigScheme mig_scheme_file = {
    .prefix = "file:",
    .form = "file:PATH[,offset=BYTES]",
    .parse = parse,
    .open = open_file,
    .listen = listen_file,
    .accept = accept_file,
};
