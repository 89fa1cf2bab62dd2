/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The rows, oldest first. Each says in full what a stream of that machine type looks like.
 */
#include "migration-glue/rules.h"

#include <string.h>

/* What is common to a span of types; the one line of each type says where it differs from it. */
#define SINCE_2_4 .configuration = TRUE, .footers = TRUE, .description = TRUE, .globalstate = TRUE
#define UP_TO_7_2 .preempt_pre_7_2 = TRUE, .multifd_flush_sections = TRUE
#define UP_TO_3_1 UP_TO_7_2, .backend_path_names = TRUE
#define MAIN_RAM  .main_ram = "ppc_spapr.ram"

static const VmsStreamRules rows[] = {
    {.machine = "pseries-2.2", UP_TO_3_1, MAIN_RAM},
    {.machine = "pseries-2.3", UP_TO_3_1, .description = TRUE, MAIN_RAM},
    {.machine = "pseries-2.4", UP_TO_3_1, SINCE_2_4, MAIN_RAM},
    {.machine = "pseries-2.5", UP_TO_3_1, SINCE_2_4, MAIN_RAM},
    {.machine = "pseries-2.6", UP_TO_3_1, SINCE_2_4, MAIN_RAM},
    {.machine = "pseries-2.7", UP_TO_3_1, SINCE_2_4, MAIN_RAM},
    {.machine = "pseries-2.8", UP_TO_3_1, SINCE_2_4, MAIN_RAM},
    {.machine = "pseries-2.9", UP_TO_3_1, SINCE_2_4, MAIN_RAM},
    {.machine = "pseries-2.10", UP_TO_3_1, SINCE_2_4, MAIN_RAM},
    {.machine = "pseries-2.11", UP_TO_3_1, SINCE_2_4, MAIN_RAM},
    {.machine = "pseries-2.12", UP_TO_3_1, SINCE_2_4, MAIN_RAM},
    {.machine = "pseries-2.12-sxxm", UP_TO_3_1, SINCE_2_4, MAIN_RAM},
    {.machine = "pseries-3.0", UP_TO_3_1, SINCE_2_4, MAIN_RAM},
    {.machine = "pseries-3.1", UP_TO_3_1, SINCE_2_4, MAIN_RAM},
    {.machine = "pseries-4.0", UP_TO_7_2, SINCE_2_4, MAIN_RAM},
    {.machine = "pseries-4.1", UP_TO_7_2, SINCE_2_4, MAIN_RAM},
    {.machine = "pseries-4.2", UP_TO_7_2, SINCE_2_4, MAIN_RAM},
    {.machine = "pseries-5.0", UP_TO_7_2, SINCE_2_4, MAIN_RAM},
    {.machine = "pseries-5.1", UP_TO_7_2, SINCE_2_4, MAIN_RAM},
    {.machine = "pseries-5.2", UP_TO_7_2, SINCE_2_4, MAIN_RAM},
    {.machine = "pseries-6.0", UP_TO_7_2, SINCE_2_4, MAIN_RAM},
    {.machine = "pseries-6.1", UP_TO_7_2, SINCE_2_4, MAIN_RAM},
    {.machine = "pseries-6.2", UP_TO_7_2, SINCE_2_4, MAIN_RAM},
    {.machine = "pseries-7.0", UP_TO_7_2, SINCE_2_4, MAIN_RAM},
    {.machine = "pseries-7.1", UP_TO_7_2, SINCE_2_4, MAIN_RAM},
    {.machine = "pseries-7.2", UP_TO_7_2, SINCE_2_4, MAIN_RAM},
    {.machine = "pseries-8.0", .multifd_flush_sections = TRUE, SINCE_2_4, MAIN_RAM},
    {.machine = "pseries-8.1", SINCE_2_4, MAIN_RAM},
    {.machine = "pseries-8.2", SINCE_2_4, MAIN_RAM},
    {.machine = "pseries-9.0", SINCE_2_4, .zero_pages_in_multifd = TRUE, MAIN_RAM},
    {.machine = "pseries-9.1", SINCE_2_4, .zero_pages_in_multifd = TRUE, MAIN_RAM},
    {.machine = "pseries-9.2", SINCE_2_4, .zero_pages_in_multifd = TRUE, MAIN_RAM},
    {.machine = "pseries-10.0",
     SINCE_2_4,
     .zero_pages_in_multifd = TRUE,
     .switchover_start = TRUE,
     MAIN_RAM},
    {.machine = MIG_RULES_OWN,
     SINCE_2_4,
     .zero_pages_in_multifd = TRUE,
     .switchover_start = TRUE,
     MAIN_RAM},
};

const VmsStreamRules *
mig_rules_find(const char *machine)
{
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        if (strcmp(rows[i].machine, machine) == 0)
            return &rows[i];
    }
    return NULL;
}

const VmsStreamRules *
mig_rules_of_row(const VdevMachineRow *row)
{
    return row->stream != NULL ? row->stream : mig_rules_find(row->name);
}

const VmsStreamRules *
mig_rules_all(gsize *n)
{
    *n = G_N_ELEMENTS(rows);
    return rows;
}

gboolean
mig_rules_at_least(const char *machine, const char *since)
{
    const VmsStreamRules *row = mig_rules_find(machine), *first = mig_rules_find(since);

    g_assert(row != NULL && first != NULL);
    return row >= first;
}
