/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The argument of -qmp, and unix sockets (see the header).
 */
#include "vmm/monitor/qmp-address.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG 8 /* clients that wait for their turn */

/* --- The argument ---------------------------------------------------------- */

/* Cuts @spec at single commas; two of them are one comma of the text. */
static GPtrArray *
split(const char *spec)
{
    GPtrArray *parts = g_ptr_array_new_with_free_func(g_free);
    GString *part = g_string_new(NULL);

    for (const char *c = spec; *c != '\0'; c++) {
        if (*c == ',' && c[1] != ',') {
            g_ptr_array_add(parts, g_string_free(part, FALSE));
            part = g_string_new(NULL);
            continue;
        }
        if (*c == ',')
            c++;
        g_string_append_c(part, *c);
    }
    g_ptr_array_add(parts, g_string_free(part, FALSE));
    return parts;
}

/* NAME=on|off, NAME, noNAME. Returns: FALSE if @part is not about @name. */
static gboolean
parse_switch(const char *part, const char *name, gboolean *value)
{
    static const struct {
        const char *prefix, *suffix;
        gboolean value;
    } forms[] = {{"", "=on", TRUE}, {"", "=off", FALSE}, {"", "", TRUE}, {"no", "", FALSE}};

    for (guint i = 0; i < G_N_ELEMENTS(forms); i++) {
        g_autofree char *form = g_strconcat(forms[i].prefix, name, forms[i].suffix, NULL);

        if (g_str_equal(part, form)) {
            *value = forms[i].value;
            return TRUE;
        }
    }
    return FALSE;
}

static gboolean
check_path(const char *path, GError **error)
{
    struct sockaddr_un name;

    if (*path == '\0')
        g_set_error_literal(error, VM_ERROR, VM_ERROR_USAGE, "unix: needs a path after it");
    else if (strlen(path) >= sizeof(name.sun_path))
        g_set_error(error, VM_ERROR, VM_ERROR_USAGE,
                    "%s: a socket's path has at most %zu characters, not %zu", path,
                    sizeof(name.sun_path) - 1, strlen(path));
    else
        return TRUE;
    return FALSE;
}

gboolean
qmp_address_parse(QmpAddress *address, const char *spec, GError **error)
{
    g_autoptr(GPtrArray) parts = split(spec);
    const char *where = parts->pdata[0];

    *address = (QmpAddress){.server = FALSE, .wait = TRUE};
    if (g_str_equal(where, "stdio") && parts->len == 1)
        return TRUE;
    if (!g_str_has_prefix(where, "unix:")) {
        g_set_error(error, VM_ERROR, VM_ERROR_USAGE,
                    "-qmp %s: expected unix:PATH[,server=on|off][,wait=on|off] or stdio", spec);
        return FALSE;
    }
    for (guint i = 1; i < parts->len; i++) {
        const char *part = parts->pdata[i];

        if (parse_switch(part, "server", &address->server) ||
            parse_switch(part, "wait", &address->wait))
            continue;
        g_set_error(error, VM_ERROR, VM_ERROR_USAGE,
                    "-qmp %s: unknown option '%s' (server=on|off, wait=on|off are known)", spec,
                    part);
        return FALSE;
    }
    if (!check_path(where + strlen("unix:"), error)) {
        g_prefix_error(error, "-qmp %s: ", spec);
        return FALSE;
    }
    address->path = g_strdup(where + strlen("unix:"));
    return TRUE;
}

void
qmp_address_clear(QmpAddress *address)
{
    g_clear_pointer(&address->path, g_free);
}

/* --- Unix sockets ---------------------------------------------------------- */

static void
close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
}

#define AUTO_FD __attribute__((cleanup(close_fd))) int

static int
steal_fd(int *fd)
{
    int stolen = *fd;

    *fd = -1;
    return stolen;
}

static void
set_host_error(GError **error, const char *path, const char *what, int errnum)
{
    g_set_error(error, VM_ERROR, VM_ERROR_HOST, "QMP socket %s: cannot %s: %s", path, what,
                g_strerror(errnum));
}

static struct sockaddr_un
socket_name(const char *path)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};

    g_strlcpy(name.sun_path, path, sizeof(name.sun_path));
    return name;
}

static int
unix_socket(const char *path, GError **error)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0)
        set_host_error(error, path, "make a socket", errno);
    return fd;
}

/* Without the right to open the directory there is no lock; binding then decides alone. */
static int
lock_directory_of(const char *path)
{
    g_autofree char *directory = g_path_get_dirname(path);
    int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    while (fd >= 0 && flock(fd, LOCK_EX) < 0 && errno == EINTR)
        ;
    return fd;
}

/* Removes a socket that nobody answers on. A full backlog (EAGAIN) is an answer. */
static gboolean
remove_stale(const char *path, GError **error)
{
    struct sockaddr_un name = socket_name(path);
    struct stat status;
    AUTO_FD fd = -1;

    if (lstat(path, &status) < 0)
        return TRUE;
    if (!S_ISSOCK(status.st_mode)) {
        g_set_error(error, VM_ERROR, VM_ERROR_USAGE,
                    "QMP socket %s: a file that is no socket is there; choose another path", path);
        return FALSE;
    }
    fd = unix_socket(path, error);
    if (fd < 0)
        return FALSE;
    if (connect(fd, (struct sockaddr *)&name, sizeof(name)) == 0 || errno != ECONNREFUSED) {
        g_set_error(error, VM_ERROR, VM_ERROR_USAGE,
                    "QMP socket %s: in use by another process; choose another path", path);
        return FALSE;
    }
    if (unlink(path) == 0 || errno == ENOENT)
        return TRUE;
    set_host_error(error, path, "replace the stale socket", errno);
    return FALSE;
}

int
qmp_socket_listen(const char *path, QmpSocketFile *file, GError **error)
{
    struct sockaddr_un name = socket_name(path);
    G_GNUC_UNUSED AUTO_FD lock = lock_directory_of(path);
    AUTO_FD fd = unix_socket(path, error);
    struct stat status;

    if (fd < 0 || !remove_stale(path, error))
        return -1;
    if (bind(fd, (struct sockaddr *)&name, sizeof(name)) < 0) {
        set_host_error(error, path, "listen there", errno);
        return -1;
    }
    if (lstat(path, &status) < 0 || listen(fd, BACKLOG) < 0) {
        set_host_error(error, path, "listen there", errno);
        unlink(path);
        return -1;
    }
    *file = (QmpSocketFile){status.st_dev, status.st_ino};
    return steal_fd(&fd);
}

void
qmp_socket_remove(const char *path, const QmpSocketFile *file)
{
    G_GNUC_UNUSED AUTO_FD lock = lock_directory_of(path);
    struct stat status;

    if (lstat(path, &status) == 0 && status.st_dev == file->device && status.st_ino == file->inode)
        unlink(path);
}

int
qmp_socket_connect(const char *path, GError **error)
{
    struct sockaddr_un name = socket_name(path);
    AUTO_FD fd = unix_socket(path, error);

    if (fd < 0)
        return -1;
    if (connect(fd, (struct sockaddr *)&name, sizeof(name)) < 0) {
        set_host_error(error, path, "connect (server=on makes this side listen)", errno);
        return -1;
    }
    return steal_fd(&fd);
}
