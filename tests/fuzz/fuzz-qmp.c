/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libFuzzer: bytes of a hostile QMP client against framing, parsing, dispatch and every command,
 * over a Vm that only takes notes.
 *
 * The input is the client's stream; its first byte says in pieces of what size it arrives, and
 * whether descriptors come with each. Checked
 * for everything that comes out: SESSION-2, and that it is one message with one meaning.
 */
#include <fcntl.h>
#include <jansson.h>
#include <string.h>

#include "tests/unit/vmm/fake-vm.h"
#include "vmm/monitor/session.h"

int LLVMFuzzerTestOneInput(const guint8 *bytes, gsize n);

static void
check_line(const char *line, gsize n, void *user)
{
    static const char *const kinds[] = {"QMP", "return", "error", "event"};
    json_t *message = json_loadb(line, n, 0, NULL);
    guint meanings = 0;

    g_assert_nonnull(message);
    g_assert_true(n > 2 && memcmp(line + n - 2, "\r\n", 2) == 0);
    for (gsize i = 0; i < n - 2; i++)
        g_assert_true(line[i] >= 0x20 && line[i] <= 0x7f);
    for (guint i = 0; i < G_N_ELEMENTS(kinds); i++)
        meanings += json_object_get(message, kinds[i]) != NULL;
    g_assert_cmpuint(meanings, ==, 1);
    ++*(guint *)user;
    json_decref(message);
}

static void
event_to_session(Vm *vm, const VmEvent *event, void *user)
{
    qmp_session_event(user, event);
}

static void
give_fds(QmpSession *session)
{
    int fds[2] = {open("/dev/null", O_RDONLY | O_CLOEXEC), open("/dev/null", O_RDWR | O_CLOEXEC)};

    g_assert_true(fds[0] >= 0 && fds[1] >= 0); /* none leaks */
    qmp_session_take_fds(session, fds, G_N_ELEMENTS(fds));
}

int
LLVMFuzzerTestOneInput(const guint8 *bytes, gsize n)
{
    gsize piece = n > 0 ? (gsize)(bytes[0] & 0x7f) + 1 : 1, at = 1;
    gboolean with_fds = n > 0 && (bytes[0] & 0x80) != 0;
    Vm *vm = fake_vm_new();
    guint lines = 0;
    QmpSession *session = qmp_session_new(vm, check_line, &lines);

    g_assert_cmpuint(lines, ==, 1); /* the greeting */
    vm_add_listener(vm, event_to_session, session);
    while (at < n) {
        gsize some = MIN(piece, n - at), taken;

        if (with_fds)
            give_fds(session);
        taken = qmp_session_input(session, bytes + at, some);
        g_assert_true(taken >= 1 && taken <= some);
        at += taken;
    }
    vm_remove_listener(vm, event_to_session, session);
    qmp_session_free(session);
    fake_vm_free(vm);
    return 0;
}
