/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libFuzzer: a hostile mapped-ram file, from its block list on, over two small blocks and one that
 * does not migrate. The first byte holds the capabilities and how many channels read.
 *
 * Checked: a list that is refused has changed no memory (R-RAM-6), memory beside the blocks is
 * never written (their ends are the allocator's, which the sanitizer guards), what does not migrate
 * stays as it is, and a failure has a reason.
 */
#include <string.h>

#include "migration-glue/error.h"
#include "migration-glue/ram.h"
#include "migration-glue/rules.h"

#define PAGE  4096u
#define BELOW 3u /* pages of the first block */

int LLVMFuzzerTestOneInput(const guint8 *bytes, gsize n);

typedef struct {
    MigRamBlock blocks[3];
} Memory;

static guint
n_blocks(void *opaque)
{
    return 3;
}

static void
block(void *opaque, guint index, MigRamBlock *out)
{
    *out = ((Memory *)opaque)->blocks[index];
}

static const MigRamOps ops = {.n_blocks = n_blocks, .block = block};

/* Filled, so that a page that is cleared shows. */
static MigRamBlock
make_block(const char *name, guint pages, gboolean migratable)
{
    MigRamBlock made = {.name = name,
                        .migratable = migratable,
                        .host = g_malloc(pages * PAGE),
                        .used_length = pages * PAGE,
                        .max_length = pages * PAGE,
                        .page_size = PAGE};

    memset(made.host, 0x99, made.used_length);
    return made;
}

static void
assert_as_it_was(const MigRamBlock *which)
{
    for (guint64 i = 0; i < which->used_length; i++)
        g_assert_true(which->host[i] == 0x99);
}

static void
load(Memory *memory, const guint8 *bytes, gsize n, guint8 choice)
{
    const VmsContext context = {.rules = mig_rules_find("pseries-10.0"),
                                .capabilities =
                                    VMS_CAP_MAPPED_RAM | (choice & 1 ? VMS_CAP_IGNORE_SHARED : 0)};
    MigStream *stream = mig_stream_new_reader(mig_channel_bytes_new(bytes, n));
    MigRamLoad *ram = mig_ram_load_new(&ops, memory);
    GError *error = NULL;

    mig_ram_load_set_file(ram, &(MigFileOptions){.channels = 1 + (choice >> 4)});
    if (!mig_ram_load_handler.load(ram, stream, MIG_TAG_START, 4, &context, &error)) {
        g_assert_nonnull(error);
        g_assert_true(error->domain == MIG_ERROR);
        g_assert_true(strlen(error->message) < 1024);
        g_error_free(error);
        assert_as_it_was(&memory->blocks[0]);
        assert_as_it_was(&memory->blocks[1]);
    } else {
        mig_ram_load_handler.load(ram, stream, MIG_TAG_END, 4, &context, NULL);
    }
    mig_ram_load_free(ram);
    mig_stream_free(stream);
}

int
LLVMFuzzerTestOneInput(const guint8 *bytes, gsize n)
{
    Memory memory = {
        {make_block("a", BELOW, TRUE), make_block("b", 1, TRUE), make_block("c", 1, FALSE)}};
    const guint8 choice = n > 0 ? bytes[0] : 0;

    memory.blocks[1].shared = (choice & 2) != 0;
    load(&memory, bytes + (n > 0), n > 0 ? n - 1 : 0, choice);
    assert_as_it_was(&memory.blocks[2]);
    for (guint i = 0; i < 3; i++)
        g_free(memory.blocks[i].host);
    return 0;
}
