/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hw-xive/core/pq: the source machine, its status byte, its two pages.
 * Invariants PQ-1 ... PQ-7 of pq.h.
 */
#include <glib.h>

#include "hw-xive/core/pq.h"

#define ALL_ONES (~G_GUINT64_CONSTANT(0))

typedef struct {
    guint8 before; /* status byte: 0..3 PQ, +4 line up */
    guint8 after;
    gboolean forwarded;
} Step;

static void
check_steps(XiveEsbOp op, const Step steps[8])
{
    for (guint i = 0; i < 8; i++) {
        guint8 status = steps[i].before;
        guint64 loaded = 0x55;

        g_assert_cmpuint(steps[i].before, ==, i); /* the table is complete */
        g_assert_cmpint(xive_esb_apply(&status, op, &loaded), ==, steps[i].forwarded);
        g_assert_cmphex(status, ==, steps[i].after);
        g_assert_cmphex(loaded, ==, steps[i].before & 3);
    }
}

/* --- The two bits -------------------------------------------------------- */

static void
values_are_those_of_the_stream(void)
{
    g_assert_cmpint(XIVE_PQ_RESET, ==, 0);
    g_assert_cmpint(XIVE_PQ_OFF, ==, 1);
    g_assert_cmpint(XIVE_PQ_PENDING, ==, 2);
    g_assert_cmpint(XIVE_PQ_QUEUED, ==, 3);
    g_assert_cmpint(XIVE_PQ_READY, ==, XIVE_PQ_RESET);
    g_assert_cmpstr(xive_pq_name(XIVE_PQ_RESET), ==, "reset");
    g_assert_cmpstr(xive_pq_name(XIVE_PQ_OFF), ==, "off");
    g_assert_cmpstr(xive_pq_name(XIVE_PQ_PENDING), ==, "pending");
    g_assert_cmpstr(xive_pq_name(XIVE_PQ_QUEUED), ==, "queued");
}

/* PQ-1, PQ-3 */
static void
trigger_is_forwarded_from_reset_only(void)
{
    static const XivePq next[] = {XIVE_PQ_PENDING, XIVE_PQ_OFF, XIVE_PQ_QUEUED, XIVE_PQ_QUEUED};

    for (guint before = 0; before < 4; before++) {
        XivePq pq = (XivePq)before;

        g_assert_cmpint(xive_pq_trigger(&pq), ==, before == XIVE_PQ_RESET);
        g_assert_cmpint(pq, ==, next[before]);
    }
}

/* PQ-1, PQ-3 */
static void
eoi_is_forwarded_from_queued_only(void)
{
    static const XivePq next[] = {XIVE_PQ_RESET, XIVE_PQ_OFF, XIVE_PQ_RESET, XIVE_PQ_PENDING};

    for (guint before = 0; before < 4; before++) {
        XivePq pq = (XivePq)before;

        g_assert_cmpint(xive_pq_eoi(&pq), ==, before == XIVE_PQ_QUEUED);
        g_assert_cmpint(pq, ==, next[before]);
    }
}

/* PQ-2 */
static void
trigger_while_pending_is_replayed_at_eoi(void)
{
    XivePq pq = XIVE_PQ_READY;

    g_assert_true(xive_pq_trigger(&pq));  /* forwarded */
    g_assert_false(xive_pq_trigger(&pq)); /* remembered in Q */
    g_assert_true(xive_pq_eoi(&pq));      /* replayed */
    g_assert_cmpint(pq, ==, XIVE_PQ_PENDING);
}

/* PQ-2 */
static void
any_number_of_triggers_while_pending_is_one_event(void)
{
    for (guint extra = 0; extra < 20; extra++) {
        XivePq pq = XIVE_PQ_READY;
        guint forwarded = (guint)xive_pq_trigger(&pq);

        for (guint i = 0; i < extra; i++)
            forwarded += (guint)xive_pq_trigger(&pq);
        g_assert_cmpuint(forwarded, ==, 1);

        while (pq != XIVE_PQ_RESET)
            forwarded += (guint)xive_pq_eoi(&pq);
        g_assert_cmpuint(forwarded, ==, extra > 0 ? 2 : 1);
    }
}

