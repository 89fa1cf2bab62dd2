/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What differs in the stream from one machine type to the next: the rows.
 *
 * Source: docs/stream-format.md, "Machine types".
 */
#ifndef MIGRATION_GLUE_RULES_H
#define MIGRATION_GLUE_RULES_H

#include "vdev/machine.h"
#include "vdev/vmstate.h"

/* The name of the row of our own. */
#define MIG_RULES_OWN "pseries-vmm-1.0"

/* The rules of machine type @machine ("pseries-7.2"), or NULL if there is no such row. */
const VmsStreamRules *mig_rules_find(const char *machine);

/* Those of a row: its own if it brings some, else those of its name; NULL if there are none. */
const VmsStreamRules *mig_rules_of_row(const VdevMachineRow *row);

/* All rows, oldest first; *@n of them. */
const VmsStreamRules *mig_rules_all(gsize *n);

/* Whether @machine's row stands at or after @since's; both must have one. */
gboolean mig_rules_at_least(const char *machine, const char *since);

#endif
