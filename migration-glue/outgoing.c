/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An outgoing migration, as a story: connect, begin, copy memory while the guest runs, stop it,
 * send the rest, hand over. The chapters are functions of the same order; settle() says what each
 * ending means for the guest.
 */
#include "migration-glue/outgoing-priv.h"

#include <string.h>

#include "migration-glue/channel-outer.h"
#include "migration-glue/command.h"
#include "migration-glue/error.h"
#include "migration-glue/ram-postcopy.h"
#include "migration-glue/weight.h"

#define BLAME_US (500 * G_TIME_SPAN_MILLISECOND) /* for the verdict after a broken connection */

void
mig_outgoing_enter(MigOutgoing *out)
{
    out->host->ops->lock(out->host->opaque);
    out->held = TRUE;
}

void
mig_outgoing_leave(MigOutgoing *out)
{
    out->held = FALSE;
    out->host->ops->unlock(out->host->opaque);
}

static void
tell(MigOutgoing *out, MigEventKind kind, guint64 value)
{
    out->host->ops->event(out->host->opaque, kind, value);
}

static void
tell_pass(void *user, guint64 pass)
{
    tell(user, MIG_EVENT_PASS, pass);
}

static void
throttle(void *user, guint percent)
{
    MigOutgoing *out = user;

    out->host->ops->throttle(out->host->opaque, percent);
}

/* Moves on, unless somebody cancelled. */
gboolean
mig_outgoing_move(MigOutgoing *out, MigStatus to, GError **error)
{
    if (mig_state_move(&out->state, to)) {
        tell(out, MIG_EVENT_STATUS, to);
        return TRUE;
    }
    mig_wake_set_error("the migration", error);
    return FALSE;
}

void
mig_outgoing_set_live(MigOutgoing *out, MigChannel *live, MigReturnPath *asked)
{
    g_mutex_lock(&out->lock);
    out->live = live;
    out->asked = asked;
    g_mutex_unlock(&out->lock);
}

/* ---- Connect, begin ---- */

static void
note_section(const MigSection *section, guint tag, guint64 bytes, void *user)
{
    MigOutgoing *out = user;
    gint64 now = g_get_monotonic_time();

    if (out->in_states)
        mig_ledger_device(out->ledger, section, bytes, (guint64)(now - out->section_ended));
    out->section_ended = now;
}

static gboolean
open_connection(MigOutgoing *out, GError **error)
{
    const MigHost *host = out->host;

    if (!mig_transport_open(out->address, host->descriptors, host->opaque, out->wake, &out->ends,
                            error))
        return FALSE;
    out->ends.stream = mig_channel_yield_new(out->ends.stream, host->ops->lock, host->ops->unlock,
                                             host->opaque, &out->held);
    if (out->ends.back != NULL && (out->context.capabilities & VMS_CAP_RETURN_PATH)) {
        out->back = mig_return_path_new(g_steal_pointer(&out->ends.back));
        if (out->context.capabilities & VMS_CAP_POSTCOPY_RAM)
            mig_outgoing_hook(out);
        mig_return_path_start(out->back, NULL, NULL);
    }
    mig_outgoing_set_live(out, out->ends.stream, out->back);
    if (mig_wake_fired(out->wake)) {
        mig_wake_set_error("the migration", error);
        return FALSE;
    }
    out->stream = mig_stream_new_writer(out->ends.stream);
    mig_stream_set_offset(out->stream, out->ends.offset);
    /* Nobody answers before the end, and pages go through the stream. */
    if (out->ends.verdict == MIG_VERDICT_CLOSE &&
        (out->context.capabilities & VMS_CAP_MAPPED_RAM) == 0)
        mig_stream_write_behind(out->stream);
    return TRUE;
}

