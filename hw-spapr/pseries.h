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
} PseriesRow;

extern const VdevMachineClass pseries_class;
extern const VdevMachineRow pseries_rows[];

#endif
