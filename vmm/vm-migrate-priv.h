/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a VM keeps for its migrations: for vm-migrate.c, vm-incoming.c and
 * vm-postcopy.c.
 */
#ifndef VMM_VM_MIGRATE_PRIV_H
#define VMM_VM_MIGRATE_PRIV_H

#include "migration-glue/migration.h"
#include "vmm/mig-ram.h"
#include "vmm/throttle.h"
#include "vmm/vm-migrate.h"

struct VmMigration {
    MigParams *params; /* has its own lock */
    MigRamHost memory;
    MigRam ram;
    MigHost host;
    /* The present one or the last; both if one came in and one went out. */
    MigOutgoing *out;
    MigIncoming *in;
    gboolean latest_is_in;
    gboolean running; /* from setup until its thread is about to return */
    guint turn;       /* migrations that have ended */
    gboolean exit_if_in_fails;
    Throttle *throttle; /* has its own lock */
    gboolean wakes;     /* the guest that came in was made ready to run */
    char *lost;         /* why memory of it will never come, or NULL; main thread */
    GMutex fds_lock;    /* guards the next; a leaf */
    GHashTable *fds;    /* char * → descriptor */
};

/* vm-incoming.c */
/** vm_incoming_activate, vm_incoming_run: as MigHostOps. */
gboolean vm_incoming_activate(void *vm, GError **error);
void vm_incoming_run(void *vm);
/** vm_incoming_memory: as MigHostOps.memory. */
void vm_incoming_memory(void *vm, MigMemory memory);
/** vm_incoming_ended: the thread of the migration is about to return. Main thread. */
void vm_incoming_ended(Vm *vm);

#endif
