/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A machine with a PCI slot, and a device of the tests' own for it: ours has no devices for slots.
 */
#ifndef TESTS_UNIT_HW_SPAPR_SLOT_RIG_H
#define TESTS_UNIT_HW_SPAPR_SLOT_RIG_H

#include "hw-spapr/drc.h"
#include "tests/unit/hw-spapr/platform-rig.h"

#define SLOT_INDEX 0x40000008u

/** slot_rig_init: rig_init() of a pseries-7.2 with slots. Returns: the connector SLOT_INDEX. */
Drc *slot_rig_init(Rig *rig);

/** slot_rig_plug: the device is in the slot, as one that was there at the start. */
void slot_rig_plug(Rig *rig, Drc *slot);

/** slot_rig_load: the payload of a `spapr_drc` section of version 1, which must be all of @n bytes.
 */
gboolean slot_rig_load(Drc *slot, const guint8 *bytes, gsize n, GError **error);

/** slot_rig_take: what a guest does that was told of a device: look, unisolate, configure. Each
 * call's status is asserted, and that the device is configured behind them. */
void slot_rig_take(Rig *rig, Drc *slot);

#endif
