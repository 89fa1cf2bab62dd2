/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * RTAS: argument blocks of every bad shape, and each basic call, right and wrong.
 */
#include "tests/unit/hw-spapr/platform-rig.h"

#include <string.h>

#include "vdev/guestmem.h"
#include "vdev/kvm-ppc.h"

#define BUFFER 0x8000u

static void
put_head(Rig *rig, guint64 gpa, guint32 token, guint32 nargs, guint32 nret)
{
    const VdevHost *host = &rig->host->table;

    g_assert_true(guest_write_be32(host, gpa, token));
    g_assert_true(guest_write_be32(host, gpa + 4, nargs));
    g_assert_true(guest_write_be32(host, gpa + 8, nret));
}

static void
block_that_is_none_is_refused_and_calls_nothing(void)
{
    static const struct {
        guint32 nargs, nret;
    } bad[] = {
        {0, 0}, {17, 1},         {0, 17},         {0xffffffff, 1},          {0, 0xffffffff},
        {2, 0}, {0x80000000, 1}, {0x3fffffff, 1}, {0xffffffff, 0xffffffff},
    };
    Rig rig;

    rig_init(&rig, NULL);
    for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
        put_head(&rig, RIG_BLOCK, rig_token("system-reboot"), bad[i].nargs, bad[i].nret);
        g_assert_cmpint(RIG_HCALL(&rig, H_RTAS, RIG_BLOCK), ==, H_PARAMETER);
    }
    g_assert_false(rig.host->reset_requested);
    rig_finish(&rig);
}

static void
block_must_lie_in_ram_with_its_results(void)
{
    Rig rig;

    rig_init(&rig, NULL);
    put_head(&rig, RIG_RAM - 16, rig_token("system-reboot"), 0, 1); /* ends with RAM: fits */
    g_assert_cmpint(RIG_HCALL(&rig, H_RTAS, RIG_RAM - 16), ==, H_SUCCESS);
    g_assert_true(rig.host->reset_requested);
    rig.host->reset_requested = FALSE;

    put_head(&rig, RIG_RAM - 12, rig_token("system-reboot"), 0, 1); /* no room for the status */
    g_assert_cmpint(RIG_HCALL(&rig, H_RTAS, RIG_RAM - 12), ==, H_PARAMETER);
    g_assert_cmpint(RIG_HCALL(&rig, H_RTAS, RIG_RAM - 8), ==, H_PARAMETER);
    g_assert_cmpint(RIG_HCALL(&rig, H_RTAS, RIG_RAM), ==, H_PARAMETER);
    g_assert_cmpint(RIG_HCALL(&rig, H_RTAS, G_MAXUINT64), ==, H_PARAMETER);
    g_assert_cmpint(RIG_HCALL(&rig, H_RTAS, G_MAXUINT64 - 11), ==, H_PARAMETER);
    g_assert_cmpint(RIG_HCALL(&rig, H_RTAS, G_MAXUINT64 - 15), ==, H_PARAMETER);
    g_assert_false(rig.host->reset_requested);
    rig_finish(&rig);
}

static void
unknown_token_gets_a_status(void)
{
    static const guint32 tokens[] = {0, 0x1fff, 0x200a, 0x2010, 0x203f, 0x2040, 0xffffffff};
    const gint32 unset = 77;
    guint32 status = 0;
    Rig rig;

    rig_init(&rig, NULL);
    for (guint i = 0; i < G_N_ELEMENTS(tokens); i++) {
        put_head(&rig, RIG_BLOCK, tokens[i], 0, 1);
        g_assert_true(guest_write_be32(&rig.host->table, RIG_BLOCK + 12, unset));
        g_assert_cmpint(RIG_HCALL(&rig, H_RTAS, RIG_BLOCK), ==, H_PARAMETER);
        g_assert_true(guest_read_be32(&rig.host->table, RIG_BLOCK + 12, &status));
        g_assert_cmpint((gint32)status, ==, RTAS_PARAM_ERROR);
    }
    rig_finish(&rig);
}

