/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of the device share: the object itself, and the steps it is made of.
 *
 * Not for the platform (xive.h). Everything is under the machine lock.
 */
#ifndef HW_XIVE_XIVE_PRIV_H
#define HW_XIVE_XIVE_PRIV_H

#include "hw-xive/core/eas.h"
#include "hw-xive/core/end.h"
#include "hw-xive/core/pq.h"
#include "hw-xive/core/tctx.h"
#include "hw-xive/xive.h"

/* Bounds of nr-irqs: up to what every machine type claims, and what KVM keeps per VM. */
#define XIVE_NR_IRQS_MIN   (XIVE_LISN_VIO + 0x100u)
#define XIVE_NR_IRQS_MAX   XIVE_NR_IRQS
#define XIVE_NR_IRQS_ALIGN 16u /* 16 × 128 KiB: a large page of a radix guest */

/* Each server takes an IPI source, and those lie below the first of the platform's own. */
#define XIVE_NR_SERVERS_MAX XIVE_LISN_EPOW

/* Priorities that a guest may use; the host keeps 7 for escalation. */
#define XIVE_GUEST_PRIORITIES (XIVE_PRIORITIES - 1)

/* The host troubles that are counted, so that a guest that provokes them cannot flood the log. */
typedef enum {
    XIVE_TROUBLE_SOURCE,
    XIVE_TROUBLE_QUEUE,
    XIVE_TROUBLE_ESB,
    XIVE_TROUBLE_RESET,
    XIVE_TROUBLE_N
} XiveTrouble;

/*
 * Who has the truth about the sources.
 *
 *   realize, reset, restore ─▶ STILL ── resume ─▶ RUNNING ── quiesce ─▶ HELD ── resume ─▶ RUNNING
 *
 * A quiesce or resume that fails goes back to where it began; if even that fails the phase is
 * UNEVEN, from which either may be tried again. A restore that fails leaves BROKEN: only a reset or
 * another restore helps.
 */
typedef enum {
    XIVE_STILL,   /* the tables; KVM's sources are off, and their pages are not touched */
    XIVE_RUNNING, /* KVM */
    XIVE_HELD,    /* the tables; in KVM, sources that are not off are pending */
    XIVE_UNEVEN,  /* some sources are held */
    XIVE_BROKEN,  /* nobody */
} XivePhase;

/* What is noted of a source beside its tables. */
#define XIVE_MARK_CLAIMED 0x01u /* a device of this machine has it */
#define XIVE_MARK_HELD    0x02u /* its PQ is in the status table, and resume sets it */
#define XIVE_MARK_CAME    0x04u /* an event that resume has to replay */
#define XIVE_MARK_STILL   0x10u /* it is off in KVM whatever its PQ: events are noted, not stored */
#define XIVE_MARK_MADE    0x20u /* KVM has it; for good, since it never gives one up */
#define XIVE_MARK_DETACHED \
    0x08u /* its route has no queue: masked in KVM, though not by the guest */

/* The thread context of one server, as it stands in the stream. */
typedef struct {
    XiveTctx tctx; /* as of the last capture or load; KVM has the live one */
    Xive *xive;    /* NULL in a tool */
    guint32 server;
    VdevVcpu *parked; /* KVM's server still, although the guest has let go of it */
} XiveContext;

struct Xive {
    VdevDevice device;

    guint32 nr_irqs;            /* property */
    guint32 nr_servers_option;  /* property; 0: the machine's */
    guint32 nr_servers_machine; /* of xive_set_servers() */

    /* From realize to finish. */
    guint32 nr_servers; /* in effect; a server is a vCPU id below this */
    guint page_shift;   /* of the host: of each ESB and TIMA page */
    VdevKdev *kdev;
    VdevRegion *esb, *tima;
    VdevVcpu **vcpus; /* [nr_servers]; NULL: not connected */
    XivePhase phase;
    gboolean restored; /* what was loaded is in KVM; ends with resume and reset */

