/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two guests, and moves between them (see the header).
 */
#include "tests/migration/pair.h"

#include <string.h>

static void
set_up(Pair *pair, gconstpointer data)
{
    rig_init(&pair->rig);
    pair->path = rig_path(&pair->rig, "s");
    pair->uri = g_strconcat("unix:", pair->path, NULL);
}

static void
tear_down(Pair *pair, gconstpointer data)
{
    guest_free(pair->source);
    guest_free(pair->destination);
    rig_clear(&pair->rig);
    g_free(pair->path);
    g_free(pair->uri);
}

void
pair_add(const char *path, gconstpointer data, void (*test)(Pair *pair, gconstpointer data))
{
    g_test_add(path, Pair, data, set_up, test, tear_down);
}

gboolean
pair_is_long(void)
{
    return g_strcmp0(g_getenv("CHECK_LONG"), "yes") == 0;
}

Guest *
pair_start(Pair *pair, GuestSpec spec)
{
    g_autofree char *name = g_strdup_printf("g%u", pair->turn++);

    spec.name = name;
    if (spec.size == 0)
        spec.size = pair->size;
    return guest_start(&pair->rig, &spec);
}

void
pair_migrate(Pair *pair, const char *uri)
{
    guest_do(pair->source, "migrate", json_pack("{s:s}", "uri", uri));
}

void
pair_wait_completed(Pair *pair)
{
    g_autofree char *error = NULL;
    g_autofree char *over = guest_wait_over(pair->source, &error);

    if (strcmp(over, "completed") != 0)
        guest_give_up(pair->source, "the migration %s: %s", over, error);
}

/* What the guest looks at meanwhile it finds, or ends: it needs some time to look. */
#define LOOKS_US 20000

void
pair_assert_well(Pair *pair)
{
    g_autofree char *log = NULL;

    guest_wait_run_state(pair->source, "running");
    g_usleep(LOOKS_US);
    guest_wait_run_state(pair->source, "running");
    log = guest_log(pair->source);
    g_assert_cmpstr(log, ==, "");
}

void
pair_step_on(Pair *pair)
{
    guest_do(pair->source, "quit", NULL);
    g_assert_cmpint(guest_wait_exit(pair->source), ==, 0);
    guest_free(pair->source);
    pair->source = g_steal_pointer(&pair->destination);
}
