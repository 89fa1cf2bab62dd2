/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * spapr-stream convert, sum and verify, on what whole migrations wrote: what was converted is
 * loaded by a machine, read by the facts, and told apart by diff.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "migration-glue/error.h"
#include "tests/unit/migration-glue/mapped-facts.h"
#include "tests/unit/migration-glue/move-pair.h"
#include "tests/unit/tools/stream-rig.h"

static void
set_mapped(Rig *rig, gboolean on)
{
    const MigCapabilityChange change = {MIG_CAP_MAPPED_RAM, on};

    g_assert_true(mig_params_set_capabilities(rig->params, &change, 1, FALSE, NULL));
    g_assert_true(mig_params_set_number(rig->params, MIG_PARAM_MAX_BANDWIDTH, 0, NULL));
}

static char *
save(Pair *pair, const char *name, gboolean mapped)
{
    char *path = g_build_filename(pair->folder, name, NULL);
    g_autofree char *uri = g_strdup_printf("file:%s", path);

    set_mapped(pair->from, mapped);
    pair_send(pair->from, uri);
    rig_wait_ended(pair->from);
    g_assert_cmpint(mig_outgoing_status(pair->from->out), ==, MIG_STATUS_COMPLETED);
    return path;
}

static char *
convert(Pair *pair, const char *from, const char *name, gboolean mapped)
{
    const StreamRequest request = {.tables = stream_rig_no_tables()};
    char *path = g_build_filename(pair->folder, name, NULL);
    g_autoptr(GError) error = NULL;

    stream_convert(&request, from, path, mapped, &error);
    g_assert_no_error(error);
    return path;
}

static void
assert_loads(Pair *pair, const char *path, gboolean mapped)
{
    g_autofree char *uri = g_strdup_printf("file:%s", path);

    pair_replace_target(pair, 8 * MIB);
    set_mapped(pair->to, mapped);
    pair_receive(pair->to, uri);
    rig_wait_ended(pair->to);
    g_assert_cmpint(mig_incoming_status(pair->to->in), ==, MIG_STATUS_COMPLETED);
    g_assert_cmphex(pair->to->sum_at_run, ==, rig_sum(pair->from));
    g_assert_cmpuint(pair->to->device.ticks, ==, pair->from->device.ticks);
}

static void
assert_same(const char *one, const char *two)
{
    g_autoptr(GError) error = NULL;
    StreamRequest request = {.tables = stream_rig_no_tables()};
    gboolean same = FALSE;
    char *text = NULL;
    size_t n;

    request.out = open_memstream(&text, &n);
    stream_diff(&request, stream_input_open(one, NULL), stream_input_open(two, NULL), &same,
                &error);
    g_assert_cmpint(fclose(request.out), ==, 0);
    g_assert_no_error(error);
    g_assert_cmpstr(text, ==, "");
    g_assert_true(same);
    free(text);
}

static void
a_stream_becomes_a_mapped_file_and_a_stream_again(Pair *pair, const void *data)
{
    g_autofree char *stream = NULL, *mapped = NULL, *back = NULL, *bytes = NULL;
    FactsFile facts;
    gsize n;

    if (data != NULL)
        rig_start(pair->from, TRUE, 4); /* pages come more than once */
    stream = save(pair, "stream", FALSE);
    mapped = convert(pair, stream, "mapped", TRUE);
    back = convert(pair, mapped, "back", FALSE);
    assert_loads(pair, mapped, TRUE);
    assert_loads(pair, back, FALSE);
    assert_same(stream, mapped);
    assert_same(stream, back);
    g_assert_true(g_file_get_contents(mapped, &bytes, &n, NULL));
    facts_read(&facts, (const guint8 *)bytes, n, 0);
    g_assert_cmpmem(facts.blocks[0].memory, facts.blocks[0].length,
                    pair->from->blocks[1].block.host, 8 * MIB);
    facts_clear(&facts);
}

static void
a_mapped_file_becomes_a_stream_and_is_one_with_it(Pair *pair, const void *data)
{
    g_autofree char *mapped = save(pair, "mapped", TRUE);
    g_autofree char *stream = convert(pair, mapped, "stream", FALSE);
    g_autofree char *again = convert(pair, stream, "again", TRUE);

    assert_loads(pair, stream, FALSE);
    assert_loads(pair, again, TRUE);
    assert_same(mapped, again);
}

