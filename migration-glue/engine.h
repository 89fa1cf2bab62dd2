/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The engine: state description × object ⇄ stream.
 *
 * It knows the wire of one section's payload and nothing of headers, footers or devices. Not here:
 * whether a section is needed (section.h), order and framing (savevm.h, loadvm.h).
 *
 * Source: docs/stream-format.md, "State encoding"; requirements R-LST-1 … 5.
 */
#ifndef MIGRATION_GLUE_ENGINE_H
#define MIGRATION_GLUE_ENGINE_H

#include "migration-glue/stream.h"
#include "migration-glue/vmdesc.h"
#include "vdev/vmstate.h"

/* What stands in front of every message. */
typedef struct {
    const char *section; /* its idstr */
    guint32 instance;
} MigStateName;

/**
 * mig_state_valid:
 *
 * Whether a description (with all it contains) can be carried out: counts bounded, kinds and
 * members fit, subsections named so that readers find them. To be asked once, at registration.
 *
 * Returns: TRUE, or FALSE with MIG_ERROR_DESCRIPTION naming state and field.
 */
gboolean mig_state_valid(const VmsState *state, GError **error);

/**
 * mig_state_save:
 * @description: (nullable): receives the keys of @state, into the object that was begun there
 *
 * Writes the payload in the description's current version. `needed` of @state itself is not asked.
 * Under the machine lock, vCPUs stopped.
 *
 * Returns: FALSE with @error naming section, instance, field, element and byte offset.
 */
gboolean
mig_state_save(MigStream *stream, const MigStateName *name, const VmsState *state, void *object,
               const VmsContext *context, VmdescWriter *description, GError **error);

/**
 * mig_state_load:
 * @version: as received in the section's head
 *
 * Reads the payload up to the first byte that nobody claims. All or nothing: on failure @object is
 * as it was before, what was allocated is freed, and the stream has no defined place.
 *
 * Returns: FALSE with @error as above.
 */
gboolean mig_state_load(MigStream *stream, const MigStateName *name, const VmsState *state,
                        void *object, guint32 version, const VmsContext *context, GError **error);

/**
 * mig_state_clear:
 *
 * Frees what loading has allocated in @object by @state, lists included, and empties those members.
 */
void mig_state_clear(const VmsState *state, void *object);

#endif
