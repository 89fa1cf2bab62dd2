/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Loading modules: the search order, and a clear line for each that cannot be used; the properties
 * of what they offer.
 *
 * argv[1]: the directory of the sample modules that meson has built.
 */
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "vmm/module.h"
#include "vmm/property.h"
#include "vmm/vm.h"

#define GROUPS (VDEV_GROUP_BASE | VDEV_GROUP_MEMORY)

static char *sample_dir; /* absolute */

/* A directory that holds @sample (or bytes that are no module) under the name x.so. */
static char *
dir_with(const char *sample)
{
    char *dir = g_dir_make_tmp("module-XXXXXX", NULL);
    g_autofree char *to = g_build_filename(dir, "x.so", NULL);
    g_autofree char *from = g_strdup_printf("%s/sample-%s.so", sample_dir, sample);

    if (strcmp(sample, "text") == 0)
        g_assert_true(g_file_set_contents(to, "this is a text\n", -1, NULL));
    else if (strcmp(sample, "empty") == 0)
        g_assert_true(g_file_set_contents(to, "", 0, NULL));
    else
        g_assert_cmpint(symlink(from, to), ==, 0);
    return dir;
}

static void
dir_remove(char *dir)
{
    g_autofree char *file = g_build_filename(dir, "x.so", NULL);

    g_unlink(file);
    g_rmdir(dir);
    g_free(dir);
}

static ModuleSet *
load_one(const char *sample, guint32 groups, GError **error)
{
    g_autoptr(GPtrArray) dirs = g_ptr_array_new();
    char *dir = dir_with(sample);
    ModuleSet *set;

    g_ptr_array_add(dirs, dir);
    set = module_set_load(dirs, groups, error);
    dir_remove(dir);
    return set;
}

static void
faulty_modules_are_refused_in_one_line(void)
{
    static const struct {
        const char *sample, *reason;
    } rows[] = {
        {"abi", "made for interface 2"},
        {"size", "table has 8 bytes"},
        {"needs", "groups 0x4"},
        {"symbol", "does not export vdev_module_v1"},
        {"refuses", "not with this host"},
        {"offset", "property level of sample lies outside its object"},
        {"text", "is no module"},
        {"empty", "is no module"},
    };

    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;

        g_test_message("%s", rows[i].sample);
        g_assert_null(load_one(rows[i].sample, GROUPS, &error));
        g_assert_error(error, VM_ERROR, VM_ERROR_USAGE);
        g_assert_nonnull(strstr(error->message, "/x.so"));
        g_assert_nonnull(strstr(error->message, rows[i].reason));
        g_assert_null(strchr(error->message, '\n'));
    }
}

static void
a_good_module_is_loaded(void)
{
    g_autoptr(GError) error = NULL;
    ModuleSet *set = load_one("good", GROUPS, &error);

    g_assert_no_error(error);
    g_assert_cmpuint(module_set_size(set), ==, 1);
    g_assert_cmpstr(module_set_get(set, 0)->name, ==, "sample");
    module_set_free(set);
}

