/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hw-xive/core/regs.h: every field and number, against the value a stream, a guest or the
 * architecture shows. Written out, so that a slip in a bit number cannot agree with itself.
 */
#include <stddef.h>

#include <glib.h>

#include "hw-xive/core/regs.h"

typedef struct {
    const char *name;
    guint64 is;
    guint64 must_be;
} Row;

#define ROW(constant, value)                                      \
    {                                                             \
#constant, (guint64)(constant), G_GUINT64_CONSTANT(value) \
    }

static const Row addresses[] = {
    ROW(XIVE_PAGE_SIZE, 0x10000),
    ROW(XIVE_ESB_SHIFT, 17),
    ROW(XIVE_ESB_BASE, 0x0006010000000000),
    ROW(XIVE_ESB_SIZE, 0x40000000),
    ROW(XIVE_END_ESB_BASE, 0x0006010040000000),
    ROW(XIVE_TIMA_BASE, 0x0006030203180000),
    ROW(XIVE_TIMA_PAGES, 4),
    ROW(XIVE_TIMA_PAGE_HW, 0),
    ROW(XIVE_TIMA_PAGE_HV, 1),
    ROW(XIVE_TIMA_PAGE_OS, 2),
    ROW(XIVE_TIMA_PAGE_USER, 3),
    ROW(XIVE_ESB_PAGE_TRIGGER, 0),
    ROW(XIVE_ESB_PAGE_MANAGEMENT, 1),
};

static const Row numbers[] = {
    ROW(XIVE_NR_IRQS, 0x2000),      ROW(XIVE_LISN_IPI, 0),      ROW(XIVE_LISN_EPOW, 0x1000),
    ROW(XIVE_LISN_HOTPLUG, 0x1001), ROW(XIVE_LISN_VIO, 0x1100), ROW(XIVE_LISN_PHB_LSI, 0x1200),
    ROW(XIVE_LISN_MSI, 0x1300),     ROW(XIVE_PRIORITIES, 8),    ROW(XIVE_PRIO_NONE, 0xff),
    ROW(XIVE_NVT_BASE, 0x400),
};

static const Row eas_fields[] = {
    ROW(XIVE_EAS_VALID, 0x8000000000000000),     ROW(XIVE_EAS_END_BLOCK, 0x0f00000000000000),
    ROW(XIVE_EAS_END_INDEX, 0x00ffffff00000000), ROW(XIVE_EAS_MASKED, 0x0000000080000000),
    ROW(XIVE_EAS_END_DATA, 0x000000007fffffff),  ROW(XIVE_EAS_RESET, 0x8000000080000000),
};

static const Row end_fields[] = {
    ROW(sizeof(XiveEnd), 32),
    ROW(offsetof(XiveEnd, w7), 28),
    ROW(XIVE_END_W0_VALID, 0x80000000),
    ROW(XIVE_END_W0_ENQUEUE, 0x40000000),
    ROW(XIVE_END_W0_NOTIFY, 0x20000000),
    ROW(XIVE_END_W0_BACKLOG, 0x10000000),
    ROW(XIVE_END_W0_PRECL, 0x08000000),
    ROW(XIVE_END_W0_ESCALATE, 0x04000000),
    ROW(XIVE_END_W0_UESCALATE, 0x02000000),
    ROW(XIVE_END_W0_SILENT, 0x01000000),
    ROW(XIVE_END_W0_QSIZE, 0x000f0000),
    ROW(XIVE_END_W0_FIRMWARE, 0x00008000),
    ROW(XIVE_END_W1_ESN, 0xc0000000),
    ROW(XIVE_END_W1_ESE, 0x30000000),
    ROW(XIVE_END_W1_GENERATION, 0x00400000),
    ROW(XIVE_END_W1_PAGE_OFF, 0x003fffff),
    ROW(XIVE_END_W1_RESET, 0x50000000),
    ROW(XIVE_END_W2_EQ_HIGH, 0x0fffffff),
    ROW(XIVE_END_W3_EQ_LOW, 0xffffffff),
    ROW(XIVE_END_W4_ESC_BLOCK, 0x0f000000),
    ROW(XIVE_END_W4_ESC_INDEX, 0x00ffffff),
    ROW(XIVE_END_W5_ESC_DATA, 0x7fffffff),
    ROW(XIVE_END_W6_FORMAT, 0x00800000),
    ROW(XIVE_END_W6_NVT_BLOCK, 0x00780000),
    ROW(XIVE_END_W6_NVT_INDEX, 0x0007ffff),
    ROW(XIVE_END_W7_PRIORITY, 0x00ff0000),
    ROW(XIVE_EQ_GENERATION, 0x80000000),
    ROW(XIVE_EQ_EISN, 0x7fffffff),
};

