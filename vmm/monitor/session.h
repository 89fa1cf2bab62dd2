/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One client's conversation: greeting, negotiation, commands in, replies and events out.
 *
 * No descriptors: bytes come by qmp_session_input() and go by the function given. Under the
 * machine lock; events may come while a command of the same session runs.
 *
 *   qmp_session_new ──▶ greeting out
 *        │
 *    NEGOTIATING ──qmp_capabilities──▶ COMMANDS
 *    other commands: CommandNotFound   qmp_capabilities: CommandNotFound
 *    no events                         events
 *
 * Invariants, cited by tests:
 *   SESSION-1  Each text that came in is answered by exactly one reply, in order, with its id.
 *   SESSION-2  All that goes out is ASCII, and each message is one line that ends with CR LF.
 *   SESSION-3  No event goes out before the reply to qmp_capabilities.
 *
 * Source: QEMU's published QMP specification.
 */
#ifndef VMM_MONITOR_SESSION_H
#define VMM_MONITOR_SESSION_H

#include "vmm/vm.h"

typedef struct QmpSession QmpSession;

#define QMP_FDS_MAX 16u /* descriptors that wait for their commands; further ones are closed */

/* @line: one message with its line end; not kept. Must not free the session. */
typedef void (*QmpSendFunc)(const char *line, gsize n, void *user);

/** qmp_session_new: begins the conversation: the greeting goes out from within. */
QmpSession *qmp_session_new(Vm *vm, QmpSendFunc send, void *user);
void qmp_session_free(QmpSession *session); /* NULL-safe */

/**
 * qmp_session_input:
 *
 * Takes bytes up to the end of one text and answers it, so that the caller can look at its output
 * between commands.
 *
 * Returns: how many of @bytes were taken, ≥ 1 if @n ≥ 1.
 */
gsize qmp_session_input(QmpSession *session, const guint8 *bytes, gsize n);

/**
 * qmp_session_take_fds:
 * @fds: came along with the bytes that are put in next; owned by @session from now on
 *
 * Commands take them one by one. They may come with white space before the command; what is left
 * when all bytes that came are answered is closed.
 */
void qmp_session_take_fds(QmpSession *session, const int *fds, guint n);

/** qmp_session_event: tells the client of @event if it is past negotiation. */
void qmp_session_event(QmpSession *session, const VmEvent *event);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(QmpSession, qmp_session_free)

#endif
