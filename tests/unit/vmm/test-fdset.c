/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sets of descriptors: numbers, choice by access mode, whose descriptor is whose.
 */
#include "vmm/fdset.h"
#include "vmm/vm.h"
#include <fcntl.h>
#include <unistd.h>

static int
open_null(int mode)
{
    int fd = open("/dev/null", mode | O_CLOEXEC);

    g_assert_cmpint(fd, >=, 0);
    return fd;
}

static gboolean
is_open(int fd)
{
    return fcntl(fd, F_GETFD) >= 0;
}

static void
note(gint64 set, int fd, const char *opaque, void *user)
{
    g_string_append_printf(user, "%" G_GINT64_FORMAT ":%s ", set, opaque);
}

static void
assert_listed(FdSets *sets, const char *expected)
{
    GString *all = g_string_new(NULL);

    fdsets_each(sets, note, all);
    g_assert_cmpstr(all->str, ==, expected);
    g_string_free(all, TRUE);
}

static void
a_new_set_has_the_smallest_free_number(void)
{
    FdSets *sets = fdsets_new();

    g_assert_cmpint(fdsets_add(sets, FD_SET_NEW, open_null(O_RDONLY), "a"), ==, 0);
    g_assert_cmpint(fdsets_add(sets, 2, open_null(O_RDONLY), "c"), ==, 2);
    g_assert_cmpint(fdsets_add(sets, FD_SET_NEW, open_null(O_RDONLY), "b"), ==, 1);
    g_assert_cmpint(fdsets_add(sets, 0, open_null(O_RDONLY), "d"), ==, 0);
    g_assert_cmpint(fdsets_add(sets, FD_SET_NEW, open_null(O_RDONLY), "e"), ==, 3);
    g_assert_cmpint(fdsets_add(sets, G_MAXINT64, open_null(O_RDONLY), "f"), ==, G_MAXINT64);
    assert_listed(sets, "0:a 0:d 1:b 2:c 3:e 9223372036854775807:f ");
    fdsets_free(sets);
}

static void
the_access_mode_chooses_the_descriptor(void)
{
    FdSets *sets = fdsets_new();
    g_autoptr(GError) error = NULL;
    int fd;

    fdsets_add(sets, 7, open_null(O_RDONLY), NULL);
    fdsets_add(sets, 7, open_null(O_WRONLY), NULL);
    fd = fdsets_open(sets, 7, O_WRONLY | O_CREAT, &error);
    g_assert_no_error(error);
    g_assert_cmpint(fcntl(fd, F_GETFL) & O_ACCMODE, ==, O_WRONLY);
    g_assert_cmpint(fcntl(fd, F_GETFD), ==, FD_CLOEXEC);
    close(fd);
    g_assert_cmpint(fdsets_open(sets, 7, O_RDWR, &error), ==, -1);
    g_assert_error(error, VM_ERROR, VM_ERROR_USAGE);
    g_assert_cmpstr(error->message, ==,
                    "/dev/fdset/7: no descriptor of this set is open for reading and writing");
    g_clear_error(&error);
    fdsets_add(sets, 9, open_null(O_RDWR), NULL);
    fd = fdsets_open(sets, 9, O_WRONLY, &error);
    g_assert_no_error(error);
    close(fd);
    g_assert_cmpint(fdsets_open(sets, 9, O_WRONLY | O_DIRECT, &error), ==, -1);
    g_assert_cmpstr(error->message, ==,
                    "/dev/fdset/9: no descriptor of this set is open for writing with O_DIRECT");
    g_clear_error(&error);
    g_assert_cmpint(fdsets_open(sets, 8, O_RDONLY, &error), ==, -1);
    g_assert_cmpstr(error->message, ==,
                    "/dev/fdset/8: there is no such set of descriptors: use add-fd first");
    fdsets_free(sets);
}

static void
what_was_opened_outlives_what_was_removed(void)
{
    FdSets *sets = fdsets_new();
    g_autoptr(GError) error = NULL;
    int one = open_null(O_RDONLY), two = open_null(O_WRONLY), opened;

    fdsets_add(sets, 3, one, NULL);
    fdsets_add(sets, 3, two, NULL);
    opened = fdsets_open(sets, 3, O_RDONLY, NULL);
    g_assert_true(fdsets_remove(sets, 3, one, NULL));
    g_assert_false(is_open(one));
    g_assert_true(is_open(opened));
    g_assert_false(fdsets_remove(sets, 3, one, &error));
    g_assert_true(g_str_has_prefix(error->message, "File descriptor named 'fdset-id:3, fd:"));
    g_clear_error(&error);
    g_assert_true(fdsets_remove(sets, 3, -1, NULL));
    g_assert_false(is_open(two));
    g_assert_false(fdsets_remove(sets, 3, -1, &error));
    g_assert_cmpstr(error->message, ==, "File descriptor named 'fdset-id:3' not found");
    close(opened);
    fdsets_free(sets);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/fdset/a-new-set-has-the-smallest-free-number",
                    a_new_set_has_the_smallest_free_number);
    g_test_add_func("/fdset/the-access-mode-chooses-the-descriptor",
                    the_access_mode_chooses_the_descriptor);
    g_test_add_func("/fdset/what-was-opened-outlives-what-was-removed",
                    what_was_opened_outlives_what_was_removed);
    return g_test_run();
}
