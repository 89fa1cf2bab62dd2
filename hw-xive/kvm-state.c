/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel's recipe: what is taken out of the KVM device for a migration, and how it is given
 * back, in the order that KVM wants. Tables on one side, KVM on the other.
 *
 *   capture   (sources held and queues synchronised: quiesce.c)
 *             Q of each held source → position of each queue → each thread context
 *   restore   controller reset → windows made anew → queues → sources → targets → thread contexts
 *             (PQ at last, when the machine resumes: quiesce.c)
 *
 * A target without a queue, or a queue without its memory, is refused by KVM with a backtrace in
 * the host's log: hence the order, and hence the call for it, when all of RAM is there.
 * Restoring touches no page of the windows.
 *
 * Not here: what may stand in the tables (state.c).
 * Source: kernel xive.rst, "Migration"; requirement R-MAP-4.
 */
#include "hw-xive/core/eas.h"
#include "hw-xive/kvm-attr.h"
#include "hw-xive/xive-priv.h"
#include "vdev/mutation.h"

/* --- Capture ------------------------------------------------------------- */

static gboolean
capture_queue(Xive *xive, guint32 index, GError **error)
{
    const guint32 server = xive_end_index_server(index);
    const guint8 prio = xive_end_index_prio(index);
    XiveEq own = xive_end_eq(&xive->ends[index]), eq = own;
    VdevXiveEq data = {0};

    if (!xive_kvm_get(xive, VDEV_XIVE_GRP_EQ_CONFIG, xive_kvm_eq_attr(server, prio), &data, error))
        return FALSE;
    if (!xive_kvm_eq_unpack(&data, &eq) || eq.gpa != own.gpa || eq.qshift != own.qshift) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
                    "%s: KVM shows another queue of server %u, priority %u, than the guest has set "
                    "up: 2^%u bytes at 0x%" G_GINT64_MODIFIER "x",
                    xive->device.klass->name, server, prio, data.qshift, data.qaddr);
        return FALSE;
    }
    xive_end_set_position(&xive->ends[index], eq.qtoggle, eq.qindex);
    return TRUE;
}

gboolean
xive_capture_queues(Xive *xive, GError **error)
{
    for (guint32 i = 0; i < xive_nr_ends(xive); i++) {
        if (xive_end_is_valid(&xive->ends[i]) && !capture_queue(xive, i, error))
            return FALSE;
    }
    return TRUE;
}

gboolean
xive_capture_context(Xive *xive, guint32 server, GError **error)
{
    be64 vp = {0};

    if (xive->vcpus[server] == NULL)
        return TRUE;
    if (!xive_kvm_vp_get(xive, server, &vp, error))
        return FALSE;
    xive_tctx_set_vp(&xive->contexts[server].tctx, vp);
    return TRUE;
}

/* --- Restore ------------------------------------------------------------- */

/* Queues that there were go; so do the routes of all sources that had one. */
static gboolean
restore_ground(Xive *xive, GError **error)
{
    return xive_kvm_set(xive, VDEV_XIVE_GRP_CTRL, VDEV_XIVE_CTRL_RESET, NULL, error);
}

static gboolean
restore_queues(Xive *xive, GError **error)
{
    for (guint32 i = 0; i < xive_nr_ends(xive); i++) {
        VdevXiveEq data;

        if (!xive_end_is_valid(&xive->ends[i]))
            continue;
        xive_kvm_eq_pack(&data, &xive->ends[i]);
        if (!xive_kvm_set(xive, VDEV_XIVE_GRP_EQ_CONFIG,
                          xive_kvm_eq_attr(xive_end_index_server(i), xive_end_index_prio(i)), &data,
                          error))
            return FALSE;
    }
    return TRUE;
}

/* Creates what is not there yet; all are masked and off afterwards. */
static gboolean
restore_sources(Xive *xive, GError **error)
{
    for (guint32 i = 0; i < xive->nr_irqs; i++) {
        if (xive_lisn_is_claimed(xive, i) && !xive_source_make(xive, i, error))
            return FALSE;
    }
    return TRUE;
}

static gboolean
restore_targets(Xive *xive, GError **error)
{
    for (guint32 i = 0; i < xive->nr_irqs; i++) {
        if (xive_lisn_is_claimed(xive, i) && !xive_source_reroute(xive, i, error))
            return FALSE;
    }
    return TRUE;
}

static gboolean
restore_contexts(Xive *xive, GError **error)
{
    for (guint32 i = 0; i < xive->nr_servers; i++) {
        if (xive->vcpus[i] != NULL && !xive_restore_context(xive, i, error))
            return FALSE;
    }
    return TRUE;
}

gboolean
xive_restore_context(Xive *xive, guint32 server, GError **error)
{
    return !VDEV_STEP(CONTEXTS) ||
           xive_kvm_vp_set(xive, server, xive_tctx_vp(&xive->contexts[server].tctx), error);
}

static gboolean (*const recipe[])(Xive *xive, GError **error) = {
    restore_ground,
    xive_regions_rebuild,
    VDEV_STEP(QUEUES_FIRST) ? restore_queues : restore_sources,
    VDEV_STEP(QUEUES_FIRST) ? restore_sources : restore_targets,
    VDEV_STEP(QUEUES_FIRST) ? restore_targets : restore_queues,
    restore_contexts,
};

gboolean
xive_restore(Xive *xive, GError **error)
{
    for (gsize i = 0; i < G_N_ELEMENTS(recipe); i++) {
        if (!recipe[i](xive, error)) {
            xive->phase = XIVE_BROKEN;
            g_prefix_error(error, "restoring interrupts: ");
            return FALSE;
        }
    }
    xive_be_still(xive);
    xive->restored = TRUE;
    return TRUE;
}
