/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The small sections: literal bytes both ways, and what is refused. The catalogue as a whole.
 */
#include <string.h>

#include "migration-glue/loose.h"
#include "tests/unit/hw-spapr/platform-rig.h"
#include "tests/unit/migration-glue/wire-rig.h"
#include "vdev/module.h"

static void
clock_is_one_number(void)
{
    Rtc rtc = {.ns_offset = -2};

    wire_assert_saves(&state_rtc, &rtc, "fffffffffffffffe");
    wire_assert_loads(&state_rtc, &rtc, 1, "0000000000000005");
    g_assert_cmpint(rtc.ns_offset, ==, 5);
}

static void
nvram_is_its_size_and_its_bytes(void)
{
    guint8 bytes[3] = {1, 2, 3};
    Nvram nvram = {.size = 3, .bytes = bytes};

    wire_assert_saves(&state_nvram, &nvram, "00000003 010203");
    wire_assert_loads(&state_nvram, &nvram, 1, "00000003 0a0b0c");
    g_assert_cmphex(bytes[2], ==, 0x0c);
    wire_assert_refuses(&state_nvram, &nvram, sizeof(nvram), 1, "00000004 0a0b0c0d",
                        MIG_ERROR_MISMATCH, "size");
}

#define BASE "71000001 00001101 0000000000000001 0000000000000000 00000000 00000000 "
#define RING "'abcdefghijklmnop'"

static void
terminal_is_its_base_and_a_ring(void)
{
    VmsState *loose = mig_loose_new(&state_vty);
    Vty vty = {.vio = {.unit = 0x71000001, .lisn = 0x1101, .signal_state = 1}, .in = 17, .out = 2};
    Vty into = {.in = 0};

    memcpy(vty.ring, "abcdefghijklmnop", VTY_RING);
    wire_assert_saves(&state_vty, &vty, BASE "00000011 00000002 " RING);
    wire_assert_loads(loose, &into, 1, BASE "00000011 00000002 " RING);
    g_assert_cmpmem(into.ring, VTY_RING, vty.ring, VTY_RING);
    g_assert_cmphex(into.vio.unit, ==, 0x71000001);
    mig_loose_free(loose);
}

static void
terminal_of_another_place_or_too_full_is_refused(void)
{
    Vty vty = {.vio = {.unit = 0x71000001, .lisn = 0x1101}};

    wire_assert_refuses(&state_vty, &vty, sizeof(vty), 1, BASE "00000013 00000002 " RING,
                        MIG_ERROR_STATE, "19 bytes were put in and 2 taken out");
    vty.vio.unit = 0x71000000;
    wire_assert_refuses(&state_vty, &vty, sizeof(vty), 1, BASE "00000000 00000000 " RING,
                        MIG_ERROR_MISMATCH, "both sides must be configured alike");
    vty.vio = (VioDevice){.unit = 0x71000001, .lisn = 0x1100};
    wire_assert_refuses(&state_vty, &vty, sizeof(vty), 1, BASE "00000000 00000000 " RING,
                        MIG_ERROR_MISMATCH, "lisn");
}

static void
input_that_was_loaded_is_read_by_the_guest(void)
{
    g_autoptr(GByteArray) bytes = NULL;
    Rig from, into;
    gsize used;

    rig_init(&from, NULL);
    rig_init(&into, NULL);
    fake_host_type(from.host, "hello");
    bytes = wire_save(&state_vty, &from.platform->vty, &wire_context, NULL);
    g_assert_true(wire_load(&state_vty, &into.platform->vty, 1, &wire_context, bytes->data,
                            bytes->len, &used, NULL));
    g_assert_cmpint(RIG_HCALL(&into, H_GET_TERM_CHAR, 0), ==, H_SUCCESS);
    g_assert_cmpuint(into.args[0], ==, 5);
    g_assert_cmphex(into.args[1] >> 24, ==, 0x68656c6c6f);
    rig_finish(&from);
    rig_finish(&into);
}

/* --- Connectors ---------------------------------------------------------- */

#define UNPLUG "05 1a 'spapr_drc/unplug_requested' 00000001 01"

static void
connector_is_its_state_and_perhaps_a_request(void)
{
    ConnectorState own = {.index = 0x80000004, .state = 4};

    wire_assert_saves(&state_drc, &own, "00000004");
    wire_assert_loads(&state_drc, &own, 1, "00000002 " UNPLUG);
    g_assert_cmpuint(own.state, ==, 2);
    g_assert_true(own.unplug_requested);
    wire_assert_saves(&state_drc, &own, "00000002 " UNPLUG);
    wire_assert_loads(&state_drc, &own, 1, "00000001");
    g_assert_false(own.unplug_requested);
    own.indicator = 1;
    wire_assert_saves(&state_drc_physical, &own, "00000001");
}

/* R-DRC-9. */
static const struct {
    guint32 index, first, last;
} possible[] = {
    {0x10000008, 1, 4}, {0x20000000, 1, 4}, {0x40000018, 5, 8},
    {0x80000004, 1, 4}, {0x90000000, 1, 4}, {0, 1, 8},
};

