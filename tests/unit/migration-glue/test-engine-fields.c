/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The engine: literal bytes of every kind of field, both ways.
 */
#include <string.h>

#include "tests/unit/migration-glue/wire-rig.h"

/* A description with one version, made of a table. */
#define STATE(variable, label, table) \
    static const VmsState variable = {.name = label, .version = 1, .oldest = 1, .fields = table}

typedef struct {
    gboolean flag;
    _Bool small_flag;
    gint8 s8;
    guint8 u8;
    gint16 s16;
    guint16 u16;
    gint32 s32;
    guint32 u32;
    gint64 s64;
    guint64 u64;
} Scalars;

static const VmsField scalar_fields[] = {VMS_BOOL(Scalars, flag),
                                         VMS_SCALAR(Scalars, small_flag),
                                         VMS_SCALAR(Scalars, s8),
                                         VMS_SCALAR(Scalars, u8),
                                         VMS_SCALAR(Scalars, s16),
                                         VMS_SCALAR(Scalars, u16),
                                         VMS_SCALAR(Scalars, s32),
                                         VMS_SCALAR(Scalars, u32),
                                         VMS_SCALAR(Scalars, s64),
                                         VMS_SCALAR(Scalars, u64),
                                         VMS_END};
STATE(scalar_state, "scalars", scalar_fields);

static const char scalar_wire[] = "01 01 fe fd fffc fedc fffffffb fedcba98 fffffffffffffffa "
                                  "fedcba9876543210";

static void
scalars_are_big_endian_twos_complement(void)
{
    Scalars from = {TRUE,   TRUE, -2,         0xfd, -4,
                    0xfedc, -5,   0xfedcba98, -6,   G_GUINT64_CONSTANT(0xfedcba9876543210)};
    Scalars into = {0};

    wire_assert_saves(&scalar_state, &from, scalar_wire);
    wire_assert_loads(&scalar_state, &into, 1, scalar_wire);
    g_assert_cmpmem(&into.flag, sizeof(into.flag), &from.flag, sizeof(from.flag));
    g_assert_true(into.small_flag);
    g_assert_cmpint(into.s8, ==, -2);
    g_assert_cmpuint(into.u8, ==, 0xfd);
    g_assert_cmpint(into.s16, ==, -4);
    g_assert_cmpuint(into.u16, ==, 0xfedc);
    g_assert_cmpint(into.s32, ==, -5);
    g_assert_cmpuint(into.u32, ==, 0xfedcba98);
    g_assert_cmpint(into.s64, ==, -6);
    g_assert_cmphex(into.u64, ==, G_GUINT64_CONSTANT(0xfedcba9876543210));
}

static void
a_bool_is_0_or_1(void)
{
    static const VmsField fields[] = { VMS_BOOL(Scalars, flag), VMS_END };
    STATE(state, "bool", fields);
    Scalars object = {.flag = 42};

    wire_assert_saves(&state, &object, "01");
    object.flag = FALSE;
    wire_assert_saves(&state, &object, "00");
    wire_assert_refuses(&state, &object, sizeof(object), 1, "02", MIG_ERROR_VALUE,
                        "field flag, byte 0: a bool is 0 or 1, here is 2");
}

static void
a_wider_wire_is_range_checked_both_ways(void)
{
    static const VmsField fields[] = {
        VMS_SCALAR(Scalars, u8, .wire = VMS_WIRE_U32),
        VMS_SCALAR(Scalars, s8, .wire = VMS_WIRE_S64),
        VMS_SCALAR(Scalars, u64, .wire = VMS_WIRE_U16),
        VMS_END
    };
    STATE(state, "wider", fields);
    Scalars object = {.u8 = 0xab, .s8 = -1, .u64 = 0xffff}, into = {0};
    g_autoptr(GError) error = NULL;

    wire_assert_saves(&state, &object, "000000ab ffffffffffffffff ffff");
    wire_assert_loads(&state, &into, 1, "000000ab ffffffffffffff80 ffff");
    g_assert_cmpuint(into.u8, ==, 0xab);
    g_assert_cmpint(into.s8, ==, -128);
    g_assert_cmpuint(into.u64, ==, 0xffff);
    wire_assert_refuses(&state, &into, sizeof(into), 1, "00000100 0000000000000000 0000",
                        MIG_ERROR_VALUE, "field u8, byte 0: the value 0x100 is out of range");
    wire_assert_refuses(&state, &into, sizeof(into), 1, "00000000 ffffffffffffff7f 0000",
                        MIG_ERROR_VALUE, "field s8, byte 4");
    object.u64 = 0x10000;
    g_assert_null(wire_save(&state, &object, &wire_context, &error));
    g_assert_error(error, MIG_ERROR, MIG_ERROR_VALUE);
}

