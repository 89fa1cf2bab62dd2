/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whole migrations between two machines in one process, over every transport.
 */
#include <signal.h>
#include <string.h>
#include <sys/socket.h>

#include "migration-glue/error.h"
#include "tests/unit/migration-glue/move-pair.h"

/* ---- It works ---- */

static void
a_writing_guest_moves_over_a_unix_socket(Pair *pair, const void *data)
{
    g_autofree char *uri = pair_unix_uri(pair);
    g_auto(MigStats) stats = {0};

    rig_start(pair->from, TRUE, 7);
    pair_receive(pair->to, uri);
    pair_send(pair->from, uri);
    pair_assert_moved(pair);
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
    pair_receive(pair->to, "tcp:127.0.0.1:0");
    pair_send(pair->from, mig_incoming_uri(pair->to->in));
    pair_assert_moved(pair);
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
    pair_receive(pair->to, there);
    pair_send(pair->from, here);
    pair_assert_moved(pair);
}

static void
switch_return_path_off(Pair *pair)
{
    const MigCapabilityChange off = {MIG_CAP_RETURN_PATH, FALSE};

    g_assert_true(mig_params_set_capabilities(pair->from->params, &off, 1, FALSE, NULL));
}

static void
a_page_that_is_written_before_its_turn_goes_once(Pair *pair, const void *data)
{
    g_autofree char *uri = pair_unix_uri(pair);
    g_auto(MigStats) stats = {0};

    pair->from->late = TRUE;
    rig_start(pair->from, FALSE, 11);
    pair_receive(pair->to, uri);
    pair_send(pair->from, uri);
    pair_assert_moved(pair);
    g_assert_false(pair->from->late);
    mig_outgoing_stats(pair->from->out, &stats);
    g_assert_cmpuint(stats.ram.normal + stats.ram.duplicate, ==, 10 * MIB / 4096);
}

/* It could not be told when its guest is refused. */
static void
a_source_without_a_return_path_is_refused_before_it_has_copied(Pair *pair, const void *data)
{
    g_autofree char *uri = pair_unix_uri(pair);
    g_auto(MigStats) stats = {0};

    switch_return_path_off(pair);
    rig_start(pair->from, TRUE, 10);
    pair_receive(pair->to, uri);
    pair_send(pair->from, uri);
    rig_wait_ended(pair->to);
    rig_wait_ended(pair->from);
    mig_incoming_stats(pair->to->in, &stats);
    g_assert_cmpint(stats.status, ==, MIG_STATUS_FAILED);
    g_assert_nonnull(strstr(stats.error, "switch its capability 'return-path' on"));
    g_assert_nonnull(strstr(stats.error, "x-one-way"));
    g_assert_cmpuint(stats.ram.normal, ==, 0);
    g_assert_cmpuint(stats.ram.duplicate, ==, 0);
    g_assert_cmpint(mig_outgoing_status(pair->from->out), ==, MIG_STATUS_FAILED);
    g_assert_true(rig_runs(pair->from));
}

static void
a_guest_moves_without_a_return_path_if_somebody_answers_for_it(Pair *pair, const void *data)
{
    g_autofree char *uri = pair_unix_uri(pair);

    switch_return_path_off(pair);
    g_assert_true(mig_params_set_number(pair->to->params, MIG_PARAM_X_ONE_WAY, 1, NULL));
    rig_start(pair->from, TRUE, 10);
    pair_receive(pair->to, uri);
    pair_send(pair->from, uri);
    pair_assert_moved(pair);
}

static void
a_guest_moves_through_a_command_and_back_out_of_one(Pair *pair, const void *data)
{
    g_autofree char *out = g_strdup_printf("exec:gzip -1 > %s/z", pair->folder);
    g_autofree char *in = g_strdup_printf("exec:gzip -dc %s/z", pair->folder);

    rig_start(pair->from, TRUE, 11);
    pair_send(pair->from, out);
    rig_wait_ended(pair->from);
    pair_receive(pair->to, in);
    pair_assert_moved(pair);
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
    pair_send(pair->from, uri);
    rig_wait_ended(pair->from);
    g_assert_true(g_file_get_contents(path, &contents, &n, NULL));
    g_assert_cmpmem(contents, 21, "a head of 17 byteQEVM", 21);
    pair_receive(pair->to, uri);
    pair_assert_moved(pair);
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

    pair_send(pair->from, to_one);
    rig_wait_ended(pair->from);
    pair->from->device.ticks--;
    /* R-RAM-7: what does not migrate changes nothing, be it ever so large. */
    rig_add_block(pair->from, "esb", G_GUINT64_CONSTANT(1) << 40, FALSE);
    pair_send(pair->from, to_two);
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
    pair_send(pair->from, uri);
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
    pair_send(pair->from, uri);
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
    pair_send(pair->from, "file:/dev/full");
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
    pair_send(pair->from, "exec:cat > /dev/null; exit 3");
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
    g_autofree char *uri = pair_unix_uri(pair);

    pair_replace_target(pair, 16 * MIB);
    rig_start(pair->from, TRUE, 16);
    pair_receive(pair->to, uri);
    pair_send(pair->from, uri);
    assert_refused(pair, "8388608 bytes at the sender, 16777216 here", "configured otherwise");

    pair_replace_target(pair, 8 * MIB);
    pair_receive(pair->to, uri);
    pair_send(pair->from, uri);
    pair_assert_moved(pair);
}

