/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Loadable modules. The only file that knows GModule.
 *
 * A module is never unloaded: error domains and type names that it has handed to GLib live as long
 * as the process.
 */
#include "vmm/module.h"

#include <gmodule.h>
#include <string.h>

#include "vmm/property.h"
#include "vmm/vm.h"

struct ModuleSet {
    GPtrArray *modules; /* const VdevModule * */
    GPtrArray *names;   /* char *: file names seen, without directory */
    GPtrArray *places;  /* char *: directories looked into */
};

static gboolean module_refuse(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);

static gboolean
module_refuse(GError **error, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    if (error != NULL)
        *error = g_error_new_valist(VM_ERROR, VM_ERROR_USAGE, format, arguments);
    va_end(arguments);
    return FALSE;
}

static gboolean
module_check_devices(const VdevModule *module, GError **error)
{
    for (const VdevClass *const *at = module->devices; at != NULL && *at != NULL; at++) {
        const VdevClass *klass = *at;

        if (klass->name == NULL || klass->size < sizeof(VdevDevice) || klass->realize == NULL ||
            klass->finish == NULL)
            return module_refuse(error, "device %s has no name, no size, no realize or no finish",
                                 klass->name == NULL ? "?" : klass->name);
        if (!property_check_table(klass->props, klass->size, klass->name, error))
            return FALSE;
    }
    return TRUE;
}

static gboolean
module_check_machines(const VdevModule *module, GError **error)
{
    for (const VdevMachineClass *const *at = module->machines; at != NULL && *at != NULL; at++) {
        const VdevMachineClass *klass = *at;

        if (klass->name == NULL || klass->size < sizeof(VdevDevice) || klass->rows == NULL)
            return module_refuse(error, "machine %s has no name, no size or no types",
                                 klass->name == NULL ? "?" : klass->name);
        if (klass->attach == NULL || klass->realize == NULL || klass->reset == NULL ||
            klass->quiesce == NULL || klass->resume == NULL || klass->finish == NULL ||
            klass->load_boot == NULL || klass->hcall == NULL || klass->powerdown == NULL ||
            klass->print_irq == NULL)
            return module_refuse(error, "machine %s lacks a function", klass->name);
        if (!property_check_table(klass->props, klass->size, klass->name, error))
            return FALSE;
    }
    return TRUE;
}

gboolean
module_check(const VdevModule *module, guint32 groups, GError **error)
{
    if (module->abi != VDEV_ABI)
        return module_refuse(error, "made for interface %u, this program has %u", module->abi,
                             VDEV_ABI);
    if (module->size < VDEV_MODULE_SIZE_MIN)
        return module_refuse(error, "its table has %u bytes, less than the %zu of interface %u",
                             module->size, VDEV_MODULE_SIZE_MIN, VDEV_ABI);
    if (module->name == NULL || module->version == NULL)
        return module_refuse(error, "it tells no name or version");
    if ((module->needs & ~groups) != 0)
        return module_refuse(error, "it needs host calls (groups 0x%x) that this program lacks",
                             module->needs & ~groups);
    return module_check_devices(module, error) && module_check_machines(module, error);
}

/* Only numbers: the module hands out tables and receives the working host with its machines. */
static const VdevHost numbers_only = {.abi = VDEV_ABI, .size = sizeof(VdevHost)};

static const VdevModule *
module_open(const char *path, guint32 groups, GError **error)
{
    GModule *file = g_module_open(path, G_MODULE_BIND_LOCAL);
    gpointer entry = NULL;
    const VdevModule *module;

    if (file == NULL) {
        g_autofree char *reason = g_strdelimit(g_strdup(g_module_error()), "\n", ' ');

        /* The dynamic linker names the file first, as we do. */
        module_refuse(error, "%s is no module: %s", path,
                      g_str_has_prefix(reason, path) ? reason + strlen(path) + 2 : reason);
        return NULL;
    }
    if (!g_module_symbol(file, VDEV_ENTRY_SYMBOL, &entry) || entry == NULL) {
        module_refuse(error, "%s is no module: it does not export " VDEV_ENTRY_SYMBOL, path);
        g_module_close(file);
        return NULL;
    }
    g_module_make_resident(file);
    module = ((VdevModuleEntry)entry)(&numbers_only, error);
    if (module == NULL && error != NULL && *error == NULL)
        module_refuse(error, "it refused without a reason");
    if (module == NULL || !module_check(module, groups, error)) {
        g_autofree char *reason = error == NULL ? NULL : g_strdup((*error)->message);

        g_clear_error(error);
        module_refuse(error, "module %s cannot be used: %s", path, reason == NULL ? "?" : reason);
        return NULL;
    }
    return module;
}

