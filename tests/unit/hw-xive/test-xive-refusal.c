/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * When H_INT_* calls do not succeed: every refusal in LoPAR's order, before KVM is asked; and what
 * a guest sees of host trouble.
 */
#include <errno.h>
#include <string.h>

#include "tests/unit/hw-xive/xive-rig.h"

#define NONE    G_MAXUINT64
#define NOWHERE 0x7654321                               /* no LISN */
#define BIG(n)  (G_GUINT64_CONSTANT(0x100000000) | (n)) /* n in its low half, but not n */

typedef struct {
    guint32 nr;
    guint64 args[5];
    HcallStatus status;
} Case;

/*
 * Of each call first the one where all is wrong, then each time the one found last put right: so
 * the order is proved with the status. Then single faults that differ from those.
 */
static const Case refusals[] = {
    {GET_SOURCE_INFO, {1, NOWHERE}, H_PARAMETER},
    {GET_SOURCE_INFO, {0, NOWHERE}, H_P2},
    {GET_SOURCE_INFO, {0, NONE}, H_P2},
    {GET_SOURCE_INFO, {0, XIVE_NR_IRQS}, H_P2},
    {GET_SOURCE_INFO, {0, RIG_EDGE + 1}, H_P2},
    {GET_SOURCE_INFO, {0, BIG(RIG_EDGE)}, H_P2},
    {GET_SOURCE_INFO, {BIG(0), RIG_EDGE}, H_PARAMETER},

    {SET_SOURCE_CONFIG, {4, NOWHERE, 7, 7, NONE}, H_PARAMETER},
    {SET_SOURCE_CONFIG, {2, NOWHERE, 7, 7, NONE}, H_P2},
    {SET_SOURCE_CONFIG, {2, RIG_EDGE, 7, 7, NONE}, H_P3},
    {SET_SOURCE_CONFIG, {2, RIG_EDGE, 0, 7, NONE}, H_P4},
    {SET_SOURCE_CONFIG, {2, RIG_EDGE, 0, 5, NONE}, H_P4}, /* no queue there */
    {SET_SOURCE_CONFIG, {2, RIG_EDGE, 0, 6, NONE}, H_P5},
    {SET_SOURCE_CONFIG, {2, RIG_EDGE, 0, 6, 0x80000000}, H_P5},
    {SET_SOURCE_CONFIG, {3, RIG_EDGE, 0, 5, 0x80000000}, H_P5}, /* masked: needs no queue */
    {SET_SOURCE_CONFIG, {1, RIG_EDGE, RIG_VCPUS, 6}, H_P3},
    {SET_SOURCE_CONFIG, {0, RIG_EDGE, BIG(0), 6}, H_P3},
    {SET_SOURCE_CONFIG, {0, RIG_EDGE, 0, BIG(6)}, H_P4},
    {SET_SOURCE_CONFIG, {0, RIG_EDGE, 0, BIG(0xff)}, H_P4},
    {SET_SOURCE_CONFIG, {0, RIG_EDGE, 0, 0xfe}, H_P4},
    {SET_SOURCE_CONFIG, {BIG(0), RIG_EDGE, 0, 6}, H_PARAMETER},

    {GET_SOURCE_CONFIG, {1, NOWHERE}, H_PARAMETER},
    {GET_SOURCE_CONFIG, {0, NOWHERE}, H_P2},

    {GET_QUEUE_INFO, {1, 7, 7}, H_PARAMETER},
    {GET_QUEUE_INFO, {0, 7, 7}, H_P2},
    {GET_QUEUE_INFO, {0, 0, 7}, H_P3},
    {GET_QUEUE_INFO, {0, BIG(0), 6}, H_P2},
    {GET_QUEUE_INFO, {0, 0, BIG(6)}, H_P3},
    {GET_QUEUE_INFO, {0, 0, 0xff}, H_P3},

    {SET_QUEUE_CONFIG, {2, 7, 7, 1, 12}, H_PARAMETER},
    {SET_QUEUE_CONFIG, {1, 7, 7, 1, 12}, H_P2},
    {SET_QUEUE_CONFIG, {1, 0, 7, 1, 12}, H_P3},
    {SET_QUEUE_CONFIG, {1, 0, 6, 1, 12}, H_P5},
    {SET_QUEUE_CONFIG, {1, 0, 6, 1, 16}, H_P4},
    {SET_QUEUE_CONFIG, {1, 0, 6, 0x11000, 16}, H_P4},       /* not aligned */
    {SET_QUEUE_CONFIG, {1, 0, 6, RIG_RAM, 16}, H_P4},       /* not RAM */
    {SET_QUEUE_CONFIG, {1, 0, 6, XIVE_ESB_BASE, 16}, H_P4}, /* not RAM either */
    {SET_QUEUE_CONFIG, {1, 0, 6, NONE - 0xffff, 16}, H_P4}, /* wraps */
    {SET_QUEUE_CONFIG, {1, 0, 6, RIG_QUEUE(0), 21}, H_P5},
    {SET_QUEUE_CONFIG, {1, 0, 6, RIG_QUEUE(0), 24}, H_P5},
    {SET_QUEUE_CONFIG, {1, 0, 6, RIG_QUEUE(0), 64 + 16}, H_P5},
    {SET_QUEUE_CONFIG, {1, 0, 6, RIG_QUEUE(0), BIG(16)}, H_P5},

    {GET_QUEUE_CONFIG, {2, 7, 7}, H_PARAMETER},
    {GET_QUEUE_CONFIG, {1, 7, 7}, H_P2},
    {GET_QUEUE_CONFIG, {1, 1, 7}, H_P3},

    {SET_REPORTING_LINE, {1, 1}, H_FUNCTION},
    {SET_REPORTING_LINE, {0, RIG_QUEUE(0)}, H_FUNCTION},
    {GET_REPORTING_LINE, {0, 0}, H_FUNCTION},

    {INT_ESB, {2, NOWHERE, NONE}, H_PARAMETER},
    {INT_ESB, {0, NOWHERE, NONE}, H_P2},
    {INT_ESB, {0, RIG_EDGE, NONE}, H_P3},
    {INT_ESB, {0, RIG_EDGE, XIVE_PAGE_SIZE}, H_P3},
    {INT_ESB, {0, RIG_EDGE, BIG(0x800)}, H_P3},
    {INT_ESB, {0, RIG_EDGE, 0x804}, H_P3}, /* not aligned */
    {INT_ESB, {1, RIG_EDGE, XIVE_PAGE_SIZE}, H_P3},
    {INT_ESB, {1, RIG_EDGE, 0x400}, H_P3}, /* store EOI is not offered */
    {INT_ESB, {1, RIG_EDGE, 0x800}, H_P3}, /* nor is inject ever */
    {INT_ESB, {1, RIG_EDGE, 0xc00}, H_P3},

    {INT_SYNC, {1, NOWHERE}, H_PARAMETER},
    {INT_SYNC, {0, NOWHERE}, H_P2},

    {INT_RESET, {1}, H_PARAMETER},
};

