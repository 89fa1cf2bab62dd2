/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ibm,configure-connector: a node of the device tree handed out piece by piece.
 *
 * The place in a walk is the platform's. Besides, it is marked in word 1 of the work area, which
 * LoPAR keeps for the platform: the ordinal of the next piece, and a tag over it and a digest of
 * the tree. A guest can write there what it likes, so the mark counts only where the platform has
 * lost its own place: after a migration that could not bring it.
 * Source: LoPAR, ibm,configure-connector; requirements R-DRC-10, R-DRC-11.
 */
#ifndef HW_SPAPR_CONNECTOR_H
#define HW_SPAPR_CONNECTOR_H

#include "hw-spapr/drc.h"

#define CONNECTOR_AREA  4096u /* bytes of a work area, and of the page that status 5 asks for */
#define CONNECTOR_WORDS 5u    /* at its beginning */

/* Statuses beside RTAS_OK, which ends a walk. */
enum {
    CONNECTOR_CHILD = 2,
    CONNECTOR_PROPERTY = 3,
    CONNECTOR_PARENT = 4,
    CONNECTOR_MORE_MEMORY = 5,
};

/** connector_digest: over all pieces of the walk over @tree; the same for trees that read alike. */
guint64 connector_digest(const void *tree);

/** connector_mark: word 1 of the work area behind @ordinal pieces of the tree with @digest. */
guint32 connector_mark(guint32 index, guint64 digest, guint32 ordinal);

/**
 * connector_step: the next piece of @drc's tree, for the work area at guest address @area.
 * @extra: guest address of a page for what @area cannot hold, or 0
 *
 * Returns: an RTAS status or one of the above.
 */
gint32 connector_step(Platform *platform, Drc *drc, guint64 area, guint64 extra);

#endif
