/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The client's end of a QMP conversation (see the header).
 */
#include "tools/qmp-connection.h"
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define LINE_MAX_BYTES ((gsize)64 * 1024 * 1024) /* a server that sends more is none */
#define RETRY_US       50000                     /* between two attempts to connect */

struct QmpConnection {
    char *path;
    int fd;
    GString *received; /* from the first byte not yet understood */
};

typedef enum { READ_LINE, READ_TIMEOUT, READ_CLOSED, READ_FAILED } ReadResult;

GQuark
qmp_refused_quark(void)
{
    return g_quark_from_static_string("qmp-refused");
}

gint64
qmp_deadline(double seconds)
{
    return g_get_monotonic_time() + (gint64)(seconds * G_USEC_PER_SEC);
}

static void
set_error(GError **error, const QmpConnection *connection, const char *what)
{
    g_set_error(error, G_IO_CHANNEL_ERROR, G_IO_CHANNEL_ERROR_FAILED, "%s: %s", connection->path,
                what);
}

/* Milliseconds for poll(), rounded up; 0 once @deadline has passed. */
static int
time_left(gint64 deadline)
{
    gint64 left = deadline - g_get_monotonic_time();

    if (deadline == QMP_NO_DEADLINE)
        return -1;
    return (int)CLAMP((left + 999) / 1000, 0, G_MAXINT);
}

static int
try_connect(const char *path)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), failure;

    if (fd < 0)
        return -1;
    g_strlcpy(name.sun_path, path, sizeof(name.sun_path));
    if (connect(fd, (struct sockaddr *)&name, sizeof(name)) == 0)
        return fd;
    failure = errno;
    close(fd);
    errno = failure;
    return -1;
}

static int
connect_until(const char *path, gint64 wait_until, GError **error)
{
    if (strlen(path) >= sizeof(((struct sockaddr_un *)NULL)->sun_path)) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NAMETOOLONG,
                    "%s: too long for the path of a socket", path);
        return -1;
    }
    for (;;) {
        int fd = try_connect(path), failure = errno;

        if (fd >= 0)
            return fd;
        if ((failure != ENOENT && failure != ECONNREFUSED) ||
            g_get_monotonic_time() >= wait_until) {
            g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(failure),
                        "%s: cannot connect: %s", path, g_strerror(failure));
            return -1;
        }
        g_usleep(RETRY_US);
    }
}

static ReadResult
read_more(QmpConnection *connection, gint64 deadline)
{
    struct pollfd ready = {.fd = connection->fd, .events = POLLIN};
    char bytes[65536];
    int events = poll(&ready, 1, time_left(deadline));
    gssize n;

    if (events == 0)
        return READ_TIMEOUT;
    if (events < 0)
        return errno == EINTR ? READ_LINE : READ_FAILED;
    n = recv(connection->fd, bytes, sizeof(bytes), 0);
    if (n < 0)
        return errno == EINTR ? READ_LINE : READ_CLOSED;
    if (n == 0)
        return READ_CLOSED;
    g_string_append_len(connection->received, bytes, n);
    return connection->received->len > LINE_MAX_BYTES ? READ_FAILED : READ_LINE;
}

/* One message; *@message is set on READ_LINE only, @error on READ_FAILED only. */
static ReadResult
read_message(QmpConnection *connection, gint64 deadline, json_t **message, GError **error)
{
    GString *received = connection->received;
    gsize searched = 0;

    for (;;) {
        const char *end = memchr(received->str + searched, '\n', received->len - searched);
        ReadResult result;

        if (end != NULL) {
            gsize n = (gsize)(end - received->str) + 1;

            *message = json_loadb(received->str, n, 0, NULL);
            g_string_erase(received, 0, (gssize)n);
            if (json_is_object(*message))
                return READ_LINE;
            json_decref(*message);
            set_error(error, connection, "what answers is no QMP server");
            return READ_FAILED;
        }
        searched = received->len;
        result = read_more(connection, deadline);
        if (result == READ_FAILED)
            set_error(error, connection, "cannot read a message");
        if (result != READ_LINE)
            return result;
    }
}