static HcallStatus
call_case(Rig *rig, const Case *c)
{
    return rig_call(rig, c->nr, c->args[0], c->args[1], c->args[2], c->args[3], c->args[4]);
}

static void
refusals_come_in_order_and_never_reach_kvm(void)
{
    Rig rig;
    guint calls = 0;

    rig_init(&rig);
    rig_queue(&rig, 0, 6, 0);
    calls = rig.host->n_calls;
    for (gsize i = 0; i < G_N_ELEMENTS(refusals); i++) {
        const Case *c = &refusals[i];
        HcallStatus status = call_case(&rig, c);

        if (status != c->status || rig.host->n_calls != calls)
            g_error("refusal %zu, hcall 0x%x: got %" G_GINT64_FORMAT ", want %" G_GINT64_FORMAT
                    ", %u host calls",
                    i, c->nr, status, c->status, rig.host->n_calls - calls);
        g_assert_cmpmem(rig.args, sizeof(c->args), c->args, sizeof(c->args)); /* no output */
    }
    g_assert_cmpstr(rig.host->log->str, ==, "");
    rig_finish(&rig);
}

static void
guest_errors_are_logged_when_asked_for(void)
{
    Rig rig;

    rig_init(&rig);
    rig.host->log_kinds = 1u << VDEV_LOG_GUEST_ERROR;
    g_assert_cmpint(rig_call(&rig, GET_SOURCE_INFO, 0, NOWHERE, 0, 0, 0), ==, H_P2);
    g_assert_cmpstr(rig.host->log->str, ==, "H_INT_GET_SOURCE_INFO: no LISN 0x7654321\n");
    rig_finish(&rig);
}

