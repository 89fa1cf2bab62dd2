/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The destination of a postcopy: advised, it notes what comes; in the package of the devices it
 * begins to listen, so that their loading may already wait for memory; then the guest runs. From
 * LISTEN on a thread of its own reads the stream, so that pages arrive whoever waits.
 *
 * A connection that breaks before the guest runs ends the migration: the source still has all. One
 * that breaks later is waited for, with the guest's accesses to what is missing.
 *
 * Source: docs/stream-format.md, "Commands, postcopy, return path".
 */
#include "migration-glue/incoming-priv.h"

#include <string.h>
#include <unistd.h>

#include "migration-glue/error.h"
#include "migration-glue/return-path.h"
#include "migration-glue/userfault.h"

#define PACKAGE_MAX (256u << 20) /* bytes; device states are a few KiB a vCPU */
#define PIECE       (1u << 20)
#define REFUSED_US  (2 * G_USEC_PER_SEC) /* for the source to hear that it has the guest */

static gboolean G_GNUC_PRINTF(2, 3) refuse(GError **error, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    if (error != NULL)
        *error = g_error_new_valist(MIG_ERROR, MIG_ERROR_FORMAT, format, arguments);
    va_end(arguments);
    return FALSE;
}

static guint64
be64_at(const guint8 *bytes)
{
    guint64 word;

    memcpy(&word, bytes, sizeof(word));
    return GUINT64_FROM_BE(word);
}

/* ---- Requests ---- */

/* From the fault thread, and from the reader's. What cannot be sent is asked for again later. */
static void
ask(void *user, const char *name, guint64 start, guint32 n)
{
    MigIncoming *in = user;

    g_mutex_lock(&in->back_lock);
    if (in->asks && in->back != NULL) {
        mig_return_put_request(in->back, in->asked == name ? NULL : name, start, n, NULL);
        in->asked = name;
    }
    g_mutex_unlock(&in->back_lock);
}

static void
set_asks(MigIncoming *in, gboolean asks)
{
    g_mutex_lock(&in->back_lock);
    in->asks = asks;
    in->asked = NULL;
    g_mutex_unlock(&in->back_lock);
}

/* ---- The thread that reads what comes after LISTEN ---- */

static gboolean
send_bitmap(MigIncoming *in, const guint8 *payload, guint n, GError **error)
{
    g_autofree char *name =
        n > 1 && payload[0] == n - 1 ? g_strndup((const char *)payload + 1, payload[0]) : NULL;
    g_autofree guint64 *words = NULL;
    gsize n_words;
    gboolean good;

    if (mig_state_get(&in->state) != MIG_STATUS_POSTCOPY_RECOVER)
        return refuse(error, "the source asks what is here, and nothing is being recovered");
    if (name != NULL)
        words = mig_postcopy_dst_here(in->postcopy, name, &n_words);
    if (words == NULL)
        return refuse(error, "the source asks what is here of a RAM block that is not");
    g_mutex_lock(&in->back_lock);
    good = mig_return_put_bitmap(in->back, name, words, n_words, error);
    g_mutex_unlock(&in->back_lock);
    return good;
}

static gboolean
resume(MigIncoming *in, GError **error)
{
    gboolean good;

    if (!mig_incoming_move(in, MIG_STATUS_POSTCOPY_ACTIVE))
        return refuse(error, "the source resumes what was not paused");
    mig_ledger_trouble(in->ledger, NULL);
    g_mutex_lock(&in->back_lock);
    good = mig_return_put_word(in->back, MIG_RETURN_RESUME_ACK, 1, error);
    in->asks = good;
    in->asked = NULL;
    g_mutex_unlock(&in->back_lock);
    mig_postcopy_dst_ask_again(in->postcopy);
    return good;
}

static gboolean
obey_while_reading(MigLoader *loader, MigCommand command, const guint8 *payload, guint n,
                   void *user, GError **error)
{
    switch (command) {
    case MIG_COMMAND_PING: return mig_incoming_pong(user, payload, error);
    case MIG_COMMAND_RECV_BITMAP: return send_bitmap(user, payload, n, error);
    case MIG_COMMAND_POSTCOPY_RESUME: return resume(user, error);
    default: break;
    }
    return refuse(error, "command %s after the switch", mig_command_name(command));
}

static gboolean
section_while_reading(MigLoader *loader, const MigSectionHead *head, void *user, GError **error)
{
    mig_incoming_report(user);
    return TRUE;
}

static const MigLoaderHooks reading_hooks = {
    .command = obey_while_reading,
    .section_read = section_while_reading,
};

