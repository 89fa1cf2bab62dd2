/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The model's XIVE device through KVM's attribute groups: every group with every error that the
 * kernel documents, and the kernel's own ways.
 *
 * Source: Linux Documentation/virt/kvm/devices/xive.rst; behaviour as observed.
 */
#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "tests/model/model-rig.h"

#define CTRL          VDEV_XIVE_GRP_CTRL
#define SOURCE        VDEV_XIVE_GRP_SOURCE
#define SOURCE_CONFIG VDEV_XIVE_GRP_SOURCE_CONFIG
#define EQ_CONFIG     VDEV_XIVE_GRP_EQ_CONFIG
#define SOURCE_SYNC   VDEV_XIVE_GRP_SOURCE_SYNC

static const guint8 vp_open[8] = {0, 0xff, 0, 0, 0xff, 0, 0, 0xff};

/* ---- life ---------------------------------------------------------------------------------- */

static void
a_second_device_is_refused_while_one_lives(void)
{
    gint errnum = 0;
    Rig rig;

    rig_open(&rig, NULL);
    rig_device(&rig);
    g_assert_null(model_accel_class.kdev_new(rig.accel, VDEV_KDEV_XIVE, &errnum));
    g_assert_cmpint(errnum, ==, -EEXIST);
    g_assert_null(model_accel_class.kdev_new(rig.accel, VDEV_KDEV_XIVE + 1, &errnum));
    g_assert_cmpint(errnum, ==, -ENODEV);
    model_accel_class.kdev_free(rig.kdev);
    rig_device(&rig);
    rig_close(&rig);
}

static void
a_mapping_keeps_a_closed_device_alive(void)
{
    AccelKdev *again;
    gint errnum = 0;
    Rig rig;

    rig_open_full(&rig, NULL, 1);
    model_accel_class.kdev_free(rig.kdev);
    rig.kdev = NULL;
    g_assert_null(model_accel_class.kdev_new(rig.accel, VDEV_KDEV_XIVE, &errnum));
    g_assert_cmpint(errnum, ==, -EEXIST);
    rig_set_pq(&rig, 3, 0); /* the guest still reaches it */
    g_assert_cmpuint(rig_pq(&rig, 3), ==, 0);

    /* The slot alone is not enough. */
    g_assert_cmpint(model_accel_class.memory_set(rig.accel, SLOT_ESB, XIVE_ESB_BASE, 0, NULL, 0),
                    ==, 0);
    model_accel_class.region_free(rig.tima);
    rig.tima = NULL;
    g_assert_null(model_accel_class.kdev_new(rig.accel, VDEV_KDEV_XIVE, &errnum));
    model_accel_class.region_free(rig.esb);
    rig.esb = NULL;
    again = model_accel_class.kdev_new(rig.accel, VDEV_KDEV_XIVE, &errnum);
    g_assert_nonnull(again);
    g_assert_cmpint(model_accel_class.kdev_connect(again, rig.vcpus[0], 0), ==, 0);
    model_accel_class.kdev_free(again);
    rig_close(&rig);
}

static void
a_device_can_be_recreated_many_times(void)
{
    Rig rig;

    rig_open_full(&rig, NULL, 2);
    for (guint i = 0; i < 50; i++) {
        model_accel_class.region_free(rig.esb);
        model_accel_class.region_free(rig.tima);
        model_accel_class.kdev_free(rig.kdev);
        rig_device(&rig);
        g_assert_cmpint(model_accel_class.kdev_connect(rig.kdev, rig.vcpus[1], 1), ==, 0);
        rig_windows(&rig);
        g_assert_cmpint(rig_config(&rig, 0, 1, 6, FALSE, 1), ==, -ENOENT); /* all forgotten */
        g_assert_cmpint(rig_source(&rig, 0, 0), ==, 0);
    }
    rig_close(&rig);
}

static void
unknown_groups_and_attributes_are_enxio(void)
{
    guint64 word = 0;
    Rig rig;

    rig_open_full(&rig, NULL, 1);
    g_assert_cmpint(rig_set(&rig, 0, 0, &word), ==, -ENXIO);
    g_assert_cmpint(rig_set(&rig, 6, 0, &word), ==, -ENXIO);
    g_assert_cmpint(rig_set(&rig, CTRL, 0, &word), ==, -ENXIO);
    g_assert_cmpint(rig_set(&rig, CTRL, 4, &word), ==, -ENXIO);
    g_assert_cmpint(model_accel_class.kdev_get(rig.kdev, SOURCE, 0, &word), ==, -ENXIO);
    g_assert_cmpint(model_accel_class.kdev_get(rig.kdev, SOURCE_CONFIG, 0, &word), ==, -ENXIO);
    g_assert_cmpint(model_accel_class.kdev_get(rig.kdev, CTRL, 3, &word), ==, -ENXIO);
    rig_close(&rig);
}

