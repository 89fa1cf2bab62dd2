/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The controller's sections: literal bytes both ways, and every state that is refused.
 *
 * Words marked (seen) stood in streams of a little-endian host.
 */
#include <string.h>

#include "hw-xive/core/eas.h"
#include "migration-glue/loose.h"
#include "tests/unit/hw-xive/xive-rig.h"
#include "tests/unit/migration-glue/wire-rig.h"

/* A controller of two sources and one server, tables only. */
typedef struct {
    Xive xive;
    guint64 eas[2];
    guint8 status[2];
    gboolean level[2];
    XiveEnd ends[XIVE_PRIORITIES];
} Tables;

#define QUEUE_PRIO 6u

static void
tables_init(Tables *tables)
{
    const XiveEq eq = {.gpa = 0x12340000, .qshift = 16, .qtoggle = 1, .qindex = 5};

    memset(tables, 0, sizeof(*tables));
    tables->xive.nr_irqs = 2;
    tables->xive.nr_servers = 1;
    tables->xive.eas = tables->eas;
    tables->xive.status = tables->status;
    tables->xive.level = tables->level;
    tables->xive.ends = tables->ends;
    tables->eas[0] = G_GUINT64_CONSTANT(0x8000000600000010); /* (seen) */
    tables->eas[1] = XIVE_EAS_RESET;
    tables->status[0] = XIVE_PQ_READY;
    tables->status[1] = XIVE_PQ_OFF;
    for (guint i = 0; i < XIVE_PRIORITIES; i++)
        xive_end_reset(&tables->ends[i]);
    g_assert_true(xive_end_setup(&tables->ends[QUEUE_PRIO], &eq, 0, QUEUE_PRIO, TRUE));
}

/* --- Bytes --------------------------------------------------------------- */

#define END_UNUSED "00000000 00000050 00000000 00000000 00000000 00000000 00000000 00000000 "
#define END_QUEUE  "000004e0 05004000 00000000 00003412 00000000 00000000 00040000 00000600 "

#define ROUTER                                                                                \
    "00000002 1000000006000080 0000008000000080 " END_UNUSED END_UNUSED END_UNUSED END_UNUSED \
        END_UNUSED END_UNUSED END_QUEUE END_UNUSED

static void
sources_are_a_count_and_a_byte_each(void)
{
    Tables from, into;

    tables_init(&from);
    tables_init(&into);
    from.status[0] = XIVE_PQ_QUEUED;
    from.status[1] = XIVE_PQ_PENDING | XIVE_STATUS_ASSERTED;
    into.level[1] = TRUE;
    wire_assert_saves(&xive_source_state, &from, "00000002 03 06");
    wire_assert_loads(&xive_source_state, &into, 1, "00000002 03 06");
    g_assert_cmpmem(into.status, 2, from.status, 2);
}

static void
router_words_are_those_of_a_little_endian_host(void)
{
    Tables from, into;

    tables_init(&from);
    tables_init(&into);
    memset(into.eas, 0, sizeof(into.eas));
    memset(into.ends, 0, sizeof(into.ends));
    wire_assert_saves(&xive_router_state, &from, ROUTER);
    wire_assert_loads(&xive_router_state, &into, 1, ROUTER);
    g_assert_cmpmem(into.eas, sizeof(into.eas), from.eas, sizeof(from.eas));
    g_assert_cmpmem(into.ends, sizeof(into.ends), from.ends, sizeof(from.ends));
}

/* (seen): an idle guest's. */
#define CONTEXT                                                           \
    "00000000000000000000000000000000 00ff00ff00000000 8000040000000000 " \
    "00000000000000000000000000000000 00000000000000ff 0000000000000000"

static void
context_is_the_rings_as_they_are(void)
{
    XiveContext own = {.xive = NULL};

    wire_assert_loads(&xive_tctx_state, &own, 1, CONTEXT);
    g_assert_cmphex(own.tctx.regs[XIVE_RING_OS + XIVE_RING_CPPR], ==, 0xff);
    g_assert_cmphex(own.tctx.regs[XIVE_RING_PHYS + XIVE_RING_PIPR], ==, 0xff);
    wire_assert_saves(&xive_tctx_state, &own, CONTEXT);
}

/* --- Refusals ------------------------------------------------------------ */

static void
another_number_of_sources_is_refused(void)
{
    Tables into;

    tables_init(&into);
    wire_assert_refuses(&xive_source_state, &into, sizeof(into), 1, "00000003 000000",
                        MIG_ERROR_MISMATCH, "nr_irqs");
    wire_assert_refuses(&xive_router_state, &into, sizeof(into), 1, "00000001 00000000",
                        MIG_ERROR_MISMATCH, "nr_irqs");
}

