/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The bytes of error-log records, version 6: big-endian, as the guest reads them.
 *
 * Source: LoPAR, "Platform Event Log Format, Version 6": Main-A, Main-B and EPOW sections.
 */
#ifndef HW_SPAPR_EVENT_LOG_H
#define HW_SPAPR_EVENT_LOG_H

#include <glib.h>

#define EVENT_TYPE_EPOW    0x40u
#define EVENT_TYPE_HOTPLUG 0xe5u

/* Version 6, severity "event", not recovered, more bytes follow. */
#define EVENT_SUMMARY_BASE      0x06340000u
#define EVENT_SUMMARY_POWER_OFF (EVENT_SUMMARY_BASE | EVENT_TYPE_EPOW)

#define EVENT_LOG_HEAD_SIZE      16u
#define EVENT_LOG_MAIN_A_SIZE    48u
#define EVENT_LOG_MAIN_B_SIZE    24u
#define EVENT_LOG_EPOW_SIZE      20u
#define EVENT_LOG_EPOW_OFFSET    (EVENT_LOG_HEAD_SIZE + EVENT_LOG_MAIN_A_SIZE + EVENT_LOG_MAIN_B_SIZE)
#define EVENT_LOG_POWER_OFF_SIZE (EVENT_LOG_EPOW_OFFSET + EVENT_LOG_EPOW_SIZE)

/**
 * event_log_power_off: fills @bytes with the record that asks a guest to shut down in order.
 * @time_ns: the guest's clock, ns since 1970 UTC
 */
void event_log_power_off(guint8 bytes[EVENT_LOG_POWER_OFF_SIZE], gint64 time_ns);

/* A hot-plug record: what (LoPAR, HP section), add or remove, and which. */
enum {
    EVENT_HOTPLUG_CPU = 1,
    EVENT_HOTPLUG_MEMORY = 2,
    EVENT_HOTPLUG_ADD = 1,
    EVENT_HOTPLUG_REMOVE = 2,
    EVENT_HOTPLUG_INDEX = 2,         /* one connector */
    EVENT_HOTPLUG_COUNT = 3,         /* as many as that, whichever */
    EVENT_HOTPLUG_COUNT_INDEXED = 4, /* as many as that, from one on */
};

typedef struct {
    guint8 resource, action, kind;
    guint32 count; /* of COUNT, COUNT_INDEXED */
    guint32 index; /* of INDEX, COUNT_INDEXED */
} EventHotplug;

#define EVENT_SUMMARY_HOTPLUG  (EVENT_SUMMARY_BASE | 0x6000u | EVENT_TYPE_HOTPLUG)
#define EVENT_LOG_HOTPLUG_SIZE (EVENT_LOG_EPOW_OFFSET + 20u)

/** event_log_hotplug: fills @bytes with the record of @what. @time_ns as above. */
void
event_log_hotplug(guint8 bytes[EVENT_LOG_HOTPLUG_SIZE], gint64 time_ns, const EventHotplug *what);

/* A machine check: which kind, by LoPAR's numbers (MC section), and where. */
enum {
    EVENT_CHECK_MEMORY = 0, /* an uncorrectable error */
    EVENT_CHECK_SLB = 1,
    EVENT_CHECK_ERAT = 2,
    EVENT_CHECK_TLB = 4,
    EVENT_CHECK_MEMORY_FETCH = 1,
    EVENT_CHECK_MEMORY_WALK_FETCH = 2,
    EVENT_CHECK_MEMORY_ACCESS = 3,
    EVENT_CHECK_MEMORY_WALK_ACCESS = 4,
    EVENT_CHECK_SLB_PARITY = 0,
    EVENT_CHECK_SLB_MULTIHIT = 1,
    EVENT_CHECK_ERAT_MULTIHIT = 2,
    EVENT_CHECK_TLB_MULTIHIT = 2,
};

typedef struct {
    gboolean recovered; /* no harm is left */
    gboolean known;     /* else nothing below counts */
    guint8 type, subtype;
    gboolean has_address;
    guint64 address; /* effective */
} EventCheck;

/* The two words that stand before a record are part of this one. */
#define EVENT_LOG_CHECK_SIZE (EVENT_LOG_HEAD_SIZE + 40u)
#define EVENT_CHECK_SIZE     (8u + EVENT_LOG_CHECK_SIZE)

/** event_log_machine_check: fills @bytes, EVENT_CHECK_SIZE, with summary, length and record. */
void event_log_machine_check(guint8 *bytes, const EventCheck *check);

/** event_log_epow_action: the action code of an EPOW record (3: shut down); 0 if it is not one. */
guint32 event_log_epow_action(const guint8 *bytes, guint32 length);

#endif
