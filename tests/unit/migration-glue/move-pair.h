/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two machines, of which one is migrated into the other; a GTest fixture.
 */
#ifndef TESTS_UNIT_MIGRATION_GLUE_MOVE_PAIR_H
#define TESTS_UNIT_MIGRATION_GLUE_MOVE_PAIR_H

#include "tests/unit/migration-glue/move-rig.h"

#define MIB (1024u * 1024u)

typedef struct {
    RigGuest guest;
    char *folder; /* gone, with all in it, at the end */
    Rig *from, *to;
} Pair;

void pair_set_up(Pair *pair, const void *data);
/* Fails the test if two machines ever ran the guest at once. */
void pair_tear_down(Pair *pair, const void *data);

/* A machine with @size bytes of main memory and a DIMM of a quarter of it. */
Rig *pair_make_rig(Pair *pair, guint64 size);
void pair_replace_target(Pair *pair, guint64 size);

void pair_receive(Rig *rig, const char *uri);
/* Also after an earlier attempt. */
void pair_send(Rig *rig, const char *uri);
char *pair_unix_uri(const Pair *pair);

/* Waits for the end; the guest runs at the target, and is what it was. */
void pair_assert_moved(Pair *pair);

#endif
