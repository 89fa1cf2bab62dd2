/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A connection that breaks (see the header).
 */
#include "tests/migration/relay.h"

#include <glib/gstdio.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

struct Relay {
    GThread *thread;
    char *front, *back;
    int listener;
    int stop[2];     /* a pipe: closed to end it */
    guint64 left[2]; /* bytes that may pass: there, back again */
    guint64 passed[2];
};

static int
unix_socket(const char *path, struct sockaddr_un *address)
{
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    g_strlcpy(address->sun_path, path, sizeof(address->sun_path));
    return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

static gboolean
write_all(int fd, const guint8 *bytes, gsize n)
{
    while (n > 0) {
        gssize done = send(fd, bytes, n, MSG_NOSIGNAL);

        if (done <= 0)
            return FALSE;
        bytes += done;
        n -= (gsize)done;
    }
    return TRUE;
}

/* Messages of the way back: type and length in 2 bytes each; the other side writes them whole. */
static gboolean
are_pongs(const guint8 *bytes, gsize n)
{
    static const guint8 head[] = {0, 2, 0, 4};

    for (gsize at = 0; at < n; at += 8)
        if (memcmp(bytes + at, head, MIN(sizeof(head), n - at)) != 0)
            return FALSE;
    return TRUE;
}

/* FALSE: the end of this connection. */
static gboolean
pass(Relay *relay, int from, int to, guint way)
{
    guint8 buffer[65536];
    gssize n = read(from, buffer, MIN(sizeof(buffer), relay->left[way]));

    if (n <= 0 || (relay->left[way] == RELAY_PONGS && !are_pongs(buffer, (gsize)n)) ||
        !write_all(to, buffer, (gsize)n))
        return FALSE;
    if (relay->left[way] == RELAY_PONGS)
        return TRUE;
    relay->left[way] -= (guint64)n;
    relay->passed[way] += (guint64)n;
    return TRUE;
}

static void
pass_until_it_breaks(Relay *relay, int source, int destination)
{
    struct pollfd ends[3] = {
        {.fd = source, .events = POLLIN},
        {.fd = destination, .events = POLLIN},
        {.fd = relay->stop[0], .events = POLLIN},
    };

    while (poll(ends, G_N_ELEMENTS(ends), -1) > 0 && ends[2].revents == 0) {
        for (guint way = 0; way < 2; way++) {
            if (ends[way].revents == 0)
                continue;
            if (relay->left[way] == 0 || !pass(relay, ends[way].fd, ends[1 - way].fd, way))
                return;
        }
    }
}

static gpointer
run(gpointer data)
{
    Relay *relay = data;
    struct pollfd ends[2] = {
        {.fd = relay->listener, .events = POLLIN},
        {.fd = relay->stop[0], .events = POLLIN},
    };
    struct sockaddr_un address;
    int source, destination;

    if (poll(ends, G_N_ELEMENTS(ends), -1) <= 0 || ends[1].revents != 0)
        return NULL;
    source = accept(relay->listener, NULL, NULL);
    destination = unix_socket(relay->back, &address);
    if (connect(destination, (struct sockaddr *)&address, sizeof(address)) == 0)
        pass_until_it_breaks(relay, source, destination);
    close(source);
    close(destination);
    return NULL;
}

Relay *
relay_new(const char *front, const char *back, guint64 there, guint64 back_again)
{
    Relay *relay = g_new0(Relay, 1);
    struct sockaddr_un address;

    relay->front = g_strdup(front);
    relay->back = g_strdup(back);
    relay->left[0] = there;
    relay->left[1] = back_again;
    g_unlink(front);
    relay->listener = unix_socket(front, &address);
    g_assert_cmpint(bind(relay->listener, (struct sockaddr *)&address, sizeof(address)), ==, 0);
    g_assert_cmpint(listen(relay->listener, 1), ==, 0);
    g_assert_true(pipe(relay->stop) == 0);
    relay->thread = g_thread_new("relay", run, relay);
    return relay;
}

guint64
relay_free(Relay *relay)
{
    guint64 passed;

    close(relay->stop[1]);
    g_thread_join(relay->thread);
    passed = relay->passed[0];
    close(relay->stop[0]);
    close(relay->listener);
    g_unlink(relay->front);
    g_free(relay->front);
    g_free(relay->back);
    g_free(relay);
    return passed;
}
