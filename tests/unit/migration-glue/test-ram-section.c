/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The RAM section in literal bytes, both ways; what a hostile sender gets; R-RAM-1 … R-RAM-7.
 */
#include <string.h>

#include "migration-glue/ram-list.h"
#include "tests/unit/migration-glue/wire-rig.h"

#define PAGE   4096u
#define BLOCKS 3

/* Two blocks of two and three pages, and one that does not migrate. */
typedef struct {
    MigRamBlock blocks[BLOCKS];
    guint n;
    guint8 small[2 * PAGE], large[3 * PAGE], device[PAGE];
    guint64 dirty[BLOCKS];
    gboolean logging;
} Memory;

static guint
n_blocks(void *opaque)
{
    return ((Memory *)opaque)->n;
}

static void
block(void *opaque, guint index, MigRamBlock *out)
{
    *out = ((Memory *)opaque)->blocks[index];
}

static gboolean
log_start(void *opaque, GError **error)
{
    ((Memory *)opaque)->logging = TRUE;
    return TRUE;
}

static void
log_stop(void *opaque)
{
    ((Memory *)opaque)->logging = FALSE;
}

static gboolean
log_fetch(void *opaque, guint index, guint64 *words, gsize n_words, GError **error)
{
    Memory *memory = opaque;

    g_assert_true(memory->logging && memory->blocks[index].migratable);
    words[0] |= memory->dirty[index];
    memory->dirty[index] = 0;
    return TRUE;
}

static const MigRamOps ops = {n_blocks, block, log_start, log_stop, log_fetch};

static void
set_up(Memory *memory, const void *data)
{
    memset(memory, 0, sizeof(*memory));
    memory->blocks[0] = (MigRamBlock){.name = "m1",
                                      .migratable = TRUE,
                                      .host = memory->small,
                                      .used_length = 2 * PAGE,
                                      .max_length = 2 * PAGE,
                                      .page_size = PAGE,
                                      .gpa = 0x10000};
    memory->blocks[1] = (MigRamBlock){.name = "esb",
                                      .migratable = FALSE,
                                      .host = memory->device,
                                      .used_length = PAGE,
                                      .max_length = PAGE,
                                      .page_size = PAGE};
    memory->blocks[2] = (MigRamBlock){.name = "ram",
                                      .migratable = TRUE,
                                      .host = memory->large,
                                      .used_length = 3 * PAGE,
                                      .max_length = 3 * PAGE,
                                      .page_size = PAGE};
    memory->n = BLOCKS;
}

static void
tear_down(Memory *memory, const void *data)
{
    g_assert_false(memory->logging);
}

/* ---- Writing ---- */

typedef struct {
    GByteArray *bytes;
    MigStream *stream;
    MigRamSave *ram;
    VmsContext context;
} Saving;

static void
saving_begin(Saving *saving, Memory *memory, guint32 capabilities)
{
    GError *error = NULL;

    saving->bytes = g_byte_array_new();
    saving->stream = mig_stream_new_writer(mig_channel_memory_new(saving->bytes));
    saving->ram = mig_ram_save_new(&ops, memory);
    saving->context = wire_context;
    saving->context.capabilities = capabilities;
    g_assert_true(mig_ram_save_prepare(saving->ram, &saving->context, &error));
    g_assert_no_error(error);
}

static void
saving_end(Saving *saving)
{
    mig_ram_save_free(saving->ram);
    mig_stream_free(saving->stream);
    g_byte_array_unref(saving->bytes);
}

/* What was written since the last look. */
static void
assert_written(Saving *saving, const char *text)
{
    g_assert_true(mig_stream_flush(saving->stream, NULL));
    wire_assert_bytes(saving->bytes, text);
    g_byte_array_set_size(saving->bytes, 0);
    g_assert_true(mig_channel_seek(mig_stream_channel(saving->stream), 0, NULL));
}

static gboolean
save_part(Saving *saving)
{
    gboolean done;

    g_assert_true(
        mig_ram_save_handler.save_part(saving->ram, saving->stream, &saving->context, &done, NULL));
    return done;
}

/* A page of one byte, as text. */
static char *
page_text(guint8 byte)
{
    GString *text = g_string_new(NULL);

    for (guint i = 0; i < PAGE; i++)
        g_string_append_printf(text, "%02x", byte);
    return g_string_free(text, FALSE);
}

