/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One section's payload by our own description of it: how long it is, what is in it, whether it is
 * possible.
 */
#ifndef TOOLS_STREAM_DECODE_H
#define TOOLS_STREAM_DECODE_H

#include "migration-glue/vmdesc.h"
#include "tools/stream-tables.h"

typedef struct {
    const VmsCatalogueRow *row;
    VmsState *loose;
    void *object;
    gsize used; /* bytes of the payload */
} StreamDecoded;

/**
 * stream_decode:
 * @bytes: the payload, *@n bytes; what follows it may be there too if @exact is FALSE
 * @exact: they are the payload and nothing else
 *
 * Returns: (transfer full): NULL with @error set if the description does not fit the bytes.
 */
StreamDecoded *stream_decode(const VmsCatalogueRow *row, const VmsContext *context,
                             const char *idstr, guint32 instance, guint32 version,
                             const guint8 *bytes, gsize n, gboolean exact, GError **error);
void stream_decoded_free(StreamDecoded *decoded); /* NULL-safe */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(StreamDecoded, stream_decoded_free)

/* Our description of those bytes, in the form of the stream's (an entry of "devices").
 * Returns: (transfer full), or NULL with @error set. */
VmdescNode *stream_decoded_describe(StreamDecoded *decoded, const VmsContext *context,
                                    guint32 version, GError **error);

/* Appends what it means, one fact a line; nothing if nobody knows. */
void stream_decoded_explain(const StreamDecoded *decoded, GString *text);

/* Whether a machine of ours takes it, as far as can be told without one. */
gboolean
stream_decoded_check(const StreamDecoded *decoded, const VmsContext *context, GError **error);

#endif
