/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which pages of a block nobody has ever touched: they are zero, and are not looked at, since a
 * look would give them memory.
 *
 * Private anonymous memory is asked of the process's page map: what is neither present nor swapped
 * out was never touched. (mincore() would not do: it does not know what is swapped out.) Memory of
 * a shared file, memfd and tmpfs too, is asked of the file: what is a hole there is a hole here.
 */
#ifndef MIGRATION_GLUE_SPARSE_H
#define MIGRATION_GLUE_SPARSE_H

#include "migration-glue/page-pool.h"
#include "migration-glue/ram.h"

typedef struct MigSparse MigSparse;

MigSparse *mig_sparse_new(void);
void mig_sparse_free(MigSparse *sparse); /* NULL-safe */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MigSparse, mig_sparse_free)

/**
 * mig_sparse_drop_untouched:
 * @first: page of @block
 * @pages: bits of pages from @first on; those of pages that are zero for sure are cleared
 *
 * Any thread. Where it cannot be told, nothing is cleared.
 */
void mig_sparse_drop_untouched(MigSparse *sparse, const MigRamBlock *block, guint64 first,
                               guint64 pages[MIG_GROUP_WORDS]);

/* What one thread asked last, so that neighbours cost one question. Zeroed: nothing. */
typedef struct {
    const MigRamBlock *block;
    guint64 first;
    guint64 touched[MIG_GROUP_WORDS];
} MigLook;

/**
 * mig_sparse_is_touched:
 * @look: answers from what was known when the page's group was first asked for
 *
 * Returns: FALSE if the page was zero for sure, then.
 */
gboolean
mig_sparse_is_touched(MigSparse *sparse, MigLook *look, const MigRamBlock *block, guint64 page);

/* Whoever looks writes the page itself. */
void mig_look_touch(MigLook *look, const MigRamBlock *block, guint64 page);

#endif
