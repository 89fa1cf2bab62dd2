/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * VdevHost: everything a module may ask of its host.
 *
 * The calls stand in groups. A host fills whole groups or none (a tool that only reads the
 * module's tables fills none); a module says in VdevModule.needs which groups its machines use,
 * and the host compares before it makes one. All calls are made under the machine lock unless a
 * comment says otherwise.
 *
 * Numbers of KVM (one-reg ids, device groups) are those of vdev/kvm-ppc.h.
 */
#ifndef VDEV_HOST_H
#define VDEV_HOST_H

#include "vdev/abi.h"
#include "vdev/hotplug.h"

typedef struct VmsState VmsState;

#define VDEV_GROUP_BASE    (1u << 0)
#define VDEV_GROUP_MEMORY  (1u << 1)
#define VDEV_GROUP_CPU     (1u << 2)
#define VDEV_GROUP_KDEV    (1u << 3)
#define VDEV_GROUP_REGION  (1u << 4)
#define VDEV_GROUP_CONSOLE (1u << 5)
#define VDEV_GROUP_TIMER   (1u << 6)
#define VDEV_GROUP_STATE   (1u << 7)
#define VDEV_GROUP_HOTPLUG (1u << 8)
#define VDEV_GROUP_CLOCK   (1u << 9)

typedef enum {
    VDEV_LOG_GUEST_ERROR, /* the guest did what it must not; shown with -d guest_errors */
    VDEV_LOG_UNIMPL,      /* the guest asked for what we do not have; -d unimp */
    VDEV_LOG_HCALL,       /* -d hcall */
    VDEV_LOG_RTAS,        /* -d rtas */
    VDEV_LOG_IRQ,         /* -d irq */
    VDEV_LOG_WARNING,     /* always shown */
} VdevLogKind;

typedef enum {
    VDEV_SHUTDOWN_GUEST, /* the guest powered itself off */
    VDEV_SHUTDOWN_ERROR, /* the machine cannot go on; the message was logged */
} VdevShutdownCause;

/* What the accelerator knows of the processor. Constant after start. */
typedef struct {
    guint32 pvr;
    guint64 timebase_hz;
    guint32 n_ap_encodings;  /* entries used below */
    guint32 ap_encodings[8]; /* as in ibm,processor-radix-AP-encodings */
    gboolean have_cpu_char;
    guint64 cpu_character, cpu_character_mask; /* H_GET_CPU_CHARACTERISTICS R4 */
    guint64 cpu_behaviour, cpu_behaviour_mask; /* R5 */
    guint32 host_page_shift;                   /* 16 on a POWER host */
    guint32 max_vcpus; /* vCPUs at most, and their ids are below it, however they are spaced */
    /* Where the host has vcpu_enable_fwnmi: whether that can succeed. */
    gboolean have_fwnmi;
} VdevCpuInfo;

/* A window of an in-kernel device, mapped into the guest: a ram-device region, never migrated. */
typedef struct {
    const char *name; /* unique, for messages and the memory map */
    VdevKdev *kdev;
    guint64 page_offset; /* into the device's mapping, in host pages */
    guint64 gpa;         /* guest address, host-page aligned */
    guint64 size;        /* bytes, a multiple of the host page */
} VdevRegionSpec;

typedef void (*VdevTimerFunc)(void *user);

typedef struct {
    /* How many bytes the device can take now; 0 stops reading until chardev_accept_input(). */
    gsize (*can_read)(void *user);
    void (*read)(void *user, const guint8 *bytes, gsize n);
} VdevChardevOps;

struct VdevHost {
    guint32 abi;
    guint32 size;
    void *opaque; /* the host's own */

    /* VDEV_GROUP_BASE */
    void (*log)(const VdevHost *host, VdevLogKind kind, const char *message); /* any thread */
    gboolean (*log_enabled)(const VdevHost *host, VdevLogKind kind);          /* any thread */
    /* These three only ask; the host acts on its main thread after the caller has returned. */
    void (*request_shutdown)(const VdevHost *host, VdevShutdownCause cause);
    void (*request_reset)(const VdevHost *host);
    void (*guest_panicked)(const VdevHost *host, const char *message);
    /* Wall clock of the guest's RTC base, ns since 1970 UTC. */
    gint64 (*wall_clock_ns)(const VdevHost *host);

    /* VDEV_GROUP_MEMORY. Addresses are guest physical; true only if all of the range is RAM. */
    gboolean (*guest_read)(const VdevHost *host, guint64 gpa, void *buffer, gsize n);
    /* Marks the pages dirty after the store. */
    gboolean (*guest_write)(const VdevHost *host, guint64 gpa, const void *buffer, gsize n);
    /* Whether [gpa, gpa+n) is RAM. */
    gboolean (*guest_is_ram)(const VdevHost *host, guint64 gpa, guint64 n);
    /* Registers main memory at @gpa under @name; its bytes migrate. Once, in realize. */
    gboolean (*ram_register_main)(const VdevHost *host, const char *name, guint64 gpa,
                                  GError **error);
    /* Gives RAM back to the state of a fresh start where that is possible (reset). */
    void (*ram_discard)(const VdevHost *host);
    /* Copy the kernel's segments to their address + @offset; the initrd to @gpa. In load_boot. */
    gboolean (*boot_kernel)(const VdevHost *host, guint64 offset, GError **error);
    gboolean (*boot_initrd)(const VdevHost *host, guint64 gpa, GError **error);

    /* VDEV_GROUP_CPU */
    const VdevCpuInfo *(*cpu_info)(const VdevHost *host);
    /* Hypercalls that the accelerator leaves off until asked: false if it does not know @nr. */
    gboolean (*enable_hcall)(const VdevHost *host, guint32 nr);
    /* @process_table: bit 0 (IBM) = guest radix; see KVM_PPC_CONFIGURE_V3_MMU. 0 or −errno. */
    gint (*set_mmu)(const VdevHost *host, guint64 flags, guint64 process_table);
    /* Makes a stopped vCPU; @id is also its interrupt server number. Freed by the host. */
    VdevVcpu *(*vcpu_new)(const VdevHost *host, guint32 id, GError **error);
    guint32 (*vcpu_id)(const VdevHost *host, const VdevVcpu *vcpu);
    /* Registers by one-reg id; @value is in host order and as wide as the id says. A vCPU that
     * runs is held for the moment of the access. 0 or −errno. */
    gint (*vcpu_get)(const VdevHost *host, VdevVcpu *vcpu, guint64 reg, void *value);
    gint (*vcpu_set)(const VdevHost *host, VdevVcpu *vcpu, guint64 reg, const void *value);
    /* start: it runs as soon as the machine runs. stop: it leaves the guest and does not return
     * until started; a vCPU may stop itself from its own hypercall. */
    void (*vcpu_start)(const VdevHost *host, VdevVcpu *vcpu);
    void (*vcpu_stop)(const VdevHost *host, VdevVcpu *vcpu);
    gboolean (*vcpu_started)(const VdevHost *host, const VdevVcpu *vcpu);

    /* VDEV_GROUP_KDEV: the KVM device interface. All return 0 (or a handle) or −errno. */
    VdevKdev *(*kdev_new)(const VdevHost *host, guint32 type, gint *errnum);
    void (*kdev_free)(const VdevHost *host, VdevKdev *kdev); /* regions must be gone; NULL-safe */
    gint (*kdev_set)(const VdevHost *host, VdevKdev *kdev, guint32 group, guint64 attr,
                     const void *data);
    gint (*kdev_get)(const VdevHost *host, VdevKdev *kdev, guint32 group, guint64 attr, void *data);
    gint (*kdev_connect)(const VdevHost *host, VdevKdev *kdev, VdevVcpu *vcpu, guint32 server);

    /* VDEV_GROUP_REGION */
    VdevRegion *(*region_new)(const VdevHost *host, const VdevRegionSpec *spec, GError **error);
    void (*region_free)(const VdevHost *host,
                        VdevRegion *region); /* slot, then mapping; NULL-safe */
    /* Guarded 8-byte big-endian access at byte @offset; a page that the device refuses becomes an
     * error. Any thread, no lock needed. */
    gboolean (*region_load64)(const VdevHost *host, VdevRegion *region, guint64 offset,
                              guint64 *value, GError **error);
    gboolean (*region_store64)(const VdevHost *host, VdevRegion *region, guint64 offset,
                               guint64 value, GError **error);

    /* VDEV_GROUP_CONSOLE */
    void (*chardev_write)(const VdevHost *host, VdevChardev *chardev, const guint8 *bytes, gsize n);
    void (*chardev_set_ops)(const VdevHost *host, VdevChardev *chardev, const VdevChardevOps *ops,
                            void *user); /* NULL ops: none */
    void (*chardev_accept_input)(const VdevHost *host, VdevChardev *chardev);

    /* VDEV_GROUP_TIMER: the host's monotonic clock; callbacks run on the main thread, locked. */
    VdevTimer *(*timer_new)(const VdevHost *host, VdevTimerFunc func, void *user);
    void (*timer_free)(const VdevHost *host, VdevTimer *timer);                 /* NULL-safe */
    void (*timer_arm)(const VdevHost *host, VdevTimer *timer, gint64 delay_ns); /* < 0 disarms */

    /* VDEV_GROUP_STATE: what of the machine migrates. A machine works without it. */
    /* Adds a section: its place on the wire is its turn among these calls. @path: device path
     * ("vty@71000001"), or NULL; copied. @instance: 0 with a path. @state: constant data; @object
     * stays until it is removed. Fails if the section is there already. Never while a migration
     * runs. */
    gboolean (*state_add)(const VdevHost *host, const char *path, guint32 instance,
                          const VmsState *state, void *object, GError **error);
    /* Takes out every section of @object; none is fine. */
    void (*state_remove)(const VdevHost *host, const void *object);

    /* VDEV_GROUP_HOTPLUG: only within a machine that has VdevHotplugOps. */
    /* Places the memory of @plug at its gpa and lets its bytes migrate under @name. */
    gboolean (*plug_memory)(const VdevHost *host, VdevPlug *plug, const char *name, GError **error);
    /* Undoes it. The guest has let go of it. */
    void (*unplug_memory)(const VdevHost *host, VdevPlug *plug);
    /* @vcpu leaves the guest for good; the next vcpu_new() of that id gives it back, reset. */
    void (*vcpu_park)(const VdevHost *host, VdevVcpu *vcpu);
    /* The guest let go of @plug, which the machine has taken apart: the host frees it. */
    void (*unplug_done)(const VdevHost *host, VdevPlug *plug);
    /* The guest keeps it. @reason: for people. */
    void (*unplug_refused)(const VdevHost *host, VdevPlug *plug, const char *reason);

    /* VDEV_GROUP_CLOCK: the guest's timebase, in ticks of cpu_info's timebase_hz. All vCPUs share
     * it, and it stands while the machine is stopped. Machine stopped; 0 or −errno. */
    gint (*timebase_get)(const VdevHost *host, guint64 *ticks);
    /* It goes on from @ticks when the machine does. Sets every vCPU's TB_OFFSET: registers that are
     * relative to the guest's time (DEC_EXPIRY) come after it. */
    gint (*timebase_set)(const VdevHost *host, guint64 ticks);

    /* VDEV_GROUP_STATE, later addition: as state_add(), but the section begins before the machine
     * stops: it comes in parts (START, PART, END), each a payload of @state. @object is constant
     * while a migration runs and read without a lock. NULL: the host has no such sections. */
    gboolean (*state_add_parts)(const VdevHost *host, guint32 instance, const VmsState *state,
                                void *object, GError **error);

    /* VDEV_GROUP_BASE, later addition: as request_reset(), but the machine is paused, as by the
     * operator's `stop`; no vCPU executes anything more until `cont`, but for the call that it is
     * in. */
    void (*request_pause)(const VdevHost *host);

    /* VDEV_GROUP_CPU, later additions: machine checks. NULL: the host has none of them, and the
     * accelerator brings each to the guest's vector 0x200 itself. */
    /* From now on a machine check of any vCPU comes to the machine
     * (VdevMachineClass.machine_check); there is no way back. @vcpu: through which KVM is told; out
     * of the guest. 0 or −errno. */
    gint (*vcpu_enable_fwnmi)(const VdevHost *host, VdevVcpu *vcpu);
    /* block: @vcpu, maybe the caller's, executes nothing until unblock, started as it is. Neither
     * counts. */
    void (*vcpu_block)(const VdevHost *host, VdevVcpu *vcpu);
    void (*vcpu_unblock)(const VdevHost *host, VdevVcpu *vcpu);
};

/** vdev_host_keeps_state: whether the host offers VDEV_GROUP_STATE. */
static inline gboolean
vdev_host_keeps_state(const VdevHost *host)
{
    return VDEV_HAS(host, state_remove) && host->state_add != NULL;
}

/** vdev_log: formats and logs, only if @kind is enabled. Any thread. */
static inline void
    G_GNUC_PRINTF(3, 4) vdev_log(const VdevHost *host, VdevLogKind kind, const char *format, ...)
{
    g_autofree char *message = NULL;
    va_list arguments;

    if (!host->log_enabled(host, kind))
        return;
    va_start(arguments, format);
    message = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    host->log(host, kind, message);
}

#endif
