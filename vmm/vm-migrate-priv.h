/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a VM keeps for its migrations: for vm-migrate.c and vm-postcopy.c.
 */
#ifndef VMM_VM_MIGRATE_PRIV_H
#define VMM_VM_MIGRATE_PRIV_H

#include "migration-glue/migration.h"
#include "vmm/mig-ram.h"
#include "vmm/throttle.h"

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
    GMutex fds_lock;    /* guards the next; a leaf */
    GHashTable *fds;    /* char * → descriptor */
};

#endif
