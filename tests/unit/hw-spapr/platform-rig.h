/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A pseries machine to test: the platform and its interrupt controller in the fake host.
 */
#ifndef TESTS_UNIT_HW_SPAPR_PLATFORM_RIG_H
#define TESTS_UNIT_HW_SPAPR_PLATFORM_RIG_H

#include "hw-spapr/platform.h"
#include "tests/contract/fake-host.h"

#define RIG_RAM   0x200000u /* bytes of guest memory that there really are */
#define RIG_BLOCK 0x1000u   /* where rig_rtas() puts its argument block */

typedef struct {
    const char *type;        /* NULL: pseries-10.0 */
    guint32 cpus;            /* 0: 2 */
    guint32 max_cpus;        /* 0: as cpus */
    guint64 ram;             /* bytes of fake memory; 0: RIG_RAM */
    guint32 blocks;          /* of 256 MiB that can be plugged, in as many slots */
    const AccelClass *accel; /* NULL: the model */
    gboolean no_console;
    const guint8 *uuid;
    const char *name, *cmdline;
} RigSpec;

typedef struct {
    FakeHost *host;
    Platform *platform;
    Xive *xive;
    VdevMachineConfig config;
    guint64 args[HCALL_ARGS]; /* of the last hypercall: R4.. */
    guint32 rets[RTAS_ARGS_MAX];
} Rig;

/** rig_row: the row of the machine type @name; there must be one. */
const VdevMachineRow *rig_row(const char *name);

/** rig_make: objects made and attached, not realized. The machine has 256 MiB by its config. */
void rig_make(Rig *rig, const RigSpec *spec);
/** rig_init: rig_make, realize, reset. @spec may be NULL. */
void rig_init(Rig *rig, const RigSpec *spec);
gboolean rig_realize(Rig *rig, const RigSpec *spec, GError **error);
void rig_finish(Rig *rig);

/** rig_hcall: hypercall @nr by vCPU 0 with @n arguments from @args; results in rig->args. */
HcallStatus rig_hcall(Rig *rig, guint64 nr, const guint64 *args, gsize n);
#define RIG_HCALL(rig, nr, ...)                            \
    rig_hcall((rig), (nr), (const guint64[]){__VA_ARGS__}, \
              sizeof((const guint64[]){__VA_ARGS__}) / sizeof(guint64))

/** rig_rtas: RTAS call @token by vCPU 0; results in rig->rets. Returns: the status. */
gint32 rig_rtas(Rig *rig, guint32 token, guint32 nret, const guint32 *args, gsize n);
#define RIG_RTAS(rig, token, nret, ...)                              \
    rig_rtas((rig), (token), (nret), (const guint32[]){__VA_ARGS__}, \
             sizeof((const guint32[]){__VA_ARGS__}) / sizeof(guint32))

/** rig_token: the token of the RTAS call @name. */
guint32 rig_token(const char *name);

/** rig_vcpu, rig_reg: vCPU @index; its 64-bit register @reg. */
VdevVcpu *rig_vcpu(Rig *rig, guint index);
guint64 rig_reg(Rig *rig, guint index, guint64 reg);
void rig_set_reg(Rig *rig, guint index, guint64 reg, guint64 value);

/** rig_arm: the source @lisn takes the next event; rig_fired: whether one has come since. */
void rig_arm(Rig *rig, guint32 lisn);
gboolean rig_fired(Rig *rig, guint32 lisn);

#endif
