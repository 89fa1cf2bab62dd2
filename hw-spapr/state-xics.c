/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The sections of XICS, which a machine with ic-mode=dual sends although XIVE is in use.
 *
 * Source: docs/stream-format.md, ics, icp/server.
 */
#include "hw-spapr/state.h"
#include "hw-spapr/xics.h"

/* --- Sources ------------------------------------------------------------- */

static const VmsField ics_irq_fields[] = {
    VMS_SCALAR(IcsIrq, server), VMS_SCALAR(IcsIrq, priority), VMS_SCALAR(IcsIrq, saved_priority),
    VMS_SCALAR(IcsIrq, status), VMS_SCALAR(IcsIrq, flags),    VMS_END,
};
static const VmsState ics_irq_state = {
    .name = "ics/irq", .version = 2, .oldest = 1, .fields = ics_irq_fields};
/* Whatever came: a guest that uses XIVE left this controller as it was at reset. */
static gboolean
ics_pre_save(void *object, const VmsContext *context, GError **error)
{
    ics_reset(object);
    return TRUE;
}

static gboolean
ics_needed(const void *object, const VmsContext *context)
{
    return !((const Ics *)object)->absent;
}

static gboolean
ics_check(const void *object, const VmsContext *context, GError **error)
{
    if (!((const Ics *)object)->absent)
        return TRUE;
    return state_refuse(error, G_FILE_ERROR_NOSYS,
                        "the other side has ic-mode=dual or xics: start this one with ic-mode=dual "
                        "(for a guest that uses XIVE), or that one with ic-mode=xive");
}

static const VmsField ics_fields[] = {
    VMS_EQUAL(Ics, nr_irqs),
    VMS_STRUCT_COUNTED_ALLOC(Ics, irqs, nr_irqs, ICS_IRQS_MAX, &ics_irq_state),
    VMS_END,
};

const VmsState state_ics = {
    .name = "ics",
    .version = 1,
    .oldest = 1,
    .fields = ics_fields,
    .needed = ics_needed,
    .pre_save = ics_pre_save,
    .check = ics_check,
};

static void
explain_ics(const void *object, GString *text)
{
    const Ics *ics = object;
    guint32 unused = 0;

    for (guint32 i = 0; i < ics->nr_irqs; i++) {
        const IcsIrq *irq = &ics->irqs[i];

        if ((irq->flags & (ICS_FLAG_LSI | ICS_FLAG_MSI)) == 0) {
            unused++;
            continue;
        }
        g_string_append_printf(text, "interrupt 0x%x: %s, ", 0x1000 + i,
                               (irq->flags & ICS_FLAG_LSI) != 0 ? "level" : "message");
        if (irq->priority == 0xff)
            g_string_append(text, "masked");
        else
            g_string_append_printf(text, "to server %u at priority %u", irq->server, irq->priority);
        g_string_append_printf(text, ", status 0x%02x\n", irq->status);
    }
    g_string_append_printf(text, "%u of %u interrupts are not allocated\n", unused, ics->nr_irqs);
}

/* --- Presenters ---------------------------------------------------------- */

static const VmsField icp_fields[] = {
    VMS_SCALAR(Icp, xirr),
    VMS_SCALAR(Icp, pending_priority),
    VMS_SCALAR(Icp, mfrr),
    VMS_END,
};

static gboolean
icp_pre_save(void *object, const VmsContext *context, GError **error)
{
    icp_reset(object);
    return TRUE;
}

const VmsState state_icp = {
    .name = "icp/server",
    .version = 1,
    .oldest = 1,
    .fields = icp_fields,
    .pre_save = icp_pre_save,
};

static void
explain_icp(const void *object, GString *text)
{
    const Icp *icp = object;

    g_string_append_printf(text,
                           "processor priority 0x%02x, presents source 0x%x, next IPI at "
                           "priority 0x%02x\n",
                           icp->xirr >> 24, icp->xirr & 0xffffff, icp->mfrr);
}

/* --- For tools ----------------------------------------------------------- */

const VmsCatalogueRow state_xics_catalogue[] = {
    {.state = &state_ics, .size = sizeof(Ics), .explain = explain_ics, .ours = TRUE},
    {.state = &state_icp, .size = sizeof(Icp), .explain = explain_icp, .ours = TRUE},
    {.state = NULL},
};
