/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `spapr_drc` and `spapr_drc/physical`: a connector that is on its way, and nothing of one that is
 * not (R-DRC-1, R-DRC-2).
 *
 * `spapr_drc/ccs` is ours: the place of a walk, which other programs do not send and refuse. It
 * goes only where the machine type, or -M …,drc-walk=on, allows it, and is read under all types
 * (R-DRC-3, R-DRC-10).
 * Source: docs/stream-format.md, "Dynamic reconfiguration connectors"; requirement R-DRC-9.
 */
#include "hw-spapr/platform.h"
#include "hw-spapr/state.h"

enum {
    HAS_UNPLUG,
    HAS_WALK,
};

STATE_SUBSECTION_HOOKS(ConnectorState, present, unplug, HAS_UNPLUG)
STATE_SUBSECTION_HOOKS(ConnectorState, present, walk, HAS_WALK)

/* A tool sends what it has. */
static gboolean
may_send_walk(const ConnectorState *own, const VmsContext *context)
{
    if (own->platform == NULL || own->platform->drc_walk == PLATFORM_DRC_WALK_ON)
        return TRUE;
    return own->platform->drc_walk == PLATFORM_DRC_WALK_AUTO && state_row(context)->sends_walk;
}

static guint32
wanted(const ConnectorState *own, const VmsContext *context)
{
    guint32 present = 0;

    if (own->unplug_requested && !state_row(context)->no_unplug_request)
        present |= 1u << HAS_UNPLUG;
    if (own->walking && may_send_walk(own, context))
        present |= 1u << HAS_WALK;
    return present;
}

/* R-DRC-7: by what is plugged, not by what the guest sees. */
static gboolean
drc_needed(const void *object, const VmsContext *context)
{
    const ConnectorState *own = object;

    if (own->platform == NULL)
        return TRUE;
    return own->plugged && (own->state != drc_ready_state(own->index) || wanted(own, context) != 0);
}

static gboolean
drc_pre_save(void *object, const VmsContext *context, GError **error)
{
    ConnectorState *own = object;

    own->present = wanted(own, context);
    return TRUE;
}

static gboolean
drc_pre_load(void *object, const VmsContext *context, GError **error)
{
    ConnectorState *own = object;

    vms_remember(context, own, sizeof(*own));
    own->present = 0;
    own->unplug_requested = FALSE;
    own->depth = own->ordinal = 0;
    own->digest = 0;
    return TRUE;
}

static gboolean
check_state(const ConnectorState *own, GError **error)
{
    const gboolean known = own->index != 0;
    const gboolean physical = known && drc_is_physical(own->index);
    const guint32 first = physical ? DRC_SLOT_OFF : DRC_UNUSABLE;
    const guint32 last = known && !physical ? DRC_CONFIGURED : DRC_SLOT_CONFIGURED;

    if (known && drc_type_name(own->index >> 28) == NULL)
        return state_refuse(error, G_FILE_ERROR_INVAL, "connector 0x%08x: there is no type %u",
                            own->index, own->index >> 28);
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

static gboolean
check_walk(const ConnectorState *own, GError **error)
{
    const gboolean walkable = own->state == DRC_UNISOLATED || own->state == DRC_CONFIGURED ||
                              own->state == DRC_SLOT_UNISOLATED ||
                              own->state == DRC_SLOT_CONFIGURED;

    if ((own->present & 1u << HAS_WALK) == 0)
        return TRUE;
    if (!walkable)
        return state_refuse(error, G_FILE_ERROR_INVAL,
                            "connector 0x%08x: nothing can be read through it in state %u",
                            own->index, own->state);
    if (own->depth < 1 || own->depth > own->ordinal)
        return state_refuse(error, G_FILE_ERROR_INVAL,
                            "connector 0x%08x: depth %u behind %u pieces is impossible", own->index,
                            own->depth, own->ordinal);
    return TRUE;
}

static gboolean
drc_check(const void *object, const VmsContext *context, GError **error)
{
    const ConnectorState *own = object;

    if (!check_state(own, error) || !check_walk(own, error))
        return FALSE;
    return own->platform == NULL || own->plugged ||
           state_refuse(error, G_FILE_ERROR_INVAL,
                        "connector 0x%08x: nothing is plugged in here; start with the same "
                        "-device on both sides",
                        own->index);
}

/* R-DRC-11: a walk without a place is known to be one. */
static gboolean
drc_post_load(void *object, guint32 version, const VmsContext *context, GError **error)
{
    ConnectorState *own = object;

    own->walking = (own->present & 1u << HAS_WALK) != 0;
    own->arrived = !own->walking;
    return TRUE;
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

static const VmsField walk_fields[] = {
    VMS_SCALAR(ConnectorState, depth),
    VMS_SCALAR(ConnectorState, ordinal),
    VMS_SCALAR(ConnectorState, digest),
    VMS_END,
};

static const VmsState walk_state = {
    .name = "spapr_drc/ccs",
    .version = 1,
    .oldest = 1,
    .fields = walk_fields,
    .needed = walk_needed,
    .pre_load = walk_arrives,
};

static const VmsField drc_fields[] = {VMS_SCALAR(ConnectorState, state), VMS_END};
static const VmsState *const drc_subsections[] = {&unplug_state, &walk_state, NULL};

const VmsState state_drc = {
    .name = "spapr_drc",
    .version = 1,
    .oldest = 1,
    .fields = drc_fields,
    .subsections = drc_subsections,
    .needed = drc_needed,
    .pre_save = drc_pre_save,
    .pre_load = drc_pre_load,
    .check = drc_check,
    .post_load = drc_post_load,
};

/* --- spapr_drc/physical -------------------------------------------------- */

#define INDICATOR_MAX 3u

/* At rest it is on where something is plugged. */
static gboolean
indicator_needed(const void *object, const VmsContext *context)
{
    const ConnectorState *own = object;

    return own->platform == NULL || own->indicator != (own->plugged ? 1u : 0u);
}

static gboolean
indicator_check(const void *object, const VmsContext *context, GError **error)
{
    const ConnectorState *own = object;

    if (own->indicator > INDICATOR_MAX)
        return state_refuse(error, G_FILE_ERROR_INVAL,
                            "connector 0x%08x: an indicator of %u is impossible", own->index,
                            own->indicator);
    if (own->index != 0 && !drc_is_physical(own->index))
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
    .needed = indicator_needed,
    .check = indicator_check,
};
