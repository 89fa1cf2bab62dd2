/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Stop, go on, reset: the vCPUs, the machine's quiesce and resume, the run state, the events.
 *
 * quiesce and resume are paired on every path: stop quiesces, go on resumes; a reset of a stopped
 * machine resumes it first (nothing runs yet), resets it, and quiesces it again.
 */
#include <errno.h>

#include "vmm/vm-priv.h"

static void
event_free(void *data)
{
    VmEvent *event = data;

    g_free((char *)event->reason);
    g_free((char *)event->device);
    g_free(event);
}

static void
event_arrived(Vm *vm, void *data)
{
    vm_emit_event(vm, data);
}

void
vm_emit_event(Vm *vm, const VmEvent *event)
{
    g_autofree VmListener *copy = NULL;
    guint n = vm->listeners->len;

    if (g_thread_self() != vm->main_thread) {
        VmEvent *carried = g_memdup2(event, sizeof(*event));

        carried->reason = g_strdup(event->reason);
        carried->device = g_strdup(event->device);
        vm_run_errand(vm, event_arrived, carried, event_free);
        return;
    }

    /* A listener may remove itself. */
    copy = g_memdup2(vm->listeners->data, n * sizeof(VmListener));
    for (guint i = 0; i < n; i++)
        copy[i].func(vm, event, copy[i].user);
}

void
vm_emit(Vm *vm, VmEventKind kind, gboolean by_guest, const char *reason)
{
    vm_emit_event(vm, &(VmEvent){.kind = kind, .by_guest = by_guest, .reason = reason});
}

/* Whose console's input is the guest's: what is not read here can be read where the guest is. */
static gboolean
guest_is_here(RunState state)
{
    return state != RUN_STATE_INMIGRATE && state != RUN_STATE_FINISH_MIGRATE &&
           state != RUN_STATE_POSTMIGRATE;
}

void
vm_set_state(Vm *vm, RunState state)
{
    g_assert(runstate_may(vm->state, state));
    vm->state = state;
    if (guest_is_here(state))
        chardev_go_on(vm->console);
    else
        chardev_pause(vm->console);
}

void
vm_pause(Vm *vm)
{
    vm_rest_all(vm);
    /* While it waits a hypercall may unplug one and move the others up. */
    for (guint i = 0; i < vm->vcpus->len;) {
        VdevVcpu *vcpu = vm->vcpus->pdata[i];

        vcpu_wait_parked(vcpu);
        i = i < vm->vcpus->len && vm->vcpus->pdata[i] == vcpu ? i + 1 : 0;
    }
    vm->vcpus_run = FALSE;
}

void
vm_unpause(Vm *vm)
{
    vm->vcpus_run = TRUE;
    for (guint i = 0; i < vm->vcpus->len; i++)
        vcpu_set_machine_runs(vm->vcpus->pdata[i], TRUE);
}

void
vm_change_begin(Vm *vm)
{
    vm->hold.changing++;
}

void
vm_change_end(Vm *vm)
{
    if (--vm->hold.changing == 0)
        g_cond_broadcast(&vm->hold.changed);
}

gboolean
vm_quiesce(Vm *vm, GError **error)
{
    if (!vm->quiesced)
        vm->quiesced = vm->machine->type.klass->quiesce(vm->machine->object, error);
    return vm->quiesced;
}

gboolean
vm_resume(Vm *vm, GError **error)
{
    if (!vm->machine->type.klass->resume(vm->machine->object, error))
        return FALSE;
    vm->quiesced = FALSE;
    return TRUE;
}

void
vm_stopped(Vm *vm, RunState why)
{
    guest_clock_stop(&vm->clock, vm->accel->klass->timebase(vm->accel));
    vm_set_state(vm, why);
    vm_emit(vm, VM_EVENT_STOP, FALSE, NULL);
}

static gboolean
vm_stop_now(Vm *vm, RunState why, GError **error)
{
    vm_pause(vm);
    if (!vm_quiesce(vm, error)) {
        g_autoptr(GError) second = NULL;

        /* What was quiesced half is undone; the guest goes on. */
        if (!vm_resume(vm, &second))
            log_printf(vm->log, VDEV_LOG_WARNING, "after a failed stop: %s", second->message);
        vm_unpause(vm);
        return FALSE;
    }
    vm_stopped(vm, why);
    return TRUE;
}

