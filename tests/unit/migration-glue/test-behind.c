/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Streams that another thread writes: the same bytes as one that writes itself, in files and pipes.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "migration-glue/error.h"
#include "migration-glue/stream.h"

#define PAGES 700u /* several batches */
#define PAGE  4096u

static guint8 *
make_pages(void)
{
    guint8 *pages = g_malloc(PAGES * PAGE);

    for (guint i = 0; i < PAGES * PAGE; i++)
        pages[i] = (guint8)g_test_rand_int();
    return pages;
}

/* As the section of memory does it, with a flush now and then. */
static void
put_all(MigStream *out, const guint8 *pages)
{
    for (guint i = 0; i < PAGES; i++) {
        mig_stream_put_be64(out, (guint64)i << 12);
        if (i % 5 == 4)
            mig_stream_put(out, pages + i * PAGE, PAGE / 2);
        else
            mig_stream_put_reference(out, pages + i * PAGE, PAGE);
        if (i % 300 == 299)
            g_assert_true(mig_stream_flush(out, NULL));
    }
    g_assert_true(mig_stream_flush(out, NULL));
}

static GByteArray *
expected(const guint8 *pages)
{
    GByteArray *bytes = g_byte_array_new();
    g_autoptr(MigStream) out = mig_stream_new_writer(mig_channel_memory_new(bytes));

    put_all(out, pages);
    return bytes;
}

static MigStream *
writer_behind(int fd, guint64 offset)
{
    MigStream *out = mig_stream_new_writer(mig_channel_fd_new(fd, "behind", NULL));

    if (offset > 0)
        g_assert_cmpint(lseek(fd, (off_t)offset, SEEK_SET), ==, offset);
    mig_stream_set_offset(out, offset);
    mig_stream_write_behind(out);
    return out;
}

static int
open_temporary(void)
{
    g_autofree char *name = NULL;
    int fd = g_file_open_tmp("behind-XXXXXX", &name, NULL);

    g_assert_cmpint(fd, >=, 0);
    g_assert_cmpint(unlink(name), ==, 0);
    return fd;
}

static void
a_file_holds_the_bytes_in_their_places(void)
{
    g_autofree guint8 *pages = make_pages();
    g_autoptr(GByteArray) bytes = expected(pages);
    g_autofree guint8 *found = g_malloc(bytes->len);
    int fd = open_temporary(), look = dup(fd);
    MigStream *out = writer_behind(fd, 0);

    put_all(out, pages);
    g_assert_cmpint(pread(look, found, bytes->len, 0), ==, bytes->len);
    g_assert_cmpmem(found, bytes->len, bytes->data, bytes->len);
    /* A stream that writes itself would have left it there, too. */
    g_assert_cmpint(lseek(look, 0, SEEK_CUR), ==, bytes->len);
    mig_stream_free(out);
    close(look);
}

static void
an_offset_and_a_seek_are_kept(void)
{
    guint8 found[304], nothing[304] = {0};
    int fd = open_temporary(), look = dup(fd);
    MigStream *out = writer_behind(fd, 100);

    mig_stream_put_be32(out, 1);
    g_assert_true(mig_stream_seek(out, 300, NULL));
    mig_stream_put_be32(out, 2);
    g_assert_true(mig_stream_flush(out, NULL));
    g_assert_cmpint(pread(look, found, sizeof(found), 0), ==, sizeof(found));
    g_assert_cmphex(found[103], ==, 1);
    g_assert_cmphex(found[303], ==, 2);
    found[103] = found[303] = 0;
    g_assert_cmpmem(found, sizeof(found), nothing, sizeof(nothing));
    mig_stream_free(out);
    close(look);
}

typedef struct {
    int fd;
    GByteArray *bytes;
} Reader;

static void *
read_all(void *opaque)
{
    Reader *reader = opaque;
    guint8 some[5000];
    gssize n;

    while ((n = read(reader->fd, some, sizeof(some))) > 0)
        g_byte_array_append(reader->bytes, some, (guint)n);
    return NULL;
}

static void
a_pipe_carries_the_bytes_in_their_order(void)
{
    g_autofree guint8 *pages = make_pages();
    g_autoptr(GByteArray) bytes = expected(pages);
    Reader reader = {.bytes = g_byte_array_new()};
    int ends[2];
    GThread *thread;
    MigStream *out;

    g_assert_cmpint(pipe(ends), ==, 0);
    reader.fd = ends[0];
    thread = g_thread_new("reader", read_all, &reader);
    out = writer_behind(ends[1], 0);
    put_all(out, pages);
    mig_stream_free(out);
    g_thread_join(thread);
    g_assert_cmpmem(reader.bytes->data, reader.bytes->len, bytes->data, bytes->len);
    g_byte_array_unref(reader.bytes);
    close(ends[0]);
}

