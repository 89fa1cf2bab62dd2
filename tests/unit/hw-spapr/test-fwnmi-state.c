/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Machine checks by way of the firmware: who may register, and what of it travels.
 */
#include "hw-spapr/fwnmi.h"

#include <errno.h>
#include <string.h>

#include "migration-glue/rules.h"
#include "tests/unit/hw-spapr/fwnmi-rig.h"
#include "tests/unit/migration-glue/wire-rig.h"
#include "vmm/accel/model.h"

/* --- Registering --------------------------------------------------------- */

static void
a_guest_registers_where_the_capability_is_on(void)
{
    static const struct {
        const char *type;
        guint64 cap;
        gint32 status;
    } machines[] = {
        {"pseries-vmm-1.0", 0, RTAS_OK},
        {"pseries-10.0", 0, RTAS_OK},
        {"pseries-5.0", 0, RTAS_OK},
        {"pseries-4.2", 0, RTAS_PARAM_ERROR},
        {"pseries-4.2", CAP_ON, RTAS_OK},
        {"pseries-3.1", 0, RTAS_PARAM_ERROR},
        {"pseries-5.0", CAP_OFF, RTAS_PARAM_ERROR},
    };

    for (guint i = 0; i < G_N_ELEMENTS(machines); i++) {
        const gboolean on = machines[i].status == RTAS_OK;
        Rig rig;

        fwnmi_rig_start(&rig, machines[i].type, machines[i].cap);
        g_test_message("%s, choice %d", machines[i].type, (gint)machines[i].cap);
        g_assert_cmpint(fwnmi_offered(rig.platform), ==, on);
        g_assert_cmpint(fwnmi_rig_register(&rig, ON_RESET, ON_CHECK), ==, machines[i].status);
        g_assert_cmpint(rig.host->fwnmi, ==, on);
        g_assert_cmpint(fwnmi_rig_interlock(&rig, 0), ==, machines[i].status);
        rig_finish(&rig);
    }
}

static void
handlers_lie_in_the_first_32_mib(void)
{
    Rig rig;

    fwnmi_rig_start(&rig, NULL, 0);
    g_assert_cmpint(fwnmi_rig_register(&rig, 0x2000000, ON_CHECK), ==, RTAS_PARAM_ERROR);
    g_assert_cmpint(fwnmi_rig_register(&rig, ON_RESET, 0x2000000), ==, RTAS_PARAM_ERROR);
    g_assert_cmpint(fwnmi_rig_register(&rig, 0xffffffff, 0xffffffff), ==, RTAS_PARAM_ERROR);
    g_assert_cmphex(rig.platform->state.fwnmi_check, ==, STATE_FWNMI_NONE);
    g_assert_false(rig.host->fwnmi);
    g_assert_cmpint(fwnmi_rig_interlock(&rig, 0), ==, RTAS_PARAM_ERROR);
    g_assert_cmpint(fwnmi_rig_register(&rig, 0x1ffffff, 0x1ffffff), ==, RTAS_OK);
    g_assert_cmpint(fwnmi_rig_register(&rig, ON_RESET, ON_CHECK), ==,
                    RTAS_OK); /* its next kernel */
    g_assert_cmphex(rig.platform->state.fwnmi_check, ==, ON_CHECK);
    rig_finish(&rig);
}

static void
without_memory_to_tell_in_nobody_registers(void)
{
    Rig rig;

    fwnmi_rig_start(&rig, NULL, 0);
    rig.platform->boot.rtas_size = 0x30 + 71;
    g_assert_cmpint(fwnmi_rig_register(&rig, ON_RESET, ON_CHECK), ==, RTAS_PARAM_ERROR);
    rig.platform->boot.rtas_size = RTAS_AREA_SIZE;
    rig.platform->boot.rtas = 0;
    g_assert_cmpint(fwnmi_rig_register(&rig, ON_RESET, ON_CHECK), ==, RTAS_PARAM_ERROR);
    rig.platform->boot.rtas = RIG_RAM - 0x800;
    g_assert_cmpint(fwnmi_rig_register(&rig, ON_RESET, ON_CHECK), ==, RTAS_PARAM_ERROR);
    rig_finish(&rig);
}

