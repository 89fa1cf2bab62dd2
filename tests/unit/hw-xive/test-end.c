/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hw-xive/core/end: event queues. Invariants END-1 ... END-6 of end.h.
 */
#include <string.h>

#include <glib.h>

#include "hw-xive/core/end.h"

#define GPA G_GUINT64_CONSTANT(0x0123456789000000) /* aligned for every size */

static XiveEnd
queue_of(guint32 qshift, guint32 toggle, guint32 index, gboolean notify)
{
    XiveEq eq = {.gpa = GPA, .qshift = qshift, .qtoggle = toggle, .qindex = index};
    XiveEnd end;

    g_assert_true(xive_end_setup(&end, &eq, 1, 6, notify));
    return end;
}

static void
reset_is_what_the_captured_stream_shows(void)
{
    XiveEnd end = queue_of(16, 1, 0, TRUE);
    static const XiveEnd captured = {0, 0x50000000, 0, 0, 0, 0, 0, 0};

    xive_end_reset(&end);
    g_assert_cmpmem(&end, sizeof(end), &captured, sizeof(captured));
    g_assert_cmpuint(sizeof(end), ==, 32);
    g_assert_false(xive_end_is_valid(&end));
    g_assert_false(xive_end_is_usable(&end));
}

static void
a_64_kib_queue_has_the_architected_words(void)
{
    XiveEq eq = {
        .gpa = G_GUINT64_CONSTANT(0x0aaaaaaabbbb0000), .qshift = 16, .qtoggle = 1, .qindex = 0x123};
    static const XiveEnd words = {
        .w0 = 0xe0040000, /* valid, enqueue, notify; 64 KiB is 4 */
        .w1 = 0x00400123, /* generation; offset */
        .w2 = 0x0aaaaaaa,
        .w3 = 0xbbbb0000,
        .w6 = 0x00000401, /* NVT 0x400 + 1 */
        .w7 = 0x00060000,
    };
    XiveEnd end;

    memset(&end, 0xff, sizeof(end));
    g_assert_true(xive_end_setup(&end, &eq, 1, 6, TRUE));
    g_assert_cmpmem(&end, sizeof(end), &words, sizeof(words));
}

static void
without_notify_only_that_bit_differs(void)
{
    XiveEnd with = queue_of(16, 1, 0, TRUE);
    XiveEnd without = queue_of(16, 1, 0, FALSE);

    g_assert_cmphex(with.w0 ^ without.w0, ==, 0x20000000);
    g_assert_true(xive_end_is_notify(&with));
    g_assert_false(xive_end_is_notify(&without));
    g_assert_true(xive_end_is_enqueue(&without));
    g_assert_true(xive_end_is_valid(&without));
}

/* END-1 */
static void
what_is_set_up_reads_back_for_every_size(void)
{
    for (guint32 qshift = 12; qshift <= 24; qshift++) {
        for (guint32 toggle = 0; toggle < 2; toggle++) {
            guint32 last = (1u << (qshift - 2)) - 1;
            XiveEnd end = queue_of(qshift, toggle, last, TRUE);
            XiveEq eq = xive_end_eq(&end);

            g_assert_cmpuint(xive_eq_entries(qshift), ==, last + 1);
            g_assert_cmphex(eq.gpa, ==, GPA);
            g_assert_cmpuint(eq.qshift, ==, qshift);
            g_assert_cmpuint(eq.qtoggle, ==, toggle);
            g_assert_cmpuint(eq.qindex, ==, last);
            g_assert_cmpuint(xive_end_server(&end), ==, 1);
            g_assert_cmpuint(xive_end_prio(&end), ==, 6);
            g_assert_true(xive_end_is_usable(&end));
        }
    }
}

/* END-5 */
static void
a_queue_out_of_range_is_refused_and_nothing_changes(void)
{
    static const XiveEq bad[] = {
        {GPA, 11, 1, 0},          {GPA, 25, 1, 0},
        {GPA, 0, 1, 0},           {GPA, 0xffffffff, 1, 0},
        {GPA + 0x8000, 16, 1, 0}, /* half a queue off */
        {GPA + 1, 12, 1, 0},      {G_GUINT64_CONSTANT(1) << 60, 16, 1, 0},
        {GPA, 16, 2, 0},          {GPA, 16, 1, 0x4000}, /* one past the last */
        {GPA, 24, 1, 0x400000},
    };
    XiveEnd before = queue_of(16, 1, 7, TRUE);
    XiveEnd end = before;

    for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_assert_false(xive_eq_check(&bad[i]));
        g_assert_false(xive_end_setup(&end, &bad[i], 1, 6, TRUE));
        g_assert_cmpmem(&end, sizeof(end), &before, sizeof(before));
    }
}

