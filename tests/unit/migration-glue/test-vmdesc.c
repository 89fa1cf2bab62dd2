/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The JSON description: literal text of what the engine writes, reading it, walking by it.
 */
#include <string.h>

#include "migration-glue/vmdesc.h"
#include "tests/unit/migration-glue/wire-rig.h"

typedef struct {
    guint8 a;
    guint16 b;
} Cell;

typedef struct {
    guint32 first;
    guint64 same;
    guint64 gpr[3];
    Cell cells[2], odd[2];
    Cell one;
    GQueue list;
    guint64 map[1];
    guint8 raw[5];
    gboolean flag;
    guint32 irqs;
    guint8 sub;
} Board;

static gboolean
always(const void *object, const VmsContext *context)
{
    return TRUE;
}

static gboolean
exists(const void *object, guint32 version, const VmsContext *context)
{
    return TRUE;
}

static const VmsField cell_fields[] = {VMS_SCALAR(Cell, a), VMS_SCALAR(Cell, b), VMS_END};
static const VmsState cell_state = {
    .name = "cell", .version = 1, .oldest = 1, .fields = cell_fields};
static const VmsField odd_fields[] = {VMS_SCALAR(Cell, a, .exists = exists), VMS_END};
static const VmsState odd_state = {.name = "odd", .version = 1, .oldest = 1, .fields = odd_fields};
static const VmsField sub_fields[] = {VMS_SCALAR(Board, sub), VMS_END};
static const VmsState sub_state = {
    .name = "board/sub", .version = 4, .fields = sub_fields, .needed = always};
static const VmsState *const subsections[] = {&sub_state, NULL};
static const VmsField board_fields[] = {VMS_SCALAR(Board, first, .as = "env.first"),
                                        VMS_PAD(4),
                                        VMS_PAD(2),
                                        VMS_ARRAY(Board, gpr),
                                        VMS_STRUCT_ARRAY(Board, cells, &cell_state),
                                        VMS_STRUCT_ARRAY(Board, odd, &odd_state),
                                        VMS_STRUCT(Board, one, &cell_state),
                                        VMS_QUEUE(Board, list, Cell, &cell_state, 8),
                                        VMS_BITMAP(Board, map, 10),
                                        VMS_BUFFER(Board, raw),
                                        VMS_BOOL(Board, flag),
                                        VMS_EQUAL(Board, irqs),
                                        VMS_EQUAL(Board, same),
                                        VMS_SCALAR(Board, gpr[2], .type = "timer"),
                                        VMS_END};
static const VmsState board_state = {
    .name = "board", .version = 2, .oldest = 1, .fields = board_fields, .subsections = subsections};

#define CELL_KEYS                                            \
    "\"vmsd_name\": \"cell\", \"version\": 1, \"fields\": [" \
    "{\"name\": \"a\", \"type\": \"uint8\", \"size\": 1}, "  \
    "{\"name\": \"b\", \"type\": \"uint16\", \"size\": 2}]"
#define ODD_KEYS                                            \
    "\"vmsd_name\": \"odd\", \"version\": 1, \"fields\": [" \
    "{\"name\": \"a\", \"type\": \"uint8\", \"size\": 1}]"

static const char board_text[] =
    "{\"vmsd_name\": \"board\", \"version\": 2, \"fields\": ["
    "{\"name\": \"env.first\", \"type\": \"uint32\", \"size\": 4}, "
    "{\"name\": \"unused[0]\", \"type\": \"unused_buffer\", \"size\": 4}, "
    "{\"name\": \"unused[1]\", \"type\": \"unused_buffer\", \"size\": 2}, "
    "{\"name\": \"gpr\", \"array_len\": 3, \"type\": \"uint64\", \"size\": 8}, "
    "{\"name\": \"cells\", \"array_len\": 2, \"type\": \"struct\", \"struct\": {" CELL_KEYS
    "}, \"size\": 3}, "
    "{\"name\": \"odd\", \"index\": 0, \"type\": \"struct\", \"struct\": {" ODD_KEYS
    "}, \"size\": 1}, "
    "{\"name\": \"odd\", \"index\": 1, \"type\": \"struct\", \"struct\": {" ODD_KEYS
    "}, \"size\": 1}, "
    "{\"name\": \"one\", \"type\": \"struct\", \"struct\": {" CELL_KEYS "}, \"size\": 3}, "
    "{\"name\": \"list\", \"type\": \"qtailq\", " CELL_KEYS ", " CELL_KEYS ", \"size\": 9}, "
    "{\"name\": \"map\", \"type\": \"bitmap\", \"size\": 8}, "
    "{\"name\": \"raw\", \"type\": \"buffer\", \"size\": 5}, "
    "{\"name\": \"flag\", \"type\": \"bool\", \"size\": 1}, "
    "{\"name\": \"irqs\", \"type\": \"uint32 equal\", \"size\": 4}, "
    "{\"name\": \"same\", \"type\": \"int64 equal\", \"size\": 8}, "
    "{\"name\": \"gpr[2]\", \"type\": \"timer\", \"size\": 8}], "
    "\"subsections\": [{\"vmsd_name\": \"board/sub\", \"version\": 4, \"fields\": ["
    "{\"name\": \"sub\", \"type\": \"uint8\", \"size\": 1}]}]}";

