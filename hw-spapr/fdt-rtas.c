/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * /rtas: the calls that exist, the code that makes them, and which hypercalls the platform has.
 *
 * Source: LoPAR, "RTAS node", "ibm,hypertas-functions".
 */
#include "hw-spapr/fdt-machine.h"

#include <string.h>

#include "hw-spapr/platform.h"

/* Groups of hypercalls that are served, by us or by KVM. Those of hash page tables and of
 * the older interrupt controller are not. */
static const char *const hypertas[] = {
    "hcall-term",      /* H_PUT_TERM_CHAR, H_GET_TERM_CHAR */
    "hcall-dabr",      /* H_SET_DABR, by KVM */
    "hcall-tce",       /* H_PUT_TCE, H_GET_TCE */
    "hcall-vio",       /* H_VIO_SIGNAL */
    "hcall-splpar",    /* H_REGISTER_VPA, H_CEDE, H_CONFER, H_PROD, by KVM */
    "hcall-set-mode",  /* H_SET_MODE */
    "hcall-sprg0",     /* H_SET_SPRG0 */
    "hcall-copy",      /* H_PAGE_INIT */
    "hcall-debug",     /* H_LOGICAL_* */
    "hcall-multi-tce", /* H_STUFF_TCE, H_PUT_TCE_INDIRECT */
};

static void
write_hypertas(TreeWriter *tree)
{
    g_autoptr(GByteArray) names = g_byte_array_new();

    for (guint i = 0; i < G_N_ELEMENTS(hypertas); i++)
        g_byte_array_append(names, (const guint8 *)hypertas[i], (guint)strlen(hypertas[i]) + 1);
    tree_bytes(tree, "ibm,hypertas-functions", names->data, names->len);
}

static void
write_associativity(const Platform *platform, TreeWriter *tree)
{
    TREE_CELLS(tree, "ibm,max-associativity-domains", 4, 0, 0, 0, 1);
    if (platform->row->two_reference_points)
        TREE_CELLS(tree, "ibm,associativity-reference-points", 4, 4);
    else
        TREE_CELLS(tree, "ibm,associativity-reference-points", 4, 4, 2);
}

void
fdt_write_rtas(Platform *platform, TreeWriter *tree)
{
    tree_begin(tree, "rtas");
    TREE_CELLS(tree, "linux,rtas-base", (guint32)platform->boot.rtas);
    TREE_CELLS(tree, "linux,rtas-entry", (guint32)platform->boot.rtas);
    TREE_CELLS(tree, "rtas-size", rtas_area_size(platform));
    TREE_CELLS(tree, "rtas-error-log-max", RTAS_ERROR_LOG_MAX);
    TREE_CELLS(tree, "rtas-event-scan-rate", RTAS_EVENT_SCAN_RATE);
    tree_flag(tree, "ibm,extended-os-term");    /* ibm,os-term may return */
    tree_flag(tree, "ibm,change-msix-capable"); /* ibm,change-msi knows MSI-X */
    write_hypertas(tree);
    write_associativity(platform, tree);
    if (hotplug_possible(platform))
        hotplug_write_capacity(platform, tree);
    for (const VdevRtasRow *row = rtas_rows; row->name != NULL; row++) {
        if (rtas_advertised(platform, row))
            TREE_CELLS(tree, row->name, row->token);
    }
    tree_end(tree);
}
