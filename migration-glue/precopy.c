/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Copying memory while the guest runs: how fast, how long, and when it is enough.
 */
#include "migration-glue/precopy.h"

#include "migration-glue/command.h"
#include "migration-glue/error.h"
#include "migration-glue/page.h"

#define SLICE_MS 50 /* longest sleep between two looks at the world */
/* Stopping costs something even without a byte, and so does each section. */
#define FIXED_US       300
#define PER_SECTION_US 50
/* States go number by number, here and there: so many times slower than pages. */
#define STATE_SLOWNESS 4.0
/* Parts of memory after which the log is fetched on the first way through it: soon for the first
 * time, since until then nobody knows what the guest is busy with. */
#define FIRST_LOOK 32u
#define NEXT_LOOKS 8u
/* More than this is not left to a stop before some pages were sent again: what that cost is what
 * the last ones will cost. */
#define REHEARSAL_BYTES (1u << 20)

void
mig_precopy_report(MigPrecopy *copy)
{
    MigRamStats ram;

    if (copy->ram == NULL || copy->stream == NULL)
        return;
    mig_ram_save_stats(copy->ram, &ram);
    mig_ledger_progress(copy->ledger, &ram, mig_stream_position(copy->stream));
}

/* FALSE if the other side has given up, though the connection may still take bytes. */
gboolean
mig_precopy_check_peer(MigPrecopy *copy, GError **error)
{
    g_autofree char *trouble = NULL;

    if (copy->back == NULL ||
        mig_return_path_poll(copy->back, MIG_RETURN_WAIT_VERDICT) == MIG_RETURN_PENDING)
        return TRUE;
    trouble = mig_return_path_trouble(copy->back);
    g_set_error(error, MIG_ERROR, MIG_ERROR_IO, "the destination ended the migration%s%s",
                trouble != NULL ? ": " : "", trouble != NULL ? trouble : "");
    return FALSE;
}

static guint64
switch_bandwidth(const MigPrecopy *copy)
{
    guint64 said = mig_params_number(copy->params, MIG_PARAM_AVAIL_SWITCHOVER_BANDWIDTH);

    return said != 0 ? said : mig_pace_bandwidth(&copy->pace);
}

/* What a switch costs without any page. */
static gint64
fixed_cost_us(const MigPrecopy *copy)
{
    guint64 bandwidth = MAX(switch_bandwidth(copy), 1);
    MigRamStats ram;

    mig_ram_save_stats(copy->ram, &ram);
    return FIXED_US + (gint64)copy->n_sections * PER_SECTION_US + copy->round_trip_us +
           (gint64)ram.sync_us +
           (gint64)((double)copy->state_bytes * STATE_SLOWNESS * 1e6 / (double)bandwidth);
}

gint64
mig_precopy_expected_downtime_us(const MigPrecopy *copy)
{
    guint64 bandwidth = switch_bandwidth(copy);

    if (bandwidth == 0)
        return -1;
    return (gint64)((double)mig_saver_pending(copy->saver) * 1e6 / (double)bandwidth) +
           fixed_cost_us(copy);
}

/* Bytes that fit into the downtime limit. */
static guint64
threshold(const MigPrecopy *copy)
{
    gint64 limit_us = (gint64)mig_params_number(copy->params, MIG_PARAM_DOWNTIME_LIMIT) * 1000;

    return (guint64)((double)MAX(limit_us - fixed_cost_us(copy), 0) *
                     (double)switch_bandwidth(copy) / 1e6);
}

/* Why it does not come to an end: the guest writes faster than pages are sent. */
static const char *
why_stalled(const MigPrecopy *copy, gboolean limited)
{
    if (copy->converge.percent != 0 &&
        copy->converge.percent >= mig_params_number(copy->params, MIG_PARAM_MAX_CPU_THROTTLE))
        return "the guest writes memory faster than it is sent although its vCPUs rest for "
               "max-cpu-throttle percent of the time: raise that, max-bandwidth or downtime-limit";
    if (copy->converge.percent != 0)
        return "the guest writes memory faster than it is sent: its vCPUs are slowed down";
    if (limited)
        return "the guest writes memory faster than max-bandwidth lets it be sent: raise "
               "max-bandwidth";
    return mig_params_capability(copy->params, MIG_CAP_AUTO_CONVERGE)
               ? "the guest writes memory faster than the connection takes it: auto-converge is "
                 "about to slow it down"
               : "the guest writes memory faster than the connection takes it: raise "
                 "downtime-limit, or switch auto-converge on";
}