static const Row tctx_fields[] = {
    ROW(sizeof(XiveTctx), 64),
    ROW(XIVE_RING_SIZE, 16),
    ROW(XIVE_RING_USER, 0x00),
    ROW(XIVE_RING_OS, 0x10),
    ROW(XIVE_RING_POOL, 0x20),
    ROW(XIVE_RING_PHYS, 0x30),
    ROW(XIVE_RING_NSR, 0),
    ROW(XIVE_RING_CPPR, 1),
    ROW(XIVE_RING_IPB, 2),
    ROW(XIVE_RING_LSMFB, 3),
    ROW(XIVE_RING_ACK, 4),
    ROW(XIVE_RING_INC, 5),
    ROW(XIVE_RING_AGE, 6),
    ROW(XIVE_RING_PIPR, 7),
    ROW(XIVE_RING_W2, 8),
    ROW(XIVE_RING_W3, 12),
    ROW(XIVE_NSR_EO, 0x80),
    ROW(XIVE_OS_W2_VO, 0x80000000),
    ROW(XIVE_OS_W2_CAM, 0x00ffffff),
    ROW(XIVE_VP_SIZE, 8),
    ROW(XIVE_VP_CREATED, 0xff000000),
    ROW(XIVE_TIMA_SPECIAL, 0x800),
    ROW(XIVE_TIMA_ACK_OS, 0x810),
    ROW(XIVE_TIMA_SET_OS_PENDING, 0x812),
    ROW(XIVE_TIMA_PULL_OS, 0x818),
    ROW(XIVE_TIMA_ACK_OS_EL, 0xc10),
};

static void
check_rows(const Row *rows, gsize n)
{
    for (gsize i = 0; i < n; i++) {
        if (rows[i].is != rows[i].must_be)
            g_error("%s is 0x%" G_GINT64_MODIFIER "x, must be 0x%" G_GINT64_MODIFIER "x",
                    rows[i].name, rows[i].is, rows[i].must_be);
    }
}

static void
addresses_are_those_guests_remember(void)
{
    check_rows(addresses, G_N_ELEMENTS(addresses));
}

static void
numbers_are_those_guests_remember(void)
{
    check_rows(numbers, G_N_ELEMENTS(numbers));
}

static void
server_and_priority_make_an_end_index(void)
{
    g_assert_cmpuint(xive_end_index(3, 5), ==, 29);
    g_assert_cmpuint(xive_end_index_server(29), ==, 3);
    g_assert_cmpuint(xive_end_index_prio(29), ==, 5);
    g_assert_cmphex(xive_nvt_index(3), ==, 0x403);
}

static void
eas_has_the_architected_bits(void)
{
    check_rows(eas_fields, G_N_ELEMENTS(eas_fields));
}

static void
end_has_the_architected_bits(void)
{
    check_rows(end_fields, G_N_ELEMENTS(end_fields));
}

static void
rings_have_the_architected_bytes(void)
{
    check_rows(tctx_fields, G_N_ELEMENTS(tctx_fields));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/xive/regs/addresses", addresses_are_those_guests_remember);
    g_test_add_func("/xive/regs/numbers", numbers_are_those_guests_remember);
    g_test_add_func("/xive/regs/index", server_and_priority_make_an_end_index);
    g_test_add_func("/xive/regs/eas", eas_has_the_architected_bits);
    g_test_add_func("/xive/regs/end", end_has_the_architected_bits);
    g_test_add_func("/xive/regs/tctx", rings_have_the_architected_bytes);
    return g_test_run();
}
