/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guest held still while a migration sends its last bytes, and what becomes of it then.
 *
 *   running, paused, … ── hold ──▶ finish-migrate ── hand over ──▶ postmigrate
 *          ▲                             │
 *          └────────── let go ───────────┘
 *
 * VH-1  What the guest asked for before it stopped (reset, power-off, a panic) is done before it is
 *       held: none of it travels, and none is lost.
 * VH-2  While it is held nobody continues, resets or powers down the guest. The VM may end.
 * VH-3  Let go, it is as it was, unless `stop` came meanwhile: then it is paused.
 * VH-4  A running guest in the middle of something with which another program could not go on (the
 *       machine says so: a walk of ibm,configure-connector) has some time to finish it, by the
 *       parameter x-walk-wait; blocked-reasons says what is waited for. Then it is held all the
 *       same: a guest may leave a walk for ever.
 *
 * All of it runs on a migration's thread, under the machine lock, except vm_hold_stop().
 */
#include "vmm/vm-priv.h"

#include "migration-glue/rules.h"
#include "vmm/hotplug.h"
#include "vmm/vm-migrate.h"

/* Waits until nobody is in the middle of a change and nothing is asked. FALSE: the VM ends. */
static gboolean
wait_settled(Vm *vm)
{
    while (!vm->ended && (vm->hold.changing > 0 || vm_asked_pending(vm)))
        machine_lock_wait(&vm->lock, &vm->hold.changed);
    return !vm->ended;
}

/* VH-4. A walk takes some milliseconds of a guest that is about it. */
#define LOOK_US 1000

static gint64
patience_us(Vm *vm)
{
    return (gint64)mig_params_number(vm_migrate_params(vm), MIG_PARAM_X_WALK_WAIT) * 1000;
}

/* Why the guest should not be held now, or NULL. (transfer full) */
static char *
busy_with(Vm *vm)
{
    const VdevHotplugOps *ops = vm_hotplug_ops(vm);

    return vm->vcpus_run && ops != NULL && ops->busy != NULL ? ops->busy(vm->machine->object)
                                                             : NULL;
}

/* Lets the guest run until it is not busy, or @deadline. FALSE: the VM ends. */
static gboolean
wait_idle(Vm *vm, gint64 deadline)
{
    char *reason;

    while (!vm->ended && g_get_monotonic_time() < deadline && (reason = busy_with(vm)) != NULL) {
        g_free(vm->hold.waits);
        vm->hold.waits = reason;
        machine_unlock(&vm->lock);
        g_usleep(LOOK_US);
        machine_lock_vcpu(&vm->lock);
    }
    g_clear_pointer(&vm->hold.waits, g_free);
    return !vm->ended;
}

/* After the pause: whether it is to run on, because it has become busy meanwhile. */
static gboolean
runs_on(Vm *vm, gboolean ran, gint64 deadline)
{
    g_autofree char *reason = NULL;

    vm->vcpus_run = ran;
    reason = busy_with(vm);
    vm->vcpus_run = FALSE;
    if (reason != NULL && g_get_monotonic_time() >= deadline) {
        log_printf(vm->log, VDEV_LOG_WARNING, "the guest is moved although it is busy: %s", reason);
        return FALSE;
    }
    return reason != NULL;
}

/* `stop` came while the vCPUs were on their way out: it is done as if nobody held the guest, and
 * then a guest is held that stands. */
static void
stop_first(Vm *vm)
{
    g_autoptr(GError) error = NULL;

    vm->hold.on = FALSE;
    vm->vcpus_run = TRUE;
    if (!vm_stop(vm, vm->hold.from, &error))
        log_printf(vm->log, VDEV_LOG_WARNING, "the guest was not stopped: %s", error->message);
    loop_wake(vm->loop);
}

/* vCPUs out of the guest, with nothing asked on the way. */
static gboolean
pause_settled(Vm *vm)
{
    const gint64 deadline = g_get_monotonic_time() + patience_us(vm);

    while (wait_idle(vm, deadline) && wait_settled(vm)) {
        gboolean ran = vm->vcpus_run, later;

        vm->hold.on = TRUE;
        vm->hold.ran = ran;
        vm->hold.from = vm->state;
        if (ran)
            vm_pause(vm);
        later = vm->ended || vm_asked_pending(vm);
        if (!later && !runs_on(vm, ran, deadline) && ran == vm->hold.ran)
            return TRUE;
        if (ran && !vm->hold.ran && !vm->ended) {
            stop_first(vm);
        } else if (later) {
            /* VH-1: for the main thread the guest still runs; it makes no step meanwhile. */
            vm->hold.on = FALSE;
            vm->vcpus_run = ran;
            loop_wake(vm->loop);
        } else {
            vm->hold.on = FALSE;
            vm_unpause(vm);
        }
    }
    return FALSE;
}

static void
note_state(Vm *vm)
{
    const VdevMachineRow *row = vm->machine->type.row;

    host_global_set(&vm->globalstate, runstate_name(vm->hold.from), mig_rules_of_row(row));
}

static void
undo_pause(Vm *vm)
{
    g_autoptr(GError) second = NULL;

    vm->hold.on = FALSE;
    if (!vm_resume(vm, &second))
        log_printf(vm->log, VDEV_LOG_WARNING, "after a failed stop: %s", second->message);
    if (vm->hold.ran)
        vm_unpause(vm);
    loop_wake(vm->loop);
}

gboolean
vm_hold(Vm *vm, GError **error)
{
    if (!pause_settled(vm))
        return vm_host_error(error, "the VM ends");
    vm->hold.quieted = !vm->quiesced;
    if (!vm_quiesce(vm, error)) {
        undo_pause(vm);
        return FALSE;
    }
    note_state(vm);
    if (vm->hold.ran)
        vm_stopped(vm, RUN_STATE_FINISH_MIGRATE);
    else
        vm_set_state(vm, RUN_STATE_FINISH_MIGRATE);
    return TRUE;
}

void
vm_hold_stop(Vm *vm, RunState why)
{
    if (!vm->hold.ran)
        return;
    vm->hold.ran = FALSE;
    vm->hold.quieted = FALSE; /* a stopped machine is quiet */
    vm->hold.from = why;
    note_state(vm);
}

static gboolean
go_back(Vm *vm, GError **error)
{
    if (vm->hold.ran) {
        if (vm_wake_up(vm, error)) {
            vm_running(vm);
            return TRUE;
        }
        vm_set_state(vm, RUN_STATE_PAUSED);
        return FALSE;
    }
    vm_set_state(vm, vm->hold.from);
    return !vm->hold.quieted || vm_resume(vm, error);
}

gboolean
vm_let_go(Vm *vm, GError **error)
{
    gboolean good = vm->ended || go_back(vm, error);

    vm->hold.on = FALSE;
    loop_wake(vm->loop); /* what was asked meanwhile */
    return good;
}

void
vm_hand_over(Vm *vm)
{
    const gsize unread = chardev_unread(vm->console);

    if (unread > 0)
        log_printf(vm->log, VDEV_LOG_WARNING,
                   "%" G_GSIZE_FORMAT " bytes typed at the console stay behind: the guest had not "
                   "read them",
                   unread);
    vm->hold.on = FALSE;
    if (!vm->ended)
        vm_set_state(vm, RUN_STATE_POSTMIGRATE);
    loop_wake(vm->loop);
}
