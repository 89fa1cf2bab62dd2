/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Capabilities: defaults by type, what is sent of them, what the host and a guest may demand.
 */
#include <string.h>

#include "hw-spapr/caps.h"
#include "migration-glue/rules.h"
#include "tests/unit/hw-spapr/platform-rig.h"
#include "tests/unit/migration-glue/wire-rig.h"
#include "vdev/bits.h"

static const PseriesRow *
row_of(const char *type)
{
    return rig_row(type)->platform;
}

/* As stock QEMU sets them when nothing is said. */
static void
defaults_are_those_of_the_type(void)
{
    static const struct {
        const char *type;
        guint8 mitigations, large_decr, late;
    } types[] = {
        {"pseries-3.1", 0, 0, 0}, {"pseries-4.0", 1, 1, 0},  {"pseries-4.2", 1, 1, 0},
        {"pseries-5.0", 1, 1, 1}, {"pseries-10.0", 1, 1, 1},
    };
    const Caps none = {{0}};

    for (guint i = 0; i < G_N_ELEMENTS(types); i++) {
        const PseriesRow *row = row_of(types[i].type);

        g_assert_cmpuint(caps_value(&none, row, STATE_CAP_CFPC), ==, types[i].mitigations);
        g_assert_cmpuint(caps_value(&none, row, STATE_CAP_SBBC), ==, types[i].mitigations);
        g_assert_cmpuint(caps_value(&none, row, STATE_CAP_IBS), ==, types[i].mitigations);
        g_assert_cmpuint(caps_value(&none, row, STATE_CAP_LARGE_DECR), ==, types[i].large_decr);
        g_assert_cmpuint(caps_value(&none, row, STATE_CAP_CCF_ASSIST), ==, types[i].late);
        g_assert_cmpuint(caps_value(&none, row, STATE_CAP_FWNMI), ==, types[i].late);
        g_assert_cmpuint(caps_value(&none, row, STATE_CAP_HTM), ==, 0);
        g_assert_cmpuint(caps_value(&none, row, STATE_CAP_VSX), ==, 1);
        g_assert_cmpuint(caps_value(&none, row, STATE_CAP_HPT_PAGE), ==, 16);
        for (guint cap = 0; cap < STATE_CAP_N; cap++)
            g_assert_false(caps_deviates(&none, row, cap));
    }
}

/* --- In the stream ------------------------------------------------------- */

static gboolean
sends(const char *type, const char *property, guint64 choice, const char *subsection)
{
    const VmsContext context = {.row = rig_row(type), .rules = mig_rules_find(type)};
    const RigSpec spec = {.type = type};
    g_autoptr(GByteArray) head = wire_bytes(subsection);
    g_autoptr(GByteArray) bytes = NULL;
    GError *error = NULL;
    gboolean sent;
    Rig rig;

    rig_make(&rig, &spec);
    fake_host_set(rig.platform, pseries_class.props, property, choice);
    g_assert_true(rig_realize(&rig, &spec, &error));
    g_assert_no_error(error);
    bytes = wire_save(&state_machine, rig.platform, &context, &error);
    g_assert_no_error(error);
    sent = memmem(bytes->data, bytes->len, head->data, head->len) != NULL;
    rig_finish(&rig);
    return sent;
}

#define CFPC_BROKEN "05 0e 'spapr/cap/cfpc' 00000001 00"
#define CCF_OFF     "05 14 'spapr/cap/ccf_assist' 00000001 00"

static void
what_deviates_from_the_type_is_sent(void)
{
    g_assert_true(sends("pseries-7.2", "cap-cfpc", 1, CFPC_BROKEN));
    g_assert_false(sends("pseries-3.1", "cap-cfpc", 1, CFPC_BROKEN)); /* its default */
    g_assert_false(sends("pseries-7.2", "cap-cfpc", 0, "'spapr/cap/cfpc'"));
    g_assert_true(sends("pseries-5.0", "cap-ccf-assist", 1, CCF_OFF));
    g_assert_false(sends("pseries-4.2", "cap-ccf-assist", 1, "'spapr/cap/ccf_assist'"));
}

/* --- Checks -------------------------------------------------------------- */

static void
assert_says(GError *error, const char *part)
{
    g_assert_nonnull(error);
    if (strstr(error->message, part) == NULL)
        g_error("'%s' does not say '%s'", error->message, part);
    g_error_free(error);
}

