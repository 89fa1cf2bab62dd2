/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A few threads that work on groups of pages, in any order and several at once.
 *
 * One thread hands groups in. The first failure sticks: what was handed in and not begun is
 * dropped.
 */
#ifndef MIGRATION_GLUE_PAGE_POOL_H
#define MIGRATION_GLUE_PAGE_POOL_H

#include <glib.h>

#define MIG_GROUP_WORDS 4u
#define MIG_GROUP_PAGES (64u * MIG_GROUP_WORDS) /* 1 MiB */

/* Some pages of a stretch that begins at a multiple of MIG_GROUP_PAGES: two groups never share a
 * word of a bitmap. */
typedef struct {
    guint block;                    /* index in the list */
    guint64 first;                  /* page */
    guint64 pages[MIG_GROUP_WORDS]; /* bit i % 64 of word i / 64: page first + i */
} MigGroup;

typedef gboolean (*MigGroupFunc)(void *user, const MigGroup *group, GError **error);

typedef struct MigPool MigPool;

/**
 * mig_pool_new:
 * @threads: 0: groups are worked on by the one who hands them in
 * @work:    from any of the threads
 */
MigPool *mig_pool_new(guint threads, MigGroupFunc work, void *user);

/* Waits for what is being worked on, and drops the rest. NULL-safe. */
void mig_pool_free(MigPool *pool);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MigPool, mig_pool_free)

/* Waits until there is room for it. FALSE with @error set once anything has failed. */
gboolean mig_pool_put(MigPool *pool, const MigGroup *group, GError **error);

/* Waits until all is done. FALSE as above. */
gboolean mig_pool_drain(MigPool *pool, GError **error);

#endif
