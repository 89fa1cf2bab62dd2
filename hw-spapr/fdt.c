/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The device tree: one function per node.
 *
 * Not here: /cpus, /rtas, /vdevice, /pci (files of their own), the interrupt controller's node
 * (hw-xive).
 */
#include "hw-spapr/fdt-machine.h"

#include <libfdt.h>
#include <string.h>
#include <sys/random.h>

#include "hw-spapr/irq.h"
#include "hw-spapr/platform.h"

#define TREE_SIZE_BASE      0x100000u /* all but the processors, and some hundred of those */
#define TREE_SIZE_USUAL     0x10000u  /* of that, what most guests take */
#define TREE_SIZE_PER_CPU   0x800u
#define TREE_SIZE_PER_BLOCK 64u /* a connector, and its place in ibm,dynamic-memory */
#define TREE_SIZE_LISTED    32u /* of that the latter */
#define TREE_SIZE_ALIGN     0x10000u
#define TREE_CPUS_IN_BASE   256u

/* The XIVE node's, and the only one that others refer to. */
#define PHANDLE_XIVE 0x1111u

/* --- Nodes --------------------------------------------------------------- */

static void
write_identity(const VdevMachineConfig *config, TreeWriter *tree)
{
    static const guint8 none[16] = {0};
    const guint8 *u = config->uuid != NULL ? config->uuid : none;
    g_autofree char *uuid = g_strdup_printf(
        "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", u[0], u[1], u[2],
        u[3], u[4], u[5], u[6], u[7], u[8], u[9], u[10], u[11], u[12], u[13], u[14], u[15]);

    tree_string(tree, "vm,uuid", uuid);
    if (config->uuid != NULL)
        tree_string(tree, "system-id", uuid);
    if (config->name != NULL)
        tree_string(tree, "ibm,partition-name", config->name);
}

/* The names are QEMU's: drivers and tools look for them. */
static void
write_root(const Platform *platform, TreeWriter *tree)
{
    tree_string(tree, "device_type", "chrp");
    tree_string(tree, "model", "IBM pSeries (emulated by qemu)");
    tree_string(tree, "compatible", "qemu,pseries");
    TREE_CELLS(tree, "#address-cells", 2);
    TREE_CELLS(tree, "#size-cells", 2);
    write_identity(platform->config, tree);
    drcs_write(&platform->drcs, 1u << DRC_LMB, tree);
}

static void
write_console(const Platform *platform, TreeWriter *tree)
{
    g_autofree char *path = NULL;

    if (platform->vty.chardev == NULL)
        return;
    path = vio_path(&platform->vty.vio);
    tree_string(tree, "linux,stdout-path", path);
    tree_string(tree, "stdout-path", path);
}

/* A seed is a kindness: a host short of entropy does not keep the guest from booting. */
static void
write_seed(TreeWriter *tree)
{
    guint8 seed[32];

    if (getrandom(seed, sizeof(seed), GRND_NONBLOCK) == (gssize)sizeof(seed))
        tree_bytes(tree, "rng-seed", seed, sizeof(seed));
    explicit_bzero(seed, sizeof(seed));
}

static void
write_chosen(const Platform *platform, TreeWriter *tree)
{
    const BootLayout *boot = &platform->boot;
    const char *cmdline = platform->config->cmdline;

    tree_begin(tree, "chosen");
    tree_string(tree, "bootargs", cmdline != NULL ? cmdline : "");
    if (boot->initrd_size > 0) {
        tree_u64(tree, "linux,initrd-start", boot->initrd);
        tree_u64(tree, "linux,initrd-end", boot->initrd + boot->initrd_size);
    }
    write_console(platform, tree);
    TREE_CELLS(tree, "linux,pci-probe-only", 0);
    cas_write_chosen(&platform->cas, tree);
    write_seed(tree);
    tree_end(tree);
}

static void
write_memory(const Platform *platform, TreeWriter *tree)
{
    const guint64 size = platform->config->ram_size;

    tree_begin(tree, "memory@0");
    tree_string(tree, "device_type", "memory");
    TREE_CELLS(tree, "reg", 0, 0, (guint32)(size >> 32), (guint32)size);
    TREE_CELLS(tree, "ibm,associativity", 4, 0, 0, 0, 0);
    tree_end(tree);
}

static void
write_hypervisor(TreeWriter *tree)
{
    tree_begin(tree, "hypervisor");
    tree_string(tree, "compatible", "linux,kvm");
    tree_end(tree);
}

