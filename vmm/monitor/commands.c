/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table of QMP commands, the commands that act, and the check of arguments (see the header).
 */
#include "vmm/monitor/commands.h"
#include "vmm/monitor/hotplug.h"
#include "vmm/monitor/migrate.h"
#include "vmm/vm-migrate.h"

static json_t *
query_commands(Vm *vm, json_t *arguments, GError **error)
{
    json_t *list = json_array();

    for (const QmpCommand *command = qmp_commands; command->name != NULL; command++)
        json_array_append_new(list, json_pack("{s:s}", "name", command->name));
    return list;
}

/* Optional capabilities are asked for by name; this server has none. */
static json_t *
capabilities(Vm *vm, json_t *arguments, GError **error)
{
    json_t *list = json_object_get(arguments, "enable");
    json_t *item = json_array_get(list, 0);

    if (json_array_size(list) == 0)
        return json_object();
    if (json_is_string(item))
        g_set_error(error, QMP_ERROR, QMP_ERROR_GENERIC, "QMP capability '%s' is not available",
                    json_string_value(item));
    else
        g_set_error_literal(error, QMP_ERROR, QMP_ERROR_GENERIC,
                            "Invalid parameter type for 'enable[0]', expected: string");
    return NULL;
}

static json_t *
stop(Vm *vm, json_t *arguments, GError **error)
{
    return !vm_migrate_misses_memory(vm, error) && vm_stop(vm, RUN_STATE_PAUSED, error)
               ? json_object()
               : NULL;
}

/* Whether there is one here that may be changed now. */
static gboolean
has_guest(Vm *vm, GError **error)
{
    if (vm_state(vm) != RUN_STATE_INMIGRATE)
        return !vm_migrate_holds_guest(vm, error);
    g_set_error_literal(error, QMP_ERROR, QMP_ERROR_GENERIC,
                        "there is no guest yet: it is waited for");
    return FALSE;
}

static json_t *
system_reset(Vm *vm, json_t *arguments, GError **error)
{
    if (!has_guest(vm, error) || vm_migrate_misses_memory(vm, error))
        return NULL;
    vm_request_reset(vm, FALSE);
    return json_object();
}

static json_t *
system_powerdown(Vm *vm, json_t *arguments, GError **error)
{
    if (!has_guest(vm, error))
        return NULL;
    vm_request_powerdown(vm);
    return json_object();
}

/* To all vCPUs, whichever the monitor has chosen, as QEMU does for this machine. */
static json_t *
inject_nmi(Vm *vm, json_t *arguments, GError **error)
{
    return has_guest(vm, error) && !vm_migrate_misses_memory(vm, error) && vm_inject_nmi(vm, error)
               ? json_object()
               : NULL;
}

static json_t *
quit(Vm *vm, json_t *arguments, GError **error)
{
    vm_request_shutdown(vm, FALSE, 0);
    return json_object();
}

static const QmpArg capabilities_args[] = {{"enable", QMP_ARG_ARRAY, FALSE}, {NULL}};
static const QmpArg properties_args[] = {{"typename", QMP_ARG_STRING, TRUE}, {NULL}};
static const QmpArg types_args[] = {
    {"implements", QMP_ARG_STRING, FALSE}, {"abstract", QMP_ARG_BOOL, FALSE}, {NULL}};
static const QmpArg migrate_args[] = {
    {"uri", QMP_ARG_STRING, FALSE},
    {"channels", QMP_ARG_ARRAY, FALSE},
    {"resume", QMP_ARG_BOOL, FALSE},
    {"detach", QMP_ARG_BOOL, FALSE},
    {NULL},
};
static const QmpArg incoming_args[] = {
    {"uri", QMP_ARG_STRING, FALSE},
    {"channels", QMP_ARG_ARRAY, FALSE},
    {"exit-on-error", QMP_ARG_BOOL, FALSE},
    {NULL},
};
static const QmpArg continue_args[] = {{"state", QMP_ARG_STRING, TRUE}, {NULL}};
static const QmpArg recover_args[] = {{"uri", QMP_ARG_STRING, TRUE}, {NULL}};
static const QmpArg decide_args[] = {{"guest", QMP_ARG_STRING, TRUE}, {NULL}};
static const QmpArg capability_args[] = {{"capabilities", QMP_ARG_ARRAY, TRUE}, {NULL}};
static const QmpArg id_args[] = {{"id", QMP_ARG_STRING, TRUE}, {NULL}};
static const QmpArg fdname_args[] = {{"fdname", QMP_ARG_STRING, TRUE}, {NULL}};
static const QmpArg add_fd_args[] = {
    {"fdset-id", QMP_ARG_INT, FALSE}, {"opaque", QMP_ARG_STRING, FALSE}, {NULL}};
static const QmpArg remove_fd_args[] = {
    {"fdset-id", QMP_ARG_INT, TRUE}, {"fd", QMP_ARG_INT, FALSE}, {NULL}};

