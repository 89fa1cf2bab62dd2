/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whole migrations between two machines in one process; MS-3 … MS-6 of migration-glue/state.h.
 */
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "migration-glue/error.h"
#include "migration-glue/page.h"
#include "tests/unit/migration-glue/move-rig.h"

#define MIB (1024u * 1024u)

typedef struct {
    RigGuest guest;
    char *folder;
    Rig *from, *to;
} Pair;

static Rig *
make_rig(Pair *pair, guint64 size)
{
    Rig *rig = rig_new(&pair->guest, "pseries-10.0");

    rig_add_block(rig, "dimm", size / 4, TRUE);
    rig_add_block(rig, "ppc_spapr.ram", size, TRUE);
    return rig;
}

static void
set_up(Pair *pair, const void *data)
{
    memset(&pair->guest, 0, sizeof(pair->guest));
    pair->folder = g_dir_make_tmp("move-XXXXXX", NULL);
    pair->from = make_rig(pair, 8 * MIB);
    pair->to = make_rig(pair, 8 * MIB);
    rig_fill(pair->from, 1);
    pair->from->device.mode = 0xabcd;
}

static void
tear_down(Pair *pair, const void *data)
{
    g_autofree char *command = g_strdup_printf("rm -r '%s'", pair->folder);

    g_assert_cmpint(g_atomic_int_get(&pair->guest.twice), ==, 0);
    rig_free(pair->from);
    rig_free(pair->to);
    g_assert_cmpint(pair->guest.running, ==, 0);
    g_assert_cmpint(system(command), ==, 0);
    g_free(pair->folder);
}

static void
receive(Rig *rig, const char *uri)
{
    GError *error = NULL;

    rig->in = mig_incoming_new(&rig->host, rig->params, uri, &error);
    g_assert_no_error(error);
}

static void
send_to(Rig *rig, const char *uri)
{
    GError *error = NULL;

    rig->out = mig_outgoing_new(&rig->host, rig->params, uri, &error);
    g_assert_no_error(error);
}

static char *
unix_uri(const Pair *pair)
{
    return g_strdup_printf("unix:%s/s", pair->folder);
}

static void
assert_moved(Pair *pair)
{
    rig_wait_ended(pair->from);
    rig_wait_ended(pair->to);
    g_assert_cmpstr(mig_status_own_name(mig_outgoing_status(pair->from->out)), ==, "completed");
    g_assert_cmpstr(mig_status_own_name(mig_incoming_status(pair->to->in)), ==, "completed");
    g_assert_false(rig_runs(pair->from));
    g_assert_true(rig_runs(pair->to));
    g_assert_cmpint(pair->from->gone, ==, 1);
    g_assert_cmphex(pair->to->sum_at_run, ==, rig_sum(pair->from));
    g_assert_cmphex(pair->to->device.mode, ==, 0xabcd);
    g_assert_cmpuint(pair->to->device.ticks, ==, pair->from->device.ticks);
}

/* ---- It works ---- */

static void
a_writing_guest_moves_over_a_unix_socket(Pair *pair, const void *data)
{
    g_autofree char *uri = unix_uri(pair);
    g_auto(MigStats) stats = {0};

    rig_start(pair->from, TRUE, 7);
    receive(pair->to, uri);
    send_to(pair->from, uri);
    assert_moved(pair);
    mig_outgoing_stats(pair->from->out, &stats);
    g_assert_cmpuint(stats.ram.total, ==, 10 * MIB);
    g_assert_cmpuint(stats.ram.remaining, ==, 0);
    g_assert_cmpuint(stats.ram.normal + stats.ram.duplicate, >=, 10 * MIB / 4096);
    g_assert_cmpuint(stats.ram.sync_count, >=, 2);
    g_assert_cmpint(stats.downtime_ms, >=, 0);
    g_assert_cmpint(stats.phase_us[MIG_PHASE_STOP], >=, 0);
    g_assert_cmpint(stats.phase_us[MIG_PHASE_VERDICT], >=, 0);
    g_assert_cmpint(stats.phase_us[MIG_PHASE_PAUSE], ==, -1);
    g_assert_cmpuint(stats.n_devices, ==, 1);
    g_assert_cmpstr(stats.devices[0].idstr, ==, "rig-device");
    g_assert_cmpuint(stats.devices[0].bytes, ==, 1 + 4 + 1 + 10 + 4 + 4 + 12 + 5);
    g_assert_null(stats.error);
}