static void
states_of_another_class_of_connector_are_refused(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(possible); i++) {
        for (guint32 state = 0; state <= 9; state++) {
            const ConnectorState own = {.index = possible[i].index, .state = state};
            g_autoptr(GError) error = NULL;
            const gboolean good = state_drc.check(&own, &wire_context, &error);

            g_assert_cmpint(good, ==, state >= possible[i].first && state <= possible[i].last);
            g_assert_cmpint(good, ==, error == NULL);
        }
    }
}

static void
indicator_belongs_to_slots_alone(void)
{
    ConnectorState own = {.index = 0x40000018, .indicator = 3};

    g_assert_true(state_drc_physical.check(&own, &wire_context, NULL));
    own.indicator = 4;
    g_assert_false(state_drc_physical.check(&own, &wire_context, NULL));
    own = (ConnectorState){.index = 0x80000004, .indicator = 1};
    g_assert_false(state_drc_physical.check(&own, &wire_context, NULL));
}

/* --- Catalogue ----------------------------------------------------------- */

static const VdevModule *
module(void)
{
    static const VdevHost host = {.abi = VDEV_ABI, .size = sizeof(host)};

    return vdev_module_v1(&host, NULL);
}

static void
catalogue_is_valid_and_names_each_section_once(void)
{
    g_autoptr(GHashTable) names = g_hash_table_new(g_str_hash, g_str_equal);

    for (const VmsCatalogueRow *const *table = module()->catalogue; *table != NULL; table++) {
        for (const VmsCatalogueRow *row = *table; row->state != NULL; row++) {
            GError *error = NULL;

            mig_state_valid(row->state, &error);
            g_assert_no_error(error);
            g_assert_cmpuint(row->size, >, 0);
            g_assert_true(g_hash_table_add(names, (gpointer)row->state->name));
        }
    }
    g_assert_cmpuint(g_hash_table_size(names), ==, 19);
}

static void
sections_are_found_with_and_without_a_path(void)
{
    static const struct {
        const char *idstr, *name;
    } found[] = {
        {"spapr", "spapr"},
        {"spapr/rtc", "spapr/rtc"},
        {"icp/server", "icp/server"},
        {"spapr_drc/physical", "spapr_drc/physical"},
        {"vty@71000001/spapr_vty", "spapr_vty"},
        {"pci@800000020000000:02.0/xhci", NULL},
        {"xspapr", NULL},
        {"", NULL},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(found); i++) {
        const VmsCatalogueRow *row = mig_catalogue_find(module()->catalogue, found[i].idstr);

        g_assert_cmpstr(row != NULL ? row->state->name : NULL, ==, found[i].name);
    }
}

/* A stream may hold anything: explaining must cope with what nobody would send. */
static void
empty_objects_are_explained_without_harm(void)
{
    for (const VmsCatalogueRow *const *table = module()->catalogue; *table != NULL; table++) {
        for (const VmsCatalogueRow *row = *table; row->state != NULL; row++) {
            g_autofree void *object = g_malloc0(row->size);
            g_autoptr(GString) text = g_string_new(NULL);

            if (row->explain == NULL)
                continue;
            row->explain(object, text);
            g_assert_true(g_str_has_suffix(text->str, "\n"));
        }
    }
}

static const char *
explained(const VmsState *state, const void *object)
{
    const VmsCatalogueRow *row = mig_catalogue_find(module()->catalogue, state->name);
    GString *text = g_string_new(NULL);

    row->explain(object, text);
    return g_string_free(text, FALSE);
}

static void
connectors_and_events_are_explained_in_words(void)
{
    static guint8 dimm[108]; /* (seen): add memory, count 2, first connector 80000004 */
    EventLog log = {.summary = 0x063460e5, .length = sizeof(dimm), .bytes = dimm};
    const ConnectorState own = {.index = 0x80000004, .state = 1, .unplug_requested = TRUE};
    g_autofree Platform *platform = g_new0(Platform, 1);
    g_autofree const char *drc = explained(&state_drc, &own);
    g_autofree const char *machine = NULL;

    memcpy(dimm + 16 + 48 + 24, "HP\0\x14\0\0\0\0\x02\x01\x04\0\0\0\0\x02\x80\0\0\x04", 20);
    g_queue_push_tail(&platform->events.logs, &log);
    machine = explained(&state_machine, platform);
    g_assert_cmpstr(drc, ==,
                    "state 1, unusable: plugged in, the guest has not taken it\n"
                    "the guest was asked to give it back\n");
    g_assert_nonnull(strstr(machine, "event waits, summary 0x063460e5, 108 bytes: hot-plug: add "
                                     "memory: 0x2 0x80000004 (how many, first connector)\n"));
    g_queue_clear(&platform->events.logs);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define TEST(name) g_test_add_func("/spapr-state-io/" #name, name)
    TEST(clock_is_one_number);
    TEST(nvram_is_its_size_and_its_bytes);
    TEST(terminal_is_its_base_and_a_ring);
    TEST(terminal_of_another_place_or_too_full_is_refused);
    TEST(input_that_was_loaded_is_read_by_the_guest);
    TEST(connector_is_its_state_and_perhaps_a_request);
    TEST(states_of_another_class_of_connector_are_refused);
    TEST(indicator_belongs_to_slots_alone);
    TEST(catalogue_is_valid_and_names_each_section_once);
    TEST(sections_are_found_with_and_without_a_path);
    TEST(empty_objects_are_explained_without_harm);
    TEST(connectors_and_events_are_explained_in_words);
    return g_test_run();
}
