/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Holding all sources while the vCPUs are stopped, and letting them go.
 *
 * A held source is pending (PQ 10): it puts nothing into a queue, and an event that comes meanwhile
 * leaves its trace in Q. What PQ was before is in the status table, as the migration stream has it;
 * it can be had once only, as the answer of the load that holds. A source that is off (01) drops
 * events anyway and is left alone.
 *
 * After a restore the tables have PQ and KVM's sources are off; letting go is then the end of it,
 * and the first touch of each source's management page.
 *
 * Source: kernel xive.rst "Migration"; PQ 10 instead of its 01 so that no event is lost.
 */
#include "hw-xive/kvm-attr.h"
#include "hw-xive/xive-priv.h"
#include "vdev/mutation.h"

/* An event that was under way when its source was held shows after the queues are synchronised. A
 * second round finds none unless somebody triggers from outside; Q then keeps what comes later. */
#define SYNC_ROUNDS 3u

#define HOLDS (VDEV_STEP(HOLD) ? XIVE_PQ_PENDING : XIVE_PQ_OFF)

/* --- One source ---------------------------------------------------------- */

static gboolean
set_pq(Xive *xive, guint32 lisn, XivePq pq, XivePq *found, GError **error)
{
    guint64 previous = 0;

    if (!xive_esb_load(xive, lisn, XIVE_ESB_PAGE_MANAGEMENT, XIVE_ESB_LOAD_SET_PQ(pq), &previous,
                       error))
        return FALSE;
    *found = (XivePq)(previous & XIVE_STATUS_PQ);
    return TRUE;
}

static void
keep(Xive *xive, guint32 lisn, XivePq pq)
{
    xive->status[lisn] = (xive->status[lisn] & XIVE_STATUS_ASSERTED) | (guint8)pq;
}

static gboolean
hold(Xive *xive, guint32 lisn, GError **error)
{
    XivePq pq = XIVE_PQ_OFF;

    if ((xive->marks[lisn] & XIVE_MARK_HELD) != 0)
        return TRUE;
    if (!xive_source_pq(xive, lisn, &pq, error))
        return FALSE;
    if (pq != XIVE_PQ_OFF) {
        if (!set_pq(xive, lisn, HOLDS, &pq, error))
            return FALSE;
        xive->marks[lisn] |= XIVE_MARK_HELD;
    }
    keep(xive, lisn, pq);
    return TRUE;
}

/* What came meanwhile comes again: on from 00, into Q from 10; a level source looks at its line. */
static gboolean
replay(Xive *xive, guint32 lisn, gboolean came, GError **error)
{
    if (came && VDEV_STEP(REPLAY) &&
        !xive_esb_store(xive, lisn, XIVE_ESB_PAGE_TRIGGER, XIVE_ESB_STORE_TRIGGER, 0, error))
        return FALSE;
    return xive_source_follow_line(xive, lisn, error);
}

/* An event that cannot be replayed stays noted. */
static gboolean
let_go(Xive *xive, guint32 lisn, GError **error)
{
    XivePq found = XIVE_PQ_OFF;
    gboolean came;

    if (!set_pq(xive, lisn, xive_status_pq(xive->status[lisn]), &found, error))
        return FALSE;
    came = (xive->marks[lisn] & XIVE_MARK_CAME) != 0 || found == XIVE_PQ_QUEUED;
    xive->marks[lisn] &= (guint8) ~(XIVE_MARK_HELD | XIVE_MARK_STILL | XIVE_MARK_CAME);
    if (replay(xive, lisn, came, error))
        return TRUE;
    xive->marks[lisn] |= XIVE_MARK_CAME;
    return FALSE;
}

/* Whether @lisn was ready when it was held, and got an event since. */
static gboolean
came_to_ready(Xive *xive, guint32 lisn, gboolean *came, GError **error)
{
    XivePq pq = XIVE_PQ_OFF;

    *came = FALSE;
    if ((xive->marks[lisn] & XIVE_MARK_HELD) == 0 ||
        xive_status_pq(xive->status[lisn]) != XIVE_PQ_READY)
        return TRUE;
    if (!xive_source_pq(xive, lisn, &pq, error))
        return FALSE;
    *came = pq == XIVE_PQ_QUEUED;
    return TRUE;
}

/* --- All of them --------------------------------------------------------- */

static gboolean
hold_all(Xive *xive, GError **error)
{
    for (guint32 i = 0; i < xive->nr_irqs; i++) {
        if (xive_lisn_is_claimed(xive, i) && !hold(xive, i, error))
            return FALSE;
    }
    return TRUE;
}

