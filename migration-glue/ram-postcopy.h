/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * RAM after the guest has moved: what the two halves of the section do for postcopy beyond ram.h.
 */
#ifndef MIGRATION_GLUE_RAM_POSTCOPY_H
#define MIGRATION_GLUE_RAM_POSTCOPY_H

#include "migration-glue/mapped-load.h"
#include "migration-glue/postcopy-dst.h"
#include "migration-glue/ram.h"

/* Whether the list of blocks has the page size of this one, if postcopy was advised: it is not the
 * host's. */
gboolean mig_ram_tells_page_size(const MigRamBlock *block);

/* ---- Saving ---- */

/* All page sizes of the blocks whose pages travel, ORed: what the advice says. After prepare. */
guint64 mig_ram_save_page_sizes(const MigRamSave *ram);

/**
 * mig_ram_save_switch:
 *
 * The machine has stopped: fetches the log for the last time. From now on parts send whole pages of
 * the backing, what was asked for first. What is dirty then is what the other side must discard.
 */
gboolean mig_ram_save_switch(MigRamSave *ram, GError **error);
/* As commands, into @stream. */
void mig_ram_save_put_discards(const MigRamSave *ram, MigStream *stream);

/* The destination asks for [@start, @start + @n) of block @name; NULL: of the one before. Any
 * thread. FALSE with @error set if there is no such memory, or too much was asked for. */
gboolean
mig_ram_save_ask(MigRamSave *ram, const char *name, guint64 start, guint32 n, GError **error);

/* Waits until something is asked for, or so long. */
void mig_ram_save_wait(MigRamSave *ram, gint64 us);
/* Ends the waiting. Any thread. */
void mig_ram_save_kick(MigRamSave *ram);

/* ---- Recovery ---- */

/* Asks by @stream which pages of block @index are there; FALSE: there is no such block. Those whose
 * pages do not travel are passed over. */
guint mig_ram_save_n_blocks(const MigRamSave *ram);
const char *mig_ram_save_block(const MigRamSave *ram, guint index); /* NULL: passed over */
/* Before the first is asked for; ends with mig_ram_save_restart(). */
void mig_ram_save_agree(MigRamSave *ram);
/* What follows the message RECV_BITMAP: all other pages are to be sent. From the thread that reads
 * the return path, while the migration's thread waits. */
gboolean
mig_ram_save_take_bitmap(MigRamSave *ram, const char *name, MigStream *back, GError **error);
/* After all of them. */
void mig_ram_save_restart(MigRamSave *ram);

/* ---- Loading ---- */

/* The source's advice, before the list of blocks. FALSE with @error set if postcopy cannot be. */
gboolean mig_ram_load_advise(MigRamLoad *ram, guint64 page_sizes, guint64 target, GError **error);
/* All headers and bitmaps of a mapped-ram file were read and are right; in @stream the section goes
 * on behind them. @list, @mapped: stay until the MigRamLoad goes. */
typedef gboolean (*MigPlacesFunc)(void *user, const MigRamList *list, const MigMappedLoad *mapped,
                                  MigStream *stream, GError **error);
/* @places takes the place of reading what the places hold. */
void mig_ram_load_set_places(MigRamLoad *ram, MigPlacesFunc places, void *user);

/* NULL: not advised, or the list has not come. */
MigPostcopyDst *mig_ram_load_postcopy(const MigRamLoad *ram);
/* From now on only @reader loads. */
void mig_ram_load_give_to(MigRamLoad *ram, GThread *reader);
/* A new connection: nothing of the old one counts. By the reader. */
void mig_ram_load_restart(MigRamLoad *ram);

#endif
