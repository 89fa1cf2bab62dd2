/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Guests that write faster than the connection takes it, and what was expected of the downtime.
 *
 * How fast anything is decides nothing here, but in the long version, which compares the downtime
 * that was expected with the one that it took.
 */
#include <string.h>

#include "tests/migration/pair.h"

static void
start_both(Pair *f)
{
    f->source = pair_start(f, (GuestSpec){0});
    f->destination = pair_start(f, (GuestSpec){.incoming = f->uri});
}

static json_t *
figures(Pair *f)
{
    g_autofree char *error = NULL;
    json_t *answer = guest_ask(f->source, "query-migrate", NULL, &error);

    if (answer == NULL)
        g_error("%s", error);
    return answer;
}

static gint64
figure(Pair *f, const char *name)
{
    json_t *answer = figures(f);
    gint64 value = json_is_integer(json_object_get(answer, name))
                       ? json_integer_value(json_object_get(answer, name))
                       : -1;

    json_decref(answer);
    return value;
}

static void
wait_stall(Pair *f, const char *says)
{
    for (gboolean said = FALSE; !said; g_usleep(2000)) {
        json_t *answer = figures(f);
        const char *stall = json_string_value(json_object_get(answer, "x-stall"));

        said = stall != NULL && strstr(stall, says) != NULL;
        g_assert_cmpstr(json_string_value(json_object_get(answer, "status")), !=, "completed");
        json_decref(answer);
    }
}

/* So slow a connection that the guest writes faster. The last pages count as slow as the others. */
static void
make_slow(Pair *f, gboolean auto_converge)
{
    guest_do(f->source, "migrate-set-parameters",
             json_pack("{s:I,s:I,s:i}", "max-bandwidth", (json_int_t)(64 * MIB),
                       "avail-switchover-bandwidth", (json_int_t)(64 * MIB), "downtime-limit",
                       300));
    guest_do(f->source, "migrate-set-capabilities",
             json_pack("{s:[{s:s,s:b}]}", "capabilities", "capability", "auto-converge", "state",
                       auto_converge));
}

static void
a_guest_that_writes_too_fast_is_slowed_down_until_it_has_moved(Pair *f, gconstpointer data)
{
    g_autofree char *over = NULL, *error = NULL, *log = NULL;
    gint64 most = -1;

    start_both(f);
    make_slow(f, TRUE);
    pair_migrate(f, f->uri);
    while (most <= 0)
        most = MAX(most, figure(f, "cpu-throttle-percentage"));
    over = guest_wait_over(f->source, &error);
    g_assert_cmpstr(error, ==, NULL);
    g_assert_cmpstr(over, ==, "completed");
    g_assert_cmpint(figure(f, "cpu-throttle-percentage"), ==, -1);
    guest_wait_run_state(f->destination, "running");
    log = guest_log(f->destination);
    g_assert_cmpstr(log, ==, "");
}

/* ... or it is told what to do. A cancel makes it fast again, and a better connection lets it go.
 */
static void
without_auto_converge_the_stall_is_named_and_a_cancel_works(Pair *f, gconstpointer data)
{
    g_autofree char *over = NULL, *again = NULL;

    start_both(f);
    make_slow(f, FALSE);
    pair_migrate(f, f->uri);
    wait_stall(f, "the guest writes memory faster than");
    g_assert_cmpint(figure(f, "cpu-throttle-percentage"), ==, -1);
    guest_do(f->source, "migrate_cancel", NULL);
    over = guest_wait_over(f->source, NULL);
    g_assert_cmpstr(over, ==, "cancelled");
    guest_wait_run_state(f->source, "running");
    g_clear_pointer(&f->destination, guest_free);
    f->destination = pair_start(f, (GuestSpec){.incoming = f->uri});
    guest_do(f->source, "migrate-set-parameters",
             json_pack("{s:i,s:i}", "max-bandwidth", 0, "avail-switchover-bandwidth", 0));
    pair_migrate(f, f->uri);
    again = guest_wait_over(f->source, NULL);
    g_assert_cmpstr(again, ==, "completed");
}

static void
a_cancel_makes_a_slow_guest_fast_again(Pair *f, gconstpointer data)
{
    g_autofree char *over = NULL;

    start_both(f);
    make_slow(f, TRUE);
    guest_do(f->source, "migrate-set-parameters",
             json_pack("{s:i,s:i}", "max-cpu-throttle", 1, "downtime-limit", 1));
    pair_migrate(f, f->uri);
    wait_stall(f, "max-cpu-throttle");
    g_assert_cmpint(figure(f, "cpu-throttle-percentage"), ==, 1);
    guest_do(f->source, "migrate_cancel", NULL);
    over = guest_wait_over(f->source, NULL);
    g_assert_cmpstr(over, ==, "cancelled");
    guest_wait_run_state(f->source, "running");
    g_assert_cmpint(figure(f, "cpu-throttle-percentage"), ==, -1);
}

/* ---- the downtime that was expected ---------------------------------------------------------- */

/* One move, with both figures in milliseconds. */
static void
measure(Pair *f, gint64 *expected, gint64 *real)
{
    g_autofree char *over = NULL;
    json_t *answer;
    char *text;

    f->destination = pair_start(f, (GuestSpec){.incoming = f->uri});
    pair_migrate(f, f->uri);
    over = guest_wait_over(f->source, NULL);
    g_assert_cmpstr(over, ==, "completed");
    *expected = figure(f, "expected-downtime");
    *real = figure(f, "downtime");
    answer = figures(f);
    text = json_dumps(json_object_get(answer, "x-downtime"), JSON_COMPACT);
    g_test_message("%" G_GUINT64_FORMAT " MiB: expected %" G_GINT64_FORMAT
                   " ms, was %" G_GINT64_FORMAT " ms: %.230s",
                   f->size / MIB, *expected, *real, text);
    free(text);
    json_decref(answer);
    guest_free(f->source);
    f->source = g_steal_pointer(&f->destination);
    guest_wait_run_state(f->source, "running");
}

/* Returns: of how many the one was at most twice the other. */
static guint
count_right(Pair *f, guint64 size, guint n)
{
    guint right = 0;

    f->size = size;
    f->source = pair_start(f, (GuestSpec){0});
    for (guint i = 0; i < n; i++) {
        gint64 expected, real;

        measure(f, &expected, &real);
        g_assert_cmpint(expected, >, 0);
        g_assert_cmpint(real, >, 0);
        right += expected <= 2 * real && real <= 2 * expected;
    }
    g_clear_pointer(&f->source, guest_free);
    g_test_message("%" G_GUINT64_FORMAT " MiB: %u of %u within a factor of two", size / MIB, right,
                   n);
    return right;
}

static void
every_move_says_what_was_expected(Pair *f, gconstpointer data)
{
    count_right(f, 256 * MIB, 2);
}

static void
what_is_expected_is_right_in_90_of_100(Pair *f, gconstpointer data)
{
    g_assert_cmpuint(count_right(f, 256 * MIB, 50) + count_right(f, 1024 * MIB, 50), >=, 90);
}

#define ADD(test) pair_add("/pace/" #test, NULL, test)

int
main(int argc, char **argv)
{
    guest_test_init(&argc, &argv);
    ADD(a_guest_that_writes_too_fast_is_slowed_down_until_it_has_moved);
    ADD(without_auto_converge_the_stall_is_named_and_a_cancel_works);
    ADD(a_cancel_makes_a_slow_guest_fast_again);
    ADD(every_move_says_what_was_expected);
    if (pair_is_long())
        ADD(what_is_expected_is_right_in_90_of_100);
    return g_test_run();
}
