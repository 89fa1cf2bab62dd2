/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two machines.
 */
#include "tests/unit/migration-glue/move-pair.h"

#include <stdlib.h>
#include <string.h>

Rig *
pair_make_rig(Pair *pair, guint64 size)
{
    Rig *rig = rig_new(&pair->guest, "pseries-10.0");

    rig_add_block(rig, "dimm", size / 4, TRUE);
    rig_add_block(rig, "ppc_spapr.ram", size, TRUE);
    return rig;
}

void
pair_set_up(Pair *pair, const void *data)
{
    memset(&pair->guest, 0, sizeof(pair->guest));
    pair->folder = g_dir_make_tmp("move-XXXXXX", NULL);
    pair->from = pair_make_rig(pair, 8 * MIB);
    pair->to = pair_make_rig(pair, 8 * MIB);
    rig_fill(pair->from, 1);
    pair->from->device.mode = 0xabcd;
}

void
pair_tear_down(Pair *pair, const void *data)
{
    g_autofree char *command = g_strdup_printf("rm -r '%s'", pair->folder);

    g_assert_cmpint(g_atomic_int_get(&pair->guest.twice), ==, 0);
    rig_free(pair->from);
    rig_free(pair->to);
    g_assert_cmpint(pair->guest.running, ==, 0);
    g_assert_cmpint(system(command), ==, 0);
    g_free(pair->folder);
}

void
pair_receive(Rig *rig, const char *uri)
{
    GError *error = NULL;

    rig->in = mig_incoming_new(&rig->host, rig->params, uri, &error);
    g_assert_no_error(error);
}

void
pair_send(Rig *rig, const char *uri)
{
    GError *error = NULL;

    g_clear_pointer(&rig->out, mig_outgoing_free);
    rig->ended = FALSE;
    g_mutex_lock(&rig->lock); /* whoever is called back finds it */
    rig->out = mig_outgoing_new(&rig->host, rig->params, uri, &error);
    g_mutex_unlock(&rig->lock);
    g_assert_no_error(error);
}

char *
pair_unix_uri(const Pair *pair)
{
    return g_strdup_printf("unix:%s/s", pair->folder);
}

void
pair_assert_moved(Pair *pair)
{
    rig_wait_ended(pair->from);
    rig_wait_ended(pair->to);
    g_assert_cmpstr(mig_status_own_name(mig_outgoing_status(pair->from->out)), ==, "completed");
    g_assert_cmpstr(mig_status_own_name(mig_incoming_status(pair->to->in)), ==, "completed");
    g_assert_false(rig_runs(pair->from));
    g_assert_true(rig_runs(pair->to));
    g_assert_cmpint(pair->from->gone, ==, 1);
    g_assert_cmphex(pair->to->sum_at_run, ==, rig_sum(pair->from));
    g_assert_cmphex(pair->to->device.mode, ==, 0xabcd);
    g_assert_cmpuint(pair->to->device.ticks, ==, pair->from->device.ticks);
}

void
pair_replace_target(Pair *pair, guint64 size)
{
    rig_free(pair->to);
    pair->to = pair_make_rig(pair, size);
}
