/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Loadable modules: finding them, and checking the contract before first use.
 */
#ifndef VMM_MODULE_H
#define VMM_MODULE_H

#include "vdev/module.h"

typedef struct ModuleSet ModuleSet;

#define MODULE_DIR_VARIABLE "SPAPR_VMM_MODULE_DIR"

/**
 * module_search_path:
 * @dirs: directories of -module-dir, in order; may be empty
 *
 * @dirs, the directory that the environment names, and, if it is there, the build tree's (for a
 * program that stands in one) or the installed one. (transfer full)
 */
GPtrArray *module_search_path(const GPtrArray *dirs);

/**
 * module_set_load:
 * @path: directories; each must exist
 * @groups: VDEV_GROUP_* bits of the calls that the host offers
 *
 * Loads every *.so of @path. Of two files of one name the first found counts. A module stays in the
 * process until it ends.
 * Errors: VM_ERROR_USAGE, one line, naming the file.
 */
ModuleSet *module_set_load(const GPtrArray *path, guint32 groups, GError **error);
void module_set_free(ModuleSet *set); /* NULL-safe */

guint module_set_size(const ModuleSet *set);
const VdevModule *module_set_get(const ModuleSet *set, guint index);

/** module_set_places: where was looked, for messages. (transfer full) */
char *module_set_places(const ModuleSet *set);

/**
 * module_check: the numbers and tables of a module, as handed out by its entry.
 *
 * Errors: VM_ERROR_USAGE, without the file's name.
 */
gboolean module_check(const VdevModule *module, guint32 groups, GError **error);

#endif
