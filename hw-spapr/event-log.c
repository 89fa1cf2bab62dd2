/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Error-log records, put together section by section.
 */
#include "hw-spapr/event-log.h"

#include <string.h>

#include "hw-spapr/rtc.h"
#include "vdev/bits.h"

typedef struct {
    guint8 *bytes;
    guint32 at; /* next byte */
} LogWriter;

static void
put_bytes(LogWriter *out, const void *bytes, guint32 n)
{
    memcpy(out->bytes + out->at, bytes, n);
    out->at += n;
}

static void
put_u8(LogWriter *out, guint8 value)
{
    put_bytes(out, &value, 1);
}

static void
put_u16(LogWriter *out, guint16 value)
{
    const be16 word = be16_make(value);

    put_bytes(out, &word, sizeof(word));
}

static void
put_u32(LogWriter *out, guint32 value)
{
    const be32 word = be32_make(value);

    put_bytes(out, &word, sizeof(word));
}

static void
put_u64(LogWriter *out, guint64 value)
{
    const be64 word = be64_make(value);

    put_bytes(out, &word, sizeof(word));
}

static void
put_zeros(LogWriter *out, guint32 n)
{
    memset(out->bytes + out->at, 0, n);
    out->at += n;
}

/* Identifier, length, version, subtype, creator component. */
static void
put_section(LogWriter *out, const char id[2], guint16 length, guint8 version)
{
    put_bytes(out, id, 2);
    put_u16(out, length);
    put_u8(out, version);
    put_u8(out, 0);
    put_u16(out, 0);
}

static guint8
bcd(guint32 value)
{
    return (guint8)(value / 10 % 10 << 4 | value % 10);
}

#define HEAD_VALID_NEW_BE 0x86
#define HEAD_PLATFORM_LOG 0x8e /* format 14, IBM's, valid */

static void
put_head(LogWriter *out)
{
    put_u8(out, HEAD_VALID_NEW_BE);
    put_u8(out, 0);
    put_u8(out, HEAD_PLATFORM_LOG);
    put_zeros(out, 9);
    put_bytes(out, "IBM", 4);
}

static void
put_main_a(LogWriter *out, gint64 time_ns, guint8 n_sections)
{
    RtcTime now = rtc_split(time_ns);

    put_section(out, "PH", EVENT_LOG_MAIN_A_SIZE, 1);
    put_u8(out, bcd(now.year / 100));
    put_u8(out, bcd(now.year % 100));
    put_u8(out, bcd(now.month));
    put_u8(out, bcd(now.day));
    put_u8(out, bcd(now.hour));
    put_u8(out, bcd(now.minute));
    put_u8(out, bcd(now.second));
    put_u8(out, 0); /* hundredths */
    put_zeros(out, 8);
    put_u8(out, 'H'); /* created by the hypervisor */
    put_zeros(out, 2);
    put_u8(out, n_sections);
    put_zeros(out, 4 + 8);
    put_u32(out, 0); /* platform log id: the record stands alone */
    put_zeros(out, 4);
}

#define SUBSYSTEM_ENVIRONMENT   0xa0
#define SEVERITY_INFORMATIONAL  0x00
#define SUBTYPE_NORMAL_SHUTDOWN 0xd0

static void
put_main_b(LogWriter *out, guint8 subsystem, guint8 severity, guint8 subtype)
{
    put_section(out, "UH", EVENT_LOG_MAIN_B_SIZE, 1);
    put_u8(out, subsystem);
    put_u8(out, 0);
    put_u8(out, severity);
    put_u8(out, subtype);
    put_zeros(out, 4 + 2);
    put_u16(out, 0); /* no action */
    put_zeros(out, 4);
}

#define EPOW_SYSTEM_SHUTDOWN 3
#define EPOW_NORMAL          1 /* not on battery, no failure */
#define EPOW_SYSTEM_WIDE     0

static void
put_epow(LogWriter *out, guint8 action, guint8 modifier)
{
    put_section(out, "EP", EVENT_LOG_EPOW_SIZE, 2);
    put_u8(out, action);
    put_u8(out, modifier);
    put_u8(out, EPOW_SYSTEM_WIDE);
    put_zeros(out, 1 + 8); /* no platform-specific reason */
}

