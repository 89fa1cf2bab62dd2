/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two payloads of the same section, field by field.
 */
#ifndef TOOLS_STREAM_DIFF_FIELDS_H
#define TOOLS_STREAM_DIFF_FIELDS_H

#include <stdio.h>

#include "tools/stream-contents.h"

/* One side of it. */
typedef struct {
    const StreamSection *section;
    const StreamContents *contents;
} StreamSide;

/* Prints a line for each field that differs, is only in one, or in another place. */
void stream_diff_fields(const StreamSide *a, const StreamSide *b, FILE *out);

#endif
