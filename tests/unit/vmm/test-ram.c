/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory blocks: backings, places, registration for migration, the VMM's dirty bits.
 */
#include "vmm/ram.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define MIB (G_GUINT64_CONSTANT(1) << 20)

typedef struct {
    RamList *list;
    char *directory;
    char *file; /* not made yet */
} Fixture;

static void
set_up(Fixture *f, gconstpointer data)
{
    g_autoptr(GError) error = NULL;

    f->list = ram_list_new();
    f->directory = g_dir_make_tmp("test-ram-XXXXXX", &error);
    g_assert_no_error(error);
    f->file = g_build_filename(f->directory, "memory", NULL);
}

static void
tear_down(Fixture *f, gconstpointer data)
{
    ram_list_free(f->list);
    g_unlink(f->file);
    g_assert_cmpint(g_rmdir(f->directory), ==, 0); /* nothing else was left there */
    g_free(f->file);
    g_free(f->directory);
}

static RamBlock *
must_make(RamList *list, RamBackendSpec spec)
{
    g_autoptr(GError) error = NULL;
    RamBlock *block;

    if (spec.id == NULL)
        spec.id = "ram0";
    block = ram_block_new(list, &spec, &error);
    g_assert_no_error(error);
    g_assert_nonnull(block);
    return block;
}

static char *
must_refuse(RamList *list, RamBackendSpec spec, gboolean usage)
{
    g_autoptr(GError) error = NULL;
    guint before = ram_list_length(list);

    if (spec.id == NULL)
        spec.id = "ram0";
    g_assert_null(ram_block_new(list, &spec, &error));
    g_assert_nonnull(error);
    g_assert_true((error->domain == G_OPTION_ERROR) == usage);
    g_assert_nonnull(strstr(error->message, spec.id));
    g_assert_null(strchr(error->message, '\n'));
    g_assert_cmpuint(ram_list_length(list), ==, before);
    return g_strdup(error->message);
}

#define assert_says(message, words) g_assert_nonnull(strstr((message), (words)))

static void
anonymous_memory_is_zero_writable_and_aligned(Fixture *f, gconstpointer data)
{
    RamBlock *block = must_make(f->list, (RamBackendSpec){.size = 4 * MIB});

    g_assert_cmpuint((gsize)block->host % (2 * MIB), ==, 0);
    g_assert_cmpuint(block->size, ==, 4 * MIB);
    g_assert_cmpuint(block->used_length, ==, 4 * MIB);
    g_assert_cmpint(block->fd, ==, -1);
    g_assert_cmpuint(block->host[0] | block->host[4 * MIB - 1], ==, 0);
    memset(block->host, 0x5a, 4 * MIB);
    g_assert_false(block->placed);
    g_assert_false(block->migratable);
}

static void
sizes_that_are_no_whole_pages_are_refused(Fixture *f, gconstpointer data)
{
    static const guint64 sizes[] = {0, 1, 4 * MIB + 1, G_MAXUINT64, G_MAXUINT64 - 0xfff};

    for (guint kind = RAM_BACKEND_RAM; kind <= RAM_BACKEND_MEMFD; kind++) {
        for (guint i = 0; i < G_N_ELEMENTS(sizes); i++) {
            RamBackendSpec spec = {.kind = kind, .size = sizes[i], .path = NULL};
            g_autofree char *message = NULL;

            if (kind == RAM_BACKEND_FILE)
                spec.path = f->file;
            message = must_refuse(f->list, spec, TRUE);
            assert_says(message, "multiple of the page size");
            /* and no file was left behind */
            g_assert_false(g_file_test(f->file, G_FILE_TEST_EXISTS));
        }
    }
}

static void
memory_beyond_the_address_space_is_the_hosts_failure(Fixture *f, gconstpointer data)
{
    g_autofree char *message =
        must_refuse(f->list, (RamBackendSpec){.size = G_GUINT64_CONSTANT(1) << 62}, FALSE);

    assert_says(message, "ask for less memory");
}

static void
a_new_file_gets_the_size_and_stays(Fixture *f, gconstpointer data)
{
    RamBlock *block = must_make(
        f->list,
        (RamBackendSpec){.kind = RAM_BACKEND_FILE, .size = MIB, .path = f->file, .share = TRUE});
    g_autofree char *contents = NULL;
    gsize length;

    memcpy(block->host + MIB - 4, "last", 4);
    ram_block_free(block);
    g_assert_true(g_file_get_contents(f->file, &contents, &length, NULL));
    g_assert_cmpuint(length, ==, MIB);
    g_assert_cmpmem(contents + MIB - 4, 4, "last", 4);
}

