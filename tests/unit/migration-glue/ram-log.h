/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A dirty log for tests: it starts and stops without a word, and finds nothing.
 */
#ifndef TESTS_UNIT_MIGRATION_GLUE_RAM_LOG_H
#define TESTS_UNIT_MIGRATION_GLUE_RAM_LOG_H

#include <glib.h>

static inline gboolean
ram_log_start(void *opaque, GError **error)
{
    return TRUE;
}

static inline void
ram_log_stop(void *opaque)
{
}

static inline gboolean
ram_log_fetch_nothing(void *opaque, guint index, guint64 *words, gsize n_words, GError **error)
{
    return TRUE;
}

#endif
