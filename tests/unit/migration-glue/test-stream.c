/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Streams: byte order, counting, sticky errors, look-ahead.
 */
#include <string.h>

#include "migration-glue/error.h"
#include "migration-glue/stream.h"

/* A channel that gives its bytes in small pieces of varying size, as sockets do. */
typedef struct {
    MigChannel channel;
    const guint8 *bytes;
    gsize n, at, step;
} Dribble;

static gssize
dribble_read(MigChannel *channel, void *buffer, gsize n, GError **error)
{
    Dribble *dribble = (Dribble *)channel;

    dribble->step = dribble->step % 7 + 1;
    n = MIN(MIN(n, dribble->step), dribble->n - dribble->at);
    memcpy(buffer, dribble->bytes + dribble->at, n);
    dribble->at += n;
    return (gssize)n;
}

static gssize
dribble_write(MigChannel *channel, const struct iovec *parts, gsize n_parts, GError **error)
{
    Dribble *dribble = (Dribble *)channel;
    gsize n;

    dribble->step = dribble->step % 7 + 1;
    n = MIN(parts[0].iov_len, dribble->step);
    if (dribble->at + n > dribble->n) {
        g_set_error_literal(error, MIG_ERROR, MIG_ERROR_IO, "full");
        return -1;
    }
    memcpy((guint8 *)dribble->bytes + dribble->at, parts[0].iov_base, n);
    dribble->at += n;
    return (gssize)n;
}

static const MigChannelClass dribble_class = {
    .name = "dribble", .read = dribble_read, .write = dribble_write};

static MigChannel *
dribble_new(const void *bytes, gsize n)
{
    Dribble *dribble = g_new0(Dribble, 1);

    mig_channel_init(&dribble->channel, &dribble_class, "dribble");
    dribble->bytes = bytes;
    dribble->n = n;
    return &dribble->channel;
}

static void
words_are_big_endian(void)
{
    guint8 bytes[1 + 2 + 4 + 8 + 4 + 3 + 2] = {0};
    static const guint8 expected[] = {1,  2,  3,  4, 5,   6,   7,   8, 9, 10, 11,  12,
                                      13, 14, 15, 3, 'a', 'b', 'c', 0, 0, 0,  'x', 'y'};
    g_autoptr(MigStream) out = mig_stream_new_writer(dribble_new(bytes, sizeof(bytes)));
    g_autoptr(MigStream) in = mig_stream_new_reader(dribble_new(bytes, sizeof(bytes)));
    char text[256], tail[2];

    mig_stream_put_u8(out, 1);
    mig_stream_put_be16(out, 0x0203);
    mig_stream_put_be32(out, 0x04050607);
    mig_stream_put_be64(out, G_GUINT64_CONSTANT(0x08090a0b0c0d0e0f));
    mig_stream_put_str8(out, "abc");
    mig_stream_put_zeros(out, 3);
    mig_stream_put(out, "xy", 2);
    g_assert_cmpuint(mig_stream_position(out), ==, sizeof(expected));
    g_assert_true(mig_stream_flush(out, NULL));
    g_assert_cmpmem(bytes, sizeof(bytes), expected, sizeof(expected));

    g_assert_cmphex(mig_stream_get_u8(in), ==, 1);
    g_assert_cmphex(mig_stream_get_be16(in), ==, 0x0203);
    g_assert_cmphex(mig_stream_get_be32(in), ==, 0x04050607);
    g_assert_cmphex(mig_stream_get_be64(in), ==, G_GUINT64_CONSTANT(0x08090a0b0c0d0e0f));
    g_assert_cmpuint(mig_stream_get_str8(in, text), ==, 3);
    g_assert_cmpstr(text, ==, "abc");
    g_assert_true(mig_stream_skip(in, 3));
    g_assert_true(mig_stream_get(in, tail, 2));
    g_assert_cmpmem(tail, 2, "xy", 2);
    g_assert_cmpuint(mig_stream_position(in), ==, sizeof(expected));
}

static void
the_first_error_sticks_and_gets_answer_zeros(void)
{
    g_autoptr(MigStream) in = mig_stream_new_reader(dribble_new("\1\2\3", 3));
    g_autoptr(GError) error = NULL, again = NULL;
    guint8 buffer[4] = {9, 9, 9, 9};

    g_assert_cmphex(mig_stream_get_u8(in), ==, 1);
    g_assert_cmphex(mig_stream_get_be32(in), ==, 0);
    g_assert_false(mig_stream_check(in, &error));
    g_assert_error(error, MIG_ERROR, MIG_ERROR_TRUNCATED);
    g_assert_cmpstr(error->message, ==, "the stream ends after 3 bytes");
    g_assert_cmphex(mig_stream_get_u8(in), ==, 0);
    g_assert_false(mig_stream_get(in, buffer, 4));
    g_assert_cmpmem(buffer, 4, "\0\0\0\0", 4);
    mig_stream_fail(in, g_error_new_literal(MIG_ERROR, MIG_ERROR_FORMAT, "later"));
    g_assert_false(mig_stream_check(in, &again));
    g_assert_error(again, MIG_ERROR, MIG_ERROR_TRUNCATED);
}