static void
an_equal_field_is_compared_and_never_stored(void)
{
    static const VmsField fields[] = { VMS_EQUAL(Scalars, u32), VMS_EQUAL(Scalars, u8), VMS_END };
    STATE(state, "equal", fields);
    Scalars object = {.u32 = 0x2000, .u8 = 3};

    wire_assert_saves(&state, &object, "00002000 03");
    wire_assert_loads(&state, &object, 1, "00002000 03");
    wire_assert_refuses(&state, &object, sizeof(object), 1, "00002000 04", MIG_ERROR_MISMATCH,
                        "field u8, byte 4: it is 0x4 in the stream but 0x3 here");
}

static void
an_at_most_field_is_bounded_by_our_own_value(void)
{
    static const VmsField fields[] = { VMS_SCALAR(Scalars, s32, .at_most = TRUE), VMS_END };
    STATE(state, "at-most", fields);
    Scalars object = {.s32 = 2};

    wire_assert_refuses(&state, &object, sizeof(object), 1, "00000003", MIG_ERROR_VALUE,
                        "3 is not between 0 and 2");
    wire_assert_refuses(&state, &object, sizeof(object), 1, "ffffffff", MIG_ERROR_VALUE,
                        "-1 is not between 0 and 2");
    wire_assert_loads(&state, &object, 1, "00000001");
    g_assert_cmpint(object.s32, ==, 1);
}

/* XIVE tables: facts of the captured stream, both words. */
static void
host_endian_words_are_reversed_on_the_wire(void)
{
    static const VmsField fields[] = {
        VMS_SCALAR(Scalars, u64, .host_endian = TRUE),
        VMS_SCALAR(Scalars, u32, .host_endian = TRUE),
        VMS_SCALAR(Scalars, u16, .host_endian = TRUE),
        VMS_SCALAR(Scalars, u8, .host_endian = TRUE),
        VMS_END
    };
    STATE(state, "host-endian", fields);
    Scalars object = {.u64 = G_GUINT64_CONSTANT(0x8000000600000010),
                      .u32 = 0x50000000,
                      .u16 = 0x1234,
                      .u8 = 0x56};
    Scalars into = {0};
    VmsContext big = wire_context;
    g_autoptr(GByteArray) bytes = NULL;
    gsize used;

    wire_assert_saves(&state, &object, "1000000006000080 00000050 3412 56");
    wire_assert_loads(&state, &into, 1, "1000000006000080 00000050 3412 56");
    g_assert_cmpmem(&into, sizeof(into), &object, sizeof(object));

    big.big_endian_words = TRUE;
    bytes = wire_save(&state, &object, &big, NULL);
    wire_assert_bytes(bytes, "8000000600000010 50000000 1234 56");
    memset(&into, 0, sizeof(into));
    g_assert_true(wire_load(&state, &into, 1, &big, bytes->data, bytes->len, &used, NULL));
    g_assert_cmpmem(&into, sizeof(into), &object, sizeof(object));
}

typedef struct {
    guint64 w;
} Entry;

typedef struct {
    Entry few[3];
    guint32 n;
    Entry *many; /* more than go at a time */
} Tables;

static const VmsField entry_fields[] = {VMS_SCALAR(Entry, w, .host_endian = TRUE), VMS_END};
STATE(entry_state, "entry", entry_fields);

static const VmsField few_fields[] = {VMS_STRUCT_ARRAY(Tables, few, &entry_state), VMS_END};
STATE(few_state, "few", few_fields);

static const VmsField many_fields[] = {
    VMS_STRUCT_COUNTED_POINTER(Tables, many, n, 1000, &entry_state), VMS_END};
STATE(many_state, "many", many_fields);

