/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A guest of a test, between guest.c (its process and memory) and guest-qmp.c (what it is asked).
 */
#ifndef TESTS_MIGRATION_GUEST_PRIV_H
#define TESTS_MIGRATION_GUEST_PRIV_H

#include "tests/migration/guest.h"

#define GUEST_PATIENCE_US (120 * G_USEC_PER_SEC) /* valgrind and sanitizers are slow */
#define GUEST_STEP_US     2000

struct Guest {
    const GuestRig *rig;
    char *name;
    GPid pid;
    gboolean ended;
    int status; /* of waitpid, once it ended */
    int qmp;
    gboolean late;  /* it owes an answer: nobody asks it again */
    GByteArray *in; /* bytes of lines that are not whole yet */
    json_t *events; /* object: name → µs of the last one */
    char *memory, *log;
    guint8 *map;
    guint64 size;
};

/** guest_has_ended: and if so, reaps it. */
gboolean guest_has_ended(Guest *guest);

/** guest_tell_states: appends what it says of itself now, if it answers soon. */
void guest_tell_states(Guest *guest, GString *text);

#endif