/* R-RAM-7: the third block is nowhere. The order is by size. */
static void
the_section_is_written_byte_for_byte(Memory *memory, const void *data)
{
    Saving saving;
    MigRamStats stats;
    g_autofree char *page = page_text(0xee), *last = page_text(0x11), *part = NULL, *end = NULL;

    memset(memory->large + PAGE, 0xee, PAGE);
    saving_begin(&saving, memory, 0);
    g_assert_true(
        mig_ram_save_handler.save_start(saving.ram, saving.stream, &saving.context, NULL));
    assert_written(&saving, "0000000000005004 03'ram' 0000000000003000"
                            "02'm1' 0000000000002000 0000000000000010");
    g_assert_cmpuint(mig_ram_save_handler.pending(saving.ram), ==, 5 * PAGE);
    g_assert_true(save_part(&saving));
    part = g_strconcat("0000000000000002 03'ram' 00  0000000000001028", page,
                       "0000000000002022 00  0000000000000002 02'm1' 00  0000000000001022 00"
                       "0000000000000010",
                       NULL);
    assert_written(&saving, part);
    /* The block of the record before outlives the section. */
    memset(memory->small + PAGE, 0x11, PAGE);
    memory->dirty[0] =
        G_GUINT64_CONSTANT(0xfffffffffffffffe); /* bits behind the end do not count */
    g_assert_true(mig_ram_save_handler.save_end(saving.ram, saving.stream, &saving.context, NULL));
    end = g_strconcat("0000000000001028", last, "0000000000000010", NULL);
    assert_written(&saving, end);
    mig_ram_save_stats(saving.ram, &stats);
    g_assert_cmpuint(stats.total, ==, 5 * PAGE);
    g_assert_cmpuint(stats.remaining, ==, 0);
    g_assert_cmpuint(stats.normal, ==, 2);
    g_assert_cmpuint(stats.duplicate, ==, 4);
    g_assert_cmpuint(stats.downtime, ==, 8 + PAGE);
    g_assert_cmpuint(stats.precopy, ==, 13 + 8 + PAGE + 9 + 12 + 9);
    g_assert_cmpuint(stats.sync_count, ==, 1);
    saving_end(&saving);
}

static void
a_part_ends_when_its_budget_is_used_up(Memory *memory, const void *data)
{
    Saving saving;

    saving_begin(&saving, memory, 0);
    mig_ram_save_set_budget(saving.ram, 1);
    g_assert_false(save_part(&saving));
    assert_written(&saving, "0000000000000002 03'ram' 00 0000000000000010");
    g_assert_false(save_part(&saving));
    assert_written(&saving, "0000000000001022 00 0000000000000010");
    mig_ram_save_set_budget(saving.ram, G_MAXUINT64);
    g_assert_true(save_part(&saving));
    saving_end(&saving);
}

/* Block "ram" goes first: its first page has gone when the log is looked at, those of "m1" have
 * not. What the guest is busy with is sent behind the rest, once more or for the first time. */
static void
what_is_written_before_its_turn_goes_once_and_last(Memory *memory, const void *data)
{
    Saving saving;
    MigRamStats stats;

    saving_begin(&saving, memory, 0);
    mig_ram_save_set_budget(saving.ram, 1);
    g_assert_false(save_part(&saving));
    memory->dirty[0] = 3;
    memory->dirty[2] = 1;
    g_assert_true(mig_ram_save_look(saving.ram, NULL));
    g_assert_cmpuint(mig_ram_save_handler.pending(saving.ram), ==, 5 * PAGE);
    assert_written(&saving, "0000000000000002 03'ram' 00 0000000000000010");
    mig_ram_save_set_budget(saving.ram, G_MAXUINT64);
    g_assert_true(save_part(&saving));
    assert_written(&saving, "0000000000001022 00 0000000000002022 00"
                            "0000000000000002 02'm1' 00 0000000000001022 00"
                            "0000000000000002 03'ram' 00 0000000000000010");
    g_assert_true(mig_ram_save_sync(saving.ram, NULL));
    mig_ram_save_stats(saving.ram, &stats);
    g_assert_cmpuint(stats.normal + stats.duplicate, ==, 5 + 1);
    g_assert_cmpuint(stats.dirty_bytes, ==, PAGE);
    g_assert_cmpuint(stats.sync_count, ==, 1);
    saving_end(&saving);
}

