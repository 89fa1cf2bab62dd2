/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A connection that breaks when it is told to: between the two sides of a migration.
 *
 *   source ──▶ front ── relay ──▶ back ──▶ destination
 */
#ifndef TESTS_MIGRATION_RELAY_H
#define TESTS_MIGRATION_RELAY_H

#include <glib.h>

typedef struct Relay Relay;

#define RELAY_ALL   G_MAXUINT64
#define RELAY_PONGS (G_MAXUINT64 - 1)

/**
 * relay_new: listens at @front, and connects to @back when somebody comes.
 * @there, @back_again: bytes that pass in each direction; then both ends are closed. RELAY_PONGS
 * back: answers to pings, and nothing else
 */
Relay *relay_new(const char *front, const char *back, guint64 there, guint64 back_again);
/** relay_free: breaks what is left, and waits. Returns: bytes that passed towards @back. */
guint64 relay_free(Relay *relay);

#endif
