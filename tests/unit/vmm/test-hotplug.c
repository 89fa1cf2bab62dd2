/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Plugging and unplugging: the host's side, with a machine that does what the test says, over the
 * model's slots and vCPUs. HP-n: vmm/hotplug.h.
 */
#include <string.h>
#include <unistd.h>

#include "vmm/hotplug-priv.h"
#include "vmm/hotplug.h"
#include "vmm/vm-migrate.h"

#define ALIGN ((guint64)1 << 20)

typedef struct {
    VdevHost *host;
    gboolean refuses;    /* the next plug */
    gboolean fails_late; /* the next plug, after it has placed the memory */
    VdevVcpu *vcpu;      /* of the core that was plugged last */
    VdevPlug *last, *leaving;
    Vm *stops;           /* at a look while it is held, as an operator might; NULL: not */
    gint busy;           /* so many more looks; G_MAXINT: for ever */
    const Vm *held;      /* while a hold waits for it */
    guint looks, blocks; /* how often that was looked at, and stood among the blocked-reasons */
} Toy;

static gboolean
toy_plug(void *machine, VdevPlug *plug, GError **error)
{
    Toy *toy = machine;
    gboolean good = !toy->refuses;

    if (plug->kind == VDEV_PLUG_MEMORY && plug->gpa == 0)
        plug->gpa = 64 * ALIGN;
    if (plug->kind == VDEV_PLUG_MEMORY && plug->slot < 0)
        plug->slot = 0;
    if (good && plug->kind == VDEV_PLUG_MEMORY)
        good = toy->host->plug_memory(toy->host, plug, plug->block, error);
    else if (good)
        good = (toy->vcpu = toy->host->vcpu_new(toy->host, plug->core_id, error)) != NULL;
    else
        g_set_error_literal(error, G_OPTION_ERROR, G_OPTION_ERROR_FAILED, "the toy refuses");
    if (good && toy->fails_late) {
        toy->host->unplug_memory(toy->host, plug);
        g_set_error_literal(error, G_OPTION_ERROR, G_OPTION_ERROR_FAILED, "the toy fails late");
        return FALSE;
    }
    toy->last = good ? plug : NULL;
    return good;
}

static gboolean
toy_unplug(void *machine, VdevPlug *plug, GError **error)
{
    ((Toy *)machine)->leaving = plug;
    return TRUE;
}

static guint
toy_n_cores(void *machine)
{
    return 0;
}

static char *
toy_busy(void *machine)
{
    Toy *toy = machine;

    if (toy->stops != NULL && toy->stops->hold.on)
        g_assert_true(vm_stop(g_steal_pointer(&toy->stops), RUN_STATE_PAUSED, NULL));
    toy->looks++;
    if (toy->held != NULL) {
        g_auto(GStrv) reasons = vm_migrate_blockers((Vm *)toy->held);

        toy->blocks += g_strv_contains((const char *const *)reasons, "the toy is moving");
    }
    if (toy->busy == 0)
        return NULL;
    toy->busy -= toy->busy < G_MAXINT;
    return g_strdup("the toy is moving");
}

static const char *const core_types[] = {"toy-core", NULL};
static const VdevHotplugOps toy_ops = {
    .memory_type = "pc-dimm",
    .core_types = core_types,
    .memory_align = ALIGN,
    .plug = toy_plug,
    .unplug = toy_unplug,
    .n_cores = toy_n_cores,
    .busy = toy_busy,
};
static const VdevMachineRow toy_row = {.name = "pseries-10.0"}; /* for the stream's rules */
static gboolean
toy_quiet(void *machine, GError **error)
{
    return TRUE;
}

static const VdevMachineClass toy_class = {
    .name = "toy", .quiesce = toy_quiet, .resume = toy_quiet, .hotplug = &toy_ops};
static const VdevMachineClass bare_class = {.name = "bare"};

typedef struct {
    Vm *vm;
    Toy toy;
    Machine machine;
    Options options;
    GString *events;
} Rig;

static gint64
no_hcall(void *user, VdevVcpu *vcpu, guint64 nr, guint64 *args)
{
    return 0;
}

