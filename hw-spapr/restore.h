/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a guest that arrives finds: the received state into the accelerator, in the order that KVM
 * needs.
 *
 * Sections only fill tables of ours while they are read. The machine's own section is the last of
 * those that every machine has; when it has come, RAM is whole and everything is put into KVM at
 * once. A vCPU whose sections come after it (it was plugged later on the other side) is restored as
 * soon as they have.
 *
 * Not here: PQ bits of interrupt sources and the last correction of the clock, which belong to the
 * moment when the guest goes on.
 * Source: the order that was tried over KVM-HV.
 */
#ifndef HW_SPAPR_RESTORE_H
#define HW_SPAPR_RESTORE_H

#include "hw-spapr/state.h"

/**
 * restore_machine: all of @platform, vCPUs stopped. Under the machine lock.
 *
 * Returns: FALSE with @error naming part, register and what the kernel said. The machine is then
 * fit for nothing but a reset.
 */
gboolean restore_machine(Platform *platform, GError **error);

/** restore_late_cpu: the vCPU of @own, if the machine was restored before its sections came. */
gboolean restore_late_cpu(CpuState *own, GError **error);

/** restore_complete: whether every vCPU has come, if a guest is arriving; if so, what it has not
 * fetched is announced again. Before it goes on. */
gboolean restore_complete(Platform *platform, GError **error);

#endif
