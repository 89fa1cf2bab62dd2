/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The platform's sections in plain words, for tools that look at streams: one fact a line.
 *
 * It reads decoded objects and nothing else; they may hold anything.
 */
#include <string.h>

#include "hw-spapr/cpu-regs.h"
#include "hw-spapr/event-log.h"
#include "hw-spapr/platform.h"
#include "hw-spapr/state.h"
#include "vdev/kvm-ppc.h"

#define X64 "0x%" G_GINT64_MODIFIER "x"

/* --- spapr --------------------------------------------------------------- */

/* Bits of option vector 5: (byte − 1) × 8 + LoPAR's bit number. */
static const struct {
    guint bit;
    const char *words;
} ov5_words[] = {
    {10, "dynamic memory (ibm,dynamic-memory)"},
    {32, "associativity in form 1"},
    {34, "associativity in form 2"},
    {45, "hot-plug events on an interrupt of their own"},
    {47, "resizing of the hash page table"},
    {168, "dynamic memory in ranges (ibm,dynamic-memory-v2)"},
    {176, "either interrupt controller"},
    {177, "XIVE exploitation: the XIVE controller is in use"},
    {184, "either kind of page table"},
    {185, "radix page tables"},
    {201, "radix: the guest may flush translations itself (GTSE)"},
};

static const char *
ov5_name(guint bit)
{
    for (guint i = 0; i < G_N_ELEMENTS(ov5_words); i++) {
        if (ov5_words[i].bit == bit)
            return ov5_words[i].words;
    }
    return "not known";
}

static void
explain_ov5(const MachineState *state, GString *text)
{
    for (guint bit = 0; bit < STATE_OV5_BITS; bit++) {
        if ((state->ov5[bit / 64] & LSB_BIT64(bit % 64)) != 0)
            g_string_append_printf(text, "agreed: option vector 5, byte %u bit %u: %s\n",
                                   bit / 8 + 1, bit % 8, ov5_name(bit));
    }
}

static const char *const hotplug_types[] = {"?",           "CPU", "memory",           "slot",
                                            "host bridge", "PCI", "persistent memory"};
static const char *const hotplug_actions[] = {"?", "add", "remove"};

#define HOTPLUG_OFFSET (EVENT_LOG_HEAD_SIZE + EVENT_LOG_MAIN_A_SIZE + EVENT_LOG_MAIN_B_SIZE)
#define HOTPLUG_FIXED  12u /* section head, type, action, kind of id, zero */

static void
explain_hotplug(const EventLog *log, GString *text)
{
    const guint8 *section = log->bytes + HOTPLUG_OFFSET;
    const guint words = (log->length - HOTPLUG_OFFSET - HOTPLUG_FIXED) / 4;

    g_string_append_printf(
        text, "hot-plug: %s %s:",
        section[9] < G_N_ELEMENTS(hotplug_actions) ? hotplug_actions[section[9]] : "?",
        section[8] < G_N_ELEMENTS(hotplug_types) ? hotplug_types[section[8]] : "?");
    for (guint i = 0; i < MIN(words, 2); i++) {
        be32 word;

        memcpy(&word, section + HOTPLUG_FIXED + 4 * i, sizeof(word));
        g_string_append_printf(text, " 0x%x", be32_get(word));
    }
    switch (section[10]) {
    case 2: g_string_append(text, " (connector)\n"); break;
    case 3: g_string_append(text, " (how many)\n"); break;
    case 4: g_string_append(text, " (how many, first connector)\n"); break;
    default: g_string_append(text, " (named otherwise)\n"); break;
    }
}

static void
explain_event(const EventLog *log, GString *text)
{
    g_string_append_printf(text, "event waits, summary 0x%08x, %u bytes: ", log->summary,
                           log->length);
    if ((log->summary & 0xff) == EVENT_TYPE_EPOW)
        g_string_append_printf(text, "power and environment, action %u\n",
                               event_log_epow_action(log->bytes, log->length));
    else if ((log->summary & 0xff) == EVENT_TYPE_HOTPLUG &&
             log->length >= HOTPLUG_OFFSET + HOTPLUG_FIXED &&
             memcmp(log->bytes + HOTPLUG_OFFSET, "HP", 2) == 0)
        explain_hotplug(log, text);
    else
        g_string_append(text, "of an unknown kind\n");
}

