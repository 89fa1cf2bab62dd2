/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Migrations that are cancelled or cut off, at every stage: MS-3 … MS-6 of migration-glue/state.h.
 */
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "migration-glue/error.h"
#include "tests/unit/migration-glue/move-pair.h"

/* ---- Cancel ---- */

static void
cancel_at(Pair *pair, MigStatus when)
{
    g_autofree char *uri = pair_unix_uri(pair);

    rig_start(pair->from, TRUE, 20);
    pair_receive(pair->to, uri);
    pair_send(pair->from, uri);
    g_assert_true(rig_wait_status(pair->from, when));
    g_assert_true(mig_outgoing_cancel(pair->from->out));
    rig_wait_ended(pair->from);
    rig_wait_ended(pair->to);
    g_assert_cmpint(mig_outgoing_status(pair->from->out), ==, MIG_STATUS_CANCELLED);
    g_assert_cmpint(mig_incoming_status(pair->to->in), ==, MIG_STATUS_FAILED);
    g_assert_true(rig_runs(pair->from));
    g_assert_false(rig_runs(pair->to));
    g_assert_false(mig_outgoing_cancel(pair->from->out));
}

static void
cancel_while_copying_lets_the_guest_go_on(Pair *pair, const void *data)
{
    g_assert_true(mig_params_set_number(pair->from->params, MIG_PARAM_MAX_BANDWIDTH, 4096, NULL));
    cancel_at(pair, MIG_STATUS_ACTIVE);
}

static void
cancel_before_the_switchover_lets_the_guest_go_on(Pair *pair, const void *data)
{
    const MigCapabilityChange pause = {MIG_CAP_PAUSE_BEFORE_SWITCHOVER, TRUE};

    g_assert_true(mig_params_set_capabilities(pair->from->params, &pause, 1, FALSE, NULL));
    cancel_at(pair, MIG_STATUS_PRE_SWITCHOVER);
}

static void
assert_cancels(Rig *from)
{
    g_assert_true(mig_outgoing_cancel(from->out));
    rig_wait_ended(from);
    g_assert_cmpint(mig_outgoing_status(from->out), ==, MIG_STATUS_CANCELLED);
    g_assert_true(rig_runs(from));
}

/* Until it has begun, and filled what there is between it and whoever does not read. */
static void
send_to_nobody(Rig *from, const char *uri)
{
    rig_start(from, FALSE, 0);
    pair_send(from, uri);
    g_assert_true(rig_wait_status(from, MIG_STATUS_ACTIVE));
    g_usleep(1000);
}

/* Of the stream that were handed over, written or not. */
static guint64
bytes_handed_over(Rig *from)
{
    g_auto(MigStats) stats = {0};

    mig_outgoing_stats(from->out, &stats);
    return stats.transferred;
}

static void
cancel_while_connecting_ends_at_once(Pair *pair, const void *data)
{
    g_autofree char *uri = pair_unix_uri(pair);
    g_autoptr(MigAddress) address = mig_address_parse(uri, NULL);
    MigListener *silent = mig_listener_new(address, NULL, NULL, NULL);

    /* Connected, but nobody reads: the socket's buffer fills up. */
    rig_start(pair->from, FALSE, 0);
    pair_send(pair->from, uri);
    assert_cancels(pair->from);
    mig_listener_free(silent);
}

static void
a_sender_that_is_not_read_can_be_cancelled(Pair *pair, const void *data)
{
    g_autofree char *uri = pair_unix_uri(pair);
    g_autoptr(MigAddress) address = mig_address_parse(uri, NULL);
    MigListener *silent = mig_listener_new(address, NULL, NULL, NULL);

    send_to_nobody(pair->from, uri);
    assert_cancels(pair->from);
    mig_listener_free(silent);
}

/* The thread that writes to it waits, and so does the one that has no more to give it. */
static void
a_command_that_does_not_read_can_be_cancelled(Pair *pair, const void *data)
{
    send_to_nobody(pair->from, "exec:sleep 1000");
    while (bytes_handed_over(pair->from) < 2 * MIB) /* more than its pipe holds */
        g_usleep(1000);
    assert_cancels(pair->from);
}

