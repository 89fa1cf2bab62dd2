/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sections of stock QEMU described in our own terms, to be loaded, saved and described again.
 */
#ifndef TESTS_MIRROR_H
#define TESTS_MIRROR_H

#include "migration-glue/section.h"

typedef struct Mirror Mirror;

Mirror *mirror_new(void);
void mirror_free(Mirror *mirror); /* NULL-safe */

/* Registers what is described: timer, spapr-xive, xive-source, ics, cpu 0 and 1, globalstate. */
gboolean mirror_register(Mirror *mirror, MigSections *sections, GError **error);

/* Before the payload is read: sets what is compared or counted but not sent. */
void mirror_configure(Mirror *mirror, guint32 nr_ends, guint32 ics_irqs);

#endif
