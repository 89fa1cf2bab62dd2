/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * /cpus: one node a vCPU, as of a POWER9 core with one thread.
 *
 * Source: LoPAR, "CPU nodes"; the values that describe the core are those of a POWER9 as QEMU 7.2
 * shows it. The decrementer has 32 bits: ibm,dec-bits would promise a large one, which then had to
 * be switched on in every LPCR.
 */
#include "hw-spapr/fdt-machine.h"

#include "hw-spapr/platform.h"

/* Hosts do not tell theirs; guests print it and do no sums with it. */
#define CPU_CLOCK_HZ 1000000000u

#define CACHE_SIZE 0x8000u
#define CACHE_LINE 0x80u
#define SLB_SIZE   32u

#define VMX_WITH_VSX 2u

/* One group of 0x42 bytes, kind 0: which optional facilities there are. Byte 22, bit 0 (no
 * transactional memory) and byte 40, bit 0 (radix) are what this machine depends on. */
static const guint8 pa_features[] = {
    66,   0,                                                          /* size, kind */
    0xf6, 0x3f, 0xc7, 0xc0, 0x80, 0xf0, 0x80, 0x00, 0x00, 0x00, 0x00, /* 0 to 10 */
    0x00, 0x00, 0x00, 0x00, 0x00, 0x80, 0x00, 0x80, 0x00, 0x80, 0x00, /* 11 to 21 */
    0x00, 0x00, 0x80, 0x00, 0x80, 0x00, 0x80, 0x00, 0x80, 0x00, 0x80, /* 22 to 32 */
    0x00, 0xc0, 0x00, 0x80, 0x00, 0x80, 0x00, 0x80, 0x00, 0x80, 0x00, /* 33 to 43 */
    0x80, 0x00, 0x80, 0x00, 0x80, 0x00, 0x80, 0x00, 0x80, 0x00, 0x80, /* 44 to 54 */
    0x00, 0x80, 0x00, 0x80, 0x00, 0x80, 0x00, 0x80, 0x00, 0x00, 0x00, /* 55 to 65 */
};

/* Names as QEMU has them, by the upper half of the processor version. */
static const struct {
    guint32 version;
    const char *name;
} processors[] = {{0x004e, "PowerPC,POWER9"}, {0x0080, "PowerPC,POWER10"}};

static const char *
processor_name(guint32 pvr)
{
    for (guint i = 0; i < G_N_ELEMENTS(processors); i++) {
        if (processors[i].version == pvr >> 16)
            return processors[i].name;
    }
    return processors[0].name;
}

static void
write_caches(TreeWriter *tree)
{
    TREE_CELLS(tree, "d-cache-block-size", CACHE_LINE);
    TREE_CELLS(tree, "d-cache-line-size", CACHE_LINE);
    TREE_CELLS(tree, "d-cache-size", CACHE_SIZE);
    TREE_CELLS(tree, "i-cache-block-size", CACHE_LINE);
    TREE_CELLS(tree, "i-cache-line-size", CACHE_LINE);
    TREE_CELLS(tree, "i-cache-size", CACHE_SIZE);
}

/* What a core can do, were it to run a hash guest: kernels read it before they decide. */
static void
write_segments(TreeWriter *tree)
{
    TREE_CELLS(tree, "slb-size", SLB_SIZE);
    TREE_CELLS(tree, "ibm,slb-size", SLB_SIZE);
    TREE_CELLS(tree, "ibm,processor-segment-sizes", 28, 40, 0xffffffff, 0xffffffff);
    TREE_CELLS(tree, "ibm,segment-page-sizes", 12, 0, 1, 12, 0, 16, 0x110, 1, 16, 1);
}

void
fdt_write_cpu(Platform *platform, TreeWriter *tree, guint32 index)
{
    const VdevHost *host = platform_host(platform);
    const VdevCpuInfo *info = host->cpu_info(host);
    const guint32 id = cpus_id(&platform->cpus, index);

    tree_begin(tree, "%s@%x", processor_name(info->pvr), id);
    tree_string(tree, "device_type", "cpu");
    TREE_CELLS(tree, "reg", id);
    tree_string(tree, "status", "okay");
    tree_flag(tree, "64-bit");
    TREE_CELLS(tree, "cpu-version", info->pvr);
    TREE_CELLS(tree, "timebase-frequency", (guint32)info->timebase_hz);
    TREE_CELLS(tree, "clock-frequency", CPU_CLOCK_HZ);
    TREE_CELLS(tree, "ibm,ppc-interrupt-server#s", id);
    TREE_CELLS(tree, "ibm,ppc-interrupt-gserver#s", id, 0);
    TREE_CELLS(tree, "ibm,chip-id", platform->row->chip_per_cpu ? index : 0);
    TREE_CELLS(tree, "ibm,vmx", VMX_WITH_VSX);
    TREE_CELLS(tree, "ibm,dfp", 1);
    TREE_CELLS(tree, "ibm,purr", 1);
    TREE_CELLS(tree, "ibm,spurr", 1);
    if (info->n_ap_encodings > 0)
        tree_cells(tree, "ibm,processor-radix-AP-encodings", info->ap_encodings,
                   info->n_ap_encodings);
    tree_bytes(tree, "ibm,pa-features", pa_features, sizeof(pa_features));
    write_caches(tree);
    write_segments(tree);
    if (drcs_range(&platform->drcs, DRC_CPU) != NULL)
        TREE_CELLS(tree, "ibm,my-drc-index", DRC_INDEX(DRC_CPU, id));
    tree_end(tree);
}

void
fdt_write_cpus(Platform *platform, TreeWriter *tree)
{
    tree_begin(tree, "cpus");
    TREE_CELLS(tree, "#address-cells", 1);
    TREE_CELLS(tree, "#size-cells", 0);
    drcs_write(&platform->drcs, 1u << DRC_CPU, tree);
    for (guint32 i = 0; i < platform->cpus.n; i++) {
        if (platform->cpus.vcpus[i] != NULL)
            fdt_write_cpu(platform, tree, i);
    }
    tree_end(tree);
}
