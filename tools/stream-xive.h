/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The XIVE tables of a stream, as they lie there, against each other, the servers and the memory.
 */
#ifndef TOOLS_STREAM_XIVE_H
#define TOOLS_STREAM_XIVE_H

#include "tools/stream-platform.h"

/* Of a payload of spapr-xive: whether its words are those of a big-endian host. */
gboolean stream_xive_big_endian(const guint8 *router, gsize n);

/* Of one xive-tctx; TRUE if it tells whose it is. */
gboolean
stream_xive_check_context(const StreamSection *section, guint32 *server, StreamNotes *notes);

void
stream_xive_check(const StreamPlatform *platform, const StreamFacts *facts, StreamNotes *notes);

#endif
