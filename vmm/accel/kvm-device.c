/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * In-kernel devices, their attributes, and their mappings into the guest (ram-device regions).
 *
 * A device lives as long as anything maps it, and only one XIVE device can live in a VM: a region
 * goes slot first, then mapping, and all regions before the device. What a page of a XIVE device
 * refuses is told here in words.
 *
 * Source: Linux Documentation/virt/kvm/devices/xive.rst; api.rst 4.79, 4.80, 4.75.
 */
#include "vmm/accel/kvm.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

typedef struct {
    AccelRegion region;
    Kvm *kvm;
    char *name;
    guint32 type;
    guint32 slot;
    guint64 page_offset; /* host pages */
    guint64 size;        /* bytes */
    guint8 *base;
    gint faults; /* atomic */
} KvmRegion;

/* ---- devices ------------------------------------------------------------------------------- */

AccelKdev *
kvm_kdev_new(Accel *accel, guint32 type, gint *errnum)
{
    Kvm *kvm = (Kvm *)accel;
    struct kvm_create_device create = {.type = type};
    KvmKdev *kdev;

    *errnum = kvm_door_ioctl(kvm->fault, ACCEL_CALL_KDEV_NEW, kvm->vm_fd, KVM_CREATE_DEVICE,
                             (gulong)&create);
    if (*errnum < 0)
        return NULL;
    *errnum = 0;
    kdev = g_new0(KvmKdev, 1);
    kdev->kdev.klass = &kvm_accel_class;
    kdev->kvm = kvm;
    kdev->fd = (gint)create.fd;
    kdev->type = type;
    return &kdev->kdev;
}

/* The kernel cuts the vCPUs' connections when the device goes. */
void
kvm_kdev_free(AccelKdev *accel_kdev)
{
    KvmKdev *kdev = (KvmKdev *)accel_kdev;
    GHashTableIter iter;
    gpointer value;

    if (kdev == NULL)
        return;
    g_hash_table_iter_init(&iter, kdev->kvm->vcpus);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        KvmVcpu *vcpu = value;

        if (vcpu->kdev == kdev) {
            vcpu->kdev = NULL;
            vcpu->inherited = FALSE;
        }
    }
    close(kdev->fd);
    g_free(kdev);
}

static gint
access_attr(KvmKdev *kdev, AccelCall call, gulong request, guint32 group, guint64 attr,
            gconstpointer data)
{
    struct kvm_device_attr access = {.group = group, .attr = attr, .addr = (guint64)(gsize)data};
    gint result = kvm_door_ioctl(kdev->kvm->fault, call, kdev->fd, request, (gulong)&access);

    return MIN(result, 0);
}

gint
kvm_kdev_set(AccelKdev *kdev, guint32 group, guint64 attr, const void *data)
{
    return access_attr((KvmKdev *)kdev, ACCEL_CALL_KDEV_SET, KVM_SET_DEVICE_ATTR, group, attr,
                       data);
}

gint
kvm_kdev_get(AccelKdev *kdev, guint32 group, guint64 attr, void *data)
{
    return access_attr((KvmKdev *)kdev, ACCEL_CALL_KDEV_GET, KVM_GET_DEVICE_ATTR, group, attr,
                       data);
}

gint
kvm_kdev_connect(AccelKdev *accel_kdev, AccelVcpu *accel_vcpu, guint32 server)
{
    KvmKdev *kdev = (KvmKdev *)accel_kdev;
    KvmVcpu *vcpu = (KvmVcpu *)accel_vcpu;
    struct kvm_enable_cap cap = {.cap = KVM_CAP_PPC_IRQ_XIVE, .args = {(guint64)kdev->fd, server}};
    gint result;

    if (kdev->type != VDEV_KDEV_XIVE)
        return -EINVAL;
    /* A vCPU that was parked is still connected, and the kernel would say EBUSY. */
    if (vcpu->inherited && vcpu->kdev == kdev && vcpu->server == server) {
        vcpu->inherited = FALSE;
        return 0;
    }
    result = kvm_door_ioctl(kdev->kvm->fault, ACCEL_CALL_KDEV_CONNECT, vcpu->fd, KVM_ENABLE_CAP,
                            (gulong)&cap);
    if (result < 0)
        return result;
    vcpu->kdev = kdev;
    vcpu->server = server;
    return 0;
}

gint
kvm_irqfd(Accel *accel, guint32 gsi, gint fd, gboolean assign)
{
    Kvm *kvm = (Kvm *)accel;
    struct kvm_irqfd irqfd = {
        .fd = (guint32)fd, .gsi = gsi, .flags = assign ? 0 : KVM_IRQFD_FLAG_DEASSIGN};
    gint result =
        kvm_door_ioctl(kvm->fault, ACCEL_CALL_IRQFD, kvm->vm_fd, KVM_IRQFD, (gulong)&irqfd);

    return MIN(result, 0);
}

/* ---- regions ------------------------------------------------------------------------------- */

static gboolean
region_spec_valid(const VdevRegionSpec *spec, guint32 page_shift, GError **error)
{
    guint64 mask = (G_GUINT64_CONSTANT(1) << page_shift) - 1;

    if (spec->size != 0 && ((spec->size | spec->gpa) & mask) == 0 &&
        spec->gpa + (spec->size - 1) >= spec->gpa &&
        spec->page_offset <= (G_MAXINT64 - spec->size) >> page_shift)
        return TRUE;
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
                "region %s: 0x%" G_GINT64_MODIFIER "x bytes at 0x%" G_GINT64_MODIFIER
                "x are no whole pages of %u KiB",
                spec->name, spec->size, spec->gpa, 1u << (page_shift - 10));
    return FALSE;
}

