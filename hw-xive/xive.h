/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The device `spapr-xive-kvm`: the XIVE interrupt controller of a pseries machine, over the KVM
 * XIVE device interface.
 *
 * This header is all that the platform may know of the controller. Every call is under the machine
 * lock. LISNs are logical interrupt source numbers, 0 ≤ lisn < nr-irqs; servers are vCPU ids.
 */
#ifndef HW_XIVE_XIVE_H
#define HW_XIVE_XIVE_H

#include "vdev/device.h"
#include "vdev/hcall.h"
#include "vdev/host.h"
#include "vdev/vmstate.h"

typedef struct Xive Xive; /* its first member is a VdevDevice */

extern const VdevClass xive_class;

/* H_INT_*; the owner of the handlers is the Xive. */
extern const VdevHcallRow xive_hcalls[];

/**
 * xive_set_servers:
 * @nr_servers: highest possible vCPU id + 1
 *
 * Told by the platform before realize; the property nr-servers overrides it upward only: a smaller
 * value makes realize fail.
 */
void xive_set_servers(Xive *xive, guint32 nr_servers);

/**
 * xive_vcpu_connect: connects @vcpu as interrupt server vcpu_id(@vcpu). After realize, once a vCPU.
 * The IPI sources of all servers (LISN 0 to nr_servers − 1) are claimed by realize: a guest may use
 * any of them for any vCPU. Errors name the server and what KVM answered.
 */
gboolean xive_vcpu_connect(Xive *xive, VdevVcpu *vcpu, GError **error);

/**
 * xive_vcpu_disconnect: the guest let go of the stopped vCPU @server. Its queues are disabled, its
 * thread context leaves the stream; it may be connected again, as after power-on.
 */
void xive_vcpu_disconnect(Xive *xive, guint32 server);

/**
 * xive_lisn_claim:
 * @level: TRUE for a level-sensitive source (LSI)
 *
 * Creates the source, masked. Refuses a LISN out of range or already claimed.
 */
gboolean xive_lisn_claim(Xive *xive, guint32 lisn, gboolean level, GError **error);
void xive_lisn_release(Xive *xive, guint32 lisn);

/** xive_pulse: triggers the edge source @lisn once. The LISN must be claimed. */
void xive_pulse(Xive *xive, guint32 lisn);

/** xive_set_level: sets the level of the LSI @lisn; while asserted, each EOI triggers again. */
void xive_set_level(Xive *xive, guint32 lisn, gboolean asserted);

/**
 * xive_fdt_root: writes ibm,plat-res-int-priorities into the root (offset 0 of @fdt).
 * xive_fdt_node: adds the interrupt-controller node below the root.
 * Both: libfdt's error number (negative) or 0.
 */
int xive_fdt_root(Xive *xive, void *fdt);
int xive_fdt_node(Xive *xive, void *fdt, guint32 phandle);

/**
 * xive_state_add: registers the sections xive-source and spapr-xive with the host; after realize.
 * xive_state_add_vcpu: that of a server's thread context, as xive-tctx instance @instance.
 * xive_state_remove: takes all of them out. Zero-safe.
 * A host that keeps no state is fine.
 */
gboolean xive_state_add(Xive *xive, GError **error);
gboolean xive_state_add_vcpu(Xive *xive, guint32 server, guint32 instance, GError **error);
void xive_state_remove(Xive *xive);

/**
 * xive_restore: gives KVM what the three sections brought: windows, queues, sources, targets,
 * contexts. Called by the platform's post_load, when all RAM and these sections are there and all
 * vCPUs that have a queue are connected; contexts that are loaded after it follow by themselves.
 * PQ is restored by resume; what devices raise before is kept for then, also between the load of
 * xive-source and this call. May be repeated. Errors name what KVM refused, LISN or server and
 * priority, errno and a hint; after one, only a reset or another load makes the device usable.
 */
gboolean xive_restore(Xive *xive, GError **error);

/**
 * xive_catalogue: the three sections, for tools.
 *
 * Their `check` tells apart by the code of its error (domain G_FILE_ERROR): _INVAL is what no XIVE
 * can be in, _NOSYS what KVM's XIVE device cannot take although an emulated one has it.
 */
extern const VmsCatalogueRow xive_catalogue[];

/** xive_print: appends sources with PQ and EAS, queues and thread contexts, for people. */
void xive_print(Xive *xive, GString *text);

#endif
