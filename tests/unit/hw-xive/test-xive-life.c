/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The life of the device: what it refuses, that a failure at any step leaves nothing behind, that a
 * reset brings back the state after power-on any number of times.
 */
#include <errno.h>
#include <string.h>

#include "tests/unit/hw-xive/xive-rig.h"

/* --- Properties ---------------------------------------------------------- */

static const struct {
    guint64 irqs, servers;
    guint32 machine;
    const char *complaint;
} bad[] = {
    {0x11f0, 0, 2, "nr-irqs=0x11f0 is out of range"},
    {0x2010, 0, 2, "nr-irqs=0x2010 is out of range"},
    {0, 0, 2, "nr-irqs=0x0 is out of range"},
    {0x1201, 0, 2, "nr-irqs=0x1201 is not a multiple of 16"},
    {0x2000, 1, 2, "nr-servers=1 is too few"},
    {0x2000, 0, 0, "0 interrupt servers are out of range"},
    {0x2000, 0x1001, 2, "4097 interrupt servers are out of range"},
    {0x2000, 0, 0x1000, "4096 interrupt servers are too many: this host's vCPU ids end at 2047"},
};

static void
impossible_properties_are_refused_before_kvm_is_asked(void)
{
    g_autoptr(FakeHost) host = fake_host_new(RIG_RAM, RIG_VCPUS);

    for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) error = NULL;
        g_autofree Xive *xive = rig_object(host, bad[i].machine);

        fake_host_set(xive, xive_class.props, "nr-irqs", bad[i].irqs);
        fake_host_set(xive, xive_class.props, "nr-servers", bad[i].servers);
        g_assert_false(xive_class.realize(xive, &error));
        g_assert_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE);
        g_assert_nonnull(strstr(error->message, bad[i].complaint));
        g_assert_cmpuint(host->n_calls, ==, 0);
        xive_class.finish(xive);
    }
}

static void
property_table_states_the_same_limits(void)
{
    const VdevProperty *irqs = &xive_class.props[0], *servers = &xive_class.props[1];

    g_assert_cmpstr(irqs->name, ==, "nr-irqs");
    g_assert_cmphex(irqs->initial, ==, 0x2000);
    g_assert_cmphex(irqs->min, ==, 0x1200);
    g_assert_cmphex(irqs->max, ==, 0x2000);
    g_assert_cmpstr(servers->name, ==, "nr-servers");
    g_assert_cmphex(servers->max, ==, 0x1000);
    g_assert_null(xive_class.props[2].name);
}

static void
servers_can_be_raised_above_the_machines(void)
{
    g_autoptr(FakeHost) host = fake_host_new(RIG_RAM, RIG_VCPUS);
    g_autofree Xive *xive = rig_object(host, 2);
    g_autoptr(GError) error = NULL;

    fake_host_set(xive, xive_class.props, "nr-servers", 5);
    g_assert_true(xive_class.realize(xive, &error));
    g_assert_cmpuint(xive_nr_ends(xive), ==, 40);
    g_assert_true(xive_lisn_is_claimed(xive, 4));
    g_assert_false(xive_lisn_is_claimed(xive, 5));
    xive_class.finish(xive);
}

static void
window_is_as_large_as_the_sources(void)
{
    g_autoptr(FakeHost) host = fake_host_new(RIG_RAM, RIG_VCPUS);
    g_autofree Xive *xive = rig_object(host, 2);
    g_autoptr(GError) error = NULL;

    fake_host_set(xive, xive_class.props, "nr-irqs", 0x1200);
    g_assert_true(xive_class.realize(xive, &error));
    g_assert_cmphex(xive_esb_window_size(xive), ==, 0x1200 * 0x20000ull);
    g_assert_true(xive_lisn_claim(xive, 0x11ff, FALSE, &error));
    g_assert_cmpint(
        rig_call(&(Rig){.host = host, .xive = xive}, GET_SOURCE_INFO, 0, 0x1200, 0, 0, 0), ==,
        H_P2);
    g_assert_false(xive_lisn_claim(xive, 0x1200, FALSE, &error));
    g_assert_nonnull(strstr(error->message, "LISN 0x1200 does not exist: nr-irqs is 0x1200"));
    xive_class.finish(xive);
}

static const VdevCpuInfo huge_pages = {.host_page_shift = 18, .max_vcpus = 16};

static const VdevCpuInfo *
huge_page_info(const VdevHost *host)
{
    return &huge_pages;
}

