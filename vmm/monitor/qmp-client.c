/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The two descriptors of one QMP client (see the header).
 *
 * A client that is over (`over`) has no watches left; one idle call later the server is told,
 * so that nothing is freed below a running command.
 */
#include "vmm/monitor/qmp-client.h"
#include "vmm/monitor/session.h"
#include <errno.h>
#include <glib-unix.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define CHUNK 4096 /* bytes read at a time; the loop then looks at everybody else */

struct QmpClient {
    int in, out;
    gboolean input_ends;
    gboolean eof, over;
    QmpSession *session;
    GString *pending;    /* to be written */
    guint8 chunk[CHUNK]; /* read, from `taken` to `filled` not yet understood */
    gsize taken, filled;
    guint in_watch, out_watch, idle; /* GLib source ids; 0: none */
    QmpClientClosed closed;
    void *user;
};

static gboolean input_ready(gint fd, GIOCondition condition, gpointer user);
static gboolean output_ready(gint fd, GIOCondition condition, gpointer user);

gsize
qmp_client_pending(const QmpClient *client)
{
    return client->pending->len;
}

static void
unwatch(guint *source)
{
    if (*source != 0)
        g_source_remove(*source);
    *source = 0;
}

static gboolean
tell_closed(gpointer user)
{
    QmpClient *client = user;

    client->idle = 0;
    client->closed(client, client->user);
    return G_SOURCE_REMOVE;
}

static void
end(QmpClient *client)
{
    if (client->over)
        return;
    client->over = TRUE;
    unwatch(&client->in_watch);
    unwatch(&client->out_watch);
    g_string_truncate(client->pending, 0);
    client->idle = g_idle_add_full(G_PRIORITY_DEFAULT, tell_closed, client, NULL);
}

/* --- Output ---------------------------------------------------------------- */

/* A socket's writer must not be killed by a reader that left, and a descriptor that others share
 * must not have its flags changed: hence the flags of the call where there are any. */
static gssize
write_some(int fd, const char *bytes, gsize n)
{
    gssize done = send(fd, bytes, n, MSG_DONTWAIT | MSG_NOSIGNAL);

    return done < 0 && errno == ENOTSOCK ? write(fd, bytes, n) : done;
}

/* Writes what goes without waiting, and has the main loop call again for the rest. */
static void
flush(QmpClient *client)
{
    gsize done = 0;

    while (!client->over && done < client->pending->len) {
        gssize n =
            write_some(client->out, client->pending->str + done, client->pending->len - done);

        if (n >= 0)
            done += (gsize)n;
        else if (errno == EAGAIN || errno == EWOULDBLOCK)
            break;
        else if (errno != EINTR)
            end(client);
    }
    if (client->over)
        return;
    g_string_erase(client->pending, 0, (gssize)done);
    if (client->pending->len == 0)
        unwatch(&client->out_watch);
    else if (client->out_watch == 0)
        client->out_watch =
            g_unix_fd_add(client->out, G_IO_OUT | G_IO_ERR | G_IO_HUP, output_ready, client);
}

static void
send_line(const char *line, gsize n, void *user)
{
    QmpClient *client = user;

    if (client->over)
        return;
    if (qmp_client_pending(client) > QMP_OUTPUT_MAX) {
        end(client);
        return;
    }
    g_string_append_len(client->pending, line, (gssize)n);
    if (client->out_watch == 0)
        flush(client);
}

/* --- Input ----------------------------------------------------------------- */

/* Descriptors that came with @message go to the session. */
static void
take_fds(QmpClient *client, struct msghdr *message)
{
    for (struct cmsghdr *head = CMSG_FIRSTHDR(message); head != NULL;
         head = CMSG_NXTHDR(message, head)) {
        int fds[QMP_FDS_MAX];
        gsize bytes = head->cmsg_len - CMSG_LEN(0);

        if (head->cmsg_level != SOL_SOCKET || head->cmsg_type != SCM_RIGHTS)
            continue;
        g_assert(bytes <= sizeof(fds)); /* the control buffer has no room for more */
        memcpy(fds, CMSG_DATA(head), bytes);
        qmp_session_take_fds(client->session, fds, (guint)(bytes / sizeof(int)));
    }
}

static gssize
read_some(QmpClient *client)
{
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(QMP_FDS_MAX * sizeof(int))];
    } control;
    struct iovec bytes = {.iov_base = client->chunk, .iov_len = CHUNK};
    struct msghdr message = {
        .msg_iov = &bytes,
        .msg_iovlen = 1,
        .msg_control = &control,
        .msg_controllen = sizeof(control),
    };
    gssize done = recvmsg(client->in, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

    if (done < 0 && errno == ENOTSOCK)
        return read(client->in, client->chunk, CHUNK);
    if (done > 0)
        take_fds(client, &message);
    return done;
}

/* Understands what was read as far as the output allows, then decides what to watch for. */
static void
serve(QmpClient *client)
{
    while (!client->over && client->taken < client->filled &&
           qmp_client_pending(client) <= QMP_OUTPUT_PAUSE)
        client->taken += qmp_session_input(client->session, client->chunk + client->taken,
                                           client->filled - client->taken);
    if (client->over)
        return;
    if (client->taken < client->filled || client->eof) {
        unwatch(&client->in_watch);
        if (client->input_ends && client->taken == client->filled &&
            qmp_client_pending(client) == 0)
            end(client);
        return;
    }
    if (client->in_watch == 0)
        client->in_watch =
            g_unix_fd_add(client->in, G_IO_IN | G_IO_ERR | G_IO_HUP, input_ready, client);
}

static gboolean
input_ready(gint fd, GIOCondition condition, gpointer user)
{
    QmpClient *client = user;
    gssize n = read_some(client);

    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
        return G_SOURCE_CONTINUE;
    client->taken = 0;
    client->filled = n > 0 ? (gsize)n : 0;
    client->eof = n <= 0;
    serve(client);
    return G_SOURCE_CONTINUE; /* serve() removed the source if it is to go */
}

static gboolean
output_ready(gint fd, GIOCondition condition, gpointer user)
{
    QmpClient *client = user;

    flush(client);
    serve(client);
    return G_SOURCE_CONTINUE; /* flush() removed the source if it is to go */
}

void
qmp_client_event(QmpClient *client, const VmEvent *event)
{
    qmp_session_event(client->session, event);
}

QmpClient *
qmp_client_new(Vm *vm, const QmpClientSpec *spec, QmpClientClosed closed, void *user)
{
    QmpClient *client = g_new0(QmpClient, 1);

    client->in = spec->in;
    client->out = spec->out;
    client->input_ends = spec->input_ends;
    client->closed = closed;
    client->user = user;
    client->pending = g_string_new(NULL);
    client->session = qmp_session_new(vm, send_line, client);
    serve(client);
    return client;
}

void
qmp_client_free(QmpClient *client)
{
    if (client == NULL)
        return;
    flush(client);
    unwatch(&client->in_watch);
    unwatch(&client->out_watch);
    unwatch(&client->idle);
    qmp_session_free(client->session);
    g_string_free(client->pending, TRUE);
    close(client->in);
    if (client->out != client->in)
        close(client->out);
    g_free(client);
}
