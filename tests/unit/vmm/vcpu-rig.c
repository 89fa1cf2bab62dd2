/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The fake accelerator, and the rig around it.
 */
#include "tests/unit/vmm/vcpu-rig.h"

#include <string.h>

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
    exit->check_recovered = TRUE;
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

static gint64
rig_hcall(void *user, VdevVcpu *vcpu, guint64 nr, guint64 *args)
{
    Rig *rig = user;

    g_assert_cmpuint(nr, ==, 7);
    rig->hcalls++;
    return rig->on_hcall == NULL ? 42 : rig->on_hcall(rig, vcpu);
}

static void
rig_check(void *user, VdevVcpu *vcpu, gboolean recovered)
{
    Rig *rig = user;

    rig->checks += recovered;
    if (rig->on_check != NULL)
        rig->on_check(rig, vcpu);
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

Rig *
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
        .machine_check = rig_check,
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

void
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

void
rig_wait_in_guest(Rig *rig, guint i, guint runs)
{
    machine_unlock(&rig->lock);
    g_mutex_lock(&rig->fake.mutex);
    while (!(rig->raw[i]->running && rig->raw[i]->runs >= runs))
        g_cond_wait(&rig->fake.cond, &rig->fake.mutex);
    g_mutex_unlock(&rig->fake.mutex);
    machine_lock_main(&rig->lock);
}

void
rig_exit(Rig *rig, guint i, AccelExitKind kind)
{
    g_mutex_lock(&rig->fake.mutex);
    rig->raw[i]->next = kind;
    rig->raw[i]->have_next = TRUE;
    g_cond_broadcast(&rig->fake.cond);
    g_mutex_unlock(&rig->fake.mutex);
}

void
rig_wait_left(Rig *rig, guint i)
{
    g_mutex_lock(&rig->fake.mutex);
    while (rig->raw[i]->running || rig->raw[i]->have_next)
        g_cond_wait(&rig->fake.cond, &rig->fake.mutex);
    g_mutex_unlock(&rig->fake.mutex);
}

void
rig_stop_all(Rig *rig)
{
    for (guint i = 0; i < 2; i++)
        vcpu_set_machine_runs(rig->vcpu[i], FALSE);
    for (guint i = 0; i < 2; i++)
        vcpu_wait_parked(rig->vcpu[i]);
}
