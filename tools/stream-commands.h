/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What spapr-stream does, one function each, so that tests and the fuzzer can do it without a
 * process.
 */
#ifndef TOOLS_STREAM_COMMANDS_H
#define TOOLS_STREAM_COMMANDS_H

#include <stdio.h>

#include "tools/stream-input.h"
#include "tools/stream-tables.h"

typedef struct {
    const StreamTables *tables;
    FILE *out;
    const char *machine; /* or NULL */
    const char *section; /* inspect: only those of that name, or NULL */
    const char *reader;  /* check: as stream_who_parse() has it */
    gboolean json;       /* inspect */
} StreamRequest;

/* All take the inputs over, and return FALSE with @error set if one cannot be read to its end; what
 * was read has been printed then. */

/* @all: whether every byte is accounted for. */
gboolean
stream_inspect(const StreamRequest *request, StreamInput *input, gboolean *all, GError **error);

/* @yes: the verdict. */
gboolean
stream_check(const StreamRequest *request, StreamInput *input, gboolean *yes, GError **error);

/* @same: whether nothing differs. */
gboolean stream_diff(const StreamRequest *request, StreamInput *a, StreamInput *b, gboolean *same,
                     GError **error);

/**
 * stream_convert:
 * @from:   a file, read twice
 * @to:     written beside, synced and renamed when it is whole
 * @mapped: memory at fixed places; else in the stream
 */
gboolean stream_convert(const StreamRequest *request, const char *from, const char *to,
                        gboolean mapped, GError **error);

/* Writes the checksums of file @path to a file beside it; compares the two. */
gboolean stream_sum(const char *path, GError **error);
gboolean
stream_verify(const StreamRequest *request, const char *path, gboolean *same, GError **error);

#endif
