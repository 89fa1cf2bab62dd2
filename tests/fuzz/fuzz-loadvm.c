/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzzer: a whole stream into a machine with every kind of field. Whatever the bytes: the load
 * ends, and a section that failed shows what it showed before.
 *
 * The first byte chooses the machine type; a stream follows, of which header and configuration are
 * put in front by us unless the second byte is odd.
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "migration-glue/engine.h"
#include "migration-glue/loadvm.h"
#include "migration-glue/rules.h"
#include "migration-glue/savevm.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef struct {
    guint32 summary, n;
    guint8 *log;
} Event;

typedef struct {
    guint16 a;
    guint8 b;
} Cell;

typedef struct {
    gboolean flag;
    gint16 s16;
    guint32 irqs; /* compared */
    guint8 n;
    guint32 some[4];
    guint64 *grown;
    Cell cells[3];
    GQueue events;
    guint64 map[2];
    guint64 pair[2];
    char label[256];
    char (*labels)[256];
    guint64 swapped;
    gint32 at_most;
    guint64 sub;
} Board;

static gboolean
sub_needed(const void *object, const VmsContext *context)
{
    return ((const Board *)object)->sub != 0;
}

static gboolean
board_check(const void *object, const VmsContext *context, GError **error)
{
    if (((const Board *)object)->s16 != 0x666)
        return TRUE;
    g_set_error_literal(error, g_quark_from_static_string("fuzz"), 1, "impossible");
    return FALSE;
}

static const VmsField event_fields[] = {VMS_SCALAR(Event, summary), VMS_SCALAR(Event, n),
                                        VMS_BUFFER_ALLOC(Event, log, n, 64), VMS_END};
static const VmsState event_state = {
    .name = "event", .version = 1, .oldest = 1, .fields = event_fields};
static const VmsField cell_fields[] = {VMS_SCALAR(Cell, a), VMS_SCALAR(Cell, b), VMS_END};
static const VmsState cell_state = {
    .name = "cell", .version = 1, .oldest = 1, .fields = cell_fields};
static const VmsField sub_fields[] = {VMS_SCALAR(Board, sub, .host_endian = TRUE), VMS_END};
static const VmsState sub_state = {
    .name = "board/sub", .version = 1, .oldest = 1, .fields = sub_fields, .needed = sub_needed};
static const VmsState *const subsections[] = {&sub_state, NULL};
static const VmsField board_fields[] = {VMS_BOOL(Board, flag),
                                        VMS_SCALAR(Board, s16),
                                        VMS_EQUAL(Board, irqs),
                                        VMS_SCALAR(Board, n),
                                        VMS_COUNTED(Board, some, n, 4),
                                        VMS_COUNTED_ALLOC(Board, grown, n, 4),
                                        VMS_STRUCT_ARRAY(Board, cells, &cell_state, .since = 2),
                                        VMS_QUEUE(Board, events, Event, &event_state, 4),
                                        VMS_PAD(2),
                                        VMS_BITMAP(Board, map, 70),
                                        VMS_PAIR(Board, pair, .host_endian = TRUE),
                                        VMS_STR8(Board, label),
                                        VMS_STR8_ALLOC(Board, labels, n, 4),
                                        VMS_SCALAR(Board, at_most, .at_most = TRUE),
                                        VMS_END};
static const VmsState board_state = {.name = "board",
                                     .version = 2,
                                     .oldest = 1,
                                     .fields = board_fields,
                                     .subsections = subsections,
                                     .check = board_check};

/* Says what was read, to be compared before and after a failure. */
static GByteArray *
snapshot(Board *board, const VmsContext *context)
{
    GByteArray *bytes = g_byte_array_new();
    g_autoptr(MigStream) stream = mig_stream_new_writer(mig_channel_memory_new(bytes));
    static const MigStateName name = {"board", 0};

    g_assert_true(mig_state_save(stream, &name, &board_state, board, context, NULL, NULL));
    g_assert_true(mig_stream_flush(stream, NULL));
    return bytes;
}

