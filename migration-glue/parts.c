/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A description, written or read once per part.
 */
#include "migration-glue/parts.h"

#include "migration-glue/engine.h"

static gboolean
put(void *opaque, MigStream *stream, const VmsContext *context, GError **error)
{
    const MigParts *parts = opaque;
    const MigStateName name = {parts->state->name, parts->instance};

    return mig_state_save(stream, &name, parts->state, parts->object, context, NULL, error);
}

/* Nothing will be different later. */
static gboolean
put_part(void *opaque, MigStream *stream, const VmsContext *context, gboolean *done, GError **error)
{
    *done = TRUE;
    return put(opaque, stream, context, error);
}

static gboolean
get(void *opaque, MigStream *stream, guint tag, guint32 version, const VmsContext *context,
    GError **error)
{
    const MigParts *parts = opaque;
    const MigStateName name = {parts->state->name, parts->instance};

    return mig_state_load(stream, &name, parts->state, parts->object, version, context, error);
}

void
mig_parts_fill(MigHandler *handler, const VmsState *state)
{
    *handler = (MigHandler){
        .version = state->version,
        .oldest = state->oldest,
        .save_start = put,
        .save_part = put_part,
        .save_end = put,
        .load = get,
    };
}
