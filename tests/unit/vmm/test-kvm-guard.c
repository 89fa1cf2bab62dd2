/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Guarded accesses, on pages beyond the end of a file: the kernel answers them with SIGBUS as the
 * XIVE device does for pages it refuses.
 */
#include "vmm/accel/kvm.h"

#include <setjmp.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

typedef struct {
    guint8 *good; /* a page of the file, then one beyond its end */
    guint8 *bad;
    gsize page;
} Fixture;

static void
set_up(Fixture *f, gconstpointer data)
{
    gint fd = memfd_create("test-guard", MFD_CLOEXEC);

    f->page = (gsize)sysconf(_SC_PAGESIZE);
    g_assert_cmpint(ftruncate(fd, (off_t)f->page), ==, 0);
    f->good = mmap(NULL, 2 * f->page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    g_assert_true(f->good != MAP_FAILED);
    f->bad = f->good + f->page;
    close(fd);
}

static void
tear_down(Fixture *f, gconstpointer data)
{
    munmap(f->good, 2 * f->page);
}

static void
words_are_big_endian_in_the_device(Fixture *f, gconstpointer data)
{
    static const guint8 bytes[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    guint64 value = 0;

    g_assert_true(kvm_guard_store64(f->good + 8, G_GUINT64_CONSTANT(0x0102030405060708)));
    g_assert_cmpmem(f->good + 8, 8, bytes, 8);
    g_assert_true(kvm_guard_load64(f->good + 8, &value));
    g_assert_cmphex(value, ==, G_GUINT64_CONSTANT(0x0102030405060708));
}

static void
a_refused_page_is_an_answer_again_and_again(Fixture *f, gconstpointer data)
{
    guint64 value = 42;

    for (guint i = 0; i < 1000; i++) {
        g_assert_false(kvm_guard_load64(f->bad + 8 * (i % 16), &value));
        g_assert_false(kvm_guard_store64(f->bad, value));
        g_assert_true(kvm_guard_load64(f->good, &value) && value == 0);
        value = 42;
    }
}

static gpointer
fault_many_times(gpointer user)
{
    Fixture *f = user;
    guint64 value;
    guint refused = 0;

    for (guint i = 0; i < 500; i++) {
        refused += !kvm_guard_load64(f->bad, &value);
        refused += kvm_guard_store64(f->good, i);
    }
    return GUINT_TO_POINTER(refused);
}

static void
threads_fault_each_for_itself(Fixture *f, gconstpointer data)
{
    GThread *threads[4];

    for (guint i = 0; i < G_N_ELEMENTS(threads); i++)
        threads[i] = g_thread_new("fault", fault_many_times, f);
    for (guint i = 0; i < G_N_ELEMENTS(threads); i++)
        g_assert_cmpuint(GPOINTER_TO_UINT(g_thread_join(threads[i])), ==, 1000);
}

/* What main() installed before the guard: counts and leaves, or dies if not asked to. */
static sigjmp_buf earlier_back;
static volatile sig_atomic_t earlier_calls;

static void
earlier_handler(int number, siginfo_t *info, void *context)
{
    earlier_calls++;
    siglongjmp(earlier_back, 1);
}

static void
a_foreign_fault_goes_to_the_earlier_handler(Fixture *f, gconstpointer data)
{
    guint64 value;

    earlier_calls = 0;
    if (sigsetjmp(earlier_back, 1) == 0) {
        *(volatile guint8 *)(f->bad + 100) = 1;
        g_assert_not_reached();
    }
    g_assert_cmpint(earlier_calls, ==, 1);
    if (sigsetjmp(earlier_back, 1) == 0) {
        raise(SIGBUS); /* sent, not faulted */
        g_assert_not_reached();
    }
    g_assert_cmpint(earlier_calls, ==, 2);
    g_assert_false(kvm_guard_load64(f->bad, &value));
    g_assert_cmpint(earlier_calls, ==, 2);
}

typedef struct {
    const char *name;
    void (*run)(Fixture *, gconstpointer);
} Case;

#define CASE(function)                    \
    {                                     \
        "/kvm-guard/" #function, function \
    }

static const Case cases[] = {
    CASE(words_are_big_endian_in_the_device),
    CASE(a_refused_page_is_an_answer_again_and_again),
    CASE(threads_fault_each_for_itself),
    CASE(a_foreign_fault_goes_to_the_earlier_handler),
};

int
main(int argc, char **argv)
{
    struct sigaction action = {.sa_sigaction = earlier_handler, .sa_flags = SA_SIGINFO};
    g_autoptr(GError) error = NULL;

    g_test_init(&argc, &argv, NULL);
    sigaction(SIGBUS, &action, NULL);
    g_assert_true(kvm_guard_install(&error));
    g_assert_true(kvm_guard_install(&error)); /* once is enough, twice no harm */
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++)
        g_test_add(cases[i].name, Fixture, NULL, set_up, cases[i].run, tear_down);
    return g_test_run();
}
