/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two machines of one controller each, in small hosts over two models, and a guest that moves
 * between them: its memory by the dirty log, its interrupts by the controller's tables.
 *
 * A side calls back before each call that its controller makes to the host, so that a test can let
 * anything happen there.
 */
#ifndef TESTS_MODEL_SWITCH_RIG_H
#define TESTS_MODEL_SWITCH_RIG_H

#include "hw-xive/kvm-attr.h"
#include "hw-xive/xive-priv.h"
#include "tests/contract/fake-host.h"

#define SWITCH_SERVERS 2u
#define SWITCH_EDGES   10u /* of devices, beside one IPI a server */
#define SWITCH_SOURCES (SWITCH_SERVERS + SWITCH_EDGES)
#define SWITCH_QUEUES  4u /* two a server */
#define SWITCH_PAGE    0x10000u
#define SWITCH_PAGES   (SWITCH_QUEUES + 1)
#define SWITCH_RAM     (SWITCH_PAGES * SWITCH_PAGE)

typedef struct SwitchSide SwitchSide;
struct SwitchSide {
    VdevHost table; /* what the controller sees; first */
    FakeHost *fake;
    Xive *xive;
    VdevVcpu *vcpus[SWITCH_SERVERS];
    void (*before)(SwitchSide *side, guint32 eq_sync, void *user); /* eq_sync: this call is it */
    void (*after_sync)(void *user);
    void *user;
};

void switch_side_init(SwitchSide *side);
void switch_side_finish(SwitchSide *side);

/** switch_lisn: of source @index below SWITCH_SOURCES. */
guint32 switch_lisn(guint index);

/** switch_call: a hypercall of the guest on @side. */
HcallStatus switch_call(SwitchSide *side, guint32 nr, guint64 a0, guint64 a1, guint64 a2,
                        guint64 a3, guint64 a4, guint64 *result);

/** switch_hardware_trigger: a store to the trigger page of @lisn that passes by the controller, as
 * a thread's, an irqfd's or a device's of the hardware. */
void switch_hardware_trigger(SwitchSide *side, guint32 lisn);

/** switch_hardware_pq: what the model holds. */
guint switch_hardware_pq(SwitchSide *side, guint32 lisn);

/** switch_copy_begin: all of the memory, and the log begins. switch_copy_end: the pages of the log,
 * and those of @written (bit a page). */
void switch_copy_begin(SwitchSide *from, SwitchSide *to);
void switch_copy_end(SwitchSide *from, SwitchSide *to, guint32 written);

/** switch_save, switch_load: one section, as the engine calls its hooks; tables go by memcpy. */
gboolean switch_save(SwitchSide *from, GError **error);
gboolean switch_load(SwitchSide *from, SwitchSide *to, GError **error);

#endif