/* ---- servers and connections --------------------------------------------------------------- */

static gint
set_servers(Rig *rig, guint32 n)
{
    return rig_set(rig, CTRL, VDEV_XIVE_CTRL_NR_SERVERS, &n);
}

static void
the_number_of_servers_is_set_before_the_first_connection(void)
{
    Rig rig;

    rig_open(&rig, NULL);
    rig_vcpus(&rig, 3);
    rig_device(&rig);
    g_assert_cmpint(set_servers(&rig, 0), ==, -EINVAL);
    g_assert_cmpint(set_servers(&rig, 16385), ==, -EINVAL);
    g_assert_cmpint(rig_set(&rig, CTRL, VDEV_XIVE_CTRL_NR_SERVERS, NULL), ==, -EFAULT);
    g_assert_cmpint(set_servers(&rig, 16384), ==, 0); /* more than there are: cut to what is */
    g_assert_cmpint(set_servers(&rig, 2), ==, 0);
    g_assert_cmpint(model_accel_class.kdev_connect(rig.kdev, rig.vcpus[0], 2), ==, -EINVAL);
    g_assert_cmpint(model_accel_class.kdev_connect(rig.kdev, rig.vcpus[0], 1), ==, 0);
    g_assert_cmpint(set_servers(&rig, 4), ==, -EBUSY);
    rig_close(&rig);
}

static void
connections_are_refused_for_the_documented_reasons(void)
{
    Rig rig, other;

    rig_open(&rig, NULL);
    rig_vcpus(&rig, 2);
    rig_device(&rig);
    rig_open(&other, NULL);
    rig_vcpus(&other, 1);
    g_assert_cmpint(model_accel_class.kdev_connect(rig.kdev, other.vcpus[0], 0), ==, -EPERM);
    g_assert_cmpint(model_accel_class.kdev_connect(rig.kdev, rig.vcpus[0], 0), ==, 0);
    g_assert_cmpint(model_accel_class.kdev_connect(rig.kdev, rig.vcpus[0], 1), ==, -EBUSY);
    g_assert_cmpint(model_accel_class.kdev_connect(rig.kdev, rig.vcpus[1], 0), ==, -EEXIST);
    g_assert_cmpint(model_accel_class.kdev_connect(rig.kdev, rig.vcpus[1], 2048), ==, -EINVAL);
    g_assert_cmpint(model_accel_class.kdev_connect(rig.kdev, rig.vcpus[1], 2047), ==, 0);
    rig_close(&other);
    rig_close(&rig);
}

static void
virtual_processors_run_out(void)
{
    Rig rig;

    rig_open(&rig, "x-vps=4");
    rig_vcpus(&rig, 1);
    rig_device(&rig);
    g_assert_cmpint(model_accel_class.kdev_connect(rig.kdev, rig.vcpus[0], 0), ==, -ENOSPC);
    g_assert_cmpint(set_servers(&rig, 5), ==, 0); /* a block of eight */
    g_assert_cmpint(model_accel_class.kdev_connect(rig.kdev, rig.vcpus[0], 0), ==, -ENOSPC);
    g_assert_cmpint(set_servers(&rig, 4), ==, 0);
    g_assert_cmpint(model_accel_class.kdev_connect(rig.kdev, rig.vcpus[0], 0), ==, 0);
    rig_close(&rig);
}

static void
a_parked_vcpu_comes_back_connected(void)
{
    GError *error = NULL;
    Rig rig;

    rig_open_full(&rig, NULL, 2);
    g_assert_null(model_accel_class.vcpu_new(rig.accel, 1, &error));
    g_assert_error(error, G_FILE_ERROR, G_FILE_ERROR_EXIST);
    g_clear_error(&error);
    model_accel_class.vcpu_free(rig.vcpus[1]);
    rig.vcpus[1] = model_accel_class.vcpu_new(rig.accel, 1, &error);
    g_assert_no_error(error);
    g_assert_cmpint(model_accel_class.kdev_connect(rig.kdev, rig.vcpus[1], 3), ==, -EBUSY);
    g_assert_cmpint(model_accel_class.kdev_connect(rig.kdev, rig.vcpus[1], 1), ==, 0);
    g_assert_cmpint(model_accel_class.kdev_connect(rig.kdev, rig.vcpus[1], 1), ==, -EBUSY);
    rig_close(&rig);
}

