/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sections that come in parts although there is little to say: START, each PART and END carry the
 * same description's payload.
 *
 * Not here: memory, which has a handler of its own (ram.h).
 * Source: docs/stream-format.md, spapr/htab of a guest without a hash table.
 */
#ifndef MIGRATION_GLUE_PARTS_H
#define MIGRATION_GLUE_PARTS_H

#include "migration-glue/section.h"

/* What one such section is about; the handler's opaque. */
typedef struct {
    const VmsState *state;
    guint32 instance;
    void *object;
} MigParts;

/** mig_parts_fill: @handler becomes that of sections described by @state. */
void mig_parts_fill(MigHandler *handler, const VmsState *state);

#endif
