/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * unix:PATH. The socket file of a listener that is gone is replaced, that of a live one is not.
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "migration-glue/transport-priv.h"

/* The kernel wakes a writer when at most a quarter of its room is in use. A default one holds two
 * pieces of what is sent, and a quarter none: then only one side works at a time. */
#define SEND_ROOM (320 * 1024)

static gboolean
parse(MigAddress *address, const char *rest, GError **error)
{
    struct sockaddr_un name;

    if (rest[0] == '\0')
        return mig_address_refuse(address, "there is no path", error);
    if (strlen(rest) >= sizeof(name.sun_path))
        return mig_address_refuse(address, "the path of a socket has at most 107 bytes", error);
    address->name = g_strdup(rest);
    return TRUE;
}

static struct sockaddr_un
name_of(const MigAddress *address)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};

    g_strlcpy(name.sun_path, address->name, sizeof(name.sun_path));
    return name;
}

/* Room that is larger already is left. More than anybody may have takes a privilege; without it,
 * and without any of this, it works, too. */
static void
make_room(int fd)
{
    const int room = SEND_ROOM;
    int had = 0; /* twice what was asked for: the kernel counts its own words */
    socklen_t n = sizeof(had);

    if (getsockopt(fd, SOL_SOCKET, SO_SNDBUF, &had, &n) < 0 || had >= 2 * room)
        return;
    if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(room)) < 0)
        setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
}

static gboolean
open_unix(const MigAddress *address, const MigDescriptorOps *descriptors, void *opaque,
          MigWake *wake, MigEnds *ends, GError **error)
{
    struct sockaddr_un name = name_of(address);
    /* Connecting to a full queue waits in the kernel, where no wake reaches: non-blocking. */
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0)
        return mig_transport_fail("make a socket for", address->uri, errno, error);
    make_room(fd);
    if (!mig_socket_connect(fd, (struct sockaddr *)&name, sizeof(name), address->uri, wake,
                            error)) {
        close(fd);
        return FALSE;
    }
    return mig_ends_from_fd(ends, fd, address->uri, error);
}

/* Whether somebody has bound @name. A listener takes no note of it, as the type is not its own. */
static gboolean
is_live(const struct sockaddr_un *name)
{
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    gboolean refused;

    if (fd < 0)
        return TRUE;
    refused =
        connect(fd, (const struct sockaddr *)name, sizeof(*name)) < 0 && (errno == ECONNREFUSED);
    close(fd);
    return !refused;
}

static gboolean
listen_unix(MigListener *listener, const MigDescriptorOps *descriptors, void *opaque,
            GError **error)
{
    const char *uri = listener->address->uri;
    struct sockaddr_un name = name_of(listener->address);

    listener->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (listener->fd < 0)
        return mig_transport_fail("make a socket for", uri, errno, error);
    if (access(name.sun_path, F_OK) == 0 && !is_live(&name))
        unlink(name.sun_path);
    if (bind(listener->fd, (struct sockaddr *)&name, sizeof(name)) < 0)
        return mig_transport_fail("listen at", uri, errno, error);
    listener->path = g_strdup(name.sun_path);
    return listen(listener->fd, 1) == 0 || mig_transport_fail("listen at", uri, errno, error);
}

const MigScheme mig_scheme_unix = {
    .prefix = "unix:",
    .form = "unix:PATH",
    .parse = parse,
    .open = open_unix,
    .listen = listen_unix,
    .accept = mig_socket_accept,
};