/* ---- sources ------------------------------------------------------------------------------- */

static void
sources_are_created_masked_and_within_limits(void)
{
    guint64 word = 0;
    Rig rig;

    rig_open(&rig, "x-irqs=3");
    rig_device(&rig);
    rig_windows(&rig);
    g_assert_cmpint(rig_set(&rig, SOURCE, 0x100000, &word), ==, -E2BIG);
    g_assert_cmpint(rig_set(&rig, SOURCE, G_MAXUINT64, &word), ==, -E2BIG);
    g_assert_cmpint(rig_set(&rig, SOURCE, 1, NULL), ==, -EFAULT);
    g_assert_cmpint(rig_source(&rig, 1, 0), ==, 0);
    g_assert_cmpuint(rig_pq(&rig, 1), ==, 1);
    g_assert_cmpint(rig_source(&rig, 2, VDEV_XIVE_SOURCE_LSI | VDEV_XIVE_SOURCE_ASSERTED), ==, 0);
    g_assert_cmpint(rig_source(&rig, 0xfffff, 0), ==, 0);
    g_assert_cmpint(rig_source(&rig, 3, 0), ==, -ENXIO); /* hardware interrupts are used up */
    rig_set_pq(&rig, 1, 0);
    g_assert_cmpint(rig_source(&rig, 1, 0), ==, 0); /* again: no new one needed, masked again */
    g_assert_cmpuint(rig_pq(&rig, 1), ==, 1);
    rig_close(&rig);
}

static void
no_memory_for_a_source_is_reported(void)
{
    Rig rig;

    rig_open(&rig, "x-fault=kdev_set:2:ENOMEM");
    rig_device(&rig);
    g_assert_cmpint(rig_source(&rig, 1, 0), ==, 0);
    g_assert_cmpint(rig_source(&rig, 0x1000, 0), ==, -ENOMEM);
    g_assert_cmpint(rig_source(&rig, 0x1000, 0), ==, 0);
    rig_close(&rig);
}

static void
a_configuration_is_refused_for_the_documented_reasons(void)
{
    Rig rig;

    rig_open_full(&rig, NULL, 2);
    rig_queue(&rig, 1, 6, 0);
    g_assert_cmpint(rig_config(&rig, 0x1000, 1, 6, FALSE, 1), ==, -ENOENT); /* no block */
    g_assert_cmpint(rig_config(&rig, 100, 1, 6, FALSE, 1), ==, -EINVAL);    /* a block, no source */
    g_assert_cmpint(rig_set(&rig, SOURCE_CONFIG, 1, NULL), ==, -EFAULT);
    g_assert_cmpint(rig_set(&rig, SOURCE_CONFIG, G_MAXUINT64, NULL), ==, -ENOENT);
    g_assert_cmpint(rig_config(&rig, 1, 1, 7, FALSE, 1), ==, -EINVAL); /* the host's priority */
    g_assert_cmpint(rig_config(&rig, 1, 9, 6, FALSE, 1), ==, -EINVAL); /* no such server */
    g_assert_cmpint(rig_config(&rig, 1, 0x1fffffff, 6, FALSE, 1), ==, -EINVAL);
    g_assert_cmpint(rig_config(&rig, 1, 1, 5, FALSE, 1), ==, -EBUSY); /* nobody has a queue there */
    g_assert_cmpint(rig_config(&rig, 1, 1, 6, FALSE, 1), ==, 0);
    g_assert_cmpint(rig_set(&rig, SOURCE_SYNC, 0x1000, NULL), ==, -ENOENT);
    g_assert_cmpint(rig_set(&rig, SOURCE_SYNC, 100, NULL), ==, -EINVAL);
    g_assert_cmpint(rig_set(&rig, SOURCE_SYNC, 1, NULL), ==, 0);
    rig_close(&rig);
}

static void
a_server_without_a_queue_is_replaced_by_one_that_has_it(void)
{
    guint64 queue;
    Rig rig;

    rig_open_full(&rig, NULL, 3);
    queue = rig_queue(&rig, 2, 6, 0);
    g_assert_cmpint(rig_config(&rig, 5, 0, 6, FALSE, 0x55), ==, 0);
    rig_set_pq(&rig, 5, 0);
    rig_trigger(&rig, 5);
    g_assert_cmphex(rig_entry(&rig, queue, 0), ==, 0x80000055);
    rig_close(&rig);
}

