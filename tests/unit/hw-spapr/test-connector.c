/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The walk of ibm,configure-connector: restarted, interleaved, too large, lost, moved; work areas
 * of a hostile guest; and what of it stands in the stream.
 */
#include <libfdt.h>
#include <string.h>

#include "hw-spapr/connector.h"
#include "migration-glue/rules.h"
#include "tests/unit/hw-spapr/slot-rig.h"
#include "tests/unit/migration-glue/wire-rig.h"
#include "vdev/guestmem.h"

#define LMB    0x80000004u
#define AREA   0x10000u
#define SECOND 0x14000u
#define EXTRA  0x18000u

static const RigSpec spec = {.cpus = 2, .max_cpus = 4, .blocks = 8};

static gint32
step(Rig *rig, guint32 area, guint32 extra)
{
    return RIG_RTAS(rig, rig_token("ibm,configure-connector"), 1, area, extra);
}

static guint32
word(Rig *rig, guint32 area, guint i)
{
    guint32 value = 0;

    g_assert_true(guest_read_be32(&rig->host->table, area + 4 * i, &value));
    return value;
}

static void
set_word(Rig *rig, guint32 area, guint i, guint32 value)
{
    g_assert_true(guest_write_be32(&rig->host->table, area + 4 * i, value));
}

static void
fresh_area(Rig *rig, guint32 area, guint32 index)
{
    memset(rig->host->ram + area, 0, CONNECTOR_AREA);
    set_word(rig, area, 0, index);
}

static Drc *
drc(Rig *rig, guint32 index)
{
    return drcs_find(rig->platform, index);
}

/* A machine with a DIMM of two blocks, both unisolated. */
static VdevPlug *
begin(Rig *rig, const char *type)
{
    VdevPlug *dimm = g_new0(VdevPlug, 1);
    const RigSpec typed = {.type = type, .cpus = 2, .max_cpus = 4, .blocks = 8};

    *dimm = (VdevPlug){.id = "dimm1", .size = 2 * BOOT_MEMORY_BLOCK, .slot = -1, .block = "mem1"};
    rig_init(rig, &typed);
    g_assert_true(pseries_class.hotplug->plug(rig->platform, dimm, NULL));
    for (guint32 i = 0; i < 2; i++) {
        g_assert_cmpint(drc_set_allocation(rig->platform, LMB + i, 1), ==, RTAS_OK);
        g_assert_cmpint(drc_set_isolation(rig->platform, LMB + i, 1), ==, RTAS_OK);
    }
    fresh_area(rig, AREA, LMB);
    return dimm;
}

static void
end(Rig *rig, VdevPlug *dimm)
{
    rig_finish(rig);
    g_free(dimm);
}

/* The steps of one block: child, three properties, done. */
static const gint32 walk[] = {2, 3, 3, 3, 0};

static void
walks_of_two_connectors_interleave(void)
{
    Rig rig;
    VdevPlug *dimm = begin(&rig, NULL);

    fresh_area(&rig, SECOND, LMB + 1);
    for (guint i = 0; i < G_N_ELEMENTS(walk); i++) {
        g_assert_cmpint(step(&rig, AREA, 0), ==, walk[i]);
        g_assert_cmpint(step(&rig, SECOND, 0), ==, walk[i]);
    }
    g_assert_cmpstr((char *)rig.host->ram + SECOND + 20, !=, (char *)rig.host->ram + EXTRA);
    end(&rig, dimm);
}

