/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * spapr-stream inspect and diff, on streams made here.
 */
#include <jansson.h>
#include <string.h>

#include "migration-glue/rules.h"
#include "tests/unit/migration-glue/wire-rig.h"
#include "tests/unit/tools/stream-rig.h"

static void
assert_says(const char *said, const char *part)
{
    if (strstr(said, part) == NULL)
        g_error("\"%s\" is missing in:\n%s", part, said);
}

static void
every_section_is_a_line_and_every_byte_accounted_for(void)
{
    g_autoptr(StreamRig) rig = stream_rig_new();
    g_autoptr(GByteArray) bytes = NULL;
    g_autofree char *said = NULL, *last = NULL;
    const StreamRequest request = {.tables = stream_rig_tables()};

    stream_rig_add(rig, NULL, "spapr/rtc", 0, 1, "0000000000000005");
    stream_rig_add(rig, "vty@71000001", "thing", 0, 7, "0102");
    bytes = stream_rig_save(rig, "pseries-7.2", 0);
    g_assert_cmpint(stream_rig_run(RIG_INSPECT, bytes, &request, &said), ==, 0);
    assert_says(said, "HEADER 8\n"
                      "CONFIGURATION pseries-7.2 16\n"
                      "START id=0 ram/0 v4 38\n"
                      "PART id=0 ram/0 v4 40\n"
                      "END id=0 ram/0 v4 8\n"
                      "FULL id=1 spapr/rtc/0 v1 8\n"
                      "FULL id=2 vty@71000001/thing/0 v7 2\n"
                      "EOF 1\n");
    assert_says(said,
                "ram ppc_spapr.ram: 1048576 bytes of memory; 0 pages, 2 zero pages, 32 bytes\n");
    last = g_strdup_printf("%u of %u bytes accounted for\n", bytes->len, bytes->len);
    g_assert_true(g_str_has_suffix(said, last));
}

static void
one_section_is_shown_in_full(void)
{
    g_autoptr(StreamRig) rig = stream_rig_machine();
    g_autoptr(GByteArray) bytes = stream_rig_save(rig, "pseries-7.2", 0);
    g_autofree char *xive = NULL, *drc = NULL, *none = NULL;
    StreamRequest request = {.tables = stream_rig_tables(), .section = "xive-tctx/1"};

    g_assert_cmpint(stream_rig_run(RIG_INSPECT, bytes, &request, &xive), ==, 0);
    assert_says(xive, "xive-tctx/1 v1 64\n");
    assert_says(xive, "as interrupt server 0x1\n");
    g_assert_null(strstr(xive, "xive-tctx/0"));
    request.section = "spapr_drc";
    g_assert_cmpint(stream_rig_run(RIG_INSPECT, bytes, &request, &drc), ==, 0);
    assert_says(drc, "memory connector, memory at 0x40000000\n");
    assert_says(drc, "state 1, unusable");
    assert_says(drc, "    bytes = 00000001\n");
    request.section = "pc";
    g_assert_cmpint(stream_rig_run(RIG_INSPECT, bytes, &request, &none), ==, 0);
    g_assert_cmpstr(none, ==, "");
}

/* --- JSON ------------------------------------------------------------------------ */

static const json_t *
find_section(const json_t *root, const char *name)
{
    const json_t *stream = json_object_get(root, "stream");

    for (size_t i = 0; i < json_array_size(stream); i++) {
        const json_t *item = json_array_get(stream, i);

        if (g_strcmp0(json_string_value(json_object_get(item, "name")), name) == 0)
            return item;
    }
    g_error("no section %s", name);
}

static const json_t *
find_value(const json_t *section, const char *field)
{
    const json_t *fields = json_object_get(section, "fields");

    for (size_t i = 0; i < json_array_size(fields); i++) {
        const json_t *item = json_array_get(fields, i);

        if (g_strcmp0(json_string_value(json_object_get(item, "name")), field) == 0)
            return json_object_get(item, "value");
    }
    g_error("no field %s", field);
}

/* Cuts the description off, as any sender may. */
static void
without_description(GByteArray *bytes)
{
    g_byte_array_set_size(bytes, (guint)stream_rig_find(bytes, "{\"page_size\"") - 5);
}