/* END-5 */
static void
a_server_or_priority_out_of_range_is_refused(void)
{
    XiveEq eq = {.gpa = GPA, .qshift = 16, .qtoggle = 1};
    XiveEnd before = queue_of(16, 1, 7, TRUE);
    XiveEnd end = before;

    g_assert_false(xive_end_setup(&end, &eq, 1, 8, TRUE));
    g_assert_false(xive_end_setup(&end, &eq, 1, 0xff, TRUE));
    g_assert_false(xive_end_setup(&end, &eq, 0x80000 - 0x400, 6, TRUE));
    g_assert_false(xive_end_setup(&end, &eq, 0xffffffff, 6, TRUE));
    g_assert_cmpmem(&end, sizeof(end), &before, sizeof(before));

    g_assert_true(xive_end_setup(&end, &eq, 0x7ffff - 0x400, 7, TRUE));
    g_assert_cmphex(end.w6, ==, 0x7ffff);
    g_assert_cmpuint(xive_end_server(&end), ==, 0x7ffff - 0x400);
}

/* END-2, END-3, END-4: three times round, every entry */
static void
the_generation_flips_at_the_wrap_and_only_there(gconstpointer data)
{
    guint32 qshift = GPOINTER_TO_UINT(data);
    guint32 entries = 1u << (qshift - 2);
    XiveEnd end = queue_of(qshift, 1, 0, TRUE);
    guint32 generation = 1;

    for (guint round = 0; round < 3; round++) {
        for (guint32 i = 0; i < entries; i++) {
            XiveEqEntry entry = xive_end_next(&end, i);

            if (entry.gpa != GPA + 4 * (guint64)i || entry.word != (generation << 31 | i))
                g_error("round %u entry %u: %" G_GINT64_MODIFIER "x %08x", round, i, entry.gpa,
                        entry.word);
        }
        generation ^= 1;
        g_assert_cmpuint(xive_end_eq(&end).qindex, ==, 0);
        g_assert_cmpuint(xive_end_eq(&end).qtoggle, ==, generation);
    }
}

static void
a_step_touches_word_1_alone(void)
{
    XiveEnd before = queue_of(16, 1, 0x3fff, TRUE);
    XiveEnd end = before;

    before.w1 = end.w1 |= 0x40000000; /* ESn is not the step's business */
    xive_end_next(&end, 0x10);
    g_assert_cmphex(end.w1, ==, 0x40000000); /* wrapped: offset 0, generation 0 */
    end.w1 = before.w1;
    g_assert_cmpmem(&end, sizeof(end), &before, sizeof(before));
}

/* END-4 */
static void
the_entry_is_generation_and_data(void)
{
    static const struct {
        guint32 toggle;
        guint32 eisn;
        guint32 word;
    } rows[] = {
        {1, 0x10, 0x80000010},
        {0, 0x10, 0x00000010},
        {1, 0x7fffffff, 0xffffffff},
        {0, 0x7fffffff, 0x7fffffff},
        {1, 0, 0x80000000},
        {0, 0xffffffff, 0x7fffffff}, /* a wide value cannot forge the generation */
    };

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        XiveEnd end = queue_of(16, rows[i].toggle, 5, TRUE);
        XiveEqEntry entry = xive_end_next(&end, rows[i].eisn);

        g_assert_cmphex(entry.word, ==, rows[i].word);
        g_assert_cmphex(entry.gpa, ==, GPA + 20);
    }
}

/* END-2 */
static void
no_words_whatever_lead_outside_the_queue(void)
{
    for (guint i = 0; i < 100000; i++) {
        XiveEnd end = {
            .w0 = (guint32)g_test_rand_int(),
            .w1 = (guint32)g_test_rand_int(),
            .w2 = (guint32)g_test_rand_int(),
            .w3 = (guint32)g_test_rand_int(),
        };
        XiveEq eq = xive_end_eq(&end);
        XiveEqEntry entry = xive_end_next(&end, 0x10);

        g_assert_cmphex(entry.gpa, >=, eq.gpa);
        g_assert_cmphex(entry.gpa - eq.gpa, <, G_GUINT64_CONSTANT(1) << eq.qshift);
        g_assert_cmphex(eq.gpa, <, G_GUINT64_CONSTANT(1) << 60);
    }
}

