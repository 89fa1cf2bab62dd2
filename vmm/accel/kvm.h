/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of the KVM accelerator share. Private to kvm*.c and their tests.
 *
 * The structures of KVM's POWER interface are stated here once more, because the headers of
 * another architecture lack them or have their own under the same name; kvm-numbers.c compares
 * them with the kernel's on POWER. So everything compiles, and what is pure is tested, anywhere.
 *
 * Source: Linux Documentation/virt/kvm/api.rst.
 */
#ifndef VMM_ACCEL_KVM_H
#define VMM_ACCEL_KVM_H

#include <linux/kvm.h>
#include <sys/ioctl.h>

#include "vdev/kvm-ppc.h"
#include "vmm/accel/accel.h"
#include "vmm/accel/fault.h"

/* ---- the kernel's structures on POWER ------------------------------------------------------ */

typedef struct {
    guint64 pc, cr, ctr, lr, xer, msr, srr0, srr1, pid;
    guint64 sprg[8];
    guint64 gpr[32];
} KvmPpcRegs;

/* The rest is of hash and Book E processors; it is read and written back untouched. */
typedef struct {
    guint32 pvr;
    guint32 pad;
    guint64 rest[153];
} KvmPpcSregs;

typedef struct {
    guint64 flags;
    guint64 process_table;
} KvmPpcMmuConfig;

typedef struct {
    guint8 geometries[8][8];
    guint32 ap_encodings[8];
} KvmPpcRmmuInfo;

typedef struct {
    guint64 character, behaviour, character_mask, behaviour_mask;
} KvmPpcCpuChar;

#define KVM_PPC_IOC_GET_REGS      _IOR(KVMIO, 0x81, KvmPpcRegs)
#define KVM_PPC_IOC_SET_REGS      _IOW(KVMIO, 0x82, KvmPpcRegs)
#define KVM_PPC_IOC_GET_SREGS     _IOR(KVMIO, 0x83, KvmPpcSregs)
#define KVM_PPC_IOC_SET_SREGS     _IOW(KVMIO, 0x84, KvmPpcSregs)
#define KVM_PPC_IOC_CONFIGURE_MMU _IOW(KVMIO, 0xaf, KvmPpcMmuConfig)
#define KVM_PPC_IOC_GET_RMMU_INFO _IOW(KVMIO, 0xb0, KvmPpcRmmuInfo)
#define KVM_PPC_IOC_GET_CPU_CHAR  _IOR(KVMIO, 0xb1, KvmPpcCpuChar)

#define KVM_VM_TYPE_HV 1ul

/* run->flags of KVM_EXIT_NMI. */
#define KVM_PPC_NMI_DISPOSITION 3u
#define KVM_PPC_NMI_RECOVERED   1u

/* ---- kvm-door.c: the one door to the kernel ------------------------------------------------ */

/* open, ioctl and mmap: the result, or −errno. kvm_door_map returns NULL and sets *errnum. */
gint kvm_door_open(AccelFault *fault, AccelCall call, const char *path);
gint kvm_door_ioctl(AccelFault *fault, AccelCall call, gint fd, gulong request, gulong argument);
void *
kvm_door_map(AccelFault *fault, AccelCall call, gint fd, gsize size, guint64 offset, gint *errnum);

/* ---- kvm-check.c: can this host do it? ----------------------------------------------------- */

/* What is known of the host without KVM. Strings may be NULL where the host does not say. */
typedef struct {
    char *machine;   /* uname -m */
    char *release;   /* uname -r */
    char *platform;  /* of /proc/cpuinfo: PowerNV, pSeries */
    char *processor; /* the kernel's name: power9 */
    gboolean isa300; /* POWER9's instruction set or a later one */
    guint32 pvr;
    guint64 timebase_hz;
    guint32 page_shift;
} KvmHost;

typedef gint (*KvmCheckFunc)(void *user, guint32 capability);

void kvm_host_init(KvmHost *host);
void kvm_host_clear(KvmHost *host);
/** kvm_cpuinfo_value: of the first line "@key : value" in @text; NULL if none. (transfer full) */
char *kvm_cpuinfo_value(const char *text, const char *key);
/** kvm_check_host: before anything is opened. */
gboolean kvm_check_host(const KvmHost *host, GError **error);
/** kvm_check_capabilities: @check answers as KVM_CHECK_EXTENSION does. */
gboolean
kvm_check_capabilities(const KvmHost *host, KvmCheckFunc check, void *user, GError **error);
/** kvm_error_opening: why /dev/kvm did not open, and what to do. @errnum: −errno. */
void kvm_error_opening(const KvmHost *host, gint errnum, GError **error);
/** kvm_error_errno: "@what: strerror", domain G_FILE_ERROR. @errnum: −errno. */
void kvm_error_errno(GError **error, gint errnum, const char *what);

/* ---- the accelerator ----------------------------------------------------------------------- */

typedef struct KvmVcpu KvmVcpu;
typedef struct KvmKdev KvmKdev;

