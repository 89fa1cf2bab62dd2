/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writing a stream, step by step. The steps are called in this order by whoever conducts the
 * migration; between them it decides when to go on, and sends commands of its own.
 *
 *   begin → [command]* → start → [round]* → (machine stops) → stopped → ends → states → finish
 *
 * A step that fails ends the stream; mig_saver_free() calls the handlers' cleanup in every case.
 */
#ifndef MIGRATION_GLUE_SAVEVM_H
#define MIGRATION_GLUE_SAVEVM_H

#include "migration-glue/configuration.h"
#include "migration-glue/section.h"
#include "migration-glue/stream.h"

typedef struct MigSaver MigSaver;

/* Told after every section: who, which tag, how many bytes with frame; for the downtime breakdown.
 */
typedef void (*MigSaverObserver)(const MigSection *section, guint tag, guint64 bytes, void *user);

/**
 * mig_saver_new:
 * @stream:   (transfer none): a writer; outlives the saver
 * @sections: as above; unchanged while sections are being written
 * @context:  copied; `rules` decide what is written
 * @own:      copied, its machine name too
 */
MigSaver *mig_saver_new(MigStream *stream, const MigSections *sections, const VmsContext *context,
                        const MigConfiguration *own);
void mig_saver_free(MigSaver *saver); /* NULL-safe */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MigSaver, mig_saver_free)

void mig_saver_observe(MigSaver *saver, MigSaverObserver observer, void *user);

/* Header, configuration. */
gboolean mig_saver_begin(MigSaver *saver, GError **error);

/* START of every active handler. */
gboolean mig_saver_start(MigSaver *saver, GError **error);

/* One PART of every active handler that is not done; *@done when all are. What was put may still be
 * on its way to the channel (mig_stream_push()). */
gboolean mig_saver_round(MigSaver *saver, gboolean *done, GError **error);

/* Bytes that all active handlers would still have to send. */
guint64 mig_saver_pending(MigSaver *saver);

/* The command that says so, where the machine type has it. Machine stopped. */
gboolean mig_saver_stopped(MigSaver *saver, GError **error);

/* END of every active handler. Machine stopped. */
gboolean mig_saver_ends(MigSaver *saver, GError **error);

/* END of every active handler but those that go on after a switch to postcopy; only these are
 * active from then on. Machine stopped. */
gboolean mig_saver_switch(MigSaver *saver, GError **error);

/* Goes on into @stream, (transfer none): a package, a new connection. Between two steps. */
void mig_saver_set_stream(MigSaver *saver, MigStream *stream);

/* FULL of every state that is needed. Under the machine lock, machine stopped and quiet. */
gboolean mig_saver_states(MigSaver *saver, GError **error);

/* End marker and, where the machine type has it, description; everything is flushed. After a
 * switch to postcopy there is no @description. */
gboolean mig_saver_finish(MigSaver *saver, gboolean description, GError **error);

/* All of it at once, for a machine that is stopped already: a file, a test. */
gboolean mig_saver_run_stopped(MigSaver *saver, GError **error);

#endif