static void
a_writing_guest_moves_over_tcp(Pair *pair, const void *data)
{
    rig_start(pair->from, TRUE, 8);
    receive(pair->to, "tcp:127.0.0.1:0");
    send_to(pair->from, mig_incoming_uri(pair->to->in));
    assert_moved(pair);
}

static void
a_writing_guest_moves_over_descriptors(Pair *pair, const void *data)
{
    g_autofree char *there = NULL, *here = NULL;
    int ends[2];

    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), ==, 0);
    here = g_strdup_printf("fd:%d", ends[0]);
    there = g_strdup_printf("fd:%d", ends[1]);
    rig_start(pair->from, TRUE, 9);
    receive(pair->to, there);
    send_to(pair->from, here);
    assert_moved(pair);
}

static void
a_guest_moves_without_a_return_path(Pair *pair, const void *data)
{
    const MigCapabilityChange off = {MIG_CAP_RETURN_PATH, FALSE};
    g_autofree char *uri = unix_uri(pair);

    g_assert_true(mig_params_set_capabilities(pair->from->params, &off, 1, FALSE, NULL));
    rig_start(pair->from, TRUE, 10);
    receive(pair->to, uri);
    send_to(pair->from, uri);
    assert_moved(pair);
}

static void
a_guest_moves_through_a_command_and_back_out_of_one(Pair *pair, const void *data)
{
    g_autofree char *out = g_strdup_printf("exec:gzip -1 > %s/z", pair->folder);
    g_autofree char *in = g_strdup_printf("exec:gzip -dc %s/z", pair->folder);

    rig_start(pair->from, TRUE, 11);
    send_to(pair->from, out);
    rig_wait_ended(pair->from);
    receive(pair->to, in);
    assert_moved(pair);
}

static void
a_guest_moves_through_a_file_behind_a_foreign_head(Pair *pair, const void *data)
{
    g_autofree char *path = g_build_filename(pair->folder, "f", NULL);
    g_autofree char *uri = g_strdup_printf("file:%s,offset=0x11", path);
    g_autofree char *contents = NULL;
    gsize n;

    g_assert_true(g_file_set_contents(path, "a head of 17 byteTHIS GOES AWAY", -1, NULL));
    rig_start(pair->from, TRUE, 12);
    send_to(pair->from, uri);
    rig_wait_ended(pair->from);
    g_assert_true(g_file_get_contents(path, &contents, &n, NULL));
    g_assert_cmpmem(contents, 21, "a head of 17 byteQEVM", 21);
    receive(pair->to, uri);
    assert_moved(pair);
}

/* ---- Files ---- */

static guint
count_files(const Pair *pair)
{
    GDir *folder = g_dir_open(pair->folder, 0, NULL);
    guint n = 0;

    while (g_dir_read_name(folder) != NULL)
        n++;
    g_dir_close(folder);
    return n;
}

static void
two_saves_of_a_guest_that_stands_still_are_alike(Pair *pair, const void *data)
{
    g_autofree char *one = g_build_filename(pair->folder, "one", NULL);
    g_autofree char *two = g_build_filename(pair->folder, "two", NULL);
    g_autofree char *to_one = g_strdup_printf("file:%s", one);
    g_autofree char *to_two = g_strdup_printf("file:%s", two);
    g_autofree char *first = NULL, *second = NULL;
    gsize n, m;

    send_to(pair->from, to_one);
    rig_wait_ended(pair->from);
    g_clear_pointer(&pair->from->out, mig_outgoing_free);
    pair->from->ended = FALSE;
    pair->from->device.ticks--;
    /* R-RAM-7: what does not migrate changes nothing, be it ever so large. */
    rig_add_block(pair->from, "esb", G_GUINT64_CONSTANT(1) << 40, FALSE);
    send_to(pair->from, to_two);
    rig_wait_ended(pair->from);
    g_assert_true(g_file_get_contents(one, &first, &n, NULL));
    g_assert_true(g_file_get_contents(two, &second, &m, NULL));
    g_assert_cmpmem(first, n, second, m);
    g_assert_cmpuint(count_files(pair), ==, 2);
}

