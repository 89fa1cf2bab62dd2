/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hw-xive/core/eas: the word of a source. Invariants EAS-1 ... EAS-4 of eas.h.
 */
#include <glib.h>

#include "hw-xive/core/eas.h"

#define CAPTURED      G_GUINT64_CONSTANT(0x8000000600000010) /* IPI 0 of a captured stream */
#define RESERVED_BITS G_GUINT64_CONSTANT(0x7000000000000000)

static void
the_captured_word_means_end_6_data_0x10(void)
{
    XiveEas eas = xive_eas_unpack(CAPTURED);

    g_assert_true(eas.valid);
    g_assert_false(eas.masked);
    g_assert_cmpuint(eas.end_block, ==, 0);
    g_assert_cmpuint(eas.end_index, ==, 6);
    g_assert_cmphex(eas.eisn, ==, 0x10);
    g_assert_cmphex(xive_eas_target(0, 6, 0x10, FALSE), ==, CAPTURED);
}

static void
every_field_has_its_bits(void)
{
    static const struct {
        XiveEas eas;
        guint64 word;
    } rows[] = {
        {{.valid = TRUE}, G_GUINT64_CONSTANT(0x8000000000000000)},
        {{.end_block = 0xf}, G_GUINT64_CONSTANT(0x0f00000000000000)},
        {{.end_index = 0xffffff}, G_GUINT64_CONSTANT(0x00ffffff00000000)},
        {{.masked = TRUE}, G_GUINT64_CONSTANT(0x0000000080000000)},
        {{.eisn = 0x7fffffff}, G_GUINT64_CONSTANT(0x000000007fffffff)},
        {{.valid = 4, .masked = 2}, G_GUINT64_CONSTANT(0x8000000080000000)}, /* any truth is 1 */
    };

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        guint64 word = 0;

        g_assert_true(xive_eas_pack(&rows[i].eas, &word));
        g_assert_cmphex(word, ==, rows[i].word);
    }
}

static void
reset_is_allocated_and_masked(void)
{
    g_assert_cmphex(XIVE_EAS_RESET, ==, G_GUINT64_CONSTANT(0x8000000080000000));
}

/* EAS-1 */
static void
every_bit_survives_but_the_reserved(void)
{
    for (guint bit = 0; bit < 64; bit++) {
        guint64 words[] = {G_GUINT64_CONSTANT(1) << bit, ~(G_GUINT64_CONSTANT(1) << bit)};

        for (gsize i = 0; i < G_N_ELEMENTS(words); i++) {
            XiveEas eas = xive_eas_unpack(words[i]);
            guint64 again = 0;

            g_assert_true(xive_eas_pack(&eas, &again));
            g_assert_cmphex(again, ==, words[i] & ~RESERVED_BITS);
        }
    }
}

/* EAS-2 */
static void
a_value_too_wide_is_refused(void)
{
    static const XiveEas wide[] = {
        {.valid = TRUE, .end_block = 0x10},
        {.valid = TRUE, .end_index = 0x1000000},
        {.valid = TRUE, .eisn = 0x80000000u},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(wide); i++) {
        guint64 word = CAPTURED;

        g_assert_false(xive_eas_pack(&wide[i], &word));
        g_assert_cmphex(word, ==, CAPTURED);
    }
}

static void
a_target_is_server_times_8_plus_priority(void)
{
    for (guint32 server = 0; server < 300; server++) {
        for (guint8 prio = 0; prio < 8; prio++) {
            guint64 word = xive_eas_target(server, prio, 0x1100, TRUE);

            g_assert_cmpuint(xive_eas_end_index(word), ==, server * 8 + prio);
            g_assert_cmpuint(xive_end_index_server(xive_eas_end_index(word)), ==, server);
            g_assert_cmpuint(xive_end_index_prio(xive_eas_end_index(word)), ==, prio);
            g_assert_cmphex(xive_eas_eisn(word), ==, 0x1100);
            g_assert_true(xive_eas_is_masked(word));
            g_assert_true(xive_eas_is_valid(word));
        }
    }
    g_assert_cmphex(xive_eas_target(0x1fffff, 7, 0x7fffffff, FALSE), ==,
                    G_GUINT64_CONSTANT(0x80ffffff7fffffff));
}

