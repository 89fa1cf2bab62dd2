/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The machine lock. GMutex is not fair, so the main thread announces itself and vCPU threads step
 * aside for it; among vCPU threads the mutex decides.
 */
#include "vmm/lock.h"

void
machine_lock_init(MachineLock *lock)
{
    g_mutex_init(&lock->mutex);
    g_cond_init(&lock->main_had_it);
    lock->main_waiting = 0;
}

void
machine_lock_clear(MachineLock *lock)
{
    g_mutex_clear(&lock->mutex);
    g_cond_clear(&lock->main_had_it);
}

void
machine_lock_main(MachineLock *lock)
{
    g_atomic_int_inc(&lock->main_waiting);
    g_mutex_lock(&lock->mutex);
    if (g_atomic_int_dec_and_test(&lock->main_waiting))
        g_cond_broadcast(&lock->main_had_it);
}

void
machine_lock_vcpu(MachineLock *lock)
{
    g_mutex_lock(&lock->mutex);
    while (g_atomic_int_get(&lock->main_waiting) > 0)
        g_cond_wait(&lock->main_had_it, &lock->mutex);
}

void
machine_unlock(MachineLock *lock)
{
    g_mutex_unlock(&lock->mutex);
}

void
machine_lock_wait(MachineLock *lock, GCond *cond)
{
    g_cond_wait(cond, &lock->mutex);
}
