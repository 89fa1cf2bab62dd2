/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory as migration sees it: whose log counts, in which pages, and what is not there at all.
 */
#include "vmm/mig-ram.h"

#include <errno.h>
#include <string.h>

#define MIB        (G_GUINT64_CONSTANT(1) << 20)
#define TIB        (G_GUINT64_CONSTANT(1) << 40)
#define HOST_SHIFT 16u /* a POWER host's pages */
#define SLOT       7

/* An accelerator that has a log and nothing else. */
typedef struct {
    Accel accel;
    guint32 flags[2]; /* of slots SLOT, SLOT + 1 */
    guint64 log[2];   /* first word of each */
    gint set_result, log_result;
    guint refuse_from; /* slots from here on are refused with set_result */
} FakeAccel;

static gint
fake_memory_set(Accel *accel, guint32 slot, guint64 gpa, guint64 size, void *host_memory,
                guint32 flags)
{
    FakeAccel *fake = (FakeAccel *)accel;

    g_assert_true(slot == SLOT || slot == SLOT + 1);
    if (flags != 0 && slot >= fake->refuse_from)
        return fake->set_result;
    fake->flags[slot - SLOT] = flags;
    return 0;
}

static gint
fake_dirty_log_get(Accel *accel, guint32 slot, guint64 *words, gsize n_words)
{
    FakeAccel *fake = (FakeAccel *)accel;

    if (fake->log_result != 0)
        return fake->log_result;
    memset(words, 0, n_words * sizeof(*words));
    words[0] = fake->log[slot - SLOT];
    fake->log[slot - SLOT] = 0;
    return 0;
}

static const AccelClass fake_class = {
    .memory_set = fake_memory_set,
    .dirty_log_get = fake_dirty_log_get,
};

typedef struct {
    FakeAccel fake;
    MigRamHost host;
    RamBlock *ram;
} Fixture;

static RamBlock *
add_ram(RamList *list, const char *name, guint64 gpa, gint slot)
{
    RamBackendSpec spec = {.kind = RAM_BACKEND_RAM, .id = name, .size = 8 * MIB};
    RamBlock *block = ram_block_new(list, &spec, NULL);

    g_assert_nonnull(block);
    g_assert_true(ram_block_place(block, gpa, NULL));
    g_assert_true(ram_block_register(block, name, NULL));
    block->slot = slot;
    return block;
}

static void
set_up(Fixture *f, gconstpointer data)
{
    f->fake = (FakeAccel){.accel.klass = &fake_class, .refuse_from = G_MAXUINT};
    f->host = (MigRamHost){
        .list = ram_list_new(), .accel = &f->fake.accel, .host_page_shift = HOST_SHIFT};
    f->ram = add_ram(f->host.list, "ram0", 0, SLOT);
}

static void
tear_down(Fixture *f, gconstpointer data)
{
    g_assert_null(f->host.logs);
    ram_list_free(f->host.list);
}

static void
fetch(Fixture *f, guint64 *words)
{
    g_autoptr(GError) error = NULL;

    memset(words, 0, 32 * sizeof(*words));
    g_assert_true(mig_ram_host_ops.log_fetch(&f->host, 0, words, 32, &error));
    g_assert_no_error(error);
}

/* ---- tests --------------------------------------------------------------------------------- */

static void
a_host_page_stands_for_all_its_small_pages(Fixture *f, gconstpointer data)
{
    guint64 words[32];

    g_assert_true(mig_ram_host_ops.log_start(&f->host, NULL));
    g_assert_cmpuint(f->fake.flags[0], ==, ACCEL_MEM_LOG_DIRTY);
    f->fake.log[0] = 1u << 0 | 1u << 5;
    fetch(f, words);
    g_assert_cmphex(words[0], ==, 0xffff);
    g_assert_cmphex(words[1], ==, G_GUINT64_CONSTANT(0xffff) << 16);
    for (guint i = 2; i < G_N_ELEMENTS(words); i++)
        g_assert_cmphex(words[i], ==, 0);
    mig_ram_host_ops.log_stop(&f->host);
    g_assert_cmpuint(f->fake.flags[0], ==, 0);
}

static void
what_the_vmm_writes_counts_as_well_and_once(Fixture *f, gconstpointer data)
{
    guint64 words[32];

    g_assert_true(mig_ram_host_ops.log_start(&f->host, NULL));
    ram_block_mark_dirty(f->ram, 70 * 4096, 2);
    f->fake.log[0] = 1u;
    fetch(f, words);
    g_assert_cmphex(words[0], ==, 0xffff);
    g_assert_cmphex(words[1], ==, 1u << (70 - 64));
    fetch(f, words);
    g_assert_cmphex(words[0] | words[1], ==, 0);
    mig_ram_host_ops.log_stop(&f->host);
    g_assert_null(f->ram->dirty);
}

