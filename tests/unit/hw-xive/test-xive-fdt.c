/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The controller in the device tree, byte by byte.
 */
#include <libfdt.h>
#include <string.h>

#include "tests/unit/hw-xive/xive-rig.h"

#define NODE    "/interrupt-controller@60302031b0000"
#define PHANDLE 0x1111u

typedef struct {
    const char *name;
    const char *bytes;
    int size;
} Wanted;

#define WANTED(name, bytes)            \
    {                                  \
        name, bytes, sizeof(bytes) - 1 \
    }

static const Wanted node_props[] = {
    WANTED("device_type", "power-ivpe\0"),
    WANTED("compatible", "ibm,power-ivpe\0"),
    WANTED("reg", "\x00\x06\x03\x02\x03\x1b\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00"
                  "\x00\x06\x03\x02\x03\x1a\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00"),
    WANTED("ibm,xive-eq-sizes", "\x00\x00\x00\x10"),
    WANTED("ibm,xive-lisn-ranges", "\x00\x00\x00\x00\x00\x00\x00\x02"),
    WANTED("interrupt-controller", ""),
    WANTED("#interrupt-cells", "\x00\x00\x00\x02"),
    WANTED("phandle", "\x00\x00\x11\x11"),
};

static void
assert_prop(const void *fdt, int node, const Wanted *wanted)
{
    int size = -1;
    const void *value = fdt_getprop(fdt, node, wanted->name, &size);

    g_assert_nonnull(value);
    g_assert_cmpmem(value, size, wanted->bytes, wanted->size);
}

static void
node_is_as_guests_know_it(void)
{
    guint8 fdt[4096];
    int node = 0, found = 0, prop = 0;
    Rig rig;

    rig_init(&rig);
    g_assert_cmpint(fdt_create_empty_tree(fdt, sizeof(fdt)), ==, 0);
    g_assert_cmpint(xive_fdt_node(rig.xive, fdt, PHANDLE), ==, 0);
    node = fdt_path_offset(fdt, NODE);
    g_assert_cmpint(node, >, 0);
    for (gsize i = 0; i < G_N_ELEMENTS(node_props); i++)
        assert_prop(fdt, node, &node_props[i]);
    fdt_for_each_property_offset(prop, fdt, node) found++;
    g_assert_cmpint(found, ==, G_N_ELEMENTS(node_props));
    g_assert_cmpint(fdt_node_offset_by_phandle(fdt, PHANDLE), ==, node);
    rig_finish(&rig);
}

static void
root_reserves_the_priorities_of_the_host(void)
{
    static const Wanted reserved =
        WANTED("ibm,plat-res-int-priorities", "\x00\x00\x00\x07\x00\x00\x00\xf8");
    guint8 fdt[4096];
    Rig rig;

    rig_init(&rig);
    g_assert_cmpint(fdt_create_empty_tree(fdt, sizeof(fdt)), ==, 0);
    g_assert_cmpint(xive_fdt_root(rig.xive, fdt), ==, 0);
    assert_prop(fdt, 0, &reserved);
    rig_finish(&rig);
}

/* Every size from empty to enough: the error is libfdt's, never a success with something missing.
 */
static void
tree_without_room_is_an_error(void)
{
    guint8 fdt[4096];
    gboolean fits = FALSE;
    Rig rig;

    rig_init(&rig);
    for (int size = 128; !fits; size += 4) {
        int result = 0;

        g_assert_cmpint(size, <, (int)sizeof(fdt));
        g_assert_cmpint(fdt_create_empty_tree(fdt, size), ==, 0);
        result = xive_fdt_node(rig.xive, fdt, PHANDLE);
        fits = result == 0;
        if (!fits)
            g_assert_cmpint(result, ==, -FDT_ERR_NOSPACE);
        else
            for (gsize i = 0; i < G_N_ELEMENTS(node_props); i++)
                assert_prop(fdt, fdt_path_offset(fdt, NODE), &node_props[i]);
    }
    rig_finish(&rig);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/xive-fdt/node", node_is_as_guests_know_it);
    g_test_add_func("/xive-fdt/root", root_reserves_the_priorities_of_the_host);
    g_test_add_func("/xive-fdt/no-room", tree_without_room_is_an_error);
    return g_test_run();
}
