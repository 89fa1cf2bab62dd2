/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The second XIVE.
 */
#include "tests/model/reference.h"

#include <errno.h>

static void
deliver(Reference *ref, const RefSource *source)
{
    RefQueue *queue = &ref->queues[source->server][source->prio];

    if (!source->routed || !queue->valid)
        return;
    queue->memory[queue->index] = (queue->toggle ? 0x80000000u : 0u) + source->eisn;
    queue->index = queue->index + 1;
    if (queue->index == REF_ENTRIES) {
        queue->index = 0;
        queue->toggle = 1 - queue->toggle;
    }
    ref->threads[source->server].ipb |= (guint8)(128 >> source->prio);
}

void
ref_create(Reference *ref, guint lisn)
{
    ref->sources[lisn].pq = 1;
    ref->sources[lisn].routed = FALSE;
}

void
ref_trigger(Reference *ref, guint lisn)
{
    RefSource *source = &ref->sources[lisn];

    if (source->pq == 0) {
        source->pq = 2;
        deliver(ref, source);
    } else if (source->pq == 2) {
        source->pq = 3;
    }
}

guint
ref_eoi(Reference *ref, guint lisn)
{
    RefSource *source = &ref->sources[lisn];
    guint before = source->pq;

    if (before == 2) {
        source->pq = 0;
    } else if (before == 3) {
        source->pq = 2;
        deliver(ref, source);
    }
    return before;
}

guint
ref_set_pq(Reference *ref, guint lisn, guint pq)
{
    guint before = ref->sources[lisn].pq;

    ref->sources[lisn].pq = pq;
    return before;
}

gint
ref_config(Reference *ref, guint lisn, guint server, guint prio, gboolean masked, guint eisn)
{
    RefSource *source = &ref->sources[lisn];
    guint target = server;

    if (prio == 7)
        return -EINVAL;
    if (source->routed && source->server == server && source->prio == prio && source->eisn == eisn)
        return 0;
    if (masked) {
        source->routed = FALSE;
        return 0;
    }
    if (server >= REF_SERVERS)
        return -EINVAL;
    if (!ref->queues[server][prio].valid) {
        for (target = 0; target < REF_SERVERS; target++) {
            if (ref->queues[target][prio].valid)
                break;
        }
        if (target == REF_SERVERS)
            return -EBUSY;
    }
    source->routed = TRUE;
    source->server = target;
    source->prio = prio;
    source->eisn = eisn;
    return 0;
}

void
ref_queue_set(Reference *ref, guint server, guint prio, guint toggle, guint index)
{
    RefQueue *queue = &ref->queues[server][prio];

    queue->valid = TRUE;
    queue->toggle = toggle;
    queue->index = index;
}

void
ref_queue_off(Reference *ref, guint server, guint prio)
{
    ref->queues[server][prio].valid = FALSE;
}

void
ref_reset(Reference *ref)
{
    for (guint i = 0; i < REF_SERVERS; i++) {
        for (guint j = 0; j < REF_PRIOS; j++)
            ref->queues[i][j].valid = FALSE;
    }
    for (guint i = 0; i < REF_SOURCES; i++) {
        if (ref->sources[i].routed)
            ref_create(ref, i);
    }
}

void
ref_enter(Reference *ref, guint server)
{
    RefThread *thread = &ref->threads[server];
    guint best = 255;

    for (guint prio = 8; prio-- > 0;) {
        if (thread->ipb & (128 >> prio))
            best = prio;
    }
    thread->pipr = (guint8)best;
    thread->nsr = best < thread->cppr ? 128 : 0;
}

guint
ref_ack(Reference *ref, guint server)
{
    RefThread *thread = &ref->threads[server];
    guint nsr;

    ref_enter(ref, server);
    nsr = thread->nsr;
    if (nsr != 0) {
        thread->cppr = thread->pipr;
        thread->ipb &= (guint8) ~(128 >> thread->pipr);
        ref_enter(ref, server);
    }
    return nsr * 256 + thread->cppr;
}

void
ref_cppr(Reference *ref, guint server, guint cppr)
{
    ref->threads[server].cppr = (guint8)(cppr > 7 ? 255 : cppr);
    ref_enter(ref, server);
}
