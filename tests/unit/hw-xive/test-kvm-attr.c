/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The words of the KVM XIVE device, against numbers worked out by hand from the kernel's document.
 */
#include "hw-xive/kvm-attr.h"

#include <errno.h>
#include <string.h>

#include "hw-xive/core/eas.h"

static void
config_word_has_the_kernels_layout(void)
{
    guint64 eas = xive_eas_target(5, 6, 0x12345, FALSE);

    g_assert_cmphex(xive_kvm_config_word(eas, XIVE_EAS_RESET), ==,
                    G_GUINT64_CONSTANT(0x12345) << 33 | 5 << 3 | 6);
}

static void
config_word_keeps_every_target(void)
{
    for (guint i = 0; i < 10000; i++) {
        guint32 server = (guint32)g_test_rand_int_range(0, 0x200000);
        guint8 prio = (guint8)g_test_rand_int_range(0, 8);
        guint32 eisn = (guint32)g_test_rand_int() & XIVE_EISN_MAX;
        guint64 eas = xive_eas_target(server, prio, eisn, FALSE);
        XiveKvmConfig config = xive_kvm_config_unpack(xive_kvm_config_word(eas, XIVE_EAS_RESET));

        g_assert_cmpuint(config.server, ==, server);
        g_assert_cmpuint(config.prio, ==, prio);
        g_assert_cmphex(config.eisn, ==, eisn);
        g_assert_false(config.masked);
    }
}

static void
masking_word_never_names_what_is_in_force(void)
{
    static const guint32 eisns[] = {0, 1, 0x10, XIVE_EISN_MAX};

    for (gsize i = 0; i < G_N_ELEMENTS(eisns); i++) {
        guint64 live = xive_eas_target(0, 0, eisns[i], FALSE);
        guint64 same = xive_eas_set_masked(live, TRUE);
        XiveKvmConfig config = xive_kvm_config_unpack(xive_kvm_config_word(same, live));

        g_assert_true(config.masked);
        g_assert_cmphex(config.eisn, !=, eisns[i]);
        config = xive_kvm_config_unpack(xive_kvm_config_word(XIVE_EAS_RESET, live));
        g_assert_true(config.masked);
        g_assert_cmphex(config.eisn, !=, eisns[i]);
    }
}

static void
source_word_tells_the_line_of_a_level_source_only(void)
{
    g_assert_cmphex(xive_kvm_source_word(FALSE, FALSE), ==, 0);
    g_assert_cmphex(xive_kvm_source_word(FALSE, TRUE), ==, 0);
    g_assert_cmphex(xive_kvm_source_word(TRUE, FALSE), ==, 1);
    g_assert_cmphex(xive_kvm_source_word(TRUE, TRUE), ==, 3);
}

static void
queue_attribute_has_the_kernels_layout(void)
{
    guint32 server = 0;
    guint8 prio = 0;

    g_assert_cmphex(xive_kvm_eq_attr(0x123, 5), ==, 0x123 << 3 | 5);
    xive_kvm_eq_unpack_attr(0x123 << 3 | 5, &server, &prio);
    g_assert_cmphex(server, ==, 0x123);
    g_assert_cmpuint(prio, ==, 5);
}

static void
queue_comes_back_as_it_was(void)
{
    const XiveEq eq = {.gpa = 0x12340000, .qshift = 16, .qtoggle = 0, .qindex = 77};
    XiveEq back = {0};
    VdevXiveEq data;
    XiveEnd end;

    g_assert_true(xive_end_setup(&end, &eq, 3, 6, FALSE));
    memset(&data, 0xff, sizeof(data));
    xive_kvm_eq_pack(&data, &end);
    g_assert_cmpuint(data.flags, ==, VDEV_XIVE_EQ_ALWAYS_NOTIFY);
    g_assert_true(xive_kvm_eq_unpack(&data, &back));
    g_assert_cmphex(back.gpa, ==, eq.gpa);
    g_assert_cmpuint(back.qshift, ==, eq.qshift);
    g_assert_cmpuint(back.qtoggle, ==, eq.qtoggle);
    g_assert_cmpuint(back.qindex, ==, eq.qindex);
}