static void
a_region_of_a_tebibyte_is_in_no_figure(Pair *pair, const void *data)
{
    g_autofree char *uri = g_strdup_printf("file:%s/f", pair->folder);
    g_auto(MigStats) stats = {0};

    rig_add_block(pair->from, NULL, G_GUINT64_CONSTANT(1) << 40, FALSE);
    send_to(pair->from, uri);
    rig_wait_ended(pair->from);
    mig_outgoing_stats(pair->from->out, &stats);
    g_assert_cmpuint(stats.status, ==, MIG_STATUS_COMPLETED);
    g_assert_cmpuint(stats.ram.total, ==, 10 * MIB);
    g_assert_cmpuint(stats.ram.normal + stats.ram.duplicate, ==, 10 * MIB / 4096);
}

static void
a_cancelled_save_leaves_the_old_file_and_nothing_else(Pair *pair, const void *data)
{
    g_autofree char *path = g_build_filename(pair->folder, "f", NULL);
    g_autofree char *uri = g_strdup_printf("file:%s", path);
    g_autofree char *contents = NULL;

    g_assert_true(g_file_set_contents(path, "old", -1, NULL));
    g_assert_true(mig_params_set_number(pair->from->params, MIG_PARAM_MAX_BANDWIDTH, 4096, NULL));
    rig_start(pair->from, TRUE, 13);
    send_to(pair->from, uri);
    g_assert_true(rig_wait_status(pair->from, MIG_STATUS_ACTIVE));
    g_assert_true(mig_outgoing_cancel(pair->from->out));
    rig_wait_ended(pair->from);
    g_assert_cmpint(mig_outgoing_status(pair->from->out), ==, MIG_STATUS_CANCELLED);
    g_assert_true(rig_runs(pair->from));
    g_assert_true(g_file_get_contents(path, &contents, NULL, NULL));
    g_assert_cmpstr(contents, ==, "old");
    g_assert_cmpuint(count_files(pair), ==, 1);
}

static void
a_full_disk_lets_the_guest_go_on_and_says_so(Pair *pair, const void *data)
{
    g_auto(MigStats) stats = {0};

    rig_start(pair->from, TRUE, 14);
    send_to(pair->from, "file:/dev/full");
    rig_wait_ended(pair->from);
    mig_outgoing_stats(pair->from->out, &stats);
    g_assert_cmpint(stats.status, ==, MIG_STATUS_FAILED);
    g_assert_nonnull(strstr(stats.error, g_strerror(ENOSPC)));
    g_assert_true(rig_runs(pair->from));
}

static void
a_command_that_fails_at_the_end_lets_the_guest_go_on(Pair *pair, const void *data)
{
    g_auto(MigStats) stats = {0};

    rig_start(pair->from, TRUE, 15);
    send_to(pair->from, "exec:cat > /dev/null; exit 3");
    rig_wait_ended(pair->from);
    mig_outgoing_stats(pair->from->out, &stats);
    g_assert_cmpint(stats.status, ==, MIG_STATUS_FAILED);
    g_assert_nonnull(strstr(stats.error, "exit status 3"));
    g_assert_true(rig_runs(pair->from));
}

/* ---- The other side says no ---- */