static void
a_private_file_keeps_its_bytes_from_the_guest(Fixture *f, gconstpointer data)
{
    RamBackendSpec spec = {.kind = RAM_BACKEND_FILE, .size = MIB, .path = f->file};
    g_autofree char *contents = NULL;
    RamBlock *block = must_make(f->list, spec);

    memcpy(block->host, "guest", 5);
    g_assert_true(g_file_get_contents(f->file, &contents, NULL, NULL));
    g_assert_cmpuint((guint8)contents[0], ==, 0);
}

static void
a_file_that_is_too_small_is_refused_untouched(Fixture *f, gconstpointer data)
{
    RamBackendSpec spec = {.kind = RAM_BACKEND_FILE, .size = MIB, .path = f->file, .share = TRUE};
    g_autofree char *message = NULL;
    g_autofree char *contents = NULL;

    g_assert_true(g_file_set_contents(f->file, "precious", -1, NULL));
    message = must_refuse(f->list, spec, TRUE);
    assert_says(message, f->file);
    assert_says(message, "has 0x8 bytes, size asks for 0x100000");
    g_assert_true(g_file_get_contents(f->file, &contents, NULL, NULL));
    g_assert_cmpstr(contents, ==, "precious");
}

static void
a_larger_file_is_used_and_not_cut(Fixture *f, gconstpointer data)
{
    RamBackendSpec spec = {.kind = RAM_BACKEND_FILE, .size = MIB, .path = f->file, .share = TRUE};
    RamBlock *block;
    GStatBuf info;
    gint fd = g_open(f->file, O_RDWR | O_CREAT, 0600);

    g_assert_cmpint(ftruncate(fd, 2 * MIB), ==, 0);
    g_assert_cmpint(pwrite(fd, "old", 3, 0), ==, 3);
    close(fd);
    block = must_make(f->list, spec);
    g_assert_cmpmem(block->host, 3, "old", 3);
    ram_block_free(block);
    g_assert_cmpint(g_stat(f->file, &info), ==, 0);
    g_assert_cmpuint((guint64)info.st_size, ==, 2 * MIB);
}

static void
a_directory_gets_a_file_without_a_name(Fixture *f, gconstpointer data)
{
    RamBlock *block = must_make(
        f->list, (RamBackendSpec){
                     .kind = RAM_BACKEND_FILE, .size = MIB, .path = f->directory, .share = TRUE});
    GDir *directory = g_dir_open(f->directory, 0, NULL);

    block->host[0] = 1;
    g_assert_null(g_dir_read_name(directory));
    g_dir_close(directory);
    g_assert_true(ram_block_discard(block)); /* nobody else can have it */
    g_assert_cmpuint(block->host[0], ==, 0);
}

static void
what_is_no_file_is_refused(Fixture *f, gconstpointer data)
{
    g_autofree char *absent = g_build_filename(f->directory, "no", "such", NULL);
    RamBackendSpec spec = {.kind = RAM_BACKEND_FILE, .size = MIB, .path = "/dev/null"};
    g_autofree char *device = must_refuse(f->list, spec, TRUE);
    g_autofree char *nowhere = NULL, *empty = NULL;

    assert_says(device, "/dev/null");
    assert_says(device, "neither a file nor a directory");
    spec.path = absent;
    nowhere = must_refuse(f->list, spec, FALSE);
    assert_says(nowhere, absent);
    assert_says(nowhere, "No such file");
    spec.path = NULL;
    empty = must_refuse(f->list, spec, TRUE);
    assert_says(empty, "needs a path");
}

static void
discard_throws_a_shared_files_bytes_away_at_the_end(Fixture *f, gconstpointer data)
{
    RamBackendSpec spec = {
        .kind = RAM_BACKEND_FILE, .size = MIB, .path = f->file, .share = TRUE, .discard = TRUE};
    RamBlock *block = must_make(f->list, spec);
    g_autofree char *contents = NULL;
    gsize length;

    block->host[5] = 7;
    ram_block_free(block);
    g_assert_true(g_file_get_contents(f->file, &contents, &length, NULL));
    g_assert_cmpuint(length, ==, MIB);
    g_assert_cmpuint((guint8)contents[5], ==, 0);
}

