/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Guest pages as the wire knows them: 4 KiB, whatever the host's page; and the search for zeros.
 */
#ifndef MIGRATION_GLUE_PAGE_H
#define MIGRATION_GLUE_PAGE_H

#include <glib.h>

#define MIG_PAGE_SHIFT 12u
#define MIG_PAGE_SIZE  (G_GUINT64_CONSTANT(1) << MIG_PAGE_SHIFT)

/* Whether all @n bytes are zero; any alignment, any length. Another thread may write them
 * meanwhile: the answer is then that of some moment. */
typedef gboolean (*MigZeroScan)(const void *bytes, gsize n);

typedef struct {
    const char *name;         /* "words", "avx2", "vsx" */
    gboolean (*usable)(void); /* on the processor at hand */
    MigZeroScan scan;
} MigZeroScanKind;

/* All kinds that this program was built with, slowest first; *@n ≥ 1, the first is always usable.
 */
const MigZeroScanKind *mig_zero_scan_kinds(guint *n);

/* The best that the processor can do. Ask once, keep the answer. */
MigZeroScan mig_zero_scan_best(void);

#endif