/* TRUE: the source sent its end, and all is here. */
static gboolean
read_to_end(MigIncoming *in, GError **error)
{
    if (!mig_loader_sections(in->reading, error))
        return FALSE;
    return mig_postcopy_dst_is_whole(in->postcopy) ||
           refuse(error, "the source ended before all pages were here");
}

static void
drop_connection(MigIncoming *in)
{
    g_mutex_lock(&in->lock);
    if (in->live != NULL) /* nobody may wait in it, holding the other lock */
        mig_channel_shutdown(in->live);
    in->live = NULL;
    g_mutex_unlock(&in->lock);
    g_mutex_lock(&in->back_lock);
    in->asks = FALSE;
    g_clear_pointer(&in->back, mig_stream_free);
    g_mutex_unlock(&in->back_lock);
    g_clear_pointer(&in->listener, mig_listener_free);
    g_clear_pointer(&in->stream, mig_stream_free);
    in->ends.stream = NULL;
    mig_ends_clear(&in->ends);
}

/* Waits for migrate-recover; NULL: the VM ends. */
static MigListener *
await_listener(MigIncoming *in)
{
    MigListener *listener = NULL;

    g_mutex_lock(&in->lock);
    while (in->again == NULL && !in->abandoned)
        g_cond_wait(&in->changed, &in->lock);
    if (!in->abandoned)
        listener = g_steal_pointer(&in->again);
    g_mutex_unlock(&in->lock);
    return listener;
}

static gboolean
accept_again(MigIncoming *in, MigListener *listener, GError **error)
{
    if (!mig_listener_accept(listener, in->wake, &in->ends, error))
        return FALSE;
    if (in->ends.back == NULL)
        return refuse(error, "there is no way back on this kind of connection");
    in->stream = mig_stream_new_reader(in->ends.stream);
    mig_loader_set_stream(in->reading, in->stream);
    mig_ram_load_restart(in->ram);
    g_mutex_lock(&in->back_lock);
    in->back = mig_stream_new_writer(g_steal_pointer(&in->ends.back));
    in->asked = NULL;
    g_mutex_unlock(&in->back_lock);
    g_mutex_lock(&in->lock);
    in->live = in->ends.stream;
    g_mutex_unlock(&in->lock);
    return mig_incoming_move(in, MIG_STATUS_POSTCOPY_RECOVER);
}

/* Waits in postcopy-paused for a new connection; FALSE: the VM ends. */
static gboolean
wait_for_source(MigIncoming *in, const GError *trouble)
{
    drop_connection(in);
    mig_ledger_trouble(in->ledger, trouble->message);
    mig_incoming_move(in, MIG_STATUS_POSTCOPY_PAUSED);
    for (;;) {
        g_autoptr(MigListener) listener = await_listener(in);
        g_autoptr(GError) error = NULL;

        if (listener == NULL)
            return FALSE;
        if (accept_again(in, listener, &error))
            return TRUE;
        drop_connection(in);
        if (error != NULL)
            mig_ledger_trouble(in->ledger, error->message);
    }
}

gboolean
mig_incoming_ran_before(MigIncoming *in)
{
    gboolean ran;

    g_mutex_lock(&in->lock);
    ran = in->ran;
    in->broken = !ran;
    g_cond_broadcast(&in->changed);
    g_mutex_unlock(&in->lock);
    return ran;
}

/* Returns whether all of the memory is here. */
static void *
read_memory(void *opaque)
{
    MigIncoming *in = opaque;
    g_autoptr(GError) error = NULL;

    mig_ram_load_give_to(in->ram, g_thread_self());
    while (!read_to_end(in, &error)) {
        if (!mig_incoming_ran_before(in)) {
            /* Whoever loads the devices and waits for a page must not wait for ever. */
            mig_ledger_error(in->ledger, error->message);
            mig_postcopy_dst_give_up(in->postcopy);
            return NULL;
        }
        if (!wait_for_source(in, error))
            return NULL;
        g_clear_error(&error);
    }
    return in;
}

/* ---- Commands before the guest runs ---- */

static gboolean
advise(MigIncoming *in, const guint8 *payload, guint n, GError **error)
{
    if (!mig_params_capability(in->params, MIG_CAP_POSTCOPY_RAM)) {
        g_set_error(error, MIG_ERROR, MIG_ERROR_MISMATCH,
                    "the source may go on to postcopy: switch the capability 'postcopy-ram' on "
                    "here too");
        return FALSE;
    }
    if (n != 16 || in->back == NULL)
        return refuse(error, "an advice of postcopy %s",
                      n != 16 ? "that is not about memory" : "without a return path");
    return mig_ram_load_advise(in->ram, be64_at(payload), be64_at(payload + 8), error);
}

