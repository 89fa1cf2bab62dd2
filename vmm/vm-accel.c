/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The choice of the accelerator.
 */
#include "vmm/vm-accel.h"

#include <string.h>

#include "vmm/vm.h"

static const AccelClass *const accels[] = {&kvm_accel_class, &model_accel_class};

static const AccelClass *
accel_find(const char *name)
{
    for (guint i = 0; i < G_N_ELEMENTS(accels); i++)
        if (strcmp(accels[i]->name, name) == 0)
            return accels[i];
    return NULL;
}

static Accel *
accel_open(const AccelClass *klass, const OptionItem *item, guint32 max_cpus, GError **error)
{
    g_autoptr(GHashTable) keys = g_hash_table_new(g_str_hash, g_str_equal);
    AccelConfig config = {.options = keys, .max_cpus = max_cpus};
    Accel *accel;

    for (guint i = 0; item != NULL && i < item->keys->len; i++)
        g_hash_table_insert(keys, item->keys->pdata[i], item->values->pdata[i]);
    accel = klass->open(&config, error);
    if (accel == NULL)
        g_prefix_error(error, "-accel %s: ", klass->name);
    return accel;
}

static Accel *
accel_open_item(const OptionItem *item, guint32 max_cpus, GError **error)
{
    const AccelClass *klass = accel_find(item->name);

    if (klass == NULL) {
        g_set_error(error, VM_ERROR, VM_ERROR_USAGE,
                    "-accel %s: no such accelerator; -accel help lists them", item->name);
        return NULL;
    }
    return accel_open(klass, item, max_cpus, error);
}

/* An error that another accelerator would not mend: what was asked is wrong. */
static gboolean
accel_error_is_final(const GError *error)
{
    return error->domain == G_OPTION_ERROR || error->domain == VM_ERROR;
}

/* The first that opens; without -accel KVM. Of those that do not, the last says why. */
static Accel *
accel_open_any(const Options *options, Log *log, GError **error)
{
    GError *reason = NULL;
    Accel *accel = NULL;

    if (options->accels->len == 0)
        return accel_open(&kvm_accel_class, NULL, options->max_cpus, error);
    for (guint i = 0; accel == NULL && i < options->accels->len; i++) {
        if (reason != NULL && accel_error_is_final(reason))
            break;
        if (reason != NULL)
            log_printf(log, VDEV_LOG_WARNING, "%s; trying the next", reason->message);
        g_clear_error(&reason);
        accel = accel_open_item(options->accels->pdata[i], options->max_cpus, &reason);
    }
    if (reason != NULL)
        g_propagate_error(error, reason);
    return accel;
}

static gboolean
model_is_named(const Options *options)
{
    for (guint i = 0; i < options->accels->len; i++)
        if (strcmp(((OptionItem *)options->accels->pdata[i])->name, model_accel_class.name) == 0)
            return TRUE;
    return FALSE;
}

Accel *
vm_accel_open(const Options *options, Log *log, GError **error)
{
    GError *reason = NULL;
    Accel *accel = accel_open_any(options, log, &reason);

    if (accel != NULL)
        return accel;
    g_propagate_error(error, g_error_new(reason->domain, reason->code, "%s%s", reason->message,
                                         accel_error_is_final(reason) || model_is_named(options)
                                             ? ""
                                             : "; -accel model runs scripts without KVM"));
    g_error_free(reason);
    return NULL;
}

gboolean
vm_accel_help_wanted(const Options *options)
{
    for (guint i = 0; i < options->accels->len; i++)
        if (strcmp(((OptionItem *)options->accels->pdata[i])->name, "help") == 0)
            return TRUE;
    return FALSE;
}

void
vm_accel_help(GString *text)
{
    for (guint i = 0; i < G_N_ELEMENTS(accels); i++)
        g_string_append_printf(text, "%-8s %s\n", accels[i]->name, accels[i]->help);
}
