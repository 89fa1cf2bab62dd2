/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guest's clock over vCPUs that are an offset register each, and no more.
 */
#include <errno.h>
#include <string.h>

#include "vdev/kvm-ppc.h"
#include "vmm/guest-clock.h"
#include "vmm/vm.h"

#define HZ     G_GUINT64_CONSTANT(512000000)
#define SECOND HZ /* in ticks */

typedef struct {
    AccelVcpu vcpu;
    guint64 offset;
    guint64 grain; /* offsets are rounded up to its multiples; 0: they are not */
    gint refuses;  /* −errno for every access, or 0 */
} FakeVcpu;

static AccelVcpu *
fake_new(Accel *accel, guint32 id, GError **error)
{
    FakeVcpu *fake = g_new0(FakeVcpu, 1);

    fake->vcpu.klass = accel->klass;
    return &fake->vcpu;
}

static void
fake_free(AccelVcpu *vcpu)
{
    g_free(vcpu);
}

static gint
fake_get(AccelVcpu *vcpu, guint64 reg, void *value)
{
    FakeVcpu *fake = (FakeVcpu *)vcpu;

    g_assert_cmphex(reg, ==, VDEV_REG_TB_OFFSET);
    memcpy(value, &fake->offset, sizeof(fake->offset));
    return fake->refuses;
}

static gint
fake_set(AccelVcpu *vcpu, guint64 reg, const void *value)
{
    FakeVcpu *fake = (FakeVcpu *)vcpu;

    g_assert_cmphex(reg, ==, VDEV_REG_TB_OFFSET);
    if (fake->refuses == 0)
        memcpy(&fake->offset, value, sizeof(fake->offset));
    if (fake->grain != 0)
        fake->offset = (fake->offset + fake->grain - 1) & ~(fake->grain - 1);
    return fake->refuses;
}

static const AccelClass fake_class = {
    .name = "fake",
    .vcpu_new = fake_new,
    .vcpu_free = fake_free,
    .vcpu_get = fake_get,
    .vcpu_set = fake_set,
};

typedef struct {
    Accel accel;
    MachineLock lock;
    VcpuOwner owner;
    GPtrArray *vcpus;
    GuestClock clock;
} Rig;

static void
rig_set_up(Rig *rig, gconstpointer data)
{
    rig->accel.klass = &fake_class;
    machine_lock_init(&rig->lock);
    machine_lock_main(&rig->lock);
    rig->owner = (VcpuOwner){.accel = &rig->accel, .lock = &rig->lock};
    rig->vcpus = g_ptr_array_new();
    for (guint i = 0; i < 3; i++)
        g_ptr_array_add(rig->vcpus, vcpu_new(&rig->owner, i, i, FALSE, NULL));
}

static void
rig_tear_down(Rig *rig, gconstpointer data)
{
    for (guint i = 0; i < rig->vcpus->len; i++)
        vcpu_free(rig->vcpus->pdata[i]);
    g_ptr_array_unref(rig->vcpus);
    machine_unlock(&rig->lock);
    machine_lock_clear(&rig->lock);
}

static FakeVcpu *
rig_vcpu(Rig *rig, guint i)
{
    return (FakeVcpu *)vcpu_accel(rig->vcpus->pdata[i]);
}

static void
rig_go_on(Rig *rig, guint64 now)
{
    GError *error = NULL;

    g_assert_true(guest_clock_go_on(&rig->clock, rig->vcpus, now, &error));
    g_assert_no_error(error);
}

static void
assert_offsets(Rig *rig, gint64 ticks)
{
    for (guint i = 0; i < rig->vcpus->len; i++)
        g_assert_cmpint((gint64)rig_vcpu(rig, i)->offset, ==, ticks);
}

static void
the_time_of_a_stop_does_not_pass_for_the_guest(Rig *rig, gconstpointer data)
{
    guest_clock_stop(&rig->clock, 100 * SECOND);
    rig_go_on(rig, 103 * SECOND + 1);
    assert_offsets(rig, -(gint64)(3 * HZ + 1));

    /* Stops add up. */
    guest_clock_stop(&rig->clock, 200 * SECOND);
    rig_go_on(rig, 201 * SECOND);
    assert_offsets(rig, -(gint64)(4 * HZ + 1));
}

static void
a_clock_that_runs_is_left_alone(Rig *rig, gconstpointer data)
{
    rig_vcpu(rig, 0)->refuses = -EIO;
    rig_go_on(rig, SECOND);
    assert_offsets(rig, 0);
}

static void
a_second_stop_changes_nothing(Rig *rig, gconstpointer data)
{
    guest_clock_stop(&rig->clock, 5 * SECOND);
    guest_clock_stop(&rig->clock, 7 * SECOND);
    rig_go_on(rig, 9 * SECOND);
    assert_offsets(rig, -4 * (gint64)HZ);
}