static void
no_queue_is_all_zeros(void)
{
    const VdevXiveEq zeros = {0};
    XiveEq eq = {.gpa = 42};
    VdevXiveEq data;
    XiveEnd end;

    xive_end_reset(&end);
    memset(&data, 0xff, sizeof(data));
    xive_kvm_eq_pack(&data, &end);
    g_assert_cmpmem(&data, sizeof(data), &zeros, sizeof(zeros));
    g_assert_false(xive_kvm_eq_unpack(&data, &eq));
    g_assert_cmpuint(eq.gpa, ==, 42);
}

static void
impossible_queues_are_not_unpacked(void)
{
    static const VdevXiveEq bad[] = {
        {.flags = 1, .qshift = 16, .qaddr = 0x12345, .qtoggle = 1},
        {.flags = 1, .qshift = 16, .qaddr = 0x10000, .qtoggle = 2},
        {.flags = 1, .qshift = 16, .qaddr = 0x10000, .qindex = 0x4000},
        {.flags = 1, .qshift = 63, .qaddr = 0},
        {.flags = 1, .qshift = 3, .qaddr = 0},
    };
    XiveEq eq;

    for (gsize i = 0; i < G_N_ELEMENTS(bad); i++)
        g_assert_false(xive_kvm_eq_unpack(&bad[i], &eq));
}

static void
documented_errors_have_a_hint_of_one_line(void)
{
    static const struct {
        guint32 group;
        gint errnums[6];
    } documented[] = {
        {XIVE_KVM_CREATE, {ENODEV, EEXIST, ENOMEM}},
        {XIVE_KVM_CONNECT, {EPERM, EBUSY, EINVAL, EEXIST, ENOSPC}},
        {VDEV_XIVE_GRP_CTRL, {EINVAL, EBUSY}},
        {VDEV_XIVE_GRP_SOURCE, {E2BIG, ENOMEM, ENXIO}},
        {VDEV_XIVE_GRP_SOURCE_CONFIG, {ENOENT, EINVAL, ENXIO, EBUSY}},
        {VDEV_XIVE_GRP_EQ_CONFIG, {ENOENT, EINVAL, EIO}},
        {VDEV_XIVE_GRP_SOURCE_SYNC, {ENOENT, EINVAL}},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(documented); i++) {
        for (const gint *errnum = documented[i].errnums; *errnum != 0; errnum++) {
            const char *hint = xive_kvm_hint(documented[i].group, *errnum);

            g_assert_nonnull(hint);
            g_assert_null(strchr(hint, '\n'));
        }
        g_assert_cmpstr(xive_kvm_group_name(documented[i].group), !=, "unknown group");
    }
    g_assert_null(xive_kvm_hint(VDEV_XIVE_GRP_SOURCE_SYNC, EXDEV));
    g_assert_cmpstr(xive_kvm_group_name(99), ==, "unknown group");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/kvm-attr/config/layout", config_word_has_the_kernels_layout);
    g_test_add_func("/kvm-attr/config/round-trip", config_word_keeps_every_target);
    g_test_add_func("/kvm-attr/config/mask", masking_word_never_names_what_is_in_force);
    g_test_add_func("/kvm-attr/source", source_word_tells_the_line_of_a_level_source_only);
    g_test_add_func("/kvm-attr/queue/attribute", queue_attribute_has_the_kernels_layout);
    g_test_add_func("/kvm-attr/queue/round-trip", queue_comes_back_as_it_was);
    g_test_add_func("/kvm-attr/queue/none", no_queue_is_all_zeros);
    g_test_add_func("/kvm-attr/queue/impossible", impossible_queues_are_not_unpacked);
    g_test_add_func("/kvm-attr/hints", documented_errors_have_a_hint_of_one_line);
    return g_test_run();
}