/* What is written by the thousand is what is written one by one, and is undone like it. */
static void
structures_of_one_word_are_that_word(void)
{
    Tables from = {.few = {{1}, {G_GUINT64_CONSTANT(0x8000000600000010)}, {3}}}, into = {0};
    static const char wire[] = "0100000000000000 1000000006000080 0300000000000000";
    VmsContext big = wire_context;
    g_autoptr(GByteArray) bytes = NULL;

    wire_assert_saves(&few_state, &from, wire);
    wire_assert_loads(&few_state, &into, 1, wire);
    g_assert_cmpmem(&into, sizeof(into), &from, sizeof(from));
    wire_assert_refuses(&few_state, &into, sizeof(into), 1,
                        "0200000000000000 0200000000000000 02000000", MIG_ERROR_TRUNCATED,
                        "few[2].w");

    big.big_endian_words = TRUE;
    bytes = wire_save(&few_state, &from, &big, NULL);
    wire_assert_bytes(bytes, "0000000000000001 8000000600000010 0000000000000003");
}

static void
a_table_of_many_words_is_loaded_as_it_was_saved(void)
{
    Entry ours[700], theirs[G_N_ELEMENTS(ours)] = {{0}};
    Tables from = {.n = G_N_ELEMENTS(ours), .many = ours}, into = from;
    g_autoptr(GByteArray) bytes = NULL;
    gsize used;

    for (guint i = 0; i < G_N_ELEMENTS(ours); i++)
        ours[i].w = i * G_GUINT64_CONSTANT(0x0123456789abcdef);
    into.many = theirs;
    bytes = wire_save(&many_state, &from, &wire_context, NULL);
    g_assert_cmpuint(bytes->len, ==, sizeof(ours));
    g_assert_true(
        wire_load(&many_state, &into, 1, &wire_context, bytes->data, bytes->len, &used, NULL));
    g_assert_cmpmem(theirs, sizeof(theirs), ours, sizeof(ours));

    /* What came of a load that fails is gone again. */
    memset(bytes->data, 0xff, bytes->len);
    g_assert_false(
        wire_load(&many_state, &into, 1, &wire_context, bytes->data, bytes->len - 1, &used, NULL));
    g_assert_cmpmem(theirs, sizeof(theirs), ours, sizeof(ours));
}

typedef struct {
    guint64 one[2];
    guint64 several[2][2];
} Pairs;

static void
pairs_are_high_first_unless_host_endian(void)
{
    static const VmsField fields[] = {
        VMS_PAIR(Pairs, one),
        VMS_PAIR_ARRAY(Pairs, several, .host_endian = TRUE),
        VMS_END
    };
    STATE(state, "pairs", fields);
    Pairs from = {{1, 2}, {{3, 4}, {5, 6}}}, into = {0};
    static const char wire[] = "0000000000000001 0000000000000002 "
                               "0000000000000004 0000000000000003 "
                               "0000000000000006 0000000000000005";

    wire_assert_saves(&state, &from, wire);
    wire_assert_loads(&state, &into, 1, wire);
    g_assert_cmpmem(&into, sizeof(into), &from, sizeof(from));
}

typedef struct {
    guint16 fixed[3];
    guint8 grid[2][2];
    guint32 n; /* on the wire */
    guint16 log[4];
    gint32 n_configured; /* not on the wire */
    guint32 *configured;
    guint16 n_grown;
    guint64 *grown;
} Arrays;

static void
arrays_are_their_elements_one_after_another(void)
{
    static const VmsField fields[] = {
        VMS_ARRAY(Arrays, fixed),
        VMS_ARRAY_2D(Arrays, grid),
        VMS_END
    };
    STATE(state, "arrays", fields);
    Arrays from = {.fixed = {1, 2, 3}, .grid = {{4, 5}, {6, 7}}}, into = {0};

    wire_assert_saves(&state, &from, "0001 0002 0003 04 05 06 07");
    wire_assert_loads(&state, &into, 1, "0001 0002 0003 04 05 06 07");
    g_assert_cmpmem(&into, sizeof(into), &from, sizeof(from));
}

static const VmsField counted_fields[] = {VMS_SCALAR(Arrays, n),
                                          VMS_COUNTED(Arrays, log, n, 4),
                                          VMS_COUNTED_POINTER(Arrays, configured, n_configured, 8),
                                          VMS_SCALAR(Arrays, n_grown),
                                          VMS_COUNTED_ALLOC(Arrays, grown, n_grown, 3),
                                          VMS_END};
STATE(counted_state, "counted", counted_fields);

