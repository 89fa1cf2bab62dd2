/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Holding all sources while the vCPUs are stopped, and letting them go.
 *
 * A held source is pending (PQ 10): it puts nothing into a queue, and an event that comes meanwhile
 * leaves its trace in Q. What PQ was before is in the status table, as the migration stream has it.
 * A source that is off (01) drops events anyway and is left alone.
 *
 * Source: kernel xive.rst "Migration"; PQ 10 instead of its 01 so that no event is lost.
 */
#include "hw-xive/kvm-attr.h"
#include "hw-xive/xive-priv.h"

static gboolean
hold(Xive *xive, guint32 lisn, GError **error)
{
    guint64 previous = 0;
    XivePq pq = XIVE_PQ_OFF;

    if (!xive_source_pq(xive, lisn, &pq, error))
        return FALSE;
    if (pq != XIVE_PQ_OFF) {
        if (!xive_esb_load(xive, lisn, XIVE_ESB_PAGE_MANAGEMENT,
                           XIVE_ESB_LOAD_SET_PQ(XIVE_PQ_PENDING), &previous, error))
            return FALSE;
        pq = (XivePq)(previous & XIVE_STATUS_PQ);
    }
    xive->status[lisn] = (xive->status[lisn] & XIVE_STATUS_ASSERTED) | (guint8)pq;
    return TRUE;
}

/* An event that came while the source was held is in Q, and comes again: on from 00, into Q
 * from 10. */
static gboolean
let_go(Xive *xive, guint32 lisn, GError **error)
{
    XivePq pq = xive_status_pq(xive->status[lisn]);
    guint64 found = 0;

    if (pq == XIVE_PQ_OFF)
        return TRUE;
    if (!xive_source_load(xive, lisn, XIVE_ESB_LOAD_SET_PQ(pq), &found, error))
        return FALSE;
    return (found & XIVE_STATUS_PQ) != XIVE_PQ_QUEUED || xive_source_trigger(xive, lisn, error);
}

/* Lets go of the claimed sources below @end; the first error is told, the others do not stop it. */
static gboolean
let_go_below(Xive *xive, guint32 end, GError **error)
{
    gboolean good = TRUE;

    for (guint32 i = 0; i < end; i++) {
        if (xive_lisn_is_claimed(xive, i))
            good &= let_go(xive, i, good ? error : NULL);
    }
    return good;
}

static gboolean
undo(Xive *xive, guint32 end)
{
    GError *error = NULL;

    if (!let_go_below(xive, end, &error))
        xive_warn(xive, XIVE_TROUBLE_ESB, error);
    return FALSE;
}

gboolean
xive_quiesce(void *device, GError **error)
{
    Xive *xive = device;

    if (xive->quiesced)
        return TRUE;
    for (guint32 i = 0; i < xive->nr_irqs; i++) {
        if (xive_lisn_is_claimed(xive, i) && !hold(xive, i, error))
            return undo(xive, i);
    }
    /* Nothing is on its way any more, and the queue pages enter the dirty log. */
    if (!xive_kvm_set(xive, VDEV_XIVE_GRP_CTRL, VDEV_XIVE_CTRL_EQ_SYNC, NULL, error))
        return undo(xive, xive->nr_irqs);
    xive->quiesced = TRUE;
    return TRUE;
}

gboolean
xive_resume(void *device, GError **error)
{
    Xive *xive = device;

    if (!xive->quiesced)
        return TRUE;
    if (!let_go_below(xive, xive->nr_irqs, error))
        return FALSE;
    xive->quiesced = FALSE;
    return TRUE;
}
