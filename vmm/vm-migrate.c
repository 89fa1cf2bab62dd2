/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The migration of a VM: what the monitor asks (see the header), and MigHost: what a migration asks
 * of the VM.
 */
#include "vmm/vm-migrate.h"

#include <string.h>
#include <unistd.h>

#include "migration-glue/error.h"
#include "migration-glue/rules.h"
#include "vmm/hotplug-priv.h"
#include "vmm/vm-migrate-priv.h"
#include "vmm/vm-priv.h"

/* ---- what a migration asks of its host ------------------------------------------------------ */

static void
host_lock(void *opaque)
{
    machine_lock_vcpu(&((Vm *)opaque)->lock);
}

static void
host_unlock(void *opaque)
{
    machine_unlock(&((Vm *)opaque)->lock);
}

static gboolean
host_stop(void *opaque, GError **error)
{
    return vm_hold(opaque, error);
}

static gboolean
host_go_on(void *opaque, GError **error)
{
    return vm_let_go(opaque, error);
}

static void
host_gone(void *opaque)
{
    vm_hand_over(opaque);
}

/* Those that are unplugged too: they may come back. */
static void
rest_vcpus(void *opaque, gboolean rests)
{
    Vm *vm = opaque;

    host_lock(vm);
    for (guint i = 0; i < vm->vcpus->len; i++)
        vcpu_set_resting(vm->vcpus->pdata[i], rests);
    for (guint i = 0; !rests && i < vm->parked->len; i++)
        vcpu_set_resting(vm->parked->pdata[i], FALSE);
    host_unlock(vm);
}

static void
host_throttle(void *opaque, guint percent)
{
    Vm *vm = opaque;
    g_autoptr(GError) error = NULL;

    if (!throttle_set(vm->migration->throttle, percent, &error))
        log_printf(vm->log, VDEV_LOG_WARNING, "the guest is not slowed down: %s", error->message);
}

static void
end_migration(Vm *vm)
{
    VmMigration *migration = vm->migration;

    migration->turn++;
    migration->running = FALSE;
    vm_hotplug_settle(vm);
    if (migration->latest_is_in)
        vm_incoming_ended(vm);
}

/* @data: the turn; that one may have been ended by somebody who was faster. */
static void
migration_ended(Vm *vm, void *data)
{
    if (vm->migration->turn == GPOINTER_TO_UINT(data))
        end_migration(vm);
}

/* Its thread is about to return. */
void
vm_migrate_settle(Vm *vm)
{
    VmMigration *migration = vm->migration;
    gboolean in = migration != NULL && migration->latest_is_in;

    if (!vm_migrate_is_running(vm) || !mig_status_is_over(in ? mig_incoming_status(migration->in)
                                                             : mig_outgoing_status(migration->out)))
        return;
    machine_unlock(&vm->lock);
    if (in)
        mig_incoming_wait(migration->in);
    else
        mig_outgoing_wait(migration->out);
    machine_lock_main(&vm->lock);
    end_migration(vm);
}

static void
host_event(void *opaque, MigEventKind kind, guint64 value)
{
    Vm *vm = opaque;

    switch (kind) {
    case MIG_EVENT_STATUS:
        vm_emit(vm, VM_EVENT_MIGRATION, FALSE, mig_status_name((MigStatus)value));
        break;
    case MIG_EVENT_PASS:
        vm_emit_event(vm, &(VmEvent){.kind = VM_EVENT_MIGRATION_PASS, .pass = value});
        break;
    case MIG_EVENT_ENDED:
        vm_run_errand(vm, migration_ended, GUINT_TO_POINTER(vm->migration->turn), NULL);
        break;
    }
}

static const MigHostOps host_ops = {
    .lock = host_lock,
    .unlock = host_unlock,
    .stop = host_stop,
    .go_on = host_go_on,
    .gone = host_gone,
    .throttle = host_throttle,
    .activate = vm_incoming_activate,
    .run = vm_incoming_run,
    .memory = vm_incoming_memory,
    .event = host_event,
};

/* ---- descriptors --------------------------------------------------------------------------- */

static int
steal_fd(VmMigration *migration, const char *name, GError **error)
{
    gpointer key, value;
    gboolean known;

    g_mutex_lock(&migration->fds_lock);
    known = g_hash_table_steal_extended(migration->fds, name, &key, &value);
    g_mutex_unlock(&migration->fds_lock);
    if (!known) {
        vm_usage(error, "there is no descriptor named '%s': hand it over with getfd first", name);
        return -1;
    }
    g_free(key);
    return GPOINTER_TO_INT(value);
}

static int
host_take_fd(void *opaque, const char *name, GError **error)
{
    return steal_fd(((Vm *)opaque)->migration, name, error);
}

static int
host_open_fdset(void *opaque, guint64 set, int flags, GError **error)
{
    return fdsets_open(((Vm *)opaque)->fdsets, set, flags, error);
}

