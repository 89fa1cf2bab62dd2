/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Between the opening of character devices (chardev-open.c) and their traffic (chardev.c).
 */
#ifndef VMM_CHARDEV_PRIV_H
#define VMM_CHARDEV_PRIV_H

#include <termios.h>

#include "vmm/chardev.h"

typedef struct {
    gint in, out;  /* −1: none; may be the same */
    gint listener; /* −1, or a listening Unix socket */
    gint slave;    /* −1, or our end of the pseudo-terminal, which keeps it from hanging up */
    gboolean close_fds; /* in and out are ours */
    char *socket_path;  /* to be removed at the end, or NULL */
    gboolean raw;       /* `saved` is to be put back on standard input */
    struct termios saved;
    gint saved_flags; /* of out, −1: unchanged */
} ChardevEnds;

#define CHARDEV_ENDS_NONE \
    ((ChardevEnds){.in = -1, .out = -1, .listener = -1, .slave = -1, .saved_flags = -1})

/** chardev_ends_open: FALSE with @error, or TRUE; nothing is open for "none". */
gboolean chardev_ends_open(ChardevEnds *ends, const ChardevConfig *config, GError **error);
void chardev_ends_close(ChardevEnds *ends);

#endif
