/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Dynamic reconfiguration connectors: the places where something can be plugged, and in which state
 * each is between platform and guest.
 *
 *     logical (CPU, PHB, LMB, PMEM)                physical (PCI)
 *
 *     1 unusable ──usable──▶ 2 available           6 powered ──unisolate──▶ 7 unisolated
 *       ▲  ▲────unusable────  │      ▲               ▲  ▲                       │
 *       │                unisolate   │lost           │  └──────lost─────────────┤
 *     reset                   ▼      │             isolate                      │
 *       │                3 unisolated┘               │                      walk done
 *       │                     │walk done             │                          ▼
 *       └──isolate to 2── 4 configured               └─────────────────── 8 configured
 *
 * Invariants, held between any two calls (drc_broken()):
 *   DRC-1  The state is one of the connector's class.
 *   DRC-2  Where nothing is plugged the state is the empty one, nothing was asked, nothing walked.
 *   DRC-3  A walk is under way only in states 3, 4, 7 and 8.
 *   DRC-4  A walk under way has a place: 1 ≤ depth ≤ ordinal.
 *   DRC-5  A tree is kept only while it is walked.
 *   DRC-6  Only a physical connector has an indicator.
 *
 * A connector costs a pointer until it is plugged into or touched by the guest. Not here: what is
 * plugged (DrcDevice; hotplug.c), the walk (connector.c), the wire (state-drc.c).
 * Source: LoPAR, "Dynamic Reconfiguration"; indexes, names and types are QEMU's.
 */
#ifndef HW_SPAPR_DRC_H
#define HW_SPAPR_DRC_H

#include "hw-spapr/state.h"
#include "hw-spapr/tree.h"
#include "vdev/host.h"

/* The upper four bits of an index. */
typedef enum {
    DRC_CPU = 1,
    DRC_PHB = 2,
    DRC_PCI = 4,
    DRC_LMB = 8,
    DRC_PMEM = 9,
} DrcType;

#define DRC_INDEX(type, id) ((guint32)(type) << 28 | (id))
#define DRC_ID_MASK         0x0fffffffu

/* As the stream has them. */
enum {
    DRC_UNUSABLE = 1,
    DRC_AVAILABLE = 2,
    DRC_UNISOLATED = 3,
    DRC_CONFIGURED = 4,
    DRC_SLOT_OFF = 5, /* of LoPAR; no platform uses it */
    DRC_SLOT_POWERED = 6,
    DRC_SLOT_UNISOLATED = 7,
    DRC_SLOT_CONFIGURED = 8,
};

/* What can happen to a connector. */
typedef enum {
    DRC_SET_USABLE, /* the guest's, by set-indicator */
    DRC_SET_UNUSABLE,
    DRC_SET_UNISOLATED,
    DRC_SET_ISOLATED,
    DRC_WALK_BEGUN, /* ibm,configure-connector */
    DRC_WALK_DONE,
    DRC_WALK_LOST,
    DRC_ASK_UNPLUG, /* the platform's */
    DRC_EVENT_N
} DrcEvent;

/* What a transition has to be followed by. */
typedef enum {
    DRC_THEN_NOTHING,
    DRC_THEN_REWIND,  /* the next walk begins at the root */
    DRC_THEN_ASK,     /* the guest has to be asked */
    DRC_THEN_RELEASE, /* the guest, or a reset, let go of what is plugged */
    DRC_THEN_KEEP,    /* the guest takes it back although it was asked to let go */
} DrcThen;

typedef struct Drc Drc;

/* What is plugged, as far as a connector has to do with it. */
typedef struct {
    /* Whether the guest uses it, so that it may not be taken now. */
    gboolean (*in_use)(Platform *platform, const Drc *drc);
    /* The tree whose root's only child the guest gets; (transfer full). NULL: no memory for it. */
    void *(*tree)(Platform *platform, const Drc *drc);
    /* After DRC_THEN_RELEASE. Calls drc_detach() now, or when other connectors have let go too:
     * until then the guest is not offered it again. */
    void (*release)(Platform *platform, Drc *drc);
    /* After DRC_THEN_KEEP. */
    void (*keep)(Platform *platform, Drc *drc, const char *reason);
} DrcDevice;

