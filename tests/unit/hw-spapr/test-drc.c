/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Connectors: every event in every state, by the machine's own table and by a second one of what
 * LoPAR and QEMU say; the walk; plugging and unplugging as a guest goes through it.
 */
#include <libfdt.h>
#include <string.h>

#include "hw-spapr/connector.h"
#include "hw-spapr/irq.h"
#include "tests/unit/hw-spapr/platform-rig.h"
#include "tests/unit/migration-glue/wire-rig.h"
#include "vdev/guestmem.h"
#include "vdev/kvm-ppc.h"

#define LMB   0x80000004u /* the first: the window begins at 1 GiB */
#define CPU_2 0x10000002u
#define SLOT  0x40000018u
#define AREA  0x10000u

static const RigSpec spec = {.cpus = 2, .max_cpus = 4, .blocks = 8};

static gint32
set(Rig *rig, guint32 type, guint32 index, guint32 value)
{
    return RIG_RTAS(rig, rig_token("set-indicator"), 1, type, index, value);
}

static guint32
sense(Rig *rig, guint32 index)
{
    g_assert_cmpint(RIG_RTAS(rig, rig_token("get-sensor-state"), 2, 9003, index), ==, RTAS_OK);
    return rig->rets[1];
}

static gint32
configure(Rig *rig, guint32 extra)
{
    return RIG_RTAS(rig, rig_token("ibm,configure-connector"), 1, AREA, extra);
}

static void
clear_area(Rig *rig, guint32 index)
{
    memset(rig->host->ram + AREA, 0, CONNECTOR_AREA);
    g_assert_true(guest_write_be32(&rig->host->table, AREA, index));
}

static guint32
area_word(Rig *rig, guint i)
{
    guint32 word = 0;

    g_assert_true(guest_read_be32(&rig->host->table, AREA + 4 * i, &word));
    return word;
}

static void
invariants_hold(Rig *rig)
{
    const Drcs *drcs = &rig->platform->drcs;

    for (guint r = 0; r < drcs->n; r++) {
        for (guint32 i = 0; i < drcs->ranges[r].n; i++) {
            if (drcs->ranges[r].drcs[i] != NULL)
                g_assert_cmpuint(drc_broken(drcs->ranges[r].drcs[i]), ==, 0);
        }
    }
}

/* Walks on until the end; appends "2name " and "3name=length " and "4 " to @said. */
static gint32
walk_on(Rig *rig, GString *said, guint steps)
{
    gint32 status = 0;

    for (guint i = 0; i < steps; i++) {
        status = configure(rig, 0);
        invariants_hold(rig);
        if (status <= 0)
            break;
        g_string_append_printf(said, "%d", status);
        if (status <= 3)
            g_string_append(said, (const char *)rig->host->ram + AREA + area_word(rig, 2));
        if (status == 3)
            g_string_append_printf(said, "=%u", area_word(rig, 3));
        g_string_append_c(said, ' ');
    }
    return status;
}

#define LMB_WALK "2memory@40000000 3device_type=7 3reg=16 3ibm,associativity=20 "

static Drc *
drc(Rig *rig, guint32 index)
{
    return drcs_find(rig->platform, index);
}

/* --- The table ----------------------------------------------------------- */

static gboolean busy_device;
static guint n_released, n_kept;

static gboolean
test_in_use(Platform *platform, const Drc *own)
{
    return busy_device;
}

static void *
test_tree(Platform *platform, const Drc *own)
{
    return NULL;
}

static void
test_release(Platform *platform, Drc *own)
{
    n_released++;
    drc_detach(own);
}

static void
test_keep(Platform *platform, Drc *own, const char *reason)
{
    n_kept++;
}

static const DrcDevice test_device = {test_in_use, test_tree, test_release, test_keep};

enum {
    OK = 0,
    NO = RTAS_PARAM_ERROR,
    HW = RTAS_HW_ERROR,
};

/* What has to be: status and next state of each event; 'r': released, 'k': kept, 'a': asked. */
typedef struct {
    gint16 status;
    guint8 to;
    char then;
} Must;

#define USELESS  \
    {            \
        NO, 0, 0 \
    }

