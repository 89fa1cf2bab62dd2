/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A Vm for tests of the monitor (see the header). Two vCPUs, one module with two devices and
 * three machine types, one of which cannot be run.
 */
#include "tests/unit/vmm/fake-vm.h"

#include <string.h>

typedef struct {
    VmEventFunc func;
    void *user;
} FakeListener;

static const char *const colours[] = {"red", "green", NULL};

static const VdevProperty lamp_props[] = {
    {.name = "on", .kind = VDEV_PROP_BOOL, .initial = 1, .help = "whether it burns"},
    {.name = "watts", .kind = VDEV_PROP_UINT32, .initial = 40, .min = 1, .max = 100},
    {.name = "energy", .kind = VDEV_PROP_UINT64, .initial = G_MAXUINT64},
    {.name = "buffer", .kind = VDEV_PROP_SIZE, .initial = 4096},
    {.name = "label", .kind = VDEV_PROP_STRING},
    {.name = "colour", .kind = VDEV_PROP_ENUM, .initial = 1, .choices = colours},
    {.name = NULL},
};

static const VdevClass lamp = {.name = "lamp", .props = lamp_props};
static const VdevClass bell = {.name = "bell"};
static const VdevClass *const devices[] = {&lamp, &bell, NULL};

static const VdevProperty house_props[] = {{.name = "rooms", .kind = VDEV_PROP_UINT32}, {NULL}};
static const VdevMachineRow house_rows[] = {
    {.name = "house-2.0", .alias = "house"},
    {.name = "house-1.0"},
    {.name = "house-0.1", .refusal = "has no door"},
    {.name = NULL},
};
static const VdevMachineClass house = {.name = "house", .props = house_props, .rows = house_rows};
static const VdevMachineClass *const machines[] = {&house, NULL};

static const VdevModule module = {
    .abi = VDEV_ABI,
    .size = sizeof(VdevModule),
    .name = "fake",
    .devices = devices,
    .machines = machines,
};

Vm *
fake_vm_new(void)
{
    Vm *vm = g_new0(Vm, 1);

    vm->state = RUN_STATE_PRELAUNCH;
    vm->listeners = g_array_new(FALSE, FALSE, sizeof(FakeListener));
    vm->told = g_string_new(NULL);
    vm->fdsets = fdsets_new();
    vm->params = mig_params_new();
    vm->irq_text = 16;
    return vm;
}

void
fake_vm_free(Vm *vm)
{
    if (vm == NULL)
        return;
    g_assert_cmpuint(vm->listeners->len, ==, 0); /* whoever listened must have left */
    g_array_unref(vm->listeners);
    g_string_free(vm->told, TRUE);
    fdsets_free(vm->fdsets);
    mig_params_free(vm->params);
    g_free(vm);
}

void
fake_vm_emit(Vm *vm, VmEventKind kind, gboolean by_guest, const char *reason)
{
    const VmEvent event = {kind, by_guest, reason};

    for (guint i = 0; i < vm->listeners->len; i++) {
        FakeListener *listener = &g_array_index(vm->listeners, FakeListener, i);

        listener->func(vm, &event, listener->user);
    }
}

void
vm_add_listener(Vm *vm, VmEventFunc func, void *user)
{
    const FakeListener listener = {func, user};

    g_array_append_val(vm->listeners, listener);
}

void
vm_remove_listener(Vm *vm, VmEventFunc func, void *user)
{
    for (guint i = 0; i < vm->listeners->len; i++) {
        FakeListener *listener = &g_array_index(vm->listeners, FakeListener, i);

        if (listener->func == func && listener->user == user) {
            g_array_remove_index(vm->listeners, i);
            return;
        }
    }
    g_assert_not_reached();
}

static gboolean
change(Vm *vm, RunState state, VmEventKind event, GError **error)
{
    if (vm->failure != NULL) {
        g_set_error_literal(error, VM_ERROR, VM_ERROR_HOST, vm->failure);
        vm->failure = NULL;
        return FALSE;
    }
    if (runstate_runs_vcpus(vm->state) != runstate_runs_vcpus(state)) {
        vm->state = state;
        fake_vm_emit(vm, event, FALSE, NULL);
    }
    return TRUE;
}

gboolean
vm_stop(Vm *vm, RunState why, GError **error)
{
    return change(vm, why, VM_EVENT_STOP, error);
}

gboolean
vm_cont(Vm *vm, GError **error)
{
    return change(vm, RUN_STATE_RUNNING, VM_EVENT_RESUME, error);
}

RunState
vm_state(const Vm *vm)
{
    return vm->state;
}

void
vm_request_reset(Vm *vm, gboolean by_guest)
{
    g_string_append(vm->told, by_guest ? "guest-reset;" : "reset;");
}

void
vm_request_shutdown(Vm *vm, gboolean by_guest, int exit_status)
{
    g_string_append_printf(vm->told, "%sshutdown %d;", by_guest ? "guest-" : "", exit_status);
}

void
vm_request_powerdown(Vm *vm)
{
    g_string_append(vm->told, "powerdown;");
}

gboolean
vm_inject_nmi(Vm *vm, GError **error)
{
    g_string_append(vm->told, "nmi;");
    return TRUE;
}

guint
vm_n_vcpus(const Vm *vm)
{
    return 2;
}

VmVcpuInfo
vm_vcpu_info(const Vm *vm, guint index)
{
    return (VmVcpuInfo){.index = index, .id = index * 8, .thread_id = 100, .started = index == 0};
}

FdSets *
vm_fdsets(Vm *vm)
{
    return vm->fdsets;
}

const Options *
vm_options(const Vm *vm)
{
    return &vm->options;
}

const char *
vm_machine_name(const Vm *vm)
{
    return "house-2.0";
}

guint
vm_n_modules(const Vm *vm)
{
    return 1;
}

const VdevModule *
vm_module(const Vm *vm, guint index)
{
    g_assert_cmpuint(index, ==, 0);
    return &module;
}

const VdevCpuInfo *
vm_cpu_info(const Vm *vm)
{
    static const VdevCpuInfo info = {.max_vcpus = 2048};

    return &info;
}

void
vm_print_irq(Vm *vm, GString *text)
{
    gsize before = text->len;

    g_string_set_size(text, before + vm->irq_text);
    memset(text->str + before, 'q', vm->irq_text);
}

void
vm_print_memory(Vm *vm, GString *text)
{
    g_string_append(text, "ram 0x0\n");
}
