/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Opening and closing what a console goes to: the terminal, a file, a Unix socket, a pseudo-
 * terminal.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "vmm/chardev-priv.h"
#include "vmm/number.h"
#include "vmm/vm.h"

static gboolean
ends_refuse(GError **error, const char *what, const char *path, gint errnum)
{
    g_set_error(error, VM_ERROR, VM_ERROR_USAGE, "-serial: %s%s%s: %s", what,
                path == NULL ? "" : " ", path == NULL ? "" : path, g_strerror(errnum));
    return FALSE;
}

/* The terminal and its flags are shared with the shell that started us; a description of our own
 * lets only us not wait. Where that cannot be had the flag is set and put back at the end. */
static void
ends_stdout(ChardevEnds *ends)
{
    struct stat status;
    gint flags = fcntl(STDOUT_FILENO, F_GETFL);

    ends->out = STDOUT_FILENO;
    if (flags < 0 || fstat(STDOUT_FILENO, &status) != 0 || S_ISREG(status.st_mode))
        return;
    if (S_ISCHR(status.st_mode) || S_ISFIFO(status.st_mode)) {
        gint own = open("/proc/self/fd/1", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

        if (own >= 0) {
            ends->out = own;
            return;
        }
    }
    if ((flags & O_NONBLOCK) == 0 && fcntl(STDOUT_FILENO, F_SETFL, flags | O_NONBLOCK) == 0)
        ends->saved_flags = flags;
}

static gboolean
ends_open_stdio(ChardevEnds *ends, gboolean escape, GError **error)
{
    struct termios raw;

    ends->in = STDIN_FILENO;
    ends_stdout(ends);
    if (!isatty(STDIN_FILENO))
        return TRUE;
    if (tcgetattr(STDIN_FILENO, &ends->saved) != 0)
        return ends_refuse(error, "terminal", NULL, errno);
    raw = ends->saved;
    cfmakeraw(&raw);
    raw.c_oflag |= OPOST; /* our own messages go to the same terminal */
    if (!escape)
        raw.c_lflag |= ISIG; /* without Ctrl-A x, Ctrl-C must end the program */
    /* A job in the background would be stopped here; it gets no input either. */
    if (tcgetpgrp(STDIN_FILENO) != getpgrp())
        return TRUE;
    if (tcsetattr(STDIN_FILENO, TCSANOW, &raw) != 0)
        return ends_refuse(error, "terminal", NULL, errno);
    ends->raw = TRUE;
    return TRUE;
}

static gboolean
ends_open_file(ChardevEnds *ends, const char *spec, GError **error)
{
    g_autoptr(OptionItem) item = option_item_parse(spec, error);
    const char *mode, *path;
    gboolean append = FALSE;

    if (item == NULL)
        return FALSE;
    path = item->name == NULL ? spec : item->name;
    mode = option_item_get(item, "append");
    if ((mode == NULL ? item->keys->len > 0 : item->keys->len > 1) || item->name == NULL ||
        (mode != NULL && !number_parse_bool(mode, &append))) {
        g_set_error(error, VM_ERROR, VM_ERROR_USAGE,
                    "-serial file:%s: only append=on|off may follow the path", spec);
        return FALSE;
    }
    ends->close_fds = TRUE;
    ends->out =
        open(path,
             O_WRONLY | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | (append ? O_APPEND : O_TRUNC),
             0644);
    return ends->out >= 0 || ends_refuse(error, "file", path, errno);
}

/* A socket file that nobody answers on is left over from a process that died. */
static gboolean
ends_remove_stale(const struct sockaddr_un *address, GError **error)
{
    gint probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    gint result =
        probe < 0 ? -1 : connect(probe, (const struct sockaddr *)address, sizeof(*address));
    gint errnum = errno;

    if (probe >= 0)
        close(probe);
    if (probe < 0)
        return ends_refuse(error, "socket", address->sun_path, errnum);
    if (result == 0 || errnum == EAGAIN)
        return ends_refuse(error, "socket", address->sun_path, EADDRINUSE);
    if (errnum == ECONNREFUSED)
        unlink(address->sun_path);
    return TRUE;
}

static gboolean
ends_listen(ChardevEnds *ends, const struct sockaddr_un *address, gboolean wait, GError **error)
{
    gint fd = ends->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || bind(fd, (const struct sockaddr *)address, sizeof(*address)) != 0 ||
        listen(fd, 1) != 0)
        return ends_refuse(error, "socket", address->sun_path, errno);
    ends->socket_path = g_strdup(address->sun_path);
    if (wait) {
        fprintf(stderr, "spapr-vmm: waiting for a connection to %s\n", address->sun_path);
        ends->in = ends->out = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (ends->out < 0)
            return ends_refuse(error, "socket", address->sun_path, errno);
    }
    return fcntl(fd, F_SETFL, O_NONBLOCK) == 0 ||
           ends_refuse(error, "socket", address->sun_path, errno);
}

