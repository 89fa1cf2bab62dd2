/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * QMP's view of a migration's capabilities and parameters. The tables behind it are those of
 * migration-glue/params.h: a new row there needs nothing here.
 */
#include "vmm/monitor/migrate.h"
#include "vmm/vm-migrate.h"

/* --- Capabilities ---------------------------------------------------------- */

static gboolean
refuse(GError **error, const char *format, const char *what)
{
    g_set_error(error, QMP_ERROR, QMP_ERROR_GENERIC, format, what);
    return FALSE;
}

/* One {"capability": NAME, "state": BOOL}. */
static gboolean
parse_change(json_t *item, MigCapabilityChange *change, GError **error)
{
    json_t *name = json_object_get(item, "capability"), *state = json_object_get(item, "state");

    if (!json_is_object(item))
        return refuse(error, "Invalid parameter type for '%s', expected: object", "capabilities[]");
    if (!json_is_string(name))
        return refuse(error, "Invalid parameter type for '%s', expected: string", "capability");
    if (!json_is_boolean(state))
        return refuse(error, "Invalid parameter type for '%s', expected: boolean", "state");
    if (!mig_capability_find(json_string_value(name), &change->capability))
        return refuse(error, "Parameter 'capability' does not accept value '%s'",
                      json_string_value(name));
    change->on = json_is_true(state);
    return TRUE;
}

json_t *
qmp_set_capabilities(Vm *vm, json_t *arguments, GError **error)
{
    json_t *list = json_object_get(arguments, "capabilities"), *item;
    g_autofree MigCapabilityChange *changes = g_new0(MigCapabilityChange, json_array_size(list));
    gsize i;

    json_array_foreach(list, i, item)
    {
        if (!parse_change(item, &changes[i], error))
            return NULL;
    }
    if (!vm_migrate_set_capabilities(vm, changes, (guint)json_array_size(list), error))
        return NULL;
    return json_object();
}

json_t *
qmp_query_capabilities(Vm *vm, json_t *arguments, GError **error)
{
    MigParams *params = vm_migrate_params(vm);
    json_t *list = json_array();

    for (guint i = 0; i < MIG_CAP_N; i++) {
        MigCapability capability = (MigCapability)i;

        json_array_append_new(list, json_pack("{s:b,s:s}", "state",
                                              mig_params_capability(params, capability),
                                              "capability", mig_capability_info(capability)->name));
    }
    return list;
}

/* --- Parameters ------------------------------------------------------------ */

static gboolean
mismatch(GError **error, const char *name, const char *expected)
{
    g_set_error(error, QMP_ERROR, QMP_ERROR_GENERIC,
                "Invalid parameter type for '%s', expected: %s", name, expected);
    return FALSE;
}

/* null is how clients say "none" where QEMU takes a string. */
static gboolean
is_text(const MigParamInfo *info, const json_t *value)
{
    return json_is_string(value) || (info->kind == MIG_KIND_TEXT && json_is_null(value));
}

static const char *
text_of(const json_t *value)
{
    return json_is_null(value) ? "" : json_string_value(value);
}

static guint64
number_of(const json_t *value)
{
    return json_is_boolean(value) ? json_is_true(value) : (guint64)json_integer_value(value);
}

static gboolean
check_parameter(const char *name, const json_t *value, GError **error)
{
    const MigParamInfo *info;
    MigParam param;

    if (!mig_param_find(name, &param))
        return refuse(error, "Parameter '%s' is unexpected", name);
    info = mig_param_info(param);
    switch (info->kind) {
    case MIG_KIND_BOOL:
        return json_is_boolean(value) ? mig_params_check_number(param, number_of(value), error)
                                      : mismatch(error, name, "boolean");
    case MIG_KIND_SIZE:
        if (!json_is_integer(value))
            return mismatch(error, name, "integer");
        if (json_integer_value(value) < 0)
            return refuse(error, "Parameter '%s' expects a number that is not negative", name);
        return mig_params_check_number(param, number_of(value), error);
    case MIG_KIND_TEXT:
    case MIG_KIND_ENUM: break;
    }
    return is_text(info, value) ? mig_params_check_text(param, text_of(value), error)
                                : mismatch(error, name, "string");
}

gboolean
qmp_check_parameters(json_t *arguments, GError **error)
{
    const char *name;
    json_t *value;

    json_object_foreach(arguments, name, value)
    {
        if (!check_parameter(name, value, error))
            return FALSE;
    }
    return TRUE;
}

/* All were checked: all are set. */
json_t *
qmp_set_parameters(Vm *vm, json_t *arguments, GError **error)
{
    MigParams *params = vm_migrate_params(vm);
    const char *name;
    json_t *value;

    json_object_foreach(arguments, name, value)
    {
        MigParam param;
        gboolean set = mig_param_find(name, &param);

        if (set && (json_is_string(value) || json_is_null(value)))
            set = mig_params_set_text(params, param, text_of(value), error);
        else if (set)
            set = mig_params_set_number(params, param, number_of(value), error);
        if (!set)
            return NULL;
    }
    return json_object();
}

static json_t *
parameter(MigParams *params, MigParam param)
{
    g_autofree char *text = NULL;

    switch (mig_param_info(param)->kind) {
    case MIG_KIND_SIZE: return json_integer((json_int_t)mig_params_number(params, param));
    case MIG_KIND_BOOL: return json_boolean(mig_params_number(params, param) != 0);
    case MIG_KIND_TEXT:
    case MIG_KIND_ENUM: break;
    }
    text = mig_params_text(params, param);
    return qmp_text(text);
}

json_t *
qmp_query_parameters(Vm *vm, json_t *arguments, GError **error)
{
    MigParams *params = vm_migrate_params(vm);
    json_t *answer = json_object();

    for (guint i = 0; i < MIG_PARAM_N; i++)
        json_object_set_new(answer, mig_param_info((MigParam)i)->name,
                            parameter(params, (MigParam)i));
    return answer;
}
