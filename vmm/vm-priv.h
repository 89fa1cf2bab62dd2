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
#include "vmm/vm-migrate.h"

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
    char *panic;    /* or NULL */
    GQueue errands; /* VmErrand */
} VmAsked;

/* The guest held still for a migration (vm-hold.c). */
typedef struct {
    GCond changed;    /* of the next two, and of what was asked */
    guint changing;   /* calls that are changing the run state and may have let go of the lock */
    gboolean on;      /* nobody may continue, reset or power down the guest */
    RunState from;    /* state to go back to */
    gboolean ran;     /* the guest is to run then */
    gboolean quieted; /* the machine was not quiet before */
    char *waits;      /* why a guest that should be held runs on for a moment; or NULL */
} VmHold;

typedef struct VmMigration VmMigration;

typedef struct {
    VmEventFunc func;
    void *user;
} VmListener;

/* Under the machine lock, unless its own comment says otherwise. In the order of construction. */
struct Vm {
    const Options *options; /* constant */
    GThread *main_thread;   /* constant */
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
    GArray *backends;       /* RamBackendSpec; strings are the options' */
    guint main_backend;     /* index */
    gboolean main_is_named; /* by -M memory-backend= */
    RamList *ram;
    RamBlock *main_ram;
    guint64 slots[VM_SLOTS_MAX / 64]; /* bit set: in use */
    GPtrArray *regions;               /* VdevRegion *, alive */
    MigSections *sections;            /* what migrates, in wire order */
    HostTimer timer;
    HostGlobal globalstate;
    VmMigration *migration;
    VcpuOwner vcpu_owner;
    GMutex vcpus_mutex; /* changes of the next need it too: for who cannot wait for `lock` */
    GPtrArray *vcpus;   /* VdevVcpu *, owned, in creation order */
    GPtrArray *parked;  /* VdevVcpu *, owned: unplugged, stopped, waiting to come back */
    GPtrArray *plugs;   /* VmPlug *, owned, in the order of plugging (hotplug-priv.h) */
    gboolean realized;
    GError *trouble; /* the first failure of the accelerator that a module may pass over; or NULL */

    RunState state;
    gboolean vcpus_run; /* vCPUs may be in the guest */
    gboolean quiesced;  /* the machine is */
    GuestClock clock;
    VmHold hold;
    gboolean autostart; /* a guest that comes in is to run */
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
     VDEV_GROUP_CONSOLE | VDEV_GROUP_TIMER | VDEV_GROUP_STATE | VDEV_GROUP_CLOCK |                \
     VDEV_GROUP_HOTPLUG)
/** host_init: the calls, for @vm. */
void host_init(VdevHost *host, Vm *vm);
void host_fill_cpu(VdevHost *host);
void host_fill_kdev(VdevHost *host);
void host_fill_hotplug(VdevHost *host);
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
/** vm_memory_wire_name: what QEMU calls the block of a backend that the command line names, in
 * streams of this machine type: its id, or its whole path. (transfer full) */
char *vm_memory_wire_name(const Vm *vm, const RamBackendSpec *spec);
gboolean vm_memory_register_main(Vm *vm, const char *name, guint64 gpa, GError **error);
/** vm_backend_parse: @spec (zeroed) from an -object; its strings are @item's. */
gboolean vm_backend_parse(const OptionItem *item, RamBackendSpec *spec, GError **error);
/** vm_memory_map, vm_memory_unmap: @block into the guest at @gpa, and out of it. */
gboolean vm_memory_map(Vm *vm, RamBlock *block, guint64 gpa, GError **error);
void vm_memory_unmap(Vm *vm, RamBlock *block);
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
/** vm_set_state: along the table. */
void vm_set_state(Vm *vm, RunState state);
/** vm_change_begin, vm_change_end: around what may let go of the lock half-way; they nest. */
void vm_change_begin(Vm *vm);
void vm_change_end(Vm *vm);
/** vm_quiesce, vm_resume: the machine's, once. */
gboolean vm_quiesce(Vm *vm, GError **error);
gboolean vm_resume(Vm *vm, GError **error);
/** vm_stopped: vCPUs are out and the machine is quiet: the clock stands, state, event. */
void vm_stopped(Vm *vm, RunState why);
/** vm_wake_up: what can fail before vCPUs run: the clock goes on, the machine resumes. */
gboolean vm_wake_up(Vm *vm, GError **error);
/** vm_running: after vm_wake_up(): state, event, vCPUs run. */
void vm_running(Vm *vm);
/** vm_pause, vm_unpause: vCPUs out of the guest, and back; no event, no state. Main thread, or a
 * migration's. */