static const MigDescriptorOps host_descriptors = {
    .take_fd = host_take_fd,
    .open_fdset = host_open_fdset,
};

void
vm_migrate_give_fd(Vm *vm, const char *name, int fd)
{
    VmMigration *migration = vm->migration;
    int old = steal_fd(migration, name, NULL);

    if (old >= 0)
        close(old);
    g_mutex_lock(&migration->fds_lock);
    g_hash_table_insert(migration->fds, g_strdup(name), GINT_TO_POINTER(fd));
    g_mutex_unlock(&migration->fds_lock);
}

gboolean
vm_migrate_close_fd(Vm *vm, const char *name, GError **error)
{
    int fd = steal_fd(vm->migration, name, error);

    return fd >= 0 && close(fd) == 0;
}

/* ---- life ---------------------------------------------------------------------------------- */

gboolean
vm_migrate_init(Vm *vm, GError **error)
{
    VmMigration *migration = g_new0(VmMigration, 1);
    const VdevMachineRow *row = vm->machine->type.row;

    vm->migration = migration;
    vm->sections = mig_sections_new();
    migration->params = mig_params_new();
    migration->throttle = throttle_new(rest_vcpus, vm);
    migration->fds = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_mutex_init(&migration->fds_lock);
    migration->memory = (MigRamHost){
        .list = vm->ram,
        .accel = vm->accel,
        .host_page_shift = vm->cpu_info->host_page_shift,
    };
    migration->ram = (MigRam){.ops = &mig_ram_host_ops, .opaque = &migration->memory};
    migration->host = (MigHost){
        .ops = &host_ops,
        .descriptors = &host_descriptors,
        .opaque = vm,
        .sections = vm->sections,
        .ram = &migration->ram,
        .row = row,
        .rules = mig_rules_of_row(row),
        .identity = {.machine = row->name, .has_uuid = vm->options->have_uuid},
    };
    memcpy(migration->host.identity.uuid, vm->options->uuid, sizeof(vm->options->uuid));
    if (migration->host.rules == NULL)
        return vm_host_error(error, "the machine type %s has no rules for its migration stream",
                             row->name);
    return vm_globals_apply(vm->options, migration->params, error);
}

MigRam *
vm_migrate_ram(Vm *vm)
{
    return &vm->migration->ram;
}

void
vm_migrate_finish(Vm *vm)
{
    VmMigration *migration = vm->migration;
    GHashTableIter each;
    gpointer fd;

    if (migration == NULL)
        return;
    vm->ended = TRUE;
    g_cond_broadcast(&vm->hold.changed);
    machine_unlock(&vm->lock);
    mig_outgoing_free(migration->out);
    mig_incoming_free(migration->in);
    throttle_free(migration->throttle);
    machine_lock_main(&vm->lock);
    g_hash_table_iter_init(&each, migration->fds);
    while (g_hash_table_iter_next(&each, NULL, &fd))
        close(GPOINTER_TO_INT(fd));
    g_hash_table_unref(migration->fds);
    g_mutex_clear(&migration->fds_lock);
    mig_params_free(migration->params);
    g_free(migration->lost);
    g_clear_pointer(&vm->migration, g_free);
}

/* ---- parameters ---------------------------------------------------------------------------- */

MigParams *
vm_migrate_params(Vm *vm)
{
    return vm->migration->params;
}

gboolean
vm_migrate_set_capabilities(Vm *vm, const MigCapabilityChange *changes, guint n, GError **error)
{
    VmMigration *migration = vm->migration;

    vm_migrate_settle(vm);
    for (guint i = 0; i < n && vm->state == RUN_STATE_INMIGRATE; i++) {
        if ((changes[i].capability == MIG_CAP_POSTCOPY_RAM ||
             changes[i].capability == MIG_CAP_X_LAZY_RESTORE) &&
            changes[i].on && !mig_postcopy_is_possible(error))
            return FALSE;
    }
    return mig_params_set_capabilities(migration->params, changes, n, migration->running, error);
}

/* ---- who has the guest --------------------------------------------------------------------- */

gboolean
vm_migrate_is_running(const Vm *vm)
{
    return vm->migration != NULL && vm->migration->running;
}

static gboolean
handover_unknown(const Vm *vm)
{
    const MigOutgoing *out = vm->migration->out;

    return out != NULL && mig_outgoing_status(out) == MIG_STATUS_HANDOVER_UNKNOWN;
}

gboolean
vm_migrate_holds_guest(const Vm *vm, GError **error)
{
    if (!vm->hold.on)
        return FALSE;
    if (handover_unknown(vm))
        vm_usage(error, "handover unknown: the destination may run the guest; look there, and say "
                        "here whose it is, first");
    else if (mig_status_is_postcopy(mig_outgoing_status(vm->migration->out)))
        vm_usage(error, "the guest runs at the destination, which takes the rest of its memory "
                        "from here");
    else
        vm_usage(error, "the guest is stopped for the last part of its migration; migrate_cancel "
                        "brings it back");
    return TRUE;
}

