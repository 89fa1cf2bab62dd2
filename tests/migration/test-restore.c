/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A guest that writes its memory all the time is saved to a mapped-ram file, and goes on in another
 * process before its memory is there; what may be asked of it meanwhile; files that fail.
 *
 * What the guest finds in its memory it looks at itself (dirty.script).
 */
#include <string.h>
#include <unistd.h>

#include "tests/migration/guest.h"

typedef struct {
    GuestRig rig;
    Guest *source, *destination;
    char *path, *uri;
    guint turn;
} Fixture;

static void
set_up(Fixture *f, gconstpointer data)
{
    rig_init(&f->rig);
    f->path = rig_path(&f->rig, "f");
    f->uri = g_strconcat("file:", f->path, NULL);
}

static void
tear_down(Fixture *f, gconstpointer data)
{
    guest_free(f->source);
    guest_free(f->destination);
    rig_clear(&f->rig);
    g_free(f->path);
    g_free(f->uri);
}

static void
switch_on(Guest *guest, const char *capability)
{
    guest_do(guest, "migrate-set-capabilities",
             json_pack("{s:[{s:s,s:b}]}", "capabilities", "capability", capability, "state", 1));
}

static void
set(Guest *guest, const char *name, json_int_t value)
{
    guest_do(guest, "migrate-set-parameters", json_pack("{s:I}", name, value));
}

static void
start_source(Fixture *f)
{
    GuestSpec spec = {.name = "source"};

    f->source = guest_start(&f->rig, &spec);
    g_usleep(100000); /* it has written a few pages, or all of them */
}

static void
assert_completed(Guest *guest)
{
    g_autofree char *error = NULL;
    g_autofree char *status = guest_wait_over(guest, &error);

    if (strcmp(status, "completed") != 0)
        g_error("the migration %s: %s", status, error);
}

static void
save(Guest *guest, const char *uri)
{
    switch_on(guest, "mapped-ram");
    guest_do(guest, "migrate", json_pack("{s:s}", "uri", uri));
    assert_completed(guest);
}

/* Lazily; with @slow no page comes but those that are touched, and the first MiB. */
static Guest *
start_restored(Fixture *f, const char *backend, gboolean paused, gboolean slow)
{
    g_autofree char *name = g_strdup_printf("r%u", f->turn++);
    GuestSpec spec = {.name = name, .incoming = "defer", .paused = paused, .backend = backend};
    Guest *guest = guest_start(&f->rig, &spec);

    switch_on(guest, "mapped-ram");
    switch_on(guest, "x-lazy-restore");
    set(guest, "max-postcopy-bandwidth", slow ? 1 : 0);
    return guest;
}

static void
come_in(Guest *guest, const char *uri)
{
    guest_do(guest, "migrate-incoming", json_pack("{s:s}", "uri", uri));
}

static void
restore_slowly(Fixture *f)
{
    start_source(f);
    save(f->source, f->uri);
    f->destination = start_restored(f, "memory-backend-ram", FALSE, TRUE);
    come_in(f->destination, f->uri);
    guest_wait_run_state(f->destination, "running");
}

static json_int_t
missing(Guest *guest)
{
    json_t *answer = guest_ask(guest, "query-migrate", NULL, NULL);
    json_int_t bytes =
        json_integer_value(json_object_get(json_object_get(answer, "x-postcopy"), "missing-bytes"));

    json_decref(answer);
    return bytes;
}

static void
assert_well(Guest *guest)
{
    g_autofree char *log = NULL;

    g_usleep(50000);
    guest_wait_run_state(guest, "running");
    log = guest_log(guest);
    g_assert_cmpstr(log, ==, "");
}

static void
end_source(Fixture *f)
{
    guest_do(f->source, "quit", NULL);
    g_assert_cmpint(guest_wait_exit(f->source), ==, 0);
    g_clear_pointer(&f->source, guest_free);
}

/* ---- It works ---- */

/* From one process to the next, with more and more threads. */
static void
a_guest_runs_on_while_its_memory_comes(Fixture *f, gconstpointer data)
{
    static const json_int_t channels[] = {1, 2, 8};
    g_autofree char *backend = g_strdup_printf(data, f->rig.dir);

    start_source(f);
    for (guint i = 0; i < G_N_ELEMENTS(channels); i++) {
        save(f->source, f->uri);
        end_source(f);
        f->destination = start_restored(f, backend, FALSE, TRUE);
        switch_on(f->destination, "multifd");
        set(f->destination, "multifd-channels", channels[i]);
        guest_do(f->destination, "migrate-set-parameters", json_pack("{s:b}", "direct-io", i == 1));
        come_in(f->destination, f->uri);
        guest_wait_run_state(f->destination, "running");
        guest_wait_migration(f->destination, "postcopy-active");
        assert_well(f->destination);
        g_assert_cmpint(missing(f->destination), >, 0);
        set(f->destination, "max-postcopy-bandwidth", 0);
        assert_completed(f->destination);
        g_assert_cmpint(missing(f->destination), ==, 0);
        assert_well(f->destination);
        g_assert_cmpint(unlink(f->path), ==, 0);
        f->source = g_steal_pointer(&f->destination);
    }
}

