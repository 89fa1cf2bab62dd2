/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Virtual CPUs: one thread each, and who may touch a vCPU when.
 *
 * A vCPU's thread alternates between the accelerator (in the guest) and the machine (an exit, under
 * the machine lock). It enters the guest only if the machine runs, the vCPU is started, not
 * blocked, need not rest, and nobody holds it. It parks when one of the first three is not so;
 * before it parks it completes its last exit, so that its registers are whole.
 *
 * Another thread that wants its registers holds it: counts itself in, kicks, and waits until the
 * vCPU is out of the accelerator. That wait never needs the machine lock, so two vCPUs may do it to
 * each other: the one that has the machine lock wins, the other is out of the guest, waiting for
 * that lock.
 *
 * Lock order: machine lock, then a vCPU's own mutex; never two vCPUs' mutexes at once; no call into
 * the accelerator's run with either of them.
 *
 * This file knows neither the Vm nor a device: what it needs is in VcpuOwner.
 */
#ifndef VMM_VCPU_H
#define VMM_VCPU_H

#include "vdev/host.h"
#include "vmm/accel/accel.h"
#include "vmm/lock.h"

typedef struct {
    Accel *accel;
    MachineLock *lock;
    /* A hypercall, under the machine lock. Returns R3; @args as in AccelExit. */
    gint64 (*hcall)(void *user, VdevVcpu *vcpu, guint64 nr, guint64 *args);
    /* An access to an address where nothing is; under the machine lock. @exit: loads are all ones
     * already. */
    void (*stray_access)(void *user, VdevVcpu *vcpu, const AccelExit *exit);
    /* A machine check, on the vCPU's thread, under the machine lock. */
    void (*machine_check)(void *user, VdevVcpu *vcpu, gboolean recovered);
    /* HALTED, GUEST_FAULT, FAILED: the vCPU has left the guest and does not go back until it is
     * started again. No lock held. */
    void (*out)(void *user, VdevVcpu *vcpu, AccelExitKind kind, const char *message);
    void *user;
} VcpuOwner;

/**
 * vcpu_new: a stopped vCPU with its thread, parked.
 * @owner: must outlive the vCPU
 * @machine_runs: whether the machine runs at this moment
 *
 * Main thread or the owner of a hypercall; machine lock held.
 */
VdevVcpu *
vcpu_new(const VcpuOwner *owner, guint32 index, guint32 id, gboolean machine_runs, GError **error);

/** vcpu_free: ends the thread, then the vCPU. Main thread, machine lock held (released while
 * waiting for the thread). NULL-safe. */
void vcpu_free(VdevVcpu *vcpu);

guint32 vcpu_index(const VdevVcpu *vcpu);
guint32 vcpu_id(const VdevVcpu *vcpu);
AccelVcpu *vcpu_accel(const VdevVcpu *vcpu);

/** vcpu_thread_id: the kernel's id of the thread; waits until the thread has begun. */
gint vcpu_thread_id(VdevVcpu *vcpu);

/* Under the machine lock, any thread. 0 or −errno. */
gint vcpu_get(VdevVcpu *vcpu, guint64 reg, void *value);
gint vcpu_set(VdevVcpu *vcpu, guint64 reg, const void *value);

/**
 * vcpu_start, vcpu_stop: under the machine lock, any thread. A start ends a halt or a failure.
 * A vCPU that stops itself finishes its hypercall first; one that is stopped by another has left
 * the guest when the call returns, and a hypercall that it was about to make is forgotten.
 */
void vcpu_start(VdevVcpu *vcpu);
void vcpu_stop(VdevVcpu *vcpu);
gboolean vcpu_started(const VdevVcpu *vcpu);

/** vcpu_set_blocked: a blocked vCPU executes nothing, though it is started: it parks as if the
 * machine had stopped. Under the machine lock, any thread, the vCPU's own too. Does not wait. */
void vcpu_set_blocked(VdevVcpu *vcpu, gboolean blocked);

/** vcpu_idle: stopped, or out for good (see VcpuOwner.out). */
gboolean vcpu_idle(const VdevVcpu *vcpu);

/** vcpu_set_machine_runs: told to each vCPU when the machine stops or goes on. Does not wait. */
void vcpu_set_machine_runs(VdevVcpu *vcpu, gboolean runs);

/** vcpu_set_resting: a guest that is slowed down rests now and then: the vCPU leaves it, and comes
 * back when it need not rest any more. It parks as always when the machine stops. Does not wait. */
void vcpu_set_resting(VdevVcpu *vcpu, gboolean rests);

/** vcpu_set_barred: the same for a guest that must not execute another instruction. Any thread, no
 * lock needed. */
void vcpu_set_barred(VdevVcpu *vcpu, gboolean barred);

/** vcpu_wait_parked: waits until the vCPU has parked. Main thread; the machine lock is held and
 * released meanwhile. vcpu_set_machine_runs(FALSE) comes first. */
void vcpu_wait_parked(VdevVcpu *vcpu);

/** vcpu_rest_if_caller: if the caller is @vcpu's own thread, inside its hypercall, the vCPU parks
 * after it, as if the machine had stopped, until the next vcpu_set_machine_runs(TRUE): a guest that
 * asked for a reset or its end does not execute another instruction. */
void vcpu_rest_if_caller(VdevVcpu *vcpu);

#endif
