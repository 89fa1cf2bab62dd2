/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The list of what is sent, the configuration block, the rows of rules.
 */
#include <string.h>

#include "migration-glue/configuration.h"
#include "migration-glue/rules.h"
#include "migration-glue/section.h"
#include "tests/unit/migration-glue/wire-rig.h"

typedef struct {
    guint8 value;
} Device;

static const VmsField fields[] = {VMS_SCALAR(Device, value), VMS_END};
static const VmsState state = {.name = "dev", .version = 1, .oldest = 1, .fields = fields};

static void
add(MigSections *sections, const char *path, guint32 instance, MigPriority priority, Device *device)
{
    GError *error = NULL;

    mig_sections_add_state(sections, path, instance, priority, &state, device, &error);
    g_assert_no_error(error);
}

static void
order_is_priority_then_registration(void)
{
    g_autoptr(MigSections) sections = mig_sections_new();
    Device devices[5];
    static const guint32 expected[] = {2, 1, 4, 3, 0}; /* indexes by position */
    static const MigPriority priorities[] = {MIG_PRIORITY_LOW, MIG_PRIORITY_DEFAULT,
                                             MIG_PRIORITY_IOMMU, MIG_PRIORITY_LOW,
                                             MIG_PRIORITY_DEFAULT};
    const MigSection *const *list;
    guint n;

    for (guint32 i = 0; i < 5; i++)
        add(sections, NULL, i, priorities[i], &devices[i]);
    list = mig_sections_list(sections, &n);
    g_assert_cmpuint(n, ==, 5);
    g_assert_cmpuint(list[0]->instance, ==, expected[0]);
    g_assert_cmpuint(list[1]->instance, ==, expected[1]);
    g_assert_cmpuint(list[2]->instance, ==, expected[2]);
    g_assert_cmpuint(list[3]->instance, ==, 0);
    g_assert_cmpuint(list[4]->instance, ==, 3);
    g_assert_cmpuint(list[4]->id, ==, 3);
    mig_sections_remove(sections, &devices[3]);
    add(sections, NULL, 3, MIG_PRIORITY_LOW, &devices[3]);
    list = mig_sections_list(sections, &n);
    g_assert_cmpuint(list[4]->id, ==, 5); /* numbers are never reused */
}

static void
names_are_unique_and_bounded(void)
{
    g_autoptr(MigSections) sections = mig_sections_new();
    g_autofree char *path = g_strnfill(252, 'p');
    g_autoptr(GError) twice = NULL, too_long = NULL;
    Device device;

    add(sections, NULL, 1, MIG_PRIORITY_DEFAULT, &device);
    add(sections, NULL, 2, MIG_PRIORITY_DEFAULT, &device);
    add(sections, "a", 0, MIG_PRIORITY_DEFAULT, &device);
    g_assert_false(
        mig_sections_add_state(sections, NULL, 2, MIG_PRIORITY_DEFAULT, &state, &device, &twice));
    g_assert_nonnull(strstr(twice->message, "section 'dev' instance 2 is registered already"));
    g_assert_false(mig_sections_add_state(sections, path, 0, MIG_PRIORITY_DEFAULT, &state, &device,
                                          &too_long));
    g_assert_error(too_long, MIG_ERROR, MIG_ERROR_DESCRIPTION);
    path[251] = '\0';
    add(sections, path, 0, MIG_PRIORITY_DEFAULT, &device);
}

static void
a_bare_name_with_its_ordinal_finds_an_entry_with_a_path(void)
{
    g_autoptr(MigSections) sections = mig_sections_new();
    Device devices[2];

    add(sections, "vty@1", 0, MIG_PRIORITY_DEFAULT, &devices[0]);
    add(sections, "vty@2", 0, MIG_PRIORITY_DEFAULT, &devices[1]);
    g_assert_true(mig_sections_find(sections, "vty@2/dev", 0)->opaque == &devices[1]);
    g_assert_null(mig_sections_find(sections, "vty@2/dev", 1));
    g_assert_true(mig_sections_find(sections, "dev", 0)->opaque == &devices[0]);
    g_assert_true(mig_sections_find(sections, "dev", 1)->opaque == &devices[1]);
    g_assert_null(mig_sections_find(sections, "dev", 2));
    g_assert_null(mig_sections_find(sections, "vty@2/de", 0));
}

/* ---- Configuration ---- */

