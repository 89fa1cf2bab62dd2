/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The messages of postcopy, byte by byte, and what is done with those that nobody honest sends.
 *
 * The bytes were taken from docs/stream-format.md, "Commands, postcopy, return path".
 */
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "migration-glue/error.h"
#include "migration-glue/ram-postcopy.h"
#include "migration-glue/return-path.h"
#include "tests/unit/migration-glue/ram-log.h"

#define PAGES 16u

static guint8 *memory;

static guint
n_blocks(void *opaque)
{
    return 2;
}

/* The second one is a device's, and must be in nothing. */
static void
block(void *opaque, guint index, MigRamBlock *out)
{
    *out = (MigRamBlock){
        .name = index == 0 ? "m" : "esb",
        .migratable = index == 0,
        .host = index == 0 ? memory : NULL,
        .used_length = index == 0 ? PAGES * 4096 : G_GUINT64_CONSTANT(1) << 40,
        .max_length = index == 0 ? PAGES * 4096 : G_GUINT64_CONSTANT(1) << 40,
        .page_size = 4096,
    };
}

static gboolean
log_fetch(void *opaque, guint index, guint64 *words, gsize n_words, GError **error)
{
    words[0] = *(const guint64 *)opaque;
    return TRUE;
}

static const MigRamOps ops = {n_blocks, block, ram_log_start, ram_log_stop, log_fetch};
static const VmsContext context = {.capabilities = VMS_CAP_POSTCOPY_RAM};

/* Of which the pages @dirty are to be sent. */
static MigRamSave *
saver_with(guint64 *dirty)
{
    MigRamSave *ram = mig_ram_save_new(&ops, dirty);

    g_assert_true(mig_ram_save_prepare(ram, &context, NULL));
    return ram;
}

static GByteArray *
written(MigStream *stream, GByteArray *bytes)
{
    GError *error = NULL;

    mig_stream_flush(stream, &error);
    g_assert_no_error(error);
    mig_stream_free(stream);
    return bytes;
}

#define ASSERT_BYTES(bytes, literal) \
    g_assert_cmpmem((bytes)->data, (bytes)->len, literal, sizeof(literal) - 1)

static void
discards_are_ranges_of_the_block(void)
{
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    MigStream *stream = mig_stream_new_writer(mig_channel_memory_new(bytes));
    guint64 dirty = 0x8006;
    g_autoptr(MigRamSave) ram = saver_with(&dirty);

    if (sysconf(_SC_PAGESIZE) != 4096) {
        mig_stream_free(stream);
        g_test_skip("pages of this host are not of 4 KiB");
        return;
    }
    g_assert_cmphex(mig_ram_save_page_sizes(ram), ==, 0x1000);
    g_assert_true(mig_ram_save_switch(ram, NULL));
    mig_ram_save_put_discards(ram, stream);
    written(stream, bytes);
    ASSERT_BYTES(bytes, "\x08\x00\x06\x00\x24"
                        "\x00\x01m\x00"
                        "\x00\x00\x00\x00\x00\x00\x10\x00\x00\x00\x00\x00\x00\x00\x20\x00"
                        "\x00\x00\x00\x00\x00\x00\xf0\x00\x00\x00\x00\x00\x00\x00\x10\x00");
}

static void
what_was_asked_for_goes_first(void)
{
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    MigStream *stream = mig_stream_new_writer(mig_channel_memory_new(bytes));
    guint64 dirty = 0xffff;
    g_autoptr(MigRamSave) ram = saver_with(&dirty);
    gboolean done;

    g_assert_true(mig_ram_save_switch(ram, NULL));
    g_assert_true(mig_ram_save_ask(ram, "m", 0, (guint32)sysconf(_SC_PAGESIZE), NULL));
    g_assert_true(mig_ram_save_ask(ram, NULL, 0, (guint32)sysconf(_SC_PAGESIZE), NULL));
    memset(memory, 0, PAGES * 4096);
    g_assert_true(mig_ram_save_handler.save_part(ram, stream, &context, &done, NULL));
    written(stream, bytes);
    g_assert_cmpmem(bytes->data, 11, "\x00\x00\x00\x00\x00\x00\x00\x02\x01m\x00", 11);
    g_assert_cmpmem(bytes->data + bytes->len - 8, 8, "\x00\x00\x00\x00\x00\x00\x00\x10", 8);
}

