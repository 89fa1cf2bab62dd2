/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The machine types and what differs between them for a machine that runs.
 */
#ifndef HW_SPAPR_PSERIES_H
#define HW_SPAPR_PSERIES_H

#include "vdev/machine.h"

/* All zero is the newest type; each older one adds what was different then. */
typedef struct {
    gboolean chip_per_cpu;         /* ≤ 6.1: every vCPU is a socket: ibm,chip-id = its index */
    gboolean two_reference_points; /* ≤ 5.0: the second level of associativity is not named */
    guint32 vcpu_id_shift;         /* ≤ 4.1: ids step by 8 (VSMT 8): shift 3 */

    /* What the migration stream of that type does not have, or has besides. */
    gboolean sends_walk;        /* ours: spapr_drc/ccs */
    gboolean no_unplug_request; /* ≤ 4.2: spapr_drc/unplug_requested */
    gboolean no_fwnmi;          /* ≤ 4.2: cap-fwnmi is off, and so there is no spapr_fwnmi */
    gboolean no_hpt_page;       /* ≤ 4.0: spapr/cap/hpt_maxpagesize */
    gboolean no_tree;           /* ≤ 3.1: spapr_dtb */
    gboolean no_spapr_cpu;      /* ≤ 2.12: spapr_cpu; cpu/slb begins with its number of entries */
    gboolean no_compat;         /* ≤ 2.9: cpu/compat */
    gboolean no_ov5;            /* ≤ 2.7: spapr_option_vector_ov5_cas */
    gboolean old_masks;         /* ≤ 2.7: four more words in cpu, five in spapr_pci */
} PseriesRow;

extern const VdevMachineClass pseries_class;
extern const VdevMachineRow pseries_rows[];

#endif
