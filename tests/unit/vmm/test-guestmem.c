/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Guest addresses: edges, holes, neighbours, the wrap at 2^64; and at random against a flat copy.
 */
#include "vmm/guestmem.h"

#include <string.h>

#define MIB  (G_GUINT64_CONSTANT(1) << 20)
#define TOP  (-MIB) /* the last block ends at 2^64 */
#define HOLE (6 * MIB)

/* RAM at 2, 3, 4 (touching), a device at 5, a hole at 6, RAM at 7 and at the top; 1 MiB each. */
typedef struct {
    RamList *list;
    RamBlock *blocks[5];
} Fixture;

static const guint64 places[] = {3 * MIB, 2 * MIB, 4 * MIB, 7 * MIB, TOP};

static void
set_up(Fixture *f, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    RamBackendSpec spec = {.kind = RAM_BACKEND_RAM, .id = "ram", .size = MIB};

    f->list = ram_list_new();
    for (guint i = 0; i < G_N_ELEMENTS(places); i++) {
        f->blocks[i] = ram_block_new(f->list, &spec, &error);
        g_assert_no_error(error);
        ram_block_place(f->blocks[i], places[i], &error);
        g_assert_no_error(error);
    }
    ram_block_new_device(f->list, "device", 5 * MIB, MIB, 0x10000, &error);
    g_assert_no_error(error);
}

static void
tear_down(Fixture *f, gconstpointer data)
{
    ram_list_free(f->list);
}

static void
what_is_written_is_read_back(Fixture *f, gconstpointer data)
{
    char text[6] = "";

    g_assert_true(guestmem_write(f->list, 3 * MIB + 77, "hello", 6));
    g_assert_true(guestmem_read(f->list, 3 * MIB + 77, text, 6));
    g_assert_cmpstr(text, ==, "hello");
    g_assert_cmpmem(f->blocks[0]->host + 77, 6, "hello", 6);
}

static void
a_range_may_span_blocks_that_touch(Fixture *f, gconstpointer data)
{
    g_autofree guint8 *pattern = g_malloc(MIB + 16);
    g_autofree guint8 *back = g_malloc0(MIB + 16);

    for (gsize i = 0; i < MIB + 16; i++)
        pattern[i] = (guint8)(i * 7 + i / 256);
    /* 8 bytes of the first block, all of the second, 8 of the third */
    g_assert_true(guestmem_write(f->list, 3 * MIB - 8, pattern, MIB + 16));
    g_assert_true(guestmem_read(f->list, 3 * MIB - 8, back, MIB + 16));
    g_assert_cmpmem(back, MIB + 16, pattern, MIB + 16);
    g_assert_cmpmem(f->blocks[1]->host + MIB - 8, 8, pattern, 8);
    g_assert_cmpmem(f->blocks[2]->host, 8, pattern + MIB + 8, 8);
}

typedef struct {
    guint64 gpa, n;
    gboolean is_ram;
} Range;

static const Range ranges[] = {
    {2 * MIB, 3 * MIB, TRUE},
    {2 * MIB, 3 * MIB + 1, FALSE}, /* into the device */
    {2 * MIB - 1, 1, FALSE},
    {2 * MIB - 1, 2, FALSE},
    {5 * MIB - 1, 1, TRUE},
    {5 * MIB, 1, FALSE},
    {HOLE, 1, FALSE},
    {7 * MIB - 1, 2, FALSE}, /* from the hole */
    {7 * MIB, MIB, TRUE},
    {8 * MIB - 1, 2, FALSE},
    {TOP, MIB, TRUE},
    {G_MAXUINT64, 1, TRUE},
    {G_MAXUINT64, 2, FALSE}, /* wraps to 0 */
    {TOP, MIB + 1, FALSE},
    {TOP, G_MAXUINT64, FALSE},
    {3 * MIB, G_MAXUINT64, FALSE},
    {0, G_MAXUINT64, FALSE},
    {HOLE, 0, TRUE}, /* nothing is RAM anywhere */
};

static void
all_of_a_range_must_be_ram(Fixture *f, gconstpointer data)
{
    g_autofree guint8 *buffer = g_malloc0(4 * MIB);

    for (guint i = 0; i < G_N_ELEMENTS(ranges); i++) {
        const Range *r = &ranges[i];

        g_test_message("range %u", i);
        g_assert_cmpint(guestmem_is_ram(f->list, r->gpa, r->n), ==, r->is_ram);
        if (r->n > 4 * MIB && r->is_ram)
            continue;
        g_assert_cmpint(guestmem_read(f->list, r->gpa, buffer, r->n), ==, r->is_ram);
        g_assert_cmpint(guestmem_write(f->list, r->gpa, buffer, r->n), ==, r->is_ram);
    }
}

static void
a_refused_access_copies_nothing(Fixture *f, gconstpointer data)
{
    guint8 buffer[16];

    memset(buffer, 0xaa, sizeof(buffer));
    memset(f->blocks[2]->host + MIB - 8, 0x11, 8);
    g_assert_false(guestmem_read(f->list, 5 * MIB - 8, buffer, sizeof(buffer)));
    g_assert_cmpuint(buffer[0], ==, 0xaa);
    g_assert_false(guestmem_write(f->list, 5 * MIB - 8, buffer, sizeof(buffer)));
    g_assert_cmpuint(f->blocks[2]->host[MIB - 8], ==, 0x11);
}

