/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whole migrations through mapped-ram files: every way to write them, every way to read them, and
 * both against readers and writers of their own (mapped-facts.h).
 */
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "migration-glue/error.h"
#include "tests/unit/migration-glue/mapped-facts.h"
#include "tests/unit/migration-glue/move-pair.h"

static void
wish(Rig *rig, guint channels, gboolean direct)
{
    const MigCapabilityChange changes[] = {{MIG_CAP_MAPPED_RAM, TRUE},
                                           {MIG_CAP_MULTIFD, channels > 0}};
    GError *error = NULL;

    mig_params_set_capabilities(rig->params, changes, 2, FALSE, &error);
    g_assert_no_error(error);
    mig_params_set_number(rig->params, MIG_PARAM_DIRECT_IO, direct ? 1 : 0, &error);
    g_assert_no_error(error);
    mig_params_set_number(rig->params, MIG_PARAM_MAX_BANDWIDTH, 0, &error);
    g_assert_no_error(error);
    if (channels > 0)
        mig_params_set_number(rig->params, MIG_PARAM_MULTIFD_CHANNELS, channels, &error);
    g_assert_no_error(error);
}

static void
save_to(Pair *pair, const char *uri)
{
    g_auto(MigStats) stats = {0};

    pair_send(pair->from, uri);
    rig_wait_ended(pair->from);
    mig_outgoing_stats(pair->from->out, &stats);
    g_assert_cmpstr(stats.error, ==, NULL);
    g_assert_cmpstr(mig_status_own_name(stats.status), ==, "completed");
}

/* What the facts say that a machine would have is what it has. */
static void
assert_file_is(const char *path, gsize start, const Rig *rig)
{
    g_autofree char *bytes = NULL;
    FactsFile file;
    gsize n;

    g_assert_true(g_file_get_contents(path, &bytes, &n, NULL));
    facts_read(&file, (const guint8 *)bytes, n, start);
    g_assert_cmpstr(file.machine, ==, "pseries-10.0");
    g_assert_cmpuint(file.n, ==, 2);
    g_assert_cmpstr(file.blocks[0].name, ==, "ppc_spapr.ram");
    g_assert_cmpmem(file.blocks[0].memory, file.blocks[0].length, rig->blocks[1].block.host,
                    rig->blocks[1].block.used_length);
    g_assert_cmpmem(file.blocks[1].memory, file.blocks[1].length, rig->blocks[0].block.host,
                    rig->blocks[0].block.used_length);
    g_assert_cmpuint(file.ticks, ==, rig->device.ticks);
    g_assert_cmphex(file.mode, ==, 0xabcd);
    facts_clear(&file);
}

/* ---- Round trips ---- */

/* A folder of that kind, or NULL if this machine has none. */
static char *
folder_on(const char *kind)
{
    g_autofree char *here = g_get_current_dir();
    const char *parent = g_str_equal(kind, "tmpfs") ? "/dev/shm" : here;
    char *name = g_strdup_printf("%s/mapped-XXXXXX", parent);

    return g_mkdtemp(name);
}

typedef struct {
    gboolean live, direct;
    guint channels;
} Way;

/* Direct access is taken or refused by the file, and the migration says which. */
static void
assert_reported(const Pair *pair, const Way *way)
{
    g_auto(MigStats) stats = {0};

    mig_outgoing_stats(pair->from->out, &stats);
    g_assert_cmpuint(stats.ram.channels, ==, MAX(way->channels, 1));
    if (way->direct)
        g_assert_true(stats.ram.file_way == MIG_FILE_DIRECT ||
                      stats.ram.file_way == MIG_FILE_REFUSED);
    else
        g_assert_cmpuint(stats.ram.file_way, ==, MIG_FILE_BUFFERED);
    g_assert_cmpuint(stats.ram.total, ==, 10 * MIB);
    g_assert_cmpuint(stats.ram.remaining, ==, 0);
    g_assert_cmpuint(stats.ram.normal + stats.ram.duplicate, >=, 10 * MIB / 4096);
    /* R-MRM-1: pages and bitmaps count as if they were in the stream. */
    g_assert_cmpuint(stats.ram.precopy + stats.ram.downtime, ==,
                     stats.ram.normal * 4096 + 10 * MIB / 4096 / 8);
    g_assert_cmpuint(stats.transferred, >, stats.ram.precopy + stats.ram.downtime);
}

