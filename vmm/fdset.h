/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sets of file descriptors that a manager handed over, by number: what /dev/fdset/N opens.
 *
 * A set holds one descriptor for each way the file is to be opened. Not here: how they arrive
 * (monitor), who opens them (migration-glue's file: transport), descriptors with a name
 * (vm-migrate.h). Any thread; the lock inside is a leaf.
 *
 * Source: QEMU's documentation of add-fd, remove-fd and query-fdsets.
 */
#ifndef VMM_FDSET_H
#define VMM_FDSET_H

#include <glib.h>

typedef struct FdSets FdSets;

#define FD_SET_NEW ((gint64)-1) /* the smallest number that is free */

FdSets *fdsets_new(void);
void fdsets_free(FdSets *sets); /* closes all; NULL-safe */

/**
 * fdsets_add:
 * @set:    a number ≥ 0, or FD_SET_NEW
 * @fd:     owned by @sets from now on
 * @opaque: what the manager calls it, or NULL
 *
 * Returns: the number of the set.
 */
gint64 fdsets_add(FdSets *sets, gint64 set, int fd, const char *opaque);

/**
 * fdsets_remove:
 * @fd: of the set; negative: all of them
 *
 * Whoever opened the set keeps what it has. A set without descriptors is gone.
 *
 * Returns: FALSE with VM_ERROR if there is no such set or descriptor.
 */
gboolean fdsets_remove(FdSets *sets, gint64 set, int fd, GError **error);

/**
 * fdsets_open:
 * @flags: as of open(2); its access mode, and whether O_DIRECT is asked for, choose the descriptor;
 *         one that can read and write does for either where none is open just so
 *
 * Returns: a new descriptor of the same open file, close-on-exec, the caller's; or −1 with
 * VM_ERROR.
 */
int fdsets_open(FdSets *sets, guint64 set, int flags, GError **error);

typedef void (*FdSetFunc)(gint64 set, int fd, const char *opaque, void *user);
/** fdsets_each: by ascending set, in each in the order they came; @func calls nothing of @sets. */
void fdsets_each(FdSets *sets, FdSetFunc func, void *user);

#endif