static void
what_kvm_lacks_is_refused_if_it_was_asked_for(void)
{
    const RigSpec spec = {.type = "pseries-4.2"};
    g_autoptr(GError) error = NULL;
    Rig rig;

    rig_make(&rig, &spec);
    ((Model *)rig.host->accel)->info.have_fwnmi = FALSE;
    fake_host_set(rig.platform, pseries_class.props, "cap-fwnmi", CAP_ON);
    g_assert_false(rig_realize(&rig, &spec, &error));
    g_assert_cmpstr(error->message, ==,
                    "cap-fwnmi=on: KVM on this host lacks capability 146 (PPC_FWNMI); leave it "
                    "out, use cap-fwnmi=off, or use a newer kernel");
    rig_finish(&rig);
}

static void
what_kvm_lacks_is_not_offered_otherwise(void)
{
    Rig rig;

    fwnmi_rig_start(&rig, NULL, 0);
    ((Model *)rig.host->accel)->info.have_fwnmi = FALSE;
    g_assert_false(fwnmi_offered(rig.platform));
    g_assert_cmpint(fwnmi_rig_register(&rig, ON_RESET, ON_CHECK), ==, RTAS_PARAM_ERROR);
    rig_finish(&rig);
}

/* A host of before these calls. */
static void
an_older_host_offers_it_not(void)
{
    Rig rig;

    fwnmi_rig_start(&rig, NULL, 0);
    rig.host->table.size = G_STRUCT_OFFSET(VdevHost, vcpu_enable_fwnmi);
    g_assert_false(fwnmi_offered(rig.platform));
    g_assert_cmpint(fwnmi_rig_register(&rig, ON_RESET, ON_CHECK), ==, RTAS_PARAM_ERROR);
    fwnmi_reset(rig.platform);
    rig_finish(&rig);
}

static void
a_refusal_of_kvm_leaves_the_guest_unregistered(void)
{
    Rig rig;

    fwnmi_rig_start(&rig, NULL, 0);
    fake_host_fail_at(rig.host, 1, EINVAL);
    g_assert_cmpint(fwnmi_rig_register(&rig, ON_RESET, ON_CHECK), ==, RTAS_PARAM_ERROR);
    g_assert_cmphex(rig.platform->state.fwnmi_check, ==, STATE_FWNMI_NONE);
    rig_finish(&rig);
}

/* --- Migration ----------------------------------------------------------- */

static gboolean
carry(Rig *from, Rig *into, GError **error)
{
    const VmsContext context = {.row = rig_row("pseries-7.2"),
                                .rules = mig_rules_find("pseries-7.2")};
    g_autoptr(GByteArray) bytes = wire_save(&state_machine, from->platform, &context, error);
    gsize used;

    return bytes != NULL && wire_load(&state_machine, into->platform, 3, &context, bytes->data,
                                      bytes->len, &used, error);
}

static void
a_registered_guest_arrives_registered(void)
{
    g_autoptr(GError) error = NULL;
    Rig from, into;

    fwnmi_rig_start_registered(&from);
    fwnmi_rig_start(&into, NULL, 0);
    fwnmi_rig_check(&from, 1, FETCH_UE, FALSE);
    g_assert_true(carry(&from, &into, &error));
    g_assert_true(into.host->fwnmi);
    g_assert_cmphex(into.platform->state.fwnmi_reset, ==, ON_RESET);
    g_assert_cmphex(into.platform->state.fwnmi_check, ==, ON_CHECK);
    g_assert_cmpint(into.platform->state.fwnmi_interlock, ==, 1);
    g_assert_cmpint(fwnmi_rig_interlock(&into, 1), ==, RTAS_OK);
    fwnmi_rig_check(&into, 2, FETCH_UE, FALSE);
    fwnmi_rig_assert_handles(&into, 2);
    rig_finish(&from);
    rig_finish(&into);
}

static void
an_unregistered_guest_leaves_kvm_alone(void)
{
    g_autoptr(GError) error = NULL;
    Rig from, into;

    fwnmi_rig_start(&from, NULL, 0);
    fwnmi_rig_start(&into, NULL, 0);
    g_assert_true(carry(&from, &into, &error));
    g_assert_false(into.host->fwnmi);
    rig_finish(&from);
    rig_finish(&into);
}