/* Plugged, nobody asks for it, not in use: [state][event] in the order of DrcEvent. */
static const Must plain[9][DRC_EVENT_N] = {
    [1] = {{OK, 2}, {OK, 1}, USELESS, {OK, 1}, USELESS, USELESS, USELESS, {OK, 1, 'r'}},
    [2] = {{OK, 2}, {OK, 1}, {OK, 3}, {OK, 2}, USELESS, USELESS, USELESS, {OK, 2, 'a'}},
    [3] = {{OK, 3}, USELESS, {OK, 3}, USELESS, {OK, 3}, {OK, 4}, {OK, 2}, {OK, 3, 'a'}},
    [4] = {{OK, 4}, USELESS, {OK, 4}, {OK, 2}, {OK, 4}, {OK, 4}, {OK, 4}, {OK, 4, 'a'}},
    [5] = {USELESS, USELESS, USELESS, {OK, 5}, USELESS, USELESS, USELESS, {OK, 6, 'r'}},
    [6] = {USELESS, USELESS, {OK, 7}, {OK, 6}, USELESS, USELESS, USELESS, {OK, 6, 'r'}},
    [7] = {USELESS, USELESS, {OK, 7}, USELESS, {OK, 7}, {OK, 8}, {OK, 6}, {OK, 7, 'a'}},
    [8] = {USELESS, USELESS, {OK, 8}, {OK, 6}, {OK, 8}, {OK, 8}, {OK, 8}, {OK, 8, 'a'}},
};

/* The same, asked for; only where it differs. */
static const struct {
    guint8 from, event;
    Must must;
} asked[] = {
    {1, DRC_SET_USABLE, USELESS},          {1, DRC_SET_UNUSABLE, {OK, 1, 'r'}},
    {2, DRC_SET_UNUSABLE, {OK, 1, 'r'}},   {3, DRC_SET_UNISOLATED, {OK, 3, 'k'}},
    {3, DRC_WALK_BEGUN, {OK, 3, 'k'}},     {4, DRC_SET_UNISOLATED, {OK, 4, 'k'}},
    {4, DRC_WALK_BEGUN, {OK, 4, 'k'}},     {7, DRC_SET_UNISOLATED, {OK, 7, 'k'}},
    {8, DRC_SET_UNISOLATED, {OK, 8, 'k'}}, {8, DRC_SET_ISOLATED, {OK, 6, 'r'}},
};

static const Must *
must_be(guint32 state, DrcEvent event, gboolean is_asked)
{
    for (guint i = 0; is_asked && i < G_N_ELEMENTS(asked); i++) {
        if (asked[i].from == state && asked[i].event == event)
            return &asked[i].must;
    }
    return &plain[state][event];
}

static void
one_event(Rig *rig, guint32 index, guint32 state, DrcEvent event, gboolean is_asked)
{
    const Must *must = must_be(state, event, is_asked);
    Drc *own = drc(rig, index);
    DrcThen then;

    drc_attach(rig->platform, own, &test_device, NULL, FALSE, NULL);
    own->own.state = state;
    own->own.unplug_requested = is_asked;
    n_released = n_kept = 0;
    g_assert_cmpint(drc_happens(rig->platform, own, event, &then), ==, must->status);
    g_assert_cmpuint(own->own.state, ==, must->status == OK ? must->to : state);
    g_assert_cmpuint(n_released, ==, must->then == 'r');
    g_assert_cmpuint(n_kept, ==, must->then == 'k');
    g_assert_cmpint(then == DRC_THEN_ASK, ==, must->then == 'a');
    g_assert_cmpint(own->own.unplug_requested, ==,
                    must->then == 'a' || (is_asked && must->then == 0));
    drc_detach(own);
}

static void
every_event_in_every_state(void)
{
    Rig rig;

    rig_init(&rig, &spec);
    drcs_add(&rig.platform->drcs, DRC_PCI, 0, 0, 256);
    busy_device = FALSE;
    for (guint32 state = 1; state <= 8; state++) {
        for (guint event = 0; event < DRC_EVENT_N; event++) {
            one_event(&rig, state <= 4 ? CPU_2 : SLOT, state, event, FALSE);
            one_event(&rig, state <= 4 ? CPU_2 : SLOT, state, event, TRUE);
        }
    }
    rig_finish(&rig);
}

