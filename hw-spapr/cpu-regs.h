/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The one table of which register of the accelerator is which field of a vCPU's state.
 *
 * Not here, because they are not the vCPU's alone: the timebase offset (host->timebase_set); the
 * XIVE context (hw-xive).
 * Source: the order in which registers were restored over KVM-HV (vmm-facts, section 7).
 */
#ifndef HW_SPAPR_CPU_REGS_H
#define HW_SPAPR_CPU_REGS_H

#include "hw-spapr/state.h"

#define CPU_REGS_VPA_SIZE 640u /* bytes of a virtual processor area, LoPAR H_REGISTER_VPA */

/**
 * cpu_regs_fill: reads the registers of @vcpu, which is out of the guest, into @own. One that the
 * accelerator lacks and need not have leaves its field alone.
 * cpu_regs_apply: the opposite, in the table's order. The processor must be of @own's family.
 *
 * Under the machine lock. Returns: FALSE with @error naming vCPU and register.
 */
gboolean cpu_regs_fill(const VdevHost *host, VdevVcpu *vcpu, CpuState *own, GError **error);
gboolean cpu_regs_apply(const VdevHost *host, VdevVcpu *vcpu, const CpuState *own, GError **error);

/** The same for the areas that the guest has registered: VPA first, and last to be cleared. */
gboolean cpu_regs_fill_areas(const VdevHost *host, VdevVcpu *vcpu, CpuState *own, GError **error);
gboolean
cpu_regs_apply_areas(const VdevHost *host, VdevVcpu *vcpu, const CpuState *own, GError **error);

/**
 * cpu_regs_fill_decrementer: the decrementer's value at the time at which the guest's clock stands;
 * after cpu_regs_fill().
 * cpu_regs_apply_decrementer: has it expire as soon as the guest goes on, after the timebase was
 * set. Stock senders leave an old value in the stream, and one that never expires is a vCPU that
 * hangs; a guest takes an early one for nothing and sets it anew.
 */
gboolean
cpu_regs_fill_decrementer(const VdevHost *host, VdevVcpu *vcpu, CpuState *own, GError **error);
gboolean cpu_regs_apply_decrementer(const VdevHost *host, VdevVcpu *vcpu, GError **error);

/**
 * cpu_regs_stopped: whether @own is a vCPU that the guest has not started or has stopped, rather
 * than one that waits for an interrupt: `halted` is both, but a stopped one can be woken by nothing
 * (all exit causes of LPCR are off).
 */
gboolean cpu_regs_stopped(const CpuState *own);

#endif
