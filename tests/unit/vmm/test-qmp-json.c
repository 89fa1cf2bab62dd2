/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The cutting of a byte stream into JSON texts: what comes out, and that it does not depend on how
 * the bytes arrive. FRAME-n: invariants of vmm/monitor/qmp-json.h.
 */
#include "vmm/monitor/qmp-json.h"
#include <string.h>

/* Feeds @n bytes and appends each text as T<text>| and each bad one as B|. */
static void
feed(QmpFramer *framer, const char *bytes, gsize n, GString *out)
{
    const guint8 *next = (const guint8 *)bytes;

    while (n > 0) {
        QmpFrame frame = qmp_framer_next(framer, &next, &n);

        if (frame == QMP_FRAME_TEXT)
            g_string_append_printf(out, "T%s|", qmp_framer_text(framer, NULL));
        else if (frame == QMP_FRAME_BAD)
            g_string_append(out, "B|");
    }
}

static void
assert_frames(const char *input, gsize n, const char *expected)
{
    for (gsize cut = 0; cut <= n; cut++) {
        g_autoptr(QmpFramer) framer = qmp_framer_new();
        g_autoptr(GString) out = g_string_new(NULL);

        feed(framer, input, cut, out);
        feed(framer, input + cut, n - cut, out);
        g_assert_cmpstr(out->str, ==, expected);
    }
}

#define ASSERT_FRAMES(input, expected) assert_frames(input, sizeof(input) - 1, expected)

static void
texts_are_found_wherever_the_lines_end(void)
{
    ASSERT_FRAMES("{\"a\": 1}", "T{\"a\": 1}|");
    ASSERT_FRAMES("{}{}\r\n {}", "T{}|T{}|T{}|");
    ASSERT_FRAMES("{\"a\":\r\n\t[1,\n2]}\n", "T{\"a\":\r\n\t[1,\n2]}|");
    ASSERT_FRAMES("[1] [[]]", "T[1]|T[[]]|");
    ASSERT_FRAMES(" \t\r\n", "");
    ASSERT_FRAMES("{\"a\"", "");
}

static void
brackets_inside_strings_do_not_count(void)
{
    ASSERT_FRAMES("{\"}{\": \"]\\\"}\"}", "T{\"}{\": \"]\\\"}\"}|");
    ASSERT_FRAMES("{\"a\": \"\\\\\"}{}", "T{\"a\": \"\\\\\"}|T{}|");
}

static void
single_quotes_become_double_quotes(void)
{
    ASSERT_FRAMES("{'execute': 'stop'}", "T{\"execute\": \"stop\"}|");
    ASSERT_FRAMES("{'a': 'say \"x\"'}", "T{\"a\": \"say \\\"x\\\"\"}|");
    ASSERT_FRAMES("{'a': 'it\\'s'}", "T{\"a\": \"it's\"}|");
    ASSERT_FRAMES("{\"a\": \"it\\'s it's\"}", "T{\"a\": \"it's it's\"}|");
    ASSERT_FRAMES("{'a': '\\u0041\\\\'}", "T{\"a\": \"\\u0041\\\\\"}|");
}

/* FRAME-2 */
static void
what_follows_a_bad_text_is_read(void)
{
    ASSERT_FRAMES("hello, world\n{}", "B|T{}|");
    ASSERT_FRAMES("hello {}", "B|T{}|");
    ASSERT_FRAMES("}\n]\n{}", "B|B|T{}|");
    ASSERT_FRAMES("42\n\"str\"\n{}", "B|B|T{}|");
    ASSERT_FRAMES("{\"a\": [1}, 2]}\n{}", "B|T{}|");
    ASSERT_FRAMES("{\"a\": \"no end\n{}", "B|T{}|");
    ASSERT_FRAMES("{'a': 'no end\\\n{}", "B|T{}|");
    ASSERT_FRAMES("{'a': 'tab\there'}\n{}", "B|B|T{}|");
}

/* FRAME-4 */
static void
a_control_byte_ends_what_was_begun(void)
{
    ASSERT_FRAMES("{\"a\": [\001{}", "B|T{}|");
    ASSERT_FRAMES("{\"a\": \"\377{}", "B|T{}|");
    ASSERT_FRAMES("{'a': '\\\376{}", "B|T{}|");
    ASSERT_FRAMES("\001\002{}", "B|B|T{}|");
    ASSERT_FRAMES("x\033{}", "B|B|T{}|");
    ASSERT_FRAMES("{\"a\0\": 1{}", "B|B|T{}|"); /* a NUL is a control byte too */
    ASSERT_FRAMES("{\"a\": \"\303\277\177\"}", "T{\"a\": \"\303\277\177\"}|"); /* these are not */
}