void vm_pause(Vm *vm);
void vm_unpause(Vm *vm);
/** vm_halt: as vm_stop(), but nothing stops it: an error is logged. */
void vm_halt(Vm *vm, RunState why);
/** vm_reset: the machine to the state after power-on, boot files loaded. */
gboolean vm_reset(Vm *vm, gboolean by_guest, GError **error);
/** vm_reset_machine: the part of it that a start needs too. */
gboolean vm_reset_machine(Vm *vm, GError **error);
/** vm_reset_devices: the part of that before the boot files are loaded. */
gboolean vm_reset_devices(Vm *vm, GError **error);
/** vm_emit, vm_emit_event: to the listeners; from another thread by way of the main loop. */
void vm_emit(Vm *vm, VmEventKind kind, gboolean by_guest, const char *reason);
void vm_emit_event(Vm *vm, const VmEvent *event);

/* vm-hold.c: a migration's thread, machine lock held. */
/** vm_hold: what the guest asked for is done, then it stops and nobody else may change it. Lets go
 * of the lock while it waits. On failure the guest goes on. */
gboolean vm_hold(Vm *vm, GError **error);
/** vm_let_go: undoes it; on failure the guest is paused. */
gboolean vm_let_go(Vm *vm, GError **error);
/** vm_hand_over: the guest is another's. */
void vm_hand_over(Vm *vm);
/** vm_hold_stop: `stop` while the guest is held: it is to be paused afterwards. */
void vm_hold_stop(Vm *vm, RunState why);

/* vm-globals.c */
/** vm_globals_apply: what -global says of migration into @params. Errors: VM_ERROR_USAGE. */
gboolean vm_globals_apply(const Options *options, MigParams *params, GError **error);

/* vm-migrate.c */
gboolean vm_migrate_init(Vm *vm, GError **error);
/** vm_migrate_finish: ends what runs and waits for it. Main thread; lets go of the lock. */
void vm_migrate_finish(Vm *vm);
/** vm_migrate_ram: what the section `ram` is registered with. */
MigRam *vm_migrate_ram(Vm *vm);

/* vm-postcopy.c */
/** vm_await_memory: [@gpa, @gpa + @n), as far as it is memory, has come, unless this is the main
 * thread, which may not wait. Machine lock held; let go of while something is waited for: the
 * monitor must answer meanwhile, above all if the connection is gone. FALSE: memory is lost, and
 * nothing that stands there counts. */
gboolean vm_await_memory(Vm *vm, guint64 gpa, guint64 n);
/** vm_memory_lost: some of the guest's memory will never come: it must not go on, nor migrate;
 * @error says why. */
gboolean vm_memory_lost(Vm *vm, GError **error);
/** vm_memory_is_old: before a reset: what has not come need not come. vCPUs are out. */
void vm_memory_is_old(Vm *vm);
/** vm_memory_is_new: after it: what was lost is nobody's any more. */
void vm_memory_is_new(Vm *vm);
/** vm_migrate_give_up: the VM ends: vCPUs that wait for memory are let go. Any thread. */
void vm_migrate_give_up(Vm *vm);

/* vm-request.c */
typedef void (*VmErrandFunc)(Vm *vm, void *data);
/** vm_run_errand: @func soon runs on the main thread, then @data is freed; in the order of the
 * calls. Of a Vm that goes before, only @data is freed. Any thread. */
void vm_run_errand(Vm *vm, VmErrandFunc func, void *data, GDestroyNotify free_data);
/** vm_asked_pending: whether something was asked that is not done yet. */
gboolean vm_asked_pending(Vm *vm);
void vm_asked_clear(Vm *vm);
/** vm_request_end: @reason: static. Any thread. */
void vm_request_end(Vm *vm, gboolean by_guest, int exit_status, const char *reason);
/** vm_request_halted: a vCPU will not run any more; perhaps none will. Any thread. */
void vm_request_halted(Vm *vm);
/** vm_serve_requests: acts on what was asked. Main thread. */
void vm_serve_requests(Vm *vm);
/** vm_rest_caller: if a vCPU's own thread calls, that vCPU executes nothing more until the machine
 * has been stopped and goes on. */
void vm_rest_caller(Vm *vm);
/** vm_rest_all: no vCPU executes anything more until then, but for the exit that it is in. */
void vm_rest_all(Vm *vm);

/* vm-vcpu.c: VcpuOwner's calls; @vm is the Vm. */
void vm_vcpu_out(void *vm, VdevVcpu *vcpu, AccelExitKind kind, const char *message);
void vm_vcpu_machine_check(void *vm, VdevVcpu *vcpu, gboolean recovered);
void vm_vcpu_stray_access(void *vm, VdevVcpu *vcpu, const AccelExit *exit);
gint64 vm_vcpu_hcall(void *vm, VdevVcpu *vcpu, guint64 nr, guint64 *args);

#endif
