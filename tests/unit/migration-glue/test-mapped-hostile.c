/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files that are not what they say: every field of every header flipped and set to extremes, bits
 * for pages that there are not, every length that a file can be cut to. Nothing of it runs a guest,
 * and nothing that the places tell writes a byte of memory (R-RAM-6, R-MRM-7); whether memory is
 * read at once or, lazily, later.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "migration-glue/error.h"
#include "tests/unit/migration-glue/mapped-facts.h"
#include "tests/unit/migration-glue/move-pair.h"

#define SMALL (72u * 1024) /* 18 pages; the DIMM has half of them: no whole words of a bitmap */

typedef struct {
    Pair pair;
    char *path, *uri;
    FactsFile facts;
    GByteArray *bytes; /* of the good file */
    guint64 sum;       /* of the memory in it */
    gboolean lazily;
} Hostile;

static Rig *
make_rig(RigGuest *guest)
{
    const MigCapabilityChange on[] = {{MIG_CAP_MAPPED_RAM, TRUE}, {MIG_CAP_MULTIFD, TRUE}};
    Rig *rig = rig_new(guest, "pseries-10.0");

    rig_add_block(rig, "dimm", SMALL / 2, TRUE);
    rig_add_block(rig, "ppc_spapr.ram", SMALL, TRUE);
    g_assert_true(mig_params_set_capabilities(rig->params, on, 2, FALSE, NULL));
    return rig;
}

static void
hostile_set_up(Hostile *hostile, const void *data)
{
    char *bytes;
    gsize n;

    hostile->lazily = data != NULL;
    hostile->pair.folder = g_dir_make_tmp("hostile-XXXXXX", NULL);
    hostile->pair.from = make_rig(&hostile->pair.guest);
    hostile->path = g_build_filename(hostile->pair.folder, "f", NULL);
    hostile->uri = g_strdup_printf("file:%s", hostile->path);
    rig_fill(hostile->pair.from, 5);
    hostile->sum = rig_sum(hostile->pair.from);
    pair_send(hostile->pair.from, hostile->uri);
    rig_wait_ended(hostile->pair.from);
    g_assert_true(g_file_get_contents(hostile->path, &bytes, &n, NULL));
    hostile->bytes = g_byte_array_new_take((guint8 *)bytes, n);
    facts_read(&hostile->facts, hostile->bytes->data, n, 0);
}

static void
hostile_tear_down(Hostile *hostile, const void *data)
{
    facts_clear(&hostile->facts);
    g_byte_array_unref(hostile->bytes);
    g_free(hostile->path);
    g_free(hostile->uri);
    pair_tear_down(&hostile->pair, NULL);
}

static Rig *
make_target(Hostile *hostile)
{
    const MigCapabilityChange lazy = {MIG_CAP_X_LAZY_RESTORE, hostile->lazily};
    Rig *rig = make_rig(&hostile->pair.guest);

    g_assert_true(mig_params_set_capabilities(rig->params, &lazy, 1, FALSE, NULL));
    return rig;
}

/* Loads the file into a fresh machine, which is left in the pair. */
static gboolean
loads(Hostile *hostile)
{
    Pair *pair = &hostile->pair;

    rig_free(pair->to);
    pair->to = make_target(hostile);
    pair_receive(pair->to, hostile->uri);
    rig_wait_ended(pair->to);
    g_assert_cmpint(rig_runs(pair->to), ==,
                    mig_incoming_status(pair->to->in) == MIG_STATUS_COMPLETED);
    return rig_runs(pair->to);
}

static void
assert_refused_untouched(Hostile *hostile, const char *what)
{
    g_auto(MigStats) stats = {0};

    if (loads(hostile))
        g_error("%s: it was loaded", what);
    mig_incoming_stats(hostile->pair.to->in, &stats);
    g_assert_nonnull(stats.error);
    g_assert_cmpuint(strlen(stats.error), <, 1024);
    if (rig_sum(hostile->pair.to) != 0)
        g_error("%s: memory was written before \"%s\"", what, stats.error);
}

static void
patch(const Hostile *hostile, gsize at, const guint8 *bytes, gsize n)
{
    FILE *file = fopen(hostile->path, "r+");

    g_assert_nonnull(file);
    g_assert_cmpint(fseek(file, (long)at, SEEK_SET), ==, 0);
    g_assert_cmpuint(fwrite(bytes, 1, n, file), ==, n);
    g_assert_cmpint(fclose(file), ==, 0);
}

static void
restore(const Hostile *hostile, gsize at, gsize n)
{
    patch(hostile, at, hostile->bytes->data + at, n);
}

