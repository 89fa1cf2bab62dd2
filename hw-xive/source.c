/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Interrupt sources: the LISN space and who claimed it, where a source's events go, and the two
 * ways a device raises one: a pulse (edge) or a level.
 *
 * A level source is an edge source to KVM. Its line is kept here, and so is the rule that makes it
 * one: whenever it is ready (PQ 00) while the line is up, it triggers. It gets ready by an EOI or
 * by being set so; the guest does both through H_INT_ESB, never through its pages.
 *
 * Source: LoPAR H_INT_SET_SOURCE_CONFIG, H_INT_ESB; kernel xive.rst SOURCE, SOURCE_CONFIG.
 */
#include "hw-xive/core/eas.h"
#include "hw-xive/kvm-attr.h"
#include "hw-xive/xive-priv.h"

/* --- LISN space ---------------------------------------------------------- */

gboolean
xive_lisn_claim(Xive *xive, guint32 lisn, gboolean level, GError **error)
{
    if (lisn >= xive->nr_irqs) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                    "%s: LISN 0x%x does not exist: nr-irqs is 0x%x", xive->device.klass->name, lisn,
                    xive->nr_irqs);
        return FALSE;
    }
    if (xive_lisn_is_claimed(xive, lisn)) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_EXIST, "%s: LISN 0x%x is in use already",
                    xive->device.klass->name, lisn);
        return FALSE;
    }
    xive->status[lisn] = XIVE_PQ_OFF;
    xive->level[lisn] = level;
    if (!xive_source_make(xive, lisn, error))
        return FALSE;
    xive->eas[lisn] = XIVE_EAS_RESET;
    xive->marks[lisn] |=
        XIVE_MARK_CLAIMED | (xive->phase == XIVE_STILL ? XIVE_MARK_HELD | XIVE_MARK_STILL : 0);
    return TRUE;
}

/* KVM keeps a source for good: it is masked both ways, and claiming it again starts it afresh. */
void
xive_lisn_release(Xive *xive, guint32 lisn)
{
    GError *error = NULL;

    if (!xive_lisn_is_claimed(xive, lisn))
        return;
    if (!xive_source_configure(xive, lisn, XIVE_EAS_RESET, &error) ||
        !xive_source_reset(xive, lisn, &error))
        xive_warn(xive, XIVE_TROUBLE_SOURCE, error);
    xive->eas[lisn] = 0;
    xive->status[lisn] = XIVE_PQ_OFF;
    xive->level[lisn] = FALSE;
    xive->marks[lisn] &= XIVE_MARK_MADE;
}

/* --- Where events go ----------------------------------------------------- */

/* LoPAR wants the LISN as EISN until it is set; the stream's reset word has no room to say so. */
guint32
xive_source_eisn(const Xive *xive, guint32 lisn)
{
    return xive->eas[lisn] == XIVE_EAS_RESET ? lisn : xive_eas_eisn(xive->eas[lisn]);
}

gboolean
xive_source_sync(Xive *xive, guint32 lisn, GError **error)
{
    return xive_kvm_set(xive, VDEV_XIVE_GRP_SOURCE_SYNC, lisn, NULL, error);
}

gboolean
xive_source_configure(Xive *xive, guint32 lisn, guint64 eas, GError **error)
{
    gboolean detached = (xive->marks[lisn] & XIVE_MARK_DETACHED) != 0;
    guint64 in_force = detached ? XIVE_EAS_RESET : xive->eas[lisn];
    guint64 word = xive_kvm_config_word(eas, in_force);

    if (xive->eas[lisn] == eas && !detached)
        return TRUE;
    if (!xive_kvm_set(xive, VDEV_XIVE_GRP_SOURCE_CONFIG, lisn, &word, error))
        return FALSE;
    xive->eas[lisn] = eas;
    xive->marks[lisn] &= (guint8)~XIVE_MARK_DETACHED;
    return xive_eas_is_masked(in_force) || xive_source_sync(xive, lisn, error);
}

gboolean
xive_source_reroute(Xive *xive, guint32 lisn, GError **error)
{
    guint64 eas = xive->eas[lisn], word = xive_kvm_config_word(eas, XIVE_EAS_RESET);

    xive->marks[lisn] &= (guint8)~XIVE_MARK_DETACHED;
    if (xive_eas_is_masked(eas))
        return TRUE;
    if (!xive_end_is_enqueue(&xive->ends[xive_eas_end_index(eas)])) {
        xive->marks[lisn] |= XIVE_MARK_DETACHED;
        return TRUE;
    }
    return xive_kvm_set(xive, VDEV_XIVE_GRP_SOURCE_CONFIG, lisn, &word, error);
}