static void
a_map_lies_in_one_block(Fixture *f, gconstpointer data)
{
    g_assert_true(guestmem_map(f->list, 3 * MIB + 16, 32) == f->blocks[0]->host + 16);
    g_assert_nonnull(guestmem_map(f->list, 3 * MIB, MIB));
    g_assert_null(guestmem_map(f->list, 3 * MIB, MIB + 1));
    g_assert_null(guestmem_map(f->list, 3 * MIB, 0));
    g_assert_null(guestmem_map(f->list, 5 * MIB, 1));
    g_assert_null(guestmem_map(f->list, HOLE, 1));
    g_assert_nonnull(guestmem_map(f->list, G_MAXUINT64, 1));
    g_assert_null(guestmem_map(f->list, G_MAXUINT64, 2));
}

static void
writes_and_writable_maps_are_marked_dirty(Fixture *f, gconstpointer data)
{
    guint8 *bytes;
    guint8 word[8] = {0};

    for (guint i = 0; i < G_N_ELEMENTS(f->blocks); i++)
        ram_block_track_dirty(f->blocks[i], TRUE);
    g_assert_true(guestmem_write(f->list, 4 * MIB - 4, word, 8));
    g_assert_cmphex(ram_block_fetch_dirty(f->blocks[0], 3), ==, G_GUINT64_CONSTANT(1) << 63);
    g_assert_cmphex(ram_block_fetch_dirty(f->blocks[2], 0), ==, 1);
    g_assert_true(guestmem_read(f->list, 3 * MIB, word, 8));
    g_assert_nonnull(guestmem_map(f->list, 3 * MIB, 8));
    g_assert_cmphex(ram_block_fetch_dirty(f->blocks[0], 0), ==, 0);
    bytes = guestmem_map_writable(f->list, 3 * MIB + 0x1000, 0x3000);
    bytes[0] = 1;
    guestmem_unmap(f->list, 3 * MIB + 0x1000, 0);
    g_assert_cmphex(ram_block_fetch_dirty(f->blocks[0], 0), ==, 0);
    guestmem_unmap(f->list, 3 * MIB + 0x1000, 0x1001);
    g_assert_cmphex(ram_block_fetch_dirty(f->blocks[0], 0), ==, 6);
}

static void
memory_that_went_is_no_longer_found(Fixture *f, gconstpointer data)
{
    guint8 byte;

    g_assert_true(guestmem_read(f->list, 7 * MIB, &byte, 1));
    ram_block_free(f->blocks[3]);
    g_assert_false(guestmem_read(f->list, 7 * MIB, &byte, 1));
    g_assert_true(guestmem_read(f->list, 3 * MIB, &byte, 1));
}

/* Against a flat copy of 1…9 MiB in which a byte map says what is RAM. */
static void
random_accesses_agree_with_flat_memory(Fixture *f, gconstpointer data)
{
    g_autofree guint8 *flat = g_malloc0(9 * MIB);
    g_autofree guint8 *buffer = g_malloc0(3 * MIB);
    g_autofree guint8 *back = g_malloc0(3 * MIB);
    static const gboolean is_ram[9] = {0, 0, 1, 1, 1, 0, 0, 1, 0};

    for (guint round = 0; round < 2000; round++) {
        guint64 gpa = MIB + (guint64)g_test_rand_int_range(0, 7 * MIB);
        gsize n = (gsize)g_test_rand_int_range(1, round % 16 == 0 ? 2 * MIB : 300);
        gboolean expected = TRUE;

        if (gpa + n > 9 * MIB)
            continue;
        for (guint64 at = gpa / MIB; at <= (gpa + n - 1) / MIB; at++)
            expected = expected && is_ram[at];
        memset(buffer, g_test_rand_int_range(0, 256), n);
        g_assert_cmpint(guestmem_write(f->list, gpa, buffer, n), ==, expected);
        if (!expected)
            continue;
        memcpy(flat + gpa, buffer, n);
        gpa = 2 * MIB + (guint64)g_test_rand_int_range(0, 2 * MIB);
        g_assert_true(guestmem_read(f->list, gpa, back, MIB / 2));
        g_assert_cmpmem(back, MIB / 2, flat + gpa, MIB / 2);
    }
}

typedef struct {
    const char *name;
    void (*run)(Fixture *, gconstpointer);
} Case;

#define CASE(function)                   \
    {                                    \
        "/guestmem/" #function, function \
    }

static const Case cases[] = {
    CASE(what_is_written_is_read_back),
    CASE(a_range_may_span_blocks_that_touch),
    CASE(all_of_a_range_must_be_ram),
    CASE(a_refused_access_copies_nothing),
    CASE(a_map_lies_in_one_block),
    CASE(writes_and_writable_maps_are_marked_dirty),
    CASE(memory_that_went_is_no_longer_found),
    CASE(random_accesses_agree_with_flat_memory),
};

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL); /* prints the seed */
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++)
        g_test_add(cases[i].name, Fixture, NULL, set_up, cases[i].run, tear_down);
    return g_test_run();
}