static void
empty_connectors_stay_empty(void)
{
    Rig rig;

    rig_init(&rig, &spec);
    drcs_add(&rig.platform->drcs, DRC_PCI, 0, 0, 256);
    for (guint event = 0; event < DRC_EVENT_N; event++) {
        drc_happens(rig.platform, drc(&rig, LMB), event, NULL);
        g_assert_cmpuint(drc_broken(drc(&rig, LMB)), ==, 0);
        drc_happens(rig.platform, drc(&rig, SLOT), event, NULL);
        g_assert_cmpuint(drc_broken(drc(&rig, SLOT)), ==, 0);
    }
    g_assert_cmpint(set(&rig, 9003, LMB, 1), ==, NO);
    g_assert_cmpint(set(&rig, 9001, SLOT, 1), ==, NO);
    g_assert_cmpuint(sense(&rig, LMB), ==, 2);
    g_assert_cmpuint(sense(&rig, SLOT), ==, 0);
    rig_finish(&rig);
}

static void
what_is_used_or_unasked_is_not_taken(void)
{
    Drc *own;
    Rig rig;

    rig_init(&rig, &spec);
    own = drc(&rig, LMB);
    drc_attach(rig.platform, own, &test_device, NULL, TRUE, NULL);
    g_assert_cmpint(set(&rig, 9001, LMB, 0), ==, HW);
    g_assert_cmpuint(own->own.state, ==, 4);
    drc_detach(own);
    busy_device = TRUE;
    own = drc(&rig, CPU_2);
    drc_attach(rig.platform, own, &test_device, NULL, TRUE, NULL);
    g_assert_cmpint(set(&rig, 9001, CPU_2, 0), ==, HW);
    own->own.state = 2;
    g_assert_cmpint(set(&rig, 9003, CPU_2, 0), ==, HW);
    drc_detach(own);
    busy_device = FALSE;
    rig_finish(&rig);
}

static void
indicators_refuse_what_they_do_not_know(void)
{
    static const guint32 bad[][3] = {
        {9001, LMB, 2},        {9003, LMB, 2},        {9003, LMB, 3}, {9002, LMB, 1},
        {9001, 0x80000003, 0}, {9001, 0x8000000c, 0}, {9001, 0, 0},   {9003, SLOT, 0},
        {9001, 0x10000004, 0}, {9001, 0xffffffff, 1}, {9004, LMB, 0}, {9002, SLOT, 4},
        {9003, 0x7fffffff, 1},
    };
    Rig rig;

    rig_init(&rig, &spec);
    drcs_add(&rig.platform->drcs, DRC_PCI, 0, 0, 256);
    for (gsize i = 0; i < G_N_ELEMENTS(bad); i++)
        g_assert_cmpint(set(&rig, bad[i][0], bad[i][1], bad[i][2]), ==, NO);
    g_assert_cmpint(set(&rig, 9002, SLOT, 3), ==, OK);
    g_assert_cmpuint(drc(&rig, SLOT)->own.indicator, ==, 3);
    g_assert_cmpint(RIG_RTAS(&rig, rig_token("get-sensor-state"), 2, 9003, 0x80000003), ==, NO);
    rig_finish(&rig);
}

/* --- Plugging ------------------------------------------------------------ */

static VdevPlug
dimm(const char *id, guint64 mib)
{
    return (VdevPlug){
        .kind = VDEV_PLUG_MEMORY, .id = id, .size = mib << 20, .slot = -1, .block = "mem1"};
}

static void
plug(Rig *rig, VdevPlug *what)
{
    GError *error = NULL;

    pseries_class.hotplug->plug(rig->platform, what, &error);
    g_assert_no_error(error);
    invariants_hold(rig);
}

static void
unplug(Rig *rig, VdevPlug *what)
{
    GError *error = NULL;

    pseries_class.hotplug->unplug(rig->platform, what, &error);
    g_assert_no_error(error);
    invariants_hold(rig);
}

