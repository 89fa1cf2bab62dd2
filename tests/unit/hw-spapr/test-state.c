/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The machine's section: what each type sends, literal bytes, what is refused; and the order in
 * which all sections are registered.
 *
 * Bytes marked (seen) stood in streams of stock QEMU 7.2.
 */
#include <string.h>

#include "hw-spapr/event-log.h"
#include "migration-glue/loose.h"
#include "migration-glue/rules.h"
#include "tests/unit/hw-spapr/platform-rig.h"
#include "tests/unit/migration-glue/wire-rig.h"
#include "vdev/kvm-ppc.h"

static VmsContext
context_of(const char *machine)
{
    return (VmsContext){.row = rig_row(machine), .rules = mig_rules_find(machine)};
}

static GByteArray *
save(Rig *rig, const char *machine)
{
    const VmsContext context = context_of(machine);
    GError *error = NULL;
    GByteArray *bytes = wire_save(&state_machine, rig->platform, &context, &error);

    g_assert_no_error(error);
    return bytes;
}

static gboolean
load(Rig *rig, const GByteArray *bytes, GError **error)
{
    const VmsContext context = context_of("pseries-7.2");
    gsize used;

    return wire_load(&state_machine, rig->platform, 3, &context, bytes->data, bytes->len, &used,
                     error);
}

static gboolean
has(const GByteArray *bytes, const char *name)
{
    g_autofree char *head = g_strdup_printf("\x05%c%s", (gint)strlen(name), name);

    return memmem(bytes->data, bytes->len, head, strlen(head)) != NULL;
}

/* --- What each type sends ------------------------------------------------ */

static const struct {
    const char *machine;
    gboolean ov5, hpt_page, tree, fwnmi;
} sent[] = {
    {"pseries-10.0", TRUE, TRUE, TRUE, TRUE},    {"pseries-7.2", TRUE, TRUE, TRUE, TRUE},
    {"pseries-5.0", TRUE, TRUE, TRUE, TRUE},     {"pseries-4.2", TRUE, TRUE, TRUE, FALSE},
    {"pseries-4.1", TRUE, TRUE, TRUE, FALSE},    {"pseries-4.0", TRUE, FALSE, TRUE, FALSE},
    {"pseries-3.1", TRUE, FALSE, FALSE, FALSE},  {"pseries-3.0", TRUE, FALSE, FALSE, FALSE},
    {"pseries-2.8", TRUE, FALSE, FALSE, FALSE},  {"pseries-2.7", FALSE, FALSE, FALSE, FALSE},
    {"pseries-2.2", FALSE, FALSE, FALSE, FALSE},
};

static void
each_type_sends_what_its_release_knew(void)
{
    Rig rig;

    rig_init(&rig, NULL);
    rig.platform->state.fwnmi_check = 0x1000;
    for (gsize i = 0; i < G_N_ELEMENTS(sent); i++) {
        g_autoptr(GByteArray) bytes = save(&rig, sent[i].machine);

        g_test_message("%s", sent[i].machine);
        g_assert_cmpint(has(bytes, "spapr_option_vector_ov5_cas"), ==, sent[i].ov5);
        g_assert_cmpint(has(bytes, "spapr/cap/hpt_maxpagesize"), ==, sent[i].hpt_page);
        g_assert_cmpint(has(bytes, "spapr_dtb"), ==, sent[i].tree);
        g_assert_cmpint(has(bytes, "spapr_fwnmi"), ==, sent[i].fwnmi);
        g_assert_true(has(bytes, "spapr_patb_entry"));
        g_assert_false(has(bytes, "spapr_pending_events"));
        g_assert_false(has(bytes, "spapr_irq_map"));
        g_assert_false(has(bytes, "spapr/cap/htm"));
    }
    rig_finish(&rig);
}

static void
handlers_and_events_are_sent_only_if_there_are_any(void)
{
    g_autoptr(GByteArray) without = NULL, with = NULL;
    Rig rig;

    rig_init(&rig, NULL);
    without = save(&rig, "pseries-10.0");
    g_assert_false(has(without, "spapr_fwnmi"));
    events_power_off(rig.platform);
    with = save(&rig, "pseries-10.0");
    g_assert_true(has(with, "spapr_pending_events"));
    rig_finish(&rig);
}