static void
go_through(const char *folder, const Way *way, guint32 seed)
{
    g_autofree char *path = g_build_filename(folder, "f", NULL);
    g_autofree char *uri = g_strdup_printf("file:%s", path);
    Pair pair;

    pair_set_up(&pair, NULL);
    wish(pair.from, way->channels, way->direct);
    wish(pair.to, way->channels, way->direct);
    if (way->live)
        rig_start(pair.from, TRUE, seed);
    save_to(&pair, uri);
    assert_reported(&pair, way);
    assert_file_is(path, 0, pair.from);
    /* Loading clears what is not in the file, too. */
    memset(pair.to->blocks[1].block.host, 0x5a, 3 * MIB);
    pair_receive(pair.to, uri);
    pair_assert_moved(&pair);
    pair_tear_down(&pair, NULL);
    g_assert_cmpint(unlink(path), ==, 0);
}

static void
all_ways_on(const void *data)
{
    g_autofree char *folder = folder_on(data);

    if (folder == NULL) {
        g_test_skip("there is no such file system here");
        return;
    }
    for (guint i = 0; i < 36; i++) {
        const Way way = {.live = (i & 1) != 0, .direct = (i & 2) != 0, .channels = i / 4};

        go_through(folder, &way, i);
    }
    g_assert_cmpint(rmdir(folder), ==, 0);
}

static void
a_file_of_one_channel_is_read_by_many_and_the_other_way_round(Pair *pair, const void *data)
{
    g_autofree char *uri = g_strdup_printf("file:%s/f", pair->folder);

    wish(pair->from, 0, FALSE);
    wish(pair->to, 7, FALSE);
    save_to(pair, uri);
    pair_receive(pair->to, uri);
    pair_assert_moved(pair);
    pair_replace_target(pair, 8 * MIB);
    wish(pair->from, 7, FALSE);
    wish(pair->to, 0, FALSE);
    save_to(pair, uri);
    pair_receive(pair->to, uri);
    pair_assert_moved(pair);
}

static void
pages_behind_a_foreign_head_have_places_of_the_file(Pair *pair, const void *data)
{
    g_autofree char *path = g_build_filename(pair->folder, "f", NULL);
    g_autofree char *uri = g_strdup_printf("file:%s,offset=0x1234", path);

    g_assert_true(g_file_set_contents(path, "a head", -1, NULL));
    wish(pair->from, 2, FALSE);
    wish(pair->to, 2, FALSE);
    save_to(pair, uri);
    assert_file_is(path, 0x1234, pair->from);
    pair_receive(pair->to, uri);
    pair_assert_moved(pair);
}

static void
a_file_by_the_book_is_loaded(Pair *pair, const void *data)
{
    g_autofree char *path = g_build_filename(pair->folder, "f", NULL);
    FactsFile file = {.machine = "pseries-10.0", .n = 2, .ticks = 5, .mode = 0xabcd};

    for (guint i = 0; i < 2; i++) {
        const MigRamBlock *block = &pair->from->blocks[1 - i].block;

        g_strlcpy(file.blocks[i].name, block->name, 256);
        file.blocks[i].length = block->used_length;
        file.blocks[i].memory = block->host;
    }
    for (guint i = 0; i < 3; i++) {
        const gsize start = i * 4097;
        g_autofree char *uri = g_strdup_printf("file:%s,offset=%" G_GSIZE_FORMAT, path, start);
        g_autoptr(GByteArray) bytes = facts_write(&file, start);

        g_assert_true(g_file_set_contents(path, (char *)bytes->data, bytes->len, NULL));
        pair_replace_target(pair, 8 * MIB);
        wish(pair->to, i, i == 2);
        pair_receive(pair->to, uri);
        rig_wait_ended(pair->to);
        g_assert_cmpint(mig_incoming_status(pair->to->in), ==, MIG_STATUS_COMPLETED);
        g_assert_cmphex(pair->to->sum_at_run, ==, rig_sum(pair->from));
        g_assert_cmpuint(pair->to->device.ticks, ==, 5);
    }
}

/* ---- What it promises ---- */

static void
two_mapped_saves_of_a_guest_that_stands_still_are_alike(Pair *pair, const void *data)
{
    g_autofree char *bytes[2] = {NULL, NULL};
    gsize n[2];

    for (guint i = 0; i < 2; i++) {
        g_autofree char *path = g_strdup_printf("%s/%u", pair->folder, i);
        g_autofree char *uri = g_strdup_printf("file:%s", path);

        /* R-RAM-7: what does not migrate changes nothing. */
        if (i == 1)
            rig_add_block(pair->from, "esb", G_GUINT64_CONSTANT(1) << 40, FALSE);
        wish(pair->from, 3 * i, FALSE);
        pair->from->device.ticks = 0;
        save_to(pair, uri);
        g_assert_true(g_file_get_contents(path, &bytes[i], &n[i], NULL));
    }
    g_assert_cmpmem(bytes[0], n[0], bytes[1], n[1]);
    g_free(bytes[1]);
    bytes[1] = NULL;
}

