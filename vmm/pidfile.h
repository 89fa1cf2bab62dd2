/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * -pidfile: the process id in a file, as long as the process runs.
 */
#ifndef VMM_PIDFILE_H
#define VMM_PIDFILE_H

#include <glib.h>

/** pidfile_write: @path NULL: nothing to do. Errors: VM_ERROR_USAGE, naming the file: it cannot be
 * written, or a living process holds it. */
gboolean pidfile_write(const char *path, GError **error);

/** pidfile_remove: removes the file if pidfile_write() of this process wrote it. @path may be NULL.
 */
void pidfile_remove(const char *path);

#endif