/* PQ-4 */
static void
set_answers_what_was_there(void)
{
    for (guint before = 0; before < 4; before++) {
        for (guint value = 0; value < 4; value++) {
            XivePq pq = (XivePq)before;

            g_assert_cmpint(xive_pq_set(&pq, (XivePq)value), ==, before);
            g_assert_cmpint(pq, ==, value);
        }
    }
}

/* Why a stopped source is parked in PENDING: an event meanwhile shows as QUEUED. */
static void
trigger_while_parked_pending_shows_as_queued(void)
{
    XivePq pq = XIVE_PQ_READY;

    g_assert_cmpint(xive_pq_set(&pq, XIVE_PQ_PENDING), ==, XIVE_PQ_RESET);
    g_assert_false(xive_pq_trigger(&pq));
    g_assert_cmpint(xive_pq_set(&pq, XIVE_PQ_RESET), ==, XIVE_PQ_QUEUED);
    g_assert_true(xive_pq_trigger(&pq)); /* what a resume does then */
}

/* --- The status byte: every PQ x line x operation ------------------------ */

/* PQ-1, PQ-3: through the page even a level source takes an edge */
static void
trigger_through_the_page_in_every_state(void)
{
    static const Step steps[8] = {{0, 2, TRUE}, {1, 1, FALSE}, {2, 3, FALSE}, {3, 3, FALSE},
                                  {4, 6, TRUE}, {5, 5, FALSE}, {6, 7, FALSE}, {7, 7, FALSE}};

    check_steps(XIVE_ESB_OP_TRIGGER, steps);
}

/* PQ-6: 4 -> 6, 6 -> 6 and 7 -> 6 forward since the line is still up; 5 is OFF */
static void
eoi_in_every_state(void)
{
    static const Step steps[8] = {{0, 0, FALSE}, {1, 1, FALSE}, {2, 0, FALSE}, {3, 2, TRUE},
                                  {4, 6, TRUE},  {5, 5, FALSE}, {6, 6, TRUE},  {7, 6, TRUE}};

    check_steps(XIVE_ESB_OP_EOI, steps);
    check_steps(XIVE_ESB_OP_STORE_EOI, steps);
}

/* PQ-7 */
static void
get_changes_nothing_in_every_state(void)
{
    static const Step steps[8] = {{0, 0, FALSE}, {1, 1, FALSE}, {2, 2, FALSE}, {3, 3, FALSE},
                                  {4, 4, FALSE}, {5, 5, FALSE}, {6, 6, FALSE}, {7, 7, FALSE}};

    check_steps(XIVE_ESB_OP_GET, steps);
}

/* PQ-4, PQ-6 */
static void
set_in_every_state_forwards_nothing_and_keeps_the_line(void)
{
    for (guint value = 0; value < 4; value++) {
        Step steps[8];

        for (guint8 i = 0; i < 8; i++)
            steps[i] = (Step){i, (guint8)((i & 4) | value), FALSE};
        check_steps((XiveEsbOp)(XIVE_ESB_OP_SET_RESET + value), steps);
    }
}

/* PQ-7 */
static void
what_is_no_operation_loads_ones_and_changes_nothing(void)
{
    for (guint8 before = 0; before < 8; before++) {
        guint8 status = before;
        guint64 loaded = 0;

        g_assert_false(xive_esb_apply(&status, XIVE_ESB_OP_NONE, &loaded));
        g_assert_cmphex(status, ==, before);
        g_assert_cmphex(loaded, ==, ALL_ONES);
    }
}

static void
a_store_needs_no_place_for_a_value(void)
{
    guint8 status = XIVE_PQ_RESET;

    g_assert_true(xive_esb_apply(&status, XIVE_ESB_OP_TRIGGER, NULL));
    g_assert_cmphex(status, ==, XIVE_PQ_PENDING);
}

