/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Connectors, run state, and keeping what the interrupt tables need to be checked.
 */
#include "tools/stream-platform.h"

#include <string.h>

#include "tools/stream-xive.h"

void
stream_platform_init(StreamPlatform *platform)
{
    *platform = (StreamPlatform){
        .servers = g_array_new(FALSE, FALSE, sizeof(guint32)),
        .cpus = g_array_new(FALSE, FALSE, sizeof(guint32)),
    };
}

void
stream_platform_clear(StreamPlatform *platform)
{
    g_clear_pointer(&platform->sources, g_byte_array_unref);
    g_clear_pointer(&platform->router, g_byte_array_unref);
    g_clear_pointer(&platform->servers, g_array_unref);
    g_clear_pointer(&platform->cpus, g_array_unref);
}

/* --- Connectors --------------------------------------------------------------- */

/* States are numbered on from the logical ones to the physical ones. */
static const struct {
    guint type; /* top digit of the index */
    const char *name;
    guint32 first, last, ready;
} connectors[] = {
    {1, "CPU", 1, 4, 4}, {2, "host bridge", 1, 4, 4}, {3, "VIO", 1, 4, 4},
    {4, "PCI", 5, 8, 8}, {8, "memory", 1, 4, 4},      {9, "persistent memory", 1, 4, 4},
};

#define INDICATOR_MAX 3u

static guint
connector_kind(guint32 index)
{
    guint i = 0;

    while (i < G_N_ELEMENTS(connectors) && connectors[i].type != index >> 28)
        i++;
    return i;
}

static guint32
word_at(const guint8 *bytes)
{
    guint32 word;

    memcpy(&word, bytes, sizeof(word));
    return GUINT32_FROM_BE(word);
}

static void
check_connector(const StreamSection *section, gboolean physical, StreamNotes *notes)
{
    const guint i = connector_kind(section->instance);
    guint32 state;

    if (i == G_N_ELEMENTS(connectors)) {
        stream_notes_add(notes, STREAM_BY_OURS, section->start,
                         "connector 0x%08x: there is no type %u", section->instance,
                         section->instance >> 28);
        return;
    }
    if (section->size < sizeof(state))
        return;
    state = word_at(section->payload);
    if (physical && connectors[i].first == 1)
        stream_notes_add(notes, STREAM_BY_OURS, section->payload_at,
                         "connector 0x%08x (%s) is logical and has no indicator", section->instance,
                         connectors[i].name);
    if (physical && state > INDICATOR_MAX)
        stream_notes_add(notes, STREAM_BY_OURS, section->payload_at,
                         "connector 0x%08x: an indicator of %u is impossible: 0 to %u",
                         section->instance, state, INDICATOR_MAX);
    if (!physical && (state < connectors[i].first || state > connectors[i].last))
        stream_notes_add(notes, STREAM_BY_OURS, section->payload_at,
                         "connector 0x%08x: state %u is illegal for a %s connector: %u to %u",
                         section->instance, state, connectors[i].name, connectors[i].first,
                         connectors[i].last);
    else if (!physical && state == connectors[i].ready && section->size == sizeof(state))
        stream_notes_add(notes, STREAM_BY_NOBODY, section->payload_at,
                         "connector 0x%08x is sent although it is in use and nothing is asked of "
                         "it: senders leave that out",
                         section->instance);
}

void
stream_platform_explain(const StreamSection *section, GString *text)
{
    const guint i = connector_kind(section->instance);
    const guint32 id = section->instance & 0x0fffffff;

    if (!g_str_has_prefix(section->idstr, "spapr_drc") || i == G_N_ELEMENTS(connectors))
        return;
    g_string_append_printf(text, "%s connector, ", connectors[i].name);
    if (connectors[i].type == 8)
        g_string_append_printf(text, "memory at 0x%" G_GINT64_MODIFIER "x\n", (guint64)id << 28);
    else if (connectors[i].type == 4)
        g_string_append_printf(text, "bridge %u, slot %02x.%u\n", id >> 16, id >> 3 & 0x1f, id & 7);
    else
        g_string_append_printf(text, "number %u\n", id);
}

/* --- Run state ------------------------------------------------------------------ */

/* From which a machine that waits for a stream can go on; any other ends stock QEMU. */
static const char *const run_states[] = {
    "running",        "paused",   "prelaunch",   "shutdown",       "suspended",      "watchdog",
    "guest-panicked", "io-error", "postmigrate", "internal-error", "finish-migrate", "colo",
};

#define GLOBAL_NAME 100u

static void
check_globalstate(const StreamSection *section, StreamNotes *notes)
{
    const char *name = (const char *)section->payload + 4;
    g_autofree char *shown = NULL;
    guint32 size;

    if (section->size != 4 + GLOBAL_NAME)
        return;
    size = word_at(section->payload);
    if (size < 2 || size > GLOBAL_NAME || strnlen(name, GLOBAL_NAME) != size - 1) {
        stream_notes_add(notes, STREAM_BY_OURS, section->payload_at,
                         "the run state's name does not have the %u bytes that it is said to have",
                         size);
        return;
    }
    for (guint i = 0; i < G_N_ELEMENTS(run_states); i++) {
        if (strcmp(name, run_states[i]) == 0)
            return;
    }
    shown = g_strescape(name, NULL);
    stream_notes_add(notes, STREAM_BY_QEMU, section->payload_at,
                     "the run state is \"%s\": QEMU aborts when it is to go on from there", shown);
}

/* --- Keeping ---------------------------------------------------------------------- */

static void
keep(GByteArray **to, guint64 *at, const StreamSection *section)
{
    g_clear_pointer(to, g_byte_array_unref);
    *to = g_byte_array_new();
    g_byte_array_append(*to, section->payload, (guint)section->size);
    *at = section->payload_at;
}

void
stream_platform_add(StreamPlatform *platform, const StreamSection *section, StreamNotes *notes)
{
    const char *name = section->idstr;
    guint32 server;

    if (section->payload == NULL)
        return;
    if (strcmp(name, "xive-source") == 0) {
        keep(&platform->sources, &platform->sources_at, section);
    } else if (strcmp(name, "spapr-xive") == 0) {
        keep(&platform->router, &platform->router_at, section);
    } else if (strcmp(name, "xive-tctx") == 0) {
        platform->contexts++;
        if (stream_xive_check_context(section, &server, notes))
            g_array_append_val(platform->servers, server);
    } else if (strcmp(name, "cpu") == 0) {
        g_array_append_val(platform->cpus, section->instance);
    } else if (strcmp(name, "spapr_drc") == 0 || strcmp(name, "spapr_drc/physical") == 0) {
        check_connector(section, strcmp(name, "spapr_drc") != 0, notes);
    } else if (strcmp(name, "globalstate") == 0) {
        check_globalstate(section, notes);
    }
}

void
stream_platform_check(const StreamPlatform *platform, const StreamFacts *facts, StreamNotes *notes)
{
    if (platform->contexts > 0 && platform->cpus->len > 0 &&
        platform->contexts != platform->cpus->len)
        stream_notes_add(notes, STREAM_BY_NOBODY, facts->size,
                         "%u vCPUs, and %u XIVE thread contexts", platform->cpus->len,
                         platform->contexts);
    stream_xive_check(platform, facts, notes);
}
