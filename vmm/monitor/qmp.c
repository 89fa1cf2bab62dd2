/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * QMP servers: one client at a time, the next ones wait in the listening socket's backlog.
 *
 * Not here: the argument and its sockets (qmp-address.c), one client's bytes (qmp-client.c), its
 * conversation (session.c).
 */
#include "vmm/monitor/qmp.h"
#include "vmm/monitor/qmp-address.h"
#include "vmm/monitor/qmp-client.h"
#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#define RETRY_SECONDS 1 /* until the next accept after one that failed */

struct QmpServer {
    Vm *vm;
    QmpAddress address;
    int listener; /* −1: none */
    QmpSocketFile file;
    guint watch;       /* GLib source of the listener, or of its retry; 0: none */
    QmpClient *client; /* or NULL */
};

static void listen_again(QmpServer *server);

static void
unwatch(QmpServer *server)
{
    if (server->watch != 0)
        g_source_remove(server->watch);
    server->watch = 0;
}

static void
on_event(Vm *vm, const VmEvent *event, void *user)
{
    QmpServer *server = user;

    if (server->client != NULL)
        qmp_client_event(server->client, event);
}

static void
client_closed(QmpClient *client, void *user)
{
    QmpServer *server = user;

    server->client = NULL;
    qmp_client_free(client);
    listen_again(server);
}

static void
serve_socket(QmpServer *server, int fd)
{
    const QmpClientSpec spec = {.in = fd, .out = fd, .input_ends = TRUE};

    server->client = qmp_client_new(server->vm, &spec, client_closed, server);
}

static gboolean
retry(gpointer user)
{
    QmpServer *server = user;

    server->watch = 0;
    listen_again(server);
    return G_SOURCE_REMOVE;
}

static gboolean
client_waits(gint listener, GIOCondition condition, gpointer user)
{
    QmpServer *server = user;
    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

    if (fd < 0 && (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED))
        return G_SOURCE_CONTINUE;
    unwatch(server);
    if (fd >= 0)
        serve_socket(server, fd);
    else /* no descriptors left: the socket would stay ready and keep the loop busy */
        server->watch = g_timeout_add_seconds(RETRY_SECONDS, retry, server);
    return G_SOURCE_CONTINUE; /* the source is gone already */
}

static void
listen_again(QmpServer *server)
{
    if (server->listener >= 0)
        server->watch = g_unix_fd_add(server->listener, G_IO_IN, client_waits, server);
}

/* --- Opening --------------------------------------------------------------- */

/* The signals that end a process must do so here too, although the main loop, which is not running
 * yet, has them blocked for its own use. */
static gboolean
poll_interruptibly(int fd)
{
    struct pollfd ready = {.fd = fd, .events = POLLIN};
    sigset_t mask;

    pthread_sigmask(SIG_BLOCK, NULL, &mask);
    sigdelset(&mask, SIGINT);
    sigdelset(&mask, SIGTERM);
    sigdelset(&mask, SIGHUP);
    return ppoll(&ready, 1, NULL, &mask) >= 0;
}

static gboolean
wait_for_client(QmpServer *server, GError **error)
{
    int fd;

    g_printerr("spapr-vmm: waiting for a QMP client on %s\n", server->address.path);
    do {
        if (!poll_interruptibly(server->listener)) {
            g_set_error(error, VM_ERROR, VM_ERROR_HOST, "QMP socket %s: no client came: %s",
                        server->address.path, g_strerror(errno));
            return FALSE;
        }
        fd = accept4(server->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    } while (fd < 0 && errno == EAGAIN);
    if (fd < 0) {
        g_set_error(error, VM_ERROR, VM_ERROR_HOST, "QMP socket %s: cannot accept: %s",
                    server->address.path, g_strerror(errno));
        return FALSE;
    }
    serve_socket(server, fd);
    return TRUE;
}

static gboolean
open_listener(QmpServer *server, GError **error)
{
    server->listener = qmp_socket_listen(server->address.path, &server->file, error);
    if (server->listener < 0)
        return FALSE;
    if (server->address.wait)
        return wait_for_client(server, error);
    listen_again(server);
    return TRUE;
}

static gboolean
open_connection(QmpServer *server, GError **error)
{
    int fd = qmp_socket_connect(server->address.path, error);

    if (fd < 0)
        return FALSE;
    serve_socket(server, fd);
    return TRUE;
}

/*
 * A descriptor of our own for standard input or output, that does not block. A pipe or a terminal
 * is opened anew, since the flag would else reach everybody who shares it; where that is not
 * allowed (a terminal of another user) it is set all the same: the VM must not wait.
 */
static int
own_descriptor(int fd, int mode)
{
    g_autofree char *path = g_strdup_printf("/proc/self/fd/%d", fd);
    struct stat status;
    int own = -1;

    if (fstat(fd, &status) < 0)
        return -1;
    if (S_ISFIFO(status.st_mode) || S_ISCHR(status.st_mode))
        own = open(path, mode | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (own >= 0)
        return own;
    own = fcntl(fd, F_DUPFD_CLOEXEC, 3);
    if (own >= 0 && !S_ISREG(status.st_mode) && !S_ISSOCK(status.st_mode))
        g_unix_set_fd_nonblocking(own, TRUE, NULL);
    return own;
}

static gboolean
open_stdio(QmpServer *server, GError **error)
{
    QmpClientSpec spec = {.input_ends = FALSE};

    spec.in = own_descriptor(STDIN_FILENO, O_RDONLY);
    spec.out = own_descriptor(STDOUT_FILENO, O_WRONLY);
    if (spec.in < 0 || spec.out < 0) {
        g_set_error(error, VM_ERROR, VM_ERROR_HOST, "-qmp stdio: standard %s: %s",
                    spec.in < 0 ? "input" : "output", g_strerror(errno));
        if (spec.in >= 0)
            close(spec.in);
        if (spec.out >= 0)
            close(spec.out);
        return FALSE;
    }
    server->client = qmp_client_new(server->vm, &spec, client_closed, server);
    return TRUE;
}

QmpServer *
qmp_server_new(Vm *vm, const char *spec, GError **error)
{
    QmpServer *server = g_new0(QmpServer, 1);
    gboolean good;

    server->vm = vm;
    server->listener = -1;
    vm_add_listener(vm, on_event, server);
    good = qmp_address_parse(&server->address, spec, error);
    if (good && server->address.path == NULL)
        good = open_stdio(server, error);
    else if (good && server->address.server)
        good = open_listener(server, error);
    else if (good)
        good = open_connection(server, error);
    if (good)
        return server;
    qmp_server_free(server);
    return NULL;
}

void
qmp_server_free(QmpServer *server)
{
    if (server == NULL)
        return;
    vm_remove_listener(server->vm, on_event, server);
    unwatch(server);
    qmp_client_free(server->client);
    if (server->listener >= 0) {
        qmp_socket_remove(server->address.path, &server->file);
        close(server->listener);
    }
    qmp_address_clear(&server->address);
    g_free(server);
}
