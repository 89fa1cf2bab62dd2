/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What query-migrate answers, for people (see the header).
 */
#include "tools/ctl-progress.h"

#include <stdlib.h>

#define DEVICES_SHOWN 8u /* the slowest */

static guint64
number(const json_t *object, const char *name)
{
    return (guint64)MAX(json_integer_value(json_object_get(object, name)), 0);
}

void
progress_size(GString *text, guint64 bytes)
{
    static const char *const units[] = {"bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    double value = (double)bytes;
    guint unit = 0;

    for (; value >= 1000 && unit + 1 < G_N_ELEMENTS(units); unit++)
        value /= 1024;
    g_string_append_printf(text, unit == 0 || value >= 100 ? "%.0f %s" : "%.1f %s", value,
                           units[unit]);
}

static void
append_ms(GString *text, guint64 ms)
{
    if (ms < 1000)
        g_string_append_printf(text, "%u ms", (guint)ms);
    else if (ms < 120 * 1000)
        g_string_append_printf(text, "%.1f s", (double)ms / 1000);
    else
        g_string_append_printf(text, "%" G_GUINT64_FORMAT " min %u s", ms / 60000,
                               (guint)(ms / 1000 % 60));
}

/* How much of memory is at the other side as it is here, 0 to 1. */
static double
share_done(const json_t *ram)
{
    guint64 total = number(ram, "total"), left = MIN(number(ram, "remaining"), total);

    return total == 0 ? 0 : (double)(total - left) / (double)total;
}

static void
append_bar(GString *text, double share, guint width)
{
    guint full = (guint)(share * width);

    g_string_append_c(text, '[');
    for (guint i = 0; i < width; i++)
        g_string_append_c(text, i < full ? '#' : '.');
    g_string_append_printf(text, "] %3u %%", (guint)(share * 100));
}

static void
append_rate(GString *text, const json_t *info)
{
    double rate = json_number_value(json_object_get(json_object_get(info, "ram"), "mbps")) * 125000;

    if (json_object_get(info, "x-bandwidth") != NULL)
        rate = (double)number(info, "x-bandwidth");
    if (rate <= 0)
        return;
    g_string_append(text, ", ");
    progress_size(text, (guint64)rate);
    g_string_append(text, "/s");
}

void
progress_line(GString *text, const json_t *info, guint width)
{
    const json_t *ram = json_object_get(info, "ram"), *eta = json_object_get(info, "x-eta");
    const char *status = json_string_value(json_object_get(info, "status"));
    const char *stall = json_string_value(json_object_get(info, "x-stall"));

    g_string_append_printf(text, "%s", status == NULL ? "none" : status);
    if (ram != NULL) {
        g_string_append_c(text, ' ');
        append_bar(text, share_done(ram), width);
        g_string_append(text, ", ");
        progress_size(text, number(ram, "remaining"));
        g_string_append(text, " left");
        append_rate(text, info);
        if (number(ram, "dirty-sync-count") > 1)
            g_string_append_printf(text, ", pass %u", (guint)number(ram, "dirty-sync-count"));
    }
    if (eta != NULL) {
        g_string_append(text, ", ETA ");
        append_ms(text, number(info, "x-eta"));
    }
    if (stall != NULL)
        g_string_append_printf(text, " (%s)", stall);
}

/* ---- The end ---- */

static void
append_sums(GString *text, const json_t *info)
{
    const json_t *ram = json_object_get(info, "ram");

    if (json_object_get(info, "total-time") != NULL) {
        g_string_append(text, "total time      ");
        append_ms(text, number(info, "total-time"));
        g_string_append_c(text, '\n');
    }
    if (json_object_get(info, "downtime") != NULL) {
        g_string_append(text, "downtime        ");
        append_ms(text, number(info, "downtime"));
        if (json_object_get(info, "expected-downtime") != NULL) {
            g_string_append(text, " (expected ");
            append_ms(text, number(info, "expected-downtime"));
            g_string_append_c(text, ')');
        }
        g_string_append_c(text, '\n');
    }
    if (number(ram, "transferred") > 0) {
        g_string_append(text, "transferred     ");
        progress_size(text, number(ram, "transferred"));
        append_rate(text, info);
        g_string_append_c(text, '\n');
    }
}

static void
append_cost(GString *text, const char *name, guint64 us)
{
    g_string_append_printf(text, "  %-28s %10.3f ms", name, (double)us / 1000);
}

static int
slower_first(gconstpointer a, gconstpointer b)
{
    guint64 one = number(*(const json_t *const *)a, "us");
    guint64 other = number(*(const json_t *const *)b, "us");

    return one < other ? 1 : one > other ? -1 : 0;
}

static void
append_device(GString *text, const json_t *device)
{
    const char *name = json_string_value(json_object_get(device, "name"));
    g_autofree char *label =
        g_strdup_printf("%s/%u", name == NULL ? "?" : name, (guint)number(device, "instance"));

    append_cost(text, label, number(device, "us"));
    g_string_append(text, "  ");
    progress_size(text, number(device, "bytes"));
    g_string_append_c(text, '\n');
}

static void
append_devices(GString *text, const json_t *devices)
{
    g_autoptr(GPtrArray) sorted = g_ptr_array_new();
    guint64 others = 0;
    json_t *device;
    gsize i;

    json_array_foreach((json_t *)devices, i, device) g_ptr_array_add(sorted, device);
    if (sorted->len == 0)
        return;
    g_ptr_array_sort(sorted, slower_first);
    g_string_append(text, "devices in it\n");
    for (i = 0; i < sorted->len; i++) {
        if (i < DEVICES_SHOWN)
            append_device(text, sorted->pdata[i]);
        else
            others += number(sorted->pdata[i], "us");
    }
    if (sorted->len > DEVICES_SHOWN) {
        g_autofree char *label = g_strdup_printf("%u others", sorted->len - DEVICES_SHOWN);

        append_cost(text, label, others);
        g_string_append_c(text, '\n');
    }
}

void
progress_report(GString *text, const json_t *info)
{
    const json_t *downtime = json_object_get(info, "x-downtime");
    json_t *phases = json_object_get(downtime, "phases"), *us;
    const char *name;

    append_sums(text, info);
    if (json_object_size(phases) > 0)
        g_string_append(text, "downtime by phase\n");
    json_object_foreach(phases, name, us)
    {
        append_cost(text, name, (guint64)MAX(json_integer_value(us), 0));
        g_string_append_c(text, '\n');
    }
    append_devices(text, json_object_get(downtime, "devices"));
}