/* The board's description and payload. */
static VmdescWriter *
describe_board(GByteArray *bytes)
{
    g_autoptr(MigStream) stream = mig_stream_new_writer(mig_channel_memory_new(bytes));
    VmdescWriter *writer = vmdesc_writer_new();
    static const MigStateName name = {"board", 0};
    Cell cells[2] = {{1, 2}, {3, 4}};
    Board board = {.raw = {1, 2, 3, 4, 5}};

    for (guint i = 0; i < 2; i++)
        g_queue_push_tail(&board.list, &cells[i]);
    vmdesc_begin_object(writer, NULL);
    g_assert_true(mig_state_save(stream, &name, &board_state, &board, &wire_context, writer, NULL));
    vmdesc_end_object(writer);
    g_assert_true(mig_stream_flush(stream, NULL));
    g_queue_clear(&board.list);
    return writer;
}

static void
the_engine_writes_the_text_of_the_format(void)
{
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    g_autoptr(VmdescWriter) writer = describe_board(bytes);

    g_assert_cmpstr(vmdesc_writer_text(writer)->str, ==, board_text);
}

static void
strings_are_escaped(void)
{
    g_autoptr(VmdescWriter) writer = vmdesc_writer_new();
    g_autoptr(VmdescNode) root = NULL;

    vmdesc_begin_array(writer, NULL);
    vmdesc_put_string(writer, NULL, "a\"b\\c\x01\n");
    vmdesc_put_number(writer, NULL, G_MAXUINT32);
    vmdesc_end_array(writer);
    g_assert_cmpstr(vmdesc_writer_text(writer)->str, ==,
                    "[\"a\\\"b\\\\c\\u0001\\u000a\", 4294967295]");
    root = vmdesc_parse(vmdesc_writer_text(writer)->str, vmdesc_writer_text(writer)->len, NULL);
    g_assert_cmpstr(((VmdescNode *)root->children->pdata[0])->text, ==, "a\"b\\c\x01\n");
}

static void
duplicates_and_order_are_kept(void)
{
    static const char text[] = " { \"b\": 1, \"a\": -2, \"b\": [true, false, null, \"x\"],\n"
                               "\"b\": {} }\t";
    g_autoptr(VmdescNode) root = vmdesc_parse(text, strlen(text), NULL);
    const VmdescNode *list;
    guint64 number;

    g_assert_cmpuint(root->children->len, ==, 4);
    for (guint i = 0; i < 4; i++)
        g_assert_cmpstr(((VmdescNode *)root->children->pdata[i])->key, ==, i == 1 ? "a" : "b");
    g_assert_true(vmdesc_member_number(root, "b", &number));
    g_assert_cmpuint(number, ==, 1);
    g_assert_false(vmdesc_member_number(root, "a", &number)); /* negative */
    list = root->children->pdata[2];
    g_assert_cmpint(list->kind, ==, VMDESC_ARRAY);
    g_assert_cmpint(((VmdescNode *)list->children->pdata[2])->kind, ==, VMDESC_NULL);
    g_assert_null(vmdesc_member(list, "b"));
    g_assert_null(vmdesc_member_text(root, "c"));
}

