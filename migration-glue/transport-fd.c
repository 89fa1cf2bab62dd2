/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fd:NUMBER, inherited from whoever started the program, or fd:NAME, handed to the monitor. A
 * socket carries answers, a pipe or a file does not.
 */
#include <errno.h>
#include <fcntl.h>

#include "migration-glue/error.h"
#include "migration-glue/transport-priv.h"

static gboolean
parse(MigAddress *address, const char *rest, GError **error)
{
    if (rest[0] == '\0')
        return mig_address_refuse(address, "there is no descriptor", error);
    address->name = g_strdup(rest);
    return TRUE;
}

/* The descriptor that is meant, now ours, or −1. */
static int
take(const MigAddress *address, const MigDescriptorOps *descriptors, void *opaque, GError **error)
{
    guint64 number;

    if (!g_ascii_isdigit(address->name[0])) {
        if (descriptors != NULL && descriptors->take_fd != NULL)
            return descriptors->take_fd(opaque, address->name, error);
        g_set_error(error, MIG_ERROR, MIG_ERROR_VALUE,
                    "%s: no descriptor of that name was handed over: use getfd first",
                    address->uri);
        return -1;
    }
    if (!g_ascii_string_to_unsigned(address->name, 10, 3, G_MAXINT, &number, NULL)) {
        mig_address_refuse(address, "a descriptor's number is 3 or more", error);
        return -1;
    }
    if (fcntl((int)number, F_SETFD, FD_CLOEXEC) < 0) {
        mig_transport_fail("use descriptor", address->uri, errno, error);
        return -1;
    }
    return (int)number;
}

static gboolean
open_fd(const MigAddress *address, const MigDescriptorOps *descriptors, void *opaque, MigWake *wake,
        MigEnds *ends, GError **error)
{
    int fd = take(address, descriptors, opaque, error);

    return fd >= 0 && mig_ends_from_fd(ends, fd, address->uri, error);
}

static gboolean
listen_fd(MigListener *listener, const MigDescriptorOps *descriptors, void *opaque, GError **error)
{
    listener->fd = take(listener->address, descriptors, opaque, error);
    return listener->fd >= 0;
}

static gboolean
accept_fd(MigListener *listener, MigWake *wake, MigEnds *ends, GError **error)
{
    int fd = listener->fd;

    listener->fd = -1;
    return mig_ends_from_fd(ends, fd, listener->uri, error);
}

const MigScheme mig_scheme_fd = {
    .prefix = "fd:",
    .form = "fd:NUMBER or fd:NAME",
    .parse = parse,
    .open = open_fd,
    .listen = listen_fd,
    .accept = accept_fd,
};
