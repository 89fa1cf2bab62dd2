/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The device tree: what Linux cannot boot without, by vCPU count and machine type.
 */
#include "tests/unit/hw-spapr/platform-rig.h"

#include <libfdt.h>
#include <string.h>

typedef struct {
    Rig rig;
    void *blob;
} Tree;

static void
tree_init(Tree *tree, const RigSpec *spec)
{
    const VdevBootImage image = {.kernel_high = 0x100000, .initrd_size = 0x12345};
    g_autoptr(GError) error = NULL;

    rig_init(&tree->rig, spec);
    boot_layout_choose(&tree->rig.platform->boot, BOOT_MEMORY_BLOCK, fdt_size(tree->rig.platform),
                       &image, &error);
    g_assert_no_error(error);
    tree->blob = fdt_build(tree->rig.platform, &error);
    g_assert_no_error(error);
    g_assert_cmpint(fdt_check_full(tree->blob, fdt_totalsize(tree->blob)), ==, 0);
}

static void
tree_finish(Tree *tree)
{
    g_free(tree->blob);
    rig_finish(&tree->rig);
}

static const guint8 *
get(const Tree *tree, const char *path, const char *name, int *n)
{
    int node = fdt_path_offset(tree->blob, path);
    const guint8 *value = node >= 0 ? fdt_getprop(tree->blob, node, name, n) : NULL;

    return value;
}

static void
assert_bytes(const Tree *tree, const char *path, const char *name, const void *bytes, gsize n)
{
    int have = -1;
    const guint8 *value = get(tree, path, name, &have);

    if (value == NULL || (gsize)have != n || memcmp(value, bytes, n) != 0)
        g_error("%s/%s is not as it should be (%d bytes)", path, name, have);
}

static void
assert_cells(const Tree *tree, const char *path, const char *name, const guint32 *cells, gsize n)
{
    g_autofree guint32 *words = g_new(guint32, n);

    for (gsize i = 0; i < n; i++)
        words[i] = GUINT32_TO_BE(cells[i]);
    assert_bytes(tree, path, name, words, n * sizeof(guint32));
}

#define ASSERT_CELLS(tree, path, name, ...)                              \
    assert_cells((tree), (path), (name), (const guint32[]){__VA_ARGS__}, \
                 sizeof((const guint32[]){__VA_ARGS__}) / sizeof(guint32))
#define ASSERT_STRING(tree, path, name, text) \
    assert_bytes((tree), (path), (name), (text), strlen(text) + 1)

static void
assert_flag(const Tree *tree, const char *path, const char *name)
{
    assert_bytes(tree, path, name, "", 0);
}

static gboolean
has(const Tree *tree, const char *path, const char *name)
{
    int n;

    return get(tree, path, name, &n) != NULL;
}

static void
root_and_chosen_are_what_linux_needs(void)
{
    /* length byte, then bytes 1 to 26 of option vector 5 */
    static const guint8 vec5[27] = {
        [0] = 25, [5] = 0x80, [6] = 0x04, [23] = 0x40, [24] = 0x40, [26] = 0x40};
    static const guint8 support[8] = {23, 0x40, 24, 0x40, 25, 0, 26, 0x40};
    const RigSpec spec = {.cmdline = "console=hvc0 quiet"};
    Tree tree;
    int n = 0;

    tree_init(&tree, &spec);
    ASSERT_STRING(&tree, "/", "device_type", "chrp");
    ASSERT_STRING(&tree, "/", "compatible", "qemu,pseries");
    ASSERT_CELLS(&tree, "/", "#address-cells", 2);
    ASSERT_CELLS(&tree, "/", "#size-cells", 2);
    ASSERT_CELLS(&tree, "/", "ibm,plat-res-int-priorities", 7, 0xf8);
    ASSERT_STRING(&tree, "/", "vm,uuid", "00000000-0000-0000-0000-000000000000");
    g_assert_false(has(&tree, "/", "system-id"));
    g_assert_false(has(&tree, "/", "ibm,partition-name"));
    ASSERT_STRING(&tree, "/chosen", "bootargs", "console=hvc0 quiet");
    ASSERT_CELLS(&tree, "/chosen", "linux,initrd-start", 0, 0x1000000);
    ASSERT_CELLS(&tree, "/chosen", "linux,initrd-end", 0, 0x1012345);
    ASSERT_STRING(&tree, "/chosen", "stdout-path", "/vdevice/vty@71000000");
    ASSERT_STRING(&tree, "/chosen", "linux,stdout-path", "/vdevice/vty@71000000");
    assert_bytes(&tree, "/chosen", "ibm,architecture-vec-5", vec5, sizeof(vec5));
    assert_bytes(&tree, "/chosen", "ibm,arch-vec-5-platform-support", support, sizeof(support));
    g_assert_nonnull(get(&tree, "/chosen", "rng-seed", &n));
    g_assert_cmpint(n, ==, 32);
    ASSERT_STRING(&tree, "/hypervisor", "compatible", "linux,kvm");
    ASSERT_STRING(&tree, "/memory@0", "device_type", "memory");
    ASSERT_CELLS(&tree, "/memory@0", "reg", 0, 0, 0, 0x10000000);
    tree_finish(&tree);
}

