/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is left of XICS, the older interrupt controller, in a machine of ic-mode=dual: its state at
 * reset, for the peer that keeps both controllers. No guest can use it here.
 *
 * Source: docs/stream-format.md, ics, icp/server; streams of QEMU 7.2.
 */
#ifndef HW_SPAPR_XICS_H
#define HW_SPAPR_XICS_H

#include "vdev/vmstate.h"

#define ICS_FIRST    0x1000u /* number of the first source */
#define ICS_IRQS     0x1000u
#define ICS_IRQS_MAX 0x2000u /* in a stream */

#define ICS_FLAG_LSI 1u
#define ICS_FLAG_MSI 2u

typedef struct {
    guint32 server;
    guint8 priority, saved_priority; /* 0xff: masked; what to restore */
    guint8 status, flags;
} IcsIrq;

typedef struct {
    guint32 nr_irqs;
    IcsIrq *irqs;    /* [nr_irqs] */
    gboolean absent; /* this machine has none: never sent, and refused with what to do */
} Ics;

typedef struct {
    guint32 xirr; /* processor priority in the top byte, source below */
    guint8 pending_priority, mfrr;
} Icp;

typedef struct {
    Ics ics;
    Icp *icps; /* one per vCPU; NULL: no such controller */
} Xics;

extern const VmsState state_ics, state_icp; /* state-xics.c */

/** xics_make: both halves, nothing allocated, for @cpus vCPUs. */
void xics_make(Xics *xics, guint32 cpus);
/** xics_leave_out: a machine without; what stands in a stream of it is refused. */
void xics_leave_out(Xics *xics);
void xics_finish(Xics *xics); /* zero-safe */

/** ics_allocate: the source @lisn, ICS_FIRST … ICS_FIRST + ICS_IRQS − 1, is somebody's. */
void ics_allocate(Ics *ics, guint32 lisn, gboolean level);

/** ics_reset, icp_reset: masked, idle; what is allocated stays so. */
void ics_reset(Ics *ics);
void icp_reset(Icp *icp);

#endif
