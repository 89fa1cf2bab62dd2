/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the host asks of an accelerator: KVM itself (kvm*.c) or the software model (model*.c).
 *
 * The interface is KVM's: virtual CPUs that exit, memory slots, devices with attribute groups and
 * mappings. The layers above cannot tell which one serves them. Calls return 0 or −errno, with the
 * error numbers that KVM documents; openers set a GError that says what is missing and what to do.
 *
 * Threads: an AccelVcpu's run() and its registers belong to one thread at a time (vmm/vcpu.c sees
 * to that); kick() may come from any thread; everything else is under the machine lock, but region
 * accesses and dirty_log_get(), which need none.
 */
#ifndef VMM_ACCEL_ACCEL_H
#define VMM_ACCEL_ACCEL_H

#include "vdev/host.h"

typedef struct AccelClass AccelClass;
typedef struct Accel Accel; /* first member: const AccelClass *klass */
typedef struct AccelVcpu AccelVcpu;
typedef struct AccelKdev AccelKdev;
typedef struct AccelRegion AccelRegion;

typedef enum {
    ACCEL_EXIT_INTR,        /* kicked; nothing to handle */
    ACCEL_EXIT_HCALL,       /* hcall; results go back into the structure before the next run */
    ACCEL_EXIT_MMIO,        /* access to a guest address without memory */
    ACCEL_EXIT_CHECK,       /* a machine check, with vcpu_enable_fwnmi only; no results */
    ACCEL_EXIT_GUEST_FAULT, /* the guest touched a device page that the kernel refuses */
    ACCEL_EXIT_HALTED, /* model: the script of this vCPU has ended; do not run again until kicked */
    ACCEL_EXIT_FAILED, /* the vCPU cannot run; message says why */
} AccelExitKind;

typedef struct {
    AccelExitKind kind;
    struct {
        guint64 nr;
        guint64 args[9]; /* R4..R12 in and out */
        gint64 ret;      /* R3 */
    } hcall;
    struct {
        guint64 gpa;
        guint32 n; /* bytes: 1, 2, 4, 8 */
        gboolean is_write;
        guint8 data[8]; /* guest byte order; for a load filled before the next run */
    } mmio;
    gboolean check_recovered; /* CHECK: no harm is left */
    /* For the operator. GUEST_FAULT: what was touched; the vCPU and its pc are for the caller to
     * name. FAILED: everything. */
    char message[256];
} AccelExit;

/* -accel NAME,key=value…: the part after the name, as parsed; keys unknown to the class are
 * refused. */
typedef struct {
    GHashTable *options; /* char * → char *; may be NULL */
    guint32 max_cpus;    /* of -smp */
} AccelConfig;

#define ACCEL_MEM_LOG_DIRTY 1u

struct AccelClass {
    const char *name;
    const char *help;  /* one line, for -accel help */
    gboolean scripted; /* its vCPUs play a script, so that a guest needs no kernel */

    /* Opens the accelerator and makes an empty VM; checks every capability that is needed. */
    Accel *(*open)(const AccelConfig *config, GError **error);
    void (*close)(Accel *accel); /* vCPUs, devices and regions are gone; NULL-safe */
    const VdevCpuInfo *(*cpu_info)(Accel *accel);
    /* What vCPUs add TB_OFFSET to, in ticks of timebase_hz; any thread. */
    guint64 (*timebase)(Accel *accel);

    /* Slot @slot maps [gpa, gpa+size) to @host_memory; size 0 deletes. */
    gint (*memory_set)(Accel *accel, guint32 slot, guint64 gpa, guint64 size, void *host_memory,
                       guint32 flags);
    /* One bit per host page, LSB-first guint64 words, @n_words of them; reading clears. */
    gint (*dirty_log_get)(Accel *accel, guint32 slot, guint64 *words, gsize n_words);

    gint (*enable_hcall)(Accel *accel, guint32 nr);
    gint (*set_mmu)(Accel *accel, guint64 flags, guint64 process_table);

    AccelVcpu *(*vcpu_new)(Accel *accel, guint32 id, GError **error);
    void (*vcpu_free)(AccelVcpu *vcpu); /* KVM: keeps the kernel's vCPU until close; NULL-safe */
    /* Machine checks of all vCPUs become exits; for good. @vcpu is out of the guest. */
    gint (*vcpu_enable_fwnmi)(AccelVcpu *vcpu);
    gint (*vcpu_get)(AccelVcpu *vcpu, guint64 reg, void *value);
    gint (*vcpu_set)(AccelVcpu *vcpu, guint64 reg, const void *value);
    /* Finishes the last exit (@exit as the handler left it), then runs until the next one. */
    void (*vcpu_run)(AccelVcpu *vcpu, AccelExit *exit);
    /* Finishes the last exit without entering the guest, so that registers are complete. */
    void (*vcpu_complete)(AccelVcpu *vcpu, AccelExit *exit);
    /* Makes the present or the next vcpu_run return; any thread, async-signal context excluded. */
    void (*vcpu_kick)(AccelVcpu *vcpu);

    AccelKdev *(*kdev_new)(Accel *accel, guint32 type, gint *errnum); /* NULL: *errnum = −errno */
    void (*kdev_free)(AccelKdev *kdev);
    gint (*kdev_set)(AccelKdev *kdev, guint32 group, guint64 attr, const void *data);
    gint (*kdev_get)(AccelKdev *kdev, guint32 group, guint64 attr, void *data);
    gint (*kdev_connect)(AccelKdev *kdev, AccelVcpu *vcpu, guint32 server);
    /* irqfd: @fd's counter going up triggers source @gsi. */
    gint (*irqfd)(Accel *accel, guint32 gsi, gint fd, gboolean assign);

    /* Maps @size bytes from host page @page_offset of @kdev and puts them into slot @slot. */
    AccelRegion *(*region_new)(AccelKdev *kdev, guint32 slot, const VdevRegionSpec *spec,
                               GError **error);
    void (*region_free)(AccelRegion *region); /* slot first, then the mapping; NULL-safe */
    gboolean (*region_load64)(AccelRegion *region, guint64 offset, guint64 *value, GError **error);
    gboolean (*region_store64)(AccelRegion *region, guint64 offset, guint64 value, GError **error);
    /* Faults on the mapping since it was made, as far as this process sees them: all of the
     * model's; with KVM those accesses of its own that were refused. What a guest touches the
     * kernel handles, and keeps no count. */
    guint64 (*region_faults)(AccelRegion *region);
};

/* Whether all of the guest's memory is here. The kernel itself waits for a page that is not, in the
 * midst of an instruction; the model must not hold its lock meanwhile. */
typedef enum {
    ACCEL_MEMORY_IS_HERE,
    ACCEL_MEMORY_ARRIVES,
    ACCEL_MEMORY_IS_LOST, /* an access may have found zeros: nothing that came of it counts */
} AccelMemory;

struct Accel {
    const AccelClass *klass;
    gint memory; /* AccelMemory; atomic; its user sets it */
};
struct AccelVcpu {
    const AccelClass *klass;
};
struct AccelKdev {
    const AccelClass *klass;
};
struct AccelRegion {
    const AccelClass *klass;
};

extern const AccelClass kvm_accel_class;
extern const AccelClass model_accel_class;

#endif