static void
name_and_uuid_are_shown_when_given(void)
{
    static const guint8 uuid[16] = {0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef,
                                    0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef};
    const RigSpec spec = {.uuid = uuid, .name = "guest"};
    Tree tree;

    tree_init(&tree, &spec);
    ASSERT_STRING(&tree, "/", "vm,uuid", "01234567-89ab-cdef-0123-456789abcdef");
    ASSERT_STRING(&tree, "/", "system-id", "01234567-89ab-cdef-0123-456789abcdef");
    ASSERT_STRING(&tree, "/", "ibm,partition-name", "guest");
    ASSERT_STRING(&tree, "/chosen", "bootargs", "");
    tree_finish(&tree);
}

static void
rtas_names_every_call_it_has(void)
{
    guint n = 0;
    Tree tree;
    guint64 base, size;

    tree_init(&tree, NULL);
    for (const VdevRtasRow *row = rtas_rows; row->name != NULL; row++) {
        if (rtas_advertised(tree.rig.platform, row))
            ASSERT_CELLS(&tree, "/rtas", row->name, row->token);
        else
            g_assert_false(has(&tree, "/rtas", row->name));
        n += rtas_advertised(tree.rig.platform, row);
    }
    g_assert_cmpuint(n, ==, 34);
    g_assert_false(has(&tree, "/rtas", "ibm,configure-connector"));
    g_assert_false(has(&tree, "/rtas", "display-character"));
    ASSERT_CELLS(&tree, "/rtas", "linux,rtas-base", 0xfff0000);
    ASSERT_CELLS(&tree, "/rtas", "linux,rtas-entry", 0xfff0000);
    ASSERT_CELLS(&tree, "/rtas", "rtas-size", 0x1000);
    ASSERT_CELLS(&tree, "/rtas", "rtas-error-log-max", 0x800);
    ASSERT_CELLS(&tree, "/rtas", "rtas-event-scan-rate", 1);
    assert_flag(&tree, "/rtas", "ibm,extended-os-term");
    g_assert_true(has(&tree, "/rtas", "ibm,hypertas-functions"));
    g_assert_cmpint(fdt_num_mem_rsv(tree.blob), ==, 1);
    g_assert_cmpint(fdt_get_mem_rsv(tree.blob, 0, &base, &size), ==, 0);
    g_assert_cmphex(base, ==, 0xfff0000);
    g_assert_cmphex(size, ==, 0x10000);
    tree_finish(&tree);
}