static void
a_memfd_is_shared_and_sealed(Fixture *f, gconstpointer data)
{
    RamBlock *block =
        must_make(f->list, (RamBackendSpec){.kind = RAM_BACKEND_MEMFD, .size = MIB, .share = TRUE});
    guint8 byte = 0;

    block->host[3] = 9;
    g_assert_cmpint(pread(block->fd, &byte, 1, 3), ==, 1);
    g_assert_cmpuint(byte, ==, 9);
    g_assert_cmpint(ftruncate(block->fd, 0), ==, -1);
    g_assert_cmpint(errno, ==, EPERM);
}

static void
a_private_memfd_hides_the_guests_writes(Fixture *f, gconstpointer data)
{
    RamBlock *block = must_make(f->list, (RamBackendSpec){.kind = RAM_BACKEND_MEMFD, .size = MIB});
    guint8 byte = 1;

    block->host[3] = 9;
    g_assert_cmpint(pread(block->fd, &byte, 1, 3), ==, 1);
    g_assert_cmpuint(byte, ==, 0);
}

static void
huge_pages_are_checked_before_they_are_asked_for(Fixture *f, gconstpointer data)
{
    RamBackendSpec spec = {
        .kind = RAM_BACKEND_MEMFD, .size = 3 * MIB, .hugetlb = TRUE, .hugepage_size = 2 * MIB};
    g_autofree char *odd = must_refuse(f->list, spec, TRUE);
    g_autofree char *strange = NULL, *wrong = NULL, *lonely = NULL;

    assert_says(odd, "multiple of the page size 0x200000");
    spec.hugepage_size = 3 * MIB;
    strange = must_refuse(f->list, spec, TRUE);
    assert_says(strange, "no huge page size");
    spec.kind = RAM_BACKEND_RAM;
    wrong = must_refuse(f->list, spec, TRUE);
    assert_says(wrong, "hugetlb");
    spec.hugetlb = FALSE;
    lonely = must_refuse(f->list, spec, TRUE);
    assert_says(lonely, "hugetlb=on");
}

static void
prealloc_takes_every_page(Fixture *f, gconstpointer data)
{
    RamBlock *block =
        must_make(f->list, (RamBackendSpec){.size = 4 * MIB, .prealloc = TRUE, .share = TRUE});
    gsize pages = 4 * MIB / block->page_size;
    g_autofree guchar *present = g_new0(guchar, pages);

    g_assert_cmpint(mincore(block->host, 4 * MIB, present), ==, 0);
    for (gsize i = 0; i < pages; i++)
        g_assert_true(present[i] & 1);
    block->host[0] = 1;
    g_assert_false(ram_block_discard(block)); /* what was paid for is kept */
    g_assert_cmpuint(block->host[0], ==, 1);
}

static void
discard_gives_back_what_is_the_guests_alone(Fixture *f, gconstpointer data)
{
    RamBackendSpec file = {.kind = RAM_BACKEND_FILE, .size = MIB, .path = f->file};
    RamBlock *blocks[] = {
        must_make(f->list, (RamBackendSpec){.size = MIB}),
        must_make(f->list, (RamBackendSpec){.size = MIB, .share = TRUE}),
        must_make(f->list, (RamBackendSpec){.kind = RAM_BACKEND_MEMFD, .size = MIB, .share = TRUE}),
        must_make(f->list, file),
    };
    RamBlock *shared_file;

    for (guint i = 0; i < G_N_ELEMENTS(blocks); i++) {
        memset(blocks[i]->host, 0xff, MIB);
        g_assert_true(ram_block_discard(blocks[i]));
        g_assert_cmpuint(blocks[i]->host[0] | blocks[i]->host[MIB - 1], ==, 0);
    }
    file.share = TRUE;
    shared_file = must_make(f->list, file);
    shared_file->host[0] = 1;
    g_assert_false(ram_block_discard(shared_file));
    g_assert_cmpuint(shared_file->host[0], ==, 1);
}

static gboolean
place(RamBlock *block, guint64 gpa)
{
    g_autoptr(GError) error = NULL;
    gboolean placed = ram_block_place(block, gpa, &error);

    g_assert_true(placed == (error == NULL));
    return placed;
}

