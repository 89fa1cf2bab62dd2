/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Machine checks and system resets by way of the firmware: what the handlers find, whose turn it
 * is.
 *
 * Invariants FW-1 … FW-4 are those of hw-spapr/fwnmi.h.
 */
#include "hw-spapr/fwnmi.h"

#include <errno.h>
#include <string.h>

#include "tests/unit/hw-spapr/fwnmi-rig.h"
#include "vdev/kvm-ppc.h"

/* --- One machine check --------------------------------------------------- */

static void
the_handler_finds_the_log(void)
{
    Rig rig;

    fwnmi_rig_start_registered(&rig);
    fwnmi_rig_check(&rig, 1, FETCH_UE, FALSE);
    fwnmi_rig_assert_handles(&rig, 1);
    /* r3; version 6, synchronous error, not recovered, more follows, by the processor; 56 bytes */
    fwnmi_rig_assert_memory(&rig, RTAS_AT + 0x30, "1122334455667701 06741000 00000038");
    fwnmi_rig_assert_memory(&rig, RTAS_AT + 0x40, "86 00 8e 000000000000000000 'IBM' 00");
    fwnmi_rig_assert_memory(&rig, RTAS_AT + 0x50, "'MC' 0028 01 00 0000 00000000 00000000");
    fwnmi_rig_assert_memory(&rig, RTAS_AT + 0x60,
                            "00 41 000000000000 c000000000123459 0000000000000000");
    fwnmi_rig_assert_memory(&rig, RTAS_AT + 0x78, "0000000000000000");
    g_assert_null(rig.host->panic);
    rig_finish(&rig);
}

static void
a_recovered_one_says_so(void)
{
    Rig rig;

    fwnmi_rig_start_registered(&rig);
    fwnmi_rig_check(&rig, 0, BY_ACCESS, TRUE);
    fwnmi_rig_assert_handles(&rig, 0);
    fwnmi_rig_assert_memory(&rig, RTAS_AT + 0x30, "1122334455667700 06641000 00000038");
    fwnmi_rig_assert_memory(&rig, RTAS_AT + 0x60,
                            "00 44 000000000000 00000000d00d0000 0000000000000000");
    rig_finish(&rig);
}

static void
the_handler_runs_in_the_guests_byte_order(void)
{
    Rig rig;

    fwnmi_rig_start_registered(&rig);
    rig_set_reg(&rig, 0, VDEV_REG_LPCR, rig_reg(&rig, 0, VDEV_REG_LPCR) | VDEV_LPCR_ILE);
    fwnmi_rig_check(&rig, 0, FETCH_UE, FALSE);
    g_assert_cmphex(rig_reg(&rig, 0, VDEV_REG_MSR), ==, SF_ME | 1);
    rig_finish(&rig);
}

/* FW-1. */
static void
unregistered_it_goes_to_its_vector(void)
{
    Rig rig;

    fwnmi_rig_start(&rig, NULL, 0);
    fwnmi_rig_check(&rig, 0, FETCH_UE, FALSE);
    g_assert_cmphex(rig_reg(&rig, 0, VDEV_REG_PC), ==, 0x200);
    g_assert_cmphex(rig_reg(&rig, 0, VDEV_REG_MSR), ==, SF_ME & ~(guint64)0x1000);
    g_assert_cmphex(rig_reg(&rig, 0, VDEV_REG_SRR1), ==, SF_ME_EE | FETCH_UE);
    g_assert_cmphex(rig_reg(&rig, 0, VDEV_REG_GPR(3)), ==, 0x1122334455667700);
    g_assert_null(rig.host->panic);
    rig_finish(&rig);
}

static void
with_machine_checks_off_the_guest_stops(void)
{
    Rig rig;

    fwnmi_rig_start(&rig, NULL, 0);
    rig_set_reg(&rig, 0, VDEV_REG_SRR1, 0x8000000000000000);
    pseries_class.machine_check(rig.platform, rig_vcpu(&rig, 0), FALSE);
    g_assert_nonnull(strstr(rig.host->panic, "machine checks off"));
    g_assert_true(fwnmi_rig_blocked(&rig, 0));
    rig_finish(&rig);
}

