/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The section `ram` as it is registered: both halves, each while it is there.
 */
#include "migration-glue/ram.h"

#include "migration-glue/error.h"

static gboolean
ram_is_active(void *opaque, const VmsContext *context)
{
    return ((MigRam *)opaque)->save != NULL;
}

static gboolean
ram_start(void *opaque, MigStream *stream, const VmsContext *context, GError **error)
{
    return mig_ram_save_handler.save_start(((MigRam *)opaque)->save, stream, context, error);
}

static gboolean
ram_part(void *opaque, MigStream *stream, const VmsContext *context, gboolean *done, GError **error)
{
    return mig_ram_save_handler.save_part(((MigRam *)opaque)->save, stream, context, done, error);
}

static gboolean
ram_end(void *opaque, MigStream *stream, const VmsContext *context, GError **error)
{
    return mig_ram_save_handler.save_end(((MigRam *)opaque)->save, stream, context, error);
}

static guint64
ram_pending(void *opaque)
{
    return mig_ram_save_handler.pending(((MigRam *)opaque)->save);
}

static void
ram_save_cleanup(void *opaque)
{
    if (((MigRam *)opaque)->save != NULL)
        mig_ram_save_handler.save_cleanup(((MigRam *)opaque)->save);
}

static gboolean
ram_load(void *opaque, MigStream *stream, guint tag, guint32 version, const VmsContext *context,
         GError **error)
{
    MigRam *ram = opaque;

    if (ram->load != NULL)
        return mig_ram_load_handler.load(ram->load, stream, tag, version, context, error);
    g_set_error(error, MIG_ERROR, MIG_ERROR_STATE, "memory is not ready to be loaded");
    return FALSE;
}

const MigHandler mig_ram_handler = {
    .version = 4,
    .oldest = 4,
    .postcopy = TRUE,
    .is_active = ram_is_active,
    .save_start = ram_start,
    .save_part = ram_part,
    .save_end = ram_end,
    .pending = ram_pending,
    .save_cleanup = ram_save_cleanup,
    .load = ram_load,
};
