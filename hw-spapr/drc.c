/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Connectors: the table of transitions, and the tables that find one.
 */
#include "hw-spapr/drc.h"

#include <string.h>

#include "hw-spapr/platform.h"

/* --- Types --------------------------------------------------------------- */

static const struct {
    const char *type;   /* in ibm,drc-types */
    const char *prefix; /* of ibm,drc-names, before the decimal id */
} types[16] = {
    [DRC_CPU] = {"CPU", "CPU "}, [DRC_PHB] = {"PHB", "PHB "},    [DRC_PCI] = {"28", "C"},
    [DRC_LMB] = {"MEM", "LMB "}, [DRC_PMEM] = {"PMEM", "PMEM "},
};

gboolean
drc_is_physical(guint32 index)
{
    return index >> 28 == DRC_PCI;
}

guint32
drc_ready_state(guint32 index)
{
    return drc_is_physical(index) ? DRC_SLOT_CONFIGURED : DRC_CONFIGURED;
}

guint32
drc_empty_state(guint32 index)
{
    return drc_is_physical(index) ? DRC_SLOT_POWERED : DRC_UNUSABLE;
}

const char *
drc_type_name(DrcType type)
{
    return types[type].type;
}

const char *
drc_name_prefix(DrcType type)
{
    return types[type].prefix;
}

char *
drc_name(guint32 index)
{
    const char *prefix = types[index >> 28].prefix;

    return g_strdup_printf("%s%u", prefix != NULL ? prefix : "", index & DRC_ID_MASK);
}

/* --- Transitions --------------------------------------------------------- */

typedef enum {
    ALWAYS,
    IF_OFFERED,  /* something is plugged and not asked back */
    IF_PLUGGED,  /* something is plugged */
    IF_ASKED,    /* it is asked back */
    IF_RUNNING,  /* the guest uses it */
    IF_KEPT_LMB, /* memory that nobody asked for: it would be gone with what is in it */
} DrcIf;

typedef struct {
    guint8 from;
    guint8 event;
    guint8 only;
    guint8 to;
    gint16 status;
    guint8 then;
} DrcRule;

#define SAME(state, event)                   \
    {                                        \
        state, event, ALWAYS, state, RTAS_OK \
    }

/* The first row that fits counts. A state and an event without one: −3, and nothing changes. What
 * is so already succeeds. */
