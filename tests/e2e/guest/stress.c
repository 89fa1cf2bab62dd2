/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Guest program of the migration tests: keeps interrupts, timers, console and memory busy, and
 * checks itself all the while. It idles in between: an emulated host suffers from guests that never
 * do. Whether the guest moved it neither knows nor cares; what must hold, holds either way.
 *
 * Kernel command line, with defaults: stress.mem=32 (MiB that are written), stress.pages=100 (of
 * these pages a second), stress.chat=4 (lines a second), stress.pause=2000 (us between two rounds
 * of IPIs), stress.timers=8.
 *
 * Once a second it says
 *     STRESS:tick N t=MS pings=N barriers=N timers=N pages=N gap=MS bad=N
 * where gap is the longest time that a processor's 10 ms sleep took since the last line. It answers
 * "ping N" by "STRESS:pong N", "report" by /proc/interrupts, "check" by a look at all of its
 * memory, and ends with "quit". "STRESS:bad WHAT" is a failure, "STRESS:klog …" a new line of the
 * kernel.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/membarrier.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define PAGE       65536u /* of the kernel */
#define SLOT_WORDS 64u
#define SLOTS      (PAGE / (SLOT_WORDS * 8))
#define TIMERS     32
#define STALL      10 /* seconds without progress that are too long */
#define NS         1000000000ull
/* KVM writes the timebase at each entry of a guest that was moved, and an emulated processor that
 * has to wait is late with it: by some 100 us, by milliseconds on a busy machine, and it adds up.
 * What KVM rounds to is 32 ms, so no mistake hides. */
#define INEXACT 16000000ull

enum { PINGS, PONGS, BARRIERS, EXPIRED, PAGES, COUNTERS };
static const char *const counter_names[] = {"pings", "pongs", "barriers", "timers", "pages"};

typedef struct {
    unsigned mem, pages, chat, pause, timers; /* MiB, 1/s, 1/s, us, number */
    int cpus;
    uint64_t start_ns;
    atomic_bool stop;
    atomic_ullong count[COUNTERS];
    atomic_ullong latest_ns; /* of all processors' clocks */
    atomic_ullong gap_ns;
    atomic_uint bad;
    int there, back; /* eventfds of the two that wake each other */
    pthread_mutex_t memory_lock;
    uint64_t *memory;      /* memory_lock */
    uint64_t *generations; /* memory_lock: how often each page was written */
    unsigned n_pages;
} Stress;

typedef struct {
    Stress *stress;
    int cpu;
} Seat;

/* ---- words ---- */

static uint64_t
clock_ns(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * NS + (uint64_t)ts.tv_nsec;
}

/* A line in one write, so that lines of two threads never mix. */
__attribute__((format(printf, 1, 2))) static void
say(const char *format, ...)
{
    char line[512];
    va_list args;
    size_t n;

    va_start(args, format);
    vsnprintf(line, sizeof(line) - 1, format, args);
    va_end(args);
    n = strlen(line);
    line[n++] = '\n';
    for (size_t done = 0; done < n;) {
        ssize_t put = write(STDOUT_FILENO, line + done, n - done);

        if (put < 0 && errno != EINTR && errno != EAGAIN)
            return;
        done += put > 0 ? (size_t)put : 0;
    }
}

/* The first of a thousand failures says more than the rest. */
#define BAD(stress, ...)                              \
    do {                                              \
        if (atomic_fetch_add(&(stress)->bad, 1) < 20) \
            say("STRESS:bad " __VA_ARGS__);           \
    } while (0)

static void
nap_us(unsigned us)
{
    struct timespec ts = {us / 1000000, (long)(us % 1000000) * 1000};

    nanosleep(&ts, NULL);
}

static void
count(Stress *stress, int which, uint64_t n)
{
    atomic_fetch_add(&stress->count[which], n);
}

/* ---- two processors that wake each other ---- */

