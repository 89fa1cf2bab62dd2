/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Properties of machines and devices: text of the command line into the objects' members, by the
 * classes' VdevProperty tables.
 */
#ifndef VMM_PROPERTY_H
#define VMM_PROPERTY_H

#include "vdev/device.h"

/** property_find: the row of @name, or NULL. @props may be NULL. */
const VdevProperty *property_find(const VdevProperty *props, const char *name);

/** property_init: every member of the zeroed @object to its initial value. */
void property_init(const VdevProperty *props, void *object);

/**
 * property_set:
 * @owner: whose it is, as on the command line ("-device NAME"), for messages
 *
 * Errors: VM_ERROR_USAGE, naming @owner, @name and what is allowed.
 */
gboolean property_set(const VdevProperty *props, void *object, const char *owner, const char *name,
                      const char *value, GError **error);

/** property_clear: frees the strings. */
void property_clear(const VdevProperty *props, void *object);

/**
 * property_check_table: whether every row lies in an object of @size bytes and makes sense.
 *
 * Errors: VM_ERROR_USAGE: the module is faulty.
 */
gboolean
property_check_table(const VdevProperty *props, gsize size, const char *owner, GError **error);

/** property_help: appends one line per property: name, kind, range, initial value, meaning. */
void property_help(const VdevProperty *props, GString *text);

#endif
