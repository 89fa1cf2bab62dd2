/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * peer PATH: whoever is at the other end of a guest's console, or of a monitor. Connects to the
 * socket PATH, or opens it if it is a terminal, and then carries standard input there and what
 * comes back to standard output, until the other side closes or a signal ends it. End of input ends
 * nothing.
 *
 * Not here: any judgement; busybox has no client for Unix sockets.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <termios.h>
#include <unistd.h>

static int
open_terminal(const char *path)
{
    struct termios mode;
    int fd = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC);

    if (fd >= 0 && tcgetattr(fd, &mode) == 0) {
        cfmakeraw(&mode);
        tcsetattr(fd, TCSANOW, &mode);
    }
    return fd;
}

static int
open_socket(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd;

    if (strlen(path) >= sizeof(address.sun_path)) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memcpy(address.sun_path, path, strlen(path));
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0) {
        close(fd);
        fd = -1;
    }
    return fd;
}

/* Returns 1 while there may be more, 0 at the end, −1 with errno. */
static int
carry(int from, int to)
{
    char bytes[4096];
    ssize_t n = read(from, bytes, sizeof(bytes));

    if (n < 0 && (errno == EINTR || errno == EAGAIN))
        return 1;
    for (ssize_t done = 0, put; done < n; done += put) {
        put = write(to, bytes + done, (size_t)(n - done));
        if (put < 0 && errno != EINTR)
            return -1;
        put = put < 0 ? 0 : put;
    }
    return n > 0 ? 1 : (int)n;
}

/* Returns 0 when the other side closed, −1 with errno. */
static int
converse(int peer)
{
    struct pollfd ends[] = {{.fd = peer, .events = POLLIN}, {.fd = 0, .events = POLLIN}};
    int more = 1;

    while (more > 0) {
        if (poll(ends, 2, -1) < 0 && errno != EINTR)
            return -1;
        if (ends[0].revents != 0)
            more = carry(peer, 1);
        if (more > 0 && ends[1].revents != 0 && carry(0, peer) <= 0)
            ends[1].fd = -1;
    }
    /* What a terminal says when the process behind it is gone. */
    return more < 0 && errno != EIO && errno != ECONNRESET ? -1 : 0;
}

int
main(int argc, char **argv)
{
    struct stat status;
    int peer;

    if (argc != 2) {
        fprintf(stderr, "usage: peer PATH\n");
        return 2;
    }
    if (stat(argv[1], &status) == 0 && S_ISCHR(status.st_mode))
        peer = open_terminal(argv[1]);
    else
        peer = open_socket(argv[1]);
    if (peer >= 0 && converse(peer) == 0)
        return 0;
    fprintf(stderr, "peer: %s: %s\n", argv[1], strerror(errno));
    return 1;
}