static void
json_has_every_field_by_our_names_where_the_stream_has_none(void)
{
    g_autoptr(StreamRig) rig = stream_rig_machine();
    g_autoptr(GByteArray) bytes = stream_rig_save(rig, "pseries-7.2", 0);
    const StreamRequest request = {.tables = stream_rig_tables()};
    g_autofree char *said = NULL;
    json_error_t trouble;
    const json_t *section;
    json_t *root;

    without_description(bytes);
    g_assert_cmpint(stream_rig_run(RIG_INSPECT_JSON, bytes, &request, &said), ==, 0);
    root = json_loads(said, 0, &trouble);
    g_assert_nonnull(root);
    section = find_section(root, "spapr-xive");
    g_assert_cmpstr(json_string_value(json_object_get(section, "described_by")), ==,
                    "spapr-stream");
    g_assert_cmpstr(json_string_value(json_object_get(section, "measured_by")), ==, "catalogue");
    g_assert_cmpint(json_integer_value(find_value(section, "nr_irqs")), ==, 16);
    g_assert_cmpstr(json_string_value(find_value(section, "eat[1].w")), ==, "0x1000000006000080");
    g_assert_cmpstr(json_string_value(json_array_get(json_object_get(section, "explained"), 1)), ==,
                    "source 0x0001: to server 0 at priority 6 (END 0x6), queue entry 0x10");
    section = find_section(root, "spapr");
    g_assert_cmpint(json_integer_value(find_value(section, "tb.time_of_the_day_ns")), ==, 2);
    g_assert_cmpint(json_integer_value(json_object_get(root, "accounted")), ==, bytes->len);
    json_decref(root);
}

static void
json_of_a_broken_stream_is_json(void)
{
    g_autoptr(StreamRig) rig = stream_rig_machine();
    g_autoptr(GByteArray) bytes = stream_rig_save(rig, "pseries-7.2", 0);
    const StreamRequest request = {.tables = stream_rig_tables()};
    json_error_t trouble;

    for (guint n = bytes->len; n > 0; n -= MIN(n, 17u)) {
        g_autofree char *said = NULL;
        const gsize full = stream_rig_find(bytes, "{\"page_size\"");
        json_t *root;

        g_byte_array_set_size(bytes, n);
        if (n < full - 5)
            g_assert_cmpint(stream_rig_run(RIG_INSPECT_JSON, bytes, &request, &said), ==, 2);
        else
            stream_rig_run(RIG_INSPECT_JSON, bytes, &request, &said);
        root = json_loads(said, 0, &trouble);
        g_assert_nonnull(root);
        if (n < full - 5)
            assert_says(json_string_value(json_object_get(root, "error")), "byte ");
        json_decref(root);
        if (n <= full)
            break;
    }
}

/* --- Sections that nobody knows ----------------------------------------------------- */

static void
unknown_payloads_are_hunted_for_and_that_is_said(void)
{
    g_autoptr(StreamRig) rig = stream_rig_new();
    g_autoptr(GByteArray) bytes = NULL;
    g_autofree char *said = NULL, *with = NULL;
    const StreamRequest request = {.tables = stream_rig_tables()};

    /* A footer of another number, and one of its own that nothing follows, are inside. */
    stream_rig_add(rig, NULL, "alien", 3, 1, "7e00000009 7e00000001 ff 00");
    stream_rig_add(rig, NULL, "spapr/rtc", 0, 1, "0000000000000005");
    bytes = stream_rig_save(rig, "pseries-7.2", 0);
    g_assert_cmpint(stream_rig_run(RIG_INSPECT, bytes, &request, &with), ==, 0);
    without_description(bytes);
    g_assert_cmpint(stream_rig_run(RIG_INSPECT, bytes, &request, &said), ==, 1);
    assert_says(said, "FULL id=1 alien/3 v1 12 (length guessed)\n");
    assert_says(said, "FULL id=2 spapr/rtc/0 v1 8\n");
    assert_says(said, "looking for what comes next");
}

