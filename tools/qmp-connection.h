/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The client's end of a QMP conversation, blocking, with deadlines.
 *
 * Errors: domain G_IO_CHANNEL_ERROR or G_FILE_ERROR, one line that names the socket; the error
 * that a command was answered with is in domain QMP_REFUSED.
 */
#ifndef TOOLS_QMP_CONNECTION_H
#define TOOLS_QMP_CONNECTION_H

#include <glib.h>
#include <jansson.h>

typedef struct QmpConnection QmpConnection;

#define QMP_REFUSED qmp_refused_quark()
GQuark qmp_refused_quark(void);

/* A point of g_get_monotonic_time(), or QMP_NO_DEADLINE. */
#define QMP_NO_DEADLINE ((gint64)-1)
gint64 qmp_deadline(double seconds);

/**
 * qmp_connection_open:
 * @wait_until: until then a socket that is not there or not answered is tried again
 * @deadline:   until then the server must have greeted and agreed on no capabilities
 */
QmpConnection *
qmp_connection_open(const char *path, gint64 wait_until, gint64 deadline, GError **error);
void qmp_connection_close(QmpConnection *connection); /* NULL-safe */

/**
 * qmp_connection_call:
 * @arguments: (transfer full): an object, or NULL
 *
 * Events that come in between are dropped.
 *
 * Returns: (transfer full): the whole reply, which has a "return" member; NULL with @error.
 */
json_t *qmp_connection_call(QmpConnection *connection, const char *command, json_t *arguments,
                            gint64 deadline, GError **error);

/**
 * qmp_connection_event:
 *
 * Returns: (transfer full): the next event; NULL without @error at @deadline or when the server
 * has closed (then *@closed).
 */
json_t *
qmp_connection_event(QmpConnection *connection, gint64 deadline, gboolean *closed, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(QmpConnection, qmp_connection_close)

#endif