static void
blocks_may_touch_but_not_overlap(Fixture *f, gconstpointer data)
{
    RamBlock *one = must_make(f->list, (RamBackendSpec){.size = 2 * MIB});
    RamBlock *two = must_make(f->list, (RamBackendSpec){.size = MIB, .id = "two"});

    g_assert_true(place(one, 4 * MIB));
    g_assert_false(place(two, 4 * MIB));
    g_assert_false(place(two, 5 * MIB));
    g_assert_false(place(two, 3 * MIB + 0x10000));
    g_assert_true(place(two, 3 * MIB));
    g_assert_true(ram_list_at(f->list, 4 * MIB - 1) == two);
    g_assert_true(ram_list_at(f->list, 4 * MIB) == one);
    g_assert_null(ram_list_at(f->list, 3 * MIB - 1));
    g_assert_null(ram_list_at(f->list, 6 * MIB));
    ram_block_unplace(two);
    g_assert_null(ram_list_at(f->list, 4 * MIB - 1));
    g_assert_true(place(two, 6 * MIB));
}

static void
a_place_at_the_end_of_all_addresses_is_good_and_beyond_it_not(Fixture *f, gconstpointer data)
{
    RamBlock *block = must_make(f->list, (RamBackendSpec){.size = MIB});

    g_assert_false(place(block, -(guint64)(MIB / 2)));
    g_assert_false(place(block, 1));
    g_assert_true(place(block, -MIB));
    g_assert_true(ram_list_at(f->list, G_MAXUINT64) == block);
}

static gboolean
registers(RamBlock *block, const char *idstr)
{
    g_autoptr(GError) error = NULL;
    gboolean ok = ram_block_register(block, idstr, &error);

    g_assert_true(ok == (error == NULL));
    g_assert_true(!ok || (block->migratable && strcmp(block->idstr, idstr) == 0));
    return ok;
}

static void
nothing_migrates_that_was_not_registered(Fixture *f, gconstpointer data)
{
    RamBlock *one = must_make(f->list, (RamBackendSpec){.size = MIB});
    RamBlock *two = must_make(f->list, (RamBackendSpec){.size = MIB, .id = "two"});

    g_assert_false(one->migratable);
    g_assert_null(ram_list_find(f->list, "ppc_spapr.ram"));
    g_assert_true(registers(one, "ppc_spapr.ram"));
    g_assert_true(ram_list_find(f->list, "ppc_spapr.ram") == one);
    g_assert_false(registers(two, "ppc_spapr.ram"));
    g_assert_false(two->migratable);
    g_assert_null(two->idstr);
    g_assert_false(registers(one, "again"));
    g_assert_cmpstr(one->idstr, ==, "ppc_spapr.ram");
    ram_block_unregister(one);
    g_assert_false(one->migratable);
    g_assert_null(one->idstr);
    g_assert_true(registers(two, "ppc_spapr.ram"));
}

static void
a_block_without_a_name_never_reaches_the_wire(Fixture *f, gconstpointer data)
{
    RamBlock *block = must_make(f->list, (RamBackendSpec){.size = MIB});
    g_autofree char *longest = g_strnfill(255, 'x');
    g_autofree char *too_long = g_strnfill(256, 'x');

    g_assert_false(registers(block, NULL));
    g_assert_false(registers(block, ""));
    g_assert_false(registers(block, too_long));
    g_assert_false(block->migratable);
    g_assert_true(registers(block, longest));
}

static void
a_device_region_is_in_the_map_and_never_migrates(Fixture *f, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    RamBlock *ram = must_make(f->list, (RamBackendSpec){.size = MIB});
    RamBlock *region =
        ram_block_new_device(f->list, "xive.esb", 16 * MIB, 2 * MIB, 0x10000, &error);

    g_assert_no_error(error);
    g_assert_cmpuint(ram_list_length(f->list), ==, 2);
    g_assert_true(ram_list_get(f->list, 1) == region);
    g_assert_true(region->placed);
    g_assert_null(region->host);
    g_assert_false(registers(region, "xive.esb"));
    g_assert_false(region->migratable);
    g_assert_false(ram_block_discard(region));
    g_assert_false(place(ram, 17 * MIB));
    g_assert_null(ram_block_new_device(f->list, "odd", 0, MIB + 1, 0x10000, &error));
    g_assert_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE);
    g_clear_error(&error);
    g_assert_null(ram_block_new_device(f->list, "twice", 16 * MIB, MIB, 0x10000, &error));
    assert_says(error->message, "xive.esb");
    g_assert_cmpuint(ram_list_length(f->list), ==, 2);
}