/* The word of the mask differs from what is in force; then server and EISN are forgotten. */
static void
a_masked_source_drops_events_and_forgets_its_target(void)
{
    guint64 queue;
    Rig rig;

    rig_open_full(&rig, NULL, 1);
    queue = rig_queue(&rig, 0, 6, 0);
    g_assert_cmpint(rig_config(&rig, 5, 0, 6, FALSE, 0x55), ==, 0);
    g_assert_cmpint(rig_config(&rig, 5, 0, 0, TRUE, 0), ==, 0);
    rig_set_pq(&rig, 5, 0);
    rig_trigger(&rig, 5);
    g_assert_cmphex(rig_entry(&rig, queue, 0), ==, 0);
    g_assert_cmpuint(rig_pq(&rig, 5), ==, 2);
    g_assert_cmpint(rig_config(&rig, 5, 0, 6, FALSE, 0), ==, 0); /* nothing comes back by itself */
    rig_eoi(&rig, 5);
    rig_trigger(&rig, 5);
    g_assert_cmphex(rig_entry(&rig, queue, 0), ==, 0x80000000);
    rig_close(&rig);
}

static void
a_mask_that_names_the_target_in_force_is_overlooked(void)
{
    guint64 queue;
    Rig rig;

    rig_open_full(&rig, NULL, 1);
    queue = rig_queue(&rig, 0, 6, 0);
    g_assert_cmpint(rig_config(&rig, 5, 0, 6, FALSE, 0x55), ==, 0);
    g_assert_cmpint(rig_config(&rig, 5, 0, 6, TRUE, 0x55), ==, 0);
    rig_set_pq(&rig, 5, 0);
    rig_trigger(&rig, 5);
    g_assert_cmphex(rig_entry(&rig, queue, 0), ==, 0x80000055);
    g_assert_cmpint(rig_config(&rig, 5, 0, 6, TRUE, 0x56), ==, 0); /* another word: masked */
    rig_eoi(&rig, 5);
    rig_trigger(&rig, 5);
    g_assert_cmphex(rig_entry(&rig, queue, 1), ==, 0);
    rig_close(&rig);
}

/* ---- queues -------------------------------------------------------------------------------- */

static void
a_queue_is_refused_for_the_documented_reasons(void)
{
    VdevXiveEq eq = rig_eq(RIG_EQ_BASE), bad;
    static const guint32 shifts[] = {1, 12, 15, 17, 21, 24, 63, 64, G_MAXUINT32};
    static const guint64 places[] = {RIG_EQ_BASE + 4, RIG_EQ_BASE + 0x1000, RIG_RAM_SIZE,
                                     XIVE_ESB_BASE, ~G_GUINT64_CONSTANT(0xffff)};
    static const guint32 flags[] = {0, 2, 3, G_MAXUINT32};
    Rig rig;

    rig_open_full(&rig, NULL, 1);
    g_assert_cmpint(rig_set_eq(&rig, 0, 6, NULL), ==, -EFAULT);
    g_assert_cmpint(rig_set_eq(&rig, 1, 6, &eq), ==, -ENOENT);
    g_assert_cmpint(rig_set_eq(&rig, 1, 7, &eq), ==, -ENOENT); /* the server is looked at first */
    g_assert_cmpint(rig_set_eq(&rig, 0, 7, &eq), ==, -EINVAL);
    for (guint i = 0; i < G_N_ELEMENTS(shifts); i++) {
        bad = eq;
        bad.qshift = shifts[i];
        g_assert_cmpint(rig_set_eq(&rig, 0, 6, &bad), ==, -EINVAL);
    }
    for (guint i = 0; i < G_N_ELEMENTS(places); i++) {
        bad = rig_eq(places[i]);
        g_assert_cmpint(rig_set_eq(&rig, 0, 6, &bad), ==, -EINVAL);
    }
    for (guint i = 0; i < G_N_ELEMENTS(flags); i++) {
        bad = eq;
        bad.flags = flags[i];
        g_assert_cmpint(rig_set_eq(&rig, 0, 6, &bad), ==, -EINVAL);
    }
    g_assert_cmpint(model_accel_class.kdev_get(rig.kdev, EQ_CONFIG, 8, &eq), ==, -ENOENT);
    g_assert_cmpint(model_accel_class.kdev_get(rig.kdev, EQ_CONFIG, 7, &eq), ==, -EINVAL);
    g_assert_cmpint(model_accel_class.kdev_get(rig.kdev, EQ_CONFIG, 6, NULL), ==, -EFAULT);
    g_assert_cmpuint(rig_get_eq(&rig, 0, 6).qshift, ==, 0);
    rig_close(&rig);
}

