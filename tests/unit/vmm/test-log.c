/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The log: what is shown, and how little of what a guest can cause without end.
 */
#include <string.h>

#include "vmm/log.h"
#include "vmm/vm.h"

static gint64 fake_now; /* µs; the clock of the log under test */

static gint64
fake_clock(void)
{
    return fake_now;
}

static void
keep(const char *line, void *user)
{
    g_ptr_array_add(user, g_strdup(line));
}

static void
only_what_was_asked_for_and_warnings_are_shown(void)
{
    g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);
    Log *log = log_new_to(1u << VDEV_LOG_RTAS, fake_clock, keep, lines);

    g_assert_true(log_enabled(log, VDEV_LOG_RTAS));
    g_assert_true(log_enabled(log, VDEV_LOG_WARNING));
    g_assert_false(log_enabled(log, VDEV_LOG_HCALL));
    log_message(log, VDEV_LOG_HCALL, "no");
    log_printf(log, VDEV_LOG_RTAS, "%s", "yes");
    log_message(log, VDEV_LOG_WARNING, "always");
    g_assert_cmpuint(lines->len, ==, 2);
    g_assert_cmpstr(lines->pdata[0], ==, "rtas: yes");
    g_assert_cmpstr(lines->pdata[1], ==, "warning: always");
    log_free(log);
}

static void
a_guest_cannot_flood_the_log(void)
{
    g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);
    Log *log = log_new_to(1u << VDEV_LOG_GUEST_ERROR, fake_clock, keep, lines);
    guint after_burst;

    for (guint i = 0; i < 1000000; i++)
        log_message(log, VDEV_LOG_GUEST_ERROR, "again");
    after_burst = lines->len;
    g_assert_cmpuint(after_burst, ==, 20);

    /* A warning has its own allowance. */
    log_message(log, VDEV_LOG_WARNING, "seen");
    g_assert_cmpuint(lines->len, ==, 21);

    /* After a second two more fit, and the first tells what is missing. */
    fake_now += G_USEC_PER_SEC;
    for (guint i = 0; i < 100; i++)
        log_message(log, VDEV_LOG_GUEST_ERROR, "again");
    g_assert_cmpuint(lines->len, ==, 24);
    g_assert_cmpstr(lines->pdata[21], ==,
                    "guest error: 999980 more lines of this kind were held back");
    log_free(log);
    g_assert_cmpuint(lines->len, ==, 25);
    g_assert_cmpstr(lines->pdata[24], ==, "guest error: 98 more lines of this kind were held back");
}

static void
a_trace_is_whole(void)
{
    g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);
    Log *log = log_new_to(1u << VDEV_LOG_HCALL, fake_clock, keep, lines);

    for (guint i = 0; i < 1000; i++)
        log_message(log, VDEV_LOG_HCALL, "h");
    g_assert_cmpuint(lines->len, ==, 1000);
    log_free(log);
}

static void
control_characters_of_a_guest_do_not_reach_the_terminal(void)
{
    g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);
    Log *log = log_new_to(0, fake_clock, keep, lines);

    log_message(log, VDEV_LOG_WARNING, "a\033[2Jb\nc\177\r\t");
    g_assert_cmpstr(lines->pdata[0], ==, "warning: a?[2Jb?c???");
    log_free(log);
}

static void
words_of_d_are_parsed_whole_or_not_at_all(void)
{
    guint32 kinds = 1u << VDEV_LOG_IRQ;
    g_autoptr(GError) error = NULL;
    g_autoptr(GString) help = g_string_new(NULL);

    g_assert_false(log_kinds_parse("hcall,nonsense", &kinds, &error));
    g_assert_error(error, VM_ERROR, VM_ERROR_USAGE);
    g_assert_nonnull(strstr(error->message, "nonsense"));
    g_assert_cmphex(kinds, ==, 1u << VDEV_LOG_IRQ);
    g_assert_true(log_kinds_parse("guest_errors,unimp", &kinds, NULL));
    g_assert_cmphex(kinds, ==,
                    1u << VDEV_LOG_IRQ | 1u << VDEV_LOG_GUEST_ERROR | 1u << VDEV_LOG_UNIMPL);
    log_kinds_help(help);
    g_assert_nonnull(strstr(help->str, "guest_errors"));
    g_assert_nonnull(strstr(help->str, "rtas"));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/log/kinds", only_what_was_asked_for_and_warnings_are_shown);
    g_test_add_func("/log/flood", a_guest_cannot_flood_the_log);
    g_test_add_func("/log/trace", a_trace_is_whole);
    g_test_add_func("/log/control", control_characters_of_a_guest_do_not_reach_the_terminal);
    g_test_add_func("/log/words", words_of_d_are_parsed_whole_or_not_at_all);
    return g_test_run();
}
