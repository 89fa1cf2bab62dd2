/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Messages for the operator. Rate limit: a bucket of LOG_BURST lines per kind, refilled with
 * LOG_PER_SECOND lines a second; the first line after a drought says how many are missing.
 */
#include "vmm/log.h"

#include <stdio.h>
#include <string.h>

#include "vmm/vm.h"

#define LOG_BURST      20
#define LOG_PER_SECOND 2
#define LOG_N_KINDS    (VDEV_LOG_WARNING + 1)

static const struct {
    const char *name;   /* of -d */
    const char *prefix; /* of a line */
    const char *help;
    gboolean limited;
} kinds_table[LOG_N_KINDS] = {
    [VDEV_LOG_GUEST_ERROR] = {"guest_errors", "guest error: ", "the guest does what it must not",
                              TRUE},
    [VDEV_LOG_UNIMPL] = {"unimp", "unimplemented: ", "the guest asks for what is not there", TRUE},
    [VDEV_LOG_HCALL] = {"hcall", "hcall: ", "every hypercall", FALSE},
    [VDEV_LOG_RTAS] = {"rtas", "rtas: ", "every RTAS call", FALSE},
    [VDEV_LOG_IRQ] = {"irq", "irq: ", "interrupt sources, queues and targets", FALSE},
    [VDEV_LOG_WARNING] = {NULL, "warning: ", NULL, TRUE},
};

typedef struct {
    gint64 tokens;   /* lines that may be shown, times 1 000 000 */
    gint64 stamp;    /* µs, of the last refill */
    guint64 missing; /* lines held back since the last one shown */
} LogBucket;

struct Log {
    guint32 kinds;
    LogClock clock;
    LogSink sink;
    void *user;
    GMutex mutex; /* guards the buckets, and keeps lines whole */
    LogBucket buckets[LOG_N_KINDS];
};

static void
log_to_stderr(const char *line, void *user)
{
    fprintf(stderr, "spapr-vmm: %s\n", line);
}

Log *
log_new(guint32 kinds)
{
    return log_new_to(kinds, g_get_monotonic_time, log_to_stderr, NULL);
}

Log *
log_new_to(guint32 kinds, LogClock clock, LogSink sink, void *user)
{
    Log *log = g_new0(Log, 1);

    log->kinds = kinds | 1u << VDEV_LOG_WARNING;
    log->clock = clock;
    log->sink = sink;
    log->user = user;
    g_mutex_init(&log->mutex);
    for (guint i = 0; i < LOG_N_KINDS; i++)
        log->buckets[i] = (LogBucket){LOG_BURST * G_USEC_PER_SEC, clock(), 0};
    return log;
}

static void
log_report_missing(Log *log, VdevLogKind kind)
{
    LogBucket *bucket = &log->buckets[kind];
    g_autofree char *line = NULL;

    if (bucket->missing == 0)
        return;
    line = g_strdup_printf("%s%" G_GUINT64_FORMAT " more lines of this kind were held back",
                           kinds_table[kind].prefix, bucket->missing);
    bucket->missing = 0;
    log->sink(line, log->user);
}

void
log_free(Log *log)
{
    if (log == NULL)
        return;
    for (guint i = 0; i < LOG_N_KINDS; i++)
        log_report_missing(log, i);
    g_mutex_clear(&log->mutex);
    g_free(log);
}

gboolean
log_enabled(const Log *log, VdevLogKind kind)
{
    return (guint)kind < LOG_N_KINDS && (log->kinds & 1u << kind) != 0;
}

static gboolean
log_take_token(Log *log, VdevLogKind kind)
{
    LogBucket *bucket = &log->buckets[kind];
    gint64 now = log->clock();
    gint64 passed = CLAMP(now - bucket->stamp, 0, (gint64)3600 * G_USEC_PER_SEC);

    bucket->stamp = now;
    bucket->tokens = MIN(bucket->tokens + passed * LOG_PER_SECOND, LOG_BURST * G_USEC_PER_SEC);
    if (bucket->tokens < G_USEC_PER_SEC) {
        bucket->missing++;
        return FALSE;
    }
    bucket->tokens -= G_USEC_PER_SEC;
    return TRUE;
}

void
log_message(Log *log, VdevLogKind kind, const char *message)
{
    g_autofree char *line = NULL;

    if (!log_enabled(log, kind))
        return;
    g_mutex_lock(&log->mutex);
    if (!kinds_table[kind].limited || log_take_token(log, kind)) {
        log_report_missing(log, kind);
        line = g_strconcat(kinds_table[kind].prefix, message, NULL);
        for (char *c = line; *c != '\0'; c++)
            *c = (guchar)*c < ' ' || *c == 0x7f ? '?' : *c;
        log->sink(line, log->user);
    }
    g_mutex_unlock(&log->mutex);
}

void
log_printf(Log *log, VdevLogKind kind, const char *format, ...)
{
    g_autofree char *message = NULL;
    va_list arguments;

    if (!log_enabled(log, kind))
        return;
    va_start(arguments, format);
    message = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    log_message(log, kind, message);
}

static gboolean
log_kind_find(const char *name, guint32 *kinds)
{
    for (guint i = 0; i < LOG_N_KINDS; i++)
        if (kinds_table[i].name != NULL && strcmp(kinds_table[i].name, name) == 0) {
            *kinds |= 1u << i;
            return TRUE;
        }
    return FALSE;
}

gboolean
log_kinds_parse(const char *list, guint32 *kinds, GError **error)
{
    g_auto(GStrv) names = g_strsplit(list, ",", -1);
    guint32 found = 0;

    if (names[0] == NULL) {
        g_set_error(error, VM_ERROR, VM_ERROR_USAGE, "-d needs a list; -d help shows the words");
        return FALSE;
    }
    for (guint i = 0; names[i] != NULL; i++)
        if (!log_kind_find(names[i], &found)) {
            g_set_error(error, VM_ERROR, VM_ERROR_USAGE,
                        "-d: unknown word '%s'; -d help shows the words", names[i]);
            return FALSE;
        }
    *kinds |= found;
    return TRUE;
}

void
log_kinds_help(GString *text)
{
    for (guint i = 0; i < LOG_N_KINDS; i++)
        if (kinds_table[i].name != NULL)
            g_string_append_printf(text, "%-15s %s\n", kinds_table[i].name, kinds_table[i].help);
}
