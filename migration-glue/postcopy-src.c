/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The source of a postcopy, as a story: send what is stale, the devices in one package, then
 * memory, page by page, what the destination waits for first. A connection that breaks is waited
 * for.
 *
 * The last byte of the package is the switch (MS-7). Before it everything is as in any migration;
 * after it the guest lives at the destination only, and all there is here is memory that it needs.
 *
 * Source: docs/stream-format.md, "Commands, postcopy, return path".
 */
#include <string.h>

#include "migration-glue/channel-outer.h"
#include "migration-glue/command.h"
#include "migration-glue/error.h"
#include "migration-glue/outgoing-priv.h"
#include "migration-glue/ram-postcopy.h"

#define PING_SWITCH 2u /* before the package */
#define PING_LOADED 3u /* in it, behind the devices: who answers runs the guest next */
#define PING_BEHIND 4u /* behind it */
#define PART_BYTES  (64u << 10)
#define ANSWER_US   (30 * G_USEC_PER_SEC) /* for one bitmap, one acknowledgement */

/* ---- Before the switch ---- */

static gboolean
take_request(void *user, const char *name, guint64 start, guint32 n, GError **error)
{
    return mig_ram_save_ask(((MigOutgoing *)user)->ram, name, start, n, error);
}

static gboolean
take_bitmap(void *user, const char *name, MigStream *back, GError **error)
{
    MigOutgoing *out = user;

    /* Only while agree() waits for it: at any other time the bits are the sender's. */
    if (g_atomic_int_compare_and_exchange(&out->bitmap_due, 1, 0))
        return mig_ram_save_take_bitmap(out->ram, name, back, error);
    g_set_error(error, MIG_ERROR, MIG_ERROR_FORMAT,
                "the destination sent a bitmap that nobody asked for");
    return FALSE;
}

static gboolean
take_early(void *user, const char *name, guint64 start, guint32 n, GError **error)
{
    MigOutgoing *out = user;
    MigStatus status = mig_state_get(&out->state);

    if (status == MIG_STATUS_DEVICE || mig_status_is_postcopy(status))
        return take_request(user, name, start, n, error);
    g_set_error(error, MIG_ERROR, MIG_ERROR_FORMAT,
                "the destination asks for a page before the switch");
    return FALSE;
}

static const MigReturnHooks return_hooks = {.pages = take_early, .bitmap = take_bitmap};

void
mig_outgoing_hook(MigOutgoing *out)
{
    mig_return_path_hook(out->back, &return_hooks, out);
}

gboolean
mig_outgoing_advise(MigOutgoing *out, GError **error)
{
    guint64 words[2];

    if ((out->context.capabilities & VMS_CAP_POSTCOPY_RAM) == 0)
        return TRUE;
    if (out->back == NULL) {
        g_set_error(error, MIG_ERROR, MIG_ERROR_UNSUPPORTED,
                    "nobody can ask for a page on %s: for postcopy use tcp:, unix: or a socket, or "
                    "switch the capability 'postcopy-ram' off",
                    mig_address_uri(out->address));
        return FALSE;
    }
    words[0] = GUINT64_TO_BE(mig_ram_save_page_sizes(out->ram));
    words[1] = GUINT64_TO_BE(G_GUINT64_CONSTANT(4096));
    mig_command_put(out->stream, MIG_COMMAND_POSTCOPY_ADVISE, words, sizeof(words));
    return mig_stream_check(out->stream, error);
}

static void
put_ping(MigStream *stream, guint32 value)
{
    guint32 word = GUINT32_TO_BE(value);

    mig_command_put(stream, MIG_COMMAND_PING, &word, sizeof(word));
}

/* All device states between the commands around them. */
static GByteArray *
make_package(MigOutgoing *out, GError **error)
{
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    g_autoptr(MigStream) package = mig_stream_new_writer(mig_channel_memory_new(bytes));
    gboolean good;

    mig_command_put(package, MIG_COMMAND_POSTCOPY_LISTEN, NULL, 0);
    mig_saver_set_stream(out->saver, package);
    good = mig_outgoing_states(out, error);
    mig_saver_set_stream(out->saver, out->stream);
    put_ping(package, PING_LOADED);
    mig_command_put(package, MIG_COMMAND_POSTCOPY_RUN, NULL, 0);
    if (!good || !mig_stream_flush(package, error))
        return NULL;
    return g_steal_pointer(&bytes);
}