static void
one_that_cannot_be_told_ends_the_guest(void)
{
    Rig rig;

    fwnmi_rig_start_registered(&rig);
    rig.platform->boot.rtas = RIG_RAM;
    rig.host->log_kinds = ~0u;
    fwnmi_rig_check(&rig, 0, FETCH_UE, TRUE);
    g_assert_null(rig.host->panic);
    g_assert_nonnull(strstr(rig.host->log->str, "no harm is left"));
    g_assert_cmpint(rig.platform->state.fwnmi_interlock, ==, -1);
    fwnmi_rig_check(&rig, 0, FETCH_UE, FALSE);
    g_assert_nonnull(strstr(rig.host->panic, "vCPU 0: a machine check cannot be told"));
    g_assert_cmpint(rig.platform->state.fwnmi_interlock, ==, -1);
    rig_finish(&rig);
}

static void
a_host_that_fails_at_any_call_is_noticed(void)
{
    for (guint n = 1; n <= 9; n++) {
        Rig rig;

        fwnmi_rig_start_registered(&rig);
        rig_set_reg(&rig, 0, VDEV_REG_SRR1, SF_ME_EE);
        fake_host_fail_at(rig.host, n, EIO);
        pseries_class.machine_check(rig.platform, rig_vcpu(&rig, 0), FALSE);
        g_assert_nonnull(rig.host->panic);
        g_assert_true(fwnmi_rig_blocked(&rig, 0));
        rig_finish(&rig);
    }
}

/* --- Several ------------------------------------------------------------- */

/* FW-3. */
static void
the_second_waits_for_the_first(void)
{
    Rig rig;

    fwnmi_rig_start_registered(&rig);
    fwnmi_rig_check(&rig, 2, FETCH_UE, FALSE);
    fwnmi_rig_check(&rig, 0, BY_ACCESS, FALSE);
    fwnmi_rig_check(&rig, 1, FETCH_UE, FALSE);
    fwnmi_rig_assert_handles(&rig, 2);
    g_assert_true(fwnmi_rig_blocked(&rig, 0));
    g_assert_true(fwnmi_rig_blocked(&rig, 1));
    g_assert_cmphex(rig_reg(&rig, 0, VDEV_REG_PC), ==, 0xc000000000123458);
    fwnmi_rig_assert_memory(&rig, RTAS_AT + 0x30, "1122334455667702");

    g_assert_cmpint(fwnmi_rig_interlock(&rig, 2), ==, RTAS_OK);
    fwnmi_rig_assert_handles(&rig, 0);
    g_assert_true(fwnmi_rig_blocked(&rig, 1));
    fwnmi_rig_assert_memory(&rig, RTAS_AT + 0x30, "1122334455667700");

    g_assert_cmpint(fwnmi_rig_interlock(&rig, 0), ==, RTAS_OK);
    fwnmi_rig_assert_handles(&rig, 1);
    g_assert_cmpint(fwnmi_rig_interlock(&rig, 1), ==, RTAS_OK);
    g_assert_cmpint(rig.platform->state.fwnmi_interlock, ==, -1);
    rig_finish(&rig);
}

static void
interlock_of_another_vcpu_changes_nothing(void)
{
    Rig rig;

    fwnmi_rig_start_registered(&rig);
    g_assert_cmpint(fwnmi_rig_interlock(&rig, 0), ==, RTAS_OK);
    fwnmi_rig_check(&rig, 1, FETCH_UE, FALSE);
    g_assert_cmpint(fwnmi_rig_interlock(&rig, 0), ==, RTAS_OK);
    fwnmi_rig_assert_handles(&rig, 1);
    rig_finish(&rig);
}

/* FW-4. */
static void
a_second_one_of_the_same_vcpu_ends_the_guest_unless_it_is_harmless(void)
{
    Rig rig;

    fwnmi_rig_start_registered(&rig);
    rig.host->log_kinds = ~0u;
    fwnmi_rig_check(&rig, 1, FETCH_UE, FALSE);
    pseries_class.machine_check(rig.platform, rig_vcpu(&rig, 1), TRUE);
    g_assert_null(rig.host->panic);
    fwnmi_rig_assert_handles(&rig, 1);
    pseries_class.machine_check(rig.platform, rig_vcpu(&rig, 1), FALSE);
    g_assert_nonnull(strstr(rig.host->panic, "vCPU 1: a machine check cannot be told to the guest: "
                                             "it is handling another one"));
    g_assert_true(fwnmi_rig_blocked(&rig, 1));
    rig_finish(&rig);
}

