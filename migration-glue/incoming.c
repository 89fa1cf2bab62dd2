/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An incoming migration, as a story: wait for the sender, load what it sends, get ready, say so,
 * run.
 *
 * The order of the end matters: the verdict "taken over" goes out only when nothing can fail any
 * more, and from then on the guest is run here whatever becomes of the connection (MS-6).
 */
#include "migration-glue/incoming-priv.h"

#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "migration-glue/channel-outer.h"
#include "migration-glue/error.h"
#include "migration-glue/file-choice.h"
#include "migration-glue/return-path.h"

#define DRAIN_US (2 * G_USEC_PER_SEC)

void
mig_incoming_enter(MigIncoming *in)
{
    in->host->ops->lock(in->host->opaque);
    in->held = TRUE;
}

void
mig_incoming_leave(MigIncoming *in)
{
    in->held = FALSE;
    in->host->ops->unlock(in->host->opaque);
}

gboolean
mig_incoming_move(MigIncoming *in, MigStatus to)
{
    if (!mig_state_move(&in->state, to))
        return FALSE;
    in->host->ops->event(in->host->opaque, MIG_EVENT_STATUS, to);
    return TRUE;
}

void
mig_incoming_report(MigIncoming *in)
{
    MigRamStats ram;

    if (in->stream == NULL)
        return;
    mig_ram_load_stats(in->ram, &ram);
    mig_ledger_progress(in->ledger, &ram, mig_stream_position(in->stream));
}

/* ---- Commands of the source ---- */

static gboolean
open_return_path(MigIncoming *in, GError **error)
{
    if (in->back != NULL || in->ends.back == NULL) {
        g_set_error(error, MIG_ERROR, MIG_ERROR_FORMAT, "%s",
                    in->back != NULL ? "the return path is open already"
                                     : "there is no return path on this kind of connection: "
                                       "switch the source's capability 'return-path' off");
        return FALSE;
    }
    g_mutex_lock(&in->back_lock);
    in->back = mig_stream_new_writer(g_steal_pointer(&in->ends.back));
    g_mutex_unlock(&in->back_lock);
    /* Nothing here has to be asked whether the switch may come. */
    return !mig_params_capability(in->params, MIG_CAP_SWITCHOVER_ACK) ||
           mig_return_put_ack(in->back, error);
}

gboolean
mig_incoming_pong(MigIncoming *in, const guint8 *payload, GError **error)
{
    guint32 value;
    gboolean open;

    memcpy(&value, payload, sizeof(value));
    g_mutex_lock(&in->back_lock);
    open = in->back != NULL;
    /* A source that has gone after its last byte does not hear it, and the guest came whole. */
    if (open)
        (void)mig_return_put_word(in->back, MIG_RETURN_PONG, GUINT32_FROM_BE(value), NULL);
    g_mutex_unlock(&in->back_lock);
    if (open)
        return TRUE;
    g_set_error(error, MIG_ERROR, MIG_ERROR_FORMAT, "a ping, but no return path to answer it");
    return FALSE;
}

static gboolean
obey(MigLoader *loader, MigCommand command, const guint8 *payload, guint n, void *user,
     GError **error)
{
    switch (command) {
    case MIG_COMMAND_OPEN_RETURN_PATH: return open_return_path(user, error);
    case MIG_COMMAND_PING: return mig_incoming_pong(user, payload, error);
    case MIG_COMMAND_SWITCHOVER_START: return TRUE;
    default: return mig_incoming_obey_postcopy(user, command, payload, n, error);
    }
}

/*
 * A source without a return path believes that all went well once the last byte has left, and a
 * section that cannot be read here comes late. So it is refused while it is still copying, unless
 * somebody has answered for it. Where nothing can come back (a file, a pipe) it is over anyway.
 */
static gboolean
hears_a_refusal(MigIncoming *in, GError **error)
{
    if (in->back != NULL || in->ends.back == NULL ||
        mig_params_number(in->params, MIG_PARAM_X_ONE_WAY) != 0)
        return TRUE;
    g_set_error(error, MIG_ERROR, MIG_ERROR_UNSUPPORTED,
                "the source has opened no return path: it would lose its guest if anything of it "
                "did not fit here: switch its capability 'return-path' on; or take the risk: start "
                "this one with -global migration.x-one-way=on, or set its parameter 'x-one-way'");
    return FALSE;
}

static gboolean
section_read(MigLoader *loader, const MigSectionHead *head, void *user, GError **error)
{
    const gboolean ram_begins =
        head->tag == MIG_TAG_START && g_str_equal(head->idstr, MIG_RAM_IDSTR);

    mig_incoming_report(user);
    return !ram_begins || hears_a_refusal(user, error);
}

static const MigLoaderHooks hooks = {
    .command = obey,
    .section_read = section_read,
};

/* ---- The story ---- */

