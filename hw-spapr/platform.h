/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The pseries platform: one object that owns every part of the machine but the interrupt
 * controller's inside. It is the machine object of the host interface.
 *
 * Not here: what differs from machine type to machine type (pseries.h), and what a part does (its
 * own file). Every call is made under the machine lock.
 */
#ifndef HW_SPAPR_PLATFORM_H
#define HW_SPAPR_PLATFORM_H

#include "hw-spapr/boot.h"
#include "hw-spapr/caps.h"
#include "hw-spapr/cas.h"
#include "hw-spapr/cpu.h"
#include "hw-spapr/drc.h"
#include "hw-spapr/events.h"
#include "hw-spapr/fdt-machine.h"
#include "hw-spapr/fwnmi.h"
#include "hw-spapr/hcall.h"
#include "hw-spapr/hotplug.h"
#include "hw-spapr/nvram.h"
#include "hw-spapr/pci.h"
#include "hw-spapr/pseries.h"
#include "hw-spapr/rtas.h"
#include "hw-spapr/rtc.h"
#include "hw-spapr/state.h"
#include "hw-spapr/vio.h"
#include "hw-spapr/vty.h"
#include "hw-spapr/xics.h"
#include "hw-xive/xive.h"
#include "vdev/host.h"
#include "vdev/machine.h"

#define PLATFORM_RAM_NAME "ppc_spapr.ram" /* QEMU's name of the block: it is in the stream */

/* Values of the property ic-mode. */
enum {
    IC_MODE_XIVE,
    IC_MODE_XICS, /* refused */
    IC_MODE_DUAL, /* XIVE; the state of an idle XICS travels along */
};

/* -M …,drc-walk=: whether spapr_drc/ccs may be sent. */
enum {
    PLATFORM_DRC_WALK_AUTO, /* as the machine type has it */
    PLATFORM_DRC_WALK_ON,
    PLATFORM_DRC_WALK_OFF,
};

struct Platform {
    VdevDevice device; /* first; filled by the host */
    guint32 ic_mode;   /* properties */
    guint32 kernel_irqchip;
    guint32 drc_walk;      /* PLATFORM_DRC_WALK_* */
    guint32 hotplug_pause; /* calls after a request; 0: no pause */
    Caps caps;             /* properties too */

    const PseriesRow *row;
    const VdevMachineConfig *config; /* NULL until realize */
    Xive *xive;                      /* attached; the host frees it */
    gboolean xive_realized;

    HcallTable hcalls;
    RtasTable rtas;
    CpuSet cpus;
    EventQueue events;
    Rtc rtc;
    VioBus vio;
    Vty vty;
    Nvram nvram;
    PciHost pci;
    Xics xics;
    HashTable hash_table;
    Cas cas;
    BootLayout boot;
    guint64 process_table; /* as given to host->set_mmu */
    gboolean hash_reported;
    MachineState state;
    Fwnmi fwnmi;
    CpuState *cpu_states; /* [cpus.n], beside cpus.vcpus */
    gboolean arriving;    /* restored from a stream; the guest has not run here yet */
    Drcs drcs;
    Hotplug hotplug;
};

extern const VdevProperty platform_props[];

/** platform_host: the host that made the machine. */
static inline const VdevHost *
platform_host(const Platform *platform)
{
    return platform->device.host;
}

/* The machine's life, as VdevMachineClass names it; see vdev/machine.h for the order. */
gboolean platform_attach(void *machine, VdevDevice *device, GError **error);
gboolean platform_realize(void *machine, const VdevMachineRow *row, const VdevMachineConfig *config,
                          GError **error);
gboolean platform_reset(void *machine, GError **error);
gboolean platform_quiesce(void *machine, GError **error);
gboolean platform_resume(void *machine, GError **error);
void platform_finish(void *machine);
gboolean platform_load_boot(void *machine, const VdevBootImage *image, GError **error);
gint64 platform_hcall(void *machine, VdevVcpu *vcpu, guint64 nr, guint64 *args);
void platform_machine_check(void *machine, VdevVcpu *vcpu, gboolean recovered);
gboolean platform_inject_nmi(void *machine, GError **error);
void platform_powerdown(void *machine);
void platform_print_irq(void *machine, GString *text);

#endif
