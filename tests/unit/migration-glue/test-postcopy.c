/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Guests that go over first and get their memory afterwards, in one process; what becomes of them
 * when connections break.
 */
#include <string.h>

#include <glib/gstdio.h>

#include "migration-glue/command.h"
#include "migration-glue/error.h"
#include "migration-glue/ram-postcopy.h"
#include "migration-glue/savevm.h"
#include "migration-glue/transport.h"
#include "migration-glue/userfault.h"
#include "tests/unit/migration-glue/move-pair.h"

static void
switch_on(Rig *rig)
{
    const MigCapabilityChange on = {MIG_CAP_POSTCOPY_RAM, TRUE};
    GError *error = NULL;

    mig_params_set_capabilities(rig->params, &on, 1, FALSE, &error);
    g_assert_no_error(error);
}

static void
begin(Pair *pair, const char *uri)
{
    switch_on(pair->from);
    switch_on(pair->to);
    pair_receive(pair->to, uri);
    pair_send(pair->from, uri);
}

static void
go_over(Pair *pair)
{
    GError *error = NULL;

    mig_outgoing_start_postcopy(pair->from->out, &error);
    g_assert_no_error(error);
}

static void
a_guest_goes_over_in_the_first_pass(Pair *pair, const void *data)
{
    g_autofree char *uri = pair_unix_uri(pair);
    g_auto(MigStats) here = {0}, there = {0};

    mig_params_set_number(pair->from->params, MIG_PARAM_MAX_BANDWIDTH, 4 * MIB, NULL);
    /* Not all of it is there before the guest looks. */
    mig_params_set_number(pair->from->params, MIG_PARAM_MAX_POSTCOPY_BANDWIDTH, 4 * MIB, NULL);
    rig_start(pair->from, TRUE, 21);
    begin(pair, uri);
    go_over(pair);
    pair_assert_moved(pair);
    mig_outgoing_stats(pair->from->out, &here);
    mig_incoming_stats(pair->to->in, &there);
    g_assert_null(here.error);
    g_assert_cmpuint(here.ram.remaining, ==, 0);
    g_assert_cmpuint(here.ram.postcopy, >, 0);
    g_assert_cmpuint(here.ram.requests, >, 0);
    g_assert_cmpint(here.downtime_ms, >=, 0);
    g_assert_true(there.has_postcopy);
    g_assert_cmpuint(there.postcopy.faults, >, 0);
    g_assert_cmpuint(there.postcopy.missing, ==, 0);
    g_assert_cmpuint(there.postcopy.median, <=, there.postcopy.percent99);
}

static void
a_guest_goes_over_after_a_pass(Pair *pair, const void *data)
{
    g_autofree char *uri = pair_unix_uri(pair);

    /* It never finds that little enough is left. */
    mig_params_set_number(pair->from->params, MIG_PARAM_DOWNTIME_LIMIT, 0, NULL);
    pair->from->all_dirty = TRUE;
    rig_start(pair->from, TRUE, 22);
    begin(pair, uri);
    g_usleep(100000);
    go_over(pair);
    pair_assert_moved(pair);
}

static void
without_a_word_it_is_an_ordinary_move(Pair *pair, const void *data)
{
    g_autofree char *uri = pair_unix_uri(pair);

    rig_start(pair->from, TRUE, 23);
    begin(pair, uri);
    pair_assert_moved(pair);
}

/* ---- Recovery ---- */

static void
wait_now(Rig *rig, gboolean out, MigStatus status)
{
    for (guint i = 0; i < 3000; i++) {
        MigStatus now = out ? mig_outgoing_status(rig->out) : mig_incoming_status(rig->in);

        if (now == status)
            return;
        g_usleep(10000);
    }
    g_assert_cmpstr(
        mig_status_own_name(out ? mig_outgoing_status(rig->out) : mig_incoming_status(rig->in)), ==,
        mig_status_own_name(status));
}

static void
recover(Pair *pair, guint round)
{
    g_autofree char *uri = g_strdup_printf("unix:%s/r%u", pair->folder, round);
    GError *error = NULL;

    wait_now(pair->to, FALSE, MIG_STATUS_POSTCOPY_PAUSED);
    wait_now(pair->from, TRUE, MIG_STATUS_POSTCOPY_PAUSED);
    mig_incoming_recover(pair->to->in, uri, &error);
    g_assert_no_error(error);
    mig_outgoing_resume(pair->from->out, uri, &error);
    g_assert_no_error(error);
}

