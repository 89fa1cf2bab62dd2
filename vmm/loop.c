/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The main loop, its signals and the timers that devices ask for.
 */
#include "vmm/loop.h"

#include <errno.h>
#include <glib-unix.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "vmm/vm.h"

struct Loop {
    MachineLock *lock;
    GMainContext *context;
    GArray *fds; /* GPollFD, room for a round */

    gint signal_fd; /* −1: signals are not watched */
    guint signal_source;
    sigset_t old_mask;
    LoopSignalFunc signal_func;
    void *signal_user;
};

Loop *
loop_new(MachineLock *lock)
{
    Loop *loop = g_new0(Loop, 1);

    loop->lock = lock;
    loop->context = g_main_context_default();
    loop->fds = g_array_new(FALSE, FALSE, sizeof(GPollFD));
    g_array_set_size(loop->fds, 8);
    loop->signal_fd = -1;
    return loop;
}

void
loop_free(Loop *loop)
{
    if (loop == NULL)
        return;
    if (loop->signal_fd >= 0) {
        g_source_remove(loop->signal_source);
        close(loop->signal_fd);
        pthread_sigmask(SIG_SETMASK, &loop->old_mask, NULL);
    }
    g_array_unref(loop->fds);
    g_free(loop);
}

static GPollFD *
loop_fds(Loop *loop)
{
    return (GPollFD *)(void *)loop->fds->data;
}

void
loop_iterate(Loop *loop)
{
    gint priority, timeout, n;
    gboolean owner = g_main_context_acquire(loop->context);

    g_assert(owner);
    g_main_context_prepare(loop->context, &priority);
    while ((n = g_main_context_query(loop->context, priority, &timeout, loop_fds(loop),
                                     (gint)loop->fds->len)) > (gint)loop->fds->len)
        g_array_set_size(loop->fds, (guint)n);

    machine_unlock(loop->lock);
    g_poll(loop_fds(loop), (guint)n, timeout);
    machine_lock_main(loop->lock);

    g_main_context_check(loop->context, priority, loop_fds(loop), n);
    g_main_context_dispatch(loop->context);
    g_main_context_release(loop->context);
}

void
loop_wake(Loop *loop)
{
    g_main_context_wakeup(loop->context);
}

static gboolean
loop_signal_ready(gint fd, GIOCondition condition, gpointer user)
{
    Loop *loop = user;
    struct signalfd_siginfo info;

    if (read(fd, &info, sizeof(info)) == (gssize)sizeof(info))
        loop->signal_func((int)info.ssi_signo, loop->signal_user);
    return G_SOURCE_CONTINUE;
}

gboolean
loop_watch_signals(Loop *loop, LoopSignalFunc func, void *user, GError **error)
{
    sigset_t mask;

    sigemptyset(&mask);
    sigaddset(&mask, SIGINT);
    sigaddset(&mask, SIGTERM);
    sigaddset(&mask, SIGHUP);
    loop->signal_fd = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
    if (loop->signal_fd < 0) {
        g_set_error(error, VM_ERROR, VM_ERROR_HOST, "cannot watch signals: %s", g_strerror(errno));
        return FALSE;
    }
    loop->signal_func = func;
    loop->signal_user = user;
    pthread_sigmask(SIG_BLOCK, &mask, &loop->old_mask);
    loop->signal_source = g_unix_fd_add(loop->signal_fd, G_IO_IN, loop_signal_ready, loop);
    return TRUE;
}

struct VdevTimer {
    GSource source;
    VdevTimerFunc func;
    void *user;
};

static gboolean
timer_dispatch(GSource *source, GSourceFunc callback, gpointer data)
{
    VdevTimer *timer = (VdevTimer *)source;

    g_source_set_ready_time(source, -1);
    timer->func(timer->user); /* may arm or free the timer: GLib holds a reference */
    return G_SOURCE_CONTINUE;
}

VdevTimer *
timer_new(VdevTimerFunc func, void *user)
{
    static GSourceFuncs funcs = {.dispatch = timer_dispatch};
    VdevTimer *timer = (VdevTimer *)g_source_new(&funcs, sizeof(VdevTimer));

    timer->func = func;
    timer->user = user;
    g_source_attach(&timer->source, NULL);
    return timer;
}

void
timer_free(VdevTimer *timer)
{
    if (timer == NULL)
        return;
    g_source_destroy(&timer->source);
    g_source_unref(&timer->source);
}

void
timer_arm(VdevTimer *timer, gint64 delay_ns)
{
    gint64 now = g_get_monotonic_time(); /* µs */
    gint64 delay = delay_ns / 1000 + (delay_ns % 1000 != 0);

    if (delay_ns < 0)
        g_source_set_ready_time(&timer->source, -1);
    else
        g_source_set_ready_time(&timer->source,
                                delay > G_MAXINT64 - now ? G_MAXINT64 : now + delay);
}