/* Exactly one event, within STALL seconds; false: none came. */
static bool
take_one(Stress *stress, int fd, const char *who)
{
    struct pollfd ready = {.fd = fd, .events = POLLIN};
    uint64_t n;

    if (poll(&ready, 1, STALL * 1000) != 1) {
        if (!atomic_load(&stress->stop))
            BAD(stress, "no wake-up reached %s for %d s", who, STALL);
        return false;
    }
    if (read(fd, &n, sizeof(n)) != sizeof(n) || n != 1)
        BAD(stress, "%s was woken %llu times for one", who, (unsigned long long)n);
    return true;
}

static void
give_one(int fd)
{
    uint64_t one = 1;

    if (write(fd, &one, sizeof(one)) != sizeof(one))
        abort();
}

static void
serve(Seat *seat)
{
    Stress *stress = seat->stress;

    while (!atomic_load(&stress->stop)) {
        count(stress, PINGS, 1);
        give_one(stress->there);
        while (!take_one(stress, stress->back, "the first") && !atomic_load(&stress->stop))
            continue;
        nap_us(stress->pause);
    }
    give_one(stress->there);
}

static void
reply(Seat *seat)
{
    Stress *stress = seat->stress;

    while (!atomic_load(&stress->stop)) {
        if (!take_one(stress, stress->there, "the second"))
            continue;
        count(stress, PONGS, 1);
        give_one(stress->back);
    }
}

/* Each one interrupts the other processors that run a thread of ours. */
static void
barrier(Seat *seat)
{
    Stress *stress = seat->stress;

    syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0);
    while (!atomic_load(&stress->stop)) {
        if (syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0) != 0)
            BAD(stress, "membarrier: %s", strerror(errno));
        count(stress, BARRIERS, 1);
        nap_us(stress->pause * 3);
    }
}

/* ---- time ---- */

/* The largest of what @most was and @value. */
static void
raise_to(atomic_ullong *most, uint64_t value)
{
    unsigned long long seen = atomic_load(most);

    while (value > seen && !atomic_compare_exchange_weak(most, &seen, value))
        continue;
}

/* No processor's clock is ever behind what another has seen, by more than the emulation is. */
static void
watch_clock(Seat *seat)
{
    Stress *stress = seat->stress;
    uint64_t last = clock_ns();

    while (!atomic_load(&stress->stop)) {
        uint64_t latest = atomic_load(&stress->latest_ns), now = clock_ns();

        if (now + INEXACT < latest)
            BAD(stress, "the clock of cpu %d went back by %llu ns", seat->cpu,
                (unsigned long long)(latest - now));
        raise_to(&stress->latest_ns, now);
        raise_to(&stress->gap_ns, now - last);
        last = now;
        nap_us(10000);
    }
}

typedef struct {
    uint64_t first_ns, period_ns, expired;
} Timer;

static uint64_t
due(const Timer *timer, uint64_t now)
{
    return now < timer->first_ns ? 0 : (now - timer->first_ns) / timer->period_ns + 1;
}

/* As many expirations as time says, neither one more nor one less. */
static void
take_expired(Stress *stress, Timer *timer, int fd)
{
    uint64_t before = clock_ns(), after, n = 0;

    if (read(fd, &n, sizeof(n)) != sizeof(n))
        return;
    after = clock_ns();
    timer->expired += n;
    count(stress, EXPIRED, n);
    if (timer->expired < due(timer, before) || timer->expired > due(timer, after))
        BAD(stress, "a timer of %llu ms expired %llu times instead of %llu to %llu",
            (unsigned long long)timer->period_ns / 1000000, (unsigned long long)timer->expired,
            (unsigned long long)due(timer, before), (unsigned long long)due(timer, after));
}

