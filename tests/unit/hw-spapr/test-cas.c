/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Negotiation: option vectors out of guest memory, and what is agreed.
 */
#include "tests/unit/hw-spapr/platform-rig.h"

#include <libfdt.h>
#include <string.h>

#define ASK  0x2000u
#define TREE 0x10000u

/* Two processors and the end of the list; five vectors, the fifth of 26 bytes. */
static const guint8 request[] = {
    0xff, 0xff, 0x00, 0x00, 0x00, 0x4e, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0x0f, 0x00,
    0x00, 0x05, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, /* matches nothing: end */
    4,                                                          /* five vectors */
    0,    0xc0,                                                 /* 1 */
    1,    0,    0,                                              /* 2 */
    2,    0,    0,    0,                                        /* 3 */
    0,    0x80,                                                 /* 4 */
    25,   0,    0xff, 0,    0,    0xc0, 0x04, 0,    0,    0,    0,    0,    0,    0,
    0,    0,    0,    0,    0,    0,    0,    0,    0x80, 0x80, 0x80, 0,    0x40, /* 5: bytes 1 to
                                                                                     26; either
                                                                                     XIVE, either
                                                                                     MMU, GTSE */
};
#define VECTOR_5 (sizeof(request) - 26) /* its byte 1 */

static void
put_request(Rig *rig)
{
    memcpy(rig->host->ram + ASK, request, sizeof(request));
}

static void
vector_is_found_among_the_others(void)
{
    OptionVector vector;
    Rig rig;

    rig_init(&rig, NULL);
    put_request(&rig);
    g_assert_true(ovec_read(&vector, &rig.host->table, ASK + 24, 5));
    g_assert_cmphex(vector.bytes[2], ==, 0xff);
    g_assert_cmphex(vector.bytes[26], ==, 0x40);
    g_assert_cmphex(vector.bytes[27], ==, 0);
    g_assert_true(ovec_read(&vector, &rig.host->table, ASK + 24, 1));
    g_assert_cmphex(vector.bytes[1], ==, 0xc0);
    g_assert_cmphex(vector.bytes[2], ==, 0);
    g_assert_true(ovec_read(&vector, &rig.host->table, ASK + 24, 6));
    g_assert_cmphex(vector.bytes[1], ==, 0);
    rig_finish(&rig);
}

static void
vectors_that_leave_ram_are_refused(void)
{
    OptionVector vector;
    Rig rig;

    rig_init(&rig, NULL);
    memset(rig.host->ram, 0xff, RIG_RAM); /* counts and lengths as large as can be */
    g_assert_false(ovec_read(&vector, &rig.host->table, RIG_RAM - 300, 5));
    g_assert_false(ovec_read(&vector, &rig.host->table, RIG_RAM - 2, 1));
    g_assert_false(ovec_read(&vector, &rig.host->table, RIG_RAM, 1));
    g_assert_false(ovec_read(&vector, &rig.host->table, G_MAXUINT64, 2));
    g_assert_true(ovec_read(&vector, &rig.host->table, 0x1000, 255));
    g_assert_cmphex(vector.bytes[256], ==, 0xff);
    rig_finish(&rig);
}

static void
property_ends_with_the_last_byte_that_counts(void)
{
    OptionVector vector = {{0}};
    guint8 bytes[OVEC_BYTES];

    g_assert_cmpuint(ovec_property(&vector, bytes), ==, 2);
    g_assert_cmpmem(bytes, 2, "\0\0", 2);
    vector.bytes[1] = 0x80;
    vector.bytes[256] = 0x01;
    g_assert_cmpuint(ovec_property(&vector, bytes), ==, 257);
    g_assert_cmphex(bytes[0], ==, 0xff);
    g_assert_cmphex(bytes[256], ==, 0x01);
}