/* A message that must come, with @what for the case that it does not. */
static json_t *
need_message(QmpConnection *connection, gint64 deadline, const char *what, GError **error)
{
    json_t *message = NULL;
    g_autofree char *trouble = NULL;

    switch (read_message(connection, deadline, &message, error)) {
    case READ_LINE: return message;
    case READ_TIMEOUT: trouble = g_strdup_printf("no %s in time", what); break;
    case READ_CLOSED: trouble = g_strdup_printf("closed before its %s", what); break;
    case READ_FAILED: return NULL;
    }
    set_error(error, connection, trouble);
    return NULL;
}

static gboolean
send_all(QmpConnection *connection, const char *bytes, gsize n, GError **error)
{
    while (n > 0) {
        gssize done = send(connection->fd, bytes, n, MSG_NOSIGNAL);

        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0) {
            set_error(error, connection, g_strerror(errno));
            return FALSE;
        }
        bytes += done;
        n -= (gsize)done;
    }
    return TRUE;
}

static gboolean
send_command(QmpConnection *connection, const char *command, json_t *arguments, GError **error)
{
    json_t *message = json_pack("{s:s}", "execute", command);
    g_autofree char *line = NULL;
    char *text;
    gboolean sent;

    if (arguments != NULL)
        json_object_set_new(message, "arguments", arguments);
    text = json_dumps(message, JSON_COMPACT);
    json_decref(message);
    if (text == NULL) {
        set_error(error, connection, "the command is not UTF-8");
        return FALSE;
    }
    line = g_strconcat(text, "\n", NULL);
    free(text);
    sent = send_all(connection, line, strlen(line), error);
    return sent;
}

json_t *
qmp_connection_call(QmpConnection *connection, const char *command, json_t *arguments,
                    gint64 deadline, GError **error)
{
    json_t *reply, *refusal;

    if (!send_command(connection, command, arguments, error))
        return NULL;
    for (;;) {
        reply = need_message(connection, deadline, "reply", error);
        if (reply == NULL || json_object_get(reply, "return") != NULL)
            return reply;
        refusal = json_object_get(reply, "error");
        if (refusal != NULL)
            break;
        json_decref(reply); /* an event */
    }
    g_set_error(error, QMP_REFUSED, 0, "%s: %s", command,
                json_is_string(json_object_get(refusal, "desc"))
                    ? json_string_value(json_object_get(refusal, "desc"))
                    : "refused without a reason");
    json_decref(reply);
    return NULL;
}

json_t *
qmp_connection_event(QmpConnection *connection, gint64 deadline, gboolean *closed, GError **error)
{
    json_t *message = NULL;
    ReadResult result;

    for (;;) {
        result = read_message(connection, deadline, &message, error);
        *closed = result == READ_CLOSED;
        if (result != READ_LINE)
            return NULL;
        if (json_is_string(json_object_get(message, "event")))
            return message;
        json_decref(message);
    }
}

static gboolean
negotiate(QmpConnection *connection, gint64 deadline, GError **error)
{
    json_t *greeting =
        need_message(connection, deadline, "greeting (is another client connected?)", error);
    gboolean greeted = json_object_get(greeting, "QMP") != NULL;
    json_t *reply;

    if (greeting != NULL && !greeted)
        set_error(error, connection, "what answers is no QMP server");
    json_decref(greeting);
    if (!greeted)
        return FALSE;
    reply = qmp_connection_call(connection, "qmp_capabilities", NULL, deadline, error);
    json_decref(reply);
    return reply != NULL;
}

QmpConnection *
qmp_connection_open(const char *path, gint64 wait_until, gint64 deadline, GError **error)
{
    g_autoptr(QmpConnection) connection = g_new0(QmpConnection, 1);

    connection->path = g_strdup(path);
    connection->received = g_string_new(NULL);
    connection->fd = connect_until(path, wait_until, error);
    if (connection->fd < 0 || !negotiate(connection, deadline, error))
        return NULL;
    return g_steal_pointer(&connection);
}

void
qmp_connection_close(QmpConnection *connection)
{
    if (connection == NULL)
        return;
    if (connection->fd >= 0)
        close(connection->fd);
    g_string_free(connection->received, TRUE);
    g_free(connection->path);
    g_free(connection);
}
