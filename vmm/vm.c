/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Vm: construction, destruction, the main loop. What happens while it runs is in vm-run.c and
 * vm-request.c, its memory in vm-memory.c.
 */
#include "vmm/vm.h"

#include <signal.h>

#include "vmm/hotplug-priv.h"
#include "vmm/vm-accel.h"
#include "vmm/vm-priv.h"

gboolean
vm_usage(GError **error, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    if (error != NULL)
        *error = g_error_new_valist(VM_ERROR, VM_ERROR_USAGE, format, arguments);
    va_end(arguments);
    return FALSE;
}

gboolean
vm_host_error(GError **error, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    if (error != NULL)
        *error = g_error_new_valist(VM_ERROR, VM_ERROR_HOST, format, arguments);
    va_end(arguments);
    return FALSE;
}

static void
vm_signal(int signal_number, void *user)
{
    Vm *vm = user;

    log_printf(vm->log, VDEV_LOG_WARNING, "ended by signal %d (%s)", signal_number,
               g_strsignal(signal_number));
    vm_request_end(vm, FALSE, 0, "host-signal");
}

static void
vm_console_quit(void *user)
{
    vm_request_end(user, FALSE, 0, "host-ui");
}

/* ---- construction, in this order ----------------------------------------------------------- */

static gboolean
vm_make_loop(Vm *vm, GError **error)
{
    vm->log = log_new(vm->options->log_kinds);
    vm->loop = loop_new(&vm->lock);
    host_init(&vm->host, vm);
    return loop_watch_signals(vm->loop, vm_signal, vm, error);
}

static gboolean
vm_load_modules(Vm *vm, GError **error)
{
    g_autoptr(GPtrArray) path = module_search_path(vm->options->module_dirs);

    vm->modules = module_set_load(path, VM_HOST_GROUPS, error);
    return vm->modules != NULL;
}

/* Everything about the command line that can be refused before anything is opened. */
static gboolean
vm_make_machine(Vm *vm, GError **error)
{
    const Options *options = vm->options;
    MachineType type;

    if (!machine_find(vm->modules, options->machine == NULL ? NULL : options->machine->name, &type,
                      error))
        return FALSE;
    vm->machine = machine_new(&type, options->machine, &vm->host, error);
    if (vm->machine == NULL)
        return FALSE;
    for (guint i = 0; i < options->devices->len; i++)
        if (!vm_hotplug_takes(vm, options->devices->pdata[i]) &&
            !machine_add_device(vm->machine, vm->modules, options->devices->pdata[i], error))
            return FALSE;
    return vm_memory_plan(vm, error);
}

static gboolean
vm_open_boot(Vm *vm, GError **error)
{
    vm->boot = boot_new(vm->options->kernel, vm->options->initrd, error);
    return vm->boot != NULL;
}

static gboolean
vm_open_accel(Vm *vm, GError **error)
{
    const Options *options = vm->options;

    vm->accel = vm_accel_open(options, vm->log, error);
    if (vm->accel == NULL)
        return FALSE;
    vm->cpu_info = vm->accel->klass->cpu_info(vm->accel);
    if (options->max_cpus > vm->cpu_info->max_vcpus)
        return vm_usage(error, "-smp: %u vCPUs are more than the %u that -accel %s allows",
                        options->max_cpus, vm->cpu_info->max_vcpus, vm->accel->klass->name);
    if (options->kernel == NULL && !vm->accel->klass->scripted)
        return vm_usage(error, "-kernel is missing: there is no firmware that could start a guest "
                               "without one");
    vm->vcpu_owner = (VcpuOwner){
        .accel = vm->accel,
        .lock = &vm->lock,
        .hcall = vm_vcpu_hcall,
        .stray_access = vm_vcpu_stray_access,
        .machine_check = vm_vcpu_machine_check,
        .out = vm_vcpu_out,
        .user = vm,
    };
    return TRUE;
}

