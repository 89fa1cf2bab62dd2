/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * XICS at reset.
 */
#include "hw-spapr/xics.h"

#define MASKED 0xff

void
xics_make(Xics *xics, guint32 cpus)
{
    xics->ics.nr_irqs = ICS_IRQS;
    xics->ics.irqs = g_new0(IcsIrq, ICS_IRQS);
    xics->icps = g_new0(Icp, cpus);
    ics_reset(&xics->ics);
    for (guint32 i = 0; i < cpus; i++)
        icp_reset(&xics->icps[i]);
}

void
xics_leave_out(Xics *xics)
{
    xics->ics.nr_irqs = ICS_IRQS;
    xics->ics.absent = TRUE;
}

void
xics_finish(Xics *xics)
{
    g_free(xics->ics.irqs);
    g_free(xics->icps);
    *xics = (Xics){0};
}

void
ics_allocate(Ics *ics, guint32 lisn, gboolean level)
{
    g_assert(lisn - ICS_FIRST < ics->nr_irqs);
    ics->irqs[lisn - ICS_FIRST].flags = level ? ICS_FLAG_LSI : ICS_FLAG_MSI;
}

void
ics_reset(Ics *ics)
{
    for (guint32 i = 0; i < ics->nr_irqs; i++)
        ics->irqs[i] = (IcsIrq){
            .priority = MASKED,
            .saved_priority = MASKED,
            .flags = ics->irqs[i].flags & (ICS_FLAG_LSI | ICS_FLAG_MSI),
        };
}

void
icp_reset(Icp *icp)
{
    *icp = (Icp){.pending_priority = MASKED, .mfrr = MASKED};
}
