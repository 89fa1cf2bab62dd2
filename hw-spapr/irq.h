/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Interrupt numbers (LISNs) of a pseries machine, and claiming those of the platform.
 *
 * They are QEMU's: guests remember them. The numbers below 0x1000 are the vCPUs' IPIs.
 */
#ifndef HW_SPAPR_IRQ_H
#define HW_SPAPR_IRQ_H

#include "hw-xive/xive.h"

#define IRQ_EPOW    0x1000u
#define IRQ_HOTPLUG 0x1001u
#define IRQ_VIO     0x1100u
#define IRQ_VIO_N   0x100u
#define IRQ_PCI     0x1200u /* a host bridge's four */
#define IRQ_MSI_N   0xd00u  /* message interrupts, from 0x1300 */

/* Second cell of an interrupt specifier. */
#define IRQ_EDGE  0u
#define IRQ_LEVEL 1u

/** irq_claim_events: claims the event sources. The VIO bus claims its own. */
gboolean irq_claim_events(Xive *xive, GError **error);

#endif
