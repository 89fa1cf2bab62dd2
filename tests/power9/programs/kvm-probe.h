/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of kvm-probe share: a VM with one vCPU, some memory and a XIVE device, and the
 * few instructions its guests are made of.
 */
#ifndef KVM_PROBE_H
#define KVM_PROBE_H

#include "vdev/kvm-ppc.h"
#include "vmm/accel/accel.h"
#include "vmm/guestmem.h"

#define RAM_SIZE             (G_GUINT64_CONSTANT(16) << 20)
#define CODE                 G_GUINT64_CONSTANT(0x10000)
#define DATA                 G_GUINT64_CONSTANT(0x200000)
#define ESB                  G_GUINT64_CONSTANT(0x0006010000000000)
#define TIMA                 G_GUINT64_CONSTANT(0x0006030203180000)
#define NOWHERE              G_GUINT64_CONSTANT(0x0007000000000000)
#define N_LISNS              64u
#define LISN                 5u
#define ESB_AT(lisn, offset) ((guint64)(lisn)*0x20000 + 0x10000 + (offset)) /* management */
#define TRIGGER_AT(lisn)     ((guint64)(lisn)*0x20000)
#define ESB_GET              0x800u
#define ESB_SET_00           0xc00u

#define MSR_LE (VDEV_MSR_ENTRY | 1)

/* The guests' instructions; host byte order, as the guest runs little-endian. */
#define LI(rt, value)     (0x38000000u | (rt) << 21 | (guint16)(value))
#define LD(rt, ra)        (0xe8000000u | (rt) << 21 | (ra) << 16)
#define STD(rs, ra)       (0xf8000000u | (rs) << 21 | (ra) << 16)
#define STW(rs, ra)       (0x90000000u | (rs) << 21 | (ra) << 16)
#define ADDI(rt, ra, imm) (0x38000000u | (rt) << 21 | (ra) << 16 | (guint16)(imm))
#define SC1               0x44000022u
#define LOOP              0x48000000u                  /* b . */
#define BACK(bytes)       (0x4bfffffcu - (bytes) + 4u) /* b .-bytes */

static const AccelClass *const kvm = &kvm_accel_class;

typedef struct {
    Accel *accel;
    RamList *ram;
    RamBlock *block;
    AccelVcpu *vcpu;
    AccelKdev *xive;
    AccelRegion *esb, *tima;
    AccelExit exit;
} Fixture;

typedef struct {
    const char *name;
    void (*run)(Fixture *, gconstpointer);
} Case;

#define CASE(function)                    \
    {                                     \
        "/kvm-probe/" #function, function \
    }

/* kvm-probe-run.c: what runs, exits and is kicked. Ends with name NULL. */
extern const Case probe_run_cases[];

void probe_set_reg(Fixture *f, guint64 reg, guint64 value);
guint64 probe_get_reg(Fixture *f, guint64 reg);

/* The guest is @code, little-endian, in real mode, not yet run. */
void probe_load_guest(Fixture *f, const guint32 *code, gsize n);

/* Runs through what interrupts without a kick of ours. */
AccelExitKind probe_run(Fixture *f);

void probe_make_source(Fixture *f, guint32 lisn);

#endif
