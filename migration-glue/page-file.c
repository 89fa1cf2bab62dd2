/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Positioned access, past the page cache where that was wished and works.
 *
 * Direct access needs a file description of its own: it is opened once more by its name in /proc,
 * which also reaches a file that has no name yet, or was handed over.
 */
#include "migration-glue/page-file.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "migration-glue/error.h"

#define AT_ONCE (1u << 20) /* bytes, between two looks whether it was cancelled */

struct MigPageFile {
    MigChannel *core;
    int direct; /* descriptor, −1: none */
    gint way;   /* MigFileWay; atomic */
};

/* The descriptor for direct access, or −1. */
static int
open_directly(int fd)
{
    g_autofree char *name = g_strdup_printf("/proc/self/fd/%d", fd);
    const int mode = fcntl(fd, F_GETFL) & O_ACCMODE;

    return open(name, mode | O_DIRECT | O_CLOEXEC);
}

MigPageFile *
mig_page_file_new(MigChannel *channel, gboolean direct)
{
    MigPageFile *file = g_new0(MigPageFile, 1);
    int fd;

    file->core = mig_channel_core(channel);
    fd = mig_channel_fd(file->core);
    file->direct = direct && fd >= 0 ? open_directly(fd) : -1;
    file->way = !direct             ? MIG_FILE_BUFFERED
                : file->direct >= 0 ? MIG_FILE_DIRECT
                                    : MIG_FILE_REFUSED;
    return file;
}

void
mig_page_file_free(MigPageFile *file)
{
    if (file == NULL)
        return;
    if (file->direct >= 0)
        close(file->direct);
    g_free(file);
}

MigFileWay
mig_page_file_way(MigPageFile *file)
{
    return (MigFileWay)g_atomic_int_get(&file->way);
}

guint
mig_page_file_threads(const MigPageFile *file, guint channels)
{
    return mig_channel_fd(file->core) >= 0 ? channels : 0;
}

/* After a call that returned −1: whether what is left is to be done through the cache. */
static gboolean
falls_back(MigPageFile *file)
{
    if (errno != EINVAL)
        return FALSE;
    g_atomic_int_set(&file->way, MIG_FILE_REFUSED);
    return TRUE;
}

static gboolean
fail(MigPageFile *file, const char *what, GError **error)
{
    g_set_error(error, MIG_ERROR, MIG_ERROR_IO, "cannot %s %s: %s", what, file->core->label,
                g_strerror(errno));
    return FALSE;
}

/* As far as the file takes it; *@done: how much. FALSE: an error. */
static gboolean
write_directly(MigPageFile *file, guint64 offset, const guint8 *bytes, gsize n, gsize *done,
               GError **error)
{
    while (*done < n && mig_page_file_way(file) == MIG_FILE_DIRECT) {
        gssize now;

        if (!mig_channel_check(file->core, error))
            return FALSE;
        now = pwrite(file->direct, bytes + *done, MIN(n - *done, AT_ONCE), (off_t)(offset + *done));
        if (now > 0)
            *done += (gsize)now;
        else if (now == 0 || (errno != EINTR && !falls_back(file)))
            return fail(file, "write", error);
    }
    return TRUE;
}

static gboolean
read_directly(MigPageFile *file, guint64 offset, guint8 *bytes, gsize n, gsize *done,
              GError **error)
{
    while (*done < n && mig_page_file_way(file) == MIG_FILE_DIRECT) {
        gssize now;

        if (!mig_channel_check(file->core, error))
            return FALSE;
        now = pread(file->direct, bytes + *done, MIN(n - *done, AT_ONCE), (off_t)(offset + *done));
        if (now == 0)
            return TRUE; /* the other way says that the file ends here */
        if (now > 0)
            *done += (gsize)now;
        else if (errno != EINTR && !falls_back(file))
            return fail(file, "read", error);
    }
    return TRUE;
}

gboolean
mig_page_file_write(MigPageFile *file, guint64 offset, const guint8 *bytes, gsize n, GError **error)
{
    gsize done = 0;

    return write_directly(file, offset, bytes, n, &done, error) &&
           mig_channel_write_at(file->core, offset + done, bytes + done, n - done, error);
}

gboolean
mig_page_file_read(MigPageFile *file, guint64 offset, guint8 *bytes, gsize n, GError **error)
{
    gsize done = 0;

    return read_directly(file, offset, bytes, n, &done, error) &&
           mig_channel_read_at(file->core, offset + done, bytes + done, n - done, error);
}