static void
continue_is_refused_unless_it_is_waited_for(Pair *pair, const void *data)
{
    const MigCapabilityChange pause = {MIG_CAP_PAUSE_BEFORE_SWITCHOVER, TRUE};
    g_autofree char *uri = pair_unix_uri(pair);
    g_auto(MigStats) stats = {0};
    g_autoptr(GError) error = NULL;

    g_assert_true(mig_params_set_capabilities(pair->from->params, &pause, 1, FALSE, NULL));
    rig_start(pair->from, TRUE, 21);
    pair_receive(pair->to, uri);
    pair_send(pair->from, uri);
    g_assert_true(rig_wait_status(pair->from, MIG_STATUS_PRE_SWITCHOVER));
    g_assert_false(rig_runs(pair->from));
    g_assert_true(mig_outgoing_continue(pair->from->out, NULL));
    pair_assert_moved(pair);
    g_assert_false(mig_outgoing_continue(pair->from->out, &error));
    g_assert_error(error, MIG_ERROR, MIG_ERROR_VALUE);
    mig_outgoing_stats(pair->from->out, &stats);
    g_assert_cmpint(stats.phase_us[MIG_PHASE_PAUSE], >=, 0);
}

static void
the_switch_waits_for_the_acknowledgement(Pair *pair, const void *data)
{
    const MigCapabilityChange ack = {MIG_CAP_SWITCHOVER_ACK, TRUE};
    g_autofree char *uri = pair_unix_uri(pair);

    g_assert_true(mig_params_set_capabilities(pair->from->params, &ack, 1, FALSE, NULL));
    rig_start(pair->from, TRUE, 22);
    pair_receive(pair->to, uri); /* does not send one: its capability is off */
    pair_send(pair->from, uri);
    g_usleep(200000);
    g_assert_cmpint(mig_outgoing_status(pair->from->out), ==, MIG_STATUS_ACTIVE);
    g_assert_true(mig_outgoing_cancel(pair->from->out));
    rig_wait_ended(pair->from);
    rig_wait_ended(pair->to);

    pair_replace_target(pair, 8 * MIB);
    g_assert_true(mig_params_set_capabilities(pair->to->params, &ack, 1, FALSE, NULL));
    pair_receive(pair->to, uri);
    pair_send(pair->from, uri);
    pair_assert_moved(pair);
}

/* ---- A cut in the middle ---- */

/* Passes bytes on, both ways, until @left of the forward ones have passed. */
typedef struct {
    int front, back;
    gint64 left;
} Cutter;

static void *
cutter_backward(void *opaque)
{
    Cutter *cutter = opaque;
    char bytes[512];
    gssize n;

    while ((n = read(cutter->back, bytes, sizeof(bytes))) > 0 &&
           write(cutter->front, bytes, (gsize)n) == n) {
    }
    shutdown(cutter->front, SHUT_RDWR);
    shutdown(cutter->back, SHUT_RDWR);
    return NULL;
}

static void *
cutter_forward(void *opaque)
{
    Cutter *cutter = opaque;
    GThread *other = g_thread_new("backward", cutter_backward, cutter);
    g_autofree char *bytes = g_malloc(65536);

    while (cutter->left > 0) {
        gssize n = read(cutter->front, bytes, (gsize)MIN(cutter->left, 65536));

        if (n <= 0 || write(cutter->back, bytes, (gsize)n) != n)
            break;
        cutter->left -= n;
    }
    shutdown(cutter->front, SHUT_RDWR);
    shutdown(cutter->back, SHUT_RDWR);
    g_thread_join(other);
    close(cutter->front);
    close(cutter->back);
    return NULL;
}

/* Both sides, with a cutter between them, to their end. */
static void
move_through_cutter(Pair *pair, gint64 after, gboolean writes, guint32 seed)
{
    Cutter cutter = {.left = after};
    GThread *thread;
    int front[2], back[2];
    g_autofree char *here = NULL, *there = NULL;

    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, front), ==, 0);
    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, back), ==, 0);
    cutter.front = front[1];
    cutter.back = back[0];
    here = g_strdup_printf("fd:%d", front[0]);
    there = g_strdup_printf("fd:%d", back[1]);
    rig_start(pair->from, writes, seed);
    thread = g_thread_new("forward", cutter_forward, &cutter);
    pair_receive(pair->to, there);
    pair_send(pair->from, here);
    rig_wait_ended(pair->from);
    rig_wait_ended(pair->to);
    g_thread_join(thread);
}

/* MS-3, MS-5, MS-6: after a cut one side runs the guest, or none and the source says so. */
static void
cut_once(gint64 after, gboolean writes, guint32 seed, guint seen[MIG_STATUS_N])
{
    Pair pair;
    MigStatus status;

    pair_set_up(&pair, NULL);
    move_through_cutter(&pair, after, writes, seed);
    status = mig_outgoing_status(pair.from->out);
    seen[status]++;
    g_assert_false(rig_runs(pair.from) && rig_runs(pair.to));
    if (status == MIG_STATUS_COMPLETED)
        g_assert_true(rig_runs(pair.to));
    else if (status == MIG_STATUS_FAILED)
        g_assert_true(rig_runs(pair.from));
    else
        g_assert_cmpint(status, ==, MIG_STATUS_HANDOVER_UNKNOWN);
    pair_tear_down(&pair, NULL);
}

