/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The clock, over GLib's calendar.
 */
#include "hw-spapr/rtc.h"

#include "hw-spapr/platform.h"

#define NS_PER_SECOND G_GINT64_CONSTANT(1000000000)

gint64
rtc_now_ns(const Rtc *rtc, const VdevHost *host)
{
    gint64 now;

    return __builtin_add_overflow(host->wall_clock_ns(host), rtc->ns_offset, &now) ? 0 : now;
}

RtcTime
rtc_split(gint64 time_ns)
{
    gint64 ns = time_ns % NS_PER_SECOND;
    gint64 seconds = time_ns / NS_PER_SECOND;
    g_autoptr(GDateTime) date = NULL;

    if (ns < 0) {
        ns += NS_PER_SECOND;
        seconds--;
    }
    /* 64 bits of ns are years 1677 to 2262: GLib has a date for each. */
    date = g_date_time_new_from_unix_utc(seconds);
    g_assert(date != NULL);
    return (RtcTime){
        .year = (guint32)g_date_time_get_year(date),
        .month = (guint32)g_date_time_get_month(date),
        .day = (guint32)g_date_time_get_day_of_month(date),
        .hour = (guint32)g_date_time_get_hour(date),
        .minute = (guint32)g_date_time_get_minute(date),
        .second = (guint32)g_date_time_get_second(date),
        .ns = (guint32)ns,
    };
}

/* Guests give any 32-bit numbers; GLib wants small ones. */
static gboolean
in_range(const RtcTime *time)
{
    return time->year >= 1 && time->year <= 9999 && time->month <= 12 && time->day <= 31 &&
           time->hour < 24 && time->minute < 60 && time->second < 60 && time->ns < NS_PER_SECOND;
}

gboolean
rtc_join(const RtcTime *time, gint64 *time_ns)
{
    g_autoptr(GDateTime) date = NULL;
    gint64 ns;

    if (!in_range(time))
        return FALSE;
    date = g_date_time_new_utc((gint)time->year, (gint)time->month, (gint)time->day,
                               (gint)time->hour, (gint)time->minute, time->second);
    if (date == NULL || __builtin_mul_overflow(g_date_time_to_unix(date), NS_PER_SECOND, &ns))
        return FALSE;
    return !__builtin_add_overflow(ns, (gint64)time->ns, time_ns);
}

/* {} → {status, year, month, day, hour, minute, second, ns} */
gint32
rtas_get_time_of_day(void *owner, VdevVcpu *vcpu, VdevRtasCall *call)
{
    Platform *platform = owner;
    RtcTime now = rtc_split(rtc_now_ns(&platform->rtc, platform_host(platform)));

    call->rets[1] = now.year;
    call->rets[2] = now.month;
    call->rets[3] = now.day;
    call->rets[4] = now.hour;
    call->rets[5] = now.minute;
    call->rets[6] = now.second;
    call->rets[7] = now.ns;
    return RTAS_OK;
}

/* {year, month, day, hour, minute, second, ns} */
gint32
rtas_set_time_of_day(void *owner, VdevVcpu *vcpu, VdevRtasCall *call)
{
    Platform *platform = owner;
    const VdevHost *host = platform_host(platform);
    const guint32 *args = call->args;
    const RtcTime time = {args[0], args[1], args[2], args[3], args[4], args[5], args[6]};
    gint64 ns;
    gint64 offset;

    if (!rtc_join(&time, &ns) || __builtin_sub_overflow(ns, host->wall_clock_ns(host), &offset))
        return RTAS_PARAM_ERROR;
    platform->rtc.ns_offset = offset;
    return RTAS_OK;
}
