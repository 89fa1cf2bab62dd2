/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * -pidfile. The file counts as held while the process that it names is alive.
 */
#include "vmm/pidfile.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "vmm/vm.h"

/* The process that @path names, or 0. */
static pid_t
pidfile_read(const char *path)
{
    g_autofree char *text = NULL;

    if (!g_file_get_contents(path, &text, NULL, NULL))
        return 0;
    return (pid_t)g_ascii_strtoll(text, NULL, 10);
}

gboolean
pidfile_write(const char *path, GError **error)
{
    g_autoptr(GError) reason = NULL;
    g_autofree char *text = g_strdup_printf("%d\n", (int)getpid());
    pid_t holder;

    if (path == NULL)
        return TRUE;
    holder = pidfile_read(path);
    if (holder > 0 && holder != getpid() && (kill(holder, 0) == 0 || errno == EPERM)) {
        g_set_error(error, VM_ERROR, VM_ERROR_USAGE, "-pidfile %s is held by process %d", path,
                    (int)holder);
        return FALSE;
    }
    if (!g_file_set_contents_full(path, text, -1, G_FILE_SET_CONTENTS_CONSISTENT, 0644, &reason)) {
        g_set_error(error, VM_ERROR, VM_ERROR_USAGE, "-pidfile: %s", reason->message);
        return FALSE;
    }
    return TRUE;
}

void
pidfile_remove(const char *path)
{
    if (path != NULL && pidfile_read(path) == getpid())
        unlink(path);
}