static void
note_event(Vm *vm, const VmEvent *event, void *user)
{
    static const char *const names[] = {
        [VM_EVENT_DEVICE_DELETED] = "deleted",
        [VM_EVENT_DEVICE_UNPLUG_GUEST_ERROR] = "kept",
        [VM_EVENT_MEM_UNPLUG_ERROR] = "memory",
    };

    if (event->kind == VM_EVENT_MIGRATION)
        return;
    g_string_append_printf(user, "%s %s %s;", names[event->kind], event->device, event->reason);
}

static void
rig_open(Rig *rig)
{
    const AccelConfig config = {.max_cpus = 4};
    g_autoptr(GError) error = NULL;
    Vm *vm = g_new0(Vm, 1);

    *rig = (Rig){.vm = vm, .events = g_string_new(NULL)};
    rig->options.migration_globals = g_ptr_array_new();
    vm->options = &rig->options;
    vm->main_thread = g_thread_self();
    machine_lock_init(&vm->lock);
    g_mutex_init(&vm->asked_mutex);
    g_queue_init(&vm->asked.errands);
    machine_lock_main(&vm->lock);
    vm->listeners = g_array_new(FALSE, FALSE, sizeof(VmListener));
    vm->log = log_new(0);
    vm->loop = loop_new(&vm->lock);
    vm->ram = ram_list_new();
    vm->vcpus = g_ptr_array_new();
    vm->parked = g_ptr_array_new();
    vm->plugs = g_ptr_array_new();
    vm->regions = g_ptr_array_new();
    vm->accel = model_accel_class.open(&config, &error);
    g_assert_no_error(error);
    vm->cpu_info = vm->accel->klass->cpu_info(vm->accel);
    vm->vcpu_owner =
        (VcpuOwner){.accel = vm->accel, .lock = &vm->lock, .hcall = no_hcall, .user = vm};
    host_init(&vm->host, vm);
    rig->machine = (Machine){.type = {.klass = &toy_class, .row = &toy_row},
                             .object = &rig->toy,
                             .devices = g_ptr_array_new()};
    rig->toy.host = &vm->host;
    vm->machine = &rig->machine;
    vm->state = RUN_STATE_RUNNING;
    vm_add_listener(vm, note_event, rig->events);
}

static void
run_errands(Rig *rig)
{
    vm_serve_requests(rig->vm);
}

static void
rig_close(Rig *rig)
{
    Vm *vm = rig->vm;

    run_errands(rig);
    while (vm->vcpus->len > 0)
        vcpu_free(g_ptr_array_steal_index(vm->vcpus, vm->vcpus->len - 1));
    while (vm->parked->len > 0)
        vcpu_free(g_ptr_array_steal_index(vm->parked, vm->parked->len - 1));
    vm_hotplug_free(vm);
    vm_memory_free(vm);
    vm->accel->klass->close(vm->accel);
    vm_asked_clear(vm);
    loop_free(vm->loop);
    log_free(vm->log);
    machine_unlock(&vm->lock);
    machine_lock_clear(&vm->lock);
    g_mutex_clear(&vm->asked_mutex);
    g_array_unref(vm->listeners);
    g_ptr_array_unref(vm->vcpus);
    g_ptr_array_unref(vm->parked);
    g_ptr_array_unref(vm->regions);
    g_ptr_array_unref(rig->machine.devices);
    g_ptr_array_unref(rig->options.migration_globals);
    g_string_free(rig->events, TRUE);
    g_free(vm);
}

typedef gboolean (*ItemFunc)(Vm *vm, const OptionItem *item, GError **error);

static gboolean
ask(Rig *rig, ItemFunc func, const char *text, GError **error)
{
    g_autoptr(OptionItem) item = option_item_parse(text, NULL);

    return func(rig->vm, item, error);
}

static void
assert_done(Rig *rig, ItemFunc func, const char *text)
{
    g_autoptr(GError) error = NULL;
    gboolean done = ask(rig, func, text, &error);

    g_assert_no_error(error);
    g_assert_true(done);
}

static void
assert_refused(Rig *rig, ItemFunc func, const char *text, const char *why)
{
    g_autoptr(GError) error = NULL;

    g_assert_false(ask(rig, func, text, &error));
    g_assert_nonnull(error);
    g_assert_cmpstr(error->message, ==, why);
}

