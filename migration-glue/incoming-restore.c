/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The restore of a guest that does not wait for its memory: a mapped-ram file is loaded without a
 * page of it, the guest runs, and memory comes when it is touched, and all the rest beside that.
 *
 *   list of blocks checked → memory emptied, accesses held back → devices → the guest runs → all
 *   pages are here, the file is closed
 *
 * From the list on accesses wait for the file: those of devices that are loaded, of KVM, of the
 * guest. A file that fails before the guest runs fails the load. Afterwards it ends the guest's
 * run: vCPUs are turned out first, then what waits is let go, and finds zeros that no instruction
 * ever sees.
 */
#include "migration-glue/incoming-priv.h"

#include "migration-glue/error.h"

/* From any thread that reads the file, once. */
static void
note_trouble(void *user, const GError *trouble)
{
    MigIncoming *in = user;

    mig_ledger_error(in->ledger, trouble->message);
    if (mig_incoming_ran_before(in))
        mig_wake_fire(in->wake); /* who brings the rest */
    else
        mig_postcopy_dst_give_up(in->postcopy); /* the load goes on to its failure */
}

static gboolean
empty(MigPostcopyDst *dst, const MigRamList *list, const MigMappedLoad *mapped, GError **error)
{
    for (guint i = 0; i < list->n; i++) {
        if (!list->entries[i].ignored &&
            !mig_postcopy_dst_clear(dst, &list->entries[i],
                                    mig_mapped_load_block(mapped, i)->bitmap, error))
            return FALSE;
    }
    return TRUE;
}

/* MigPlacesFunc: the file is known to be right, and memory is as it was. */
static gboolean
hold_back(void *user, const MigRamList *list, const MigMappedLoad *mapped, MigStream *stream,
          GError **error)
{
    MigIncoming *in = user;
    g_autoptr(MigPostcopyDst) dst = mig_postcopy_dst_new(list, error);
    MigMappedDemand *demand;

    if (dst == NULL || !mig_postcopy_dst_check_clear(dst, error))
        return FALSE;
    demand = mig_mapped_demand_new(mapped, list, dst, mig_stream_channel(stream), &in->file,
                                   note_trouble, in, error);
    if (demand == NULL)
        return FALSE;
    g_mutex_lock(&in->back_lock);
    in->postcopy = g_steal_pointer(&dst);
    in->demand = demand;
    in->listened = TRUE;
    g_mutex_unlock(&in->back_lock);
    in->host->ops->memory(in->host->opaque, MIG_MEMORY_ARRIVES);
    return empty(in->postcopy, list, mapped, error) &&
           mig_postcopy_dst_listen(in->postcopy, mig_mapped_demand_ask, demand, error);
}

void
mig_incoming_restore(MigIncoming *in)
{
    mig_ram_load_set_places(in->ram, hold_back, in);
}

gboolean
mig_incoming_run_restored(MigIncoming *in, GError **error)
{
    if (!in->host->ops->activate(in->host->opaque, error))
        return FALSE;
    if (!mig_incoming_claim(in)) {
        g_set_error(error, MIG_ERROR, MIG_ERROR_IO, "the file failed before the guest could run");
        return FALSE;
    }
    in->host->ops->run(in->host->opaque);
    return TRUE;
}

/* MigMappedNext: not faster than `max-postcopy-bandwidth`, and not beyond the end. */
static gboolean
next(void *user, guint64 bytes)
{
    MigIncoming *in = user;
    gint64 delay;

    do {
        const guint64 limit = mig_params_number(in->params, MIG_PARAM_MAX_POSTCOPY_BANDWIDTH);

        delay = mig_pace_delay(&in->pace, limit, g_get_monotonic_time());
        if (mig_wake_wait(in->wake, -1, 0, (gint)MIN((delay + 999) / 1000, 100)) == MIG_WAIT_FIRED)
            return FALSE;
    } while (delay > 0 && !mig_postcopy_dst_is_whole(in->postcopy));
    mig_pace_owe(&in->pace, bytes, 0, g_get_monotonic_time());
    return TRUE;
}

void
mig_incoming_drop_rest(MigIncoming *in)
{
    g_mutex_lock(&in->back_lock);
    if (in->demand != NULL)
        mig_mapped_demand_drop(in->demand);
    g_mutex_unlock(&in->back_lock);
}

gboolean
mig_incoming_bring_memory(MigIncoming *in)
{
    mig_mapped_demand_bring_all(in->demand, next, in);
    return mig_postcopy_dst_is_whole(in->postcopy);
}

void
mig_incoming_end_restore(MigIncoming *in)
{
    MigMappedDemand *demand;
    MigPostcopyDst *dst;

    if (in->demand == NULL)
        return;
    mig_postcopy_dst_stop(in->postcopy);
    g_mutex_lock(&in->back_lock);
    demand = g_steal_pointer(&in->demand);
    dst = g_steal_pointer(&in->postcopy);
    in->way = mig_mapped_demand_way(demand, &in->channels);
    mig_postcopy_dst_stats(dst, &in->figures);
    g_mutex_unlock(&in->back_lock);
    mig_mapped_demand_free(demand);
    mig_postcopy_dst_free(dst);
}

gboolean
mig_restore_is_possible(const MigHost *host, MigParams *params, GError **error)
{
    const VmsContext context = {
        .row = host->row, .rules = host->rules, .capabilities = mig_params_vms(params)};
    MigRamList list = {0};
    g_autoptr(MigPostcopyDst) dst = NULL;
    gboolean possible;

    if (!mig_params_capability(params, MIG_CAP_X_LAZY_RESTORE))
        return TRUE;
    possible = mig_ram_list_take(&list, host->ram->ops, host->ram->opaque, &context, error) &&
               (dst = mig_postcopy_dst_new(&list, error)) != NULL &&
               mig_postcopy_dst_check_clear(dst, error);
    g_clear_pointer(&dst, mig_postcopy_dst_free);
    mig_ram_list_clear(&list);
    if (!possible)
        g_prefix_error(error, "x-lazy-restore: ");
    return possible;
}
