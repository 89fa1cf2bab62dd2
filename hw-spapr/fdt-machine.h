/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The device tree of the whole machine.
 *
 * Source: LoPAR, PAPR binding; the Devicetree Specification. What Linux reads of it, and what
 * differs from QEMU's tree, is in docs/spapr/device-tree.md.
 */
#ifndef HW_SPAPR_FDT_MACHINE_H
#define HW_SPAPR_FDT_MACHINE_H

#include "hw-spapr/tree.h"

typedef struct Platform Platform;

/** fdt_size: bytes that fdt_build() may need at most for this machine, a multiple of 64 KiB. */
gsize fdt_size(const Platform *platform);

/**
 * fdt_build: the tree of the machine as it is, packed. Needs platform->boot filled.
 *
 * Returns: (transfer full): a tree; its size is fdt_totalsize(). NULL with @error set.
 */
void *fdt_build(Platform *platform, GError **error);

/* The larger subtrees. */
void fdt_write_cpus(Platform *platform, TreeWriter *tree); /* fdt-cpus.c */
void fdt_write_cpu(Platform *platform, TreeWriter *tree, guint32 index);
void fdt_write_rtas(Platform *platform, TreeWriter *tree); /* fdt-rtas.c */

#endif
