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

/** event_log_epow_action: the action code of an EPOW record (3: shut down); 0 if it is not one. */
guint32 event_log_epow_action(const guint8 *bytes, guint32 length);

#endif