static void
a_broken_connection_is_waited_for(Pair *pair, const void *data)
{
    g_autoptr(GRand) rand = g_rand_new_with_seed(g_test_rand_int());
    g_autofree char *uri = pair_unix_uri(pair);

    mig_params_set_number(pair->from->params, MIG_PARAM_MAX_BANDWIDTH, 4 * MIB, NULL);
    mig_params_set_number(pair->from->params, MIG_PARAM_MAX_POSTCOPY_BANDWIDTH, 16 * MIB, NULL);
    pair->to->reads_later = TRUE;
    rig_start(pair->from, TRUE, 24);
    begin(pair, uri);
    go_over(pair);
    wait_now(pair->to, FALSE, MIG_STATUS_POSTCOPY_ACTIVE);
    for (guint i = 0; i < 5; i++) {
        g_usleep((gulong)g_rand_int_range(rand, 0, 40000));
        if (!(i % 2 == 0 ? mig_outgoing_break(pair->from->out, NULL)
                         : mig_incoming_break(pair->to->in, NULL)))
            break;
        recover(pair, i);
        wait_now(pair->to, FALSE, MIG_STATUS_POSTCOPY_ACTIVE);
        wait_now(pair->from, TRUE, MIG_STATUS_POSTCOPY_ACTIVE);
    }
    rig_wait_ended(pair->from);
    rig_wait_ended(pair->to);
    g_assert_cmpint(mig_outgoing_status(pair->from->out), ==, MIG_STATUS_COMPLETED);
    g_assert_cmpint(mig_incoming_status(pair->to->in), ==, MIG_STATUS_COMPLETED);
    g_assert_cmphex(rig_sum(pair->to), ==, rig_sum(pair->from));
}

/* The source has heard that the guest runs there. */
static void
wait_confirmed(Rig *rig)
{
    g_auto(MigStats) stats = {0};

    for (guint i = 0; i < 3000 && stats.downtime_ms <= 0; i++) {
        g_usleep(10000);
        mig_stats_clear(&stats);
        mig_outgoing_stats(rig->out, &stats);
    }
    g_assert_cmpint(stats.downtime_ms, >, 0);
}

static void
the_vm_may_end_while_it_is_paused(Pair *pair, const void *data)
{
    g_autofree char *uri = pair_unix_uri(pair);

    mig_params_set_number(pair->from->params, MIG_PARAM_MAX_BANDWIDTH, 4 * MIB, NULL);
    mig_params_set_number(pair->from->params, MIG_PARAM_MAX_POSTCOPY_BANDWIDTH, MIB, NULL);
    pair->to->reads_later = TRUE;
    rig_start(pair->from, FALSE, 25);
    begin(pair, uri);
    go_over(pair);
    wait_now(pair->to, FALSE, MIG_STATUS_POSTCOPY_ACTIVE);
    wait_confirmed(pair->from);
    g_assert_true(mig_outgoing_break(pair->from->out, NULL));
    wait_now(pair->to, FALSE, MIG_STATUS_POSTCOPY_PAUSED);
    wait_now(pair->from, TRUE, MIG_STATUS_POSTCOPY_PAUSED);
    g_assert_false(mig_outgoing_cancel(pair->from->out));
    mig_incoming_cancel(pair->to->in);
    g_assert_true(rig_runs(pair->to));
    g_assert_false(rig_runs(pair->from));
    g_assert_false(mig_outgoing_decide(pair->from->out, TRUE, NULL)); /* it runs there */
}

static void
a_refused_guest_goes_on_here(Pair *pair, const void *data)
{
    g_autofree char *uri = pair_unix_uri(pair);

    if (data == NULL)
        pair->to->device.refuses = TRUE;
    else
        pair->to->fail_activate = TRUE;
    mig_params_set_number(pair->from->params, MIG_PARAM_MAX_BANDWIDTH, 4 * MIB, NULL);
    rig_start(pair->from, TRUE, 26);
    begin(pair, uri);
    go_over(pair);
    rig_wait_ended(pair->from);
    rig_wait_ended(pair->to);
    g_assert_cmpint(mig_outgoing_status(pair->from->out), ==, MIG_STATUS_FAILED);
    g_assert_cmpint(mig_incoming_status(pair->to->in), ==, MIG_STATUS_FAILED);
    g_assert_true(rig_runs(pair->from));
    g_assert_false(rig_runs(pair->to));
    g_assert_cmpint(pair->to->taken, ==, 0);
}

