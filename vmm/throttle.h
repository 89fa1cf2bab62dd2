/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A beat of running and resting, for a guest that is slowed down while it migrates: its thread says
 * when to rest and when to run. What rests is the caller's.
 */
#ifndef VMM_THROTTLE_H
#define VMM_THROTTLE_H

#include <glib.h>

typedef struct Throttle Throttle;

/**
 * throttle_new:
 * @rest: called on the throttle's thread, no lock held; with FALSE at the end if TRUE came before
 */
Throttle *throttle_new(void (*rest)(void *user, gboolean rests), void *user);

/* Ends it, and waits for it: without the lock that @rest takes. NULL-safe. */
void throttle_free(Throttle *throttle);

/**
 * throttle_set: from now on @percent of the time is rest; 0: none; below 100.
 *
 * Any thread; does not wait. FALSE with @error set if there is no thread to be had.
 */
gboolean throttle_set(Throttle *throttle, guint percent, GError **error);

#endif
