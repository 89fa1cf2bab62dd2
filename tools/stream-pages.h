/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The contents of memory, 16 bytes a page: enough to tell where two streams differ.
 *
 * A page that was never mentioned is zero, as in a fresh machine. Only pages with content take
 * room, so that a stream cannot make this large by promising.
 */
#ifndef TOOLS_STREAM_PAGES_H
#define TOOLS_STREAM_PAGES_H

#include "tools/stream-ram.h"

typedef struct {
    guint64 a, b; /* both 0: a page of zeros */
} StreamPageHash;

typedef struct {
    GPtrArray *blocks; /* by index: GHashTable of groups of pages */
    guint64 indirect;  /* pages known by differences or in compressed form only */
} StreamPages;

void stream_pages_init(StreamPages *pages);
void stream_pages_clear(StreamPages *pages); /* zero-safe */

/* A StreamPageFunc; @user: the StreamPages. */
void stream_pages_take(guint block, guint64 offset, StreamPageKind kind, const guint8 *bytes,
                       gsize n, void *user);

/* Bytes [start, end) of a block differ. FALSE ends it. */
typedef void (*StreamRangeFunc)(guint64 start, guint64 end, void *user);

/* Shows every range, in order, in which block @a of @left differs from block @b of @right. */
void stream_pages_compare(const StreamPages *left, guint a, const StreamPages *right, guint b,
                          StreamRangeFunc func, void *user);

#endif
