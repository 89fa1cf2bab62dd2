/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A guest that writes its memory all the time goes over to another process, and its memory after
 * it; connections break meanwhile, and processes end.
 *
 * What the guest finds in its memory it looks at itself (dirty.script). Where it does not run at
 * once both memories are compared, byte for byte. Cited: MS-6 to MS-9 of migration-glue/state.h.
 */
#include <string.h>

#include "tests/migration/guest.h"

typedef struct {
    GuestRig rig;
    Guest *source, *destination;
    char *uri;
    guint turn;
} Fixture;

static const char *vmm, *module_dir, *script;

static void
set_up(Fixture *f, gconstpointer data)
{
    g_autofree char *path = NULL;

    rig_init(&f->rig, vmm, module_dir, script);
    path = rig_path(&f->rig, "s");
    f->uri = g_strconcat("unix:", path, NULL);
}

static void
tear_down(Fixture *f, gconstpointer data)
{
    guest_free(f->source);
    guest_free(f->destination);
    rig_clear(&f->rig);
    g_free(f->uri);
}

static Guest *
start(Fixture *f, const char *incoming, gboolean paused)
{
    g_autofree char *name = g_strdup_printf("g%u", f->turn++);
    GuestSpec spec = {.name = name, .incoming = incoming, .paused = paused};

    return guest_start(&f->rig, &spec);
}

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
start_destination(Fixture *f, gboolean paused)
{
    f->destination = start(f, "defer", paused);
    switch_on(f->destination);
    guest_do(f->destination, "migrate-incoming",
             json_pack("{s:s,s:b}", "uri", f->uri, "exit-on-error", 0));
}

static void
go_over(Fixture *f)
{
    guest_do(f->source, "migrate", json_pack("{s:s}", "uri", f->uri));
    guest_do(f->source, "migrate-start-postcopy", NULL);
}

static void
assert_completed(Fixture *f)
{
    g_autofree char *error = NULL;
    g_autofree char *here = guest_wait_over(f->source, &error);
    g_autofree char *there = guest_wait_over(f->destination, NULL);

    if (strcmp(here, "completed") != 0)
        g_error("the migration %s: %s", here, error);
    g_assert_cmpstr(there, ==, "completed");
    guest_wait_run_state(f->source, "postmigrate");
}

/* The destination is the source of the next move. */
static void
step_on(Fixture *f)
{
    guest_do(f->source, "quit", NULL);
    g_assert_cmpint(guest_wait_exit(f->source), ==, 0);
    guest_free(f->source);
    f->source = g_steal_pointer(&f->destination);
}

static void
assert_guest_is_well(Fixture *f)
{
    g_autofree char *log = NULL;

    g_usleep(50000);
    guest_wait_run_state(f->source, "running");
    log = guest_log(f->source);
    g_assert_cmpstr(log, ==, "");
}

/* ---- It works ---- */

static void
memory_comes_after_a_guest_that_does_not_run_yet(Fixture *f, gconstpointer data)
{
    f->source = start(f, NULL, FALSE);
    switch_on(f->source);
    start_destination(f, TRUE);
    go_over(f);
    assert_completed(f);
    guest_wait_run_state(f->destination, "paused");
    guest_assert_same_memory(f->source, f->destination);
    guest_do(f->destination, "cont", NULL);
    step_on(f);
    assert_guest_is_well(f);
}

static void
move(Fixture *f, guint breaks, GRand *rand)
{
    switch_on(f->source);
    start_destination(f, FALSE);
    limit(f->source, "max-bandwidth", 64 * MIB);
    limit(f->source, "max-postcopy-bandwidth", breaks == 0 ? 0 : (json_int_t)(32 * MIB));
    guest_do(f->source, "migrate", json_pack("{s:s}", "uri", f->uri));
    g_usleep((gulong)g_rand_int_range(rand, 0, 500000)); /* no page yet, or all of them */
    guest_do(f->source, "migrate-start-postcopy", NULL);
    for (guint i = 0; i < breaks; i++) {
        g_autofree char *uri = g_strdup_printf("%s.%u", f->uri, i);
        g_autofree char *error = NULL;
        json_t *done;

        guest_wait_migration(f->destination, "postcopy-active");
        g_usleep((gulong)g_rand_int_range(rand, 0, 100000));
        done = guest_ask(g_rand_boolean(rand) ? f->source : f->destination, "migrate-pause", NULL,
                         &error);
        if (done == NULL)
            break; /* all was there already */
        json_decref(done);
        guest_wait_migration(f->destination, "postcopy-paused");
        guest_wait_migration(f->source, "postcopy-paused");
        guest_do(f->destination, "migrate-recover", json_pack("{s:s}", "uri", uri));
        guest_do(f->source, "migrate", json_pack("{s:s,s:b}", "uri", uri, "resume", 1));
    }
    assert_completed(f);
    g_assert_cmpint(guest_event_us(f->source, "STOP"), <, guest_event_us(f->destination, "RESUME"));
    step_on(f);
}

static void
a_guest_runs_on_while_its_memory_comes(Fixture *f, gconstpointer data)
{
    g_autoptr(GRand) rand = g_rand_new_with_seed(g_test_rand_int());

    f->source = start(f, NULL, FALSE);
    for (guint i = 0; i < 3; i++)
        move(f, 0, rand);
    assert_guest_is_well(f);
}

/* MS-8, MS-9 */
static void
a_broken_connection_is_mended(Fixture *f, gconstpointer data)
{
    g_autoptr(GRand) rand = g_rand_new_with_seed(g_test_rand_int());

    f->source = start(f, NULL, FALSE);
    move(f, 4, rand);
    assert_guest_is_well(f);
}

static void
fifty_moves_with_ten_recoveries(Fixture *f, gconstpointer data)
{
    g_autoptr(GRand) rand = g_rand_new_with_seed(g_test_rand_int());

    f->source = start(f, NULL, FALSE);
    for (guint i = 0; i < 50; i++)
        move(f, i % 5 == 0 ? 1 : 0, rand);
    assert_guest_is_well(f);
}

/* ---- It does not ---- */

/* Everybody's monitor answers, though the guest waits for memory. */
static void
a_lost_source_leaves_a_guest_that_waits(Fixture *f, gconstpointer data)
{
    g_autofree char *refusal = NULL;

    f->source = start(f, NULL, FALSE);
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
a_lost_destination_leaves_memory_and_no_guest(Fixture *f, gconstpointer data)
{
    g_autofree char *cancel = NULL, *go_on = NULL;

    f->source = start(f, NULL, FALSE);
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

#define ADD(test) g_test_add("/postcopy/" #test, Fixture, NULL, set_up, test, tear_down)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_assert_cmpint(argc, ==, 4);
    vmm = argv[1];
    module_dir = argv[2];
    script = argv[3];
    ADD(memory_comes_after_a_guest_that_does_not_run_yet);
    ADD(a_guest_runs_on_while_its_memory_comes);
    ADD(a_broken_connection_is_mended);
    ADD(a_lost_source_leaves_a_guest_that_waits);
    ADD(a_lost_destination_leaves_memory_and_no_guest);
    if (g_strcmp0(g_getenv("CHECK_LONG"), "yes") == 0)
        ADD(fifty_moves_with_ten_recoveries);
    return g_test_run();
}
