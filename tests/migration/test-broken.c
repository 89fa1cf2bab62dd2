/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Migrations that go wrong: whatever breaks, and wherever, one side has the guest and never two,
 * and the side that has it goes on, or says why it cannot know.
 *
 * Cited: MS-3, MS-5, MS-6 of migration-glue/state.h, VH-2, VH-3 of vmm/vm-hold.c.
 */
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/migration/pair.h"
#include "tests/migration/relay.h"

static void
start_source(Pair *f)
{
    f->source = pair_start(f, (GuestSpec){0});
}

static void
start_destination(Pair *f)
{
    g_clear_pointer(&f->destination, guest_free);
    f->destination = pair_start(f, (GuestSpec){.incoming = f->uri});
}

static void
set_bandwidth(Pair *f, guint64 bytes)
{
    guest_do(f->source, "migrate-set-parameters",
             json_pack("{s:I}", "max-bandwidth", (json_int_t)bytes));
}

/* What failed once works with a destination that is right. */
static void
assert_retry_works(Pair *f)
{
    g_autofree char *over = NULL, *error = NULL;

    start_destination(f);
    pair_migrate(f, f->uri);
    over = guest_wait_over(f->source, &error);
    g_assert_cmpstr(error, ==, NULL);
    g_assert_cmpstr(over, ==, "completed");
    guest_wait_run_state(f->source, "postmigrate");
    guest_wait_run_state(f->destination, "running");
}

/* Returns the source's reason. (transfer full) */
static char *
fail_to_migrate(Pair *f, const char *uri)
{
    g_autofree char *over = NULL;
    char *error = NULL;

    pair_migrate(f, uri);
    over = guest_wait_over(f->source, &error);
    g_assert_cmpstr(over, ==, "failed");
    g_assert_nonnull(error);
    return error;
}

/* ---- the other side is not the same machine ---------------------------------------------------
 */

typedef struct {
    const char *name, *says; /* in the destination's message */
    gboolean mute;           /* it comes before the source has opened the way back */
    GuestSpec source, destination;
} Mismatch;

static const Mismatch mismatches[] = {
    {"memory-size", "m", .destination = {.size = 512 * MIB}},
    {"machine-type", "pseries", TRUE, .destination = {.machine = "pseries-7.2"}},
    {"missing-device", "vty", .source = {.console = TRUE}},
    {"fewer-vcpus", "instance 1", .source = {.smp = "2"}, .destination = {.smp = "1,maxcpus=2"}},
    {"fewer-possible-vcpus", "-smp", .source = {.smp = "2"}},
};

static void
another_machine_is_refused_and_the_guest_goes_on(Pair *f, gconstpointer data)
{
    const Mismatch *mismatch = data;
    GuestSpec spec = mismatch->destination;
    g_autofree char *error = NULL, *log = NULL;

    f->source = pair_start(f, mismatch->source);
    spec.incoming = f->uri;
    f->destination = pair_start(f, spec);
    error = fail_to_migrate(f, f->uri);
    g_assert_true(mismatch->mute || strstr(error, "code ") != NULL);
    pair_assert_well(f);
    g_assert_cmpint(guest_wait_exit(f->destination), ==, 1);
    log = guest_log(f->destination);
    g_test_message("%s | %s", error, log);
    g_assert_nonnull(strstr(log, "load of migration failed: "));
    g_assert_nonnull(strstr(log, mismatch->says));
    if (mismatch->source.smp == NULL && !mismatch->source.console)
        assert_retry_works(f);
}

/* ---- something breaks -------------------------------------------------------------------------
 */

/* Exactly one side has the guest, or the source says that it does not know. */
static void
assert_one_has_it(Pair *f)
{
    g_autofree char *error = NULL;
    g_autofree char *over = guest_wait_over(f->source, &error);
    gboolean was_taken = guest_event_us(f->destination, "RESUME") != 0;

    if (strcmp(over, "completed") == 0) {
        guest_wait_run_state(f->source, "postmigrate");
    } else if (g_str_has_prefix(error, "handover unknown")) {
        guest_wait_run_state(f->source, "finish-migrate");
        g_free(guest_refuses(f->source, "cont", NULL));
        guest_do(f->source, "x-migrate-decide",
                 json_pack("{s:s}", "guest", was_taken ? "there" : "here"));
        guest_wait_run_state(f->source, was_taken ? "postmigrate" : "running");
    } else {
        g_assert_false(was_taken); /* MS-5, MS-6 */
        pair_assert_well(f);
    }
}

