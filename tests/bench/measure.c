/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs one virtual machine monitor and measures it from outside, the same way for any monitor.
 * It is no benchmark by itself: bench scripts run it inside the emulated host, once a round.
 *
 *   measure [--until TEXT] [--ram BYTES] [--trace] [--events N] [--echo] -- COMMAND…
 *
 * COMMAND has its guest's console on standard input and output. Prints lines "NAME VALUE":
 *   until_ns      from exec to TEXT in the output
 *   kvm_enter_ns  from exec to the first entry into a guest (kernel trace points)
 *   anon_kb       anonymous memory of the process at TEXT, the mapping of BYTES (guest RAM) left
 * out rss_kb        resident memory at TEXT, likewise event_ns      median time from writing one
 * character to the guest having its interrupt queued (bare guest of tests/guests/bench.c, which
 * prints the time base) and hands on the guest's lines that begin with BENCH. Ends COMMAND by
 * SIGKILL.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define TRACING "/sys/kernel/tracing/"
#define TRACE_KB \
    "16384" /* each processor; a start has some 100 000 entries, and the first counts */
#define OUTPUT      (1 << 20)
#define EVENTS      256
#define PATIENCE_MS 60000

typedef struct {
    const char *until;
    uint64_t ram;
    bool trace;
    bool echo;
    int events;
    char **command;
} Plan;

typedef struct {
    pid_t pid;
    int to, from;
    char text[OUTPUT];
    size_t n;
    uint64_t start_ns;
} Child;

