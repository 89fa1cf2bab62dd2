/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory that nobody has touched, in the stream: its pages are sent as zeros and taken as zeros,
 * and neither side gives it memory for that. In shared memory a look at a hole fills it.
 */
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "migration-glue/ram-list.h"
#include "tests/unit/migration-glue/ram-log.h"
#include "tests/unit/migration-glue/wire-rig.h"

#define PAGE  4096u
#define PAGES 1000u /* some groups, the last one not whole */

typedef struct {
    MigRamBlock block;
    int fd;
    guint64 dirty[(PAGES + 63) / 64];
} Memory;

static guint
n_blocks(void *opaque)
{
    return 1;
}

static void
block(void *opaque, guint index, MigRamBlock *out)
{
    *out = ((Memory *)opaque)->block;
}

static gboolean
log_fetch(void *opaque, guint index, guint64 *words, gsize n_words, GError **error)
{
    Memory *memory = opaque;

    for (gsize i = 0; i < n_words; i++)
        words[i] |= memory->dirty[i];
    memset(memory->dirty, 0, sizeof(memory->dirty));
    return TRUE;
}

static const MigRamOps ops = {n_blocks, block, ram_log_start, ram_log_stop, log_fetch};

static void
memory_init(Memory *memory)
{
    memset(memory, 0, sizeof(*memory));
    memory->fd = memfd_create("ram", MFD_CLOEXEC);
    g_assert_cmpint(ftruncate(memory->fd, PAGES * PAGE), ==, 0);
    memory->block = (MigRamBlock){
        .name = "ram",
        .migratable = TRUE,
        .host = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, memory->fd, 0),
        .used_length = PAGES * PAGE,
        .max_length = PAGES * PAGE,
        .page_size = PAGE,
        .backing = MIG_RAM_FILE,
        .backing_fd = memory->fd,
    };
    g_assert_true(memory->block.host != MAP_FAILED);
}

static void
memory_clear(Memory *memory)
{
    munmap(memory->block.host, PAGES * PAGE);
    close(memory->fd);
}

/* Pages that have memory. */
static guint64
there(const Memory *memory)
{
    struct stat info;

    g_assert_cmpint(fstat(memory->fd, &info), ==, 0);
    return (guint64)info.st_blocks * 512 / PAGE;
}

static guint8 *
page_of(const Memory *memory, guint page)
{
    return memory->block.host + page * PAGE;
}

/* A guest that writes one page @late, after the first part, where nothing was. */
static GByteArray *
save(Memory *memory, guint late)
{
    GByteArray *bytes = g_byte_array_new();
    g_autoptr(MigStream) out = mig_stream_new_writer(mig_channel_memory_new(bytes));
    g_autoptr(MigRamSave) ram = mig_ram_save_new(&ops, memory);
    const MigHandler *handler = &mig_ram_save_handler;
    gboolean done = FALSE;

    g_assert_true(mig_ram_save_prepare(ram, &wire_context, NULL));
    g_assert_true(handler->save_start(ram, out, &wire_context, NULL));
    g_assert_true(handler->save_part(ram, out, &wire_context, &done, NULL));
    g_assert_true(done);
    page_of(memory, late)[7] = 0x77;
    memory->dirty[late / 64] |= G_GUINT64_CONSTANT(1) << (late % 64);
    g_assert_true(handler->save_end(ram, out, &wire_context, NULL));
    g_assert_true(mig_stream_flush(out, NULL));
    return bytes;
}

/* The three parts of @bytes. */
static void
load(Memory *memory, const GByteArray *bytes)
{
    static const guint tags[] = {MIG_TAG_START, MIG_TAG_PART, MIG_TAG_END};
    g_autoptr(MigStream) in = mig_stream_new_reader(mig_channel_bytes_new(bytes->data, bytes->len));
    g_autoptr(MigRamLoad) ram = mig_ram_load_new(&ops, memory);
    g_autoptr(GError) error = NULL;

    for (guint i = 0; i < G_N_ELEMENTS(tags); i++) {
        mig_ram_load_handler.load(ram, in, tags[i], 4, &wire_context, &error);
        g_assert_no_error(error);
    }
    g_assert_true(mig_ram_load_check_whole(ram, NULL));
}

static void
untouched_memory_stays_untouched_on_both_sides(void)
{
    Memory from, to;
    GByteArray *bytes;

    memory_init(&from);
    memory_init(&to);
    page_of(&from, 3)[0] = 0x33;
    page_of(&from, 400)[PAGE - 1] = 0x44;
    page_of(&from, PAGES - 1)[0] = 0; /* touched, and zero */
    bytes = save(&from, 5);
    g_assert_cmpuint(there(&from), ==, 4);
    load(&to, bytes);
    g_assert_cmpuint(there(&to), ==, 3);
    g_assert_cmpmem(from.block.host, PAGES * PAGE, to.block.host, PAGES * PAGE);
    g_byte_array_unref(bytes);
    memory_clear(&to);
    memory_clear(&from);
}

/* What the receiver's memory held before goes, wherever it was. */
static void
memory_that_was_there_becomes_zero(void)
{
    Memory from, to;
    GByteArray *bytes;

    memory_init(&from);
    memory_init(&to);
    page_of(&from, 1)[0] = 0x11;
    page_of(&to, 2)[0] = 0x22;
    page_of(&to, 700)[0] = 0x70;
    bytes = save(&from, 2);
    load(&to, bytes);
    g_assert_cmpmem(from.block.host, PAGES * PAGE, to.block.host, PAGES * PAGE);
    g_byte_array_unref(bytes);
    memory_clear(&to);
    memory_clear(&from);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/ram-sparse/untouched", untouched_memory_stays_untouched_on_both_sides);
    g_test_add_func("/ram-sparse/there", memory_that_was_there_becomes_zero);
    return g_test_run();
}