static GString *
nested(guint depth, const char *inner)
{
    GString *text = g_string_new(NULL);

    for (guint i = 0; i < depth; i++)
        g_string_append_c(text, i % 2 ? '[' : '{');
    g_string_append(text, inner);
    for (guint i = depth; i-- > 0;)
        g_string_append_c(text, i % 2 ? ']' : '}');
    return text;
}

static void
nesting_is_bounded(void)
{
    g_autoptr(GString) deepest = nested(QMP_DEPTH_MAX, "");
    g_autoptr(GString) too_deep = nested(QMP_DEPTH_MAX + 1, "");
    g_autoptr(GString) abyss = nested(5000, "'}}}'");
    g_autoptr(GString) out = g_string_new(NULL);
    g_autoptr(QmpFramer) framer = qmp_framer_new();

    feed(framer, deepest->str, deepest->len, out);
    g_assert_cmpuint(out->len, ==, deepest->len + 2);
    g_assert_true(g_str_has_prefix(out->str, "T{[{["));

    g_string_truncate(out, 0);
    feed(framer, too_deep->str, too_deep->len, out);
    feed(framer, "{}", 2, out);
    feed(framer, abyss->str, abyss->len, out);
    feed(framer, "{}", 2, out);
    g_assert_cmpstr(out->str, ==, "B|T{}|B|T{}|");
}

/* A text of @n bytes: {"a": "xxx…"} */
static GString *
long_text(gsize n)
{
    GString *text = g_string_new("{\"a\": \"");

    while (text->len < n - 2)
        g_string_append_c(text, 'x');
    g_string_append(text, "\"}");
    return text;
}

/* FRAME-3 */
static void
length_is_bounded(void)
{
    g_autoptr(GString) longest = long_text(QMP_TEXT_MAX);
    g_autoptr(GString) too_long = long_text(QMP_TEXT_MAX + 1);
    g_autoptr(GString) endless = long_text(40 * QMP_TEXT_MAX);
    g_autoptr(GString) out = g_string_new(NULL);
    g_autoptr(QmpFramer) framer = qmp_framer_new();
    gsize n;

    feed(framer, longest->str, longest->len, out);
    g_assert_cmpuint(out->len, ==, QMP_TEXT_MAX + 2);

    g_string_truncate(out, 0);
    feed(framer, too_long->str, too_long->len, out);
    feed(framer, "{}", 2, out);
    feed(framer, endless->str, endless->len - 2, out);
    qmp_framer_text(framer, &n);
    g_assert_cmpuint(n, <=, QMP_TEXT_MAX);
    feed(framer, "\"}{}", 4, out);
    g_assert_cmpstr(out->str, ==, "B|T{}|B|T{}|");
}

/* FRAME-1, over bytes that mean something to the framer and some that do not. */
static void
random_streams_do_not_depend_on_their_cuts(void)
{
    static const char alphabet[] = "{}[]\"'\\\n x,:\001\377";
    guint32 seed = g_test_rand_int();
    g_autoptr(GRand) random = g_rand_new_with_seed(seed);

    g_test_message("seed %u", seed);
    for (guint round = 0; round < 3000; round++) {
        g_autoptr(QmpFramer) whole = qmp_framer_new(), pieces = qmp_framer_new();
        g_autoptr(GString) expected = g_string_new(NULL), got = g_string_new(NULL);
        gsize n = (gsize)g_rand_int_range(random, 1, 60), at = 0;
        char bytes[60];

        for (gsize i = 0; i < n; i++)
            bytes[i] = alphabet[g_rand_int_range(random, 0, sizeof(alphabet) - 1)];
        feed(whole, bytes, n, expected);
        while (at < n) {
            gsize piece = (gsize)g_rand_int_range(random, 1, (gint32)(n - at) + 1);

            feed(pieces, bytes + at, piece, got);
            at += piece;
        }
        g_assert_cmpstr(got->str, ==, expected->str);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/qmp-json/texts-are-found-wherever-the-lines-end",
                    texts_are_found_wherever_the_lines_end);
    g_test_add_func("/qmp-json/brackets-inside-strings-do-not-count",
                    brackets_inside_strings_do_not_count);
    g_test_add_func("/qmp-json/single-quotes-become-double-quotes",
                    single_quotes_become_double_quotes);
    g_test_add_func("/qmp-json/what-follows-a-bad-text-is-read", what_follows_a_bad_text_is_read);
    g_test_add_func("/qmp-json/a-control-byte-ends-what-was-begun",
                    a_control_byte_ends_what_was_begun);
    g_test_add_func("/qmp-json/nesting-is-bounded", nesting_is_bounded);
    g_test_add_func("/qmp-json/length-is-bounded", length_is_bounded);
    g_test_add_func("/qmp-json/random-streams-do-not-depend-on-their-cuts",
                    random_streams_do_not_depend_on_their_cuts);
    return g_test_run();
}