/* The else below is the caller's own: a macro that ends in a bare if would take it. */
static guint
count_migratable(RamList *list, gboolean wanted)
{
    RamBlock *block;
    guint index, n = 0;

    if (wanted)
        RAM_LIST_FOREACH_MIGRATABLE(block, index, list)
    n++;
    else n = 1000;
    return n;
}

static void
the_loop_over_what_migrates_leaves_an_else_alone(Fixture *f, gconstpointer data)
{
    RamBlock *first = must_make(f->list, (RamBackendSpec){.size = MIB});
    RamBlock *block;
    guint index, seen = 0;

    must_make(f->list, (RamBackendSpec){.size = MIB, .id = "scratch"});
    g_assert_cmpuint(count_migratable(f->list, TRUE), ==, 0);
    g_assert_true(registers(first, "one"));
    g_assert_cmpuint(count_migratable(f->list, TRUE), ==, 1);
    g_assert_cmpuint(count_migratable(f->list, FALSE), ==, 1000);
    RAM_LIST_FOREACH_MIGRATABLE(block, index, f->list)
    {
        g_assert_true(block == first);
        if (seen++ > 0)
            break;
    }
    g_assert_cmpuint(seen, ==, 1);
}

static void
the_vmms_own_writes_are_marked_once_in_4_kib(Fixture *f, gconstpointer data)
{
    RamBlock *block = must_make(f->list, (RamBackendSpec){.size = MIB});

    g_assert_cmpuint(ram_block_dirty_words(block), ==, 4);
    ram_block_mark_dirty(block, 0, 1); /* not tracked: nothing happens */
    g_assert_cmpuint(ram_block_fetch_dirty(block, 0), ==, 0);
    ram_block_track_dirty(block, TRUE);
    ram_block_mark_dirty(block, 0xfff, 2);
    ram_block_mark_dirty(block, 0x3f000, 0x2000);
    ram_block_mark_dirty(block, MIB - 1, 1);
    g_assert_cmphex(ram_block_fetch_dirty(block, 0), ==, G_GUINT64_CONSTANT(0x8000000000000003));
    g_assert_cmphex(ram_block_fetch_dirty(block, 1), ==, 1);
    g_assert_cmphex(ram_block_fetch_dirty(block, 2), ==, 0);
    g_assert_cmphex(ram_block_fetch_dirty(block, 3), ==, G_GUINT64_CONSTANT(1) << 63);
    for (gsize i = 0; i < 4; i++)
        g_assert_cmphex(ram_block_fetch_dirty(block, i), ==, 0);
    ram_block_mark_dirty(block, 0, 1);
    ram_block_track_dirty(block, FALSE);
    ram_block_track_dirty(block, TRUE);
    g_assert_cmphex(ram_block_fetch_dirty(block, 0), ==, 0);
}

typedef struct {
    const char *name;
    void (*run)(Fixture *, gconstpointer);
} Case;

#define CASE(function)              \
    {                               \
        "/ram/" #function, function \
    }

static const Case cases[] = {
    CASE(anonymous_memory_is_zero_writable_and_aligned),
    CASE(sizes_that_are_no_whole_pages_are_refused),
    CASE(memory_beyond_the_address_space_is_the_hosts_failure),
    CASE(a_new_file_gets_the_size_and_stays),
    CASE(a_private_file_keeps_its_bytes_from_the_guest),
    CASE(a_file_that_is_too_small_is_refused_untouched),
    CASE(a_larger_file_is_used_and_not_cut),
    CASE(a_directory_gets_a_file_without_a_name),
    CASE(what_is_no_file_is_refused),
    CASE(discard_throws_a_shared_files_bytes_away_at_the_end),
    CASE(a_memfd_is_shared_and_sealed),
    CASE(a_private_memfd_hides_the_guests_writes),
    CASE(huge_pages_are_checked_before_they_are_asked_for),
    CASE(prealloc_takes_every_page),
    CASE(discard_gives_back_what_is_the_guests_alone),
    CASE(blocks_may_touch_but_not_overlap),
    CASE(a_place_at_the_end_of_all_addresses_is_good_and_beyond_it_not),
    CASE(nothing_migrates_that_was_not_registered),
    CASE(a_block_without_a_name_never_reaches_the_wire),
    CASE(a_device_region_is_in_the_map_and_never_migrates),
    CASE(the_loop_over_what_migrates_leaves_an_else_alone),
    CASE(the_vmms_own_writes_are_marked_once_in_4_kib),
};

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++)
        g_test_add(cases[i].name, Fixture, NULL, set_up, cases[i].run, tear_down);
    return g_test_run();
}