static void
every_call_wants_its_arguments_and_results(void)
{
    Rig rig;

    rig_init(&rig, NULL);
    for (const VdevRtasRow *row = rtas_rows; row->name != NULL; row++) {
        const guint32 args[RTAS_ARGS_MAX] = {0};

        if (row->nargs > 0)
            g_assert_cmpint(rig_rtas(&rig, row->token, row->nret, args, row->nargs - 1u), ==,
                            RTAS_PARAM_ERROR);
        if (row->nret > 1)
            g_assert_cmpint(rig_rtas(&rig, row->token, row->nret - 1u, args, row->nargs), ==,
                            RTAS_PARAM_ERROR);
    }
    g_assert_false(rig.host->shutdown_requested);
    rig_finish(&rig);
}

static void
tokens_are_those_of_qemu(void)
{
    static const struct {
        const char *name;
        guint32 token;
    } known[] = {
        {"display-character", 0x2000},
        {"get-time-of-day", 0x2001},
        {"set-time-of-day", 0x2002},
        {"power-off", 0x2003},
        {"system-reboot", 0x2004},
        {"query-cpu-stopped-state", 0x2005},
        {"start-cpu", 0x2006},
        {"stop-self", 0x2007},
        {"ibm,get-system-parameter", 0x2008},
        {"ibm,set-system-parameter", 0x2009},
        {"check-exception", 0x200e},
        {"event-scan", 0x200f},
        {"nvram-fetch", 0x2012},
        {"nvram-store", 0x2013},
        {"read-pci-config", 0x2014},
        {"write-pci-config", 0x2015},
        {"ibm,read-pci-config", 0x2016},
        {"ibm,write-pci-config", 0x2017},
        {"ibm,query-interrupt-source-number", 0x2018},
        {"ibm,change-msi", 0x2019},
        {"set-indicator", 0x201a},
        {"set-power-level", 0x201b},
        {"get-power-level", 0x201c},
        {"get-sensor-state", 0x201d},
        {"ibm,configure-connector", 0x201e},
        {"ibm,os-term", 0x201f},
        {"ibm,set-eeh-option", 0x2020},
        {"ibm,get-config-addr-info2", 0x2021},
        {"ibm,read-slot-reset-state2", 0x2022},
        {"ibm,set-slot-reset", 0x2023},
        {"ibm,configure-pe", 0x2024},
        {"ibm,slot-error-detail", 0x2025},
        {"ibm,query-pe-dma-window", 0x2026},
        {"ibm,create-pe-dma-window", 0x2027},
        {"ibm,remove-pe-dma-window", 0x2028},
        {"ibm,reset-pe-dma-window", 0x2029},
        {"ibm,nmi-register", 0x202b},
        {"ibm,nmi-interlock", 0x202c},
    };
    guint n = 0;

    for (guint i = 0; i < G_N_ELEMENTS(known); i++)
        g_assert_cmphex(rig_token(known[i].name), ==, known[i].token);
    while (rtas_rows[n].name != NULL)
        n++;
    g_assert_cmpuint(n, ==, G_N_ELEMENTS(known));
}

/* A guest that throws dice: nothing may crash, write outside RAM or go unanswered. */
static void
random_blocks_are_answered(void)
{
    g_autoptr(GRand) dice = NULL;
    guint32 seed = g_random_int();
    guint served = 0;
    Rig rig;

    g_test_message("seed %u", seed);
    dice = g_rand_new_with_seed(seed);
    rig_init(&rig, NULL);
    for (guint i = 0; i < 20000; i++) {
        guint64 gpa = g_rand_int_range(dice, 0, RIG_RAM + 64);
        HcallStatus status;

        if (gpa + 12 <= RIG_RAM)
            put_head(&rig, gpa, RTAS_TOKEN_FIRST + (guint32)g_rand_int_range(dice, 0, 0x28),
                     (guint32)g_rand_int_range(dice, 0, 19),
                     (guint32)g_rand_int_range(dice, 0, 19));
        for (guint64 at = gpa + 12; at + 4 <= MIN(gpa + 80, RIG_RAM); at += 4)
            guest_write_be32(&rig.host->table, at,
                             g_rand_int(dice) >> g_rand_int_range(dice, 0, 32));
        status = RIG_HCALL(&rig, H_RTAS, gpa);
        g_assert_true(status == H_SUCCESS || status == H_PARAMETER);
        served += status == H_SUCCESS;
    }
    g_assert_cmpuint(served, >, 100);
    rig_finish(&rig);
}

