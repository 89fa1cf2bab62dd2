/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The migration of the Vm in fake-vm.h: notes what it is asked, has real parameters, and shows the
 * figures that a test gave it.
 */
#include <string.h>
#include <unistd.h>

#include "tests/unit/vmm/fake-vm.h"

MigParams *
vm_migrate_params(Vm *vm)
{
    return vm->params;
}

static gboolean
fails(Vm *vm, GError **error)
{
    if (vm->failure == NULL)
        return FALSE;
    g_set_error_literal(error, VM_ERROR, VM_ERROR_HOST, vm->failure);
    vm->failure = NULL;
    return TRUE;
}

gboolean
vm_migrate_set_capabilities(Vm *vm, const MigCapabilityChange *changes, guint n, GError **error)
{
    return mig_params_set_capabilities(vm->params, changes, n, vm->migrating, error);
}

gboolean
vm_migrate(Vm *vm, const char *uri, GError **error)
{
    if (fails(vm, error))
        return FALSE;
    g_string_append_printf(vm->told, "migrate %s;", uri);
    return TRUE;
}

void
vm_migrate_cancel(Vm *vm)
{
    g_string_append(vm->told, "cancel;");
}

gboolean
vm_migrate_continue(Vm *vm, MigStatus state, GError **error)
{
    if (fails(vm, error))
        return FALSE;
    g_string_append_printf(vm->told, "continue %s;", mig_status_name(state));
    return TRUE;
}

gboolean
vm_migrate_decide(Vm *vm, gboolean ours, GError **error)
{
    if (fails(vm, error))
        return FALSE;
    g_string_append_printf(vm->told, "decide %s;", ours ? "ours" : "theirs");
    return TRUE;
}

gboolean
vm_migrate_resume(Vm *vm, const char *uri, GError **error)
{
    if (fails(vm, error))
        return FALSE;
    g_string_append_printf(vm->told, "resume %s;", uri);
    return TRUE;
}

gboolean
vm_migrate_recover(Vm *vm, const char *uri, GError **error)
{
    if (fails(vm, error))
        return FALSE;
    g_string_append_printf(vm->told, "recover %s;", uri);
    return TRUE;
}

gboolean
vm_migrate_start_postcopy(Vm *vm, GError **error)
{
    if (fails(vm, error))
        return FALSE;
    g_string_append(vm->told, "postcopy;");
    return TRUE;
}

gboolean
vm_migrate_pause(Vm *vm, GError **error)
{
    if (fails(vm, error))
        return FALSE;
    g_string_append(vm->told, "pause;");
    return TRUE;
}

gboolean
vm_migrate_misses_memory(const Vm *vm, GError **error)
{
    return FALSE;
}

gboolean
vm_migrate_incoming(Vm *vm, const char *uri, gboolean end_if_it_fails, GError **error)
{
    if (fails(vm, error))
        return FALSE;
    g_string_append_printf(vm->told, "incoming %s, then %s;", uri,
                           end_if_it_fails ? "end" : "stay");
    return TRUE;
}

void
vm_migrate_info(Vm *vm, VmMigrateInfo *info)
{
    *info = vm->migration;
    info->uri = g_strdup(vm->migration.uri);
    info->stats.error = g_strdup(vm->migration.stats.error);
    info->stats.stall = g_strdup(vm->migration.stats.stall);
    info->stats.devices = g_memdup2(vm->migration.stats.devices,
                                    vm->migration.stats.n_devices * sizeof(MigDeviceCost));
    for (guint i = 0; i < info->stats.n_devices; i++)
        info->stats.devices[i].idstr = g_strdup(info->stats.devices[i].idstr);
}

void
vm_migrate_info_clear(VmMigrateInfo *info)
{
    mig_stats_clear(&info->stats);
    g_free(info->uri);
    memset(info, 0, sizeof(*info));
}

char **
vm_migrate_blockers(Vm *vm)
{
    const char *reasons[] = {vm->blocker, NULL};

    return g_strdupv((char **)reasons);
}

gboolean
vm_migrate_is_running(const Vm *vm)
{
    return vm->migrating;
}

gboolean
vm_migrate_holds_guest(const Vm *vm, GError **error)
{
    if (vm->held == NULL)
        return FALSE;
    g_set_error_literal(error, VM_ERROR, VM_ERROR_USAGE, vm->held);
    return TRUE;
}

void
vm_migrate_give_fd(Vm *vm, const char *name, int fd)
{
    g_string_append_printf(vm->told, "give %s;", name);
    close(fd);
}

gboolean
vm_migrate_close_fd(Vm *vm, const char *name, GError **error)
{
    if (fails(vm, error))
        return FALSE;
    g_string_append_printf(vm->told, "close %s;", name);
    return TRUE;
}