static void
shared_blocks_are_listed_but_not_sent_if_both_agreed(Memory *memory, const void *data)
{
    Saving saving;
    MigRamStats stats;

    memory->blocks[2].shared = TRUE;
    saving_begin(&saving, memory, VMS_CAP_IGNORE_SHARED);
    g_assert_true(
        mig_ram_save_handler.save_start(saving.ram, saving.stream, &saving.context, NULL));
    assert_written(&saving, "0000000000005004 03'ram' 0000000000003000 0000000000000000"
                            "02'm1' 0000000000002000 0000000000010000 0000000000000010");
    g_assert_true(save_part(&saving));
    assert_written(&saving, "0000000000000002 02'm1' 00 0000000000001022 00 0000000000000010");
    mig_ram_save_stats(saving.ram, &stats);
    g_assert_cmpuint(stats.total, ==, 2 * PAGE);
    saving_end(&saving);
}

/* R-RAM-5 */
static void
a_block_that_migrates_has_a_name_of_its_own(Memory *memory, const void *data)
{
    static const char *const names[] = {NULL, "", "ram"};

    for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autoptr(MigRamSave) ram = mig_ram_save_new(&ops, memory);
        g_autoptr(GError) error = NULL;

        memory->blocks[0].name = names[i];
        g_assert_false(mig_ram_save_prepare(ram, &wire_context, &error));
        g_assert_error(error, MIG_ERROR, MIG_ERROR_VALUE);
    }
}

/* ---- Reading ---- */

/* The sections of @text, START first and then ENDs; the memory behind @memory. */
static gboolean
load(Memory *memory, guint32 capabilities, const char *text, gsize n, GError **error)
{
    g_autoptr(GByteArray) bytes = wire_bytes(text);
    g_autoptr(MigStream) stream =
        mig_stream_new_reader(mig_channel_bytes_new(bytes->data, MIN(n, bytes->len)));
    g_autoptr(MigRamLoad) ram = mig_ram_load_new(&ops, memory);
    VmsContext context = wire_context;

    context.capabilities = capabilities;
    for (guint tag = MIG_TAG_START;; tag = MIG_TAG_END) {
        if (!mig_ram_load_handler.load(ram, stream, tag, 4, &context, error))
            return FALSE;
        if (mig_stream_position(stream) == bytes->len)
            return mig_ram_load_check_whole(ram, error);
    }
}

#define LIST "0000000000005004 03'ram' 0000000000003000 02'm1' 0000000000002000 "
#define EOS  "0000000000000010 "

static void
the_section_is_read_byte_for_byte(Memory *memory, const void *data)
{
    g_autofree char *page = page_text(0xee);
    g_autofree char *text = g_strconcat(LIST EOS "0000000000001008 03'ram'", page,
                                        "0000000000000022 00" EOS
                                        /* CONTINUE crosses sections */
                                        "0000000000002022 00 0000000000001002 02'm1' 00"
                                        "0000000000001060 01 0005 0a 02 'hi' 05" EOS,
                                        NULL);
    GError *error = NULL;

    memset(memory->large, 0x55, sizeof(memory->large));
    memset(memory->small, 0x66, sizeof(memory->small));
    g_assert_true(load(memory, 0, text, G_MAXSIZE, &error));
    g_assert_no_error(error);
    g_assert_cmpuint(memory->large[0], ==, 0);
    g_assert_cmpuint(memory->large[PAGE - 1], ==, 0);
    g_assert_cmpuint(memory->large[PAGE], ==, 0xee);
    g_assert_cmpuint(memory->large[2 * PAGE - 1], ==, 0xee);
    g_assert_cmpuint(memory->large[2 * PAGE], ==, 0);
    g_assert_cmpuint(memory->small[0], ==, 0x66);
    g_assert_cmpmem(memory->small + PAGE + 9, 4, "\0hi\0", 4);
}

static void
a_stream_cut_anywhere_is_an_error(Memory *memory, const void *data)
{
    const char *text = LIST EOS "0000000000002002 03'ram' 00 0000000000001022 00"
                                "0000000000000040 02'm1' 01 0003 00 01 'x'" EOS;
    g_autoptr(GByteArray) bytes = wire_bytes(text);
    GError *error = NULL;

    for (gsize n = 0; n < bytes->len; n++) {
        /* Cut between two sections it is whole as far as this handler can see. */
        gboolean good = load(memory, 0, text, n, &error);

        g_assert_false(good);
        g_assert_error(error, MIG_ERROR, MIG_ERROR_TRUNCATED);
        g_clear_error(&error);
    }
    g_assert_true(load(memory, 0, text, G_MAXSIZE, &error));
}