/* Two of them from one file, and what they have is saved and loaded at once. */
static void
memory_is_equal_byte_for_byte(Fixture *f, gconstpointer data)
{
    start_source(f);
    save(f->source, f->uri);
    for (guint i = 0; i < 2; i++) {
        g_autofree char *uri = g_strdup_printf("%s.%u", f->uri, i);
        g_autofree char *name = g_strdup_printf("seen%u", i);
        GuestSpec spec = {.name = name, .incoming = "defer", .paused = TRUE};
        Guest *seen;

        f->destination = start_restored(f, "memory-backend-memfd,share=on", TRUE, FALSE);
        come_in(f->destination, f->uri);
        assert_completed(f->destination);
        guest_wait_run_state(f->destination, "paused");
        save(f->destination, uri);
        g_clear_pointer(&f->destination, guest_free);
        seen = guest_start(&f->rig, &spec);
        switch_on(seen, "mapped-ram");
        come_in(seen, uri);
        assert_completed(seen);
        guest_assert_same_memory(f->source, seen);
        guest_free(seen);
    }
}

static void
the_command_line_can_ask_for_it(Fixture *f, gconstpointer data)
{
    static const char *const options[] = {"-global", "migration.mapped-ram=on",
                                          "-global", "migration.x-lazy-restore=on",
                                          "-global", "migration.max-postcopy-bandwidth=1",
                                          NULL};
    GuestSpec spec = {.name = "r", .unseen = TRUE, .options = options};

    start_source(f);
    save(f->source, f->uri);
    spec.incoming = f->uri;
    f->destination = guest_start(&f->rig, &spec);
    guest_wait_migration(f->destination, "postcopy-active");
    assert_well(f->destination);
    guest_do(f->destination, "quit", NULL);
    g_assert_cmpint(guest_wait_exit(f->destination), ==, 0);
}

/* ---- While memory comes ---- */

static void
assert_refused(Guest *guest, const char *command, json_t *arguments, const char *why)
{
    g_autofree char *text = guest_refuses(guest, command, arguments);

    if (strstr(text, why) == NULL)
        g_error("%s: not '%s', but: %s", command, why, text);
}

static void
what_needs_all_memory_is_refused_until_it_is_here(Fixture *f, gconstpointer data)
{
    g_autofree char *uri = g_strconcat(f->uri, "2", NULL);

    restore_slowly(f);
    assert_refused(f->destination, "migrate", json_pack("{s:s}", "uri", uri), "still comes from");
    assert_refused(f->destination, "migrate_cancel", NULL, "cannot be cancelled");
    assert_refused(f->destination, "migrate-pause", NULL, "that has a connection");
    assert_refused(f->destination, "migrate-recover", json_pack("{s:s}", "uri", uri), "is paused");
    assert_refused(f->destination, "object-add",
                   json_pack("{s:s,s:s,s:I}", "qom-type", "memory-backend-ram", "id", "x", "size",
                             (json_int_t)(256 * MIB)),
                   "while a migration runs");
    guest_do(f->destination, "stop", NULL);
    guest_wait_run_state(f->destination, "paused");
    g_assert_cmpint(missing(f->destination), >, 0);
    guest_do(f->destination, "cont", NULL);
    assert_well(f->destination);
    set(f->destination, "max-postcopy-bandwidth", 0);
    assert_completed(f->destination);
    save(f->destination, uri);
}

static void
a_reset_is_a_reset(Fixture *f, gconstpointer data)
{
    restore_slowly(f);
    guest_do(f->destination, "system_reset", NULL);
    while (guest_event_us(f->destination, "RESET") == 0)
        g_usleep(2000);
    assert_well(f->destination);
    set(f->destination, "max-postcopy-bandwidth", 0);
    assert_completed(f->destination);
    assert_well(f->destination);
}

static void
the_end_is_not_waited_for(Fixture *f, gconstpointer data)
{
    restore_slowly(f);
    g_assert_cmpint(missing(f->destination), >, 0);
    guest_do(f->destination, "quit", NULL);
    g_assert_cmpint(guest_wait_exit(f->destination), ==, 0);
}

/* ---- The file fails ---- */