const QmpCommand qmp_commands[] = {
    {"qmp_capabilities", capabilities, capabilities_args, .negotiation = TRUE},
    {"query-version", qmp_query_version},
    {"query-commands", query_commands},
    {"query-status", qmp_query_status},
    {"query-cpus-fast", qmp_query_cpus_fast},
    {"query-name", qmp_query_name},
    {"query-uuid", qmp_query_uuid},
    {"query-target", qmp_query_target},
    {"query-machines", qmp_query_machines},
    {"qom-list-types", qmp_list_types, types_args},
    {"device-list-properties", qmp_list_properties, properties_args},
    {"x-query-irq", qmp_query_irq},
    {"x-query-memory-map", qmp_query_memory_map},
    {"stop", stop},
    {"cont", qmp_cont},
    {"system_reset", system_reset},
    {"system_powerdown", system_powerdown},
    {"inject-nmi", inject_nmi},
    {"quit", quit},
    {"migrate", qmp_migrate, migrate_args},
    {"migrate_cancel", qmp_migrate_cancel},
    {"migrate-incoming", qmp_migrate_incoming, incoming_args},
    {"migrate-continue", qmp_migrate_continue, continue_args},
    {"migrate-start-postcopy", qmp_migrate_start_postcopy},
    {"migrate-recover", qmp_migrate_recover, recover_args},
    {"migrate-pause", qmp_migrate_pause},
    {"x-migrate-decide", qmp_migrate_decide, decide_args},
    {"migrate-set-capabilities", qmp_set_capabilities, capability_args},
    {"query-migrate-capabilities", qmp_query_capabilities},
    {"migrate-set-parameters", qmp_set_parameters, .check = qmp_check_parameters},
    {"query-migrate-parameters", qmp_query_parameters},
    {"query-migrate", qmp_query_migrate},
    {"getfd", .fd_handler = qmp_getfd, .args = fdname_args},
    {"closefd", qmp_closefd, fdname_args},
    {"add-fd", .fd_handler = qmp_add_fd, .args = add_fd_args},
    {"remove-fd", qmp_remove_fd, remove_fd_args},
    {"query-fdsets", qmp_query_fdsets},
    {"object-add", qmp_object_add, .check = qmp_check_object},
    {"object-del", qmp_object_del, id_args},
    {"device_add", qmp_device_add, .check = qmp_check_device},
    {"device_del", qmp_device_del, id_args},
    {"query-memory-devices", qmp_query_memory_devices},
    {"query-hotpluggable-cpus", qmp_query_hotpluggable_cpus},
    {"query-memdev", qmp_query_memdev},
    {NULL},
};

GQuark
qmp_error_quark(void)
{
    return g_quark_from_static_string("qmp-error");
}

const char *
qmp_error_class(const GError *error)
{
    static const char *const classes[] = {
        [QMP_ERROR_GENERIC] = "GenericError",
        [QMP_ERROR_COMMAND_NOT_FOUND] = "CommandNotFound",
        [QMP_ERROR_DEVICE_NOT_FOUND] = "DeviceNotFound",
    };

    if (g_error_matches(error, VM_ERROR, VM_ERROR_ABSENT))
        return classes[QMP_ERROR_DEVICE_NOT_FOUND];
    if (error->domain != QMP_ERROR)
        return classes[QMP_ERROR_GENERIC];
    return classes[error->code];
}

const QmpCommand *
qmp_command_find(const char *name)
{
    for (const QmpCommand *command = qmp_commands; command->name != NULL; command++)
        if (g_str_equal(command->name, name))
            return command;
    return NULL;
}

json_t *
qmp_text(const char *text)
{
    g_autofree char *valid = g_utf8_make_valid(text, -1);

    return json_string(valid);
}

char *
qmp_device_path(const char *id)
{
    return id == NULL ? g_strdup("/machine/peripheral-anon")
                      : g_strconcat("/machine/peripheral/", id, NULL);
}

static const char *
type_mismatch(QmpArgType type, const json_t *value)
{
    static const char *const names[] = {
        [QMP_ARG_STRING] = "string", [QMP_ARG_BOOL] = "boolean",  [QMP_ARG_INT] = "integer",
        [QMP_ARG_ARRAY] = "array",   [QMP_ARG_OBJECT] = "object",
    };
    gboolean fits = FALSE;

    switch (type) {
    case QMP_ARG_STRING: fits = json_is_string(value); break;
    case QMP_ARG_BOOL: fits = json_is_boolean(value); break;
    case QMP_ARG_INT: fits = json_is_integer(value); break;
    case QMP_ARG_ARRAY: fits = json_is_array(value); break;
    case QMP_ARG_OBJECT: fits = json_is_object(value); break;
    }
    return fits ? NULL : names[type];
}

static gboolean
known(const QmpArg *args, const char *name)
{
    for (const QmpArg *arg = args; arg != NULL && arg->name != NULL; arg++)
        if (g_str_equal(arg->name, name))
            return TRUE;
    return FALSE;
}

gboolean
qmp_args_check(const QmpArg *args, json_t *arguments, GError **error)
{
    const char *name;
    json_t *value;

    for (const QmpArg *arg = args; arg != NULL && arg->name != NULL; arg++) {
        const char *expected;

        value = json_object_get(arguments, arg->name);
        if (value == NULL && !arg->required)
            continue;
        if (value == NULL) {
            g_set_error(error, QMP_ERROR, QMP_ERROR_GENERIC, "Parameter '%s' is missing",
                        arg->name);
            return FALSE;
        }
        expected = type_mismatch(arg->type, value);
        if (expected != NULL) {
            g_set_error(error, QMP_ERROR, QMP_ERROR_GENERIC,
                        "Invalid parameter type for '%s', expected: %s", arg->name, expected);
            return FALSE;
        }
    }
    json_object_foreach(arguments, name, value)
    {
        if (known(args, name))
            continue;
        g_set_error(error, QMP_ERROR, QMP_ERROR_GENERIC, "Parameter '%s' is unexpected", name);
        return FALSE;
    }
    return TRUE;
}
