/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * When a guest is slowed down, and by how much. Time is a number here.
 */
#include "migration-glue/converge.h"

static const MigConvergeRules qemus = {.trigger = 50, .initial = 20, .increment = 10, .most = 99};

typedef struct {
    MigConverge state;
    guint64 sent;
    gint64 now;
} Looks;

/* One look, long after the last one: so much was written and sent since. */
static gboolean
look(Looks *looks, const MigConvergeRules *rules, guint64 dirtied, guint64 sent)
{
    looks->now += MIG_CONVERGE_US;
    looks->sent += sent;
    return mig_converge_look(&looks->state, rules, dirtied, looks->sent, looks->now);
}

static void
two_looks_in_a_row_slow_the_guest_down(void)
{
    Looks looks = {.now = 5};

    g_assert_false(look(&looks, &qemus, 60, 100));
    g_assert_false(look(&looks, &qemus, 50, 100)); /* not more than half */
    g_assert_false(look(&looks, &qemus, 51, 100));
    g_assert_true(look(&looks, &qemus, 51, 100));
    g_assert_cmpuint(looks.state.percent, ==, 20);
    g_assert_false(look(&looks, &qemus, 60, 100));
    g_assert_true(look(&looks, &qemus, 60, 100));
    g_assert_cmpuint(looks.state.percent, ==, 30);
}

static void
it_is_never_slower_than_the_operator_lets_it_be(void)
{
    const MigConvergeRules rules = {.trigger = 50, .initial = 20, .increment = 60, .most = 75};
    const MigConvergeRules tight = {.trigger = 50, .initial = 90, .increment = 60, .most = 40};
    Looks looks = {.now = 5}, other = {.now = 5};

    for (guint i = 0; i < 8; i++) {
        look(&looks, &rules, 100, 100);
        look(&other, &tight, 100, 100);
    }
    g_assert_cmpuint(looks.state.percent, ==, 75);
    g_assert_cmpuint(other.state.percent, ==, 40);
    g_assert_false(look(&looks, &rules, 100, 100));
    /* A lower limit holds for what comes, not for what is. */
    g_assert_false(look(&looks, &tight, 100, 100));
    g_assert_cmpuint(looks.state.percent, ==, 75);
}

static void
looks_that_are_too_close_are_added_up(void)
{
    Looks looks = {.now = MIG_CONVERGE_US};

    for (guint i = 0; i < 20; i++)
        g_assert_false(mig_converge_look(&looks.state, &qemus, 10, 100, looks.now + i));
    /* The first of them stood for itself, the others for one. */
    looks.now += MIG_CONVERGE_US;
    g_assert_false(mig_converge_look(&looks.state, &qemus, 0, 480, looks.now));
    g_assert_cmpuint(looks.state.high, ==, 0); /* 190 of 380 */
    g_assert_false(mig_converge_look(&looks.state, &qemus, 96, 580, looks.now + 1));
    looks.now += MIG_CONVERGE_US;
    g_assert_false(mig_converge_look(&looks.state, &qemus, 96, 860, looks.now));
    g_assert_cmpuint(looks.state.high, ==, 1); /* 192 of 380 */
}

static void
a_gentle_step_is_as_large_as_it_need_be(void)
{
    const MigConvergeRules rules = {
        .trigger = 50, .initial = 20, .increment = 50, .most = 99, .gently = TRUE};
    Looks looks = {.now = 5};

    for (guint i = 0; i < 2; i++)
        look(&looks, &rules, 100, 100);
    g_assert_cmpuint(looks.state.percent, ==, 20);
    /* 80 % of the time 60 were written where 50 may be: 66 % do. */
    for (guint i = 0; i < 2; i++)
        look(&looks, &rules, 60, 100);
    g_assert_cmpuint(looks.state.percent, ==, 34);
    for (guint i = 0; i < 2; i++)
        look(&looks, &rules, 51, 100);
    g_assert_cmpuint(looks.state.percent, ==, 36);
}

#define ADD(test) g_test_add_func("/converge/" #test, test)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD(two_looks_in_a_row_slow_the_guest_down);
    ADD(it_is_never_slower_than_the_operator_lets_it_be);
    ADD(looks_that_are_too_close_are_added_up);
    ADD(a_gentle_step_is_as_large_as_it_need_be);
    return g_test_run();
}
