/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a Vm is made of. For vm*.c and host*.c only; the monitor sees vmm/vm.h.
 */
#ifndef VMM_VM_PRIV_H
#define VMM_VM_PRIV_H

#include "migration-glue/host-state.h"
#include "migration-glue/section.h"
#include "vmm/accel/accel.h"
#include "vmm/boot.h"
#include "vmm/chardev.h"
#include "vmm/guest-clock.h"
#include "vmm/lock.h"
#include "vmm/log.h"
#include "vmm/loop.h"
#include "vmm/machine.h"
#include "vmm/module.h"
#include "vmm/ram.h"
#include "vmm/vcpu.h"
#include "vmm/vm.h"

#define VM_SLOTS_MAX 512u /* memory slots of the accelerator: RAM, plugged RAM, device windows */

/* What other threads have asked for; the main loop acts (vm-request.c). */
typedef enum {
    VM_REQUEST_END = 1u << 0,
    VM_REQUEST_PANIC = 1u << 1,
    VM_REQUEST_RESET = 1u << 2,
    VM_REQUEST_POWERDOWN = 1u << 3,
    VM_REQUEST_HALTED = 1u << 4, /* a vCPU will not run any more; perhaps none will */
} VmRequestBit;

typedef struct {
    guint32 bits;
    gboolean end_by_guest, reset_by_guest;
    const char *end_reason; /* static; QEMU's ShutdownCause name */
    int end_status;
    char *panic; /* or NULL */
} VmAsked;

typedef struct {
    VmEventFunc func;
    void *user;
} VmListener;

/* Under the machine lock, unless its own comment says otherwise. In the order of construction. */
struct Vm {
    const Options *options; /* constant */
    MachineLock lock;
    GMutex asked_mutex; /* guards `asked`; innermost */
    VmAsked asked;
    GArray *listeners; /* VmListener */
    FdSets *fdsets;    /* constant; has its own lock */
    Log *log;          /* constant; has its own lock */
    Loop *loop;        /* constant; main thread */
    VdevHost host;     /* constant */
    ModuleSet *modules;
    VdevChardev *console; /* or NULL */
    VdevMachineConfig config;
    Machine *machine;
    Boot *boot;
    Accel *accel;
    const VdevCpuInfo *cpu_info;
    GArray *backends;   /* RamBackendSpec; strings are the options' */
    guint main_backend; /* index */
    RamList *ram;
    RamBlock *main_ram;
    guint64 slots[VM_SLOTS_MAX / 64]; /* bit set: in use */
    guint32 main_slot;
    gboolean main_slot_set;
    GPtrArray *regions;    /* VdevRegion *, alive */
    MigSections *sections; /* what migrates, in wire order */
    HostTimer timer;
    HostGlobal globalstate;
    VcpuOwner vcpu_owner;
    GPtrArray *vcpus; /* VdevVcpu *, owned, in creation order */
    gboolean realized;
    GError *trouble; /* the first failure of the accelerator that a module may pass over; or NULL */

    RunState state;
    gboolean vcpus_run; /* vCPUs may be in the guest */
    gboolean quiesced;  /* the machine is */
    GuestClock clock;
    gboolean ended;
    int exit_status;
};

/* A window of a device, and its line in the memory map. */
struct VdevRegion {
    AccelRegion *accel;
    RamBlock *block;
    guint32 slot;
};

/** vm_usage, vm_host_error: set @error (VM_ERROR) and return FALSE. */
gboolean vm_usage(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);
gboolean vm_host_error(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);

/** vm_note_trouble: @result of an accelerator call that a module may take for a plain "no": unless
 * it is 0 or means just that, the start or the reset at hand will fail with it. */
void vm_note_trouble(Vm *vm, gint result, const char *format, ...) G_GNUC_PRINTF(3, 4);

/* host.c */
#define VM_HOST_GROUPS                                                                            \
    (VDEV_GROUP_BASE | VDEV_GROUP_MEMORY | VDEV_GROUP_CPU | VDEV_GROUP_KDEV | VDEV_GROUP_REGION | \
     VDEV_GROUP_CONSOLE | VDEV_GROUP_TIMER | VDEV_GROUP_STATE | VDEV_GROUP_CLOCK)
/** host_init: the calls, for @vm. */
void host_init(VdevHost *host, Vm *vm);
void host_fill_cpu(VdevHost *host);
void host_fill_kdev(VdevHost *host);
static inline Vm *
host_vm(const VdevHost *host)
{
    return host->opaque;
}

/* vm-memory.c */
/** vm_memory_plan: understands -object and memory-backend=, and settles how much main memory there
 * is (config.ram_size). Nothing is allocated. */
gboolean vm_memory_plan(Vm *vm, GError **error);
/** vm_memory_make: the blocks that vm_memory_plan() found. */
gboolean vm_memory_make(Vm *vm, GError **error);
void vm_memory_free(Vm *vm);
gboolean vm_memory_register_main(Vm *vm, const char *name, guint64 gpa, GError **error);
/** vm_slot_take: a free slot number, or −1. */
gint vm_slot_take(Vm *vm);
void vm_slot_give(Vm *vm, guint32 slot);

/* vm-state.c */
/** vm_state_begin, vm_state_end: the host's own sections, the one before and the one behind all
 * that the machine registers while it is realized. */
gboolean vm_state_begin(Vm *vm, GError **error);
gboolean vm_state_end(Vm *vm, GError **error);
void vm_state_free(Vm *vm);
void host_fill_state(VdevHost *host);

/* vm-run.c */
/** vm_pause, vm_unpause: vCPUs out of the guest, and back; no event, no state. */
void vm_pause(Vm *vm);
void vm_unpause(Vm *vm);
/** vm_halt: as vm_stop(), but nothing stops it: an error is logged. */
void vm_halt(Vm *vm, RunState why);
/** vm_reset: the machine to the state after power-on, boot files loaded. */
gboolean vm_reset(Vm *vm, gboolean by_guest, GError **error);
/** vm_reset_machine: the part of it that a start needs too. */
gboolean vm_reset_machine(Vm *vm, GError **error);
void vm_emit(Vm *vm, VmEventKind kind, gboolean by_guest, const char *reason);
void vm_emit_event(Vm *vm, const VmEvent *event);

/* vm-request.c */
/** vm_request_end: @reason: static. Any thread. */
void vm_request_end(Vm *vm, gboolean by_guest, int exit_status, const char *reason);
/** vm_request_halted: a vCPU will not run any more; perhaps none will. Any thread. */
void vm_request_halted(Vm *vm);
/** vm_serve_requests: acts on what was asked. Main thread. */
void vm_serve_requests(Vm *vm);
/** vm_rest_caller: if a vCPU's own thread calls, that vCPU executes nothing more until the machine
 * has been stopped and goes on. */
void vm_rest_caller(Vm *vm);

/* vm-vcpu.c: VcpuOwner's calls; @vm is the Vm. */
void vm_vcpu_out(void *vm, VdevVcpu *vcpu, AccelExitKind kind, const char *message);
void vm_vcpu_stray_access(void *vm, VdevVcpu *vcpu, const AccelExit *exit);
gint64 vm_vcpu_hcall(void *vm, VdevVcpu *vcpu, guint64 nr, guint64 *args);

#endif