static const DrcRule rules[] = {
    {DRC_UNUSABLE, DRC_SET_USABLE, IF_OFFERED, DRC_AVAILABLE, RTAS_OK},
    {DRC_UNUSABLE, DRC_SET_UNUSABLE, IF_ASKED, DRC_UNUSABLE, RTAS_OK, DRC_THEN_RELEASE},
    SAME(DRC_UNUSABLE, DRC_SET_UNUSABLE),
    SAME(DRC_UNUSABLE, DRC_SET_ISOLATED),
    {DRC_UNUSABLE, DRC_ASK_UNPLUG, IF_PLUGGED, DRC_UNUSABLE, RTAS_OK, DRC_THEN_RELEASE},

    SAME(DRC_AVAILABLE, DRC_SET_USABLE),
    {DRC_AVAILABLE, DRC_SET_UNUSABLE, IF_RUNNING, DRC_AVAILABLE, RTAS_HW_ERROR},
    {DRC_AVAILABLE, DRC_SET_UNUSABLE, IF_ASKED, DRC_UNUSABLE, RTAS_OK, DRC_THEN_RELEASE},
    {DRC_AVAILABLE, DRC_SET_UNUSABLE, ALWAYS, DRC_UNUSABLE, RTAS_OK},
    {DRC_AVAILABLE, DRC_SET_UNISOLATED, ALWAYS, DRC_UNISOLATED, RTAS_OK, DRC_THEN_REWIND},
    SAME(DRC_AVAILABLE, DRC_SET_ISOLATED),
    {DRC_AVAILABLE, DRC_ASK_UNPLUG, ALWAYS, DRC_AVAILABLE, RTAS_OK, DRC_THEN_ASK},

    SAME(DRC_UNISOLATED, DRC_SET_USABLE),
    {DRC_UNISOLATED, DRC_SET_UNISOLATED, IF_ASKED, DRC_UNISOLATED, RTAS_OK, DRC_THEN_KEEP},
    SAME(DRC_UNISOLATED, DRC_SET_UNISOLATED),
    {DRC_UNISOLATED, DRC_WALK_BEGUN, IF_ASKED, DRC_UNISOLATED, RTAS_OK, DRC_THEN_KEEP},
    SAME(DRC_UNISOLATED, DRC_WALK_BEGUN),
    {DRC_UNISOLATED, DRC_WALK_DONE, ALWAYS, DRC_CONFIGURED, RTAS_OK, DRC_THEN_REWIND},
    {DRC_UNISOLATED, DRC_WALK_LOST, ALWAYS, DRC_AVAILABLE, RTAS_OK, DRC_THEN_REWIND},
    {DRC_UNISOLATED, DRC_ASK_UNPLUG, ALWAYS, DRC_UNISOLATED, RTAS_OK, DRC_THEN_ASK},

    SAME(DRC_CONFIGURED, DRC_SET_USABLE),
    {DRC_CONFIGURED, DRC_SET_UNISOLATED, IF_ASKED, DRC_CONFIGURED, RTAS_OK, DRC_THEN_KEEP},
    SAME(DRC_CONFIGURED, DRC_SET_UNISOLATED),
    {DRC_CONFIGURED, DRC_SET_ISOLATED, IF_KEPT_LMB, DRC_CONFIGURED, RTAS_HW_ERROR},
    {DRC_CONFIGURED, DRC_SET_ISOLATED, IF_RUNNING, DRC_CONFIGURED, RTAS_HW_ERROR},
    {DRC_CONFIGURED, DRC_SET_ISOLATED, ALWAYS, DRC_AVAILABLE, RTAS_OK, DRC_THEN_REWIND},
    {DRC_CONFIGURED, DRC_WALK_BEGUN, IF_ASKED, DRC_CONFIGURED, RTAS_OK, DRC_THEN_KEEP},
    SAME(DRC_CONFIGURED, DRC_WALK_BEGUN),
    {DRC_CONFIGURED, DRC_WALK_DONE, ALWAYS, DRC_CONFIGURED, RTAS_OK, DRC_THEN_REWIND},
    {DRC_CONFIGURED, DRC_WALK_LOST, ALWAYS, DRC_CONFIGURED, RTAS_OK, DRC_THEN_REWIND},
    {DRC_CONFIGURED, DRC_ASK_UNPLUG, ALWAYS, DRC_CONFIGURED, RTAS_OK, DRC_THEN_ASK},

    SAME(DRC_SLOT_OFF, DRC_SET_ISOLATED),
    {DRC_SLOT_OFF, DRC_ASK_UNPLUG, IF_PLUGGED, DRC_SLOT_POWERED, RTAS_OK, DRC_THEN_RELEASE},

    {DRC_SLOT_POWERED, DRC_SET_UNISOLATED, IF_PLUGGED, DRC_SLOT_UNISOLATED, RTAS_OK,
     DRC_THEN_REWIND},
    SAME(DRC_SLOT_POWERED, DRC_SET_ISOLATED),
    {DRC_SLOT_POWERED, DRC_ASK_UNPLUG, IF_PLUGGED, DRC_SLOT_POWERED, RTAS_OK, DRC_THEN_RELEASE},

    {DRC_SLOT_UNISOLATED, DRC_SET_UNISOLATED, IF_ASKED, DRC_SLOT_UNISOLATED, RTAS_OK,
     DRC_THEN_KEEP},
    SAME(DRC_SLOT_UNISOLATED, DRC_SET_UNISOLATED),
    SAME(DRC_SLOT_UNISOLATED, DRC_WALK_BEGUN),
    {DRC_SLOT_UNISOLATED, DRC_WALK_DONE, ALWAYS, DRC_SLOT_CONFIGURED, RTAS_OK, DRC_THEN_REWIND},
    {DRC_SLOT_UNISOLATED, DRC_WALK_LOST, ALWAYS, DRC_SLOT_POWERED, RTAS_OK, DRC_THEN_REWIND},
    {DRC_SLOT_UNISOLATED, DRC_ASK_UNPLUG, ALWAYS, DRC_SLOT_UNISOLATED, RTAS_OK, DRC_THEN_ASK},

    {DRC_SLOT_CONFIGURED, DRC_SET_UNISOLATED, IF_ASKED, DRC_SLOT_CONFIGURED, RTAS_OK,
     DRC_THEN_KEEP},
    SAME(DRC_SLOT_CONFIGURED, DRC_SET_UNISOLATED),
    {DRC_SLOT_CONFIGURED, DRC_SET_ISOLATED, IF_ASKED, DRC_SLOT_POWERED, RTAS_OK, DRC_THEN_RELEASE},
    {DRC_SLOT_CONFIGURED, DRC_SET_ISOLATED, ALWAYS, DRC_SLOT_POWERED, RTAS_OK, DRC_THEN_REWIND},
    SAME(DRC_SLOT_CONFIGURED, DRC_WALK_BEGUN),
    {DRC_SLOT_CONFIGURED, DRC_WALK_DONE, ALWAYS, DRC_SLOT_CONFIGURED, RTAS_OK, DRC_THEN_REWIND},
    {DRC_SLOT_CONFIGURED, DRC_WALK_LOST, ALWAYS, DRC_SLOT_CONFIGURED, RTAS_OK, DRC_THEN_REWIND},
    {DRC_SLOT_CONFIGURED, DRC_ASK_UNPLUG, ALWAYS, DRC_SLOT_CONFIGURED, RTAS_OK, DRC_THEN_ASK},
};