static gboolean
vm_open_console(Vm *vm, GError **error)
{
    const Options *options = vm->options;
    const char *standard = options->nographic ? "stdio" : "none";
    ChardevConfig config = {
        .spec = options->serial == NULL ? standard : options->serial,
        .escape = options->nographic,
        .log = vm->log,
        .quit = vm_console_quit,
        .user = vm,
    };
    GError *reason = NULL;

    vm->console = chardev_new(&config, &reason);
    if (reason != NULL)
        g_propagate_error(error, reason);
    return reason == NULL;
}

static gboolean
vm_realize(Vm *vm, GError **error)
{
    const Options *options = vm->options;
    const MachineType *type = &vm->machine->type;

    vm->config.cpus = options->cpus;
    vm->config.max_cpus = options->max_cpus;
    vm->config.name = options->name;
    vm->config.uuid = options->have_uuid ? options->uuid : NULL;
    vm->config.cmdline = options->append;
    vm->config.console = vm->console;
    vm->realized = type->klass->realize(vm->machine->object, type->row, &vm->config, error);
    /* The module took a failure for a "no", and says what it lacks; the failure is the reason. */
    if (!vm->realized && vm->trouble != NULL) {
        g_clear_error(error);
        g_propagate_error(error, g_steal_pointer(&vm->trouble));
    }
    return vm->realized;
}

/* A guest that comes in finds memory as nobody has written it, and no vCPU started. */
static gboolean
vm_first_reset(Vm *vm, GError **error)
{
    vm->autostart = !vm->options->start_paused;
    if (vm->options->incoming == NULL)
        return vm_reset_machine(vm, error);
    vm_set_state(vm, RUN_STATE_INMIGRATE);
    return vm_reset_devices(vm, error);
}

static gboolean
vm_check_migratable(Vm *vm, GError **error)
{
    g_auto(GStrv) blockers = vm->options->only_migratable ? vm_migrate_blockers(vm) : NULL;

    return blockers == NULL || blockers[0] == NULL ||
           vm_usage(error, "-only-migratable: this guest could not migrate: %s", blockers[0]);
}

typedef gboolean (*VmStep)(Vm *vm, GError **error);

static const VmStep vm_steps[] = {
    vm_make_loop,     vm_load_modules, vm_make_machine, vm_open_boot,        vm_open_accel,
    vm_memory_make,   vm_open_console, vm_migrate_init, vm_state_begin,      vm_realize,
    vm_hotplug_start, vm_state_end,    vm_first_reset,  vm_check_migratable,
};

/* A step's error as the caller's exit status: what the command line asked is 2. */
static void
vm_take_error(GError *reason, GError **error)
{
    gboolean usage = reason->domain == G_OPTION_ERROR;

    if (reason->domain == VM_ERROR) {
        g_propagate_error(error, reason);
        return;
    }
    g_set_error_literal(error, VM_ERROR, usage ? VM_ERROR_USAGE : VM_ERROR_HOST, reason->message);
    g_error_free(reason);
}

Vm *
vm_new(const Options *options, GError **error)
{
    Vm *vm = g_new0(Vm, 1);

    vm->options = options;
    vm->main_thread = g_thread_self();
    vm->state = RUN_STATE_PRELAUNCH;
    vm->regions = g_ptr_array_new();
    vm->vcpus = g_ptr_array_new();
    vm->parked = g_ptr_array_new();
    vm->plugs = g_ptr_array_new();
    vm->fdsets = fdsets_new();
    vm->listeners = g_array_new(FALSE, FALSE, sizeof(VmListener));
    machine_lock_init(&vm->lock);
    g_mutex_init(&vm->asked_mutex);
    g_mutex_init(&vm->vcpus_mutex);
    g_cond_init(&vm->hold.changed);
    machine_lock_main(&vm->lock);
    for (guint i = 0; i < G_N_ELEMENTS(vm_steps); i++) {
        GError *reason = NULL;

        if (vm_steps[i](vm, &reason))
            continue;
        if (reason == NULL)
            vm_host_error(&reason, "the machine failed to start and gave no reason");
        vm_take_error(reason, error);
        vm_free(vm);
        return NULL;
    }
    return vm;
}

