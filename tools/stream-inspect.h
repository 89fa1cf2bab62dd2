/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The two forms of inspect.
 */
#ifndef TOOLS_STREAM_INSPECT_H
#define TOOLS_STREAM_INSPECT_H

#include "tools/stream-commands.h"
#include "tools/stream-reader.h"

/* As stream_inspect(), in JSON. */
gboolean stream_inspect_json(const StreamRequest *request, StreamInput *input, gboolean *all,
                             GError **error);

/* Whether @name means the section: its whole name, without the device path, or NAME/INSTANCE; NULL
 * means all. */
gboolean stream_section_is(const StreamSection *section, const char *name);

#endif
