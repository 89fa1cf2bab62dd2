/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Steps that can be left out of a build, to prove that a test notices when they are missing.
 *
 * A build of the option `mutation` lacks the one step that it names; every other build has them
 * all, and the compiler sees nothing but constants. tests/mutations/list says which test fails
 * without which step. Not for switching anything at run time.
 */
#ifndef VDEV_MUTATION_H
#define VDEV_MUTATION_H

/* In the order of meson_options.txt. */
enum {
    VDEV_WITHOUT_NOTHING,
    VDEV_WITHOUT_EQ_SYNC,      /* the queue pages enter the dirty log */
    VDEV_WITHOUT_HOLD,         /* a source that is held remembers an event */
    VDEV_WITHOUT_REPLAY,       /* what came while it was held comes again */
    VDEV_WITHOUT_CONTEXTS,     /* thread contexts are restored */
    VDEV_WITHOUT_QUEUES_FIRST, /* queues before the routes to them */
    VDEV_WITHOUT_TIMEBASE,     /* the guest's time is restored */
    VDEV_WITHOUT_WRITES_MARKED /* the host's own writes to guest memory enter its log */
};

#ifndef VDEV_MUTATION
#define VDEV_MUTATION VDEV_WITHOUT_NOTHING
#endif

/* Whether this build has the step. */
#define VDEV_STEP(name) (VDEV_MUTATION != VDEV_WITHOUT_##name)

#endif
