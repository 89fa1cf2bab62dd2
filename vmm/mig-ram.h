/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The VM's memory as migration sees it: MigRamOps over the list of RAM blocks.
 *
 * A page counts as written if the accelerator's log says so (the guest, in host pages) or the VMM's
 * own bitmap does (devices, the loader, in pages of 4 KiB). Not here: what is sent when
 * (migration-glue/ram-save.c), which blocks migrate (whoever made them registered them, or did
 * not).
 */
#ifndef VMM_MIG_RAM_H
#define VMM_MIG_RAM_H

#include "migration-glue/ram.h"
#include "vmm/accel/accel.h"
#include "vmm/ram.h"

typedef struct {
    RamList *list;
    Accel *accel;
    guint host_page_shift; /* of the accelerator's log */
    /* While the log runs; constant then. */
    guint64 **logs; /* of each block, by its index: room for the accelerator's log, or NULL */
    guint n_logs;
} MigRamHost;

/** mig_ram_host_ops: their opaque is a MigRamHost. */
extern const MigRamOps mig_ram_host_ops;

#endif
