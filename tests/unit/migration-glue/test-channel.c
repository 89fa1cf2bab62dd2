/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Channels over memory, sockets, pipes and files.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "migration-glue/channel.h"
#include "migration-glue/error.h"

static void
write_text(MigChannel *channel, const char *text)
{
    struct iovec parts[2] = {{(void *)text, 1}, {(void *)(text + 1), strlen(text) - 1}};
    GError *error = NULL;

    mig_channel_write_all(channel, parts, 2, &error);
    g_assert_no_error(error);
}

static void
assert_reads(MigChannel *channel, const char *text)
{
    char buffer[64];
    gssize n = mig_channel_read(channel, buffer, sizeof(buffer), NULL);

    g_assert_cmpmem(buffer, (gsize)MAX(n, 0), text, strlen(text));
}

/* Seeks, positioned access, holes. */
static void
exercise_positions(MigChannel *channel)
{
    char buffer[8];
    GError *error = NULL;

    g_assert_true(mig_channel_is_seekable(channel));
    write_text(channel, "hello");
    g_assert_true(mig_channel_write_at(channel, 8, "xy", 2, NULL));
    write_text(channel, "!!");
    g_assert_true(mig_channel_read_at(channel, 4, buffer, 6, NULL));
    g_assert_cmpmem(buffer, 6, "o!!\0xy", 6);
    g_assert_true(mig_channel_seek(channel, 1, NULL));
    g_assert_cmpint(mig_channel_read(channel, buffer, 6, NULL), ==, 6);
    g_assert_cmpmem(buffer, 6, "ello!!", 6);
    g_assert_false(mig_channel_read_at(channel, 8, buffer, 3, &error));
    g_assert_error(error, MIG_ERROR, MIG_ERROR_TRUNCATED);
    g_clear_error(&error);
}

static void
memory_grows_and_has_positions(void)
{
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    g_autoptr(MigChannel) channel = mig_channel_memory_new(bytes);

    exercise_positions(channel);
}

static void
foreign_bytes_are_only_read(void)
{
    g_autoptr(MigChannel) channel = mig_channel_bytes_new("abc", 3);
    struct iovec part = {(void *)"x", 1};
    GError *error = NULL;

    assert_reads(channel, "abc");
    assert_reads(channel, "");
    g_assert_false(mig_channel_write_all(channel, &part, 1, &error));
    g_assert_error(error, MIG_ERROR, MIG_ERROR_UNSUPPORTED);
    g_clear_error(&error);
}

static void
a_file_has_positions(void)
{
    g_autofree char *path = NULL;
    int fd = g_file_open_tmp("wire-XXXXXX", &path, NULL);
    g_autoptr(MigChannel) channel = mig_channel_fd_new(fd, "file", NULL);

    exercise_positions(channel);
    g_assert_true(mig_channel_close(channel, NULL));
    g_assert_cmpint(fcntl(fd, F_GETFD), ==, -1);
    g_assert_cmpint(g_unlink(path), ==, 0);
}

static void
a_full_device_is_an_error_that_says_so(void)
{
    int fd = open("/dev/full", O_RDWR);
    g_autoptr(MigChannel) channel = mig_channel_fd_new(fd, "file:/dev/full", NULL);
    struct iovec part = {(void *)"x", 1};
    g_autoptr(GError) error = NULL;

    g_assert_false(mig_channel_write_all(channel, &part, 1, &error));
    g_assert_error(error, MIG_ERROR, MIG_ERROR_IO);
    g_assert_nonnull(strstr(error->message, "cannot write file:/dev/full: No space left"));
}

static void
sockets_carry_bytes_and_tell_of_a_closed_peer(void)
{
    int pair[2];
    g_autoptr(MigChannel) one = NULL;
    struct iovec part = {(void *)"x", 1};
    g_autoptr(GError) error = NULL;
    char text[4];

    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), ==, 0);
    one = mig_channel_fd_new(pair[0], "unix:x", NULL);
    g_assert_false(mig_channel_is_seekable(one));
    g_assert_cmpint(mig_channel_fd(one), ==, pair[0]);
    write_text(one, "abc");
    g_assert_cmpint(read(pair[1], text, 4), ==, 3);
    close(pair[1]);
    assert_reads(one, "");
    g_assert_false(mig_channel_write_all(one, &part, 1, &error)); /* and no SIGPIPE */
    g_assert_error(error, MIG_ERROR, MIG_ERROR_IO);
}

static void *
shut_down(void *channel)
{
    g_usleep(1000); /* most of the time the other thread waits by then; both orders must do */
    mig_channel_shutdown(channel);
    return NULL;
}

/* A reader of an empty and a writer of a full @fd, each ended by another thread. */
static void
assert_shutdown_ends_a_wait(int fd, gboolean writing)
{
    g_autoptr(MigChannel) channel = mig_channel_fd_new(fd, "fd", NULL);
    GThread *thread = g_thread_new("shutdown", shut_down, channel);
    g_autofree char *bulk = g_malloc0(4u << 20);
    struct iovec part = {bulk, 4u << 20};
    g_autoptr(GError) error = NULL;

    if (writing)
        g_assert_false(mig_channel_write_all(channel, &part, 1, &error));
    else
        g_assert_cmpint(mig_channel_read(channel, bulk, 1, &error), ==, -1);
    g_assert_error(error, MIG_ERROR, MIG_ERROR_CANCELLED);
    g_thread_join(thread);
}

static void
a_shutdown_ends_every_wait(void)
{
    for (guint writing = 0; writing < 2; writing++) {
        int pair[2];

        g_assert_cmpint(pipe(pair), ==, 0);
        assert_shutdown_ends_a_wait(pair[writing], writing == 1);
        close(pair[!writing]);
        g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), ==, 0);
        assert_shutdown_ends_a_wait(pair[0], writing == 1);
        close(pair[1]);
    }
}

static void
a_closed_channel_does_nothing_more(void)
{
    g_autoptr(MigChannel) channel = mig_channel_memory_new(NULL);
    struct iovec part = {(void *)"x", 1};
    g_autoptr(GError) error = NULL;

    g_assert_true(mig_channel_close(channel, NULL));
    g_assert_true(mig_channel_close(channel, NULL));
    g_assert_false(mig_channel_write_all(channel, &part, 1, &error));
    g_assert_error(error, MIG_ERROR, MIG_ERROR_IO);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/channel/memory", memory_grows_and_has_positions);
    g_test_add_func("/channel/bytes", foreign_bytes_are_only_read);
    g_test_add_func("/channel/file", a_file_has_positions);
    g_test_add_func("/channel/full", a_full_device_is_an_error_that_says_so);
    g_test_add_func("/channel/socket", sockets_carry_bytes_and_tell_of_a_closed_peer);
    g_test_add_func("/channel/shutdown", a_shutdown_ends_every_wait);
    g_test_add_func("/channel/closed", a_closed_channel_does_nothing_more);
    return g_test_run();
}
