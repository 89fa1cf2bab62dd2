/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The migration of a VM after the guest has moved, and before all of its memory has: what the
 * monitor asks.
 */
#include "vmm/guestmem.h"
#include "vmm/vm-migrate-priv.h"
#include "vmm/vm-priv.h"

gboolean
vm_migrate_start_postcopy(Vm *vm, GError **error)
{
    VmMigration *migration = vm->migration;

    if (!migration->running || migration->latest_is_in)
        return vm_usage(error, "no migration goes out: `migrate` begins one");
    return mig_outgoing_start_postcopy(migration->out, error);
}

gboolean
vm_migrate_resume(Vm *vm, const char *uri, GError **error)
{
    if (vm->migration->out == NULL)
        return vm_usage(error, "there is no postcopy to resume");
    return mig_outgoing_resume(vm->migration->out, uri, error);
}

gboolean
vm_migrate_recover(Vm *vm, const char *uri, GError **error)
{
    if (vm->migration->in == NULL)
        return vm_usage(error, "there is no postcopy to recover");
    return mig_incoming_recover(vm->migration->in, uri, error);
}

gboolean
vm_migrate_pause(Vm *vm, GError **error)
{
    VmMigration *migration = vm->migration;

    if (!migration->running)
        return vm_usage(error, "there is no postcopy to pause");
    return migration->latest_is_in ? mig_incoming_break(migration->in, error)
                                   : mig_outgoing_break(migration->out, error);
}

gboolean
vm_migrate_misses_memory(const Vm *vm, GError **error)
{
    const MigIncoming *in = vm->migration == NULL ? NULL : vm->migration->in;
    MigStatus status = in == NULL ? MIG_STATUS_NONE : mig_incoming_status(in);

    if (status != MIG_STATUS_POSTCOPY_PAUSED && status != MIG_STATUS_POSTCOPY_RECOVER)
        return FALSE;
    vm_usage(error, "the guest waits for memory, and the connection to its source is gone: "
                    "migrate-recover here, then migrate with resume there");
    return TRUE;
}

gboolean
vm_migrate_arrives(const Vm *vm)
{
    const MigIncoming *in = vm->migration == NULL ? NULL : vm->migration->in;

    return in != NULL && mig_incoming_is_restore(in) &&
           mig_incoming_status(in) == MIG_STATUS_POSTCOPY_ACTIVE;
}

/* One page of it at a time. */
static void
touch(Vm *vm, const guint8 *at)
{
    machine_unlock(&vm->lock);
    (void)*(const volatile guint8 *)at;
    machine_lock_vcpu(&vm->lock);
}

static gboolean
is_lost(const Vm *vm)
{
    return vm->accel != NULL && g_atomic_int_get(&vm->accel->memory) == ACCEL_MEMORY_IS_LOST;
}

gboolean
vm_await_memory(Vm *vm, guint64 gpa, guint64 n)
{
    const guint64 page = G_GUINT64_CONSTANT(1) << RAM_DIRTY_PAGE_SHIFT;
    MigIncoming *in = vm->migration == NULL ? NULL : vm->migration->in;

    if (in == NULL || n == 0 || g_thread_self() == vm->main_thread ||
        !guestmem_is_ram(vm->ram, gpa, n))
        return TRUE;
    for (guint64 at = gpa; at < gpa + n; at = (at / page + 1) * page) {
        const guint8 *host = guestmem_map(vm->ram, at, 1);

        if (!mig_incoming_has(in, host, 1))
            touch(vm, host);
    }
    return !is_lost(vm);
}

/* ---- memory that is lost --------------------------------------------------------------------- */

static void
bar_vcpus(const GPtrArray *vcpus, gboolean barred)
{
    for (guint i = 0; i < vcpus->len; i++)
        vcpu_set_barred(vcpus->pdata[i], barred);
}

void
vm_incoming_memory(void *opaque, MigMemory memory)
{
    static const AccelMemory states[] = {
        [MIG_MEMORY_IS_HERE] = ACCEL_MEMORY_IS_HERE,
        [MIG_MEMORY_ARRIVES] = ACCEL_MEMORY_ARRIVES,
        [MIG_MEMORY_IS_LOST] = ACCEL_MEMORY_IS_LOST,
    };
    Vm *vm = opaque;

    g_atomic_int_set(&vm->accel->memory, (gint)states[memory]);
    if (memory != MIG_MEMORY_IS_LOST)
        return;
    /* Not under the machine lock: who has it may be waiting for that memory. */
    g_mutex_lock(&vm->vcpus_mutex);
    bar_vcpus(vm->vcpus, TRUE);
    g_mutex_unlock(&vm->vcpus_mutex);
}

gboolean
vm_memory_lost(Vm *vm, GError **error)
{
    const char *why = vm->migration == NULL ? NULL : vm->migration->lost;

    if (!is_lost(vm))
        return FALSE;
    vm_usage(error,
             "not all of the guest's memory is here, and it will not come: %s; system_reset "
             "begins anew",
             why == NULL ? "its file failed" : why);
    return TRUE;
}

void
vm_memory_is_old(Vm *vm)
{
    if (vm_migrate_arrives(vm))
        mig_incoming_drop_rest(vm->migration->in);
}

void
vm_memory_is_new(Vm *vm)
{
    if (!is_lost(vm))
        return;
    g_atomic_int_set(&vm->accel->memory, ACCEL_MEMORY_IS_HERE);
    g_clear_pointer(&vm->migration->lost, g_free);
    bar_vcpus(vm->vcpus, FALSE);
    bar_vcpus(vm->parked, FALSE);
}

/* ---- the end --------------------------------------------------------------------------------- */

void
vm_migrate_give_up(Vm *vm)
{
    VmMigration *migration = vm->migration;

    if (migration != NULL && migration->in != NULL &&
        (vm_migrate_arrives(vm) || vm_migrate_misses_memory(vm, NULL)))
        mig_incoming_abandon(migration->in);
}
