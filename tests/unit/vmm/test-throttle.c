/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The beat of a guest that is slowed down: it comes, it is answered by its opposite, it ends.
 */
#include "vmm/throttle.h"

typedef struct {
    GMutex lock; /* guards all below */
    GCond changed;
    guint rests, runs;
    gboolean resting;
} Heard;

static void
hear(void *user, gboolean rests)
{
    Heard *heard = user;

    g_mutex_lock(&heard->lock);
    g_assert_cmpint(heard->resting, !=, rests);
    heard->resting = rests;
    if (rests)
        heard->rests++;
    else
        heard->runs++;
    g_cond_broadcast(&heard->changed);
    g_mutex_unlock(&heard->lock);
}

static guint
wait_rests(Heard *heard, guint n)
{
    g_mutex_lock(&heard->lock);
    while (heard->rests < n)
        g_cond_wait(&heard->changed, &heard->lock);
    n = heard->rests;
    g_mutex_unlock(&heard->lock);
    return n;
}

static void
rest_and_run_take_turns(void)
{
    Heard heard = {0};
    Throttle *throttle = throttle_new(hear, &heard);

    g_assert_true(throttle_set(throttle, 20, NULL));
    wait_rests(&heard, 3);
    g_assert_true(throttle_set(throttle, 60, NULL));
    wait_rests(&heard, 6);
    throttle_free(throttle);
    g_assert_false(heard.resting);
    g_assert_cmpuint(heard.runs, ==, heard.rests);
}

static void
a_long_rest_ends_when_nobody_is_slowed_down_any_more(void)
{
    Heard heard = {0};
    Throttle *throttle = throttle_new(hear, &heard);
    guint n;

    g_assert_true(throttle_set(throttle, 99, NULL));
    n = wait_rests(&heard, 1);
    g_assert_true(throttle_set(throttle, 0, NULL));
    g_mutex_lock(&heard.lock);
    while (heard.resting)
        g_cond_wait(&heard.changed, &heard.lock);
    g_mutex_unlock(&heard.lock);
    g_assert_true(throttle_set(throttle, 99, NULL));
    wait_rests(&heard, n + 1);
    throttle_free(throttle);
    g_assert_false(heard.resting);
}

static void
one_that_is_never_needed_has_no_thread(void)
{
    Heard heard = {0};
    Throttle *throttle = throttle_new(hear, &heard);

    g_assert_true(throttle_set(throttle, 0, NULL));
    throttle_free(throttle);
    throttle_free(NULL);
    g_assert_cmpuint(heard.rests + heard.runs, ==, 0);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/throttle/rest_and_run_take_turns", rest_and_run_take_turns);
    g_test_add_func("/throttle/a_long_rest_ends_when_nobody_is_slowed_down_any_more",
                    a_long_rest_ends_when_nobody_is_slowed_down_any_more);
    g_test_add_func("/throttle/one_that_is_never_needed_has_no_thread",
                    one_that_is_never_needed_has_no_thread);
    return g_test_run();
}
