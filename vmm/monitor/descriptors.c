/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * QMP's commands about descriptors that a client hands over: by name for fd:, in sets for
 * file:/dev/fdset/N.
 */
#include <string.h>

#include "vmm/monitor/migrate.h"
#include "vmm/vm-migrate.h"

static const char *
text_member(json_t *arguments, const char *name)
{
    return json_string_value(json_object_get(arguments, name));
}

json_t *
qmp_getfd(Vm *vm, json_t *arguments, int fd, GError **error)
{
    const char *name = text_member(arguments, "fdname");

    if (*name == '\0' || g_ascii_isdigit(*name)) {
        g_set_error_literal(error, QMP_ERROR, QMP_ERROR_GENERIC,
                            "Parameter 'fdname' expects a name not starting with a digit");
        return NULL;
    }
    vm_migrate_give_fd(vm, name, fd);
    return json_object();
}

json_t *
qmp_closefd(Vm *vm, json_t *arguments, GError **error)
{
    return vm_migrate_close_fd(vm, text_member(arguments, "fdname"), error) ? json_object() : NULL;
}

/* The argument "fdset-id", or @initial. */
static gboolean
set_number(json_t *arguments, gint64 initial, gint64 *set, GError **error)
{
    json_t *value = json_object_get(arguments, "fdset-id");

    *set = value == NULL ? initial : json_integer_value(value);
    if (value == NULL || *set >= 0)
        return TRUE;
    g_set_error_literal(error, QMP_ERROR, QMP_ERROR_GENERIC,
                        "Parameter 'fdset-id' expects a non-negative value");
    return FALSE;
}

json_t *
qmp_add_fd(Vm *vm, json_t *arguments, int fd, GError **error)
{
    gint64 set;

    if (!set_number(arguments, FD_SET_NEW, &set, error))
        return NULL;
    set = fdsets_add(vm_fdsets(vm), set, fd, text_member(arguments, "opaque"));
    return json_pack("{s:I,s:i}", "fdset-id", (json_int_t)set, "fd", fd);
}

json_t *
qmp_remove_fd(Vm *vm, json_t *arguments, GError **error)
{
    json_t *fd = json_object_get(arguments, "fd");
    json_int_t number = fd == NULL ? -1 : json_integer_value(fd);
    gint64 set;

    if (!set_number(arguments, 0, &set, error))
        return NULL;
    if (fd != NULL && (number < 0 || number > G_MAXINT)) {
        g_set_error_literal(error, QMP_ERROR, QMP_ERROR_GENERIC,
                            "Parameter 'fd' expects the number of a descriptor");
        return NULL;
    }
    return fdsets_remove(vm_fdsets(vm), set, (int)number, error) ? json_object() : NULL;
}

/* The sets come in order: one that is not the last one's is new. */
static void
list_descriptor(gint64 set, int fd, const char *opaque, void *user)
{
    json_t *all = user, *entry = json_pack("{s:i}", "fd", fd);
    json_t *last = json_array_get(all, json_array_size(all) - 1);

    if (opaque != NULL)
        json_object_set_new(entry, "opaque", qmp_text(opaque));
    if (last == NULL || json_integer_value(json_object_get(last, "fdset-id")) != set) {
        last = json_pack("{s:I,s:[]}", "fdset-id", (json_int_t)set, "fds");
        json_array_append_new(all, last);
    }
    json_array_append_new(json_object_get(last, "fds"), entry);
}

json_t *
qmp_query_fdsets(Vm *vm, json_t *arguments, GError **error)
{
    json_t *all = json_array();

    fdsets_each(vm_fdsets(vm), list_descriptor, all);
    return all;
}
