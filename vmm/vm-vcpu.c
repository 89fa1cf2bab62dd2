/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What vCPU threads report to their Vm: hypercalls and machine checks for the machine, strays for
 * the log, and the end
 * of a vCPU, which becomes a request (vm-request.c). The vCPUs themselves are vmm/vcpu.c.
 */
#include "vdev/kvm-ppc.h"
#include "vmm/vm-priv.h"

gint64
vm_vcpu_hcall(void *user, VdevVcpu *vcpu, guint64 nr, guint64 *args)
{
    Vm *vm = user;

    return vm->machine->type.klass->hcall(vm->machine->object, vcpu, nr, args);
}

void
vm_vcpu_machine_check(void *user, VdevVcpu *vcpu, gboolean recovered)
{
    Vm *vm = user;

    vm->machine->type.klass->machine_check(vm->machine->object, vcpu, recovered);
}

void
vm_vcpu_stray_access(void *user, VdevVcpu *vcpu, const AccelExit *exit)
{
    Vm *vm = user;

    log_printf(vm->log, VDEV_LOG_GUEST_ERROR,
               "vCPU %u: %s of %u bytes at 0x%" G_GINT64_MODIFIER "x, where nothing is",
               vcpu_id(vcpu), exit->mmio.is_write ? "store" : "load", exit->mmio.n, exit->mmio.gpa);
}

/* Which vCPU it is and where it stands, for a message that does not say it. (transfer full) */
static char *
vcpu_place(Vm *vm, VdevVcpu *vcpu)
{
    guint64 pc = 0;
    gint result;

    machine_lock_vcpu(&vm->lock);
    result = vcpu_get(vcpu, VDEV_REG_PC, &pc);
    machine_unlock(&vm->lock);
    if (result != 0)
        return g_strdup_printf("vCPU %u: ", vcpu_id(vcpu));
    return g_strdup_printf("vCPU %u: pc 0x%" G_GINT64_MODIFIER "x: ", vcpu_id(vcpu), pc);
}

void
vm_vcpu_out(void *user, VdevVcpu *vcpu, AccelExitKind kind, const char *message)
{
    Vm *vm = user;
    g_autofree char *place = NULL;
    g_autofree char *report = NULL;

    switch (kind) {
    case ACCEL_EXIT_HALTED: vm_request_halted(vm); break;
    case ACCEL_EXIT_GUEST_FAULT:
        place = vcpu_place(vm, vcpu);
        report = g_strconcat("guest error: ", place, message, NULL);
        vm_request_panic(vm, report);
        break;
    default:
        log_message(vm->log, VDEV_LOG_WARNING, message);
        vm_request_shutdown(vm, FALSE, 1);
        break;
    }
}