/* With --long only: how late the guest was told of the break, or went on. */
static gint64
delay_since(gint64 broken_at)
{
    gint64 took = g_get_monotonic_time() - broken_at;

    if (pair_is_long())
        g_assert_cmpint(took, <, G_USEC_PER_SEC);
    return took;
}

static void
restart_if_gone(Pair *f)
{
    g_autofree char *state = guest_run_state(f->source);

    g_clear_pointer(&f->destination, guest_free);
    if (strcmp(state, "running") == 0)
        return;
    g_clear_pointer(&f->source, guest_free);
    start_source(f);
}

static void
kill_destinations(Pair *f, guint n)
{
    gint64 longest = 0;

    start_source(f);
    for (guint i = 0; i < n; i++) {
        gint delay = g_test_rand_int_range(0, 250000);
        gint64 broken_at;

        start_destination(f);
        pair_migrate(f, f->uri);
        g_usleep((gulong)delay);
        broken_at = g_get_monotonic_time();
        guest_kill(f->destination);
        assert_one_has_it(f);
        longest = MAX(longest, delay_since(broken_at));
        restart_if_gone(f);
    }
    g_test_message("the longest took %" G_GINT64_FORMAT " ms", longest / 1000);
    assert_retry_works(f);
}

static void
cut_connections(Pair *f, guint n)
{
    g_autofree char *front = rig_path(&f->rig, "front");
    g_autofree char *uri = g_strconcat("unix:", front, NULL);
    guint64 whole = 40 * MIB;

    start_source(f);
    for (guint i = 0; i < n; i++) {
        guint64 at = (guint64)(g_test_rand_double() * (double)whole), passed;
        Relay *relay;

        start_destination(f);
        relay = relay_new(front, f->path, at, RELAY_ALL);
        pair_migrate(f, uri);
        assert_one_has_it(f);
        passed = relay_free(relay);
        whole = MAX(passed, 20 * MIB);
        restart_if_gone(f);
    }
    assert_retry_works(f);
}

static void
a_killed_destination_leaves_one_guest(Pair *f, gconstpointer data)
{
    kill_destinations(f, 5);
}

static void
a_killed_destination_leaves_one_guest_200_times(Pair *f, gconstpointer data)
{
    kill_destinations(f, 200);
}

static void
a_cut_connection_leaves_one_guest(Pair *f, gconstpointer data)
{
    cut_connections(f, 5);
}

static void
a_cut_connection_leaves_one_guest_200_times(Pair *f, gconstpointer data)
{
    cut_connections(f, 200);
}

/* MS-5: the answers to pings pass, the verdict does not. */
static void
a_lost_verdict_leaves_the_decision_to_the_operator(Pair *f, gconstpointer data)
{
    g_autofree char *front = rig_path(&f->rig, "front");
    g_autofree char *uri = g_strconcat("unix:", front, NULL);
    g_autofree char *error = NULL, *refusal = NULL, *again = NULL;
    Relay *relay;

    start_source(f);
    start_destination(f);
    relay = relay_new(front, f->path, RELAY_ALL, RELAY_PONGS);
    error = fail_to_migrate(f, uri);
    relay_free(relay);
    g_assert_true(g_str_has_prefix(error, "handover unknown"));
    guest_wait_run_state(f->destination, "running"); /* it has it, whatever the source knows */
    guest_wait_run_state(f->source, "finish-migrate");
    refusal = guest_refuses(f->source, "cont", NULL);
    g_assert_nonnull(strstr(refusal, "handover unknown"));
    again = guest_refuses(f->source, "migrate", json_pack("{s:s}", "uri", f->uri));
    g_assert_nonnull(strstr(again, "handover unknown"));
    guest_do(f->source, "x-migrate-decide", json_pack("{s:s}", "guest", "there"));
    guest_wait_run_state(f->source, "postmigrate");
    g_free(guest_refuses(f->source, "x-migrate-decide", json_pack("{s:s}", "guest", "here")));
}

