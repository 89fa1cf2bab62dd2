/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The machine lock: one mutex under which devices, hypercalls and the monitor work.
 *
 * The main loop holds it except while it polls; a vCPU thread takes it for the length of one exit.
 * The main thread goes first: a guest whose vCPUs make hypercalls without a pause must not keep the
 * operator's `stop` waiting. It is the outermost lock: whoever holds any other lock of the host
 * must not take it.
 */
#ifndef VMM_LOCK_H
#define VMM_LOCK_H

#include <glib.h>

typedef struct {
    GMutex mutex;
    GCond main_had_it; /* main_waiting has become 0 */
    gint main_waiting; /* atomic; the main thread wants the mutex */
} MachineLock;

void machine_lock_init(MachineLock *lock);
void machine_lock_clear(MachineLock *lock);

/** machine_lock_main: takes the lock for the main thread; vCPU threads that wait go after it. */
void machine_lock_main(MachineLock *lock);

/** machine_lock_vcpu: takes the lock for a vCPU thread or a migration's. */
void machine_lock_vcpu(MachineLock *lock);

void machine_unlock(MachineLock *lock);

/** machine_lock_wait: waits for @cond, with the lock released meanwhile. Any thread that holds it.
 */
void machine_lock_wait(MachineLock *lock, GCond *cond);

#endif
