/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * spapr-vmm-ctl: asks a running spapr-vmm one thing over its QMP socket, follows its events, or
 * sees a migration through.
 *
 * A client of the protocol only: it knows no command but what the user types, and those of a
 * migration. Exit status: 0 done, 1 refused or failed, 2 used wrongly.
 */
#include "tools/ctl-migrate.h"
#include "tools/qmp-connection.h"
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_TIMEOUT 30.0 /* seconds for a greeting and for a reply */

typedef struct {
    double wait, timeout; /* seconds; timeout < 0: not given */
    gboolean json, version, incoming;
    char *until;
    char **words; /* SOCKET COMMAND [ARGUMENT…] */
} Request;

static void
print_json(const json_t *value, size_t flags)
{
    char *text = json_dumps(value, flags | JSON_ENCODE_ANY);

    puts(text);
    free(text);
}

/* A text reply, alone or as the one member that QEMU's x-query-* have, else NULL. */
static const char *
text_of(const json_t *result)
{
    if (json_object_size(result) == 1)
        result = json_object_get(result, "human-readable-text");
    return json_string_value(result);
}

static void
print_result(const json_t *result)
{
    const char *text = text_of(result);

    if (text == NULL && (!json_is_object(result) || json_object_size(result) > 0))
        print_json(result, JSON_INDENT(2));
    else if (text != NULL)
        printf("%s%s", text, g_str_has_suffix(text, "\n") ? "" : "\n");
}

/* KEY=TEXT or KEY:=JSON into @arguments. */
static gboolean
parse_argument(json_t *arguments, const char *word, GError **error)
{
    const char *equals = strchr(word, '=');
    gboolean is_json = equals != NULL && equals > word && equals[-1] == ':';
    gsize n = equals == NULL ? 0 : (gsize)(equals - word) - is_json;
    g_autofree char *key = g_strndup(word, n);
    json_error_t trouble;
    json_t *value;

    if (n == 0) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                    "%s: expected key=text or key:=json", word);
        return FALSE;
    }
    value = is_json ? json_loads(equals + 1, JSON_DECODE_ANY, &trouble) : json_string(equals + 1);
    if (value != NULL && json_object_set_new(arguments, key, value) == 0)
        return TRUE;
    g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "%s: %s", word,
                is_json ? trouble.text : "not UTF-8");
    return FALSE;
}

static json_t *
parse_arguments(char **words, GError **error)
{
    json_t *arguments = *words != NULL ? json_object() : NULL;

    for (; *words != NULL; words++) {
        if (parse_argument(arguments, *words, error))
            continue;
        json_decref(arguments);
        return NULL;
    }
    return arguments;
}

static double
reply_timeout(const Request *request)
{
    return request->timeout >= 0 ? request->timeout : DEFAULT_TIMEOUT;
}

/* @timeout: seconds for the greeting, once somebody answers. */
static QmpConnection *
open_connection(const Request *request, double timeout, GError **error)
{
    return qmp_connection_open(request->words[0], qmp_deadline(request->wait),
                               qmp_deadline(request->wait + timeout), error);
}

static gboolean
run_command(const Request *request, GError **error)
{
    g_autoptr(QmpConnection) connection = NULL;
    GError *trouble = NULL;
    json_t *arguments = parse_arguments(request->words + 2, &trouble), *reply;

    if (trouble != NULL) {
        g_propagate_error(error, trouble);
        return FALSE;
    }
    connection = open_connection(request, reply_timeout(request), error);
    if (connection == NULL) {
        json_decref(arguments);
        return FALSE;
    }
    reply = qmp_connection_call(connection, request->words[1], arguments,
                                qmp_deadline(reply_timeout(request)), error);
    if (reply == NULL)
        return FALSE;
    if (request->json)
        print_json(reply, JSON_COMPACT);
    else
        print_result(json_object_get(reply, "return"));
    json_decref(reply);
    return TRUE;
}

/* "12:34:56.789 SHUTDOWN guest=true reason=guest-shutdown" */
static void
print_event(const json_t *event)
{
    json_t *stamp = json_object_get(event, "timestamp"), *value;
    gint64 micro = json_integer_value(json_object_get(stamp, "microseconds"));
    g_autoptr(GDateTime) time =
        g_date_time_new_from_unix_local(json_integer_value(json_object_get(stamp, "seconds")));
    g_autofree char *clock = time == NULL ? g_strdup("?") : g_date_time_format(time, "%H:%M:%S");
    const char *key;

    printf("%s.%03d %s", clock, (int)(micro / 1000),
           json_string_value(json_object_get(event, "event")));
    json_object_foreach(json_object_get(event, "data"), key, value)
    {
        char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);

        printf(" %s=%s", key, json_is_string(value) ? json_string_value(value) : text);
        free(text);
    }
    printf("\n");
}

static gboolean
follow_events(const Request *request, GError **error)
{
    g_autoptr(QmpConnection) connection = open_connection(request, DEFAULT_TIMEOUT, error);
    gint64 deadline = request->timeout >= 0 ? qmp_deadline(request->timeout) : QMP_NO_DEADLINE;
    GError *trouble = NULL;
    gboolean closed = FALSE, found = FALSE;
    json_t *event;

    if (connection == NULL)
        return FALSE;
    while (!found &&
           (event = qmp_connection_event(connection, deadline, &closed, &trouble)) != NULL) {
        if (request->json)
            print_json(event, JSON_COMPACT);
        else
            print_event(event);
        fflush(stdout); /* somebody may follow through a pipe */
        found = g_strcmp0(request->until, json_string_value(json_object_get(event, "event"))) == 0;
        json_decref(event);
    }
    if (trouble != NULL)
        g_propagate_error(error, trouble);
    else if (request->until != NULL && !found)
        g_set_error(error, QMP_REFUSED, 0, "%s: %s before the event %s", request->words[0],
                    closed ? "closed" : "time was up", request->until);
    else
        return TRUE;
    return FALSE;
}

