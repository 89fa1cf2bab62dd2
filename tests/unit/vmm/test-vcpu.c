/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vCPU threads over a fake accelerator: who runs when, holding, parking, stopping oneself.
 *
 * The fake vCPU "runs" by waiting for what the test tells it to exit with, or for a kick. Nothing
 * here depends on time: every wait is for a condition that the code under test has to make true.
 */
#include <string.h>

#include "vdev/kvm-ppc.h"
#include "vmm/vcpu.h"

typedef struct {
    Accel accel;
    GMutex mutex; /* guards every FakeVcpu */
    GCond cond;
} FakeAccel;

typedef struct {
    AccelVcpu vcpu;
    FakeAccel *fake;
    gboolean running; /* inside vcpu_run */
    gboolean busy;    /* inside any call that needs the vCPU alone */
    gboolean kicked;
    gboolean have_next; /* the test wants an exit of kind `next` */
    AccelExitKind next;
    guint runs, completes, delivered;
    gint64 last_ret;
    gboolean undelivered; /* the last exit was a hypercall */
    guint64 reg;
} FakeVcpu;

static FakeVcpu *
fake_of(AccelVcpu *vcpu)
{
    return (FakeVcpu *)vcpu;
}

static AccelVcpu *
fake_vcpu_new(Accel *accel, guint32 id, GError **error)
{
    FakeVcpu *fake = g_new0(FakeVcpu, 1);

    fake->vcpu.klass = accel->klass;
    fake->fake = (FakeAccel *)accel;
    return &fake->vcpu;
}

static void
fake_vcpu_free(AccelVcpu *vcpu)
{
    g_free(vcpu);
}

static void
fake_begin(FakeVcpu *fake)
{
    g_assert_false(fake->busy); /* nobody else may be inside */
    fake->busy = TRUE;
}

static gint
fake_get(AccelVcpu *vcpu, guint64 reg, void *value)
{
    FakeVcpu *fake = fake_of(vcpu);

    g_mutex_lock(&fake->fake->mutex);
    fake_begin(fake);
    memcpy(value, &fake->reg, sizeof(fake->reg));
    fake->busy = FALSE;
    g_mutex_unlock(&fake->fake->mutex);
    return 0;
}

static gint
fake_set(AccelVcpu *vcpu, guint64 reg, const void *value)
{
    FakeVcpu *fake = fake_of(vcpu);

    g_mutex_lock(&fake->fake->mutex);
    fake_begin(fake);
    memcpy(&fake->reg, value, sizeof(fake->reg));
    fake->busy = FALSE;
    g_mutex_unlock(&fake->fake->mutex);
    return 0;
}

static void
fake_deliver(FakeVcpu *fake, const AccelExit *exit)
{
    if (fake->undelivered) {
        fake->delivered++;
        fake->last_ret = exit->hcall.ret;
        fake->reg = (guint64)exit->hcall.ret; /* as R3 */
    }
    fake->undelivered = FALSE;
}

static void
fake_run(AccelVcpu *vcpu, AccelExit *exit)
{
    FakeVcpu *fake = fake_of(vcpu);

    g_mutex_lock(&fake->fake->mutex);
    fake_begin(fake);
    fake_deliver(fake, exit);
    fake->runs++;
    fake->running = TRUE;
    g_cond_broadcast(&fake->fake->cond);
    while (!fake->kicked && !fake->have_next)
        g_cond_wait(&fake->fake->cond, &fake->fake->mutex);
    exit->kind = fake->have_next ? fake->next : ACCEL_EXIT_INTR;
    if (!fake->have_next)
        fake->kicked = FALSE;
    fake->have_next = FALSE;
    fake->undelivered = exit->kind == ACCEL_EXIT_HCALL;
    exit->hcall.nr = 7;
    exit->mmio.n = 8;
    exit->mmio.gpa = 0x1000;
    g_strlcpy(exit->message, "why", sizeof(exit->message));
    fake->running = FALSE;
    fake->busy = FALSE;
    g_cond_broadcast(&fake->fake->cond);
    g_mutex_unlock(&fake->fake->mutex);
}

static void
fake_complete(AccelVcpu *vcpu, AccelExit *exit)
{
    FakeVcpu *fake = fake_of(vcpu);

    g_mutex_lock(&fake->fake->mutex);
    fake_begin(fake);
    fake->completes++;
    fake_deliver(fake, exit);
    fake->busy = FALSE;
    g_mutex_unlock(&fake->fake->mutex);
}

