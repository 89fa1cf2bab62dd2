/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a guest or its operator asks for while it moves: an end, a reset, a panic, a cancel before
 * anything began; and moves over descriptors that were handed over.
 *
 * Cited: VH-1 of vmm/vm-hold.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/migration/pair.h"

#define BOX 0x1000000 /* of asks.script */

enum { ASK_POWER_OFF = 1, ASK_REBOOT = 2, ASK_PANIC = 3 };

static void
start(Pair *f, const char *incoming)
{
    f->source = pair_start(f, (GuestSpec){0});
    if (incoming != NULL)
        f->destination = pair_start(f, (GuestSpec){.incoming = incoming});
}

static void
set_limits(Pair *f, guint64 bandwidth, guint downtime_ms)
{
    guest_do(f->source, "migrate-set-parameters",
             json_pack("{s:I,s:I,s:i}", "max-bandwidth", (json_int_t)bandwidth,
                       "avail-switchover-bandwidth", (json_int_t)bandwidth, "downtime-limit",
                       (int)downtime_ms));
}

/* A move that does not end while the guest writes. */
static void
begin_to_move(Pair *f)
{
    start(f, f->uri);
    set_limits(f, MIB, 1);
    pair_migrate(f, f->uri);
    guest_wait_migration(f->destination, "active");
}

static void
assert_moved(Pair *f, const char *there)
{
    pair_wait_completed(f);
    guest_wait_run_state(f->source, "postmigrate");
    guest_wait_run_state(f->destination, there);
}

/* ---- the guest ------------------------------------------------------------------------------- */

/* VH-1: it ends here, and nobody runs it there. */
static void
a_guest_that_powers_off_is_gone_on_both_sides(Pair *f, gconstpointer data)
{
    begin_to_move(f);
    guest_poke(f->source, BOX, ASK_POWER_OFF);
    g_assert_cmpint(guest_wait_exit(f->source), ==, 0);
    g_assert_cmpint(guest_wait_exit(f->destination), ==, 1);
    g_assert_cmpint(guest_event_us(f->destination, "RESUME"), ==, 0);
}

/* VH-1 */
static void
a_guest_that_reboots_moves_on(Pair *f, gconstpointer data)
{
    g_autofree char *status = NULL;

    begin_to_move(f);
    guest_poke(f->source, BOX, ASK_REBOOT);
    while (guest_event_us(f->source, "RESET") == 0)
        g_usleep(2000);
    status = guest_migration(f->source, NULL);
    g_assert_cmpstr(status, ==, "active");
    guest_wait_run_state(f->source, "running");
    set_limits(f, 1024 * MIB, 300);
    assert_moved(f, "running");
}

/* VH-1: a guest that cannot go on moves as that. */
static void
a_guest_that_panics_is_panicked_where_it_goes(Pair *f, gconstpointer data)
{
    begin_to_move(f);
    guest_poke(f->source, BOX, ASK_PANIC);
    while (guest_event_us(f->source, "GUEST_PANICKED") == 0)
        g_usleep(2000);
    set_limits(f, 1024 * MIB, 300);
    assert_moved(f, "guest-panicked");
    g_assert_cmpint(guest_event_us(f->destination, "RESUME"), ==, 0);
}

static void
a_reset_by_the_operator_moves_on_too(Pair *f, gconstpointer data)
{
    begin_to_move(f);
    guest_do(f->source, "system_reset", NULL);
    while (guest_event_us(f->source, "RESET") == 0)
        g_usleep(2000);
    set_limits(f, 1024 * MIB, 300);
    assert_moved(f, "running");
}

/* ---- the operator ---------------------------------------------------------------------------- */

static void
pair_of_sockets(int ends[2])
{
    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), ==, 0);
}

/* The other side reads nothing, and there is no room for the first byte. */
static void
a_cancel_before_the_first_byte_changes_nothing(Pair *f, gconstpointer data)
{
    static const char bytes[4096];
    g_autofree char *status = NULL, *over = NULL;
    int ends[2];

    pair_of_sockets(ends);
    while (send(ends[0], bytes, sizeof(bytes), MSG_DONTWAIT) > 0)
        continue;
    g_assert_cmpint(errno, ==, EAGAIN);
    start(f, NULL);
    guest_give(f->source, "getfd", json_pack("{s:s}", "fdname", "full"), ends[0]);
    close(ends[0]);
    pair_migrate(f, "fd:full");
    status = guest_migration(f->source, NULL);
    g_assert_cmpstr(status, ==, "setup");
    guest_do(f->source, "migrate_cancel", NULL);
    over = guest_wait_over(f->source, NULL);
    g_assert_cmpstr(over, ==, "cancelled");
    guest_wait_run_state(f->source, "running");
    g_assert_cmpint(guest_event_us(f->source, "STOP"), ==, 0);
    close(ends[1]);
}

/* ---- descriptors ----------------------------------------------------------------------------- */

static void
a_guest_moves_over_a_socket_that_both_sides_were_given(Pair *f, gconstpointer data)
{
    int ends[2];

    pair_of_sockets(ends);
    start(f, "defer");
    guest_give(f->source, "getfd", json_pack("{s:s}", "fdname", "way"), ends[0]);
    guest_give(f->destination, "getfd", json_pack("{s:s}", "fdname", "way"), ends[1]);
    close(ends[0]);
    close(ends[1]);
    guest_do(f->destination, "migrate-incoming", json_pack("{s:s}", "uri", "fd:way"));
    pair_migrate(f, "fd:way");
    assert_moved(f, "running");
}

static void
give_set(Guest *guest, const char *path, int flags)
{
    int fd = open(path, flags | O_CREAT | O_CLOEXEC, 0600);

    g_assert_cmpint(fd, >=, 0);
    guest_give(guest, "add-fd", json_pack("{s:i}", "fdset-id", 7), fd);
    close(fd);
}

static void
a_guest_moves_through_a_file_in_a_set_of_descriptors(Pair *f, gconstpointer data)
{
    g_autofree char *path = rig_path(&f->rig, "stream"), *over = NULL;

    start(f, "defer");
    give_set(f->source, path, O_WRONLY);
    give_set(f->destination, path, O_RDONLY);
    pair_migrate(f, "file:/dev/fdset/7");
    over = guest_wait_over(f->source, NULL);
    g_assert_cmpstr(over, ==, "completed");
    guest_do(f->destination, "migrate-incoming", json_pack("{s:s}", "uri", "file:/dev/fdset/7"));
    assert_moved(f, "running");
}

#define ADD(test) pair_add("/asked/" #test, NULL, test)

int
main(int argc, char **argv)
{
    guest_test_init(&argc, &argv);
    ADD(a_guest_that_powers_off_is_gone_on_both_sides);
    ADD(a_guest_that_reboots_moves_on);
    ADD(a_guest_that_panics_is_panicked_where_it_goes);
    ADD(a_reset_by_the_operator_moves_on_too);
    ADD(a_cancel_before_the_first_byte_changes_nothing);
    ADD(a_guest_moves_over_a_socket_that_both_sides_were_given);
    ADD(a_guest_moves_through_a_file_in_a_set_of_descriptors);
    return g_test_run();
}
