/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The undo journal of one section that is being loaded: what every store has overwritten.
 */
#ifndef MIGRATION_GLUE_ENGINE_JOURNAL_H
#define MIGRATION_GLUE_ENGINE_JOURNAL_H

#include <glib.h>

#include "vdev/vmstate.h"

typedef struct MigJournal MigJournal;

MigJournal *mig_journal_new(void);

/* Before @n bytes at @address are overwritten. */
void mig_journal_bytes(MigJournal *journal, void *address, gsize n);

/* Before the pointer at @address, which owns its memory, is replaced by another such pointer. */
void mig_journal_pointer(MigJournal *journal, void **address);

/* Takes the elements out of @queue, the member of @field, and keeps them aside. */
void mig_journal_queue(MigJournal *journal, GQueue *queue, const VmsField *field);

/* All is well: frees what was replaced, and the journal. */
void mig_journal_commit(MigJournal *journal);

/* Puts everything back, last store first, frees what was new, and the journal. */
void mig_journal_roll_back(MigJournal *journal);

#endif