/* --- Bytes --------------------------------------------------------------- */

#define OV5_HEAD "05 1b 'spapr_option_vector_ov5_cas' 00000001 "
#define EVENTS   "05 14 'spapr_pending_events' 00000001 "

/* Bits 32, 45, 177, 185 and 201: form 1, hot-plug events, XIVE, radix, GTSE. */
static void
negotiated_vector_is_words_of_bits(void)
{
    static const guint64 words[4] = {0x0000200100000000, 0, 0x0202000000000000, 0x200};
    Rig rig;
    g_autoptr(GByteArray) bytes = NULL;

    rig_init(&rig, NULL);
    bytes = save(&rig, "pseries-7.2");
    for (guint i = 0; i < G_N_ELEMENTS(words); i++)
        g_assert_cmphex(rig.platform->state.ov5[i], ==, words[i]);
    rig_finish(&rig);
}

static void
agreement_process_table_and_clock_come_back(void)
{
    g_autoptr(GByteArray) bytes = NULL;
    OptionVector agreed;
    Rig from, into;
    GError *error = NULL;

    rig_init(&from, NULL);
    rig_init(&into, NULL);
    from.platform->cas.agreed.bytes[OV5_AFFINITY_BYTE] = 0;
    from.platform->cas.agreed.bytes[2] = 0x20; /* bit 10 */
    agreed = from.platform->cas.agreed;
    from.platform->process_table = VDEV_PATE_GR | 0x30004;
    from.host->timebase = 0x123456789;
    bytes = save(&from, "pseries-7.2");
    g_assert_true(load(&into, bytes, &error));
    g_assert_no_error(error);
    g_assert_cmpmem(into.platform->cas.agreed.bytes, OVEC_BYTES, agreed.bytes, OVEC_BYTES);
    g_assert_cmphex(into.host->mmu_table, ==, VDEV_PATE_GR | 0x30004);
    g_assert_cmphex(into.host->timebase, ==, 0x123456789);
    g_assert_cmpuint(into.platform->state.tree_size, ==, from.platform->state.tree_size);
    g_assert_cmpint(into.platform->state.time_of_day_ns, ==, FAKE_HOST_WALL_CLOCK_NS);
    rig_finish(&from);
    rig_finish(&into);
}

/* A version before 3 brings the clock's offset, in seconds. */
static void
old_version_brings_the_clock(void)
{
    g_autoptr(GByteArray) bytes = wire_bytes("00000000 0000000000000005");
    const VmsContext context = context_of("pseries-2.2");
    GError *error = NULL;
    gsize used;
    Rig rig;

    rig_init(&rig, NULL);
    g_assert_true(wire_load(&state_machine, rig.platform, 1, &context, bytes->data, bytes->len,
                            &used, &error));
    g_assert_no_error(error);
    g_assert_cmpuint(used, ==, bytes->len);
    g_assert_cmpint(rig.platform->rtc.ns_offset, ==, G_GINT64_CONSTANT(5000000000));
    rig_finish(&rig);
}

#define TIME "0000000000000007 0000000000000008 "

static void
events_stand_in_order_of_delivery(void)
{
    static const guint8 log[] = {0xde, 0xad};
    g_autoptr(GByteArray) bytes = wire_bytes(TIME EVENTS "01 063460e5 00000002 dead "
                                                         "01 06346040 00000000 00");
    GError *error = NULL;
    EventLog *first, *second;
    Rig rig;

    rig_init(&rig, NULL);
    events_push(rig.platform, 0x06340000, log, sizeof(log)); /* replaced as a whole: R-LST-2 */
    g_assert_true(load(&rig, bytes, &error));
    g_assert_no_error(error);
    g_assert_cmpuint(rig.platform->events.logs.length, ==, 2);
    first = g_queue_peek_head(&rig.platform->events.logs);
    second = g_queue_peek_tail(&rig.platform->events.logs);
    g_assert_cmphex(first->summary, ==, 0x063460e5); /* (seen) */
    g_assert_cmpmem(first->bytes, first->length, log, sizeof(log));
    g_assert_cmpuint(second->length, ==, 0);
    g_assert_null(second->bytes);
    rig_finish(&rig);
}

