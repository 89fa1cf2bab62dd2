/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The two descriptors of one QMP client: bytes in, bytes out, nothing that waits.
 *
 * Output that cannot be written at once is kept; while much is kept no further command is taken,
 * and a client whose events pile up beyond a bound is dropped. Main thread, GLib's default main
 * context, machine lock held.
 *
 * Invariants, cited by tests:
 *   CLIENT-1  No call blocks, whatever the other side does.
 *   CLIENT-2  At most QMP_OUTPUT_MAX bytes and one message wait for a client.
 *   CLIENT-3  What was answered before the end of input is still written.
 */
#ifndef VMM_MONITOR_QMP_CLIENT_H
#define VMM_MONITOR_QMP_CLIENT_H

#include "vmm/vm.h"

#define QMP_OUTPUT_PAUSE ((gsize)64 * 1024)   /* bytes waiting: no more commands for now */
#define QMP_OUTPUT_MAX   ((gsize)1024 * 1024) /* bytes waiting: the client is dropped */

typedef struct QmpClient QmpClient;

/* The conversation is over; frees @client with qmp_client_free(). From the main loop only. */
typedef void (*QmpClientClosed)(QmpClient *client, void *user);

typedef struct {
    int in, out;         /* owned from now on; may be the same; non-blocking unless a file */
    gboolean input_ends; /* the end of input ends the conversation, once all is written */
} QmpClientSpec;

/** qmp_client_new: greets, then serves from the main loop. */
QmpClient *qmp_client_new(Vm *vm, const QmpClientSpec *spec, QmpClientClosed closed, void *user);
void qmp_client_free(QmpClient *client); /* NULL-safe; from inside no other call of it */

/** qmp_client_event: tells the client if it is past negotiation. */
void qmp_client_event(QmpClient *client, const VmEvent *event);

/** qmp_client_pending: bytes that wait to be written. */
gsize qmp_client_pending(const QmpClient *client);

#endif