static gboolean
wait_for_sender(MigIncoming *in, GError **error)
{
    const MigHost *host = in->host;

    if (!mig_listener_accept(in->listener, in->wake, &in->ends, error))
        return FALSE;
    in->ends.stream = mig_channel_yield_new(in->ends.stream, host->ops->lock, host->ops->unlock,
                                            host->opaque, &in->held);
    g_mutex_lock(&in->lock);
    in->live = in->ends.stream;
    g_mutex_unlock(&in->lock);
    if (mig_wake_fired(in->wake)) {
        mig_wake_set_error("the migration", error);
        return FALSE;
    }
    in->stream = mig_stream_new_reader(in->ends.stream);
    mig_stream_set_offset(in->stream, in->ends.offset);
    mig_ledger_setup_done(in->ledger);
    return TRUE;
}

/* Under the machine lock, let go of while bytes are awaited. */
static gboolean
load(MigIncoming *in, GError **error)
{
    const MigHost *host = in->host;
    VmsContext context = {
        .row = host->row, .rules = host->rules, .capabilities = mig_params_vms(in->params)};
    gboolean good;

    in->loader = mig_loader_new(in->stream, host->sections, &context, &host->identity, &hooks, in);
    good =
        mig_loader_run(in->loader, error) && (in->ran || mig_ram_load_check_whole(in->ram, error));
    g_clear_pointer(&in->loader, mig_loader_free);
    return good;
}

static gboolean
take_over(MigIncoming *in, GError **error)
{
    gboolean good;

    if (!mig_file_choose(in->params, in->uri, &in->file, error))
        return FALSE;
    mig_incoming_enter(in);
    in->ram = mig_ram_load_new(in->host->ram->ops, in->host->ram->opaque);
    mig_ram_load_set_file(in->ram, &in->file);
    if (in->restores)
        mig_incoming_restore(in);
    in->host->ram->load = in->ram;
    good = load(in, error) && (in->demand == NULL || mig_incoming_run_restored(in, error));
    mig_incoming_report(in);
    if (in->reader == NULL)
        in->host->ram->load = NULL;
    mig_incoming_leave(in);
    if (in->ran)
        return good;
    if (good && in->ends.commit != NULL)
        good = in->ends.commit(((MigOuter *)in->ends.stream)->inner, in->wake, error);
    if (!good)
        return FALSE;
    mig_incoming_enter(in);
    good = in->host->ops->activate(in->host->opaque, error);
    mig_incoming_leave(in);
    return good;
}

/* ---- The end ---- */

/*
 * A connection that is closed while bytes wait in it is reset, and a reset may overtake the
 * verdict: so what the source still sends is read and dropped, until it hears and hangs up.
 */
static void
hang_up(MigIncoming *in)
{
    MigChannel *channel = ((MigOuter *)in->ends.stream)->inner;
    gint64 end = g_get_monotonic_time() + DRAIN_US;
    g_autofree guint8 *buffer = g_malloc(65536);

    shutdown(mig_channel_fd(channel), SHUT_WR);
    for (;;) {
        gint64 left = end - g_get_monotonic_time();

        if (left <= 0 || mig_wake_wait(in->wake, mig_channel_fd(channel), POLLIN,
                                       (gint)(left / 1000)) != MIG_WAIT_READY)
            return;
        if (mig_channel_read(channel, buffer, 65536, NULL) <= 0)
            return;
    }
}

gboolean
mig_incoming_shut(MigIncoming *in, guint32 code)
{
    gboolean good;

    g_mutex_lock(&in->back_lock);
    good = in->back != NULL && mig_return_put_word(in->back, MIG_RETURN_SHUT, code, NULL);
    g_mutex_unlock(&in->back_lock);
    return good;
}

static void
refuse(MigIncoming *in, const GError *error)
{
    guint32 code = error->domain == MIG_ERROR ? (guint32)error->code : MIG_ERROR_STATE;

    mig_ledger_error(in->ledger, error->message);
    if (in->back != NULL && mig_incoming_shut(in, code) && in->reader == NULL)
        hang_up(in);
    mig_incoming_end_reader(in);
}

static void
close_all(MigIncoming *in)
{
    mig_incoming_end_restore(in);
    g_mutex_lock(&in->lock);
    in->live = NULL;
    g_mutex_unlock(&in->lock);
    if (in->stream != NULL)
        g_clear_pointer(&in->stream, mig_stream_free);
    else
        g_clear_pointer(&in->ends.stream, mig_channel_free);
    in->ends.stream = NULL;
    mig_ends_clear(&in->ends);
    g_mutex_lock(&in->back_lock);
    g_clear_pointer(&in->back, mig_stream_free);
    if (in->postcopy != NULL)
        mig_postcopy_dst_stats(in->postcopy, &in->figures);
    in->postcopy = NULL;
    g_mutex_unlock(&in->back_lock);
    g_clear_pointer(&in->listener, mig_listener_free);
    g_clear_pointer(&in->ram, mig_ram_load_free);
    if (in->listened && !in->lost)
        in->host->ops->memory(in->host->opaque, MIG_MEMORY_IS_HERE);
}

