/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A guest and the process that it moves to: the fixture of the tests of moves, and what they have
 * in common of a move.
 */
#ifndef TESTS_MIGRATION_PAIR_H
#define TESTS_MIGRATION_PAIR_H

#include "tests/migration/guest.h"

typedef struct {
    GuestRig rig;
    Guest *source, *destination;
    char *path, *uri; /* of a unix socket, where the destination may listen */
    guint64 size;     /* of memory, bytes; 0: GuestSpec's */
    guint turn;       /* names of processes */
} Pair;

/** pair_add: a case @path, which finds a new Pair and the data of the case. */
void pair_add(const char *path, gconstpointer data, void (*test)(Pair *pair, gconstpointer data));
/** pair_is_long: whether the counts are asked for that acceptance has. */
gboolean pair_is_long(void);

/** pair_start: a guest of @spec with a name of its own and the pair's size. */
Guest *pair_start(Pair *pair, GuestSpec spec);
/** pair_migrate: `migrate` at the source. */
void pair_migrate(Pair *pair, const char *uri);
/** pair_wait_completed: at the source; fails with its reason. */
void pair_wait_completed(Pair *pair);
/** pair_assert_well: the guest at the source runs, and has found its memory as it was. */
void pair_assert_well(Pair *pair);
/** pair_step_on: the source ends, the destination is the source of the next move. */
void pair_step_on(Pair *pair);

#endif