/* The whole stream of a guest that stands still, to know where its end is. */
static gint64
length_of_stream(void)
{
    Pair pair;
    g_auto(MigStats) stats = {0};
    g_autofree char *uri = NULL;
    gint64 n;

    pair_set_up(&pair, NULL);
    uri = pair_unix_uri(&pair);
    rig_start(pair.from, FALSE, 0);
    pair_receive(pair.to, uri);
    pair_send(pair.from, uri);
    rig_wait_ended(pair.from);
    rig_wait_ended(pair.to);
    mig_outgoing_stats(pair.from->out, &stats);
    n = (gint64)stats.transferred;
    pair_tear_down(&pair, NULL);
    return n;
}

/* Every other cut falls into the last bytes, where the guest changes hands. */
static void
a_connection_cut_anywhere_leaves_at_most_one_guest(void)
{
    guint32 seed = g_test_rand_int();
    g_autoptr(GRand) rand = g_rand_new_with_seed(seed);
    guint seen[MIG_STATUS_N] = {0};
    gint64 length = length_of_stream();

    g_test_message("seed %u", seed);
    for (guint i = 0; i < 20; i++) {
        cut_once(g_rand_int_range(rand, 1, (gint32)length), TRUE, seed + i, seen);
        cut_once(length - g_rand_int_range(rand, 0, 700), FALSE, seed + i, seen);
    }
    g_test_message("%u failed, %u completed, %u unknown", seen[MIG_STATUS_FAILED],
                   seen[MIG_STATUS_COMPLETED], seen[MIG_STATUS_HANDOVER_UNKNOWN]);
    g_assert_cmpuint(seen[MIG_STATUS_FAILED], >, 0);
    g_assert_cmpuint(seen[MIG_STATUS_HANDOVER_UNKNOWN], >, 0);
}

/* The end marker is there, but of the description all bytes but a few. */
static void
a_cut_behind_the_end_marker_leaves_the_source_paused(Pair *pair, const void *data)
{
    g_auto(MigStats) stats = {0};

    move_through_cutter(pair, length_of_stream() - 3, FALSE, 0);
    mig_outgoing_stats(pair->from->out, &stats);
    g_assert_cmpstr(mig_status_own_name(stats.status), ==, "handover-unknown");
    g_assert_cmpstr(mig_status_name(stats.status), ==, "failed");
    g_assert_true(g_str_has_prefix(stats.error, "handover unknown: "));
    g_assert_false(rig_runs(pair->from));
    g_assert_false(rig_runs(pair->to));
    pair->from->host.ops->lock(pair->from);
    g_assert_true(mig_outgoing_decide(pair->from->out, TRUE, NULL));
    g_assert_false(mig_outgoing_decide(pair->from->out, FALSE, NULL));
    pair->from->host.ops->unlock(pair->from);
    g_assert_true(rig_runs(pair->from));
}

/* What no reader of ours can see, but a source must reckon with: all came, and no verdict does. */
static void
a_verdict_that_is_lost_leaves_the_guest_to_the_destination(Pair *pair, const void *data)
{
    move_through_cutter(pair, length_of_stream(), FALSE, 0);
    g_assert_true(rig_runs(pair->to));
    g_assert_false(rig_runs(pair->from));
}

#define ADD(name) g_test_add("/move-broken/" #name, Pair, NULL, pair_set_up, name, pair_tear_down)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    signal(SIGPIPE, SIG_IGN); /* as the program does */
    ADD(cancel_while_copying_lets_the_guest_go_on);
    ADD(cancel_before_the_switchover_lets_the_guest_go_on);
    ADD(cancel_while_connecting_ends_at_once);
    ADD(a_sender_that_is_not_read_can_be_cancelled);
    ADD(a_command_that_does_not_read_can_be_cancelled);
    ADD(continue_is_refused_unless_it_is_waited_for);
    ADD(the_switch_waits_for_the_acknowledgement);
    ADD(a_cut_behind_the_end_marker_leaves_the_source_paused);
    ADD(a_verdict_that_is_lost_leaves_the_guest_to_the_destination);
    g_test_add_func("/move-broken/a_connection_cut_anywhere_leaves_at_most_one_guest",
                    a_connection_cut_anywhere_leaves_at_most_one_guest);
    return g_test_run();
}
