/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A migration from its begin to its end (see the header): ask, look five times a second, report.
 */
#include "tools/ctl-migrate.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "tools/ctl-progress.h"

#define LOOK_MS       200 /* between two looks */
#define BAR_WIDTH     24  /* columns */
#define COLUMNS_PLAIN 80  /* where the terminal does not tell */

typedef struct {
    QmpConnection *connection;
    const CtlMigration *migration;
    int signals;       /* signalfd; −1: none */
    gboolean terminal; /* standard error is one */
    gboolean cancelled;
    char *shown; /* the status of the last line; not on a terminal */
} Watch;

static json_t *
call(const Watch *watch, const char *command, json_t *arguments, GError **error)
{
    return qmp_connection_call(watch->connection, command, arguments,
                               qmp_deadline(watch->migration->timeout), error);
}

static gboolean
order(const Watch *watch, const char *command, json_t *arguments, GError **error)
{
    json_t *reply = call(watch, command, arguments, error);
    gboolean done = reply != NULL;

    json_decref(reply);
    return done;
}

/* A destination that stays after a failed load can say why it failed. QEMU up to 9.0 cannot stay,
 * and does not know the word. */
static gboolean
order_incoming(const Watch *watch, const char *uri, GError **error)
{
    g_autoptr(GError) reason = NULL;

    if (order(watch, "migrate-incoming", json_pack("{s:s,s:b}", "uri", uri, "exit-on-error", FALSE),
              &reason))
        return TRUE;
    if (strstr(reason->message, "exit-on-error") != NULL)
        return order(watch, "migrate-incoming", json_pack("{s:s}", "uri", uri), error);
    g_propagate_error(error, g_steal_pointer(&reason));
    return FALSE;
}

static const char *
text_member(const json_t *info, const char *name)
{
    const char *text = json_string_value(json_object_get(info, name));

    return text == NULL ? "" : text;
}

static gboolean
is_over(const json_t *info)
{
    static const char *const ends[] = {"completed", "failed", "cancelled", NULL};

    return g_strv_contains(ends, text_member(info, "status"));
}

/* ---- Showing ---- */

static guint
columns(void)
{
    struct winsize size;

    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) < 0 || size.ws_col == 0)
        return COLUMNS_PLAIN;
    return size.ws_col;
}

static void
show(Watch *watch, const json_t *info)
{
    const char *status = text_member(info, "status");
    GString *line;

    if (!watch->terminal && g_strcmp0(watch->shown, status) == 0)
        return;
    g_free(watch->shown);
    watch->shown = g_strdup(status);
    line = g_string_new(NULL);
    progress_line(line, info, BAR_WIDTH);
    if (watch->terminal) { /* a line that wraps could not be drawn over */
        g_string_truncate(line, MIN(line->len, columns() - 1));
        fprintf(stderr, "\r%s\033[K", line->str);
    } else {
        fprintf(stderr, "%s\n", line->str);
    }
    fflush(stderr);
    g_string_free(line, TRUE);
}

static void
report(const Watch *watch, const json_t *info)
{
    if (watch->terminal)
        fprintf(stderr, "\r\033[K");
    if (watch->migration->json) {
        char *text = json_dumps(info, JSON_COMPACT);

        puts(text);
        free(text);
    } else {
        GString *text = g_string_new(NULL);

        progress_report(text, info);
        fputs(text->str, stdout);
        g_string_free(text, TRUE);
    }
    fflush(stdout);
}

/* ---- Signals ---- */

static int
take_signals(void)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigprocmask(SIG_BLOCK, &set, NULL);
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* Waits for the time of the next look. FALSE with @error: to leave at once. */
static gboolean
wait_a_while(Watch *watch, GError **error)
{
    struct pollfd ready = {.fd = watch->signals, .events = POLLIN};
    struct signalfd_siginfo info;

    if (poll(&ready, 1, LOOK_MS) <= 0 || read(watch->signals, &info, sizeof(info)) <= 0)
        return TRUE;
    if (watch->cancelled) {
        g_set_error(error, QMP_REFUSED, 0, "%s: left before the end; query-migrate tells it",
                    watch->migration->socket);
        return FALSE;
    }
    watch->cancelled = TRUE;
    return order(watch, "migrate_cancel", NULL, error);
}

/* ---- The story ---- */

/* The last answer, or NULL with @error. */
static json_t *
follow(Watch *watch, GError **error)
{
    for (;;) {
        json_t *reply = call(watch, "query-migrate", NULL, error), *info;

        if (reply == NULL)
            return NULL;
        info = json_incref(json_object_get(reply, "return"));
        json_decref(reply);
        show(watch, info);
        if (is_over(info))
            return info;
        json_decref(info);
        if (!wait_a_while(watch, error))
            return NULL;
    }
}

static gboolean
judge(const Watch *watch, const json_t *info, GError **error)
{
    const char *status = text_member(info, "status"), *why = text_member(info, "error-desc");
    const char *socket = watch->migration->socket;

    if (g_str_equal(status, "completed"))
        return TRUE;
    if (g_str_equal(text_member(info, "x-status"), "handover-unknown"))
        g_set_error(error, QMP_REFUSED, 0,
                    "%s: %s. The guest is paused here: look at the destination, then say "
                    "x-migrate-decide guest=there if it runs there, guest=here if it never will",
                    socket, why);
    else if (g_str_equal(status, "cancelled"))
        g_set_error(error, QMP_REFUSED, 0, "%s: the migration was cancelled", socket);
    else
        g_set_error(error, QMP_REFUSED, 0, "%s: the migration failed: %s", socket,
                    *why == '\0' ? "no reason was given" : why);
    return FALSE;
}

static gboolean
migrate(Watch *watch, GError **error)
{
    const CtlMigration *migration = watch->migration;
    const char *uri = migration->uri;
    json_t *info;
    gboolean arrived;

    if (!g_utf8_validate(uri, -1, NULL)) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "%s: not UTF-8", uri);
        return FALSE;
    }
    if (!(migration->incoming ? order_incoming(watch, uri, error)
                              : order(watch, "migrate", json_pack("{s:s}", "uri", uri), error)))
        return FALSE;
    info = follow(watch, error);
    if (info == NULL)
        return FALSE;
    report(watch, info);
    arrived = judge(watch, info, error);
    json_decref(info);
    return arrived;
}

gboolean
ctl_migrate(QmpConnection *connection, const CtlMigration *migration, GError **error)
{
    Watch watch = {
        .connection = connection,
        .migration = migration,
        .signals = take_signals(),
        .terminal = isatty(STDERR_FILENO),
    };
    gboolean arrived = migrate(&watch, error);

    if (watch.signals >= 0)
        close(watch.signals);
    g_free(watch.shown);
    return arrived;
}
