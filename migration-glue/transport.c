/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table of schemes, and what sockets have in common.
 */
#include "migration-glue/transport.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "migration-glue/error.h"
#include "migration-glue/transport-priv.h"

static const MigScheme *const schemes[] = {
    &mig_scheme_tcp, &mig_scheme_unix, &mig_scheme_fd, &mig_scheme_exec, &mig_scheme_file,
};

gboolean
mig_address_refuse(const MigAddress *address, const char *what, GError **error)
{
    g_set_error(error, MIG_ERROR, MIG_ERROR_VALUE, "migration address '%s': %s; it has the form %s",
                address->uri, what, address->scheme->form);
    return FALSE;
}

gboolean
mig_transport_fail(const char *what, const char *uri, int errnum, GError **error)
{
    g_set_error(error, MIG_ERROR, MIG_ERROR_IO, "cannot %s %s: %s", what, uri, g_strerror(errnum));
    return FALSE;
}

static MigAddress *
refuse_scheme(const char *uri, GError **error)
{
    g_autoptr(GString) forms = g_string_new(NULL);

    for (guint i = 0; i < G_N_ELEMENTS(schemes); i++)
        g_string_append_printf(forms, "%s%s", i > 0 ? ", " : "", schemes[i]->form);
    g_set_error(error, MIG_ERROR, MIG_ERROR_VALUE,
                "migration address '%s' is of an unknown kind; known are %s", uri, forms->str);
    return NULL;
}

MigAddress *
mig_address_parse(const char *uri, GError **error)
{
    for (guint i = 0; i < G_N_ELEMENTS(schemes); i++) {
        g_autoptr(MigAddress) address = NULL;

        if (!g_str_has_prefix(uri, schemes[i]->prefix))
            continue;
        address = g_new0(MigAddress, 1);
        address->scheme = schemes[i];
        address->uri = g_strdup(uri);
        if (!schemes[i]->parse(address, uri + strlen(schemes[i]->prefix), error))
            return NULL;
        return g_steal_pointer(&address);
    }
    return refuse_scheme(uri, error);
}

void
mig_address_free(MigAddress *address)
{
    if (address == NULL)
        return;
    g_free(address->uri);
    g_free(address->name);
    g_free(address->port);
    g_free(address);
}

const char *
mig_address_uri(const MigAddress *address)
{
    return address->uri;
}

void
mig_ends_clear(MigEnds *ends)
{
    g_clear_pointer(&ends->stream, mig_channel_free);
    g_clear_pointer(&ends->back, mig_channel_free);
}

gboolean
mig_transport_open(const MigAddress *address, const MigDescriptorOps *descriptors, void *opaque,
                   MigWake *wake, MigEnds *ends, GError **error)
{
    memset(ends, 0, sizeof(*ends));
    if (address->scheme->open(address, descriptors, opaque, wake, ends, error))
        return TRUE;
    mig_ends_clear(ends);
    return FALSE;
}

/* ---- Listening ---- */

MigListener *
mig_listener_new(const MigAddress *address, const MigDescriptorOps *descriptors, void *opaque,
                 GError **error)
{
    g_autoptr(MigListener) listener = g_new0(MigListener, 1);

    listener->fd = -1;
    listener->address = mig_address_parse(address->uri, NULL);
    if (!address->scheme->listen(listener, descriptors, opaque, error))
        return NULL;
    if (listener->uri == NULL)
        listener->uri = g_strdup(address->uri);
    return g_steal_pointer(&listener);
}

void
mig_listener_free(MigListener *listener)
{
    if (listener == NULL)
        return;
    if (listener->fd >= 0)
        close(listener->fd);
    if (listener->path != NULL)
        unlink(listener->path);
    mig_address_free(listener->address);
    g_free(listener->uri);
    g_free(listener->path);
    g_free(listener);
}

const char *
mig_listener_uri(const MigListener *listener)
{
    return listener->uri;
}

gboolean
mig_listener_accept(MigListener *listener, MigWake *wake, MigEnds *ends, GError **error)
{
    memset(ends, 0, sizeof(*ends));
    if (listener->address->scheme->accept(listener, wake, ends, error))
        return TRUE;
    mig_ends_clear(ends);
    return FALSE;
}

/* ---- Sockets ---- */

/* Before there are two channels over one socket: each would put back its own mode. */
static gboolean
set_nonblocking(int fd)
{
    int flags = fcntl(fd, F_GETFL);

    return flags >= 0 && fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0;
}

static gboolean
add_back(MigEnds *ends, int fd, const char *label, GError **error)
{
    int other = fcntl(fd, F_DUPFD_CLOEXEC, 0);

    if (other < 0)
        return mig_transport_fail("duplicate the descriptor of", label, errno, error);
    ends->back = mig_channel_fd_new(other, label, error);
    if (ends->back != NULL)
        return TRUE;
    close(other);
    return FALSE;
}

gboolean
mig_ends_from_fd(MigEnds *ends, int fd, const char *label, GError **error)
{
    struct stat info;
    gboolean known = fstat(fd, &info) == 0;
    gboolean is_socket = known && S_ISSOCK(info.st_mode);

    if (is_socket && !set_nonblocking(fd)) {
        mig_transport_fail("set the mode of", label, errno, error);
        close(fd);
        return FALSE;
    }
    ends->stream = mig_channel_fd_new(fd, label, error);
    if (ends->stream == NULL) {
        close(fd);
        return FALSE;
    }
    ends->verdict = is_socket                        ? MIG_VERDICT_ANSWER
                    : known && S_ISREG(info.st_mode) ? MIG_VERDICT_CLOSE
                                                     : MIG_VERDICT_NONE;
    if (is_socket && !add_back(ends, fd, label, error)) {
        mig_ends_clear(ends);
        return FALSE;
    }
    return TRUE;
}

gboolean
mig_socket_connect(int fd, const struct sockaddr *to, guint n, const char *uri, MigWake *wake,
                   GError **error)
{
    int failure = 0;
    socklen_t size = sizeof(failure);

    if (connect(fd, to, n) == 0)
        return TRUE;
    if (errno != EINPROGRESS)
        return mig_transport_fail("connect to", uri, errno, error);
    if (mig_wake_wait(wake, fd, POLLOUT, -1) == MIG_WAIT_FIRED) {
        mig_wake_set_error("connecting", error);
        return FALSE;
    }
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &failure, &size) < 0)
        failure = errno;
    return failure == 0 || mig_transport_fail("connect to", uri, failure, error);
}

gboolean
mig_socket_accept(MigListener *listener, MigWake *wake, MigEnds *ends, GError **error)
{
    for (;;) {
        int fd;

        if (mig_wake_wait(wake, listener->fd, POLLIN, -1) == MIG_WAIT_FIRED) {
            mig_wake_set_error("waiting for the sender", error);
            return FALSE;
        }
        fd = accept4(listener->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd >= 0) {
            close(listener->fd);
            listener->fd = -1;
            return mig_ends_from_fd(ends, fd, listener->uri, error);
        }
        if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)
            return mig_transport_fail("accept a connection at", listener->uri, errno, error);
    }
}
