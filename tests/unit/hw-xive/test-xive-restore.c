/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Capture and restore: from one controller through the bytes of the three sections into another,
 * call by call.
 */
#include <errno.h>
#include <string.h>

#include "hw-xive/core/eas.h"
#include "tests/unit/hw-xive/xive-rig.h"
#include "tests/unit/migration-glue/wire-rig.h"

#define SECTIONS (2 + RIG_VCPUS)

/* The objects in the order of the wire. */
static void *
object_of(Rig *rig, guint section)
{
    return section < 2 ? (void *)rig->xive : &rig->xive->contexts[section - 2];
}

static const VmsState *
state_of(guint section)
{
    static const VmsState *const states[] = {&xive_source_state, &xive_router_state};

    return section < 2 ? states[section] : &xive_tctx_state;
}

static gboolean
save(Rig *rig, GByteArray **bytes, GError **error)
{
    for (guint i = 0; i < SECTIONS; i++) {
        bytes[i] = wire_save(state_of(i), object_of(rig, i), &wire_context, error);
        if (bytes[i] == NULL)
            return FALSE;
    }
    return TRUE;
}

static void
load(Rig *rig, GByteArray **bytes)
{
    g_autoptr(GError) error = NULL;
    gsize used;

    for (guint i = 0; i < SECTIONS; i++) {
        wire_load(state_of(i), object_of(rig, i), 1, &wire_context, bytes[i]->data, bytes[i]->len,
                  &used, &error);
        g_assert_no_error(error);
        g_assert_cmpuint(used, ==, bytes[i]->len);
    }
}

static void
drop(GByteArray **bytes)
{
    for (guint i = 0; i < SECTIONS; i++)
        g_clear_pointer(&bytes[i], g_byte_array_unref);
}

static void
good(gboolean result, GError *error)
{
    g_assert_no_error(error);
    g_assert_true(result);
}

#define GOOD(call)               \
    do {                         \
        GError *error_ = NULL;   \
        gboolean good_ = (call); \
                                 \
        good(good_, error_);     \
    } while (0)

/* @from as rig_disturb() leaves it, one event in a queue, held and saved. */
static void
saved(Rig *from, GByteArray **bytes)
{
    rig_init(from);
    rig_disturb(from);
    GOOD(xive_class.quiesce(from->xive, &error_));
    GOOD(save(from, bytes, &error_));
}

/* A machine that waits for a guest: reset, never run. */
static void
waiting(Rig *into)
{
    rig_init(into);
    GOOD(xive_class.reset(into->xive, &error_));
}

static void
loaded(Rig *from, Rig *into)
{
    GByteArray *bytes[SECTIONS] = {NULL};

    saved(from, bytes);
    waiting(into);
    memcpy(into->host->ram, from->host->ram, RIG_RAM);
    load(into, bytes);
    drop(bytes);
}

static char *
dump(Rig *rig)
{
    GString *text = g_string_new(NULL);

    xive_print(rig->xive, text);
    return g_string_free(text, FALSE);
}

static guint64
faults(const VdevRegion *region)
{
    AccelRegion *accel_region = (AccelRegion *)region;

    return accel_region->klass->region_faults(accel_region);
}

/* --- What arrives -------------------------------------------------------- */

static void
both_sides_are_equal_at_the_switch(void)
{
    g_autofree char *there = NULL, *here = NULL;
    Rig from, into;

    loaded(&from, &into);
    GOOD(xive_restore(into.xive, &error_));
    there = dump(&from);
    here = dump(&into);
    g_assert_cmpstr(here, ==, there);
    g_assert_nonnull(strstr(here, "index 1/16384 toggle 1")); /* there was something to carry */
    GOOD(xive_class.resume(into.xive, &error_));
    g_assert_cmpint(rig_pq(&into, RIG_LSI), ==, XIVE_PQ_PENDING);
    g_assert_cmpint(rig_pq(&into, RIG_EDGE), ==, XIVE_PQ_READY);
    rig_finish(&from);
    rig_finish(&into);
}

