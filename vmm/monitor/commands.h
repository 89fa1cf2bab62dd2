/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The commands of QMP: one constant table, and the rules of their arguments.
 *
 * Not here: framing, negotiation and replies (session.c). Under the machine lock.
 * Source: QEMU's QAPI schema for names, members and the words of argument errors.
 */
#ifndef VMM_MONITOR_COMMANDS_H
#define VMM_MONITOR_COMMANDS_H

#include "vmm/vm.h"
#include <jansson.h>

/* Errors of commands. Any other domain is answered as GenericError. */
#define QMP_ERROR qmp_error_quark()
GQuark qmp_error_quark(void);
typedef enum {
    QMP_ERROR_GENERIC,
    QMP_ERROR_COMMAND_NOT_FOUND,
    QMP_ERROR_DEVICE_NOT_FOUND
} QmpError;

/** qmp_error_class: the "class" member that answers @error. Static. */
const char *qmp_error_class(const GError *error);

typedef enum {
    QMP_ARG_STRING,
    QMP_ARG_BOOL,
    QMP_ARG_INT,
    QMP_ARG_ARRAY,
    QMP_ARG_OBJECT
} QmpArgType;

/* One argument. A table ends with name NULL. */
typedef struct {
    const char *name;
    QmpArgType type;
    gboolean required;
} QmpArg;

/**
 * QmpHandler:
 * @arguments: an object that keeps the command's rules, or NULL: none given
 *
 * Returns: (transfer full): what "return" holds, or NULL with @error set.
 */
typedef json_t *(*QmpHandler)(Vm *vm, json_t *arguments, GError **error);

/* The same with a descriptor that came along: the handler's own if it returns a result. */
typedef json_t *(*QmpFdHandler)(Vm *vm, json_t *arguments, int fd, GError **error);

typedef struct {
    const char *name;
    QmpHandler handler;
    const QmpArg *args; /* or NULL: none */
    /* Instead of args: whether @arguments are what the handler takes. */
    gboolean (*check)(json_t *arguments, GError **error);
    gboolean negotiation;    /* the one command of the time before negotiation */
    QmpFdHandler fd_handler; /* instead of handler: the command needs a descriptor */
} QmpCommand;

/* In the order of query-commands; ends with name NULL. */
extern const QmpCommand qmp_commands[];

/** qmp_command_find: Returns: the row, or NULL. */
const QmpCommand *qmp_command_find(const char *name);

/** qmp_args_check: whether @arguments are what @args says; @error is in QEMU's words. */
gboolean qmp_args_check(const QmpArg *args, json_t *arguments, GError **error);

/** qmp_text: @text as a JSON string, bytes that are no UTF-8 replaced. Never NULL. */
json_t *qmp_text(const char *text);

/** qmp_device_path: where clients look for device @id (NULL: it has none). (transfer full) */
char *qmp_device_path(const char *id);

/** qmp_version: the object of query-version and of the greeting. */
json_t *qmp_version(void);

/* query.c: questions about the machine. */
json_t *qmp_query_version(Vm *vm, json_t *arguments, GError **error);
json_t *qmp_query_status(Vm *vm, json_t *arguments, GError **error);
json_t *qmp_query_cpus_fast(Vm *vm, json_t *arguments, GError **error);
json_t *qmp_query_name(Vm *vm, json_t *arguments, GError **error);
json_t *qmp_query_uuid(Vm *vm, json_t *arguments, GError **error);
json_t *qmp_query_target(Vm *vm, json_t *arguments, GError **error);
json_t *qmp_query_irq(Vm *vm, json_t *arguments, GError **error);
json_t *qmp_query_memory_map(Vm *vm, json_t *arguments, GError **error);

/* query-types.c: questions about what the loaded modules offer. */
json_t *qmp_query_machines(Vm *vm, json_t *arguments, GError **error);
json_t *qmp_list_types(Vm *vm, json_t *arguments, GError **error);
json_t *qmp_list_properties(Vm *vm, json_t *arguments, GError **error);

#endif
