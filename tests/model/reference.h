/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A second XIVE, as plain as can be, to compare the model with. Written from the facts; it shares
 * no code with hw-xive/core nor with the model, on purpose.
 *
 * Source: LoPAR H_INT_ESB and H_INT_SET_QUEUE_CONFIG; Linux
 * Documentation/virt/kvm/devices/xive.rst.
 */
#ifndef TESTS_MODEL_REFERENCE_H
#define TESTS_MODEL_REFERENCE_H

#include <glib.h>

#define REF_SOURCES 64
#define REF_SERVERS 4
#define REF_PRIOS   8
#define REF_ENTRIES 16384 /* of a 64 KiB queue */

typedef struct {
    guint pq;
    gboolean routed; /* else masked */
    guint server, prio, eisn;
} RefSource;

typedef struct {
    gboolean valid;
    guint index, toggle;
    guint32 memory[REF_ENTRIES]; /* what the guest would read, as numbers */
} RefQueue;

typedef struct {
    guint8 nsr, cppr, ipb, pipr;
} RefThread;

typedef struct {
    RefSource sources[REF_SOURCES];
    RefQueue queues[REF_SERVERS][REF_PRIOS];
    RefThread threads[REF_SERVERS];
} Reference;

void ref_create(Reference *ref, guint lisn);
void ref_trigger(Reference *ref, guint lisn);
/* These two return the PQ before. */
guint ref_eoi(Reference *ref, guint lisn);
guint ref_set_pq(Reference *ref, guint lisn, guint pq);

/* Returns 0 or −errno. */
gint ref_config(Reference *ref, guint lisn, guint server, guint prio, gboolean masked, guint eisn);

/* The memory of the queue is the caller's to set up. */
void ref_queue_set(Reference *ref, guint server, guint prio, guint toggle, guint index);
void ref_queue_off(Reference *ref, guint server, guint prio);
void ref_reset(Reference *ref);

/* The thread of @server enters the guest, does one thing and leaves. */
guint ref_ack(Reference *ref, guint server);
void ref_cppr(Reference *ref, guint server, guint cppr);
void ref_enter(Reference *ref, guint server);

#endif