static void
assert_configuration(const MigConfiguration *own, guint32 capabilities, const char *text)
{
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    g_autoptr(MigStream) out = mig_stream_new_writer(mig_channel_memory_new(bytes));
    g_autoptr(MigStream) in = NULL;
    VmsContext context = wire_context;
    MigReceivedConfiguration received;
    GError *error = NULL;

    context.capabilities = capabilities;
    g_assert_true(mig_configuration_save(out, own, &context, NULL));
    g_assert_true(mig_stream_flush(out, NULL));
    wire_assert_bytes(bytes, text);

    in = mig_stream_new_reader(mig_channel_bytes_new(bytes->data + 1, bytes->len - 1));
    mig_configuration_load(in, &context, &received, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(mig_stream_position(in), ==, bytes->len - 1);
    g_assert_cmpstr(received.machine, ==, own->machine);
    g_assert_cmphex(received.capabilities, ==,
                    capabilities & (VMS_CAP_IGNORE_SHARED | VMS_CAP_MAPPED_RAM));
    g_assert_cmpint(received.has_uuid, ==,
                    own->has_uuid && (capabilities & VMS_CAP_VALIDATE_UUID) != 0);
    g_assert_true(mig_configuration_compare(&received, own, &context, NULL));
}

#define NAME   "07 0000000b 'pseries-7.2' "
#define CAPS   "05 1a 'configuration/capabilities' 00000001 "
#define IGNORE "0f 'x-ignore-shared' "
#define MAPPED "0a 'mapped-ram' "
#define UUID   "05 12 'configuration/uuid' 00000001 000102030405060708090a0b0c0d0e0f"

static void
the_configuration_and_its_subsections_are_literal(void)
{
    MigConfiguration own = {.machine = "pseries-7.2", .has_uuid = TRUE};

    for (guint8 i = 0; i < 16; i++)
        own.uuid[i] = i;
    assert_configuration(&own, 0, NAME);
    assert_configuration(&own, VMS_CAP_RETURN_PATH, NAME);
    assert_configuration(&own, VMS_CAP_IGNORE_SHARED, NAME CAPS "00000001 " IGNORE);
    assert_configuration(&own, VMS_CAP_MAPPED_RAM, NAME CAPS "00000001 " MAPPED);
    assert_configuration(&own, VMS_CAP_MAPPED_RAM | VMS_CAP_IGNORE_SHARED | VMS_CAP_VALIDATE_UUID,
                         NAME CAPS "00000002 " IGNORE MAPPED UUID);
    own.has_uuid = FALSE;
    assert_configuration(&own, VMS_CAP_VALIDATE_UUID, NAME);
}

static void
configuration_refused(const char *text, MigError code, const char *message)
{
    g_autoptr(GByteArray) bytes = wire_bytes(text);
    g_autoptr(MigStream) in = mig_stream_new_reader(mig_channel_bytes_new(bytes->data, bytes->len));
    MigReceivedConfiguration received;
    g_autoptr(GError) error = NULL;

    g_assert_false(mig_configuration_load(in, &wire_context, &received, &error));
    if (!g_error_matches(error, MIG_ERROR, (gint)code) || strstr(error->message, message) == NULL)
        g_error("expected '%s', got '%s' (%d)", message, error->message, error->code);
}

static void
a_malformed_configuration_is_refused(void)
{
    configuration_refused("00000100", MIG_ERROR_VALUE,
                          "a count of 256 is above the maximum of 255");
    configuration_refused("00000003 'a' 00 'b'", MIG_ERROR_FORMAT, "unprintable");
    configuration_refused("00000001 'a' " CAPS "00000001 04 'what'", MIG_ERROR_UNKNOWN,
                          "the migration capability 'what', which is unknown here");
    configuration_refused("00000001 'a' " CAPS "00000041", MIG_ERROR_VALUE, "a count of 65");
    configuration_refused("00000001 'a' 05 15 'configuration/unknown' 00000001", MIG_ERROR_UNKNOWN,
                          "does not exist");
    configuration_refused("00000001 'a' 05 1e 'configuration/target-page-bits' 00000001 00000010",
                          MIG_ERROR_STATE, "the sender's guest pages have 16 address bits");
}

static void
unlike_configurations_are_refused_with_the_remedy(void)
{
    MigConfiguration own = {.machine = "pseries-7.2", .has_uuid = TRUE, .uuid = {1}};
    static const struct {
        MigReceivedConfiguration received;
        const char *message; /* NULL: accepted */
    } rows[] = {
        {{.machine = "pseries-7.2"}, NULL},
        {{.machine = "pseries"}, NULL}, /* a prefix is enough */
        {{.machine = "pseries-7.20"}, "start it with -M pseries-7.20"},
        {{.machine = "pseries-8.0"}, "this one is 'pseries-7.2'"},
        {{.machine = ""}, "the stream is of a machine"},
        {{.machine = "pseries-7.2", .capabilities = VMS_CAP_MAPPED_RAM},
         "has the migration capability 'mapped-ram' on: switch it on here"},
        {{.machine = "pseries-7.2", .has_uuid = TRUE, .uuid = {1}}, NULL},
        {{.machine = "pseries-7.2", .has_uuid = TRUE, .uuid = {2}}, "another UUID"},
    };

    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;
        gboolean good = mig_configuration_compare(&rows[i].received, &own, &wire_context, &error);

        g_assert_cmpint(good, ==, rows[i].message == NULL);
        if (!good)
            g_assert_nonnull(strstr(error->message, rows[i].message));
    }
    own.has_uuid = FALSE;
    g_assert_true(mig_configuration_compare(&rows[7].received, &own, &wire_context, NULL));
}

