/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The traffic of a character device: a ring of output, a little pending input, and the operator's
 * Ctrl-A.
 */
#include "vmm/chardev.h"

#include <errno.h>
#include <glib-unix.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "vmm/chardev-priv.h"

/* Nothing is read that the device does not take at once: whoever writes waits, and what was not
 * read can be read by the guest's next host. Only at a terminal somebody must listen for Ctrl-A
 * even if the guest does not; there a paste may be large, and what is beyond is lost. And of a
 * client that leaves its last words are kept. */
#define PENDING_MAX  4096u
#define TERMINAL_MAX (1u << 20)
#define FLUSH_MS     2000
#define ESCAPE       0x01 /* Ctrl-A */

struct VdevChardev {
    ChardevEnds ends;
    ChardevConfig config;
    gboolean escape, escaped; /* Ctrl-A means something; it was the last byte */
    gboolean listens;         /* to Ctrl-A, always */
    gboolean paused;          /* the guest is not here */

    const VdevChardevOps *ops;
    void *user;
    GByteArray *pending;
    guint taken; /* bytes at the beginning of pending that are gone */

    guint8 *ring; /* CHARDEV_BUFFER bytes once needed */
    gsize head, used;
    gboolean losing;       /* said so already */
    gboolean losing_input; /* the same */

    guint in_source, out_source, accept_source, deliver_source; /* 0: none */
    gboolean in_waits; /* in_source does not look for input */
};

static void chardev_watch_input(VdevChardev *chardev);
static void chardev_watch_leaving(VdevChardev *chardev);
static void chardev_watch_accept(VdevChardev *chardev);
static void chardev_push(VdevChardev *chardev);

static void
source_clear(guint *id)
{
    if (*id != 0)
        g_source_remove(*id);
    *id = 0;
}

/* The other end is gone. A listening socket waits for the next one. */
static void
chardev_disconnect(VdevChardev *chardev)
{
    source_clear(&chardev->in_source);
    source_clear(&chardev->out_source);
    if (chardev->ends.close_fds && chardev->ends.in >= 0 && chardev->ends.in == chardev->ends.out) {
        close(chardev->ends.in);
        chardev->ends.in = chardev->ends.out = -1;
    } else {
        chardev->ends.in = -1;
    }
    chardev_watch_accept(chardev);
}

/* ---- output -------------------------------------------------------------------------------- */

static void
ring_append(VdevChardev *chardev, const guint8 *bytes, gsize n)
{
    gsize over;

    if (chardev->ring == NULL)
        chardev->ring = g_malloc(CHARDEV_BUFFER);
    if (n > CHARDEV_BUFFER) {
        bytes += n - CHARDEV_BUFFER;
        n = CHARDEV_BUFFER;
    }
    over = chardev->used + n > CHARDEV_BUFFER ? chardev->used + n - CHARDEV_BUFFER : 0;
    chardev->head = (chardev->head + over) % CHARDEV_BUFFER;
    chardev->used -= over;
    for (gsize i = 0; i < n; i++)
        chardev->ring[(chardev->head + chardev->used + i) % CHARDEV_BUFFER] = bytes[i];
    chardev->used += n;

    /* Without a reader yet, on a socket or a pseudo-terminal, the loss is expected. */
    if (over > 0 && !chardev->losing && chardev->ends.out >= 0 && chardev->ends.slave < 0)
        log_message(chardev->config.log, VDEV_LOG_WARNING,
                    "console output is lost: its reader does not keep up");
    chardev->losing = chardev->losing || over > 0;
}

/* What the other end takes now. Returns how many bytes went; stops watching a broken end. */
static gsize
chardev_put(VdevChardev *chardev, const guint8 *bytes, gsize n)
{
    gsize done = 0;

    while (done < n && chardev->ends.out >= 0) {
        gssize put = write(chardev->ends.out, bytes + done, n - done);

        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0 && errno == EAGAIN)
            break;
        if (put < 0 && chardev->ends.in == chardev->ends.out)
            chardev_disconnect(chardev);
        else if (put < 0)
            return n; /* a file system that is full, a pipe that broke: nothing to wait for */
        else
            done += (gsize)put;
    }
    return done;
}

static gboolean
chardev_out_ready(gint fd, GIOCondition condition, gpointer user)
{
    VdevChardev *chardev = user;

    chardev->out_source = 0;
    chardev_push(chardev);
    return G_SOURCE_REMOVE;
}

/* As much of the ring as goes; watches for the moment when more goes. */
static void
chardev_push(VdevChardev *chardev)
{
    while (chardev->used > 0 && chardev->ends.out >= 0) {
        gsize run = MIN(chardev->used, CHARDEV_BUFFER - chardev->head);
        gsize put = chardev_put(chardev, chardev->ring + chardev->head, run);

        chardev->head = (chardev->head + put) % CHARDEV_BUFFER;
        chardev->used -= put;
        if (put < run)
            break;
    }
    if (chardev->used == 0)
        chardev->losing = FALSE;
    else if (chardev->ends.out >= 0 && chardev->out_source == 0)
        chardev->out_source =
            g_unix_fd_add(chardev->ends.out, G_IO_OUT, chardev_out_ready, chardev);
}

