/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The main loop: GLib's default context, polled with the machine lock released.
 *
 * GLib's own poll hook carries no user data and would need a global; the loop therefore makes the
 * prepare-query-poll-check-dispatch round itself. Sources are attached to the default context by
 * anybody; they are dispatched on the main thread with the machine lock held.
 */
#ifndef VMM_LOOP_H
#define VMM_LOOP_H

#include "vdev/host.h"
#include "vmm/lock.h"

typedef struct Loop Loop;

/** loop_new: makes the calling thread the main thread. @lock: must outlive the loop. */
Loop *loop_new(MachineLock *lock);
void loop_free(Loop *loop); /* NULL-safe */

/** loop_iterate: waits for one round of events and dispatches it. Main thread, lock held. */
void loop_iterate(Loop *loop);

/** loop_wake: makes the present or next loop_iterate() return. Any thread. */
void loop_wake(Loop *loop);

typedef void (*LoopSignalFunc)(int signal_number, void *user);

/**
 * loop_watch_signals: SIGINT, SIGTERM and SIGHUP become calls of @func on the main thread.
 * They are blocked in this thread and in those it starts from now on, until loop_free().
 */
gboolean loop_watch_signals(Loop *loop, LoopSignalFunc func, void *user, GError **error);

/* VdevHost's timers: one source on the default context each. */
VdevTimer *timer_new(VdevTimerFunc func, void *user);
void timer_free(VdevTimer *timer); /* NULL-safe */
/** timer_arm: @delay_ns of the monotonic clock from now; negative disarms. */
void timer_arm(VdevTimer *timer, gint64 delay_ns);

#endif