/* Memory that the guest has, and that would not travel. */
static void
add_memory_blockers(Vm *vm, GPtrArray *reasons)
{
    for (guint i = 0; i < ram_list_length(vm->ram); i++) {
        const RamBlock *block = ram_list_get(vm->ram, i);

        if (block->kind == RAM_KIND_RAM && block->placed && !block->migratable)
            g_ptr_array_add(reasons,
                            g_strdup_printf("memory %s is not registered to migrate", block->name));
    }
}

/* Sections of the host's own: timer, ram, globalstate. */
#define HOST_SECTIONS 3

char **
vm_migrate_blockers(Vm *vm)
{
    GPtrArray *reasons = g_ptr_array_new();
    guint n;

    add_memory_blockers(vm, reasons);
    if (vm->migration->lost != NULL)
        g_ptr_array_add(reasons,
                        g_strdup_printf("not all of its memory is here: %s", vm->migration->lost));
    if (vm->hold.waits != NULL) /* only while a migration runs: it refuses none */
        g_ptr_array_add(reasons, g_strdup(vm->hold.waits));
    mig_sections_list(vm->sections, &n);
    if (n <= HOST_SECTIONS)
        g_ptr_array_add(reasons, g_strdup_printf("the machine type %s describes no state",
                                                 vm->machine->type.row->name));
    g_ptr_array_add(reasons, NULL);
    return (char **)g_ptr_array_free(reasons, FALSE);
}

/* ---- outgoing ------------------------------------------------------------------------------ */

static gboolean
may_migrate(Vm *vm, GError **error)
{
    g_auto(GStrv) blockers = NULL;

    if (vm->state == RUN_STATE_INMIGRATE)
        return vm_usage(error, "there is no guest yet: it is waited for");
    if (vm_migrate_arrives(vm))
        return vm_usage(error,
                        "the guest's memory still comes from %s: query-migrate tells when "
                        "all is here",
                        mig_incoming_uri(vm->migration->in));
    if (vm->migration->running)
        return vm_usage(error, "a migration runs already; migrate_cancel ends it");
    if (vm_migrate_holds_guest(vm, error))
        return FALSE;
    if (vm->state == RUN_STATE_POSTMIGRATE)
        return vm_usage(error, "the guest has migrated already; `cont` would take it back");
    blockers = vm_migrate_blockers(vm);
    return blockers[0] == NULL || vm_usage(error, "the guest cannot migrate: %s", blockers[0]);
}

gboolean
vm_migrate(Vm *vm, const char *uri, GError **error)
{
    VmMigration *migration = vm->migration;
    MigOutgoing *out;

    vm_migrate_settle(vm);
    if (!may_migrate(vm, error))
        return FALSE;
    out = mig_outgoing_new(&migration->host, migration->params, uri, error);
    if (out == NULL)
        return FALSE;
    mig_outgoing_free(migration->out); /* of the last, which is over */
    migration->out = out;
    migration->latest_is_in = FALSE;
    migration->running = TRUE;
    return TRUE;
}

void
vm_migrate_cancel(Vm *vm)
{
    VmMigration *migration = vm->migration;

    if (migration->running && !migration->latest_is_in)
        mig_outgoing_cancel(migration->out);
    else if (migration->running)
        mig_incoming_cancel(migration->in);
}

gboolean
vm_migrate_continue(Vm *vm, MigStatus state, GError **error)
{
    const MigOutgoing *out = vm->migration->out;

    if (state != MIG_STATUS_PRE_SWITCHOVER)
        return vm_usage(error, "a migration waits only in state pre-switchover, not in %s",
                        mig_status_name(state));
    if (out == NULL)
        return vm_usage(error, "no migration waits");
    return mig_outgoing_continue(vm->migration->out, error);
}

gboolean
vm_migrate_decide(Vm *vm, gboolean ours, GError **error)
{
    if (vm->migration->out == NULL)
        return vm_usage(error, "there is nothing to decide: no handover is unknown");
    return mig_outgoing_decide(vm->migration->out, ours, error);
}

/* ---- figures ------------------------------------------------------------------------------- */

void
vm_migrate_info(Vm *vm, VmMigrateInfo *info)
{
    const VmMigration *migration = vm->migration;

    memset(info, 0, sizeof(*info));
    info->known = migration->out != NULL || migration->in != NULL;
    info->incoming = migration->latest_is_in;
    info->arrives = vm_migrate_arrives(vm);
    if (info->incoming) {
        info->uri = g_strdup(mig_incoming_uri(migration->in));
        mig_incoming_stats(migration->in, &info->stats);
    } else if (migration->out != NULL) {
        mig_outgoing_stats(migration->out, &info->stats);
    }
}

void
vm_migrate_info_clear(VmMigrateInfo *info)
{
    g_clear_pointer(&info->uri, g_free);
    mig_stats_clear(&info->stats);
}
