/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * H_INT_* calls on one source: R5 is its LISN, H_P2 says that there is no such source.
 *
 * Source: LoPAR; the choices where QEMU differs are in docs/xive/.
 */
#include "hw-xive/core/eas.h"
#include "hw-xive/hcall.h"

#define X64 "0x%" G_GINT64_MODIFIER "x"

/* R4 of H_INT_GET_SOURCE_INFO. Not set: one page for both (62), store EOI (63). */
#define INFO_USE_H_INT_ESB IBM_BIT64(60)
#define INFO_LSI           IBM_BIT64(61)

/* R4 of H_INT_SET_SOURCE_CONFIG. */
#define CONFIG_SET_EISN IBM_BIT64(62)
#define CONFIG_MASK     IBM_BIT64(63)

/* R4 of H_INT_ESB. */
#define ESB_STORE IBM_BIT64(63)

/* The checks that all five begin with. */
static HcallStatus
check_source(Xive *xive, const char *name, const guint64 *args, guint64 flags)
{
    if ((args[0] & ~flags) != 0)
        return xive_hcall_refuse(xive, H_PARAMETER, "%s: flags " X64, name, args[0]);
    if (!xive_lisn_is_claimed(xive, args[1]))
        return xive_hcall_refuse(xive, H_P2, "%s: no LISN " X64, name, args[1]);
    return H_SUCCESS;
}

HcallStatus
xive_hcall_get_source_info(void *owner, VdevVcpu *vcpu, guint64 *args)
{
    Xive *xive = owner;
    HcallStatus status = check_source(xive, "H_INT_GET_SOURCE_INFO", args, 0);
    guint32 lisn = (guint32)args[1];

    if (status != H_SUCCESS)
        return status;
    if (xive->level[lisn]) { /* its EOI must pass here, to look at the line */
        args[0] = INFO_USE_H_INT_ESB | INFO_LSI;
        args[1] = G_MAXUINT64;
        args[2] = G_MAXUINT64;
    } else {
        args[0] = 0;
        args[1] = xive_esb_page_gpa(xive, lisn, XIVE_ESB_PAGE_MANAGEMENT);
        args[2] = xive_esb_page_gpa(xive, lisn, XIVE_ESB_PAGE_TRIGGER);
    }
    args[3] = xive->page_shift;
    return H_SUCCESS;
}

/* --- Where events go ----------------------------------------------------- */

static HcallStatus
configure(Xive *xive, guint32 lisn, guint64 eas)
{
    GError *error = NULL;

    if (!xive_source_configure(xive, lisn, eas, &error))
        return xive_hcall_broken(xive, XIVE_TROUBLE_SOURCE, error);
    return H_SUCCESS;
}

/* Target, priority and EISN. KVM would search the other vCPUs for a queue and warn on the host. */
static HcallStatus
check_target(Xive *xive, const guint64 *args)
{
    guint64 target = args[2], prio = args[3];

    if (!xive_hcall_is_server(xive, target))
        return xive_hcall_refuse(xive, H_P3, "H_INT_SET_SOURCE_CONFIG: no target " X64, target);
    if (!xive_hcall_is_prio(prio))
        return xive_hcall_refuse(xive, H_P4, "H_INT_SET_SOURCE_CONFIG: no priority " X64, prio);
    if ((args[0] & CONFIG_MASK) == 0 &&
        !xive_end_is_enqueue(&xive->ends[xive_end_index((guint32)target, (guint8)prio)]))
        return xive_hcall_refuse(xive, H_P4,
                                 "H_INT_SET_SOURCE_CONFIG: target " X64 " has no queue at "
                                 "priority " X64,
                                 target, prio);
    if ((args[0] & CONFIG_SET_EISN) != 0 && args[4] > XIVE_EISN_MAX)
        return xive_hcall_refuse(xive, H_P5, "H_INT_SET_SOURCE_CONFIG: EISN " X64, args[4]);
    return H_SUCCESS;
}

