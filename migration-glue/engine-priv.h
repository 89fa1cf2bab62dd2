/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The inside of the engine: what its saving and its loading half share.
 */
#ifndef MIGRATION_GLUE_ENGINE_PRIV_H
#define MIGRATION_GLUE_ENGINE_PRIV_H

#include "migration-glue/engine-journal.h"
#include "migration-glue/engine.h"
#include "migration-glue/error.h"

/* One payload on its way. */
typedef struct {
    MigStream *stream;
    VmsContext context; /* handed to hooks */
    const MigStateName *name;
    GString *path;             /* of the field in hand, "" at the top */
    gssize element;            /* of an array of scalars in hand, −1 for none */
    VmdescWriter *description; /* saving; NULL while none is wanted */
    MigJournal *journal;       /* loading */
    gboolean fresh;            /* loading into memory that a roll-back frees as a whole */
    GError **error;
} EngineWalk;

/* Where the elements of a field are, and how many (bytes, bits) there are. */
typedef struct {
    guint8 *base;
    gsize n;
} EngineSpan;

/* Appends ".name" to the path; returns the length to cut it back to. */
gsize engine_path_push(EngineWalk *walk, const char *name);
void engine_path_push_element(EngineWalk *walk, gsize element);
void engine_path_push_subsection(EngineWalk *walk, const char *name);

/* Sets the error: section, instance, path, @offset, message. Always FALSE. */
gboolean engine_fail(EngineWalk *walk, MigError code, guint64 offset, const char *format, ...)
    G_GNUC_PRINTF(4, 5);
/* The same around a failure that a hook or the stream has reported; @inner is freed. */
gboolean engine_fail_with(EngineWalk *walk, MigError code, guint64 offset, GError *inner);
/* TRUE if the stream is well, else FALSE with the error set. */
gboolean engine_stream_ok(EngineWalk *walk, guint64 offset);

/* Numbers in memory: sign-extended to 64 bits. */
guint64 engine_mem_get(VmsMem mem, const void *address);
void engine_mem_put(VmsMem mem, void *address, guint64 value);
gboolean engine_mem_signed(VmsMem mem);
gsize engine_mem_width(VmsMem mem);
/* Whether @value, of signedness @is_signed, can be held without change. */
gboolean engine_mem_fits(VmsMem mem, guint64 value, gboolean is_signed);

/* Numbers on the wire. */
VmsWire engine_wire(const VmsField *field); /* AS_MEM resolved */
gboolean engine_wire_is_scalar(VmsWire wire);
VmsMem engine_wire_as_mem(VmsWire wire); /* of a scalar: the memory kind just as wide */
guint64 engine_swap(guint64 value, gsize width);
/* The field itself, or the only member of the structures it consists of, if elements are eight
 * bytes here and there, of any value, so that they go by the thousand; else NULL. */
const VmsField *engine_field_word(const VmsField *field);

/* Whether the field is on the wire in that version. */
gboolean
engine_field_exists(EngineWalk *walk, const VmsField *field, const void *object, guint32 version);
/* How many elements (bytes, bits); FALSE with the error set if there are too many. */
gboolean engine_field_count(EngineWalk *walk, const VmsField *field, const void *object, gsize *n);
/* Memory of @n elements, in bytes. */
gsize engine_field_extent(const VmsField *field, gsize n);
/* Where they are. Not for pads. */
gboolean engine_field_span(EngineWalk *walk, const VmsField *field, void *object, EngineSpan *span);

/* Element @i; NULL if there is no memory at all (pads, empty buffers). */
guint8 *engine_span_at(const EngineSpan *span, const VmsField *field, gsize i);

guint32 engine_struct_version(const VmsField *field);

/* Frees all elements, and empties the queue. */
void engine_queue_clear(GQueue *queue, const VmsField *field);

#endif
