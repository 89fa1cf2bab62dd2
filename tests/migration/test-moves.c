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

#include "tests/migration/guest.h"

typedef struct {
    GuestRig rig;
    Guest *source, *destination;
    guint64 size;
    guint turn; /* names of processes */
} Fixture;

static const char *vmm, *module_dir, *script;

static void
set_up(Fixture *f, gconstpointer data)
{
    rig_init(&f->rig, vmm, module_dir, script);
}

static void
tear_down(Fixture *f, gconstpointer data)
{
    guest_free(f->source);
    guest_free(f->destination);
    rig_clear(&f->rig);
}

static Guest *
start(Fixture *f, const char *incoming, int fd)
{
    g_autofree char *name = g_strdup_printf("g%u", f->turn++);
    GuestSpec spec = {
        .name = name,
        .size = f->size,
        .incoming = incoming,
        .paused = incoming != NULL,
        .fd = fd,
    };

    return guest_start(&f->rig, &spec);
}

static void
assert_moved(Fixture *f)
{
    g_autofree char *error = NULL;
    g_autofree char *there = NULL, *here = guest_wait_over(f->source, &error);

    if (strcmp(here, "completed") != 0)
        g_error("the migration %s: %s", here, error);
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
move(Fixture *f, const char *from_uri, const char *to_uri)
{
    f->destination = start(f, to_uri, 0);
    guest_do(f->source, "migrate", json_pack("{s:s}", "uri", from_uri));
    assert_moved(f);
    step_on(f);
}

/* The guest has looked at some of its pages since the last move. */
static void
assert_guest_is_well(Fixture *f)
{
    g_autofree char *log = guest_log(f->source);

    g_usleep(20000);
    guest_wait_run_state(f->source, "running");
    g_assert_cmpstr(log, ==, "");
}

static void
moves_over_unix_sockets(Fixture *f, guint n)
{
    g_autofree char *path = rig_path(&f->rig, "s");
    g_autofree char *uri = g_strconcat("unix:", path, NULL);

    f->source = start(f, NULL, 0);
    for (guint i = 0; i < n; i++)
        move(f, uri, uri);
    assert_guest_is_well(f);
}

static void
moves_over_tcp(Fixture *f, guint n)
{
    f->source = start(f, NULL, 0);
    for (guint i = 0; i < n; i++) {
        g_autofree char *error = NULL;
        g_autofree char *uri = NULL;
        json_t *info;

        f->destination = start(f, "tcp:127.0.0.1:0", 0);
        /* The port is the system's choice; query-migrate says which. */
        info = guest_ask(f->destination, "query-migrate", NULL, &error);
        uri = g_strdup(json_string_value(json_object_get(info, "x-incoming-uri")));
        json_decref(info);
        g_assert_nonnull(uri);
        guest_do(f->source, "migrate", json_pack("{s:s}", "uri", uri));
        assert_moved(f);
        step_on(f);
    }
    assert_guest_is_well(f);
}

/* ---- always -------------------------------------------------------------------------------- */

static void
a_running_guest_moves_over_a_unix_socket(Fixture *f, gconstpointer data)
{
    moves_over_unix_sockets(f, 3);
}

static void
a_running_guest_moves_over_tcp(Fixture *f, gconstpointer data)
{
    moves_over_tcp(f, 2);
}

static void
a_running_guest_moves_over_an_inherited_socket(Fixture *f, gconstpointer data)
{
    g_autofree char *from = NULL, *to = NULL;
    int ends[2];

    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), ==, 0);
    from = g_strdup_printf("fd:%d", ends[0]);
    to = g_strdup_printf("fd:%d", ends[1]);
    f->source = start(f, NULL, ends[0]);
    f->destination = start(f, to, ends[1]);
    close(ends[0]);
    close(ends[1]);
    guest_do(f->source, "migrate", json_pack("{s:s}", "uri", from));
    assert_moved(f);
    step_on(f);
    assert_guest_is_well(f);
}

