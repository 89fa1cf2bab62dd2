/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * FWNMI: machine checks and system resets that reach the guest by way of the firmware.
 *
 *   unregistered ── ibm,nmi-register ──▶ idle ── machine check of vCPU n ──▶ n handles
 *        ▲                                ▲                                  │
 *        └──────────── reset ─────────────┴── ibm,nmi-interlock by n ────────┘
 *
 *   FW-1  Unregistered, a machine check goes to vector 0x200, a system reset to 0x100.
 *   FW-2  Registered, they go to the guest's two handlers; r3 points to what the firmware says, in
 *         RTAS's own memory, where r3 itself is saved.
 *   FW-3  One vCPU at a time handles a machine check: there is one error log. Others that have one
 *         wait outside the guest, in the order in which they came.
 *   FW-4  A second one of the vCPU that handles one has no log to be told by: the guest has
 *         panicked, or, if no harm is left, is not told.
 *
 * Where things are, from the address that `linux,rtas-base` says:
 *
 *   0x30    r3, the log's two words, the log (event-log.h)
 *   0x800   for each vCPU by its index: r3, and a word of zeros
 *
 * Not here: what a machine check is about (fwnmi-cause.c).
 * Source: LoPAR, "Non-Maskable Interrupts"; the offsets are QEMU's, which a guest may have seen.
 */
#ifndef HW_SPAPR_FWNMI_H
#define HW_SPAPR_FWNMI_H

#include "hw-spapr/event-log.h"
#include "vdev/hcall.h"
#include "vdev/host.h"

typedef struct Platform Platform;

#define FWNMI_ERROR_LOG      0x30u
#define FWNMI_RESET_AREAS    0x800u
#define FWNMI_RESET_AREA     16u /* bytes for a vCPU */
#define FWNMI_HANDLERS_BELOW 0x2000000u

#define FWNMI_VECTOR_RESET 0x100u
#define FWNMI_VECTOR_CHECK 0x200u

/* The rest of the state travels: MachineState. */
typedef struct {
    GQueue waiting; /* FwnmiWaiting *, owned: FW-3 */
} Fwnmi;

/** fwnmi_offered: whether a guest can register: the capability is on and KVM can do it. */
gboolean fwnmi_offered(const Platform *platform);

/** fwnmi_check_host: refuses a cap-fwnmi=on that KVM cannot do. */
gboolean fwnmi_check_host(const Platform *platform, GError **error);

/** fwnmi_reset: nobody waits any more. What travels is reset with the rest of it. Zero-safe. */
void fwnmi_reset(Platform *platform);

/** fwnmi_check_state: handlers that cannot be; of what was received. */
gboolean fwnmi_check_state(const Platform *platform, GError **error);

/** fwnmi_arrived: a migration brought the machine: KVM is told of a registered guest. */
gboolean fwnmi_arrived(Platform *platform, GError **error);

/** fwnmi_may_save: refuses while a vCPU waits, which the stream cannot say. */
gboolean fwnmi_may_save(const Platform *platform, GError **error);

/** fwnmi_busy: who handles a machine check, in words, or NULL. (transfer full) */
char *fwnmi_busy(const Platform *platform);

/** fwnmi_machine_check: see VdevMachineClass.machine_check. */
void fwnmi_machine_check(Platform *platform, VdevVcpu *vcpu, gboolean recovered);

/** fwnmi_system_reset: see VdevMachineClass.inject_nmi. */
gboolean fwnmi_system_reset(Platform *platform, GError **error);

/** fwnmi_cause: what the registers of a vCPU with a machine check say, as far as they say it. */
void fwnmi_cause(EventCheck *check, guint64 pc, guint64 srr1, guint32 dsisr, guint64 dar);

gint32 rtas_ibm_nmi_register(void *owner, VdevVcpu *vcpu, VdevRtasCall *call);
gint32 rtas_ibm_nmi_interlock(void *owner, VdevVcpu *vcpu, VdevRtasCall *call);

#endif