void
state_explain_machine(const void *object, GString *text)
{
    const Platform *platform = object;
    const MachineState *state = &platform->state;

    g_string_append_printf(text, "stopped at timebase " X64 "\n", state->guest_timebase);
    if ((state->present & 1u << STATE_HAS_OV5) != 0)
        explain_ov5(state, text);
    if ((state->present & 1u << STATE_HAS_PATE) != 0)
        g_string_append_printf(text, "process table " X64 ": %s\n", platform->process_table,
                               (platform->process_table & VDEV_PATE_GR) != 0 ? "radix" : "hash");
    for (GList *link = platform->events.logs.head; link != NULL; link = link->next)
        explain_event(link->data, text);
    if ((state->present & 1u << STATE_HAS_TREE) != 0)
        g_string_append_printf(text, "device tree of %u bytes (%u at first)\n", state->tree_size,
                               state->tree_first_size);
    if ((state->present & 1u << STATE_HAS_FWNMI) != 0)
        g_string_append_printf(text, "machine checks go to " X64 "\n", state->fwnmi_check);
}

/* --- vCPUs --------------------------------------------------------------- */

void
state_explain_cpu_common(const void *object, GString *text)
{
    const CpuState *own = object;

    g_string_append(text,
                    own->halted != 0 ? "halted: stopped, or waits for an interrupt\n" : "runs\n");
}

#define MSR_SF LSB_BIT64(63)
#define MSR_PR LSB_BIT64(14)
#define MSR_EE LSB_BIT64(15)
#define MSR_LE LSB_BIT64(0)

#define SPR_PVR 287

void
state_explain_cpu(const void *object, GString *text)
{
    const CpuState *own = object;

    g_string_append_printf(text,
                           "next instruction at " X64 ", %s, %s, %s-endian, external "
                           "interrupts %s\n",
                           own->nip, (own->msr & MSR_SF) != 0 ? "64-bit" : "32-bit",
                           (own->msr & MSR_PR) != 0 ? "user" : "kernel",
                           (own->msr & MSR_LE) != 0 ? "little" : "big",
                           (own->msr & MSR_EE) != 0 ? "on" : "off");
    g_string_append_printf(text, "processor 0x%08x", (guint32)own->spr[SPR_PVR]);
    if ((own->present & 1u << CPU_HAS_COMPAT) != 0)
        g_string_append_printf(text, ", shown to the guest as 0x%08x", own->compat_pvr);
    g_string_append_c(text, '\n');
}

void
state_explain_spapr_cpu(const void *object, GString *text)
{
    const CpuState *own = object;

    if ((own->present & 1u << CPU_HAS_VPA) == 0) {
        g_string_append(text, "no virtual processor area\n");
        return;
    }
    g_string_append_printf(text, "virtual processor area at " X64 "\n", own->vpa);
    if ((own->present & 1u << CPU_HAS_SHADOW) != 0)
        g_string_append_printf(text, "segment shadow buffer at " X64 ", " X64 " bytes\n",
                               own->shadow_addr, own->shadow_size);
    if ((own->present & 1u << CPU_HAS_DTL) != 0)
        g_string_append_printf(text, "dispatch trace log at " X64 ", " X64 " bytes\n",
                               own->dtl_addr, own->dtl_size);
}

/* --- Connectors ---------------------------------------------------------- */

static const char *const connector_states[] = {
    "INVALID",
    "unusable: plugged in, the guest has not taken it",
    "available: the guest may use it",
    "unisolated: the guest reads its device tree",
    "configured: in use",
    "available: empty slot",
    "powered: plugged in, the guest has not taken it",
    "unisolated: the guest reads its device tree",
    "configured: in use",
};

void
state_explain_connector(const void *object, GString *text)
{
    const ConnectorState *own = object;

    g_string_append_printf(
        text, "state %u, %s\n", own->state,
        connector_states[own->state < G_N_ELEMENTS(connector_states) ? own->state : 0]);
    if (own->unplug_requested)
        g_string_append(text, "the guest was asked to give it back\n");
    if (own->ordinal != 0)
        g_string_append_printf(text, "the guest has read %u pieces of its node, and is %u deep\n",
                               own->ordinal, own->depth);
}

void
state_explain_indicator(const void *object, GString *text)
{
    static const char *const words[] = {"off", "on", "identify", "action"};
    const ConnectorState *own = object;

    g_string_append_printf(text, "indicator %u, %s\n", own->indicator,
                           own->indicator < G_N_ELEMENTS(words) ? words[own->indicator]
                                                                : "INVALID");
}
