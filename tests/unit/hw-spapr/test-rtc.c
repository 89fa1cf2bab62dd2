/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The clock: calendar both ways, and the offset that a guest sets.
 */
#include "tests/unit/hw-spapr/platform-rig.h"

#define NS G_GINT64_CONSTANT(1000000000)

static const struct {
    gint64 ns;
    RtcTime time;
} pairs[] = {
    {0, {1970, 1, 1, 0, 0, 0, 0}},
    {-1, {1969, 12, 31, 23, 59, 59, 999999999}},
    {-NS, {1969, 12, 31, 23, 59, 59, 0}},
    {951782400 * NS + 5, {2000, 2, 29, 0, 0, 0, 5}},
    {1000000000 * NS, {2001, 9, 9, 1, 46, 40, 0}},
    {4107542399 * NS, {2100, 2, 28, 23, 59, 59, 0}},
    {4107542400 * NS, {2100, 3, 1, 0, 0, 0, 0}},
    {G_MAXINT64, {2262, 4, 11, 23, 47, 16, 854775807}},
    {G_MININT64, {1677, 9, 21, 0, 12, 43, 145224192}},
};

static void
assert_time(RtcTime a, RtcTime b)
{
    g_assert_cmpuint(a.year, ==, b.year);
    g_assert_cmpuint(a.month, ==, b.month);
    g_assert_cmpuint(a.day, ==, b.day);
    g_assert_cmpuint(a.hour, ==, b.hour);
    g_assert_cmpuint(a.minute, ==, b.minute);
    g_assert_cmpuint(a.second, ==, b.second);
    g_assert_cmpuint(a.ns, ==, b.ns);
}

static void
known_instants_split_and_join(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(pairs); i++) {
        gint64 ns = 0;

        assert_time(rtc_split(pairs[i].ns), pairs[i].time);
        /* The seconds of the earliest instant lie just out of range of ns. */
        if (pairs[i].ns == G_MININT64)
            continue;
        g_assert_true(rtc_join(&pairs[i].time, &ns));
        g_assert_cmpint(ns, ==, pairs[i].ns);
    }
}

static void
what_is_no_date_does_not_join(void)
{
    static const RtcTime bad[] = {
        {2001, 2, 29, 0, 0, 0, 0},
        {2100, 2, 29, 0, 0, 0, 0},
        {2001, 13, 1, 0, 0, 0, 0},
        {2001, 0, 1, 0, 0, 0, 0},
        {2001, 1, 0, 0, 0, 0, 0},
        {2001, 4, 31, 0, 0, 0, 0},
        {2001, 1, 1, 24, 0, 0, 0},
        {2001, 1, 1, 0, 60, 0, 0},
        {2001, 1, 1, 0, 0, 60, 0},
        {2001, 1, 1, 0, 0, 0, 1000000000},
        {0, 1, 1, 0, 0, 0, 0},
        {2262, 4, 12, 0, 0, 0, 0},
        {9999, 1, 1, 0, 0, 0, 0},
        {10000, 1, 1, 0, 0, 0, 0},
        {0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
    };
    gint64 ns;

    for (guint i = 0; i < G_N_ELEMENTS(bad); i++)
        g_assert_false(rtc_join(&bad[i], &ns));
}

static void
random_instants_come_back(void)
{
    g_autoptr(GRand) dice = NULL;
    guint32 seed = g_random_int();

    g_test_message("seed %u", seed);
    dice = g_rand_new_with_seed(seed);
    for (guint i = 0; i < 10000; i++) {
        gint64 in = (gint64)((guint64)g_rand_int(dice) << 32 | g_rand_int(dice)) / 2;
        gint64 out = 0;
        RtcTime time = rtc_split(in);

        g_assert_true(rtc_join(&time, &out));
        g_assert_cmpint(out, ==, in);
    }
}

static void
guest_reads_the_hosts_clock_until_it_sets_its_own(void)
{
    g_autoptr(GError) error = NULL;
    Rig rig;

    rig_init(&rig, NULL);
    for (guint round = 0; round < 2; round++) {
        guint32 year = round == 0 ? 2001 : 2031;

        g_assert_cmpint(rig_rtas(&rig, rig_token("get-time-of-day"), 8, NULL, 0), ==, RTAS_OK);
        assert_time((RtcTime){rig.rets[1], rig.rets[2], rig.rets[3], rig.rets[4], rig.rets[5],
                              rig.rets[6], rig.rets[7]},
                    (RtcTime){year, 9, 9, 1, 46, 40, round * 7});
        g_assert_cmpint(RIG_RTAS(&rig, rig_token("set-time-of-day"), 1, 2031, 9, 9, 1, 46, 40, 7),
                        ==, RTAS_OK);
        /* A clock does not stop for a reset. */
        g_assert_true(pseries_class.reset(rig.platform, &error));
    }
    rig_finish(&rig);
}

static void
bad_time_leaves_the_clock_alone(void)
{
    Rig rig;

    rig_init(&rig, NULL);
    g_assert_cmpint(RIG_RTAS(&rig, rig_token("set-time-of-day"), 1, 2031, 2, 30, 1, 46, 40, 0), ==,
                    RTAS_PARAM_ERROR);
    g_assert_cmpint(RIG_RTAS(&rig, rig_token("set-time-of-day"), 1, 0xffffffff, 1, 1, 0, 0, 0, 0),
                    ==, RTAS_PARAM_ERROR);
    g_assert_cmpint(rig.platform->rtc.ns_offset, ==, 0);
    rig_finish(&rig);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/spapr/rtc/known", known_instants_split_and_join);
    g_test_add_func("/spapr/rtc/no-date", what_is_no_date_does_not_join);
    g_test_add_func("/spapr/rtc/random", random_instants_come_back);
    g_test_add_func("/spapr/rtc/guest", guest_reads_the_hosts_clock_until_it_sets_its_own);
    g_test_add_func("/spapr/rtc/bad", bad_time_leaves_the_clock_alone);
    return g_test_run();
}
