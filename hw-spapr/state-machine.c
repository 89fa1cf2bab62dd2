/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `spapr`: the machine as a whole, and its subsections.
 *
 * The object is the Platform: lists and words that live in its parts are described where they are.
 * Not here: the guest's timebase itself, which belongs to the vCPUs.
 * Source: docs/stream-format.md, spapr.
 */
#include <libfdt.h>
#include <string.h>

#include "hw-spapr/platform.h"
#include "hw-spapr/restore.h"
#include "hw-spapr/state.h"
#include "vdev/kvm-ppc.h"

#define NS_PER_SECOND G_GINT64_CONSTANT(1000000000)

/* --- Hooks of the subsections -------------------------------------------- */

STATE_SUBSECTION_HOOKS(Platform, state.present, ov5, STATE_HAS_OV5)
STATE_SUBSECTION_HOOKS(Platform, state.present, pate, STATE_HAS_PATE)
STATE_SUBSECTION_HOOKS(Platform, state.present, events, STATE_HAS_EVENTS)
STATE_SUBSECTION_HOOKS(Platform, state.present, irq_map, STATE_HAS_IRQ_MAP)
STATE_SUBSECTION_HOOKS(Platform, state.present, tree, STATE_HAS_TREE)
STATE_SUBSECTION_HOOKS(Platform, state.present, fwnmi, STATE_HAS_FWNMI)

/* --- Option vector, process table, events -------------------------------- */

static const VmsField bitmap_fields[] = {
    VMS_BITMAP(MachineState, ov5, STATE_OV5_BITS, .as = "bitmap"),
    VMS_END,
};

static const VmsState bitmap_state = {
    .name = "spapr_option_vector", .version = 1, .oldest = 1, .fields = bitmap_fields};

static const VmsField ov5_fields[] = {
    VMS_STRUCT(Platform, state, &bitmap_state, .as = "ov5_cas"),
    VMS_END,
};

static const VmsState ov5_state = {
    .name = "spapr_option_vector_ov5_cas",
    .version = 1,
    .oldest = 1,
    .fields = ov5_fields,
    .needed = ov5_needed,
    .pre_load = ov5_arrives,
};

static const VmsField pate_fields[] = {
    VMS_SCALAR(Platform, process_table, .as = "patb_entry"),
    VMS_END,
};

static const VmsState pate_state = {
    .name = "spapr_patb_entry",
    .version = 1,
    .oldest = 1,
    .fields = pate_fields,
    .needed = pate_needed,
    .pre_load = pate_arrives,
};

static const VmsField event_fields[] = {
    VMS_SCALAR(EventLog, summary),
    VMS_SCALAR(EventLog, length, .as = "extended_length"),
    VMS_BUFFER_ALLOC(EventLog, bytes, length, EVENT_LENGTH_MAX, .as = "extended_log"),
    VMS_END,
};

static const VmsState event_state = {
    .name = "spapr_event_log_entry", .version = 1, .oldest = 1, .fields = event_fields};

static const VmsField events_fields[] = {
    VMS_QUEUE(Platform, events.logs, EventLog, &event_state, EVENTS_MAX, .as = "pending_events",
              .destroy = events_log_free),
    VMS_END,
};

static const VmsState events_state = {
    .name = "spapr_pending_events",
    .version = 1,
    .oldest = 1,
    .fields = events_fields,
    .needed = events_needed,
    .pre_load = events_arrives,
};

/* --- Capabilities -------------------------------------------------------- */

/*
 * A capability stands in the stream only where the sender's command line gave it a value other than
 * its machine type's; `most` is what this machine can be held to.
 */