static void
pages_of_the_host_set_size_and_distance(void)
{
    g_autoptr(FakeHost) host = fake_host_new(RIG_RAM, RIG_VCPUS);
    g_autofree Xive *xive = rig_object(host, 2);
    g_autoptr(GError) error = NULL;

    xive->page_shift = 12;
    g_assert_cmphex(xive_esb_page_gpa(xive, 3, XIVE_ESB_PAGE_MANAGEMENT), ==,
                    XIVE_ESB_BASE + 7 * 0x1000);
    g_assert_cmphex(xive_tima_page_gpa(xive, XIVE_TIMA_PAGE_OS), ==, XIVE_TIMA_BASE + 0x2000);
    g_assert_cmphex(xive_esb_window_size(xive), ==, 0x2000 * 0x2000);

    host->table.cpu_info = huge_page_info;
    g_assert_false(xive_class.realize(xive, &error));
    g_assert_nonnull(strstr(error->message, "pages of 2^18 bytes"));
    g_assert_cmpuint(host->n_calls, ==, 0);
}

/* --- Failing and undoing ------------------------------------------------- */

static void
realize_undoes_all_when_any_step_fails(void)
{
    g_autoptr(FakeHost) host = fake_host_new(RIG_RAM, RIG_VCPUS);
    g_autofree Xive *xive = rig_object(host, RIG_VCPUS);
    gboolean good = FALSE;
    guint failures = 0;

    for (guint n = 1; !good; n++) {
        g_autoptr(GError) error = NULL;

        fake_host_fail_at(host, n, EIO);
        good = xive_class.realize(xive, &error);
        if (good)
            break;
        failures++;
        g_assert_nonnull(error);
        g_assert_true(g_str_has_prefix(error->message, "spapr-xive-kvm: "));
        g_assert_nonnull(strstr(error->message, g_strerror(EIO)));
        g_assert_null(strchr(error->message, '\n'));
        g_assert_cmpuint(fake_host_alive(host), ==, 0);
        g_assert_null(xive->eas);
        g_assert_null(xive->kdev);
    }
    /* device, number of servers, two windows, one IPI a server */
    g_assert_cmpuint(failures, ==, 4 + RIG_VCPUS);
    g_assert_cmpuint(fake_host_alive(host), ==, 3);
    xive_class.finish(xive);
}

static void
errors_say_what_to_do(void)
{
    static const struct {
        guint call;
        gint errnum;
        const char *complaint;
    } cases[] = {
        {1, ENODEV,
         "KVM XIVE create (device type 9): No such device (errno 19): this kernel's KVM"},
        {2, EINVAL, "KVM XIVE CTRL (number of servers 2): Invalid argument (errno 22): the number"},
        {5, ENXIO, "KVM XIVE SOURCE (LISN 0x0): No such device or address (errno 6): the host's"},
    };
    g_autoptr(FakeHost) host = fake_host_new(RIG_RAM, RIG_VCPUS);
    g_autofree Xive *xive = rig_object(host, RIG_VCPUS);

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;

        fake_host_fail_at(host, cases[i].call, cases[i].errnum);
        g_assert_false(xive_class.realize(xive, &error));
        g_assert_nonnull(strstr(error->message, cases[i].complaint));
    }
}

static void
kernel_without_the_number_of_servers_will_do(void)
{
    g_autoptr(FakeHost) host = fake_host_new(RIG_RAM, RIG_VCPUS);
    g_autofree Xive *xive = rig_object(host, RIG_VCPUS);
    g_autoptr(GError) error = NULL;

    fake_host_fail_at(host, 2, ENXIO);
    g_assert_true(xive_class.realize(xive, &error));
    xive_class.finish(xive);
}

static void
finish_may_be_called_on_anything(void)
{
    g_autoptr(FakeHost) host = fake_host_new(RIG_RAM, RIG_VCPUS);
    g_autofree Xive *zeroed = g_malloc0(xive_class.size);
    g_autofree Xive *xive = rig_object(host, RIG_VCPUS);
    g_autoptr(GError) error = NULL;

    xive_class.finish(zeroed);
    xive_class.finish(xive);
    for (guint i = 0; i < 3; i++) {
        g_assert_true(xive_class.realize(xive, &error));
        xive_class.finish(xive);
        xive_class.finish(xive);
        g_assert_cmpuint(fake_host_alive(host), ==, 0);
    }
}

static void
windows_can_be_rebuilt(void)
{
    g_autoptr(GError) error = NULL;
    Rig rig;

    rig_init(&rig);
    for (guint i = 0; i < 5; i++) {
        g_assert_true(xive_regions_rebuild(rig.xive, &error));
        g_assert_cmpuint(fake_host_alive(rig.host), ==, 3);
        g_assert_cmpint(rig_pq(&rig, RIG_EDGE), ==, XIVE_PQ_OFF);
    }
    fake_host_fail_at(rig.host, 2, ENOMEM);
    g_assert_false(xive_regions_rebuild(rig.xive, &error));
    g_assert_nonnull(strstr(error->message, "spapr-xive-kvm: mapping xive.tima: "));
    g_assert_cmpuint(fake_host_alive(rig.host), ==, 1);
    rig_finish(&rig);
}

