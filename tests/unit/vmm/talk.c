/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Conversations over QMP without descriptors (see the header).
 */
#include "tests/unit/vmm/talk.h"
#include <string.h>

/* SESSION-2 */
void
talk_take_line(const char *line, gsize n, void *user)
{
    Talk *talk = user;

    g_assert_cmpuint(n, >=, 2);
    g_assert_cmpuint(strlen(line), ==, n);
    g_assert_cmpstr(line + n - 2, ==, "\r\n");
    for (gsize i = 0; i < n - 2; i++)
        g_assert_true(line[i] >= 0x20 && line[i] < 0x7f);
    g_ptr_array_add(talk->lines, g_strndup(line, n - 2));
}

void
talk_say_bytes(Talk *talk, const char *bytes, gsize n)
{
    while (n > 0) {
        gsize taken = qmp_session_input(talk->session, (const guint8 *)bytes, n);

        g_assert_cmpuint(taken, >=, 1);
        g_assert_cmpuint(taken, <=, n);
        bytes += taken;
        n -= taken;
    }
}

void
talk_say(Talk *talk, const char *text)
{
    talk_say_bytes(talk, text, strlen(text));
}

const char *
talk_next(Talk *talk)
{
    g_assert_cmpuint(talk->read, <, talk->lines->len);
    return talk->lines->pdata[talk->read++];
}

void
talk_assert_silent(Talk *talk)
{
    g_assert_cmpuint(talk->read, ==, talk->lines->len);
}

/* Says @text and expects exactly @reply to it. */
void
talk_assert_reply(Talk *talk, const char *text, const char *reply)
{
    talk_say(talk, text);
    g_assert_cmpstr(talk_next(talk), ==, reply);
    talk_assert_silent(talk);
}

void
talk_assert_error(Talk *talk, const char *text, const char *class, const char *desc)
{
    g_autofree char *reply =
        g_strdup_printf("{\"error\": {\"class\": \"%s\", \"desc\": \"%s\"}}", class, desc);

    talk_assert_reply(talk, text, reply);
}

json_t *
talk_ask(Talk *talk, const char *command)
{
    g_autofree char *text = g_strdup_printf("{\"execute\": \"%s\"}", command);
    json_t *reply, *result;

    talk_say(talk, text);
    reply = json_loads(talk_next(talk), 0, NULL);
    talk_assert_silent(talk);
    g_assert_nonnull(reply);
    result = json_incref(json_object_get(reply, "return"));
    g_assert_nonnull(result);
    json_decref(reply);
    return result;
}

Talk
talk_begin(void)
{
    Talk talk = {.vm = fake_vm_new(), .lines = g_ptr_array_new_with_free_func(g_free)};

    return talk;
}

void
talk_open(Talk *talk, gboolean negotiate)
{
    talk->session = qmp_session_new(talk->vm, talk_take_line, talk);
    g_assert_true(g_str_has_prefix(talk_next(talk), "{\"QMP\": "));
    if (negotiate)
        talk_assert_reply(talk, HELLO, "{\"return\": {}}");
}

void
talk_end(Talk *talk)
{
    qmp_session_free(talk->session);
    g_ptr_array_unref(talk->lines);
    fake_vm_free(talk->vm);
}