static gboolean
discard(MigIncoming *in, const guint8 *payload, guint n, GError **error)
{
    MigPostcopyDst *dst = mig_ram_load_postcopy(in->ram);
    guint length = payload[1], at = 2u + length + 1;
    g_autofree char *name = NULL;

    if (dst == NULL)
        return refuse(error, "a discard, but no advice of postcopy and no list of RAM blocks");
    if (payload[0] != 0 || length == 0 || n < at + 16 || payload[at - 1] != 0 ||
        (n - at) % 16 != 0 || !mig_name_is_printable((const char *)payload + 2, length))
        return refuse(error, "a discard of %u bytes that makes no sense", n);
    name = g_strndup((const char *)payload + 2, length);
    for (; at < n; at += 16) {
        if (!mig_postcopy_dst_discard(dst, name, be64_at(payload + at), be64_at(payload + at + 8),
                                      error))
            return FALSE;
    }
    return TRUE;
}

/* Piece by piece: a length is believed as far as bytes come. */
static GByteArray *
read_package(MigIncoming *in, guint32 n, GError **error)
{
    g_autoptr(GByteArray) bytes = g_byte_array_new();

    if (n == 0 || n > PACKAGE_MAX) {
        refuse(error, "a package of %u bytes", n);
        return NULL;
    }
    while (bytes->len < n) {
        guint now = MIN(n - bytes->len, PIECE), have = bytes->len;

        g_byte_array_set_size(bytes, have + now);
        mig_stream_get(in->stream, bytes->data + have, now);
        if (!mig_stream_check(in->stream, error))
            return NULL;
    }
    return g_steal_pointer(&bytes);
}

static gboolean
load_package(MigIncoming *in, const guint8 *payload, GError **error)
{
    guint32 n;
    g_autoptr(GByteArray) bytes = NULL;
    g_autoptr(MigStream) package = NULL;
    gboolean good;

    memcpy(&n, payload, sizeof(n));
    if (mig_ram_load_postcopy(in->ram) == NULL || in->package != NULL)
        return refuse(error, "a package %s",
                      in->package != NULL ? "in another one" : "without advice of postcopy");
    bytes = read_package(in, GUINT32_FROM_BE(n), error);
    if (bytes == NULL)
        return FALSE;
    package = mig_stream_new_reader(mig_channel_bytes_new(bytes->data, bytes->len));
    in->package = package;
    good = mig_loader_run_package(in->loader, package, error);
    in->package = NULL;
    if (!good) {
        g_prefix_error(error, "package: ");
        return FALSE;
    }
    return in->ran || refuse(error, "a package that does not let the guest run");
}

/* In a package only: elsewhere two threads would read one stream. */
static gboolean
listen_to_source(MigIncoming *in, GError **error)
{
    MigPostcopyDst *dst = mig_ram_load_postcopy(in->ram);

    if (in->package == NULL || in->reader != NULL)
        return refuse(error, "postcopy-listen %s",
                      in->package == NULL ? "outside of a package" : "a second time");
    g_mutex_lock(&in->back_lock);
    in->postcopy = dst;
    in->listened = TRUE;
    g_mutex_unlock(&in->back_lock);
    set_asks(in, TRUE);
    in->host->ops->memory(in->host->opaque, MIG_MEMORY_ARRIVES);
    if (!mig_postcopy_dst_listen(dst, ask, in, error))
        return FALSE;
    in->reading = mig_loader_fork(in->loader, &reading_hooks, in);
    in->reader = g_thread_new("postcopy-load", read_memory, in);
    mig_ram_load_give_to(in->ram, in->reader);
    return TRUE;
}

/* Either it runs here, or the connection broke before. */
gboolean
mig_incoming_claim(MigIncoming *in)
{
    gboolean ours;

    g_mutex_lock(&in->lock);
    ours = !in->broken && !in->abandoned;
    in->ran = ours;
    if (ours)
        mig_incoming_move(in, MIG_STATUS_POSTCOPY_ACTIVE);
    g_mutex_unlock(&in->lock);
    return ours;
}

/* The last of the package: nothing is loaded into a guest that runs. */
static gboolean
run_guest(MigIncoming *in, GError **error)
{
    gsize behind;

    if (in->package == NULL || in->reader == NULL)
        return refuse(error, "postcopy-run without listening");
    if (mig_stream_peek(in->package, 1, &behind), behind > 0)
        return refuse(error, "a package that goes on behind postcopy-run");
    if (!in->host->ops->activate(in->host->opaque, error))
        return FALSE;
    if (!mig_incoming_claim(in))
        return refuse(error, "the connection broke before the guest could run here");
    in->host->ops->run(in->host->opaque);
    mig_loader_stop(in->loader);
    return TRUE;
}