/* When the machine will stop, at the present rates; and, if never, why. */
static void
foresee(MigPrecopy *copy)
{
    guint64 limit = mig_params_number(copy->params, MIG_PARAM_MAX_BANDWIDTH);
    guint64 most = mig_pace_bandwidth(&copy->pace), rate = limit != 0 ? MIN(limit, most) : most;
    guint64 pending = mig_saver_pending(copy->saver), dirtying;
    MigRamStats ram;
    gint64 eta_us = -1;

    mig_ram_save_stats(copy->ram, &ram);
    dirtying = ram.dirty_rate << MIG_PAGE_SHIFT;
    if (rate > dirtying)
        eta_us = (gint64)((double)pending * 1e6 / (double)(rate - dirtying));
    mig_ledger_expect(copy->ledger, mig_precopy_expected_downtime_us(copy), eta_us, most);
    if (most == 0 || (rate > dirtying && !copy->no_nearer))
        mig_ledger_stall(copy->ledger, NULL);
    else
        mig_ledger_stall(copy->ledger,
                         why_stalled(copy, limit != 0 && limit < most && most > dirtying));
}

/* As long as the bandwidth limit wants. FALSE if something else ended the migration. */
static gboolean
keep_pace(MigPrecopy *copy, GError **error)
{
    gint64 delay;

    for (;;) {
        delay =
            mig_pace_delay(&copy->pace, mig_params_number(copy->params, MIG_PARAM_MAX_BANDWIDTH),
                           g_get_monotonic_time());
        if (delay < 1000)
            return mig_precopy_check_peer(copy, error);
        if (mig_wake_wait(copy->wake, -1, 0, (gint)MIN(delay / 1000, SLICE_MS)) == MIG_WAIT_FIRED) {
            mig_wake_set_error("the migration", error);
            return FALSE;
        }
        if (!mig_precopy_check_peer(copy, error))
            return FALSE;
    }
}

/* On the first way through memory looking and writing go on side by side. Later each part is waited
 * for: how long that takes tells how long the last one will take. */
static gboolean
put_part(MigPrecopy *copy, gboolean *done, GError **error)
{
    return mig_saver_round(copy->saver, done, error) &&
           ((!copy->passed_once && !*done) || mig_stream_flush(copy->stream, error));
}

/* A part that was not waited for does not tell how fast the connection is: who wrote it does. */
static void
measure(MigPrecopy *copy, guint64 bytes, guint64 page_bytes, gint64 us)
{
    if (!copy->passed_once && mig_stream_take_pace(copy->stream, &bytes, &us))
        page_bytes = bytes;
    mig_pace_measure(&copy->pace, bytes, page_bytes, copy->passed_once, us);
}

static gboolean
send_part(MigPrecopy *copy, gboolean *done, GError **error)
{
    guint64 limit = mig_params_number(copy->params, MIG_PARAM_MAX_BANDWIDTH);
    guint64 before = mig_stream_position(copy->stream), pending = mig_saver_pending(copy->saver);
    gint64 began = g_get_monotonic_time(), now;
    guint64 bytes;

    mig_ram_save_set_budget(copy->ram, mig_pace_quantum(limit));
    if (!put_part(copy, done, error))
        return FALSE;
    now = g_get_monotonic_time();
    bytes = mig_stream_position(copy->stream) - before;
    mig_pace_owe(&copy->pace, bytes, now - began, now);
    measure(copy, bytes, pending - MIN(pending, mig_saver_pending(copy->saver)), now - began);
    return TRUE;
}

void
mig_precopy_ping(MigPrecopy *copy, MigStream *stream)
{
    guint32 value;

    /* One more would tell nothing new. */
    if (copy->pings >= MIG_PRECOPY_PINGS)
        return;
    copy->pinged_at[copy->pings] = g_get_monotonic_time();
    copy->pings++; /* not in the macro, which may look at it several times */
    value = GUINT32_TO_BE(copy->pings);
    mig_command_put(stream, MIG_COMMAND_PING, &value, sizeof(value));
}

/* The first ping may have waited for the other side to begin, the second one behind pages. There
 * are always two of them: what a guest that stands still sends does not depend on the clock. */
static void
note_pong(MigPrecopy *copy)
{
    guint32 pong;
    gint64 when, trip;

    if (copy->back == NULL)
        return;
    pong = mig_return_path_pong(copy->back, &when);
    if (pong == 0 || pong > copy->pings)
        return;
    trip = MAX(when - copy->pinged_at[pong - 1], 1);
    copy->round_trip_us = copy->round_trip_us == 0 ? trip : MIN(copy->round_trip_us, trip);
}

/* A guest that writes all of its pages again and again seems to write just as fast as they are
 * sent.
 */
static void
note_found(MigPrecopy *copy, guint64 found)
{
    copy->no_nearer = found > 0 && found >= copy->found - copy->found / 10;
    copy->found = found;
}