static gboolean
asks(StateCap cap, guint32 choice, const VdevCpuInfo *cpu, GError **error)
{
    Caps caps = {{0}};

    caps.chosen[cap] = choice;
    return caps_check(&caps, row_of("pseries-7.2"), cpu, error);
}

static void
more_than_the_host_gives_is_refused(void)
{
    const VdevCpuInfo bare = {0};
    const VdevCpuInfo safe = {
        .cpu_character = IBM_BIT64(0) | IBM_BIT64(2) | IBM_BIT64(4) | IBM_BIT64(7) | IBM_BIT64(9),
        .cpu_character_mask = G_MAXUINT64,
        .cpu_behaviour = IBM_BIT64(1) | IBM_BIT64(2),
        .cpu_behaviour_mask = G_MAXUINT64,
    };
    GError *error = NULL;

    g_assert_true(asks(STATE_CAP_CFPC, 0, &bare, NULL)); /* not asked for */
    g_assert_true(asks(STATE_CAP_CFPC, 1, &bare, NULL));
    g_assert_false(asks(STATE_CAP_CFPC, 2, &bare, &error));
    assert_says(error, "cap-cfpc=workaround: KVM on this host gives broken; leave it out or use "
                       "cap-cfpc=broken");
    g_assert_true(asks(STATE_CAP_CFPC, 2, &safe, NULL));
    g_assert_false(asks(STATE_CAP_CFPC, 3, &safe, NULL));
    g_assert_true(asks(STATE_CAP_SBBC, 2, &safe, NULL));
    g_assert_true(asks(STATE_CAP_IBS, 4, &safe, NULL));
    g_assert_false(asks(STATE_CAP_IBS, 5, &safe, NULL));
    g_assert_true(asks(STATE_CAP_CCF_ASSIST, 2, &safe, NULL));
    g_assert_false(asks(STATE_CAP_CCF_ASSIST, 2, &bare, NULL));
}

static void
what_this_machine_does_not_do_is_refused(void)
{
    const VdevCpuInfo cpu = {0};
    GError *error = NULL;

    g_assert_false(asks(STATE_CAP_HTM, 2, &cpu, &error));
    assert_says(error, "cap-htm=on: this machine gives off");
    g_assert_false(asks(STATE_CAP_NESTED_HV, 2, &cpu, NULL));
    g_assert_false(asks(STATE_CAP_RPT_INVALIDATE, 2, &cpu, NULL));
    g_assert_false(asks(STATE_CAP_VSX, 1, &cpu, NULL));
    g_assert_false(asks(STATE_CAP_AIL_MODE_3, 1, &cpu, NULL));
    g_assert_true(asks(STATE_CAP_HTM, 1, &cpu, NULL));
    g_assert_true(asks(STATE_CAP_HPT_PAGE, 3, &cpu, NULL));
}

static void
a_guest_may_have_been_given_less_but_not_more(void)
{
    const PseriesRow *row = row_of("pseries-7.2");
    guint8 received[STATE_CAP_N] = {0};
    Caps caps = {{0}};
    GError *error = NULL;

    g_assert_true(caps_check_received(&caps, row, received, 0, NULL));
    g_assert_true(caps_check_received(&caps, row, received, 1u << STATE_CAP_CFPC, NULL));
    received[STATE_CAP_CFPC] = 2;
    g_assert_false(caps_check_received(&caps, row, received, 1u << STATE_CAP_CFPC, &error));
    assert_says(error, "cap-cfpc=fixed, and this machine has workaround");
    error = NULL;
    caps.chosen[STATE_CAP_SBBC] = 1; /* less than what nothing in the stream stands for */
    g_assert_false(caps_check_received(&caps, row, received, 0, &error));
    assert_says(error, "cap-sbbc=workaround, and this machine has broken");
    received[STATE_CAP_SBBC] = 200;
    g_assert_false(caps_check_received(&caps, row, received, 1u << STATE_CAP_SBBC, NULL));
    received[STATE_CAP_HPT_PAGE] = 24;
    caps = (Caps){{0}};
    g_assert_true(caps_check_received(&caps, row, received, 1u << STATE_CAP_HPT_PAGE, NULL));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define TEST(name) g_test_add_func("/spapr-caps/" #name, name)
    TEST(defaults_are_those_of_the_type);
    TEST(what_deviates_from_the_type_is_sent);
    TEST(more_than_the_host_gives_is_refused);
    TEST(what_this_machine_does_not_do_is_refused);
    TEST(a_guest_may_have_been_given_less_but_not_more);
    return g_test_run();
}