/* A reset throws memory away while a migration runs; no accelerator sees that. */
static void
memory_that_is_thrown_away_counts_as_written(Fixture *f, gconstpointer data)
{
    guint64 words[32];

    g_assert_true(mig_ram_host_ops.log_start(&f->host, NULL));
    g_assert_true(ram_block_discard(f->ram));
    fetch(f, words);
    for (guint i = 0; i < G_N_ELEMENTS(words); i++)
        g_assert_cmphex(words[i], ==, ~G_GUINT64_CONSTANT(0));
    mig_ram_host_ops.log_stop(&f->host);
}

static void
a_log_that_does_not_start_leaves_none_running(Fixture *f, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    const RamBlock *second = add_ram(f->host.list, "ram1", 64 * MIB, SLOT + 1);

    f->fake.refuse_from = SLOT + 1;
    f->fake.set_result = -ENOMEM;
    g_assert_false(mig_ram_host_ops.log_start(&f->host, &error));
    g_assert_nonnull(strstr(error->message, "ram1"));
    g_assert_cmpuint(f->fake.flags[0], ==, 0);
    g_assert_null(f->ram->dirty);
    g_assert_null(second->dirty);
}

static void
a_log_that_cannot_be_read_is_an_error(Fixture *f, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    guint64 words[32] = {0};

    g_assert_true(mig_ram_host_ops.log_start(&f->host, NULL));
    f->fake.log_result = -EIO;
    g_assert_false(mig_ram_host_ops.log_fetch(&f->host, 0, words, 32, &error));
    g_assert_nonnull(error);
    mig_ram_host_ops.log_stop(&f->host);
}

/* The RAM section of the list as it is, and its figures. */
static GByteArray *
save_all(Fixture *f, MigRamStats *stats)
{
    static const VmsStreamRules rules = {0};
    const VmsContext context = {.rules = &rules};
    GByteArray *bytes = g_byte_array_new();
    g_autoptr(MigStream) stream = mig_stream_new_writer(mig_channel_memory_new(bytes));
    g_autoptr(MigRamSave) ram = mig_ram_save_new(&mig_ram_host_ops, &f->host);
    gboolean done = FALSE;

    g_assert_true(mig_ram_save_prepare(ram, &context, NULL));
    g_assert_true(mig_ram_save_handler.save_start(ram, stream, &context, NULL));
    g_assert_true(mig_ram_save_handler.save_part(ram, stream, &context, &done, NULL));
    g_assert_true(mig_ram_save_handler.save_end(ram, stream, &context, NULL));
    g_assert_true(mig_stream_flush(stream, NULL));
    g_assert_true(done);
    mig_ram_save_stats(ram, stats);
    stats->sync_us = stats->dirty_rate = 0; /* times */
    return bytes;
}

/* R-RAM-1, R-RAM-2, R-RAM-7: neither the region nor a block that nobody registered is in the stream
 * or in any figure. */
static void
a_huge_device_region_changes_no_byte_and_no_figure(Fixture *f, gconstpointer data)
{
    g_autoptr(GByteArray) before = NULL, after = NULL;
    RamBackendSpec spec = {.kind = RAM_BACKEND_RAM, .id = "scratch", .size = 8 * MIB};
    MigRamStats stats, stats_after;

    memset(f->ram->host + 3 * 4096, 0x5a, 100);
    before = save_all(f, &stats);
    g_assert_nonnull(ram_block_new_device(f->host.list, "window", TIB, TIB, 65536, NULL));
    g_assert_nonnull(ram_block_new(f->host.list, &spec, NULL));
    after = save_all(f, &stats_after);
    g_assert_cmpmem(before->data, before->len, after->data, after->len);
    g_assert_cmpmem(&stats, sizeof(stats), &stats_after, sizeof(stats_after));
    g_assert_cmpuint(stats.total, ==, 8 * MIB);
}

#define ADD(test) g_test_add("/mig-ram/" #test, Fixture, NULL, set_up, test, tear_down)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD(a_host_page_stands_for_all_its_small_pages);
    ADD(what_the_vmm_writes_counts_as_well_and_once);
    ADD(memory_that_is_thrown_away_counts_as_written);
    ADD(a_log_that_does_not_start_leaves_none_running);
    ADD(a_log_that_cannot_be_read_is_an_error);
    ADD(a_huge_device_region_changes_no_byte_and_no_figure);
    return g_test_run();
}