static void
requests_that_make_no_sense_are_refused(void)
{
    static const struct {
        const char *name;
        guint64 start;
        guint32 n;
    } wrong[] = {
        {NULL, 0, 4096}, /* no block before */
        {"esb", 0, 4096},
        {"x", 0, 4096},
        {"m", 1, 4096},
        {"m", 0, 0},
        {"m", 0, 4095},
        {"m", PAGES * 4096, 4096},
        {"m", 0, PAGES * 4096 + 4096},
        {"m", G_MAXUINT64 - 4095, 4096},
    };
    guint64 dirty = 0;
    g_autoptr(MigRamSave) ram = saver_with(&dirty);

    for (guint i = 0; i < G_N_ELEMENTS(wrong); i++) {
        g_autoptr(GError) error = NULL;

        g_assert_false(mig_ram_save_ask(ram, wrong[i].name, wrong[i].start, wrong[i].n, &error));
        g_assert_error(error, MIG_ERROR, MIG_ERROR_FORMAT);
    }
    for (guint i = 0; i < 65536; i++)
        g_assert_true(mig_ram_save_ask(ram, "m", 0, PAGES * 4096, NULL));
    g_assert_false(mig_ram_save_ask(ram, "m", 0, PAGES * 4096, NULL));
}

static void
the_way_back_has_the_bytes_of_the_format(void)
{
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    MigStream *stream = mig_stream_new_writer(mig_channel_memory_new(bytes));
    const guint64 words[] = {G_GUINT64_CONSTANT(0x0807060504030201)};

    g_assert_true(mig_return_put_request(stream, "m", 0x3000, 0x1000, NULL));
    g_assert_true(mig_return_put_request(stream, NULL, 0x5000, 0x1000, NULL));
    g_assert_true(mig_return_put_bitmap(stream, "m", words, 1, NULL));
    g_assert_true(mig_return_put_word(stream, MIG_RETURN_RESUME_ACK, 1, NULL));
    written(stream, bytes);
    ASSERT_BYTES(bytes, "\x00\x03\x00\x0e\x00\x00\x00\x00\x00\x00\x30\x00\x00\x00\x10\x00\x01m"
                        "\x00\x04\x00\x0c\x00\x00\x00\x00\x00\x00\x50\x00\x00\x00\x10\x00"
                        "\x00\x05\x00\x02\x01m\x00\x00\x00\x00\x00\x00\x00\x08"
                        "\x01\x02\x03\x04\x05\x06\x07\x08\x01\x23\x45\x67\x89\xab\xcd\xef"
                        "\x00\x06\x00\x04\x00\x00\x00\x01");
}

/* ---- The way back, read ---- */

static gboolean
note_pages(void *user, const char *name, guint64 start, guint32 n, GError **error)
{
    g_string_append_printf(user, "%s+%" G_GINT64_MODIFIER "x,%x ", name == NULL ? "-" : name, start,
                           n);
    return TRUE;
}

static gboolean
note_bitmap(void *user, const char *name, MigStream *back, GError **error)
{
    g_string_append_printf(user, "bitmap %s ", name);
    return mig_stream_skip(back, 24);
}

static const MigReturnHooks hooks = {note_pages, note_bitmap};

/* What a destination's @bytes say, and at last why nothing more can be read, if so. */
static char *
heard(const void *bytes, gsize n, gboolean hooked)
{
    GString *said = g_string_new(NULL);
    MigReturnPath *path = mig_return_path_new(mig_channel_bytes_new(bytes, n));
    g_autofree char *trouble = NULL;

    if (hooked)
        mig_return_path_hook(path, &hooks, said);
    mig_return_path_start(path, NULL, NULL);
    mig_return_path_wait(path, MIG_RETURN_WAIT_VERDICT, -1, NULL, NULL);
    trouble = mig_return_path_trouble(path);
    mig_return_path_free(path);
    if (trouble != NULL)
        g_string_append(said, trouble);
    return g_string_free(said, FALSE);
}

static void
the_way_back_is_understood(void)
{
    static const char bytes[] =
        "\x00\x03\x00\x0e\x00\x00\x00\x00\x00\x00\x30\x00\x00\x00\x10\x00\x01m"
        "\x00\x04\x00\x0c\x00\x00\x00\x00\x00\x00\x50\x00\x00\x00\x10\x00"
        "\x00\x05\x00\x02\x01m\x00\x00\x00\x00\x00\x00\x00\x08"
        "\x01\x02\x03\x04\x05\x06\x07\x08\x01\x23\x45\x67\x89\xab\xcd\xef"
        "\x00\x06\x00\x04\x00\x00\x00\x01\x00\x01\x00\x04\x00\x00\x00\x00";
    g_autofree char *said = heard(bytes, sizeof(bytes) - 1, TRUE);

    g_assert_cmpstr(said, ==, "m+3000,1000 -+5000,1000 bitmap m ");
}

