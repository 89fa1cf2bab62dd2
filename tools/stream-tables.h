/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is known about streams beforehand: the tables that modules offer, and the host's own.
 *
 * A module is loaded as the host loads it, and asked for its tables only. Without one the tool
 * works by the stream's own description.
 */
#ifndef TOOLS_STREAM_TABLES_H
#define TOOLS_STREAM_TABLES_H

#include "vdev/module.h"

typedef struct StreamTables StreamTables;

/**
 * stream_tables_load:
 * @directory: (nullable): to look into first
 *
 * Looks for modules where the host does: @directory, SPAPR_VMM_MODULE_DIR, and the standard place.
 * None there is no error.
 *
 * Returns: (transfer full): NULL with @error set if a module cannot be used.
 */
StreamTables *stream_tables_load(const char *directory, GError **error);

/* The tables of one module that is linked, or of none (NULL). */
StreamTables *stream_tables_new(const VdevModule *module);
void stream_tables_free(StreamTables *tables); /* NULL-safe */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(StreamTables, stream_tables_free)

/* Whether there is any module. */
gboolean stream_tables_has_module(const StreamTables *tables);

/* The row of section @idstr (with or without a device path), or NULL. */
const VmsCatalogueRow *stream_tables_section(const StreamTables *tables, const char *idstr);

/* The row of machine type @name, or NULL. */
const VdevMachineRow *stream_tables_machine(const StreamTables *tables, const char *name);

#endif