static void
a_reset_forgets_handlers_and_those_who_wait(void)
{
    g_autoptr(GError) error = NULL;
    Rig rig;

    fwnmi_rig_start_registered(&rig);
    fwnmi_rig_check(&rig, 0, FETCH_UE, FALSE);
    fwnmi_rig_check(&rig, 1, FETCH_UE, FALSE);
    g_assert_true(pseries_class.reset(rig.platform, &error));
    g_assert_false(fwnmi_rig_blocked(&rig, 1));
    g_assert_cmphex(rig.platform->state.fwnmi_check, ==, STATE_FWNMI_NONE);
    g_assert_cmphex(rig.platform->state.fwnmi_reset, ==, STATE_FWNMI_NONE);
    g_assert_cmpint(rig.platform->state.fwnmi_interlock, ==, -1);
    g_assert_cmpint(fwnmi_rig_interlock(&rig, 0), ==, RTAS_PARAM_ERROR);
    rig_finish(&rig);
}

/* --- System resets ------------------------------------------------------- */

static void
run_guest(Rig *rig, guint index)
{
    const VdevHost *host = &rig->host->table;

    host->vcpu_start(host, rig_vcpu(rig, index));
    rig_set_reg(rig, index, VDEV_REG_PC, 0x5000 + index);
    rig_set_reg(rig, index, VDEV_REG_MSR, SF_ME_EE | 0x00200000);
    rig_set_reg(rig, index, VDEV_REG_GPR(3), 0x7700 + index);
}

static void
a_system_reset_reaches_every_vcpu_that_runs(void)
{
    g_autoptr(GError) error = NULL;
    Rig rig;

    fwnmi_rig_start_registered(&rig);
    run_guest(&rig, 0);
    run_guest(&rig, 2);
    rig_set_reg(&rig, 1, VDEV_REG_PC, 0x6000);
    g_assert_true(pseries_class.inject_nmi(rig.platform, &error));
    for (guint i = 0; i < 3; i += 2) {
        g_assert_cmphex(rig_reg(&rig, i, VDEV_REG_PC), ==, ON_RESET);
        g_assert_cmphex(rig_reg(&rig, i, VDEV_REG_MSR), ==, SF_ME);
        g_assert_cmphex(rig_reg(&rig, i, VDEV_REG_SRR0), ==, 0x5000 + i);
        g_assert_cmphex(rig_reg(&rig, i, VDEV_REG_SRR1), ==, SF_ME_EE);
        g_assert_cmphex(rig_reg(&rig, i, VDEV_REG_GPR(3)), ==, RTAS_AT + 0x800 + 16 * i);
    }
    fwnmi_rig_assert_memory(&rig, RTAS_AT + 0x800, "0000000000007700 0000000000000000");
    fwnmi_rig_assert_memory(&rig, RTAS_AT + 0x820, "0000000000007702 0000000000000000");
    g_assert_cmphex(rig_reg(&rig, 1, VDEV_REG_PC), ==, 0x6000);
    rig_finish(&rig);
}

static void
unregistered_a_system_reset_goes_to_its_vector(void)
{
    g_autoptr(GError) error = NULL;
    Rig rig;

    fwnmi_rig_start(&rig, "pseries-4.2", 0);
    run_guest(&rig, 0);
    g_assert_true(pseries_class.inject_nmi(rig.platform, &error));
    g_assert_cmphex(rig_reg(&rig, 0, VDEV_REG_PC), ==, 0x100);
    g_assert_cmphex(rig_reg(&rig, 0, VDEV_REG_GPR(3)), ==, 0x7700);
    rig_finish(&rig);
}

static void
one_that_waits_with_a_machine_check_takes_no_system_reset(void)
{
    g_autoptr(GError) error = NULL;
    Rig rig;

    fwnmi_rig_start_registered(&rig);
    run_guest(&rig, 0);
    run_guest(&rig, 1);
    fwnmi_rig_check(&rig, 0, FETCH_UE, FALSE);
    fwnmi_rig_check(&rig, 1, FETCH_UE, FALSE);
    g_assert_true(pseries_class.inject_nmi(rig.platform, &error));
    g_assert_cmphex(rig_reg(&rig, 0, VDEV_REG_SRR0), ==, ON_CHECK);
    g_assert_cmphex(rig_reg(&rig, 1, VDEV_REG_SRR0), ==, 0xc000000000123459);
    fwnmi_rig_interlock(&rig, 0);
    fwnmi_rig_assert_handles(&rig, 1);
    rig_finish(&rig);
}

