/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The engine: lists, and that a load is all or nothing. Requirements R-LST-1 … R-LST-5.
 */
#include <string.h>

#include "tests/unit/migration-glue/wire-rig.h"

#define EVENTS_MAX 3
#define LOG_MAX    8

typedef struct {
    guint32 summary;
    guint32 log_n;
    guint8 *log;
    guint32 not_sent;
} Event;

typedef struct {
    guint16 before;
    GQueue events;
    guint16 after;
} Device;

static const VmsField event_fields[] = {VMS_SCALAR(Event, summary), VMS_SCALAR(Event, log_n),
                                        VMS_BUFFER_ALLOC(Event, log, log_n, LOG_MAX), VMS_END};
static const VmsState event_state = {
    .name = "event", .version = 1, .oldest = 1, .fields = event_fields};
static const VmsField device_fields[] = {VMS_SCALAR(Device, before),
                                         VMS_QUEUE(Device, events, Event, &event_state, EVENTS_MAX),
                                         VMS_SCALAR(Device, after), VMS_END};
static const VmsState device_state = {
    .name = "device", .version = 1, .oldest = 1, .fields = device_fields};

static void
add_event(Device *device, guint32 summary, const char *log)
{
    Event *event = g_new0(Event, 1);

    event->summary = summary;
    event->log_n = (guint32)strlen(log);
    event->log = g_memdup2(log, event->log_n);
    event->not_sent = 0xdead;
    g_queue_push_tail(&device->events, event);
}

/* The list as text: "summary:log …". */
static char *
events_of(Device *device)
{
    GString *text = g_string_new(NULL);

    for (GList *link = device->events.head; link != NULL; link = link->next) {
        const Event *event = link->data;

        g_string_append_printf(text, "%x:%.*s ", event->summary, (int)event->log_n,
                               (const char *)event->log);
    }
    return g_string_free(text, FALSE);
}

static void
assert_events(Device *device, const char *expected)
{
    g_autofree char *text = events_of(device);

    g_assert_cmpstr(text, ==, expected);
}

#define TWO "0001 01 0000000a 00000002 'ab' 01 0000000b 00000000 00 0002"

static void
a_list_is_a_presence_byte_before_each_element(void)
{
    Device from = {.before = 1, .after = 2}, into = {0}, empty = {0};

    wire_assert_saves(&device_state, &empty, "0000 00 0000");
    add_event(&from, 0xa, "ab");
    add_event(&from, 0xb, "");
    wire_assert_saves(&device_state, &from, TWO);
    wire_assert_loads(&device_state, &into, 1, TWO);
    assert_events(&into, "a:ab b: ");
    g_assert_cmpuint(into.after, ==, 2);
    mig_state_clear(&device_state, &from);
    mig_state_clear(&device_state, &into);
    g_assert_true(g_queue_is_empty(&into.events));
}

static void
r_lst_1_elements_are_zeroed_before_they_are_loaded(void)
{
    Device into = {0};

    wire_assert_loads(&device_state, &into, 1, TWO);
    g_assert_cmpuint(((Event *)into.events.head->data)->not_sent, ==, 0);
    g_assert_null(((Event *)into.events.tail->data)->log);
    mig_state_clear(&device_state, &into);
}

static void
r_lst_2_a_list_that_is_received_replaces_the_one_there(void)
{
    Device into = {0};

    add_event(&into, 1, "old");
    add_event(&into, 2, "older");
    wire_assert_loads(&device_state, &into, 1, TWO);
    assert_events(&into, "a:ab b: ");
    wire_assert_loads(&device_state, &into, 1, "0001 00 0002");
    assert_events(&into, "");
    mig_state_clear(&device_state, &into);
}

