/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Numbers of the command line: whole text or nothing. On FALSE the result is unchanged.
 */
#ifndef VMM_NUMBER_H
#define VMM_NUMBER_H

#include <glib.h>

/** number_parse: decimal or 0x…; no sign, no blanks. */
gboolean number_parse(const char *text, guint64 *value);

/**
 * number_parse_size: bytes, with a suffix B K M G T P E (powers of 1024, either case).
 * @shift: log2 of the unit of a number without a suffix
 */
gboolean number_parse_size(const char *text, guint shift, guint64 *value);

/** number_parse_bool: on off yes no true false. */
gboolean number_parse_bool(const char *text, gboolean *value);

#endif
