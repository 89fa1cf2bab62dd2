/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guest's time of day: the host's wall clock and an offset, which the guest sets.
 *
 * Source: LoPAR get-time-of-day, set-time-of-day.
 */
#ifndef HW_SPAPR_RTC_H
#define HW_SPAPR_RTC_H

#include "vdev/host.h"

typedef struct {
    gint64 ns_offset; /* guest − host; outlives a reset */
} Rtc;

/* Coordinated universal time; month and day count from 1. */
typedef struct {
    guint32 year, month, day, hour, minute, second, ns;
} RtcTime;

/** rtc_now_ns: the guest's clock, ns since 1970 UTC. */
gint64 rtc_now_ns(const Rtc *rtc, const VdevHost *host);

/** rtc_split: @time_ns (since 1970 UTC, before or after it) in calendar terms. */
RtcTime rtc_split(gint64 time_ns);

/** rtc_join: the opposite. FALSE for what is no date, or none that ns of 64 bits can count. */
gboolean rtc_join(const RtcTime *time, gint64 *time_ns);

#endif