static gboolean
ends_connect(ChardevEnds *ends, const struct sockaddr_un *address, GError **error)
{
    ends->in = ends->out = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (ends->out < 0 ||
        connect(ends->out, (const struct sockaddr *)address, sizeof(*address)) != 0 ||
        fcntl(ends->out, F_SETFL, O_NONBLOCK) != 0)
        return ends_refuse(error, "socket", address->sun_path, errno);
    return TRUE;
}

static gboolean
ends_open_unix(ChardevEnds *ends, const char *spec, GError **error)
{
    static const char *const keys[] = {"server", "wait"};
    g_autoptr(OptionItem) item = option_item_parse(spec, error);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    gboolean values[] = {FALSE, TRUE};
    gboolean known = item != NULL && item->name != NULL;

    if (item == NULL)
        return FALSE;
    for (guint i = 0; known && i < item->keys->len; i++) {
        guint key = strcmp(item->keys->pdata[i], keys[0]) == 0 ? 0 : 1;

        known = strcmp(item->keys->pdata[i], keys[key]) == 0 &&
                number_parse_bool(item->values->pdata[i], &values[key]);
    }
    if (!known) {
        g_set_error(error, VM_ERROR, VM_ERROR_USAGE,
                    "-serial unix:%s: only server=on|off and wait=on|off may follow the path",
                    spec);
        return FALSE;
    }
    if (strlen(item->name) >= sizeof(address.sun_path))
        return ends_refuse(error, "socket", item->name, ENAMETOOLONG);
    strcpy(address.sun_path, item->name);
    ends->close_fds = TRUE;
    if (!values[0])
        return ends_connect(ends, &address, error);
    return ends_remove_stale(&address, error) && ends_listen(ends, &address, values[1], error);
}

static gboolean
ends_open_pty(ChardevEnds *ends, GError **error)
{
    struct termios raw;
    char name[64];
    gint fd = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);

    ends->close_fds = TRUE;
    ends->in = ends->out = fd;
    if (fd < 0 || grantpt(fd) != 0 || unlockpt(fd) != 0 || ptsname_r(fd, name, sizeof(name)) != 0)
        return ends_refuse(error, "pseudo-terminal", NULL, errno);
    /* Held open, and raw: else it hangs up without a reader, and echoes the guest to itself. */
    ends->slave = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (ends->slave < 0 || tcgetattr(ends->slave, &raw) != 0)
        return ends_refuse(error, "pseudo-terminal", name, errno);
    cfmakeraw(&raw);
    if (tcsetattr(ends->slave, TCSANOW, &raw) != 0)
        return ends_refuse(error, "pseudo-terminal", name, errno);
    fprintf(stderr, "spapr-vmm: the console is at %s\n", name);
    return TRUE;
}

gboolean
chardev_ends_open(ChardevEnds *ends, const ChardevConfig *config, GError **error)
{
    const char *spec = config->spec;
    gboolean ok = TRUE;

    *ends = CHARDEV_ENDS_NONE;
    if (g_str_has_suffix(spec, "stdio"))
        ok = ends_open_stdio(ends, config->escape || g_str_has_prefix(spec, "mon:"), error);
    else if (g_str_has_prefix(spec, "file:"))
        ok = ends_open_file(ends, spec + strlen("file:"), error);
    else if (g_str_has_prefix(spec, "unix:"))
        ok = ends_open_unix(ends, spec + strlen("unix:"), error);
    /* A line that is there and leads nowhere: the guest has a terminal, as in QEMU. */
    else if (strcmp(spec, "null") == 0)
        ok = ends_open_file(ends, "/dev/null", error);
    else if (strcmp(spec, "pty") == 0)
        ok = ends_open_pty(ends, error);
    if (!ok)
        chardev_ends_close(ends);
    return ok;
}

static void
ends_close_fd(gint *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

void
chardev_ends_close(ChardevEnds *ends)
{
    if (ends->raw)
        tcsetattr(STDIN_FILENO, TCSANOW, &ends->saved);
    if (ends->saved_flags >= 0)
        (void)fcntl(ends->out, F_SETFL, ends->saved_flags);
    if (ends->close_fds && ends->in != ends->out)
        ends_close_fd(&ends->in);
    if (ends->close_fds || ends->out > STDERR_FILENO)
        ends_close_fd(&ends->out);
    ends_close_fd(&ends->listener);
    ends_close_fd(&ends->slave);
    if (ends->socket_path != NULL)
        unlink(ends->socket_path);
    g_free(ends->socket_path);
    *ends = CHARDEV_ENDS_NONE;
}
