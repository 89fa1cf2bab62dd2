/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the tests of the wire share: literal bytes, and one payload saved or loaded.
 */
#ifndef TESTS_WIRE_RIG_H
#define TESTS_WIRE_RIG_H

#include <glib.h>

#include "migration-glue/engine.h"
#include "migration-glue/error.h"
#include "vdev/vmstate.h"

/* Rules of pseries-7.2, no capabilities. */
extern const VmsContext wire_context;

/* Bytes written as hex digits and 'text', space between them as one likes. */
GByteArray *wire_bytes(const char *text);

/* Fails the test unless @bytes are what @text says. */
void wire_assert_bytes(const GByteArray *bytes, const char *text);

/* The payload of @object, or NULL with @error set. */
GByteArray *
wire_save(const VmsState *state, void *object, const VmsContext *context, GError **error);

/* Loads from @n bytes; *@used: how many were consumed. */
gboolean wire_load(const VmsState *state, void *object, guint32 version, const VmsContext *context,
                   const guint8 *bytes, gsize n, gsize *used, GError **error);

/* Literal both ways: saving @from gives @text, and loading it into @into takes every byte. */
void wire_assert_saves(const VmsState *state, void *from, const char *text);
void wire_assert_loads(const VmsState *state, void *into, guint32 version, const char *text);

/* Loading must fail with @code and a message that contains @message; @object, of @size bytes with
 * nothing behind pointers that matters, is as it was. */
void wire_assert_refuses(const VmsState *state, void *object, gsize size, guint32 version,
                         const char *text, MigError code, const char *message);

#endif
