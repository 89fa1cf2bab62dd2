/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A Vm for tests of the monitor: it answers what vmm/vm.h asks from plain members, notes what it
 * was told to do, and has neither memory nor vCPU threads.
 */
#ifndef TESTS_UNIT_VMM_FAKE_VM_H
#define TESTS_UNIT_VMM_FAKE_VM_H

#include "vmm/hotplug.h"
#include "vmm/vm-migrate.h"
#include "vmm/vm.h"

struct Vm {
    Options options;
    RunState state;
    FdSets *fdsets;
    GArray *listeners;   /* FakeListener */
    GString *told;       /* "reset;" "powerdown;" "migrate URI;" … in order */
    const char *failure; /* the next stop, cont or migration command fails with it; or NULL */
    gsize irq_text;      /* bytes that vm_print_irq() appends */

    /* fake-migrate.c */
    MigParams *params;
    gboolean migrating;
    VmMigrateInfo migration; /* what is shown; strings and devices are the test's */
    const char *blocker;     /* why it cannot migrate, or NULL */
    const char *held;        /* why it cannot go on, or NULL */

    /* fake-hotplug.c; arrays are the test's */
    const VmPlugInfo *plugs;
    guint n_plugs;
    const VdevCoreSlot *cores; /* none: a machine that plugs nothing */
    guint n_cores;
};

Vm *fake_vm_new(void);
void fake_vm_free(Vm *vm);

/** fake_vm_emit: an event to all listeners. */
void fake_vm_emit(Vm *vm, VmEventKind kind, gboolean by_guest, const char *reason);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Vm, fake_vm_free)

#endif