static void
zero_pages_leave_holes(Pair *pair, const void *data)
{
    g_autofree char *path = g_build_filename("/dev/shm", "mapped-holes", NULL);
    g_autofree char *uri = g_strdup_printf("file:%s", path);
    struct stat info;

    for (guint i = 0; i < 2; i++)
        memset(pair->from->blocks[i].block.host, 0, pair->from->blocks[i].block.used_length);
    wish(pair->from, 2, FALSE);
    save_to(pair, uri);
    g_assert_cmpint(stat(path, &info), ==, 0);
    g_assert_cmpint(info.st_size, >, 12 * MIB);
    g_assert_cmpint(info.st_blocks * 512, <, 64 * 1024);
    g_assert_cmpint(unlink(path), ==, 0);
}

static guint64
resident(const MigRamBlock *block)
{
    g_autofree guint8 *map = g_malloc(block->used_length / 4096);
    guint64 n = 0;

    g_assert_cmpint(mincore(block->host, block->used_length, map), ==, 0);
    for (guint64 i = 0; i < block->used_length / 4096; i++)
        n += map[i] & 1;
    return n;
}

/* Of a block whose backing is told, what nobody touched is neither looked at nor given memory; the
 * file is the same. */
static void
untouched_memory_is_skipped_and_stays_untouched(Pair *pair, const void *data)
{
    g_autofree char *path = g_build_filename(pair->folder, "f", NULL);
    g_autofree char *uri = g_strdup_printf("file:%s", path);
    const guint64 size = 64 * MIB;
    Rig *rig = rig_new(&pair->guest, "pseries-10.0");
    const int fd = memfd_create("ram", MFD_CLOEXEC);
    struct stat info;

    rig_free(pair->from);
    pair->from = rig;
    rig_add_block(rig, "dimm", size, TRUE);
    rig_add_block(rig, "ppc_spapr.ram", 2 * size, TRUE);
    rig->device.mode = 0xabcd;
    rig->blocks[1].block.backing = MIG_RAM_PRIVATE;
    g_assert_cmpint(ftruncate(fd, (off_t)(size + 8192)), ==, 0);
    g_assert_true(mmap(rig->blocks[0].block.host, size, PROT_READ | PROT_WRITE,
                       MAP_SHARED | MAP_FIXED, fd, 8192) != MAP_FAILED);
    rig->blocks[0].block.backing = MIG_RAM_FILE;
    rig->blocks[0].block.backing_fd = fd;
    rig->blocks[0].block.backing_offset = 8192;
    for (guint i = 0; i < 2; i++) {
        rig->blocks[i].block.host[5 * 4096] = 1;
        rig->blocks[i].block.host[9 * MIB] = 2;
        rig->blocks[i].block.host[size - 1] = 3;
    }
    wish(rig, 2, FALSE);
    save_to(pair, uri);
    g_assert_cmpint(fstat(fd, &info), ==, 0);
    g_assert_cmpint(info.st_blocks, ==, 3 * 8);
    g_assert_cmpuint(resident(&rig->blocks[1].block), <=, 3 * 512); /* of 2 MiB, at most */
    assert_file_is(path, 0, rig);
    close(fd);
}

/* R-MRM-5, and with as many channels as there may be. */
static void
a_page_that_becomes_zero_later_ends_without_its_bit(Pair *pair, const void *data)
{
    g_autofree char *path = g_build_filename(pair->folder, "f", NULL);
    g_autofree char *uri = g_strdup_printf("file:%s", path);
    g_autofree char *bytes = NULL;
    guint8 *page = pair->from->blocks[1].block.host + 700 * 4096;
    FactsFile file;
    gsize n;
    const MigCapabilityChange pause = {MIG_CAP_PAUSE_BEFORE_SWITCHOVER, TRUE};

    memset(page, 0x77, 4096);
    wish(pair->from, 8, FALSE);
    g_assert_true(mig_params_set_capabilities(pair->from->params, &pause, 1, FALSE, NULL));
    pair_send(pair->from, uri);
    g_assert_true(rig_wait_status(pair->from, MIG_STATUS_PRE_SWITCHOVER));
    memset(page, 0, 4096);
    pair->from->blocks[1].dirty[700 / 64] |= G_GUINT64_CONSTANT(1) << (700 % 64);
    g_assert_true(mig_outgoing_continue(pair->from->out, NULL));
    rig_wait_ended(pair->from);
    assert_file_is(path, 0, pair->from);
    g_assert_true(g_file_get_contents(path, &bytes, &n, NULL));
    facts_read(&file, (const guint8 *)bytes, n, 0);
    g_assert_cmpint(bytes[file.blocks[0].pages_at + 700 * 4096], ==, 0x77); /* stale */
    g_assert_cmpint(bytes[file.blocks[0].bitmap_at + 700 / 8] >> (700 % 8) & 1, ==, 0);
    facts_clear(&file);
}

