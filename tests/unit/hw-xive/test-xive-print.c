/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The text for the monitor: what is in use, also where the host fails to answer.
 */
#include <errno.h>
#include <string.h>

#include "tests/unit/hw-xive/xive-rig.h"

static void
print_shows_what_is_in_use(void)
{
    static const char *const wanted[] = {
        "spapr-xive-kvm: 8192 sources, 2 servers, 2 connected, pages of 64 KiB\n",
        "  0x0000 MSI -Q   not routed\n",
        "  0x1100 MSI --   server 1 prio 0 EISN 0x6 masked\n",
        "  0x1200 LSI P-A  server 0 prio 6 EISN 0x5\n",
        "  server 0 prio 6 0x0000000000010000 2^16 bytes index 1/16384 toggle 1\n",
        "  server 1 prio 0 0x0000000000020000 2^16 bytes index 0/16384 toggle 1\n",
        "  server 0 NSR 80 CPPR ff IPB ",
        " exception\n",
    };
    g_autoptr(GString) text = g_string_new(NULL);
    Rig rig;

    rig_init(&rig);
    rig_disturb(&rig);
    xive_print(rig.xive, text);
    for (gsize i = 0; i < G_N_ELEMENTS(wanted); i++) {
        if (strstr(text->str, wanted[i]) == NULL)
            g_error("no \"%s\" in:\n%s", wanted[i], text->str);
    }
    g_assert_null(strstr(text->str, "0x1101"));
    rig_finish(&rig);
}

static void
print_goes_on_where_the_host_fails(void)
{
    Rig rig;

    rig_init(&rig);
    rig_queue(&rig, 0, 6, 0);
    for (guint n = 1; n <= 7; n++) { /* four sources, a queue, two contexts */
        g_autoptr(GString) text = g_string_new(NULL);

        fake_host_fail_at(rig.host, n, EIO);
        xive_print(rig.xive, text);
        g_assert_nonnull(strstr(text->str, g_strerror(EIO)));
        g_assert_nonnull(strstr(text->str, "  server 1 "));
    }
    rig_finish(&rig);
}

static const struct {
    const char *path;
    void (*test)(void);
} tests[] = {
    {"in-use", print_shows_what_is_in_use},
    {"host-trouble", print_goes_on_where_the_host_fails},
};

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(tests); i++) {
        g_autofree char *path = g_strdup_printf("/xive-print/%s", tests[i].path);

        g_test_add_func(path, tests[i].test);
    }
    return g_test_run();
}