/* R-MAP-3, R-MAP-4: pages come with the first use, one management page a source at resume. */
static void
no_page_is_touched_before_resume(void)
{
    g_autofree char *text = NULL;
    Rig from, into;

    loaded(&from, &into);
    GOOD(xive_restore(into.xive, &error_));
    text = dump(&into);
    xive_pulse(into.xive, RIG_EDGE);
    xive_set_level(into.xive, RIG_LSI, FALSE);
    g_assert_cmpuint(faults(into.xive->esb), ==, 0);
    g_assert_cmpuint(faults(into.xive->tima), ==, 0);
    GOOD(xive_class.resume(into.xive, &error_));
    /* the sources, and the trigger page of the one that was pulsed */
    g_assert_cmpuint(faults(into.xive->esb), ==, RIG_VCPUS + 2 + 1);
    g_assert_cmpuint(faults(into.xive->tima), ==, 0);
    rig_finish(&from);
    rig_finish(&into);
}

/* A machine that waits for a guest has been reset and nothing else. */
static void
reset_touches_no_page(void)
{
    Rig rig;

    rig_init(&rig);
    rig_disturb(&rig);
    GOOD(xive_regions_rebuild(rig.xive, &error_)); /* what is touched again counts again */
    GOOD(xive_class.reset(rig.xive, &error_));
    g_assert_cmpuint(faults(rig.xive->esb), ==, 0);
    rig_assert_pristine(&rig);
    rig_finish(&rig);
}

static void
restore_may_be_repeated_and_follow_any_reset(void)
{
    g_autofree char *there = NULL;
    GByteArray *bytes[SECTIONS] = {NULL};
    Rig from, into;
    guint alive;

    saved(&from, bytes);
    there = dump(&from);
    waiting(&into);
    alive = fake_host_alive(into.host);
    for (guint i = 0; i < 9; i++) {
        g_autofree char *here = NULL;

        load(&into, bytes);
        for (guint again = 0; again <= i % 3; again++)
            GOOD(xive_restore(into.xive, &error_));
        here = dump(&into);
        g_assert_cmpstr(here, ==, there);
        if (i % 2 == 0)
            GOOD(xive_class.resume(into.xive, &error_));
        for (guint again = 0; again <= i % 2; again++)
            GOOD(xive_class.reset(into.xive, &error_));
        rig_assert_pristine(&into);
        g_assert_cmpuint(fake_host_alive(into.host), ==, alive);
    }
    drop(bytes);
    rig_finish(&from);
    rig_finish(&into);
}

static void
event_between_load_and_resume_is_delivered_once(void)
{
    Rig from, into;

    loaded(&from, &into);
    xive_pulse(into.xive, RIG_EDGE);
    GOOD(xive_restore(into.xive, &error_));
    xive_pulse(into.xive, RIG_EDGE);
    GOOD(xive_class.resume(into.xive, &error_));
    g_assert_cmpint(rig_pq(&into, RIG_EDGE), ==, XIVE_PQ_PENDING);
    rig_finish(&from);
    rig_finish(&into);
}

static void
event_for_a_held_pending_source_travels(void)
{
    GByteArray *bytes[SECTIONS] = {NULL};
    Rig from, into;

    rig_init(&from);
    rig_disturb(&from);
    GOOD(xive_class.quiesce(from.xive, &error_));
    xive_pulse(from.xive, RIG_LSI);
    GOOD(save(&from, bytes, &error_));
    g_assert_cmpint(xive_status_pq(from.xive->status[RIG_LSI]), ==, XIVE_PQ_QUEUED);
    waiting(&into);
    load(&into, bytes);
    GOOD(xive_restore(into.xive, &error_));
    GOOD(xive_class.resume(into.xive, &error_));
    g_assert_cmpint(rig_pq(&into, RIG_LSI), ==, XIVE_PQ_QUEUED);
    drop(bytes);
    rig_finish(&from);
    rig_finish(&into);
}

static void
context_that_comes_after_the_restore_is_set_too(void)
{
    GByteArray *bytes[SECTIONS] = {NULL};
    Rig from, into;
    be64 there = {0}, here = {0};
    gsize used;

    saved(&from, bytes);
    waiting(&into);
    load(&into, bytes);
    xive_tctx_set_vp(&into.xive->contexts[1].tctx, be64_make(XIVE_VP_CREATED));
    GOOD(xive_restore(into.xive, &error_));
    GOOD(wire_load(&xive_tctx_state, &into.xive->contexts[1], 1, &wire_context, bytes[3]->data,
                   bytes[3]->len, &used, &error_));
    GOOD(xive_kvm_vp_get(from.xive, 1, &there, &error_));
    GOOD(xive_kvm_vp_get(into.xive, 1, &here, &error_));
    g_assert_cmphex(be64_get(here), ==, be64_get(there));
    drop(bytes);
    rig_finish(&from);
    rig_finish(&into);
}