static void
first_call_begins_anew(void)
{
    Rig rig;
    VdevPlug *dimm = begin(&rig, NULL);

    for (guint n = 1; n < G_N_ELEMENTS(walk); n++) {
        for (guint i = 0; i < n; i++)
            g_assert_cmpint(step(&rig, AREA, 0), ==, walk[i]);
        set_word(&rig, AREA, 1, 0);
    }
    for (guint i = 0; i < G_N_ELEMENTS(walk); i++)
        g_assert_cmpint(step(&rig, AREA, 0), ==, walk[i]);
    /* once configured it may be read again */
    fresh_area(&rig, AREA, LMB);
    g_assert_cmpint(step(&rig, AREA, 0), ==, 2);
    g_assert_cmpuint(drc(&rig, LMB)->own.state, ==, DRC_CONFIGURED);
    end(&rig, dimm);
}

static void
areas_outside_ram_or_of_nothing_are_refused(void)
{
    Rig rig;
    VdevPlug *dimm = begin(&rig, NULL);

    g_assert_cmpint(step(&rig, RIG_RAM - CONNECTOR_AREA + 4, 0), ==, RTAS_PARAM_ERROR);
    g_assert_cmpint(step(&rig, 0xfffffffc, 0), ==, RTAS_PARAM_ERROR);
    fresh_area(&rig, AREA, 0x8fffffff);
    g_assert_cmpint(step(&rig, AREA, 0), ==, RTAS_PARAM_ERROR);
    fresh_area(&rig, AREA, LMB + 2);
    g_assert_cmpint(step(&rig, AREA, 0), ==, RTAS_NOT_CONFIGURABLE);
    fresh_area(&rig, RIG_RAM - CONNECTOR_AREA, LMB);
    g_assert_cmpint(step(&rig, RIG_RAM - CONNECTOR_AREA, 0), ==, 2);
    end(&rig, dimm);
}

/* --- A large property ---------------------------------------------------- */

static void *
large_tree(Platform *platform, const Drc *own)
{
    static const guint8 bytes[CONNECTOR_AREA + 1] = {[0] = 1, [4095] = 2};
    void *blob = g_malloc0(16384);

    g_assert_cmpint(fdt_create(blob, 16384) | fdt_finish_reservemap(blob), ==, 0);
    g_assert_cmpint(fdt_begin_node(blob, "") | fdt_begin_node(blob, "pci@1"), ==, 0);
    g_assert_cmpint(fdt_property(blob, "large", bytes, CONNECTOR_AREA), ==, 0);
    g_assert_cmpint(fdt_begin_node(blob, "child") | fdt_end_node(blob), ==, 0);
    g_assert_cmpint(fdt_begin_node(blob, "worse"), ==, 0);
    g_assert_cmpint(fdt_property(blob, "too-large", bytes, sizeof(bytes)), ==, 0);
    g_assert_cmpint(fdt_end_node(blob) | fdt_end_node(blob) | fdt_end_node(blob), ==, 0);
    g_assert_cmpint(fdt_finish(blob), ==, 0);
    return blob;
}

static void
large_property_asks_for_a_page(void)
{
    static const DrcDevice device = {.tree = large_tree};
    const guint32 index = 0x40000018;
    Drc *own;
    Rig rig;

    rig_init(&rig, &spec);
    drcs_add(&rig.platform->drcs, DRC_PCI, 0, 0, 256);
    own = drc(&rig, index);
    drc_attach(rig.platform, own, &device, NULL, FALSE, NULL);
    g_assert_cmpint(drc_set_isolation(rig.platform, index, 1), ==, RTAS_OK);
    fresh_area(&rig, AREA, index);
    g_assert_cmpint(step(&rig, AREA, 0), ==, CONNECTOR_CHILD);
    g_assert_cmpint(step(&rig, AREA, 0), ==, CONNECTOR_MORE_MEMORY);
    g_assert_cmpint(step(&rig, AREA, 0), ==, CONNECTOR_MORE_MEMORY);
    g_assert_cmpint(step(&rig, AREA, RIG_RAM - 16), ==, RTAS_PARAM_ERROR);
    g_assert_cmpint(step(&rig, AREA, EXTRA), ==, CONNECTOR_PROPERTY);
    g_assert_cmpuint(word(&rig, AREA, 3), ==, CONNECTOR_AREA);
    g_assert_cmpuint(AREA + word(&rig, AREA, 4), ==, EXTRA);
    g_assert_cmpuint(rig.host->ram[EXTRA + 4095], ==, 2);
    g_assert_cmpint(step(&rig, AREA, 0), ==, CONNECTOR_CHILD);
    g_assert_cmpint(step(&rig, AREA, 0), ==, CONNECTOR_PARENT);
    g_assert_cmpint(step(&rig, AREA, 0), ==, CONNECTOR_CHILD);
    g_assert_cmpint(step(&rig, AREA, EXTRA), ==, RTAS_HW_ERROR); /* nothing holds it */
    g_assert_cmpuint(own->own.state, ==, DRC_SLOT_POWERED);
    g_assert_cmpuint(drc_broken(own), ==, 0);
    rig_finish(&rig);
}

