/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Messages of the return path, written and read.
 */
#include "migration-glue/return-path.h"

#include "migration-glue/error.h"

static const struct {
    const char *name;
    guint least, most; /* bytes of payload */
    gboolean postcopy; /* never asked for by this source */
} messages[MIG_RETURN_N] = {
    [MIG_RETURN_SHUT] = {"shut", 4, 4, FALSE},
    [MIG_RETURN_PONG] = {"pong", 4, 4, FALSE},
    [MIG_RETURN_REQ_PAGES_ID] = {"req-pages-id", 14, 268, TRUE},
    [MIG_RETURN_REQ_PAGES] = {"req-pages", 12, 12, TRUE},
    [MIG_RETURN_RECV_BITMAP] = {"recv-bitmap", 2, 256, TRUE},
    [MIG_RETURN_RESUME_ACK] = {"resume-ack", 4, 4, TRUE},
    [MIG_RETURN_SWITCHOVER_ACK] = {"switchover-ack", 0, 0, FALSE},
};

/* By MigError. */
static const char *const verdicts[] = {
    [0] = "the destination has taken over",
    [MIG_ERROR_IO] = "the destination failed, or could not read the stream",
    [MIG_ERROR_TRUNCATED] = "the stream ended too early at the destination",
    [MIG_ERROR_FORMAT] = "the destination found bytes in the stream that make no sense",
    [MIG_ERROR_VERSION] = "the destination does not know the version of a section",
    [MIG_ERROR_UNKNOWN] = "the destination has no such section: a device is missing there",
    [MIG_ERROR_MISMATCH] = "the destination is configured otherwise: machine, memory or identity",
    [MIG_ERROR_VALUE] = "the destination found a value out of its range",
    [MIG_ERROR_STATE] = "a device of the destination refused its state",
    [MIG_ERROR_UNSUPPORTED] = "the stream has something that the destination does not do",
    [MIG_ERROR_CANCELLED] = "the migration was cancelled at the destination",
    [MIG_ERROR_DESCRIPTION] = "the destination has a wrong state description",
};

const char *
mig_return_verdict_text(guint32 verdict)
{
    return verdict < G_N_ELEMENTS(verdicts) ? verdicts[verdict]
                                            : "the destination failed for a reason unknown here";
}

gboolean
mig_return_put_word(MigStream *back, MigReturnType type, guint32 word, GError **error)
{
    g_assert(messages[type].least == 4 && messages[type].most == 4);
    mig_stream_put_be16(back, (guint16)type);
    mig_stream_put_be16(back, 4);
    mig_stream_put_be32(back, word);
    return mig_stream_flush(back, error);
}

gboolean
mig_return_put_ack(MigStream *back, GError **error)
{
    mig_stream_put_be16(back, MIG_RETURN_SWITCHOVER_ACK);
    mig_stream_put_be16(back, 0);
    return mig_stream_flush(back, error);
}

/* ---- The source's end ---- */

struct MigReturnPath {
    MigStream *stream; /* the thread's */
    GThread *thread;
    void (*notify)(void *user);
    void *user;

    GMutex lock; /* guards all below */
    GCond changed;
    gboolean has_verdict, has_ack, has_pong, closed;
    guint32 verdict, pong;
    gint64 pong_at;
    GError *trouble;
};

static void
take_message(MigReturnPath *path, guint type, guint32 word)
{
    g_mutex_lock(&path->lock);
    if (type == MIG_RETURN_SHUT) {
        path->has_verdict = TRUE;
        path->verdict = word;
    } else if (type == MIG_RETURN_PONG) {
        path->has_pong = TRUE;
        path->pong = word;
        path->pong_at = g_get_monotonic_time();
    } else {
        path->has_ack = TRUE;
    }
    g_cond_broadcast(&path->changed);
    g_mutex_unlock(&path->lock);
}

/* One message; FALSE at the end: after the verdict, or with @error set. */
static gboolean
read_message(MigReturnPath *path, GError **error)
{
    guint type = mig_stream_get_be16(path->stream), n = mig_stream_get_be16(path->stream);
    guint32 word = 0;

    if (!mig_stream_check(path->stream, error))
        return FALSE;
    if (type == 0 || type >= MIG_RETURN_N || n < messages[type].least || n > messages[type].most) {
        g_set_error(error, MIG_ERROR, MIG_ERROR_FORMAT,
                    "the destination sent message %u with %u bytes: there is none such", type, n);
        return FALSE;
    }
    if (messages[type].postcopy) {
        g_set_error(error, MIG_ERROR, MIG_ERROR_UNSUPPORTED,
                    "the destination sent %s, which belongs to postcopy", messages[type].name);
        return FALSE;
    }
    if (n == 4)
        word = mig_stream_get_be32(path->stream);
    if (!mig_stream_check(path->stream, error))
        return FALSE;
    take_message(path, type, word);
    return type != MIG_RETURN_SHUT;
}

