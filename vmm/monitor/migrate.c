/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * QMP's commands that begin, end and steer a migration.
 *
 * Not here: where to (migrate-address.c), its settings (migrate-params.c), how it goes
 * (query-migrate.c), and all the doing (vmm/vm-migrate.h).
 */
#include "vmm/monitor/migrate.h"
#include "vmm/vm-migrate.h"

static json_t *
done(gboolean good)
{
    return good ? json_object() : NULL;
}

json_t *
qmp_cont(Vm *vm, json_t *arguments, GError **error)
{
    return done(!vm_migrate_holds_guest(vm, error) && vm_cont(vm, error));
}

json_t *
qmp_migrate(Vm *vm, json_t *arguments, GError **error)
{
    g_autofree char *uri = NULL;

    uri = qmp_migrate_uri(arguments, error);
    if (uri != NULL && json_is_true(json_object_get(arguments, "resume")))
        return done(vm_migrate_resume(vm, uri, error));
    return done(uri != NULL && vm_migrate(vm, uri, error));
}

json_t *
qmp_migrate_cancel(Vm *vm, json_t *arguments, GError **error)
{
    VmMigrateInfo info = {0};
    gboolean late, arrives;

    vm_migrate_info(vm, &info);
    late = info.known && mig_status_is_postcopy(info.stats.status);
    arrives = info.arrives;
    vm_migrate_info_clear(&info);
    if (arrives) {
        g_set_error(error, QMP_ERROR, QMP_ERROR_GENERIC,
                    "A restore cannot be cancelled: the guest runs already, its memory still comes "
                    "from the file");
        return NULL;
    }
    if (late) {
        g_set_error(error, QMP_ERROR, QMP_ERROR_GENERIC,
                    "Postcopy cannot be cancelled: the guest lives at the destination, and its "
                    "memory on both sides");
        return NULL;
    }
    vm_migrate_cancel(vm);
    return json_object();
}

json_t *
qmp_migrate_start_postcopy(Vm *vm, json_t *arguments, GError **error)
{
    return done(vm_migrate_start_postcopy(vm, error));
}

json_t *
qmp_migrate_recover(Vm *vm, json_t *arguments, GError **error)
{
    return done(
        vm_migrate_recover(vm, json_string_value(json_object_get(arguments, "uri")), error));
}

json_t *
qmp_migrate_pause(Vm *vm, json_t *arguments, GError **error)
{
    return done(vm_migrate_pause(vm, error));
}

/* As with QEMU the VM ends when a load fails, unless it is asked to stay for another attempt. */
json_t *
qmp_migrate_incoming(Vm *vm, json_t *arguments, GError **error)
{
    const gboolean stays = json_is_false(json_object_get(arguments, "exit-on-error"));
    g_autofree char *uri = qmp_migrate_uri(arguments, error);

    return done(uri != NULL && vm_migrate_incoming(vm, uri, !stays, error));
}

static gboolean
find_status(const char *name, MigStatus *status)
{
    for (guint i = 0; i < MIG_STATUS_N; i++) {
        if (!g_str_equal(mig_status_name((MigStatus)i), name))
            continue;
        *status = (MigStatus)i;
        return TRUE;
    }
    return FALSE;
}

json_t *
qmp_migrate_continue(Vm *vm, json_t *arguments, GError **error)
{
    const char *name = json_string_value(json_object_get(arguments, "state"));
    MigStatus state;

    if (find_status(name, &state))
        return done(vm_migrate_continue(vm, state, error));
    g_set_error(error, QMP_ERROR, QMP_ERROR_GENERIC, "Parameter 'state' does not accept value '%s'",
                name);
    return NULL;
}

json_t *
qmp_migrate_decide(Vm *vm, json_t *arguments, GError **error)
{
    const char *guest = json_string_value(json_object_get(arguments, "guest"));

    if (g_str_equal(guest, "here") || g_str_equal(guest, "there"))
        return done(vm_migrate_decide(vm, g_str_equal(guest, "here"), error));
    g_set_error(error, QMP_ERROR, QMP_ERROR_GENERIC,
                "Parameter 'guest' does not accept value '%s': it is 'there' if the guest runs at "
                "the destination, 'here' if it never will",
                guest);
    return NULL;
}
