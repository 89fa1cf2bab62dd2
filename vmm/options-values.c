/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What each option does with its value. -smp and -m are in options-size.c.
 */
#include <string.h>

#include "migration-glue/transport.h"
#include "vmm/log.h"
#include "vmm/number.h"
#include "vmm/options-priv.h"

gboolean
option_refuse(GError **error, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    if (error != NULL)
        *error = g_error_new_valist(VM_ERROR, VM_ERROR_USAGE, format, arguments);
    va_end(arguments);
    return FALSE;
}

static gboolean
option_set_text(char **member, const char *value, GError **error)
{
    if (*value == '\0')
        return option_refuse(error, "empty value");
    g_free(*member);
    *member = g_strdup(value);
    return TRUE;
}

static gboolean
option_add_item(GPtrArray *items, const char *value, GError **error)
{
    OptionItem *item;

    if (*value == '{')
        return option_refuse(error, "the JSON form is not understood; write NAME,key=value");
    item = option_item_parse(value, error);
    if (item == NULL)
        return FALSE;
    g_ptr_array_add(items, item);
    return item->name != NULL || option_refuse(error, "the name must come first");
}

/* accel=kvm:model among the machine's properties is QEMU's other spelling of -accel. */
static gboolean
option_machine_accels(Options *options, GError **error)
{
    g_autofree char *list = option_item_take(options->machine, "accel");
    g_auto(GStrv) names = g_strsplit(list == NULL ? "" : list, ":", -1);

    for (guint i = 0; names[i] != NULL; i++)
        if (!option_add_item(options->accels, names[i], error))
            return FALSE;
    return TRUE;
}

/* Repeated -M: the last type, and the properties of all. */
gboolean
option_set_machine(Options *options, const char *value, GError **error)
{
    g_autoptr(OptionItem) item = option_item_parse(value, error);
    char *type;

    if (item == NULL)
        return FALSE;
    type = option_item_take(item, "type");
    if (type != NULL) {
        g_free(item->name);
        item->name = type;
    }
    if (options->machine == NULL) {
        options->machine = g_steal_pointer(&item);
        return option_machine_accels(options, error);
    }
    if (item->name != NULL) {
        g_free(options->machine->name);
        options->machine->name = g_steal_pointer(&item->name);
    }
    for (guint i = 0; i < item->keys->len; i++) {
        g_ptr_array_add(options->machine->keys, g_strdup(item->keys->pdata[i]));
        g_ptr_array_add(options->machine->values, g_strdup(item->values->pdata[i]));
    }
    return option_machine_accels(options, error);
}

gboolean
option_set_accel(Options *options, const char *value, GError **error)
{
    return option_add_item(options->accels, value, error);
}

gboolean
option_set_kvm(Options *options, const char *value, GError **error)
{
    return option_add_item(options->accels, "kvm", error);
}

gboolean
option_set_cpu(Options *options, const char *value, GError **error)
{
    if (strcmp(value, "host") != 0)
        return option_refuse(error, "the only processor model is 'host', without features");
    return option_set_text(&options->cpu, value, error);
}

gboolean
option_set_mem_path(Options *options, const char *value, GError **error)
{
    return option_set_text(&options->mem_path, value, error);
}

gboolean
option_set_prealloc(Options *options, const char *value, GError **error)
{
    options->mem_prealloc = TRUE;
    return TRUE;
}

gboolean
option_set_object(Options *options, const char *value, GError **error)
{
    return option_add_item(options->objects, value, error);
}

gboolean
option_set_kernel(Options *options, const char *value, GError **error)
{
    return option_set_text(&options->kernel, value, error);
}

gboolean
option_set_initrd(Options *options, const char *value, GError **error)
{
    return option_set_text(&options->initrd, value, error);
}

gboolean
option_set_append(Options *options, const char *value, GError **error)
{
    g_free(options->append);
    options->append = g_strdup(value);
    return TRUE;
}

gboolean
option_set_device(Options *options, const char *value, GError **error)
{
    return option_add_item(options->devices, value, error);
}

gboolean
option_set_serial(Options *options, const char *value, GError **error)
{
    static const char *const words[] = {"stdio", "mon:stdio", "pty", "none", "null"};
    gboolean known = FALSE;

    for (guint i = 0; i < G_N_ELEMENTS(words); i++)
        known = known || strcmp(value, words[i]) == 0;
    known = known || (g_str_has_prefix(value, "file:") && value[5] != '\0') ||
            (g_str_has_prefix(value, "unix:") && value[5] != '\0' && value[5] != ',');
    if (!known)
        return option_refuse(error, "not stdio, file:PATH, unix:PATH, pty or none");
    if (options->serial != NULL)
        return option_refuse(error, "there is one serial line, and it is %s already",
                             options->serial);
    return option_set_text(&options->serial, value, error);
}

gboolean
option_set_nographic(Options *options, const char *value, GError **error)
{
    options->nographic = TRUE;
    return TRUE;
}