/* R-RAM-6: refused, and every byte of memory as it was. */
static const struct {
    const char *text;
    MigError code;
    const char *message;
    guint32 capabilities;
} hostile[] = {
    {"0000000000005004 03'ram' 0000000000002000 02'm1' 0000000000003000", MIG_ERROR_MISMATCH,
     "RAM block 'ram' has 8192 bytes at the sender, 12288 here", 0},
    {"0000000000006004 03'esb' 0000000000001000", MIG_ERROR_MISMATCH, "does not migrate", 0},
    {"0000000000006004 02'xx' 0000000000001000", MIG_ERROR_MISMATCH, "RAM block 'xx'", 0},
    {"0000000000006004 03'ram' 0000000000003000 03'ram' 0000000000003000", MIG_ERROR_FORMAT,
     "listed twice", 0},
    {"0000000000003004 03'ram' 0000000000003000 " EOS, MIG_ERROR_MISMATCH,
     "'m1' of this machine is not in the sender's list", 0},
    {"0000000000004004 03'ram' 0000000000003000 02'm1' 0000000000002000", MIG_ERROR_FORMAT,
     "more than their announced total", 0},
    {"0000000000007004 03'ram' 0000000000003000 02'm1' 0000000000002000 00", MIG_ERROR_FORMAT,
     "a name is empty", 0},
    {"0000000000005004 03'ram' 0000000000003000 0000000000000001 02'm1' 0000000000002000"
     "0000000000010000",
     MIG_ERROR_MISMATCH, "is at 0x1 at the sender, at 0x0 here", VMS_CAP_IGNORE_SHARED},
    {LIST LIST, MIG_ERROR_FORMAT, "a second list", 0},
    {LIST "0000000000003002 03'ram' 00", MIG_ERROR_VALUE, "a page at 0x3000 is none of them", 0},
    {LIST "fffffffffffff008 03'ram' 00", MIG_ERROR_VALUE, "none of them", 0},
    {LIST "0000000000002008 02'm1' 00", MIG_ERROR_VALUE, "'m1' has 8192 bytes", 0},
    {LIST "0000000000000008 03'esb' 00", MIG_ERROR_FORMAT, "'esb', which the sender did not list",
     0},
    {LIST "0000000000000022 00", MIG_ERROR_FORMAT, "the first page", 0},
    {LIST "0000000000000002 03'ram' 01", MIG_ERROR_FORMAT, "filled with 0x01", 0},
    {"0000000000000002 03'ram' 00", MIG_ERROR_FORMAT, "before the list", 0},
    {LIST "0000000000000000", MIG_ERROR_FORMAT, "flags 0x000", 0},
    {LIST "000000000000000a 03'ram' 00", MIG_ERROR_FORMAT, "flags 0x00a", 0},
    {LIST "0000000000000400 03'ram' 00", MIG_ERROR_FORMAT, "flags 0x400", 0},
    {LIST "0000000000000030", MIG_ERROR_FORMAT, "flags 0x030", 0},
    {LIST "0000000000001010", MIG_ERROR_FORMAT, "flags 0x010", 0},
    {LIST "0000000000000001", MIG_ERROR_UNSUPPORTED, "FULL", 0},
    {LIST "0000000000000080", MIG_ERROR_UNSUPPORTED, "HOOK", 0},
    {LIST "0000000000000100 03'ram'", MIG_ERROR_UNSUPPORTED, "COMPRESS_PAGE", 0},
    {LIST "0000000000000200", MIG_ERROR_UNSUPPORTED, "MULTIFD_FLUSH", 0},
    {LIST "0000000000000040 03'ram' 02 0001 00", MIG_ERROR_FORMAT, "kind 2", 0},
    {LIST "0000000000000040 03'ram' 01 1001 00", MIG_ERROR_FORMAT, "4097 bytes", 0},
    /* Differences: a run behind the page, of nothing, of three bytes of length, cut short. */
    {LIST "0000000000000040 03'ram' 01 0005 ff1f 02 'ab'", MIG_ERROR_FORMAT, "runs", 0},
    {LIST "0000000000000040 03'ram' 01 0002 8120", MIG_ERROR_FORMAT, "runs", 0},
    {LIST "0000000000000040 03'ram' 01 0002 01 00", MIG_ERROR_FORMAT, "runs", 0},
    {LIST "0000000000000040 03'ram' 01 0006 00 01 'a' 00 01 'b'", MIG_ERROR_FORMAT, "runs", 0},
    {LIST "0000000000000040 03'ram' 01 0003 808001", MIG_ERROR_FORMAT, "runs", 0},
    {LIST "0000000000000040 03'ram' 01 0001 80", MIG_ERROR_FORMAT, "runs", 0},
    {LIST "0000000000000040 03'ram' 01 0003 00 05 'a'", MIG_ERROR_FORMAT, "runs", 0},
};

