/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which machine type and which QEMU release can read what: the tables behind the verdict.
 *
 * A machine of type X.Y exists in every release from X.Y until the type is removed. Some things are
 * unknown to the type wherever it runs, others only to older releases that have it: the latter
 * narrow the span of releases.
 *
 * Source: docs/stream-format.md, "Machine types", "spapr", "RAM section".
 */
#ifndef TOOLS_STREAM_TYPES_H
#define TOOLS_STREAM_TYPES_H

#include "vdev/vmstate.h"

#define STREAM_RELEASE(major, minor) ((major)*100u + (minor))
#define STREAM_RELEASE_NONE          G_MAXUINT /* no end is known; as a beginning: none has it */

typedef enum {
    STREAM_HAS_SECTION,    /* by its name without device path */
    STREAM_HAS_SUBSECTION, /* by its name */
    STREAM_HAS_FIELD,      /* only in some layouts: "section field" */
    STREAM_HAS_COMMAND,
    STREAM_HAS_RAM, /* kind of record */
    STREAM_HAS_CAPABILITY,
} StreamHas;

/* Something that a stream may have. */
typedef struct {
    StreamHas kind;
    const char *name;
    guint32 version;        /* this one and newer ones; 0: any */
    const char *type_since; /* machine types that know it; NULL: all */
    const char *type_until;
    guint since, until; /* releases; 0: all */
} StreamRule;

/* The @i-th rule for it (from 0), or NULL if there are no more. */
const StreamRule *stream_rule(StreamHas kind, const char *name, guint32 version, guint i);

/* A layout that types up to @until have and newer ones have not: a field that must be there, or
 * must not. The @i-th, or NULL. */
typedef struct {
    const char *section;    /* that has to have or lack it */
    const char *subsection; /* in which it stands, or NULL */
    const char *field;
    const char *until; /* machine type */
} StreamLayout;

const StreamLayout *stream_layout(guint i);

/* Releases that have machine type @machine. FALSE: QEMU has none such. */
gboolean stream_type_releases(const char *machine, guint *since, guint *until);

/* Who is to read a stream. */
typedef struct {
    gboolean ours;
    guint release; /* of QEMU; 0: any that has the machine type */
} StreamWho;

/* "qemu", "qemu-X.Y" or "spapr-vmm"; NULL stands for "qemu". FALSE: none of them. */
gboolean stream_who_parse(const char *text, StreamWho *who);

/* "7.2"; (transfer full). */
char *stream_release_name(guint release);

#endif
