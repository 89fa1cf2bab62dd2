/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The bare loop that pages on demand are measured against: nothing but a fault, twelve bytes that
 * ask over a unix socket, a page that comes back, and its place. No format, no guest.
 *
 *   fault-loop PAGES    prints "median N", "percent-99 N": µs from the notice of a fault until the
 *                       page is there, over so many pages in a scattered order
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <linux/userfaultfd.h>

#define PAGE 4096u
#define STEP 1021u /* prime: the order in which pages are touched */

typedef struct {
    uint8_t *memory;
    unsigned pages;
    volatile unsigned sum;
} Touch;

static void
fail(const char *what)
{
    fprintf(stderr, "fault-loop: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void
all(ssize_t (*call)(int, void *, size_t), int fd, void *bytes, size_t n)
{
    for (size_t done = 0; done < n;) {
        ssize_t now = call(fd, (uint8_t *)bytes + done, n - done);

        if (now <= 0)
            exit(now < 0); /* the other side is done */
        done += (size_t)now;
    }
}

static ssize_t
put(int fd, void *bytes, size_t n)
{
    return write(fd, bytes, n);
}

static double
now_us(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec * 1e6 + (double)ts.tv_nsec / 1e3;
}

/* The side that has the memory. */
static void
serve(int fd, unsigned pages)
{
    uint8_t *memory = malloc((size_t)pages * PAGE);
    uint32_t request[3];

    if (memory == NULL)
        fail("malloc");
    memset(memory, 0x5a, (size_t)pages * PAGE);
    for (;;) {
        all(read, fd, request, sizeof(request));
        all(put, fd, memory + (size_t)request[0] * PAGE, PAGE);
    }
}

static void *
touch_all(void *opaque)
{
    Touch *touch = opaque;

    for (unsigned i = 0; i < touch->pages; i++)
        touch->sum += touch->memory[(uint64_t)i * STEP % touch->pages * PAGE];
    return NULL;
}

static int
watch(uint8_t *memory, size_t n)
{
    struct uffdio_api api = {.api = UFFD_API};
    struct uffdio_register all_of_it = {.range = {(uintptr_t)memory, n},
                                        .mode = UFFDIO_REGISTER_MODE_MISSING};
    int fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC);

    if (fd < 0 || ioctl(fd, UFFDIO_API, &api) < 0 || ioctl(fd, UFFDIO_REGISTER, &all_of_it) < 0)
        fail("userfaultfd");
    return fd;
}

/* Serves one fault; returns how long it took. */
static double
fetch(int faults, int fd, uint8_t *memory, uint8_t *page)
{
    struct pollfd ready = {.fd = faults, .events = POLLIN};
    struct uffd_msg message;
    struct uffdio_copy copy = {.src = (uintptr_t)page, .len = PAGE};
    uint32_t request[3] = {0};
    double began;

    poll(&ready, 1, -1);
    if (read(faults, &message, sizeof(message)) != sizeof(message))
        fail("reading a fault");
    began = now_us();
    copy.dst = message.arg.pagefault.address & ~(uint64_t)(PAGE - 1);
    request[0] = (uint32_t)((copy.dst - (uintptr_t)memory) / PAGE);
    all(put, fd, request, sizeof(request));
    all(read, fd, page, PAGE);
    if (ioctl(faults, UFFDIO_COPY, &copy) < 0)
        fail("placing a page");
    return now_us() - began;
}

static int
compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static void
measure(int fd, unsigned pages)
{
    const size_t n = (size_t)pages * PAGE;
    uint8_t *memory = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    uint8_t *page = aligned_alloc(PAGE, PAGE);
    double *took = calloc(pages, sizeof(*took));
    Touch touch = {.memory = memory, .pages = pages};
    pthread_t thread;
    int faults;

    if (memory == MAP_FAILED || page == NULL || took == NULL)
        fail("memory");
    faults = watch(memory, n);
    if (pthread_create(&thread, NULL, touch_all, &touch) != 0)
        fail("pthread_create");
    for (unsigned i = 0; i < pages; i++)
        took[i] = fetch(faults, fd, memory, page);
    pthread_join(thread, NULL);
    qsort(took, pages, sizeof(*took), compare);
    printf("median %.1f\npercent-99 %.1f\n", took[pages / 2], took[(uint64_t)pages * 99 / 100]);
}

int
main(int argc, char **argv)
{
    unsigned pages = argc == 2 ? (unsigned)atoi(argv[1]) : 0;
    int ends[2];

    if (pages == 0 || pages % STEP == 0) {
        fprintf(stderr, "fault-loop: usage: fault-loop PAGES\n");
        return 2;
    }
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) < 0)
        fail("socketpair");
    if (fork() == 0) {
        close(ends[0]);
        serve(ends[1], pages);
    }
    close(ends[1]);
    measure(ends[0], pages);
    return 0;
}
