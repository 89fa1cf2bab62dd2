/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The bare loops that saving and loading a guest are measured against: nothing but threads that
 * look for pages of zeros and pwrite() the others, or pread() what is no hole. No format, no guest.
 *
 *   file-loop fill  MEMORY BYTES                    alternately 64 MiB of noise and of zeros
 *   file-loop touch MEMORY BYTES TOUCHED            a hole, and noise in its first bytes
 *   file-loop save  MEMORY FILE THREADS [direct]    prints "ms N"
 *   file-loop load  FILE BYTES THREADS [direct]     prints "ms N"
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define PAGE   4096u
#define CHUNK  (1u << 20)
#define STRIPE (64u << 20)

typedef struct {
    uint8_t *memory;
    uint64_t size, next; /* next: atomic */
    int fd, scan_fd;
} Loop;

static void
fail(const char *what)
{
    fprintf(stderr, "file-loop: %s: %s\n", what, strerror(errno));
    exit(1);
}

static double
now_ms(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec * 1e3 + (double)ts.tv_nsec / 1e6;
}

static int
page_is_zero(const uint8_t *page)
{
    const uint64_t *words = (const uint64_t *)(const void *)page;
    uint64_t sum = words[0];

    if (sum != 0)
        return 0;
    for (unsigned i = 0; i < PAGE / 8; i += 8)
        sum |= words[i] | words[i + 1] | words[i + 2] | words[i + 3] | words[i + 4] | words[i + 5] |
               words[i + 6] | words[i + 7];
    return sum == 0;
}

static void
write_all(int fd, const uint8_t *bytes, uint64_t n, uint64_t at)
{
    while (n > 0) {
        ssize_t done = pwrite(fd, bytes, n, (off_t)at);

        if (done <= 0)
            fail("pwrite");
        bytes += done;
        at += (uint64_t)done;
        n -= (uint64_t)done;
    }
}

static void *
save_run(void *opaque)
{
    Loop *loop = opaque;

    for (;;) {
        const uint64_t at = __atomic_fetch_add(&loop->next, CHUNK, __ATOMIC_RELAXED);
        uint64_t run, page;

        if (at >= loop->size)
            return NULL;
        for (run = page = at; page < at + CHUNK; page += PAGE) {
            if (!page_is_zero(loop->memory + page))
                continue;
            if (page > run)
                write_all(loop->fd, loop->memory + run, page - run, run);
            run = page + PAGE;
        }
        if (page > run)
            write_all(loop->fd, loop->memory + run, page - run, run);
    }
}

/* Holes of the file are not read. */
static void *
load_run(void *opaque)
{
    Loop *loop = opaque;

    for (;;) {
        const uint64_t at = __atomic_fetch_add(&loop->next, CHUNK, __ATOMIC_RELAXED);
        uint64_t done = 0;
        off_t data;

        if (at >= loop->size)
            return NULL;
        data = lseek(loop->scan_fd, (off_t)at, SEEK_DATA);
        if (data < 0 || (uint64_t)data >= at + CHUNK)
            continue;
        while (done < CHUNK) {
            ssize_t n = pread(loop->fd, loop->memory + at + done, CHUNK - done, (off_t)(at + done));

            if (n <= 0)
                fail("pread");
            done += (uint64_t)n;
        }
    }
}

/* Prints the time that @threads of @run take, with what @end has to do. */
static void
measure(Loop *loop, unsigned threads, void *(*run)(void *), int (*end)(int fd))
{
    pthread_t ids[64];
    const double began = now_ms();

    for (unsigned i = 0; i < threads; i++)
        if (pthread_create(&ids[i], NULL, run, loop) != 0)
            fail("pthread_create");
    for (unsigned i = 0; i < threads; i++)
        pthread_join(ids[i], NULL);
    if (end != NULL && end(loop->fd) != 0)
        fail("sync");
    printf("ms %.1f\n", now_ms() - began);
}

static uint8_t *
map(int fd, uint64_t size)
{
    uint8_t *memory =
        mmap(NULL, size, PROT_READ | PROT_WRITE,
             fd >= 0 ? MAP_SHARED : MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, fd, 0);

    if (memory == MAP_FAILED)
        fail("mmap");
    return memory;
}

static int
open_or_fail(const char *path, int flags)
{
    int fd = open(path, flags, 0600);

    if (fd < 0)
        fail(path);
    return fd;
}

/* xorshift: noise that no page of repeats itself. */
static void
fill(uint8_t *bytes, uint64_t n)
{
    uint64_t *words = (uint64_t *)(void *)bytes, x = 88172645463325252u;

    for (uint64_t i = 0; i < n / 8; i++) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        words[i] = x;
    }
}

static void
make_memory(const char *path, uint64_t size, uint64_t touched)
{
    const int fd = open_or_fail(path, O_RDWR | O_CREAT | O_TRUNC);
    uint8_t *memory;

    if (ftruncate(fd, (off_t)size) != 0)
        fail(path);
    memory = map(fd, size);
    if (touched > 0)
        fill(memory, touched);
    for (uint64_t at = 0; touched == 0 && at < size; at += STRIPE) {
        const uint64_t n = size - at < STRIPE ? size - at : STRIPE;

        if (at / STRIPE % 2 == 0)
            fill(memory + at, n);
        else
            memset(memory + at, 0, n); /* there, and zero: no holes */
    }
}

int
main(int argc, char **argv)
{
    const int direct = argc == 6 && strcmp(argv[5], "direct") == 0 ? O_DIRECT : 0;
    Loop loop = {0};
    struct stat info;
    unsigned threads;

    if (argc >= 4 && (strcmp(argv[1], "fill") == 0 || strcmp(argv[1], "touch") == 0)) {
        make_memory(argv[2], strtoull(argv[3], NULL, 0), argc > 4 ? strtoull(argv[4], NULL, 0) : 0);
        return 0;
    }
    threads = argc >= 5 ? (unsigned)atoi(argv[4]) : 0;
    if (threads < 1 || threads > 64) {
        fprintf(stderr, "file-loop: fill, touch, save or load; see the head of its source\n");
        return 2;
    }
    if (strcmp(argv[1], "save") == 0) {
        const int memory = open_or_fail(argv[2], O_RDWR);

        if (fstat(memory, &info) != 0)
            fail(argv[2]);
        loop.size = (uint64_t)info.st_size / CHUNK * CHUNK;
        loop.memory = map(memory, loop.size);
        loop.fd = open_or_fail(argv[3], O_RDWR | O_CREAT | O_TRUNC | direct);
        if (ftruncate(loop.fd, (off_t)loop.size) != 0)
            fail(argv[3]);
        measure(&loop, threads, save_run, fdatasync);
        return 0;
    }
    loop.size = strtoull(argv[3], NULL, 0);
    loop.memory = map(-1, loop.size);
    loop.fd = open_or_fail(argv[2], O_RDONLY | direct);
    loop.scan_fd = open_or_fail(argv[2], O_RDONLY);
    measure(&loop, threads, load_run, NULL);
    return 0;
}