/* --- Moved --------------------------------------------------------------- */

static VmsContext
context_of(const char *type)
{
    return (VmsContext){.row = rig_row(type), .rules = mig_rules_find(type)};
}

/* The connector's section from one machine into another of @type, which was started with the DIMM.
 * FALSE: the section is not sent. */
static gboolean
move(Rig *from, Rig *into, VdevPlug *dimm, const char *type)
{
    const VmsContext context = context_of(type);
    const RigSpec typed = {.type = type, .cpus = 2, .max_cpus = 4, .blocks = 8};
    g_autoptr(GByteArray) bytes = NULL;
    GError *error = NULL;
    gsize used;

    *dimm = (VdevPlug){.id = "dimm1",
                       .size = 2 * BOOT_MEMORY_BLOCK,
                       .slot = -1,
                       .block = "mem1",
                       .at_start = TRUE};
    rig_init(into, &typed);
    g_assert_true(pseries_class.hotplug->plug(into->platform, dimm, NULL));
    memcpy(into->host->ram, from->host->ram, RIG_RAM);
    drcs_arrived(&into->platform->drcs, &context);
    if (!state_drc.needed(&drc(from, LMB)->own, &context))
        return FALSE;
    bytes = wire_save(&state_drc, &drc(from, LMB)->own, &context, &error);
    g_assert_no_error(error);
    g_assert_true(wire_load(&state_drc, &drc(into, LMB)->own, 1, &context, bytes->data, bytes->len,
                            &used, &error));
    g_assert_cmpuint(used, ==, bytes->len);
    g_assert_cmpuint(drc_broken(drc(into, LMB)), ==, 0);
    return TRUE;
}

static const char *const rows[] = {"pseries-vmm-1.0", "pseries-10.0", "pseries-4.1", "pseries-3.1"};

/* R-DRC-3, R-DRC-10: by the subsection, or by the mark in the guest's own memory. */
static void
a_walk_goes_on_behind_a_move_at_every_piece(void)
{
    for (guint r = 0; r < G_N_ELEMENTS(rows); r++) {
        for (guint cut = 0; cut <= G_N_ELEMENTS(walk); cut++) {
            Rig from, into;
            VdevPlug *dimm = begin(&from, rows[r]), there;

            for (guint i = 0; i < cut; i++)
                g_assert_cmpint(step(&from, AREA, 0), ==, walk[i]);
            move(&from, &into, &there, rows[r]);
            for (guint i = cut; i < G_N_ELEMENTS(walk); i++) {
                g_assert_cmpint(step(&from, AREA, 0), ==, walk[i]);
                g_assert_cmpint(step(&into, AREA, 0), ==, walk[i]);
                g_assert_cmpmem(into.host->ram + AREA, CONNECTOR_AREA, from.host->ram + AREA,
                                CONNECTOR_AREA);
            }
            g_assert_cmpuint(drc(&into, LMB)->own.state, ==, DRC_CONFIGURED);
            rig_finish(&into);
            end(&from, dimm);
        }
    }
}