/* Length of the entry, and its header of 28 bytes. */
static void
every_bit_of_every_header_matters(Hostile *hostile, const void *data)
{
    for (guint i = 0; i < hostile->facts.n; i++) {
        const gsize from = hostile->facts.blocks[i].header - 8;

        for (gsize bit = 0; bit < 36 * 8; bit++) {
            const gsize at = from + bit / 8;
            const guint8 byte = (guint8)(hostile->bytes->data[at] ^ 1u << bit % 8);
            g_autofree char *what = g_strdup_printf("block %u, bit %zu of its header", i, bit);

            patch(hostile, at, &byte, 1);
            assert_refused_untouched(hostile, what);
            restore(hostile, at, 1);
        }
    }
    g_assert_true(loads(hostile));
    g_assert_cmphex(rig_sum(hostile->pair.to), ==, hostile->sum);
}

static void
extremes_of_every_field_are_refused(Hostile *hostile, const void *data)
{
    static const struct {
        const char *name;
        guint at, width;
    } fields[] = {{"length", 0, 8},
                  {"version", 8, 4},
                  {"page size", 12, 8},
                  {"place of the bitmap", 20, 8},
                  {"place of the pages", 28, 8}};
    static const guint64 values[] = {0,           1,
                                     4095,        4097,
                                     G_MAXINT32,  G_MAXUINT32,
                                     G_MAXINT64,  G_MAXINT64 - 4095,
                                     G_MAXUINT64, G_MAXUINT64 - 4095};

    for (guint i = 0; i < hostile->facts.n * G_N_ELEMENTS(fields) * G_N_ELEMENTS(values); i++) {
        const guint field = i / G_N_ELEMENTS(values) % G_N_ELEMENTS(fields);
        const guint block = i / (G_N_ELEMENTS(values) * G_N_ELEMENTS(fields));
        const gsize at = hostile->facts.blocks[block].header - 8 + fields[field].at;
        const guint64 value = GUINT64_TO_BE(values[i % G_N_ELEMENTS(values)]);
        const guint8 *bytes = (const guint8 *)&value + 8 - fields[field].width;
        g_autofree char *what = g_strdup_printf("%s of block %u: 0x%" G_GINT64_MODIFIER "x",
                                                fields[field].name, block, GUINT64_FROM_BE(value));

        if (memcmp(hostile->bytes->data + at, bytes, fields[field].width) == 0)
            continue;
        patch(hostile, at, bytes, fields[field].width);
        assert_refused_untouched(hostile, what);
        restore(hostile, at, fields[field].width);
    }
}

/* A bit of a page says which of two contents it has; no other page changes by it. */
static void
every_bit_of_every_bitmap_is_one_page_or_is_refused(Hostile *hostile, const void *data)
{
    for (guint i = 0; i < hostile->facts.n; i++) {
        const FactsBlock *block = &hostile->facts.blocks[i];

        for (guint64 bit = 0; bit < 64; bit++) {
            const gsize at = block->bitmap_at + bit / 8;
            const guint8 byte = (guint8)(hostile->bytes->data[at] ^ 1u << bit % 8);
            const MigRamBlock *to;

            patch(hostile, at, &byte, 1);
            if (bit >= block->length / 4096) {
                assert_refused_untouched(hostile, "a bit for no page");
            } else {
                g_assert_true(loads(hostile));
                to = &hostile->pair.to->blocks[1 - i].block;
                memset(to->host + bit * 4096, 0, 4096);
                memset(block->memory + bit * 4096, 0, 4096);
                g_assert_cmpmem(to->host, to->used_length, block->memory, block->length);
                memcpy(block->memory + bit * 4096,
                       hostile->pair.from->blocks[1 - i].block.host + bit * 4096, 4096);
            }
            restore(hostile, at, 1);
        }
    }
}

static void
a_file_that_was_cut_is_refused_and_inside_memory_before_any_is_written(Hostile *hostile,
                                                                       const void *data)
{
    const gsize n = hostile->bytes->len;

    for (gsize size = n & ~(gsize)65535;; size -= 65536) {
        g_assert_cmpint(truncate(hostile->path, (off_t)size), ==, 0);
        if (size < hostile->facts.ram_end)
            assert_refused_untouched(hostile, "a file that was cut");
        else
            g_assert_false(loads(hostile));
        if (size == 0)
            break;
    }
    g_assert_true(
        g_file_set_contents(hostile->path, (char *)hostile->bytes->data, (gssize)n, NULL));
    /* A guest is whole without a description; with half of one the file is half a file. */
    for (gsize size = hostile->facts.ram_end; size < n; size++) {
        const gboolean whole = size == hostile->facts.end_marker + 1;

        g_assert_true(
            g_file_set_contents(hostile->path, (char *)hostile->bytes->data, (gssize)size, NULL));
        g_assert_cmpint(loads(hostile), ==, whole);
        if (size > hostile->facts.end_marker + 16)
            size += 37; /* inside the description */
    }
}