static void
assert_refused(Pair *pair, const char *why_there, const char *why_here)
{
    g_auto(MigStats) here = {0}, there = {0};

    rig_wait_ended(pair->from);
    rig_wait_ended(pair->to);
    mig_outgoing_stats(pair->from->out, &here);
    mig_incoming_stats(pair->to->in, &there);
    g_assert_cmpstr(mig_status_own_name(here.status), ==, "failed");
    g_assert_cmpstr(mig_status_own_name(there.status), ==, "failed");
    g_assert_true(rig_runs(pair->from));
    g_assert_false(rig_runs(pair->to));
    g_assert_nonnull(strstr(there.error, why_there));
    g_assert_nonnull(strstr(here.error, why_here));
}

static void
memory_of_another_size_is_refused_with_a_reason_and_a_retry_works(Pair *pair, const void *data)
{
    g_autofree char *uri = unix_uri(pair);

    rig_free(pair->to);
    pair->to = make_rig(pair, 16 * MIB);
    rig_start(pair->from, TRUE, 16);
    receive(pair->to, uri);
    send_to(pair->from, uri);
    assert_refused(pair, "8388608 bytes at the sender, 16777216 here", "configured otherwise");

    rig_free(pair->to);
    pair->to = make_rig(pair, 8 * MIB);
    g_clear_pointer(&pair->from->out, mig_outgoing_free);
    pair->from->ended = FALSE;
    receive(pair->to, uri);
    send_to(pair->from, uri);
    assert_moved(pair);
}

static void
a_device_that_refuses_its_state_sends_the_guest_back(Pair *pair, const void *data)
{
    g_autofree char *uri = unix_uri(pair);

    pair->to->device.refuses = TRUE;
    rig_start(pair->from, TRUE, 17);
    receive(pair->to, uri);
    send_to(pair->from, uri);
    assert_refused(pair, "the device does not want it", "a device of the destination refused");
}

static void
a_destination_that_cannot_resume_sends_the_guest_back(Pair *pair, const void *data)
{
    g_autofree char *uri = unix_uri(pair);

    pair->to->fail_activate = TRUE;
    rig_start(pair->from, TRUE, 18);
    receive(pair->to, uri);
    send_to(pair->from, uri);
    assert_refused(pair, "a device cannot resume", "code 8");
}

static void
a_guest_that_cannot_be_stopped_goes_on(Pair *pair, const void *data)
{
    g_autofree char *uri = unix_uri(pair);

    pair->from->fail_stop = TRUE;
    rig_start(pair->from, TRUE, 19);
    receive(pair->to, uri);
    send_to(pair->from, uri);
    assert_refused(pair, "the stream ends", "cannot become quiet");
}

static void
nobody_listening_is_said_at_once(Pair *pair, const void *data)
{
    g_autofree char *uri = unix_uri(pair);
    g_auto(MigStats) stats = {0};

    rig_start(pair->from, FALSE, 0);
    send_to(pair->from, uri);
    rig_wait_ended(pair->from);
    mig_outgoing_stats(pair->from->out, &stats);
    g_assert_cmpint(stats.status, ==, MIG_STATUS_FAILED);
    g_assert_nonnull(strstr(stats.error, "cannot connect to unix:"));
    g_assert_true(rig_runs(pair->from));
}

/* ---- Cancel ---- */

