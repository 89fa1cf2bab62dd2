/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Events for the guest's operating system: error-log records that wait until check-exception
 * fetches them, and the interrupts that announce them.
 *
 * A record is kept as the migration stream carries it: a summary word, and the bytes after it.
 * Source: LoPAR check-exception, event-scan and the error-log format, version 6.
 */
#ifndef HW_SPAPR_EVENTS_H
#define HW_SPAPR_EVENTS_H

#include <glib.h>

#include "hw-spapr/event-log.h"

typedef struct Platform Platform;

/* A class of events: its bit in the mask of check-exception, its interrupt, its node. */
typedef struct {
    guint32 mask;
    guint32 lisn;
    guint8 type;      /* low byte of the summary word */
    const char *node; /* below /event-sources */
} EventClass;

#define EVENT_CLASSES 2
extern const EventClass event_classes[EVENT_CLASSES];

typedef struct {
    guint32 summary;
    guint32 length; /* of bytes */
    guint8 *bytes;
} EventLog;

#define EVENT_LENGTH_MAX 65536u /* bytes of one record, in a stream */
#define EVENTS_MAX       4096u  /* records in the queue; also the bound of a stream's */

typedef struct {
    GQueue logs; /* EventLog, oldest first */
} EventQueue;

void events_init(EventQueue *events);

/** events_clear: drops all. Zero-safe. */
void events_clear(EventQueue *events);

/** events_log_free: frees an EventLog. */
void events_log_free(void *log);

/**
 * events_push: appends @summary and @length @bytes (copied) and announces it. A full queue drops
 * it with a warning.
 */
void events_push(Platform *platform, guint32 summary, const guint8 *bytes, guint32 length);

/** events_power_off: asks the guest to shut down. A request that still waits is announced again. */
void events_power_off(Platform *platform);

/** events_hotplug: tells the guest of @what. */
void events_hotplug(Platform *platform, const EventHotplug *what);

/** events_epow_sensor: the action that the oldest waiting EPOW record asks for; 0: none. */
guint32 events_epow_sensor(const EventQueue *events);

/** events_pulse: announces again every class with a record that matches @mask. */
void events_pulse(Platform *platform, guint32 mask);

#endif
