/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where everything lies when the guest starts, and putting it there.
 *
 *   0            kernel, at the physical addresses of its own segments
 *   next 16 MiB  initrd
 *   …
 *   top − 64 KiB − tree   device tree
 *   top − 64 KiB          RTAS code
 *
 * top is the end of RAM or 2 GiB, whichever is lower: RTAS is called with 32-bit addresses, and
 * QEMU's limit is the same.
 */
#ifndef HW_SPAPR_BOOT_H
#define HW_SPAPR_BOOT_H

#include "vdev/machine.h"

typedef struct Platform Platform;

#define BOOT_TOP_MAX      G_GUINT64_CONSTANT(0x80000000)
#define BOOT_RTAS_SPACE   0x10000u
#define BOOT_INITRD_ALIGN 0x1000000u

/* Memory comes in blocks: QEMU's size of a pluggable piece. */
#define BOOT_MEMORY_BLOCK G_GUINT64_CONSTANT(0x10000000)

/* Guest addresses, bytes. */
typedef struct {
    guint64 rtas;
    guint64 rtas_size; /* that the guest keeps for it */
    guint64 fdt;
    guint64 initrd;
    guint64 initrd_size; /* 0: none */
    guint64 entry;
} BootLayout;

/** boot_check_memory: whether -m is whole blocks. The error names the nearest sizes that are. */
gboolean boot_check_memory(const VdevMachineConfig *config, GError **error);

/**
 * boot_layout_choose:
 * @tree_size: bytes to keep for the device tree
 *
 * The error says how much memory @image needs.
 */
gboolean boot_layout_choose(BootLayout *layout, guint64 ram_size, guint64 tree_size,
                            const VdevBootImage *image, GError **error);

/**
 * boot_layout_of_tree: what a guest that arrives with @tree (@n bytes, a valid flattened tree, or
 * NULL) was told of where RTAS code, with its size, and initrd lie. What it does not say stays.
 */
void boot_layout_of_tree(BootLayout *layout, const void *tree, gsize n);

/** boot_load: places kernel, initrd, tree and RTAS code, and starts vCPU 0 at the entry. */
gboolean boot_load(Platform *platform, const VdevBootImage *image, GError **error);

#endif