static void
a_running_guest_moves_by_way_of_a_file(Fixture *f, gconstpointer data)
{
    g_autofree char *path = rig_path(&f->rig, "stream");
    g_autofree char *uri = g_strconcat("file:", path, NULL);
    g_autofree char *over = NULL;

    f->source = start(f, NULL, 0);
    guest_do(f->source, "migrate", json_pack("{s:s}", "uri", uri));
    over = guest_wait_over(f->source, NULL);
    g_assert_cmpstr(over, ==, "completed");
    f->destination = start(f, uri, 0);
    assert_moved(f);
    step_on(f);
    assert_guest_is_well(f);
}

static void
a_running_guest_moves_through_commands(Fixture *f, gconstpointer data)
{
    g_autofree char *path = rig_path(&f->rig, "stream");
    g_autofree char *from = g_strdup_printf("exec:gzip -1 >%s", path);
    g_autofree char *to = g_strdup_printf("exec:gzip -dc %s", path);
    g_autofree char *over = NULL;

    f->source = start(f, NULL, 0);
    guest_do(f->source, "migrate", json_pack("{s:s}", "uri", from));
    over = guest_wait_over(f->source, NULL);
    g_assert_cmpstr(over, ==, "completed");
    f->destination = start(f, to, 0);
    assert_moved(f);
    step_on(f);
    assert_guest_is_well(f);
}

/* R-DRC-2's condition: the stream of an idle guest is the same each time. The first command says
 * "no" after it has all, so that the guest stays here. */
static void
two_saves_of_an_idle_guest_are_equal(Fixture *f, gconstpointer data)
{
    g_autofree char *first = rig_path(&f->rig, "first"), *second = rig_path(&f->rig, "second");
    g_autofree char *command = g_strdup_printf("exec:cat >%s; exit 3", first);
    g_autofree char *uri = g_strdup_printf("file:%s", second);
    g_autofree char *a = NULL, *b = NULL, *status = NULL, *last = NULL, *error = NULL;
    gsize a_n = 0, b_n = 0;

    f->source = start(f, NULL, 0);
    guest_do(f->source, "stop", NULL);
    guest_do(f->source, "migrate", json_pack("{s:s}", "uri", command));
    status = guest_wait_over(f->source, &error);
    g_assert_cmpstr(status, ==, "failed");
    guest_wait_run_state(f->source, "paused");
    guest_do(f->source, "migrate", json_pack("{s:s}", "uri", uri));
    last = guest_wait_over(f->source, NULL);
    g_assert_cmpstr(last, ==, "completed");
    g_assert_true(g_file_get_contents(first, &a, &a_n, NULL));
    g_assert_true(g_file_get_contents(second, &b, &b_n, NULL));
    g_assert_cmpmem(a, a_n, b, b_n);
}

/* ---- long ---------------------------------------------------------------------------------- */

static void
two_hundred_moves_of_a_gigabyte_over_unix_sockets(Fixture *f, gconstpointer data)
{
    f->size = 1024 * MIB;
    moves_over_unix_sockets(f, 200);
}

static void
fifty_moves_of_a_gigabyte_over_tcp(Fixture *f, gconstpointer data)
{
    f->size = 1024 * MIB;
    moves_over_tcp(f, 50);
}

#define ADD(test) g_test_add("/moves/" #test, Fixture, NULL, set_up, test, tear_down)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_assert_cmpint(argc, ==, 4);
    vmm = argv[1];
    module_dir = argv[2];
    script = argv[3];
    ADD(a_running_guest_moves_over_a_unix_socket);
    ADD(a_running_guest_moves_over_tcp);
    ADD(a_running_guest_moves_over_an_inherited_socket);
    ADD(a_running_guest_moves_by_way_of_a_file);
    ADD(a_running_guest_moves_through_commands);
    ADD(two_saves_of_an_idle_guest_are_equal);
    if (g_strcmp0(g_getenv("CHECK_LONG"), "yes") == 0) {
        ADD(two_hundred_moves_of_a_gigabyte_over_unix_sockets);
        ADD(fifty_moves_of_a_gigabyte_over_tcp);
    }
    return g_test_run();
}