void
chardev_write(VdevChardev *chardev, const guint8 *bytes, gsize n)
{
    gsize done = 0;

    if (chardev == NULL || n == 0)
        return;
    if (chardev->used == 0)
        done = chardev_put(chardev, bytes, n);
    if (done == n || (chardev->ends.out < 0 && chardev->ends.listener < 0))
        return;
    ring_append(chardev, bytes + done, n - done);
    chardev_push(chardev);
}

/* ---- input --------------------------------------------------------------------------------- */

static gsize
pending_n(const VdevChardev *chardev)
{
    return chardev->pending->len - chardev->taken;
}

static gsize
pending_room(const VdevChardev *chardev)
{
    return (chardev->listens ? TERMINAL_MAX : PENDING_MAX) - pending_n(chardev);
}

/* Bytes that the device takes now. */
static gsize
takes(const VdevChardev *chardev)
{
    return chardev->ops == NULL || chardev->paused ? 0 : chardev->ops->can_read(chardev->user);
}

/* Bytes to be read now. */
static gsize
wanted(const VdevChardev *chardev)
{
    gsize room = takes(chardev), n = pending_n(chardev);

    if (chardev->listens)
        return pending_room(chardev);
    return room > n ? MIN(room - n, pending_room(chardev)) : 0;
}

static void
pending_append(VdevChardev *chardev, guint8 byte)
{
    if (pending_room(chardev) > 0) {
        g_byte_array_append(chardev->pending, &byte, 1);
    } else if (!chardev->losing_input) {
        log_message(chardev->config.log, VDEV_LOG_WARNING,
                    "console input is lost: the guest does not read it");
        chardev->losing_input = TRUE;
    }
}

/* The bytes move down only when that frees as much as it moves. */
static void
pending_take(VdevChardev *chardev, guint8 *bytes, guint n)
{
    memcpy(bytes, chardev->pending->data + chardev->taken, n);
    chardev->taken += n;
    if (chardev->taken < chardev->pending->len - chardev->taken)
        return;
    g_byte_array_remove_range(chardev->pending, 0, chardev->taken);
    chardev->taken = 0;
    chardev->losing_input = FALSE;
}

static void
chardev_escape(VdevChardev *chardev, guint8 byte)
{
    static const char help[] = "\r\nCtrl-A x   end the VM\r\n"
                               "Ctrl-A a   send Ctrl-A to the guest\r\n"
                               "Ctrl-A h   this text\r\n";

    chardev->escaped = FALSE;
    if (byte == 'x' && chardev->config.quit != NULL)
        chardev->config.quit(chardev->config.user);
    else if (byte == 'h' || byte == '?')
        chardev_write(chardev, (const guint8 *)help, strlen(help));
    else if (byte == 'a' || byte == ESCAPE)
        pending_append(chardev, ESCAPE);
}

static void
chardev_take(VdevChardev *chardev, const guint8 *bytes, gsize n)
{
    for (gsize i = 0; i < n; i++) {
        if (chardev->escaped)
            chardev_escape(chardev, bytes[i]);
        else if (chardev->escape && bytes[i] == ESCAPE)
            chardev->escaped = TRUE;
        else
            pending_append(chardev, bytes[i]);
    }
}

static void
chardev_deliver(VdevChardev *chardev)
{
    while (pending_n(chardev) > 0) {
        gsize n = MIN(takes(chardev), pending_n(chardev));
        guint8 bytes[256];

        if (n == 0)
            return;
        n = MIN(n, sizeof(bytes));
        pending_take(chardev, bytes, (guint)n);
        chardev->ops->read(chardev->user, bytes, n);
    }
}

static gboolean
is_client(const VdevChardev *chardev)
{
    return chardev->ends.listener >= 0;
}

static gboolean
chardev_in_ready(gint fd, GIOCondition condition, gpointer user)
{
    VdevChardev *chardev = user;
    gboolean leaves = is_client(chardev) && (condition & (G_IO_HUP | G_IO_ERR)) != 0;
    gsize room = leaves ? pending_room(chardev) : wanted(chardev);
    guint8 bytes[256];
    gssize n;

    if (room == 0 && !leaves && !chardev->listens) {
        chardev->in_source = 0;
        chardev_watch_leaving(chardev);
        return G_SOURCE_REMOVE;
    }
    n = room == 0 && leaves
            ? 0
            : read(fd, bytes, chardev->listens ? sizeof(bytes) : MIN(sizeof(bytes), room));
    if (n > 0) {
        chardev_take(chardev, bytes, (gsize)n);
        chardev_deliver(chardev);
        return G_SOURCE_CONTINUE;
    }
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return G_SOURCE_CONTINUE;
    chardev->in_source = 0;
    chardev_disconnect(chardev);
    return G_SOURCE_REMOVE;
}

