/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sections that must fit together: interrupt tables, queues and memory, servers, connectors.
 *
 * It reads raw payloads, which every sender writes alike, so that no module is needed, and sees
 * what none of the sections can tell alone. Source: docs/stream-format.md, xive-source, spapr-xive,
 * xive-tctx, "Dynamic reconfiguration connectors".
 */
#ifndef TOOLS_STREAM_PLATFORM_H
#define TOOLS_STREAM_PLATFORM_H

#include "tools/stream-reader.h"

typedef struct {
    GByteArray *sources, *router;  /* payloads, or NULL */
    guint64 sources_at, router_at; /* bytes of the file where they are */
    GArray *servers;               /* guint32: of the thread contexts that say theirs */
    GArray *cpus;                  /* guint32: instances of `cpu` */
    guint contexts;                /* thread contexts */
    guint64 globalstate_at;
} StreamPlatform;

void stream_platform_init(StreamPlatform *platform);
void stream_platform_clear(StreamPlatform *platform); /* zero-safe */

/* Keeps what is needed of it, and notes what is wrong with it alone. */
void
stream_platform_add(StreamPlatform *platform, const StreamSection *section, StreamNotes *notes);

/* When all sections have been added. */
void
stream_platform_check(const StreamPlatform *platform, const StreamFacts *facts, StreamNotes *notes);

/* What a section's name tells of it: which connector it is. */
void stream_platform_explain(const StreamSection *section, GString *text);

#endif
