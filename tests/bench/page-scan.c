/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How fast pages of zeros are found, beside reading the same memory and doing nothing with it.
 *
 * Prints "scan N" and "read N", MB/s: the fastest of several turns of each, in turn. The memory is
 * larger than caches are.
 */
#include <stdio.h>
#include <string.h>

#include "migration-glue/page.h"

#define BYTES (G_GUINT64_CONSTANT(512) << 20)
#define TURNS 7u

/* Sixteen words a step, which a compiler turns into vector loads; memory is slower than any of
 * them. */
static guint64
read_all(const guint64 *words, gsize n)
{
    guint64 sum[16] = {0};

    for (gsize i = 0; i < n; i += G_N_ELEMENTS(sum))
        for (guint j = 0; j < G_N_ELEMENTS(sum); j++)
            sum[j] |= words[i + j];
    for (guint j = 1; j < G_N_ELEMENTS(sum); j++)
        sum[0] |= sum[j];
    return sum[0];
}

static guint64
scan_all(const guint8 *bytes, MigZeroScan scan)
{
    guint64 found = 0;

    for (guint64 at = 0; at < BYTES; at += MIG_PAGE_SIZE)
        found += scan(bytes + at, MIG_PAGE_SIZE);
    return found;
}

static double
rate(gint64 began)
{
    return (double)BYTES / (double)MAX(g_get_monotonic_time() - began, 1);
}

int
main(void)
{
    guint8 *bytes = g_malloc(BYTES);
    MigZeroScan scan = mig_zero_scan_best();
    double scanned = 0, read = 0;

    memset(bytes, 0, BYTES); /* pages of our own, not the kernel's one page of zeros */
    for (guint i = 0; i < TURNS; i++) {
        gint64 began = g_get_monotonic_time();

        g_assert_cmpuint(read_all((const guint64 *)(const void *)bytes, BYTES / 8), ==, 0);
        read = MAX(read, rate(began));
        began = g_get_monotonic_time();
        g_assert_cmpuint(scan_all(bytes, scan), ==, BYTES / MIG_PAGE_SIZE);
        scanned = MAX(scanned, rate(began));
    }
    printf("scan %.0f\nread %.0f\n", scanned, read);
    g_free(bytes);
    return 0;
}
