/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The threads, and the batches: each is being filled, waits its turn, is being written, or empty.
 */
#include "migration-glue/behind.h"

#define PLACE_THREADS 2u /* for a file: more only fight for its lock */
/* Beside the one being filled: 12 MiB of pages, 1.5 MiB of buffers. Enough for the writers to go on
 * while zeros are looked through, of which there is nothing to write. */
#define BATCHES 24u

struct MigBehind {
    MigChannel *channel;
    MigChannel *core;
    gboolean places;
    GThread *threads[PLACE_THREADS];
    guint n_threads;

    GMutex lock; /* guards all below; nothing is called under it */
    GCond more;  /* a batch waits, or the end */
    GCond less;  /* a batch was written */
    GQueue waiting, empty;
    guint busy; /* being written */
    gboolean quits;
    GError *failure; /* the first */
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
    if (behind->places)
        return mig_channel_write_all_at(behind->core, batch->offset, batch->parts, batch->n_parts,
                                        error);
    return mig_channel_write_all(behind->core, batch->parts, batch->n_parts, error);
}

/* Under the lock; keeps the first, and writes nothing more. */
static void
note_failure(MigBehind *behind, GError *failure)
{
    if (failure == NULL)
        return;
    if (behind->failure == NULL)
        behind->failure = failure;
    else
        g_error_free(failure);
    while (!g_queue_is_empty(&behind->waiting))
        g_queue_push_tail(&behind->empty, g_queue_pop_head(&behind->waiting));
}

/* Under the lock, which it lets go of for the work. */
static void
write_next(MigBehind *behind)
{
    MigBatch *batch = g_queue_pop_head(&behind->waiting);
    GError *failure = NULL;

    behind->busy++;
    g_mutex_unlock(&behind->lock);
    write_batch(behind, batch, &failure);
    g_mutex_lock(&behind->lock);
    behind->busy--;
    g_queue_push_tail(&behind->empty, batch);
    note_failure(behind, failure);
    g_cond_signal(&behind->less);
}

static void *
run(void *opaque)
{
    MigBehind *behind = opaque;

    g_mutex_lock(&behind->lock);
    while (!behind->quits) {
        if (g_queue_is_empty(&behind->waiting))
            g_cond_wait(&behind->more, &behind->lock);
        else
            write_next(behind);
    }
    g_mutex_unlock(&behind->lock);
    return NULL;
}

MigBehind *
mig_behind_new(MigChannel *channel)
{
    MigBehind *behind = g_new0(MigBehind, 1);

    behind->channel = channel;
    behind->core = mig_channel_core(channel);
    behind->places = mig_channel_is_seekable(channel);
    behind->n_threads = behind->places ? PLACE_THREADS : 1;
    g_mutex_init(&behind->lock);
    g_cond_init(&behind->more);
    g_cond_init(&behind->less);
    g_queue_init(&behind->waiting);
    g_queue_init(&behind->empty);
    for (guint i = 0; i < BATCHES; i++)
        g_queue_push_tail(&behind->empty, mig_batch_new());
    for (guint i = 0; i < behind->n_threads; i++)
        behind->threads[i] = g_thread_new("stream", run, behind);
    return behind;
}

void
mig_behind_free(MigBehind *behind)
{
    if (behind == NULL)
        return;
    g_mutex_lock(&behind->lock);
    behind->quits = TRUE;
    g_cond_broadcast(&behind->more);
    g_mutex_unlock(&behind->lock);
    for (guint i = 0; i < behind->n_threads; i++)
        g_thread_join(behind->threads[i]);
    g_queue_clear_full(&behind->waiting, (GDestroyNotify)mig_batch_free);
    g_queue_clear_full(&behind->empty, (GDestroyNotify)mig_batch_free);
    g_cond_clear(&behind->less);
    g_cond_clear(&behind->more);
    g_mutex_clear(&behind->lock);
    g_clear_error(&behind->failure);
    g_free(behind);
}

static void
wait_empty(void *user)
{
    MigBehind *behind = user;

    g_mutex_lock(&behind->lock);
    while (g_queue_is_empty(&behind->empty))
        g_cond_wait(&behind->less, &behind->lock);
    g_mutex_unlock(&behind->lock);
}

static void
wait_all(void *user)
{
    MigBehind *behind = user;

    g_mutex_lock(&behind->lock);
    while (!g_queue_is_empty(&behind->waiting) || behind->busy > 0)
        g_cond_wait(&behind->less, &behind->lock);
    g_mutex_unlock(&behind->lock);
}

/* Under the lock. */
static gboolean
report(const MigBehind *behind, GError **error)
{
    if (behind->failure == NULL)
        return TRUE;
    if (error != NULL)
        *error = g_error_copy(behind->failure);
    return FALSE;
}

MigBatch *
mig_behind_put(MigBehind *behind, MigBatch *batch, GError **error)
{
    MigBatch *next;

    mig_channel_idle(behind->channel, wait_empty, behind);
    g_mutex_lock(&behind->lock);
    next = g_queue_pop_head(&behind->empty);
    next->n_parts = 0;
    g_queue_push_tail(report(behind, error) ? &behind->waiting : &behind->empty, batch);
    g_cond_signal(&behind->more);
    g_mutex_unlock(&behind->lock);
    return next;
}

gboolean
mig_behind_drain(MigBehind *behind, GError **error)
{
    gboolean good;

    mig_channel_idle(behind->channel, wait_all, behind);
    g_mutex_lock(&behind->lock);
    good = report(behind, error);
    g_mutex_unlock(&behind->lock);
    return good;
}
