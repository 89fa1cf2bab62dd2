/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * QMP: monitors on sockets or standard input/output.
 *
 * Main thread only. Source of the protocol: QEMU's published QMP specification.
 */
#ifndef VMM_MONITOR_QMP_H
#define VMM_MONITOR_QMP_H

#include "vmm/vm.h"

typedef struct QmpServer QmpServer;

/**
 * qmp_server_new:
 * @spec: "unix:PATH[,server=on|off][,wait=on|off]" or "stdio"
 *
 * Listens (a stale socket file nobody answers on is replaced; one in use is refused). With
 * wait=on it blocks until the first client is there. The server listens to @vm's events.
 * Errors: domain VM_ERROR, VM_ERROR_USAGE.
 */
QmpServer *qmp_server_new(Vm *vm, const char *spec, GError **error);
void qmp_server_free(QmpServer *server);

#endif
