/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Messages for the operator, on standard error: what -d asks for, and warnings.
 *
 * What a guest can cause at will (guest errors, unimplemented requests, warnings) is rate-limited
 * per kind, so that no guest can fill a host's log; the traces hcall, rtas and irq are wanted whole
 * by whoever asks for them. Any thread.
 */
#ifndef VMM_LOG_H
#define VMM_LOG_H

#include "vdev/host.h"

typedef struct Log Log;

typedef void (*LogSink)(const char *line, void *user); /* @line: without the newline */
typedef gint64 (*LogClock)(void);                      /* µs, monotonic */

/**
 * log_new:
 * @kinds: bit n: VdevLogKind n is shown; VDEV_LOG_WARNING always is
 *
 * Lines go to standard error.
 */
Log *log_new(guint32 kinds);

/** log_new_to: as log_new(), with another destination and another clock. */
Log *log_new_to(guint32 kinds, LogClock clock, LogSink sink, void *user);
void log_free(Log *log); /* says how many lines were held back; NULL-safe */

gboolean log_enabled(const Log *log, VdevLogKind kind);

/** log_message: one line; control characters of @message (guests can send them) become '?'. */
void log_message(Log *log, VdevLogKind kind, const char *message);
void log_printf(Log *log, VdevLogKind kind, const char *format, ...) G_GNUC_PRINTF(3, 4);

/**
 * log_kinds_parse: the argument of -d, names separated by commas.
 *
 * Errors: VM_ERROR_USAGE, naming the unknown word.
 */
gboolean log_kinds_parse(const char *list, guint32 *kinds, GError **error);

/** log_kinds_help: appends the table of names, one line each. */
void log_kinds_help(GString *text);

#endif
