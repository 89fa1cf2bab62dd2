/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The event queue, check-exception and event-scan.
 *
 * Not here: the bytes of a record (event-log.c).
 */
#include "hw-spapr/events.h"

#include <string.h>

#include "hw-spapr/event-log.h"
#include "hw-spapr/irq.h"
#include "hw-spapr/platform.h"
#include "vdev/bits.h"

const EventClass event_classes[EVENT_CLASSES] = {
    {IBM_BIT32(1), IRQ_EPOW, EVENT_TYPE_EPOW, "epow-events"},
    {IBM_BIT32(3), IRQ_HOTPLUG, EVENT_TYPE_HOTPLUG, "hot-plug-events"},
};

/* A guest that has not agreed to a source of their own gets hot-plug events as EPOW's. */
static const EventClass *
class_of(const Platform *platform, const EventLog *log)
{
    const gboolean shared = (platform->cas.agreed.bytes[OV5_EVENTS_BYTE] & OV5_EVENTS_HOTPLUG) == 0;
    const guint32 type = log->summary & 0xff;

    for (guint i = 0; i < EVENT_CLASSES; i++) {
        if (event_classes[i].type == type)
            return &event_classes[type == EVENT_TYPE_HOTPLUG && shared ? 0 : i];
    }
    return NULL;
}

void
events_log_free(void *data)
{
    EventLog *log = data;

    g_free(log->bytes);
    g_free(log);
}

void
events_init(EventQueue *events)
{
    g_queue_init(&events->logs);
}

void
events_clear(EventQueue *events)
{
    g_queue_clear_full(&events->logs, events_log_free);
}

static GList *
first_match(const Platform *platform, guint32 mask)
{
    for (GList *link = platform->events.logs.head; link != NULL; link = link->next) {
        const EventClass *klass = class_of(platform, link->data);

        if (klass != NULL && (klass->mask & mask) != 0)
            return link;
    }
    return NULL;
}

void
events_pulse(Platform *platform, guint32 mask)
{
    for (guint i = 0; i < EVENT_CLASSES; i++) {
        if (first_match(platform, event_classes[i].mask & mask) != NULL)
            xive_pulse(platform->xive, event_classes[i].lisn);
    }
}

void
events_push(Platform *platform, guint32 summary, const guint8 *bytes, guint32 length)
{
    EventLog *log = NULL;

    if (platform->events.logs.length >= EVENTS_MAX) {
        vdev_log(platform_host(platform), VDEV_LOG_WARNING,
                 "event for the guest dropped: %u wait, it fetches none", EVENTS_MAX);
        return;
    }
    log = g_new0(EventLog, 1);
    *log = (EventLog){summary, length, g_memdup2(bytes, length)};
    g_queue_push_tail(&platform->events.logs, log);
    events_pulse(platform, class_of(platform, log) != NULL ? class_of(platform, log)->mask : 0);
}

static const EventLog *
epow_of(const EventQueue *events)
{
    for (const GList *link = events->logs.head; link != NULL; link = link->next) {
        const EventLog *log = link->data;

        if ((log->summary & 0xff) == EVENT_TYPE_EPOW)
            return log;
    }
    return NULL;
}

void
events_power_off(Platform *platform)
{
    const VdevHost *host = platform_host(platform);
    guint8 bytes[EVENT_LOG_POWER_OFF_SIZE];

    if (epow_of(&platform->events) != NULL) {
        events_pulse(platform, event_classes[0].mask);
        return;
    }
    event_log_power_off(bytes, rtc_now_ns(&platform->rtc, host));
    events_push(platform, EVENT_SUMMARY_POWER_OFF, bytes, sizeof(bytes));
}

void
events_hotplug(Platform *platform, const EventHotplug *what)
{
    guint8 bytes[EVENT_LOG_HOTPLUG_SIZE];
    EventHotplug sent = *what;

    /* As QEMU words it to a guest that knows less: how many, whichever. */
    if (sent.kind == EVENT_HOTPLUG_COUNT_INDEXED &&
        (platform->cas.agreed.bytes[OV5_EVENTS_BYTE] & OV5_EVENTS_HOTPLUG) == 0)
        sent.kind = EVENT_HOTPLUG_COUNT;
    event_log_hotplug(bytes, rtc_now_ns(&platform->rtc, platform_host(platform)), &sent);
    hotplug_pause_arm(platform);
    events_push(platform, EVENT_SUMMARY_HOTPLUG, bytes, sizeof(bytes));
}

guint32
events_epow_sensor(const EventQueue *events)
{
    const EventLog *log = epow_of(events);

    return log != NULL ? event_log_epow_action(log->bytes, log->length) : 0;
}

/* Summary, length and bytes of @log, as far as @room bytes hold them. */
static gboolean
deliver(const VdevHost *host, const EventLog *log, guint64 gpa, guint32 room)
{
    g_autoptr(GByteArray) out = g_byte_array_new();
    const be32 head[] = {be32_make(log->summary), be32_make(log->length)};

    g_byte_array_append(out, (const guint8 *)head, sizeof(head));
    g_byte_array_append(out, log->bytes, log->length);
    return host->guest_write(host, gpa, out->data, MIN(room, out->len));
}

/* {vector, information, event mask, critical, buffer, length[, more information]} */
gint32
rtas_check_exception(void *owner, VdevVcpu *vcpu, VdevRtasCall *call)
{
    Platform *platform = owner;
    EventQueue *events = &platform->events;
    GList *link = first_match(platform, call->args[2]);

    if (link == NULL)
        return RTAS_NO_EVENT;
    if (!deliver(platform_host(platform), link->data, call->args[4], call->args[5]))
        return RTAS_PARAM_ERROR;
    events_log_free(link->data);
    g_queue_delete_link(&events->logs, link);
    events_pulse(platform, call->args[2]);
    return RTAS_OK;
}

/* {event mask, critical, buffer, length}. Hands nothing out: Linux' polling daemon would only log
 * what the interrupt handler acts on. It announces what waits instead. */
gint32
rtas_event_scan(void *owner, VdevVcpu *vcpu, VdevRtasCall *call)
{
    events_pulse(owner, call->args[0]);
    return RTAS_NO_EVENT;
}