static void
old_streams_without_footers_are_read_too(void)
{
    static const char *const machines[] = {"pseries-2.2", "pseries-2.3"};

    for (guint i = 0; i < G_N_ELEMENTS(machines); i++) {
        g_autoptr(StreamRig) rig = stream_rig_new();
        g_autoptr(GByteArray) bytes = NULL;
        g_autofree char *said = NULL;
        const StreamRequest request = {.tables = stream_rig_tables()};

        if (i > 0)
            stream_rig_add(rig, NULL, "alien", 3, 1, "0102030405");
        stream_rig_add(rig, NULL, "spapr/rtc", 0, 1, "0000000000000005");
        stream_rig_add(rig, NULL, "cpu_common", 0, 1, "00000000 00000000");
        bytes = stream_rig_save(rig, machines[i], 0);
        g_assert_cmpint(stream_rig_run(RIG_INSPECT, bytes, &request, &said), ==, 0);
        assert_says(said, "spapr/rtc/0 v1 8\n");
    }
}

static void
a_description_is_not_believed_where_the_footer_is_elsewhere(void)
{
    g_autoptr(StreamRig) rig = stream_rig_machine();
    g_autoptr(GByteArray) bytes = stream_rig_save(rig, "pseries-7.2", 0);
    const StreamRequest request = {.tables = stream_rig_tables()};
    g_autofree char *said = NULL;
    const char *needle = "\"name\": \"bytes\", \"type\": \"buffer\", \"size\": 644";
    const gsize at = stream_rig_find(bytes, needle) + strlen(needle) - 3;

    memcpy(bytes->data + at, "645", 3);
    g_assert_cmpint(stream_rig_run(RIG_INSPECT, bytes, &request, &said), ==, 0);
    assert_says(said,
                "spapr-xive/0: the stream describes 645 bytes of it, and it does not end there");
}

/* --- Damage --------------------------------------------------------------------------- */

static void
truncation_anywhere_is_unreadable_and_says_where(void)
{
    const StreamTables *const both[] = {stream_rig_tables(), stream_rig_no_tables()};
    g_autoptr(StreamRig) rig = stream_rig_machine();
    g_autoptr(GByteArray) whole = stream_rig_save(rig, "pseries-7.2", 0);
    const gsize text = stream_rig_find(whole, "{\"page_size\"");

    for (gsize n = 0; n < whole->len; n++) {
        const StreamRequest request = {.tables = both[n % 2]};
        g_autoptr(GByteArray) bytes = g_byte_array_new();
        g_autofree char *inspected = NULL, *checked = NULL;

        g_byte_array_append(bytes, whole->data, (guint)n);
        if (n == text - 5) /* after the end marker a stream is whole */
            continue;
        g_assert_cmpint(stream_rig_run(RIG_INSPECT, bytes, &request, &inspected), ==, 2);
        assert_says(inspected, "error: byte ");
        g_assert_cmpint(stream_rig_run(RIG_CHECK, bytes, &request, &checked), ==, 2);
        assert_says(checked, "error: byte ");
    }
}

static void
any_byte_may_be_wrong(void)
{
    g_autoptr(StreamRig) rig = stream_rig_machine();
    g_autoptr(GByteArray) bytes = stream_rig_save(rig, "pseries-7.2", 0);
    const StreamRequest request = {.tables = stream_rig_tables()};
    guint unreadable = 0;

    for (gsize i = 0; i < bytes->len; i++) {
        g_autofree char *said = NULL;
        const guint8 before = bytes->data[i];

        bytes->data[i] = (guint8)~before;
        if (stream_rig_run(RIG_CHECK, bytes, &request, &said) == 2) {
            assert_says(said, "error: ");
            unreadable++;
        }
        bytes->data[i] = before;
    }
    g_assert_cmpuint(unreadable, >, 8);
}

/* --- Differences ------------------------------------------------------------------------ */

static char *
diff(const GByteArray *a, const GByteArray *b, gboolean *same)
{
    StreamRequest request = {.tables = stream_rig_tables()};
    g_autoptr(GError) error = NULL;
    g_autofree char *text = NULL;
    size_t n;

    request.out = open_memstream(&text, &n);
    stream_diff(&request, stream_input_memory((GByteArray *)a, 0, "a"),
                stream_input_memory((GByteArray *)b, 0, "b"), same, &error);
    g_assert_no_error(error);
    fclose(request.out);
    return g_strdup(text);
}

