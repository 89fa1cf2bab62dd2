/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The one door to the kernel: every open, ioctl and mmap of the KVM accelerator goes through it,
 * so that any of them can be made to fail (x-fault=CALL:N:ERRNO) or be counted (x-fault=count).
 *
 * It is not a policy: what a failure means is the caller's matter.
 */
#include "vmm/accel/kvm.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>

static const char *const call_names[KVM_CALL_N] = {
    [KVM_CALL_OPEN] = "open",
    [KVM_CALL_MEMORY_SET] = "memory_set",
    [KVM_CALL_DIRTY_LOG_GET] = "dirty_log_get",
    [KVM_CALL_ENABLE_HCALL] = "enable_hcall",
    [KVM_CALL_SET_MMU] = "set_mmu",
    [KVM_CALL_VCPU_NEW] = "vcpu_new",
    [KVM_CALL_VCPU_GET] = "vcpu_get",
    [KVM_CALL_VCPU_SET] = "vcpu_set",
    [KVM_CALL_VCPU_RUN] = "vcpu_run",
    [KVM_CALL_VCPU_COMPLETE] = "vcpu_complete",
    [KVM_CALL_KDEV_NEW] = "kdev_new",
    [KVM_CALL_KDEV_SET] = "kdev_set",
    [KVM_CALL_KDEV_GET] = "kdev_get",
    [KVM_CALL_KDEV_CONNECT] = "kdev_connect",
    [KVM_CALL_IRQFD] = "irqfd",
    [KVM_CALL_REGION_NEW] = "region_new",
    [KVM_CALL_REGION_FREE] = "region_free",
    [KVM_CALL_REGION_LOAD64] = "region_load64",
    [KVM_CALL_REGION_STORE64] = "region_store64",
};

#define ANY KVM_CALL_N

struct KvmFault {
    gboolean count;             /* only count and report */
    guint target;               /* a KvmCall, or ANY */
    gint nth;                   /* 1-based */
    gint errnum;                /* positive */
    gint calls[KVM_CALL_N + 1]; /* atomic; the last is the sum */
};

static gint
errno_from_name(const char *name)
{
    for (gint i = 1; i < 4096; i++) {
        const char *known = strerrorname_np(i);

        if (known != NULL && strcmp(known, name) == 0)
            return i;
    }
    return 0;
}

static gint
call_from_name(const char *name)
{
    for (gint i = 0; i < KVM_CALL_N; i++) {
        if (strcmp(call_names[i], name) == 0)
            return i;
    }
    return strcmp(name, "any") == 0 ? ANY : -1;
}

KvmFault *
kvm_fault_new(const char *spec, GError **error)
{
    g_autoptr(KvmFault) fault = g_new0(KvmFault, 1);
    g_auto(GStrv) words = g_strsplit(spec, ":", -1);
    guint64 nth;
    gint target;

    if (strcmp(spec, "count") == 0) {
        fault->count = TRUE;
        return g_steal_pointer(&fault);
    }
    if (g_strv_length(words) != 3) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                    "x-fault=%s: write CALL:N:ERRNO or count", spec);
        return NULL;
    }
    target = call_from_name(words[0]);
    if (target < 0) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                    "x-fault=%s: no call '%s'; x-fault=count shows the names", spec, words[0]);
        return NULL;
    }
    if (!g_ascii_string_to_unsigned(words[1], 10, 1, G_MAXINT, &nth, NULL)) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                    "x-fault=%s: '%s' is no count from 1 up", spec, words[1]);
        return NULL;
    }
    fault->errnum = errno_from_name(words[2]);
    if (fault->errnum == 0) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                    "x-fault=%s: no error '%s'; write a name such as EINVAL", spec, words[2]);
        return NULL;
    }
    fault->target = (guint)target;
    fault->nth = (gint)nth;
    return g_steal_pointer(&fault);
}

void
kvm_fault_free(KvmFault *fault)
{
    g_free(fault);
}

gint
kvm_fault_strikes(KvmFault *fault, KvmCall call)
{
    gint of_kind, of_all;

    if (fault == NULL)
        return 0;
    of_kind = g_atomic_int_add(&fault->calls[call], 1) + 1;
    of_all = g_atomic_int_add(&fault->calls[ANY], 1) + 1;
    if (fault->count)
        return 0;
    if (fault->target == ANY)
        return of_all == fault->nth ? fault->errnum : 0;
    return fault->target == (guint)call && of_kind == fault->nth ? fault->errnum : 0;
}

char *
kvm_fault_report(const KvmFault *fault)
{
    GString *text;

    if (fault == NULL || !fault->count)
        return NULL;
    text = g_string_new(NULL);
    for (guint i = 0; i < KVM_CALL_N; i++)
        g_string_append_printf(text, "x-fault: %s %d\n", call_names[i],
                               g_atomic_int_get(&fault->calls[i]));
    g_string_append_printf(text, "x-fault: any %d\n", g_atomic_int_get(&fault->calls[ANY]));
    return g_string_free(text, FALSE);
}

gint
kvm_door_open(KvmFault *fault, KvmCall call, const char *path)
{
    gint injected = kvm_fault_strikes(fault, call);
    gint fd;

    if (injected != 0)
        return -injected;
    fd = open(path, O_RDWR | O_CLOEXEC);
    return fd >= 0 ? fd : -errno;
}

gint
kvm_door_ioctl(KvmFault *fault, KvmCall call, gint fd, gulong request, gulong argument)
{
    gint injected = kvm_fault_strikes(fault, call);
    gint result;

    if (injected != 0)
        return -injected;
    result = ioctl(fd, request, argument);
    return result >= 0 ? result : -errno;
}

void *
kvm_door_map(KvmFault *fault, KvmCall call, gint fd, gsize size, guint64 offset, gint *errnum)
{
    gint injected = kvm_fault_strikes(fault, call);
    void *address;

    *errnum = -injected;
    if (injected != 0)
        return NULL;
    address = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, (off_t)offset);
    if (address == MAP_FAILED) {
        *errnum = -errno;
        return NULL;
    }
    return address;
}