static void
table_has_the_eleven_calls_of_lopar(void)
{
    guint n = 0;

    for (const VdevHcallRow *row = xive_hcalls; row->name != NULL; row++, n++) {
        g_assert_cmphex(row->nr, ==, 0x3a8 + 4 * n);
        g_assert_true(g_str_has_prefix(row->name, "H_INT_"));
        g_assert_nonnull(row->handler);
    }
    g_assert_cmpuint(n, ==, 11);
}

/* --- When KVM fails ------------------------------------------------------ */

static const Case kvm_calls[] = {
    {SET_SOURCE_CONFIG, {2, RIG_EDGE, 1, 6, 0x66}, H_HARDWARE},
    {SET_SOURCE_CONFIG, {0, RIG_EDGE, 0, 0xff, 0}, H_HARDWARE},
    {SET_QUEUE_CONFIG, {1, 0, 6, RIG_QUEUE(3), 16}, H_HARDWARE},
    {SET_QUEUE_CONFIG, {1, 0, 6, 0, 0}, H_HARDWARE},
    {GET_QUEUE_CONFIG, {1, 0, 6}, H_HARDWARE},
    {INT_ESB, {0, RIG_EDGE, 0x800}, H_HARDWARE},
    {INT_ESB, {1, RIG_EDGE, 0}, H_HARDWARE},
    {INT_SYNC, {0, RIG_EDGE}, H_HARDWARE},
    {INT_RESET, {0}, H_HARDWARE},
};

static void
host_trouble_is_h_hardware_and_changes_nothing(void)
{
    Rig rig;
    guint64 eas = 0;
    XiveEnd end;

    rig_init(&rig);
    rig_queue(&rig, 0, 6, 0);
    rig_queue(&rig, 1, 6, 1);
    g_assert_cmpint(rig_call(&rig, SET_SOURCE_CONFIG, 2, RIG_EDGE, 0, 6, 0x55), ==, H_SUCCESS);
    eas = rig.xive->eas[RIG_EDGE];
    end = rig.xive->ends[6];
    for (gsize i = 0; i < G_N_ELEMENTS(kvm_calls); i++) {
        g_string_truncate(rig.host->log, 0);
        memset(rig.xive->troubles, 0, sizeof(rig.xive->troubles));
        fake_host_fail_at(rig.host, 1, EIO);
        g_assert_cmpint(call_case(&rig, &kvm_calls[i]), ==, H_HARDWARE);
        g_assert_nonnull(strstr(rig.host->log->str, "spapr-xive-kvm"));
        g_assert_cmphex(rig.xive->eas[RIG_EDGE], ==, eas);
        g_assert_cmpmem(&rig.xive->ends[6], sizeof(end), &end, sizeof(end));
    }
    fake_host_fail_at(rig.host, 0, 0);
    rig_finish(&rig);
}

static void
repeated_host_trouble_does_not_flood_the_log(void)
{
    guint lines = 0;
    Rig rig;

    rig_init(&rig);
    for (guint i = 0; i < 5000; i++) {
        fake_host_fail_at(rig.host, 1, EIO);
        g_assert_cmpint(rig_call(&rig, INT_SYNC, 0, RIG_EDGE, 0, 0, 0), ==, H_HARDWARE);
    }
    fake_host_fail_at(rig.host, 0, 0);
    for (const char *c = rig.host->log->str; *c != '\0'; c++)
        lines += *c == '\n';
    g_assert_cmpuint(lines, ==, 13); /* times 1, 2, 4 … 4096 */
    rig_finish(&rig);
}

static const struct {
    const char *path;
    void (*test)(void);
} tests[] = {
    {"table", table_has_the_eleven_calls_of_lopar},
    {"refused", refusals_come_in_order_and_never_reach_kvm},
    {"refused/log", guest_errors_are_logged_when_asked_for},
    {"hardware", host_trouble_is_h_hardware_and_changes_nothing},
    {"hardware/log", repeated_host_trouble_does_not_flood_the_log},
};

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(tests); i++) {
        g_autofree char *path = g_strdup_printf("/xive-refusal/%s", tests[i].path);

        g_test_add_func(path, tests[i].test);
    }
    return g_test_run();
}