gboolean
xive_sources_reattach(Xive *xive, guint32 end_index, GError **error)
{
    for (guint32 i = 0; i < xive->nr_irqs; i++) {
        if ((xive->marks[i] & XIVE_MARK_DETACHED) != 0 &&
            xive_eas_end_index(xive->eas[i]) == end_index && !xive_source_reroute(xive, i, error))
            return FALSE;
    }
    return TRUE;
}

/* --- State --------------------------------------------------------------- */

gboolean
xive_source_pq(Xive *xive, guint32 lisn, XivePq *pq, GError **error)
{
    guint64 value = 0;

    if (!xive_esb_load(xive, lisn, XIVE_ESB_PAGE_MANAGEMENT, XIVE_ESB_LOAD_GET, &value, error))
        return FALSE;
    *pq = (XivePq)(value & XIVE_STATUS_PQ);
    return TRUE;
}

gboolean
xive_source_trigger(Xive *xive, guint32 lisn, GError **error)
{
    if ((xive->marks[lisn] & XIVE_MARK_STILL) == 0)
        return xive_esb_store(xive, lisn, XIVE_ESB_PAGE_TRIGGER, XIVE_ESB_STORE_TRIGGER, 0, error);
    xive->marks[lisn] |= XIVE_MARK_CAME;
    return TRUE;
}

gboolean
xive_source_make(Xive *xive, guint32 lisn, GError **error)
{
    guint64 word =
        xive_kvm_source_word(xive->level[lisn], xive_status_asserted(xive->status[lisn]));

    if (!xive_kvm_set(xive, VDEV_XIVE_GRP_SOURCE, lisn, &word, error))
        return FALSE;
    xive->marks[lisn] |= XIVE_MARK_MADE;
    return TRUE;
}

/* What a load that failed only spoke of is not there. */
gboolean
xive_source_reset(Xive *xive, guint32 lisn, GError **error)
{
    xive->status[lisn] = XIVE_PQ_OFF;
    return (xive->marks[lisn] & XIVE_MARK_MADE) == 0 || xive_source_make(xive, lisn, error);
}

/* The rule of the level source. It is never triggered unless ready, so Q stays clear. */
gboolean
xive_source_follow_line(Xive *xive, guint32 lisn, GError **error)
{
    XivePq pq = XIVE_PQ_OFF;

    if (!xive->level[lisn] || !xive_status_asserted(xive->status[lisn]))
        return TRUE;
    if (!xive_source_pq(xive, lisn, &pq, error))
        return FALSE;
    return pq != XIVE_PQ_READY || xive_source_trigger(xive, lisn, error);
}

gboolean
xive_source_load(Xive *xive, guint32 lisn, guint32 offset, guint64 *value, GError **error)
{
    return xive_esb_load(xive, lisn, XIVE_ESB_PAGE_MANAGEMENT, offset, value, error) &&
           xive_source_follow_line(xive, lisn, error);
}

/* --- What devices do ----------------------------------------------------- */

/* Whatever the tables say, which may come from a stream. */
static gboolean
is_owned(const Xive *xive, guint32 lisn)
{
    return lisn < xive->nr_irqs && (xive->marks[lisn] & XIVE_MARK_CLAIMED) != 0;
}

void
xive_pulse(Xive *xive, guint32 lisn)
{
    GError *error = NULL;

    g_assert(is_owned(xive, lisn));
    if (!xive_source_trigger(xive, lisn, &error)) {
        xive->marks[lisn] |= XIVE_MARK_CAME; /* for the next resume */
        xive_warn(xive, XIVE_TROUBLE_ESB, error);
    }
}

void
xive_set_level(Xive *xive, guint32 lisn, gboolean asserted)
{
    GError *error = NULL;

    g_assert(is_owned(xive, lisn) && xive->level[lisn]);
    if (asserted)
        xive->status[lisn] |= XIVE_STATUS_ASSERTED;
    else
        xive->status[lisn] &= (guint8)~XIVE_STATUS_ASSERTED;
    /* A source that is held looks at its line when it is let go. */
    if (xive->phase == XIVE_RUNNING && !xive_source_follow_line(xive, lisn, &error))
        xive_warn(xive, XIVE_TROUBLE_ESB, error);
}
