/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Vm: one virtual machine. It owns the accelerator, memory, vCPUs, the module's machine and
 * devices; construction is vm_new(), destruction in reverse order vm_free().
 *
 * Threads: every call is made on the main thread with the machine lock held (the main loop holds
 * it except while it polls), unless said otherwise.
 */
#ifndef VMM_VM_H
#define VMM_VM_H

#include "vdev/module.h"
#include "vmm/fdset.h"
#include "vmm/options.h"
#include "vmm/runstate.h"

typedef struct Vm Vm;

/**
 * vm_new: opens the accelerator, makes memory, machine and devices, loads the boot files.
 * @options: kept by reference until vm_free()
 *
 * Nothing runs yet and nothing is left behind on failure.
 * Errors: domain VM_ERROR; code VM_ERROR_USAGE for what the command line asked wrongly (exit 2),
 * VM_ERROR_HOST for what the host could not do (exit 1).
 */
Vm *vm_new(const Options *options, GError **error);
void vm_free(Vm *vm);

#define VM_ERROR vm_error_quark()
GQuark vm_error_quark(void);
enum {
    VM_ERROR_USAGE,
    VM_ERROR_HOST,
    VM_ERROR_ABSENT, /* of commands: there is no device of that name */
};

/** vm_begin: runs the guest, or listens for it, or neither, as the command line says. */
gboolean vm_begin(Vm *vm, GError **error);

/** vm_run: the main loop, until the VM ends. Returns: the process's exit status. */
int vm_run(Vm *vm);

RunState vm_state(const Vm *vm);

/**
 * vm_stop: vCPUs leave the guest, the machine quiesces; state becomes @why. Waits for the vCPUs,
 * releasing the machine lock meanwhile. On failure the guest goes on.
 * vm_cont: the machine resumes, vCPUs run.
 * Both do nothing when that is already so. Emit STOP and RESUME.
 */
gboolean vm_stop(Vm *vm, RunState why, GError **error);
gboolean vm_cont(Vm *vm, GError **error);

/* These ask; the main loop acts. Any thread. */
void vm_request_reset(Vm *vm, gboolean by_guest);
void vm_request_shutdown(Vm *vm, gboolean by_guest, int exit_status);
void vm_request_powerdown(Vm *vm);
void vm_request_panic(Vm *vm, const char *message);

/** vm_inject_nmi: a system reset interrupt to every vCPU that runs; in a paused guest it is taken
 * when that goes on. Waits for the vCPUs, releasing the machine lock meanwhile. */
gboolean vm_inject_nmi(Vm *vm, GError **error);

/* vCPUs, in creation order. thread_id: the kernel's, of the vCPU's thread. */
typedef struct {
    guint32 index;
    guint32 id;
    gint thread_id;
    gboolean started;
} VmVcpuInfo;
guint vm_n_vcpus(const Vm *vm);
VmVcpuInfo vm_vcpu_info(const Vm *vm, guint index);

/* What the command line named. */
const Options *vm_options(const Vm *vm);
const char *vm_machine_name(const Vm *vm);

/* The loaded modules, in the order they were found; (transfer none). */
guint vm_n_modules(const Vm *vm);
const VdevModule *vm_module(const Vm *vm, guint index);

/** vm_cpu_info: what the accelerator says of the processor. (transfer none) */
const VdevCpuInfo *vm_cpu_info(const Vm *vm);

/** vm_print_irq: appends the interrupt controller's state, for people. */
void vm_print_irq(Vm *vm, GString *text);

/** vm_print_memory: appends the map of guest memory: each RAM block and ram-device region with
 * name, address, size, who migrates, faults seen here. */
void vm_print_memory(Vm *vm, GString *text);

/** vm_fdsets: what /dev/fdset/N opens. (transfer none) */
FdSets *vm_fdsets(Vm *vm);

/* Events, in QEMU's sense. */
typedef enum {
    VM_EVENT_STOP,
    VM_EVENT_RESUME,
    VM_EVENT_RESET,
    VM_EVENT_POWERDOWN,
    VM_EVENT_SHUTDOWN,
    VM_EVENT_GUEST_PANICKED,
    VM_EVENT_MIGRATION,      /* the status changed */
    VM_EVENT_MIGRATION_PASS, /* the dirty log was fetched once more */
    VM_EVENT_DEVICE_DELETED, /* the guest let go of it, and it is gone */
    VM_EVENT_DEVICE_UNPLUG_GUEST_ERROR,
    VM_EVENT_MEM_UNPLUG_ERROR,
} VmEventKind;

typedef struct {
    VmEventKind kind;
    gboolean by_guest;  /* RESET, SHUTDOWN */
    const char *reason; /* RESET, SHUTDOWN: QEMU's ShutdownCause name; GUEST_PANICKED: text;
                           MIGRATION: QEMU's name of the status */
    guint64 pass;       /* MIGRATION_PASS: from 1 on */
    const char *device; /* DEVICE_*, MEM_UNPLUG_ERROR: its id, or NULL; reason: MEM_UNPLUG_ERROR */
} VmEvent;

typedef void (*VmEventFunc)(Vm *vm, const VmEvent *event, void *user);
void vm_add_listener(Vm *vm, VmEventFunc func, void *user);
void vm_remove_listener(Vm *vm, VmEventFunc func, void *user);

#endif