static void
fake_kick(AccelVcpu *vcpu)
{
    FakeVcpu *fake = fake_of(vcpu);

    g_mutex_lock(&fake->fake->mutex);
    fake->kicked = TRUE;
    g_cond_broadcast(&fake->fake->cond);
    g_mutex_unlock(&fake->fake->mutex);
}

static const AccelClass fake_class = {
    .name = "fake",
    .vcpu_new = fake_vcpu_new,
    .vcpu_free = fake_vcpu_free,
    .vcpu_get = fake_get,
    .vcpu_set = fake_set,
    .vcpu_run = fake_run,
    .vcpu_complete = fake_complete,
    .vcpu_kick = fake_kick,
};

/* ---- the rig ------------------------------------------------------------------------------- */

typedef struct Rig Rig;
struct Rig {
    FakeAccel fake;
    MachineLock lock;
    VcpuOwner owner;
    VdevVcpu *vcpu[2];
    FakeVcpu *raw[2];

    gint64 (*on_hcall)(Rig *rig, VdevVcpu *vcpu);
    guint hcalls; /* machine lock */
    guint8 stray[8];
    GMutex mutex; /* guards outs, with cond */
    GCond cond;
    guint outs;
    AccelExitKind out_kind;
};

static gint64
rig_hcall(void *user, VdevVcpu *vcpu, guint64 nr, guint64 *args)
{
    Rig *rig = user;

    g_assert_cmpuint(nr, ==, 7);
    rig->hcalls++;
    return rig->on_hcall == NULL ? 42 : rig->on_hcall(rig, vcpu);
}

static void
rig_stray(void *user, VdevVcpu *vcpu, const AccelExit *exit)
{
    Rig *rig = user;

    memcpy(rig->stray, exit->mmio.data, sizeof(rig->stray));
}

static void
rig_out(void *user, VdevVcpu *vcpu, AccelExitKind kind, const char *message)
{
    Rig *rig = user;

    g_assert_cmpstr(message, ==, "why");
    g_mutex_lock(&rig->mutex);
    rig->outs++;
    rig->out_kind = kind;
    g_cond_broadcast(&rig->cond);
    g_mutex_unlock(&rig->mutex);
}

static Rig *
rig_new(void)
{
    Rig *rig = g_new0(Rig, 1);

    rig->fake.accel.klass = &fake_class;
    g_mutex_init(&rig->fake.mutex);
    g_cond_init(&rig->fake.cond);
    g_mutex_init(&rig->mutex);
    g_cond_init(&rig->cond);
    machine_lock_init(&rig->lock);
    rig->owner = (VcpuOwner){
        .accel = &rig->fake.accel,
        .lock = &rig->lock,
        .hcall = rig_hcall,
        .stray_access = rig_stray,
        .out = rig_out,
        .user = rig,
    };
    machine_lock_main(&rig->lock);
    for (guint i = 0; i < 2; i++) {
        rig->vcpu[i] = vcpu_new(&rig->owner, i, 8 * i, TRUE, NULL);
        rig->raw[i] = fake_of(vcpu_accel(rig->vcpu[i]));
    }
    return rig;
}

static void
rig_free(Rig *rig)
{
    for (guint i = 0; i < 2; i++)
        vcpu_free(rig->vcpu[i]);
    machine_unlock(&rig->lock);
    machine_lock_clear(&rig->lock);
    g_mutex_clear(&rig->fake.mutex);
    g_cond_clear(&rig->fake.cond);
    g_mutex_clear(&rig->mutex);
    g_cond_clear(&rig->cond);
    g_free(rig);
}

/* Waits until vCPU @i is in the guest for the @runs-th time or a later one. The machine lock is
 * released meanwhile, as the main loop does when it polls. */
static void
rig_wait_in_guest(Rig *rig, guint i, guint runs)
{
    machine_unlock(&rig->lock);
    g_mutex_lock(&rig->fake.mutex);
    while (!(rig->raw[i]->running && rig->raw[i]->runs >= runs))
        g_cond_wait(&rig->fake.cond, &rig->fake.mutex);
    g_mutex_unlock(&rig->fake.mutex);
    machine_lock_main(&rig->lock);
}

static void
rig_exit(Rig *rig, guint i, AccelExitKind kind)
{
    g_mutex_lock(&rig->fake.mutex);
    rig->raw[i]->next = kind;
    rig->raw[i]->have_next = TRUE;
    g_cond_broadcast(&rig->fake.cond);
    g_mutex_unlock(&rig->fake.mutex);
}