    /* The tables. The first three have the shape of the migration stream. */
    guint64 *eas;    /* [nr_irqs]; not valid: not claimed. KVM cannot be asked for it */
    XiveEnd *ends;   /* [nr_servers × XIVE_PRIORITIES]; W1 is KVM's while the guest runs */
    guint8 *status;  /* [nr_irqs]; the line is ours, PQ is KVM's while RUNNING */
    gboolean *level; /* [nr_irqs]; LSI */
    guint8 *marks;   /* [nr_irqs]; XIVE_MARK_*; NULL in a tool */

    XiveContext *contexts; /* [nr_servers] */

    guint64 troubles[XIVE_TROUBLE_N];
};

/* --- xive.c -------------------------------------------------------------- */

/** xive_nr_ends: how many ENDs the table has. */
guint32 xive_nr_ends(const Xive *xive);

/**
 * xive_reset_routing: sources, EASes and queues as after power-on; contexts stay. KVM first, then
 * the tables; a source that cannot be reset does not keep the others from it.
 */
gboolean xive_reset_routing(Xive *xive, GError **error);

/** xive_be_still: all sources are off in KVM, their PQ is in the status table. */
void xive_be_still(Xive *xive);

/** xive_warn: logs the host trouble @error at its 1st, 2nd, 4th, 8th, … time. Takes @error. */
void xive_warn(Xive *xive, XiveTrouble trouble, GError *error);

/* --- state.c ------------------------------------------------------------- */

extern const VmsState xive_source_state, xive_router_state, xive_tctx_state;

/* --- state-explain.c ----------------------------------------------------- */

void xive_explain_sources(const void *object, GString *text);
void xive_explain_router(const void *object, GString *text);
void xive_explain_context(const void *object, GString *text);

/* --- quiesce.c ----------------------------------------------------------- */

/** xive_quiesce, xive_resume: as VdevClass has them. A failed quiesce holds no source. */
gboolean xive_quiesce(void *device, GError **error);
gboolean xive_resume(void *device, GError **error);

/**
 * xive_capture_sources: the status table becomes what a destination needs. A source that was
 * pending when it was held, and got an event since, is queued. One that was ready has no way to say
 * so in a stream: its device raises it anew on the other side, by its own state.
 */
gboolean xive_capture_sources(Xive *xive, GError **error);

/* --- kvm-state.c --------------------------------------------------------- */

/**
 * xive_capture_queues: the positions of all queues, into W1 of their ENDs.
 * xive_capture_context: the thread context of @server, into its table; none if not connected.
 * xive_restore_context: the reverse.
 */
gboolean xive_capture_queues(Xive *xive, GError **error);
gboolean xive_capture_context(Xive *xive, guint32 server, GError **error);
gboolean xive_restore_context(Xive *xive, guint32 server, GError **error);

/* --- source.c ------------------------------------------------------------ */

/** xive_lisn_is_claimed: here, since a reset and a quiesce ask it for each of them. */
static inline gboolean
xive_lisn_is_claimed(const Xive *xive, guint64 lisn)
{
    return lisn < xive->nr_irqs && xive_eas_is_valid(xive->eas[lisn]);
}

/** xive_source_eisn: as the guest set it; the LISN itself in a source that never was. */
guint32 xive_source_eisn(const Xive *xive, guint32 lisn);

/**
 * xive_source_configure: routes the claimed source @lisn as the EAS word @eas says; the target's
 * queue must exist unless it is masked. When it returns no event goes where the old word said.
 */
gboolean xive_source_configure(Xive *xive, guint32 lisn, guint64 eas, GError **error);

/** xive_source_reroute: gives KVM, where @lisn is masked, the route of its EAS, if it has one;
 * notes a route without a queue as detached. */
gboolean xive_source_reroute(Xive *xive, guint32 lisn, GError **error);

