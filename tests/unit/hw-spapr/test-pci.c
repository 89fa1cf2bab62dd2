/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The host bridge: DMA windows by hypercall and by RTAS, the answers of an empty bus, literal bytes
 * of its sections, and those of the idle XICS of a dual machine.
 *
 * Bytes marked (seen) stood in streams of stock QEMU 7.2.
 */
#include <string.h>

#include "tests/unit/hw-spapr/platform-rig.h"
#include "tests/unit/migration-glue/wire-rig.h"

#define WINDOW32  0x80000000u
#define WINDOW64  0x80000001u
#define ENTRIES   0x40000u
#define BUID      0x8000000u, 0x20000000u
#define LIST      0x10000u
#define READWRITE 3u

static guint64
entry(Rig *rig, guint64 liobn, guint64 address)
{
    g_assert_cmpint(RIG_HCALL(rig, H_GET_TCE, liobn, address), ==, H_SUCCESS);
    return rig->args[0];
}

/* --- Hypercalls ---------------------------------------------------------- */

static void
an_entry_is_read_as_it_was_put(void)
{
    Rig rig;

    rig_init(&rig, NULL);
    g_assert_cmphex(entry(&rig, WINDOW32, 0x5000), ==, 0);
    g_assert_cmpint(RIG_HCALL(&rig, H_PUT_TCE, WINDOW32, 0x5678, 0x123000 | READWRITE), ==,
                    H_SUCCESS);
    g_assert_cmphex(entry(&rig, WINDOW32, 0x5000), ==, 0x123003);
    g_assert_cmphex(entry(&rig, WINDOW32, 0x6000), ==, 0);
    rig_finish(&rig);
}

static void
what_no_window_has_is_a_wrong_parameter(void)
{
    Rig rig;

    rig_init(&rig, NULL);
    for (guint i = 0; i < 2; i++) {
        const guint64 liobn = i == 0 ? 0x71000000 : WINDOW64; /* nobody's, and a closed one */

        g_assert_cmpint(RIG_HCALL(&rig, H_PUT_TCE, liobn, 0, 3), ==, H_PARAMETER);
        g_assert_cmpint(RIG_HCALL(&rig, H_GET_TCE, liobn, 0), ==, H_PARAMETER);
        g_assert_cmpint(RIG_HCALL(&rig, H_STUFF_TCE, liobn, 0, 0, 1), ==, H_PARAMETER);
        g_assert_cmpint(RIG_HCALL(&rig, H_PUT_TCE_INDIRECT, liobn, 0, LIST, 1), ==, H_PARAMETER);
    }
    g_assert_cmpint(RIG_HCALL(&rig, H_PUT_TCE, WINDOW32, (guint64)ENTRIES << 12, 3), ==,
                    H_PARAMETER);
    g_assert_cmpint(RIG_HCALL(&rig, H_GET_TCE, WINDOW32, G_MAXUINT64), ==, H_PARAMETER);
    g_assert_cmpint(RIG_HCALL(&rig, H_PUT_TCE, WINDOW32, ((guint64)ENTRIES << 12) - 1, 3), ==,
                    H_SUCCESS);
    rig_finish(&rig);
}

static void
many_entries_are_put_at_once(void)
{
    static const guint64 list[] = {0x1003, 0x2001, 0x3002};
    Rig rig;

    rig_init(&rig, NULL);
    for (guint i = 0; i < G_N_ELEMENTS(list); i++) {
        const guint64 word = GUINT64_TO_BE(list[i]);

        memcpy(rig.host->ram + LIST + 8 * i, &word, sizeof(word));
    }
    g_assert_cmpint(RIG_HCALL(&rig, H_PUT_TCE_INDIRECT, WINDOW32, 0x8000, LIST, 3), ==, H_SUCCESS);
    for (guint i = 0; i < G_N_ELEMENTS(list); i++)
        g_assert_cmphex(entry(&rig, WINDOW32, 0x8000 + 0x1000 * i), ==, list[i]);
    g_assert_cmpint(RIG_HCALL(&rig, H_STUFF_TCE, WINDOW32, 0x9000, 0x7003, 2), ==, H_SUCCESS);
    g_assert_cmphex(entry(&rig, WINDOW32, 0x8000), ==, 0x1003);
    g_assert_cmphex(entry(&rig, WINDOW32, 0x9000), ==, 0x7003);
    g_assert_cmphex(entry(&rig, WINDOW32, 0xa000), ==, 0x7003);
    g_assert_cmphex(entry(&rig, WINDOW32, 0xb000), ==, 0);
    rig_finish(&rig);
}