/* KVM refuses the route of a source without queue; the guest's own KVM would have kept it. */
static void
source_without_queue_lives_again_with_its_queue(void)
{
    GByteArray *bytes[SECTIONS] = {NULL};
    Rig from, into;

    rig_init(&from);
    rig_disturb(&from);
    g_assert_cmpint(rig_call(&from, SET_SOURCE_CONFIG, 2, RIG_EDGE, 1, 0, 6), ==, H_SUCCESS);
    g_assert_cmpint(rig_call(&from, SET_QUEUE_CONFIG, 0, 1, 0, 0, 0), ==, H_SUCCESS);
    GOOD(xive_class.quiesce(from.xive, &error_));
    GOOD(save(&from, bytes, &error_));
    waiting(&into);
    load(&into, bytes);
    GOOD(xive_restore(into.xive, &error_));
    GOOD(xive_class.resume(into.xive, &error_));
    rig_queue(&into, 1, 0, 1);
    xive_pulse(into.xive, RIG_EDGE);
    g_assert_cmphex(rig_entry(&into, 1, 0), ==, 0x80000006);
    drop(bytes);
    rig_finish(&from);
    rig_finish(&into);
}

/* --- What fails ---------------------------------------------------------- */

static void
every_call_of_capture_may_fail_and_the_guest_goes_on(void)
{
    guint failures = 0;
    gboolean done = FALSE;
    Rig rig;

    rig_init(&rig);
    rig_disturb(&rig);
    for (guint n = 1; !done; n++) {
        GByteArray *bytes[SECTIONS] = {NULL};
        GError *error = NULL;

        GOOD(xive_class.quiesce(rig.xive, &error_));
        fake_host_fail_at(rig.host, n, EIO);
        done = save(&rig, bytes, &error);
        fake_host_fail_at(rig.host, 0, 0);
        failures += !done;
        if (!done) {
            g_assert_nonnull(strstr(error->message, "spapr-xive-kvm: "));
            g_assert_nonnull(strstr(error->message, g_strerror(EIO)));
        }
        g_clear_error(&error);
        drop(bytes);
        GOOD(xive_class.resume(rig.xive, &error_));
        g_assert_cmpint(rig_pq(&rig, RIG_LSI), ==, XIVE_PQ_PENDING);
        g_assert_cmpint(rig_pq(&rig, RIG_EDGE), ==, XIVE_PQ_READY);
    }
    g_assert_cmpuint(failures, ==, 1 + 2 + RIG_VCPUS); /* PQ of the pending one, queues, contexts */
    rig_finish(&rig);
}

static void
every_call_of_restore_may_fail_and_a_reset_helps(void)
{
    GByteArray *bytes[SECTIONS] = {NULL};
    gboolean done = FALSE;
    guint failures = 0, alive;
    Rig from, into;

    saved(&from, bytes);
    waiting(&into);
    alive = fake_host_alive(into.host);
    for (guint n = 1; !done; n++) {
        GError *error = NULL;

        load(&into, bytes);
        fake_host_fail_at(into.host, n, EIO);
        done = xive_restore(into.xive, &error);
        fake_host_fail_at(into.host, 0, 0);
        failures += !done;
        if (!done) {
            g_assert_true(g_str_has_prefix(error->message, "restoring interrupts: "));
            g_assert_false(xive_class.resume(into.xive, NULL));
            g_assert_false(xive_source_state.pre_save(into.xive, &wire_context, NULL));
        }
        g_clear_error(&error);
        GOOD(xive_class.reset(into.xive, &error_));
        rig_assert_pristine(&into);
        g_assert_cmpuint(fake_host_alive(into.host), ==, alive);
    }
    /* reset, two windows, two queues, four sources, the one route that is not masked, contexts */
    g_assert_cmpuint(failures, ==, 1 + 2 + 2 + 4 + 1 + RIG_VCPUS);
    drop(bytes);
    rig_finish(&from);
    rig_finish(&into);
}

