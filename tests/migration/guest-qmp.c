/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a guest is asked, and waited for (see guest.h). Not here: its process (guest.c).
 */
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/migration/guest-priv.h"

/* A line that has come, or NULL. */
static json_t *
take_line(Guest *guest)
{
    guint8 *end = guest->in->len == 0 ? NULL : memchr(guest->in->data, '\n', guest->in->len);
    gsize n = end == NULL ? 0 : (gsize)(end - guest->in->data) + 1;
    json_t *line;

    if (end == NULL)
        return NULL;
    line = json_loadb((const char *)guest->in->data, n, 0, NULL);
    g_assert_nonnull(line);
    g_byte_array_remove_range(guest->in, 0, (guint)n);
    return line;
}

/* FALSE: the other end is closed. */
static gboolean
read_more(Guest *guest, int patience_ms)
{
    struct pollfd wait = {.fd = guest->qmp, .events = POLLIN};
    guint8 buffer[4096];
    gssize n;

    if (poll(&wait, 1, patience_ms) <= 0)
        return TRUE;
    n = read(guest->qmp, buffer, sizeof(buffer));
    if (n <= 0)
        return FALSE;
    g_byte_array_append(guest->in, buffer, (guint)n);
    return TRUE;
}

/* Keeps an event's time. TRUE: it was one, or the greeting. */
static gboolean
is_event(Guest *guest, json_t *line)
{
    json_t *time = json_object_get(line, "timestamp");
    const char *name = json_string_value(json_object_get(line, "event"));

    if (name != NULL)
        json_object_set_new(
            guest->events, name,
            json_integer(json_integer_value(json_object_get(time, "seconds")) * 1000000 +
                         json_integer_value(json_object_get(time, "microseconds"))));
    return name != NULL || json_object_get(line, "QMP") != NULL;
}

/* (transfer full), or NULL: it has gone, or is late. */
static json_t *
wait_answer(Guest *guest, gint64 patience_us)
{
    gint64 end = g_get_monotonic_time() + patience_us;

    for (;;) {
        json_t *line = take_line(guest);

        if (line != NULL && !is_event(guest, line))
            return line;
        if (line == NULL && !read_more(guest, 100))
            return NULL;
        json_decref(line);
        guest->late = g_get_monotonic_time() > end;
        if (guest->late)
            return NULL;
    }
}

static json_t *
exchange(Guest *guest, const char *command, json_t *arguments, gint64 patience_us)
{
    json_t *question = json_pack("{s:s}", "execute", command);
    json_t *answer;
    char *text;

    if (arguments != NULL)
        json_object_set_new(question, "arguments", arguments);
    text = json_dumps(question, JSON_COMPACT);
    json_decref(question);
    answer = send(guest->qmp, text, strlen(text), MSG_NOSIGNAL) < 0
                 ? NULL
                 : wait_answer(guest, patience_us);
    free(text);
    return answer;
}

json_t *
guest_ask(Guest *guest, const char *command, json_t *arguments, char **error)
{
    json_t *answer = exchange(guest, command, arguments, GUEST_PATIENCE_US);
    json_t *result = json_incref(json_object_get(answer, "return"));

    if (guest->late)
        guest_give_up(guest, "it does not answer %s", command);
    if (result == NULL && error != NULL)
        *error = g_strdup(answer == NULL ? "the guest has gone"
                                         : json_string_value(json_object_get(
                                               json_object_get(answer, "error"), "desc")));
    json_decref(answer);
    return result;
}

void
guest_do(Guest *guest, const char *command, json_t *arguments)
{
    g_autofree char *error = NULL;
    json_t *result = guest_ask(guest, command, arguments, &error);

    if (result == NULL)
        guest_give_up(guest, "%s: %s", command, error);
    json_decref(result);
}

