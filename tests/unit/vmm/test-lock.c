/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The machine lock: who gets it when many want it.
 */
#include "vmm/lock.h"

typedef struct {
    MachineLock lock;
    guint taken; /* lock */
    gboolean enough;
} Hammered;

static gpointer
hammer(gpointer data)
{
    Hammered *hammered = data;
    gboolean more;

    do {
        machine_lock_vcpu(&hammered->lock);
        hammered->taken++;
        more = !hammered->enough;
        machine_unlock(&hammered->lock);
    } while (more);
    return NULL;
}

static void
the_main_thread_gets_the_lock_from_threads_that_hammer_it(void)
{
    Hammered hammered = {.taken = 0};
    GThread *threads[4];

    machine_lock_init(&hammered.lock);
    machine_lock_main(&hammered.lock);
    for (guint i = 0; i < G_N_ELEMENTS(threads); i++)
        threads[i] = g_thread_new("hammer", hammer, &hammered);
    for (guint i = 0; i < 1000; i++) {
        guint before = hammered.taken;

        g_assert_cmpuint(hammered.taken, ==, before); /* nobody else is inside */
        machine_unlock(&hammered.lock);
        machine_lock_main(&hammered.lock);
    }
    hammered.enough = TRUE;
    machine_unlock(&hammered.lock);
    for (guint i = 0; i < G_N_ELEMENTS(threads); i++)
        g_thread_join(threads[i]);
    machine_lock_clear(&hammered.lock);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/lock/main", the_main_thread_gets_the_lock_from_threads_that_hammer_it);
    return g_test_run();
}