void
event_log_power_off(guint8 bytes[EVENT_LOG_POWER_OFF_SIZE], gint64 time_ns)
{
    LogWriter out = {bytes, 0};

    put_head(&out);
    put_main_a(&out, time_ns, 3);
    put_main_b(&out, SUBSYSTEM_ENVIRONMENT, SEVERITY_INFORMATIONAL, SUBTYPE_NORMAL_SHUTDOWN);
    put_epow(&out, EPOW_SYSTEM_SHUTDOWN, EPOW_NORMAL);
    g_assert(out.at == EVENT_LOG_POWER_OFF_SIZE);
}

static void
put_hotplug(LogWriter *out, const EventHotplug *what)
{
    put_section(out, "HP", EVENT_LOG_HOTPLUG_SIZE - EVENT_LOG_EPOW_OFFSET, 1);
    put_u8(out, what->resource);
    put_u8(out, what->action);
    put_u8(out, what->kind);
    put_u8(out, 0);
    put_u32(out, what->kind == EVENT_HOTPLUG_INDEX ? what->index : what->count);
    put_u32(out, what->kind == EVENT_HOTPLUG_COUNT_INDEXED ? what->index : 0);
}

#define SUBSYSTEM_MEMORY    0x20
#define SUBSYSTEM_PROCESSOR 0x10

void
event_log_hotplug(guint8 bytes[EVENT_LOG_HOTPLUG_SIZE], gint64 time_ns, const EventHotplug *what)
{
    LogWriter out = {bytes, 0};

    put_head(&out);
    put_main_a(&out, time_ns, 3);
    put_main_b(&out, what->resource == EVENT_HOTPLUG_CPU ? SUBSYSTEM_PROCESSOR : SUBSYSTEM_MEMORY,
               SEVERITY_INFORMATIONAL, 0);
    put_hotplug(&out, what);
    g_assert(out.at == EVENT_LOG_HOTPLUG_SIZE);
}

#define CHECK_SUMMARY       0x06040000u /* version 6, more bytes follow */
#define CHECK_NOT_RECOVERED 0x00100000u
#define CHECK_ERROR_SYNC    0x00600000u /* severity */
#define CHECK_BY_PROCESSOR  0x00001000u

/* Whether the address below counts: a bit of the subtype, another one for memory. */
static guint8
address_flag(const EventCheck *check)
{
    if (!check->known || !check->has_address)
        return 0;
    return check->type == EVENT_CHECK_MEMORY ? 0x40 : 0x80;
}

static void
put_check(LogWriter *out, const EventCheck *check)
{
    put_section(out, "MC", EVENT_LOG_CHECK_SIZE - EVENT_LOG_HEAD_SIZE, 1);
    put_zeros(out, 4 + 4); /* which part and which processor: not the guest's business */
    put_u8(out, check->type);
    put_u8(out, check->subtype | address_flag(check));
    put_zeros(out, 6);
    put_u64(out, check->has_address ? check->address : 0);
    put_zeros(out, 8); /* the logical address is not known */
}

void
event_log_machine_check(guint8 *bytes, const EventCheck *check)
{
    LogWriter out = {bytes, 0};
    guint32 summary = CHECK_SUMMARY | CHECK_BY_PROCESSOR;

    if (!check->recovered)
        summary |= CHECK_NOT_RECOVERED;
    if (check->known)
        summary |= CHECK_ERROR_SYNC;
    put_u32(&out, summary);
    put_u32(&out, EVENT_LOG_CHECK_SIZE);
    put_head(&out);
    put_check(&out, check);
    g_assert(out.at == EVENT_CHECK_SIZE);
}

guint32
event_log_epow_action(const guint8 *bytes, guint32 length)
{
    if (length < EVENT_LOG_POWER_OFF_SIZE || memcmp(bytes + EVENT_LOG_EPOW_OFFSET, "EP", 2) != 0)
        return 0;
    return bytes[EVENT_LOG_EPOW_OFFSET + 8] & 0x0f;
}
