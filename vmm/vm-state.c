/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What of the machine migrates: the list that module and host register their sections in, and
 * VdevHost's group for it.
 *
 * Not here: when and how the list is written or read (migration-glue).
 */
#include "vmm/vm-priv.h"

static gboolean
host_state_add(const VdevHost *host, const char *path, guint32 instance, const VmsState *state,
               void *object, GError **error)
{
    if (vm_migrate_is_running(host_vm(host)))
        return vm_host_error(error, "%s: nothing can be added while a migration runs", state->name);
    return mig_sections_add_state(host_vm(host)->sections, path, instance, MIG_PRIORITY_DEFAULT,
                                  state, object, error);
}

static gboolean
host_state_add_parts(const VdevHost *host, guint32 instance, const VmsState *state, void *object,
                     GError **error)
{
    return mig_sections_add_parts(host_vm(host)->sections, instance, MIG_PRIORITY_DEFAULT, state,
                                  object, error);
}

static void
host_state_remove(const VdevHost *host, const void *object)
{
    mig_sections_remove(host_vm(host)->sections, object);
}

void
host_fill_state(VdevHost *host)
{
    host->state_add = host_state_add;
    host->state_add_parts = host_state_add_parts;
    host->state_remove = host_state_remove;
}

gboolean
vm_state_begin(Vm *vm, GError **error)
{
    return mig_sections_add_state(vm->sections, NULL, 0, MIG_PRIORITY_DEFAULT, &host_timer_state,
                                  &vm->timer, error) &&
           mig_sections_add_handler(vm->sections, MIG_RAM_IDSTR, 0, MIG_PRIORITY_DEFAULT,
                                    &mig_ram_handler, vm_migrate_ram(vm), error);
}

gboolean
vm_state_end(Vm *vm, GError **error)
{
    return mig_sections_add_state(vm->sections, NULL, 0, MIG_PRIORITY_DEFAULT, &host_global_state,
                                  &vm->globalstate, error);
}

void
vm_state_free(Vm *vm)
{
    g_clear_pointer(&vm->sections, mig_sections_free);
}