/* ---- somebody changes their mind --------------------------------------------------------------
 */

static void
cancel(Pair *f)
{
    g_autofree char *over = NULL;

    guest_do(f->source, "migrate_cancel", NULL);
    over = guest_wait_over(f->source, NULL);
    g_assert_cmpstr(over, ==, "cancelled");
    pair_assert_well(f);
    g_assert_cmpint(guest_wait_exit(f->destination), ==, 1);
}

static void
a_cancel_while_memory_is_copied_changes_nothing(Pair *f, gconstpointer data)
{
    start_source(f);
    start_destination(f);
    set_bandwidth(f, MIB);
    pair_migrate(f, f->uri);
    guest_wait_migration(f->source, "active");
    cancel(f);
    set_bandwidth(f, 1024 * MIB);
    assert_retry_works(f);
}

static void
set_pause(Pair *f, gboolean on)
{
    guest_do(f->source, "migrate-set-capabilities",
             json_pack("{s:[{s:s,s:b}]}", "capabilities", "capability", "pause-before-switchover",
                       "state", on));
}

/* VH-2: before the switch nobody else continues it. */
static void
a_cancel_before_the_switch_brings_the_guest_back(Pair *f, gconstpointer data)
{
    start_source(f);
    start_destination(f);
    set_pause(f, TRUE);
    pair_migrate(f, f->uri);
    guest_wait_migration(f->source, "pre-switchover");
    guest_wait_run_state(f->source, "finish-migrate");
    g_free(guest_refuses(f->source, "cont", NULL));
    g_free(guest_refuses(f->source, "system_reset", NULL));
    cancel(f);
    set_pause(f, FALSE);
    assert_retry_works(f);
}

/* VH-3 */
static void
a_stop_before_the_switch_holds_wherever_the_guest_goes(Pair *f, gconstpointer data)
{
    g_autofree char *over = NULL;

    start_source(f);
    start_destination(f);
    set_pause(f, TRUE);
    pair_migrate(f, f->uri);
    guest_wait_migration(f->source, "pre-switchover");
    guest_do(f->source, "stop", NULL);
    guest_do(f->source, "migrate_cancel", NULL);
    g_free(guest_wait_over(f->source, NULL));
    guest_wait_run_state(f->source, "paused");
    start_destination(f);
    pair_migrate(f, f->uri);
    guest_wait_migration(f->source, "pre-switchover");
    guest_do(f->source, "migrate-continue", json_pack("{s:s}", "state", "pre-switchover"));
    over = guest_wait_over(f->source, NULL);
    g_assert_cmpstr(over, ==, "completed");
    guest_wait_run_state(f->destination, "paused");
}

/* The command has all of it and says nothing yet. */
static void
a_cancel_in_the_handover_leaves_the_decision_to_the_operator(Pair *f, gconstpointer data)
{
    g_autofree char *path = rig_path(&f->rig, "all");
    g_autofree char *uri = g_strdup_printf("exec:cat >/dev/null; >%s; exec sleep 60", path);
    g_autofree char *over = NULL, *error = NULL;

    start_source(f);
    pair_migrate(f, uri);
    while (!g_file_test(path, G_FILE_TEST_EXISTS))
        g_usleep(1000);
    guest_do(f->source, "migrate_cancel", NULL);
    over = guest_wait_over(f->source, &error);
    g_assert_cmpstr(over, ==, "failed");
    g_assert_true(g_str_has_prefix(error, "handover unknown"));
    guest_do(f->source, "x-migrate-decide", json_pack("{s:s}", "guest", "here"));
    pair_assert_well(f);
    assert_retry_works(f);
}