/* ---- Refusals ---- */

static void
a_destination_without_the_capability_says_so(Pair *pair, const void *data)
{
    g_autofree char *uri = pair_unix_uri(pair);
    g_auto(MigStats) there = {0};

    switch_on(pair->from);
    rig_start(pair->from, FALSE, 27);
    pair_receive(pair->to, uri);
    pair_send(pair->from, uri);
    rig_wait_ended(pair->from);
    rig_wait_ended(pair->to);
    mig_incoming_stats(pair->to->in, &there);
    g_assert_nonnull(strstr(there.error, "'postcopy-ram' on here too"));
    g_assert_true(rig_runs(pair->from));
}

static void
a_file_is_no_place_for_it(Pair *pair, const void *data)
{
    g_autofree char *uri = g_strdup_printf("file:%s/f", pair->folder);
    g_auto(MigStats) stats = {0};

    switch_on(pair->from);
    rig_start(pair->from, FALSE, 28);
    pair_send(pair->from, uri);
    rig_wait_ended(pair->from);
    mig_outgoing_stats(pair->from->out, &stats);
    g_assert_nonnull(strstr(stats.error, "nobody can ask for a page"));
    g_assert_true(rig_runs(pair->from));
}

static void
what_is_not_paused_is_not_resumed(Pair *pair, const void *data)
{
    g_autofree char *uri = pair_unix_uri(pair);
    GError *error = NULL;

    rig_start(pair->from, FALSE, 29);
    pair_receive(pair->to, uri);
    g_assert_false(mig_incoming_recover(pair->to->in, "unix:/x", &error));
    g_clear_error(&error);
    pair_send(pair->from, uri);
    g_assert_false(mig_outgoing_start_postcopy(pair->from->out, &error));
    g_clear_error(&error);
    g_assert_false(mig_outgoing_resume(pair->from->out, uri, &error));
    g_clear_error(&error);
    g_assert_false(mig_outgoing_break(pair->from->out, &error));
    g_clear_error(&error);
    pair_assert_moved(pair);
}

/* ---- Hostile sources ---- */

static void
put_word(MigStream *stream, MigCommand command, guint32 value)
{
    guint32 word = GUINT32_TO_BE(value);

    mig_command_put(stream, command, &word, sizeof(word));
}

/* A package that holds the head of another one, of as many bytes. */
static void
put_nested_packages(MigStream *stream)
{
    put_word(stream, MIG_COMMAND_PACKAGED, 9);
    put_word(stream, MIG_COMMAND_PACKAGED, 9);
    put_word(stream, MIG_COMMAND_PACKAGED, 9);
}

static void
put_listen(MigStream *stream)
{
    mig_command_put(stream, MIG_COMMAND_POSTCOPY_LISTEN, NULL, 0);
}

static void
put_early_run(MigStream *stream)
{
    put_word(stream, MIG_COMMAND_PACKAGED, 5);
    mig_command_put(stream, MIG_COMMAND_POSTCOPY_RUN, NULL, 0);
}

static void
put_more_behind_run(MigStream *stream)
{
    put_word(stream, MIG_COMMAND_PACKAGED, 5 + 5 + 9);
    put_listen(stream);
    mig_command_put(stream, MIG_COMMAND_POSTCOPY_RUN, NULL, 0);
    put_word(stream, MIG_COMMAND_PING, 1);
}

typedef struct {
    void (*put)(MigStream *stream);
    const char *refusal;
} Hostile;

static const Hostile hostile[] = {
    {put_nested_packages, "a package in another one"},
    {put_listen, "postcopy-listen outside of a package"},
    {put_early_run, "postcopy-run without listening"},
    {put_more_behind_run, "goes on behind postcopy-run"},
};