static gboolean
module_known(const ModuleSet *set, const char *name)
{
    return g_ptr_array_find_with_equal_func(set->names, name, g_str_equal, NULL);
}

static gint
module_compare_names(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The *.so of @dir, sorted, so that two starts see one order. NULL: cannot be read. */
static GPtrArray *
module_list(const char *dir, GError **error)
{
    g_autoptr(GDir) handle = g_dir_open(dir, 0, error);
    GPtrArray *names;
    const char *name;

    if (handle == NULL)
        return NULL;
    names = g_ptr_array_new_with_free_func(g_free);
    while ((name = g_dir_read_name(handle)) != NULL)
        if (g_str_has_suffix(name, ".so"))
            g_ptr_array_add(names, g_strdup(name));
    g_ptr_array_sort(names, module_compare_names);
    return names;
}

static gboolean
module_load_dir(ModuleSet *set, const char *dir, guint32 groups, GError **error)
{
    g_autoptr(GError) reason = NULL;
    g_autoptr(GPtrArray) names = module_list(dir, &reason);

    g_ptr_array_add(set->places, g_strdup(dir));
    if (names == NULL)
        return module_refuse(error, "module directory %s: %s", dir, reason->message);
    for (guint i = 0; i < names->len; i++) {
        g_autofree char *path = g_build_filename(dir, names->pdata[i], NULL);
        const VdevModule *module;

        if (module_known(set, names->pdata[i]))
            continue;
        module = module_open(path, groups, error);
        if (module == NULL)
            return FALSE;
        g_ptr_array_add(set->names, g_strdup(names->pdata[i]));
        g_ptr_array_add(set->modules, (gpointer)module);
    }
    return TRUE;
}

/* The build tree's module directory beside the executable's, if the program was not installed.
 * (transfer full) */
static char *
module_build_dir(void)
{
    g_autofree char *program = g_file_read_link("/proc/self/exe", NULL);
    g_autofree char *program_dir = program == NULL ? NULL : g_path_get_dirname(program);
    g_autofree char *top = program_dir == NULL ? NULL : g_path_get_dirname(program_dir);
    g_autofree char *marker = top == NULL ? NULL : g_build_filename(top, "build.ninja", NULL);

    if (marker == NULL || !g_file_test(marker, G_FILE_TEST_EXISTS))
        return NULL;
    return g_build_filename(top, VMM_BUILD_MODULE_DIR, NULL);
}

static void
module_path_add(GPtrArray *path, const char *dir)
{
    if (dir != NULL && *dir != '\0')
        g_ptr_array_add(path, g_strdup(dir));
}

GPtrArray *
module_search_path(const GPtrArray *dirs)
{
    GPtrArray *path = g_ptr_array_new_with_free_func(g_free);
    g_autofree char *build_dir = module_build_dir();
    const char *standard = build_dir == NULL ? VMM_MODULE_DIR : build_dir;

    for (guint i = 0; i < dirs->len; i++)
        module_path_add(path, dirs->pdata[i]);
    module_path_add(path, g_getenv(MODULE_DIR_VARIABLE));
    if (g_file_test(standard, G_FILE_TEST_IS_DIR))
        module_path_add(path, standard);
    return path;
}

ModuleSet *
module_set_load(const GPtrArray *path, guint32 groups, GError **error)
{
    ModuleSet *set = g_new0(ModuleSet, 1);
    gboolean ok = TRUE;

    set->modules = g_ptr_array_new();
    set->names = g_ptr_array_new_with_free_func(g_free);
    set->places = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; ok && i < path->len; i++)
        ok = module_load_dir(set, path->pdata[i], groups, error);
    if (!ok)
        g_clear_pointer(&set, module_set_free);
    return set;
}

void
module_set_free(ModuleSet *set)
{
    if (set == NULL)
        return;
    g_ptr_array_unref(set->modules);
    g_ptr_array_unref(set->names);
    g_ptr_array_unref(set->places);
    g_free(set);
}

guint
module_set_size(const ModuleSet *set)
{
    return set->modules->len;
}

const VdevModule *
module_set_get(const ModuleSet *set, guint index)
{
    return set->modules->pdata[index];
}

char *
module_set_places(const ModuleSet *set)
{
    GString *text = g_string_new(NULL);

    for (guint i = 0; i < set->places->len; i++)
        g_string_append_printf(text, "%s%s", i == 0 ? "" : ", ",
                               (const char *)set->places->pdata[i]);
    if (text->len == 0)
        g_string_append(text, VMM_MODULE_DIR);
    return g_string_free(text, FALSE);
}
