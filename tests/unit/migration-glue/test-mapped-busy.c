/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pages that the guest is busy with come behind the others of their stretch: the two groups share
 * words of the block's bitmap, so that no two threads may write them at a time.
 */
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "migration-glue/channel.h"
#include "migration-glue/ram.h"
#include "migration-glue/rules.h"
#include "migration-glue/stream.h"
#include "tests/unit/migration-glue/ram-log.h"

#define PAGE     4096u
#define PAGES    128u
#define PAGES_AT (1u << 20) /* the first multiple of a mebibyte behind the header */
#define CHANCE   50000      /* µs, for another thread to come while the first one writes */

static guint8 memory[PAGES * PAGE] __attribute__((aligned(65536)));
static guint64 written[PAGES / 64]; /* the guest's log */
static gint inside, most, pages_written;

ssize_t __real_pwrite64(int fd, const void *bytes, size_t n, off_t offset);
ssize_t __wrap_pwrite64(int fd, const void *bytes, size_t n, off_t offset);

ssize_t
__wrap_pwrite64(int fd, const void *bytes, size_t n, off_t offset)
{
    const gboolean is_page = offset >= PAGES_AT;
    ssize_t done;

    if (is_page) {
        const gint now = g_atomic_int_add(&inside, 1) + 1;

        if (now > g_atomic_int_get(&most))
            g_atomic_int_set(&most, now);
        if (g_atomic_int_add(&pages_written, 1) == 0)
            g_usleep(CHANCE);
    }
    done = __real_pwrite64(fd, bytes, n, offset);
    if (is_page)
        g_atomic_int_add(&inside, -1);
    return done;
}

static guint
n_blocks(void *opaque)
{
    return 1;
}

static void
block(void *opaque, guint index, MigRamBlock *out)
{
    *out = (MigRamBlock){.name = "ram",
                         .migratable = TRUE,
                         .host = memory,
                         .used_length = sizeof(memory),
                         .max_length = sizeof(memory),
                         .page_size = PAGE};
}

static gboolean
log_fetch(void *opaque, guint index, guint64 *words, gsize n_words, GError **error)
{
    for (gsize i = 0; i < n_words; i++)
        words[i] |= written[i];
    memset(written, 0, sizeof(written));
    return TRUE;
}

static const MigRamOps ops = {n_blocks, block, ram_log_start, ram_log_stop, log_fetch};

/* Everything into the file at @fd; every second page is busy from before the first is sent. */
static void
save(int fd)
{
    const VmsContext context = {.rules = mig_rules_find("pseries-10.0"),
                                .capabilities = VMS_CAP_MAPPED_RAM};
    g_autoptr(MigStream) stream = mig_stream_new_writer(mig_channel_fd_new(fd, "file", NULL));
    g_autoptr(MigRamSave) ram = mig_ram_save_new(&ops, NULL);
    gboolean done = FALSE;

    mig_ram_save_set_file(ram, &(MigFileOptions){.channels = 2});
    g_assert_true(mig_ram_save_prepare(ram, &context, NULL));
    g_assert_true(mig_ram_save_handler.save_start(ram, stream, &context, NULL));
    memset(written, 0xaa, sizeof(written));
    g_assert_true(mig_ram_save_look(ram, NULL));
    g_assert_true(mig_ram_save_handler.save_part(ram, stream, &context, &done, NULL));
    g_assert_true(done);
    g_assert_true(mig_ram_save_handler.save_end(ram, stream, &context, NULL));
    g_assert_true(mig_stream_flush(stream, NULL));
    mig_ram_save_handler.save_cleanup(ram);
}

static void
two_groups_of_a_stretch_are_never_written_at_once(void)
{
    g_autofree guint8 *there = g_malloc(sizeof(memory));
    const int fd = memfd_create("file", MFD_CLOEXEC), file = dup(fd);

    for (guint i = 0; i < PAGES; i++)
        memset(memory + i * PAGE, (int)i + 1, PAGE);
    save(fd);
    g_assert_cmpint(most, ==, 1);
    g_assert_cmpint(pages_written, ==, PAGES); /* none has a neighbour in its group */
    g_assert_cmpint(pread(file, there, sizeof(memory), PAGES_AT), ==, sizeof(memory));
    g_assert_cmpmem(there, sizeof(memory), memory, sizeof(memory));
    close(file);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/mapped-busy/two_groups_of_a_stretch_are_never_written_at_once",
                    two_groups_of_a_stretch_are_never_written_at_once);
    return g_test_run();
}