static void
fields_that_differ_are_named(void)
{
    g_autoptr(StreamRig) one = stream_rig_machine(), two = stream_rig_machine();
    g_autoptr(GByteArray) a = NULL, b = NULL, again = NULL;
    g_autofree char *said = NULL, *nothing = NULL;
    gboolean same;

    stream_rig_patch(two, 15, "07");
    stream_rig_add(two, NULL, "more", 2, 1, "00");
    a = stream_rig_save(one, "pseries-7.2", 0);
    b = stream_rig_save(two, "pseries-7.2", 0);
    again = stream_rig_save(one, "pseries-7.2", 0);
    without_description(a);
    nothing = diff(b, b, &same);
    g_assert_true(same);
    g_assert_cmpstr(nothing, ==, "");
    said = diff(again, b, &same);
    g_assert_false(same);
    assert_says(said, "spapr/0: bytes: 00000000000000010000000000000002 != "
                      "00000000000000010000000000000007\n");
    assert_says(said, "more/2: only in the second\n");
    g_assert_null(strstr(said, "xive"));
}

#define LIST "0000000000100004 0d 'ppc_spapr.ram' 0000000000100000 0000000000000010"
#define EOS  "0000000000000010"

/* A page record of 4096 times @byte at @offset (hex, with flags). */
static char *
page(const char *word, const char *name, const char *byte)
{
    GString *text = g_string_new(word);

    g_string_append(text, name);
    for (guint i = 0; i < 4096; i++)
        g_string_append(text, byte);
    return g_string_free(text, FALSE);
}

static void
memory_differs_by_ranges_whatever_way_it_travelled(void)
{
    g_autoptr(StreamRig) one = stream_rig_new(), two = stream_rig_new();
    g_autofree char *p0 = page("0000000000001008", "0d 'ppc_spapr.ram'", "aa");
    g_autofree char *p1 = page("0000000000002028", "", "bb");
    g_autofree char *p2 = page("0000000000007028", "", "cc");
    g_autofree char *zero = page("0000000000009028", "", "00");
    g_autofree char *first = g_strconcat(p0, p1, p2, EOS, NULL);
    /* The same page 1, then rewritten; a zero page in full; page 7 left out. */
    g_autofree char *second = g_strconcat(p0, p0, zero, EOS, NULL);
    g_autoptr(GByteArray) a = NULL, b = NULL;
    g_autofree char *said = NULL;
    gboolean same;

    stream_rig_ram(one, LIST, first, EOS);
    stream_rig_ram(two, LIST, second, EOS);
    a = stream_rig_save(one, "pseries-7.2", 0);
    b = stream_rig_save(two, "pseries-7.2", 0);
    said = diff(a, b, &same);
    g_assert_false(same);
    g_assert_cmpstr(said, ==,
                    "ram ppc_spapr.ram: 0x2000 to 0x2fff differ\n"
                    "ram ppc_spapr.ram: 0x7000 to 0x7fff differ\n"
                    "ram ppc_spapr.ram: 2 pages differ\n");
}

/* --- Other ways of RAM ------------------------------------------------------------------- */

static void
put_be64(GByteArray *bytes, gsize at, guint64 value)
{
    value = GUINT64_TO_BE(value);
    memcpy(bytes->data + at, &value, sizeof(value));
}

static void
mapped_memory_is_counted_by_its_bitmap(void)
{
    g_autoptr(StreamRig) rig = stream_rig_new();
    g_autoptr(GByteArray) bytes = NULL;
    g_autofree char *said = NULL, *content = page("", "", "aa"), *start = NULL, *gap = NULL;
    const StreamRequest request = {.tables = stream_rig_tables()};
    gsize place;

    /* Two pages, of which the second is there; places are patched in once they are known. */
    gap = g_strnfill(2 * 8192, '0');
    start = g_strconcat("0000000000002004 01 'a' 0000000000002000 00000001 0000000000001000 "
                        "4848484848484848 5050505050505050 0200000000000000 ",
                        gap, content, content, EOS, NULL);
    stream_rig_ram(rig, start, EOS, EOS);
    stream_rig_add(rig, NULL, "spapr/rtc", 0, 1, "0000000000000005");
    bytes = stream_rig_save(rig, "pseries-9.0", VMS_CAP_MAPPED_RAM);
    place = stream_rig_find(bytes, "HHHHHHHH");
    put_be64(bytes, place, place + 16);
    put_be64(bytes, place + 8, place + 16 + 8 + 8192);
    g_assert_cmpint(stream_rig_run(RIG_INSPECT, bytes, &request, &said), ==, 2);
    assert_says(said, "which is no multiple of 4096");
    g_clear_pointer(&said, g_free);
    /* The pages begin where the gap has a boundary, and all behind moves with them. */
    put_be64(bytes, place + 8, (place + 16 + 8 + 4095) / 4096 * 4096);
    g_byte_array_remove_range(bytes, (guint)((place + 24 + 4095) / 4096 * 4096),
                              (guint)(place + 24 + 8192 - (place + 24 + 4095) / 4096 * 4096));
    g_assert_cmpint(stream_rig_run(RIG_INSPECT, bytes, &request, &said), ==, 0);
    assert_says(said, "ram a: 8192 bytes of memory; 1 pages, 1 zero pages, 4096 bytes\n");
    assert_says(said, "FULL id=1 spapr/rtc/0 v1 8\n");
}

