/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Commands: names and lengths.
 */
#include "migration-glue/command.h"

#include "migration-glue/error.h"
#include "migration-glue/section.h"

#define ANY G_MAXUINT16

static const struct {
    const char *name;
    guint16 least, most; /* bytes of payload */
    guint16 not_between; /* ADVISE has either bound and nothing between */
} commands[MIG_COMMAND_N] = {
    [MIG_COMMAND_OPEN_RETURN_PATH] = {"open-return-path", 0, 0, 0},
    [MIG_COMMAND_PING] = {"ping", 4, 4, 0},
    [MIG_COMMAND_POSTCOPY_ADVISE] = {"postcopy-advise", 0, 16, 1},
    [MIG_COMMAND_POSTCOPY_LISTEN] = {"postcopy-listen", 0, 0, 0},
    [MIG_COMMAND_POSTCOPY_RUN] = {"postcopy-run", 0, 0, 0},
    [MIG_COMMAND_POSTCOPY_RAM_DISCARD] = {"postcopy-ram-discard", 1 + 1 + 1 + 1 + 16, ANY, 0},
    [MIG_COMMAND_PACKAGED] = {"packaged", 4, 4, 0},
    [MIG_COMMAND_ENABLE_COLO] = {"enable-colo", 0, 0, 0},
    [MIG_COMMAND_POSTCOPY_RESUME] = {"postcopy-resume", 0, 0, 0},
    [MIG_COMMAND_RECV_BITMAP] = {"recv-bitmap", 2, 256, 0},
    [MIG_COMMAND_SWITCHOVER_START] = {"switchover-start", 0, 0, 0},
};

const char *
mig_command_name(guint command)
{
    return command < MIG_COMMAND_N ? commands[command].name : NULL;
}

gboolean
mig_command_check(guint command, guint n, GError **error)
{
    if (mig_command_name(command) == NULL) {
        g_set_error(error, MIG_ERROR, MIG_ERROR_FORMAT, "there is no command %u", command);
        return FALSE;
    }
    if (n < commands[command].least || n > commands[command].most ||
        (commands[command].not_between && n != commands[command].least &&
         n != commands[command].most)) {
        g_set_error(error, MIG_ERROR, MIG_ERROR_FORMAT, "command %s cannot have %u bytes",
                    commands[command].name, n);
        return FALSE;
    }
    return TRUE;
}

void
mig_command_put(MigStream *stream, MigCommand command, const void *payload, guint n)
{
    g_assert(mig_command_check(command, n, NULL));
    mig_stream_put_u8(stream, MIG_TAG_COMMAND);
    mig_stream_put_be16(stream, (guint16)command);
    mig_stream_put_be16(stream, (guint16)n);
    mig_stream_put(stream, payload, n);
}