/* PQ-1, PQ-3, PQ-5 */
static void
raising_the_line_in_every_state(void)
{
    static const Step steps[8] = {{0, 6, TRUE}, {1, 5, FALSE}, {2, 6, FALSE}, {3, 7, FALSE},
                                  {4, 6, TRUE}, {5, 5, FALSE}, {6, 6, FALSE}, {7, 7, FALSE}};

    for (guint i = 0; i < 8; i++) {
        guint8 status = steps[i].before;

        g_assert_cmpint(xive_esb_line(&status, TRUE), ==, steps[i].forwarded);
        g_assert_cmphex(status, ==, steps[i].after);
    }
}

/* PQ-6 */
static void
lowering_the_line_in_every_state(void)
{
    for (guint8 before = 0; before < 8; before++) {
        guint8 status = before;

        g_assert_false(xive_esb_line(&status, FALSE));
        g_assert_cmphex(status, ==, before & 3);
    }
}

/* PQ-6 */
static void
a_line_still_up_at_eoi_is_a_new_event_until_it_drops(void)
{
    guint8 status = XIVE_PQ_RESET;

    g_assert_true(xive_esb_line(&status, TRUE));
    for (guint i = 0; i < 3; i++)
        g_assert_true(xive_esb_apply(&status, XIVE_ESB_OP_EOI, NULL));
    g_assert_false(xive_esb_line(&status, FALSE));
    g_assert_false(xive_esb_apply(&status, XIVE_ESB_OP_EOI, NULL));
    g_assert_cmphex(status, ==, XIVE_PQ_RESET);
}

static void
the_status_byte_is_pq_and_line(void)
{
    g_assert_cmpint(xive_status_pq(0x07), ==, XIVE_PQ_QUEUED);
    g_assert_cmpint(xive_status_pq(0xfd), ==, XIVE_PQ_OFF);
    g_assert_true(xive_status_asserted(0x04));
    g_assert_false(xive_status_asserted(0xfb));
}

/* --- The two pages ------------------------------------------------------- */

/* One letter for each 256 bytes of the command space. */
static const struct {
    guint page;
    gboolean store;
    const char *map;
} pages[] = {
    {XIVE_ESB_PAGE_MANAGEMENT, FALSE, "EEEEEEEEGGGG0123"},
    {XIVE_ESB_PAGE_MANAGEMENT, TRUE, "TTTTSSSS--------"},
    {XIVE_ESB_PAGE_TRIGGER, FALSE, "----------------"},
    {XIVE_ESB_PAGE_TRIGGER, TRUE, "TTTTTTTTTTTTTTTT"},
};

static char
letter(XiveEsbOp op)
{
    switch (op) {
    case XIVE_ESB_OP_NONE: return '-';
    case XIVE_ESB_OP_TRIGGER: return 'T';
    case XIVE_ESB_OP_EOI: return 'E';
    case XIVE_ESB_OP_STORE_EOI: return 'S';
    case XIVE_ESB_OP_GET: return 'G';
    case XIVE_ESB_OP_SET_RESET: return '0';
    case XIVE_ESB_OP_SET_OFF: return '1';
    case XIVE_ESB_OP_SET_PENDING: return '2';
    case XIVE_ESB_OP_SET_QUEUED: return '3';
    }
    return '?';
}

static void
every_offset_of_both_pages_decodes(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(pages); i++) {
        for (guint64 offset = 0; offset < 0x10000; offset++) {
            XiveEsbOp op = xive_esb_decode(pages[i].page, pages[i].store, offset);

            g_assert_cmpint(letter(op), ==, pages[i].map[offset >> 8 & 0xf]);
        }
    }
}

static void
beyond_the_page_is_no_operation(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(pages); i++) {
        g_assert_cmpint(xive_esb_decode(pages[i].page, pages[i].store, 0x10000), ==,
                        XIVE_ESB_OP_NONE);
        g_assert_cmpint(xive_esb_decode(pages[i].page, pages[i].store, ALL_ONES), ==,
                        XIVE_ESB_OP_NONE);
    }
    g_assert_cmpint(xive_esb_decode(2, TRUE, 0), ==, XIVE_ESB_OP_NONE);
}

