/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Random state descriptions and random objects of them.
 */
#ifndef TESTS_RANDOM_STATE_H
#define TESTS_RANDOM_STATE_H

#include "vdev/vmstate.h"

typedef struct RandomState RandomState;

/* A description of depth @depth at most. */
RandomState *random_state_new(GRand *random, guint depth);
void random_state_free(RandomState *random);
const VmsState *random_state(const RandomState *random);
gsize random_state_size(const RandomState *random); /* of its objects, bytes */

/* Fills a zeroed object with values that can be sent. */
void random_object_fill(GRand *random, const VmsState *state, void *object);

/* Sets what configuration decides in @to as it is in @from: counts that are not sent, values that
 * are compared. */
void random_object_configure(const VmsState *state, const void *from, void *to);

#endif