static void
power_off_asks_for_the_end_and_stops_the_caller(void)
{
    Rig rig;

    rig_init(&rig, NULL);
    rig.host->table.vcpu_start(&rig.host->table, rig_vcpu(&rig, 0));
    g_assert_cmpint(RIG_RTAS(&rig, rig_token("power-off"), 1, 0xffffffff, 0xffffffff), ==, RTAS_OK);
    g_assert_true(rig.host->shutdown_requested);
    g_assert_cmpint(rig.host->shutdown_cause, ==, VDEV_SHUTDOWN_GUEST);
    g_assert_false(rig.host->table.vcpu_started(&rig.host->table, rig_vcpu(&rig, 0)));
    rig_finish(&rig);
}

static void
system_reboot_asks_for_a_reset(void)
{
    Rig rig;

    rig_init(&rig, NULL);
    g_assert_cmpint(rig_rtas(&rig, rig_token("system-reboot"), 1, NULL, 0), ==, RTAS_OK);
    g_assert_true(rig.host->reset_requested);
    g_assert_false(rig.host->shutdown_requested);
    rig_finish(&rig);
}

static void
start_cpu_starts_a_stopped_one_at_its_entry(void)
{
    const guint32 start = rig_token("start-cpu");
    const guint32 query = rig_token("query-cpu-stopped-state");
    Rig rig;

    rig_init(&rig, NULL);
    g_assert_cmpint(RIG_RTAS(&rig, query, 2, 1), ==, RTAS_OK);
    g_assert_cmpuint(rig.rets[1], ==, 0);
    g_assert_cmpint(RIG_RTAS(&rig, start, 1, 1, 0xabc0, 0x1234), ==, RTAS_OK);
    g_assert_cmphex(rig_reg(&rig, 1, VDEV_REG_PC), ==, 0xabc0);
    g_assert_cmphex(rig_reg(&rig, 1, VDEV_REG_GPR(3)), ==, 0x1234);
    g_assert_cmphex(rig_reg(&rig, 1, VDEV_REG_MSR), ==, VDEV_MSR_ENTRY);
    g_assert_cmpint(RIG_RTAS(&rig, query, 2, 1), ==, RTAS_OK);
    g_assert_cmpuint(rig.rets[1], ==, 2);
    /* running already; no such vCPU */
    g_assert_cmpint(RIG_RTAS(&rig, start, 1, 1, 0, 0), ==, RTAS_HW_ERROR);
    g_assert_cmpint(RIG_RTAS(&rig, start, 1, 2, 0, 0), ==, RTAS_PARAM_ERROR);
    g_assert_cmpint(RIG_RTAS(&rig, query, 2, 0xffffffff), ==, RTAS_PARAM_ERROR);
    rig_finish(&rig);
}

static void
start_cpu_knows_the_ids_of_the_type(void)
{
    const RigSpec spec = {.type = "pseries-4.1", .cpus = 2};
    Rig rig;

    rig_init(&rig, &spec);
    g_assert_cmpint(RIG_RTAS(&rig, rig_token("start-cpu"), 1, 1, 0, 0), ==, RTAS_PARAM_ERROR);
    g_assert_cmpint(RIG_RTAS(&rig, rig_token("start-cpu"), 1, 8, 0, 0), ==, RTAS_OK);
    g_assert_true(rig.host->table.vcpu_started(&rig.host->table, rig_vcpu(&rig, 1)));
    rig_finish(&rig);
}

static void
stop_self_stops_the_caller_only(void)
{
    Rig rig;

    rig_init(&rig, NULL);
    rig.host->table.vcpu_start(&rig.host->table, rig_vcpu(&rig, 0));
    rig.host->table.vcpu_start(&rig.host->table, rig_vcpu(&rig, 1));
    g_assert_cmpint(rig_rtas(&rig, rig_token("stop-self"), 1, NULL, 0), ==, RTAS_OK);
    g_assert_false(rig.host->table.vcpu_started(&rig.host->table, rig_vcpu(&rig, 0)));
    g_assert_true(rig.host->table.vcpu_started(&rig.host->table, rig_vcpu(&rig, 1)));
    rig_finish(&rig);
}