static void
the_first_of_two_files_of_one_name_counts(void)
{
    g_autoptr(GPtrArray) dirs = g_ptr_array_new();
    char *good = dir_with("good"), *bad = dir_with("abi");
    g_autoptr(GError) error = NULL;
    ModuleSet *set;

    g_ptr_array_add(dirs, good);
    g_ptr_array_add(dirs, bad);
    set = module_set_load(dirs, GROUPS, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(module_set_size(set), ==, 1);
    module_set_free(set);

    g_ptr_array_set_size(dirs, 0);
    g_ptr_array_add(dirs, bad);
    g_ptr_array_add(dirs, good);
    g_assert_null(module_set_load(dirs, GROUPS, NULL));
    dir_remove(good);
    dir_remove(bad);
}

static void
the_command_line_comes_before_the_environment(void)
{
    g_autoptr(GPtrArray) dirs = g_ptr_array_new();
    g_autoptr(GPtrArray) path = NULL;

    g_ptr_array_add(dirs, (gpointer) "/first");
    g_ptr_array_add(dirs, (gpointer) "/second");
    g_setenv(MODULE_DIR_VARIABLE, "/third", TRUE);
    path = module_search_path(dirs);
    g_unsetenv(MODULE_DIR_VARIABLE);
    g_assert_cmpuint(path->len, >=, 3);
    g_assert_cmpstr(path->pdata[0], ==, "/first");
    g_assert_cmpstr(path->pdata[1], ==, "/second");
    g_assert_cmpstr(path->pdata[2], ==, "/third");
}

static void
a_directory_that_is_not_there_is_named(void)
{
    g_autoptr(GPtrArray) dirs = g_ptr_array_new();
    g_autoptr(GError) error = NULL;

    g_ptr_array_add(dirs, (gpointer) "/nonexistent/modules");
    g_assert_null(module_set_load(dirs, GROUPS, &error));
    g_assert_error(error, VM_ERROR, VM_ERROR_USAGE);
    g_assert_nonnull(strstr(error->message, "/nonexistent/modules"));
}

/* ---- properties ---------------------------------------------------------------------------- */

typedef struct {
    VdevDevice device;
    guint32 level;
    guint64 room;
    gboolean loud;
    guint32 colour;
    char *label;
} Sample;

static void
properties_are_parsed_into_their_members(void)
{
    ModuleSet *set = load_one("good", GROUPS, NULL);
    const VdevClass *klass = module_set_get(set, 0)->devices[0];
    Sample object = {0};

    g_assert_cmpuint(klass->size, ==, sizeof(Sample));
    property_init(klass->props, &object);
    g_assert_cmpuint(object.level, ==, 3);
    g_assert_cmpuint(object.room, ==, 4096);
    g_assert_true(object.loud);
    g_assert_cmpuint(object.colour, ==, 1);
    g_assert_null(object.label);

    g_assert_true(property_set(klass->props, &object, "x", "level", "0xa", NULL));
    g_assert_true(property_set(klass->props, &object, "x", "room", "2M", NULL));
    g_assert_true(property_set(klass->props, &object, "x", "loud", "off", NULL));
    g_assert_true(property_set(klass->props, &object, "x", "colour", "red", NULL));
    g_assert_true(property_set(klass->props, &object, "x", "label", "one", NULL));
    g_assert_true(property_set(klass->props, &object, "x", "label", "two", NULL));
    g_assert_cmpuint(object.level, ==, 10);
    g_assert_cmpuint(object.room, ==, 2 << 20);
    g_assert_false(object.loud);
    g_assert_cmpuint(object.colour, ==, 0);
    g_assert_cmpstr(object.label, ==, "two");
    property_clear(klass->props, &object);
    g_assert_null(object.label);
    module_set_free(set);
}

static void
bad_property_values_are_refused_and_change_nothing(void)
{
    static const struct {
        const char *name, *value, *reason;
    } rows[] = {
        {"level", "0", "1 to 10"},
        {"level", "11", "1 to 10"},
        {"level", "4294967299", "1 to 10"},
        {"level", "-3", "level=-3"},
        {"level", "", "level="},
        {"level", "3x", "level=3x"},
        {"room", "1X", "room=1X"},
        {"room", "99999999999999999999", "room=9"},
        {"loud", "maybe", "on or off"},
        {"colour", "blue", "red | green"},
        {"colour", "", "red | green"},
        {"shape", "round", "no property 'shape'"},
    };
    ModuleSet *set = load_one("good", GROUPS, NULL);
    const VdevClass *klass = module_set_get(set, 0)->devices[0];
    Sample object = {0}, before;

    property_init(klass->props, &object);
    before = object;
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;

        g_assert_false(property_set(klass->props, &object, "-device sample", rows[i].name,
                                    rows[i].value, &error));
        g_assert_error(error, VM_ERROR, VM_ERROR_USAGE);
        g_assert_nonnull(strstr(error->message, "-device sample"));
        g_assert_nonnull(strstr(error->message, rows[i].reason));
        g_assert_cmpmem(&object, sizeof(object), &before, sizeof(before));
    }
    module_set_free(set);
}

static void
help_lists_every_property(void)
{
    ModuleSet *set = load_one("good", GROUPS, NULL);
    const VdevClass *klass = module_set_get(set, 0)->devices[0];
    g_autoptr(GString) text = g_string_new(NULL);

    property_help(klass->props, text);
    for (const VdevProperty *prop = klass->props; prop->name != NULL; prop++)
        g_assert_nonnull(strstr(text->str, prop->name));
    g_assert_nonnull(strstr(text->str, "1 to 10; default: 3"));
    g_assert_nonnull(strstr(text->str, "default: green"));
    module_set_free(set);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_assert_cmpint(argc, ==, 2);
    sample_dir = g_canonicalize_filename(argv[1], NULL);
    g_unsetenv(MODULE_DIR_VARIABLE);
    g_test_add_func("/module/good", a_good_module_is_loaded);
    g_test_add_func("/module/faulty", faulty_modules_are_refused_in_one_line);
    g_test_add_func("/module/order", the_first_of_two_files_of_one_name_counts);
    g_test_add_func("/module/path", the_command_line_comes_before_the_environment);
    g_test_add_func("/module/absent", a_directory_that_is_not_there_is_named);
    g_test_add_func("/property/good", properties_are_parsed_into_their_members);
    g_test_add_func("/property/bad", bad_property_values_are_refused_and_change_nothing);
    g_test_add_func("/property/help", help_lists_every_property);
    argc = g_test_run();
    g_free(sample_dir);
    return argc;
}