static gboolean
holds(Platform *platform, const Drc *drc, DrcIf only)
{
    const gboolean plugged = drc->own.plugged;
    const gboolean asked = drc->own.unplug_requested;

    switch (only) {
    case IF_OFFERED: return plugged && !asked;
    case IF_PLUGGED: return plugged;
    case IF_ASKED: return plugged && asked;
    case IF_RUNNING:
        return plugged && drc->klass->in_use != NULL && drc->klass->in_use(platform, drc);
    case IF_KEPT_LMB: return drc->own.index >> 28 == DRC_LMB && !asked;
    case ALWAYS: break;
    }
    return TRUE;
}

static const DrcRule *
rule_of(Platform *platform, const Drc *drc, DrcEvent event)
{
    for (guint i = 0; i < G_N_ELEMENTS(rules); i++) {
        if (rules[i].from == drc->own.state && rules[i].event == event &&
            holds(platform, drc, rules[i].only))
            return &rules[i];
    }
    return NULL;
}

void
drc_rewind(Drc *drc)
{
    g_clear_pointer(&drc->tree, g_free);
    drc->offset = 0;
    drc->own.walking = drc->own.arrived = FALSE;
    drc->own.depth = drc->own.ordinal = 0;
    drc->own.digest = 0;
}

void
drc_detach(Drc *drc)
{
    drc_rewind(drc);
    drc->klass = NULL;
    drc->device = NULL;
    drc->own.plugged = drc->own.unplug_requested = FALSE;
    drc->own.state = drc_empty_state(drc->own.index);
}

static void
release(Platform *platform, Drc *drc)
{
    drc_rewind(drc);
    drc->own.unplug_requested = TRUE;
    drc->klass->release(platform, drc);
}

static void
follow(Platform *platform, Drc *drc, DrcThen then)
{
    switch (then) {
    case DRC_THEN_REWIND: drc_rewind(drc); break;
    case DRC_THEN_ASK: drc->own.unplug_requested = TRUE; break;
    case DRC_THEN_RELEASE: release(platform, drc); break;
    case DRC_THEN_KEEP:
        drc->own.unplug_requested = FALSE;
        drc->klass->keep(platform, drc, "the guest has taken it back");
        break;
    case DRC_THEN_NOTHING: break;
    }
}

gint32
drc_happens(Platform *platform, Drc *drc, DrcEvent event, DrcThen *then)
{
    const DrcRule *rule = rule_of(platform, drc, event);

    if (then != NULL)
        *then = DRC_THEN_NOTHING;
    if (rule == NULL)
        return RTAS_PARAM_ERROR;
    if (rule->status != RTAS_OK)
        return rule->status;
    drc->own.state = rule->to;
    follow(platform, drc, rule->then);
    if (then != NULL)
        *then = rule->then;
    return RTAS_OK;
}

guint
drc_broken(const Drc *drc)
{
    const ConnectorState *own = &drc->own;
    const gboolean physical = drc_is_physical(own->index);
    const gboolean walkable = own->state == DRC_UNISOLATED || own->state == DRC_CONFIGURED ||
                              own->state == DRC_SLOT_UNISOLATED ||
                              own->state == DRC_SLOT_CONFIGURED;

    if (physical ? own->state < DRC_SLOT_OFF || own->state > DRC_SLOT_CONFIGURED
                 : own->state < DRC_UNUSABLE || own->state > DRC_CONFIGURED)
        return 1;
    if (own->plugged != (drc->klass != NULL) ||
        (!own->plugged &&
         (own->state != drc_empty_state(own->index) || own->unplug_requested || own->walking)))
        return 2;
    if (own->walking && !walkable)
        return 3;
    if (own->walking ? own->depth < 1 || own->depth > own->ordinal
                     : own->depth != 0 || own->ordinal != 0)
        return 4;
    if (drc->tree != NULL && !own->walking)
        return 5;
    return !physical && own->indicator != 0 ? 6 : 0;
}

/* --- Finding ------------------------------------------------------------- */

void
drcs_add(Drcs *drcs, DrcType type, guint32 first, guint32 step_shift, guint32 n)
{
    g_assert(drcs->n < DRC_RANGES && types[type].type != NULL);
    if (n == 0)
        return;
    g_assert(first + ((guint64)(n - 1) << step_shift) <= DRC_ID_MASK);
    drcs->ranges[drcs->n++] = (DrcRange){type, first, step_shift, n, g_new0(Drc *, n)};
}

