/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * VdevHost over Vm: in-kernel devices and the windows of them that the guest sees. A VdevKdev is
 * the accelerator's device itself; a VdevRegion has a slot number and a line in the memory map too.
 */
#include "vmm/vm-priv.h"

static AccelKdev *
host_accel_kdev(VdevKdev *kdev)
{
    return (AccelKdev *)(void *)kdev;
}

static VdevKdev *
host_kdev_new(const VdevHost *host, guint32 type, gint *errnum)
{
    Accel *accel = host_vm(host)->accel;

    return (VdevKdev *)(void *)accel->klass->kdev_new(accel, type, errnum);
}

static void
host_kdev_free(const VdevHost *host, VdevKdev *kdev)
{
    if (kdev != NULL)
        host_vm(host)->accel->klass->kdev_free(host_accel_kdev(kdev));
}

static gint
host_kdev_set(const VdevHost *host, VdevKdev *kdev, guint32 group, guint64 attr, const void *data)
{
    return host_vm(host)->accel->klass->kdev_set(host_accel_kdev(kdev), group, attr, data);
}

static gint
host_kdev_get(const VdevHost *host, VdevKdev *kdev, guint32 group, guint64 attr, void *data)
{
    return host_vm(host)->accel->klass->kdev_get(host_accel_kdev(kdev), group, attr, data);
}

static gint
host_kdev_connect(const VdevHost *host, VdevKdev *kdev, VdevVcpu *vcpu, guint32 server)
{
    return host_vm(host)->accel->klass->kdev_connect(host_accel_kdev(kdev), vcpu_accel(vcpu),
                                                     server);
}

static void
host_region_free(const VdevHost *host, VdevRegion *region)
{
    Vm *vm = host_vm(host);

    if (region == NULL)
        return;
    vm->accel->klass->region_free(region->accel);
    vm_slot_give(vm, region->slot);
    ram_block_free(region->block);
    g_ptr_array_remove(vm->regions, region);
    g_free(region);
}

static VdevRegion *
host_region_new(const VdevHost *host, const VdevRegionSpec *spec, GError **error)
{
    Vm *vm = host_vm(host);
    guint64 page_size = G_GUINT64_CONSTANT(1) << vm->cpu_info->host_page_shift;
    RamBlock *block =
        ram_block_new_device(vm->ram, spec->name, spec->gpa, spec->size, page_size, error);
    gint slot = block == NULL ? -1 : vm_slot_take(vm);
    AccelRegion *accel = NULL;
    VdevRegion *region;

    if (block != NULL && slot < 0)
        vm_host_error(error, "%s: no memory slot is free", spec->name);
    if (slot >= 0)
        accel =
            vm->accel->klass->region_new(host_accel_kdev(spec->kdev), (guint32)slot, spec, error);
    if (accel == NULL) {
        if (slot >= 0)
            vm_slot_give(vm, (guint32)slot);
        ram_block_free(block);
        return NULL;
    }
    region = g_new(VdevRegion, 1);
    *region = (VdevRegion){.accel = accel, .block = block, .slot = (guint32)slot};
    g_ptr_array_add(vm->regions, region);
    return region;
}

static gboolean
host_region_load64(const VdevHost *host, VdevRegion *region, guint64 offset, guint64 *value,
                   GError **error)
{
    return host_vm(host)->accel->klass->region_load64(region->accel, offset, value, error);
}

static gboolean
host_region_store64(const VdevHost *host, VdevRegion *region, guint64 offset, guint64 value,
                    GError **error)
{
    return host_vm(host)->accel->klass->region_store64(region->accel, offset, value, error);
}

void
host_fill_kdev(VdevHost *host)
{
    host->kdev_new = host_kdev_new;
    host->kdev_free = host_kdev_free;
    host->kdev_set = host_kdev_set;
    host->kdev_get = host_kdev_get;
    host->kdev_connect = host_kdev_connect;
    host->region_new = host_region_new;
    host->region_free = host_region_free;
    host->region_load64 = host_region_load64;
    host->region_store64 = host_region_store64;
}
