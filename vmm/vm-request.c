/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Requests: anybody asks, the main loop acts. A vCPU thread cannot stop the machine it is part of,
 * so nothing here waits until the main thread serves.
 */
#include "vmm/vm-priv.h"

static void
request_set(Vm *vm, guint32 bit)
{
    vm->asked.bits |= bit;
    loop_wake(vm->loop);
}

void
vm_request_end(Vm *vm, gboolean by_guest, int exit_status, const char *reason)
{
    g_mutex_lock(&vm->asked_mutex);
    /* The first reason counts, but a failure is not hidden by it. */
    if ((vm->asked.bits & VM_REQUEST_END) == 0 || (vm->asked.end_status == 0 && exit_status != 0)) {
        vm->asked.end_by_guest = by_guest;
        vm->asked.end_status = exit_status;
        vm->asked.end_reason = reason;
    }
    request_set(vm, VM_REQUEST_END);
    g_mutex_unlock(&vm->asked_mutex);
}

void
vm_request_shutdown(Vm *vm, gboolean by_guest, int exit_status)
{
    const char *host_reason = exit_status == 0 ? "host-qmp-quit" : "host-error";

    vm_request_end(vm, by_guest, exit_status, by_guest ? "guest-shutdown" : host_reason);
}

void
vm_request_reset(Vm *vm, gboolean by_guest)
{
    if (vm->options->no_reboot) {
        vm_request_end(vm, by_guest, 0, by_guest ? "guest-reset" : "host-qmp-system-reset");
        return;
    }
    g_mutex_lock(&vm->asked_mutex);
    vm->asked.reset_by_guest = by_guest;
    request_set(vm, VM_REQUEST_RESET);
    g_mutex_unlock(&vm->asked_mutex);
}

void
vm_request_powerdown(Vm *vm)
{
    g_mutex_lock(&vm->asked_mutex);
    request_set(vm, VM_REQUEST_POWERDOWN);
    g_mutex_unlock(&vm->asked_mutex);
}

void
vm_request_panic(Vm *vm, const char *message)
{
    g_mutex_lock(&vm->asked_mutex);
    if ((vm->asked.bits & VM_REQUEST_PANIC) == 0) {
        g_free(vm->asked.panic);
        vm->asked.panic = g_strdup(message);
    }
    request_set(vm, VM_REQUEST_PANIC);
    g_mutex_unlock(&vm->asked_mutex);
}

void
vm_request_halted(Vm *vm)
{
    g_mutex_lock(&vm->asked_mutex);
    request_set(vm, VM_REQUEST_HALTED);
    g_mutex_unlock(&vm->asked_mutex);
}

typedef struct {
    VmErrandFunc func;
    void *data;
    GDestroyNotify free_data;
} VmErrand;

static void
errand_free(void *data)
{
    VmErrand *errand = data;

    if (errand->free_data != NULL)
        errand->free_data(errand->data);
    g_free(errand);
}

void
vm_run_errand(Vm *vm, VmErrandFunc func, void *data, GDestroyNotify free_data)
{
    VmErrand *errand = g_new(VmErrand, 1);

    *errand = (VmErrand){func, data, free_data};
    g_mutex_lock(&vm->asked_mutex);
    g_queue_push_tail(&vm->asked.errands, errand);
    loop_wake(vm->loop);
    g_mutex_unlock(&vm->asked_mutex);
}

gboolean
vm_asked_pending(Vm *vm)
{
    gboolean pending;

    g_mutex_lock(&vm->asked_mutex);
    pending = vm->asked.bits != 0;
    g_mutex_unlock(&vm->asked_mutex);
    return pending;
}

void
vm_asked_clear(Vm *vm)
{
    g_free(vm->asked.panic);
    g_queue_clear_full(&vm->asked.errands, errand_free);
}

void
vm_rest_caller(Vm *vm)
{
    for (guint i = 0; i < vm->vcpus->len; i++)
        vcpu_rest_if_caller(vm->vcpus->pdata[i]);
}

void
vm_rest_all(Vm *vm)
{
    for (guint i = 0; i < vm->vcpus->len; i++)
        vcpu_set_machine_runs(vm->vcpus->pdata[i], FALSE);
}

/* ---- serving ------------------------------------------------------------------------------- */

static gboolean
vm_has_monitor(const Vm *vm)
{
    return vm->options->qmp->len > 0;
}

static void
serve_end(Vm *vm, const VmAsked *asked)
{
    vm_emit(vm, VM_EVENT_SHUTDOWN, asked->end_by_guest, asked->end_reason);
    vm_migrate_give_up(vm);
    vm_pause(vm);
    if (runstate_may(vm->state, RUN_STATE_SHUTDOWN))
        vm->state = RUN_STATE_SHUTDOWN;
    vm->ended = TRUE;
    vm->exit_status = asked->end_status;
}