typedef struct {
    Board *board;
    GByteArray *before; /* of the section in hand */
} Watch;

static gboolean
section_read(MigLoader *loader, const MigSectionHead *head, void *user, GError **error)
{
    Watch *watch = user;

    g_byte_array_unref(watch->before);
    watch->before = snapshot(watch->board, mig_loader_context(loader));
    return TRUE;
}

static gboolean
on_command(MigLoader *loader, MigCommand command, const guint8 *payload, guint n, void *user,
           GError **error)
{
    return TRUE;
}

static gboolean
handler_load(void *opaque, MigStream *stream, guint tag, guint32 version, const VmsContext *context,
             GError **error)
{
    guint8 n = mig_stream_get_u8(stream);

    return mig_stream_skip(stream, n) || mig_stream_check(stream, error);
}

static const MigHandler handler = {.version = 4, .oldest = 4, .load = handler_load};
static const MigLoaderHooks hooks = {.section_read = section_read, .command = on_command};

static GByteArray *
input(const uint8_t *data, size_t size, const VmsStreamRules *rules)
{
    GByteArray *bytes = g_byte_array_new();
    g_autoptr(MigStream) stream = mig_stream_new_writer(mig_channel_memory_new(bytes));

    if (size > 0 && (data[0] & 1) == 0) {
        mig_stream_put_be32(stream, 0x5145564d);
        mig_stream_put_be32(stream, 3);
        if (rules->configuration) {
            mig_stream_put_u8(stream, MIG_TAG_CONFIGURATION);
            mig_stream_put_be32(stream, (guint32)strlen(rules->machine));
            mig_stream_put(stream, rules->machine, strlen(rules->machine));
        }
    }
    if (size > 0)
        mig_stream_put(stream, data + 1, size - 1);
    g_assert_true(mig_stream_flush(stream, NULL));
    return bytes;
}

static void
load(Board *board, const VmsStreamRules *rules, const GByteArray *bytes)
{
    VmsContext context = {.rules = rules};
    MigConfiguration own = {.machine = rules->machine};
    g_autoptr(MigSections) sections = mig_sections_new();
    g_autoptr(MigStream) stream =
        mig_stream_new_reader(mig_channel_bytes_new(bytes->data, bytes->len));
    Watch watch = {board, snapshot(board, &context)};
    g_autoptr(GByteArray) after = NULL;
    g_autoptr(GError) error = NULL;
    MigLoader *loader;
    gboolean good;

    g_assert_true(
        mig_sections_add_state(sections, NULL, 0, MIG_PRIORITY_DEFAULT, &board_state, board, NULL));
    g_assert_true(
        mig_sections_add_handler(sections, "ram", 0, MIG_PRIORITY_DEFAULT, &handler, NULL, NULL));
    loader = mig_loader_new(stream, sections, &context, &own, &hooks, &watch);
    good = mig_loader_run(loader, &error);
    g_assert_cmpint(good, ==, error == NULL);
    mig_loader_free(loader);
    after = snapshot(board, &context);
    /* A missing footer is found after its section was taken; every other failure is before. */
    if (good || strstr(error->message, "footer") == NULL)
        g_assert_cmpmem(after->data, after->len, watch.before->data, watch.before->len);
    if (!good)
        g_assert_null(strchr(error->message, '\n'));
    g_byte_array_unref(watch.before);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Board board = {.irqs = 7, .at_most = 100, .label = "x"};
    gsize n;
    const VmsStreamRules *rules = mig_rules_all(&n);
    g_autoptr(GByteArray) bytes = NULL;

    if (size == 0)
        return 0;
    rules += data[0] % n;
    bytes = input(data + 1, size - 1, rules);
    load(&board, rules, bytes);
    mig_state_clear(&board_state, &board);
    return 0;
}
