/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libFuzzer: bytes of a hostile destination on the return path of a postcopy, or (odd first byte)
 * of a hostile source after the switch.
 *
 * Checked: what was asked for is sent and nothing else is read; a page that is here keeps its
 * bytes; a failure has a reason.
 */
#include <string.h>
#include <sys/mman.h>

#include "migration-glue/error.h"
#include "migration-glue/ram-postcopy.h"
#include "migration-glue/return-path.h"
#include "tests/unit/migration-glue/ram-log.h"

#define PAGES 4u
#define PAGE  4096u

int LLVMFuzzerTestOneInput(const guint8 *bytes, gsize n);

static guint8 *memory;

static guint
n_blocks(void *opaque)
{
    return 2;
}

static void
block(void *opaque, guint index, MigRamBlock *out)
{
    *out = (MigRamBlock){.name = index == 0 ? "a" : "c",
                         .migratable = index == 0,
                         .host = index == 0 ? memory : NULL,
                         .used_length = PAGES * PAGE,
                         .max_length = PAGES * PAGE,
                         .page_size = PAGE};
}

static gboolean
log_fetch(void *opaque, guint index, guint64 *words, gsize n_words, GError **error)
{
    return TRUE;
}

static const MigRamOps ops = {n_blocks, block, ram_log_start, ram_log_stop, log_fetch};
static const VmsContext context = {.capabilities = VMS_CAP_POSTCOPY_RAM};

/* ---- A destination ---- */

static gboolean
take_pages(void *user, const char *name, guint64 start, guint32 n, GError **error)
{
    return mig_ram_save_ask(user, name, start, n, error);
}

static gboolean
take_bitmap(void *user, const char *name, MigStream *back, GError **error)
{
    return mig_ram_save_take_bitmap(user, name, back, error);
}

static void
hear(const guint8 *bytes, gsize n, gboolean recovers)
{
    static const MigReturnHooks hooks = {take_pages, take_bitmap};
    g_autoptr(GByteArray) sent = g_byte_array_new();
    g_autoptr(MigStream) stream = mig_stream_new_writer(mig_channel_memory_new(sent));
    g_autoptr(MigRamSave) ram = mig_ram_save_new(&ops, NULL);
    MigReturnPath *path = mig_return_path_new(mig_channel_bytes_new(bytes, n));
    gboolean done = FALSE;

    g_assert_true(mig_ram_save_prepare(ram, &context, NULL));
    g_assert_true(mig_ram_save_switch(ram, NULL));
    if (recovers)
        mig_ram_save_agree(ram);
    mig_return_path_hook(path, &hooks, ram);
    mig_return_path_start(path, NULL, NULL);
    mig_return_path_wait(path, MIG_RETURN_WAIT_VERDICT, -1, NULL, NULL);
    mig_return_path_free(path);
    if (recovers)
        mig_ram_save_restart(ram);
    while (!done)
        g_assert_true(mig_ram_save_handler.save_part(ram, stream, &context, &done, NULL));
    mig_ram_save_put_discards(ram, stream); /* of nothing any more */
}

/* ---- A source ---- */

static void
ignore(void *user, const char *name, guint64 start, guint32 n)
{
}

/* One page is here, of sevens. */
static GByteArray *
first_part(void)
{
    static const guint8 list[] = {0, 0, 0,    0, 0, 0, 0x40, 4, 1, 'a', 0,    0, 0, 0,
                                  0, 0, 0x40, 0, 0, 0, 0,    0, 0, 0,   0x10, 8, 1, 'a'};
    static const guint8 end[] = {0, 0, 0, 0, 0, 0, 0, 16};
    GByteArray *bytes = g_byte_array_new();
    guint8 page[PAGE];

    memset(page, 7, sizeof(page));
    g_byte_array_append(bytes, list, sizeof(list));
    g_byte_array_append(bytes, page, sizeof(page));
    return g_byte_array_append(bytes, end, sizeof(end));
}

static MigRamLoad *
listening(void)
{
    g_autoptr(GByteArray) bytes = first_part();
    g_autoptr(MigStream) stream =
        mig_stream_new_reader(mig_channel_bytes_new(bytes->data, bytes->len));
    MigRamLoad *ram = mig_ram_load_new(&ops, NULL);
    GError *error = NULL;

    mig_ram_load_advise(ram, PAGE, PAGE, &error);
    g_assert_no_error(error);
    mig_ram_load_handler.load(ram, stream, MIG_TAG_START, 4, &context, &error);
    g_assert_no_error(error);
    mig_postcopy_dst_listen(mig_ram_load_postcopy(ram), ignore, NULL, &error);
    g_assert_no_error(error);
    return ram;
}

int
LLVMFuzzerTestOneInput(const guint8 *bytes, gsize n)
{
    memory = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (n > 0 && bytes[0] % 2 == 0) {
        hear(bytes + 1, n - 1, (bytes[0] & 2) != 0);
    } else if (n > 0) {
        g_autoptr(MigRamLoad) ram = listening();
        g_autoptr(MigStream) stream =
            mig_stream_new_reader(mig_channel_bytes_new(bytes + 1, n - 1));
        g_autoptr(GError) error = NULL;

        if (!mig_ram_load_handler.load(ram, stream, MIG_TAG_PART, 4, &context, &error))
            g_assert_true(error != NULL && error->domain == MIG_ERROR);
        g_assert_cmpuint(memory[PAGE], ==, 7);
    }
    munmap(memory, PAGES * PAGE);
    return 0;
}