/* All but the last byte of the package, so that a connection that breaks now breaks nothing. */
static gboolean
send_package(MigOutgoing *out, const GByteArray *package, GError **error)
{
    guint32 n = GUINT32_TO_BE(package->len);

    put_ping(out->stream, PING_SWITCH);
    mig_command_put(out->stream, MIG_COMMAND_PACKAGED, &n, sizeof(n));
    mig_stream_put(out->stream, package->data, package->len - 1);
    if (!mig_stream_flush(out->stream, error) || !mig_precopy_check_peer(&out->copy, error) ||
        !mig_outgoing_move(out, MIG_STATUS_POSTCOPY_ACTIVE, error))
        return FALSE;
    mig_ledger_phase(out->ledger, MIG_PHASE_VERDICT);
    mig_stream_put(out->stream, package->data + package->len - 1, 1);
    put_ping(out->stream, PING_BEHIND);
    return TRUE;
}

/* What is stale there, the devices; then the guest is gone. */
static gboolean
send_guest(MigOutgoing *out, GError **error)
{
    g_autoptr(GByteArray) package = NULL;

    if (!mig_outgoing_move(out, MIG_STATUS_DEVICE, error))
        return FALSE;
    mig_ledger_phase(out->ledger, MIG_PHASE_RAM);
    if (!mig_saver_stopped(out->saver, error) || !mig_saver_switch(out->saver, error) ||
        !mig_ram_save_switch(out->ram, error))
        return FALSE;
    mig_ram_save_put_discards(out->ram, out->stream);
    mig_precopy_report(&out->copy);
    package = make_package(out, error);
    return package != NULL && send_package(out, package, error);
}

/* ---- Memory ---- */

static void
note_confirmed(MigOutgoing *out)
{
    if (out->confirmed || !mig_return_path_ponged(out->back, PING_LOADED))
        return;
    out->confirmed = TRUE;
    mig_ledger_runs_there(out->ledger);
}

/* max-postcopy-bandwidth is for what nobody waits for. */
static void
keep_pace(MigOutgoing *out, guint64 bytes)
{
    guint64 limit = mig_params_number(out->params, MIG_PARAM_MAX_POSTCOPY_BANDWIDTH);

    if (limit != 0 && bytes != 0)
        mig_ram_save_wait(out->ram, (gint64)(bytes * G_USEC_PER_SEC / limit));
}

/* Until every page was sent. */
static gboolean
send_memory(MigOutgoing *out, GError **error)
{
    gboolean done = FALSE;

    mig_ram_save_set_budget(out->ram, PART_BYTES);
    while (!done) {
        guint64 before = mig_stream_position(out->stream);

        if (!mig_saver_round(out->saver, &done, error) ||
            !mig_precopy_check_peer(&out->copy, error))
            return FALSE;
        note_confirmed(out);
        mig_precopy_report(&out->copy);
        if (!done)
            keep_pace(out, mig_stream_position(out->stream) - before);
    }
    return mig_saver_ends(out->saver, error) && mig_saver_finish(out->saver, FALSE, error);
}

static gboolean
gave_up(void *user)
{
    return mig_wake_fired(((MigOutgoing *)user)->wake);
}

/* FALSE with @error set if the connection broke, or the destination said "no". */
static gboolean
await_end(MigOutgoing *out, GError **error)
{
    guint32 verdict;

    if (mig_return_path_wait(out->back, MIG_RETURN_WAIT_VERDICT, -1, gave_up, out) !=
        MIG_RETURN_GOT) {
        g_autofree char *trouble = mig_return_path_trouble(out->back);

        note_confirmed(out);
        g_set_error(error, MIG_ERROR, MIG_ERROR_IO, "%s",
                    trouble != NULL ? trouble : "the destination did not say that it has all");
        return FALSE;
    }
    note_confirmed(out);
    verdict = mig_return_path_verdict(out->back);
    if (verdict == 0)
        return TRUE;
    g_set_error(error, MIG_ERROR, MIG_ERROR_IO, "%s (code %u; its own log has the details)",
                mig_return_verdict_text(verdict), verdict);
    return FALSE;
}

/*
 * A "no" before it said that it runs the guest: it never will, and the guest is ours again. So does
 * a later one that gives a reason: stock QEMU's has none, and may come from a guest that ran.
 */
static gboolean
was_refused(MigOutgoing *out)
{
    guint32 verdict;

    /* The word may be on its way while writing failed already. */
    if (mig_return_path_wait(out->back, MIG_RETURN_WAIT_VERDICT, G_USEC_PER_SEC / 2, gave_up,
                             out) != MIG_RETURN_GOT)
        return FALSE;
    note_confirmed(out);
    verdict = mig_return_path_verdict(out->back);
    if (verdict == 0)
        return FALSE;
    if (!out->confirmed || verdict > MIG_ERROR_IO)
        return TRUE;
    out->confirmed = FALSE; /* the operator may say what became of it */
    return FALSE;
}

