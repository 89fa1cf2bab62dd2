/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A guest that writes its memory all the time goes over to another process, and its memory after
 * it; connections break meanwhile, and processes end.
 *
 * What the guest finds in its memory it looks at itself (dirty.script). Where it does not run at
 * once both memories are compared, byte for byte. Cited: MS-6 to MS-9 of migration-glue/state.h.
 */
#include <string.h>

#include "tests/migration/pair.h"

static void
switch_on(Guest *guest)
{
    guest_do(
        guest, "migrate-set-capabilities",
        json_pack("{s:[{s:s,s:b}]}", "capabilities", "capability", "postcopy-ram", "state", 1));
}

static void
limit(Guest *guest, const char *name, json_int_t bytes)
{
    guest_do(guest, "migrate-set-parameters", json_pack("{s:I}", name, bytes));
}

static void
start_destination(Pair *f, gboolean paused)
{
    f->destination = pair_start(f, (GuestSpec){.incoming = "defer", .paused = paused});
    switch_on(f->destination);
    guest_do(f->destination, "migrate-incoming",
             json_pack("{s:s,s:b}", "uri", f->uri, "exit-on-error", 0));
}

static void
go_over(Pair *f)
{
    pair_migrate(f, f->uri);
    guest_do(f->source, "migrate-start-postcopy", NULL);
}

static void
assert_completed(Pair *f)
{
    g_autofree char *there = NULL;

    pair_wait_completed(f);
    there = guest_wait_over(f->destination, NULL);
    g_assert_cmpstr(there, ==, "completed");
    guest_wait_run_state(f->source, "postmigrate");
}

/* ---- It works ---- */

static void
memory_comes_after_a_guest_that_does_not_run_yet(Pair *f, gconstpointer data)
{
    f->source = pair_start(f, (GuestSpec){0});
    switch_on(f->source);
    start_destination(f, TRUE);
    go_over(f);
    assert_completed(f);
    guest_wait_run_state(f->destination, "paused");
    guest_assert_same_memory(f->source, f->destination);
    guest_do(f->destination, "cont", NULL);
    pair_step_on(f);
    pair_assert_well(f);
}

/* Whether both are paused. All may have come before the connection broke: the guest is whole there
 * then, and who could not be told so here is told by its operator. */
static gboolean
both_paused(Pair *f)
{
    g_autofree char *there = guest_wait_over(f->destination, NULL);
    g_autofree char *here = guest_wait_over(f->source, NULL);

    if (strcmp(there, "postcopy-paused") == 0) {
        g_assert_cmpstr(here, ==, "postcopy-paused");
        return TRUE;
    }
    g_assert_cmpstr(there, ==, "completed");
    if (strcmp(here, "postcopy-paused") == 0)
        guest_do(f->source, "x-migrate-decide", json_pack("{s:s}", "guest", "there"));
    return FALSE;
}

/* FALSE: there was, or is, nothing more to come. */
static gboolean
break_and_mend(Pair *f, guint i, GRand *rand)
{
    g_autofree char *uri = g_strdup_printf("%s.%u", f->uri, i);
    g_autofree char *error = NULL;
    json_t *done;

    g_usleep((gulong)g_rand_int_range(rand, 0, 100000));
    done =
        guest_ask(g_rand_boolean(rand) ? f->source : f->destination, "migrate-pause", NULL, &error);
    if (done == NULL)
        return FALSE;
    json_decref(done);
    if (!both_paused(f))
        return FALSE;
    guest_do(f->destination, "migrate-recover", json_pack("{s:s}", "uri", uri));
    guest_do(f->source, "migrate", json_pack("{s:s,s:b}", "uri", uri, "resume", 1));
    return TRUE;
}

