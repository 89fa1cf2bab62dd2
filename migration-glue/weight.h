/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * About how large device states will be on the wire, while the machine still runs.
 */
#ifndef MIGRATION_GLUE_WEIGHT_H
#define MIGRATION_GLUE_WEIGHT_H

#include "migration-glue/section.h"

/**
 * mig_sections_weight:
 *
 * Bytes of all fields of all states, as the tables and the objects' counts have them now. No hook
 * is called and no pointer is followed: lists, and what a hook only makes when it saves, count as
 * nothing. Under the machine lock.
 */
guint64 mig_sections_weight(const MigSections *sections);

#endif
