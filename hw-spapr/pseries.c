/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pseries-x.y: the machine types, newest first, each only what differs from the one above it.
 *
 * Not here: how a difference takes effect (the part that asks for it). How a type's stream is
 * framed is the host's business and looked up by the type's name: `stream` stays NULL. Source:
 * device trees of QEMU 7.2 dumped under each type; docs/machines.md lists the findings.
 */
#include "hw-spapr/pseries.h"

#include "hw-spapr/platform.h"

/* Differences add up going down. */
#define UP_TO_6_1  .chip_per_cpu = TRUE
#define UP_TO_5_0  UP_TO_6_1, .two_reference_points = TRUE
#define UP_TO_4_2  UP_TO_5_0, .no_fwnmi = TRUE, .no_unplug_request = TRUE
#define UP_TO_4_1  UP_TO_4_2, .vcpu_id_shift = 3
#define UP_TO_4_0  UP_TO_4_1, .no_hpt_page = TRUE
#define UP_TO_3_1  UP_TO_4_0, .no_tree = TRUE
#define UP_TO_2_12 UP_TO_3_1, .no_spapr_cpu = TRUE
#define UP_TO_2_9  UP_TO_2_12, .no_compat = TRUE
#define UP_TO_2_7  UP_TO_2_9, .no_ov5 = TRUE, .old_masks = TRUE

static const PseriesRow newest = {0};
static const PseriesRow ours = {.sends_walk = TRUE};
static const PseriesRow up_to_6_1 = {UP_TO_6_1};
static const PseriesRow up_to_5_0 = {UP_TO_5_0};
static const PseriesRow up_to_4_2 = {UP_TO_4_2};
static const PseriesRow up_to_4_1 = {UP_TO_4_1};
static const PseriesRow up_to_4_0 = {UP_TO_4_0};
static const PseriesRow up_to_3_1 = {UP_TO_3_1};
static const PseriesRow up_to_2_12 = {UP_TO_2_12};
static const PseriesRow up_to_2_9 = {UP_TO_2_9};
static const PseriesRow up_to_2_7 = {UP_TO_2_7};

#define RUNS(version, row)                                                             \
    {                                                                                  \
        .name = "pseries-" version, .help = "as of QEMU " version, .platform = &(row), \
    }

#define OLDER(version, row)                                                                       \
    {                                                                                             \
        .platform = &(row), .name = "pseries-" version,                                           \
        .help = "as of QEMU " version " (streams only: no XIVE)",                                 \
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
        .platform = &ours,
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
    RUNS("4.2", up_to_4_2),
    RUNS("4.1", up_to_4_1),
    RUNS("4.0", up_to_4_0),
    RUNS("3.1", up_to_3_1),
    OLDER("3.0", up_to_3_1),
    OLDER("2.12", up_to_2_12),
    OLDER("2.11", up_to_2_12),
    OLDER("2.10", up_to_2_12),
    OLDER("2.9", up_to_2_9),
    OLDER("2.8", up_to_2_9),
    OLDER("2.7", up_to_2_7),
    OLDER("2.6", up_to_2_7),
    OLDER("2.5", up_to_2_7),
    OLDER("2.4", up_to_2_7),
    OLDER("2.3", up_to_2_7),
    OLDER("2.2", up_to_2_7),
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
    .machine_check = platform_machine_check,
    .inject_nmi = platform_inject_nmi,
    .print_irq = platform_print_irq,
    .hotplug = &hotplug_ops,
};