#define CAPABILITY(lower, upper, number)                                                   \
    STATE_SUBSECTION_HOOKS(Platform, state.present, cap_##lower, STATE_CAP_##upper)        \
    static const VmsField cap_##lower##_fields[] = {                                       \
        VMS_SCALAR(Platform, state.caps[STATE_CAP_##upper], .as = "mig.caps[" number "]"), \
        VMS_END,                                                                           \
    };                                                                                     \
    static const VmsState cap_##lower##_state = {                                          \
        .name = "spapr/cap/" #lower,                                                       \
        .version = 1,                                                                      \
        .oldest = 1,                                                                       \
        .fields = cap_##lower##_fields,                                                    \
        .needed = cap_##lower##_needed,                                                    \
        .pre_load = cap_##lower##_arrives,                                                 \
    };

CAPABILITY(htm, HTM, "0x00")
CAPABILITY(vsx, VSX, "0x01")
CAPABILITY(dfp, DFP, "0x02")
CAPABILITY(cfpc, CFPC, "0x03")
CAPABILITY(sbbc, SBBC, "0x04")
CAPABILITY(ibs, IBS, "0x05")
CAPABILITY(hpt_maxpagesize, HPT_PAGE, "0x06")
CAPABILITY(nested_kvm_hv, NESTED_HV, "0x07")
CAPABILITY(large_decr, LARGE_DECR, "0x08")
CAPABILITY(ccf_assist, CCF_ASSIST, "0x09")
CAPABILITY(fwnmi, FWNMI, "0x0A")
CAPABILITY(rpt_invalidate, RPT_INVALIDATE, "0x0B")
CAPABILITY(ail_mode_3, AIL_MODE_3, "0x0C")
CAPABILITY(nested_papr, NESTED_PAPR, "0x0D")
CAPABILITY(dawr1, DAWR1, "0x0E")

/* 0xff: any value is the processor's and the host's matter, not this machine's. */
static const struct {
    const char *name;
    guint8 most;
} caps[STATE_CAP_N] = {
    [STATE_CAP_HTM] = {"htm", 0},
    [STATE_CAP_VSX] = {"vsx", 1},
    [STATE_CAP_DFP] = {"dfp", 1},
    [STATE_CAP_CFPC] = {"cfpc", 0xff},
    [STATE_CAP_SBBC] = {"sbbc", 0xff},
    [STATE_CAP_IBS] = {"ibs", 0xff},
    [STATE_CAP_HPT_PAGE] = {"hpt-max-page-size", 0xff},
    [STATE_CAP_NESTED_HV] = {"nested-hv", 0},
    [STATE_CAP_LARGE_DECR] = {"large-decr", 1},
    [STATE_CAP_CCF_ASSIST] = {"ccf-assist", 1},
    [STATE_CAP_FWNMI] = {"fwnmi", 1},
    [STATE_CAP_RPT_INVALIDATE] = {"rpt-invalidate", 0},
    [STATE_CAP_AIL_MODE_3] = {"ail-mode-3", 1},
    [STATE_CAP_NESTED_PAPR] = {"nested-papr", 0},
    [STATE_CAP_DAWR1] = {"dawr1", 1},
};

/* --- MSIs, device tree, machine-check handlers ---------------------------- */

static const VmsField irq_map_fields[] = {
    VMS_BITMAP(Platform, state.irq_map, STATE_IRQ_MAP_BITS, .as = "irq_map"),
    VMS_END,
};

static const VmsState irq_map_state = {
    .name = "spapr_irq_map",
    .version = 1,
    .oldest = 1,
    .fields = irq_map_fields,
    .needed = irq_map_needed,
    .pre_load = irq_map_arrives,
};

static const VmsField tree_fields[] = {
    VMS_SCALAR(Platform, state.tree_first_size, .as = "fdt_initial_size"),
    VMS_SCALAR(Platform, state.tree_size, .as = "fdt_size"),
    VMS_BUFFER_ALLOC(Platform, state.tree, state.tree_size, STATE_TREE_MAX, .as = "fdt_blob"),
    VMS_END,
};

static const VmsState tree_state = {
    .name = "spapr_dtb",
    .version = 1,
    .oldest = 1,
    .fields = tree_fields,
    .needed = tree_needed,
    .pre_load = tree_arrives,
};

static const VmsField fwnmi_fields[] = {
    VMS_SCALAR(Platform, state.fwnmi_reset, .as = "fwnmi_system_reset_addr"),
    VMS_SCALAR(Platform, state.fwnmi_check, .as = "fwnmi_machine_check_addr"),
    VMS_SCALAR(Platform, state.fwnmi_interlock, .as = "fwnmi_machine_check_interlock"),
    VMS_END,
};

static const VmsState fwnmi_state = {
    .name = "spapr_fwnmi",
    .version = 1,
    .oldest = 1,
    .fields = fwnmi_fields,
    .needed = fwnmi_needed,
    .pre_load = fwnmi_arrives,
};

/* --- The section --------------------------------------------------------- */

static gboolean
before_version_3(const void *object, guint32 version, const VmsContext *context)
{
    return version < 3;
}

static const VmsField timebase_fields[] = {
    VMS_SCALAR(MachineState, guest_timebase),
    VMS_SCALAR(MachineState, time_of_day_ns, .as = "time_of_the_day_ns"),
    VMS_END,
};

static const VmsState timebase_state = {
    .name = "timebase", .version = 1, .oldest = 1, .fields = timebase_fields};

static const VmsField machine_fields[] = {
    VMS_PAD(4, .exists = before_version_3),
    VMS_SCALAR(Platform, state.rtc_seconds, .as = "rtc_offset", .exists = before_version_3),
    VMS_STRUCT(Platform, state, &timebase_state, .as = "tb", .since = 2),
    VMS_END,
};

/* The order on the wire. */
static const VmsState *const machine_subsections[] = {
    &ov5_state,
    &pate_state,
    &events_state,
    &cap_htm_state,
    &cap_vsx_state,
    &cap_dfp_state,
    &cap_cfpc_state,
    &cap_sbbc_state,
    &cap_ibs_state,
    &cap_hpt_maxpagesize_state,
    &irq_map_state,
    &cap_nested_kvm_hv_state,
    &tree_state,
    &cap_large_decr_state,
    &cap_ccf_assist_state,
    &cap_fwnmi_state,
    &fwnmi_state,
    &cap_rpt_invalidate_state,
    &cap_ail_mode_3_state,
    &cap_nested_papr_state,
    &cap_dawr1_state,
    NULL,
};

/* Bits are numbered from the most significant of byte 1 on. */
static void
ov5_to_bitmap(const OptionVector *vector, guint64 *bitmap)
{
    memset(bitmap, 0, STATE_OV5_BITS / 8);
    for (guint bit = 0; bit < STATE_OV5_BITS; bit++) {
        if ((vector->bytes[1 + bit / 8] & (0x80 >> bit % 8)) != 0)
            bitmap[bit / 64] |= LSB_BIT64(bit % 64);
    }
}

static void
ov5_from_bitmap(OptionVector *vector, const guint64 *bitmap)
{
    memset(vector, 0, sizeof(*vector));
    for (guint bit = 0; bit < STATE_OV5_BITS; bit++) {
        if ((bitmap[bit / 64] & LSB_BIT64(bit % 64)) != 0)
            vector->bytes[1 + bit / 8] |= (guint8)(0x80 >> bit % 8);
    }
}

/* Only what the type's QEMU knows, and of that only what has a value. */
static guint32
wanted(const Platform *platform, const PseriesRow *row)
{
    const MachineState *state = &platform->state;
    guint32 present = 0;

    if (!row->no_ov5)
        present |= 1u << STATE_HAS_OV5;
    if (platform->process_table != 0)
        present |= 1u << STATE_HAS_PATE;
    if (platform->events.logs.length > 0)
        present |= 1u << STATE_HAS_EVENTS;
    for (guint i = 0; i < STATE_CAP_N; i++)
        present |= (guint32)caps_deviates(&platform->caps, row, i) << i;
    present &= ~(1u << STATE_CAP_HPT_PAGE); /* as it was before there were defaults: always */
    if (!row->no_hpt_page)
        present |= 1u << STATE_CAP_HPT_PAGE;
    if (!row->no_tree)
        present |= 1u << STATE_HAS_TREE;
    if (state->fwnmi_check != STATE_FWNMI_NONE &&
        caps_value(&platform->caps, row, STATE_CAP_FWNMI) != 0)
        present |= 1u << STATE_HAS_FWNMI;
    return present;
}

static gboolean
machine_pre_save(void *object, const VmsContext *context, GError **error)
{
    Platform *platform = object;
    MachineState *state = &platform->state;

    const VdevHost *host = platform_host(platform);
    gint result;

    if (!fwnmi_may_save(platform, error))
        return FALSE;
    result = host->timebase_get(host, &state->guest_timebase);
    if (result != 0)
        return state_refuse(error, g_file_error_from_errno(-result),
                            "the guest's timebase cannot be read (TB_OFFSET): %s",
                            g_strerror(-result));
    state->present = wanted(platform, state_row(context));
    if (state->time_of_day_ns == 0)
        state->time_of_day_ns = host->wall_clock_ns(host);
    for (guint i = 0; i < STATE_CAP_N; i++)
        state->caps[i] = caps_value(&platform->caps, state_row(context), i);
    ov5_to_bitmap(&platform->cas.agreed, state->ov5);
    return TRUE;
}

/* What a sender leaves out is as after a reset. */
static gboolean
machine_pre_load(void *object, const VmsContext *context, GError **error)
{
    Platform *platform = object;
    MachineState *state = &platform->state;

    vms_remember(context, state, sizeof(*state));
    state->present = 0;
    state->guest_timebase = 0;
    state->fwnmi_reset = state->fwnmi_check = STATE_FWNMI_NONE;
    state->fwnmi_interlock = -1;
    return TRUE;
}

static gboolean
machine_check(const void *object, const VmsContext *context, GError **error)
{
    const Platform *platform = object;
    const MachineState *state = &platform->state;

    for (guint i = 0; i < STATE_CAP_N; i++) {
        if ((state->present & 1u << i) != 0 && state->caps[i] > caps[i].most)
            return state_refuse(
                error, G_FILE_ERROR_NOSYS,
                "the guest was given the capability %s=%u, and %u is the most here: "
                "start it with cap-%s=%s on the other side",
                caps[i].name, state->caps[i], caps[i].most, caps[i].name,
                caps[i].most == 0 ? "off" : "on");
    }
    if ((state->present & 1u << STATE_HAS_PATE) != 0 &&
        (platform->process_table & VDEV_PATE_GR) == 0)
        return state_refuse(error, G_FILE_ERROR_NOSYS,
                            "the guest uses a hash page table (process table 0x%" G_GINT64_MODIFIER
                            "x), and this machine has radix only",
                            platform->process_table);
    if (state->tree_size != 0 && fdt_check_full(state->tree, state->tree_size) != 0)
        return state_refuse(error, G_FILE_ERROR_INVAL,
                            "the guest's device tree of %u bytes is no device tree",
                            state->tree_size);
    if (state->tree_size != 0 && state->tree_first_size > STATE_TREE_MAX)
        return state_refuse(error, G_FILE_ERROR_INVAL,
                            "a first device tree of %u bytes is impossible",
                            state->tree_first_size);
    return fwnmi_check_state(platform, error);
}

/* Which of its controllers a guest uses is nowhere else in the stream. */
static gboolean
check_controller(const Platform *platform, GError **error)
{
    if ((platform->cas.agreed.bytes[OV5_XIVE_BYTE] & OV5_XIVE_EXPLOIT) != 0)
        return TRUE;
    return state_refuse(error, G_FILE_ERROR_NOSYS,
                        "the guest has not agreed to use XIVE (option vector 5): it uses XICS, "
                        "which this machine has not: start it with ic-mode=xive on the other side");
}

static gboolean
machine_post_load(void *object, guint32 version, const VmsContext *context, GError **error)
{
    Platform *platform = object;

    vms_remember(context, &platform->cas, sizeof(platform->cas));
    vms_remember(context, &platform->rtc, sizeof(platform->rtc));
    drcs_arrived(&platform->drcs, context);
    if ((platform->state.present & 1u << STATE_HAS_OV5) != 0)
        ov5_from_bitmap(&platform->cas.agreed, platform->state.ov5);
    if (!check_controller(platform, error) ||
        !caps_check_received(&platform->caps, state_row(context), platform->state.caps,
                             platform->state.present, error))
        return FALSE;
    if (version < 3 && __builtin_mul_overflow((gint64)platform->state.rtc_seconds, NS_PER_SECOND,
                                              &platform->rtc.ns_offset))
        return state_refuse(error, G_FILE_ERROR_INVAL,
                            "a clock that is 0x%" G_GINT64_MODIFIER "x seconds off is impossible",
                            platform->state.rtc_seconds);
    if ((platform->state.present & 1u << STATE_HAS_PATE) == 0) {
        vms_remember(context, &platform->process_table, sizeof(platform->process_table));
        platform->process_table = VDEV_PATE_GR;
    }
    vms_remember(context, &platform->boot, sizeof(platform->boot));
    vms_remember(context, &platform->arriving, sizeof(platform->arriving));
    return restore_machine(platform, error) && fwnmi_arrived(platform, error);
}

const VmsState state_machine = {
    .name = "spapr",
    .version = 3,
    .oldest = 1,
    .fields = machine_fields,
    .subsections = machine_subsections,
    .pre_save = machine_pre_save,
    .pre_load = machine_pre_load,
    .check = machine_check,
    .post_load = machine_post_load,
};

void
state_machine_reset(MachineState *machine)
{
    g_free(machine->tree);
    *machine = (MachineState){
        .fwnmi_reset = STATE_FWNMI_NONE,
        .fwnmi_check = STATE_FWNMI_NONE,
        .fwnmi_interlock = -1,
    };
}

void
state_machine_set_tree(MachineState *machine, const void *tree, gsize n)
{
    g_assert(n <= STATE_TREE_MAX);
    g_free(machine->tree);
    machine->tree = g_memdup2(tree, n);
    machine->tree_first_size = machine->tree_size = (guint32)n;
}
