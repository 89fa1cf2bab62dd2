/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The event sources' interrupts.
 */
#include "hw-spapr/irq.h"

static const guint32 event_lisns[] = {IRQ_EPOW, IRQ_HOTPLUG};

gboolean
irq_claim_events(Xive *xive, GError **error)
{
    for (guint i = 0; i < G_N_ELEMENTS(event_lisns); i++) {
        if (!xive_lisn_claim(xive, event_lisns[i], FALSE, error))
            return FALSE;
    }
    return TRUE;
}
