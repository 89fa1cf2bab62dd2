/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A guest that writes its memory all the time moves between two processes, by every transport.
 *
 * The destination does not run at first: then both memories are compared, byte for byte. What the
 * guest finds in it afterwards it looks at itself (dirty.script).
 */
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/migration/pair.h"

static void
start_destination(Pair *f, const char *incoming, int fd)
{
    f->destination = pair_start(f, (GuestSpec){.incoming = incoming, .paused = TRUE, .fd = fd});
}

static void
assert_moved(Pair *f)
{
    g_autofree char *there = NULL;

    pair_wait_completed(f);
    guest_wait_run_state(f->source, "postmigrate");
    guest_wait_run_state(f->destination, "paused");
    there = guest_wait_over(f->destination, NULL);
    g_assert_cmpstr(there, ==, "completed");
    guest_assert_same_memory(f->source, f->destination);
    /* The last STOP of the one is before the first RESUME of the other. */
    guest_do(f->destination, "cont", NULL);
    guest_wait_run_state(f->destination, "running");
    g_assert_cmpint(guest_event_us(f->source, "STOP"), <, guest_event_us(f->destination, "RESUME"));
    g_assert_cmpint(guest_event_us(f->source, "STOP"), >=, guest_event_us(f->source, "RESUME"));
}

static void
move(Pair *f, const char *from_uri, const char *to_uri)
{
    start_destination(f, to_uri, 0);
    pair_migrate(f, from_uri);
    assert_moved(f);
    pair_step_on(f);
}

static void
moves_over_unix_sockets(Pair *f, guint n)
{
    g_autofree char *path = rig_path(&f->rig, "s");
    g_autofree char *uri = g_strconcat("unix:", path, NULL);

    f->source = pair_start(f, (GuestSpec){0});
    for (guint i = 0; i < n; i++)
        move(f, uri, uri);
    pair_assert_well(f);
}

static void
moves_over_tcp(Pair *f, guint n)
{
    f->source = pair_start(f, (GuestSpec){0});
    for (guint i = 0; i < n; i++) {
        g_autofree char *error = NULL;
        g_autofree char *uri = NULL;
        json_t *info;

        start_destination(f, "tcp:127.0.0.1:0", 0);
        /* The port is the system's choice; query-migrate says which. */
        info = guest_ask(f->destination, "query-migrate", NULL, &error);
        uri = g_strdup(json_string_value(json_object_get(info, "x-incoming-uri")));
        json_decref(info);
        g_assert_nonnull(uri);
        pair_migrate(f, uri);
        assert_moved(f);
        pair_step_on(f);
    }
    pair_assert_well(f);
}

/* ---- always -------------------------------------------------------------------------------- */

static void
a_running_guest_moves_over_a_unix_socket(Pair *f, gconstpointer data)
{
    moves_over_unix_sockets(f, 3);
}

static void
a_running_guest_moves_over_tcp(Pair *f, gconstpointer data)
{
    moves_over_tcp(f, 2);
}

static void
a_running_guest_moves_over_an_inherited_socket(Pair *f, gconstpointer data)
{
    g_autofree char *from = NULL, *to = NULL;
    int ends[2];

    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), ==, 0);
    from = g_strdup_printf("fd:%d", ends[0]);
    to = g_strdup_printf("fd:%d", ends[1]);
    f->source = pair_start(f, (GuestSpec){.fd = ends[0]});
    start_destination(f, to, ends[1]);
    close(ends[0]);
    close(ends[1]);
    pair_migrate(f, from);
    assert_moved(f);
    pair_step_on(f);
    pair_assert_well(f);
}

static void
a_running_guest_moves_by_way_of_a_file(Pair *f, gconstpointer data)
{
    g_autofree char *path = rig_path(&f->rig, "stream");
    g_autofree char *uri = g_strconcat("file:", path, NULL);

    f->source = pair_start(f, (GuestSpec){0});
    pair_migrate(f, uri);
    pair_wait_completed(f);
    start_destination(f, uri, 0);
    assert_moved(f);
    pair_step_on(f);
    pair_assert_well(f);
}

static void
a_running_guest_moves_through_commands(Pair *f, gconstpointer data)
{
    g_autofree char *path = rig_path(&f->rig, "stream");
    g_autofree char *from = g_strdup_printf("exec:gzip -1 >%s", path);
    g_autofree char *to = g_strdup_printf("exec:gzip -dc %s", path);

    f->source = pair_start(f, (GuestSpec){0});
    pair_migrate(f, from);
    pair_wait_completed(f);
    start_destination(f, to, 0);
    assert_moved(f);
    pair_step_on(f);
    pair_assert_well(f);
}

/* R-DRC-2's condition: the stream of an idle guest is the same each time. The first command says
 * "no" after it has all, so that the guest stays here. */
static void
two_saves_of_an_idle_guest_are_equal(Pair *f, gconstpointer data)
{
    g_autofree char *first = rig_path(&f->rig, "first"), *second = rig_path(&f->rig, "second");
    g_autofree char *command = g_strdup_printf("exec:cat >%s; exit 3", first);
    g_autofree char *uri = g_strdup_printf("file:%s", second);
    g_autofree char *a = NULL, *b = NULL, *status = NULL, *last = NULL, *error = NULL;
    gsize a_n = 0, b_n = 0;

    f->source = pair_start(f, (GuestSpec){0});
    guest_do(f->source, "stop", NULL);
    pair_migrate(f, command);
    status = guest_wait_over(f->source, &error);
    g_assert_cmpstr(status, ==, "failed");
    guest_wait_run_state(f->source, "paused");
    pair_migrate(f, uri);
    last = guest_wait_over(f->source, NULL);
    g_assert_cmpstr(last, ==, "completed");
    g_assert_true(g_file_get_contents(first, &a, &a_n, NULL));
    g_assert_true(g_file_get_contents(second, &b, &b_n, NULL));
    g_assert_cmpmem(a, a_n, b, b_n);
}

/* ---- long ---------------------------------------------------------------------------------- */

static void
two_hundred_moves_of_a_gigabyte_over_unix_sockets(Pair *f, gconstpointer data)
{
    f->size = 1024 * MIB;
    moves_over_unix_sockets(f, 200);
}

static void
fifty_moves_of_a_gigabyte_over_tcp(Pair *f, gconstpointer data)
{
    f->size = 1024 * MIB;
    moves_over_tcp(f, 50);
}

#define ADD(test) pair_add("/moves/" #test, NULL, test)

int
main(int argc, char **argv)
{
    guest_test_init(&argc, &argv);
    ADD(a_running_guest_moves_over_a_unix_socket);
    ADD(a_running_guest_moves_over_tcp);
    ADD(a_running_guest_moves_over_an_inherited_socket);
    ADD(a_running_guest_moves_by_way_of_a_file);
    ADD(a_running_guest_moves_through_commands);
    ADD(two_saves_of_an_idle_guest_are_equal);
    if (pair_is_long()) {
        ADD(two_hundred_moves_of_a_gigabyte_over_unix_sockets);
        ADD(fifty_moves_of_a_gigabyte_over_tcp);
    }
    return g_test_run();
}
