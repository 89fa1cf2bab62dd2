/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether a machine of a given type reads a given stream, and every reason why not.
 */
#ifndef TOOLS_STREAM_VERDICT_H
#define TOOLS_STREAM_VERDICT_H

#include "tools/stream-holdings.h"

typedef struct {
    gboolean yes;
    GPtrArray *reasons; /* char *: why not */
    GPtrArray *remarks; /* char *: what narrows the releases, what the reader must be given */
    guint since, until; /* releases, if QEMU and yes */
} StreamVerdict;

/* @type: one that has rules. A reader is taken to run on a little-endian host. */
void stream_verdict_make(StreamVerdict *verdict, const StreamFacts *facts,
                         const StreamHoldings *holdings, const StreamTables *tables,
                         const VmsStreamRules *type, const StreamWho *who);
void stream_verdict_clear(StreamVerdict *verdict); /* zero-safe */

#endif