static void
impossible_source_states_are_refused(void)
{
    Tables into;

    tables_init(&into);
    wire_assert_refuses(&xive_source_state, &into, sizeof(into), 1, "00000002 08 01",
                        MIG_ERROR_STATE, "source 0x0: its state 0x08 has unknown bits");
    wire_assert_refuses(&xive_source_state, &into, sizeof(into), 1, "00000002 00 05",
                        MIG_ERROR_STATE, "source 0x1: a line is up");
}

/* One word of the tables of tables_init() is @word instead. */
static const struct {
    const char *what;
    gint eas;     /* index, or −1 */
    guint end, w; /* else: word w of an END */
    guint64 word;
    GFileError code;
    const char *message;
} refusals[] = {
    {"reserved bits", 0, 0, 0, 0xc000000600000010, G_FILE_ERROR_INVAL, "reserved bits"},
    {"another block", 0, 0, 0, 0x8100000600000010, G_FILE_ERROR_INVAL, "another block"},
    {"beyond the table", 0, 0, 0, 0x8000000800000010, G_FILE_ERROR_INVAL, "names END 0x8"},
    {"beyond it and masked", 1, 0, 0, 0x8000000880000000, G_FILE_ERROR_INVAL, "names END 0x8"},
    {"priority 7", 0, 0, 0, 0x8000000700000010, G_FILE_ERROR_NOSYS, "priority 7"},
    {"4 KiB", -1, 6, 0, 0xe0000000, G_FILE_ERROR_NOSYS, "a queue of 2^12 bytes"},
    {"2 MiB", -1, 6, 0, 0xe0090000, G_FILE_ERROR_INVAL, "is no queue"},
    {"16 MiB and aligned not", -1, 6, 0, 0xe00c0000, G_FILE_ERROR_INVAL, "is no queue"},
    {"notifies once", -1, 6, 0, 0xc0040000, G_FILE_ERROR_NOSYS, "notify at every event"},
    {"no queue", -1, 6, 0, 0xa0040000, G_FILE_ERROR_NOSYS, "notify at every event"},
    {"escalates", -1, 6, 0, 0xe4040000, G_FILE_ERROR_INVAL, "is no queue"},
    {"index outside", -1, 6, 1, 0x00404000, G_FILE_ERROR_INVAL, "is no queue"},
    {"not aligned", -1, 6, 3, 0x12341000, G_FILE_ERROR_INVAL, "is no queue"},
    {"another format", -1, 6, 6, 0x00800400, G_FILE_ERROR_INVAL, "is no queue"},
    {"below the first NVT", -1, 6, 6, 0x000003ff, G_FILE_ERROR_INVAL, "is no queue"},
    {"another server", -1, 6, 6, 0x00000401, G_FILE_ERROR_INVAL, "tells server 1"},
    {"another priority", -1, 6, 7, 0x00050000, G_FILE_ERROR_INVAL, "at priority 5"},
};

static void
impossible_routes_and_queues_are_refused(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(refusals); i++) {
        g_autoptr(GError) error = NULL;
        Tables tables;

        tables_init(&tables);
        g_assert_true(xive_router_state.check(&tables, &wire_context, &error));
        if (refusals[i].eas >= 0)
            tables.eas[refusals[i].eas] = refusals[i].word;
        else
            ((guint32 *)&tables.ends[refusals[i].end])[refusals[i].w] = (guint32)refusals[i].word;
        g_test_message("%s", refusals[i].what);
        g_assert_false(xive_router_state.check(&tables, &wire_context, &error));
        g_assert_error(error, G_FILE_ERROR, (gint)refusals[i].code);
        g_assert_nonnull(strstr(error->message, refusals[i].message));
        g_assert_null(strchr(error->message, '\n'));
    }
}

static void
unmasked_source_without_queue_is_legal(void)
{
    Tables tables;

    tables_init(&tables);
    tables.eas[0] = xive_eas_target(0, 2, 0x10, FALSE);
    g_assert_true(xive_router_state.check(&tables, &wire_context, NULL));
}

static void
queue_outside_memory_is_refused_in_a_machine(void)
{
    g_autoptr(GError) error = NULL;
    Rig rig;

    rig_init(&rig);
    rig_disturb(&rig);
    g_assert_true(xive_router_state.check(rig.xive, &wire_context, NULL));
    rig.xive->ends[QUEUE_PRIO].w3 = RIG_RAM;
    g_assert_false(xive_router_state.check(rig.xive, &wire_context, &error));
    g_assert_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL);
    g_assert_nonnull(strstr(error->message, "is not in memory"));
    rig_finish(&rig);
}

