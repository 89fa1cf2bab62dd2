/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libFuzzer: hot-plugging as a hostile guest and a busy operator do it: RTAS calls on connectors in
 * any order, work areas of any content, plugging, unplugging, events, resets and moves.
 *
 * The input is a program of one-byte operations with operands. After each call, also each one of a
 * walk:
 *
 *     PLUG-1  No connector breaks one of DRC-1 to DRC-6.
 *     PLUG-2  What the host placed is what the machine has. An answer came for what was asked.
 *             Nothing goes that the guest had in its hands, but for its last part and by a reset.
 *     PLUG-3  Nothing is logged that is always shown.
 *     PLUG-4  An indicator has done what LoPAR's figure says (connector-reference.h).
 *
 * and after each program:
 *
 *     PLUG-5  All that was plugged can be taken back by asking and a reset; connectors, cores and
 *             events are as new.
 *
 * Because of PLUG-5 the next program finds the same machine: building one, or resetting all of it,
 * takes longer than most programs. Few of them reset the whole machine, the others what has to do
 * with connectors, and a new machine is built now and then.
 */
#include <string.h>

#include "hw-spapr/connector.h"
#include "tests/fuzz/connector-reference.h"
#include "tests/unit/hw-spapr/platform-rig.h"
#include "vdev/guestmem.h"

#define OPS_MAX  60
#define PLUGS    4
#define CPUS     2u /* at the start, of 4 */
#define AREA     0x10000u
#define AREAS    4u
#define LOG      0x8000u
#define RESETS   256u   /* of so many programs one resets all of the machine */
#define PROGRAMS 10000u /* that one machine plays */

int LLVMFuzzerTestOneInput(const guint8 *bytes, gsize n);

typedef struct {
    VdevPlug plug;
    char id[2]; /* its number, for the host's answers */
    gboolean present;
    gboolean asked; /* back; there was no answer yet */
    guint held;     /* so many of its connectors were in the guest's hands behind the last call */
} Item;