static void
a_dimm_comes_and_goes(void)
{
    const guint8 byte = 7;
    guint8 back = 0;
    Rig rig;

    rig_open(&rig);
    for (guint round = 0; round < 600; round++) { /* more than there are slots */
        assert_done(&rig, vm_object_add, "memory-backend-ram,id=m,size=1M");
        assert_done(&rig, vm_device_add, "pc-dimm,id=d,memdev=m");
        g_assert_cmpuint(vm_plug_info(rig.vm, 0).plug->gpa, ==, 64 * ALIGN);
        g_assert_true(vm_plug_info(rig.vm, 0).hotplugged);
        g_assert_true(rig.vm->host.guest_write(&rig.vm->host, 64 * ALIGN, &byte, 1));
        g_assert_true(rig.vm->host.guest_read(&rig.vm->host, 65 * ALIGN - 1, &back, 1));
        g_assert_nonnull(ram_list_find(rig.vm->ram, "m"));
        g_assert_true(vm_device_del(rig.vm, "d", NULL));
        g_assert_true(rig.toy.leaving == rig.toy.last);
        rig.vm->host.unplug_memory(&rig.vm->host, rig.toy.leaving);
        rig.vm->host.unplug_done(&rig.vm->host, rig.toy.leaving);
        g_assert_false(rig.vm->host.guest_read(&rig.vm->host, 64 * ALIGN, &back, 1));
        g_assert_null(ram_list_find(rig.vm->ram, "m"));
        g_assert_cmpuint(vm_n_plugs(rig.vm), ==, 0);
        run_errands(&rig);
        g_assert_cmpstr(rig.events->str, ==, "deleted d (null);");
        g_string_truncate(rig.events, 0);
        g_assert_true(vm_object_del(rig.vm, "m", NULL));
    }
    g_assert_cmpuint(ram_list_length(rig.vm->ram), ==, 0);
    rig_close(&rig);
}

/* HP-2 */
static void
a_plug_that_fails_leaves_nothing(void)
{
    Rig rig;

    rig_open(&rig);
    assert_done(&rig, vm_object_add, "memory-backend-ram,id=m,size=1M");
    rig.toy.refuses = TRUE;
    assert_refused(&rig, vm_device_add, "pc-dimm,id=d,memdev=m", "the toy refuses");
    rig.toy.refuses = FALSE;
    rig.toy.fails_late = TRUE;
    assert_refused(&rig, vm_device_add, "pc-dimm,id=d,memdev=m", "the toy fails late");
    rig.toy.fails_late = FALSE;
    g_assert_cmpuint(vm_n_plugs(rig.vm), ==, 0);
    g_assert_false(ram_list_get(rig.vm->ram, 0)->placed);
    g_assert_false(ram_list_get(rig.vm->ram, 0)->migratable);
    assert_done(&rig, vm_device_add, "pc-dimm,id=d,memdev=m");
    rig_close(&rig);
}