/* Sections in a package, and no description, as after a switch to postcopy. */
static void
a_package_is_opened(void)
{
    g_autoptr(StreamRig) rig = stream_rig_machine();
    g_autoptr(GByteArray) whole = stream_rig_save(rig, "pseries-7.2", 0);
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    g_autofree char *said = NULL;
    const StreamRequest request = {.tables = stream_rig_tables()};
    const gsize end = stream_rig_find(whole, "{\"page_size\"") - 6;
    const gsize first = stream_rig_find(whole, "timer") - 6;
    const guint32 n = GUINT32_TO_BE((guint32)(end - first));

    g_assert_cmpint(whole->data[first], ==, 4);
    g_byte_array_append(bytes, whole->data, (guint)first);
    g_byte_array_append(bytes, (const guint8 *)"\x08\0\x07\0\x04", 5);
    g_byte_array_append(bytes, (const guint8 *)&n, sizeof(n));
    g_byte_array_append(bytes, whole->data + first, (guint)(end - first) + 1);
    g_assert_cmpint(stream_rig_run(RIG_INSPECT, bytes, &request, &said), ==, 0);
    assert_says(said, "COMMAND packaged 9\nFULL id=1 timer/0 v2 24\n");
    assert_says(said, "FULL id=3 spapr-xive/0 v1 644\n");
    assert_says(said, "FULL id=11 spapr/0 v3 16\nEOF 1\n");
}

/* --- Machine types ------------------------------------------------------------------------ */

static void
every_type_reads_itself(void)
{
    gsize n;
    const VmsStreamRules *rules = mig_rules_all(&n);

    for (gsize i = 0; i < n; i++) {
        g_autoptr(StreamRig) rig = stream_rig_new();
        g_autoptr(GByteArray) bytes = NULL;
        g_autofree char *said = NULL;
        StreamRequest request = {.tables = stream_rig_tables(), .machine = rules[i].machine};
        const gboolean ours = g_str_has_prefix(rules[i].machine, "pseries-vmm");

        stream_rig_add(rig, NULL, "spapr/rtc", 0, 1, "0000000000000005");
        bytes = stream_rig_save(rig, rules[i].machine, 0);
        g_assert_cmpint(stream_rig_run(RIG_CHECK, bytes, &request, &said), ==, ours ? 1 : 0);
        assert_says(said, ours ? "QEMU has no machine type" : " reads it: yes\n");
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define TEST(name) g_test_add_func("/spapr-stream/" #name, name)
    TEST(every_section_is_a_line_and_every_byte_accounted_for);
    TEST(one_section_is_shown_in_full);
    TEST(json_has_every_field_by_our_names_where_the_stream_has_none);
    TEST(json_of_a_broken_stream_is_json);
    TEST(unknown_payloads_are_hunted_for_and_that_is_said);
    TEST(old_streams_without_footers_are_read_too);
    TEST(a_description_is_not_believed_where_the_footer_is_elsewhere);
    TEST(truncation_anywhere_is_unreadable_and_says_where);
    TEST(any_byte_may_be_wrong);
    TEST(fields_that_differ_are_named);
    TEST(memory_differs_by_ranges_whatever_way_it_travelled);
    TEST(mapped_memory_is_counted_by_its_bitmap);
    TEST(a_package_is_opened);
    TEST(every_type_reads_itself);
    return g_test_run();
}