/* "migrate URI": a word that is no argument of the command's. */
static gboolean
is_migration(const Request *request)
{
    char **words = request->words;
    gsize name;

    if (!g_str_equal(words[1], "migrate") || words[2] == NULL || words[3] != NULL)
        return FALSE;
    name = strspn(words[2], "abcdefghijklmnopqrstuvwxyz-");
    return !g_str_has_prefix(words[2] + name, "=") && !g_str_has_prefix(words[2] + name, ":=");
}

static gboolean
run_migration(const Request *request, GError **error)
{
    g_autoptr(QmpConnection) connection = open_connection(request, reply_timeout(request), error);
    const CtlMigration migration = {
        .socket = request->words[0],
        .uri = request->words[2],
        .incoming = request->incoming,
        .json = request->json,
        .timeout = reply_timeout(request),
    };

    return connection != NULL && ctl_migrate(connection, &migration, error);
}

static gboolean
parse_request(Request *request, int *argc, char ***argv, GError **error)
{
    const GOptionEntry entries[] = {
        {"wait", 'w', 0, G_OPTION_ARG_DOUBLE, &request->wait,
         "Wait up to S seconds for the socket to appear", "S"},
        {"timeout", 't', 0, G_OPTION_ARG_DOUBLE, &request->timeout,
         "Give up after S seconds (30 for a reply, never for events)", "S"},
        {"until", 'u', 0, G_OPTION_ARG_STRING, &request->until,
         "With events: end at the first event of this name", "NAME"},
        {"incoming", 'i', 0, G_OPTION_ARG_NONE, &request->incoming,
         "With migrate: the VM waits at URI for its guest", NULL},
        {"json", 'j', 0, G_OPTION_ARG_NONE, &request->json,
         "Print messages as they came, one on a line", NULL},
        {"version", 'V', 0, G_OPTION_ARG_NONE, &request->version, "Print the version", NULL},
        {G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_STRING_ARRAY, &request->words, NULL,
         "SOCKET COMMAND [key=text|key:=json…]"},
        {NULL},
    };
    g_autoptr(GOptionContext) context = g_option_context_new(NULL);

    g_option_context_set_summary(context,
                                 "Sends one QMP command to the VM behind SOCKET and prints what it "
                                 "returns, follows its\nevents (COMMAND: events), or migrates its "
                                 "guest and shows how it goes (COMMAND: migrate URI;\nCtrl-C "
                                 "cancels).");
    g_option_context_set_description(
        context, "Examples:\n"
                 "  spapr-vmm-ctl vm.sock query-status\n"
                 "  spapr-vmm-ctl vm.sock device-list-properties typename=spapr-xive-kvm\n"
                 "  spapr-vmm-ctl vm.sock events --until SHUTDOWN\n"
                 "  spapr-vmm-ctl vm.sock migrate-set-parameters downtime-limit:=100\n"
                 "  spapr-vmm-ctl there.sock migrate --incoming tcp:0:4444\n"
                 "  spapr-vmm-ctl vm.sock migrate tcp:there:4444\n"
                 "  spapr-vmm-ctl vm.sock migrate file:/var/tmp/vm.state\n\n"
                 "Exit status: 0 done, 1 refused or failed, 2 used wrongly.\n");
    g_option_context_add_main_entries(context, entries, NULL);
    if (!g_option_context_parse(context, argc, argv, error))
        return FALSE;
    if (request->version || (request->words != NULL && g_strv_length(request->words) >= 2))
        return TRUE;
    g_set_error_literal(error, G_OPTION_ERROR, G_OPTION_ERROR_FAILED,
                        "a socket and a command are needed (--help shows more)");
    return FALSE;
}

static int
run(const Request *request, GError **error)
{
    gboolean events, migration, done;

    if (request->version) {
        puts("spapr-vmm-ctl " PACKAGE_VERSION);
        return EXIT_SUCCESS;
    }
    events = g_str_equal(request->words[1], "events");
    if (request->until != NULL && !events) {
        g_set_error_literal(error, G_OPTION_ERROR, G_OPTION_ERROR_FAILED,
                            "--until goes with the command events only");
        return 2;
    }
    migration = is_migration(request);
    if (request->incoming && !migration) {
        g_set_error_literal(error, G_OPTION_ERROR, G_OPTION_ERROR_FAILED,
                            "--incoming goes with the command migrate URI only");
        return 2;
    }
    done = events      ? follow_events(request, error)
           : migration ? run_migration(request, error)
                       : run_command(request, error);
    return done ? EXIT_SUCCESS : EXIT_FAILURE;
}

int
main(int argc, char **argv)
{
    Request request = {.timeout = -1};
    g_autoptr(GError) error = NULL;
    int status = 2;

    setlocale(LC_ALL, "");
    if (parse_request(&request, &argc, &argv, &error))
        status = run(&request, &error);
    if (error != NULL)
        fprintf(stderr, "spapr-vmm-ctl: %s\n", error->message);
    if (error != NULL && error->domain == G_OPTION_ERROR)
        status = 2;
    g_free(request.until);
    g_strfreev(request.words);
    return status;
}