static void
what_a_stream_may_bring_is_not_always_usable(void)
{
    static const struct {
        gsize word;
        guint32 clear;
        guint32 set;
        gboolean usable;
    } rows[] = {
        {0, 0, 0, TRUE},
        {0, 0x80000000, 0, FALSE},          /* not valid */
        {0, 0, 0x000f0000, FALSE},          /* 2^27 bytes */
        {0, 0x000f0000, 0x000d0000, FALSE}, /* 2^25 bytes */
        {0, 0x40000000, 0x000f0000, TRUE},  /* a size does not matter without queue */
        {1, 0x003fffff, 0x00004000, FALSE}, /* index one past the last */
        {1, 0x003fffff, 0x00003fff, TRUE},  /* the last */
        {1, 0, 0xf0000000, TRUE},           /* ESn and ESe as they may be */
        {2, 0, 0xf0000000, TRUE},           /* reserved bits are no address */
        {3, 0, 0x00008000, FALSE},          /* unaligned */
        {6, 0, 0x00800000, FALSE},          /* format 1 */
        {6, 0, 0x00400000, FALSE},          /* NVT block 8 */
        {6, 0, 0x00080000, FALSE},          /* NVT block 1 */
        {6, 0x0007ffff, 0x000003ff, FALSE}, /* below the first NVT */
        {6, 0x0007ffff, 0x00000400, TRUE},  /* the first NVT */
        {7, 0x00ff0000, 0x00080000, FALSE}, /* priority 8 */
        {7, 0x00ff0000, 0x00ff0000, FALSE}, /* priority 0xff */
        {7, 0x00ff0000, 0x00860000, FALSE}, /* priority 0x86 */
        {7, 0x00ff0000, 0x00070000, TRUE},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        XiveEnd end = queue_of(16, 1, 0, TRUE);
        guint32 words[8];

        memcpy(words, &end, sizeof(end));
        words[rows[i].word] = (words[rows[i].word] & ~rows[i].clear) | rows[i].set;
        memcpy(&end, words, sizeof(end));
        if (xive_end_is_usable(&end) != rows[i].usable)
            g_error("row %" G_GSIZE_FORMAT, i);
    }
}

/* END-6 */
static void
a_position_replaces_all_of_word_1(void)
{
    XiveEnd end = queue_of(16, 0, 0, TRUE);

    end.w1 = 0xffffffff;
    xive_end_set_position(&end, 1, 0x2345);
    g_assert_cmphex(end.w1, ==, 0x00402345);
    xive_end_set_position(&end, 0, 0);
    g_assert_cmphex(end.w1, ==, 0);
    xive_end_set_position(&end, 2, 0xffffffff); /* cut to the fields */
    g_assert_cmphex(end.w1, ==, 0x003fffff);
}

static void
unconditional_notify_tells_every_time_and_leaves_esn(void)
{
    XiveEnd end = queue_of(16, 1, 0, TRUE);
    guint32 w1 = end.w1;

    for (guint i = 0; i < 3; i++)
        g_assert_true(xive_end_notify(&end));
    g_assert_cmphex(end.w1, ==, w1);
}

static void
conditional_notify_tells_once_in_every_esn_state(void)
{
    /* ESn before -> after, told */
    static const struct {
        guint32 before;
        guint32 after;
        gboolean told;
    } rows[] = {
        {0x00400000, 0x80400000, TRUE},
        {0x40400000, 0x40400000, FALSE},
        {0x80400000, 0xc0400000, FALSE},
        {0xc0400000, 0xc0400000, FALSE},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        XiveEnd end = queue_of(16, 1, 0, FALSE);

        end.w1 = rows[i].before;
        g_assert_cmpint(xive_end_notify(&end), ==, rows[i].told);
        g_assert_cmphex(end.w1, ==, rows[i].after);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/xive/end/reset", reset_is_what_the_captured_stream_shows);
    g_test_add_func("/xive/end/words", a_64_kib_queue_has_the_architected_words);
    g_test_add_func("/xive/end/notify-bit", without_notify_only_that_bit_differs);
    g_test_add_func("/xive/end/round-trip", what_is_set_up_reads_back_for_every_size);
    g_test_add_func("/xive/end/refuse-queue", a_queue_out_of_range_is_refused_and_nothing_changes);
    g_test_add_func("/xive/end/refuse-target", a_server_or_priority_out_of_range_is_refused);
    for (guint qshift = XIVE_EQ_SHIFT_MIN; qshift <= XIVE_EQ_SHIFT_MAX; qshift++) {
        g_autofree char *path = g_strdup_printf("/xive/end/wrap/%u", qshift);

        g_test_add_data_func(path, GUINT_TO_POINTER(qshift),
                             the_generation_flips_at_the_wrap_and_only_there);
    }
    g_test_add_func("/xive/end/step", a_step_touches_word_1_alone);
    g_test_add_func("/xive/end/entry", the_entry_is_generation_and_data);
    g_test_add_func("/xive/end/inside", no_words_whatever_lead_outside_the_queue);
    g_test_add_func("/xive/end/usable", what_a_stream_may_bring_is_not_always_usable);
    g_test_add_func("/xive/end/position", a_position_replaces_all_of_word_1);
    g_test_add_func("/xive/end/notify", unconditional_notify_tells_every_time_and_leaves_esn);
    g_test_add_func("/xive/end/notify-once", conditional_notify_tells_once_in_every_esn_state);
    return g_test_run();
}