static void
what_is_no_description_is_refused_with_its_place(void)
{
    static const struct {
        const char *text, *message;
    } wrong[] = {
        {"", "byte 0: a value is due"},
        {"{", "byte 1: a key is due"},
        {"{\"a\"", "byte 4: a colon is due"},
        {"{\"a\": 1", "byte 7: a comma or a closing bracket"},
        {"[1,]", "byte 3: a value is due"},
        {"[1 2]", "byte 3: a comma"},
        {"\"a", "a string without end"},
        {"\"\\q\"", "an escape"},
        {"\"\\u0000\"", "an escape"},
        {"\"\\ud800\"", "an escape"},
        {"\"\\u12\"", "an escape"},
        {"\"\x01\"", "a control character"},
        {"1.5", "no integer"},
        {"1e3", "no integer"},
        {"9223372036854775808", "too large"},
        {"-9223372036854775809", "too large"},
        {"tru", "a value is due"},
        {"1 x", "byte 2: something follows"},
    };
    g_autofree char *deep = g_strnfill(VMDESC_DEPTH_MAX + 1, '[');
    g_autoptr(GError) too_deep = NULL;

    for (guint i = 0; i < G_N_ELEMENTS(wrong); i++) {
        g_autoptr(GError) error = NULL;

        g_assert_null(vmdesc_parse(wrong[i].text, strlen(wrong[i].text), &error));
        g_assert_error(error, MIG_ERROR, MIG_ERROR_FORMAT);
        if (strstr(error->message, wrong[i].message) == NULL)
            g_error("expected '%s', got '%s'", wrong[i].message, error->message);
    }
    g_assert_null(vmdesc_parse(deep, strlen(deep), &too_deep));
    g_assert_nonnull(strstr(too_deep->message, "nested too deep"));
}

static void
the_limits_of_numbers_are_read(void)
{
    static const char text[] = "[9223372036854775807, -9223372036854775808, 0]";
    g_autoptr(VmdescNode) root = vmdesc_parse(text, strlen(text), NULL);

    g_assert_true(((VmdescNode *)root->children->pdata[0])->number == G_MAXINT64);
    g_assert_true(((VmdescNode *)root->children->pdata[1])->number == G_MININT64);
}

/* Notes "path type size" and checks that there are no gaps. */
typedef struct {
    GString *text;
    gsize next;
} Notes;

static gboolean
note_leaf(const VmdescLeaf *leaf, void *user, GError **error)
{
    Notes *notes = user;

    g_assert_cmpuint(leaf->offset, ==, notes->next);
    notes->next += leaf->size;
    g_string_append_printf(notes->text, "%s %s %" G_GSIZE_FORMAT "\n", leaf->path, leaf->type,
                           leaf->size);
    return TRUE;
}

static void
a_payload_is_walked_to_its_last_byte(void)
{
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    g_autoptr(VmdescWriter) writer = describe_board(bytes);
    const GString *text = vmdesc_writer_text(writer);
    g_autoptr(VmdescNode) root = vmdesc_parse(text->str, text->len, NULL);
    g_autoptr(GString) walked = g_string_new(NULL);
    Notes notes = {walked, 0};
    gsize size, sum;

    g_assert_true(vmdesc_walk(root, note_leaf, &notes, &size, NULL));
    g_assert_cmpuint(size, ==, bytes->len);
    g_assert_cmpuint(notes.next, ==, size);
    g_assert_cmpstr(walked->str, ==,
                    "env.first uint32 4\nunused[0] unused_buffer 4\nunused[1] unused_buffer 2\n"
                    "gpr[0] uint64 8\ngpr[1] uint64 8\ngpr[2] uint64 8\n"
                    "cells[0].a uint8 1\ncells[0].b uint16 2\n"
                    "cells[1].a uint8 1\ncells[1].b uint16 2\n"
                    "odd[0].a uint8 1\nodd[1].a uint8 1\none.a uint8 1\none.b uint16 2\n"
                    "list[0] present 1\nlist[0].a uint8 1\nlist[0].b uint16 2\n"
                    "list[1] present 1\nlist[1].a uint8 1\nlist[1].b uint16 2\nlist present 1\n"
                    "map bitmap 8\nraw buffer 5\nflag bool 1\nirqs uint32 equal 4\n"
                    "same int64 equal 8\ngpr[2] timer 8\n"
                    "board/sub: subsection 15\nboard/sub:sub uint8 1\n");
    g_assert_true(vmdesc_walk(root, NULL, NULL, &sum, NULL));
    g_assert_cmpuint(sum, ==, size);
}

