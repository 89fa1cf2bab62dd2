/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Finding modules and asking them.
 */
#include "tools/stream-tables.h"

#include <gmodule.h>
#include <string.h>

#include "migration-glue/engine.h"
#include "migration-glue/host-state.h"
#include "migration-glue/loose.h"

#define MODULE_DIR_VARIABLE "SPAPR_VMM_MODULE_DIR"

struct StreamTables {
    GPtrArray *catalogues; /* const VmsCatalogueRow *, NULL-terminated */
    GPtrArray *modules;    /* const VdevModule * */
    GHashTable *names;     /* files seen, without directory */
};

static gboolean
refuse(GError **error, const char *path, const char *why)
{
    g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_FAILED, "module %s cannot be used: %s", path,
                why);
    return FALSE;
}

/* Descriptions that cannot be carried out would be mistakes of ours at every use. */
static gboolean
check_catalogue(const VmsCatalogueRow *row, GError **error)
{
    for (; row->state != NULL; row++) {
        if (!mig_state_valid(row->state, error))
            return FALSE;
    }
    return TRUE;
}

static gboolean
add_module(StreamTables *tables, const VdevModule *module, GError **error)
{
    g_ptr_array_add(tables->modules, (gpointer)module);
    if (!VDEV_HAS(module, catalogue) || module->catalogue == NULL)
        return TRUE;
    for (const VmsCatalogueRow *const *at = module->catalogue; *at != NULL; at++) {
        if (!check_catalogue(*at, error))
            return FALSE;
        g_ptr_array_insert(tables->catalogues, 0, (gpointer)*at);
    }
    return TRUE;
}

static StreamTables *
make(void)
{
    StreamTables *tables = g_new0(StreamTables, 1);

    tables->catalogues = g_ptr_array_new();
    tables->modules = g_ptr_array_new();
    tables->names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_ptr_array_add(tables->catalogues, (gpointer)host_catalogue);
    g_ptr_array_add(tables->catalogues, NULL);
    return tables;
}

StreamTables *
stream_tables_new(const VdevModule *module)
{
    StreamTables *tables = make();

    g_assert(module == NULL || add_module(tables, module, NULL));
    return tables;
}

void
stream_tables_free(StreamTables *tables)
{
    if (tables == NULL)
        return;
    g_ptr_array_unref(tables->catalogues);
    g_ptr_array_unref(tables->modules);
    g_hash_table_unref(tables->names);
    g_free(tables);
}

/* --- Files ---------------------------------------------------------------- */

static const VdevHost numbers_only = {.abi = VDEV_ABI, .size = sizeof(VdevHost)};

static gboolean
open_module(StreamTables *tables, const char *path, GError **error)
{
    GModule *file = g_module_open(path, G_MODULE_BIND_LOCAL);
    g_autoptr(GError) inner = NULL;
    const VdevModule *module;
    gpointer entry = NULL;

    if (file == NULL)
        return refuse(error, path, g_module_error());
    if (!g_module_symbol(file, VDEV_ENTRY_SYMBOL, &entry) || entry == NULL) {
        g_module_close(file);
        return refuse(error, path, "it does not export " VDEV_ENTRY_SYMBOL);
    }
    g_module_make_resident(file);
    module = ((VdevModuleEntry)entry)(&numbers_only, &inner);
    if (module == NULL)
        return refuse(error, path, inner != NULL ? inner->message : "it refused without a reason");
    if (module->abi != VDEV_ABI || module->size < VDEV_MODULE_SIZE_MIN)
        return refuse(error, path, "it was made for another interface");
    return add_module(tables, module, &inner) || refuse(error, path, inner->message);
}

static gint
compare_names(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Every module of @directory, sorted, each name once. */
static gboolean
load_directory(StreamTables *tables, const char *directory, GError **error)
{
    g_autoptr(GDir) handle = g_dir_open(directory, 0, error);
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    const char *name;

    if (handle == NULL)
        return FALSE;
    while ((name = g_dir_read_name(handle)) != NULL) {
        if (g_str_has_suffix(name, ".so"))
            g_ptr_array_add(names, g_strdup(name));
    }
    g_ptr_array_sort(names, compare_names);
    for (guint i = 0; i < names->len; i++) {
        g_autofree char *path = g_build_filename(directory, names->pdata[i], NULL);

        if (!g_hash_table_add(tables->names, g_strdup(names->pdata[i])))
            continue;
        if (!open_module(tables, path, error))
            return FALSE;
    }
    return TRUE;
}

/* Beside a program of the build tree its own module, else where modules are installed. */
static char *
standard_directory(void)
{
    g_autofree char *program = g_file_read_link("/proc/self/exe", NULL);
    g_autofree char *own = program != NULL ? g_path_get_dirname(program) : NULL;
    g_autofree char *top = own != NULL ? g_path_get_dirname(own) : NULL;
    g_autofree char *marker = top != NULL ? g_build_filename(top, "build.ninja", NULL) : NULL;

    if (marker != NULL && g_file_test(marker, G_FILE_TEST_EXISTS))
        return g_build_filename(top, STREAM_BUILD_MODULE_DIR, NULL);
    return g_strdup(STREAM_MODULE_DIR);
}

StreamTables *
stream_tables_load(const char *directory, GError **error)
{
    g_autoptr(StreamTables) tables = make();
    g_autofree char *standard = standard_directory();
    const char *variable = g_getenv(MODULE_DIR_VARIABLE);

    if (directory != NULL && *directory != '\0' && !load_directory(tables, directory, error))
        return NULL;
    if (variable != NULL && *variable != '\0' && !load_directory(tables, variable, error))
        return NULL;
    if (g_file_test(standard, G_FILE_TEST_IS_DIR) && !load_directory(tables, standard, error))
        return NULL;
    return g_steal_pointer(&tables);
}

/* --- Questions ------------------------------------------------------------ */

gboolean
stream_tables_has_module(const StreamTables *tables)
{
    return tables->modules->len > 0;
}

const VmsCatalogueRow *
stream_tables_section(const StreamTables *tables, const char *idstr)
{
    return mig_catalogue_find((const VmsCatalogueRow *const *)tables->catalogues->pdata, idstr);
}

static const VdevMachineRow *
find_machine(const VdevModule *module, const char *name)
{
    for (guint i = 0; module->machines != NULL && module->machines[i] != NULL; i++) {
        for (const VdevMachineRow *row = module->machines[i]->rows; row->name != NULL; row++) {
            if (strcmp(row->name, name) == 0)
                return row;
        }
    }
    return NULL;
}

const VdevMachineRow *
stream_tables_machine(const StreamTables *tables, const char *name)
{
    const VdevMachineRow *row = NULL;

    for (guint i = 0; row == NULL && i < tables->modules->len; i++)
        row = find_machine(tables->modules->pdata[i], name);
    return row;
}