/* Each in a process of its own, since it ends there. */
static void
a_target_out_of_range_is_a_programming_error(gconstpointer data)
{
    static const struct {
        guint32 server;
        guint8 prio;
        guint32 eisn;
    } rows[] = {{0, 8, 0x10}, {0x200000, 0, 0x10}, {0, 6, 0x80000000u}};
    guint row = GPOINTER_TO_UINT(data);

    if (g_test_subprocess()) {
        xive_eas_target(rows[row].server, rows[row].prio, rows[row].eisn, FALSE);
        return;
    }
    g_test_trap_subprocess(NULL, 0, 0);
    g_test_trap_assert_failed();
    g_test_trap_assert_stderr("*xive_eas_target*");
}

/* EAS-4 */
static void
masking_keeps_target_and_data(void)
{
    guint64 masked = xive_eas_set_masked(CAPTURED, TRUE);

    g_assert_cmphex(masked, ==, G_GUINT64_CONSTANT(0x8000000680000010));
    g_assert_cmphex(xive_eas_set_masked(masked, TRUE), ==, masked);
    g_assert_cmphex(xive_eas_set_masked(masked, FALSE), ==, CAPTURED);
}

/* EAS-3 */
static void
only_a_valid_unmasked_word_below_the_count_routes(void)
{
    static const struct {
        guint64 word;
        guint32 nr_ends;
        XiveEasResult result;
    } rows[] = {
        {CAPTURED, 7, XIVE_EAS_ROUTED},
        {CAPTURED, 6, XIVE_EAS_NO_END}, /* END 6 is the seventh */
        {CAPTURED, 0, XIVE_EAS_NO_END},
        {CAPTURED | XIVE_EAS_MASKED, 16, XIVE_EAS_IS_MASKED},
        {CAPTURED | XIVE_EAS_MASKED, 0, XIVE_EAS_IS_MASKED},
        {CAPTURED & ~XIVE_EAS_VALID, 16, XIVE_EAS_IS_INVALID},
        {XIVE_EAS_MASKED, 16, XIVE_EAS_IS_INVALID},
        {0, 16, XIVE_EAS_IS_INVALID},
        {XIVE_EAS_RESET, 16, XIVE_EAS_IS_MASKED},
        {CAPTURED | G_GUINT64_CONSTANT(0x0100000000000000), 16, XIVE_EAS_NO_END}, /* block 1 */
        {G_GUINT64_CONSTANT(0x80ffffff00000010), 0x1000000, XIVE_EAS_ROUTED},
        {G_GUINT64_CONSTANT(0x80ffffff00000010), 0xffffff, XIVE_EAS_NO_END},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        guint32 index = 0xdead, eisn = 0xbeef;
        gboolean routed = rows[i].result == XIVE_EAS_ROUTED;

        g_assert_cmpint(xive_eas_route(rows[i].word, rows[i].nr_ends, &index, &eisn), ==,
                        rows[i].result);
        g_assert_cmphex(index, ==, routed ? (guint32)(rows[i].word >> 32 & 0xffffff) : 0xdead);
        g_assert_cmphex(eisn, ==, routed ? 0x10 : 0xbeef);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/xive/eas/captured", the_captured_word_means_end_6_data_0x10);
    g_test_add_func("/xive/eas/fields", every_field_has_its_bits);
    g_test_add_func("/xive/eas/reset", reset_is_allocated_and_masked);
    g_test_add_func("/xive/eas/round-trip", every_bit_survives_but_the_reserved);
    g_test_add_func("/xive/eas/too-wide", a_value_too_wide_is_refused);
    g_test_add_func("/xive/eas/target", a_target_is_server_times_8_plus_priority);
    for (guint row = 0; row < 3; row++) {
        g_autofree char *path = g_strdup_printf("/xive/eas/target-range/%u", row);

        g_test_add_data_func(path, GUINT_TO_POINTER(row),
                             a_target_out_of_range_is_a_programming_error);
    }
    g_test_add_func("/xive/eas/mask", masking_keeps_target_and_data);
    g_test_add_func("/xive/eas/route", only_a_valid_unmasked_word_below_the_count_routes);
    return g_test_run();
}