static uint64_t
now_ns(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static void
fail(const char *what)
{
    fprintf(stderr, "measure: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void
trace_write(const char *name, const char *value)
{
    char path[256];
    int fd;

    snprintf(path, sizeof(path), TRACING "%s", name);
    fd = open(path, O_WRONLY | O_TRUNC);
    if (fd < 0 || write(fd, value, strlen(value)) < 0)
        fail(path);
    close(fd);
}

static void
trace_switch(const char *on)
{
    trace_write("tracing_on", on);
    trace_write("events/sched/sched_process_exec/enable", on);
    trace_write("events/kvm_hv/kvmppc_run_vcpu_enter/enable", on);
}

/* Time stamp, in seconds, of the trace line @line: the number that stands before ": EVENT:". */
static double
trace_stamp(const char *line, const char *event)
{
    const char *at = strstr(line, event);

    while (at > line && at[-1] != ' ')
        at--;
    for (at -= 1; at > line && at[-1] != ' '; at--)
        ;
    return strtod(at, NULL);
}

static void
trace_report(pid_t pid)
{
    char line[1024], mark[32];
    double start = 0, enter = 0;
    FILE *f = fopen(TRACING "trace", "r");

    if (f == NULL)
        fail(TRACING "trace");
    snprintf(mark, sizeof(mark), " pid=%d ", (int)pid);
    while (enter == 0 && fgets(line, sizeof(line), f) != NULL) {
        if (start == 0 && strstr(line, "sched_process_exec:") != NULL && strstr(line, mark) != NULL)
            start = trace_stamp(line, "sched_process_exec:");
        else if (start != 0 && strstr(line, "kvmppc_run_vcpu_enter:") != NULL)
            enter = trace_stamp(line, "kvmppc_run_vcpu_enter:");
    }
    fclose(f);
    if (start != 0 && enter != 0)
        printf("kvm_enter_ns %.0f\n", (enter - start) * 1e9);
}

static void
start(Child *child, const Plan *plan)
{
    int in[2], out[2];

    if (pipe(in) != 0 || pipe(out) != 0)
        fail("pipe");
    child->start_ns = now_ns();
    child->pid = fork();
    if (child->pid < 0)
        fail("fork");
    if (child->pid == 0) {
        dup2(in[0], 0);
        dup2(out[1], 1);
        close(in[1]);
        close(out[0]);
        execvp(plan->command[0], plan->command);
        fail(plan->command[0]);
    }
    close(in[0]);
    close(out[1]);
    child->to = in[1];
    child->from = out[0];
}

/* Reads until @text stands in the output from @from on; returns its offset, or −1. */
static long
wait_for(Child *child, const char *text, size_t from, const Plan *plan)
{
    struct pollfd fd = {.fd = child->from, .events = POLLIN};
    char *found;
    ssize_t got;

    for (;;) {
        child->text[child->n] = 0;
        found = strstr(child->text + from, text);
        if (found != NULL)
            return found - child->text;
        if (child->n >= OUTPUT - 4096 || poll(&fd, 1, PATIENCE_MS) <= 0)
            return -1;
        got = read(child->from, child->text + child->n, 4096);
        if (got <= 0)
            return -1;
        if (plan->echo)
            (void)!write(2, child->text + child->n, (size_t)got);
        child->n += (size_t)got;
    }
}

static void
report_memory(const Child *child, uint64_t ram)
{
    char path[64], line[512];
    unsigned long long low, high, kb, rss = 0, anon = 0;
    bool counts = true;
    FILE *f;

    snprintf(path, sizeof(path), "/proc/%d/smaps", (int)child->pid);
    f = fopen(path, "r");
    if (f == NULL)
        fail(path);
    while (fgets(line, sizeof(line), f) != NULL) {
        if (sscanf(line, "%llx-%llx ", &low, &high) == 2)
            counts = ram == 0 || high - low < ram;
        else if (counts && sscanf(line, "Rss: %llu", &kb) == 1)
            rss += kb;
        else if (counts && sscanf(line, "Anonymous: %llu", &kb) == 1)
            anon += kb;
    }
    fclose(f);
    printf("anon_kb %llu\nrss_kb %llu\n", anon, rss);
}

static int
compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static void
measure_events(Child *child, const Plan *plan)
{
    double took[EVENTS];
    uint64_t sent;
    size_t from;
    int i;

    for (i = 0; i < plan->events && i < EVENTS; i++) {
        usleep(20000);
        from = child->n;
        sent = now_ns();
        if (write(child->to, "x", 1) != 1)
            fail("writing to the console");
        if (wait_for(child, "BENCH event", from, plan) < 0) {
            fprintf(stderr, "measure: the guest did not answer\n");
            return;
        }
        took[i] = (double)(now_ns() - sent);
    }
    qsort(took, (size_t)i, sizeof(took[0]), compare);
    printf("event_ns %.0f\n", took[i / 2]);
}

static void
print_bench_lines(const Child *child)
{
    const char *at = child->text, *end;

    while ((at = strstr(at, "BENCH ")) != NULL) {
        end = strpbrk(at, "\r\n");
        if (end == NULL)
            return;
        if (strncmp(at, "BENCH event", 11) != 0)
            printf("%.*s\n", (int)(end - at), at);
        at = end;
    }
}

static void
parse(Plan *plan, char **argv)
{
    for (argv++; *argv != NULL && strcmp(*argv, "--") != 0; argv++) {
        if (strcmp(*argv, "--until") == 0 && argv[1] != NULL)
            plan->until = *++argv;
        else if (strcmp(*argv, "--ram") == 0 && argv[1] != NULL)
            plan->ram = strtoull(*++argv, NULL, 0);
        else if (strcmp(*argv, "--events") == 0 && argv[1] != NULL)
            plan->events = atoi(*++argv);
        else if (strcmp(*argv, "--trace") == 0)
            plan->trace = true;
        else if (strcmp(*argv, "--echo") == 0)
            plan->echo = true;
    }
    if (*argv == NULL || argv[1] == NULL || plan->until == NULL) {
        fprintf(stderr, "measure: usage: measure --until TEXT [--ram BYTES] [--trace] [--events N] "
                        "[--echo] -- COMMAND…\n");
        exit(2);
    }
    plan->command = argv + 1;
}

int
main(int argc, char **argv)
{
    static Child child;
    Plan plan = {0};
    long at;

    parse(&plan, argv);
    signal(SIGPIPE, SIG_IGN);
    if (plan.trace) {
        trace_write("trace_clock", "mono");
        trace_write("buffer_size_kb", TRACE_KB);
        trace_write("trace", "");
        trace_switch("1");
    }
    start(&child, &plan);
    at = wait_for(&child, plan.until, 0, &plan);
    if (at < 0)
        fprintf(stderr, "measure: the output ended without '%s'\n", plan.until);
    else
        printf("until_ns %llu\n", (unsigned long long)(now_ns() - child.start_ns));
    if (plan.trace)
        trace_switch("0");
    if (at >= 0 && kill(child.pid, 0) == 0) {
        report_memory(&child, plan.ram);
        if (plan.events > 0)
            measure_events(&child, &plan);
    }
    kill(child.pid, SIGKILL);
    waitpid(child.pid, NULL, 0);
    print_bench_lines(&child);
    if (plan.trace)
        trace_report(child.pid);
    return at < 0;
}