static void
interrupts_are_those_that_guests_know(void)
{
    Tree tree;

    tree_init(&tree, NULL);
    assert_flag(&tree, "/event-sources", "interrupt-controller");
    ASSERT_CELLS(&tree, "/event-sources", "#interrupt-cells", 2);
    ASSERT_CELLS(&tree, "/event-sources", "interrupt-ranges", 0x1000, 1, 0x1001, 1);
    ASSERT_CELLS(&tree, "/event-sources/epow-events", "interrupts", 0x1000, 0);
    ASSERT_CELLS(&tree, "/event-sources/hot-plug-events", "interrupts", 0x1001, 0);
    ASSERT_STRING(&tree, "/vdevice", "device_type", "vdevice");
    ASSERT_STRING(&tree, "/vdevice", "compatible", "IBM,vdevice");
    assert_flag(&tree, "/vdevice", "interrupt-controller");
    ASSERT_CELLS(&tree, "/vdevice", "#interrupt-cells", 2);
    ASSERT_CELLS(&tree, "/vdevice", "#address-cells", 1);
    ASSERT_CELLS(&tree, "/vdevice", "#size-cells", 0);
    ASSERT_STRING(&tree, "/vdevice/vty@71000000", "device_type", "serial");
    ASSERT_STRING(&tree, "/vdevice/vty@71000000", "compatible", "hvterm1");
    ASSERT_CELLS(&tree, "/vdevice/vty@71000000", "reg", 0x71000000);
    ASSERT_CELLS(&tree, "/vdevice/vty@71000000", "interrupts", 0x1100, 0);
    ASSERT_STRING(&tree, "/vdevice/nvram@71000001", "device_type", "nvram");
    ASSERT_CELLS(&tree, "/vdevice/nvram@71000001", "#bytes", 0x10000);
    ASSERT_CELLS(&tree, "/vdevice/nvram@71000001", "interrupts", 0x1101, 0);
    ASSERT_STRING(&tree, "/interrupt-controller@60302031b0000", "compatible", "ibm,power-ivpe");
    ASSERT_CELLS(&tree, "/interrupt-controller@60302031b0000", "reg", 0x60302, 0x31b0000, 0,
                 0x10000, 0x60302, 0x31a0000, 0, 0x10000);
    ASSERT_CELLS(&tree, "/interrupt-controller@60302031b0000", "ibm,xive-eq-sizes", 16);
    ASSERT_CELLS(&tree, "/interrupt-controller@60302031b0000", "phandle", 0x1111);
    tree_finish(&tree);
}

static void
without_a_terminal_there_is_no_node_for_it(void)
{
    const RigSpec spec = {.no_console = TRUE};
    Tree tree;

    tree_init(&tree, &spec);
    g_assert_false(has(&tree, "/chosen", "stdout-path"));
    g_assert_true(has(&tree, "/vdevice/nvram@71000000", "reg"));
    ASSERT_CELLS(&tree, "/vdevice/nvram@71000000", "interrupts", 0x1100, 0);
    tree_finish(&tree);
}

static guint
count_subnodes(const Tree *tree, const char *path)
{
    int node = fdt_path_offset(tree->blob, path);
    guint n = 0;

    for (int sub = fdt_first_subnode(tree->blob, node); sub >= 0;
         sub = fdt_next_subnode(tree->blob, sub))
        n++;
    return n;
}

static void
assert_cpu(const Tree *tree, guint32 id, guint32 chip)
{
    g_autofree char *path = g_strdup_printf("/cpus/PowerPC,POWER9@%x", id);
    const VdevHost *host = &tree->rig.host->table;
    const VdevCpuInfo *info = host->cpu_info(host);
    const guint8 *features;
    int n = 0;

    ASSERT_STRING(tree, path, "device_type", "cpu");
    ASSERT_STRING(tree, path, "status", "okay");
    ASSERT_CELLS(tree, path, "reg", id);
    ASSERT_CELLS(tree, path, "ibm,ppc-interrupt-server#s", id);
    ASSERT_CELLS(tree, path, "ibm,ppc-interrupt-gserver#s", id, 0);
    ASSERT_CELLS(tree, path, "ibm,chip-id", chip);
    ASSERT_CELLS(tree, path, "cpu-version", info->pvr);
    ASSERT_CELLS(tree, path, "timebase-frequency", (guint32)info->timebase_hz);
    ASSERT_CELLS(tree, path, "ibm,vmx", 2);
    ASSERT_CELLS(tree, path, "d-cache-line-size", 128);
    g_assert_true(has(tree, path, "clock-frequency"));
    g_assert_true(has(tree, path, "ibm,processor-radix-AP-encodings"));
    g_assert_false(has(tree, path, "ibm,dec-bits"));
    features = get(tree, path, "ibm,pa-features", &n);
    g_assert_cmpint(n, ==, 68);
    g_assert_cmphex(features[0], ==, 66);
    g_assert_cmphex(features[2 + 40] & 0x80, ==, 0x80); /* radix */
    g_assert_cmphex(features[2 + 22] & 0x80, ==, 0);    /* no transactional memory */
}