static void
a_hostile_stream_is_refused_and_memory_is_untouched(Memory *memory, const void *data)
{
    g_autofree guint8 *before = g_malloc(3 * PAGE);

    memset(memory->large, 0x5a, sizeof(memory->large));
    memset(memory->small, 0x5a, sizeof(memory->small));
    memset(memory->device, 0x5a, sizeof(memory->device));
    memset(before, 0x5a, 3 * PAGE);
    for (guint i = 0; i < G_N_ELEMENTS(hostile); i++) {
        g_autoptr(GError) error = NULL;
        g_autofree char *text = g_strconcat(hostile[i].text, EOS, NULL);

        g_test_message("%s", hostile[i].text);
        g_assert_false(load(memory, hostile[i].capabilities, text, G_MAXSIZE, &error));
        g_assert_error(error, MIG_ERROR, (gint)hostile[i].code);
        g_assert_nonnull(strstr(error->message, hostile[i].message));
        g_assert_nonnull(strstr(error->message, "byte "));
        g_assert_cmpmem(memory->large, sizeof(memory->large), before, 3 * PAGE);
        g_assert_cmpmem(memory->small, sizeof(memory->small), before, 2 * PAGE);
        g_assert_cmpmem(memory->device, PAGE, before, PAGE);
    }
}

static void
the_list_comes_with_the_sections_first_part_only(Memory *memory, const void *data)
{
    static const guint tags[] = {MIG_TAG_PART, MIG_TAG_END};
    g_autoptr(GByteArray) bytes = wire_bytes(LIST EOS);

    for (guint i = 0; i < G_N_ELEMENTS(tags); i++) {
        g_autoptr(MigStream) stream =
            mig_stream_new_reader(mig_channel_bytes_new(bytes->data, bytes->len));
        g_autoptr(MigRamLoad) ram = mig_ram_load_new(&ops, memory);
        g_autoptr(GError) error = NULL;

        g_assert_false(mig_ram_load_handler.load(ram, stream, tags[i], 4, &wire_context, &error));
        g_assert_error(error, MIG_ERROR, MIG_ERROR_FORMAT);
        g_assert_nonnull(strstr(error->message, "behind the first part"));
    }
}

static void
a_shared_block_that_was_not_to_come_is_refused(Memory *memory, const void *data)
{
    g_autoptr(GError) error = NULL;

    memory->blocks[2].shared = TRUE;
    g_assert_false(load(memory, VMS_CAP_IGNORE_SHARED,
                        "0000000000005004 03'ram' 0000000000003000 0000000000000000"
                        "02'm1' 0000000000002000 0000000000010000 0000000000000002 03'ram' 00" EOS,
                        G_MAXSIZE, &error));
    g_assert_error(error, MIG_ERROR, MIG_ERROR_FORMAT);
    g_assert_nonnull(strstr(error->message, "shared"));
}

#define ADD(name) g_test_add("/ram-section/" #name, Memory, NULL, set_up, name, tear_down)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD(the_section_is_written_byte_for_byte);
    ADD(a_part_ends_when_its_budget_is_used_up);
    ADD(what_is_written_before_its_turn_goes_once_and_last);
    ADD(shared_blocks_are_listed_but_not_sent_if_both_agreed);
    ADD(a_block_that_migrates_has_a_name_of_its_own);
    ADD(the_section_is_read_byte_for_byte);
    ADD(a_stream_cut_anywhere_is_an_error);
    ADD(a_hostile_stream_is_refused_and_memory_is_untouched);
    ADD(the_list_comes_with_the_sections_first_part_only);
    ADD(a_shared_block_that_was_not_to_come_is_refused);
    return g_test_run();
}
