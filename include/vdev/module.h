/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * VdevModule: everything a module offers, as constant tables.
 */
#ifndef VDEV_MODULE_H
#define VDEV_MODULE_H

#include "vdev/device.h"
#include "vdev/hcall.h"
#include "vdev/host.h"
#include "vdev/machine.h"
#include "vdev/vmstate.h"

struct VdevModule {
    guint32 abi;
    guint32 size;
    const char *name;    /* "spapr-xive-kvm" */
    const char *version; /* of the module's package */
    guint32 needs;       /* VDEV_GROUP_* bits of the host calls that its machines use */

    const VdevMachineClass *const *machines; /* NULL-terminated */
    const VdevClass *const *devices;         /* NULL-terminated; what -device may name */
    const VdevHcallRow *const *hcalls;       /* NULL-terminated list of tables */
    const VdevRtasRow *rtas;                 /* one table, ends with name NULL */

    /* Beyond the `size` of older modules. NULL-terminated list of tables, each ending with state
     * NULL: the sections that streams of these machines have, also those that no device here
     * sends. Order has no meaning; a name stands once. */
    const VmsCatalogueRow *const *catalogue;
};

/* Bytes of the table before its first later field: what every module has. */
#define VDEV_MODULE_SIZE_MIN offsetof(VdevModule, catalogue)

/**
 * vdev_module_v1:
 * @host: at least `abi` and `size` are filled; a tool that only reads tables fills no more
 *
 * Checks the host's numbers and hands out the tables. Keeps nothing of @host: machines and
 * devices receive it again when they are made. Any thread.
 *
 * Returns: (transfer none): constant tables, or NULL with @error set.
 */
VDEV_EXPORT const VdevModule *vdev_module_v1(const VdevHost *host, GError **error);

typedef const VdevModule *(*VdevModuleEntry)(const VdevHost *host, GError **error);

#endif
