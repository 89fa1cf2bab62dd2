/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Commands: what stands between sections and is not state.
 *
 * Source: docs/stream-format.md, "Commands".
 */
#ifndef MIGRATION_GLUE_COMMAND_H
#define MIGRATION_GLUE_COMMAND_H

#include "migration-glue/stream.h"

typedef enum {
    MIG_COMMAND_OPEN_RETURN_PATH = 1,
    MIG_COMMAND_PING = 2, /* be32 value */
    MIG_COMMAND_POSTCOPY_ADVISE = 3,
    MIG_COMMAND_POSTCOPY_LISTEN = 4,
    MIG_COMMAND_POSTCOPY_RUN = 5,
    MIG_COMMAND_POSTCOPY_RAM_DISCARD = 6,
    MIG_COMMAND_PACKAGED = 7, /* be32 n; n bytes of sections and commands follow */
    MIG_COMMAND_ENABLE_COLO = 8,
    MIG_COMMAND_POSTCOPY_RESUME = 9,
    MIG_COMMAND_RECV_BITMAP = 10,
    MIG_COMMAND_SWITCHOVER_START = 11,
    MIG_COMMAND_N
} MigCommand;

/* Its name, for messages; NULL if there is no such command. */
const char *mig_command_name(guint command);

/* Whether @command may have @n bytes of payload; MIG_ERROR_FORMAT if not, or if it is unknown. */
gboolean mig_command_check(guint command, guint n, GError **error);

/* Tag, number, length, payload. Wrong lengths are mistakes of the program. */
void mig_command_put(MigStream *stream, MigCommand command, const void *payload, guint n);

#endif
