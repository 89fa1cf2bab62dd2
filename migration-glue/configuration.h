/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The configuration block: which machine the stream is of, and what both ends must have switched on
 * alike.
 *
 * Source: docs/stream-format.md, "Header and configuration".
 */
#ifndef MIGRATION_GLUE_CONFIGURATION_H
#define MIGRATION_GLUE_CONFIGURATION_H

#include "migration-glue/stream.h"
#include "migration-glue/vmdesc.h"
#include "vdev/vmstate.h"

/* What one end is; copied where it is handed over. */
typedef struct {
    const char *machine; /* "pseries-7.2" */
    gboolean has_uuid;   /* one was configured */
    guint8 uuid[16];
} MigConfiguration;

/* What a block said. */
typedef struct {
    char machine[256];
    guint32 capabilities; /* VMS_CAP_* of those that are compared */
    gboolean has_uuid;
    guint8 uuid[16];
} MigReceivedConfiguration;

/* Tag and block, by @configuration and the capabilities of @context. */
gboolean mig_configuration_save(MigStream *stream, const MigConfiguration *configuration,
                                const VmsContext *context, GError **error);

/**
 * mig_configuration_load:
 * @received: (out): also filled, as far as read, when the comparison fails
 *
 * Reads the block after its tag. An unknown capability is an error.
 */
gboolean mig_configuration_load(MigStream *stream, const VmsContext *context,
                                MigReceivedConfiguration *received, GError **error);

/**
 * mig_configuration_compare:
 *
 * The received machine name must be a prefix of ours, the compared capabilities equal, the UUIDs
 * equal if both sides have one and it was sent.
 *
 * Returns: FALSE with MIG_ERROR_MISMATCH saying what to change.
 */
gboolean
mig_configuration_compare(const MigReceivedConfiguration *received, const MigConfiguration *own,
                          const VmsContext *context, GError **error);

#endif