static void
move(Pair *f, guint breaks, GRand *rand)
{
    switch_on(f->source);
    start_destination(f, FALSE);
    limit(f->source, "max-bandwidth", 64 * MIB);
    limit(f->source, "downtime-limit", 1); /* it does not go over by itself */
    limit(f->source, "max-postcopy-bandwidth", breaks == 0 ? 0 : (json_int_t)(8 * MIB));
    pair_migrate(f, f->uri);
    g_usleep((gulong)g_rand_int_range(rand, 0, 500000)); /* no page yet, or all of them */
    guest_do(f->source, "migrate-start-postcopy", NULL);
    if (breaks > 0)
        guest_wait_migration(f->destination, "postcopy-active");
    for (guint i = 0; i < breaks && break_and_mend(f, i, rand); i++) {
    }
    limit(f->source, "max-postcopy-bandwidth", 0);
    guest_wait_run_state(f->source, "postmigrate");
    assert_completed(f);
    g_assert_cmpint(guest_event_us(f->source, "STOP"), <, guest_event_us(f->destination, "RESUME"));
    pair_step_on(f);
}

static void
a_guest_runs_on_while_its_memory_comes(Pair *f, gconstpointer data)
{
    g_autoptr(GRand) rand = g_rand_new_with_seed(g_test_rand_int());

    f->source = pair_start(f, (GuestSpec){0});
    for (guint i = 0; i < 3; i++)
        move(f, 0, rand);
    pair_assert_well(f);
}

/* MS-8, MS-9 */
static void
a_broken_connection_is_mended(Pair *f, gconstpointer data)
{
    g_autoptr(GRand) rand = g_rand_new_with_seed(g_test_rand_int());

    f->source = pair_start(f, (GuestSpec){0});
    move(f, 4, rand);
    pair_assert_well(f);
}

static void
fifty_moves_with_ten_recoveries(Pair *f, gconstpointer data)
{
    g_autoptr(GRand) rand = g_rand_new_with_seed(g_test_rand_int());

    f->source = pair_start(f, (GuestSpec){0});
    for (guint i = 0; i < 50; i++)
        move(f, i % 5 == 0 ? 1 : 0, rand);
    pair_assert_well(f);
}

/* ---- It does not ---- */

/* Everybody's monitor answers, though the guest waits for memory. */
static void
a_lost_source_leaves_a_guest_that_waits(Pair *f, gconstpointer data)
{
    g_autofree char *refusal = NULL;

    f->source = pair_start(f, (GuestSpec){0});
    switch_on(f->source);
    start_destination(f, FALSE);
    limit(f->source, "max-postcopy-bandwidth", 1 * MIB);
    go_over(f);
    guest_wait_migration(f->destination, "postcopy-active");
    guest_kill(f->source);
    guest_wait_migration(f->destination, "postcopy-paused");
    refusal = guest_refuses(f->destination, "stop", NULL);
    g_assert_nonnull(strstr(refusal, "migrate-recover"));
    guest_do(f->destination, "quit", NULL);
    g_assert_cmpint(guest_wait_exit(f->destination), ==, 0);
}

/* MS-7: it is paused here, and nobody but the operator may say that it goes on. */
static void
a_lost_destination_leaves_memory_and_no_guest(Pair *f, gconstpointer data)
{
    g_autofree char *cancel = NULL, *go_on = NULL;

    f->source = pair_start(f, (GuestSpec){0});
    switch_on(f->source);
    start_destination(f, FALSE);
    limit(f->source, "max-postcopy-bandwidth", 1 * MIB);
    go_over(f);
    guest_wait_migration(f->destination, "postcopy-active");
    guest_kill(f->destination);
    guest_wait_migration(f->source, "postcopy-paused");
    cancel = guest_refuses(f->source, "migrate_cancel", NULL);
    g_assert_nonnull(strstr(cancel, "cannot be cancelled"));
    go_on = guest_refuses(f->source, "cont", NULL);
    g_assert_nonnull(strstr(go_on, "runs at the destination"));
    guest_do(f->source, "x-migrate-decide", json_pack("{s:s}", "guest", "there"));
    guest_wait_run_state(f->source, "postmigrate");
}

#define ADD(test) pair_add("/postcopy/" #test, NULL, test)

int
main(int argc, char **argv)
{
    guest_test_init(&argc, &argv);
    ADD(memory_comes_after_a_guest_that_does_not_run_yet);
    ADD(a_guest_runs_on_while_its_memory_comes);
    ADD(a_broken_connection_is_mended);
    ADD(a_lost_source_leaves_a_guest_that_waits);
    ADD(a_lost_destination_leaves_memory_and_no_guest);
    if (pair_is_long())
        ADD(fifty_moves_with_ten_recoveries);
    return g_test_run();
}