static void
os_term_carries_the_guests_words_made_printable(void)
{
    static const char words[] = "Fatal\n\x1b[31m exception";
    Rig rig;

    rig_init(&rig, NULL);
    g_assert_true(rig.host->table.guest_write(&rig.host->table, BUFFER, words, sizeof(words)));
    g_assert_cmpint(RIG_RTAS(&rig, rig_token("ibm,os-term"), 1, BUFFER), ==, RTAS_OK);
    g_assert_cmpstr(rig.host->panic, ==, "Fatal??[31m exception");
    g_assert_cmpint(RIG_RTAS(&rig, rig_token("ibm,os-term"), 1, 0xfffffff0), ==, RTAS_OK);
    g_assert_cmpstr(rig.host->panic, ==, "the guest gave no reason");
    /* no end in sight: cut */
    memset(rig.host->ram + BUFFER, 'x', 0x1000);
    g_assert_cmpint(RIG_RTAS(&rig, rig_token("ibm,os-term"), 1, BUFFER), ==, RTAS_OK);
    g_assert_cmpuint(strlen(rig.host->panic), ==, 256);
    rig_finish(&rig);
}

static void
display_character_goes_to_the_console(void)
{
    const RigSpec mute = {.no_console = TRUE};
    Rig rig;

    rig_init(&rig, NULL);
    g_assert_cmpint(RIG_RTAS(&rig, rig_token("display-character"), 1, 'A'), ==, RTAS_OK);
    g_assert_cmpstr(rig.host->console->str, ==, "A");
    rig_finish(&rig);

    rig_init(&rig, &mute);
    g_assert_cmpint(RIG_RTAS(&rig, rig_token("display-character"), 1, 'A'), ==, RTAS_HW_ERROR);
    rig_finish(&rig);
}

static void
indicators_and_sensors_are_those_of_the_table(void)
{
    const guint32 set = rig_token("set-indicator");
    const guint32 get = rig_token("get-sensor-state");
    Rig rig;

    rig_init(&rig, NULL);
    g_assert_cmpint(RIG_RTAS(&rig, set, 1, 6, 0, 0xaa), ==, RTAS_OK);
    g_assert_cmpint(RIG_RTAS(&rig, set, 1, 6, 1, 0xaa), ==, RTAS_PARAM_ERROR);
    g_assert_cmpint(RIG_RTAS(&rig, set, 1, 9001, 0, 1), ==, RTAS_PARAM_ERROR);
    g_assert_cmpint(RIG_RTAS(&rig, set, 1, 9003, 0x80000001, 1), ==, RTAS_PARAM_ERROR);
    g_assert_cmpint(RIG_RTAS(&rig, get, 2, 9003, 0x80000001), ==, RTAS_PARAM_ERROR);
    g_assert_cmpint(RIG_RTAS(&rig, get, 2, 9, 1), ==, RTAS_PARAM_ERROR);
    g_assert_cmpint(RIG_RTAS(&rig, get, 2, 9, 0), ==, RTAS_OK);
    g_assert_cmpuint(rig.rets[1], ==, 0);
    pseries_class.powerdown(rig.platform);
    g_assert_cmpint(RIG_RTAS(&rig, get, 2, 9, 0), ==, RTAS_OK);
    g_assert_cmpuint(rig.rets[1], ==, 3);
    g_assert_cmpint(RIG_RTAS(&rig, rig_token("set-power-level"), 2, 0xffffffff, 0), ==, RTAS_OK);
    g_assert_cmpuint(rig.rets[1], ==, 100);
    g_assert_cmpint(RIG_RTAS(&rig, rig_token("get-power-level"), 2, 0), ==, RTAS_PARAM_ERROR);
    rig_finish(&rig);
}

static void
system_parameter_has_its_length_before_it(void)
{
    static const guint8 uuid[16] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
    static const char text[] = "MaxEntCap=4,DesMem=256,DesProcs=2,MaxPlatProcs=4";
    const RigSpec spec = {.uuid = uuid, .max_cpus = 4};
    const guint32 get = rig_token("ibm,get-system-parameter");
    const guint8 *out;
    Rig rig;

    rig_init(&rig, &spec);
    out = rig.host->ram + BUFFER;
    g_assert_cmpint(RIG_RTAS(&rig, get, 1, 48, BUFFER, 0x1000), ==, RTAS_OK);
    g_assert_cmpmem(out, 2, "\0\x10", 2);
    g_assert_cmpmem(out + 2, 16, uuid, 16);
    g_assert_cmpint(RIG_RTAS(&rig, get, 1, 20, BUFFER, 0x1000), ==, RTAS_OK);
    g_assert_cmpmem(out + 2, sizeof(text), text, sizeof(text));
    g_assert_cmpuint(out[1], ==, sizeof(text));
    g_assert_cmpint(RIG_RTAS(&rig, get, 1, 42, BUFFER, 0x1000), ==, RTAS_OK);
    g_assert_cmpmem(out, 3, "\0\1\0", 3);
    rig_finish(&rig);
}