static gboolean
open_stream(MigOutgoing *out, GError **error)
{
    out->saver =
        mig_saver_new(out->stream, out->host->sections, &out->context, &out->host->identity);
    mig_saver_observe(out->saver, note_section, out);
    if (!mig_saver_begin(out->saver, error))
        return FALSE;
    if (out->back != NULL) {
        mig_command_put(out->stream, MIG_COMMAND_OPEN_RETURN_PATH, NULL, 0);
        mig_precopy_ping(&out->copy, out->stream);
    }
    return mig_stream_flush(out->stream, error);
}

static gboolean
set_up(MigOutgoing *out, GError **error)
{
    gboolean good;

    mig_outgoing_enter(out);
    out->ram = mig_ram_save_new(out->host->ram->ops, out->host->ram->opaque);
    out->host->ram->save = out->ram;
    mig_ram_save_set_file(out->ram, &out->file);
    good = mig_ram_save_prepare(out->ram, &out->context, error);
    mig_sections_list(out->host->sections, &out->copy.n_sections);
    out->copy.state_bytes = mig_sections_weight(out->host->sections);
    mig_outgoing_leave(out);
    out->copy.saver = out->saver;
    out->copy.stream = out->stream;
    out->copy.ram = out->ram;
    out->copy.back = out->back;
    if (!good || !mig_outgoing_advise(out, error) || !mig_saver_start(out->saver, error))
        return FALSE;
    mig_ledger_setup_done(out->ledger);
    return mig_outgoing_move(out, MIG_STATUS_ACTIVE, error);
}

/* What the other side said, if it is the reason why writing failed. */
static void
blame_destination(MigOutgoing *out, GError **error)
{
    if (out->back == NULL || !g_error_matches(*error, MIG_ERROR, MIG_ERROR_IO) ||
        mig_return_path_wait(out->back, MIG_RETURN_WAIT_VERDICT, BLAME_US, NULL, NULL) !=
            MIG_RETURN_GOT)
        return;
    g_clear_error(error);
    g_set_error(error, MIG_ERROR,
                (gint)CLAMP(mig_return_path_verdict(out->back), 1, MIG_ERROR_DESCRIPTION),
                "%s (code %u; its own log has the details)",
                mig_return_verdict_text(mig_return_path_verdict(out->back)),
                mig_return_path_verdict(out->back));
}

/* ---- Stop the guest, send the rest ---- */

gboolean
mig_outgoing_stop_guest(MigOutgoing *out, GError **error)
{
    gboolean good;

    mig_ledger_down(out->ledger, mig_precopy_expected_downtime_us(&out->copy));
    mig_ledger_phase(out->ledger, MIG_PHASE_STOP);
    mig_outgoing_enter(out);
    good = out->host->ops->stop(out->host->opaque, error);
    out->stopped = good;
    mig_outgoing_leave(out);
    mig_precopy_end(&out->copy);
    return good;
}

gboolean
mig_outgoing_pause(MigOutgoing *out, GError **error)
{
    if (!mig_params_capability(out->params, MIG_CAP_PAUSE_BEFORE_SWITCHOVER))
        return TRUE;
    mig_ledger_phase(out->ledger, MIG_PHASE_PAUSE);
    if (!mig_outgoing_move(out, MIG_STATUS_PRE_SWITCHOVER, error))
        return FALSE;
    mig_ledger_stall(out->ledger, "waiting for migrate-continue");
    g_mutex_lock(&out->lock);
    while (!out->go_asked && !mig_wake_fired(out->wake))
        g_cond_wait(&out->changed, &out->lock);
    g_mutex_unlock(&out->lock);
    mig_ledger_stall(out->ledger, NULL);
    return TRUE; /* the next move finds out if it was cancelled */
}

gboolean
mig_outgoing_states(MigOutgoing *out, GError **error)
{
    gboolean good;

    mig_ledger_phase(out->ledger, MIG_PHASE_STATES);
    mig_outgoing_enter(out);
    out->in_states = TRUE;
    out->section_ended = g_get_monotonic_time();
    good = mig_saver_states(out->saver, error);
    out->in_states = FALSE;
    mig_outgoing_leave(out);
    return good;
}