static void
run_timers(Seat *seat)
{
    Stress *stress = seat->stress;
    struct pollfd ready[TIMERS];
    Timer timers[TIMERS];

    for (unsigned i = 0; i < stress->timers; i++) {
        uint64_t period = (20 + 7 * i) * 1000000ull, first = stress->start_ns + NS + period;
        struct itimerspec when = {{0, (long)period}, {(time_t)(first / NS), (long)(first % NS)}};

        timers[i] = (Timer){first, period, 0};
        ready[i] = (struct pollfd){timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK), POLLIN, 0};
        if (ready[i].fd < 0 || timerfd_settime(ready[i].fd, TFD_TIMER_ABSTIME, &when, NULL) != 0)
            BAD(stress, "no timer: %s", strerror(errno));
    }
    while (!atomic_load(&stress->stop)) {
        if (poll(ready, stress->timers, STALL * 1000) == 0)
            BAD(stress, "no timer expired for %d s", STALL);
        for (unsigned i = 0; i < stress->timers; i++) {
            if (ready[i].revents != 0)
                take_expired(stress, &timers[i], ready[i].fd);
        }
    }
}

/* ---- memory ---- */

/* What stands at a word follows from where it is and when it was written. */
static uint64_t
word_of(uint64_t page, uint64_t generation, uint64_t i)
{
    uint64_t x = page * 0x9e3779b97f4a7c15ull + generation * 0xc2b2ae3d27d4eb4full + i;

    x = (x ^ (x >> 31)) * 0xbf58476d1ce4e5b9ull;
    return x ^ (x >> 29);
}

static uint64_t *
slot_of(Stress *stress, unsigned page, uint64_t generation)
{
    return stress->memory + (size_t)page * (PAGE / 8) + generation % SLOTS * SLOT_WORDS;
}

static void
write_slot(Stress *stress, unsigned page, uint64_t generation)
{
    uint64_t *slot = slot_of(stress, page, generation);

    for (unsigned i = 0; i < SLOT_WORDS; i++)
        slot[i] = word_of(page, generation, i);
}

static bool
slot_is(Stress *stress, unsigned page, uint64_t generation)
{
    const uint64_t *slot = slot_of(stress, page, generation);

    for (unsigned i = 0; i < SLOT_WORDS; i++) {
        if (slot[i] != word_of(page, generation, i)) {
            BAD(stress, "page %u at %p, generation %llu, word %u is %016llx instead of %016llx",
                page, (const void *)slot, (unsigned long long)generation, i,
                (unsigned long long)slot[i], (unsigned long long)word_of(page, generation, i));
            return false;
        }
    }
    return true;
}

/* The last SLOTS generations of each page stand in it. */
static void
write_memory(Seat *seat)
{
    Stress *stress = seat->stress;
    unsigned page = 0;

    while (!atomic_load(&stress->stop)) {
        for (unsigned n = 0; n < (stress->pages + 19) / 20; n++) {
            pthread_mutex_lock(&stress->memory_lock);
            slot_is(stress, page, stress->generations[page]);
            slot_is(stress, page, stress->generations[page] + 1 - SLOTS);
            write_slot(stress, page, ++stress->generations[page]);
            pthread_mutex_unlock(&stress->memory_lock);
            count(stress, PAGES, 1);
            page = (page + 1) % stress->n_pages;
        }
        nap_us(50000);
    }
}

static bool
make_memory(Stress *stress)
{
    size_t size = (size_t)stress->mem << 20;

    stress->n_pages = (unsigned)(size / PAGE);
    stress->memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    stress->generations = calloc(stress->n_pages, sizeof(uint64_t));
    if (stress->memory == MAP_FAILED || stress->generations == NULL)
        return false;
    for (unsigned page = 0; page < stress->n_pages; page++) {
        for (unsigned slot = 0; slot < SLOTS; slot++)
            write_slot(stress, page, slot);
        stress->generations[page] = SLOTS - 1;
    }
    return true;
}