/* Waits until vCPU @i has left the guest, with the machine lock kept. */
static void
rig_wait_left(Rig *rig, guint i)
{
    g_mutex_lock(&rig->fake.mutex);
    while (rig->raw[i]->running || rig->raw[i]->have_next)
        g_cond_wait(&rig->fake.cond, &rig->fake.mutex);
    g_mutex_unlock(&rig->fake.mutex);
}

static void
rig_stop_all(Rig *rig)
{
    for (guint i = 0; i < 2; i++)
        vcpu_set_machine_runs(rig->vcpu[i], FALSE);
    for (guint i = 0; i < 2; i++)
        vcpu_wait_parked(rig->vcpu[i]);
}

/* ---- the proofs ---------------------------------------------------------------------------- */

static void
a_vcpu_runs_only_if_started_and_the_machine_runs(void)
{
    Rig *rig = rig_new();

    rig_stop_all(rig);
    g_assert_cmpuint(rig->raw[0]->runs, ==, 0);
    vcpu_start(rig->vcpu[0]);
    rig_stop_all(rig);
    g_assert_cmpuint(rig->raw[0]->runs, ==, 0);
    vcpu_set_machine_runs(rig->vcpu[0], TRUE);
    vcpu_set_machine_runs(rig->vcpu[1], TRUE);
    rig_wait_in_guest(rig, 0, 1);
    g_assert_cmpuint(rig->raw[1]->runs, ==, 0);
    g_assert_true(vcpu_started(rig->vcpu[0]));
    g_assert_false(vcpu_started(rig->vcpu[1]));
    rig_free(rig);
}

static void
a_hypercall_is_answered_and_its_result_delivered(void)
{
    Rig *rig = rig_new();

    vcpu_start(rig->vcpu[0]);
    rig_wait_in_guest(rig, 0, 1);
    rig_exit(rig, 0, ACCEL_EXIT_HCALL);
    rig_wait_in_guest(rig, 0, 2);
    g_assert_cmpuint(rig->hcalls, ==, 1);
    g_assert_cmpuint(rig->raw[0]->delivered, ==, 1);
    g_assert_cmpint(rig->raw[0]->last_ret, ==, 42);
    g_assert_cmpuint(rig->raw[0]->completes, ==, 0);
    rig_free(rig);
}

static void
parking_completes_the_last_exit_first(void)
{
    Rig *rig = rig_new();

    vcpu_start(rig->vcpu[0]);
    rig_wait_in_guest(rig, 0, 1);
    /* The machine lock is ours: the hypercall waits for it, and meets a stopped machine after. */
    rig_exit(rig, 0, ACCEL_EXIT_HCALL);
    rig_wait_left(rig, 0);
    rig_stop_all(rig);
    g_assert_cmpuint(rig->hcalls, ==, 1);
    g_assert_cmpuint(rig->raw[0]->completes, ==, 1);
    g_assert_cmpint(rig->raw[0]->last_ret, ==, 42);
    g_assert_cmpuint(rig->raw[0]->runs, ==, 1);
    rig_free(rig);
}

static void
registers_of_a_running_vcpu_are_reached_from_outside(void)
{
    Rig *rig = rig_new();
    guint64 value = 5;

    vcpu_start(rig->vcpu[0]);
    rig_wait_in_guest(rig, 0, 1);
    g_assert_cmpint(vcpu_set(rig->vcpu[0], VDEV_REG_PC, &value), ==, 0);
    value = 0;
    g_assert_cmpint(vcpu_get(rig->vcpu[0], VDEV_REG_PC, &value), ==, 0);
    g_assert_cmpuint(value, ==, 5);
    rig_wait_in_guest(rig, 0, 2); /* it went back by itself */
    rig_free(rig);
}

static void
stays_out_and_parks(void (*keep_out)(VdevVcpu *vcpu, gboolean out))
{
    Rig *rig = rig_new();
    guint64 value = 5;

    vcpu_start(rig->vcpu[0]);
    rig_wait_in_guest(rig, 0, 1);
    keep_out(rig->vcpu[0], TRUE);
    rig_wait_left(rig, 0);
    g_assert_cmpint(vcpu_set(rig->vcpu[0], VDEV_REG_PC, &value), ==, 0);
    g_assert_cmpuint(rig->raw[0]->runs, ==, 1); /* it did not go back */
    rig_stop_all(rig);
    for (guint i = 0; i < 2; i++)
        vcpu_set_machine_runs(rig->vcpu[i], TRUE);
    g_assert_cmpuint(rig->raw[0]->runs, ==, 1);
    keep_out(rig->vcpu[0], FALSE);
    rig_wait_in_guest(rig, 0, 2);
    rig_free(rig);
}