gboolean
vm_stop(Vm *vm, RunState why, GError **error)
{
    gboolean good = TRUE;

    if (vm->hold.on)
        vm_hold_stop(vm, why);
    else if (vm->state == RUN_STATE_INMIGRATE)
        vm->autostart = FALSE;
    if (vm->hold.on || !vm->vcpus_run)
        return TRUE;
    vm_change_begin(vm);
    good = vm_stop_now(vm, why, error);
    vm_change_end(vm);
    return good;
}

void
vm_halt(Vm *vm, RunState why)
{
    g_autoptr(GError) error = NULL;

    if (!vm->vcpus_run)
        return;
    vm_change_begin(vm);
    vm_pause(vm);
    if (!vm_quiesce(vm, &error))
        log_printf(vm->log, VDEV_LOG_WARNING, "the machine did not quiesce: %s", error->message);
    vm_stopped(vm, why);
    vm_change_end(vm);
}

gboolean
vm_wake_up(Vm *vm, GError **error)
{
    if (!guest_clock_go_on(&vm->clock, vm->vcpus, vm->accel->klass->timebase(vm->accel), error))
        return FALSE;
    if (!vm_resume(vm, error)) {
        guest_clock_stop(&vm->clock, vm->accel->klass->timebase(vm->accel));
        return FALSE;
    }
    return TRUE;
}

void
vm_running(Vm *vm)
{
    vm_set_state(vm, RUN_STATE_RUNNING);
    vm_emit(vm, VM_EVENT_RESUME, FALSE, NULL);
    vm_unpause(vm);
}

gboolean
vm_cont(Vm *vm, GError **error)
{
    if (vm_migrate_holds_guest(vm, error))
        return FALSE;
    if (vm->state == RUN_STATE_INMIGRATE)
        vm->autostart = TRUE;
    if (vm->vcpus_run || vm->state == RUN_STATE_INMIGRATE)
        return TRUE;
    if (vm->ended || !runstate_may(vm->state, RUN_STATE_RUNNING))
        return vm_usage(error, "the VM is in state %s: a reset is needed first",
                        runstate_name(vm->state));
    if (vm_memory_lost(vm, error))
        return FALSE;
    if (!vm_wake_up(vm, error))
        return FALSE;
    vm_running(vm);
    return TRUE;
}

void
vm_note_trouble(Vm *vm, gint result, const char *format, ...)
{
    g_autofree char *what = NULL;
    va_list arguments;

    if (result == 0 || result == -EINVAL || result == -ENXIO || vm->trouble != NULL)
        return;
    va_start(arguments, format);
    what = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    vm_host_error(&vm->trouble, "%s: %s", what, g_strerror(-result));
}

static gboolean
vm_no_trouble(Vm *vm, GError **error)
{
    if (vm->trouble == NULL)
        return TRUE;
    g_propagate_error(error, g_steal_pointer(&vm->trouble));
    return FALSE;
}

gboolean
vm_reset_devices(Vm *vm, GError **error)
{
    return vm->machine->type.klass->reset(vm->machine->object, error) && vm_no_trouble(vm, error);
}

gboolean
vm_reset_machine(Vm *vm, GError **error)
{
    const VdevMachineClass *klass = vm->machine->type.klass;

    return vm_reset_devices(vm, error) &&
           klass->load_boot(vm->machine->object, boot_image(vm->boot), error) &&
           vm_no_trouble(vm, error);
}

static gboolean
vm_reset_now(Vm *vm, gboolean by_guest, GError **error)
{
    gboolean was_running = vm->vcpus_run;
    gboolean was_quiesced = vm->quiesced;

    vm_pause(vm);
    g_clear_error(&vm->trouble); /* of the time before */
    vm_memory_is_old(vm);
    if ((was_quiesced && !vm_resume(vm, error)) || !vm_reset_machine(vm, error))
        return FALSE;
    vm_memory_is_new(vm);
    vm_emit(vm, VM_EVENT_RESET, by_guest, by_guest ? "guest-reset" : "host-qmp-system-reset");
    if (was_running) {
        if (!vm_resume(vm, error))
            return FALSE;
        vm_unpause(vm);
        return TRUE;
    }
    if (runstate_may(vm->state, RUN_STATE_PRELAUNCH))
        vm_set_state(vm, RUN_STATE_PRELAUNCH);
    return !was_quiesced || vm_quiesce(vm, error);
}

gboolean
vm_reset(Vm *vm, gboolean by_guest, GError **error)
{
    gboolean good;

    vm_change_begin(vm);
    good = vm_reset_now(vm, by_guest, error);
    vm_change_end(vm);
    return good;
}