static void
a_queue_reads_back_with_its_position(void)
{
    static const VdevXiveEq none = {0};
    VdevXiveEq eq, back;
    guint64 queue;
    Rig rig;

    rig_open_full(&rig, NULL, 1);
    back = rig_get_eq(&rig, 0, 6);
    g_assert_cmpmem(&back, sizeof(back), &none, sizeof(none));
    queue = rig_queue(&rig, 0, 6, 3);
    g_assert_cmpint(rig_config(&rig, 1, 0, 6, FALSE, 7), ==, 0);
    rig_set_pq(&rig, 1, 0);
    rig_trigger(&rig, 1);
    back = rig_get_eq(&rig, 0, 6);
    g_assert_cmpuint(back.flags, ==, VDEV_XIVE_EQ_ALWAYS_NOTIFY);
    g_assert_cmpuint(back.qshift, ==, 16);
    g_assert_cmphex(back.qaddr, ==, queue);
    g_assert_cmpuint(back.qtoggle, ==, 1);
    g_assert_cmpuint(back.qindex, ==, 1);

    eq = back; /* as a restore does it */
    eq.qtoggle = 0;
    eq.qindex = 16383;
    g_assert_cmpint(rig_set_eq(&rig, 0, 6, &eq), ==, 0);
    rig_eoi(&rig, 1);
    rig_trigger(&rig, 1);
    g_assert_cmphex(rig_entry(&rig, queue, 16383), ==, 7);
    back = rig_get_eq(&rig, 0, 6);
    g_assert_cmpuint(back.qtoggle, ==, 1);
    g_assert_cmpuint(back.qindex, ==, 0);

    eq = (VdevXiveEq){.flags = 0xffff}; /* with qshift 0 nothing else counts */
    g_assert_cmpint(rig_set_eq(&rig, 0, 6, &eq), ==, 0);
    back = rig_get_eq(&rig, 0, 6);
    g_assert_cmpmem(&back, sizeof(back), &none, sizeof(none));
    rig_close(&rig);
}

static void
a_position_outside_the_queue_writes_nowhere(void)
{
    g_autofree guint8 *before = NULL;
    VdevXiveEq eq = rig_eq(RIG_EQ_BASE);
    Rig rig;

    rig_open_full(&rig, NULL, 1);
    eq.qindex = 16384;
    g_assert_cmpint(rig_set_eq(&rig, 0, 6, &eq), ==, 0);
    g_assert_cmpint(rig_config(&rig, 1, 0, 6, FALSE, 7), ==, 0);
    rig_set_pq(&rig, 1, 0);
    before = g_memdup2(rig.ram, RIG_RAM_SIZE);
    rig_trigger(&rig, 1);
    g_assert_cmpmem(before, RIG_RAM_SIZE, rig.ram, RIG_RAM_SIZE);
    rig_close(&rig);
}

/* ---- reset --------------------------------------------------------------------------------- */

static void
reset_spares_masked_sources_and_vp_state(void)
{
    guint8 vp[8];
    Rig rig;

    rig_open_full(&rig, NULL, 1);
    rig_queue(&rig, 0, 6, 0);
    rig_set_vp(&rig, 0, vp_open);
    g_assert_cmpint(rig_config(&rig, 1, 0, 6, FALSE, 7), ==, 0);
    rig_set_pq(&rig, 1, 0);
    rig_trigger(&rig, 1);
    rig_set_pq(&rig, 2, 2); /* a source that was never configured */
    g_assert_cmpint(rig_set(&rig, CTRL, VDEV_XIVE_CTRL_RESET, NULL), ==, 0);
    g_assert_cmpuint(rig_pq(&rig, 1), ==, 1);
    g_assert_cmpuint(rig_pq(&rig, 2), ==, 2);
    g_assert_cmpuint(rig_get_eq(&rig, 0, 6).qshift, ==, 0);
    rig_vp(&rig, 0, vp);
    g_assert_cmphex(vp[1], ==, 0xff);
    g_assert_cmphex(vp[2], ==, 0x02); /* still pending */
    g_assert_cmpint(rig_config(&rig, 1, 0, 6, FALSE, 7), ==, -EBUSY);
    rig_close(&rig);
}

