/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The controller in the device tree.
 *
 * Source: LoPAR PAPR binding, XIVE exploitation mode. Node name, page order and ranges are QEMU's.
 */
#include <libfdt.h>
#include <string.h>

#include "hw-xive/kvm-attr.h"
#include "hw-xive/xive-priv.h"

#define RESERVED_PRIORITIES_FIRST XIVE_GUEST_PRIORITIES
#define RESERVED_PRIORITIES_COUNT (XIVE_PRIO_NONE - RESERVED_PRIORITIES_FIRST)

typedef struct {
    const char *name;
    const void *value;
    int size;
} Prop;

static int
set_cells(void *fdt, int node, const char *name, const guint32 *cells, gsize n)
{
    be32 words[2];

    g_assert(n <= G_N_ELEMENTS(words));
    for (gsize i = 0; i < n; i++)
        words[i] = be32_make(cells[i]);
    return fdt_setprop(fdt, node, name, words, (int)(n * sizeof(words[0])));
}

int
xive_fdt_root(Xive *xive, void *fdt)
{
    const guint32 reserved[] = {RESERVED_PRIORITIES_FIRST, RESERVED_PRIORITIES_COUNT};

    return set_cells(fdt, 0, "ibm,plat-res-int-priorities", reserved, G_N_ELEMENTS(reserved));
}

/* What does not depend on numbers. */
static int
set_strings(void *fdt, int node)
{
    static const Prop props[] = {
        {"device_type", "power-ivpe", sizeof("power-ivpe")},
        {"compatible", "ibm,power-ivpe", sizeof("ibm,power-ivpe")},
        {"interrupt-controller", "", 0},
    };
    int result = 0;

    for (gsize i = 0; i < G_N_ELEMENTS(props) && result == 0; i++)
        result = fdt_setprop(fdt, node, props[i].name, props[i].value, props[i].size);
    return result;
}

/* The page of user programs, then the one that the kernel takes. */
static int
set_reg(Xive *xive, void *fdt, int node)
{
    const guint64 size = G_GUINT64_CONSTANT(1) << xive->page_shift;
    const be64 reg[] = {
        be64_make(xive_tima_page_gpa(xive, XIVE_TIMA_PAGE_USER)),
        be64_make(size),
        be64_make(xive_tima_page_gpa(xive, XIVE_TIMA_PAGE_OS)),
        be64_make(size),
    };

    return fdt_setprop(fdt, node, "reg", reg, sizeof(reg));
}

static int
set_numbers(Xive *xive, void *fdt, int node, guint32 phandle)
{
    const struct {
        const char *name;
        guint32 cells[2];
        gsize n;
    } props[] = {
        {"ibm,xive-eq-sizes", {XIVE_KVM_EQ_SHIFT}, 1},
        {"ibm,xive-lisn-ranges", {XIVE_LISN_IPI, xive->nr_servers}, 2},
        {"#interrupt-cells", {2}, 1},
        {"phandle", {phandle}, 1},
    };
    int result = 0;

    for (gsize i = 0; i < G_N_ELEMENTS(props) && result == 0; i++)
        result = set_cells(fdt, node, props[i].name, props[i].cells, props[i].n);
    return result;
}

int
xive_fdt_node(Xive *xive, void *fdt, guint32 phandle)
{
    g_autofree char *name = g_strdup_printf("interrupt-controller@%" G_GINT64_MODIFIER "x",
                                            xive_tima_page_gpa(xive, XIVE_TIMA_PAGE_USER));
    int node = fdt_add_subnode(fdt, 0, name);
    int result = 0;

    if (node < 0)
        return node;
    result = set_strings(fdt, node);
    if (result == 0)
        result = set_reg(xive, fdt, node);
    if (result == 0)
        result = set_numbers(xive, fdt, node, phandle);
    return result;
}