static gboolean
send_rest(MigOutgoing *out, GError **error)
{
    if (!mig_outgoing_move(out, MIG_STATUS_DEVICE, error))
        return FALSE;
    mig_ledger_phase(out->ledger, MIG_PHASE_RAM);
    if (!mig_saver_stopped(out->saver, error) || !mig_saver_ends(out->saver, error))
        return FALSE;
    mig_precopy_report(&out->copy);
    /* Trouble that shows now shows while the guest is still ours. */
    return mig_outgoing_states(out, error) && mig_stream_flush(out->stream, error) &&
           mig_precopy_check_peer(&out->copy, error);
}

/* ---- Hand over ---- */

static gboolean
gave_up(void *user)
{
    return mig_wake_fired(((MigOutgoing *)user)->wake);
}

static gboolean
unknown(MigOutgoing *out, const char *why, GError **error)
{
    out->unknown = TRUE;
    g_clear_error(error);
    g_set_error(error, MIG_ERROR, MIG_ERROR_IO,
                "handover unknown: %s, and the destination may have the whole guest: it stays "
                "paused here until you say whether it runs there",
                why);
    return FALSE;
}

/* Sent or not, the other side has the last word. */
static gboolean
await_verdict(MigOutgoing *out, GError **error)
{
    g_autofree char *trouble = NULL;
    guint32 verdict;

    if (mig_return_path_wait(out->back, MIG_RETURN_WAIT_VERDICT, -1, gave_up, out) !=
        MIG_RETURN_GOT) {
        trouble = mig_return_path_trouble(out->back);
        return unknown(out,
                       trouble != NULL && !mig_wake_fired(out->wake)
                           ? trouble
                           : "the waiting for the verdict was ended",
                       error);
    }
    verdict = mig_return_path_verdict(out->back);
    if (verdict == 0) {
        g_clear_error(error);
        return TRUE;
    }
    g_clear_error(error);
    g_set_error(error, MIG_ERROR, MIG_ERROR_IO, "%s (code %u; its own log has the details)",
                mig_return_verdict_text(verdict), verdict);
    return FALSE;
}

static gboolean
hand_over(MigOutgoing *out, GError **error)
{
    g_autoptr(GError) trouble = NULL;
    gboolean good;

    if (!mig_outgoing_move(out, MIG_STATUS_HANDOVER, error))
        return FALSE;
    mig_ledger_phase(out->ledger, MIG_PHASE_END);
    good = mig_saver_finish(out->saver, TRUE, &trouble);
    mig_ledger_phase(out->ledger, MIG_PHASE_VERDICT);
    mig_precopy_report(&out->copy);
    if (out->back != NULL)
        return await_verdict(out, error);
    if (good && out->ends.commit != NULL)
        good = out->ends.commit(((MigOuter *)out->ends.stream)->inner, out->wake, &trouble);
    if (good)
        return TRUE;
    /* A file or a command that failed has said "no"; one that we ended has not. */
    if (out->ends.verdict != MIG_VERDICT_CLOSE ||
        g_error_matches(trouble, MIG_ERROR, MIG_ERROR_CANCELLED))
        return unknown(out, trouble->message, error);
    g_propagate_error(error, g_steal_pointer(&trouble));
    return FALSE;
}

/* ---- The end ---- */

static void
close_all(MigOutgoing *out)
{
    mig_precopy_end(&out->copy);
    mig_precopy_report(&out->copy);
    mig_outgoing_set_live(out, NULL, NULL);
    g_clear_pointer(&out->saver, mig_saver_free);
    if (out->stream != NULL)
        g_clear_pointer(&out->stream, mig_stream_free);
    else
        g_clear_pointer(&out->ends.stream, mig_channel_free);
    out->ends.stream = NULL;
    mig_ends_clear(&out->ends);
    g_clear_pointer(&out->back, mig_return_path_free);
    mig_outgoing_enter(out);
    out->host->ram->save = NULL;
    out->copy.ram = NULL;
    g_clear_pointer(&out->ram, mig_ram_save_free);
    mig_outgoing_leave(out);
}

