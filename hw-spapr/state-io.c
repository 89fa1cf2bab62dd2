/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The small sections: clock, NVRAM, terminal, connectors.
 *
 * Source: docs/stream-format.md, spapr/rtc, spapr_nvram, spapr_vio, spapr_vty, "Dynamic
 * reconfiguration connectors"; requirement R-DRC-9.
 */
#include "hw-spapr/platform.h"
#include "hw-spapr/state.h"
#include "vdev/bits.h"

/* --- spapr/rtc ----------------------------------------------------------- */

static const VmsField rtc_fields[] = {VMS_SCALAR(Rtc, ns_offset), VMS_END};

const VmsState state_rtc = {.name = "spapr/rtc", .version = 1, .oldest = 1, .fields = rtc_fields};

/* --- spapr_nvram --------------------------------------------------------- */

/* The size is configured, hence compared; QEMU takes it from the stream and calls it so. */
static const VmsField nvram_fields[] = {
    VMS_EQUAL(Nvram, size, .type = "uint32"),
    VMS_BUFFER_POINTER(Nvram, bytes, size, STATE_NVRAM_MAX, .as = "buf"),
    VMS_END,
};

const VmsState state_nvram = {
    .name = "spapr_nvram", .version = 1, .oldest = 1, .fields = nvram_fields};

/* --- spapr_vio, spapr_vty ------------------------------------------------ */

static const VmsField vio_fields[] = {
    VMS_EQUAL(VioDevice, unit, .as = "reg"),
    VMS_EQUAL(VioDevice, lisn, .as = "irq"),
    VMS_SCALAR(VioDevice, signal_state),
    VMS_SCALAR(VioDevice, crq.qladdr),
    VMS_SCALAR(VioDevice, crq.qsize),
    VMS_SCALAR(VioDevice, crq.qnext),
    VMS_END,
};

const VmsState state_vio = {.name = "spapr_vio", .version = 1, .oldest = 1, .fields = vio_fields};

static const VmsField vty_fields[] = {
    VMS_STRUCT(Vty, vio, &state_vio, .as = "sdev"),
    VMS_SCALAR(Vty, in),
    VMS_SCALAR(Vty, out),
    VMS_BUFFER(Vty, ring, .as = "buf"),
    VMS_END,
};

static gboolean
vty_check(const void *object, const VmsContext *context, GError **error)
{
    const Vty *vty = object;

    if (vty->in - vty->out <= VTY_RING)
        return TRUE;
    return state_refuse(error, G_FILE_ERROR_INVAL,
                        "%u bytes were put in and %u taken out: the ring holds %u", vty->in,
                        vty->out, VTY_RING);
}

/* What waits on the other side may come now. */
static gboolean
vty_post_load(void *object, guint32 version, const VmsContext *context, GError **error)
{
    Vty *vty = object;

    vty->host->chardev_accept_input(vty->host, vty->chardev);
    return TRUE;
}

const VmsState state_vty = {
    .name = "spapr_vty",
    .version = 1,
    .oldest = 1,
    .fields = vty_fields,
    .check = vty_check,
    .post_load = vty_post_load,
};

/* --- spapr_drc, spapr_drc/physical --------------------------------------- */

#define DRC_TYPE(index) ((index) >> 28)
#define DRC_TYPE_PCI    4u

/* States by class of connector, in the order of a device's way in. */
enum {
    LOGICAL_UNUSABLE = 1,
    LOGICAL_CONFIGURED = 4,
    PHYSICAL_AVAILABLE = 5,
    PHYSICAL_CONFIGURED = 8,
};

STATE_SUBSECTION_HOOKS(ConnectorState, present, unplug, 0)

static gboolean
drc_pre_load(void *object, const VmsContext *context, GError **error)
{
    ConnectorState *own = object;

    vms_remember(context, &own->present, sizeof(own->present));
    vms_remember(context, &own->unplug_requested, sizeof(own->unplug_requested));
    own->present = 0;
    own->unplug_requested = FALSE;
    return TRUE;
}

static gboolean
drc_check(const void *object, const VmsContext *context, GError **error)
{
    const ConnectorState *own = object;
    const gboolean known = own->index != 0;
    const gboolean physical = DRC_TYPE(own->index) == DRC_TYPE_PCI;
    const guint32 first = known && physical ? PHYSICAL_AVAILABLE : LOGICAL_UNUSABLE;
    const guint32 last = known && !physical ? LOGICAL_CONFIGURED : PHYSICAL_CONFIGURED;

    if (own->state >= first && own->state <= last)
        return TRUE;
    return state_refuse(error, G_FILE_ERROR_INVAL,
                        "connector 0x%08x: state %u is impossible for %s connector; %u to %u are "
                        "possible",
                        own->index, own->state,
                        !known     ? "a"
                        : physical ? "a PCI"
                                   : "a logical",
                        first, last);
}

static const VmsField unplug_fields[] = {
    VMS_BOOL(ConnectorState, unplug_requested),
    VMS_END,
};

static const VmsState unplug_state = {
    .name = "spapr_drc/unplug_requested",
    .version = 1,
    .oldest = 1,
    .fields = unplug_fields,
    .needed = unplug_needed,
    .pre_load = unplug_arrives,
};

static const VmsField drc_fields[] = {VMS_SCALAR(ConnectorState, state), VMS_END};
static const VmsState *const drc_subsections[] = {&unplug_state, NULL};

const VmsState state_drc = {
    .name = "spapr_drc",
    .version = 1,
    .oldest = 1,
    .fields = drc_fields,
    .subsections = drc_subsections,
    .pre_load = drc_pre_load,
    .check = drc_check,
};

#define INDICATOR_MAX 3u

static gboolean
indicator_check(const void *object, const VmsContext *context, GError **error)
{
    const ConnectorState *own = object;

    if (own->indicator > INDICATOR_MAX)
        return state_refuse(error, G_FILE_ERROR_INVAL,
                            "connector 0x%08x: an indicator of %u is impossible", own->index,
                            own->indicator);
    if (own->index != 0 && DRC_TYPE(own->index) != DRC_TYPE_PCI)
        return state_refuse(error, G_FILE_ERROR_INVAL,
                            "connector 0x%08x is logical and has no indicator", own->index);
    return TRUE;
}

static const VmsField indicator_fields[] = {
    VMS_SCALAR(ConnectorState, indicator, .as = "dr_indicator"),
    VMS_END,
};

const VmsState state_drc_physical = {
    .name = "spapr_drc/physical",
    .version = 1,
    .oldest = 1,
    .fields = indicator_fields,
    .check = indicator_check,
};