/* The first error is told, the others do not stop it. */
static gboolean
let_go_all(Xive *xive, GError **error)
{
    gboolean good = TRUE;

    for (guint32 i = 0; i < xive->nr_irqs; i++) {
        if (xive_lisn_is_claimed(xive, i) &&
            (xive->marks[i] & (XIVE_MARK_HELD | XIVE_MARK_CAME)) != 0)
            good &= let_go(xive, i, good ? error : NULL);
    }
    return good;
}

/* Delivers what was under way; @late: there was something, and its queue is to be synchronised. */
static gboolean
deliver_late(Xive *xive, gboolean *late, GError **error)
{
    *late = FALSE;
    for (guint32 i = 0; i < xive->nr_irqs; i++) {
        gboolean came;

        if (!xive_lisn_is_claimed(xive, i))
            continue;
        if (!came_to_ready(xive, i, &came, error))
            return FALSE;
        if (came && (!let_go(xive, i, error) || !hold(xive, i, error)))
            return FALSE;
        *late |= came;
    }
    return TRUE;
}

/* Nothing is on its way any more, and the queue pages enter the dirty log. */
static gboolean
synchronise(Xive *xive, GError **error)
{
    gboolean late = TRUE;

    for (guint round = 0; late && round < SYNC_ROUNDS; round++) {
        if (VDEV_STEP(EQ_SYNC) &&
            !xive_kvm_set(xive, VDEV_XIVE_GRP_CTRL, VDEV_XIVE_CTRL_EQ_SYNC, NULL, error))
            return FALSE;
        if (!deliver_late(xive, &late, error))
            return FALSE;
    }
    return TRUE;
}

static gboolean
hold_and_synchronise(Xive *xive, GError **error)
{
    return hold_all(xive, error) && synchronise(xive, error);
}

/* --- Life ---------------------------------------------------------------- */

/* Back to @phase by @way, after an error that is already known. */
static gboolean
undo(Xive *xive, gboolean (*way)(Xive *xive, GError **error), XivePhase phase)
{
    GError *error = NULL;

    xive->phase = XIVE_UNEVEN;
    if (way(xive, &error))
        xive->phase = phase;
    else
        xive_warn(xive, XIVE_TROUBLE_ESB, error);
    return FALSE;
}

gboolean
xive_quiesce(void *device, GError **error)
{
    Xive *xive = device;

    if (xive->phase != XIVE_RUNNING && xive->phase != XIVE_UNEVEN)
        return TRUE;
    if (!hold_and_synchronise(xive, error))
        return undo(xive, let_go_all, XIVE_RUNNING);
    xive->phase = XIVE_HELD;
    return TRUE;
}

gboolean
xive_resume(void *device, GError **error)
{
    Xive *xive = device;
    const XivePhase before = xive->phase;

    if (before == XIVE_RUNNING)
        return TRUE;
    if (before == XIVE_BROKEN) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_FAILED,
                    "%s: the interrupts that were loaded could not be restored: reset the machine",
                    xive->device.klass->name);
        return FALSE;
    }
    if (!let_go_all(xive, error))
        return undo(xive, hold_and_synchronise, before);
    xive->phase = XIVE_RUNNING;
    xive->restored = FALSE;
    return TRUE;
}

/* Whether @lisn, pending when it was held, is queued by now. */
static gboolean
capture_queued(Xive *xive, guint32 lisn, GError **error)
{
    XivePq pq = XIVE_PQ_PENDING;

    if ((xive->marks[lisn] & XIVE_MARK_STILL) == 0 && !xive_source_pq(xive, lisn, &pq, error))
        return FALSE;
    keep(xive, lisn, (xive->marks[lisn] & XIVE_MARK_CAME) != 0 ? XIVE_PQ_QUEUED : pq);
    return TRUE;
}

gboolean
xive_capture_sources(Xive *xive, GError **error)
{
    if (xive->phase != XIVE_HELD && xive->phase != XIVE_STILL) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_FAILED,
                    "%s: its sources are not held: continue and stop the machine, or reset it",
                    xive->device.klass->name);
        return FALSE;
    }
    for (guint32 i = 0; xive->marks != NULL && i < xive->nr_irqs; i++) {
        if ((xive->marks[i] & XIVE_MARK_HELD) != 0 &&
            xive_status_pq(xive->status[i]) == XIVE_PQ_PENDING && !capture_queued(xive, i, error))
            return FALSE;
    }
    return TRUE;
}