/* The guest goes on here, if it was stopped. */
static gboolean
go_on(MigOutgoing *out, GError **error)
{
    gboolean good = TRUE;

    if (out->stopped) {
        good = out->host->ops->go_on(out->host->opaque, error);
        out->stopped = !good;
    }
    return good;
}

static void
go_on_here(MigOutgoing *out)
{
    g_autoptr(GError) error = NULL;

    g_assert(mig_status_guest_is_ours(mig_state_get(&out->state)));
    mig_outgoing_enter(out);
    if (go_on(out, &error))
        mig_ledger_up(out->ledger);
    else
        mig_ledger_error(out->ledger, error->message);
    mig_outgoing_leave(out);
}

/* Returns: where the state really goes, for from cancelling there is one way only. */
static MigStatus
move_to_end(MigOutgoing *out, MigStatus end)
{
    gboolean moved = mig_state_move(&out->state, end);

    if (!moved) {
        end = MIG_STATUS_CANCELLED;
        moved = mig_state_move(&out->state, end);
    }
    g_assert(moved);
    return end;
}

/* What the ending means for the guest; @error is NULL if all went well. */
static void
settle(MigOutgoing *out, const GError *error)
{
    MigStatus end = error == NULL || (out->decided && !out->ours) ? MIG_STATUS_COMPLETED
                    : out->unknown                                ? MIG_STATUS_HANDOVER_UNKNOWN
                                                                  : MIG_STATUS_FAILED;

    if (end != MIG_STATUS_COMPLETED && mig_state_get(&out->state) != MIG_STATUS_CANCELLING)
        mig_ledger_error(out->ledger, error->message);
    /* The VM ends, and the guest, or a part of it, with it. */
    if (out->abandoned && mig_status_is_postcopy(mig_state_get(&out->state)))
        return;
    /* Whoever is told of the end is told all its figures; a guest that goes on here was down until
     * it does. */
    if (end != MIG_STATUS_FAILED)
        mig_ledger_end(out->ledger);
    end = move_to_end(out, end);
    if (end == MIG_STATUS_COMPLETED) {
        mig_outgoing_enter(out);
        out->host->ops->gone(out->host->opaque);
        mig_outgoing_leave(out);
    } else if (end != MIG_STATUS_HANDOVER_UNKNOWN) {
        go_on_here(out);
        mig_ledger_end(out->ledger);
    }
    g_mutex_lock(&out->lock); /* a cancel tells of itself first */
    tell(out, MIG_EVENT_STATUS, end);
    g_mutex_unlock(&out->lock);
}

static gboolean
migrate(MigOutgoing *out, GError **error)
{
    return open_connection(out, error) && open_stream(out, error) && set_up(out, error) &&
           mig_precopy_run(&out->copy, error) && mig_outgoing_stop_guest(out, error) &&
           mig_outgoing_pause(out, error) &&
           (out->copy.postcopy ? mig_outgoing_postcopy(out, error)
                               : send_rest(out, error) && hand_over(out, error));
}

static void *
run(void *opaque)
{
    MigOutgoing *out = opaque;
    GError *error = NULL;

    if (!migrate(out, &error) && !out->unknown &&
        mig_status_guest_is_ours(mig_state_get(&out->state)))
        blame_destination(out, &error);
    close_all(out);
    settle(out, error);
    g_clear_error(&error);
    tell(out, MIG_EVENT_ENDED, 0);
    return NULL;
}

/* ---- For the monitor ---- */