static void
r_lst_3_a_list_and_its_buffers_are_bounded(void)
{
    Device into = {0}, from = {0};
    g_autoptr(GError) error = NULL;

    wire_assert_refuses(&device_state, &into, sizeof(into), 1,
                        "0001 01 0000000a 00000000 01 0000000b 00000000 01 0000000c 00000000 01",
                        MIG_ERROR_VALUE,
                        "field events, byte 29: more than the maximum of 3 elements");
    wire_assert_refuses(&device_state, &into, sizeof(into), 1,
                        "0001 01 0000000a 00000000 01 0000000b 00000009", MIG_ERROR_VALUE,
                        "field events[1].log, byte 20: a count of 9 is above the maximum of 8");
    for (guint i = 0; i <= EVENTS_MAX; i++)
        add_event(&from, i, "");
    g_assert_null(wire_save(&device_state, &from, &wire_context, &error));
    g_assert_nonnull(strstr(error->message, "a list of 4 elements is above the maximum of 3"));
    mig_state_clear(&device_state, &from);
}

static void
r_lst_4_presence_is_0_or_1(void)
{
    Device into = {0};

    wire_assert_refuses(
        &device_state, &into, sizeof(into), 1, "0001 02", MIG_ERROR_FORMAT,
        "field events, byte 2: 0 or 1 must say whether an element comes, here is 2");
    wire_assert_refuses(&device_state, &into, sizeof(into), 1, "0001 01 0000000a 00000000 ff 0002",
                        MIG_ERROR_FORMAT, "here is 255");
}

/* Also with a list that is not empty, at every byte; leaks are the sanitizer's to find. */
static void
r_lst_5_a_truncated_stream_changes_nothing_at_any_offset(void)
{
    g_autoptr(GByteArray) bytes = wire_bytes(TWO);
    Device into = {.before = 7, .after = 8};

    add_event(&into, 1, "old");
    for (gsize n = 0; n < bytes->len; n++) {
        g_autoptr(GError) error = NULL;
        GList *head = into.events.head;
        gsize used;

        g_assert_false(
            wire_load(&device_state, &into, 1, &wire_context, bytes->data, n, &used, &error));
        g_assert_error(error, MIG_ERROR, MIG_ERROR_TRUNCATED);
        g_assert_nonnull(strstr(error->message, "field "));
        g_assert_true(into.events.head == head);
        assert_events(&into, "1:old ");
        g_assert_cmpuint(into.before, ==, 7);
        g_assert_cmpuint(into.after, ==, 8);
    }
    mig_state_clear(&device_state, &into);
}

static void
count_and_free(void *element)
{
    Event *event = element;

    g_free(event->log);
    g_free(event);
    g_test_message("destroyed");
}

static gboolean
refuse(const void *object, const VmsContext *context, GError **error)
{
    return FALSE; /* even without a reason */
}

static void
a_device_may_free_its_elements_itself_and_refuse_the_lot(void)
{
    static const VmsField fields[] = {
        VMS_QUEUE(Device, events, Event, &event_state, EVENTS_MAX, .destroy = count_and_free),
        VMS_END
    };
    static const VmsState state = {
        .name = "own", .version = 1, .oldest = 1, .fields = fields, .check = refuse};
    Device into = {0};

    add_event(&into, 1, "kept");
    wire_assert_refuses(&state, &into, sizeof(into), 1, "01 0000000a 00000002 'ab' 00",
                        MIG_ERROR_STATE, "refused, and gave no reason");
    assert_events(&into, "1:kept ");
    mig_state_clear(&state, &into);
}

/* ---- Everything else that is stored ---- */

typedef struct {
    guint8 a, b;
} Cell;

typedef struct {
    guint32 n;
    guint64 *grown;
    Cell cells[2];
    Cell *far;
    guint64 bits[2];
    guint64 pair[2];
    char label[256];
    gint8 last;
    guint8 sub;
} Mixed;

static gboolean
always(const void *object, const VmsContext *context)
{
    return TRUE;
}

static const VmsField cell_fields[] = {VMS_SCALAR(Cell, a), VMS_SCALAR(Cell, b), VMS_END};
static const VmsState cell_state = {
    .name = "cell", .version = 1, .oldest = 1, .fields = cell_fields};