/* All that comes before the first page. */
static void
send_beginning(Rig *rig, MigStream *stream)
{
    const VmsContext context = {
        .row = rig->host.row,
        .rules = rig->host.rules,
        .capabilities = VMS_CAP_RETURN_PATH | VMS_CAP_POSTCOPY_RAM,
    };
    g_autoptr(MigSaver) saver =
        mig_saver_new(stream, rig->host.sections, &context, &rig->host.identity);
    MigRamSave *ram = mig_ram_save_new(rig->ram.ops, rig->ram.opaque);
    guint64 words[2];

    rig->host.ops->lock(rig->host.opaque);
    g_assert_true(mig_saver_begin(saver, NULL));
    mig_command_put(stream, MIG_COMMAND_OPEN_RETURN_PATH, NULL, 0);
    rig->ram.save = ram;
    g_assert_true(mig_ram_save_prepare(ram, &context, NULL));
    words[0] = GUINT64_TO_BE(mig_ram_save_page_sizes(ram));
    words[1] = GUINT64_TO_BE(G_GUINT64_CONSTANT(4096));
    mig_command_put(stream, MIG_COMMAND_POSTCOPY_ADVISE, words, sizeof(words));
    g_assert_true(mig_saver_start(saver, NULL));
    rig->ram.save = NULL;
    mig_ram_save_free(ram);
    rig->host.ops->unlock(rig->host.opaque);
}

static void
a_hostile_source_is_refused(Pair *pair, const void *data)
{
    const Hostile *what = data;
    g_autofree char *uri = pair_unix_uri(pair);
    g_autoptr(MigAddress) address = mig_address_parse(uri, NULL);
    g_auto(MigStats) there = {0};
    MigEnds ends = {0};
    MigStream *stream;

    switch_on(pair->to);
    pair_receive(pair->to, uri);
    g_assert_true(mig_transport_open(address, NULL, NULL, NULL, &ends, NULL));
    stream = mig_stream_new_writer(ends.stream);
    ends.stream = NULL;
    send_beginning(pair->from, stream);
    what->put(stream);
    mig_stream_flush(stream, NULL);
    rig_wait_ended(pair->to);
    mig_incoming_stats(pair->to->in, &there);
    g_assert_cmpint(there.status, ==, MIG_STATUS_FAILED);
    g_assert_nonnull(strstr(there.error, what->refusal));
    g_assert_false(rig_runs(pair->to));
    mig_stream_free(stream);
    mig_ends_clear(&ends);
}

int
main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*run)(Pair *pair, const void *data);
        const void *data;
    } cases[] = {
        {"a-guest-goes-over-in-the-first-pass", a_guest_goes_over_in_the_first_pass, NULL},
        {"a-guest-goes-over-after-a-pass", a_guest_goes_over_after_a_pass, NULL},
        {"without-a-word-it-is-an-ordinary-move", without_a_word_it_is_an_ordinary_move, NULL},
        {"a-broken-connection-is-waited-for", a_broken_connection_is_waited_for, NULL},
        {"the-vm-may-end-while-it-is-paused", the_vm_may_end_while_it_is_paused, NULL},
        {"a-refused-guest-goes-on-here", a_refused_guest_goes_on_here, NULL},
        {"a-guest-that-cannot-run-there-goes-on-here", a_refused_guest_goes_on_here, ""},
        {"a-destination-without-the-capability-says-so",
         a_destination_without_the_capability_says_so, NULL},
        {"a-file-is-no-place-for-it", a_file_is_no_place_for_it, NULL},
        {"what-is-not-paused-is-not-resumed", what_is_not_paused_is_not_resumed, NULL},
        {"packages-do-not-nest", a_hostile_source_is_refused, &hostile[0]},
        {"one-thread-reads-a-stream", a_hostile_source_is_refused, &hostile[1]},
        {"a-guest-without-memory-does-not-run", a_hostile_source_is_refused, &hostile[2]},
        {"nothing-is-loaded-behind-the-run", a_hostile_source_is_refused, &hostile[3]},
    };
    int fd;
    g_autoptr(GError) error = NULL;

    g_test_init(&argc, &argv, NULL);
    fd = mig_userfault_open(&error);
    if (fd < 0) {
        g_print("1..0 # SKIP %s\n", error->message);
        return 0;
    }
    g_assert_cmpint(g_close(fd, NULL), ==, TRUE);
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path = g_strdup_printf("/postcopy/%s", cases[i].name);

        g_test_add(path, Pair, cases[i].data, pair_set_up, cases[i].run, pair_tear_down);
    }
    return g_test_run();
}