/* R-DRC-11: stock QEMU leaves word 1 as it was, and sends no place. */
static const struct {
    guint word;
    guint32 value;
} spoils[] = {{1, 0}, {1, 1}, {1, 0xfff00001}, {1, 0x00100001}, {2, 0}, {2, 24}, {2, 0xffffffff}};

static void
a_walk_without_a_place_fails_once_and_can_begin_anew(void)
{
    for (guint s = 0; s < G_N_ELEMENTS(spoils); s++) {
        Rig from, into;
        VdevPlug *dimm = begin(&from, "pseries-10.0"), there;

        for (guint i = 0; i < 3; i++)
            step(&from, AREA, 0);
        g_assert_true(move(&from, &into, &there, "pseries-10.0"));
        set_word(&into, AREA, spoils[s].word, spoils[s].value);
        g_assert_cmpint(step(&into, AREA, 0), ==, RTAS_HW_ERROR);
        g_assert_cmpuint(drc(&into, LMB)->own.state, ==, DRC_AVAILABLE);
        g_assert_cmpint(step(&into, AREA, 0), ==, RTAS_NOT_CONFIGURABLE);
        /* Linux lets go, and adds again */
        g_assert_cmpint(drc_set_isolation(into.platform, LMB, 0), ==, RTAS_OK);
        g_assert_cmpint(drc_set_allocation(into.platform, LMB, 0), ==, RTAS_OK);
        g_assert_cmpint(drc_set_allocation(into.platform, LMB, 1), ==, RTAS_OK);
        g_assert_cmpint(drc_set_isolation(into.platform, LMB, 1), ==, RTAS_OK);
        fresh_area(&into, AREA, LMB);
        for (guint i = 0; i < G_N_ELEMENTS(walk); i++)
            g_assert_cmpint(step(&into, AREA, 0), ==, walk[i]);
        rig_finish(&into);
        end(&from, dimm);
    }
}

static void
a_tree_that_has_changed_fails_the_walk(void)
{
    Rig from, into;
    VdevPlug *dimm = begin(&from, "pseries-vmm-1.0"), there;

    step(&from, AREA, 0);
    g_assert_true(move(&from, &into, &there, "pseries-vmm-1.0"));
    drc(&into, LMB)->own.digest ^= 1;
    g_assert_cmpint(step(&into, AREA, 0), ==, RTAS_HW_ERROR);
    g_assert_cmpuint(drc(&into, LMB)->own.state, ==, DRC_AVAILABLE);
    rig_finish(&into);
    end(&from, dimm);
}

/* --- A slot ---------------------------------------------------------------- */

static gboolean
load_slot(Drc *slot, const char *text, GError **error)
{
    g_autoptr(GByteArray) bytes = wire_bytes(text);

    return slot_rig_load(slot, bytes->data, bytes->len, error);
}

/* State 6 as stock QEMU sends it: plugged in, the guest has not taken it. R-DRC-9. */
static void
a_slot_that_waits_for_its_guest_loads_if_its_device_is_there(void)
{
    g_autoptr(GError) error = NULL;
    Drc *slot;
    Rig rig;

    slot = slot_rig_init(&rig);
    g_assert_false(load_slot(slot, "00000006", &error));
    g_assert_nonnull(strstr(error->message, "connector 0x40000008: nothing is plugged in here"));
    g_clear_error(&error);
    slot_rig_plug(&rig, slot);
    g_assert_false(load_slot(slot, "00000002", &error)); /* of another class */
    g_assert_cmpuint(slot->own.state, ==, DRC_SLOT_CONFIGURED);
    g_assert_true(load_slot(slot, "00000006", NULL));
    g_assert_cmpuint(slot->own.state, ==, DRC_SLOT_POWERED);
    g_assert_cmpuint(drc_broken(slot), ==, 0);
    slot_rig_take(&rig, slot);
    rig_finish(&rig);
}