static void
lists_and_counts_are_checked_before_anything_is_put(void)
{
    Rig rig;

    rig_init(&rig, NULL);
    g_assert_cmpint(RIG_HCALL(&rig, H_PUT_TCE_INDIRECT, WINDOW32, 0, LIST + 8, 1), ==, H_PARAMETER);
    g_assert_cmpint(RIG_HCALL(&rig, H_PUT_TCE_INDIRECT, WINDOW32, 0, LIST, 513), ==, H_PARAMETER);
    g_assert_cmpint(RIG_HCALL(&rig, H_PUT_TCE_INDIRECT, WINDOW32, 0, RIG_RAM, 1), ==, H_PARAMETER);
    g_assert_cmpint(RIG_HCALL(&rig, H_STUFF_TCE, WINDOW32, 0, 3, ENTRIES + 1), ==, H_PARAMETER);
    g_assert_cmphex(entry(&rig, WINDOW32, 0), ==, 0);
    g_assert_cmpint(RIG_HCALL(&rig, H_PUT_TCE_INDIRECT, WINDOW32, 0, LIST, 0), ==, H_SUCCESS);
    rig_finish(&rig);
}

static void
a_reset_empties_the_window(void)
{
    Rig rig;

    rig_init(&rig, NULL);
    g_assert_cmpint(RIG_HCALL(&rig, H_PUT_TCE, WINDOW32, 0, 3), ==, H_SUCCESS);
    g_assert_true(pseries_class.reset(rig.platform, NULL));
    g_assert_cmphex(entry(&rig, WINDOW32, 0), ==, 0);
    rig_finish(&rig);
}

/* --- RTAS ---------------------------------------------------------------- */

static void
nothing_answers_on_the_bus(void)
{
    Rig rig;

    rig_init(&rig, NULL);
    g_assert_cmpint(RIG_RTAS(&rig, rig_token("ibm,read-pci-config"), 2, 0, BUID, 4), ==,
                    RTAS_PARAM_ERROR);
    g_assert_cmphex(rig.rets[1], ==, G_MAXUINT32);
    g_assert_cmpint(RIG_RTAS(&rig, rig_token("ibm,write-pci-config"), 1, 4, BUID, 4, 7), ==,
                    RTAS_PARAM_ERROR);
    g_assert_cmpint(RIG_RTAS(&rig, rig_token("ibm,change-msi"), 3, 0, BUID, 1, 1, 0), ==,
                    RTAS_PARAM_ERROR);
    g_assert_cmpint(RIG_RTAS(&rig, rig_token("ibm,query-interrupt-source-number"), 3, 0, BUID, 0),
                    ==, RTAS_PARAM_ERROR);
    rig_finish(&rig);
}

static gint32
create(Rig *rig, guint32 page_shift, guint32 shift)
{
    return RIG_RTAS(rig, rig_token("ibm,create-pe-dma-window"), 4, 0, BUID, page_shift, shift);
}

static void
a_second_window_can_be_made_used_and_removed(void)
{
    const guint64 there = G_GUINT64_CONSTANT(0x800000000000000);
    Rig rig;

    rig_init(&rig, NULL);
    g_assert_cmpint(RIG_RTAS(&rig, rig_token("ibm,query-pe-dma-window"), 5, 0, BUID), ==, RTAS_OK);
    g_assert_cmpuint(rig.rets[1], ==, 1);
    g_assert_cmphex(rig.rets[2], ==, ENTRIES); /* 1 GiB at least */
    g_assert_cmphex(rig.rets[3], ==, 0x107);
    g_assert_cmpint(RIG_RTAS(&rig, rig_token("ibm,query-pe-dma-window"), 6, 0, BUID), ==, RTAS_OK);
    g_assert_cmphex(rig.rets[2], ==, 0);
    g_assert_cmphex(rig.rets[3], ==, ENTRIES);
    g_assert_cmpint(create(&rig, 16, 28), ==, RTAS_OK);
    g_assert_cmphex(rig.rets[1], ==, WINDOW64);
    g_assert_cmphex(rig.rets[2], ==, there >> 32);
    g_assert_cmphex(rig.rets[3], ==, 0);
    g_assert_cmpint(RIG_HCALL(&rig, H_PUT_TCE, WINDOW64, there + 0x1ffff, 3), ==, H_SUCCESS);
    g_assert_cmphex(entry(&rig, WINDOW64, there + 0x10000), ==, 3);
    g_assert_cmpint(RIG_HCALL(&rig, H_PUT_TCE, WINDOW64, 0, 3), ==, H_PARAMETER);
    g_assert_cmpint(create(&rig, 16, 28), ==, RTAS_HW_ERROR); /* no third */
    g_assert_cmpint(RIG_RTAS(&rig, rig_token("ibm,remove-pe-dma-window"), 1, WINDOW64), ==,
                    RTAS_OK);
    g_assert_cmpint(RIG_RTAS(&rig, rig_token("ibm,remove-pe-dma-window"), 1, WINDOW64), ==,
                    RTAS_PARAM_ERROR);
    g_assert_cmpint(RIG_HCALL(&rig, H_GET_TCE, WINDOW64, there), ==, H_PARAMETER);
    rig_finish(&rig);
}