static void
region_destroy(KvmRegion *region)
{
    munmap(region->base, region->size);
    g_free(region->name);
    g_free(region);
}

static KvmRegion *
region_map(KvmKdev *kdev, const VdevRegionSpec *spec, GError **error)
{
    Kvm *kvm = kdev->kvm;
    gint errnum;
    guint8 *base = kvm_door_map(kvm->fault, ACCEL_CALL_REGION_NEW, kdev->fd, spec->size,
                                spec->page_offset << kvm->info.host_page_shift, &errnum);
    KvmRegion *region;

    if (base == NULL) {
        g_autofree char *what = g_strdup_printf("mapping region %s", spec->name);

        kvm_error_errno(error, errnum, what);
        return NULL;
    }
    region = g_new0(KvmRegion, 1);
    region->region.klass = &kvm_accel_class;
    region->kvm = kvm;
    region->name = g_strdup(spec->name);
    region->type = kdev->type;
    region->page_offset = spec->page_offset;
    region->size = spec->size;
    region->base = base;
    return region;
}

AccelRegion *
kvm_region_new(AccelKdev *accel_kdev, guint32 slot, const VdevRegionSpec *spec, GError **error)
{
    KvmKdev *kdev = (KvmKdev *)accel_kdev;
    KvmRegion *region;
    gint result;

    if (!region_spec_valid(spec, kdev->kvm->info.host_page_shift, error))
        return NULL;
    region = region_map(kdev, spec, error);
    if (region == NULL)
        return NULL;
    region->slot = slot;
    result = kvm_slot_set(kdev->kvm, ACCEL_CALL_REGION_NEW, slot, spec->gpa, spec->size,
                          region->base, 0);
    if (result < 0) {
        g_autofree char *what = g_strdup_printf(
            "putting region %s at guest address 0x%" G_GINT64_MODIFIER "x", spec->name, spec->gpa);

        kvm_error_errno(error, result, what);
        region_destroy(region);
        return NULL;
    }
    return &region->region;
}

/* Should the kernel refuse to give up the slot, the guest finds a hole there: EFAULT, no harm. */
void
kvm_region_free(AccelRegion *accel_region)
{
    KvmRegion *region = (KvmRegion *)accel_region;

    if (region == NULL)
        return;
    kvm_slot_set(region->kvm, ACCEL_CALL_REGION_FREE, region->slot, 0, 0, NULL, 0);
    region_destroy(region);
}

char *
kvm_region_explain(guint32 type, guint64 page_offset, guint64 offset, guint32 page_shift)
{
    static const char *const tima_pages[VDEV_XIVE_TIMA_PAGES] = {"hardware", "hypervisor", "OS",
                                                                 "user"};
    guint64 page = page_offset + (offset >> page_shift);

    if (type != VDEV_KDEV_XIVE)
        return g_strdup("the device refuses the page");
    if (page < VDEV_XIVE_TIMA_PAGES)
        return g_strdup_printf("the device refuses the TIMA's %s page; only the OS page is open",
                               tima_pages[page]);
    return g_strdup_printf(
        "interrupt source 0x%" G_GINT64_MODIFIER
        "x is not initialised in KVM, so it has no ESB %s page",
        (page - VDEV_XIVE_ESB_PAGE_OFFSET) / VDEV_XIVE_ESB_PAGES,
        (page - VDEV_XIVE_ESB_PAGE_OFFSET) % VDEV_XIVE_ESB_PAGES == 0 ? "trigger" : "management");
}

/* What both accesses check first. */
static gboolean
access_allowed(KvmRegion *region, AccelCall call, const char *verb, guint64 offset, GError **error)
{
    gint injected = accel_fault_strikes(region->kvm->fault, call);

    if (injected != 0) {
        g_autofree char *what = g_strdup_printf("%s region %s at 0x%" G_GINT64_MODIFIER "x", verb,
                                                region->name, offset);

        kvm_error_errno(error, injected, what);
        return FALSE;
    }
    if (offset % 8 != 0 || offset >= region->size) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
                    "%s region %s at 0x%" G_GINT64_MODIFIER
                    "x: not an aligned word of its 0x%" G_GINT64_MODIFIER "x bytes",
                    verb, region->name, offset, region->size);
        return FALSE;
    }
    return TRUE;
}

static gboolean
access_refused(KvmRegion *region, const char *verb, guint64 offset, GError **error)
{
    g_autofree char *why = kvm_region_explain(region->type, region->page_offset, offset,
                                              region->kvm->info.host_page_shift);

    g_atomic_int_inc(&region->faults);
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_FAULT,
                "%s region %s at 0x%" G_GINT64_MODIFIER "x: %s", verb, region->name, offset, why);
    return FALSE;
}

gboolean
kvm_region_load64(AccelRegion *accel_region, guint64 offset, guint64 *value, GError **error)
{
    KvmRegion *region = (KvmRegion *)accel_region;

    if (!access_allowed(region, ACCEL_CALL_REGION_LOAD64, "loading from", offset, error))
        return FALSE;
    return kvm_guard_load64(region->base + offset, value) ||
           access_refused(region, "loading from", offset, error);
}

gboolean
kvm_region_store64(AccelRegion *accel_region, guint64 offset, guint64 value, GError **error)
{
    KvmRegion *region = (KvmRegion *)accel_region;

    if (!access_allowed(region, ACCEL_CALL_REGION_STORE64, "storing to", offset, error))
        return FALSE;
    return kvm_guard_store64(region->base + offset, value) ||
           access_refused(region, "storing to", offset, error);
}

guint64
kvm_region_faults(AccelRegion *region)
{
    return (guint64)(guint)g_atomic_int_get(&((KvmRegion *)region)->faults);
}