gboolean
mig_incoming_obey_postcopy(MigIncoming *in, MigCommand command, const guint8 *payload, guint n,
                           GError **error)
{
    switch (command) {
    case MIG_COMMAND_POSTCOPY_ADVISE: return advise(in, payload, n, error);
    case MIG_COMMAND_POSTCOPY_RAM_DISCARD: return discard(in, payload, n, error);
    case MIG_COMMAND_PACKAGED: return load_package(in, payload, error);
    case MIG_COMMAND_POSTCOPY_LISTEN: return listen_to_source(in, error);
    case MIG_COMMAND_POSTCOPY_RUN: return run_guest(in, error);
    case MIG_COMMAND_POSTCOPY_RESUME:
    case MIG_COMMAND_RECV_BITMAP:
        return refuse(error, "command %s before the switch", mig_command_name(command));
    default: break;
    }
    g_set_error(error, MIG_ERROR, MIG_ERROR_UNSUPPORTED,
                "the source wants %s, which is not done here: switch its COLO capabilities off",
                mig_command_name(command));
    return FALSE;
}

/* ---- The ends ---- */

static gboolean
join_reader(MigIncoming *in)
{
    gboolean whole = g_thread_join(g_steal_pointer(&in->reader)) != NULL;

    g_clear_pointer(&in->reading, mig_loader_free);
    return whole;
}

gboolean
mig_incoming_await_memory(MigIncoming *in)
{
    in->lost = in->restores ? !mig_incoming_bring_memory(in) : !join_reader(in);
    if (in->lost) {
        /* In this order: nobody goes on with zeros in the place of what is missing. */
        in->host->ops->memory(in->host->opaque, MIG_MEMORY_IS_LOST);
        mig_postcopy_dst_give_up(in->postcopy);
    }
    return !in->lost;
}

void
mig_incoming_end_reader(MigIncoming *in)
{
    gint64 end = g_get_monotonic_time() + REFUSED_US;

    if (in->reader == NULL)
        return;
    /* It reads on until the source hangs up. */
    g_mutex_lock(&in->lock);
    while (!in->broken && !in->abandoned && g_cond_wait_until(&in->changed, &in->lock, end)) {
    }
    if (in->live != NULL)
        mig_channel_shutdown(in->live);
    g_mutex_unlock(&in->lock);
    join_reader(in);
}

void
mig_incoming_abandon(MigIncoming *in)
{
    g_mutex_lock(&in->lock);
    in->abandoned = TRUE;
    mig_wake_fire(in->wake);
    if (in->live != NULL)
        mig_channel_shutdown(in->live);
    g_cond_broadcast(&in->changed);
    g_mutex_unlock(&in->lock);
}

/* ---- For the monitor ---- */

gboolean
mig_postcopy_is_possible(GError **error)
{
    int fd = mig_userfault_open(error);

    return fd >= 0 && close(fd) == 0;
}

gboolean
mig_incoming_recover(MigIncoming *in, const char *uri, GError **error)
{
    g_autoptr(MigAddress) address = NULL;
    g_autoptr(MigListener) listener = NULL;

    if (mig_state_get(&in->state) != MIG_STATUS_POSTCOPY_PAUSED) {
        g_set_error(error, MIG_ERROR, MIG_ERROR_VALUE,
                    "only a postcopy that is paused can be recovered; the migration is in state %s",
                    mig_status_own_name(mig_state_get(&in->state)));
        return FALSE;
    }
    address = mig_address_parse(uri, error);
    if (address != NULL)
        listener = mig_listener_new(address, in->host->descriptors, in->host->opaque, error);
    if (listener == NULL)
        return FALSE;
    g_mutex_lock(&in->lock);
    g_clear_pointer(&in->again, mig_listener_free);
    g_free(in->uri);
    in->uri = g_strdup(mig_listener_uri(listener));
    in->again = g_steal_pointer(&listener);
    g_cond_broadcast(&in->changed);
    g_mutex_unlock(&in->lock);
    return TRUE;
}

gboolean
mig_incoming_break(MigIncoming *in, GError **error)
{
    gboolean there;

    g_mutex_lock(&in->lock);
    there = in->ran && in->live != NULL && !in->restores;
    if (there)
        mig_channel_shutdown(in->live);
    g_mutex_unlock(&in->lock);
    if (!there)
        g_set_error(error, MIG_ERROR, MIG_ERROR_VALUE,
                    "only a postcopy that has a connection can be paused");
    return there;
}

gboolean
mig_incoming_has(MigIncoming *in, const void *at, gsize n)
{
    gboolean has;

    g_mutex_lock(&in->back_lock);
    has = in->postcopy == NULL || mig_postcopy_dst_has(in->postcopy, at, n);
    g_mutex_unlock(&in->back_lock);
    return has;
}