static void
assert_event(Rig *rig, const char *body)
{
    g_autoptr(GByteArray) expected = wire_bytes(body);

    g_assert_cmpint(RIG_RTAS(rig, rig_token("check-exception"), 1, 0x500, IRQ_HOTPLUG, 0x10000000,
                             0, 0x8000, 0x800),
                    ==, OK);
    g_assert_cmpmem(rig->host->ram + 0x8000, 8, "\x06\x34\x60\xe5\0\0\0\x6c", 8); /* (seen) */
    g_assert_cmpmem(rig->host->ram + 0x8000 + 96 + 8, expected->len, expected->data, expected->len);
}

static void
take(Rig *rig, guint32 index)
{
    g_assert_cmpuint(sense(rig, index), ==, 2);
    g_assert_cmpint(set(rig, 9003, index, 1), ==, OK);
    g_assert_cmpint(set(rig, 9001, index, 1), ==, OK);
    clear_area(rig, index);
}

static void
take_and_configure(Rig *rig, guint32 index)
{
    g_autoptr(GString) said = g_string_new(NULL);

    take(rig, index);
    g_assert_cmpint(walk_on(rig, said, 1000), ==, OK);
    g_assert_cmpuint(drc(rig, index)->own.state, ==, 4);
}

static void
give_back(Rig *rig, guint32 index)
{
    g_assert_cmpuint(sense(rig, index), ==, 1);
    g_assert_cmpint(set(rig, 9001, index, 0), ==, OK);
    g_assert_cmpint(set(rig, 9003, index, 0), ==, OK);
    invariants_hold(rig);
}

static void
memory_comes_and_goes_as_linux_does_it(void)
{
    VdevPlug one = dimm("dimm1", 256);
    g_autoptr(GString) said = g_string_new(NULL);
    Rig rig;

    rig_init(&rig, &spec);
    rig_arm(&rig, IRQ_HOTPLUG);
    plug(&rig, &one);
    g_assert_cmphex(one.gpa, ==, 0x40000000);
    g_assert_cmpint(one.slot, ==, 0);
    g_assert_true(rig_fired(&rig, IRQ_HOTPLUG));
    assert_event(&rig, "02 01 04 00 00000001 80000004");
    take(&rig, LMB);
    g_assert_cmpint(walk_on(&rig, said, 1000), ==, OK);
    g_assert_cmpstr(said->str, ==, LMB_WALK);
    g_assert_cmpuint(sense(&rig, LMB), ==, 1);
    unplug(&rig, &one);
    assert_event(&rig, "02 02 04 00 00000001 80000004");
    give_back(&rig, LMB);
    g_assert_cmpstr(rig.host->answers->str, ==, "done dimm1 ");
    g_assert_cmpuint(rig.host->plugged->len, ==, 0);
    g_assert_cmpint(set(&rig, 9003, LMB, 1), ==, NO);
    rig_finish(&rig);
}

/* R-DRC-12, R-DRC-13. */
static void
memory_that_is_taken_back_is_kept_whole(void)
{
    VdevPlug three = dimm("dimm1", 768);
    Rig rig;

    rig_init(&rig, &spec);
    plug(&rig, &three);
    for (guint32 i = 0; i < 3; i++)
        take_and_configure(&rig, LMB + i);
    unplug(&rig, &three);
    g_assert_false(pseries_class.hotplug->unplug(rig.platform, &three, NULL));
    give_back(&rig, LMB);
    g_assert_cmpint(set(&rig, 9003, LMB, 1), ==, NO);     /* asked for still */
    g_assert_cmpint(set(&rig, 9001, LMB + 1, 1), ==, OK); /* Linux says: no */
    g_assert_cmpstr(rig.host->answers->str, ==, "refused dimm1 ");
    take_and_configure(&rig, LMB);
    g_assert_cmpuint(rig.host->plugged->len, ==, 1);
    unplug(&rig, &three);
    for (guint32 i = 0; i < 3; i++)
        give_back(&rig, LMB + 2 - i);
    g_assert_cmpstr(rig.host->answers->str, ==, "refused dimm1 done dimm1 ");
    rig_finish(&rig);
}

