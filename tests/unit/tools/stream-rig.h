/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Small streams for the tests of spapr-stream: written by our own writer from literal payloads.
 */
#ifndef TESTS_STREAM_RIG_H
#define TESTS_STREAM_RIG_H

#include <glib.h>

#include "tools/stream-commands.h"

typedef struct StreamRig StreamRig;

/* A machine with 1 MiB of memory and no section but ram. */
StreamRig *stream_rig_new(void);
void stream_rig_free(StreamRig *rig);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(StreamRig, stream_rig_free)

/* Payload of ram: START, PART and END, as wire_bytes() has them. */
void stream_rig_ram(StreamRig *rig, const char *start, const char *part, const char *end);

/* Another section. @bytes: as wire_bytes() has them. */
void stream_rig_add(StreamRig *rig, const char *path, const char *name, guint32 instance,
                    guint32 version, const char *bytes);
/* A subsection of the section that was added last. @field: its name in the description, or NULL. */
void stream_rig_sub(StreamRig *rig, const char *name, guint32 version, const char *field,
                    const char *bytes);
/* Replaces bytes of the payload of what was added last; of the last section of that name. */
void stream_rig_patch(StreamRig *rig, gsize at, const char *bytes);
void stream_rig_patch_section(StreamRig *rig, const char *name, gsize at, const char *bytes);

/* A machine with everything that the checks look at: two vCPUs, XIVE tables of 16 sources, a queue,
 * connectors. All is well in it. */
StreamRig *stream_rig_machine(void);

/* The whole stream as a machine of type @machine writes it. */
GByteArray *stream_rig_save(StreamRig *rig, const char *machine, guint32 capabilities);

/* Offset of the first @needle in @bytes; fails the test if there is none. */
gsize stream_rig_find(const GByteArray *bytes, const char *needle);

/* Exit status of the command, and what it prints, its error last; (transfer full). */
typedef enum { RIG_INSPECT, RIG_INSPECT_JSON, RIG_CHECK } StreamRigCommand;
int stream_rig_run(StreamRigCommand command, const GByteArray *bytes, const StreamRequest *request,
                   char **said);

/* The module's tables, linked; and no tables. */
const StreamTables *stream_rig_tables(void);
const StreamTables *stream_rig_no_tables(void);

#endif