/* Its pipe holds half of what is on the way: who waited for that would wait for ever. */
static void
a_push_does_not_wait_for_the_channel(void)
{
    g_autofree guint8 *pages = make_pages();
    g_autofree guint8 *found = g_malloc(PAGES * PAGE);
    const guint ahead = 32;
    MigStream *out;
    int ends[2];

    g_assert_cmpint(pipe(ends), ==, 0);
    g_assert_cmpint(fcntl(ends[0], F_SETPIPE_SZ, ahead / 2 * PAGE), ==, ahead / 2 * PAGE);
    out = writer_behind(ends[1], 0);
    for (guint i = 0; i < PAGES + ahead; i++) {
        if (i < PAGES) {
            mig_stream_put_reference(out, pages + i * PAGE, PAGE);
            g_assert_true(mig_stream_push(out, NULL));
        }
        if (i >= ahead)
            g_assert_cmpint(read(ends[0], found + (i - ahead) * PAGE, PAGE), ==, PAGE);
    }
    g_assert_cmpmem(found, PAGES * PAGE, pages, PAGES * PAGE);
    mig_stream_free(out);
    close(ends[0]);
}

static void
a_failure_shows_at_the_flush_at_the_latest(void)
{
    g_autofree guint8 *pages = make_pages();
    g_autoptr(GError) error = NULL;
    MigStream *out = writer_behind(open("/dev/full", O_WRONLY | O_CLOEXEC), 0);

    for (guint i = 0; i < PAGES; i++) {
        mig_stream_put_be64(out, i);
        mig_stream_put_reference(out, pages + i * PAGE, PAGE);
    }
    g_assert_false(mig_stream_flush(out, &error));
    g_assert_error(error, MIG_ERROR, MIG_ERROR_IO);
    g_assert_nonnull(strstr(error->message, "No space left on device"));
    mig_stream_put_be32(out, 1);
    g_assert_false(mig_stream_flush(out, NULL));
    mig_stream_free(out);
}

/* A pipe that is full, and more that waits; its reading end is *@end. */
static MigStream *
stuck_writer(const guint8 *pages, int *end)
{
    const int room = 16 * PAGE;
    int ends[2], there = 0;
    MigStream *out;

    g_assert_cmpint(pipe(ends), ==, 0);
    g_assert_cmpint(fcntl(ends[0], F_SETPIPE_SZ, room), ==, room);
    out = writer_behind(ends[1], 0);
    for (guint i = 0; i < 40; i++) {
        mig_stream_put_reference(out, pages + i * PAGE, PAGE);
        g_assert_true(mig_stream_push(out, NULL));
    }
    while (there < room) {
        g_usleep(100);
        g_assert_cmpint(ioctl(ends[0], FIONREAD, &there), ==, 0);
    }
    *end = ends[0];
    return out;
}

static void
a_shutdown_ends_every_wait(void)
{
    g_autofree guint8 *pages = make_pages();
    g_autoptr(GError) error = NULL;
    int end;
    MigStream *out = stuck_writer(pages, &end);

    mig_channel_shutdown(mig_stream_channel(out));
    g_assert_false(mig_stream_flush(out, &error));
    g_assert_error(error, MIG_ERROR, MIG_ERROR_CANCELLED);
    mig_stream_free(out);
    close(end);
}

static void
what_nobody_takes_is_dropped_with_the_stream(void)
{
    g_autofree guint8 *pages = make_pages();
    int end;

    mig_stream_free(stuck_writer(pages, &end));
    close(end);
}

static void
the_pace_is_that_of_the_channel(void)
{
    g_autofree guint8 *pages = make_pages();
    g_autoptr(MigStream) alone = mig_stream_new_writer(mig_channel_memory_new(NULL));
    MigStream *out = writer_behind(open_temporary(), 0);
    guint64 bytes;
    gint64 us;

    put_all(out, pages);
    g_assert_true(mig_stream_take_pace(out, &bytes, &us));
    g_assert_cmpuint(bytes, ==, mig_stream_position(out));
    g_assert_cmpint(us, >=, 0);
    g_assert_true(mig_stream_take_pace(out, &bytes, &us));
    g_assert_cmpuint(bytes, ==, 0);
    g_assert_cmpint(us, ==, 0);
    mig_stream_free(out);
    g_assert_false(mig_stream_take_pace(alone, &bytes, &us));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/behind/file", a_file_holds_the_bytes_in_their_places);
    g_test_add_func("/behind/offset", an_offset_and_a_seek_are_kept);
    g_test_add_func("/behind/pipe", a_pipe_carries_the_bytes_in_their_order);
    g_test_add_func("/behind/push", a_push_does_not_wait_for_the_channel);
    g_test_add_func("/behind/failure", a_failure_shows_at_the_flush_at_the_latest);
    g_test_add_func("/behind/shutdown", a_shutdown_ends_every_wait);
    g_test_add_func("/behind/dropped", what_nobody_takes_is_dropped_with_the_stream);
    g_test_add_func("/behind/pace", the_pace_is_that_of_the_channel);
    return g_test_run();
}
