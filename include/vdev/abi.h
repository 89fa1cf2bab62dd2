/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The contract's number and its entry point, and when each may change.
 *
 * A module is a shared object that exports exactly one symbol, vdev_module_v1.
 * Host and module hand each other one constant table; both begin with `abi` and
 * `size`, and both sides check them before they touch anything else.
 *
 *  - Tables only grow at their end. A field that lies beyond the peer's `size` is
 *    absent: test with VDEV_HAS() before use.
 *  - A change that an old peer would misread raises VDEV_ABI and renames the entry
 *    symbol (vdev_module_v2), so that old and new never meet.
 */
#ifndef VDEV_ABI_H
#define VDEV_ABI_H

#include <glib.h>

#define VDEV_ABI          1u
#define VDEV_ENTRY_SYMBOL "vdev_module_v1"

/** VDEV_HAS: whether the table that @table points to is long enough to hold @field. */
#define VDEV_HAS(table, field) \
    ((table)->size >= G_STRUCT_OFFSET(__typeof__(*(table)), field) + sizeof((table)->field))

#if defined(__GNUC__)
#define VDEV_EXPORT __attribute__((visibility("default")))
#else
#define VDEV_EXPORT
#endif

typedef struct VdevHost VdevHost;
typedef struct VdevModule VdevModule;
typedef struct VdevDevice VdevDevice;
typedef struct VdevClass VdevClass;
typedef struct VdevProperty VdevProperty;
typedef struct VdevMachineClass VdevMachineClass;
typedef struct VdevMachineRow VdevMachineRow;
typedef struct VdevMachineConfig VdevMachineConfig;
typedef struct VdevHcallRow VdevHcallRow;
typedef struct VdevRtasRow VdevRtasRow;

/* Owned by the host; a module holds them and hands them back, and never looks inside. */
typedef struct VdevVcpu VdevVcpu;
typedef struct VdevKdev VdevKdev;
typedef struct VdevRegion VdevRegion;
typedef struct VdevTimer VdevTimer;
typedef struct VdevChardev VdevChardev;

#endif