MigOutgoing *
mig_outgoing_new(const MigHost *host, MigParams *params, const char *uri, GError **error)
{
    g_autoptr(MigAddress) address = mig_address_parse(uri, error);
    MigFileOptions file;
    g_autoptr(MigWake) wake =
        address != NULL && mig_file_choose(params, uri, &file, error) ? mig_wake_new(error) : NULL;
    MigOutgoing *out;

    if (wake == NULL)
        return NULL;
    out = g_new0(MigOutgoing, 1);
    out->host = host;
    out->params = params;
    out->address = g_steal_pointer(&address);
    out->wake = g_steal_pointer(&wake);
    out->ledger = mig_ledger_new();
    out->file = file;
    out->context = (VmsContext){
        .row = host->row, .rules = host->rules, .capabilities = mig_params_vms(params)};
    out->copy = (MigPrecopy){.params = params,
                             .wake = out->wake,
                             .ledger = out->ledger,
                             .passed = tell_pass,
                             .throttle = throttle,
                             .user = out};
    g_mutex_init(&out->lock);
    g_cond_init(&out->changed);
    mig_outgoing_move(out, MIG_STATUS_SETUP, NULL);
    out->thread = g_thread_new("migration", run, out);
    return out;
}

void
mig_outgoing_wait(MigOutgoing *out)
{
    g_clear_pointer(&out->thread, g_thread_join);
}

void
mig_outgoing_free(MigOutgoing *out)
{
    if (out == NULL)
        return;
    mig_outgoing_cancel(out);
    mig_outgoing_abandon(out);
    mig_outgoing_wait(out);
    mig_wake_free(out->wake);
    mig_ledger_free(out->ledger);
    mig_address_free(out->address);
    mig_address_free(out->again);
    g_cond_clear(&out->changed);
    g_mutex_clear(&out->lock);
    g_free(out);
}

gboolean
mig_outgoing_cancel(MigOutgoing *out)
{
    gboolean cancelled, late;

    /* Held over move and event: the thread tells of the end only afterwards. */
    g_mutex_lock(&out->lock);
    cancelled = mig_state_move(&out->state, MIG_STATUS_CANCELLING);
    late = !cancelled && mig_state_get(&out->state) == MIG_STATUS_HANDOVER;
    if (cancelled)
        tell(out, MIG_EVENT_STATUS, MIG_STATUS_CANCELLING);
    if (cancelled || late) {
        mig_wake_fire(out->wake);
        if (out->live != NULL)
            mig_channel_shutdown(out->live);
        if (out->asked != NULL)
            mig_return_path_kick(out->asked);
        g_cond_broadcast(&out->changed);
    }
    g_mutex_unlock(&out->lock);
    return cancelled || late;
}

gboolean
mig_outgoing_continue(MigOutgoing *out, GError **error)
{
    MigStatus status = mig_state_get(&out->state);

    if (status != MIG_STATUS_PRE_SWITCHOVER) {
        g_set_error(error, MIG_ERROR, MIG_ERROR_VALUE,
                    "the migration is not in state pre-switchover but %s", mig_status_name(status));
        return FALSE;
    }
    g_mutex_lock(&out->lock);
    out->go_asked = TRUE;
    g_cond_broadcast(&out->changed);
    g_mutex_unlock(&out->lock);
    return TRUE;
}

gboolean
mig_outgoing_decide(MigOutgoing *out, gboolean ours, GError **error)
{
    MigStatus end = ours ? MIG_STATUS_FAILED : MIG_STATUS_COMPLETED;

    if (mig_state_get(&out->state) == MIG_STATUS_POSTCOPY_PAUSED)
        return mig_outgoing_decide_paused(out, ours, error);
    if (mig_state_get(&out->state) != MIG_STATUS_HANDOVER_UNKNOWN ||
        !mig_state_move(&out->state, end)) {
        g_set_error(error, MIG_ERROR, MIG_ERROR_VALUE,
                    "there is nothing to decide: no handover is unknown");
        return FALSE;
    }
    tell(out, MIG_EVENT_STATUS, end);
    if (ours)
        return go_on(out, error);
    out->host->ops->gone(out->host->opaque);
    return TRUE;
}

MigStatus
mig_outgoing_status(const MigOutgoing *out)
{
    return mig_state_get(&out->state);
}

void
mig_outgoing_stats(MigOutgoing *out, MigStats *stats)
{
    const MigStatus status = mig_state_get(&out->state); /* first: its figures were there before */

    mig_ledger_read(out->ledger, stats);
    stats->status = status;
}
