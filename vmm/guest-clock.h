/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guest's clock: its timebase, which stands still while the machine is stopped.
 *
 * The timebase is the host's plus an offset that all vCPUs share. The host's cannot be stopped, so
 * before the guest goes on the offset is made less by the time that has passed. KVM rounds offsets
 * up to 2^24 ticks (33 ms): the guest may see its clock jump forward by as much, never back.
 *
 * Not here: the wall clock, which goes on; vCPUs that are made later, whose offset is 0.
 * Source: Linux' KVM API document, KVM_REG_PPC_TB_OFFSET.
 */
#ifndef VMM_GUEST_CLOCK_H
#define VMM_GUEST_CLOCK_H

#include "vmm/vcpu.h"

typedef struct {
    gboolean stands;
    gint64 since; /* µs, monotonic; if it stands */
} GuestClock;

/** guest_clock_stop: it stands from @now (µs, monotonic) on. vCPUs are stopped already. */
void guest_clock_stop(GuestClock *clock, gint64 now);

/**
 * guest_clock_go_on: it goes on where it stood, if it stands.
 * @vcpus: VdevVcpu *, all stopped
 * @hz: of the timebase
 *
 * Machine lock held. After an error it still stands, and what was reached holds: the call may be
 * repeated. Errors: VM_ERROR_HOST.
 */
gboolean guest_clock_go_on(GuestClock *clock, const GPtrArray *vcpus, guint64 hz, gint64 now,
                           GError **error);

#endif
