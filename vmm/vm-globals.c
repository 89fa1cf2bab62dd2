/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * -global migration.NAME=VALUE: capabilities and parameters of migration from the start on, for a
 * machine that waits for its guest before a monitor could set them.
 *
 * The names are those of migrate-set-capabilities and migrate-set-parameters; a capability may also
 * be spelled x-NAME, as stock QEMU does here.
 */
#include <string.h>

#include "vmm/number.h"
#include "vmm/vm-priv.h"

static gboolean
set_parameter(MigParams *params, MigParam param, const char *value, GError **error)
{
    const MigParamInfo *info = mig_param_info(param);
    guint64 number;
    gboolean on;

    switch (info->kind) {
    case MIG_KIND_SIZE:
        return number_parse_size(value, 0, &number)
                   ? mig_params_set_number(params, param, number, error)
                   : vm_usage(error, "parameter '%s' is a number, not '%s'", info->name, value);
    case MIG_KIND_BOOL:
        return number_parse_bool(value, &on)
                   ? mig_params_set_number(params, param, (guint64)on, error)
                   : vm_usage(error, "parameter '%s' is on or off, not '%s'", info->name, value);
    case MIG_KIND_TEXT:
    case MIG_KIND_ENUM: break;
    }
    return mig_params_set_text(params, param, value, error);
}

/* Capabilities are collected, since some go only together. */
static gboolean
take(MigParams *params, const char *name, const char *value, GArray *changes, GError **error)
{
    const char *plain = g_str_has_prefix(name, "x-") ? name + 2 : name;
    MigCapabilityChange change;
    MigParam param;

    if (mig_param_find(name, &param))
        return set_parameter(params, param, value, error);
    if (!mig_capability_find(name, &change.capability) &&
        !mig_capability_find(plain, &change.capability))
        return vm_usage(error, "there is no migration parameter or capability '%s'", name);
    if (!number_parse_bool(value, &change.on))
        return vm_usage(error, "capability '%s' is on or off, not '%s'", name, value);
    g_array_append_val(changes, change);
    return TRUE;
}

static gboolean
take_all(const GPtrArray *globals, MigParams *params, GArray *changes, GError **error)
{
    for (guint i = 0; i < globals->len; i++) {
        const char *text = globals->pdata[i], *sign = strchr(text, '=');
        g_autofree char *name = g_strndup(text, (gsize)(sign - text));

        if (!take(params, name, sign + 1, changes, error))
            return FALSE;
    }
    return mig_params_set_capabilities(params, (const MigCapabilityChange *)changes->data,
                                       changes->len, FALSE, error);
}

gboolean
vm_globals_apply(const Options *options, MigParams *params, GError **error)
{
    g_autoptr(GArray) changes = g_array_new(FALSE, FALSE, sizeof(MigCapabilityChange));
    g_autoptr(GError) reason = NULL;

    return take_all(options->migration_globals, params, changes, &reason) ||
           vm_usage(error, "-global migration: %s", reason->message);
}