typedef struct {
    guint64 on_reset, on_check;
    gint32 interlock;
    const char *word;
} Impossible;

static void
what_cannot_be_is_refused(void)
{
    static const Impossible states[] = {
        {0x2000000, ON_CHECK, -1, "first 32 MiB"},
        {ON_RESET, 0x2000000, -1, "first 32 MiB"},
        {STATE_FWNMI_NONE, ON_CHECK, -1, "first 32 MiB"},
        {ON_RESET, ON_CHECK, -2, "first 32 MiB"},
        {ON_RESET, ON_CHECK, 3, "vCPU 3, which handles a machine check"},
        {ON_RESET, ON_CHECK, G_MAXINT32, "is not here"},
    };

    for (guint i = 0; i < G_N_ELEMENTS(states); i++) {
        g_autoptr(GError) error = NULL;
        Rig from, into;

        fwnmi_rig_start(&from, NULL, 0);
        fwnmi_rig_start(&into, NULL, 0);
        from.platform->state.fwnmi_reset = states[i].on_reset;
        from.platform->state.fwnmi_check = states[i].on_check;
        from.platform->state.fwnmi_interlock = states[i].interlock;
        g_assert_false(carry(&from, &into, &error));
        g_test_message("%s", error->message);
        g_assert_nonnull(strstr(error->message, states[i].word));
        rig_finish(&from);
        rig_finish(&into);
    }
}

static void
a_host_that_cannot_keep_the_promise_refuses_the_guest(void)
{
    g_autoptr(GError) lacking = NULL, failing = NULL;
    Rig from, into;

    fwnmi_rig_start_registered(&from);
    fwnmi_rig_start(&into, NULL, 0);
    ((Model *)into.host->accel)->info.have_fwnmi = FALSE;
    g_assert_false(carry(&from, &into, &lacking));
    g_assert_nonnull(strstr(lacking->message, "lacks capability 146"));
    rig_finish(&into);

    fwnmi_rig_start(&into, NULL, 0);
    ((Model *)into.host->accel)->fault = accel_fault_new("vcpu_enable_fwnmi:1:EIO", NULL);
    g_assert_false(carry(&from, &into, &failing));
    g_assert_nonnull(strstr(failing->message, "enabling KVM's capability 146"));
    rig_finish(&into);
    rig_finish(&from);
}

static void
a_guest_that_handles_one_is_busy_and_one_that_waits_stays(void)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *busy = NULL;
    Rig from, into;

    fwnmi_rig_start_registered(&from);
    fwnmi_rig_start(&into, NULL, 0);
    g_assert_null(pseries_class.hotplug->busy(from.platform));
    fwnmi_rig_check(&from, 1, FETCH_UE, FALSE);
    busy = pseries_class.hotplug->busy(from.platform);
    g_assert_nonnull(strstr(busy, "vCPU 1 of the guest is handling a machine check"));
    fwnmi_rig_check(&from, 2, FETCH_UE, FALSE);
    g_assert_false(carry(&from, &into, &error));
    g_assert_nonnull(strstr(error->message, "vCPU 2 has a machine check that waits until vCPU 1"));
    g_clear_error(&error);
    g_assert_cmpint(fwnmi_rig_interlock(&from, 1), ==, RTAS_OK);
    g_assert_true(carry(&from, &into, &error));
    rig_finish(&from);
    rig_finish(&into);
}

#define CASE(name) g_test_add_func("/spapr/fwnmi-state/" #name, name)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    CASE(a_guest_registers_where_the_capability_is_on);
    CASE(handlers_lie_in_the_first_32_mib);
    CASE(without_memory_to_tell_in_nobody_registers);
    CASE(what_kvm_lacks_is_refused_if_it_was_asked_for);
    CASE(what_kvm_lacks_is_not_offered_otherwise);
    CASE(an_older_host_offers_it_not);
    CASE(a_refusal_of_kvm_leaves_the_guest_unregistered);
    CASE(a_registered_guest_arrives_registered);
    CASE(an_unregistered_guest_leaves_kvm_alone);
    CASE(what_cannot_be_is_refused);
    CASE(a_host_that_cannot_keep_the_promise_refuses_the_guest);
    CASE(a_guest_that_handles_one_is_busy_and_one_that_waits_stays);
    return g_test_run();
}
