/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A thread that writes what a stream has gathered, while more of it is gathered: looking at memory
 * and writing it then share the processors. More threads would only fight for the lock of the file
 * or of the pipe.
 */
#ifndef MIGRATION_GLUE_BEHIND_H
#define MIGRATION_GLUE_BEHIND_H

#include "migration-glue/channel.h"

#define MIG_BATCH_BYTES (64 * 1024)
#define MIG_BATCH_PARTS 256

/* Bytes to be written together: @buffer holds what was put, parts refer to it and to pages. */
typedef struct {
    guint8 *buffer; /* MIG_BATCH_BYTES */
    struct iovec *parts;
    gsize n_parts;
} MigBatch;

MigBatch *mig_batch_new(void);
void mig_batch_free(MigBatch *batch);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MigBatch, mig_batch_free)

typedef struct MigBehind MigBehind;

/**
 * mig_behind_new:
 * @channel: outlives it; nobody else writes to it meanwhile
 */
MigBehind *mig_behind_new(MigChannel *channel);

/* What was not drained is lost, and the channel with it: nobody else may be there to end a write
 * that takes for ever. NULL-safe. */
void mig_behind_free(MigBehind *behind);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MigBehind, mig_behind_free)

/**
 * mig_behind_put:
 * @batch: (transfer full): what its parts refer to stays as it is until a drain
 *
 * Waits while too many are on their way, as mig_channel_idle() does.
 *
 * Returns: (transfer full): an empty batch to fill next. *@error is set if anything has failed so
 * far.
 */
MigBatch *mig_behind_put(MigBehind *behind, MigBatch *batch, GError **error);

/* Waits until all is written. FALSE with @error set if anything has failed so far. */
gboolean mig_behind_drain(MigBehind *behind, GError **error);

/* What was written since the last call, and the time that took: of the channel alone. */
void mig_behind_take_pace(MigBehind *behind, guint64 *bytes, gint64 *us);

#endif
