/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory slots of the model: who answers at a guest address, and KVM's dirty log.
 *
 * The log has KVM's character. It knows what vCPUs stored; the first touch of a page after logging
 * began counts as a store, since the page is then mapped writable at once; it never knows what the
 * interrupt controller wrote (see model_eq_sync_locked()) nor what the host wrote.
 *
 * Source: Linux Documentation/virt/kvm/api.rst, KVM_SET_USER_MEMORY_REGION, KVM_GET_DIRTY_LOG; the
 * log's behaviour as observed under radix.
 */
#include "vmm/accel/model.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* ---- slots --------------------------------------------------------------------------------- */

static gsize
slot_words(guint64 size)
{
    return (gsize)(((size >> MODEL_PAGE_SHIFT) + 63) / 64);
}

void
model_slot_free(gpointer data)
{
    ModelSlot *slot = data;

    g_free(slot->dirty);
    g_free(slot->touched);
    g_free(slot);
}

static ModelSlot *
slot_by_number(Model *model, guint32 number, guint *index)
{
    for (guint i = 0; i < model->slots->len; i++) {
        ModelSlot *slot = g_ptr_array_index(model->slots, i);

        if (slot->slot == number) {
            *index = i;
            return slot;
        }
    }
    return NULL;
}

static ModelSlot *
slot_at(Model *model, guint64 gpa, guint64 n)
{
    for (guint i = 0; i < model->slots->len; i++) {
        ModelSlot *slot = g_ptr_array_index(model->slots, i);

        if (gpa >= slot->gpa && n <= slot->size && gpa - slot->gpa <= slot->size - n)
            return slot;
    }
    return NULL;
}

static gboolean
slot_overlaps(Model *model, const ModelSlot *self, guint64 gpa, guint64 size)
{
    for (guint i = 0; i < model->slots->len; i++) {
        const ModelSlot *slot = g_ptr_array_index(model->slots, i);

        if (slot != self && gpa < slot->gpa + slot->size && slot->gpa < gpa + size)
            return TRUE;
    }
    return FALSE;
}

static void
slot_set_flags(ModelSlot *slot, guint32 flags)
{
    gsize words = slot_words(slot->size);

    if ((flags & ACCEL_MEM_LOG_DIRTY) != 0 && slot->dirty == NULL) {
        slot->dirty = g_new0(guint64, words);
        slot->touched = g_new0(guint64, words);
    } else if ((flags & ACCEL_MEM_LOG_DIRTY) == 0) {
        g_clear_pointer(&slot->dirty, g_free);
        g_clear_pointer(&slot->touched, g_free);
    }
    slot->flags = flags;
}

gint
model_slot_set_locked(Model *model, guint32 number, guint64 gpa, guint64 size, void *ram,
                      ModelRegion *region, guint32 flags)
{
    guint64 alignment = (guint64)sysconf(_SC_PAGESIZE) - 1;
    guint index = 0;
    ModelSlot *slot = slot_by_number(model, number, &index);

    if (number >= MODEL_MAX_SLOTS || (flags & ~ACCEL_MEM_LOG_DIRTY) != 0)
        return -EINVAL;
    if (((gpa | size) & (MODEL_PAGE_SIZE - 1)) != 0 || ((guintptr)ram & alignment) != 0)
        return -EINVAL;
    if (gpa + size < gpa)
        return -EINVAL;
    if (size == 0) {
        if (slot == NULL)
            return -EINVAL;
        g_ptr_array_remove_index_fast(model->slots, index);
        return 0;
    }
    if (ram == NULL && region == NULL)
        return -EFAULT;
    if (slot != NULL && (slot->size != size || slot->ram != ram || slot->region != region))
        return -EINVAL;
    if (slot_overlaps(model, slot, gpa, size))
        return -EEXIST;
    if (slot == NULL) {
        slot = g_new0(ModelSlot, 1);
        *slot = (ModelSlot){.slot = number, .size = size, .ram = ram, .region = region};
        g_ptr_array_add(model->slots, slot);
    }
    slot->gpa = gpa;
    slot_set_flags(slot, flags);
    return 0;
}

gint
model_memory_set(Accel *accel, guint32 slot, guint64 gpa, guint64 size, void *host_memory,
                 guint32 flags)
{
    Model *model = (Model *)accel;
    gint result = accel_fault_strikes(model->fault, ACCEL_CALL_MEMORY_SET);

    if (result != 0)
        return result;
    g_mutex_lock(&model->lock);
    result = model_slot_set_locked(model, slot, gpa, size, host_memory, NULL, flags);
    g_mutex_unlock(&model->lock);
    return result;
}

/* ---- the dirty log ------------------------------------------------------------------------- */

static void
page_touched(ModelSlot *slot, guint64 offset, gboolean is_write)
{
    guint64 page = offset >> MODEL_PAGE_SHIFT;
    guint64 bit = G_GUINT64_CONSTANT(1) << (page % 64);

    if (slot->dirty == NULL)
        return;
    if (is_write || (slot->touched[page / 64] & bit) == 0)
        slot->dirty[page / 64] |= bit;
    slot->touched[page / 64] |= bit;
}

/* An access may cross into the next page. */
static void
range_touched(ModelSlot *slot, guint64 gpa, guint64 n, gboolean is_write)
{
    guint64 first = (gpa - slot->gpa) & ~(MODEL_PAGE_SIZE - 1);

    for (guint64 offset = first; offset < gpa - slot->gpa + n; offset += MODEL_PAGE_SIZE)
        page_touched(slot, offset, is_write);
}