static void
write_event_sources(TreeWriter *tree)
{
    guint32 ranges[2 * EVENT_CLASSES];

    for (guint i = 0; i < EVENT_CLASSES; i++) {
        ranges[2 * i] = event_classes[i].lisn;
        ranges[2 * i + 1] = 1;
    }
    tree_begin(tree, "event-sources");
    tree_flag(tree, "interrupt-controller");
    TREE_CELLS(tree, "#interrupt-cells", 2);
    tree_cells(tree, "interrupt-ranges", ranges, G_N_ELEMENTS(ranges));
    for (guint i = 0; i < EVENT_CLASSES; i++) {
        tree_begin(tree, "%s", event_classes[i].node);
        TREE_CELLS(tree, "interrupts", event_classes[i].lisn, IRQ_EDGE);
        tree_end(tree);
    }
    tree_end(tree);
}

/* --- The whole ----------------------------------------------------------- */

gsize
fdt_size(const Platform *platform)
{
    const VdevMachineConfig *config = platform->config;
    gsize cpus = config->max_cpus > TREE_CPUS_IN_BASE ? config->max_cpus - TREE_CPUS_IN_BASE : 0;
    gsize text = config->cmdline != NULL ? strlen(config->cmdline) : 0;
    gsize blocks = (config->max_ram_size - config->ram_size) / BOOT_MEMORY_BLOCK;
    gsize size = TREE_SIZE_BASE + cpus * TREE_SIZE_PER_CPU + blocks * TREE_SIZE_PER_BLOCK;

    /* A command line longer than what the base leaves free is no mistake of ours. */
    if (text > TREE_SIZE_BASE / 4)
        size += text;
    return (size + TREE_SIZE_ALIGN - 1) / TREE_SIZE_ALIGN * TREE_SIZE_ALIGN;
}

/* Written front to back, since libfdt's editing calls move all that follows; names of properties as
 * often as they come, since looking for an earlier one cost half of a start's instructions. */
static int
write_tree(Platform *platform, void *blob, int size)
{
    TreeWriter tree = {blob, fdt_create_with_flags(blob, size, FDT_CREATE_FLAG_NO_NAME_DEDUP)};

    if (tree.error == 0)
        tree.error = fdt_add_reservemap_entry(blob, platform->boot.rtas, BOOT_RTAS_SPACE);
    if (tree.error == 0)
        tree.error = fdt_finish_reservemap(blob);
    tree_begin(&tree, "%s", "");
    write_root(platform, &tree);
    write_chosen(platform, &tree);
    fdt_write_rtas(platform, &tree);
    write_event_sources(&tree);
    write_hypervisor(&tree);
    write_memory(platform, &tree);
    hotplug_write_memory(platform, &tree);
    fdt_write_cpus(platform, &tree);
    vio_fdt(&platform->vio, &tree);
    pci_fdt(&platform->pci, PHANDLE_XIVE, &tree);
    tree_end(&tree);
    return tree.error != 0 ? tree.error : fdt_finish(blob);
}

/* What the tree needs now: its room in the guest is for all that a guest can agree on. */
static gsize
size_now(const Platform *platform)
{
    const VdevMachineConfig *config = platform->config;
    const gsize blocks = (config->max_ram_size - config->ram_size) / BOOT_MEMORY_BLOCK;

    return fdt_size(platform) - (hotplug_lists_blocks(platform) ? 0 : blocks * TREE_SIZE_LISTED);
}

/* (transfer full) NULL with a code of libfdt in *result if it does not fit into size bytes. */
static void *
build_within(Platform *platform, gsize size, int *result)
{
    g_autofree void *blob = g_malloc(size); /* fdt_create() clears it */

    *result = write_tree(platform, blob, (int)size);
    if (*result == 0)
        *result = fdt_open_into(blob, blob, (int)size);
    if (*result == 0)
        *result = xive_fdt_root(platform->xive, blob);
    if (*result == 0)
        *result = xive_fdt_node(platform->xive, blob, PHANDLE_XIVE);
    if (*result == 0)
        *result = fdt_pack(blob);
    return *result == 0 ? g_steal_pointer(&blob) : NULL;
}

/* Clearing what is reserved took most of the time: a guest seldom needs all of it. */
void *
fdt_build(Platform *platform, GError **error)
{
    const gsize size = size_now(platform);
    int result;
    void *blob = build_within(platform, size - TREE_SIZE_BASE + TREE_SIZE_USUAL, &result);

    if (result == -FDT_ERR_NOSPACE)
        blob = build_within(platform, size, &result);
    if (result != 0)
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NOSPC,
                    "device tree of %" G_GSIZE_FORMAT " bytes: %s", size, fdt_strerror(result));
    return blob;
}