/* Page by page, so that the writer goes on meanwhile. */
static void
check_memory(Stress *stress)
{
    unsigned good = 0;

    for (unsigned page = 0; page < stress->n_pages; page++) {
        bool same = true;

        pthread_mutex_lock(&stress->memory_lock);
        for (unsigned back = 0; back < SLOTS && same; back++)
            same = slot_is(stress, page, stress->generations[page] - back);
        pthread_mutex_unlock(&stress->memory_lock);
        good += same;
    }
    say("STRESS:memory %u of %u pages are right", good, stress->n_pages);
}

/* ---- console and kernel log ---- */

static void
report(void)
{
    FILE *file = fopen("/proc/interrupts", "r");
    char line[400];

    while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        say("STRESS:irq %s", line);
    }
    if (file != NULL)
        fclose(file);
    say("STRESS:report ends");
}

static void
obey(Stress *stress, const char *line)
{
    if (strncmp(line, "ping ", 5) == 0)
        say("STRESS:pong %.200s", line + 5);
    else if (strcmp(line, "report") == 0)
        report();
    else if (strcmp(line, "check") == 0)
        check_memory(stress);
    else if (strcmp(line, "quit") == 0)
        atomic_store(&stress->stop, true);
    else
        BAD(stress, "not understood: %.200s", line);
}

static void
listen_to_console(Seat *seat)
{
    Stress *stress = seat->stress;
    char line[256];

    while (!atomic_load(&stress->stop) && fgets(line, sizeof(line), stdin) != NULL) {
        line[strcspn(line, "\r\n")] = '\0';
        obey(stress, line);
    }
    atomic_store(&stress->stop, true);
}

/* Numbered lines, so that one that is lost or comes twice is seen. */
static void
chat(Seat *seat)
{
    Stress *stress = seat->stress;

    for (unsigned long n = 0; stress->chat > 0 && !atomic_load(&stress->stop); n++) {
        say("STRESS:chat %lu", n);
        nap_us(1000000 / stress->chat);
    }
}

/* Each read of kmsg is one record: "level,number,time,flags;text" and lines of details. */
static void
show_kernel_log(int kmsg)
{
    char record[2048];
    ssize_t n;

    while ((n = read(kmsg, record, sizeof(record) - 1)) > 0 || (n < 0 && errno == EPIPE)) {
        char *text;

        if (n < 0)
            continue;
        record[n] = '\0';
        record[strcspn(record, "\n")] = '\0';
        text = strchr(record, ';');
        say("STRESS:klog <%d> %.300s", atoi(record) & 7, text == NULL ? record : text + 1);
    }
}

static void
tick(Stress *stress, unsigned long n, uint64_t *before, unsigned *idle)
{
    uint64_t now[COUNTERS];

    for (int i = 0; i < COUNTERS; i++) {
        now[i] = atomic_load(&stress->count[i]);
        idle[i] = now[i] == before[i] ? idle[i] + 1 : 0;
        before[i] = now[i];
        if (idle[i] == STALL)
            BAD(stress, "no %s for %d s", counter_names[i], STALL);
    }
    say("STRESS:tick %lu t=%llu pings=%llu barriers=%llu timers=%llu pages=%llu gap=%llu bad=%u", n,
        (unsigned long long)(clock_ns() - stress->start_ns) / 1000000,
        (unsigned long long)now[PINGS], (unsigned long long)now[BARRIERS],
        (unsigned long long)now[EXPIRED], (unsigned long long)now[PAGES],
        (unsigned long long)atomic_exchange(&stress->gap_ns, 0) / 1000000,
        atomic_load(&stress->bad));
}

/* ---- the program ---- */

typedef struct {
    void (*run)(Seat *seat);
    Seat seat;
} Worker;

static void *
run_worker(void *data)
{
    Worker *worker = data;
    cpu_set_t cpus;

    CPU_ZERO(&cpus);
    CPU_SET(worker->seat.cpu, &cpus);
    if (sched_setaffinity(0, sizeof(cpus), &cpus) != 0)
        BAD(worker->seat.stress, "cpu %d: %s", worker->seat.cpu, strerror(errno));
    worker->run(&worker->seat);
    return NULL;
}

