/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is in a section: its fields by name, its subsections, and what it means.
 */
#ifndef TOOLS_STREAM_CONTENTS_H
#define TOOLS_STREAM_CONTENTS_H

#include "tools/stream-reader.h"

typedef struct {
    StreamDecoded *decoded; /* by our description, or NULL */
    char *why_not;          /* it does not fit, or NULL */
    const VmdescNode *tree; /* fields: the stream's description, else ours, else NULL */
    VmdescNode *own;
} StreamContents;

/* @section has a payload, and outlives it, as @tables and @context do. */
void stream_contents_init(StreamContents *contents, const StreamTables *tables,
                          const VmsContext *context, const StreamSection *section);
void stream_contents_clear(StreamContents *contents); /* zero-safe */

/* Shows every leaf within the payload. FALSE with @error set if there are no fields, or @visit
 * ended it. */
gboolean stream_contents_walk(const StreamContents *contents, const StreamSection *section,
                              VmdescVisit visit, void *user, GError **error);

/* Appends what the section means, one fact a line; nothing if it is not known. */
void stream_contents_explain(const StreamContents *contents, const StreamSection *section,
                             GString *text);

/* How a leaf's value is shown. */
typedef enum {
    STREAM_VALUE_RAW, /* bytes */
    STREAM_VALUE_BOOL,
    STREAM_VALUE_SIGNED,
    STREAM_VALUE_UNSIGNED, /* up to 32 bits */
    STREAM_VALUE_WORD,     /* 64 bits: an address, a register, a mask */
} StreamValueKind;

/* The value of a leaf whose bytes are @bytes; RAW ones have none. */
StreamValueKind stream_value(const VmdescLeaf *leaf, const guint8 *bytes, guint64 *value);

/* The same as text: "12", "-3", "0x0000000000000010", "00ff12"; long buffers are cut. */
void stream_value_print(const VmdescLeaf *leaf, const guint8 *bytes, GString *text);

#endif
