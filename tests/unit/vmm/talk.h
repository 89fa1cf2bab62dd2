/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Conversations over QMP without descriptors, for tests of commands: say a text, expect a reply.
 */
#ifndef TESTS_UNIT_VMM_TALK_H
#define TESTS_UNIT_VMM_TALK_H

#include <jansson.h>

#include "tests/unit/vmm/fake-vm.h"
#include "vmm/monitor/session.h"

#define HELLO "{\"execute\": \"qmp_capabilities\"}"

typedef struct {
    Vm *vm;
    QmpSession *session;
    GPtrArray *lines; /* char *, without their line ends */
    guint read;       /* of those, by talk_next() */
} Talk;

Talk talk_begin(void);
/** talk_open: the session; past negotiation if @negotiate. */
void talk_open(Talk *talk, gboolean negotiate);
void talk_end(Talk *talk);

void talk_say_bytes(Talk *talk, const char *bytes, gsize n);
void talk_say(Talk *talk, const char *text);
/** talk_next: the next line that came out; there must be one. */
const char *talk_next(Talk *talk);
void talk_assert_silent(Talk *talk);

/** talk_assert_reply: says @text and expects exactly @reply to it. */
void talk_assert_reply(Talk *talk, const char *text, const char *reply);
void talk_assert_error(Talk *talk, const char *text, const char *class, const char *desc);

/** talk_ask: the "return" of @command. */
json_t *talk_ask(Talk *talk, const char *command);

/** talk_take_line: what a session sends with; @user is the Talk. SESSION-2 is checked. */
void talk_take_line(const char *line, gsize n, void *user);

#endif