void
guest_give(Guest *guest, const char *command, json_t *arguments, int fd)
{
    json_t *question = json_pack("{s:s,s:o}", "execute", command, "arguments", arguments);
    char *text = json_dumps(question, JSON_COMPACT);
    struct iovec bytes = {text, strlen(text)};
    union {
        struct cmsghdr head;
        char room[CMSG_SPACE(sizeof(int))];
    } control = {0};
    struct msghdr message = {.msg_iov = &bytes,
                             .msg_iovlen = 1,
                             .msg_control = control.room,
                             .msg_controllen = sizeof(control.room)};
    json_t *answer;

    control.head = (struct cmsghdr){
        .cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
    memcpy(CMSG_DATA(&control.head), &fd, sizeof(fd));
    g_assert_cmpint(sendmsg(guest->qmp, &message, MSG_NOSIGNAL), ==, (gssize)bytes.iov_len);
    answer = wait_answer(guest, GUEST_PATIENCE_US);
    g_assert_nonnull(json_object_get(answer, "return"));
    json_decref(answer);
    json_decref(question);
    free(text);
}

char *
guest_refuses(Guest *guest, const char *command, json_t *arguments)
{
    char *error = NULL;
    json_t *result = guest_ask(guest, command, arguments, &error);

    g_assert_null(result);
    return error;
}

static char *
ask_text(Guest *guest, const char *command, const char *key, char **second)
{
    g_autofree char *error = NULL;
    json_t *result = guest_ask(guest, command, NULL, &error);
    char *text;

    if (result == NULL)
        guest_give_up(guest, "%s: %s", command, error);
    text = g_strdup(json_string_value(json_object_get(result, key)));
    if (second != NULL)
        *second = g_strdup(json_string_value(json_object_get(result, "error-desc")));
    json_decref(result);
    return text;
}

char *
guest_run_state(Guest *guest)
{
    return ask_text(guest, "query-status", "status", NULL);
}

char *
guest_migration(Guest *guest, char **error)
{
    return ask_text(guest, "query-migrate", "status", error);
}

#define SOON_US (5 * G_USEC_PER_SEC)

void
guest_tell_states(Guest *guest, GString *text)
{
    static const char *const commands[] = {"query-status", "query-migrate"};

    for (guint i = 0; i < G_N_ELEMENTS(commands) && !guest->late; i++) {
        json_t *answer = exchange(guest, commands[i], NULL, SOON_US);
        char *words = json_dumps(json_object_get(answer, "return"), JSON_COMPACT);

        g_string_append_printf(text, "%s %s ", commands[i], words == NULL ? "(no answer)" : words);
        free(words);
        json_decref(answer);
    }
}

void
guest_wait(Guest *guest, gboolean (*is)(Guest *guest, void *user), void *user, const char *what)
{
    gint64 end = g_get_monotonic_time() + GUEST_PATIENCE_US;

    while (!is(guest, user)) {
        if (g_get_monotonic_time() > end)
            guest_give_up(guest, "waited for in vain: %s", what);
        g_usleep(GUEST_STEP_US);
    }
}

static gboolean
is_in_state(Guest *guest, void *wanted)
{
    g_autofree char *state = guest_run_state(guest);

    return g_strcmp0(state, wanted) == 0;
}

void
guest_wait_run_state(Guest *guest, const char *state)
{
    guest_wait(guest, is_in_state, (void *)state, state);
}

static gboolean
is_migrating_so(Guest *guest, void *wanted)
{
    g_autofree char *status = guest_migration(guest, NULL);

    return g_strcmp0(status, wanted) == 0;
}

void
guest_wait_migration(Guest *guest, const char *status)
{
    guest_wait(guest, is_migrating_so, (void *)status, status);
}

typedef struct {
    char *status, *reason;
} End;

static gboolean
is_over(Guest *guest, void *user)
{
    static const char *const ends[] = {"completed", "failed", "cancelled", "postcopy-paused", NULL};
    End *end = user;

    g_free(end->status);
    g_free(end->reason);
    end->reason = NULL;
    end->status = guest_migration(guest, &end->reason);
    return end->status != NULL && g_strv_contains(ends, end->status);
}

char *
guest_wait_over(Guest *guest, char **error)
{
    End end = {0};

    guest_wait(guest, is_over, &end, "the end of its migration");
    if (error != NULL)
        *error = g_steal_pointer(&end.reason);
    g_free(end.reason);
    return end.status;
}

gint64
guest_event_us(Guest *guest, const char *name)
{
    json_t *line;

    /* Events before the answer have come; of one that has ended, all that it said. */
    json_decref(guest_ask(guest, "query-status", NULL, NULL));
    while (guest->ended && read_more(guest, 0) && guest->in->len > 0)
        while ((line = take_line(guest)) != NULL) {
            is_event(guest, line);
            json_decref(line);
        }
    return json_integer_value(json_object_get(guest->events, name));
}
