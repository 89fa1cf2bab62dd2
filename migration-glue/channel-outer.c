/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Passing calls on to the inner channel; and the one that lets go of the machine lock.
 */
#include "migration-glue/channel-outer.h"

static MigChannel *
inner(MigChannel *channel)
{
    return ((MigOuter *)channel)->inner;
}

gssize
mig_outer_read(MigChannel *channel, void *buffer, gsize n, GError **error)
{
    return mig_channel_read(inner(channel), buffer, n, error);
}

gssize
mig_outer_write(MigChannel *channel, const struct iovec *parts, gsize n_parts, GError **error)
{
    return inner(channel)->klass->write(inner(channel), parts, n_parts, error);
}

gboolean
mig_outer_seek(MigChannel *channel, guint64 offset, GError **error)
{
    return mig_channel_seek(inner(channel), offset, error);
}

gssize
mig_outer_read_at(MigChannel *channel, guint64 offset, void *buffer, gsize n, GError **error)
{
    return inner(channel)->klass->read_at(inner(channel), offset, buffer, n, error);
}

gssize
mig_outer_write_at(MigChannel *channel, guint64 offset, const void *bytes, gsize n, GError **error)
{
    return inner(channel)->klass->write_at(inner(channel), offset, bytes, n, error);
}

gboolean
mig_outer_size(MigChannel *channel, guint64 *size, GError **error)
{
    return mig_channel_size(inner(channel), size, error);
}

MigChannel *
mig_outer_beneath(MigChannel *channel)
{
    return inner(channel);
}

void
mig_outer_shutdown(MigChannel *channel)
{
    mig_channel_shutdown(inner(channel));
}

gboolean
mig_outer_close(MigChannel *channel, GError **error)
{
    return mig_channel_close(inner(channel), error);
}

void
mig_outer_finish(MigChannel *channel)
{
    mig_channel_free(inner(channel));
}

/* ---- Yielding ---- */

typedef struct {
    MigOuter outer;
    void (*lock)(void *opaque);
    void (*unlock)(void *opaque);
    void *opaque;
    const gboolean *held;
    GThread *owner; /* whose note that is; another one holds no lock */
} YieldChannel;

static gboolean
is_held(const YieldChannel *yield)
{
    return g_thread_self() == yield->owner && *yield->held;
}

static void
let_go(YieldChannel *yield)
{
    if (is_held(yield))
        yield->unlock(yield->opaque);
}

static void
take_back(YieldChannel *yield)
{
    if (is_held(yield))
        yield->lock(yield->opaque);
}

static gssize
yield_read(MigChannel *channel, void *buffer, gsize n, GError **error)
{
    YieldChannel *yield = (YieldChannel *)channel;
    gssize done;

    let_go(yield);
    done = mig_outer_read(channel, buffer, n, error);
    take_back(yield);
    return done;
}

static gssize
yield_write(MigChannel *channel, const struct iovec *parts, gsize n_parts, GError **error)
{
    YieldChannel *yield = (YieldChannel *)channel;
    gssize done;

    let_go(yield);
    done = mig_outer_write(channel, parts, n_parts, error);
    take_back(yield);
    return done;
}

static void
yield_idle(MigChannel *channel, void (*work)(void *user), void *user)
{
    YieldChannel *yield = (YieldChannel *)channel;

    let_go(yield);
    work(user);
    take_back(yield);
}

static const MigChannelClass yield_class = {
    .name = "yield",
    .read = yield_read,
    .write = yield_write,
    .idle = yield_idle,
    .beneath = mig_outer_beneath,
    .shutdown = mig_outer_shutdown,
    .close = mig_outer_close,
    .finish = mig_outer_finish,
};

static const MigChannelClass yield_seekable_class = {
    .name = "yield",
    .read = yield_read,
    .write = yield_write,
    .seek = mig_outer_seek,
    .read_at = mig_outer_read_at,
    .write_at = mig_outer_write_at,
    .size = mig_outer_size,
    .idle = yield_idle,
    .beneath = mig_outer_beneath,
    .shutdown = mig_outer_shutdown,
    .close = mig_outer_close,
    .finish = mig_outer_finish,
};

MigChannel *
mig_channel_yield_new(MigChannel *channel, void (*lock)(void *opaque), void (*unlock)(void *opaque),
                      void *opaque, const gboolean *held)
{
    YieldChannel *yield = g_new0(YieldChannel, 1);

    mig_channel_init(&yield->outer.channel,
                     mig_channel_is_seekable(channel) ? &yield_seekable_class : &yield_class,
                     channel->label);
    yield->outer.inner = channel;
    yield->lock = lock;
    yield->unlock = unlock;
    yield->opaque = opaque;
    yield->held = held;
    yield->owner = g_thread_self();
    return &yield->outer.channel;
}
