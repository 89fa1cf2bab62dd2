/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory of which not all has come: which pages are here, who waits for which, and how they are
 * put in place under a guest that runs.
 *
 * Until mig_postcopy_dst_listen() memory is written as in any migration, and only noted. From then
 * on an access to a page that is not here waits; a thread of its own asks for it. Whole pages of
 * the backing are put in place at once, and no page that is here is ever replaced.
 *
 * Pages come from a connection (incoming-postcopy.c) or from a file (mapped-demand.c); both have
 * the fault thread ask them.
 *
 * Not here: what is said to the source, and how (incoming-postcopy.c); the records (ram-load.c).
 *
 *   PD-1  A page is noted as here after it is in its place, never before.
 *   PD-2  A page is asked for once; again only over a new connection.
 *   PD-3  What is noted as here and yet absent is zero, and is put in place without asking.
 *   PD-4  After mig_postcopy_dst_give_up() nobody waits any more, and the guest must not run.
 */
#ifndef MIGRATION_GLUE_POSTCOPY_DST_H
#define MIGRATION_GLUE_POSTCOPY_DST_H

#include "migration-glue/ram-list.h"

typedef struct MigPostcopyDst MigPostcopyDst;

/* A page of what is behind the block, in bytes: what comes at once. */
guint64 mig_postcopy_backing(const MigRamEntry *entry);

/* Asks the source for [@start, @start + @n) of block @name, one page of its backing; from the
 * fault thread. */
typedef void (*MigPostcopyAsk)(void *user, const char *name, guint64 start, guint32 n);

/* How long accesses waited, µs. */
typedef struct {
    guint64 faults; /* pages that somebody waited for and that came */
    guint64 us;     /* all of them */
    guint64 median; /* upper bounds, exact to a quarter */
    guint64 percent99;
    guint64 longest;
    guint64 missing; /* bytes that have not come; 0 until it listens */
} MigPostcopyStats;

/* What the source said in its advice: FALSE with @error set if it does not fit this machine. */
gboolean mig_postcopy_check_advice(const MigRamList *list, guint64 page_sizes, guint64 target,
                                   GError **error);

/**
 * mig_postcopy_dst_new:
 * @list: outlives it
 *
 * FALSE with @error set if userfaultfd is not to be had, or not for one of the blocks.
 */
MigPostcopyDst *mig_postcopy_dst_new(const MigRamList *list, GError **error);
/* The thread ends: nobody is asked any more. */
void mig_postcopy_dst_stop(MigPostcopyDst *dst);
/* That, and who still waits finds zeros. NULL-safe. */
void mig_postcopy_dst_free(MigPostcopyDst *dst);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MigPostcopyDst, mig_postcopy_dst_free)

/* A page of 4 KiB was written in its place. Before it listens. */
void mig_postcopy_dst_note(MigPostcopyDst *dst, const MigRamEntry *entry, guint64 page);

/* What came of [@start, @start + @n) is out of date: it is thrown away. Before it listens. */
gboolean mig_postcopy_dst_discard(MigPostcopyDst *dst, const char *name, guint64 start, guint64 n,
                                  GError **error);

/* ---- For memory of which nothing is here, in place of the last two ---- */

/* FALSE with @error set if a block cannot be emptied, or an absent page of it would show as
 * something else than absent: to this process or to another one. */
gboolean mig_postcopy_dst_check_clear(MigPostcopyDst *dst, GError **error);

/* What @entry holds goes. Pages of 4 KiB whose bit of @bitmap (byte p / 8, bit p % 8) is set will
 * come; a page of the backing without any is zero (PD-3). */
gboolean mig_postcopy_dst_clear(MigPostcopyDst *dst, const MigRamEntry *entry, const guint8 *bitmap,
                                GError **error);

/* ---- From here on pages may be missing ---- */

gboolean
mig_postcopy_dst_listen(MigPostcopyDst *dst, MigPostcopyAsk ask, void *user, GError **error);
gboolean mig_postcopy_dst_listens(const MigPostcopyDst *dst);

/* ---- Pages while it listens: from the thread that reads the stream ---- */

/**
 * mig_postcopy_dst_stage:
 *
 * Where the 4 KiB at @offset of @entry are to be written before mig_postcopy_dst_put().
 *
 * Returns: NULL with @error set unless they are the first of a page of the backing, or those behind
 * the last ones.
 */
guint8 *mig_postcopy_dst_stage(MigPostcopyDst *dst, const MigRamEntry *entry, guint64 offset,
                               GError **error);
/* They were; with the last ones of it the page goes to its place. */
gboolean mig_postcopy_dst_put(MigPostcopyDst *dst, gboolean zero, GError **error);

/* ---- The same, for whoever has all of them at hand: any thread ---- */

/* The first stretch of 4 KiB pages in [*@from, @to), of at most @most, that is not here: *@from.
 * All are whole pages of the backing. Returns its length; 0: all is here. */
guint64 mig_postcopy_dst_missing(MigPostcopyDst *dst, const MigRamEntry *entry, guint64 *from,
                                 guint64 to, guint64 most);

/* Puts @n pages of 4 KiB, whole ones of the backing, from @bytes; those that came meanwhile stay as
 * they are. */
gboolean mig_postcopy_dst_fill(MigPostcopyDst *dst, const MigRamEntry *entry, guint64 first,
                               guint64 n, const guint8 *bytes, GError **error);

/* What is missing will not come, and is zero; nobody puts a page now. Any thread. */
void mig_postcopy_dst_drop(MigPostcopyDst *dst);

/* ---- Over another connection ---- */

/* The connection is a new one: a page that was begun will come again. */
void mig_postcopy_dst_restart(MigPostcopyDst *dst);
/* Asks again for all that somebody waits for. */
void mig_postcopy_dst_ask_again(MigPostcopyDst *dst);

/* Which pages of 4 KiB of block @name are here: words in the host's order, bit p % 64 of word p /
 * 64; NULL if there is no such block. (transfer full) */
guint64 *mig_postcopy_dst_here(MigPostcopyDst *dst, const char *name, gsize *n_words);

/* TRUE when all is here. */
gboolean mig_postcopy_dst_is_whole(MigPostcopyDst *dst);

/* Any thread. */
void mig_postcopy_dst_give_up(MigPostcopyDst *dst);
/* Any thread. Whether all of [@at, @at + @n), memory of this process, is here, or none of ours. */
gboolean mig_postcopy_dst_has(MigPostcopyDst *dst, const void *at, gsize n);
void mig_postcopy_dst_stats(MigPostcopyDst *dst, MigPostcopyStats *stats);

#endif