/* --- Refusals ------------------------------------------------------------ */

static const struct {
    const char *bytes, *message;
} refused[] = {
    {TIME "05 0d 'spapr/cap/htm' 00000001 01", "capability htm=1, and 0 is the most"},
    {TIME "05 17 'spapr/cap/nested_kvm_hv' 00000001 01", "nested-hv=1"},
    {TIME "05 18 'spapr/cap/rpt_invalidate' 00000001 01", "rpt-invalidate=1"},
    {TIME "05 10 'spapr_patb_entry' 00000001 000000000000001f", "a hash page table"},
    {TIME "05 09 'spapr_xxx' 00000001 00", "subsection 'spapr_xxx' does not exist"},
    {TIME "05 1b 'spapr_option_vector_ov5_cas' 00000001 0000002000000000 "
          "0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
          "0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
          "0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
          "0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
          "0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
          "00000000000000000000000000000000000000000000000000000000",
     "uses XICS"},
    {TIME EVENTS "01 063460e5 00010001 00", "a count of 65537 is above the maximum of 65536"},
    {TIME EVENTS "02", "0 or 1 must say"},
};

static void
state_that_this_machine_cannot_have_is_refused(void)
{
    static const guint8 log[] = {1};
    Rig rig;

    rig_init(&rig, NULL);
    events_push(rig.platform, 0x06346040, log, sizeof(log));
    for (gsize i = 0; i < G_N_ELEMENTS(refused); i++) {
        g_autoptr(GByteArray) bytes = wire_bytes(refused[i].bytes);
        g_autoptr(GError) error = NULL;
        const MachineState before = rig.platform->state;

        g_test_message("%s", refused[i].message);
        g_assert_false(load(&rig, bytes, &error));
        g_assert_nonnull(strstr(error->message, refused[i].message));
        g_assert_cmpmem(&rig.platform->state, sizeof(before), &before, sizeof(before));
        g_assert_cmphex(rig.platform->process_table, ==, VDEV_PATE_GR);
        g_assert_cmpuint(rig.platform->events.logs.length, ==, 1);
    }
    rig_finish(&rig);
}

static void
tree_of_the_guest_follows_boot_and_reset(void)
{
    const VdevBootImage image = {0};
    const RigSpec spec = {.ram = BOOT_MEMORY_BLOCK};
    Rig rig;

    rig_init(&rig, &spec);
    g_assert_cmpuint(rig.platform->state.tree_size, ==, 0);
    g_assert_true(pseries_class.load_boot(rig.platform, &image, NULL));
    g_assert_cmpuint(rig.platform->state.tree_size, >, 1000);
    g_assert_cmpuint(rig.platform->state.tree_first_size, ==, rig.platform->state.tree_size);
    g_assert_cmpmem(rig.platform->state.tree, 4, "\xd0\x0d\xfe\xed", 4);
    g_assert_true(pseries_class.reset(rig.platform, NULL));
    g_assert_cmpuint(rig.platform->state.tree_size, ==, 0);
    rig_finish(&rig);
}

/* --- Registration -------------------------------------------------------- */

typedef struct {
    GString *order;
    GPtrArray *objects;
    guint fail_at; /* the so manieth fails, 1-based; 0: none */
} Registry;

static Registry registry; /* of the one test that runs */

static gboolean
note_add(const VdevHost *host, const char *path, guint32 instance, const VmsState *state,
         void *object, GError **error)
{
    if (registry.objects->len + 1 == registry.fail_at) {
        g_set_error_literal(error, G_FILE_ERROR, G_FILE_ERROR_EXIST, "it is there already");
        return FALSE;
    }
    g_string_append_printf(registry.order, "%s%s%s/%u ", path != NULL ? path : "",
                           path != NULL ? "/" : "", state->name, instance);
    g_ptr_array_add(registry.objects, object);
    return TRUE;
}