static void
error_names_the_source_the_number_and_what_to_do(void)
{
    g_autoptr(GError) error = NULL;
    Rig from, into;

    loaded(&from, &into);
    fake_host_fail_at(into.host, 6, ENOSPC); /* the first source */
    g_assert_false(xive_restore(into.xive, &error));
    g_assert_cmpstr(error->message, ==,
                    "restoring interrupts: spapr-xive-kvm: KVM XIVE SOURCE (LISN 0x0): No space "
                    "left on device (errno 28): the host's XIVE has no interrupt left to give; "
                    "stop other guests");
    rig_finish(&from);
    rig_finish(&into);
}

static void
sources_that_are_not_held_are_not_saved(void)
{
    g_autoptr(GError) error = NULL;
    GByteArray *bytes[SECTIONS] = {NULL};
    Rig rig;

    rig_init(&rig);
    g_assert_false(save(&rig, bytes, &error));
    g_assert_nonnull(strstr(error->message, "sources are not held"));
    drop(bytes);
    rig_finish(&rig);
}

/* --- What is refused ----------------------------------------------------- */

static void
queue_of_a_missing_vcpu_is_refused(void)
{
    g_autoptr(GError) error = NULL;
    Rig rig;
    VdevVcpu *vcpu;

    rig_init(&rig);
    rig_disturb(&rig);
    vcpu = rig.xive->vcpus[1];
    rig.xive->vcpus[1] = NULL;
    g_assert_false(xive_router_state.check(rig.xive, &wire_context, &error));
    g_assert_nonnull(strstr(error->message, "END of server 1 priority 0: there is no such vCPU"));
    rig.xive->vcpus[1] = vcpu;
    rig_finish(&rig);
}

static void
source_of_a_device_must_be_in_the_stream(void)
{
    g_autoptr(GError) error = NULL;
    Rig rig;

    rig_init(&rig);
    rig.xive->eas[RIG_EDGE] = 0;
    g_assert_false(xive_router_state.check(rig.xive, &wire_context, &error));
    g_assert_nonnull(strstr(error->message, "source 0x1100: a device has it here"));
    rig.xive->eas[RIG_EDGE] = XIVE_EAS_RESET;
    rig_finish(&rig);
}

/* Such a source is created, for the guest knows of it; with a reset it is gone. */
static void
source_that_no_device_has_lasts_until_reset(void)
{
    Rig rig;

    waiting(&rig);
    rig.xive->eas[0x1111] = XIVE_EAS_RESET;
    rig.xive->status[0x1111] = XIVE_PQ_READY;
    GOOD(xive_restore(rig.xive, &error_));
    GOOD(xive_class.resume(rig.xive, &error_));
    g_assert_cmpint(rig_pq(&rig, 0x1111), ==, XIVE_PQ_READY);
    GOOD(xive_class.reset(rig.xive, &error_));
    rig_assert_pristine(&rig);
    rig_finish(&rig);
}

/* A stream may name any source: one that its load did not get to is not there to be reset, and one
 * that it took from a device is the device's again. */
static void
reset_after_half_a_load_knows_what_is_there(void)
{
    Rig rig;

    waiting(&rig);
    rig.xive->eas[0x1111] = XIVE_EAS_RESET;
    rig.xive->eas[RIG_EDGE] = 0;
    xive_pulse(rig.xive, RIG_EDGE);
    GOOD(xive_class.reset(rig.xive, &error_));
    rig_assert_pristine(&rig);
    GOOD(xive_class.resume(rig.xive, &error_));
    xive_pulse(rig.xive, RIG_EDGE);
    rig_finish(&rig);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define TEST(name) g_test_add_func("/xive-restore/" #name, name)
    TEST(both_sides_are_equal_at_the_switch);
    TEST(no_page_is_touched_before_resume);
    TEST(reset_touches_no_page);
    TEST(restore_may_be_repeated_and_follow_any_reset);
    TEST(event_between_load_and_resume_is_delivered_once);
    TEST(event_for_a_held_pending_source_travels);
    TEST(context_that_comes_after_the_restore_is_set_too);
    TEST(source_without_queue_lives_again_with_its_queue);
    TEST(every_call_of_capture_may_fail_and_the_guest_goes_on);
    TEST(every_call_of_restore_may_fail_and_a_reset_helps);
    TEST(error_names_the_source_the_number_and_what_to_do);
    TEST(sources_that_are_not_held_are_not_saved);
    TEST(queue_of_a_missing_vcpu_is_refused);
    TEST(source_of_a_device_must_be_in_the_stream);
    TEST(source_that_no_device_has_lasts_until_reset);
    TEST(reset_after_half_a_load_knows_what_is_there);
    return g_test_run();
}
