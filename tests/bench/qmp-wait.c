/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How long from a QMP command to an event: sends the one, reads until the other.
 *
 *   qmp-wait SOCKET COMMAND EVENT     COMMAND as JSON; prints "us N"
 *
 * Nobody else may have the monitor meanwhile. An error in the answer, or the end, is status 1.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define CAPABILITIES "{\"execute\": \"qmp_capabilities\"}\n"

static void
fail(const char *what, const char *why)
{
    fprintf(stderr, "qmp-wait: %s: %s\n", what, why);
    exit(1);
}

static uint64_t
now_us(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000 + (uint64_t)time.tv_nsec / 1000;
}

static FILE *
open_monitor(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    FILE *monitor;

    if (strlen(path) >= sizeof(address.sun_path))
        fail(path, "too long");
    strcpy(address.sun_path, path);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0)
        fail(path, strerror(errno));
    monitor = fdopen(fd, "r+");
    if (monitor == NULL)
        fail(path, strerror(errno));
    setvbuf(monitor, NULL, _IOLBF, BUFSIZ);
    return monitor;
}

static void
say(FILE *monitor, const char *text)
{
    if (write(fileno(monitor), text, strlen(text)) != (ssize_t)strlen(text))
        fail("writing", strerror(errno));
}

/* Reads lines until one has @word in it. */
static void
hear(FILE *monitor, const char *word)
{
    static char *line;
    static size_t size;

    while (getline(&line, &size, monitor) >= 0) {
        if (strstr(line, "\"error\"") != NULL)
            fail("refused", line);
        if (strstr(line, word) != NULL)
            return;
    }
    fail(word, "the monitor has gone");
}

int
main(int argc, char **argv)
{
    char event[64];
    FILE *monitor;
    uint64_t began;

    if (argc != 4)
        fail("usage", "qmp-wait SOCKET COMMAND EVENT");
    snprintf(event, sizeof(event), "\"%s\"", argv[3]);
    monitor = open_monitor(argv[1]);
    hear(monitor, "\"QMP\"");
    say(monitor, CAPABILITIES);
    hear(monitor, "\"return\"");
    began = now_us();
    say(monitor, argv[2]);
    say(monitor, "\n");
    hear(monitor, event);
    printf("us %llu\n", (unsigned long long)(now_us() - began));
    return 0;
}