static void
a_quit_ends_a_migration_on_either_side(Pair *f, gconstpointer data)
{
    start_source(f);
    start_destination(f);
    set_bandwidth(f, MIB);
    pair_migrate(f, f->uri);
    guest_wait_migration(f->destination, "active");
    guest_do(f->destination, "quit", NULL);
    g_assert_cmpint(guest_wait_exit(f->destination), ==, 0);
    g_free(guest_wait_over(f->source, NULL));
    pair_assert_well(f);
    start_destination(f);
    pair_migrate(f, f->uri);
    guest_wait_migration(f->destination, "active");
    guest_do(f->source, "quit", NULL);
    g_assert_cmpint(guest_wait_exit(f->source), ==, 0);
    g_assert_cmpint(guest_wait_exit(f->destination), ==, 1);
}

/* ---- no room ----------------------------------------------------------------------------------
 */

static void
a_full_disk_leaves_no_file_and_the_guest_here(Pair *f, gconstpointer data)
{
    g_autofree char *path = rig_path(&f->rig, "stream");
    g_autofree char *uri = g_strconcat("file:", path, NULL);
    g_autofree char *error = NULL, *device = NULL;
    g_autoptr(GDir) dir = NULL;
    const char *name;

    /* Memory that nobody has touched takes more, too: nine bytes a page. */
    f->source = pair_start(f, (GuestSpec){.file_limit = MIB / 4});
    error = fail_to_migrate(f, uri);
    pair_assert_well(f);
    dir = g_dir_open(f->rig.dir, 0, NULL);
    while ((name = g_dir_read_name(dir)) != NULL)
        g_assert_null(strstr(name, "stream"));
    device = fail_to_migrate(f, "file:/dev/full");
    g_assert_nonnull(strstr(device, "No space left"));
    pair_assert_well(f);
    assert_retry_works(f);
}

/* ---- waiting for a second attempt -------------------------------------------------------------
 */

static void
a_deferred_destination_takes_the_second_attempt(Pair *f, gconstpointer data)
{
    json_t *where = json_pack("{s:s,s:b}", "uri", f->uri, "exit-on-error", FALSE);
    g_autofree char *over = NULL;

    start_source(f);
    f->destination = pair_start(f, (GuestSpec){.incoming = "defer"});
    guest_do(f->destination, "migrate-incoming", json_incref(where));
    set_bandwidth(f, MIB);
    pair_migrate(f, f->uri);
    guest_wait_migration(f->destination, "active");
    guest_do(f->source, "migrate_cancel", NULL);
    g_free(guest_wait_over(f->source, NULL));
    guest_wait_migration(f->destination, "failed");
    set_bandwidth(f, 1024 * MIB);
    guest_do(f->destination, "migrate-incoming", where);
    pair_migrate(f, f->uri);
    over = guest_wait_over(f->source, NULL);
    g_assert_cmpstr(over, ==, "completed");
    guest_wait_run_state(f->destination, "running");
}

#define ADD(test) pair_add("/broken/" #test, NULL, test)

static void
add_mismatches(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(mismatches); i++) {
        g_autofree char *path = g_strconcat(
            "/broken/another_machine_is_refused_and_the_guest_goes_on/", mismatches[i].name, NULL);

        pair_add(path, &mismatches[i], another_machine_is_refused_and_the_guest_goes_on);
    }
}

int
main(int argc, char **argv)
{
    guest_test_init(&argc, &argv);
    add_mismatches();
    ADD(a_killed_destination_leaves_one_guest);
    ADD(a_cut_connection_leaves_one_guest);
    ADD(a_lost_verdict_leaves_the_decision_to_the_operator);
    ADD(a_cancel_while_memory_is_copied_changes_nothing);
    ADD(a_cancel_before_the_switch_brings_the_guest_back);
    ADD(a_stop_before_the_switch_holds_wherever_the_guest_goes);
    ADD(a_cancel_in_the_handover_leaves_the_decision_to_the_operator);
    ADD(a_quit_ends_a_migration_on_either_side);
    ADD(a_full_disk_leaves_no_file_and_the_guest_here);
    ADD(a_deferred_destination_takes_the_second_attempt);
    if (pair_is_long()) {
        ADD(a_killed_destination_leaves_one_guest_200_times);
        ADD(a_cut_connection_leaves_one_guest_200_times);
    }
    return g_test_run();
}
