/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A machine of three vCPUs that has machine checks.
 */
#ifndef TESTS_UNIT_HW_SPAPR_FWNMI_RIG_H
#define TESTS_UNIT_HW_SPAPR_FWNMI_RIG_H

#include "tests/unit/hw-spapr/platform-rig.h"

#define RTAS_AT   0x100000u
#define ON_RESET  0x4100u
#define ON_CHECK  0x4200u
#define CAP_OFF   1
#define CAP_ON    2
#define SF_ME     G_GUINT64_CONSTANT(0x8000000000001000)
#define SF_ME_EE  G_GUINT64_CONSTANT(0x8000000000009000)
#define FETCH_UE  G_GUINT64_CONSTANT(0x00040000)
#define BY_ACCESS G_GUINT64_CONSTANT(0x00200000)

/** fwnmi_rig_start: of machine @type (NULL: the newest); @cap: 0, CAP_OFF, CAP_ON. */
void fwnmi_rig_start(Rig *rig, const char *type, guint64 cap);
/** fwnmi_rig_start_registered: the newest, and a guest with ON_RESET and ON_CHECK. */
void fwnmi_rig_start_registered(Rig *rig);

/** fwnmi_rig_register, fwnmi_rig_interlock: the calls, the latter by vCPU @index. */
gint32 fwnmi_rig_register(Rig *rig, guint32 on_reset, guint32 on_check);
gint32 fwnmi_rig_interlock(Rig *rig, guint index);

/** fwnmi_rig_check: a machine check of vCPU @index, with the registers that the processor and KVM
 * leave; @about: bits of SRR1. Each vCPU's values differ. */
void fwnmi_rig_check(Rig *rig, guint index, guint64 about, gboolean recovered);

gboolean fwnmi_rig_blocked(Rig *rig, guint index);
/** fwnmi_rig_assert_handles: vCPU @index has just entered the guest's handler of machine checks. */
void fwnmi_rig_assert_handles(Rig *rig, guint index);
/** fwnmi_rig_assert_memory: at @at are the bytes that wire_bytes() makes of @text. */
void fwnmi_rig_assert_memory(Rig *rig, guint64 at, const char *text);

#endif
