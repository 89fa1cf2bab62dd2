/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where a monitor is: the argument of -qmp, and the unix sockets it names.
 *
 * Errors: domain VM_ERROR; VM_ERROR_USAGE for what the argument asks wrongly (a path in use
 * included), VM_ERROR_HOST for what the host could not do. They name the path.
 */
#ifndef VMM_MONITOR_QMP_ADDRESS_H
#define VMM_MONITOR_QMP_ADDRESS_H

#include "vmm/vm.h"
#include <sys/stat.h>

typedef struct {
    char *path; /* of the unix socket; NULL: standard input and output */
    gboolean server;
    gboolean wait; /* server only */
} QmpAddress;

/** qmp_address_parse: QEMU's form and defaults: server=off, wait=on; ",," is a comma in PATH. */
gboolean qmp_address_parse(QmpAddress *address, const char *spec, GError **error);
void qmp_address_clear(QmpAddress *address);

/* A socket file that this process made, to be known again at the end. */
typedef struct {
    dev_t device;
    ino_t inode;
} QmpSocketFile;

/**
 * qmp_socket_listen:
 *
 * A socket file that nobody answers on is replaced; one with somebody behind it, or any other
 * file, stays and is an error. Two processes that start together are kept apart by a lock on the
 * directory, held only during the call.
 *
 * Returns: a non-blocking descriptor, or −1.
 */
int qmp_socket_listen(const char *path, QmpSocketFile *file, GError **error);

/** qmp_socket_remove: deletes the socket file if it still is the one that listen made. */
void qmp_socket_remove(const char *path, const QmpSocketFile *file);

/** qmp_socket_connect: Returns: a non-blocking descriptor, or −1. */
int qmp_socket_connect(const char *path, GError **error);

#endif