/* R-RAM-6. */
static void
blocks_that_are_not_ours_are_refused_before_memory_is_written(Hostile *hostile, const void *data)
{
    static const char *const names[] = {"ppc_spapr.RAM", "dimX", "di"};

    for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
        const guint index = i == 0 ? 0 : 1;
        const gsize n = strlen(hostile->facts.blocks[index].name);
        const gsize at = hostile->facts.blocks[index].header - 8 - n;
        guint8 length = (guint8)strlen(names[i]);

        patch(hostile, at - 1, &length, 1);
        patch(hostile, at, (const guint8 *)names[i], length);
        assert_refused_untouched(hostile, names[i]);
        restore(hostile, at - 1, n + 1);
    }
}

static void
a_block_that_does_not_migrate_here_is_refused(Hostile *hostile, const void *data)
{
    Pair *pair = &hostile->pair;
    g_auto(MigStats) stats = {0};

    pair->to = make_target(hostile);
    pair->to->blocks[0].block.migratable = FALSE;
    pair_receive(pair->to, hostile->uri);
    rig_wait_ended(pair->to);
    mig_incoming_stats(pair->to->in, &stats);
    g_assert_cmpint(stats.status, ==, MIG_STATUS_FAILED);
    g_assert_nonnull(strstr(stats.error, "one that does not migrate"));
    pair->to->blocks[0].block.migratable = TRUE; /* has memory, to be looked at */
    g_assert_cmphex(rig_sum(pair->to), ==, 0);
}

/* R-MRM-8: blocks of whole words, so that no bit is beyond the end. */
static void
a_file_of_a_big_endian_host_is_recognised(Pair *pair, const void *data)
{
    const MigCapabilityChange on = {MIG_CAP_MAPPED_RAM, TRUE};
    g_autofree char *path = g_build_filename(pair->folder, "f", NULL);
    g_autofree char *uri = g_strdup_printf("file:%s", path);
    g_auto(MigStats) stats = {0};
    g_autofree char *bytes = NULL;
    FactsFile facts;
    gsize n;

    g_assert_true(mig_params_set_capabilities(pair->from->params, &on, 1, FALSE, NULL));
    g_assert_true(mig_params_set_capabilities(pair->to->params, &on, 1, FALSE, NULL));
    pair_send(pair->from, uri);
    rig_wait_ended(pair->from);
    g_assert_true(g_file_get_contents(path, &bytes, &n, NULL));
    facts_read(&facts, (const guint8 *)bytes, n, 0);
    for (guint i = 0; i < facts.n; i++) {
        guint64 *words = (guint64 *)(void *)(bytes + facts.blocks[i].bitmap_at);

        for (guint64 j = 0; j < facts.blocks[i].length / 4096 / 64; j++) {
            guint64 word;

            memcpy(&word, words + j, sizeof(word));
            word = GUINT64_SWAP_LE_BE(word);
            memcpy(words + j, &word, sizeof(word));
        }
    }
    g_assert_true(g_file_set_contents(path, bytes, (gssize)n, NULL));
    pair_receive(pair->to, uri);
    rig_wait_ended(pair->to);
    mig_incoming_stats(pair->to->in, &stats);
    g_assert_nonnull(stats.error);
    g_assert_nonnull(strstr(stats.error, "that of a big-endian host"));
    g_assert_cmphex(rig_sum(pair->to), ==, 0);
    facts_clear(&facts);
}

#define ADD(name)                                                                                 \
    g_test_add("/mapped-hostile/" #name, Hostile, NULL, hostile_set_up, name, hostile_tear_down); \
    g_test_add("/mapped-hostile/lazily/" #name, Hostile, "", hostile_set_up, name,                \
               hostile_tear_down)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD(every_bit_of_every_header_matters);
    ADD(extremes_of_every_field_are_refused);
    ADD(every_bit_of_every_bitmap_is_one_page_or_is_refused);
    ADD(a_file_that_was_cut_is_refused_and_inside_memory_before_any_is_written);
    ADD(blocks_that_are_not_ours_are_refused_before_memory_is_written);
    ADD(a_block_that_does_not_migrate_here_is_refused);
    g_test_add("/mapped-hostile/a_file_of_a_big_endian_host_is_recognised", Pair, NULL, pair_set_up,
               a_file_of_a_big_endian_host_is_recognised, pair_tear_down);
    return g_test_run();
}
