/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * KVM's memory slots and their dirty logs.
 *
 * A log is switched on and off by setting the same slot again with the other flag. The kernel then
 * drops the slot's mappings, so the first log holds what was touched since, not everything: the
 * first full copy is the caller's. A page's first read also marks it, and queue pages that the
 * interrupt controller writes are marked only by EQ_SYNC. Reading clears and protects in one go.
 *
 * Source: Linux Documentation/virt/kvm/api.rst 4.8, 4.35.
 */
#include "vmm/accel/kvm.h"

#include <errno.h>

/* @size 0: it is gone. */
static void
note_slot(Kvm *kvm, guint32 slot, guint64 size, guint32 flags)
{
    KvmSlot *record = g_new(KvmSlot, 1);

    *record = (KvmSlot){.size = size, .flags = flags};
    g_mutex_lock(&kvm->slots_lock);
    if (size == 0)
        g_hash_table_remove(kvm->slots, GUINT_TO_POINTER(slot));
    else
        g_hash_table_insert(kvm->slots, GUINT_TO_POINTER(slot), g_steal_pointer(&record));
    g_mutex_unlock(&kvm->slots_lock);
    g_free(record);
}

/* FALSE: there is no log to read. */
static gboolean
logged_size(Kvm *kvm, guint32 slot, guint64 *size)
{
    const KvmSlot *record;
    gboolean logged;

    g_mutex_lock(&kvm->slots_lock);
    record = g_hash_table_lookup(kvm->slots, GUINT_TO_POINTER(slot));
    logged = record != NULL && (record->flags & ACCEL_MEM_LOG_DIRTY) != 0;
    if (logged)
        *size = record->size;
    g_mutex_unlock(&kvm->slots_lock);
    return logged;
}

gint
kvm_slot_set(Kvm *kvm, AccelCall call, guint32 slot, guint64 gpa, guint64 size, void *host_memory,
             guint32 flags)
{
    struct kvm_userspace_memory_region region = {
        .slot = slot,
        .flags = flags & ACCEL_MEM_LOG_DIRTY ? KVM_MEM_LOG_DIRTY_PAGES : 0,
        .guest_phys_addr = gpa,
        .memory_size = size,
        .userspace_addr = (guint64)(gsize)host_memory,
    };
    gint result =
        kvm_door_ioctl(kvm->fault, call, kvm->vm_fd, KVM_SET_USER_MEMORY_REGION, (gulong)&region);

    if (result < 0)
        return result;
    note_slot(kvm, slot, size, flags);
    return 0;
}

gint
kvm_memory_set(Accel *accel, guint32 slot, guint64 gpa, guint64 size, void *host_memory,
               guint32 flags)
{
    if (flags & ~ACCEL_MEM_LOG_DIRTY)
        return -EINVAL;
    return kvm_slot_set((Kvm *)accel, ACCEL_CALL_MEMORY_SET, slot, gpa, size, host_memory, flags);
}

gint
kvm_dirty_log_get(Accel *accel, guint32 slot, guint64 *words, gsize n_words)
{
    Kvm *kvm = (Kvm *)accel;
    struct kvm_dirty_log log = {.slot = slot, .dirty_bitmap = words};
    guint64 size, pages;
    gint result;

    if (!logged_size(kvm, slot, &size))
        return -ENOENT;
    /* The kernel writes one bit for each page, whatever the buffer is. */
    pages = size >> kvm->info.host_page_shift;
    if (n_words < (pages + 63) / 64)
        return -EINVAL;
    result = kvm_door_ioctl(kvm->fault, ACCEL_CALL_DIRTY_LOG_GET, kvm->vm_fd, KVM_GET_DIRTY_LOG,
                            (gulong)&log);
    if (result < 0)
        return result;
    for (gsize i = 0; i < n_words; i++)
        words[i] = GUINT64_FROM_LE(words[i]); /* POWER's bitmap is little-endian in any mode */
    return 0;
}