static void
command_offsets_have_their_names(void)
{
    static const struct {
        gboolean store;
        guint32 offset;
        guint32 value;
        XiveEsbOp op;
    } rows[] = {
        {FALSE, XIVE_ESB_LOAD_EOI, 0x000, XIVE_ESB_OP_EOI},
        {FALSE, XIVE_ESB_LOAD_GET, 0x800, XIVE_ESB_OP_GET},
        {FALSE, XIVE_ESB_LOAD_SET_PQ(0), 0xc00, XIVE_ESB_OP_SET_RESET},
        {FALSE, XIVE_ESB_LOAD_SET_PQ(1), 0xd00, XIVE_ESB_OP_SET_OFF},
        {FALSE, XIVE_ESB_LOAD_SET_PQ(2), 0xe00, XIVE_ESB_OP_SET_PENDING},
        {FALSE, XIVE_ESB_LOAD_SET_PQ(3), 0xf00, XIVE_ESB_OP_SET_QUEUED},
        {TRUE, XIVE_ESB_STORE_TRIGGER, 0x000, XIVE_ESB_OP_TRIGGER},
        {TRUE, XIVE_ESB_STORE_EOI, 0x400, XIVE_ESB_OP_STORE_EOI},
        {TRUE, XIVE_ESB_STORE_INJECT, 0x800, XIVE_ESB_OP_NONE},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_assert_cmphex(rows[i].offset, ==, rows[i].value);
        g_assert_cmpint(xive_esb_decode(XIVE_ESB_PAGE_MANAGEMENT, rows[i].store, rows[i].offset),
                        ==, rows[i].op);
    }
}

static void
pages_lie_where_guests_remember_them(void)
{
    g_assert_cmphex(xive_esb_gpa(0, XIVE_ESB_PAGE_TRIGGER), ==,
                    G_GUINT64_CONSTANT(0x0006010000000000));
    g_assert_cmphex(xive_esb_gpa(1, XIVE_ESB_PAGE_MANAGEMENT), ==,
                    G_GUINT64_CONSTANT(0x0006010000030000));
    g_assert_cmphex(xive_esb_gpa(0x1001, XIVE_ESB_PAGE_TRIGGER), ==,
                    G_GUINT64_CONSTANT(0x0006010020020000));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/xive/pq/values", values_are_those_of_the_stream);
    g_test_add_func("/xive/pq/trigger", trigger_is_forwarded_from_reset_only);
    g_test_add_func("/xive/pq/eoi", eoi_is_forwarded_from_queued_only);
    g_test_add_func("/xive/pq/replay", trigger_while_pending_is_replayed_at_eoi);
    g_test_add_func("/xive/pq/coalesce", any_number_of_triggers_while_pending_is_one_event);
    g_test_add_func("/xive/pq/set", set_answers_what_was_there);
    g_test_add_func("/xive/pq/park", trigger_while_parked_pending_shows_as_queued);
    g_test_add_func("/xive/esb/status", the_status_byte_is_pq_and_line);
    g_test_add_func("/xive/esb/trigger", trigger_through_the_page_in_every_state);
    g_test_add_func("/xive/esb/eoi", eoi_in_every_state);
    g_test_add_func("/xive/esb/get", get_changes_nothing_in_every_state);
    g_test_add_func("/xive/esb/set", set_in_every_state_forwards_nothing_and_keeps_the_line);
    g_test_add_func("/xive/esb/none", what_is_no_operation_loads_ones_and_changes_nothing);
    g_test_add_func("/xive/esb/store", a_store_needs_no_place_for_a_value);
    g_test_add_func("/xive/esb/line-up", raising_the_line_in_every_state);
    g_test_add_func("/xive/esb/line-down", lowering_the_line_in_every_state);
    g_test_add_func("/xive/esb/line-at-eoi", a_line_still_up_at_eoi_is_a_new_event_until_it_drops);
    g_test_add_func("/xive/esb/decode", every_offset_of_both_pages_decodes);
    g_test_add_func("/xive/esb/decode-beyond", beyond_the_page_is_no_operation);
    g_test_add_func("/xive/esb/decode-names", command_offsets_have_their_names);
    g_test_add_func("/xive/esb/addresses", pages_lie_where_guests_remember_them);
    return g_test_run();
}
