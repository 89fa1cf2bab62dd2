/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tcp:HOST:PORT. Every address of a name is tried in the order the resolver gives; the resolver
 * itself cannot be interrupted.
 */
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "migration-glue/error.h"
#include "migration-glue/transport-priv.h"

static gboolean
parse(MigAddress *address, const char *rest, GError **error)
{
    const char *colon = strrchr(rest, ':'), *begin = rest, *end;
    guint64 port;

    if (strchr(rest, ',') != NULL)
        return mig_address_refuse(address, "it takes no options", error);
    if (colon == NULL)
        return mig_address_refuse(address, "there is no port", error);
    end = colon;
    if (*begin == '[' && end > begin && end[-1] == ']') {
        begin++;
        end--;
    } else if (memchr(begin, ':', (gsize)(end - begin)) != NULL) {
        return mig_address_refuse(address, "an IPv6 address stands in brackets", error);
    }
    if (!g_ascii_string_to_unsigned(colon + 1, 10, 0, 65535, &port, NULL))
        return mig_address_refuse(address, "the port is a number from 0 to 65535", error);
    address->name = g_strndup(begin, (gsize)(end - begin));
    address->port = g_strdup(colon + 1);
    return TRUE;
}

static struct addrinfo *
resolve(const MigAddress *address, gboolean passive, GError **error)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
                             .ai_flags = AI_NUMERICSERV | (passive ? AI_PASSIVE : 0)};
    gboolean any = address->name[0] == '\0' || (passive && strcmp(address->name, "0") == 0);
    struct addrinfo *found = NULL;
    int failure = getaddrinfo(any ? NULL : address->name, address->port, &hints, &found);

    if (failure == 0)
        return found;
    g_set_error(error, MIG_ERROR, MIG_ERROR_IO, "cannot find the address of %s: %s", address->uri,
                failure == EAI_SYSTEM ? g_strerror(errno) : gai_strerror(failure));
    return NULL;
}

/* A page less of latency at the end, and a peer that is gone is noticed while nothing is sent. */
static void
tune(int fd)
{
    const int on = 1, idle = 10, interval = 5, count = 3;

    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof(idle));
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval, sizeof(interval));
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &count, sizeof(count));
}

static int
make_socket(const struct addrinfo *info)
{
    return socket(info->ai_family, info->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK,
                  info->ai_protocol);
}

/* A connected socket, or −1. */
static int
connect_one(const struct addrinfo *info, const char *uri, MigWake *wake, GError **error)
{
    int fd = make_socket(info);

    if (fd < 0) {
        mig_transport_fail("make a socket for", uri, errno, error);
        return -1;
    }
    if (mig_socket_connect(fd, info->ai_addr, info->ai_addrlen, uri, wake, error)) {
        tune(fd);
        return fd;
    }
    close(fd);
    return -1;
}

static gboolean
open_tcp(const MigAddress *address, const MigDescriptorOps *descriptors, void *opaque,
         MigWake *wake, MigEnds *ends, GError **error)
{
    struct addrinfo *found = resolve(address, FALSE, error);
    GError *failure = NULL;
    int fd = -1;

    if (found == NULL)
        return FALSE;
    for (const struct addrinfo *i = found; i != NULL && fd < 0 && !mig_wake_fired(wake);
         i = i->ai_next) {
        g_clear_error(&failure);
        fd = connect_one(i, address->uri, wake, &failure);
    }
    freeaddrinfo(found);
    if (fd >= 0) {
        g_clear_error(&failure);
        return mig_ends_from_fd(ends, fd, address->uri, error);
    }
    if (failure == NULL)
        mig_wake_set_error("connecting", &failure);
    g_propagate_error(error, failure);
    return FALSE;
}

static char *
uri_of_socket(int fd)
{
    struct sockaddr_storage name;
    socklen_t n = sizeof(name);
    char host[NI_MAXHOST], port[NI_MAXSERV];

    if (getsockname(fd, (struct sockaddr *)&name, &n) < 0 ||
        getnameinfo((struct sockaddr *)&name, n, host, sizeof(host), port, sizeof(port),
                    NI_NUMERICHOST | NI_NUMERICSERV) != 0)
        return NULL;
    return name.ss_family == AF_INET6 ? g_strdup_printf("tcp:[%s]:%s", host, port)
                                      : g_strdup_printf("tcp:%s:%s", host, port);
}

/* A listening socket, or −1 with errno. */
static int
listen_one(const struct addrinfo *info)
{
    const int on = 1;
    int fd = make_socket(info), failure;

    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (bind(fd, info->ai_addr, info->ai_addrlen) == 0 && listen(fd, 1) == 0)
        return fd;
    failure = errno;
    close(fd);
    errno = failure;
    return -1;
}

static gboolean
listen_tcp(MigListener *listener, const MigDescriptorOps *descriptors, void *opaque, GError **error)
{
    struct addrinfo *found = resolve(listener->address, TRUE, error);
    int failure = 0;

    if (found == NULL)
        return FALSE;
    for (const struct addrinfo *i = found; i != NULL && listener->fd < 0; i = i->ai_next) {
        listener->fd = listen_one(i);
        failure = errno;
    }
    freeaddrinfo(found);
    if (listener->fd < 0)
        return mig_transport_fail("listen at", listener->address->uri, failure, error);
    listener->uri = uri_of_socket(listener->fd);
    return TRUE;
}

static gboolean
accept_tcp(MigListener *listener, MigWake *wake, MigEnds *ends, GError **error)
{
    if (!mig_socket_accept(listener, wake, ends, error))
        return FALSE;
    tune(mig_channel_fd(ends->stream));
    return TRUE;
}

const MigScheme mig_scheme_tcp = {
    .prefix = "tcp:",
    .form = "tcp:HOST:PORT",
    .parse = parse,
    .open = open_tcp,
    .listen = listen_tcp,
    .accept = accept_tcp,
};