static void
windows_of_impossible_size_are_refused(void)
{
    static const struct {
        guint32 page_shift, shift;
    } bad[] = {{13, 30}, {16, 15}, {12, 31}, {16, 64}, {24, 0xffffffff}, {0, 30}};
    Rig rig;

    rig_init(&rig, NULL);
    for (guint i = 0; i < G_N_ELEMENTS(bad); i++)
        g_assert_cmpint(create(&rig, bad[i].page_shift, bad[i].shift), ==, RTAS_PARAM_ERROR);
    g_assert_cmpint(RIG_RTAS(&rig, rig_token("ibm,create-pe-dma-window"), 4, 0, 1, 2, 16, 28), ==,
                    RTAS_PARAM_ERROR); /* another bridge's */
    rig_finish(&rig);
}

static void
the_default_window_comes_back_by_reset(void)
{
    Rig rig;

    rig_init(&rig, NULL);
    g_assert_cmpint(RIG_RTAS(&rig, rig_token("ibm,remove-pe-dma-window"), 1, WINDOW32), ==,
                    RTAS_OK);
    g_assert_cmpint(RIG_HCALL(&rig, H_GET_TCE, WINDOW32, 0), ==, H_PARAMETER);
    g_assert_cmpint(create(&rig, 12, 30), ==, RTAS_OK); /* in its place */
    g_assert_cmphex(rig.rets[1], ==, WINDOW32);
    g_assert_cmphex(rig.rets[2], ==, 0);
    g_assert_cmpint(RIG_RTAS(&rig, rig_token("ibm,reset-pe-dma-window"), 1, 0, BUID), ==, RTAS_OK);
    g_assert_true(rig.platform->pci.windows[0].default_window);
    g_assert_cmphex(entry(&rig, WINDOW32, 0), ==, 0);
    rig_finish(&rig);
}

/* --- Bytes --------------------------------------------------------------- */

#define PCI_BYTES "0800000020000000 00001200 00001201 00001202 00001203 00000000" /* (seen) */
#define CLOSED                                                 \
    "80000001 00000000 00 00 05 0e 'spapr_iommu_ex' 00000001 " \
    "0000000000000000 00000000" /* (seen) */
#define OPENED                                                   \
    "80000001 00000002 00 0000000000001003 0000000000000000 00 " \
    "05 0e 'spapr_iommu_ex' 00000001 0800000000000000 00000010"

static void
bridge_and_bus_are_those_of_qemu(void)
{
    Rig rig;

    rig_init(&rig, NULL);
    wire_assert_saves(&state_pci, &rig.platform->pci, PCI_BYTES);
    wire_assert_loads(&state_pci, &rig.platform->pci, 2, PCI_BYTES);
    wire_assert_saves(&state_pci_bus, &rig.platform->pci.bus,
                      "00000004 00000000 00000000 00000000 00000000"); /* (seen) */
    rig_finish(&rig);
}