HcallStatus
xive_hcall_set_source_config(void *owner, VdevVcpu *vcpu, guint64 *args)
{
    Xive *xive = owner;
    guint64 flags = args[0];
    HcallStatus status =
        check_source(xive, "H_INT_SET_SOURCE_CONFIG", args, CONFIG_SET_EISN | CONFIG_MASK);
    guint32 lisn = (guint32)args[1];
    guint32 eisn = 0;

    if (status != H_SUCCESS)
        return status;
    if (args[3] == XIVE_PRIO_NONE)
        return configure(xive, lisn, XIVE_EAS_RESET);
    status = check_target(xive, args);
    if (status != H_SUCCESS)
        return status;
    eisn = (flags & CONFIG_SET_EISN) != 0 ? (guint32)args[4] : xive_source_eisn(xive, lisn);
    return configure(
        xive, lisn,
        xive_eas_target((guint32)args[2], (guint8)args[3], eisn, (flags & CONFIG_MASK) != 0));
}

HcallStatus
xive_hcall_get_source_config(void *owner, VdevVcpu *vcpu, guint64 *args)
{
    Xive *xive = owner;
    HcallStatus status = check_source(xive, "H_INT_GET_SOURCE_CONFIG", args, 0);
    guint32 lisn = (guint32)args[1];
    guint64 eas = 0;

    if (status != H_SUCCESS)
        return status;
    eas = xive->eas[lisn];
    args[0] = xive_end_index_server(xive_eas_end_index(eas));
    args[1] =
        xive_eas_is_masked(eas) ? XIVE_PRIO_NONE : xive_end_index_prio(xive_eas_end_index(eas));
    args[2] = xive_source_eisn(xive, lisn);
    return H_SUCCESS;
}

/* --- State --------------------------------------------------------------- */

/* Of the stores only a trigger is offered; every load but one beyond the page is an operation. */
static gboolean
is_offered(gboolean store, guint64 offset)
{
    XiveEsbOp op = xive_esb_decode(XIVE_ESB_PAGE_MANAGEMENT, store, offset);

    return store ? op == XIVE_ESB_OP_TRIGGER : op != XIVE_ESB_OP_NONE;
}

HcallStatus
xive_hcall_esb(void *owner, VdevVcpu *vcpu, guint64 *args)
{
    Xive *xive = owner;
    gboolean store = (args[0] & ESB_STORE) != 0;
    guint64 offset = args[2], loaded = G_MAXUINT64;
    HcallStatus status = check_source(xive, "H_INT_ESB", args, ESB_STORE);
    guint32 lisn = (guint32)args[1];
    GError *error = NULL;
    gboolean good = FALSE;

    if (status != H_SUCCESS)
        return status;
    if (offset >> xive->page_shift != 0 || offset % sizeof(guint64) != 0 ||
        !is_offered(store, offset))
        return xive_hcall_refuse(xive, H_P3, "H_INT_ESB: %s at offset " X64,
                                 store ? "store" : "load", offset);
    good = store ? xive_source_trigger(xive, lisn, &error)
                 : xive_source_load(xive, lisn, (guint32)offset & XIVE_ESB_COMMAND_MASK, &loaded,
                                    &error);
    if (!good)
        return xive_hcall_broken(xive, XIVE_TROUBLE_ESB, error);
    args[0] = loaded;
    return H_SUCCESS;
}

HcallStatus
xive_hcall_sync(void *owner, VdevVcpu *vcpu, guint64 *args)
{
    Xive *xive = owner;
    HcallStatus status = check_source(xive, "H_INT_SYNC", args, 0);
    GError *error = NULL;

    if (status != H_SUCCESS)
        return status;
    if (!xive_source_sync(xive, (guint32)args[1], &error))
        return xive_hcall_broken(xive, XIVE_TROUBLE_SOURCE, error);
    return H_SUCCESS;
}