/* The guest runs; the rest of its memory comes. */
static void
end_postcopy(MigIncoming *in)
{
    gboolean whole = mig_incoming_await_memory(in);

    mig_incoming_enter(in);
    mig_incoming_report(in);
    in->host->ram->load = NULL;
    mig_incoming_leave(in);
    if (whole)
        mig_incoming_shut(in, 0);
    mig_ledger_end(in->ledger);
    close_all(in);
    /* A connection may come back, but nobody waits for it in a VM that ends. */
    if (whole || in->restores)
        mig_incoming_move(in, whole ? MIG_STATUS_COMPLETED : MIG_STATUS_FAILED);
}

static void *
run(void *opaque)
{
    MigIncoming *in = opaque;
    g_autoptr(GError) error = NULL;
    gboolean good = wait_for_sender(in, &error) && mig_incoming_move(in, MIG_STATUS_ACTIVE) &&
                    take_over(in, &error);

    if (in->ran) {
        end_postcopy(in);
    } else if (good) {
        /* It is ours: a source that cannot be told keeps its copy paused. */
        mig_incoming_shut(in, 0);
        mig_ledger_end(in->ledger);
        mig_incoming_move(in, MIG_STATUS_COMPLETED);
        mig_incoming_enter(in);
        in->host->ops->run(in->host->opaque);
        mig_incoming_leave(in);
        close_all(in);
    } else {
        refuse(in, error);
        mig_incoming_enter(in);
        in->host->ram->load = NULL;
        mig_incoming_leave(in);
        close_all(in);
        mig_ledger_end(in->ledger);
        mig_incoming_move(in, MIG_STATUS_FAILED);
    }
    in->host->ops->event(in->host->opaque, MIG_EVENT_ENDED, 0);
    return NULL;
}

/* ---- For the monitor ---- */

MigIncoming *
mig_incoming_new(const MigHost *host, MigParams *params, const char *uri, GError **error)
{
    g_autoptr(MigAddress) address = mig_address_parse(uri, error);
    g_autoptr(MigListener) listener =
        address != NULL ? mig_listener_new(address, host->descriptors, host->opaque, error) : NULL;
    g_autoptr(MigWake) wake = listener != NULL ? mig_wake_new(error) : NULL;
    MigIncoming *in;

    if (wake == NULL)
        return NULL;
    in = g_new0(MigIncoming, 1);
    in->host = host;
    in->params = params;
    in->restores = mig_params_capability(params, MIG_CAP_X_LAZY_RESTORE);
    in->uri = g_strdup(mig_listener_uri(listener));
    in->listener = g_steal_pointer(&listener);
    in->wake = g_steal_pointer(&wake);
    in->ledger = mig_ledger_new();
    g_mutex_init(&in->lock);
    g_cond_init(&in->changed);
    g_mutex_init(&in->back_lock);
    mig_incoming_move(in, MIG_STATUS_SETUP);
    in->thread = g_thread_new("incoming", run, in);
    return in;
}

void
mig_incoming_wait(MigIncoming *in)
{
    g_clear_pointer(&in->thread, g_thread_join);
}

void
mig_incoming_free(MigIncoming *in)
{
    if (in == NULL)
        return;
    mig_incoming_cancel(in);
    mig_incoming_abandon(in);
    mig_incoming_wait(in);
    mig_wake_free(in->wake);
    mig_ledger_free(in->ledger);
    mig_listener_free(in->again);
    g_mutex_clear(&in->back_lock);
    g_cond_clear(&in->changed);
    g_mutex_clear(&in->lock);
    g_free(in->uri);
    g_free(in);
}

void
mig_incoming_cancel(MigIncoming *in)
{
    g_mutex_lock(&in->lock);
    /* A guest that runs here is not cancelled. */
    if (!in->ran) {
        mig_wake_fire(in->wake);
        if (in->live != NULL)
            mig_channel_shutdown(in->live);
    }
    g_mutex_unlock(&in->lock);
}

MigStatus
mig_incoming_status(const MigIncoming *in)
{
    return mig_state_get(&in->state);
}

void
mig_incoming_stats(MigIncoming *in, MigStats *stats)
{
    const MigStatus status = mig_state_get(&in->state); /* first: its figures were there before */

    mig_ledger_read(in->ledger, stats);
    stats->status = status;
    g_mutex_lock(&in->back_lock);
    stats->has_postcopy = in->listened;
    stats->postcopy = in->figures;
    if (in->postcopy != NULL)
        mig_postcopy_dst_stats(in->postcopy, &stats->postcopy);
    if (in->listened)
        stats->ram.remaining = stats->postcopy.missing;
    if (in->demand != NULL)
        in->way = mig_mapped_demand_way(in->demand, &in->channels);
    stats->ram.file_way = in->way;
    stats->ram.channels = in->channels;
    g_mutex_unlock(&in->back_lock);
}

gboolean
mig_incoming_is_restore(const MigIncoming *in)
{
    return in->restores;
}

gboolean
mig_incoming_guest_ran(MigIncoming *in)
{
    gboolean ran;

    g_mutex_lock(&in->lock);
    ran = in->ran;
    g_mutex_unlock(&in->lock);
    return ran;
}

const char *
mig_incoming_uri(const MigIncoming *in)
{
    return in->uri;
}