static gboolean
note_add_parts(const VdevHost *host, guint32 instance, const VmsState *state, void *object,
               GError **error)
{
    return note_add(host, "parts", instance, state, object, error);
}

static void
note_remove(const VdevHost *host, const void *object)
{
    while (g_ptr_array_remove(registry.objects, (gpointer)object))
        ;
}

static void
registry_begin(Rig *rig, const RigSpec *spec)
{
    registry = (Registry){.order = g_string_new(NULL), .objects = g_ptr_array_new()};
    rig_make(rig, spec);
    rig->host->table.state_add = note_add;
    rig->host->table.state_add_parts = note_add_parts;
    rig->host->table.state_remove = note_remove;
}

static void
registry_end(Rig *rig)
{
    rig_finish(rig);
    g_assert_cmpuint(registry.objects->len, ==, 0);
    g_ptr_array_unref(registry.objects);
    g_string_free(registry.order, TRUE);
}

static void
sections_are_registered_in_qemus_order(void)
{
    const RigSpec spec = {.type = "pseries-4.1"};
    Rig rig;

    registry_begin(&rig, &spec);
    g_assert_true(rig_realize(&rig, &spec, NULL));
    g_assert_cmpstr(registry.order->str, ==,
                    "ics/0 xive-source/0 spapr-xive/0 "
                    "cpu_common/0 cpu/0 xive-tctx/0 spapr_cpu/0 "
                    "cpu_common/1 cpu/1 xive-tctx/1 spapr_cpu/1 "
                    "spapr/rtc/0 vty@71000000/spapr_vty/0 nvram@71000001/spapr_nvram/0 "
                    "spapr_iommu/2147483648 spapr_iommu/2147483649 spapr_pci/0 PCIBUS/0 "
                    "spapr/0 parts/spapr/htab/0 ");
    registry_end(&rig);
}

/* As in the list of a stream of QEMU 7.2 with ic-mode=dual (seen). */
static void
a_dual_machine_has_both_controllers_sections(void)
{
    const RigSpec spec = {.type = "pseries-7.2", .cpus = 1, .no_console = TRUE};
    Rig rig;

    registry_begin(&rig, &spec);
    fake_host_set(rig.platform, pseries_class.props, "ic-mode", IC_MODE_DUAL);
    g_assert_true(rig_realize(&rig, &spec, NULL));
    g_assert_cmpstr(registry.order->str, ==,
                    "ics/0 xive-source/0 spapr-xive/0 "
                    "cpu_common/0 cpu/0 icp/server/0 xive-tctx/0 spapr_cpu/0 "
                    "spapr/rtc/0 nvram@71000000/spapr_nvram/0 "
                    "spapr_iommu/2147483648 spapr_iommu/2147483649 spapr_pci/0 PCIBUS/0 "
                    "spapr/0 parts/spapr/htab/0 ");
    registry_end(&rig);
}

static void
refused_registration_leaves_nothing_behind(void)
{
    for (guint at = 1; at <= 20; at++) {
        g_autoptr(GError) error = NULL;
        Rig rig;

        registry_begin(&rig, NULL);
        registry.fail_at = at;
        g_assert_false(rig_realize(&rig, NULL, &error));
        g_assert_cmpstr(error->message, ==, "it is there already");
        g_assert_cmpuint(registry.objects->len, ==, 0);
        registry_end(&rig);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define TEST(name) g_test_add_func("/spapr-state/" #name, name)
    TEST(each_type_sends_what_its_release_knew);
    TEST(handlers_and_events_are_sent_only_if_there_are_any);
    TEST(negotiated_vector_is_words_of_bits);
    TEST(agreement_process_table_and_clock_come_back);
    TEST(old_version_brings_the_clock);
    TEST(events_stand_in_order_of_delivery);
    TEST(state_that_this_machine_cannot_have_is_refused);
    TEST(tree_of_the_guest_follows_boot_and_reset);
    TEST(sections_are_registered_in_qemus_order);
    TEST(a_dual_machine_has_both_controllers_sections);
    TEST(refused_registration_leaves_nothing_behind);
    return g_test_run();
}