/* ---- A broken connection ---- */

static void
hang_up(MigOutgoing *out)
{
    mig_outgoing_set_live(out, NULL, NULL);
    g_clear_pointer(&out->back, mig_return_path_free);
    out->bitmap_due = 0;
    out->copy.back = NULL;
    g_clear_pointer(&out->stream, mig_stream_free);
    out->copy.stream = NULL;
    out->ends.stream = NULL;
    mig_ends_clear(&out->ends);
}

/* Waits for a new address in postcopy-paused; FALSE with @error set if it was settled otherwise. */
static gboolean
await_resume(MigOutgoing *out, const GError *trouble, MigAddress **address, GError **error)
{
    mig_ledger_stall(out->ledger, out->confirmed
                                      ? "postcopy is paused: migrate-recover there, then migrate "
                                        "with resume here"
                                      : "postcopy is paused, and nothing was heard of the guest: "
                                        "look whether it runs there; if so, migrate-recover there, "
                                        "then migrate with resume here");
    g_mutex_lock(&out->lock);
    while (out->again == NULL && !out->decided && !out->abandoned)
        g_cond_wait(&out->changed, &out->lock);
    *address = g_steal_pointer(&out->again);
    g_mutex_unlock(&out->lock);
    mig_ledger_stall(out->ledger, NULL);
    if (*address != NULL && !out->abandoned)
        return TRUE;
    g_set_error(error, MIG_ERROR, MIG_ERROR_IO, "postcopy was broken off: %s", trouble->message);
    return FALSE;
}

static gboolean
connect_again(MigOutgoing *out, const MigAddress *address, GError **error)
{
    const MigHost *host = out->host;

    if (!mig_transport_open(address, host->descriptors, host->opaque, out->wake, &out->ends, error))
        return FALSE;
    if (out->ends.back == NULL) {
        g_set_error(error, MIG_ERROR, MIG_ERROR_UNSUPPORTED, "nobody can ask for a page on %s",
                    mig_address_uri(address));
        return FALSE;
    }
    out->stream = mig_stream_new_writer(out->ends.stream);
    out->copy.stream = out->stream;
    mig_saver_set_stream(out->saver, out->stream);
    out->back = mig_return_path_new(g_steal_pointer(&out->ends.back));
    out->copy.back = out->back;
    mig_outgoing_hook(out);
    return TRUE;
}

static gboolean
await_answer(MigOutgoing *out, MigReturnWait what, GError **error)
{
    g_autofree char *trouble = NULL;

    if (mig_return_path_wait(out->back, what, ANSWER_US, gave_up, out) == MIG_RETURN_GOT)
        return TRUE;
    trouble = mig_return_path_trouble(out->back);
    g_set_error(error, MIG_ERROR, MIG_ERROR_IO,
                "the destination does not say which pages it has%s%s", trouble != NULL ? ": " : "",
                trouble != NULL ? trouble : "");
    return FALSE;
}

/* Both sides agree on what is there, and go on. */
static gboolean
agree(MigOutgoing *out, GError **error)
{
    mig_ram_save_agree(out->ram);
    for (guint i = 0; i < mig_ram_save_n_blocks(out->ram); i++) {
        const char *name = mig_ram_save_block(out->ram, i);
        guint8 payload[256];

        if (name == NULL)
            continue;
        payload[0] = (guint8)strlen(name);
        memcpy(payload + 1, name, payload[0]);
        g_atomic_int_set(&out->bitmap_due, 1);
        mig_command_put(out->stream, MIG_COMMAND_RECV_BITMAP, payload, payload[0] + 1u);
        if (!mig_stream_flush(out->stream, error) ||
            !await_answer(out, MIG_RETURN_WAIT_BITMAP, error))
            return FALSE;
    }
    mig_ram_save_restart(out->ram);
    mig_command_put(out->stream, MIG_COMMAND_POSTCOPY_RESUME, NULL, 0);
    if (!mig_stream_flush(out->stream, error) || !await_answer(out, MIG_RETURN_WAIT_RESUMED, error))
        return FALSE;
    out->confirmed = TRUE;
    return TRUE;
}

static gboolean
recover(MigOutgoing *out, const MigAddress *address, GError **error)
{
    if (!mig_outgoing_move(out, MIG_STATUS_POSTCOPY_RECOVER, error))
        return FALSE;
    if (!connect_again(out, address, error))
        return FALSE;
    mig_return_path_start(out->back, NULL, NULL);
    mig_outgoing_set_live(out, out->ends.stream, out->back);
    return agree(out, error) && mig_outgoing_move(out, MIG_STATUS_POSTCOPY_ACTIVE, error);
}