/* The monitor answers, nothing lets the guest go on, and what happened is said everywhere. */
static void
assert_stopped(Fixture *f, const char *state)
{
    g_autofree char *error = NULL, *log = NULL;
    g_autofree char *status = guest_wait_over(f->destination, &error);

    g_assert_cmpstr(status, ==, "failed");
    guest_wait_run_state(f->destination, state);
    g_assert_nonnull(strstr(error, "RAM block 'm', offset 0x"));
    g_assert_nonnull(strstr(error, f->path));
    log = guest_log(f->destination);
    g_assert_nonnull(strstr(log, error));
    assert_refused(f->destination, "cont", NULL, "it will not come");
    assert_refused(f->destination, "migrate", json_pack("{s:s}", "uri", f->uri),
                   "not all of its memory is here");
    guest_wait_run_state(f->destination, state);
}

static void
a_cut_file_stops_the_guest_with_a_report(Fixture *f, gconstpointer data)
{
    restore_slowly(f);
    g_assert_cmpint(truncate(f->path, (off_t)MIB), ==, 0);
    assert_stopped(f, "io-error");
    g_assert_cmpint(guest_event_us(f->destination, "STOP"), >,
                    guest_event_us(f->destination, "RESUME"));
    guest_do(f->destination, "stop", NULL);
    guest_do(f->destination, "quit", NULL);
    g_assert_cmpint(guest_wait_exit(f->destination), ==, 0);
}

static void
a_guest_that_is_paused_stays_so(Fixture *f, gconstpointer data)
{
    start_source(f);
    save(f->source, f->uri);
    f->destination = start_restored(f, "memory-backend-ram", TRUE, TRUE);
    come_in(f->destination, f->uri);
    guest_wait_migration(f->destination, "postcopy-active");
    g_assert_cmpint(truncate(f->path, (off_t)MIB), ==, 0);
    set(f->destination, "max-postcopy-bandwidth", 0);
    assert_stopped(f, "paused");
    guest_do(f->destination, "quit", NULL);
    g_assert_cmpint(guest_wait_exit(f->destination), ==, 0);
}

/* Nobody needs the old memory then. */
static void
after_a_reset_the_machine_is_as_new(Fixture *f, gconstpointer data)
{
    g_autofree char *uri = g_strconcat(f->uri, "2", NULL);

    restore_slowly(f);
    g_assert_cmpint(truncate(f->path, (off_t)MIB), ==, 0);
    assert_stopped(f, "io-error");
    guest_do(f->destination, "system_reset", NULL);
    guest_wait_run_state(f->destination, "prelaunch");
    guest_do(f->destination, "cont", NULL);
    g_usleep(50000);
    guest_wait_run_state(f->destination, "running");
    save(f->destination, uri);
}

#define ADD(test) g_test_add("/restored/" #test, Fixture, NULL, set_up, test, tear_down)

static void
add_kind(const char *name, const char *backend)
{
    g_autofree char *path =
        g_strconcat("/restored/a_guest_runs_on_while_its_memory_comes/", name, NULL);

    g_test_add(path, Fixture, backend, set_up, a_guest_runs_on_while_its_memory_comes, tear_down);
}

/* Whether this user may have memory that comes later; else the reason is printed. */
static gboolean
is_possible(void)
{
    Fixture f = {0};
    GuestSpec spec = {.name = "asked", .incoming = "defer"};
    g_autofree char *error = NULL;
    json_t *answer;

    set_up(&f, NULL);
    f.source = guest_start(&f.rig, &spec);
    answer =
        guest_ask(f.source, "migrate-set-capabilities",
                  json_pack("{s:[{s:s,s:b},{s:s,s:b}]}", "capabilities", "capability", "mapped-ram",
                            "state", 1, "capability", "x-lazy-restore", "state", 1),
                  &error);
    if (answer == NULL)
        g_print("1..0 # SKIP %s\n", error);
    json_decref(answer);
    tear_down(&f, NULL);
    return error == NULL;
}

int
main(int argc, char **argv)
{
    guest_test_init(&argc, &argv);
    if (!is_possible())
        return 0;
    add_kind("ram", "memory-backend-ram");
    add_kind("memfd", "memory-backend-memfd,share=on");
    add_kind("file", "memory-backend-file,share=on,mem-path=%s");
    ADD(memory_is_equal_byte_for_byte);
    ADD(the_command_line_can_ask_for_it);
    ADD(what_needs_all_memory_is_refused_until_it_is_here);
    ADD(a_reset_is_a_reset);
    ADD(the_end_is_not_waited_for);
    ADD(a_cut_file_stops_the_guest_with_a_report);
    ADD(a_guest_that_is_paused_stays_so);
    ADD(after_a_reset_the_machine_is_as_new);
    return g_test_run();
}
