/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A description loosened from its machine, to decode a section where there is none: in a tool.
 *
 * The wire is the same. But what the machine would compare is stored, what it would have set up is
 * allocated, and of the hooks only pre_load and `needed` are left, which by contract look at the
 * object alone (VmsCatalogueRow). So any zeroed object can be loaded into, whatever it receives,
 * and saved again to the same bytes.
 */
#ifndef MIGRATION_GLUE_LOOSE_H
#define MIGRATION_GLUE_LOOSE_H

#include "vdev/vmstate.h"

/**
 * mig_loose_new:
 * @state: valid (mig_state_valid()); outlives the copy
 *
 * What loading allocates in an object is freed by mig_state_clear() with the same copy.
 *
 * Returns: (transfer full): the copy.
 */
VmsState *mig_loose_new(const VmsState *state);
void mig_loose_free(VmsState *loose); /* NULL-safe */

/**
 * mig_catalogue_find:
 * @tables: NULL-terminated list of tables, or NULL
 * @idstr:  of a section, with or without a device path
 *
 * Returns: its row, or NULL.
 */
const VmsCatalogueRow *mig_catalogue_find(const VmsCatalogueRow *const *tables, const char *idstr);

#endif
