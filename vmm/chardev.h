/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Character devices: where the guest's console goes.
 *
 * Output never waits: what the other end does not take now stands in a buffer of CHARDEV_BUFFER
 * bytes, and when that is full the oldest bytes go. A Unix socket that nobody has connected to
 * yet keeps its output the same way, so that the first client sees how the guest began. Input is
 * read only while the device says that it can take some, and no more than that.
 *
 * Everything under the machine lock, on any thread; input arrives on the main thread.
 */
#ifndef VMM_CHARDEV_H
#define VMM_CHARDEV_H

#include "vdev/host.h"
#include "vmm/log.h"

#define CHARDEV_BUFFER (256u << 10)

typedef struct {
    const char *spec; /* of -serial: stdio, mon:stdio, file:PATH, unix:PATH[,…], pty, none, null */
    gboolean escape;  /* stdio: raw, and Ctrl-A is the operator's (x: quit, h: help) */
    Log *log;         /* for bytes that were lost; outlives the device */
    void (*quit)(void *user); /* Ctrl-A x; main thread */
    void *user;
} ChardevConfig;

/**
 * chardev_new: opens what @config names. @config: not kept.
 *
 * Returns: NULL without an error for "none"; with an error (VM_ERROR_USAGE) if it cannot
 * be opened.
 */
VdevChardev *chardev_new(const ChardevConfig *config, GError **error);

/** chardev_free: hands over what is left of the output, waiting 2 s at most; puts the terminal back
 * as it was. NULL-safe. */
void chardev_free(VdevChardev *chardev);

/* As in VdevHost; a NULL chardev takes output and gives no input. */
void chardev_write(VdevChardev *chardev, const guint8 *bytes, gsize n);
void chardev_set_ops(VdevChardev *chardev, const VdevChardevOps *ops, void *user);
void chardev_accept_input(VdevChardev *chardev);

/**
 * chardev_pause: the guest is not here: what is typed stays unread, for whoever has it. An
 * operator's terminal is listened to all the same, and keeps what is typed until then.
 * chardev_go_on: it is here. Both NULL-safe, and may be repeated.
 */
void chardev_pause(VdevChardev *chardev);
void chardev_go_on(VdevChardev *chardev);

/** chardev_unread: bytes that were read and that the device has not taken. NULL-safe. */
gsize chardev_unread(const VdevChardev *chardev);

#endif