static void
counts_come_from_the_wire_or_from_configuration(void)
{
    guint32 ours[2] = {0xa, 0xb}, theirs[2] = {0};
    guint64 grown[2] = {0xc, 0xd};
    Arrays from = {.n = 3,
                   .log = {1, 2, 3, 99},
                   .n_configured = 2,
                   .configured = ours,
                   .n_grown = 2,
                   .grown = grown};
    Arrays into = {.log = {9, 9, 9, 9}, .n_configured = 2, .configured = theirs};
    static const char wire[] = "00000003 0001 0002 0003 0000000a 0000000b 0002 "
                               "000000000000000c 000000000000000d";

    wire_assert_saves(&counted_state, &from, wire);
    wire_assert_loads(&counted_state, &into, 1, wire);
    g_assert_cmpuint(into.n, ==, 3);
    g_assert_cmpuint(into.log[2], ==, 3);
    g_assert_cmpuint(into.log[3], ==, 9); /* beyond the count: not touched */
    g_assert_cmpuint(theirs[1], ==, 0xb);
    g_assert_cmpuint(into.n_grown, ==, 2);
    g_assert_cmpmem(into.grown, 16, grown, 16);
    /* Loading again frees what was there; a count of 0 leaves no memory. */
    wire_assert_loads(&counted_state, &into, 1, "00000000 0000000a 0000000b 0000");
    g_assert_null(into.grown);
}

static void
counts_are_bounded_in_both_directions(void)
{
    guint32 ours[2] = {1, 2};
    Arrays object = {.n = 1, .log = {7}, .n_configured = 2, .configured = ours};
    g_autoptr(GError) error = NULL, negative = NULL, missing = NULL;

    wire_assert_refuses(&counted_state, &object, sizeof(object), 1, "00000005", MIG_ERROR_VALUE,
                        "field log, byte 4: a count of 5 is above the maximum of 4");
    wire_assert_refuses(&counted_state, &object, sizeof(object), 1,
                        "00000000 00000001 00000002 0004", MIG_ERROR_VALUE,
                        "field grown, byte 14: a count of 4 is above the maximum of 3");
    object.n = 5;
    g_assert_null(wire_save(&counted_state, &object, &wire_context, &error));
    g_assert_error(error, MIG_ERROR, MIG_ERROR_VALUE);
    object.n = 0;
    object.n_configured = -1;
    g_assert_null(wire_save(&counted_state, &object, &wire_context, &negative));
    g_assert_nonnull(strstr(negative->message, "a count of -1 is impossible"));
    object.n_configured = 1;
    object.configured = NULL;
    g_assert_null(wire_save(&counted_state, &object, &wire_context, &missing));
    g_assert_nonnull(strstr(missing->message, "but the object has none"));
}

static void
a_count_may_be_in_groups(void)
{
    static const VmsField fields[] = {
        VMS_SCALAR(Arrays, n_grown),
        VMS_COUNTED(Arrays, log, n_grown, 4, .count_times = 2),
        VMS_END
    };
    STATE(state, "groups", fields);
    Arrays from = {.n_grown = 2, .log = {1, 2, 3, 4}};

    wire_assert_saves(&state, &from, "0002 0001 0002 0003 0004");
    wire_assert_refuses(&state, &from, sizeof(from), 1, "0003", MIG_ERROR_VALUE,
                        "a count of 3 is above the maximum of 2");
}

typedef struct {
    guint8 image[3];
    guint32 n;
    guint8 *dtb;
    guint8 part[4];
    guint8 *window;
    guint32 n_window;
} Buffers;

static void
buffers_are_raw_bytes(void)
{
    static const VmsField fields[] = {
        VMS_BUFFER(Buffers, image),
        VMS_SCALAR(Buffers, n),
        VMS_BUFFER_ALLOC(Buffers, dtb, n, 5),
        VMS_BUFFER_COUNTED(Buffers, part, n, 4),
        VMS_BUFFER_POINTER(Buffers, window, n_window, 16),
        VMS_END
    };
    STATE(state, "buffers", fields);
    guint8 dtb[2] = {0xd0, 0x0d}, ours[2] = {1, 2}, theirs[2] = {0};
    Buffers from = {.image = {7, 8, 9},
                    .n = 2,
                    .dtb = dtb,
                    .part = {3, 4, 5, 6},
                    .window = ours,
                    .n_window = 2};
    Buffers into = {.window = theirs, .n_window = 2};

    wire_assert_saves(&state, &from, "07 08 09 00000002 d0 0d 03 04 01 02");
    wire_assert_loads(&state, &into, 1, "07 08 09 00000002 d0 0d 03 04 01 02");
    g_assert_cmpmem(into.image, 3, from.image, 3);
    g_assert_cmpmem(into.dtb, 2, dtb, 2);
    g_assert_cmpuint(into.part[1], ==, 4);
    g_assert_cmpmem(theirs, 2, ours, 2);
    wire_assert_refuses(&state, &into, sizeof(into), 1, "07 08 09 00000006", MIG_ERROR_VALUE,
                        "field dtb, byte 7: a count of 6 is above the maximum of 5");
    mig_state_clear(&state, &into);
    g_assert_null(into.dtb);
}