static void
a_default_window_is_its_entries_between_head_and_mark(void)
{
    GError *error = NULL;
    g_autoptr(GByteArray) bytes = NULL;
    Rig rig;

    rig_init(&rig, NULL);
    g_assert_cmpint(RIG_HCALL(&rig, H_PUT_TCE, WINDOW32, 0x1000, 0x123003), ==, H_SUCCESS);
    bytes = wire_save(&state_iommu, &rig.platform->pci.windows[0], &wire_context, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(bytes->len, ==, 2097162); /* (seen) */
    g_assert_cmpmem(bytes->data, 9, "\x80\x00\x00\x00\x00\x04\x00\x00\x00", 9);
    g_assert_cmpmem(bytes->data + 9, 16, "\0\0\0\0\0\0\0\0\0\0\0\0\0\x12\x30\x03", 16);
    g_assert_cmpuint(bytes->data[bytes->len - 1], ==, 1);
    rig_finish(&rig);
}

static void
a_window_that_the_guest_made_travels(void)
{
    Iommu *window;
    Rig rig;

    rig_init(&rig, NULL);
    window = &rig.platform->pci.windows[1];
    wire_assert_saves(&state_iommu, window, CLOSED);
    wire_assert_loads(&state_iommu, window, 3, OPENED);
    g_assert_cmphex(entry(&rig, WINDOW64, G_GUINT64_CONSTANT(0x800000000000000)), ==, 0x1003);
    wire_assert_saves(&state_iommu, window, OPENED);
    wire_assert_loads(&state_iommu, window, 3, CLOSED);
    g_assert_cmpint(RIG_HCALL(&rig, H_GET_TCE, WINDOW64, 0), ==, H_PARAMETER);
    rig_finish(&rig);
}

static void
impossible_windows_and_foreign_devices_are_refused(void)
{
    Rig rig;
    PciHost *pci;

    rig_init(&rig, NULL);
    pci = &rig.platform->pci;
    wire_assert_refuses(&state_iommu, &pci->windows[1], sizeof(Iommu), 3, "80000000 00000000 00 00",
                        MIG_ERROR_MISMATCH, "liobn");
    wire_assert_refuses(&state_iommu, &pci->windows[1], sizeof(Iommu), 3, "80000001 01000001 00",
                        MIG_ERROR_VALUE, "16777217");
    wire_assert_refuses(&state_iommu, &pci->windows[1], sizeof(Iommu), 3,
                        "80000001 00000001 00 0000000000000000 00 05 0e 'spapr_iommu_ex' 00000001 "
                        "0000000000000000 00000040",
                        MIG_ERROR_STATE, "1 << 64");
    wire_assert_refuses(&state_pci, pci, sizeof(*pci), 2,
                        "0800000020000000 00001200 00001201 00001202 00001203 00000001 "
                        "00000800 00001300 00000002",
                        MIG_ERROR_STATE, "the guest has a PCI device");
    rig_finish(&rig);
}

static void
no_hash_table_is_one_word_and_any_other_is_refused(void)
{
    HashTable table = {HASH_TABLE_NONE};

    wire_assert_saves(&state_htab, &table, "ffffffff"); /* (seen) */
    wire_assert_loads(&state_htab, &table, 1, "ffffffff");
    wire_assert_refuses(&state_htab, &table, sizeof(table), 1, "00000015", MIG_ERROR_STATE,
                        "a hash page table (1 << 21 bytes)");
}

static void
an_idle_xics_is_sent_whatever_came(void)
{
    GError *error = NULL;
    g_autoptr(GByteArray) bytes = NULL;
    const guint8 *at;
    Rig rig;

    rig_make(&rig, NULL);
    fake_host_set(rig.platform, pseries_class.props, "ic-mode", IC_MODE_DUAL);
    g_assert_true(rig_realize(&rig, NULL, NULL));
    wire_assert_loads(&state_icp, &rig.platform->xics.icps[1], 1, "05000010 04 03");
    wire_assert_saves(&state_icp, &rig.platform->xics.icps[1], "00000000 ff ff"); /* (seen) */
    rig.platform->xics.ics.irqs[0].server = 7;
    bytes = wire_save(&state_ics, &rig.platform->xics.ics, &wire_context, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(bytes->len, ==, 32772); /* (seen) */
    at = bytes->data + 4;
    g_assert_cmpmem(at, 8, "\0\0\0\0\xff\xff\0\x02", 8);             /* EPOW (seen) */
    g_assert_cmpmem(at + 8 * 2, 8, "\0\0\0\0\xff\xff\0\0", 8);       /* nobody's (seen) */
    g_assert_cmpmem(at + 8 * 0x100, 8, "\0\0\0\0\xff\xff\0\x02", 8); /* VIO (seen) */
    g_assert_cmpmem(at + 8 * 0x203, 8, "\0\0\0\0\xff\xff\0\x01", 8); /* the bridge's (seen) */
    g_assert_cmpmem(at + 8 * 0x204, 8, "\0\0\0\0\xff\xff\0\0", 8);
    rig_finish(&rig);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define TEST(name) g_test_add_func("/spapr-pci/" #name, name)
    TEST(an_entry_is_read_as_it_was_put);
    TEST(what_no_window_has_is_a_wrong_parameter);
    TEST(many_entries_are_put_at_once);
    TEST(lists_and_counts_are_checked_before_anything_is_put);
    TEST(a_reset_empties_the_window);
    TEST(nothing_answers_on_the_bus);
    TEST(a_second_window_can_be_made_used_and_removed);
    TEST(windows_of_impossible_size_are_refused);
    TEST(the_default_window_comes_back_by_reset);
    TEST(bridge_and_bus_are_those_of_qemu);
    TEST(a_default_window_is_its_entries_between_head_and_mark);
    TEST(a_window_that_the_guest_made_travels);
    TEST(impossible_windows_and_foreign_devices_are_refused);
    TEST(no_hash_table_is_one_word_and_any_other_is_refused);
    TEST(an_idle_xics_is_sent_whatever_came);
    return g_test_run();
}