typedef struct {
    const guint8 *bytes;
    gsize n;
    Rig *rig;
    gboolean resetting;
    gboolean resets_all; /* the machine, not only what has to do with connectors */
    Item items[PLUGS];
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

/* --- What must hold ---------------------------------------------------------- */

static void
each_connector(const Play *play, void (*visit)(const Play *play, const Drc *drc))
{
    const Drcs *drcs = &play->rig->platform->drcs;

    for (guint r = 0; r < drcs->n; r++)
        for (guint32 i = 0; i < drcs->ranges[r].n; i++)
            if (drcs->ranges[r].drcs[i] != NULL)
                visit(play, drcs->ranges[r].drcs[i]);
}

static void
check_connector(const Play *play, const Drc *drc)
{
    g_assert_cmpuint(drc_broken(drc), ==, 0);
}

/* "done 1 refused 3 ": the host's answers since the last look. */
static void
take_answers(Play *play)
{
    GString *answers = play->rig->host->answers;

    for (const char *at = answers->str; *at != '\0';) {
        const gboolean done = *at == 'd';
        const char *id = strchr(at, ' ') + 1;
        Item *item = &play->items[*id - '0'];

        g_assert_true(item->present && item->asked);
        g_assert_true(!done || item->held <= 1 || play->resetting);
        item->present = !done;
        item->asked = FALSE;
        at = id + 2;
    }
    g_string_truncate(answers, 0);
}

static guint
count_held(const Play *play, const VdevPlug *plug)
{
    const gboolean memory = plug->kind == VDEV_PLUG_MEMORY;
    const guint32 first = memory ? (guint32)(plug->gpa / BOOT_MEMORY_BLOCK) : plug->core_id;
    const guint32 n = memory ? (guint32)(plug->size / BOOT_MEMORY_BLOCK) : 1;
    guint held = 0;

    for (guint32 i = 0; i < n; i++)
        held += drcs_find(play->rig->platform, DRC_INDEX(memory ? DRC_LMB : DRC_CPU, first + i))
                    ->own.state != DRC_UNUSABLE;
    return held;
}

static gboolean
has_memory(const Play *play, const VdevPlug *plug)
{
    const GPtrArray *dimms = play->rig->platform->hotplug.dimms;

    for (guint i = 0; i < dimms->len; i++)
        if (((const HotplugDimm *)dimms->pdata[i])->plug == plug)
            return TRUE;
    return FALSE;
}

static void
check_plugs(const Play *play)
{
    const Platform *platform = play->rig->platform;
    guint n_dimms = 0, n_cpus = CPUS, vcpus = 0;

    for (guint i = 0; i < PLUGS; i++) {
        const VdevPlug *plug = &play->items[i].plug;

        if (!play->items[i].present)
            continue;
        if (plug->kind == VDEV_PLUG_MEMORY) {
            n_dimms++;
            g_assert_true(has_memory(play, plug));
            g_assert_true(g_ptr_array_find(play->rig->host->plugged, plug, NULL));
        } else {
            n_cpus++;
            g_assert_nonnull(platform->cpus.vcpus[plug->core_id]);
        }
    }
    for (guint i = 0; i < platform->cpus.n; i++)
        vcpus += platform->cpus.vcpus[i] != NULL;
    g_assert_cmpuint(platform->hotplug.dimms->len, ==, n_dimms);
    g_assert_cmpuint(play->rig->host->plugged->len, ==, n_dimms);
    g_assert_cmpuint(vcpus, ==, n_cpus);
}

static void
check(Play *play)
{
    each_connector(play, check_connector);
    take_answers(play);
    check_plugs(play);
    for (guint i = 0; i < PLUGS; i++)
        if (play->items[i].present)
            play->items[i].held = count_held(play, &play->items[i].plug);
    g_assert_cmpstr(play->rig->host->log->str, ==, "");
}

static void
check_new(const Play *play, const Drc *drc)
{
    const guint32 index = drc->own.index;
    const gboolean plugged = index >> 28 == DRC_CPU && (index & DRC_ID_MASK) < CPUS;

    g_assert_cmpint(drc->own.plugged, ==, plugged);
    g_assert_cmpuint(drc->own.state, ==, plugged ? DRC_CONFIGURED : DRC_UNUSABLE);
    g_assert_false(drc->own.unplug_requested || drc->own.walking || drc->tree != NULL);
}

/* --- The guest --------------------------------------------------------------- */

typedef enum { INDICATOR, SENSOR, CONFIGURE, EVENT, START } Call;

/* Looked up once: most of a call would be spent on finding its name. */
static guint32
token(Call call)
{
    static const char *const names[] = {
        [INDICATOR] = "set-indicator",
        [SENSOR] = "get-sensor-state",
        [CONFIGURE] = "ibm,configure-connector",
        [EVENT] = "check-exception",
        [START] = "start-cpu",
    };
    static guint32 tokens[G_N_ELEMENTS(names)];

    if (tokens[call] == 0)
        tokens[call] = rig_token(names[call]);
    return tokens[call];
}

#define CALL(play, call, nret, ...) \
    called(play, RIG_RTAS((play)->rig, token(call), nret, __VA_ARGS__))

static gint32
called(Play *play, gint32 status)
{
    check(play);
    return status;
}

static ReferenceConnector
look_at(const Play *play, const Drc *drc)
{
    const VdevHost *host = &play->rig->host->table;
    const guint32 id = drc->own.index & DRC_ID_MASK;
    ReferenceConnector now = {.state = drc->own.state,
                              .plugged = drc->own.plugged,
                              .asked = drc->own.unplug_requested,
                              .memory = drc->own.index >> 28 == DRC_LMB};

    if (!now.memory && now.plugged)
        now.in_use = host->vcpu_started(host, play->rig->platform->cpus.vcpus[id]);
    return now;
}

/* PLUG-4 */
static void
compare(const ReferenceStep *wanted, const Drc *drc, gint32 status)
{
    g_assert_cmpint(status, ==, wanted->status);
    g_assert_cmpuint(drc->own.state, ==, wanted->state);
    if (wanted->answer == REFERENCE_RELEASED)
        g_assert_cmpint(drc->own.plugged, ==, drc->own.unplug_requested);
    if (wanted->answer == REFERENCE_KEPT)
        g_assert_true(drc->own.plugged && !drc->own.unplug_requested);
}

static void
op_indicator(Play *play)
{
    const guint32 what = take(play), type = 9001 + what % 3, value = what >> 2 & 3;
    const guint32 index = take_index(play);
    const Drc *drc = type != 9002 ? drcs_find(play->rig->platform, index) : NULL;
    ReferenceStep wanted = {.status = RTAS_PARAM_ERROR};
    gint32 status;

    if (drc != NULL) {
        const ReferenceConnector now = look_at(play, drc);

        wanted = type == 9001 ? reference_isolate(&now, value) : reference_allocate(&now, value);
    }
    status = CALL(play, INDICATOR, 1, type, index, value);
    if (drc != NULL)
        compare(&wanted, drc, status);
    else
        g_assert_cmpint(status, ==, wanted.status); /* no logical connector has a light */
}

static void
op_sense(Play *play)
{
    const guint32 index = take_index(play);
    const Drc *drc = drcs_find(play->rig->platform, index);
    const gint32 status = CALL(play, SENSOR, 2, 9003, index);

    g_assert_cmpint(status, ==, drc != NULL ? RTAS_OK : RTAS_PARAM_ERROR);
    if (drc != NULL)
        g_assert_cmpuint(play->rig->rets[1], ==, drc->own.state == DRC_UNUSABLE ? 2 : 1);
}

/* The area as the last call left it, or with one word spoilt, or fresh. */
static void
op_configure(Play *play)
{
    const VdevHost *host = &play->rig->host->table;
    const guint32 how = take(play), area = AREA + how / 64 % AREAS * CONNECTOR_AREA;

    if ((how & 3) == 1)
        memset(play->rig->host->ram + area, 0, CONNECTOR_AREA);
    if ((how & 3) == 2)
        guest_write_be32(host, area + 4 * (how >> 2 & 7), take(play) << (take(play) & 31));
    if ((how & 3) != 0)
        guest_write_be32(host, area, take_index(play));
    CALL(play, CONFIGURE, 1, how == 0xff ? RIG_RAM - take(play) : area,
         how == 0xfe ? take(play) << 12 : 0);
}

static void
op_walk(Play *play)
{
    for (guint32 i = take(play) % 80; i > 0; i--)
        if (CALL(play, CONFIGURE, 1, AREA, 0) <= 0)
            break;
}

static void
op_event(Play *play)
{
    CALL(play, EVENT, 1, 0x500, 0x1001, 0x10000000, 0, LOG, take(play));
}

static void
op_start_stop(Play *play)
{
    const VdevHost *host = &play->rig->host->table;
    const guint32 what = take(play), i = what >> 1 & 3;
    VdevVcpu *vcpu = play->rig->platform->cpus.vcpus[i];

    if ((what & 1) != 0)
        CALL(play, START, 1, i, 0x100, 0);
    else if (vcpu != NULL)
        host->vcpu_stop(host, vcpu);
}

/* --- The operator ------------------------------------------------------------ */

static void
op_plug(Play *play)
{
    const guint32 what = take(play), i = what % PLUGS;
    Item *item = &play->items[i];

    if (item->present)
        return;
    item->id[0] = (char)('0' + i);
    item->plug = (VdevPlug){.kind = (what & 4) != 0 ? VDEV_PLUG_CPU : VDEV_PLUG_MEMORY,
                            .id = item->id,
                            .slot = -1,
                            .block = "mem",
                            .size = (what >> 3 & 3) * BOOT_MEMORY_BLOCK,
                            .core_id = what >> 3 & 7,
                            .at_start = (what & 0x80) != 0};
    item->present = pseries_class.hotplug->plug(play->rig->platform, &item->plug, NULL);
}

/* What is not in the guest's hands goes while it is asked for. */
static void
ask_back(Play *play, Item *item)
{
    const gboolean again = item->asked;
    gboolean good;

    item->asked = TRUE;
    good = pseries_class.hotplug->unplug(play->rig->platform, &item->plug, NULL);
    g_assert_true(good || again);
}

static void
op_unplug(Play *play)
{
    Item *item = &play->items[take(play) % PLUGS];

    if (item->present)
        ask_back(play, item);
}

/* What a reset of the machine begins with. */
static void
reset_connectors(Play *play)
{
    Platform *platform = play->rig->platform;
    const VdevHost *host = &play->rig->host->table;

    play->resetting = TRUE;
    for (guint i = 0; i < platform->cpus.n; i++)
        if (platform->cpus.vcpus[i] != NULL)
            host->vcpu_stop(host, platform->cpus.vcpus[i]);
    drcs_reset(platform);
    events_clear(&platform->events);
    take_answers(play);
    play->resetting = FALSE;
}

static void
op_reset(Play *play)
{
    GError *error = NULL;

    if (!play->resets_all) {
        reset_connectors(play);
        return;
    }
    play->resetting = TRUE;
    pseries_class.reset(play->rig->platform, &error);
    g_assert_no_error(error);
    take_answers(play);
    play->resetting = FALSE;
}

/* The places of walks are lost, as by a move from another program. */
static void
op_move(Play *play)
{
    static const VmsContext context;
    Drcs *drcs = &play->rig->platform->drcs;

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

/* --- A program --------------------------------------------------------------- */

static Rig *
machine(void)
{
    static const RigSpec spec = {.cpus = CPUS, .max_cpus = 4, .blocks = 6};
    static Rig rig;
    static guint n_played;

    if (n_played % PROGRAMS == 0) {
        if (n_played > 0)
            rig_finish(&rig);
        rig_init(&rig, &spec);
    }
    n_played++;
    return &rig;
}

/* One in RESETS. By all bytes, so that no offspring of it is chosen too. */
static gboolean
is_chosen(const guint8 *bytes, gsize n)
{
    guint32 hash = 1;

    for (gsize i = 0; i < n; i++)
        hash = (hash ^ bytes[i]) * 0x01000193u;
    return (hash >> 8) % RESETS == 0;
}

/* PLUG-5. What was asked for and what the guest never had is gone with the reset. */
static void
take_all_back(Play *play)
{
    for (guint i = 0; i < PLUGS; i++) {
        if (play->items[i].present)
            ask_back(play, &play->items[i]);
        take_answers(play);
    }
    reset_connectors(play);
    check(play);
    each_connector(play, check_new);
    for (guint i = 0; i < PLUGS; i++)
        g_assert_false(play->items[i].present);
    memset(play->rig->host->ram + LOG, 0, CONNECTOR_AREA);
    memset(play->rig->host->ram + AREA, 0, AREAS * CONNECTOR_AREA);
}

int
LLVMFuzzerTestOneInput(const guint8 *bytes, gsize n)
{
    Play play = {.bytes = bytes, .n = n, .rig = machine()};

    play.resets_all = is_chosen(bytes, n);
    for (guint i = 0; i < OPS_MAX && play.n > 0; i++) {
        operations[take(&play) % G_N_ELEMENTS(operations)](&play);
        check(&play);
    }
    take_all_back(&play);
    return 0;
}