static void
wrong_requests_are_explained(void)
{
    static const char *const devices[][2] = {
        {"lamp", "'lamp' is not a device that can be plugged into this machine"},
        {"pc-dimm", "Property 'pc-dimm.memdev' is not set"},
        {"toy-core", "Property 'toy-core.core-id' is not set"},
        {"toy-core,core-id=0,memdev=m", "Property 'toy-core.memdev' not found"},
        {"pc-dimm,memdev=m,core-id=1", "Property 'pc-dimm.core-id' not found"},
        {"pc-dimm,memdev=m,slot=-1", "Property 'pc-dimm.slot' does not take value '-1'"},
        {"pc-dimm,memdev=m,slot=2147483648",
         "Property 'pc-dimm.slot' does not take value '2147483648'"},
        {"pc-dimm,memdev=m,node=4294967296",
         "Property 'pc-dimm.node' does not take value '4294967296'"},
        {"pc-dimm,memdev=none", "Property 'pc-dimm.memdev': there is no object 'none'"},
        {"pc-dimm,memdev=m,id=", "Property 'pc-dimm.id' does not take value ''"},
        {"pc-dimm,memdev=busy", "can't use already busy memdev: busy"},
        {"pc-dimm,memdev=m,id=d", "Duplicate device ID 'd'"},
        {"pc-dimm,memdev=odd",
         "pc-dimm: address 0x0 and size 0x10000 must be multiples of 0x100000"},
        {"pc-dimm,memdev=m,addr=0x10000",
         "pc-dimm: address 0x10000 and size 0x100000 must be multiples of 0x100000"},
    };
    g_autoptr(GError) error = NULL;
    Rig rig;

    rig_open(&rig);
    assert_done(&rig, vm_object_add, "memory-backend-ram,id=m,size=1M");
    assert_done(&rig, vm_object_add, "memory-backend-memfd,id=busy,size=1M");
    assert_done(&rig, vm_object_add, "memory-backend-ram,id=odd,size=64K");
    assert_done(&rig, vm_device_add, "pc-dimm,memdev=busy,id=d");
    for (guint i = 0; i < G_N_ELEMENTS(devices); i++)
        assert_refused(&rig, vm_device_add, devices[i][0], devices[i][1]);
    assert_refused(&rig, vm_object_add, "memory-backend-ram,id=m,size=1M",
                   "attempt to add duplicate property 'm' to object container");
    g_assert_false(vm_device_del(rig.vm, "x", &error));
    g_assert_error(error, VM_ERROR, VM_ERROR_ABSENT);
    g_clear_error(&error);
    g_assert_false(vm_object_del(rig.vm, "busy", &error)); /* HP-3 */
    g_assert_cmpstr(error->message, ==, "object 'busy' is in use, can not be deleted");
    g_clear_error(&error);
    g_assert_false(vm_object_del(rig.vm, "x", &error));
    g_assert_cmpstr(error->message, ==, "object 'x' not found");
    g_assert_cmpuint(vm_n_plugs(rig.vm), ==, 1);
    rig.machine.type.klass = &bare_class;
    assert_refused(&rig, vm_device_add, "pc-dimm,memdev=m",
                   "'pc-dimm' is not a device that can be plugged into this machine");
    g_assert_cmpuint(vm_n_cores(rig.vm), ==, 0);
    rig_close(&rig);
}

static void
an_unplugged_vcpu_comes_back(void)
{
    VdevVcpu *first;
    Rig rig;

    rig_open(&rig);
    assert_done(&rig, vm_device_add, "toy-core,id=c,core-id=3");
    first = rig.toy.vcpu;
    g_assert_cmpuint(vm_n_vcpus(rig.vm), ==, 1);
    for (guint round = 0; round < 50; round++) {
        rig.vm->host.vcpu_park(&rig.vm->host, rig.toy.vcpu);
        rig.vm->host.unplug_done(&rig.vm->host, rig.toy.last);
        run_errands(&rig);
        g_assert_cmpuint(vm_n_vcpus(rig.vm), ==, 0);
        g_assert_false(vcpu_started(first));
        assert_done(&rig, vm_device_add, "toy-core,id=c,core-id=3");
        g_assert_true(rig.toy.vcpu == first);
        rig.vm->host.vcpu_start(&rig.vm->host, first);
    }
    assert_done(&rig, vm_device_add, "toy-core,id=c2,core-id=1");
    g_assert_true(rig.toy.vcpu != first);
    g_assert_cmpuint(vm_n_vcpus(rig.vm), ==, 2);
    rig_close(&rig);
}

static void
what_the_guest_keeps_is_told(void)
{
    Rig rig;

    rig_open(&rig);
    assert_done(&rig, vm_object_add, "memory-backend-ram,id=m,size=1M");
    assert_done(&rig, vm_device_add, "pc-dimm,id=d,memdev=m");
    rig.vm->host.unplug_refused(&rig.vm->host, rig.toy.last, "in use");
    g_assert_cmpstr(rig.events->str, ==, "memory d in use;kept d in use;");
    g_assert_cmpuint(vm_n_plugs(rig.vm), ==, 1);
    rig_close(&rig);
}

static void
what_comes_before_the_guest_is_not_hotplugged(void)
{
    Rig rig;

    rig_open(&rig);
    rig.vm->state = RUN_STATE_INMIGRATE;
    assert_done(&rig, vm_object_add, "memory-backend-ram,id=m,size=1M");
    assert_done(&rig, vm_device_add, "pc-dimm,memdev=m,addr=0x8000000");
    g_assert_true(rig.toy.last->at_start);
    g_assert_false(vm_plug_info(rig.vm, 0).hotplugged);
    g_assert_cmpuint(vm_plug_info(rig.vm, 0).plug->gpa, ==, 0x8000000);
    rig_close(&rig);
}

