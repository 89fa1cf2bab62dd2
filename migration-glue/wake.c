/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A wake is an eventfd that becomes readable and stays so.
 */
#include "migration-glue/wake.h"

#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "migration-glue/error.h"

struct MigWake {
    int fd;
    gint fired; /* atomic */
};

MigWake *
mig_wake_new(GError **error)
{
    int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    MigWake *wake;

    if (fd < 0) {
        g_set_error(error, MIG_ERROR, MIG_ERROR_IO, "cannot make an eventfd: %s",
                    g_strerror(errno));
        return NULL;
    }
    wake = g_new0(MigWake, 1);
    wake->fd = fd;
    return wake;
}

void
mig_wake_free(MigWake *wake)
{
    if (wake == NULL)
        return;
    close(wake->fd);
    g_free(wake);
}

void
mig_wake_fire(MigWake *wake)
{
    g_atomic_int_set(&wake->fired, 1);
    eventfd_write(wake->fd, 1);
}

gboolean
mig_wake_fired(const MigWake *wake)
{
    return g_atomic_int_get(&wake->fired) != 0;
}

MigWait
mig_wake_wait(MigWake *wake, int fd, short events, gint timeout_ms)
{
    struct pollfd fds[2] = {{.fd = wake->fd, .events = POLLIN}, {.fd = fd, .events = events}};
    gint64 end = g_get_monotonic_time() + (gint64)timeout_ms * 1000;
    gint left = timeout_ms;
    int n;

    for (;;) {
        n = poll(fds, fd < 0 ? 1 : 2, left);
        if (mig_wake_fired(wake))
            return MIG_WAIT_FIRED;
        if (n > 0 || (n < 0 && errno != EINTR))
            return MIG_WAIT_READY; /* the call that follows finds out what is wrong */
        if (n == 0)
            return MIG_WAIT_TIMEOUT;
        if (timeout_ms >= 0)
            left = (gint)MAX((end - g_get_monotonic_time()) / 1000, 0);
    }
}

void
mig_wake_set_error(const char *what, GError **error)
{
    g_set_error(error, MIG_ERROR, MIG_ERROR_CANCELLED, "%s was cancelled", what);
}
