/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A machine: the class that a module offers, its rows (one per machine type), and what
 * the host tells it when it is built.
 *
 * Order: allocate (host) → properties (host) → attach devices → realize → reset
 * → load_boot → [quiesce → resume]* → … → finish → free (host).
 */
#ifndef VDEV_MACHINE_H
#define VDEV_MACHINE_H

#include "vdev/device.h"
#include "vdev/hotplug.h"

typedef struct VmsStreamRules VmsStreamRules;

/* One machine type. Rows stand newest first; a table ends with name NULL. */
struct VdevMachineRow {
    const char *name;
    const char *alias;            /* or NULL */
    const char *help;             /* one line, for -M help */
    const char *refusal;          /* why this type cannot be run (stream-only row), or NULL */
    const VmsStreamRules *stream; /* rules of the migration stream; the host's business */
    const void *platform;         /* the machine's own differences of this row */
};

/* What the command line says of the machine; valid as long as the machine lives. */
struct VdevMachineConfig {
    guint32 cpus;         /* present at start, ≥ 1 */
    guint32 max_cpus;     /* ≥ cpus */
    guint64 ram_size;     /* bytes, main memory */
    guint64 max_ram_size; /* bytes, ≥ ram_size */
    guint32 ram_slots;    /* hot-plug slots */
    const char *name;     /* guest name, or NULL */
    const guint8 *uuid;   /* 16 bytes, or NULL */
    const char *cmdline;  /* kernel arguments, or NULL */
    VdevChardev *console; /* first serial line, or NULL */
};

/* What the host found in the boot files. Addresses are those of the ELF file's segments. */
typedef struct {
    guint64 kernel_low;  /* lowest physical address of a segment */
    guint64 kernel_high; /* first byte after the last segment, zero-filled part included */
    guint64 entry;       /* physical address of the entry point */
    guint64 initrd_size; /* bytes; 0 = no initrd */
    gboolean has_kernel;
} VdevBootImage;

struct VdevMachineClass {
    const char *name;
    gsize size;                /* of the object; the first member is a VdevDevice */
    const VdevProperty *props; /* of -M TYPE,prop=val */
    const VdevMachineRow *rows;

    /* Takes @device (not yet realized) into the machine; the machine calls its realize…finish,
     * the host frees it after the machine's finish. Refuses what the machine cannot hold. */
    gboolean (*attach)(void *machine, VdevDevice *device, GError **error);

    gboolean (*realize)(void *machine, const VdevMachineRow *row, const VdevMachineConfig *config,
                        GError **error);
    gboolean (*reset)(void *machine, GError **error);
    gboolean (*quiesce)(void *machine, GError **error);
    gboolean (*resume)(void *machine, GError **error);
    void (*finish)(void *machine);

    /* After reset: chooses addresses, has the host copy kernel and initrd there
     * (host->boot_kernel, host->boot_initrd), writes firmware tables, sets up the boot vCPU. */
    gboolean (*load_boot)(void *machine, const VdevBootImage *image, GError **error);

    /* A PAPR hypercall, on the vCPU's thread under the machine lock. @args: R4..R12 in and out.
     * Returns: R3. */
    gint64 (*hcall)(void *machine, VdevVcpu *vcpu, guint64 nr, guint64 *args);

    /* The operator asks the guest to power itself off. */
    void (*powerdown)(void *machine);

    /* Appends the state of the interrupt controller, for people, to @text. */
    void (*print_irq)(void *machine, GString *text);

    /* Plugging, or NULL: this machine keeps what it starts with. */
    const VdevHotplugOps *hotplug;

    /* @vcpu left the guest with a machine check, after host->vcpu_enable_fwnmi: SRR0, SRR1, DSISR
     * and DAR are as the processor left them. @recovered: the accelerator undid the harm. On the
     * vCPU's thread. NULL: nothing enables it. */
    void (*machine_check)(void *machine, VdevVcpu *vcpu, gboolean recovered);

    /* A system reset interrupt to every vCPU that runs. All vCPUs are out of the guest, their
     * hypercalls answered. NULL: there is none. */
    gboolean (*inject_nmi)(void *machine, GError **error);
};

#endif