/* As the first entry after a load does: offsets are what is missing to the given time. */
static void
a_clock_that_was_set_goes_on_from_there(Rig *rig, gconstpointer data)
{
    guint64 ticks = 0;

    g_assert_cmpint(guest_clock_set(&rig->clock, rig->vcpus, 10 * SECOND, 3 * SECOND + 1), ==, 0);
    assert_offsets(rig, -(gint64)(7 * HZ - 1));
    g_assert_cmpint(guest_clock_read(&rig->clock, rig->vcpus, 99 * SECOND, &ticks), ==, 0);
    g_assert_cmpuint(ticks, ==, 3 * SECOND + 1);
    rig_go_on(rig, 12 * SECOND);
    assert_offsets(rig, -(gint64)(9 * HZ - 1));
    g_assert_cmpint(guest_clock_read(&rig->clock, rig->vcpus, 13 * SECOND, &ticks), ==, 0);
    g_assert_cmpuint(ticks, ==, 4 * SECOND + 1);
}

/* KVM rounds up: from the exact time once, and never from what it made of it before. */
static void
what_was_set_is_rounded_once(Rig *rig, gconstpointer data)
{
    const guint64 grain = 1u << 24;

    for (guint i = 0; i < 3; i++)
        rig_vcpu(rig, i)->grain = grain;
    g_assert_cmpint(guest_clock_set(&rig->clock, rig->vcpus, 0, grain + 1), ==, 0);
    assert_offsets(rig, 2 * (gint64)grain);
    rig_go_on(rig, 1);
    assert_offsets(rig, (gint64)grain);
    /* The guest has lived with the rounded one. */
    guest_clock_stop(&rig->clock, 10);
    rig_go_on(rig, 11);
    assert_offsets(rig, (gint64)grain);
}

static void
a_clock_that_cannot_be_set_is_as_before(Rig *rig, gconstpointer data)
{
    guint64 ticks = 0;

    rig_vcpu(rig, 0)->refuses = -EIO;
    g_assert_cmpint(guest_clock_set(&rig->clock, rig->vcpus, 5, 7), ==, -EIO);
    g_assert_cmpint(guest_clock_read(&rig->clock, rig->vcpus, 5, &ticks), ==, -EIO);
    g_assert_false(rig->clock.stands);
}

static void
a_later_vcpu_joins_the_others(Rig *rig, gconstpointer data)
{
    rig_vcpu(rig, 0)->offset = 5;
    g_assert_cmpint(guest_clock_join(rig->vcpus->pdata[2], rig->vcpus->pdata[0]), ==, 0);
    g_assert_cmpuint(rig_vcpu(rig, 2)->offset, ==, 5);
}

/* The second attempt takes off what the first did not, not the same again. */
static void
after_an_error_it_can_be_repeated(Rig *rig, gconstpointer data)
{
    for (guint broken = 0; broken < 3; broken++) {
        GError *error = NULL;

        for (guint i = 0; i < 3; i++)
            rig_vcpu(rig, i)->offset = 0;
        rig_vcpu(rig, broken)->refuses = -EIO;
        rig->clock = (GuestClock){.stands = FALSE};
        guest_clock_stop(&rig->clock, 10 * SECOND);
        g_assert_false(guest_clock_go_on(&rig->clock, rig->vcpus, 12 * SECOND, &error));
        g_assert_error(error, VM_ERROR, VM_ERROR_HOST);
        g_assert_nonnull(strstr(error->message, "TB_OFFSET"));
        g_clear_error(&error);
        rig_vcpu(rig, broken)->refuses = 0;
        rig_go_on(rig, 15 * SECOND);
        assert_offsets(rig, -5 * (gint64)HZ);
    }
}

int
main(int argc, char **argv)
{
    static const struct {
        const char *path;
        void (*func)(Rig *rig, gconstpointer data);
    } rows[] = {
        {"/guest-clock/stop", the_time_of_a_stop_does_not_pass_for_the_guest},
        {"/guest-clock/running", a_clock_that_runs_is_left_alone},
        {"/guest-clock/twice", a_second_stop_changes_nothing},
        {"/guest-clock/set", a_clock_that_was_set_goes_on_from_there},
        {"/guest-clock/rounding", what_was_set_is_rounded_once},
        {"/guest-clock/refused", a_clock_that_cannot_be_set_is_as_before},
        {"/guest-clock/join", a_later_vcpu_joins_the_others},
        {"/guest-clock/error", after_an_error_it_can_be_repeated},
    };

    g_test_init(&argc, &argv, NULL);
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++)
        g_test_add(rows[i].path, Rig, NULL, rig_set_up, rows[i].func, rig_tear_down);
    return g_test_run();
}