static void
a_system_reset_that_cannot_be_told_is_an_error(void)
{
    g_autoptr(GError) error = NULL;
    Rig rig;

    fwnmi_rig_start_registered(&rig);
    run_guest(&rig, 0);
    rig.platform->boot.rtas_size = 0x800 + 15;
    g_assert_false(pseries_class.inject_nmi(rig.platform, &error));
    g_assert_nonnull(strstr(error->message, "vCPU 0 cannot be given a system reset"));
    g_assert_cmphex(rig_reg(&rig, 0, VDEV_REG_PC), ==, 0x5000);
    rig_finish(&rig);
}

/* --- What it is about ---------------------------------------------------- */

static void
causes_are_told_from_srr1_and_dsisr(void)
{
    static const struct {
        guint64 srr1;
        guint32 dsisr;
        gboolean known;
        guint8 type, subtype;
        guint64 address;
    } causes[] = {
        {0x00040000, 0, TRUE, 0, 1, 0x11},
        {0x00080000, 0, TRUE, 1, 0, 0x11},
        {0x000c0000, 0, TRUE, 1, 1, 0x11},
        {0x00100000, 0, TRUE, 2, 2, 0x11},
        {0x00140000, 0, TRUE, 4, 2, 0x11},
        {0x00180000, 0, TRUE, 0, 2, 0x11},
        {0x001c0000, 0, FALSE, 0, 0, 0},
        {0x08040000, 0, FALSE, 0, 0, 0}, /* another bit of the field */
        {0, 0x8000, FALSE, 0, 0, 0},     /* not by an access */
        {BY_ACCESS, 0x8000, TRUE, 0, 3, 0},
        {BY_ACCESS, 0x4000, TRUE, 0, 4, 0x22},
        {BY_ACCESS, 0x0800, TRUE, 2, 2, 0x22},
        {BY_ACCESS, 0x0400, TRUE, 4, 2, 0x22},
        {BY_ACCESS, 0x0180, TRUE, 1, 1, 0x22},
        {BY_ACCESS, 0x0100, TRUE, 1, 0, 0x22},
        {BY_ACCESS | 0x00040000, 0, FALSE, 0, 0, 0},
    };

    for (guint i = 0; i < G_N_ELEMENTS(causes); i++) {
        EventCheck check = {0};

        fwnmi_cause(&check, 0x11, causes[i].srr1, causes[i].dsisr, 0x22);
        g_test_message("%u", i);
        g_assert_cmpint(check.known, ==, causes[i].known);
        g_assert_cmpuint(check.type, ==, causes[i].type);
        g_assert_cmpuint(check.subtype, ==, causes[i].subtype);
        g_assert_cmphex(check.has_address ? check.address : 0, ==, causes[i].address);
    }
}

#define CASE(name) g_test_add_func("/spapr/fwnmi/" #name, name)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    CASE(the_handler_finds_the_log);
    CASE(a_recovered_one_says_so);
    CASE(the_handler_runs_in_the_guests_byte_order);
    CASE(unregistered_it_goes_to_its_vector);
    CASE(with_machine_checks_off_the_guest_stops);
    CASE(one_that_cannot_be_told_ends_the_guest);
    CASE(a_host_that_fails_at_any_call_is_noticed);
    CASE(the_second_waits_for_the_first);
    CASE(interlock_of_another_vcpu_changes_nothing);
    CASE(a_second_one_of_the_same_vcpu_ends_the_guest_unless_it_is_harmless);
    CASE(a_reset_forgets_handlers_and_those_who_wait);
    CASE(a_system_reset_reaches_every_vcpu_that_runs);
    CASE(unregistered_a_system_reset_goes_to_its_vector);
    CASE(one_that_waits_with_a_machine_check_takes_no_system_reset);
    CASE(a_system_reset_that_cannot_be_told_is_an_error);
    CASE(causes_are_told_from_srr1_and_dsisr);
    return g_test_run();
}
