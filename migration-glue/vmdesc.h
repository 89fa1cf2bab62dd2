/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The JSON description at the tail of a stream: writing it, reading it, and walking the bytes of
 * a section by it.
 *
 * The text has meaningful order, and objects of it have the same key more than once (one group of
 * keys for every element of a list), which tree parsers lose: hence a small reader of its own.
 *
 * Source: docs/stream-format.md, "End of stream and description".
 */
#ifndef MIGRATION_GLUE_VMDESC_H
#define MIGRATION_GLUE_VMDESC_H

#include <glib.h>

/* ---- Writing ---- */

typedef struct VmdescWriter VmdescWriter;

VmdescWriter *vmdesc_writer_new(void);
void vmdesc_writer_free(VmdescWriter *writer); /* NULL-safe */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VmdescWriter, vmdesc_writer_free)

/* What was written so far; the writer's. */
const GString *vmdesc_writer_text(const VmdescWriter *writer);

/* @key: NULL inside an array and at the top. All accept a NULL @writer and then do nothing. */
void vmdesc_begin_object(VmdescWriter *writer, const char *key);
void vmdesc_end_object(VmdescWriter *writer);
void vmdesc_begin_array(VmdescWriter *writer, const char *key);
void vmdesc_end_array(VmdescWriter *writer);
void vmdesc_put_string(VmdescWriter *writer, const char *key, const char *text);
void vmdesc_put_number(VmdescWriter *writer, const char *key, guint64 number);
void vmdesc_put_bool(VmdescWriter *writer, const char *key, gboolean value);

/* ---- Reading ---- */

#define VMDESC_TEXT_MAX  (16u * 1024 * 1024) /* bytes; real ones have some ten thousand */
#define VMDESC_DEPTH_MAX 64
#define VMDESC_NODES_MAX (1u << 20)

typedef enum {
    VMDESC_NULL,
    VMDESC_BOOL,
    VMDESC_NUMBER, /* an integer; the reader accepts no other */
    VMDESC_STRING,
    VMDESC_ARRAY,
    VMDESC_OBJECT,
} VmdescKind;

typedef struct VmdescNode VmdescNode;
struct VmdescNode {
    VmdescKind kind;
    char *key;           /* of a member of an object, else NULL */
    char *text;          /* STRING: without NUL bytes */
    gint64 number;       /* NUMBER, BOOL */
    GPtrArray *children; /* ARRAY, OBJECT: VmdescNode, in the order of the text, every duplicate */
};

/**
 * vmdesc_parse:
 * @text: @n bytes of JSON, no terminator needed; white space around it is allowed
 *
 * Bounded in time and memory by the limits above.
 *
 * Returns: (transfer full): the tree, or NULL with @error naming what is wrong and at which byte.
 */
VmdescNode *vmdesc_parse(const char *text, gsize n, GError **error);
void vmdesc_node_free(VmdescNode *node); /* NULL-safe */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VmdescNode, vmdesc_node_free)

/* The first member @key of an object, or NULL; NULL-safe in @object. */
const VmdescNode *vmdesc_member(const VmdescNode *object, const char *key);
/* Its text or number, if it is of that kind; else NULL, else FALSE. */
const char *vmdesc_member_text(const VmdescNode *object, const char *key);
gboolean vmdesc_member_number(const VmdescNode *object, const char *key, guint64 *number);

/**
 * vmdesc_find:
 * @bytes: a whole stream
 * @start: (out): offset of the JSON text
 * @text_n: (out): its length
 *
 * Looks from the end for an end marker followed by a description that parses, so that a tool can
 * have it before it reads the sections. Bytes behind it are allowed. Bounded: 256 places are tried.
 *
 * Returns: (transfer full): the tree, or NULL if there is none.
 */
VmdescNode *vmdesc_find(const guint8 *bytes, gsize n, gsize *start, gsize *text_n);

/* ---- Walking ---- */

/* One piece of a section's payload: a scalar, an element of an array, a buffer, the head of a
 * subsection, a presence byte. */
typedef struct {
    const char *path; /* "fields.of.structs[3].name", subsections as "name:"; valid for the call */
    const char *type; /* of the description; "subsection" and "present" for what frames others */
    gsize offset;     /* in the payload */
    gsize size;       /* bytes, ≥ 1 */
} VmdescLeaf;

/* FALSE ends the walk; then it sets @error. */
typedef gboolean (*VmdescVisit)(const VmdescLeaf *leaf, void *user, GError **error);

/**
 * vmdesc_device:
 * @root: the whole description
 *
 * Returns: the entry of section @name, instance @instance, or NULL. The @nth of them (from 0) if a
 * section was sent more than once.
 */
const VmdescNode *
vmdesc_device(const VmdescNode *root, const char *name, guint64 instance, guint nth);

/**
 * vmdesc_walk:
 * @device: entry of "devices"
 * @visit:  (nullable): is shown every leaf, in wire order, without gaps
 * @size:   (out) (nullable): of the payload, bytes
 *
 * Refuses a description whose sizes do not add up.
 */
gboolean
vmdesc_walk(const VmdescNode *device, VmdescVisit visit, void *user, gsize *size, GError **error);

#endif