static void
context_of_another_server_is_refused(void)
{
    static Xive owner = {.nr_servers = 2};
    XiveContext own = {.xive = &owner, .server = 0};

    wire_assert_loads(&xive_tctx_state, &own, 1, CONTEXT);
    own.server = 1;
    wire_assert_refuses(&xive_tctx_state, &own, sizeof(own), 1, CONTEXT, MIG_ERROR_STATE,
                        "the context of interrupt server 0x0, but belongs to server 0x1");
}

static void
impossible_processor_priority_is_refused(void)
{
    XiveContext own = {.xive = NULL};

    memset(own.tctx.regs, 0, sizeof(own.tctx.regs));
    own.tctx.regs[XIVE_RING_OS + XIVE_RING_CPPR] = 8;
    g_assert_false(xive_tctx_state.check(&own, &wire_context, NULL));
    own.tctx.regs[XIVE_RING_OS + XIVE_RING_CPPR] = 7;
    g_assert_true(xive_tctx_state.check(&own, &wire_context, NULL));
}

/* --- For tools ----------------------------------------------------------- */

static const VmsCatalogueRow *
row_of(const VmsState *state)
{
    for (const VmsCatalogueRow *row = xive_catalogue; row->state != NULL; row++) {
        if (row->state == state)
            return row;
    }
    g_assert_not_reached();
}

static void
tool_without_a_machine_decodes_and_explains(void)
{
    const VmsCatalogueRow *row = row_of(&xive_router_state);
    VmsState *loose = mig_loose_new(row->state);
    g_autoptr(GByteArray) bytes = wire_bytes(ROUTER);
    g_autofree Xive *xive = g_malloc0(row->size);
    g_autoptr(GString) text = g_string_new(NULL);
    GError *error = NULL;
    gsize used;

    row->fit(xive, bytes->data, bytes->len);
    g_assert_cmpuint(xive->nr_servers, ==, 1);
    g_assert_true(wire_load(loose, xive, 1, &wire_context, bytes->data, bytes->len, &used, &error));
    g_assert_no_error(error);
    g_assert_cmpuint(used, ==, bytes->len);
    g_assert_true(row->state->check(xive, &wire_context, NULL));
    row->explain(xive, text);
    g_assert_cmpstr(text->str, ==,
                    "2 sources, 1 servers\n"
                    "source 0x0000: to server 0 at priority 6 (END 0x6), queue entry 0x10\n"
                    "source 0x0001: allocated, never routed\n"
                    "queue of server 0 at priority 6: 65536 bytes at 0x12340000, next entry 5, "
                    "generation 1, notifies at every event\n");
    wire_assert_saves(loose, xive, ROUTER);
    mig_state_clear(loose, xive);
    mig_loose_free(loose);
}

static void
payload_that_is_too_short_fits_nothing(void)
{
    static const guint8 bytes[] = {0, 0, 0x20, 0, 0};
    Xive xive = {.nr_servers = 0};

    row_of(&xive_router_state)->fit(&xive, bytes, 0);
    row_of(&xive_router_state)->fit(&xive, bytes, sizeof(bytes));
    g_assert_cmpuint(xive.nr_servers, ==, 0);
}

static void
sources_are_explained_by_what_comes_next(void)
{
    g_autoptr(GString) text = g_string_new(NULL);
    Tables tables;

    tables_init(&tables);
    tables.status[0] = XIVE_PQ_QUEUED;
    row_of(&xive_source_state)->explain(&tables, text);
    g_assert_cmpstr(text->str, ==,
                    "source 0x0000: PQ 11, queued: another came while one is pending, and follows "
                    "at EOI\n1 of 2 sources are off\n");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define TEST(name) g_test_add_func("/xive-state/" #name, name)
    TEST(sources_are_a_count_and_a_byte_each);
    TEST(router_words_are_those_of_a_little_endian_host);
    TEST(context_is_the_rings_as_they_are);
    TEST(another_number_of_sources_is_refused);
    TEST(impossible_source_states_are_refused);
    TEST(impossible_routes_and_queues_are_refused);
    TEST(unmasked_source_without_queue_is_legal);
    TEST(queue_outside_memory_is_refused_in_a_machine);
    TEST(context_of_another_server_is_refused);
    TEST(impossible_processor_priority_is_refused);
    TEST(tool_without_a_machine_decodes_and_explains);
    TEST(payload_that_is_too_short_fits_nothing);
    TEST(sources_are_explained_by_what_comes_next);
    return g_test_run();
}
