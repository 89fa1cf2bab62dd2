/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The vCPUs: their ids, the registers of a fresh start, start and stop.
 *
 * Not here: threads and entering the guest, which are the host's.
 * Source: the order and the registers of a reboot as tried over KVM-HV (vmm-facts, section 9).
 */
#ifndef HW_SPAPR_CPU_H
#define HW_SPAPR_CPU_H

#include "hw-xive/xive.h"
#include "vdev/host.h"

typedef struct {
    /* [n], owned by the host; vCPU i has the id i << id_shift. NULL: it could be plugged. The first
     * is always there. */
    VdevVcpu **vcpus;
    guint32 n;
    guint32 id_shift;
    guint64 first_lpcr; /* as the accelerator made it */
} CpuSet;

/**
 * cpus_check: whether @max_cpus vCPUs with ids that step by 1 << @id_shift fit what the accelerator
 * allows. The error says how many would.
 */
gboolean cpus_check(const VdevHost *host, const char *machine, guint32 max_cpus, guint32 id_shift,
                    GError **error);

/**
 * cpus_make: makes the first @n of @max vCPUs, stopped. What was made stays in @cpus on failure;
 * cpus_finish() it.
 */
gboolean cpus_make(CpuSet *cpus, const VdevHost *host, guint32 n, guint32 max, guint32 id_shift,
                   GError **error);

/**
 * cpus_plug: makes vCPU @index, which is not there, connects it, and gives it the registers of
 * power-on and what the guest has since set for all. On failure it is not there.
 * cpus_unplug: the guest let go of it.
 */
gboolean cpus_plug(CpuSet *cpus, const VdevHost *host, Xive *xive, guint32 index, GError **error);
void cpus_unplug(CpuSet *cpus, const VdevHost *host, Xive *xive, guint32 index);

/** cpus_connect: makes every vCPU an interrupt server of @xive. */
gboolean cpus_connect(CpuSet *cpus, Xive *xive, GError **error);

/** cpus_reset: stops every vCPU and gives it the registers of power-on. */
gboolean cpus_reset(CpuSet *cpus, const VdevHost *host, GError **error);

/** cpus_finish: forgets the vCPUs, which are the host's. Zero-safe. */
void cpus_finish(CpuSet *cpus);

/** cpus_find: the vCPU with @id, or NULL. (transfer none) */
VdevVcpu *cpus_find(const CpuSet *cpus, guint64 id);

/** cpus_id: the id of vCPU @index. */
guint32 cpus_id(const CpuSet *cpus, guint32 index);

/**
 * cpus_start: @vcpu, which must be stopped, enters the guest at @pc with @r3, 64-bit, big-endian.
 *
 * Returns: 0 or −errno.
 */
gint cpus_start(const VdevHost *host, VdevVcpu *vcpu, guint64 pc, guint64 r3);

/** cpus_go_on: @vcpu, which must be stopped, enters the guest with the registers that it has. 0, or
 * −errno and it is stopped still. */
gint cpus_go_on(const VdevHost *host, VdevVcpu *vcpu);

/** cpus_stop: @vcpu leaves the guest until started again; it may be the caller's own.
 * Returns: 0, or −errno of what KVM was told besides. */
gint cpus_stop(const VdevHost *host, VdevVcpu *vcpu);

/** cpus_set_lpcr: on every vCPU, the bits @mask of LPCR to those of @value. FALSE: host trouble. */
gboolean cpus_set_lpcr(const CpuSet *cpus, const VdevHost *host, guint64 mask, guint64 value);

#endif