static void
a_vcpu_that_rests_is_out_and_parks_all_the_same(void)
{
    stays_out_and_parks(vcpu_set_resting);
}

static void
a_vcpu_that_is_barred_is_out_and_parks_all_the_same(void)
{
    stays_out_and_parks(vcpu_set_barred);
}

static gint64
touch_the_other(Rig *rig, VdevVcpu *vcpu)
{
    guint64 value = 0;

    g_assert_cmpint(vcpu_get(rig->vcpu[1 - vcpu_index(vcpu)], VDEV_REG_PC, &value), ==, 0);
    g_assert_cmpint(vcpu_get(vcpu, VDEV_REG_PC, &value), ==, 0);
    return 42;
}

static void
two_vcpus_that_touch_each_other_do_not_deadlock(void)
{
    Rig *rig = rig_new();

    rig->on_hcall = touch_the_other;
    vcpu_start(rig->vcpu[0]);
    vcpu_start(rig->vcpu[1]);
    for (guint round = 1; round <= 200; round++) {
        for (guint i = 0; i < 2; i++) {
            rig_wait_in_guest(rig, i, 1);
            rig_exit(rig, i, ACCEL_EXIT_HCALL);
        }
        machine_unlock(&rig->lock);
        machine_lock_main(&rig->lock);
    }
    rig_stop_all(rig);
    g_assert_cmpuint(rig->raw[0]->delivered + rig->raw[1]->delivered, ==, rig->hcalls);
    g_assert_cmpuint(rig->hcalls, >=, 2);
    rig_free(rig);
}

static gint64
stop_myself(Rig *rig, VdevVcpu *vcpu)
{
    vcpu_stop(vcpu);
    return 43;
}

static void
stopping_oneself_completes_before_the_lock_is_given_up(void)
{
    Rig *rig = rig_new();
    guint64 entry = 0x100;

    rig->on_hcall = stop_myself;
    vcpu_start(rig->vcpu[0]);
    rig_wait_in_guest(rig, 0, 1);
    rig_exit(rig, 0, ACCEL_EXIT_HCALL);
    do {
        machine_unlock(&rig->lock);
        g_thread_yield();
        machine_lock_main(&rig->lock);
    } while (vcpu_started(rig->vcpu[0]));
    /* As another vCPU would: registers, then start. The answer must not come after them. */
    g_assert_cmpuint(rig->raw[0]->completes, ==, 1);
    g_assert_cmpint(vcpu_set(rig->vcpu[0], VDEV_REG_PC, &entry), ==, 0);
    vcpu_start(rig->vcpu[0]);
    rig_wait_in_guest(rig, 0, 2);
    g_assert_cmphex(rig->raw[0]->reg, ==, 0x100);
    rig_free(rig);
}

static void
a_hypercall_of_a_vcpu_that_was_stopped_is_forgotten(void)
{
    Rig *rig = rig_new();
    guint64 entry = 0x200;

    vcpu_start(rig->vcpu[0]);
    rig_wait_in_guest(rig, 0, 1);
    rig_exit(rig, 0, ACCEL_EXIT_HCALL);
    rig_wait_left(rig, 0); /* it now wants the machine lock, which is ours */
    vcpu_stop(rig->vcpu[0]);
    g_assert_cmpint(vcpu_set(rig->vcpu[0], VDEV_REG_PC, &entry), ==, 0);
    vcpu_start(rig->vcpu[0]);
    rig_wait_in_guest(rig, 0, 2);
    g_assert_cmpuint(rig->hcalls, ==, 0);
    g_assert_cmphex(rig->raw[0]->reg, ==, 0x200);
    rig_free(rig);
}

static void
a_stray_load_gives_all_ones(void)
{
    static const guint8 ones[8] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    Rig *rig = rig_new();

    vcpu_start(rig->vcpu[0]);
    rig_wait_in_guest(rig, 0, 1);
    rig_exit(rig, 0, ACCEL_EXIT_MMIO);
    rig_wait_in_guest(rig, 0, 2);
    g_assert_cmpmem(rig->stray, 8, ones, 8);
    rig_free(rig);
}