/* ---- VP state ------------------------------------------------------------------------------ */

static void
vp_state_starts_closed_and_gathers_events(void)
{
    static const guint8 fresh[8] = {0, 0, 0, 0, 0xff, 0, 0, 0};
    guint8 vp[16];
    Rig rig;

    rig_open(&rig, NULL);
    rig_vcpus(&rig, 1);
    g_assert_cmpint(model_accel_class.vcpu_get(rig.vcpus[0], VDEV_REG_VP_STATE, vp), ==, -EPERM);
    g_assert_cmpint(model_accel_class.vcpu_set(rig.vcpus[0], VDEV_REG_VP_STATE, vp), ==, -EPERM);
    rig_device(&rig);
    rig_windows(&rig);
    g_assert_cmpint(model_accel_class.kdev_connect(rig.kdev, rig.vcpus[0], 0), ==, 0);
    rig_vp(&rig, 0, vp);
    g_assert_cmpmem(vp, 8, fresh, 8);
    g_assert_cmpint(rig_source(&rig, 9, 0), ==, 0);
    rig_queue(&rig, 0, 3, 0);
    g_assert_cmpint(rig_config(&rig, 9, 0, 3, FALSE, 7), ==, 0);
    rig_set_pq(&rig, 9, 0);
    rig_trigger(&rig, 9);
    rig_vp(&rig, 0, vp);
    g_assert_cmphex(vp[2], ==, 0x10);
    rig_close(&rig);
}

/* ---- irqfd --------------------------------------------------------------------------------- */

static void
an_eventfd_triggers_its_source(void)
{
    guint64 one = 1;
    gint fd = eventfd(0, EFD_CLOEXEC);
    Rig rig;

    rig_open_full(&rig, NULL, 1);
    rig_set_pq(&rig, 8, 0);
    g_assert_cmpint(model_accel_class.irqfd(rig.accel, 8, fd, TRUE), ==, 0);
    g_assert_cmpint(model_accel_class.irqfd(rig.accel, 8, fd, TRUE), ==, -EBUSY);
    g_assert_cmpint(model_accel_class.irqfd(rig.accel, 9, -1, TRUE), ==, -EBADF);
    g_assert_cmpint(model_accel_class.irqfd(rig.accel, 9, STDERR_FILENO, TRUE), ==, -EINVAL);
    g_assert_cmpint(model_accel_class.irqfd(rig.accel, 0x100000, fd, TRUE), ==, -EINVAL);
    g_assert_cmpint(write(fd, &one, sizeof(one)), ==, sizeof(one));
    rig_wait_pq(&rig, 8, 2);
    g_assert_cmpint(model_accel_class.irqfd(rig.accel, 8, fd, FALSE), ==, 0);
    g_assert_cmpint(model_accel_class.irqfd(rig.accel, 8, fd, FALSE), ==, 0);
    g_assert_cmpint(write(fd, &one, sizeof(one)), ==, sizeof(one));
    g_assert_cmpuint(rig_pq(&rig, 8), ==, 2);
    close(fd);
    rig_close(&rig);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD(name) g_test_add_func("/model/device/" #name, name)
    ADD(a_second_device_is_refused_while_one_lives);
    ADD(a_mapping_keeps_a_closed_device_alive);
    ADD(a_device_can_be_recreated_many_times);
    ADD(unknown_groups_and_attributes_are_enxio);
    ADD(the_number_of_servers_is_set_before_the_first_connection);
    ADD(connections_are_refused_for_the_documented_reasons);
    ADD(virtual_processors_run_out);
    ADD(a_parked_vcpu_comes_back_connected);
    ADD(sources_are_created_masked_and_within_limits);
    ADD(no_memory_for_a_source_is_reported);
    ADD(a_configuration_is_refused_for_the_documented_reasons);
    ADD(a_server_without_a_queue_is_replaced_by_one_that_has_it);
    ADD(a_masked_source_drops_events_and_forgets_its_target);
    ADD(a_mask_that_names_the_target_in_force_is_overlooked);
    ADD(a_queue_is_refused_for_the_documented_reasons);
    ADD(a_queue_reads_back_with_its_position);
    ADD(a_position_outside_the_queue_writes_nowhere);
    ADD(reset_spares_masked_sources_and_vp_state);
    ADD(vp_state_starts_closed_and_gathers_events);
    ADD(an_eventfd_triggers_its_source);
#undef ADD
    return g_test_run();
}