/* The guest cannot go on. An operator at a monitor may look at it; without one it ends. */
static void
serve_panic(Vm *vm, const VmAsked *asked)
{
    const char *text = asked->panic == NULL ? "the guest panicked" : asked->panic;

    log_message(vm->log, VDEV_LOG_WARNING, text);
    vm_emit(vm, VM_EVENT_GUEST_PANICKED, TRUE, text);
    vm_halt(vm, RUN_STATE_GUEST_PANICKED);
    if (!vm_has_monitor(vm))
        vm_request_end(vm, TRUE, 1, "guest-panic");
}

static void
serve_reset(Vm *vm, const VmAsked *asked)
{
    g_autoptr(GError) error = NULL;

    /* There is no guest yet, and its memory stays as nobody has written it. */
    if (vm->state == RUN_STATE_INMIGRATE)
        return;
    if (vm_reset(vm, asked->reset_by_guest, &error))
        return;
    log_printf(vm->log, VDEV_LOG_WARNING, "reset failed: %s", error->message);
    if (runstate_may(vm->state, RUN_STATE_INTERNAL_ERROR))
        vm->state = RUN_STATE_INTERNAL_ERROR;
    vm_request_shutdown(vm, FALSE, 1);
}

static void
serve_powerdown(Vm *vm, const VmAsked *asked)
{
    vm_emit(vm, VM_EVENT_POWERDOWN, FALSE, NULL);
    vm->machine->type.klass->powerdown(vm->machine->object);
}

/* Scripts of the model end; when the last one has, and nobody could start another, so does the VM.
 */
static void
serve_halted(Vm *vm, const VmAsked *asked)
{
    gboolean some_started = FALSE;

    for (guint i = 0; i < vm->vcpus->len; i++) {
        if (!vcpu_idle(vm->vcpus->pdata[i]))
            return;
        some_started = some_started || vcpu_started(vm->vcpus->pdata[i]);
    }
    if (some_started && !vm_has_monitor(vm))
        vm_request_end(vm, TRUE, 0, "guest-shutdown");
}

/* In this order: an end makes the rest needless. */
static const struct {
    VmRequestBit bit;
    void (*serve)(Vm *vm, const VmAsked *asked);
} services[] = {
    {VM_REQUEST_END, serve_end},       {VM_REQUEST_PANIC, serve_panic},
    {VM_REQUEST_RESET, serve_reset},   {VM_REQUEST_POWERDOWN, serve_powerdown},
    {VM_REQUEST_HALTED, serve_halted},
};

static void
run_errands(Vm *vm)
{
    GQueue errands;
    VmErrand *errand;

    g_mutex_lock(&vm->asked_mutex);
    errands = vm->asked.errands;
    g_queue_init(&vm->asked.errands);
    g_mutex_unlock(&vm->asked_mutex);
    while ((errand = g_queue_pop_head(&errands)) != NULL) {
        errand->func(vm, errand->data);
        errand_free(errand);
    }
}

/* What may be done now: a guest that a migration holds is left as it is, unless the VM ends. */
static void
take_asked(Vm *vm, VmAsked *asked)
{
    guint32 now = vm->hold.on ? VM_REQUEST_END : ~0u;

    g_mutex_lock(&vm->asked_mutex);
    *asked = vm->asked;
    asked->bits &= now;
    vm->asked.bits &= ~now;
    if ((asked->bits & VM_REQUEST_PANIC) != 0)
        vm->asked.panic = NULL;
    else
        asked->panic = NULL;
    g_mutex_unlock(&vm->asked_mutex);
}

void
vm_serve_requests(Vm *vm)
{
    VmAsked asked;

    run_errands(vm);
    take_asked(vm, &asked);
    if (asked.bits == 0)
        return;
    vm_change_begin(vm);
    for (guint i = 0; i < G_N_ELEMENTS(services) && !vm->ended; i++)
        if ((asked.bits & services[i].bit) != 0)
            services[i].serve(vm, &asked);
    vm_change_end(vm);
    g_free(asked.panic);
}

/* ---- a system reset interrupt ---------------------------------------------------------------- */

/* What was asked on the way out comes first: a guest that asked for its reset runs no further. */
static void
go_on(Vm *vm)
{
    vm->vcpus_run = TRUE;
    if (vm_asked_pending(vm))
        vm_serve_requests(vm);
    if (vm->vcpus_run && !vm->ended)
        vm_unpause(vm);
}

/* Out of the guest, not held: then hypercalls are answered and the answers are in the registers. */
gboolean
vm_inject_nmi(Vm *vm, GError **error)
{
    const VdevMachineClass *klass = vm->machine->type.klass;
    const gboolean ran = vm->vcpus_run;
    gboolean done;

    if (klass->inject_nmi == NULL)
        return vm_host_error(error, "this machine has no system reset interrupt");
    vm_change_begin(vm);
    if (ran)
        vm_pause(vm);
    done = klass->inject_nmi(vm->machine->object, error);
    if (ran)
        go_on(vm);
    vm_change_end(vm);
    return done;
}