typedef struct {
    Accel accel;
    gint kvm_fd, vm_fd; /* −1: closed */
    AccelFault *fault;  /* NULL: none asked for */
    VdevCpuInfo info;
    gsize run_size;    /* bytes of a vCPU's shared page */
    GHashTable *vcpus; /* id → KvmVcpu *, live and parked */
    GMutex slots_lock; /* guards the next; a leaf: a migration reads logs without another lock */
    GHashTable *slots; /* slot → KvmSlot * */
} Kvm;

typedef struct {
    guint64 size; /* bytes, not 0 */
    guint32 flags;
} KvmSlot;

struct KvmVcpu {
    AccelVcpu vcpu;
    Kvm *kvm;
    guint32 id;
    gint fd; /* −1: closed */
    struct kvm_run *run;
    gboolean made;         /* with processor and mode set */
    gboolean parked;       /* nobody's now */
    AccelExitKind pending; /* HCALL or MMIO wait for their results; else INTR */

    gint tid;    /* atomic: the thread in KVM_RUN, or 0 */
    gint kicked; /* atomic: a kick that no run has answered yet */

    /* struct kvm_regs as of the last exit, changed by vcpu_set and written back before the next. */
    KvmPpcRegs regs;
    gboolean regs_valid, regs_dirty;

    KvmKdev *kdev; /* connected to; or NULL */
    guint32 server;
    gboolean inherited; /* the connection is that of an earlier life of this vCPU */
};

struct KvmKdev {
    AccelKdev kdev;
    Kvm *kvm;
    gint fd;
    guint32 type;
};

/* kvm-dirty.c; @call: on whose behalf */
gint kvm_slot_set(Kvm *kvm, AccelCall call, guint32 slot, guint64 gpa, guint64 size,
                  void *host_memory, guint32 flags);
gint kvm_memory_set(Accel *accel, guint32 slot, guint64 gpa, guint64 size, void *host_memory,
                    guint32 flags);
gint kvm_dirty_log_get(Accel *accel, guint32 slot, guint64 *words, gsize n_words);

/* kvm-vcpu.c */
AccelVcpu *kvm_vcpu_new(Accel *accel, guint32 id, GError **error);
void kvm_vcpu_free(AccelVcpu *vcpu);
void kvm_vcpu_destroy(gpointer vcpu); /* a KvmVcpu, for close */
void kvm_vcpu_run(AccelVcpu *vcpu, AccelExit *exit);
void kvm_vcpu_complete(AccelVcpu *vcpu, AccelExit *exit);
void kvm_vcpu_kick(AccelVcpu *vcpu);
gint kvm_vcpu_enable_fwnmi(AccelVcpu *vcpu);
gboolean kvm_kick_install(GError **error);
/** kvm_exit_decode: fills @exit from @run and the result of KVM_RUN (0 or −errno). Pure, but for
 * the messages' registers, which the caller adds. */
void kvm_exit_decode(const struct kvm_run *run, gint result, AccelExit *exit);
/** kvm_exit_encode: puts the handler's results into @run. */
void kvm_exit_encode(const AccelExit *exit, struct kvm_run *run);

/* kvm-regs.c */
gint kvm_vcpu_get(AccelVcpu *vcpu, guint64 reg, void *value);
gint kvm_vcpu_set(AccelVcpu *vcpu, guint64 reg, const void *value);
gint kvm_regs_flush(KvmVcpu *vcpu);  /* before KVM_RUN */
void kvm_regs_forget(KvmVcpu *vcpu); /* after KVM_RUN */
/** kvm_regs_field: where pseudo register @reg lives in @regs, or NULL if it does not. */
guint64 *kvm_regs_field(KvmPpcRegs *regs, guint64 reg);

/* kvm-device.c */
AccelKdev *kvm_kdev_new(Accel *accel, guint32 type, gint *errnum);
void kvm_kdev_free(AccelKdev *kdev);
gint kvm_kdev_set(AccelKdev *kdev, guint32 group, guint64 attr, const void *data);
gint kvm_kdev_get(AccelKdev *kdev, guint32 group, guint64 attr, void *data);
gint kvm_kdev_connect(AccelKdev *kdev, AccelVcpu *vcpu, guint32 server);
gint kvm_irqfd(Accel *accel, guint32 gsi, gint fd, gboolean assign);
AccelRegion *
kvm_region_new(AccelKdev *kdev, guint32 slot, const VdevRegionSpec *spec, GError **error);
void kvm_region_free(AccelRegion *region);
gboolean kvm_region_load64(AccelRegion *region, guint64 offset, guint64 *value, GError **error);
gboolean kvm_region_store64(AccelRegion *region, guint64 offset, guint64 value, GError **error);
guint64 kvm_region_faults(AccelRegion *region);
/** kvm_region_explain: why the device refuses byte @offset of a mapping that begins at host page
 * @page_offset of a device of @type. (transfer full) */
char *kvm_region_explain(guint32 type, guint64 page_offset, guint64 offset, guint32 page_shift);

/* kvm-guard.c: one 8-byte big-endian access to device memory; FALSE if it faulted. Any thread. */
gboolean kvm_guard_install(GError **error);
gboolean kvm_guard_load64(const guint8 *address, guint64 *value);
gboolean kvm_guard_store64(guint8 *address, guint64 value);

#endif