static void
the_limit_of_bandwidth_holds_and_a_cancel_is_heard(Pair *pair, const void *data)
{
    g_autofree char *path = g_build_filename(pair->folder, "f", NULL);
    g_autofree char *uri = g_strdup_printf("file:%s", path);
    g_auto(MigStats) stats = {0};

    wish(pair->from, 4, FALSE);
    g_assert_true(mig_params_set_number(pair->from->params, MIG_PARAM_MAX_BANDWIDTH, 4096, NULL));
    rig_start(pair->from, TRUE, 3);
    pair_send(pair->from, uri);
    g_assert_true(rig_wait_status(pair->from, MIG_STATUS_ACTIVE));
    g_usleep(200000);
    mig_outgoing_stats(pair->from->out, &stats);
    g_assert_cmpuint(stats.ram.precopy, <=, 2 * 65536);
    g_assert_true(mig_outgoing_cancel(pair->from->out));
    rig_wait_ended(pair->from);
    g_assert_cmpint(mig_outgoing_status(pair->from->out), ==, MIG_STATUS_CANCELLED);
    g_assert_true(rig_runs(pair->from));
    g_assert_false(g_file_test(path, G_FILE_TEST_EXISTS));
}

/* ---- What does not go together ---- */

static void
mapped_ram_goes_to_a_file_only(Pair *pair, const void *data)
{
    static const char *const elsewhere[] = {"tcp:127.0.0.1:1", "unix:/s", "exec:cat", "fd:0"};
    g_autoptr(GError) direct = NULL;
    g_auto(MigStats) stats = {0};

    wish(pair->from, 0, FALSE);
    for (guint i = 0; i < G_N_ELEMENTS(elsewhere); i++) {
        g_autoptr(GError) error = NULL;

        g_assert_null(
            mig_outgoing_new(&pair->from->host, pair->from->params, elsewhere[i], &error));
        g_assert_error(error, MIG_ERROR, MIG_ERROR_VALUE);
        g_assert_nonnull(strstr(error->message, "'mapped-ram' is on, and this is no file:"));
    }
    pair_send(pair->from, "file:/dev/null");
    rig_wait_ended(pair->from);
    mig_outgoing_stats(pair->from->out, &stats);
    g_assert_cmpint(stats.status, ==, MIG_STATUS_FAILED);
    g_assert_nonnull(strstr(stats.error, "has no places for pages"));

    g_assert_true(mig_params_set_number(pair->to->params, MIG_PARAM_DIRECT_IO, 1, NULL));
    g_assert_null(mig_outgoing_new(&pair->to->host, pair->to->params, "file:/f", &direct));
    g_assert_nonnull(strstr(direct->message, "'direct-io' is on"));
}

static void
both_ends_must_agree_on_mapped_ram(Pair *pair, const void *data)
{
    g_autofree char *uri = g_strdup_printf("file:%s/f", pair->folder);
    g_auto(MigStats) stats = {0};

    wish(pair->from, 0, FALSE);
    save_to(pair, uri);
    pair_receive(pair->to, uri);
    rig_wait_ended(pair->to);
    mig_incoming_stats(pair->to->in, &stats);
    g_assert_nonnull(strstr(stats.error, "capability 'mapped-ram' on: switch it on here"));
    g_assert_cmphex(rig_sum(pair->to), ==, 0);
}

#define ADD(name) g_test_add("/mapped-file/" #name, Pair, NULL, pair_set_up, name, pair_tear_down)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_data_func("/mapped-file/all_ways_on/tmpfs", "tmpfs", all_ways_on);
    g_test_add_data_func("/mapped-file/all_ways_on/disk", "disk", all_ways_on);
    ADD(a_file_of_one_channel_is_read_by_many_and_the_other_way_round);
    ADD(pages_behind_a_foreign_head_have_places_of_the_file);
    ADD(a_file_by_the_book_is_loaded);
    ADD(two_mapped_saves_of_a_guest_that_stands_still_are_alike);
    ADD(zero_pages_leave_holes);
    ADD(untouched_memory_is_skipped_and_stays_untouched);
    ADD(a_page_that_becomes_zero_later_ends_without_its_bit);
    ADD(the_limit_of_bandwidth_holds_and_a_cancel_is_heard);
    ADD(mapped_ram_goes_to_a_file_only);
    ADD(both_ends_must_agree_on_mapped_ram);
    return g_test_run();
}