static void
read_options(Stress *stress)
{
    const struct {
        const char *name;
        unsigned *to, least, most;
    } options[] = {
        {" stress.mem=", &stress->mem, 1, 4096},
        {" stress.pages=", &stress->pages, 1, 1000000},
        {" stress.chat=", &stress->chat, 0, 1000},
        {" stress.pause=", &stress->pause, 0, 300000},
        {" stress.timers=", &stress->timers, 1, TIMERS},
    };
    char line[4096] = " ";
    int fd = open("/proc/cmdline", O_RDONLY);
    ssize_t n = read(fd, line + 1, sizeof(line) - 2);

    line[n > 0 ? n + 1 : 1] = '\0';
    close(fd);
    for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
        const char *at = strstr(line, options[i].name);
        unsigned long value;

        if (at == NULL)
            continue;
        value = strtoul(at + strlen(options[i].name), NULL, 10);
        if (value < options[i].least || value > options[i].most)
            BAD(stress, "%s takes %u to %u", options[i].name, options[i].least, options[i].most);
        else
            *options[i].to = (unsigned)value;
    }
}

int
main(void)
{
    Stress stress = {.mem = 32,
                     .pages = 100,
                     .chat = 4,
                     .pause = 2000,
                     .timers = 8,
                     .cpus = (int)sysconf(_SC_NPROCESSORS_ONLN),
                     .start_ns = clock_ns(),
                     .there = eventfd(0, 0),
                     .back = eventfd(0, 0)};
    int last = stress.cpus - 1;
    Worker workers[] = {
        {serve, {&stress, 0}},
        {reply, {&stress, last}},
        {barrier, {&stress, 0}},
        {watch_clock, {&stress, 0}},
        {watch_clock, {&stress, last}},
        {run_timers, {&stress, last}},
        {write_memory, {&stress, 0}},
        {chat, {&stress, last}},
        {listen_to_console, {&stress, 0}},
    };
    enum { WORKERS = sizeof(workers) / sizeof(workers[0]) };
    pthread_t threads[WORKERS];
    uint64_t before[COUNTERS] = {0};
    unsigned idle[COUNTERS] = {0};
    int kmsg = open("/dev/kmsg", O_RDONLY | O_NONBLOCK);

    lseek(kmsg, 0, SEEK_END);
    /* Typed lines are not to be echoed; line editing stays, since it makes lines. */
    if (system("stty -echo") != 0)
        BAD(&stress, "the console cannot be quieted");
    read_options(&stress);
    pthread_mutex_init(&stress.memory_lock, NULL);
    if (kmsg < 0 || !make_memory(&stress)) {
        say("STRESS:bad no memory or no kernel log");
        return 1;
    }
    stress.start_ns = clock_ns();
    say("STRESS:begins cpus=%d mem=%u pages=%u", stress.cpus, stress.mem, stress.pages);
    for (int i = 0; i < WORKERS; i++) {
        if (pthread_create(&threads[i], NULL, run_worker, &workers[i]) != 0)
            return 1;
    }
    for (unsigned long n = 0; !atomic_load(&stress.stop); n++) {
        nap_us(1000000);
        show_kernel_log(kmsg);
        tick(&stress, n, before, idle);
    }
    for (int i = 0; i < WORKERS; i++)
        pthread_join(threads[i], NULL);
    check_memory(&stress);
    show_kernel_log(kmsg);
    /* The last wake-up of the first has no answer. */
    if (atomic_load(&stress.count[PONGS]) - atomic_load(&stress.count[PINGS]) + 1 > 2)
        BAD(&stress, "%llu wake-ups, %llu taken", (unsigned long long)stress.count[PINGS],
            (unsigned long long)stress.count[PONGS]);
    say("STRESS:ends pings=%llu bad=%u", (unsigned long long)stress.count[PINGS],
        atomic_load(&stress.bad));
    return atomic_load(&stress.bad) != 0;
}