static void
runs_again(Rig *rig)
{
    rig->vm->hold.on = rig->vm->quiesced = FALSE;
    rig->vm->vcpus_run = TRUE;
    rig->vm->state = RUN_STATE_RUNNING;
}

/* VH-4 */
static void
a_guest_that_is_busy_is_held_a_little_later(void)
{
    g_autoptr(GError) error = NULL;
    Rig rig;

    rig_open(&rig);
    g_assert_true(vm_migrate_init(rig.vm, &error));
    runs_again(&rig);
    rig.toy.busy = 3;
    rig.toy.held = rig.vm;
    g_assert_true(vm_hold(rig.vm, &error));
    g_assert_cmpint(rig.toy.busy, ==, 0);
    g_assert_cmpuint(rig.toy.blocks, ==, 3); /* R-DRC-3: while it waits */
    rig.toy.held = NULL;
    g_assert_null(rig.vm->hold.waits);

    runs_again(&rig);
    rig.toy.busy = G_MAXINT; /* for ever */
    g_assert_true(vm_hold(rig.vm, &error));
    g_assert_false(rig.vm->vcpus_run);

    runs_again(&rig);
    rig.toy.looks = 0;
    g_assert_true(
        mig_params_set_number(vm_migrate_params(rig.vm), MIG_PARAM_X_WALK_WAIT, 0, &error));
    g_assert_true(vm_hold(rig.vm, &error));
    g_assert_cmpuint(rig.toy.looks, ==, 1); /* behind the pause, for the warning */

    runs_again(&rig);
    rig.vm->vcpus_run = FALSE; /* a stopped guest will not finish anything */
    rig.toy.busy = 1;
    g_assert_true(vm_hold(rig.vm, &error));
    g_assert_cmpint(rig.toy.busy, ==, 1);

    for (gint busy = 0; busy < 2; busy++) {
        runs_again(&rig);
        rig.toy.stops = rig.vm; /* while the vCPUs are on their way out */
        rig.toy.busy = busy;
        g_assert_true(vm_hold(rig.vm, &error));
        g_assert_null(rig.toy.stops);
        g_assert_false(rig.vm->vcpus_run);
        g_assert_cmpint(rig.vm->hold.from, ==, RUN_STATE_PAUSED);
        g_assert_false(rig.vm->hold.quieted);
    }
    vm_migrate_finish(rig.vm);
    vm_asked_clear(rig.vm);
    mig_sections_free(rig.vm->sections);
    rig_close(&rig);
}

/* HP-1 */
static void
what_the_guest_gives_back_waits_for_the_end_of_a_migration(void)
{
    g_autofree char *path = g_strdup_printf("%s/hotplug-%d", g_get_tmp_dir(), getpid());
    g_autofree char *uri = g_strconcat("unix:", path, NULL);
    g_autoptr(GError) error = NULL;
    guint8 byte = 0;
    Rig rig;

    rig_open(&rig);
    assert_done(&rig, vm_object_add, "memory-backend-ram,id=m,size=1M");
    assert_done(&rig, vm_device_add, "pc-dimm,id=d,memdev=m");
    g_assert_true(vm_migrate_init(rig.vm, &error));
    rig.vm->state = RUN_STATE_INMIGRATE;
    g_assert_true(vm_migrate_incoming(rig.vm, uri, FALSE, &error));
    assert_refused(&rig, vm_device_add, "pc-dimm,memdev=m",
                   "device_add is not allowed while a migration runs");
    assert_refused(&rig, vm_object_add, "memory-backend-ram,id=m2,size=1M",
                   "object-add is not allowed while a migration runs");
    g_assert_false(vm_device_del(rig.vm, "d", NULL));
    g_assert_false(vm_object_del(rig.vm, "m", NULL));
    rig.vm->host.unplug_memory(&rig.vm->host, rig.toy.last);
    rig.vm->host.unplug_done(&rig.vm->host, rig.toy.last);
    g_assert_true(rig.vm->host.guest_read(&rig.vm->host, 64 * ALIGN, &byte, 1));
    g_assert_nonnull(ram_list_find(rig.vm->ram, "m"));
    g_assert_cmpstr(rig.events->str, ==, "");
    rig.vm->state = RUN_STATE_RUNNING;
    vm_migrate_finish(rig.vm);
    vm_asked_clear(rig.vm);
    vm_hotplug_settle(rig.vm);
    g_assert_false(rig.vm->host.guest_read(&rig.vm->host, 64 * ALIGN, &byte, 1));
    g_assert_cmpuint(vm_n_plugs(rig.vm), ==, 0);
    g_assert_cmpstr(rig.events->str, ==, "deleted d (null);");
    run_errands(&rig);
    mig_sections_free(rig.vm->sections);
    rig_close(&rig);
}