/* --- In the tree --------------------------------------------------------- */

static void
assert_property(const void *tree, const char *path, const char *name, const char *text)
{
    g_autoptr(GByteArray) expected = wire_bytes(text);
    int n = 0;
    const void *value = fdt_getprop(tree, fdt_path_offset(tree, path), name, &n);

    g_assert_nonnull(value);
    g_assert_cmpmem(value, (gsize)n, expected->data, expected->len);
}

static void
connectors_and_blocks_are_listed(void)
{
    const RigSpec small = {.cpus = 1, .max_cpus = 2, .blocks = 2};
    g_autofree void *tree = NULL;
    Rig rig;

    rig_init(&rig, &small);
    tree = fdt_build(rig.platform, NULL);
    assert_property(tree, "/", "ibm,drc-indexes", "00000002 80000004 80000005");
    assert_property(tree, "/", "ibm,drc-names", "00000002 'LMB 4' 00 'LMB 5' 00");
    assert_property(tree, "/", "ibm,drc-types", "00000002 'MEM' 00 'MEM' 00");
    assert_property(tree, "/", "ibm,drc-power-domains", "00000002 ffffffff ffffffff");
    assert_property(tree, "/cpus", "ibm,drc-names", "00000002 'CPU 0' 00 'CPU 1' 00");
    assert_property(tree, "/rtas", "ibm,lrdr-capacity",
                    "00000000 60000000 00000000 10000000 00000002");
    assert_property(tree, "/ibm,dynamic-reconfiguration-memory", "ibm,dynamic-memory-v2",
                    "00000002 00000004 00000000 00000000 00000000 ffffffff 000000a0 "
                    "00000002 00000000 40000000 80000004 ffffffff 00000000");
    rig_finish(&rig);
}

/* --- Bytes --------------------------------------------------------------- */

#define UNPLUG "05 1a 'spapr_drc/unplug_requested' 00000001 01"

static void
assert_sent(Rig *rig, const char *type, const char *text)
{
    const VmsContext context = context_of(type);
    ConnectorState *own = &drc(rig, LMB)->own;
    g_autoptr(GByteArray) bytes = NULL;

    g_test_message("%s", type);
    g_assert_cmpint(state_drc.needed(own, &context), ==, text != NULL);
    if (text == NULL)
        return;
    bytes = wire_save(&state_drc, own, &context, NULL);
    wire_assert_bytes(bytes, text);
}

static void
assert_sent_by_all(Rig *rig, const char *text)
{
    for (guint r = 0; r < G_N_ELEMENTS(rows); r++)
        assert_sent(rig, rows[r], text);
}

/* R-DRC-1, R-DRC-2, R-DRC-7. */
static void
only_what_is_on_its_way_is_sent(void)
{
    g_autofree char *walked = NULL;
    Rig rig;
    VdevPlug *dimm = begin(&rig, NULL);
    Drc *own = drc(&rig, LMB);

    assert_sent_by_all(&rig, "00000003");
    step(&rig, AREA, 0);
    step(&rig, AREA, 0);
    walked = g_strdup_printf("00000003 05 0d 'spapr_drc/ccs' 00000001 00000001 00000002 "
                             "%016" G_GINT64_MODIFIER "x",
                             own->own.digest);
    assert_sent(&rig, "pseries-vmm-1.0", walked);
    assert_sent(&rig, "pseries-10.0", "00000003");
    assert_sent(&rig, "pseries-3.1", "00000003");
    rig.platform->drc_walk = PLATFORM_DRC_WALK_ON;
    assert_sent_by_all(&rig, walked);
    rig.platform->drc_walk = PLATFORM_DRC_WALK_OFF;
    assert_sent_by_all(&rig, "00000003");
    rig.platform->drc_walk = PLATFORM_DRC_WALK_AUTO;
    while (step(&rig, AREA, 0) > 0)
        ;
    assert_sent_by_all(&rig, NULL);
    g_assert_true(pseries_class.hotplug->unplug(rig.platform, dimm, NULL));
    assert_sent(&rig, "pseries-10.0", "00000004 " UNPLUG);
    assert_sent(&rig, "pseries-5.0", "00000004 " UNPLUG);
    assert_sent(&rig, "pseries-4.2", NULL);
    drc_set_isolation(rig.platform, LMB, 0);
    assert_sent(&rig, "pseries-10.0", "00000002 " UNPLUG);
    assert_sent(&rig, "pseries-4.1", "00000002");
    end(&rig, dimm);
}