/* After a fetch of the dirty log: does the guest write too much, and rest too little? */
static void
converge(MigPrecopy *copy, const MigRamStats *ram)
{
    MigParams *params = copy->params;
    const MigConvergeRules rules = {
        .trigger = (guint)mig_params_number(params, MIG_PARAM_THROTTLE_TRIGGER_THRESHOLD),
        .initial = (guint)mig_params_number(params, MIG_PARAM_CPU_THROTTLE_INITIAL),
        .increment = (guint)mig_params_number(params, MIG_PARAM_CPU_THROTTLE_INCREMENT),
        .most = (guint)mig_params_number(params, MIG_PARAM_MAX_CPU_THROTTLE),
        .gently = mig_params_number(params, MIG_PARAM_CPU_THROTTLE_TAILSLOW) != 0,
    };
    guint64 sent = (ram->normal + ram->duplicate) << MIG_PAGE_SHIFT;

    if (!mig_params_capability(params, MIG_CAP_AUTO_CONVERGE) ||
        !mig_converge_look(&copy->converge, &rules, ram->dirty_bytes, sent, g_get_monotonic_time()))
        return;
    copy->throttle(copy->user, copy->converge.percent);
    mig_ledger_throttle(copy->ledger, copy->converge.percent);
}

void
mig_precopy_end(MigPrecopy *copy)
{
    if (copy->converge.percent == 0)
        return;
    copy->converge.percent = 0;
    copy->throttle(copy->user, 0);
    mig_ledger_throttle(copy->ledger, 0);
}

/* Whether little enough is left. What the guest wrote since the last look counts. */
static gboolean
may_stop(MigPrecopy *copy, gboolean *may, GError **error)
{
    MigRamStats ram;
    guint64 pending;

    *may = FALSE;
    note_pong(copy);
    if (mig_saver_pending(copy->saver) > threshold(copy))
        return TRUE;
    if (copy->back != NULL && mig_params_capability(copy->params, MIG_CAP_SWITCHOVER_ACK) &&
        mig_return_path_poll(copy->back, MIG_RETURN_WAIT_ACK) != MIG_RETURN_GOT) {
        mig_ledger_stall(copy->ledger, "waiting for the destination's switchover-ack");
        mig_wake_wait(copy->wake, -1, 0, SLICE_MS);
        return TRUE;
    }
    if (!mig_ram_save_sync(copy->ram, error))
        return FALSE;
    mig_ram_save_stats(copy->ram, &ram);
    copy->passed(copy->user, ram.sync_count);
    note_found(copy, ram.dirty_bytes);
    converge(copy, &ram);
    pending = mig_saver_pending(copy->saver);
    *may = pending == 0 || (pending <= threshold(copy) &&
                            (pending <= REHEARSAL_BYTES || mig_pace_is_rehearsed(&copy->pace)));
    return TRUE;
}

static guint64
next_look(const MigPrecopy *copy, guint64 total)
{
    if (copy->looked_at == 0)
        return total / FIRST_LOOK;
    return MIN(copy->looked_at * 2, copy->looked_at + total / NEXT_LOOKS);
}

/* What the guest writes before its turn goes once then, and not twice. When to look goes by bytes,
 * not by the clock: what a guest that stands still sends does not depend on that. */
static gboolean
look_on_the_way(MigPrecopy *copy, GError **error)
{
    MigRamStats ram;
    guint64 sent;

    mig_ram_save_stats(copy->ram, &ram);
    sent = (ram.normal + ram.duplicate) << MIG_PAGE_SHIFT;
    if (sent >= ram.total || sent < next_look(copy, ram.total))
        return TRUE;
    copy->looked_at = sent;
    return mig_ram_save_look(copy->ram, error);
}

/* Every page goes once before the first question whether it is enough: what a guest that stands
 * still sends does not depend on the clock. */
gboolean
mig_precopy_run(MigPrecopy *copy, GError **error)
{
    gboolean done = FALSE, enough = FALSE;

    while (!enough) {
        if (mig_wake_fired(copy->wake)) {
            mig_wake_set_error("the migration", error);
            return FALSE;
        }
        if (!send_part(copy, &done, error) || !keep_pace(copy, error))
            return FALSE;
        if (done && !copy->passed_once && copy->back != NULL) {
            note_pong(copy);
            mig_precopy_ping(copy, copy->stream);
        }
        copy->passed_once = copy->passed_once || done;
        if (!copy->passed_once && !look_on_the_way(copy, error))
            return FALSE;
        if (copy->passed_once && !may_stop(copy, &enough, error))
            return FALSE;
        copy->postcopy = !enough && g_atomic_int_get(&copy->postcopy_asked) != 0;
        enough = enough || copy->postcopy;
        foresee(copy);
        mig_precopy_report(copy);
    }
    return TRUE;
}