struct Drc {
    ConnectorState own;     /* first: the object of its sections */
    const DrcDevice *klass; /* NULL: empty */
    void *device;           /* the class's */
    void *tree;             /* being walked */
    gint32 offset;          /* libfdt's, of the tag that is next in @tree */
    gboolean has_sections;
};
G_STATIC_ASSERT(sizeof(Drc) < 128);

/* Connectors of one type, ids first, first + step, … */
typedef struct {
    DrcType type;
    guint32 first, step_shift, n;
    Drc **drcs; /* [n]; NULL: empty, and never touched */
} DrcRange;

#define DRC_RANGES 8u

typedef struct {
    DrcRange ranges[DRC_RANGES];
    guint n;
} Drcs;

/** drcs_add: @n connectors of @type with the ids @first + i << @step_shift. */
void drcs_add(Drcs *drcs, DrcType type, guint32 first, guint32 step_shift, guint32 n);

/** drcs_finish: frees all; their sections must have been removed. Zero-safe. */
void drcs_finish(Drcs *drcs);

/** drcs_remove_sections: takes their sections out. Zero-safe. */
void drcs_remove_sections(Drcs *drcs, const VdevHost *host);

/** drcs_find: the connector @index, or NULL if there is none. O(1). */
Drc *drcs_find(Platform *platform, guint32 index);

/** drcs_range: the connectors of @type, or NULL. The first of several ranges. */
const DrcRange *drcs_range(const Drcs *drcs, DrcType type);

/** drcs_reset: every connector as after power-on; what was asked for is let go. */
void drcs_reset(Platform *platform);

/** drcs_arrived: a migration brought the machine: walks that came without a place are marked. */
void drcs_arrived(Drcs *drcs, const VmsContext *context);

/** drcs_busy: which connector is walked, in words, or NULL. (transfer full) */
char *drcs_busy(const Drcs *drcs);

/** drcs_write: ibm,drc-indexes, -names, -types, -power-domains of @types, in a node's properties.
 * @types: a mask of 1 << DrcType. Nothing if there are none. */
void drcs_write(const Drcs *drcs, guint32 types, TreeWriter *tree);

/**
 * drc_attach: @device of @klass into the empty connector @drc; @ready: as part of the machine that
 * the guest knows, else for it to find.
 *
 * Fails only if its sections cannot be registered; then nothing has changed.
 */
gboolean drc_attach(Platform *platform, Drc *drc, const DrcDevice *klass, void *device,
                    gboolean ready, GError **error);

/** drc_detach: empties @drc, in whatever state it is. */
void drc_detach(Drc *drc);

/**
 * drc_happens: @event, and what has to follow it, except DRC_THEN_ASK.
 * @then: what followed; or NULL
 *
 * Returns: an RTAS status. Other than RTAS_OK: nothing has changed.
 */
gint32 drc_happens(Platform *platform, Drc *drc, DrcEvent event, DrcThen *then);

/** drc_rewind: forgets the walk. */
void drc_rewind(Drc *drc);

/** drc_ready_state, drc_empty_state: of the class of connector @index. */
guint32 drc_ready_state(guint32 index);
guint32 drc_empty_state(guint32 index);
gboolean drc_is_physical(guint32 index);

/** drc_name: "LMB 4": for people and the guest. */
char *drc_name(guint32 index);

/** drc_type_name: "MEM": as ibm,drc-types has it; NULL: no such type. drc_name_prefix: "LMB ". */
const char *drc_type_name(DrcType type);
const char *drc_name_prefix(DrcType type);

/** drc_broken: the number of the first invariant that @drc breaks, or 0. */
guint drc_broken(const Drc *drc);

/* RTAS set-indicator and get-sensor-state, types 9001 to 9003. */
gint32 drc_set_isolation(Platform *platform, guint32 index, guint32 value);
gint32 drc_set_indicator(Platform *platform, guint32 index, guint32 value);
gint32 drc_set_allocation(Platform *platform, guint32 index, guint32 value);
gint32 drc_get_sense(Platform *platform, guint32 index, guint32 *value);

#endif
