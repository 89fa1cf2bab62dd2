/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libFuzzer: hot-plugging as a hostile guest and a busy operator do it: RTAS calls on connectors in
 * any order, work areas of any content, plugging, unplugging, events, resets and moves.
 *
 * The input is a program of one-byte operations with operands. After each operation:
 *   PLUG-1  No connector breaks one of DRC-1 to DRC-6.
 *   PLUG-2  What the host placed is what the machine has; each answer came for something asked.
 *   PLUG-3  Nothing is logged that is always shown, but for a full queue of events.
 */
#include <string.h>

#include "hw-spapr/connector.h"
#include "tests/unit/hw-spapr/platform-rig.h"
#include "vdev/guestmem.h"

#define OPS_MAX 400
#define PLUGS   4
#define AREA    0x10000u

int LLVMFuzzerTestOneInput(const guint8 *bytes, gsize n);

typedef struct {
    const guint8 *bytes;
    gsize n;
    Rig rig;
    VdevPlug plugs[PLUGS];
    gboolean present[PLUGS];
} Play;

static guint32
take(Play *play)
{
    if (play->n == 0)
        return 0;
    play->n--;
    return *play->bytes++;
}

/* Mostly one of the ten connectors that there are. */
static guint32
take_index(Play *play)
{
    const guint32 kind = take(play);

    if (kind < 0x80)
        return DRC_INDEX(DRC_LMB, 3 + kind % 8);
    if (kind < 0xf0)
        return DRC_INDEX(DRC_CPU, kind % 6);
    return kind << 28 | take(play);
}

/* --- The guest --------------------------------------------------------------- */

static void
op_indicator(Play *play)
{
    const guint32 what = take(play);

    RIG_RTAS(&play->rig, rig_token("set-indicator"), 1, 9001 + what % 3, take_index(play),
             what >> 2 & 3);
}

static void
op_sense(Play *play)
{
    RIG_RTAS(&play->rig, rig_token("get-sensor-state"), 2, 9003, take_index(play));
}

/* The area as the last call left it, or with one word spoilt, or fresh. */
static void
op_configure(Play *play)
{
    const VdevHost *host = &play->rig.host->table;
    const guint32 how = take(play), area = AREA + (how >> 6) * CONNECTOR_AREA;

    if ((how & 3) == 1)
        memset(play->rig.host->ram + area, 0, CONNECTOR_AREA);
    if ((how & 3) == 2)
        guest_write_be32(host, area + 4 * (how >> 2 & 7), take(play) << (take(play) & 31));
    if ((how & 3) != 0)
        guest_write_be32(host, area, take_index(play));
    RIG_RTAS(&play->rig, rig_token("ibm,configure-connector"), 1,
             how == 0xff ? RIG_RAM - take(play) : area, how == 0xfe ? take(play) << 12 : 0);
}

static void
op_walk(Play *play)
{
    for (guint32 i = take(play) % 80; i > 0; i--)
        if (RIG_RTAS(&play->rig, rig_token("ibm,configure-connector"), 1, AREA, 0) <= 0)
            break;
}

static void
op_event(Play *play)
{
    RIG_RTAS(&play->rig, rig_token("check-exception"), 1, 0x500, 0x1001, 0x10000000, 0, 0x8000,
             take(play));
}

static void
op_start_stop(Play *play)
{
    const VdevHost *host = &play->rig.host->table;
    const guint32 what = take(play), i = what >> 1 & 3;
    VdevVcpu *vcpu = play->rig.platform->cpus.vcpus[i];

    if ((what & 1) != 0)
        RIG_RTAS(&play->rig, rig_token("start-cpu"), 1, i, 0x100, 0);
    else if (vcpu != NULL)
        host->vcpu_stop(host, vcpu);
}

/* --- The operator ------------------------------------------------------------ */

static void
op_plug(Play *play)
{
    const guint32 what = take(play), i = what % PLUGS;
    VdevPlug *plug = &play->plugs[i];

    if (play->present[i])
        return;
    *plug = (VdevPlug){.kind = (what & 4) != 0 ? VDEV_PLUG_CPU : VDEV_PLUG_MEMORY,
                       .id = "it",
                       .slot = -1,
                       .block = "mem",
                       .size = (what >> 3 & 3) * BOOT_MEMORY_BLOCK,
                       .core_id = what >> 3 & 7,
                       .at_start = (what & 0x80) != 0};
    play->present[i] = pseries_class.hotplug->plug(play->rig.platform, plug, NULL);
}

/* What is gone is told by the machine's own tables. */
static void
look(Play *play)
{
    const Platform *platform = play->rig.platform;

    for (guint i = 0; i < PLUGS; i++) {
        const VdevPlug *plug = &play->plugs[i];
        gboolean there = FALSE;

        if (!play->present[i])
            continue;
        if (plug->kind == VDEV_PLUG_MEMORY)
            there = plug->machine_data != NULL;
        else
            there = platform->cpus.vcpus[plug->core_id] != NULL;
        play->present[i] = there;
    }
}

static void
op_unplug(Play *play)
{
    const guint32 i = take(play) % PLUGS;

    if (play->present[i])
        pseries_class.hotplug->unplug(play->rig.platform, &play->plugs[i], NULL);
}

static void
op_reset(Play *play)
{
    GError *error = NULL;

    pseries_class.reset(play->rig.platform, &error);
    g_assert_no_error(error);
}

/* The places of walks are lost, as by a move from another program. */
static void
op_move(Play *play)
{
    static const VmsContext context;
    Drcs *drcs = &play->rig.platform->drcs;

    for (guint r = 0; r < drcs->n; r++)
        for (guint32 i = 0; i < drcs->ranges[r].n; i++)
            if (drcs->ranges[r].drcs[i] != NULL)
                drc_rewind(drcs->ranges[r].drcs[i]);
    drcs_arrived(drcs, &context);
}

static void (*const operations[])(Play *play) = {
    op_indicator, op_indicator, op_indicator, op_configure, op_configure,
    op_walk,      op_walk,      op_plug,      op_plug,      op_unplug,
    op_event,     op_sense,     op_move,      op_reset,     op_start_stop,
};

static void
check(Play *play)
{
    const Platform *platform = play->rig.platform;
    guint n_dimms = 0;

    for (guint r = 0; r < platform->drcs.n; r++)
        for (guint32 i = 0; i < platform->drcs.ranges[r].n; i++)
            if (platform->drcs.ranges[r].drcs[i] != NULL)
                g_assert_cmpuint(drc_broken(platform->drcs.ranges[r].drcs[i]), ==, 0);
    look(play);
    for (guint i = 0; i < PLUGS; i++)
        n_dimms += play->present[i] && play->plugs[i].kind == VDEV_PLUG_MEMORY;
    g_assert_cmpuint(platform->hotplug.dimms->len, ==, n_dimms);
    g_assert_cmpuint(play->rig.host->plugged->len, ==, n_dimms);
    g_assert_nonnull(platform->cpus.vcpus[0]);
    g_assert_cmpstr(play->rig.host->log->str, ==, "");
}

int
LLVMFuzzerTestOneInput(const guint8 *bytes, gsize n)
{
    static const RigSpec spec = {.cpus = 2, .max_cpus = 4, .blocks = 6};
    Play play = {.bytes = bytes, .n = n};

    rig_init(&play.rig, &spec);
    for (guint i = 0; i < OPS_MAX && play.n > 0; i++) {
        operations[take(&play) % G_N_ELEMENTS(operations)](&play);
        check(&play);
    }
    rig_finish(&play.rig);
    return 0;
}