void
model_mark_dirty_locked(Model *model, guint64 gpa)
{
    ModelSlot *slot = slot_at(model, gpa, 1);

    if (slot != NULL && slot->dirty != NULL)
        range_touched(slot, gpa, 1, TRUE);
}

gint
model_dirty_log_get(Accel *accel, guint32 number, guint64 *words, gsize n_words)
{
    Model *model = (Model *)accel;
    gint result = accel_fault_strikes(model->fault, ACCEL_CALL_DIRTY_LOG_GET);
    guint index;
    ModelSlot *slot;

    if (result != 0)
        return result;
    g_mutex_lock(&model->lock);
    slot = slot_by_number(model, number, &index);
    if (slot == NULL || slot->dirty == NULL) {
        result = -ENOENT;
    } else if (n_words < slot_words(slot->size)) {
        result = -EINVAL;
    } else {
        gsize bytes = slot_words(slot->size) * sizeof(*words);

        memcpy(words, slot->dirty, bytes);
        memset(slot->dirty, 0, bytes);
    }
    g_mutex_unlock(&model->lock);
    return result;
}

/* ---- accesses ------------------------------------------------------------------------------ */

guint8 *
model_ram_locked(Model *model, guint64 gpa, guint64 n)
{
    ModelSlot *slot = slot_at(model, gpa, n);

    return slot != NULL && slot->ram != NULL ? slot->ram + (gpa - slot->gpa) : NULL;
}

/* Aligned words are one access each, as on the processor: the other side may be another thread. */
static guint64
ram_load(const guint8 *at, guint32 n)
{
    guint64 value = 0;

    if (n == 8 && ((guintptr)at & 7) == 0)
        return GUINT64_FROM_BE(__atomic_load_n((const guint64 *)at, __ATOMIC_ACQUIRE));
    if (n == 4 && ((guintptr)at & 3) == 0)
        return GUINT32_FROM_BE(__atomic_load_n((const guint32 *)at, __ATOMIC_ACQUIRE));
    for (guint32 i = 0; i < n; i++)
        value = value << 8 | at[i];
    return value;
}

static void
ram_store(guint8 *at, guint32 n, guint64 value)
{
    if (n == 8 && ((guintptr)at & 7) == 0) {
        __atomic_store_n((guint64 *)at, GUINT64_TO_BE(value), __ATOMIC_RELEASE);
        return;
    }
    if (n == 4 && ((guintptr)at & 3) == 0) {
        __atomic_store_n((guint32 *)at, GUINT32_TO_BE((guint32)value), __ATOMIC_RELEASE);
        return;
    }
    for (guint32 i = 0; i < n; i++)
        at[i] = (guint8)(value >> (8 * (n - 1 - i)));
}

static ModelAccess
guest_access_locked(ModelVcpu *vcpu, ModelAccessRequest *request, char *message)
{
    ModelSlot *slot = slot_at(vcpu->model, request->gpa, request->n);
    guint64 offset;

    if (slot == NULL)
        return MODEL_ACCESS_NO_SLOT;
    offset = request->gpa - slot->gpa;
    if (slot->region != NULL) {
        if (model_region_access_locked(slot->region, vcpu, offset, request, message))
            return MODEL_ACCESS_DONE;
        return MODEL_ACCESS_FAULT;
    }
    if (request->is_write)
        ram_store(slot->ram + offset, request->n, request->value);
    else
        request->value = ram_load(slot->ram + offset, request->n);
    range_touched(slot, request->gpa, request->n, request->is_write);
    return MODEL_ACCESS_DONE;
}

/* A page that is not here is waited for without the lock, under which everything else would wait
 * for it, a kick too. While memory arrives none is taken out. */
static void
await_memory(Model *model, guint64 gpa, guint64 n)
{
    const gboolean arrives = g_atomic_int_get(&model->accel.memory) == ACCEL_MEMORY_ARRIVES;

    for (guint64 done = 0; arrives && done < n;
         done += MODEL_PAGE_SIZE - (gpa + done) % MODEL_PAGE_SIZE) {
        const guint8 *at;

        g_mutex_lock(&model->lock);
        at = model_ram_locked(model, gpa + done, 1);
        g_mutex_unlock(&model->lock);
        if (at != NULL)
            (void)*(const volatile guint8 *)at;
    }
}

ModelAccess
model_guest_access(ModelVcpu *vcpu, ModelAccessRequest *request, char *message)
{
    ModelAccess result;

    await_memory(vcpu->model, request->gpa, request->n);
    g_mutex_lock(&vcpu->model->lock);
    result = guest_access_locked(vcpu, request, message);
    g_mutex_unlock(&vcpu->model->lock);
    return result;
}

static gboolean
guest_copy(Model *model, guint64 gpa, void *buffer, gsize n, gboolean is_write)
{
    ModelSlot *slot;
    gboolean done = FALSE;

    await_memory(model, gpa, n);
    g_mutex_lock(&model->lock);
    slot = slot_at(model, gpa, n);
    if (slot != NULL && slot->ram != NULL && n != 0) {
        guint8 *at = slot->ram + (gpa - slot->gpa);

        if (is_write)
            memcpy(at, buffer, n);
        else
            memcpy(buffer, at, n);
        range_touched(slot, gpa, n, is_write);
        done = TRUE;
    }
    g_mutex_unlock(&model->lock);
    return done;
}

gboolean
model_guest_read(Model *model, guint64 gpa, void *buffer, gsize n)
{
    return guest_copy(model, gpa, buffer, n, FALSE);
}

gboolean
model_guest_write(Model *model, guint64 gpa, const void *buffer, gsize n)
{
    return guest_copy(model, gpa, (void *)buffer, n, TRUE);
}