static void
a_device_that_refuses_its_state_sends_the_guest_back(Pair *pair, const void *data)
{
    g_autofree char *uri = pair_unix_uri(pair);

    pair->to->device.refuses = TRUE;
    rig_start(pair->from, TRUE, 17);
    pair_receive(pair->to, uri);
    pair_send(pair->from, uri);
    assert_refused(pair, "the device does not want it", "a device of the destination refused");
}

static void
a_destination_that_cannot_resume_sends_the_guest_back(Pair *pair, const void *data)
{
    g_autofree char *uri = pair_unix_uri(pair);

    pair->to->fail_activate = TRUE;
    rig_start(pair->from, TRUE, 18);
    pair_receive(pair->to, uri);
    pair_send(pair->from, uri);
    assert_refused(pair, "a device cannot resume", "code 8");
}

static void
a_guest_that_cannot_be_stopped_goes_on(Pair *pair, const void *data)
{
    g_autofree char *uri = pair_unix_uri(pair);

    pair->from->fail_stop = TRUE;
    rig_start(pair->from, TRUE, 19);
    pair_receive(pair->to, uri);
    pair_send(pair->from, uri);
    assert_refused(pair, "the stream ends", "cannot become quiet");
}

static void
nobody_listening_is_said_at_once(Pair *pair, const void *data)
{
    g_autofree char *uri = pair_unix_uri(pair);
    g_auto(MigStats) stats = {0};

    rig_start(pair->from, FALSE, 0);
    pair_send(pair->from, uri);
    rig_wait_ended(pair->from);
    mig_outgoing_stats(pair->from->out, &stats);
    g_assert_cmpint(stats.status, ==, MIG_STATUS_FAILED);
    g_assert_nonnull(strstr(stats.error, "cannot connect to unix:"));
    g_assert_true(rig_runs(pair->from));
}

/* ---- Figures ---- */

static void
a_guest_that_writes_faster_than_allowed_is_named_as_the_reason(Pair *pair, const void *data)
{
    g_autofree char *uri = pair_unix_uri(pair);
    gboolean said = FALSE;

    g_assert_true(mig_params_set_number(pair->from->params, MIG_PARAM_MAX_BANDWIDTH, MIB, NULL));
    g_assert_true(mig_params_set_number(pair->from->params, MIG_PARAM_DOWNTIME_LIMIT, 0, NULL));
    g_assert_true(
        mig_params_set_number(pair->from->params, MIG_PARAM_AVAIL_SWITCHOVER_BANDWIDTH, MIB, NULL));
    pair->from->all_dirty = TRUE;
    rig_start(pair->from, TRUE, 23);
    pair_receive(pair->to, uri);
    pair_send(pair->from, uri);
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
        said = stats.stall != NULL && strstr(stats.stall, "writes memory faster") != NULL;
    }
    g_assert_true(said);
    mig_outgoing_cancel(pair->from->out);
    rig_wait_ended(pair->to);
}

#define ADD(name) g_test_add("/move/" #name, Pair, NULL, pair_set_up, name, pair_tear_down)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    signal(SIGPIPE, SIG_IGN); /* as the program does */
    ADD(a_writing_guest_moves_over_a_unix_socket);
    ADD(a_page_that_is_written_before_its_turn_goes_once);
    ADD(a_writing_guest_moves_over_tcp);
    ADD(a_writing_guest_moves_over_descriptors);
    ADD(a_source_without_a_return_path_is_refused_before_it_has_copied);
    ADD(a_guest_moves_without_a_return_path_if_somebody_answers_for_it);
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
    ADD(a_guest_that_writes_faster_than_allowed_is_named_as_the_reason);
    return g_test_run();
}
