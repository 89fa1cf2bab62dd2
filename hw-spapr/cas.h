/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Negotiation with the guest: what the platform offers in option vector 5, what was agreed.
 *
 * A kernel that is started with a flat tree is not asked: it finds the offer as the agreement. One
 * that asks (H_CAS, QEMU's number for ibm,client-architecture-support) gets the common part.
 * Source: LoPAR, "ibm,client-architecture-support".
 */
#ifndef HW_SPAPR_CAS_H
#define HW_SPAPR_CAS_H

#include "hw-spapr/ovec.h"
#include "hw-spapr/tree.h"
#include "vdev/hcall.h"

typedef struct {
    OptionVector agreed; /* vector 5 */
    guint8
        xive_support; /* what firmware would be told: OV5_XIVE_EXPLOIT, or OV5_EITHER if XICS too */
    gboolean dynamic_memory; /* memory can be plugged: there is more to offer */
} Cas;

/** cas_reset: nothing was asked: agreed is what is offered, with @dynamic_memory if there is any.
 */
void cas_reset(Cas *cas, gboolean dynamic_memory);

/** cas_write_chosen: the properties of /chosen that tell a guest of it. */
void cas_write_chosen(const Cas *cas, TreeWriter *tree);

/**
 * cas_negotiate: @asked, a guest's vector 5, against the offer.
 *
 * Returns: FALSE, and @cas unchanged, if the guest can do without what it must have here: XIVE
 * exploitation mode, radix and GTSE.
 */
gboolean cas_negotiate(Cas *cas, const OptionVector *asked);

/* H_CAS; the owner is the platform. */
HcallStatus cas_hcall(void *owner, VdevVcpu *vcpu, guint64 *args);

#endif
