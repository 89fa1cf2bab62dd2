/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Capabilities of the machine (`-M …,cap-cfpc=broken`): by QEMU's names, with the defaults of
 * QEMU's machine types. Only what the command line changes stands in the migration stream; what it
 * leaves out, both sides know by the type.
 *
 * Not here: how a value stands in the stream (state-machine.c).
 * Source: docs/machines.md, "Capabilities"; docs/stream-format.md, spapr.
 */
#ifndef HW_SPAPR_CAPS_H
#define HW_SPAPR_CAPS_H

#include "hw-spapr/pseries.h"
#include "hw-spapr/state.h"

/* Values as the properties have them: 0 is the machine type's default, n the choice n − 1. */
typedef struct {
    guint32 chosen[STATE_CAP_N];
} Caps;

extern const char *const caps_switch[];     /* default, off, on */
extern const char *const caps_mitigation[]; /* default, broken, workaround, fixed */
extern const char *const caps_branch[];     /* default, broken, workaround, fixed-ibs, … */
extern const char *const caps_page[];       /* default, 4k, 64k, 16m */

/** caps_value: what @cap is under @row with @caps, as the stream has it. */
guint8 caps_value(const Caps *caps, const PseriesRow *row, StateCap cap);

/** caps_deviates: whether the command line gave @cap a value that is not the type's default. */
gboolean caps_deviates(const Caps *caps, const PseriesRow *row, StateCap cap);

/**
 * caps_check: what the command line asks for against what the host gives and this machine does.
 * What it leaves out is not checked: guests learn from the host what it is.
 */
gboolean
caps_check(const Caps *caps, const PseriesRow *row, const VdevCpuInfo *cpu, GError **error);

/**
 * caps_check_received: what a guest was given, against this machine: less is fine, more is refused.
 * @received: values, of those whose bit in @present is set; the others had the type's default
 */
gboolean caps_check_received(const Caps *caps, const PseriesRow *row, const guint8 *received,
                             guint32 present, GError **error);

#endif
