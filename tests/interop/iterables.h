/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The sections that no description covers, `ram` and `spapr/htab`: their records are parsed and
 * dropped.
 */
#ifndef TESTS_INTEROP_ITERABLES_H
#define TESTS_INTEROP_ITERABLES_H

#include "migration-glue/section.h"

typedef struct {
    guint64 ram;     /* bytes of all blocks */
    guint64 pages;   /* records of pages */
    guint64 entries; /* of the hash table */
} Iterables;

/* Registers both handlers; @iterables outlives @sections. */
gboolean iterables_add(Iterables *iterables, MigSections *sections, GError **error);

#endif
