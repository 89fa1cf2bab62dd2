/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guest's clock: its timebase, which stands still while the machine is stopped.
 *
 * The timebase is the host's plus an offset that all vCPUs share. The host's cannot be stopped, so
 * before the guest goes on the offset is made less by the ticks that have passed. KVM rounds
 * offsets up to 2^24 ticks (33 ms): the guest may see its clock jump forward by as much, never
 * back. A clock that was set is kept as it was given, so that it is rounded once, when it goes on.
 *
 * Times are ticks of the host's timebase (AccelClass.timebase). Machine lock held.
 * Not here: the wall clock, which goes on.
 * Source: Linux' KVM API document, KVM_REG_PPC_TB_OFFSET.
 */
#ifndef VMM_GUEST_CLOCK_H
#define VMM_GUEST_CLOCK_H

#include "vmm/vcpu.h"

typedef struct {
    gboolean stands;
    guint64 since;  /* if it stands */
    gboolean given; /* the offset at `since` is the next, whatever the vCPUs have */
    guint64 offset;
} GuestClock;

/** guest_clock_stop: it stands from @now on. vCPUs are stopped already. */
void guest_clock_stop(GuestClock *clock, guint64 now);

/**
 * guest_clock_go_on: it goes on where it stood, if it stands.
 * @vcpus: VdevVcpu *, all stopped
 *
 * After an error it still stands, and the call may be repeated. Errors: VM_ERROR_HOST.
 */
gboolean guest_clock_go_on(GuestClock *clock, const GPtrArray *vcpus, guint64 now, GError **error);

/** guest_clock_read: the guest's ticks, those at which it stands if it does. 0 or −errno. */
gint guest_clock_read(const GuestClock *clock, const GPtrArray *vcpus, guint64 now, guint64 *ticks);

/**
 * guest_clock_set: it stands at @ticks, from @now on, and every vCPU's offset says so. vCPUs are
 * stopped. 0 or −errno; then nothing but some offsets has changed.
 */
gint guest_clock_set(GuestClock *clock, const GPtrArray *vcpus, guint64 now, guint64 ticks);

/** guest_clock_join: gives @vcpu, just made, the offset of @first. 0 or −errno. */
gint guest_clock_join(VdevVcpu *vcpu, VdevVcpu *first);

#endif