static void
system_parameter_never_passes_the_buffers_end(void)
{
    static const guint8 uuid[16] = {0x11, 0x22, 0x33, 0x44, 0x55};
    const RigSpec spec = {.uuid = uuid};
    const guint32 get = rig_token("ibm,get-system-parameter");
    guint8 *out;
    Rig rig;

    rig_init(&rig, &spec);
    out = rig.host->ram + BUFFER;
    memset(out, 0xee, 64);
    g_assert_cmpint(RIG_RTAS(&rig, get, 1, 48, BUFFER, 5), ==, RTAS_OK);
    g_assert_cmpmem(out, 6, "\0\x10\x11\x22\x33\xee", 6);
    g_assert_cmpint(RIG_RTAS(&rig, get, 1, 48, BUFFER, 1), ==, RTAS_SYSPARM_ERROR);
    g_assert_cmpint(RIG_RTAS(&rig, get, 1, 48, RIG_RAM - 4, 64), ==, RTAS_PARAM_ERROR);
    g_assert_cmpint(RIG_RTAS(&rig, get, 1, 44, BUFFER, 64), ==, RTAS_PARAM_ERROR);
    g_assert_cmpint(RIG_RTAS(&rig, rig_token("ibm,set-system-parameter"), 1, 42, BUFFER), ==,
                    RTAS_NOT_AUTHORIZED);
    g_assert_cmpint(RIG_RTAS(&rig, rig_token("ibm,set-system-parameter"), 1, 44, BUFFER), ==,
                    RTAS_PARAM_ERROR);
    rig_finish(&rig);
}

static void
uuid_parameter_is_absent_without_a_uuid(void)
{
    Rig rig;

    rig_init(&rig, NULL);
    g_assert_cmpint(RIG_RTAS(&rig, rig_token("ibm,get-system-parameter"), 1, 48, BUFFER, 64), ==,
                    RTAS_PARAM_ERROR);
    rig_finish(&rig);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/spapr/rtas/block/shape", block_that_is_none_is_refused_and_calls_nothing);
    g_test_add_func("/spapr/rtas/block/ram", block_must_lie_in_ram_with_its_results);
    g_test_add_func("/spapr/rtas/block/unknown-token", unknown_token_gets_a_status);
    g_test_add_func("/spapr/rtas/block/counts", every_call_wants_its_arguments_and_results);
    g_test_add_func("/spapr/rtas/block/random", random_blocks_are_answered);
    g_test_add_func("/spapr/rtas/tokens", tokens_are_those_of_qemu);
    g_test_add_func("/spapr/rtas/power-off", power_off_asks_for_the_end_and_stops_the_caller);
    g_test_add_func("/spapr/rtas/system-reboot", system_reboot_asks_for_a_reset);
    g_test_add_func("/spapr/rtas/start-cpu", start_cpu_starts_a_stopped_one_at_its_entry);
    g_test_add_func("/spapr/rtas/start-cpu/ids", start_cpu_knows_the_ids_of_the_type);
    g_test_add_func("/spapr/rtas/stop-self", stop_self_stops_the_caller_only);
    g_test_add_func("/spapr/rtas/os-term", os_term_carries_the_guests_words_made_printable);
    g_test_add_func("/spapr/rtas/display-character", display_character_goes_to_the_console);
    g_test_add_func("/spapr/rtas/indicators", indicators_and_sensors_are_those_of_the_table);
    g_test_add_func("/spapr/rtas/sysparm", system_parameter_has_its_length_before_it);
    g_test_add_func("/spapr/rtas/sysparm/bounds", system_parameter_never_passes_the_buffers_end);
    g_test_add_func("/spapr/rtas/sysparm/uuid", uuid_parameter_is_absent_without_a_uuid);
    return g_test_run();
}
