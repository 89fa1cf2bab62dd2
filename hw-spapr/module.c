/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The one exported symbol: the tables that this module offers.
 */
#include "vdev/module.h"

#include "hw-spapr/hcall.h"
#include "hw-spapr/pseries.h"
#include "hw-spapr/rtas.h"
#include "hw-spapr/state.h"
#include "hw-xive/xive.h"

static const VdevMachineClass *const machines[] = {&pseries_class, NULL};
static const VdevClass *const devices[] = {&xive_class, NULL};
static const VdevHcallRow *const hcalls[] = {
    hcall_cpu_rows,      hcall_mem_rows, hcall_vio_rows, hcall_tce_rows,
    hcall_firmware_rows, xive_hcalls,    NULL,
};
static const VmsCatalogueRow *const catalogue[] = {
    xive_catalogue, state_catalogue, state_pci_catalogue, state_xics_catalogue, state_others, NULL,
};

static const VdevModule module = {
    .abi = VDEV_ABI,
    .size = sizeof(VdevModule),
    .name = "spapr-xive-kvm",
    .version = PACKAGE_VERSION,
    .needs = VDEV_GROUP_BASE | VDEV_GROUP_MEMORY | VDEV_GROUP_CPU | VDEV_GROUP_KDEV |
             VDEV_GROUP_REGION | VDEV_GROUP_CONSOLE | VDEV_GROUP_CLOCK,
    .machines = machines,
    .devices = devices,
    .hcalls = hcalls,
    .rtas = rtas_rows,
    .catalogue = catalogue,
};

const VdevModule *
vdev_module_v1(const VdevHost *host, GError **error)
{
    if (host == NULL || host->abi != VDEV_ABI) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_FAILED,
                    "module spapr-xive-kvm speaks host interface %u, the host %u", VDEV_ABI,
                    host != NULL ? host->abi : 0);
        return NULL;
    }
    /* An older host of the same number may lack the table's end; what it lacks is in `needs`. */
    if (host->size < G_STRUCT_OFFSET(VdevHost, log)) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_FAILED,
                    "module spapr-xive-kvm: the host's table of %u bytes is shorter than its head",
                    host->size);
        return NULL;
    }
    return &module;
}