static void
sizes_that_do_not_add_up_are_refused(void)
{
    static const char *const wrong[] = {
        "{}",
        "{\"fields\": 1}",
        "{\"fields\": [{\"name\": \"a\", \"size\": 1}]}",
        "{\"fields\": [{\"name\": \"a\", \"type\": \"struct\", \"struct\": {\"fields\": []}, "
        "\"size\": 1}]}",
        "{\"fields\": [{\"name\": \"a\", \"type\": \"qtailq\", \"size\": 2}]}",
        "{\"fields\": [{\"name\": \"a\", \"type\": \"u\", \"size\": 9223372036854775807}]}",
        "{\"fields\": [{\"name\": \"a\", \"array_len\": 9223372036854775807, \"type\": \"u\", "
        "\"size\": 4}]}",
        "{\"fields\": [{\"name\": \"a\", \"array_len\": 9223372036854775807, \"type\": \"u\", "
        "\"size\": 0}]}",
        "{\"fields\": [], \"subsections\": [{\"fields\": []}]}",
    };

    for (guint i = 0; i < G_N_ELEMENTS(wrong); i++) {
        g_autoptr(VmdescNode) root = vmdesc_parse(wrong[i], strlen(wrong[i]), NULL);
        g_autoptr(GError) error = NULL;
        gsize size;

        g_assert_nonnull(root);
        g_assert_false(vmdesc_walk(root, NULL, NULL, &size, &error));
        g_assert_error(error, MIG_ERROR, MIG_ERROR_FORMAT);
    }
}

static void
a_description_is_found_from_the_end(void)
{
    static const char text[] = "{\"page_size\": 4096, \"devices\": []}";
    g_autoptr(GByteArray) bytes = wire_bytes("0001 00 06 00000002 '{}' 00 06 00000022");
    g_autoptr(VmdescNode) root = NULL;
    gsize start, n, front = bytes->len;

    g_byte_array_append(bytes, (const guint8 *)text, (guint)strlen(text));
    g_byte_array_append(bytes, (const guint8 *)"tail", 4);
    root = vmdesc_find(bytes->data, bytes->len, &start, &n);
    g_assert_nonnull(vmdesc_member(root, "devices"));
    g_assert_cmpuint(start, ==, front);
    g_assert_cmpuint(n, ==, strlen(text));
    g_assert_null(vmdesc_find(bytes->data, 8, &start, &n));
}

static void
devices_are_found_by_name_instance_and_ordinal(void)
{
    static const char text[] = "{\"devices\": [{\"name\": \"a\", \"instance_id\": 1, \"k\": 1}, "
                               "{\"name\": \"a\", \"instance_id\": 2, \"k\": 2}, "
                               "{\"name\": \"a\", \"instance_id\": 1, \"k\": 3}]}";
    g_autoptr(VmdescNode) root = vmdesc_parse(text, strlen(text), NULL);
    guint64 k;

    g_assert_true(vmdesc_member_number(vmdesc_device(root, "a", 2, 0), "k", &k));
    g_assert_cmpuint(k, ==, 2);
    g_assert_true(vmdesc_member_number(vmdesc_device(root, "a", 1, 1), "k", &k));
    g_assert_cmpuint(k, ==, 3);
    g_assert_null(vmdesc_device(root, "a", 1, 2));
    g_assert_null(vmdesc_device(root, "b", 1, 0));
    g_assert_null(vmdesc_device(NULL, "a", 1, 0));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/vmdesc/literal", the_engine_writes_the_text_of_the_format);
    g_test_add_func("/vmdesc/escapes", strings_are_escaped);
    g_test_add_func("/vmdesc/duplicates", duplicates_and_order_are_kept);
    g_test_add_func("/vmdesc/refused", what_is_no_description_is_refused_with_its_place);
    g_test_add_func("/vmdesc/numbers", the_limits_of_numbers_are_read);
    g_test_add_func("/vmdesc/walk", a_payload_is_walked_to_its_last_byte);
    g_test_add_func("/vmdesc/sizes", sizes_that_do_not_add_up_are_refused);
    g_test_add_func("/vmdesc/find", a_description_is_found_from_the_end);
    g_test_add_func("/vmdesc/devices", devices_are_found_by_name_instance_and_ordinal);
    return g_test_run();
}