static void
pads_are_zeros_that_nobody_reads(void)
{
    static const VmsField fields[] = { VMS_PAD(3), VMS_SCALAR(Scalars, u8), VMS_END };
    STATE(state, "pads", fields);
    Scalars object = {.u8 = 5};

    wire_assert_saves(&state, &object, "000000 05");
    wire_assert_loads(&state, &object, 1, "ffffff 06");
    g_assert_cmpuint(object.u8, ==, 6);
}

typedef struct {
    guint64 vector[2];
    guint64 *map;
    guint32 n;
} Bitmaps;

static void
bitmaps_are_whole_words_least_significant_bit_first(void)
{
    static const VmsField fields[] = {
        VMS_BITMAP(Bitmaps, vector, 67),
        VMS_BITMAP_POINTER(Bitmaps, map, n, 256),
        VMS_END
    };
    STATE(state, "bitmaps", fields);
    guint64 ours[1] = {0xf}, theirs[1] = {0};
    Bitmaps from = {.vector = {1, 0xfff4}, .map = ours, .n = 3};
    Bitmaps into = {.map = theirs, .n = 3};

    /* Bits 0 and 66; whatever stands behind the last bit is not sent. */
    wire_assert_saves(&state, &from, "0000000000000001 0000000000000004 0000000000000007");
    wire_assert_loads(&state, &into, 1, "0000000000000001 0000000000000004 0000000000000007");
    g_assert_cmpuint(into.vector[1], ==, 4);
    g_assert_cmpuint(theirs[0], ==, 7);
    wire_assert_refuses(&state, &into, sizeof(into), 1, "0000000000000001 0000000000000008",
                        MIG_ERROR_VALUE, "bits are set beyond the last of 67");
}

typedef struct {
    char name[256];
} Named;

static void
names_have_a_length_byte(void)
{
    static const VmsField fields[] = { VMS_STR8(Named, name), VMS_END };
    STATE(state, "names", fields);
    Named from = {"abc"}, into = {"previous"}, empty = {""};
    g_autoptr(GError) error = NULL;

    wire_assert_saves(&state, &from, "03 'abc'");
    wire_assert_loads(&state, &into, 1, "03 'abc'");
    g_assert_cmpstr(into.name, ==, "abc");
    wire_assert_refuses(&state, &into, sizeof(into), 1, "00", MIG_ERROR_FORMAT, "a name is empty");
    wire_assert_refuses(&state, &into, sizeof(into), 1, "02 61 0a", MIG_ERROR_FORMAT,
                        "unprintable");
    g_assert_null(wire_save(&state, &empty, &wire_context, &error));
    g_assert_error(error, MIG_ERROR, MIG_ERROR_VALUE);
}

typedef struct {
    guint8 a, b;
} Inner;

typedef struct {
    Inner one;
    Inner *far;
    Inner two[2];
    guint8 n;
    Inner some[3];
    Inner *grown;
    Inner *table;
    guint32 n_table;
} Outer;

static const VmsField inner_fields[] = {VMS_SCALAR(Inner, a), VMS_SCALAR(Inner, b, .since = 2),
                                        VMS_END};
static const VmsState inner_state = {
    .name = "inner", .version = 2, .oldest = 1, .fields = inner_fields};

