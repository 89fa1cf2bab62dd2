/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pseries-x.y: the machine types, newest first, each only what differs from the one above it.
 *
 * Not here: how a difference takes effect (the part that asks for it), nor what a type means for
 * the migration stream.
 * Source: device trees of QEMU 7.2 dumped under each type; docs/machines.md lists the findings.
 */
#include "hw-spapr/pseries.h"

#include "hw-spapr/platform.h"

/* Differences add up going down. */
#define UP_TO_6_1 .chip_per_cpu = TRUE
#define UP_TO_5_0 UP_TO_6_1, .two_reference_points = TRUE
#define UP_TO_4_1 UP_TO_5_0, .vcpu_id_shift = 3

static const PseriesRow newest = {0};
static const PseriesRow up_to_6_1 = {UP_TO_6_1};
static const PseriesRow up_to_5_0 = {UP_TO_5_0};
static const PseriesRow up_to_4_1 = {UP_TO_4_1};

#define RUNS(version, row)                                                             \
    {                                                                                  \
        .name = "pseries-" version, .help = "as of QEMU " version, .platform = &(row), \
    }

#define OLDER(version)                                                                            \
    {                                                                                             \
        .name = "pseries-" version, .help = "as of QEMU " version " (streams only: no XIVE)",     \
        .refusal = "pseries-" version " has XICS only; the oldest type with XIVE is pseries-3.1", \
    }

const VdevMachineRow pseries_rows[] = {
    {
        .name = "pseries-10.0",
        .alias = "pseries",
        .help = "as of QEMU 10.0",
        .platform = &newest,
    },
    {
        .name = "pseries-vmm-1.0",
        .help = "pseries-10.0 and what only this program sends",
        .platform = &newest,
    },
    RUNS("9.2", newest),
    RUNS("9.1", newest),
    RUNS("9.0", newest),
    RUNS("8.2", newest),
    RUNS("8.1", newest),
    RUNS("8.0", newest),
    RUNS("7.2", newest),
    RUNS("7.1", newest),
    RUNS("7.0", newest),
    RUNS("6.2", newest),
    RUNS("6.1", up_to_6_1),
    RUNS("6.0", up_to_6_1),
    RUNS("5.2", up_to_6_1),
    RUNS("5.1", up_to_6_1),
    RUNS("5.0", up_to_5_0),
    RUNS("4.2", up_to_5_0),
    RUNS("4.1", up_to_4_1),
    RUNS("4.0", up_to_4_1),
    RUNS("3.1", up_to_4_1),
    OLDER("3.0"),
    OLDER("2.12"),
    OLDER("2.11"),
    OLDER("2.10"),
    OLDER("2.9"),
    OLDER("2.8"),
    OLDER("2.7"),
    OLDER("2.6"),
    OLDER("2.5"),
    OLDER("2.4"),
    OLDER("2.3"),
    OLDER("2.2"),
    {0},
};

const VdevMachineClass pseries_class = {
    .name = "pseries",
    .size = sizeof(Platform),
    .props = platform_props,
    .rows = pseries_rows,
    .attach = platform_attach,
    .realize = platform_realize,
    .reset = platform_reset,
    .quiesce = platform_quiesce,
    .resume = platform_resume,
    .finish = platform_finish,
    .load_boot = platform_load_boot,
    .hcall = platform_hcall,
    .powerdown = platform_powerdown,
    .print_irq = platform_print_irq,
};
