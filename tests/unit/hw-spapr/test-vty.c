/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The console: bytes out, the ring of input and its interrupt, and units that are none.
 */
#include "tests/unit/hw-spapr/platform-rig.h"

#define UNIT VIO_UNIT_FIRST
#define LISN 0x1100u

static void
output_is_the_first_bytes_of_the_words(void)
{
    Rig rig;

    rig_init(&rig, NULL);
    g_assert_cmpint(
        RIG_HCALL(&rig, H_PUT_TERM_CHAR, UNIT, 11, 0x68656c6c6f20776fULL, 0x726c64ffffffffffULL),
        ==, H_SUCCESS);
    g_assert_cmpstr(rig.host->console->str, ==, "hello world");
    g_assert_cmpint(RIG_HCALL(&rig, H_PUT_TERM_CHAR, UNIT, 0, 0, 0), ==, H_SUCCESS);
    g_assert_cmpint(RIG_HCALL(&rig, H_PUT_TERM_CHAR, 0, 1, 0x2100000000000000ULL, 0), ==,
                    H_SUCCESS);
    g_assert_cmpstr(rig.host->console->str, ==, "hello world!");
    rig_finish(&rig);
}

static void
output_of_more_than_a_chunk_is_refused(void)
{
    Rig rig;

    rig_init(&rig, NULL);
    g_assert_cmpint(RIG_HCALL(&rig, H_PUT_TERM_CHAR, UNIT, 17, 0, 0), ==, H_PARAMETER);
    g_assert_cmpint(RIG_HCALL(&rig, H_PUT_TERM_CHAR, UNIT, G_MAXUINT64, 0, 0), ==, H_PARAMETER);
    g_assert_cmpuint(rig.host->console->len, ==, 0);
    rig_finish(&rig);
}

static void
input_comes_back_in_order_and_fires_once(void)
{
    Rig rig;

    rig_init(&rig, NULL);
    rig_arm(&rig, LISN);
    fake_host_type(rig.host, "abcdefghij");
    g_assert_true(rig_fired(&rig, LISN));
    rig_arm(&rig, LISN);
    fake_host_type(rig.host, "k");
    g_assert_false(rig_fired(&rig, LISN));
    g_assert_cmpint(RIG_HCALL(&rig, H_GET_TERM_CHAR, UNIT), ==, H_SUCCESS);
    g_assert_cmpuint(rig.args[0], ==, 11);
    g_assert_cmphex(rig.args[1], ==, 0x6162636465666768ULL);
    g_assert_cmphex(rig.args[2], ==, 0x696a6b0000000000ULL);
    g_assert_cmpint(RIG_HCALL(&rig, H_GET_TERM_CHAR, UNIT), ==, H_SUCCESS);
    g_assert_cmpuint(rig.args[0], ==, 0);
    rig_finish(&rig);
}

static void
full_ring_takes_no_more_and_wraps(void)
{
    Rig rig;

    rig_init(&rig, NULL);
    for (guint round = 0; round < 5; round++) {
        fake_host_type(rig.host, "0123456789abcdefXYZ");
        g_assert_cmpuint(rig.host->console_ops->can_read(rig.host->console_user), ==, 0);
        g_assert_cmpint(RIG_HCALL(&rig, H_GET_TERM_CHAR, UNIT), ==, H_SUCCESS);
        g_assert_cmpuint(rig.args[0], ==, 16);
        g_assert_cmphex(rig.args[1], ==, 0x3031323334353637ULL);
        g_assert_cmphex(rig.args[2], ==, 0x3839616263646566ULL);
        fake_host_type(rig.host, "-.-");
        g_assert_cmpint(RIG_HCALL(&rig, H_GET_TERM_CHAR, UNIT), ==, H_SUCCESS);
        g_assert_cmpuint(rig.args[0], ==, 3);
        g_assert_cmphex(rig.args[1], ==, 0x2d2e2d0000000000ULL);
    }
    rig_finish(&rig);
}

/* A host that keeps bytes back until there is room, and gives them within the call. */
static void
give_more(const VdevHost *host, VdevChardev *chardev)
{
    fake_host_type(host->opaque, "more");
}