/* Nothing is to be read now, but the next client is to get its turn. */
static void
chardev_watch_leaving(VdevChardev *chardev)
{
    source_clear(&chardev->in_source);
    chardev->in_waits = TRUE;
    if (chardev->ends.in >= 0 && is_client(chardev))
        chardev->in_source =
            g_unix_fd_add(chardev->ends.in, G_IO_HUP | G_IO_ERR, chardev_in_ready, chardev);
}

static void
chardev_watch_input(VdevChardev *chardev)
{
    if (chardev->in_waits)
        source_clear(&chardev->in_source);
    chardev->in_waits = FALSE;
    if (chardev->ends.in >= 0 && chardev->in_source == 0)
        chardev->in_source = g_unix_fd_add(chardev->ends.in, G_IO_IN | G_IO_HUP | G_IO_ERR,
                                           chardev_in_ready, chardev);
}

static gboolean
chardev_deliver_later(gpointer user)
{
    VdevChardev *chardev = user;

    chardev->deliver_source = 0;
    chardev_deliver(chardev);
    chardev_watch_input(chardev);
    return G_SOURCE_REMOVE;
}

void
chardev_accept_input(VdevChardev *chardev)
{
    gboolean waiting;

    if (chardev == NULL)
        return;
    waiting = pending_n(chardev) > 0 ||
              (chardev->ends.in >= 0 && (chardev->in_waits || chardev->in_source == 0));
    if (waiting && !chardev->paused && chardev->deliver_source == 0)
        chardev->deliver_source = g_idle_add(chardev_deliver_later, chardev);
}

void
chardev_pause(VdevChardev *chardev)
{
    if (chardev == NULL || chardev->paused)
        return;
    chardev->paused = TRUE;
    source_clear(&chardev->deliver_source);
    if (!chardev->listens)
        chardev_watch_leaving(chardev);
}

void
chardev_go_on(VdevChardev *chardev)
{
    if (chardev == NULL || !chardev->paused)
        return;
    chardev->paused = FALSE;
    chardev_accept_input(chardev);
}

gsize
chardev_unread(const VdevChardev *chardev)
{
    return chardev == NULL ? 0 : pending_n(chardev);
}

void
chardev_set_ops(VdevChardev *chardev, const VdevChardevOps *ops, void *user)
{
    if (chardev == NULL)
        return;
    chardev->ops = ops;
    chardev->user = user;
    chardev_accept_input(chardev);
}

/* ---- life ---------------------------------------------------------------------------------- */

static gboolean
chardev_accept_ready(gint fd, GIOCondition condition, gpointer user)
{
    VdevChardev *chardev = user;
    gint client = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

    if (client < 0)
        return G_SOURCE_CONTINUE;
    chardev->accept_source = 0;
    chardev->ends.in = chardev->ends.out = client;
    chardev_watch_input(chardev);
    chardev_push(chardev);
    return G_SOURCE_REMOVE;
}

static void
chardev_watch_accept(VdevChardev *chardev)
{
    if (chardev->ends.listener >= 0 && chardev->ends.out < 0 && chardev->accept_source == 0)
        chardev->accept_source =
            g_unix_fd_add(chardev->ends.listener, G_IO_IN, chardev_accept_ready, chardev);
}

VdevChardev *
chardev_new(const ChardevConfig *config, GError **error)
{
    VdevChardev *chardev;
    ChardevEnds ends;

    if (!chardev_ends_open(&ends, config, error))
        return NULL;
    if (ends.in < 0 && ends.out < 0 && ends.listener < 0)
        return NULL;
    chardev = g_new0(VdevChardev, 1);
    chardev->ends = ends;
    chardev->config = *config;
    chardev->escape = g_str_has_suffix(config->spec, "stdio") &&
                      (config->escape || g_str_has_prefix(config->spec, "mon:"));
    chardev->listens = chardev->escape && isatty(ends.in);
    chardev->pending = g_byte_array_new();
    chardev->config.spec = NULL;
    chardev_watch_input(chardev);
    chardev_watch_accept(chardev);
    return chardev;
}

static void
chardev_flush(VdevChardev *chardev)
{
    gint64 deadline = g_get_monotonic_time() + FLUSH_MS * 1000;

    for (chardev_push(chardev); chardev->used > 0 && chardev->ends.out >= 0;
         chardev_push(chardev)) {
        struct pollfd out = {.fd = chardev->ends.out, .events = POLLOUT};
        gint64 left = (deadline - g_get_monotonic_time()) / 1000;

        if (left <= 0 || poll(&out, 1, (int)left) == 0)
            return;
    }
}

void
chardev_free(VdevChardev *chardev)
{
    if (chardev == NULL)
        return;
    /* A pseudo-terminal keeps its output only as long as we are there: nothing to wait for. */
    if (chardev->ends.slave < 0)
        chardev_flush(chardev);
    source_clear(&chardev->in_source);
    source_clear(&chardev->out_source);
    source_clear(&chardev->accept_source);
    source_clear(&chardev->deliver_source);
    chardev_ends_close(&chardev->ends);
    g_byte_array_unref(chardev->pending);
    g_free(chardev->ring);
    g_free(chardev);
}