static void
cpus_have_a_node_each_by_type(void)
{
    static const struct {
        const char *type;
        guint32 shift;
        gboolean chips;
    } types[] = {{"pseries-10.0", 0, FALSE}, {"pseries-6.1", 0, TRUE}, {"pseries-4.1", 3, TRUE}};
    static const guint32 counts[] = {1, 2, 4};

    for (guint t = 0; t < G_N_ELEMENTS(types); t++) {
        for (guint c = 0; c < G_N_ELEMENTS(counts); c++) {
            const RigSpec spec = {.type = types[t].type, .cpus = counts[c], .max_cpus = 8};
            Tree tree;

            tree_init(&tree, &spec);
            ASSERT_CELLS(&tree, "/cpus", "#address-cells", 1);
            ASSERT_CELLS(&tree, "/cpus", "#size-cells", 0);
            g_assert_cmpuint(count_subnodes(&tree, "/cpus"), ==, counts[c]);
            for (guint32 i = 0; i < counts[c]; i++)
                assert_cpu(&tree, i << types[t].shift, types[t].chips ? i : 0);
            ASSERT_CELLS(&tree, "/interrupt-controller@60302031b0000", "ibm,xive-lisn-ranges", 0,
                         8u << types[t].shift);
            tree_finish(&tree);
        }
    }
}

static void
reference_points_are_those_of_the_type(void)
{
    static const struct {
        const char *type;
        guint n;
    } types[] = {{"pseries-10.0", 3}, {"pseries-5.1", 3}, {"pseries-5.0", 2}, {"pseries-3.1", 2}};
    static const guint32 points[] = {4, 4, 2};

    for (guint t = 0; t < G_N_ELEMENTS(types); t++) {
        const RigSpec spec = {.type = types[t].type};
        Tree tree;

        tree_init(&tree, &spec);
        assert_cells(&tree, "/rtas", "ibm,associativity-reference-points", points, types[t].n);
        tree_finish(&tree);
    }
}

static void
many_cpus_and_a_long_command_line_fit(void)
{
    g_autofree char *cmdline = g_strnfill(0x80000, 'x');
    RigSpec spec = {.cmdline = cmdline};
    Tree tree;
    Rig rig;

    rig_make(&rig, NULL);
    spec.cpus = MIN(rig.host->table.cpu_info(&rig.host->table)->max_vcpus, 1024u);
    rig_finish(&rig);
    tree_init(&tree, &spec);
    g_assert_cmpuint(count_subnodes(&tree, "/cpus"), ==, spec.cpus);
    g_assert_cmpuint(fdt_totalsize(tree.blob), <=, fdt_size(tree.rig.platform));
    g_assert_cmpuint(fdt_size(tree.rig.platform) % 0x10000, ==, 0);
    tree_finish(&tree);
}

/* More than is reserved at first, and no more than the base has room for. */
static void
a_tree_that_is_not_usual_is_written_with_all_its_room(void)
{
    g_autofree char *cmdline = g_strnfill(0x30000, 'x');
    const RigSpec spec = {.cmdline = cmdline};
    Tree tree;

    tree_init(&tree, &spec);
    g_assert_cmpuint(fdt_totalsize(tree.blob), >, 0x30000);
    g_assert_cmpstr(fdt_getprop(tree.blob, fdt_path_offset(tree.blob, "/chosen"), "bootargs", NULL),
                    ==, cmdline);
    g_assert_cmpint(fdt_check_full(tree.blob, fdt_totalsize(tree.blob)), ==, 0);
    tree_finish(&tree);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/spapr/fdt/root", root_and_chosen_are_what_linux_needs);
    g_test_add_func("/spapr/fdt/identity", name_and_uuid_are_shown_when_given);
    g_test_add_func("/spapr/fdt/rtas", rtas_names_every_call_it_has);
    g_test_add_func("/spapr/fdt/interrupts", interrupts_are_those_that_guests_know);
    g_test_add_func("/spapr/fdt/no-terminal", without_a_terminal_there_is_no_node_for_it);
    g_test_add_func("/spapr/fdt/cpus", cpus_have_a_node_each_by_type);
    g_test_add_func("/spapr/fdt/reference-points", reference_points_are_those_of_the_type);
    g_test_add_func("/spapr/fdt/size", many_cpus_and_a_long_command_line_fit);
    g_test_add_func("/spapr/fdt/unusual", a_tree_that_is_not_usual_is_written_with_all_its_room);
    return g_test_run();
}
