/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The beat: a short run, then as much rest as the percentage wants.
 */
#include "vmm/throttle.h"

#define RUN_US (10 * G_TIME_SPAN_MILLISECOND)

struct Throttle {
    void (*rest)(void *user, gboolean rests);
    void *user;
    GMutex lock; /* guards all below */
    GCond changed;
    GThread *thread; /* from the first time on that it is needed */
    guint percent;
    gboolean quit;
};

/* Until the time is over, or the percentage another. Lock held, and released meanwhile. */
static void
wait_for(Throttle *throttle, gint64 us)
{
    const guint percent = throttle->percent;
    gint64 end = g_get_monotonic_time() + us;

    while (!throttle->quit && throttle->percent == percent)
        if (!g_cond_wait_until(&throttle->changed, &throttle->lock, end))
            return;
}

static void
tell(Throttle *throttle, gboolean rests)
{
    g_mutex_unlock(&throttle->lock);
    throttle->rest(throttle->user, rests);
    g_mutex_lock(&throttle->lock);
}

static void *
beat(void *opaque)
{
    Throttle *throttle = opaque;

    g_mutex_lock(&throttle->lock);
    while (!throttle->quit) {
        if (throttle->percent == 0) {
            g_cond_wait(&throttle->changed, &throttle->lock);
            continue;
        }
        wait_for(throttle, RUN_US);
        if (throttle->quit || throttle->percent == 0)
            continue;
        tell(throttle, TRUE);
        wait_for(throttle, RUN_US * throttle->percent / (100 - throttle->percent));
        tell(throttle, FALSE);
    }
    g_mutex_unlock(&throttle->lock);
    return NULL;
}

Throttle *
throttle_new(void (*rest)(void *user, gboolean rests), void *user)
{
    Throttle *throttle = g_new0(Throttle, 1);

    throttle->rest = rest;
    throttle->user = user;
    g_mutex_init(&throttle->lock);
    g_cond_init(&throttle->changed);
    return throttle;
}

void
throttle_free(Throttle *throttle)
{
    if (throttle == NULL)
        return;
    g_mutex_lock(&throttle->lock);
    throttle->quit = TRUE;
    g_cond_broadcast(&throttle->changed);
    g_mutex_unlock(&throttle->lock);
    if (throttle->thread != NULL)
        g_thread_join(throttle->thread);
    g_mutex_clear(&throttle->lock);
    g_cond_clear(&throttle->changed);
    g_free(throttle);
}

gboolean
throttle_set(Throttle *throttle, guint percent, GError **error)
{
    gboolean good = TRUE;

    g_assert(percent < 100);
    g_mutex_lock(&throttle->lock);
    throttle->percent = percent;
    if (percent != 0 && throttle->thread == NULL) {
        throttle->thread = g_thread_try_new("throttle", beat, throttle, error);
        good = throttle->thread != NULL;
    }
    g_cond_broadcast(&throttle->changed);
    g_mutex_unlock(&throttle->lock);
    return good;
}