static const struct {
    const char *bytes, *message;
} refused[] = {
    {"00000000", "state 0 is impossible"},
    {"00000005", "state 5 is impossible"},
    {"00000002 05 0d 'spapr_drc/ccs' 00000001 00000001 00000001 0000000000000000",
     "nothing can be read through it in state 2"},
    {"00000003 05 0d 'spapr_drc/ccs' 00000001 00000000 00000001 0000000000000000",
     "depth 0 behind 1 pieces"},
    {"00000003 05 0d 'spapr_drc/ccs' 00000001 00000003 00000002 0000000000000000",
     "depth 3 behind 2 pieces"},
};

/* R-DRC-9. */
static void
impossible_state_is_refused(void)
{
    Rig rig;
    VdevPlug *dimm = begin(&rig, NULL);

    for (gsize i = 0; i < G_N_ELEMENTS(refused); i++)
        wire_assert_refuses(&state_drc, &drc(&rig, LMB)->own, sizeof(ConnectorState), 1,
                            refused[i].bytes, MIG_ERROR_STATE, refused[i].message);
    wire_assert_refuses(&state_drc, &drc(&rig, LMB + 3)->own, sizeof(ConnectorState), 1, "00000003",
                        MIG_ERROR_STATE, "nothing is plugged in here");
    end(&rig, dimm);
}

static void
a_place_beyond_the_tree_fails_the_walk(void)
{
    static const char *const places[] = {"00000001 00000005", "00000001 ffffffff",
                                         "00000002 00000002"};
    for (guint i = 0; i < G_N_ELEMENTS(places); i++) {
        g_autofree char *bytes = NULL;
        Rig rig;
        VdevPlug *dimm = begin(&rig, NULL);
        guint64 digest;

        step(&rig, AREA, 0);
        digest = drc(&rig, LMB)->own.digest;
        drc_rewind(drc(&rig, LMB));
        bytes =
            g_strdup_printf("00000003 05 0d 'spapr_drc/ccs' 00000001 %s %016" G_GINT64_MODIFIER "x",
                            places[i], digest);
        wire_assert_loads(&state_drc, &drc(&rig, LMB)->own, 1, bytes);
        g_assert_cmpint(step(&rig, AREA, 0), ==, RTAS_HW_ERROR);
        g_assert_cmpuint(drc_broken(drc(&rig, LMB)), ==, 0);
        end(&rig, dimm);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define TEST(name) g_test_add_func("/spapr-connector/" #name, name)
    TEST(walks_of_two_connectors_interleave);
    TEST(first_call_begins_anew);
    TEST(areas_outside_ram_or_of_nothing_are_refused);
    TEST(large_property_asks_for_a_page);
    TEST(a_walk_goes_on_behind_a_move_at_every_piece);
    TEST(a_walk_without_a_place_fails_once_and_can_begin_anew);
    TEST(a_tree_that_has_changed_fails_the_walk);
    TEST(a_slot_that_waits_for_its_guest_loads_if_its_device_is_there);
    TEST(connectors_and_blocks_are_listed);
    TEST(only_what_is_on_its_way_is_sent);
    TEST(impossible_state_is_refused);
    TEST(a_place_beyond_the_tree_fails_the_walk);
    return g_test_run();
}