void
drcs_finish(Drcs *drcs)
{
    for (guint r = 0; r < drcs->n; r++) {
        for (guint32 i = 0; i < drcs->ranges[r].n; i++) {
            if (drcs->ranges[r].drcs[i] != NULL)
                drc_rewind(drcs->ranges[r].drcs[i]);
            g_free(drcs->ranges[r].drcs[i]);
        }
        g_free(drcs->ranges[r].drcs);
    }
    *drcs = (Drcs){0};
}

static Drc *
new_drc(Platform *platform, guint32 index)
{
    Drc *drc = g_new0(Drc, 1);

    drc->own.index = index;
    drc->own.platform = platform;
    drc->own.state = drc_empty_state(index);
    return drc;
}

Drc *
drcs_find(Platform *platform, guint32 index)
{
    Drcs *drcs = &platform->drcs;
    const guint32 id = index & DRC_ID_MASK;

    for (guint r = 0; r < drcs->n; r++) {
        DrcRange *range = &drcs->ranges[r];
        const guint32 at = (id - range->first) >> range->step_shift;

        if (index >> 28 != range->type || id < range->first || at >= range->n ||
            range->first + (at << range->step_shift) != id)
            continue;
        if (range->drcs[at] == NULL)
            range->drcs[at] = new_drc(platform, index);
        return range->drcs[at];
    }
    return NULL;
}

const DrcRange *
drcs_range(const Drcs *drcs, DrcType type)
{
    for (guint r = 0; r < drcs->n; r++) {
        if (drcs->ranges[r].type == type)
            return &drcs->ranges[r];
    }
    return NULL;
}

/* Calls @visit for every connector that has been touched. */
static void
each(const Drcs *drcs, void (*visit)(Drc *drc, void *user), void *user)
{
    for (guint r = 0; r < drcs->n; r++) {
        for (guint32 i = 0; i < drcs->ranges[r].n; i++) {
            if (drcs->ranges[r].drcs[i] != NULL)
                visit(drcs->ranges[r].drcs[i], user);
        }
    }
}

/* --- Life ---------------------------------------------------------------- */

static gboolean
add_sections(Platform *platform, Drc *drc, GError **error)
{
    const VdevHost *host = platform_host(platform);
    const guint32 index = drc->own.index;

    if (drc->has_sections || !vdev_host_keeps_state(host))
        return TRUE;
    if (!host->state_add(host, NULL, index, &state_drc, &drc->own, error))
        return FALSE;
    if (drc_is_physical(index) &&
        !host->state_add(host, NULL, index, &state_drc_physical, &drc->own, error)) {
        host->state_remove(host, &drc->own);
        return FALSE;
    }
    drc->has_sections = TRUE;
    return TRUE;
}

static void
remove_sections(Drc *drc, void *host)
{
    if (drc->has_sections)
        ((const VdevHost *)host)->state_remove(host, &drc->own);
    drc->has_sections = FALSE;
}

void
drcs_remove_sections(Drcs *drcs, const VdevHost *host)
{
    each(drcs, remove_sections, (void *)host);
}

gboolean
drc_attach(Platform *platform, Drc *drc, const DrcDevice *klass, void *device, gboolean ready,
           GError **error)
{
    g_assert(!drc->own.plugged);
    if (!add_sections(platform, drc, error))
        return FALSE;
    drc->klass = klass;
    drc->device = device;
    drc->own.plugged = TRUE;
    drc->own.state = ready ? drc_ready_state(drc->own.index) : drc_empty_state(drc->own.index);
    return TRUE;
}

static void
reset_one(Drc *drc, void *platform)
{
    const gboolean stays = drc->own.plugged && !drc->own.unplug_requested;

    drc_rewind(drc);
    drc->own.state = stays ? drc_ready_state(drc->own.index) : drc_empty_state(drc->own.index);
    if (drc->own.unplug_requested)
        release(platform, drc);
    drc->own.indicator = drc_is_physical(drc->own.index) && drc->own.plugged;
}

void
drcs_reset(Platform *platform)
{
    each(&platform->drcs, reset_one, platform);
}

static void
arrive(Drc *drc, void *context)
{
    vms_remember(context, &drc->own.arrived, sizeof(drc->own.arrived));
    drc->own.arrived = drc->own.plugged && !drc->own.walking;
}

void
drcs_arrived(Drcs *drcs, const VmsContext *context)
{
    each(drcs, arrive, (void *)context);
}

static void
note_busy(Drc *drc, void *text)
{
    char **words = text;

    if (drc->own.walking && *words == NULL) {
        g_autofree char *name = drc_name(drc->own.index);

        *words = g_strdup_printf("connector 0x%08x (%s): the guest is in the middle of "
                                 "ibm,configure-connector",
                                 drc->own.index, name);
    }
}

char *
drcs_busy(const Drcs *drcs)
{
    char *words = NULL;

    each(drcs, note_busy, &words);
    return words;
}