static const VmsField mixed_sub_fields[] = {VMS_SCALAR(Mixed, sub), VMS_END};
static const VmsState mixed_sub = {
    .name = "mixed/sub", .version = 1, .oldest = 1, .fields = mixed_sub_fields, .needed = always};
static const VmsState *const mixed_subsections[] = {&mixed_sub, NULL};
static const VmsField mixed_fields[] = {VMS_SCALAR(Mixed, n),
                                        VMS_COUNTED_ALLOC(Mixed, grown, n, 4),
                                        VMS_STRUCT_ARRAY(Mixed, cells, &cell_state),
                                        VMS_STRUCT_POINTER(Mixed, far, &cell_state),
                                        VMS_BITMAP(Mixed, bits, 100),
                                        VMS_PAIR(Mixed, pair),
                                        VMS_STR8(Mixed, label),
                                        VMS_PAD(3),
                                        VMS_SCALAR(Mixed, last),
                                        VMS_END};
static const VmsState mixed_state = {.name = "mixed",
                                     .version = 1,
                                     .oldest = 1,
                                     .fields = mixed_fields,
                                     .subsections = mixed_subsections};

static void
a_truncated_object_is_as_it_was_at_every_offset(void)
{
    Cell far = {1, 2}, their_far = {3, 4};
    guint64 grown[2] = {5, 6};
    Mixed from = {.n = 2,
                  .grown = grown,
                  .cells = {{1, 2}, {3, 4}},
                  .far = &far,
                  .bits = {7, 8},
                  .pair = {9, 10},
                  .label = "label",
                  .last = -1,
                  .sub = 11};
    Mixed into = {.n = 1, .grown = g_new0(guint64, 1), .far = &their_far, .label = "before"};
    Mixed before = into;
    g_autoptr(GByteArray) bytes = wire_save(&mixed_state, &from, &wire_context, NULL);
    gsize whole = bytes->len - 1 - (2 + 9 + 4), used;

    for (gsize n = 0; n < bytes->len; n++) {
        g_autoptr(GError) error = NULL;

        /* Where the subsection's head begins, and inside it, a whole payload ends as well. */
        if (n >= whole && n < whole + 2 + 9)
            continue;
        g_assert_false(
            wire_load(&mixed_state, &into, 1, &wire_context, bytes->data, n, &used, &error));
        g_assert_error(error, MIG_ERROR, MIG_ERROR_TRUNCATED);
        g_assert_cmpmem(&into, sizeof(into), &before, sizeof(before));
        g_assert_cmpuint(their_far.b, ==, 4);
    }
    g_assert_true(
        wire_load(&mixed_state, &into, 1, &wire_context, bytes->data, bytes->len, &used, NULL));
    g_assert_cmpuint(their_far.b, ==, 2);
    g_assert_cmpuint(into.grown[1], ==, 6);
    g_assert_cmpuint(into.sub, ==, 11);
    mig_state_clear(&mixed_state, &into);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/lists/literal", a_list_is_a_presence_byte_before_each_element);
    g_test_add_func("/lists/r-lst-1", r_lst_1_elements_are_zeroed_before_they_are_loaded);
    g_test_add_func("/lists/r-lst-2", r_lst_2_a_list_that_is_received_replaces_the_one_there);
    g_test_add_func("/lists/r-lst-3", r_lst_3_a_list_and_its_buffers_are_bounded);
    g_test_add_func("/lists/r-lst-4", r_lst_4_presence_is_0_or_1);
    g_test_add_func("/lists/r-lst-5", r_lst_5_a_truncated_stream_changes_nothing_at_any_offset);
    g_test_add_func("/lists/destroy", a_device_may_free_its_elements_itself_and_refuse_the_lot);
    g_test_add_func("/undo/every-offset", a_truncated_object_is_as_it_was_at_every_offset);
    return g_test_run();
}