/* ---- Rules ---- */

/* The last type that has, or the first that lacks, each property: facts of the format. */
static void
rows_change_where_the_format_says(void)
{
    static const struct {
        const char *last_without, *first_with;
        gsize offset;
        gboolean before; /* value in older rows */
    } edges[] = {
        {"pseries-2.3", "pseries-2.4", G_STRUCT_OFFSET(VmsStreamRules, configuration), FALSE},
        {"pseries-2.3", "pseries-2.4", G_STRUCT_OFFSET(VmsStreamRules, footers), FALSE},
        {"pseries-2.3", "pseries-2.4", G_STRUCT_OFFSET(VmsStreamRules, globalstate), FALSE},
        {"pseries-2.2", "pseries-2.3", G_STRUCT_OFFSET(VmsStreamRules, description), FALSE},
        {"pseries-3.1", "pseries-4.0", G_STRUCT_OFFSET(VmsStreamRules, backend_path_names), TRUE},
        {"pseries-7.2", "pseries-8.0", G_STRUCT_OFFSET(VmsStreamRules, preempt_pre_7_2), TRUE},
        {"pseries-8.0", "pseries-8.1", G_STRUCT_OFFSET(VmsStreamRules, multifd_flush_sections),
         TRUE},
        {"pseries-8.2", "pseries-9.0", G_STRUCT_OFFSET(VmsStreamRules, zero_pages_in_multifd),
         FALSE},
        {"pseries-9.2", "pseries-10.0", G_STRUCT_OFFSET(VmsStreamRules, switchover_start), FALSE},
    };
    gsize n;
    const VmsStreamRules *rows = mig_rules_all(&n);

    for (guint i = 0; i < G_N_ELEMENTS(edges); i++) {
        g_assert_true(mig_rules_find(edges[i].last_without) + 1 ==
                          mig_rules_find(edges[i].first_with) ||
                      strcmp(edges[i].last_without, "pseries-2.12") == 0);
        for (gsize row = 0; row < n; row++) {
            gboolean newer = mig_rules_at_least(rows[row].machine, edges[i].first_with);

            g_assert_cmpint(G_STRUCT_MEMBER(gboolean, &rows[row], edges[i].offset), ==,
                            newer ? !edges[i].before : edges[i].before);
        }
    }
}

static void
every_row_is_found_by_its_name(void)
{
    VdevMachineRow by_name = {.name = "pseries-7.2"}, strange = {.name = "other"};
    VmsStreamRules own = {.machine = "other"};
    gsize n;
    const VmsStreamRules *rows = mig_rules_all(&n);

    g_assert_cmpuint(n, ==, 34);
    for (gsize i = 0; i < n; i++) {
        g_assert_true(mig_rules_find(rows[i].machine) == &rows[i]);
        g_assert_cmpstr(rows[i].main_ram, ==, "ppc_spapr.ram");
    }
    g_assert_null(mig_rules_find("pseries-2.1"));
    g_assert_null(mig_rules_find("pseries"));
    g_assert_true(mig_rules_of_row(&by_name) == mig_rules_find("pseries-7.2"));
    g_assert_null(mig_rules_of_row(&strange));
    strange.stream = &own;
    g_assert_true(mig_rules_of_row(&strange) == &own);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/section/order", order_is_priority_then_registration);
    g_test_add_func("/section/unique", names_are_unique_and_bounded);
    g_test_add_func("/section/compatible", a_bare_name_with_its_ordinal_finds_an_entry_with_a_path);
    g_test_add_func("/configuration/literal", the_configuration_and_its_subsections_are_literal);
    g_test_add_func("/configuration/malformed", a_malformed_configuration_is_refused);
    g_test_add_func("/configuration/compare", unlike_configurations_are_refused_with_the_remedy);
    g_test_add_func("/rules/edges", rows_change_where_the_format_says);
    g_test_add_func("/rules/names", every_row_is_found_by_its_name);
    return g_test_run();
}