static void
what_cannot_be_converted_leaves_the_other_file_as_it_was(Pair *pair, const void *data)
{
    const StreamRequest request = {.tables = stream_rig_no_tables()};
    g_autofree char *mapped = save(pair, "mapped", TRUE);
    g_autofree char *other = g_build_filename(pair->folder, "other", NULL);
    g_autofree char *cut = g_build_filename(pair->folder, "cut", NULL);
    g_autofree char *bytes = NULL, *kept = NULL;
    g_autoptr(GError) like = NULL, half = NULL, none = NULL;
    gsize n;

    g_assert_true(g_file_set_contents(other, "kept", -1, NULL));
    g_assert_false(stream_convert(&request, mapped, other, TRUE, &like));
    g_assert_nonnull(strstr(like->message, "like that already"));
    g_assert_true(g_file_get_contents(mapped, &bytes, &n, NULL));
    g_assert_true(g_file_set_contents(cut, bytes, (gssize)n / 2, NULL));
    g_assert_false(stream_convert(&request, cut, other, FALSE, &half));
    g_assert_nonnull(strstr(half->message, "the file ends at"));
    g_assert_false(stream_convert(&request, "/nowhere/f", other, FALSE, &none));
    g_assert_true(g_file_get_contents(other, &kept, NULL, NULL));
    g_assert_cmpstr(kept, ==, "kept");
}

static gboolean
verify(const char *path, char **said)
{
    StreamRequest request = {.tables = stream_rig_no_tables()};
    g_autoptr(GError) error = NULL;
    gboolean same = FALSE;
    size_t n;

    request.out = open_memstream(said, &n);
    stream_verify(&request, path, &same, &error);
    g_assert_cmpint(fclose(request.out), ==, 0);
    g_assert_no_error(error);
    return same;
}

static void
checksums_beside_a_file_tell_where_it_is_damaged(Pair *pair, const void *data)
{
    const StreamRequest request = {.tables = stream_rig_no_tables()};
    g_autofree char *mapped = save(pair, "mapped", TRUE);
    g_autofree char *before = NULL, *after = NULL, *said = NULL;
    g_autoptr(GError) error = NULL;
    gboolean same;
    gsize n, m;

    g_assert_true(g_file_get_contents(mapped, &before, &n, NULL));
    g_assert_false(stream_verify(&request, mapped, &same, &error));
    g_clear_error(&error);
    g_assert_true(stream_sum(mapped, &error));
    g_assert_true(g_file_get_contents(mapped, &after, &m, NULL));
    g_assert_cmpmem(before, n, after, m);
    g_assert_true(verify(mapped, &said));
    g_assert_cmpstr(said, ==, "");
    free(g_steal_pointer(&said));

    after[3 * MIB + 5] ^= 0x10;
    g_assert_true(g_file_set_contents(mapped, after, (gssize)m - 1, NULL));
    g_assert_false(verify(mapped, &said));
    g_assert_nonnull(strstr(said, "bytes 3145728 to 4194303 are not what they were\n"));
    g_assert_nonnull(strstr(said, "it had "));
    free(g_steal_pointer(&said));
}

#define ADD(name) \
    g_test_add("/spapr-stream-convert/" #name, Pair, NULL, pair_set_up, name, pair_tear_down)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add("/spapr-stream-convert/a_stream_becomes_a_mapped_file_and_a_stream_again/stopped",
               Pair, NULL, pair_set_up, a_stream_becomes_a_mapped_file_and_a_stream_again,
               pair_tear_down);
    g_test_add("/spapr-stream-convert/a_stream_becomes_a_mapped_file_and_a_stream_again/live", Pair,
               "live", pair_set_up, a_stream_becomes_a_mapped_file_and_a_stream_again,
               pair_tear_down);
    ADD(a_mapped_file_becomes_a_stream_and_is_one_with_it);
    ADD(what_cannot_be_converted_leaves_the_other_file_as_it_was);
    ADD(checksums_beside_a_file_tell_where_it_is_damaged);
    return g_test_run();
}