static void
cancel_at(Pair *pair, MigStatus when)
{
    g_autofree char *uri = unix_uri(pair);

    rig_start(pair->from, TRUE, 20);
    receive(pair->to, uri);
    send_to(pair->from, uri);
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
cancel_while_connecting_ends_at_once(Pair *pair, const void *data)
{
    g_autofree char *uri = unix_uri(pair);
    g_autoptr(MigAddress) address = mig_address_parse(uri, NULL);
    g_autoptr(MigListener) silent = mig_listener_new(address, NULL, NULL, NULL);

    /* Connected, but nobody reads: the socket's buffer fills up. */
    rig_start(pair->from, FALSE, 0);
    send_to(pair->from, uri);
    g_assert_true(mig_outgoing_cancel(pair->from->out));
    rig_wait_ended(pair->from);
    g_assert_cmpint(mig_outgoing_status(pair->from->out), ==, MIG_STATUS_CANCELLED);
    g_assert_true(rig_runs(pair->from));
}

static void
a_sender_that_is_not_read_can_be_cancelled(Pair *pair, const void *data)
{
    g_autofree char *uri = unix_uri(pair);
    g_autoptr(MigAddress) address = mig_address_parse(uri, NULL);
    g_autoptr(MigListener) silent = mig_listener_new(address, NULL, NULL, NULL);

    rig_start(pair->from, FALSE, 0);
    send_to(pair->from, uri);
    g_assert_true(rig_wait_status(pair->from, MIG_STATUS_ACTIVE));
    g_usleep(1000);
    g_assert_true(mig_outgoing_cancel(pair->from->out));
    rig_wait_ended(pair->from);
    g_assert_cmpint(mig_outgoing_status(pair->from->out), ==, MIG_STATUS_CANCELLED);
    g_assert_true(rig_runs(pair->from));
}

static void
continue_is_refused_unless_it_is_waited_for(Pair *pair, const void *data)
{
    const MigCapabilityChange pause = {MIG_CAP_PAUSE_BEFORE_SWITCHOVER, TRUE};
    g_autofree char *uri = unix_uri(pair);
    g_auto(MigStats) stats = {0};
    g_autoptr(GError) error = NULL;

    g_assert_true(mig_params_set_capabilities(pair->from->params, &pause, 1, FALSE, NULL));
    rig_start(pair->from, TRUE, 21);
    receive(pair->to, uri);
    send_to(pair->from, uri);
    g_assert_true(rig_wait_status(pair->from, MIG_STATUS_PRE_SWITCHOVER));
    g_assert_false(rig_runs(pair->from));
    g_assert_true(mig_outgoing_continue(pair->from->out, NULL));
    assert_moved(pair);
    g_assert_false(mig_outgoing_continue(pair->from->out, &error));
    g_assert_error(error, MIG_ERROR, MIG_ERROR_VALUE);
    mig_outgoing_stats(pair->from->out, &stats);
    g_assert_cmpint(stats.phase_us[MIG_PHASE_PAUSE], >=, 0);
}

static void
the_switch_waits_for_the_acknowledgement(Pair *pair, const void *data)
{
    const MigCapabilityChange ack = {MIG_CAP_SWITCHOVER_ACK, TRUE};
    g_autofree char *uri = unix_uri(pair);

    g_assert_true(mig_params_set_capabilities(pair->from->params, &ack, 1, FALSE, NULL));
    rig_start(pair->from, TRUE, 22);
    receive(pair->to, uri); /* does not send one: its capability is off */
    send_to(pair->from, uri);
    g_usleep(200000);
    g_assert_cmpint(mig_outgoing_status(pair->from->out), ==, MIG_STATUS_ACTIVE);
    g_assert_true(mig_outgoing_cancel(pair->from->out));
    rig_wait_ended(pair->from);
    rig_wait_ended(pair->to);

    rig_free(pair->to);
    pair->to = make_rig(pair, 8 * MIB);
    g_assert_true(mig_params_set_capabilities(pair->to->params, &ack, 1, FALSE, NULL));
    g_clear_pointer(&pair->from->out, mig_outgoing_free);
    pair->from->ended = FALSE;
    receive(pair->to, uri);
    send_to(pair->from, uri);
    assert_moved(pair);
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

/* MS-3, MS-5, MS-6: after a cut one side runs the guest, or none and the source says so. */
static void
cut_once(gint64 after, guint32 seed, guint seen[MIG_STATUS_N])
{
    Pair pair;
    Cutter cutter = {.left = after};
    GThread *thread;
    int front[2], back[2];
    g_autofree char *here = NULL, *there = NULL;
    MigStatus status;

    set_up(&pair, NULL);
    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, front), ==, 0);
    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, back), ==, 0);
    cutter.front = front[1];
    cutter.back = back[0];
    here = g_strdup_printf("fd:%d", front[0]);
    there = g_strdup_printf("fd:%d", back[1]);
    rig_start(pair.from, TRUE, seed);
    thread = g_thread_new("forward", cutter_forward, &cutter);
    receive(pair.to, there);
    send_to(pair.from, here);
    rig_wait_ended(pair.from);
    rig_wait_ended(pair.to);
    g_thread_join(thread);
    status = mig_outgoing_status(pair.from->out);
    seen[status]++;
    g_assert_false(rig_runs(pair.from) && rig_runs(pair.to));
    if (status == MIG_STATUS_COMPLETED)
        g_assert_true(rig_runs(pair.to));
    else if (status == MIG_STATUS_FAILED)
        g_assert_true(rig_runs(pair.from));
    else
        g_assert_cmpint(status, ==, MIG_STATUS_HANDOVER_UNKNOWN);
    tear_down(&pair, NULL);
}

