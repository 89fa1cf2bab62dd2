/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a stream holds, each kind of thing once: gathered while it is read, for the verdict.
 */
#ifndef TOOLS_STREAM_HOLDINGS_H
#define TOOLS_STREAM_HOLDINGS_H

#include "tools/stream-contents.h"
#include "tools/stream-types.h"

/* A section or subsection of that name. */
typedef struct {
    guint32 version; /* the highest that was seen */
    guint n;
    const VmsCatalogueRow *row; /* of the section it is or is in, or NULL */
    gboolean known;             /* to a catalogue; TRUE if there is none for it */
    char where[256];            /* name of the first section it was seen in */
} StreamHolding;

typedef struct {
    GHashTable *sections;    /* name without path → StreamHolding */
    GHashTable *subsections; /* name → StreamHolding */
    GHashTable *fields;      /* StreamLayout.field of those that were seen */
    guint32 ics_irqs;        /* 0: no section ics */
    GPtrArray *ours;         /* char *: why a machine of ours refuses some contents */
} StreamHoldings;

void stream_holdings_init(StreamHoldings *holdings);
void stream_holdings_clear(StreamHoldings *holdings); /* zero-safe */

/* A section that was read, and what is in it (NULL for ram and spapr/htab). */
void
stream_holdings_add(StreamHoldings *holdings, const StreamTables *tables, const VmsContext *context,
                    const StreamSection *section, const StreamContents *contents);

#endif
