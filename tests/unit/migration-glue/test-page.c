/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every kind of the search for zeros, against a loop that nobody can doubt.
 */
#include <string.h>

#include "migration-glue/page.h"

#define ROOM (4096 + 128)

static gboolean
naive(const guint8 *bytes, gsize n)
{
    for (gsize i = 0; i < n; i++) {
        if (bytes[i] != 0)
            return FALSE;
    }
    return TRUE;
}

/* One byte at a time, at every place of a page that begins anywhere; and right before and behind
 * it, where it does not count. */
static void
one_byte_is_found_wherever_it_is(gconstpointer data)
{
    const MigZeroScanKind *kind = data;
    g_autofree guint8 *room = g_malloc0(ROOM);

    if (!kind->usable()) {
        g_test_skip("the processor cannot do it");
        return;
    }
    for (gsize align = 1; align <= 64; align++) {
        guint8 *page = room + align;

        g_assert_true(kind->scan(page, 4096));
        for (gsize i = 0; i < 4096; i++) {
            page[i] = (guint8)(1u << (i % 8));
            g_assert_false(kind->scan(page, 4096));
            page[i] = 0;
        }
        page[-1] = page[4096] = 0xff;
        g_assert_true(kind->scan(page, 4096));
        page[-1] = page[4096] = 0;
    }
}

static void
every_length_gives_what_a_plain_loop_gives(gconstpointer data)
{
    const MigZeroScanKind *kind = data;
    g_autofree guint8 *room = g_malloc0(ROOM);

    if (!kind->usable()) {
        g_test_skip("the processor cannot do it");
        return;
    }
    for (gsize n = 0; n <= 700; n++) {
        for (gsize i = 0; i <= n; i++) { /* the last one is behind the end */
            room[i + 3] = 0x80;
            g_assert_cmpint(kind->scan(room + 3, n), ==, naive(room + 3, n));
            room[i + 3] = 0;
        }
    }
}

static void
the_best_kind_is_one_that_can_be_used(void)
{
    guint n;
    const MigZeroScanKind *kinds = mig_zero_scan_kinds(&n);
    MigZeroScan best = mig_zero_scan_best();
    gboolean known = FALSE;

    g_assert_true(kinds[0].usable());
    for (guint i = 0; i < n; i++)
        known = known || (kinds[i].scan == best && kinds[i].usable());
    g_assert_true(known);
}

int
main(int argc, char **argv)
{
    guint n;
    const MigZeroScanKind *kinds = mig_zero_scan_kinds(&n);

    g_test_init(&argc, &argv, NULL);
    for (guint i = 0; i < n; i++) {
        g_autofree char *one = g_strdup_printf("/page/%s/one-byte-is-found", kinds[i].name);
        g_autofree char *all = g_strdup_printf("/page/%s/every-length", kinds[i].name);

        g_test_add_data_func(one, &kinds[i], one_byte_is_found_wherever_it_is);
        g_test_add_data_func(all, &kinds[i], every_length_gives_what_a_plain_loop_gives);
    }
    g_test_add_func("/page/the_best_kind_is_one_that_can_be_used",
                    the_best_kind_is_one_that_can_be_used);
    return g_test_run();
}