static void
a_connection_cut_anywhere_leaves_at_most_one_guest(void)
{
    guint32 seed = g_test_rand_int();
    g_autoptr(GRand) rand = g_rand_new_with_seed(seed);
    guint seen[MIG_STATUS_N] = {0};

    g_test_message("seed %u", seed);
    for (guint i = 0; i < 30; i++)
        cut_once(g_rand_int_range(rand, 1, 9 * (gint32)MIB), seed + i, seen);
    g_test_message("%u failed, %u completed, %u unknown", seen[MIG_STATUS_FAILED],
                   seen[MIG_STATUS_COMPLETED], seen[MIG_STATUS_HANDOVER_UNKNOWN]);
    g_assert_cmpuint(seen[MIG_STATUS_FAILED], >, 0);
}

/* The whole stream of a guest that stands still, to know where its end is. */
static gint64
length_of_stream(void)
{
    Pair pair;
    g_auto(MigStats) stats = {0};
    g_autofree char *uri = NULL;
    gint64 n;

    set_up(&pair, NULL);
    uri = unix_uri(&pair);
    rig_start(pair.from, FALSE, 0);
    receive(pair.to, uri);
    send_to(pair.from, uri);
    rig_wait_ended(pair.from);
    rig_wait_ended(pair.to);
    mig_outgoing_stats(pair.from->out, &stats);
    n = (gint64)stats.transferred;
    tear_down(&pair, NULL);
    return n;
}

static void
a_cut_behind_the_end_marker_leaves_the_source_paused(Pair *pair, const void *data)
{
    Cutter cutter = {.left = length_of_stream() - 3};
    GThread *thread;
    int front[2], back[2];
    g_autofree char *here = NULL, *there = NULL;
    g_auto(MigStats) stats = {0};

    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, front), ==, 0);
    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, back), ==, 0);
    cutter.front = front[1];
    cutter.back = back[0];
    here = g_strdup_printf("fd:%d", front[0]);
    there = g_strdup_printf("fd:%d", back[1]);
    rig_start(pair->from, FALSE, 0);
    thread = g_thread_new("forward", cutter_forward, &cutter);
    receive(pair->to, there);
    send_to(pair->from, here);
    rig_wait_ended(pair->from);
    rig_wait_ended(pair->to);
    g_thread_join(thread);
    mig_outgoing_stats(pair->from->out, &stats);
    g_assert_cmpstr(mig_status_own_name(stats.status), ==, "handover-unknown");
    g_assert_cmpstr(mig_status_name(stats.status), ==, "failed");
    g_assert_true(g_str_has_prefix(stats.error, "handover unknown: "));
    g_assert_false(rig_runs(pair->from));
    g_assert_false(rig_runs(pair->to)); /* its description was cut */
    g_mutex_lock(&pair->from->lock);
    pair->from->locked = TRUE;
    g_assert_true(mig_outgoing_decide(pair->from->out, TRUE, NULL));
    g_assert_false(mig_outgoing_decide(pair->from->out, FALSE, NULL));
    pair->from->locked = FALSE;
    g_mutex_unlock(&pair->from->lock);
    g_assert_true(rig_runs(pair->from));
}

