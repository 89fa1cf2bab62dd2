/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * VdevHost over Vm: the hot-plug group. Where the machine has its answers come true: memory in and
 * out of the guest, vCPUs put aside, requests that end.
 *
 * Any of these may be called from a hypercall, on a vCPU's thread; events go by way of the main
 * loop.
 */
#include "vmm/hotplug-priv.h"
#include "vmm/vm-migrate.h"

/* ---- memory -------------------------------------------------------------------------------- */

static gboolean
host_plug_memory(const VdevHost *host, VdevPlug *plug, const char *name, GError **error)
{
    Vm *vm = host_vm(host);
    RamBlock *block = vm_plug_of(plug)->block;
    const RamBackendSpec spec = {
        .kind = block->fd < 0 ? RAM_BACKEND_RAM : RAM_BACKEND_MEMFD,
        .id = name,
    };
    g_autofree char *wire_name = vm_memory_wire_name(vm, &spec);

    if (!vm_memory_map(vm, block, plug->gpa, error))
        return FALSE;
    if (ram_block_register(block, wire_name, error))
        return TRUE;
    vm_memory_unmap(vm, block);
    return FALSE;
}

static void
take_memory_out(Vm *vm, VmPlug *plug)
{
    ram_block_unregister(plug->block);
    vm_memory_unmap(vm, plug->block);
    plug->memory_waits = FALSE;
}

static void
host_unplug_memory(const VdevHost *host, VdevPlug *plug)
{
    Vm *vm = host_vm(host);

    /* HP-1: a migration has the list of blocks, and may be reading this one. */
    vm_plug_of(plug)->memory_waits = vm_migrate_is_running(vm);
    if (!vm_plug_of(plug)->memory_waits)
        take_memory_out(vm, vm_plug_of(plug));
}

/* ---- vCPUs --------------------------------------------------------------------------------- */

static void
host_vcpu_park(const VdevHost *host, VdevVcpu *vcpu)
{
    Vm *vm = host_vm(host);
    gboolean removed;

    vcpu_stop(vcpu);
    g_mutex_lock(&vm->vcpus_mutex);
    removed = g_ptr_array_remove(vm->vcpus, vcpu);
    g_mutex_unlock(&vm->vcpus_mutex);
    if (removed)
        g_ptr_array_add(vm->parked, vcpu);
}

/* ---- the end of a request ------------------------------------------------------------------ */

static void
tell(Vm *vm, VmEventKind kind, const VmPlug *plug, const char *reason)
{
    vm_emit_event(vm, &(VmEvent){.kind = kind, .device = plug->id, .reason = reason});
}

static void
drop_plug(Vm *vm, void *plug)
{
    vm_plug_free(plug);
}

/* The machine may look at it until its call returns: it is freed from the main loop. */
static void
forget(Vm *vm, VmPlug *plug)
{
    tell(vm, VM_EVENT_DEVICE_DELETED, plug, NULL);
    g_ptr_array_remove(vm->plugs, plug);
    vm_run_errand(vm, drop_plug, plug, NULL);
}

static void
host_unplug_done(const VdevHost *host, VdevPlug *plug)
{
    Vm *vm = host_vm(host);

    vm_plug_of(plug)->gone_waits = vm_migrate_is_running(vm);
    if (!vm_plug_of(plug)->gone_waits)
        forget(vm, vm_plug_of(plug));
}

static void
host_unplug_refused(const VdevHost *host, VdevPlug *plug, const char *reason)
{
    Vm *vm = host_vm(host);

    log_printf(vm->log, VDEV_LOG_WARNING, "the guest keeps device %s: %s",
               plug->id == NULL ? "(without an id)" : plug->id, reason);
    if (plug->kind == VDEV_PLUG_MEMORY)
        tell(vm, VM_EVENT_MEM_UNPLUG_ERROR, vm_plug_of(plug), reason);
    tell(vm, VM_EVENT_DEVICE_UNPLUG_GUEST_ERROR, vm_plug_of(plug), reason);
}

void
vm_hotplug_settle(Vm *vm)
{
    for (guint i = vm->plugs->len; i-- > 0;) {
        VmPlug *plug = vm->plugs->pdata[i];

        if (plug->memory_waits)
            take_memory_out(vm, plug);
        if (plug->gone_waits)
            forget(vm, plug);
    }
}

void
host_fill_hotplug(VdevHost *host)
{
    host->plug_memory = host_plug_memory;
    host->unplug_memory = host_unplug_memory;
    host->vcpu_park = host_vcpu_park;
    host->unplug_done = host_unplug_done;
    host->unplug_refused = host_unplug_refused;
}