/** xive_sources_reattach: the detached sources whose END is @end_index, which has a queue now. */
gboolean xive_sources_reattach(Xive *xive, guint32 end_index, GError **error);

/** xive_source_sync: waits for the events of @lisn that are under way. */
gboolean xive_source_sync(Xive *xive, guint32 lisn, GError **error);

/** xive_source_make: creates @lisn in KVM by its tables, or sets it back; masked, PQ 01. */
gboolean xive_source_make(Xive *xive, guint32 lisn, GError **error);

/** xive_source_reset: PQ of the claimed @lisn to 01, line down; its pages are not touched. */
gboolean xive_source_reset(Xive *xive, guint32 lisn, GError **error);

/**
 * xive_source_load: an 8-byte load at @offset (below 0x1000) of the management page of the claimed
 * @lisn. A level source whose line is up and that is ready again afterwards triggers again.
 * xive_source_follow_line: that rule alone.
 */
gboolean xive_source_load(Xive *xive, guint32 lisn, guint32 offset, guint64 *value, GError **error);

gboolean xive_source_follow_line(Xive *xive, guint32 lisn, GError **error);

/** xive_source_trigger: an event of the claimed @lisn; kept for resume while the device is still.
 */
gboolean xive_source_trigger(Xive *xive, guint32 lisn, GError **error);

/** xive_source_pq: PQ of the claimed @lisn now; no side effect. */
gboolean xive_source_pq(Xive *xive, guint32 lisn, XivePq *pq, GError **error);

/* --- regions.c ----------------------------------------------------------- */

/**
 * xive_regions_new: maps ESB and TIMA pages of the KVM device into the guest, both or none.
 * xive_regions_free: takes them out; before the KVM device is freed. Idempotent.
 * xive_regions_rebuild: both, for a KVM device made anew.
 */
gboolean xive_regions_new(Xive *xive, GError **error);
void xive_regions_free(Xive *xive);
gboolean xive_regions_rebuild(Xive *xive, GError **error);

/** xive_esb_window_size: bytes. */
guint64 xive_esb_window_size(const Xive *xive);

/** xive_esb_page_gpa: guest address of page @page (XIVE_ESB_PAGE_*) of @lisn. */
guint64 xive_esb_page_gpa(const Xive *xive, guint32 lisn, guint page);

/** xive_tima_page_gpa: guest address of TIMA page @page (XIVE_TIMA_PAGE_*). */
guint64 xive_tima_page_gpa(const Xive *xive, guint page);

/** xive_esb_load, xive_esb_store: 8 bytes at @offset of page @page of the claimed source @lisn. */
gboolean
xive_esb_load(Xive *xive, guint32 lisn, guint page, guint32 offset, guint64 *value, GError **error);
gboolean
xive_esb_store(Xive *xive, guint32 lisn, guint page, guint32 offset, guint64 value, GError **error);

/* --- kvm-device.c -------------------------------------------------------- */

/**
 * xive_kvm_open: creates the KVM device for xive->nr_servers servers.
 * xive_kvm_close: frees it; regions must be gone. Idempotent.
 */
gboolean xive_kvm_open(Xive *xive, GError **error);
void xive_kvm_close(Xive *xive);

gboolean xive_kvm_connect(Xive *xive, VdevVcpu *vcpu, guint32 server, GError **error);

/** xive_kvm_set, xive_kvm_get: an attribute. Errors name device, attribute, errno and remedy. */
gboolean xive_kvm_set(Xive *xive, guint32 group, guint64 attr, const void *data, GError **error);
gboolean xive_kvm_get(Xive *xive, guint32 group, guint64 attr, void *data, GError **error);

/** xive_kvm_vp_get, xive_kvm_vp_set: the eight bytes of a vCPU's OS ring that KVM carries. */
gboolean xive_kvm_vp_get(Xive *xive, guint32 server, be64 *vp, GError **error);
gboolean xive_kvm_vp_set(Xive *xive, guint32 server, be64 vp, GError **error);

#endif
