/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A Vm for tests of the monitor: it answers what vmm/vm.h asks from plain members, notes what it
 * was told to do, and has neither memory nor vCPU threads.
 */
#ifndef TESTS_UNIT_VMM_FAKE_VM_H
#define TESTS_UNIT_VMM_FAKE_VM_H

#include "vmm/vm.h"

struct Vm {
    Options options;
    RunState state;
    FdSets *fdsets;
    GArray *listeners;   /* FakeListener */
    GString *told;       /* "reset;" "powerdown;" "shutdown;" in order */
    const char *failure; /* the next stop or cont fails with this text; or NULL */
    gsize irq_text;      /* bytes that vm_print_irq() appends */
};

Vm *fake_vm_new(void);
void fake_vm_free(Vm *vm);

/** fake_vm_emit: an event to all listeners. */
void fake_vm_emit(Vm *vm, VmEventKind kind, gboolean by_guest, const char *reason);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Vm, fake_vm_free)

#endif