static void
what_the_guest_never_took_is_gone_at_once(void)
{
    VdevPlug two = dimm("dimm1", 512);
    VdevPlug core = {.kind = VDEV_PLUG_CPU, .id = "core3", .core_id = 3};
    Rig rig;

    rig_init(&rig, &spec);
    plug(&rig, &two);
    take_and_configure(&rig, LMB + 1);
    unplug(&rig, &two);
    g_assert_cmpstr(rig.host->answers->str, ==, "");
    give_back(&rig, LMB + 1);
    plug(&rig, &core);
    unplug(&rig, &core);
    g_assert_cmpstr(rig.host->answers->str, ==, "done dimm1 done core3 ");
    g_assert_cmpuint(rig.host->parked->len, ==, 1);
    rig_finish(&rig);
}

static void
reset_completes_what_was_asked_and_readies_the_rest(void)
{
    VdevPlug one = dimm("dimm1", 256), two = dimm("dimm2", 512);
    VdevPlug core = {.kind = VDEV_PLUG_CPU, .id = "core2", .core_id = 2};
    Rig rig;

    rig_init(&rig, &spec);
    plug(&rig, &one);
    plug(&rig, &two);
    plug(&rig, &core);
    for (guint32 i = 0; i < 3; i++)
        take_and_configure(&rig, LMB + i);
    take_and_configure(&rig, CPU_2);
    unplug(&rig, &two);
    unplug(&rig, &core);
    g_assert_true(pseries_class.reset(rig.platform, NULL));
    invariants_hold(&rig);
    g_assert_cmpuint(drc(&rig, LMB)->own.state, ==, 4);
    g_assert_cmpuint(drc(&rig, LMB + 1)->own.state, ==, 1);
    g_assert_cmpuint(rig.host->plugged->len, ==, 1);
    g_assert_null(rig.platform->cpus.vcpus[2]);
    g_assert_nonnull(strstr(rig.host->answers->str, "done dimm2 "));
    g_assert_nonnull(strstr(rig.host->answers->str, "done core2 "));
    rig_finish(&rig);
}

static void
core_comes_runs_and_goes(void)
{
    VdevPlug core = {.kind = VDEV_PLUG_CPU, .id = "core2", .core_id = 2};
    Rig rig;

    rig_init(&rig, &spec);
    rig_set_reg(&rig, 0, VDEV_REG_LPCR, VDEV_LPCR_ILE);
    for (guint round = 0; round < 3; round++) {
        const VdevHost *host = &rig.host->table;
        VdevVcpu *vcpu;

        plug(&rig, &core);
        vcpu = rig.platform->cpus.vcpus[2];
        assert_event(&rig, "01 01 02 00 10000002");
        g_assert_cmphex(rig_reg(&rig, 2, VDEV_REG_LPCR) & VDEV_LPCR_ILE, ==, VDEV_LPCR_ILE);
        /* not before it is configured */
        g_assert_cmpint(RIG_RTAS(&rig, rig_token("start-cpu"), 1, 2, 0x100, 0), ==, HW);
        take_and_configure(&rig, CPU_2);
        g_assert_cmpint(RIG_RTAS(&rig, rig_token("start-cpu"), 1, 2, 0x100, 0), ==, OK);
        unplug(&rig, &core);
        assert_event(&rig, "01 02 02 00 10000002");
        g_assert_cmpint(set(&rig, 9001, CPU_2, 0), ==, HW); /* it runs */
        host->vcpu_stop(host, vcpu);
        give_back(&rig, CPU_2);
        g_assert_null(rig.platform->cpus.vcpus[2]);
        g_assert_cmpuint(rig.host->parked->len, ==, 1);
    }
    g_assert_cmpuint(rig.host->vcpus->len, ==, 3);
    rig_finish(&rig);
}

/* R-DRC-8. */
static void
what_is_there_at_the_start_is_ready_and_says_nothing(void)
{
    VdevPlug one = dimm("dimm1", 256);
    VdevPlug core = {.kind = VDEV_PLUG_CPU, .id = "core3", .core_id = 3, .at_start = TRUE};
    Rig rig;

    rig_init(&rig, &spec);
    one.at_start = TRUE;
    plug(&rig, &one);
    plug(&rig, &core);
    g_assert_cmpuint(rig.platform->events.logs.length, ==, 0);
    g_assert_cmpuint(drc(&rig, LMB)->own.state, ==, 4);
    g_assert_cmpuint(drc(&rig, 0x10000003)->own.state, ==, 4);
    g_assert_false(state_drc.needed(&drc(&rig, LMB)->own, &wire_context));
    rig_finish(&rig);
}