/* ---- destruction, in reverse --------------------------------------------------------------- */

static void
vm_free_vcpus(GPtrArray *vcpus)
{
    while (vcpus->len > 0)
        vcpu_free(g_ptr_array_steal_index(vcpus, vcpus->len - 1));
}

void
vm_free(Vm *vm)
{
    if (vm == NULL)
        return;
    vm_migrate_finish(vm);
    vm_pause(vm);
    if (vm->realized)
        vm->machine->type.klass->finish(vm->machine->object);
    vm_state_free(vm);
    vm_free_vcpus(vm->vcpus);
    vm_free_vcpus(vm->parked);
    vm_hotplug_free(vm);
    chardev_free(vm->console);
    vm_memory_free(vm);
    if (vm->accel != NULL)
        vm->accel->klass->close(vm->accel);
    boot_free(vm->boot);
    machine_free(vm->machine);
    if (vm->backends != NULL)
        g_array_unref(vm->backends);
    module_set_free(vm->modules);
    loop_free(vm->loop);
    log_free(vm->log);
    vm_asked_clear(vm);
    g_clear_error(&vm->trouble);
    machine_unlock(&vm->lock);
    g_mutex_clear(&vm->asked_mutex);
    g_mutex_clear(&vm->vcpus_mutex);
    g_cond_clear(&vm->hold.changed);
    machine_lock_clear(&vm->lock);
    g_array_unref(vm->listeners);
    fdsets_free(vm->fdsets);
    g_ptr_array_unref(vm->vcpus);
    g_ptr_array_unref(vm->parked);
    g_ptr_array_unref(vm->regions);
    g_free(vm);
}

int
vm_run(Vm *vm)
{
    while (!vm->ended) {
        loop_iterate(vm->loop);
        vm_serve_requests(vm);
    }
    return vm->exit_status;
}

/* ---- what others may ask ------------------------------------------------------------------- */

RunState
vm_state(const Vm *vm)
{
    return vm->state;
}

guint
vm_n_vcpus(const Vm *vm)
{
    return vm->vcpus->len;
}

VmVcpuInfo
vm_vcpu_info(const Vm *vm, guint index)
{
    VdevVcpu *vcpu = vm->vcpus->pdata[index];

    return (VmVcpuInfo){
        .index = index,
        .id = vcpu_id(vcpu),
        .thread_id = vcpu_thread_id(vcpu),
        .started = vcpu_started(vcpu),
    };
}

const Options *
vm_options(const Vm *vm)
{
    return vm->options;
}

const char *
vm_machine_name(const Vm *vm)
{
    return vm->machine->type.row->name;
}

guint
vm_n_modules(const Vm *vm)
{
    return module_set_size(vm->modules);
}

const VdevModule *
vm_module(const Vm *vm, guint index)
{
    return module_set_get(vm->modules, index);
}

const VdevCpuInfo *
vm_cpu_info(const Vm *vm)
{
    return vm->cpu_info;
}

FdSets *
vm_fdsets(Vm *vm)
{
    return vm->fdsets;
}

void
vm_print_irq(Vm *vm, GString *text)
{
    vm->machine->type.klass->print_irq(vm->machine->object, text);
}

void
vm_add_listener(Vm *vm, VmEventFunc func, void *user)
{
    VmListener listener = {func, user};

    g_array_append_val(vm->listeners, listener);
}

void
vm_remove_listener(Vm *vm, VmEventFunc func, void *user)
{
    for (guint i = 0; i < vm->listeners->len; i++) {
        const VmListener *listener = &g_array_index(vm->listeners, VmListener, i);

        if (listener->func == func && listener->user == user) {
            g_array_remove_index(vm->listeners, i);
            return;
        }
    }
}