/* From postcopy-active or -recover; TRUE when it is active again. */
static gboolean
pause_and_recover(MigOutgoing *out, GError **error)
{
    for (;;) {
        g_autoptr(GError) trouble = g_steal_pointer(error);
        MigAddress *address = NULL;
        gboolean good;

        if (out->back != NULL)
            note_confirmed(out);
        hang_up(out);
        mig_ledger_trouble(out->ledger, trouble->message);
        mig_outgoing_move(out, MIG_STATUS_POSTCOPY_PAUSED, NULL);
        if (!await_resume(out, trouble, &address, error))
            return FALSE;
        good = recover(out, address, error);
        mig_address_free(address);
        if (good) {
            mig_ledger_trouble(out->ledger, NULL);
            return TRUE;
        }
    }
}

gboolean
mig_outgoing_postcopy(MigOutgoing *out, GError **error)
{
    GError *trouble = NULL;

    if (!send_guest(out, error))
        return FALSE;
    while (!send_memory(out, &trouble) || !await_end(out, &trouble)) {
        if (was_refused(out) || !pause_and_recover(out, &trouble)) {
            g_propagate_error(error, trouble);
            return FALSE;
        }
    }
    return TRUE;
}

/* ---- For the monitor ---- */

gboolean
mig_outgoing_start_postcopy(MigOutgoing *out, GError **error)
{
    const char *why = NULL;
    MigStatus status = mig_state_get(&out->state);

    if ((out->context.capabilities & VMS_CAP_POSTCOPY_RAM) == 0)
        why = "switch the capability 'postcopy-ram' on, on both sides, before the migration starts";
    else if (status != MIG_STATUS_SETUP && status != MIG_STATUS_ACTIVE)
        why = "it is for a migration that copies memory";
    if (why == NULL) {
        g_atomic_int_set(&out->copy.postcopy_asked, 1);
        return TRUE;
    }
    g_set_error(error, MIG_ERROR, MIG_ERROR_VALUE, "postcopy cannot start in state %s: %s",
                mig_status_own_name(status), why);
    return FALSE;
}

static gboolean
check_paused(MigOutgoing *out, GError **error)
{
    MigStatus status = mig_state_get(&out->state);

    if (status == MIG_STATUS_POSTCOPY_PAUSED)
        return TRUE;
    g_set_error(error, MIG_ERROR, MIG_ERROR_VALUE,
                "only a postcopy that is paused can be resumed; the migration is in state %s",
                mig_status_own_name(status));
    return FALSE;
}

gboolean
mig_outgoing_resume(MigOutgoing *out, const char *uri, GError **error)
{
    g_autoptr(MigAddress) address = check_paused(out, error) ? mig_address_parse(uri, error) : NULL;

    if (address == NULL)
        return FALSE;
    g_mutex_lock(&out->lock);
    g_clear_pointer(&out->again, mig_address_free);
    out->again = g_steal_pointer(&address);
    g_cond_broadcast(&out->changed);
    g_mutex_unlock(&out->lock);
    return TRUE;
}

gboolean
mig_outgoing_break(MigOutgoing *out, GError **error)
{
    gboolean there = FALSE;

    g_mutex_lock(&out->lock);
    if (mig_status_is_postcopy(mig_state_get(&out->state)) && out->live != NULL) {
        mig_channel_shutdown(out->live);
        there = TRUE;
    }
    g_mutex_unlock(&out->lock);
    if (!there)
        g_set_error(error, MIG_ERROR, MIG_ERROR_VALUE,
                    "only a postcopy that has a connection can be paused");
    return there;
}

gboolean
mig_outgoing_decide_paused(MigOutgoing *out, gboolean ours, GError **error)
{
    if (ours && out->confirmed) {
        g_set_error(error, MIG_ERROR, MIG_ERROR_VALUE,
                    "the destination said that the guest runs there: what is here is memory of "
                    "before, and would be a second guest");
        return FALSE;
    }
    g_mutex_lock(&out->lock);
    out->decided = TRUE;
    out->ours = ours;
    g_cond_broadcast(&out->changed);
    g_mutex_unlock(&out->lock);
    return TRUE;
}

void
mig_outgoing_abandon(MigOutgoing *out)
{
    g_mutex_lock(&out->lock);
    out->abandoned = TRUE;
    if (mig_status_is_postcopy(mig_state_get(&out->state))) {
        mig_wake_fire(out->wake);
        if (out->live != NULL)
            mig_channel_shutdown(out->live);
        if (out->asked != NULL)
            mig_return_path_kick(out->asked);
        g_cond_broadcast(&out->changed);
    }
    g_mutex_unlock(&out->lock);
}
