/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The smallest host: VdevHost over one flat block of guest memory and the model's devices. What a
 * module asks is recorded in plain fields, for tests to look at.
 *
 * Not here: running vCPUs, files, sockets, a clock that moves. One thread; no lock.
 */
#ifndef TESTS_CONTRACT_FAKE_HOST_H
#define TESTS_CONTRACT_FAKE_HOST_H

#include "vdev/device.h"
#include "vdev/host.h"
#include "vdev/machine.h"
#include "vmm/accel/accel.h"

#define FAKE_HOST_WALL_CLOCK_NS G_GINT64_CONSTANT(1000000000000000000) /* 2001-09-09 01:46:40 */

typedef struct {
    AccelVcpu *accel_vcpu;
    guint32 id;
    gboolean started, blocked;
} FakeVcpu; /* what a VdevVcpu is here */

typedef struct {
    VdevHost table; /* hand this to the module */
    Accel *accel;
    guint8 *ram;
    guint64 ram_size, ram_gpa;
    gboolean ram_registered;

    guint32 log_kinds; /* bit n: VdevLogKind n is enabled; at first only VDEV_LOG_WARNING */
    GString *log;      /* one line a message */
    gboolean shutdown_requested, reset_requested;
    VdevShutdownCause shutdown_cause;
    gboolean fwnmi;               /* vcpu_enable_fwnmi was called */
    char *panic;                  /* message of guest_panicked, or NULL */
    guint n_pauses;               /* request_pause was called so often */
    guint64 kernel_offset;        /* of boot_kernel */
    guint64 initrd_gpa;           /* of boot_initrd */
    guint64 mmu_flags, mmu_table; /* of set_mmu */
    GPtrArray *vcpus;             /* FakeVcpu, in creation order */
    GPtrArray *kdevs, *regions;   /* alive: AccelKdev, AccelRegion */
    guint64 timebase;             /* the guest's, ticks; stands */
    guint32 next_slot;            /* memory slot of the next region */
    GPtrArray *timers;            /* alive */
    GPtrArray *parked;            /* FakeVcpu that left the guest; in vcpus too */
    GPtrArray *plugged;           /* VdevPlug whose memory is placed */
    GString *answers;             /* "done ID " and "refused ID " */
    GString *console;             /* what was written to any chardev */
    const VdevChardevOps *console_ops;
    void *console_user;

    guint n_calls;   /* calls so far that may fail */
    guint fail_at;   /* this one (1-based, of n_calls) fails; 0: none does */
    gint fail_errno; /* with this, positive */
} FakeHost;

/**
 * fake_host_new: a host with the model accelerator and @ram_size bytes of memory, not yet in any
 * guest's address space: that is ram_register_main()'s.
 */
FakeHost *fake_host_new(guint64 ram_size, guint32 max_cpus);

/** fake_host_new_over: the same with another accelerator, which must open. */
FakeHost *fake_host_new_over(const AccelClass *accel, guint64 ram_size, guint32 max_cpus);

/** fake_host_free: frees all; vCPUs too. Devices, regions and timers must be gone. NULL-safe. */
void fake_host_free(FakeHost *fake);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FakeHost, fake_host_free)

/** fake_host_alive: devices, regions and timers that the module has not freed. */
guint fake_host_alive(const FakeHost *fake);

/** fake_host_fail_at: the @n-th call from now (1-based) that may fail fails with @errnum. 0: none
 */
void fake_host_fail_at(FakeHost *fake, guint n, gint errnum);

/** fake_host_type: offers @text to the console; what the device does not take is dropped. */
void fake_host_type(FakeHost *fake, const char *text);

/**
 * fake_host_object_new: an object of a VdevClass or VdevMachineClass, zeroed, properties at their
 * initial values, its first member filled. Strings stay NULL.
 */
void *
fake_host_object_new(FakeHost *fake, gsize size, const VdevProperty *props, const VdevClass *klass);

/** fake_host_set: gives the number @value to property @name; aborts if there is none. */
void fake_host_set(void *object, const VdevProperty *props, const char *name, guint64 value);

#endif
