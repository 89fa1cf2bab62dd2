/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vdev/bits.h: bit numbers, fields, big-endian words.
 */
#include <string.h>

#include <glib.h>

#include "vdev/bits.h"

static void
ibm_bit_0_is_the_most_significant(void)
{
    g_assert_cmphex(IBM_BIT64(0), ==, G_GUINT64_CONSTANT(0x8000000000000000));
    g_assert_cmphex(IBM_BIT64(32), ==, G_GUINT64_CONSTANT(0x80000000));
    g_assert_cmphex(IBM_BIT64(63), ==, 1);
    g_assert_cmphex(IBM_BIT32(0), ==, 0x80000000u);
    g_assert_cmphex(IBM_BIT32(31), ==, 1);
}

static void
lsb_bit_0_is_the_least_significant(void)
{
    g_assert_cmphex(LSB_BIT64(0), ==, 1);
    g_assert_cmphex(LSB_BIT64(32), ==, G_GUINT64_CONSTANT(0x100000000));
    g_assert_cmphex(LSB_BIT64(63), ==, G_GUINT64_CONSTANT(0x8000000000000000));
}

static void
fields_of_the_books_have_the_books_masks(void)
{
    g_assert_cmphex(IBM_FIELD64(8, 31), ==, G_GUINT64_CONSTANT(0x00ffffff00000000));
    g_assert_cmphex(IBM_FIELD64(33, 63), ==, G_GUINT64_CONSTANT(0x7fffffff));
    g_assert_cmphex(IBM_FIELD32(12, 15), ==, 0x000f0000u);
    g_assert_cmphex(IBM_FIELD32(10, 31), ==, 0x003fffffu);
    g_assert_cmphex(LSB_FIELD64(2, 0), ==, 7);
    g_assert_cmphex(LSB_FIELD64(31, 3), ==, G_GUINT64_CONSTANT(0xfffffff8));
    g_assert_cmphex(LSB_FIELD64(63, 33), ==, G_GUINT64_CONSTANT(0xfffffffe00000000));
}

static void
every_field_is_the_sum_of_its_bits(void)
{
    for (guint lo = 0; lo < 64; lo++) {
        guint64 sum = 0;

        for (guint hi = lo; hi < 64; hi++) {
            sum += G_GUINT64_CONSTANT(1) << hi;
            g_assert_cmphex(LSB_FIELD64(hi, lo), ==, sum);
            g_assert_cmphex(IBM_FIELD64(63 - hi, 63 - lo), ==, sum);
            if (hi < 32)
                g_assert_cmphex(IBM_FIELD32(31 - hi, 31 - lo), ==, (guint32)sum);
        }
    }
}

static void
every_field_gives_back_what_was_set_and_keeps_the_rest(void)
{
    const guint64 noise = G_GUINT64_CONSTANT(0xa5c3960f1e2d4b78);
    const guint64 value = G_GUINT64_CONSTANT(0x9d5a3c6b71e8f042);

    for (guint lo = 0; lo < 64; lo++) {
        for (guint hi = lo; hi < 64; hi++) {
            guint64 mask = LSB_FIELD64(hi, lo);
            guint64 set = bits_set(mask, noise, value);

            /* excess bits of the value are dropped */
            g_assert_cmphex(bits_get(mask, set), ==, value << (63 - hi + lo) >> (63 - hi + lo));
            g_assert_cmphex(set & ~mask, ==, noise & ~mask);
        }
    }
}

static void
bits_get_aligns_to_the_right(void)
{
    guint64 eas = G_GUINT64_CONSTANT(0x8000000600000010);

    g_assert_cmphex(bits_get(IBM_BIT64(0), eas), ==, 1);
    g_assert_cmphex(bits_get(IBM_FIELD64(8, 31), eas), ==, 6);
    g_assert_cmphex(bits_get(IBM_FIELD64(33, 63), eas), ==, 0x10);
}

static void
big_endian_words_lie_most_significant_byte_first(void)
{
    static const guint8 bytes[] = {0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08};
    be16 half = be16_make(0x0102);
    be32 word = be32_make(0x01020304);
    be64 dword = be64_make(G_GUINT64_CONSTANT(0x0102030405060708));

    g_assert_cmpmem(&half, sizeof(half), bytes, 2);
    g_assert_cmpmem(&word, sizeof(word), bytes, 4);
    g_assert_cmpmem(&dword, sizeof(dword), bytes, 8);
}

static void
big_endian_words_are_read_most_significant_byte_first(void)
{
    static const guint8 bytes[] = {0xf1, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08};
    be16 half;
    be32 word;
    be64 dword;

    memcpy(&half, bytes, sizeof(half));
    memcpy(&word, bytes, sizeof(word));
    memcpy(&dword, bytes, sizeof(dword));
    g_assert_cmphex(be16_get(half), ==, 0xf102);
    g_assert_cmphex(be32_get(word), ==, 0xf1020304u);
    g_assert_cmphex(be64_get(dword), ==, G_GUINT64_CONSTANT(0xf102030405060708));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/vdev/bits/ibm-bit-0", ibm_bit_0_is_the_most_significant);
    g_test_add_func("/vdev/bits/lsb-bit-0", lsb_bit_0_is_the_least_significant);
    g_test_add_func("/vdev/bits/known-fields", fields_of_the_books_have_the_books_masks);
    g_test_add_func("/vdev/bits/every-field", every_field_is_the_sum_of_its_bits);
    g_test_add_func("/vdev/bits/set-then-get",
                    every_field_gives_back_what_was_set_and_keeps_the_rest);
    g_test_add_func("/vdev/bits/get", bits_get_aligns_to_the_right);
    g_test_add_func("/vdev/bits/be-make", big_endian_words_lie_most_significant_byte_first);
    g_test_add_func("/vdev/bits/be-get", big_endian_words_are_read_most_significant_byte_first);
    return g_test_run();
}
