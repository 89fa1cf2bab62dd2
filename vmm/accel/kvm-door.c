/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The one door to the kernel: every open, ioctl and mmap of the KVM accelerator goes through it,
 * so that any of them can be made to fail or be counted (fault.h).
 */
#include "vmm/accel/kvm.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>

gint
kvm_door_open(AccelFault *fault, AccelCall call, const char *path)
{
    gint injected = accel_fault_strikes(fault, call);
    gint fd;

    if (injected != 0)
        return injected;
    fd = open(path, O_RDWR | O_CLOEXEC);
    return fd >= 0 ? fd : -errno;
}

gint
kvm_door_ioctl(AccelFault *fault, AccelCall call, gint fd, gulong request, gulong argument)
{
    gint injected = accel_fault_strikes(fault, call);
    gint result;

    if (injected != 0)
        return injected;
    result = ioctl(fd, request, argument);
    return result >= 0 ? result : -errno;
}

void *
kvm_door_map(AccelFault *fault, AccelCall call, gint fd, gsize size, guint64 offset, gint *errnum)
{
    gint injected = accel_fault_strikes(fault, call);
    void *address;

    *errnum = injected;
    if (injected != 0)
        return NULL;
    address = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, (off_t)offset);
    if (address == MAP_FAILED) {
        *errnum = -errno;
        return NULL;
    }
    return address;
}
