/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guest that comes in: waiting for it, making it ready, letting it run; and what becomes of the
 * machine when it does not come.
 */
#include <string.h>

#include "vmm/vm-migrate-priv.h"
#include "vmm/vm-priv.h"

/* ---- what a migration asks, under the machine lock ------------------------------------------- */

/* The received run state; what a machine of ours cannot be in is `paused`. */
static RunState
received_state(const Vm *vm)
{
    static const RunState taken[] = {
        RUN_STATE_RUNNING,  RUN_STATE_PRELAUNCH,      RUN_STATE_GUEST_PANICKED,
        RUN_STATE_IO_ERROR, RUN_STATE_INTERNAL_ERROR, RUN_STATE_SHUTDOWN,
    };
    const char *name = host_global_name(&vm->globalstate);

    for (guint i = 0; i < G_N_ELEMENTS(taken); i++)
        if (strcmp(name, runstate_name(taken[i])) == 0)
            return taken[i];
    return RUN_STATE_PAUSED;
}

gboolean
vm_incoming_activate(void *opaque, GError **error)
{
    Vm *vm = opaque;
    VmMigration *migration = vm->migration;

    if (vm->ended)
        return vm_host_error(error, "the VM ends");
    vm->quiesced = TRUE; /* as its source left it */
    migration->wakes = vm->autostart && received_state(vm) == RUN_STATE_RUNNING;
    return !migration->wakes || vm_wake_up(vm, error);
}

/* `stop` came after it was made ready. */
static void
rest_again(Vm *vm)
{
    g_autoptr(GError) error = NULL;

    if (!vm_quiesce(vm, &error))
        log_printf(vm->log, VDEV_LOG_WARNING, "the machine did not quiesce: %s", error->message);
    guest_clock_stop(&vm->clock, vm->accel->klass->timebase(vm->accel));
    vm_set_state(vm, RUN_STATE_PAUSED);
}

void
vm_incoming_run(void *opaque)
{
    Vm *vm = opaque;
    RunState state = received_state(vm);
    g_autoptr(GError) error = NULL;

    if (vm->ended)
        return;
    if (vm->migration->wakes && vm->autostart) {
        vm_running(vm);
        return;
    }
    if (vm->migration->wakes) {
        rest_again(vm);
        return;
    }
    vm_set_state(vm, state == RUN_STATE_RUNNING ? RUN_STATE_PAUSED : state);
    /* `cont` came after it was settled that it stays paused. */
    if (state == RUN_STATE_RUNNING && vm->autostart && !vm_cont(vm, &error))
        log_printf(vm->log, VDEV_LOG_WARNING, "%s", error->message);
}

/* It did not come: the VM ends, or is as new. */
static void
note_failed_load(Vm *vm)
{
    VmMigration *migration = vm->migration;
    g_autoptr(GError) error = NULL;
    g_auto(MigStats) stats = {0};

    mig_incoming_stats(migration->in, &stats);
    log_printf(vm->log, VDEV_LOG_WARNING, "load of migration failed: %s",
               stats.error == NULL ? "cancelled" : stats.error);
    if (migration->exit_if_in_fails) {
        vm_request_end(vm, FALSE, 1, "host-error");
        return;
    }
    /* Another one may come, and finds the machine as new. */
    vm->quiesced = FALSE;
    if (vm_reset_devices(vm, &error))
        return;
    log_printf(vm->log, VDEV_LOG_WARNING, "reset failed: %s", error->message);
    vm_request_end(vm, FALSE, 1, "host-error");
}

/* What the guest did with its memory so far is kept for whoever wants to look at it. */
static void
note_lost_memory(Vm *vm)
{
    g_auto(MigStats) stats = {0};

    /* A reset may have been faster: that guest has no memory to lose. */
    if (vm->ended || g_atomic_int_get(&vm->accel->memory) != ACCEL_MEMORY_IS_LOST)
        return;
    mig_incoming_stats(vm->migration->in, &stats);
    g_free(vm->migration->lost);
    vm->migration->lost = g_strdup(stats.error == NULL ? "it was given up" : stats.error);
    log_printf(vm->log, VDEV_LOG_WARNING, "the guest is stopped, its memory cannot be loaded: %s",
               vm->migration->lost);
    vm_halt(vm, RUN_STATE_IO_ERROR);
}

void
vm_incoming_ended(Vm *vm)
{
    MigIncoming *in = vm->migration->in;

    if (mig_incoming_status(in) == MIG_STATUS_COMPLETED)
        return;
    if (mig_incoming_guest_ran(in))
        note_lost_memory(vm);
    else
        note_failed_load(vm);
}

/* ---- for the monitor, and the command line --------------------------------------------------- */

static gboolean
listen_at(Vm *vm, const char *uri, gboolean exit_if_it_fails, GError **error)
{
    VmMigration *migration = vm->migration;
    MigIncoming *in;

    if (!mig_restore_is_possible(&migration->host, migration->params, error))
        return FALSE;
    in = mig_incoming_new(&migration->host, migration->params, uri, error);
    if (in == NULL)
        return FALSE;
    mig_incoming_free(migration->in);
    migration->in = in;
    migration->latest_is_in = TRUE;
    migration->exit_if_in_fails = exit_if_it_fails;
    migration->running = TRUE;
    return TRUE;
}

static gboolean
begin(Vm *vm, GError **error)
{
    const Options *options = vm->options;

    if (options->incoming == NULL)
        return options->start_paused || vm_cont(vm, error);
    return strcmp(options->incoming, OPTION_INCOMING_DEFER) == 0 ||
           listen_at(vm, options->incoming, TRUE, error);
}

gboolean
vm_begin(Vm *vm, GError **error)
{
    const char *incoming = vm->options->incoming;
    GError *reason = NULL;

    if (begin(vm, &reason))
        return TRUE;
    vm_host_error(error, "%s%s%s%s", incoming == NULL ? "" : "-incoming ",
                  incoming == NULL ? "" : incoming, incoming == NULL ? "" : ": ", reason->message);
    g_error_free(reason);
    return FALSE;
}

gboolean
vm_migrate_incoming(Vm *vm, const char *uri, gboolean end_if_it_fails, GError **error)
{
    vm_migrate_settle(vm);
    if (vm->state != RUN_STATE_INMIGRATE)
        return vm_usage(error, "no guest is waited for: start with -incoming defer");
    if (vm->migration->running)
        return vm_usage(error, "the guest is waited for already, at %s",
                        mig_incoming_uri(vm->migration->in));
    return listen_at(vm, uri, end_if_it_fails, error);
}
