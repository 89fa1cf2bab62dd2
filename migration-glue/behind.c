/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The thread, and the batches: each is being filled, waits its turn, is being written, or empty.
 */
#include "migration-glue/behind.h"

/* Beside the one being filled: 32 MiB of pages, 4 MiB of buffers. Enough for the writing to go on
 * while zeros are looked through, of which there is nothing to write. */
#define BATCHES 64u

static MigBatch the_end; /* where the thread ends when it comes to it */

struct MigBehind {
    MigChannel *channel;
    MigChannel *core;
    GThread *thread;
    GAsyncQueue *waiting, *empty;
    GError *failure;   /* atomic: the first; nothing is written after it */
    guint64 bytes, us; /* atomic: written, and spent with that, since somebody asked */
    MigBatch *emptied; /* what mig_behind_put() has waited for */
};

MigBatch *
mig_batch_new(void)
{
    MigBatch *batch = g_new0(MigBatch, 1);

    batch->buffer = g_malloc(MIG_BATCH_BYTES);
    batch->parts = g_new(struct iovec, MIG_BATCH_PARTS);
    return batch;
}

void
mig_batch_free(MigBatch *batch)
{
    if (batch == NULL)
        return;
    g_free(batch->buffer);
    g_free(batch->parts);
    g_free(batch);
}

static gboolean
write_batch(MigBehind *behind, MigBatch *batch, GError **error)
{
    const gint64 began = g_get_monotonic_time();
    guint64 bytes = 0;
    gboolean good;

    for (gsize i = 0; i < batch->n_parts; i++)
        bytes += batch->parts[i].iov_len;
    good = mig_channel_write_all(behind->core, batch->parts, batch->n_parts, error);
    __atomic_add_fetch(&behind->bytes, bytes, __ATOMIC_RELAXED);
    __atomic_add_fetch(&behind->us, (guint64)(g_get_monotonic_time() - began), __ATOMIC_RELAXED);
    return good;
}

static void *
run(void *opaque)
{
    MigBehind *behind = opaque;
    MigBatch *batch;
    GError *failure = NULL;

    while (batch = g_async_queue_pop(behind->waiting), batch != &the_end) {
        if (failure == NULL && !write_batch(behind, batch, &failure))
            g_atomic_pointer_set(&behind->failure, failure);
        g_async_queue_push(behind->empty, batch);
    }
    return NULL;
}

MigBehind *
mig_behind_new(MigChannel *channel)
{
    MigBehind *behind = g_new0(MigBehind, 1);

    behind->channel = channel;
    behind->core = mig_channel_core(channel);
    behind->waiting = g_async_queue_new_full((GDestroyNotify)mig_batch_free);
    behind->empty = g_async_queue_new_full((GDestroyNotify)mig_batch_free);
    for (guint i = 0; i < BATCHES; i++)
        g_async_queue_push(behind->empty, mig_batch_new());
    behind->thread = g_thread_new("stream", run, behind);
    return behind;
}

void
mig_behind_free(MigBehind *behind)
{
    if (behind == NULL)
        return;
    if (g_async_queue_length(behind->empty) < (gint)BATCHES)
        mig_channel_shutdown(behind->core);
    g_async_queue_push_front(behind->waiting, &the_end);
    g_thread_join(behind->thread);
    g_async_queue_unref(behind->waiting);
    g_async_queue_unref(behind->empty);
    g_clear_error(&behind->failure);
    g_free(behind);
}

static gboolean
report(MigBehind *behind, GError **error)
{
    const GError *failure = g_atomic_pointer_get(&behind->failure);

    if (failure == NULL)
        return TRUE;
    if (error != NULL)
        *error = g_error_copy(failure);
    return FALSE;
}

static void
wait_empty(void *user)
{
    MigBehind *behind = user;

    behind->emptied = g_async_queue_pop(behind->empty);
}

MigBatch *
mig_behind_put(MigBehind *behind, MigBatch *batch, GError **error)
{
    g_async_queue_push(behind->waiting, batch);
    mig_channel_idle(behind->channel, wait_empty, behind);
    behind->emptied->n_parts = 0;
    report(behind, error);
    return behind->emptied;
}

static void
wait_all(void *user)
{
    MigBehind *behind = user;
    MigBatch *all[BATCHES];

    for (guint i = 0; i < BATCHES; i++)
        all[i] = g_async_queue_pop(behind->empty);
    for (guint i = 0; i < BATCHES; i++)
        g_async_queue_push(behind->empty, all[i]);
}

gboolean
mig_behind_drain(MigBehind *behind, GError **error)
{
    mig_channel_idle(behind->channel, wait_all, behind);
    return report(behind, error);
}

void
mig_behind_take_pace(MigBehind *behind, guint64 *bytes, gint64 *us)
{
    *bytes = __atomic_exchange_n(&behind->bytes, 0, __ATOMIC_RELAXED);
    *us = (gint64)__atomic_exchange_n(&behind->us, 0, __ATOMIC_RELAXED);
}