static void
what_the_host_kept_back_fires_again(void)
{
    Rig rig;

    rig_init(&rig, NULL);
    fake_host_type(rig.host, "x");
    rig_arm(&rig, LISN);
    rig.host->table.chardev_accept_input = give_more;
    g_assert_cmpint(RIG_HCALL(&rig, H_GET_TERM_CHAR, UNIT), ==, H_SUCCESS);
    g_assert_cmpuint(rig.args[0], ==, 1);
    g_assert_true(rig_fired(&rig, LISN));
    g_assert_cmpint(RIG_HCALL(&rig, H_GET_TERM_CHAR, UNIT), ==, H_SUCCESS);
    g_assert_cmpuint(rig.args[0], ==, 4);
    rig_finish(&rig);
}

static void
signal_turns_the_interrupt_off_and_on(void)
{
    Rig rig;

    rig_init(&rig, NULL);
    g_assert_cmpint(RIG_HCALL(&rig, H_VIO_SIGNAL, UNIT, 0), ==, H_SUCCESS);
    rig_arm(&rig, LISN);
    fake_host_type(rig.host, "a");
    g_assert_false(rig_fired(&rig, LISN));
    RIG_HCALL(&rig, H_GET_TERM_CHAR, UNIT);
    g_assert_cmpint(RIG_HCALL(&rig, H_VIO_SIGNAL, UNIT, 1), ==, H_SUCCESS);
    fake_host_type(rig.host, "b");
    g_assert_true(rig_fired(&rig, LISN));
    rig_finish(&rig);
}

static void
unit_that_is_no_terminal_is_refused(void)
{
    static const guint64 units[] = {UNIT + 1, UNIT + 2, UNIT - 1, 1, G_MAXUINT64};
    const RigSpec mute = {.no_console = TRUE};
    Rig rig;

    rig_init(&rig, NULL);
    for (guint i = 0; i < G_N_ELEMENTS(units); i++) {
        g_assert_cmpint(RIG_HCALL(&rig, H_GET_TERM_CHAR, units[i]), ==, H_PARAMETER);
        g_assert_cmpint(RIG_HCALL(&rig, H_PUT_TERM_CHAR, units[i], 1, 0, 0), ==, H_PARAMETER);
    }
    g_assert_cmpint(RIG_HCALL(&rig, H_VIO_SIGNAL, UNIT, 2), ==, H_PARAMETER);
    g_assert_cmpint(RIG_HCALL(&rig, H_VIO_SIGNAL, UNIT + 2, 1), ==, H_PARAMETER);
    g_assert_cmpint(RIG_HCALL(&rig, H_VIO_SIGNAL, 0, 1), ==, H_PARAMETER);
    rig_finish(&rig);

    rig_init(&rig, &mute);
    g_assert_cmpint(RIG_HCALL(&rig, H_PUT_TERM_CHAR, UNIT, 1, 0, 0), ==, H_PARAMETER);
    g_assert_cmpint(RIG_HCALL(&rig, H_GET_TERM_CHAR, 0), ==, H_PARAMETER);
    rig_finish(&rig);
}

static void
reset_empties_the_ring_and_unmutes(void)
{
    g_autoptr(GError) error = NULL;
    Rig rig;

    rig_init(&rig, NULL);
    fake_host_type(rig.host, "old");
    RIG_HCALL(&rig, H_VIO_SIGNAL, UNIT, 0);
    g_assert_true(pseries_class.reset(rig.platform, &error));
    g_assert_true(pseries_class.resume(rig.platform, &error));
    g_assert_cmpint(RIG_HCALL(&rig, H_GET_TERM_CHAR, UNIT), ==, H_SUCCESS);
    g_assert_cmpuint(rig.args[0], ==, 0);
    rig_arm(&rig, LISN);
    fake_host_type(rig.host, "new");
    g_assert_true(rig_fired(&rig, LISN));
    rig_finish(&rig);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/spapr/vty/put", output_is_the_first_bytes_of_the_words);
    g_test_add_func("/spapr/vty/put/too-long", output_of_more_than_a_chunk_is_refused);
    g_test_add_func("/spapr/vty/get", input_comes_back_in_order_and_fires_once);
    g_test_add_func("/spapr/vty/ring", full_ring_takes_no_more_and_wraps);
    g_test_add_func("/spapr/vty/again", what_the_host_kept_back_fires_again);
    g_test_add_func("/spapr/vty/signal", signal_turns_the_interrupt_off_and_on);
    g_test_add_func("/spapr/vty/units", unit_that_is_no_terminal_is_refused);
    g_test_add_func("/spapr/vty/reset", reset_empties_the_ring_and_unmutes);
    return g_test_run();
}
