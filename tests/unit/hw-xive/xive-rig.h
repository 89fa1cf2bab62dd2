/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A controller to test: realized, with RAM and connected vCPUs, in the fake host over the model.
 */
#ifndef TESTS_UNIT_HW_XIVE_XIVE_RIG_H
#define TESTS_UNIT_HW_XIVE_XIVE_RIG_H

#include "hw-xive/xive-priv.h"
#include "tests/contract/fake-host.h"

#define RIG_VCPUS    2u
#define RIG_RAM      0x100000u
#define RIG_QUEUE(n) (0x10000u * ((n) + 1)) /* guest address of a queue's 64 KiB; n < 8 */

#define RIG_EDGE 0x1100u /* claimed as an edge source */
#define RIG_LSI  0x1200u /* claimed as a level source */

enum {
    GET_SOURCE_INFO = 0x3a8,
    SET_SOURCE_CONFIG = 0x3ac,
    GET_SOURCE_CONFIG = 0x3b0,
    GET_QUEUE_INFO = 0x3b4,
    SET_QUEUE_CONFIG = 0x3b8,
    GET_QUEUE_CONFIG = 0x3bc,
    SET_REPORTING_LINE = 0x3c0,
    GET_REPORTING_LINE = 0x3c4,
    INT_ESB = 0x3c8,
    INT_SYNC = 0x3cc,
    INT_RESET = 0x3d0,
};

typedef struct {
    FakeHost *host;
    Xive *xive;
    VdevVcpu *vcpus[RIG_VCPUS];
    guint64 args[HCALL_ARGS]; /* of the last call: R4.. */
} Rig;

/** rig_object: a Xive in its initial state, not realized; @servers as the machine would say. */
Xive *rig_object(FakeHost *host, guint32 servers);

void rig_init(Rig *rig);
void rig_finish(Rig *rig);

/** rig_call: hypercall @nr with @a0.. in R4..; results are in rig->args. Returns: R3. */
HcallStatus
rig_call(Rig *rig, guint32 nr, guint64 a0, guint64 a1, guint64 a2, guint64 a3, guint64 a4);

/** rig_queue: gives @server a queue at @prio, its memory at RIG_QUEUE(@n), zeroed. */
void rig_queue(Rig *rig, guint32 server, guint8 prio, guint n);

/** rig_entry: entry @index of the queue at RIG_QUEUE(@n). */
guint32 rig_entry(const Rig *rig, guint n, guint index);

/** rig_pq: PQ of @lisn. */
XivePq rig_pq(Rig *rig, guint32 lisn);

/**
 * rig_disturb: what a guest may leave behind: queues, RIG_LSI live and raised, RIG_EDGE ready but
 * masked in its EAS (KVM's own reset leaves such a source alone), contexts in use.
 */
void rig_disturb(Rig *rig);

/** rig_assert_pristine: tables, sources and contexts are as after power-on. */
void rig_assert_pristine(Rig *rig);

#endif
