/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Golden streams, as recipes: a guest whose every word is scripted, saved as each machine type that
 * runs, section by section; name, version, size and SHA-256 of the bytes are checked in. Whoever
 * changes a byte of the wire has to change the list, and to say why old streams are read still.
 *
 *     GOLDEN_WRITE=yes test-spapr-golden LIST | grep -v seed > tests/unit/hw-spapr/golden-rows
 *
 * The list has the newest type whole, and of each older one the lines that differ from the type
 * above it ("-": it has no such section).
 */
#include <string.h>

#include "migration-glue/rules.h"
#include "tests/unit/hw-spapr/kept-registers.h"
#include "tests/unit/hw-spapr/platform-rig.h"
#include "tests/unit/migration-glue/wire-rig.h"

typedef struct {
    char *name;
    const VmsState *state;
    void *object;
} Section;

static GArray *sections; /* of the machine that is being saved */

static gboolean
note_add(const VdevHost *host, const char *path, guint32 instance, const VmsState *state,
         void *object, GError **error)
{
    Section section = {.state = state, .object = object};

    section.name = g_strdup_printf("%s%s%s/%u", path != NULL ? path : "", path != NULL ? "/" : "",
                                   state->name, instance);
    g_array_append_val(sections, section);
    return TRUE;
}

static void
note_remove(const VdevHost *host, const void *object)
{
}

static void
clear_section(gpointer section)
{
    g_free(((Section *)section)->name);
}

/* --- The scripted guest -------------------------------------------------- */

static void
script_vcpu(Rig *rig, guint vcpu)
{
    const VdevHost *host = &rig->host->table;
    const guint64 shadow[2] = {0x11000, 0x80}, dtl[2] = {0x12000, 0x1000};

    for (gsize i = 0; i < G_N_ELEMENTS(kept_registers); i++)
        for (guint k = 0; k < kept_registers[i].n; k++) {
            guint64 value[2];

            kept_value(kept_registers[i].first + k, vcpu, value);
            g_assert_cmpint(
                host->vcpu_set(host, rig_vcpu(rig, vcpu), kept_registers[i].first + k, value), ==,
                0);
        }
    rig_set_reg(rig, vcpu, VDEV_REG_DEC_EXPIRY, rig->host->timebase + 1000 + vcpu);
    rig_set_reg(rig, vcpu, VDEV_REG_VPA_ADDR, 0x10000);
    g_assert_cmpint(host->vcpu_set(host, rig_vcpu(rig, vcpu), VDEV_REG_VPA_SLB, shadow), ==, 0);
    g_assert_cmpint(host->vcpu_set(host, rig_vcpu(rig, vcpu), VDEV_REG_VPA_DTL, dtl), ==, 0);
}

/* Of everything something. vCPU 1 stays stopped. */
static void
script_guest(Rig *rig)
{
    static const guint8 tree[] = "not a tree, but as long as it is";
    static const guint8 log[] = {0x86, 0x00, 0x8e, 0x00};
    const VdevHost *host = &rig->host->table;
    Platform *platform = rig->platform;

    rig->host->timebase = 0x123456789abc;
    for (guint i = 0; i < 2; i++)
        script_vcpu(rig, i);
    host->vcpu_start(host, rig_vcpu(rig, 0));
    platform->process_table = VDEV_PATE_GR | 0x30000 | 4;
    platform->rtc.ns_offset = 77;
    platform->state.fwnmi_reset = 0x1000;
    platform->state.fwnmi_check = 0x2000;
    platform->state.time_of_day_ns = FAKE_HOST_WALL_CLOCK_NS;
    state_machine_set_tree(&platform->state, tree, sizeof(tree));
    events_push(platform, 0x06346040, log, sizeof(log));
    for (guint32 i = 0; i < platform->nvram.size; i++)
        platform->nvram.bytes[i] = (guint8)(i * 7);
    fake_host_type(rig->host, "typed");
}

/* --- The list ------------------------------------------------------------ */

static char *
recipe_of(const Section *section, const VmsContext *context)
{
    g_autoptr(GByteArray) bytes = NULL;
    g_autofree char *digest = NULL;
    GError *error = NULL;

    if (section->state->needed != NULL && !section->state->needed(section->object, context))
        return g_strdup("-");
    bytes = wire_save(section->state, section->object, context, &error);
    g_assert_no_error(error);
    digest = g_compute_checksum_for_data(G_CHECKSUM_SHA256, bytes->data, bytes->len);
    return g_strdup_printf("v%u %u %s", section->state->version, bytes->len, digest);
}

/* Appends the lines of @row that differ from @above (section → recipe), which becomes the row's. */
static void
append_row(GString *list, const VdevMachineRow *row, GHashTable *above)
{
    const RigSpec spec = {.type = row->name};
    const VmsContext context = {.row = row, .rules = mig_rules_find(row->name)};
    Rig rig;

    sections = g_array_new(FALSE, TRUE, sizeof(Section));
    g_array_set_clear_func(sections, clear_section);
    rig_make(&rig, &spec);
    rig.host->table.state_add = note_add;
    rig.host->table.state_remove = note_remove;
    g_assert_true(rig_realize(&rig, &spec, NULL));
    g_assert_true(pseries_class.reset(rig.platform, NULL));
    script_guest(&rig);
    g_assert_true(pseries_class.quiesce(rig.platform, NULL));
    g_string_append_printf(list, "%s\n", row->name);
    for (guint i = 0; i < sections->len; i++) {
        const Section *section = &g_array_index(sections, Section, i);
        const char *before = g_hash_table_lookup(above, section->name);
        char *recipe = recipe_of(section, &context);

        if (strcmp(before != NULL ? before : "-", recipe) != 0)
            g_string_append_printf(list, "  %s %s\n", section->name, recipe);
        g_hash_table_insert(above, g_strdup(section->name), recipe);
    }
    g_assert_true(pseries_class.resume(rig.platform, NULL));
    rig_finish(&rig);
    g_array_unref(sections);
}

static char *
list_of_today(void)
{
    g_autoptr(GHashTable) above = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    GString *list = g_string_new(NULL);

    for (const VdevMachineRow *row = pseries_rows; row->name != NULL; row++) {
        if (row->refusal == NULL)
            append_row(list, row, above);
    }
    return g_string_free(list, FALSE);
}

static void
bytes_of_each_type_are_those_of_the_list(gconstpointer file)
{
    g_autofree char *today = list_of_today();
    g_autofree char *golden = NULL;
    g_auto(GStrv) ours = NULL, theirs = NULL;
    GError *error = NULL;

    g_file_get_contents(file, &golden, NULL, &error);
    g_assert_no_error(error);
    ours = g_strsplit(today, "\n", -1);
    theirs = g_strsplit(golden, "\n", -1);
    for (guint i = 0; ours[i] != NULL || theirs[i + 2] != NULL; i++)
        g_assert_cmpstr(ours[i], ==, theirs[i + 2]);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_assert_cmpint(argc, ==, 2);
    if (g_getenv("GOLDEN_WRITE") != NULL) {
        g_autofree char *today = list_of_today();

        g_print("# SPDX-License-Identifier: GPL-2.0-or-later\n"
                "# Golden sections: type, then section/instance version bytes SHA-256; see "
                "test-golden.c.\n%s",
                today);
        return 0;
    }
    if (G_BYTE_ORDER != G_LITTLE_ENDIAN) {
        g_print("1..0 # SKIP the words of a big-endian host are others\n");
        return 0;
    }
    g_test_add_data_func("/spapr-golden/rows", argv[1], bytes_of_each_type_are_those_of_the_list);
    return g_test_run();
}
