/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory at fixed places of a file: header, bitmap and pages behind an entry of the block list.
 */
#ifndef TOOLS_STREAM_MAPPED_H
#define TOOLS_STREAM_MAPPED_H

#include "tools/stream-ram.h"

/* Those of the block @index, whose name and length were just read. What does not fit is @error. */
gboolean stream_mapped_read(StreamRam *ram, StreamInput *input, guint index, StreamNotes *notes,
                            GError **error);

#endif
