/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading a stream: header to end marker and description, section by section.
 *
 * What a section, a command or the configuration means for the machine is the business of the
 * registered states and handlers, and of the hooks of whoever conducts the migration.
 *
 * Source: docs/stream-format.md, "Loader rules for whole sections".
 */
#ifndef MIGRATION_GLUE_LOADVM_H
#define MIGRATION_GLUE_LOADVM_H

#include "migration-glue/command.h"
#include "migration-glue/configuration.h"
#include "migration-glue/section.h"
#include "migration-glue/stream.h"

typedef struct MigLoader MigLoader;

/* The head of a section, as read. */
typedef struct {
    guint tag;
    guint32 id;
    const char *idstr;
    guint32 instance;
    guint32 version;
    guint64 start;   /* byte of the tag */
    guint64 payload; /* first byte of the payload */
    guint64 end;     /* first byte behind the payload; only in section_read */
} MigSectionHead;

/* All may be NULL. A hook that returns FALSE sets @error and ends the load. */
typedef struct {
    /* The block was read; NULL: it is compared with our own, and must agree. */
    gboolean (*configuration)(MigLoader *loader, const MigReceivedConfiguration *received,
                              void *user, GError **error);
    /* A well-formed command. NULL: switchover-start and open-return-path are taken note of,
     * everything else is refused. Of PACKAGED the bytes that follow are the hook's to read. */
    gboolean (*command)(MigLoader *loader, MigCommand command, const guint8 *payload, guint n,
                        void *user, GError **error);
    /* Nobody is registered for that START or FULL. The hook consumes the payload; TRUE: go on.
     * NULL: refused. PART and END of it come here as well. */
    gboolean (*unknown_section)(MigLoader *loader, const MigSectionHead *head, void *user,
                                GError **error);
    /* A section was read, footer included. */
    gboolean (*section_read)(MigLoader *loader, const MigSectionHead *head, void *user,
                             GError **error);
} MigLoaderHooks;

/**
 * mig_loader_new:
 * @stream:   (transfer none): a reader; outlives the loader
 * @sections: may change only while no section is being read
 * @context:  copied; `rules` say what must be there
 * @own:      copied, its machine name too
 * @hooks:    (nullable): constant data
 */
MigLoader *mig_loader_new(MigStream *stream, const MigSections *sections, const VmsContext *context,
                          const MigConfiguration *own, const MigLoaderHooks *hooks, void *user);
/* Calls the load_cleanup of every handler that has loaded something. NULL-safe. */
void mig_loader_free(MigLoader *loader);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MigLoader, mig_loader_free)

MigStream *mig_loader_stream(MigLoader *loader);

/* What both sides agree on, once the configuration has been read (a tool adopts the sender's). */
const VmsContext *mig_loader_context(const MigLoader *loader);
void mig_loader_set_context(MigLoader *loader, const VmsContext *context);

/**
 * mig_loader_run:
 *
 * Reads header, configuration, everything up to the end marker and, where the machine type has
 * one, the description. A stream that ends right after the marker is whole. Under the machine
 * lock, vCPUs stopped. States that failed are as they were; those that were read before are not.
 *
 * Returns: FALSE with @error set; the machine must then not run.
 */
gboolean mig_loader_run(MigLoader *loader, GError **error);

/* The two halves of it: header and configuration; all the rest. */
gboolean mig_loader_begin(MigLoader *loader, GError **error);
gboolean mig_loader_sections(MigLoader *loader, GError **error);

/* Reads the sections and commands of a package to its last byte; no header, no end marker. */
gboolean mig_loader_run_package(MigLoader *loader, MigStream *package, GError **error);

/* From a hook: what is read now is the last item; the run ends there, in order, with no
 * description. A package that is being read is read to its end first. */
void mig_loader_stop(MigLoader *loader);

/**
 * mig_loader_fork:
 * @hooks: as for mig_loader_new()
 *
 * A loader that goes on with the stream of @loader, in another thread: it knows what sections were
 * begun there, and takes only more parts of those that go on in postcopy, up to the end marker.
 * Within a run of @loader's, which goes on with a package.
 */
MigLoader *mig_loader_fork(const MigLoader *loader, const MigLoaderHooks *hooks, void *user);

/* Goes on with @stream, (transfer none), at the head of a section or command. Between two runs. */
void mig_loader_set_stream(MigLoader *loader, MigStream *stream);

/* The description's text, after the run, or NULL if there was none. */
const char *mig_loader_description(const MigLoader *loader, gsize *n);

#endif