static void
a_vcpu_that_is_out_stays_out_until_started_again(void)
{
    static const AccelExitKind kinds[] = {ACCEL_EXIT_HALTED, ACCEL_EXIT_GUEST_FAULT,
                                          ACCEL_EXIT_FAILED};
    Rig *rig = rig_new();

    for (guint i = 0; i < G_N_ELEMENTS(kinds); i++) {
        vcpu_start(rig->vcpu[0]);
        g_assert_false(vcpu_idle(rig->vcpu[0]));
        rig_wait_in_guest(rig, 0, i + 1);
        rig_exit(rig, 0, kinds[i]);
        machine_unlock(&rig->lock);
        g_mutex_lock(&rig->mutex);
        while (rig->outs < i + 1)
            g_cond_wait(&rig->cond, &rig->mutex);
        g_assert_cmpint(rig->out_kind, ==, kinds[i]);
        g_mutex_unlock(&rig->mutex);
        machine_lock_main(&rig->lock);
        g_assert_true(vcpu_idle(rig->vcpu[0]));
        g_assert_true(vcpu_started(rig->vcpu[0]));
        rig_stop_all(rig);
        vcpu_set_machine_runs(rig->vcpu[0], TRUE);
        g_assert_cmpuint(rig->raw[0]->runs, ==, i + 1);
    }
    rig_free(rig);
}

static gint64
ask_for_a_reset(Rig *rig, VdevVcpu *vcpu)
{
    for (guint i = 0; i < 2; i++)
        vcpu_rest_if_caller(rig->vcpu[i]);
    return 0;
}

static void
a_vcpu_that_asked_for_the_end_executes_nothing_more(void)
{
    Rig *rig = rig_new();

    rig->on_hcall = ask_for_a_reset;
    vcpu_start(rig->vcpu[0]);
    vcpu_start(rig->vcpu[1]);
    rig_wait_in_guest(rig, 0, 1);
    rig_wait_in_guest(rig, 1, 1);
    rig_exit(rig, 0, ACCEL_EXIT_HCALL);
    rig_wait_left(rig, 0);
    vcpu_wait_parked(rig->vcpu[0]); /* nobody stopped the machine: it parks of itself */
    g_assert_cmpuint(rig->raw[0]->runs, ==, 1);
    g_assert_true(rig->raw[1]->running);
    vcpu_set_machine_runs(rig->vcpu[0], TRUE);
    rig_wait_in_guest(rig, 0, 2);
    rig_free(rig);
}

static void
a_thread_has_its_kernel_id(void)
{
    Rig *rig = rig_new();

    g_assert_cmpint(vcpu_thread_id(rig->vcpu[0]), >, 0);
    g_assert_cmpint(vcpu_thread_id(rig->vcpu[0]), !=, vcpu_thread_id(rig->vcpu[1]));
    g_assert_cmpuint(vcpu_id(rig->vcpu[1]), ==, 8);
    rig_free(rig);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/vcpu/runs", a_vcpu_runs_only_if_started_and_the_machine_runs);
    g_test_add_func("/vcpu/hcall", a_hypercall_is_answered_and_its_result_delivered);
    g_test_add_func("/vcpu/park", parking_completes_the_last_exit_first);
    g_test_add_func("/vcpu/hold", registers_of_a_running_vcpu_are_reached_from_outside);
    g_test_add_func("/vcpu/each-other", two_vcpus_that_touch_each_other_do_not_deadlock);
    g_test_add_func("/vcpu/stop-self", stopping_oneself_completes_before_the_lock_is_given_up);
    g_test_add_func("/vcpu/stop-other", a_hypercall_of_a_vcpu_that_was_stopped_is_forgotten);
    g_test_add_func("/vcpu/stray", a_stray_load_gives_all_ones);
    g_test_add_func("/vcpu/out", a_vcpu_that_is_out_stays_out_until_started_again);
    g_test_add_func("/vcpu/rest", a_vcpu_that_asked_for_the_end_executes_nothing_more);
    g_test_add_func("/vcpu/barred", a_vcpu_that_is_barred_is_out_and_parks_all_the_same);
    g_test_add_func("/vcpu/slow", a_vcpu_that_rests_is_out_and_parks_all_the_same);
    g_test_add_func("/vcpu/thread-id", a_thread_has_its_kernel_id);
    return g_test_run();
}