static void
a_full_channel_shows_at_the_flush(void)
{
    guint8 bytes[10];
    g_autoptr(MigStream) out = mig_stream_new_writer(dribble_new(bytes, sizeof(bytes)));
    g_autoptr(GError) error = NULL;

    mig_stream_put_zeros(out, 11);
    g_assert_true(mig_stream_ok(out));
    g_assert_false(mig_stream_flush(out, &error));
    g_assert_error(error, MIG_ERROR, MIG_ERROR_IO);
    mig_stream_put_u8(out, 1); /* dropped */
    g_assert_false(mig_stream_flush(out, NULL));
}

static void
peeking_consumes_nothing(void)
{
    guint8 bytes[300];
    g_autoptr(MigStream) in = mig_stream_new_reader(dribble_new(bytes, sizeof(bytes)));
    const guint8 *ahead;
    gsize have;

    for (guint i = 0; i < sizeof(bytes); i++)
        bytes[i] = (guint8)i;
    mig_stream_skip(in, 10);
    ahead = mig_stream_peek(in, MIG_STREAM_PEEK_MAX, &have);
    g_assert_cmpuint(have, ==, MIG_STREAM_PEEK_MAX);
    g_assert_cmpmem(ahead, have, bytes + 10, have);
    g_assert_cmpuint(mig_stream_position(in), ==, 10);
    mig_stream_skip(in, 280);
    ahead = mig_stream_peek(in, MIG_STREAM_PEEK_MAX, &have);
    g_assert_cmpmem(ahead, have, bytes + 290, 10);
    g_assert_true(mig_stream_ok(in)); /* the end of the data is no error until it is consumed */
}

/* Buffered bytes and references interleaved, far more than fits the buffer or one call. */
static void
references_keep_their_place_among_the_bytes(void)
{
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    g_autoptr(MigStream) out = mig_stream_new_writer(mig_channel_memory_new(bytes));
    g_autofree guint8 *page = g_malloc(4096);
    g_autoptr(MigStream) in = NULL;
    g_autofree guint8 *back = g_malloc(4096 * 100);

    memset(page, 0xa5, 4096);
    for (guint64 i = 0; i < 1000; i++) {
        mig_stream_put_be64(out, i);
        mig_stream_put_reference(out, page, 4096);
        mig_stream_put(out, page, (gsize)i);
    }
    g_assert_true(mig_stream_flush(out, NULL));
    g_assert_cmpuint(bytes->len, ==, 1000 * (8 + 4096) + 999 * 1000 / 2);
    g_assert_cmpuint(mig_stream_position(out), ==, bytes->len);
    in = mig_stream_new_reader(mig_channel_bytes_new(bytes->data, bytes->len));
    for (guint64 i = 0; i < 1000; i++) {
        g_assert_cmpuint(mig_stream_get_be64(in), ==, i);
        g_assert_true(mig_stream_get(in, back, 4096 + (gsize)i));
        g_assert_cmpmem(back, 4096, page, 4096);
    }
}

static void
long_reads_pass_by_the_buffer(void)
{
    gsize n = 300000;
    g_autofree guint8 *bytes = g_malloc(n), *back = g_malloc0(n);
    g_autoptr(MigStream) in = NULL;

    for (gsize i = 0; i < n; i++)
        bytes[i] = (guint8)(i * 7);
    in = mig_stream_new_reader(mig_channel_bytes_new(bytes, n));
    g_assert_cmphex(mig_stream_get_u8(in), ==, 0);
    g_assert_true(mig_stream_get(in, back, n - 2));
    g_assert_cmpmem(back, n - 2, bytes + 1, n - 2);
    g_assert_cmpuint(mig_stream_position(in), ==, n - 1);
    g_assert_cmphex(mig_stream_get_u8(in), ==, bytes[n - 1]);
    g_assert_false(mig_stream_get(in, back, n));
}

static void
offsets_follow_seeks_and_positions_count_bytes(void)
{
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    g_autoptr(MigStream) out = mig_stream_new_writer(mig_channel_memory_new(bytes));

    mig_stream_put_be32(out, 1);
    g_assert_true(mig_stream_seek(out, 100, NULL));
    mig_stream_put_be32(out, 2);
    g_assert_cmpuint(mig_stream_position(out), ==, 8);
    g_assert_cmpuint(mig_stream_offset(out), ==, 104);
    g_assert_true(mig_stream_flush(out, NULL));
    g_assert_cmpuint(bytes->len, ==, 104);
    g_assert_cmphex(bytes->data[103], ==, 2);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/stream/words", words_are_big_endian);
    g_test_add_func("/stream/sticky", the_first_error_sticks_and_gets_answer_zeros);
    g_test_add_func("/stream/full", a_full_channel_shows_at_the_flush);
    g_test_add_func("/stream/peek", peeking_consumes_nothing);
    g_test_add_func("/stream/references", references_keep_their_place_among_the_bytes);
    g_test_add_func("/stream/long", long_reads_pass_by_the_buffer);
    g_test_add_func("/stream/offset", offsets_follow_seeks_and_positions_count_bytes);
    return g_test_run();
}