static void
agreement_is_the_common_part_and_in_the_tree(void)
{
    static const guint8 agreed[27] = {
        [0] = 25, [5] = 0x80, [6] = 0x04, [23] = 0x40, [24] = 0x40, [26] = 0x40};
    const guint8 *property;
    /* A copy: libfdt wants the tree aligned, and behind its header it is not. */
    g_autofree guint8 *tree = g_malloc(0x20000);
    int n = 0;
    Rig rig;

    rig_init(&rig, NULL);
    put_request(&rig);
    g_assert_cmpint(RIG_HCALL(&rig, H_CAS, ASK, TREE, 0x20000), ==, H_SUCCESS);
    g_assert_cmpmem(rig.host->ram + TREE, 4, "\0\0\0\1", 4);
    memcpy(tree, rig.host->ram + TREE + 4, 0x20000);
    g_assert_cmpint(fdt_check_full(tree, 0x20000), ==, 0);
    property = fdt_getprop(tree, fdt_path_offset(tree, "/chosen"), "ibm,architecture-vec-5", &n);
    g_assert_cmpmem(property, n, agreed, sizeof(agreed));

    /* less asked, less agreed; a reset forgets it */
    rig.host->ram[ASK + VECTOR_5 + 5] = 0;
    g_assert_cmpint(RIG_HCALL(&rig, H_CAS, ASK, TREE, 0x20000), ==, H_SUCCESS);
    g_assert_cmphex(rig.platform->cas.agreed.bytes[6], ==, 0);
    pseries_class.reset(rig.platform, NULL);
    g_assert_cmphex(rig.platform->cas.agreed.bytes[6], ==, 0x04);
    rig_finish(&rig);
}

static void
guest_that_needs_the_old_ways_is_refused(void)
{
    static const struct {
        guint byte;
        guint8 value;
    } old[] = {{23, 0x00}, {24, 0x00}, {26, 0x00}, {23, 0xc0}, {24, 0xc0}};
    Rig rig;

    rig_init(&rig, NULL);
    for (guint i = 0; i < G_N_ELEMENTS(old); i++) {
        put_request(&rig);
        rig.host->ram[ASK + VECTOR_5 + old[i].byte - 1] = old[i].value;
        g_assert_cmpint(RIG_HCALL(&rig, H_CAS, ASK, TREE, 0x20000), ==, H_PARAMETER);
        g_assert_cmphex(rig.platform->cas.agreed.bytes[24], ==, 0x40);
    }
    rig_finish(&rig);
}

static void
bad_buffers_change_nothing(void)
{
    Rig rig;

    rig_init(&rig, NULL);
    put_request(&rig);
    rig.host->ram[ASK + VECTOR_5 + 5] = 0;
    g_assert_cmpint(RIG_HCALL(&rig, H_CAS, ASK, TREE, 3), ==, H_P3);
    g_assert_cmpint(RIG_HCALL(&rig, H_CAS, ASK, TREE, 0x100), ==, H_P3);
    g_assert_cmpint(RIG_HCALL(&rig, H_CAS, ASK, RIG_RAM - 64, 0x20000), ==, H_P2);
    g_assert_cmpint(RIG_HCALL(&rig, H_CAS, ASK, G_MAXUINT64, G_MAXUINT64), ==, H_P2);
    g_assert_cmpint(RIG_HCALL(&rig, H_CAS, RIG_RAM - 4, TREE, 0x20000), ==, H_PARAMETER);
    g_assert_cmpint(RIG_HCALL(&rig, H_CAS, 0x100000, TREE, 0x20000), ==, H_PARAMETER); /* no end */
    g_assert_cmphex(rig.platform->cas.agreed.bytes[6], ==, 0x04);
    rig_finish(&rig);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/spapr/cas/vector", vector_is_found_among_the_others);
    g_test_add_func("/spapr/cas/vector/bounds", vectors_that_leave_ram_are_refused);
    g_test_add_func("/spapr/cas/property", property_ends_with_the_last_byte_that_counts);
    g_test_add_func("/spapr/cas/agree", agreement_is_the_common_part_and_in_the_tree);
    g_test_add_func("/spapr/cas/refuse", guest_that_needs_the_old_ways_is_refused);
    g_test_add_func("/spapr/cas/buffers", bad_buffers_change_nothing);
    return g_test_run();
}