static void
a_way_back_without_sense_ends(void)
{
    static const struct {
        const char *bytes;
        gsize n;
        gboolean hooked;
        const char *reason;
    } wrong[] = {
        {"\x00\x04\x00\x0c\x00\x00\x00\x00\x00\x00\x50\x00\x00\x00\x10\x00", 16, FALSE,
         "belongs to postcopy"},
        {"\x00\x03\x00\x0e\x00\x00\x00\x00\x00\x00\x30\x00\x00\x00\x10\x00\x02mm", 19, TRUE,
         "a name of 2 bytes in 2 bytes"},
        {"\x00\x04\x00\x0b\x00\x00\x00\x00\x00\x00\x50\x00\x00\x00\x10", 15, TRUE, "none such"},
        {"\x00\x08\x00\x00", 4, TRUE, "none such"},
        {"\x00\x05\x00\x02\x00m", 6, TRUE, ""},
        {"\x00\x03\x00\x0e\x00\x00", 6, TRUE, ""},
    };

    for (guint i = 0; i < G_N_ELEMENTS(wrong); i++) {
        g_autofree char *said = heard(wrong[i].bytes, wrong[i].n, wrong[i].hooked);

        g_assert_cmpstr(said, !=, "");
        g_assert_nonnull(strstr(said, wrong[i].reason));
    }
}

/* ---- Recovery ---- */

static gboolean
take(MigRamSave *ram, const char *name, const void *bytes, gsize n)
{
    g_autoptr(MigStream) back = mig_stream_new_reader(mig_channel_bytes_new(bytes, n));

    return mig_ram_save_take_bitmap(ram, name, back, NULL);
}

static void
a_bitmap_says_what_is_to_be_sent(void)
{
    guint64 dirty = 0;
    g_autoptr(MigRamSave) ram = saver_with(&dirty);
    MigRamStats stats;

    g_assert_true(mig_ram_save_switch(ram, NULL));
    mig_ram_save_agree(ram);
    g_assert_true(take(ram, "m",
                       "\x00\x00\x00\x00\x00\x00\x00\x08\xff\x7f\x00\x00\x00\x00\x00\x00"
                       "\x01\x23\x45\x67\x89\xab\xcd\xef",
                       24));
    mig_ram_save_restart(ram);
    mig_ram_save_stats(ram, &stats);
    g_assert_cmpuint(stats.remaining, ==, MAX((guint64)sysconf(_SC_PAGESIZE), 4096));
    /* Too late. */
    g_assert_false(take(ram, "m",
                        "\x00\x00\x00\x00\x00\x00\x00\x08\x00\x00\x00\x00\x00\x00\x00\x00"
                        "\x01\x23\x45\x67\x89\xab\xcd\xef",
                        24));
    mig_ram_save_agree(ram);
    g_assert_false(take(ram, "esb", "\x00\x00\x00\x00\x00\x00\x00\x08", 8));
    g_assert_false(take(ram, "m", "\x00\x00\x00\x00\x00\x00\x00\x10", 8));
    g_assert_false(take(ram, "m", "\x7f\xff\xff\xff\xff\xff\xff\xf8", 8));
    g_assert_false(take(ram, "m",
                        "\x00\x00\x00\x00\x00\x00\x00\x08\xff\x7f\x00\x00\x00\x00\x00\x00"
                        "\x01\x23\x45\x67\x89\xab\xcd\xee",
                        24));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    memory = mmap(NULL, PAGES * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    g_assert_true(memory != MAP_FAILED);
    g_test_add_func("/postcopy-wire/discards-are-ranges-of-the-block",
                    discards_are_ranges_of_the_block);
    g_test_add_func("/postcopy-wire/what-was-asked-for-goes-first", what_was_asked_for_goes_first);
    g_test_add_func("/postcopy-wire/requests-that-make-no-sense-are-refused",
                    requests_that_make_no_sense_are_refused);
    g_test_add_func("/postcopy-wire/the-way-back-has-the-bytes-of-the-format",
                    the_way_back_has_the_bytes_of_the_format);
    g_test_add_func("/postcopy-wire/the-way-back-is-understood", the_way_back_is_understood);
    g_test_add_func("/postcopy-wire/a-way-back-without-sense-ends", a_way_back_without_sense_ends);
    g_test_add_func("/postcopy-wire/a-bitmap-says-what-is-to-be-sent",
                    a_bitmap_says_what_is_to_be_sent);
    return g_test_run();
}
