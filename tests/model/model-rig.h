/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A machine of the smallest kind around the model accelerator: RAM at 0, the XIVE device, its two
 * windows, vCPUs. What a test does not want it leaves out.
 */
#ifndef TESTS_MODEL_MODEL_RIG_H
#define TESTS_MODEL_MODEL_RIG_H

#include "hw-xive/core/regs.h"
#include "vdev/kvm-ppc.h"
#include "vmm/accel/accel.h"

#define RIG_RAM_SIZE (8u << 20)
#define RIG_VCPUS    4
#define RIG_LISNS    64u
#define RIG_EQ_BASE  0x100000u /* queues of the tests: 64 KiB each, from here up */

typedef enum { SLOT_RAM, SLOT_ESB, SLOT_TIMA, SLOT_FREE } RigSlot;

typedef struct {
    Accel *accel;
    guint8 *ram; /* RIG_RAM_SIZE bytes, page-aligned */
    AccelVcpu *vcpus[RIG_VCPUS];
    guint n_vcpus;
    AccelKdev *kdev;
    AccelRegion *esb, *tima;
} Rig;

/** rig_open: opens the model with "key=value,…" (or NULL) and puts RAM at 0. */
void rig_open(Rig *rig, const char *options);

/** rig_open_full: as rig_open(), with the device, @n connected vCPUs, both windows, and LISNs 0 to
 * RIG_LISNS - 1 created. */
void rig_open_full(Rig *rig, const char *options, guint n);

/** rig_script: @text is what the vCPUs play. */
void rig_script(Rig *rig, const char *text);

/** rig_device: makes the device. rig_windows: maps both windows. */
void rig_device(Rig *rig);
void rig_windows(Rig *rig);
void rig_vcpus(Rig *rig, guint n);
void rig_close(Rig *rig);

/** rig_try_open: Returns: whether the model opens with @options; its error otherwise. */
gboolean rig_try_open(const char *options, GError **error);

gint rig_set(Rig *rig, guint32 group, guint64 attr, const void *data);
gint rig_source(Rig *rig, guint32 lisn, guint64 word);
gint rig_config(Rig *rig, guint32 lisn, guint32 server, guint8 prio, gboolean masked, guint32 eisn);
VdevXiveEq rig_eq(guint64 gpa);
gint rig_set_eq(Rig *rig, guint32 server, guint8 prio, const VdevXiveEq *eq);
VdevXiveEq rig_get_eq(Rig *rig, guint32 server, guint8 prio);
/** rig_queue: a queue of 64 KiB at RIG_EQ_BASE + n × 64 KiB, zeroed. Returns: its address. */
guint64 rig_queue(Rig *rig, guint32 server, guint8 prio, guint n);
guint32 rig_entry(Rig *rig, guint64 gpa, guint32 index);

/* Through the host's mapping. */
guint64 rig_esb_load(Rig *rig, guint32 lisn, guint32 offset);
void rig_trigger(Rig *rig, guint32 lisn);
guint rig_pq(Rig *rig, guint32 lisn);
guint rig_eoi(Rig *rig, guint32 lisn);
guint rig_set_pq(Rig *rig, guint32 lisn, guint pq);

/** rig_wait_pq: until another thread has made the PQ of @lisn be @pq; fails after a minute. */
void rig_wait_pq(Rig *rig, guint32 lisn, guint pq);

/** rig_vp: bytes 0..7 of the OS ring of vCPU @index. */
void rig_vp(Rig *rig, guint index, guint8 *bytes);
void rig_set_vp(Rig *rig, guint index, const guint8 *bytes);

guint64 rig_reg(Rig *rig, guint index, guint64 reg);
void rig_set_reg(Rig *rig, guint index, guint64 reg, guint64 value);

/** rig_run: runs vCPU @index until its next exit; hypercalls are answered by the caller. */
void rig_run(Rig *rig, guint index, AccelExit *exit);

/** rig_run_all: runs vCPU @index until it halts, with every hypercall and MMIO answered as by a
 * machine that has nothing (H_FUNCTION, ones); any other exit fails the test. */
void rig_run_all(Rig *rig, guint index);

#endif
