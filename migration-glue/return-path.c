/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Messages of the return path, written and read.
 */
#include "migration-glue/return-path.h"

#include <string.h>

#include "migration-glue/error.h"

#define BITMAP_END G_GUINT64_CONSTANT(0x0123456789abcdef)

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

gboolean
mig_return_put_request(MigStream *back, const char *name, guint64 start, guint32 n, GError **error)
{
    gsize length = name == NULL ? 0 : strlen(name) + 1;

    mig_stream_put_be16(back, name == NULL ? MIG_RETURN_REQ_PAGES : MIG_RETURN_REQ_PAGES_ID);
    mig_stream_put_be16(back, (guint16)(8 + 4 + length));
    mig_stream_put_be64(back, start);
    mig_stream_put_be32(back, n);
    if (name != NULL)
        mig_stream_put_str8(back, name);
    return mig_stream_flush(back, error);
}

gboolean
mig_return_put_bitmap(MigStream *back, const char *name, const guint64 *words, gsize n_words,
                      GError **error)
{
    mig_stream_put_be16(back, MIG_RETURN_RECV_BITMAP);
    mig_stream_put_be16(back, (guint16)(strlen(name) + 1));
    mig_stream_put_str8(back, name);
    mig_stream_put_be64(back, n_words * sizeof(*words));
    for (gsize i = 0; i < n_words; i++)
        mig_stream_put_be64(back, GUINT64_SWAP_LE_BE(words[i]));
    mig_stream_put_be64(back, BITMAP_END);
    return mig_stream_flush(back, error);
}

/* ---- The source's end ---- */

struct MigReturnPath {
    MigStream *stream; /* the thread's */
    GThread *thread;
    void (*notify)(void *user);
    void *user;
    const MigReturnHooks *hooks; /* NULL: none */
    void *hooks_user;

    GMutex lock; /* guards all below */
    GCond changed;
    gboolean has_verdict, has_ack, has_pong, has_resumed, closed;
    guint32 verdict, pong;
    guint32 pongs;   /* bit v: one of value v came */
    guint n_bitmaps; /* that came and were not waited for */
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
        path->pongs |= word < 32 ? 1u << word : 0;
        path->pong_at = g_get_monotonic_time();
    } else if (type == MIG_RETURN_SWITCHOVER_ACK) {
        path->has_ack = TRUE;
    } else if (type == MIG_RETURN_RESUME_ACK) {
        path->has_resumed = TRUE;
    } else if (type == MIG_RETURN_RECV_BITMAP) {
        path->n_bitmaps++;
    }
    g_cond_broadcast(&path->changed);
    g_mutex_unlock(&path->lock);
}

/* A str8 that fills the @n bytes. */
static gboolean
read_name(MigReturnPath *path, guint n, char name[256], GError **error)
{
    guint length = mig_stream_get_str8(path->stream, name);

    if (!mig_stream_check(path->stream, error))
        return FALSE;
    if (length + 1 == n)
        return TRUE;
    g_set_error(error, MIG_ERROR, MIG_ERROR_FORMAT,
                "the destination sent a name of %u bytes in %u bytes", length, n);
    return FALSE;
}

static gboolean
read_postcopy(MigReturnPath *path, guint type, guint n, GError **error)
{
    char name[256];
    guint64 start;
    guint32 length;

    if (type == MIG_RETURN_RECV_BITMAP)
        return read_name(path, n, name, error) &&
               path->hooks->bitmap(path->hooks_user, name, path->stream, error);
    start = mig_stream_get_be64(path->stream);
    length = mig_stream_get_be32(path->stream);
    if (type == MIG_RETURN_REQ_PAGES_ID && !read_name(path, n - 12, name, error))
        return FALSE;
    return mig_stream_check(path->stream, error) &&
           path->hooks->pages(path->hooks_user, type == MIG_RETURN_REQ_PAGES_ID ? name : NULL,
                              start, length, error);
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
    if (messages[type].postcopy && path->hooks == NULL) {
        g_set_error(error, MIG_ERROR, MIG_ERROR_UNSUPPORTED,
                    "the destination sent %s, which belongs to postcopy", messages[type].name);
        return FALSE;
    }
    if (n == 4)
        word = mig_stream_get_be32(path->stream);
    else if (messages[type].postcopy && !read_postcopy(path, type, n, error))
        return FALSE;
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
    const gboolean got[] = {
        [MIG_RETURN_WAIT_PONG] = path->has_pong,
        [MIG_RETURN_WAIT_ACK] = path->has_ack,
        [MIG_RETURN_WAIT_VERDICT] = path->has_verdict,
        [MIG_RETURN_WAIT_BITMAP] = path->n_bitmaps > 0,
        [MIG_RETURN_WAIT_RESUMED] = path->has_resumed,
    };

    /* A verdict ends all other waiting. */
    if (got[what])
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
    if (now == MIG_RETURN_GOT && what == MIG_RETURN_WAIT_BITMAP)
        path->n_bitmaps--;
    g_mutex_unlock(&path->lock);
    return now;
}

void
mig_return_path_hook(MigReturnPath *path, const MigReturnHooks *hooks, void *user)
{
    g_assert(path->thread == NULL);
    path->hooks = hooks;
    path->hooks_user = user;
}

gboolean
mig_return_path_ponged(MigReturnPath *path, guint32 value)
{
    gboolean came;

    g_mutex_lock(&path->lock);
    came = (path->pongs >> value & 1) != 0;
    g_mutex_unlock(&path->lock);
    return came;
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
