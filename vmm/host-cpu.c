/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * VdevHost over Vm: the processor group, and the clock.
 */
#include <errno.h>

#include "vmm/vm-priv.h"

static const VdevCpuInfo *
host_cpu_info(const VdevHost *host)
{
    return host_vm(host)->cpu_info;
}

static gboolean
host_enable_hcall(const VdevHost *host, guint32 nr)
{
    Vm *vm = host_vm(host);
    gint result = vm->accel->klass->enable_hcall(vm->accel, nr);

    vm_note_trouble(vm, result, "enabling hypercall 0x%x", nr);
    return result == 0;
}

static gint
host_set_mmu(const VdevHost *host, guint64 flags, guint64 process_table)
{
    Accel *accel = host_vm(host)->accel;

    return accel->klass->set_mmu(accel, flags, process_table);
}

/* One that was unplugged comes back: the kernel cannot make a second one of that id. */
static VdevVcpu *
unpark(Vm *vm, guint32 id)
{
    for (guint i = 0; i < vm->parked->len; i++) {
        VdevVcpu *vcpu = vm->parked->pdata[i];

        if (vcpu_id(vcpu) != id)
            continue;
        g_ptr_array_remove_index(vm->parked, i);
        vcpu_set_machine_runs(vcpu, vm->vcpus_run);
        return vcpu;
    }
    return NULL;
}

static VdevVcpu *
host_vcpu_new(const VdevHost *host, guint32 id, GError **error)
{
    Vm *vm = host_vm(host);
    VdevVcpu *vcpu = unpark(vm, id);
    gint result;

    if (vcpu == NULL)
        vcpu =
            vcpu_new(&vm->vcpu_owner, vm->vcpus->len + vm->parked->len, id, vm->vcpus_run, error);
    if (vcpu == NULL)
        return NULL;
    result = vm->vcpus->len == 0 ? 0 : guest_clock_join(vcpu, vm->vcpus->pdata[0]);
    if (result != 0) {
        vm_host_error(error, "vCPU %u: setting the clock (TB_OFFSET): %s", id, g_strerror(-result));
        g_ptr_array_add(vm->parked, vcpu);
        return NULL;
    }
    g_mutex_lock(&vm->vcpus_mutex);
    g_ptr_array_add(vm->vcpus, vcpu);
    g_mutex_unlock(&vm->vcpus_mutex);
    return vcpu;
}

static guint32
host_vcpu_id(const VdevHost *host, const VdevVcpu *vcpu)
{
    return vcpu_id(vcpu);
}

static gint
host_vcpu_get(const VdevHost *host, VdevVcpu *vcpu, guint64 reg, void *value)
{
    return vcpu_get(vcpu, reg, value);
}

static gint
host_vcpu_set(const VdevHost *host, VdevVcpu *vcpu, guint64 reg, const void *value)
{
    gint result = vcpu_set(vcpu, reg, value);

    vm_note_trouble(host_vm(host), result, "vCPU %u: setting register 0x%" G_GINT64_MODIFIER "x",
                    vcpu_id(vcpu), reg);
    return result;
}

static void
host_vcpu_start(const VdevHost *host, VdevVcpu *vcpu)
{
    vcpu_start(vcpu);
}

static void
host_vcpu_stop(const VdevHost *host, VdevVcpu *vcpu)
{
    vcpu_stop(vcpu);
}

static gboolean
host_vcpu_started(const VdevHost *host, const VdevVcpu *vcpu)
{
    return vcpu_started(vcpu);
}

/* ---- machine checks ------------------------------------------------------------------------- */

static gint
host_vcpu_enable_fwnmi(const VdevHost *host, VdevVcpu *vcpu)
{
    Vm *vm = host_vm(host);
    gint result = -ENOSYS;

    if (vm->machine->type.klass->machine_check != NULL)
        result = vm->accel->klass->vcpu_enable_fwnmi(vcpu_accel(vcpu));
    vm_note_trouble(vm, result, "vCPU %u: enabling machine checks by way of the firmware",
                    vcpu_id(vcpu));
    return result;
}

static void
host_vcpu_block(const VdevHost *host, VdevVcpu *vcpu)
{
    vcpu_set_blocked(vcpu, TRUE);
}

static void
host_vcpu_unblock(const VdevHost *host, VdevVcpu *vcpu)
{
    vcpu_set_blocked(vcpu, FALSE);
}

/* ---- the guest's timebase ------------------------------------------------------------------ */

static gint
host_timebase_get(const VdevHost *host, guint64 *ticks)
{
    Vm *vm = host_vm(host);

    return guest_clock_read(&vm->clock, vm->vcpus, vm->accel->klass->timebase(vm->accel), ticks);
}

static gint
host_timebase_set(const VdevHost *host, guint64 ticks)
{
    Vm *vm = host_vm(host);

    return guest_clock_set(&vm->clock, vm->vcpus, vm->accel->klass->timebase(vm->accel), ticks);
}

void
host_fill_cpu(VdevHost *host)
{
    host->cpu_info = host_cpu_info;
    host->enable_hcall = host_enable_hcall;
    host->set_mmu = host_set_mmu;
    host->vcpu_new = host_vcpu_new;
    host->vcpu_id = host_vcpu_id;
    host->vcpu_get = host_vcpu_get;
    host->vcpu_set = host_vcpu_set;
    host->vcpu_start = host_vcpu_start;
    host->vcpu_stop = host_vcpu_stop;
    host->vcpu_started = host_vcpu_started;
    host->vcpu_enable_fwnmi = host_vcpu_enable_fwnmi;
    host->vcpu_block = host_vcpu_block;
    host->vcpu_unblock = host_vcpu_unblock;
    host->timebase_get = host_timebase_get;
    host->timebase_set = host_timebase_set;
}