static void
structs_are_inline_and_have_no_version(void)
{
    static const VmsField fields[] = {
        VMS_STRUCT(Outer, one, &inner_state),
        VMS_STRUCT_POINTER(Outer, far, &inner_state),
        VMS_STRUCT_ARRAY(Outer, two, &inner_state),
        VMS_SCALAR(Outer, n),
        VMS_STRUCT_COUNTED(Outer, some, n, 3, &inner_state),
        VMS_STRUCT_COUNTED_ALLOC(Outer, grown, n, 3, &inner_state),
        VMS_STRUCT_COUNTED_POINTER(Outer, table, n_table, 8, &inner_state),
        VMS_END
    };
    STATE(state, "outer", fields);
    Inner far = {3, 4}, grown[1] = {{0xb, 0xc}}, table[1] = {{0xd, 0xe}};
    Inner their_far = {0}, their_table[1] = {{0}};
    Outer from = {{1, 2}, &far, {{5, 6}, {7, 8}}, 1, {{9, 0xa}}, grown, table, 1};
    Outer into = {.far = &their_far, .table = their_table, .n_table = 1};

    wire_assert_saves(&state, &from, "0102 0304 0506 0708 01 090a 0b0c 0d0e");
    wire_assert_loads(&state, &into, 1, "0102 0304 0506 0708 01 090a 0b0c 0d0e");
    g_assert_cmpuint(into.one.b, ==, 2);
    g_assert_cmpuint(their_far.a, ==, 3);
    g_assert_cmpuint(into.two[1].b, ==, 8);
    g_assert_cmpuint(into.some[0].a, ==, 9);
    g_assert_cmpuint(into.grown[0].b, ==, 0xc);
    g_assert_cmpuint(their_table[0].b, ==, 0xe);
    wire_assert_refuses(&state, &into, sizeof(into), 1, "0102 0304 0506 0708 04", MIG_ERROR_VALUE,
                        "field some, byte 9: a count of 4");
    mig_state_clear(&state, &into);
}

static void
a_struct_may_be_held_at_an_old_version(void)
{
    static const VmsField fields[] = {
        VMS_STRUCT(Outer, one, &inner_state, .struct_version = 1),
        VMS_SCALAR(Outer, n),
        VMS_END
    };
    STATE(state, "vstruct", fields);
    Outer from = {.one = {1, 2}, .n = 3};

    wire_assert_saves(&state, &from, "01 03");
    wire_assert_loads(&state, &from, 1, "04 05");
    g_assert_cmpuint(from.one.a, ==, 4);
    g_assert_cmpuint(from.one.b, ==, 2);
}

static void
an_element_is_named_with_its_index(void)
{
    static const VmsField element[] = { VMS_BOOL(Scalars, flag), VMS_END };
    STATE(element_state, "element", element);
    typedef struct {
        Scalars list[3];
        gboolean flags[3];
    } Nest;
    static const VmsField fields[] = {
        VMS_STRUCT_ARRAY(Nest, list, &element_state),
        VMS_ARRAY(Nest, flags, .wire = VMS_WIRE_BOOL),
        VMS_END
    };
    STATE(state, "nest", fields);
    Nest object = {0};

    wire_assert_refuses(&state, &object, sizeof(object), 1, "01 01 07", MIG_ERROR_VALUE,
                        "field list[2].flag, byte 2:");
    wire_assert_refuses(&state, &object, sizeof(object), 1, "01 01 01 00 09", MIG_ERROR_VALUE,
                        "field flags[1], byte 4:");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/engine/scalars", scalars_are_big_endian_twos_complement);
    g_test_add_func("/engine/bool", a_bool_is_0_or_1);
    g_test_add_func("/engine/other-width", a_wider_wire_is_range_checked_both_ways);
    g_test_add_func("/engine/equal", an_equal_field_is_compared_and_never_stored);
    g_test_add_func("/engine/at-most", an_at_most_field_is_bounded_by_our_own_value);
    g_test_add_func("/engine/host-endian", host_endian_words_are_reversed_on_the_wire);
    g_test_add_func("/engine/structures-of-one-word", structures_of_one_word_are_that_word);
    g_test_add_func("/engine/many-words", a_table_of_many_words_is_loaded_as_it_was_saved);
    g_test_add_func("/engine/pairs", pairs_are_high_first_unless_host_endian);
    g_test_add_func("/engine/arrays", arrays_are_their_elements_one_after_another);
    g_test_add_func("/engine/counted", counts_come_from_the_wire_or_from_configuration);
    g_test_add_func("/engine/counts-bounded", counts_are_bounded_in_both_directions);
    g_test_add_func("/engine/groups", a_count_may_be_in_groups);
    g_test_add_func("/engine/buffers", buffers_are_raw_bytes);
    g_test_add_func("/engine/pads", pads_are_zeros_that_nobody_reads);
    g_test_add_func("/engine/bitmaps", bitmaps_are_whole_words_least_significant_bit_first);
    g_test_add_func("/engine/names", names_have_a_length_byte);
    g_test_add_func("/engine/structs", structs_are_inline_and_have_no_version);
    g_test_add_func("/engine/struct-version", a_struct_may_be_held_at_an_old_version);
    g_test_add_func("/engine/element-path", an_element_is_named_with_its_index);
    return g_test_run();
}
