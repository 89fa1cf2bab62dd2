/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * QMP's commands about migration, and about the descriptors that one may use: handlers for the
 * table of commands.c, which sees nothing else of this.
 *
 * Names and members are QEMU's; what QEMU does not have begins with x-.
 */
#ifndef VMM_MONITOR_MIGRATE_H
#define VMM_MONITOR_MIGRATE_H

#include "vmm/monitor/commands.h"

/* migrate.c: what acts. */
json_t *qmp_cont(Vm *vm, json_t *arguments, GError **error);
json_t *qmp_migrate(Vm *vm, json_t *arguments, GError **error);
json_t *qmp_migrate_cancel(Vm *vm, json_t *arguments, GError **error);
json_t *qmp_migrate_incoming(Vm *vm, json_t *arguments, GError **error);
json_t *qmp_migrate_continue(Vm *vm, json_t *arguments, GError **error);
json_t *qmp_migrate_start_postcopy(Vm *vm, json_t *arguments, GError **error);
json_t *qmp_migrate_recover(Vm *vm, json_t *arguments, GError **error);
json_t *qmp_migrate_pause(Vm *vm, json_t *arguments, GError **error);
json_t *qmp_migrate_decide(Vm *vm, json_t *arguments, GError **error);

/* migrate-params.c */
json_t *qmp_set_capabilities(Vm *vm, json_t *arguments, GError **error);
json_t *qmp_query_capabilities(Vm *vm, json_t *arguments, GError **error);
gboolean qmp_check_parameters(json_t *arguments, GError **error);
json_t *qmp_set_parameters(Vm *vm, json_t *arguments, GError **error);
json_t *qmp_query_parameters(Vm *vm, json_t *arguments, GError **error);

/* query-migrate.c */
json_t *qmp_query_migrate(Vm *vm, json_t *arguments, GError **error);

/* migrate-address.c */
/**
 * qmp_migrate_uri: where @arguments say that the stream goes or comes from: by `uri` or by
 * `channels`, one of the two.
 *
 * Returns: (transfer full): a URI, or NULL with @error.
 */
char *qmp_migrate_uri(json_t *arguments, GError **error);
/** qmp_socket_address: @uri as QEMU's SocketAddress, or NULL if it is no socket's. */
json_t *qmp_socket_address(const char *uri);

/* descriptors.c */
json_t *qmp_getfd(Vm *vm, json_t *arguments, int fd, GError **error);
json_t *qmp_closefd(Vm *vm, json_t *arguments, GError **error);
json_t *qmp_add_fd(Vm *vm, json_t *arguments, int fd, GError **error);
json_t *qmp_remove_fd(Vm *vm, json_t *arguments, GError **error);
json_t *qmp_query_fdsets(Vm *vm, json_t *arguments, GError **error);

#endif