/* ---- Figures ---- */

static void
a_guest_that_writes_faster_than_allowed_is_named_as_the_reason(Pair *pair, const void *data)
{
    g_autofree char *uri = unix_uri(pair);
    gboolean said = FALSE;

    g_assert_true(mig_params_set_number(pair->from->params, MIG_PARAM_MAX_BANDWIDTH, MIB, NULL));
    g_assert_true(mig_params_set_number(pair->from->params, MIG_PARAM_DOWNTIME_LIMIT, 0, NULL));
    g_assert_true(
        mig_params_set_number(pair->from->params, MIG_PARAM_AVAIL_SWITCHOVER_BANDWIDTH, MIB, NULL));
    pair->from->pause_us = 0;
    rig_start(pair->from, TRUE, 23);
    receive(pair->to, uri);
    send_to(pair->from, uri);
    g_assert_true(rig_wait_status(pair->from, MIG_STATUS_ACTIVE));
    /* Until the first pass is over the rate of writing is not known: let that go fast. */
    g_assert_true(mig_params_set_number(pair->from->params, MIG_PARAM_MAX_BANDWIDTH, 0, NULL));
    for (guint i = 0; i < 600 && !said; i++) {
        g_auto(MigStats) stats = {0};

        g_usleep(10000);
        mig_outgoing_stats(pair->from->out, &stats);
        if (stats.ram.sync_count > 0)
            g_assert_true(
                mig_params_set_number(pair->from->params, MIG_PARAM_MAX_BANDWIDTH, MIB, NULL));
        said = stats.stall != NULL && strstr(stats.stall, "raise max-bandwidth") != NULL;
    }
    g_assert_true(said);
    mig_outgoing_cancel(pair->from->out);
    rig_wait_ended(pair->to);
}

#define ADD(name) g_test_add("/move/" #name, Pair, NULL, set_up, name, tear_down)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    signal(SIGPIPE, SIG_IGN); /* as the program does */
    ADD(a_writing_guest_moves_over_a_unix_socket);
    ADD(a_writing_guest_moves_over_tcp);
    ADD(a_writing_guest_moves_over_descriptors);
    ADD(a_guest_moves_without_a_return_path);
    ADD(a_guest_moves_through_a_command_and_back_out_of_one);
    ADD(a_guest_moves_through_a_file_behind_a_foreign_head);
    ADD(two_saves_of_a_guest_that_stands_still_are_alike);
    ADD(a_region_of_a_tebibyte_is_in_no_figure);
    ADD(a_cancelled_save_leaves_the_old_file_and_nothing_else);
    ADD(a_full_disk_lets_the_guest_go_on_and_says_so);
    ADD(a_command_that_fails_at_the_end_lets_the_guest_go_on);
    ADD(memory_of_another_size_is_refused_with_a_reason_and_a_retry_works);
    ADD(a_device_that_refuses_its_state_sends_the_guest_back);
    ADD(a_destination_that_cannot_resume_sends_the_guest_back);
    ADD(a_guest_that_cannot_be_stopped_goes_on);
    ADD(nobody_listening_is_said_at_once);
    ADD(cancel_while_copying_lets_the_guest_go_on);
    ADD(cancel_before_the_switchover_lets_the_guest_go_on);
    ADD(cancel_while_connecting_ends_at_once);
    ADD(a_sender_that_is_not_read_can_be_cancelled);
    ADD(continue_is_refused_unless_it_is_waited_for);
    ADD(the_switch_waits_for_the_acknowledgement);
    ADD(a_cut_behind_the_end_marker_leaves_the_source_paused);
    ADD(a_guest_that_writes_faster_than_allowed_is_named_as_the_reason);
    g_test_add_func("/move/a_connection_cut_anywhere_leaves_at_most_one_guest",
                    a_connection_cut_anywhere_leaves_at_most_one_guest);
    return g_test_run();
}