/* --- Connecting ---------------------------------------------------------- */

static void
failed_connect_leaves_the_server_free(void)
{
    g_autoptr(FakeHost) host = fake_host_new(RIG_RAM, RIG_VCPUS);
    g_autofree Xive *xive = rig_object(host, RIG_VCPUS);
    g_autoptr(GError) error = NULL;
    VdevVcpu *vcpu = host->table.vcpu_new(&host->table, 1, &error);

    g_assert_true(xive_class.realize(xive, &error));
    fake_host_fail_at(host, 1, ENOSPC);
    g_assert_false(xive_vcpu_connect(xive, vcpu, &error));
    g_assert_nonnull(
        strstr(error->message, "KVM XIVE connect (server 1): No space left on device"));
    g_assert_nonnull(strstr(error->message, "stop other guests"));
    g_clear_error(&error);

    g_assert_true(xive_vcpu_connect(xive, vcpu, &error));
    g_assert_false(xive_vcpu_connect(xive, vcpu, &error));
    g_assert_nonnull(strstr(error->message, "server 1 is connected already"));
    xive_class.finish(xive);
}

static void
vcpu_beyond_the_servers_is_refused(void)
{
    g_autoptr(FakeHost) host = fake_host_new(RIG_RAM, RIG_VCPUS);
    g_autofree Xive *xive = rig_object(host, RIG_VCPUS);
    g_autoptr(GError) error = NULL;
    VdevVcpu *vcpu = host->table.vcpu_new(&host->table, RIG_VCPUS, &error);

    g_assert_true(xive_class.realize(xive, &error));
    g_assert_false(xive_vcpu_connect(xive, vcpu, &error));
    g_assert_nonnull(strstr(error->message, "vCPU id 2 has no interrupt server: nr-servers is 2"));
    xive_class.finish(xive);
}

static void
unconnected_server_is_no_target(void)
{
    g_autoptr(FakeHost) host = fake_host_new(RIG_RAM, RIG_VCPUS);
    g_autofree Xive *xive = rig_object(host, RIG_VCPUS);
    g_autoptr(GError) error = NULL;
    Rig rig = {.host = host, .xive = xive};
    guint calls = 0;

    g_assert_true(xive_class.realize(xive, &error));
    calls = host->n_calls;
    g_assert_cmpint(rig_call(&rig, SET_QUEUE_CONFIG, 1, 0, 6, 0, 16), ==, H_P2);
    g_assert_cmpint(rig_call(&rig, SET_SOURCE_CONFIG, 1, 0, 0, 6, 0), ==, H_P3);
    g_assert_cmpuint(host->n_calls, ==, calls);
    xive_class.finish(xive);
}

/* --- Sources ------------------------------------------------------------- */

static void
claimed_lisn_cannot_be_claimed_again_until_released(void)
{
    g_autoptr(GError) error = NULL;
    Rig rig;

    rig_init(&rig);
    g_assert_false(xive_lisn_claim(rig.xive, RIG_EDGE, FALSE, &error));
    g_assert_nonnull(strstr(error->message, "LISN 0x1100 is in use already"));
    g_clear_error(&error);
    g_assert_false(xive_lisn_claim(rig.xive, G_MAXUINT32, FALSE, &error));
    g_clear_error(&error);

    xive_lisn_release(rig.xive, RIG_EDGE);
    g_assert_cmpint(rig_call(&rig, GET_SOURCE_INFO, 0, RIG_EDGE, 0, 0, 0), ==, H_P2);
    xive_lisn_release(rig.xive, RIG_EDGE);
    g_assert_true(xive_lisn_claim(rig.xive, RIG_EDGE, TRUE, &error));
    g_assert_cmpint(rig_call(&rig, GET_SOURCE_INFO, 0, RIG_EDGE, 0, 0, 0), ==, H_SUCCESS);
    g_assert_cmphex(rig.args[0], ==, 8 | 4);
    rig_finish(&rig);
}

static void
failed_claim_claims_nothing(void)
{
    g_autoptr(GError) error = NULL;
    Rig rig;

    rig_init(&rig);
    fake_host_fail_at(rig.host, 1, ENXIO);
    g_assert_false(xive_lisn_claim(rig.xive, 0x1300, FALSE, &error));
    g_assert_false(xive_lisn_is_claimed(rig.xive, 0x1300));
    g_clear_error(&error);
    g_assert_true(xive_lisn_claim(rig.xive, 0x1300, FALSE, &error));
    rig_finish(&rig);
}

