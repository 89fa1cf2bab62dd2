/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Changing one decoded field after the other, and looking at which bytes of the section follow.
 */
#ifndef TESTS_INTEROP_FLIP_H
#define TESTS_INTEROP_FLIP_H

#include "vdev/vmstate.h"

/**
 * flip_fields:
 * @state:    loose, in the version of the section
 * @object:   decoded; unchanged afterwards
 * @original: the section's payload, which @object must be saved to
 * @random:   picks elements of long arrays, besides their first and last
 *
 * Inverts every field in turn, counts excepted, and expects exactly its own bytes to be inverted,
 * further back than those of the field before it.
 *
 * Returns: how many fields, or −1 with @error set.
 */
gint flip_fields(const VmsState *state, void *object, const VmsContext *context,
                 const GByteArray *original, GRand *random, GError **error);

/* The payload of @object, or NULL with @error set. @json: (nullable): receives its description. */
GByteArray *flip_save(const VmsState *state, void *object, const VmsContext *context, GString *json,
                      GError **error);

#endif
