/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two vCPU threads over a fake accelerator.
 *
 * The fake vCPU "runs" by waiting for what the test tells it to exit with, or for a kick. Nothing
 * here depends on time: every wait is for a condition that the code under test has to make true.
 */
#ifndef TESTS_UNIT_VMM_VCPU_RIG_H
#define TESTS_UNIT_VMM_VCPU_RIG_H

#include "vmm/vcpu.h"

typedef struct {
    Accel accel;
    GMutex mutex; /* guards every FakeVcpu */
    GCond cond;
} FakeAccel;

typedef struct {
    AccelVcpu vcpu;
    FakeAccel *fake;
    gboolean running; /* inside vcpu_run */
    gboolean busy;    /* inside any call that needs the vCPU alone */
    gboolean kicked;
    gboolean have_next; /* the test wants an exit of kind `next` */
    AccelExitKind next;
    guint runs, completes, delivered;
    gint64 last_ret;
    gboolean undelivered; /* the last exit was a hypercall */
    guint64 reg;
} FakeVcpu;

typedef struct Rig Rig;
struct Rig {
    FakeAccel fake;
    MachineLock lock;
    VcpuOwner owner;
    VdevVcpu *vcpu[2];
    FakeVcpu *raw[2];

    gint64 (*on_hcall)(Rig *rig, VdevVcpu *vcpu);
    guint hcalls; /* machine lock */
    void (*on_check)(Rig *rig, VdevVcpu *vcpu);
    guint checks; /* machine lock; those that were recovered */
    guint8 stray[8];
    GMutex mutex; /* guards outs, with cond */
    GCond cond;
    guint outs;
    AccelExitKind out_kind;
};

/** rig_new: the machine runs, the vCPUs are stopped; the machine lock is held. */
Rig *rig_new(void);
void rig_free(Rig *rig);

/** rig_wait_in_guest: until vCPU @i is in the guest for the @runs-th time or a later one. The
 * machine lock is released meanwhile, as the main loop does when it polls. */
void rig_wait_in_guest(Rig *rig, guint i, guint runs);
/** rig_exit: the next exit of vCPU @i. */
void rig_exit(Rig *rig, guint i, AccelExitKind kind);
/** rig_wait_left: until vCPU @i has left the guest, with the machine lock kept. */
void rig_wait_left(Rig *rig, guint i);
/** rig_stop_all: the machine stops; both are parked. */
void rig_stop_all(Rig *rig);

#endif