static void *
read_messages(void *opaque)
{
    MigReturnPath *path = opaque;
    GError *trouble = NULL;

    while (read_message(path, &trouble))
        path->notify(path->user);
    g_mutex_lock(&path->lock);
    path->closed = TRUE;
    path->trouble = trouble;
    g_cond_broadcast(&path->changed);
    g_mutex_unlock(&path->lock);
    path->notify(path->user);
    return NULL;
}

static void
ignore(void *user)
{
}

MigReturnPath *
mig_return_path_new(MigChannel *back)
{
    MigReturnPath *path = g_new0(MigReturnPath, 1);

    path->stream = mig_stream_new_reader(back);
    path->notify = ignore;
    g_mutex_init(&path->lock);
    g_cond_init(&path->changed);
    return path;
}

void
mig_return_path_start(MigReturnPath *path, void (*notify)(void *user), void *user)
{
    g_assert(path->thread == NULL);
    if (notify != NULL) {
        path->notify = notify;
        path->user = user;
    }
    path->thread = g_thread_new("return-path", read_messages, path);
}

void
mig_return_path_free(MigReturnPath *path)
{
    if (path == NULL)
        return;
    mig_channel_shutdown(mig_stream_channel(path->stream));
    if (path->thread != NULL)
        g_thread_join(path->thread);
    mig_stream_free(path->stream);
    g_clear_error(&path->trouble);
    g_cond_clear(&path->changed);
    g_mutex_clear(&path->lock);
    g_free(path);
}

/* Under its lock. */
static MigReturnAnswer
answer(const MigReturnPath *path, MigReturnWait what)
{
    gboolean got = what == MIG_RETURN_WAIT_PONG  ? path->has_pong
                   : what == MIG_RETURN_WAIT_ACK ? path->has_ack
                                                 : path->has_verdict;

    /* A verdict ends all other waiting. */
    if (got)
        return MIG_RETURN_GOT;
    return path->closed ? MIG_RETURN_CLOSED : MIG_RETURN_PENDING;
}

MigReturnAnswer
mig_return_path_poll(MigReturnPath *path, MigReturnWait what)
{
    MigReturnAnswer now;

    g_mutex_lock(&path->lock);
    now = answer(path, what);
    g_mutex_unlock(&path->lock);
    return now;
}

MigReturnAnswer
mig_return_path_wait(MigReturnPath *path, MigReturnWait what, gint64 timeout_us,
                     gboolean (*give_up)(void *user), void *user)
{
    gint64 end = g_get_monotonic_time() + timeout_us;
    MigReturnAnswer now;

    g_mutex_lock(&path->lock);
    while ((now = answer(path, what)) == MIG_RETURN_PENDING &&
           (give_up == NULL || !give_up(user))) {
        if (timeout_us < 0)
            g_cond_wait(&path->changed, &path->lock);
        else if (!g_cond_wait_until(&path->changed, &path->lock, end))
            break;
    }
    g_mutex_unlock(&path->lock);
    return now;
}

void
mig_return_path_kick(MigReturnPath *path)
{
    g_mutex_lock(&path->lock);
    g_cond_broadcast(&path->changed);
    g_mutex_unlock(&path->lock);
}

guint32
mig_return_path_verdict(MigReturnPath *path)
{
    guint32 verdict;

    g_mutex_lock(&path->lock);
    g_assert(path->has_verdict);
    verdict = path->verdict;
    g_mutex_unlock(&path->lock);
    return verdict;
}

guint32
mig_return_path_pong(MigReturnPath *path, gint64 *when)
{
    guint32 pong;

    g_mutex_lock(&path->lock);
    pong = path->pong;
    *when = path->pong_at;
    g_mutex_unlock(&path->lock);
    return pong;
}

char *
mig_return_path_trouble(MigReturnPath *path)
{
    char *trouble;

    g_mutex_lock(&path->lock);
    trouble = g_strdup(path->trouble != NULL ? path->trouble->message : NULL);
    g_mutex_unlock(&path->lock);
    return trouble;
}
