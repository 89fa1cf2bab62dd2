/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What query-migrate answers, for people: one line while it runs, a short report at the end.
 *
 * Text only, no I/O. Members that are missing are not shown: a server may be older, or QEMU.
 */
#ifndef TOOLS_CTL_PROGRESS_H
#define TOOLS_CTL_PROGRESS_H

#include <glib.h>
#include <jansson.h>

/**
 * progress_line: appends how far it is: bar, what is left, rate, time; no line end.
 * @width: columns that the bar may take
 */
void progress_line(GString *text, const json_t *info, guint width);

/** progress_report: appends lines: sums, and where the downtime went, by phase and by device. */
void progress_report(GString *text, const json_t *info);

/** progress_size: appends @bytes in the unit that suits, "1.5 GiB". */
void progress_size(GString *text, guint64 bytes);

#endif
