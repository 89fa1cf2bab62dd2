/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libFuzzer: bytes of a hostile sender as sections of RAM, over two small blocks and one that does
 * not migrate. The first byte holds the capabilities and the tags.
 *
 * Checked: memory beside the blocks is never written (their ends are the allocator's, which the
 * sanitizer guards), what does not migrate stays as it is, and a failure has a reason.
 */
#include <string.h>

#include "migration-glue/error.h"
#include "migration-glue/ram.h"
#include "migration-glue/rules.h"

#define PAGE 4096u

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

static MigRamBlock
make_block(const char *name, guint pages, gboolean migratable)
{
    return (MigRamBlock){.name = name,
                         .migratable = migratable,
                         .host = g_malloc0(pages * PAGE),
                         .used_length = pages * PAGE,
                         .max_length = pages * PAGE,
                         .page_size = PAGE};
}

static void
load_all(MigRamLoad *ram, MigStream *stream, const VmsContext *context, guint tag)
{
    GError *error = NULL;
    gsize have;

    while (mig_stream_peek(stream, 1, &have), have > 0) {
        if (mig_ram_load_handler.load(ram, stream, tag, 4, context, &error))
            continue;
        g_assert_nonnull(error);
        g_assert_true(error->domain == MIG_ERROR);
        g_assert_true(strlen(error->message) < 1024);
        g_error_free(error);
        return;
    }
}

int
LLVMFuzzerTestOneInput(const guint8 *bytes, gsize n)
{
    Memory memory = {
        {make_block("a", 2, TRUE), make_block("b", 1, TRUE), make_block("c", 1, FALSE)}};
    guint8 choice = n > 0 ? bytes[0] : 0;
    VmsContext context = {.rules = mig_rules_find("pseries-10.0"),
                          .capabilities = choice & 1 ? VMS_CAP_IGNORE_SHARED : 0};
    MigStream *stream =
        mig_stream_new_reader(mig_channel_bytes_new(bytes + (n > 0), n > 0 ? n - 1 : 0));
    MigRamLoad *ram = mig_ram_load_new(&ops, &memory);
    guint8 zero[PAGE] = {0};

    memory.blocks[1].shared = (choice & 2) != 0;
    load_all(ram, stream, &context, choice & 4 ? MIG_TAG_END : MIG_TAG_PART);
    g_assert_true(memcmp(memory.blocks[2].host, zero, PAGE) == 0);
    mig_ram_load_free(ram);
    mig_stream_free(stream);
    for (guint i = 0; i < 3; i++)
        g_free(memory.blocks[i].host);
    return 0;
}