gboolean
option_set_qmp(Options *options, const char *value, GError **error)
{
    if (strcmp(value, "stdio") != 0 &&
        (!g_str_has_prefix(value, "unix:") || value[5] == '\0' || value[5] == ','))
        return option_refuse(error, "not unix:PATH[,server=on,wait=off] or stdio");
    g_ptr_array_add(options->qmp, g_strdup(value));
    return TRUE;
}

gboolean
option_set_paused(Options *options, const char *value, GError **error)
{
    options->start_paused = TRUE;
    return TRUE;
}

gboolean
option_set_incoming(Options *options, const char *value, GError **error)
{
    g_autoptr(MigAddress) address =
        strcmp(value, OPTION_INCOMING_DEFER) == 0 ? NULL : mig_address_parse(value, error);

    if (address == NULL && strcmp(value, OPTION_INCOMING_DEFER) != 0)
        return FALSE;
    return option_set_text(&options->incoming, value, error);
}

gboolean
option_set_global(Options *options, const char *value, GError **error)
{
    static const char prefix[] = "migration.";
    const char *text = g_str_has_prefix(value, prefix) ? value + strlen(prefix) : NULL;

    if (text == NULL || strchr(text, '=') == NULL)
        return option_refuse(error, "only migration.NAME=VALUE is known");
    g_ptr_array_add(options->migration_globals, g_strdup(text));
    return TRUE;
}

gboolean
option_set_only_migratable(Options *options, const char *value, GError **error)
{
    options->only_migratable = TRUE;
    return TRUE;
}

gboolean
option_set_dump_vmstate(Options *options, const char *value, GError **error)
{
    return option_set_text(&options->dump_vmstate, value, error);
}

/* NAME, or QEMU's guest=NAME with debug-threads, which is always on here. */
gboolean
option_set_name(Options *options, const char *value, GError **error)
{
    g_autoptr(OptionItem) item = option_item_parse(value, error);
    const char *name;

    if (item == NULL)
        return FALSE;
    for (guint i = 0; i < item->keys->len; i++)
        if (strcmp(item->keys->pdata[i], "guest") != 0 &&
            strcmp(item->keys->pdata[i], "debug-threads") != 0)
            return option_refuse(error, "unknown key '%s'", (char *)item->keys->pdata[i]);
    name = option_item_get(item, "guest");
    name = name == NULL ? item->name : name;
    if (name == NULL)
        return option_refuse(error, "no name");
    if (!g_utf8_validate(name, -1, NULL))
        return option_refuse(error, "the name is not UTF-8");
    return option_set_text(&options->name, name, error);
}

gboolean
option_set_uuid(Options *options, const char *value, GError **error)
{
    guint n = 0;

    if (!g_uuid_string_is_valid(value))
        return option_refuse(error, "not a UUID (8-4-4-4-12 hexadecimal digits)");
    for (const char *at = value; *at != '\0'; at++) {
        if (*at == '-')
            continue;
        options->uuid[n / 2] =
            (guint8)(options->uuid[n / 2] << 4 | (guint8)g_ascii_xdigit_value(*at));
        n++;
    }
    options->have_uuid = TRUE;
    return TRUE;
}

gboolean
option_set_no_reboot(Options *options, const char *value, GError **error)
{
    options->no_reboot = TRUE;
    return TRUE;
}

gboolean
option_set_log(Options *options, const char *value, GError **error)
{
    return log_kinds_parse(value, &options->log_kinds, error);
}

gboolean
option_set_module_dir(Options *options, const char *value, GError **error)
{
    if (!g_file_test(value, G_FILE_TEST_IS_DIR))
        return option_refuse(error, "no such directory");
    g_ptr_array_add(options->module_dirs, g_strdup(value));
    return TRUE;
}

gboolean
option_set_pidfile(Options *options, const char *value, GError **error)
{
    return option_set_text(&options->pidfile, value, error);
}

gboolean
option_set_none(Options *options, const char *value, GError **error)
{
    return strcmp(value, "none") == 0 || option_refuse(error, "there is 'none' only");
}

gboolean
option_accept(Options *options, const char *value, GError **error)
{
    return TRUE;
}

gboolean
options_check(const Options *options, GError **error)
{
    gboolean console_stdio =
        options->serial == NULL ? options->nographic : g_str_has_suffix(options->serial, "stdio");
    guint users = console_stdio;

    if (options->kernel == NULL && options->initrd != NULL)
        return option_refuse(error, "-initrd %s needs a -kernel", options->initrd);
    if (options->kernel == NULL && options->append != NULL)
        return option_refuse(error, "-append needs a -kernel");
    for (guint i = 0; i < options->qmp->len; i++)
        users += strcmp(options->qmp->pdata[i], "stdio") == 0;
    if (users > 1)
        return option_refuse(error, "-serial and -qmp: only one of them can have stdio");
    return TRUE;
}