static gboolean
is_over(Vm *vm)
{
    VmMigrateInfo info;
    gboolean over;

    vm_migrate_info(vm, &info);
    over = mig_status_is_over(info.stats.status);
    vm_migrate_info_clear(&info);
    return over;
}

/* As many sections as a machine has that can migrate. */
static void
describe_state(Vm *vm, guint32 *objects, guint n)
{
    static const VmsField fields[] = { VMS_END };
    static const VmsState state = {.name = "toy", .version = 1, .oldest = 1, .fields = fields};

    for (guint i = 0; i < n; i++)
        g_assert_true(vm->host.state_add(&vm->host, NULL, i, &state, &objects[i], NULL));
}

/* HP-1: its end, which the main loop has yet to hear of, can be asked for already. */
static void
who_has_seen_the_end_of_a_migration_may_plug(void)
{
    g_autoptr(GError) error = NULL;
    guint32 objects[4] = {0};
    Rig rig;

    rig_open(&rig);
    assert_done(&rig, vm_object_add, "memory-backend-ram,id=m,size=1M");
    g_assert_true(vm_migrate_init(rig.vm, &error));
    describe_state(rig.vm, objects, G_N_ELEMENTS(objects));
    for (guint round = 0; round < 20; round++) {
        vm_migrate(rig.vm, "unix:/nowhere/at/all", &error);
        g_assert_no_error(error);
        while (!is_over(rig.vm)) {
            machine_unlock(&rig.vm->lock);
            g_usleep(100);
            machine_lock_main(&rig.vm->lock);
        }
        assert_done(&rig, vm_device_add, "pc-dimm,id=d,memdev=m");
        g_assert_true(vm_device_del(rig.vm, "d", NULL));
        rig.vm->host.unplug_memory(&rig.vm->host, rig.toy.last);
        rig.vm->host.unplug_done(&rig.vm->host, rig.toy.last);
        g_assert_cmpuint(vm_n_plugs(rig.vm), ==, 0);
        run_errands(&rig);
    }
    vm_migrate_finish(rig.vm);
    vm_asked_clear(rig.vm);
    mig_sections_free(rig.vm->sections);
    rig_close(&rig);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/hotplug/a-dimm-comes-and-goes", a_dimm_comes_and_goes);
    g_test_add_func("/hotplug/a-plug-that-fails-leaves-nothing", a_plug_that_fails_leaves_nothing);
    g_test_add_func("/hotplug/wrong-requests-are-explained", wrong_requests_are_explained);
    g_test_add_func("/hotplug/an-unplugged-vcpu-comes-back", an_unplugged_vcpu_comes_back);
    g_test_add_func("/hotplug/what-the-guest-keeps-is-told", what_the_guest_keeps_is_told);
    g_test_add_func("/hotplug/what-comes-before-the-guest-is-not-hotplugged",
                    what_comes_before_the_guest_is_not_hotplugged);
    g_test_add_func("/hotplug/what-the-guest-gives-back-waits-for-the-end-of-a-migration",
                    what_the_guest_gives_back_waits_for_the_end_of_a_migration);
    g_test_add_func("/hotplug/who-has-seen-the-end-of-a-migration-may-plug",
                    who_has_seen_the_end_of_a_migration_may_plug);
    g_test_add_func("/hotplug/a-guest-that-is-busy-is-held-a-little-later",
                    a_guest_that_is_busy_is_held_a_little_later);
    return g_test_run();
}
