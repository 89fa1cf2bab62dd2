/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The threads, and the queue before them.
 */
#include "migration-glue/page-pool.h"

/* Groups in the queue for each thread. Whoever hands them in is woken when half are gone, so that
 * on a busy machine no thread waits for another's turn at every group. */
#define WAITING 16u

struct MigPool {
    MigGroupFunc work;
    void *user;
    GThread **threads;
    guint n_threads;

    GMutex lock;     /* guards all below */
    GCond more;      /* a group came, or the end */
    GCond less;      /* a group is done */
    MigGroup *queue; /* a ring */
    guint size, begin, n;
    guint busy;            /* groups being worked on */
    gboolean quits, waits; /* waits: for room */
    GError *failure;
};

/* Under the lock; keeps the first. */
static void
note_failure(MigPool *pool, GError *failure)
{
    if (failure == NULL)
        return;
    if (pool->failure == NULL)
        pool->failure = failure;
    else
        g_error_free(failure);
    pool->n = 0;
}

/* Under the lock: lets go of it for the work. */
static void
work_on_next(MigPool *pool)
{
    const MigGroup group = pool->queue[pool->begin];
    GError *failure = NULL;

    pool->begin = (pool->begin + 1) % pool->size;
    pool->n--;
    pool->busy++;
    g_mutex_unlock(&pool->lock);
    if (!pool->work(pool->user, &group, &failure))
        g_assert(failure != NULL);
    g_mutex_lock(&pool->lock);
    pool->busy--;
    note_failure(pool, failure);
    if (pool->n <= pool->size / 2 && (pool->waits || (pool->n == 0 && pool->busy == 0)))
        g_cond_signal(&pool->less);
}

static void *
run(void *opaque)
{
    MigPool *pool = opaque;

    g_mutex_lock(&pool->lock);
    while (!pool->quits) {
        if (pool->n > 0)
            work_on_next(pool);
        else
            g_cond_wait(&pool->more, &pool->lock);
    }
    g_mutex_unlock(&pool->lock);
    return NULL;
}

MigPool *
mig_pool_new(guint threads, MigGroupFunc work, void *user)
{
    MigPool *pool = g_new0(MigPool, 1);

    pool->work = work;
    pool->user = user;
    pool->size = MAX(threads, 1) * WAITING;
    pool->queue = g_new(MigGroup, pool->size);
    g_mutex_init(&pool->lock);
    g_cond_init(&pool->more);
    g_cond_init(&pool->less);
    pool->threads = g_new0(GThread *, threads);
    for (; pool->n_threads < threads; pool->n_threads++)
        pool->threads[pool->n_threads] = g_thread_new("pages", run, pool);
    return pool;
}

void
mig_pool_free(MigPool *pool)
{
    if (pool == NULL)
        return;
    g_mutex_lock(&pool->lock);
    pool->quits = TRUE;
    g_cond_broadcast(&pool->more);
    g_mutex_unlock(&pool->lock);
    for (guint i = 0; i < pool->n_threads; i++)
        g_thread_join(pool->threads[i]);
    g_cond_clear(&pool->less);
    g_cond_clear(&pool->more);
    g_mutex_clear(&pool->lock);
    g_clear_error(&pool->failure);
    g_free(pool->threads);
    g_free(pool->queue);
    g_free(pool);
}

static gboolean
report(const MigPool *pool, GError **error)
{
    if (pool->failure == NULL)
        return TRUE;
    if (error != NULL)
        *error = g_error_copy(pool->failure);
    return FALSE;
}

gboolean
mig_pool_put(MigPool *pool, const MigGroup *group, GError **error)
{
    gboolean good;

    g_mutex_lock(&pool->lock);
    while (pool->failure == NULL &&
           (pool->n == pool->size || (pool->waits && pool->n > pool->size / 2))) {
        pool->waits = TRUE;
        g_cond_wait(&pool->less, &pool->lock);
    }
    pool->waits = FALSE;
    if (pool->failure == NULL) {
        pool->queue[(pool->begin + pool->n++) % pool->size] = *group;
        if (pool->n_threads > 0)
            g_cond_signal(&pool->more);
        else
            work_on_next(pool);
    }
    good = report(pool, error);
    g_mutex_unlock(&pool->lock);
    return good;
}

gboolean
mig_pool_drain(MigPool *pool, GError **error)
{
    gboolean good;

    g_mutex_lock(&pool->lock);
    while (pool->n > 0 || pool->busy > 0)
        g_cond_wait(&pool->less, &pool->lock);
    good = report(pool, error);
    g_mutex_unlock(&pool->lock);
    return good;
}