static void
released_source_is_silent_even_if_its_page_is_still_mapped(void)
{
    g_autoptr(GError) error = NULL;
    Rig rig;

    rig_init(&rig);
    rig_queue(&rig, 0, 6, 0);
    g_assert_cmpint(rig_call(&rig, SET_SOURCE_CONFIG, 2, RIG_EDGE, 0, 6, 5), ==, H_SUCCESS);
    g_assert_cmpint(rig_call(&rig, INT_ESB, 0, RIG_EDGE, 0xc00, 0, 0), ==, H_SUCCESS);
    xive_lisn_release(rig.xive, RIG_EDGE);
    g_assert_true(rig.host->table.region_store64(&rig.host->table, rig.xive->esb,
                                                 (guint64)RIG_EDGE << 17, 0, &error));
    g_assert_cmphex(rig_entry(&rig, 0, 0), ==, 0);
    rig_finish(&rig);
}

static void
raising_a_source_that_kvm_refuses_only_warns(void)
{
    Rig rig;

    rig_init(&rig);
    fake_host_fail_at(rig.host, 1, EFAULT);
    xive_pulse(rig.xive, RIG_EDGE);
    g_assert_nonnull(strstr(rig.host->log->str, "spapr-xive-kvm: ESB store of LISN 0x1100: "));
    fake_host_fail_at(rig.host, 1, EFAULT);
    xive_set_level(rig.xive, RIG_LSI, TRUE);
    g_assert_nonnull(strstr(rig.host->log->str, "spapr-xive-kvm: ESB load of LISN 0x1200: "));
    rig_finish(&rig);
}

/* --- Reset --------------------------------------------------------------- */

static void
reset_brings_back_the_state_after_power_on(void)
{
    g_autoptr(GError) error = NULL;
    Rig rig;

    rig_init(&rig);
    rig_assert_pristine(&rig);
    for (guint i = 0; i < 100; i++) {
        rig_disturb(&rig);
        g_assert_true(xive_class.reset(rig.xive, &error));
        rig_assert_pristine(&rig);
        g_assert_cmpuint(fake_host_alive(rig.host), ==, 3);
    }
    g_assert_true(xive_class.reset(rig.xive, &error));
    rig_assert_pristine(&rig);
    rig_finish(&rig);
}

static void
reset_after_a_failed_reset_succeeds(void)
{
    gboolean good = FALSE;
    guint failures = 0;
    Rig rig;

    rig_init(&rig);
    for (guint n = 1; !good; n++) {
        g_autoptr(GError) error = NULL;

        rig_disturb(&rig);
        fake_host_fail_at(rig.host, n, EIO);
        good = xive_class.reset(rig.xive, &error);
        failures += !good;
        g_assert_true(good || g_str_has_prefix(error->message, "spapr-xive-kvm: "));
        fake_host_fail_at(rig.host, 0, 0);
        g_assert_true(xive_class.reset(rig.xive, NULL));
        rig_assert_pristine(&rig);
    }
    /* KVM's reset, PQ of four sources, two contexts */
    g_assert_cmpuint(failures, ==, 7);
    rig_finish(&rig);
}

static const struct {
    const char *path;
    void (*test)(void);
} tests[] = {
    {"properties/refused", impossible_properties_are_refused_before_kvm_is_asked},
    {"properties/table", property_table_states_the_same_limits},
    {"properties/servers", servers_can_be_raised_above_the_machines},
    {"properties/window", window_is_as_large_as_the_sources},
    {"properties/pages", pages_of_the_host_set_size_and_distance},
    {"realize/undo", realize_undoes_all_when_any_step_fails},
    {"realize/errors", errors_say_what_to_do},
    {"realize/old-kernel", kernel_without_the_number_of_servers_will_do},
    {"finish", finish_may_be_called_on_anything},
    {"rebuild", windows_can_be_rebuilt},
    {"connect/undo", failed_connect_leaves_the_server_free},
    {"connect/range", vcpu_beyond_the_servers_is_refused},
    {"connect/none", unconnected_server_is_no_target},
    {"claim/again", claimed_lisn_cannot_be_claimed_again_until_released},
    {"claim/undo", failed_claim_claims_nothing},
    {"release", released_source_is_silent_even_if_its_page_is_still_mapped},
    {"raise/undo", raising_a_source_that_kvm_refuses_only_warns},
    {"reset", reset_brings_back_the_state_after_power_on},
    {"reset/undo", reset_after_a_failed_reset_succeeds},
};

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(tests); i++) {
        g_autofree char *path = g_strdup_printf("/xive-life/%s", tests[i].path);

        g_test_add_func(path, tests[i].test);
    }
    return g_test_run();
}