static void
what_does_not_fit_is_refused_and_changes_nothing(void)
{
    const struct {
        guint64 gpa, mib;
        gint32 slot;
        guint32 node;
        const char *said;
    } bad[] = {
        {0, 0, -1, 0, "is not a multiple"},
        {0, 255, -1, 0, "is not a multiple"},
        {0, 4096, -1, 0, "more than maxmem leaves"},
        {0, 256, 8, 0, "slot=8: the slots"},
        {0, 256, 0, 0, "slot=0 is taken"},
        {0, 256, -1, 1, "node 0 only"},
        {0x30000000, 256, -1, 0, "addr=0x30000000"},
        {0xc0000000, 256, -1, 0, "addr=0xc0000000"},
        {G_MAXUINT64 << 28, 256, -1, 0, "addr=0x"},
        {0x40000000, 512, -1, 0, "there is memory already"},
        {0, 2048, -1, 0, "in one piece"},
    };
    VdevPlug one = dimm("dimm1", 256);
    VdevPlug core = {.kind = VDEV_PLUG_CPU, .id = "c", .core_id = 1};
    g_autoptr(GError) error = NULL;
    Rig rig;

    rig_init(&rig, &spec);
    plug(&rig, &one);
    for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
        VdevPlug more = dimm("more", bad[i].mib);
        g_autoptr(GError) why = NULL;

        more.gpa = bad[i].gpa;
        more.slot = bad[i].slot;
        more.node = bad[i].node;
        g_assert_false(pseries_class.hotplug->plug(rig.platform, &more, &why));
        g_test_message("%s", why->message);
        g_assert_nonnull(strstr(why->message, bad[i].said));
        g_assert_cmpuint(rig.platform->hotplug.dimms->len, ==, 1);
        g_assert_null(more.machine_data);
    }
    g_assert_false(pseries_class.hotplug->plug(rig.platform, &core, &error));
    g_assert_nonnull(strstr(error->message, "plugged in already"));
    rig_finish(&rig);
}

static void
host_trouble_leaves_nothing_behind(void)
{
    for (guint at = 1; at < 200; at++) {
        VdevPlug one = dimm("dimm1", 512);
        VdevPlug core = {.kind = VDEV_PLUG_CPU, .id = "core2", .core_id = 2};
        gboolean good;
        Rig rig;

        rig_init(&rig, &spec);
        fake_host_fail_at(rig.host, at, EIO);
        good = pseries_class.hotplug->plug(rig.platform, &core, NULL) &&
               pseries_class.hotplug->plug(rig.platform, &one, NULL);
        fake_host_fail_at(rig.host, 0, 0);
        invariants_hold(&rig);
        if (rig.platform->cpus.vcpus[2] == NULL)
            plug(&rig, &core);
        if (rig.platform->hotplug.dimms->len == 0)
            plug(&rig, &one);
        take_and_configure(&rig, CPU_2);
        take_and_configure(&rig, LMB + 1);
        rig_finish(&rig);
        if (good)
            return;
    }
    g_assert_not_reached();
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define TEST(name) g_test_add_func("/spapr-drc/" #name, name)
    TEST(every_event_in_every_state);
    TEST(empty_connectors_stay_empty);
    TEST(what_is_used_or_unasked_is_not_taken);
    TEST(indicators_refuse_what_they_do_not_know);
    TEST(memory_comes_and_goes_as_linux_does_it);
    TEST(memory_that_is_taken_back_is_kept_whole);
    TEST(what_the_guest_never_took_is_gone_at_once);
    TEST(reset_completes_what_was_asked_and_readies_the_rest);
    TEST(core_comes_runs_and_goes);
    TEST(what_is_there_at_the_start_is_ready_and_says_nothing);
    TEST(what_does_not_fit_is_refused_and_changes_nothing);
    TEST(host_trouble_leaves_nothing_behind);
    return g_test_run();
}
