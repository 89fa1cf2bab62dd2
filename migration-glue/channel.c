/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A channel: what all kinds have in common, and the error domain of the room.
 */
#include "migration-glue/channel.h"

#include "migration-glue/error.h"

G_DEFINE_QUARK(spapr - migration - error, mig_error)

void
mig_channel_init(MigChannel *channel, const MigChannelClass *klass, const char *label)
{
    channel->klass = klass;
    channel->label = g_strdup(label);
}

static gboolean
usable(const MigChannel *channel, gboolean able, const char *what, GError **error)
{
    if (channel->closed) {
        g_set_error(error, MIG_ERROR, MIG_ERROR_IO, "%s is closed", channel->label);
        return FALSE;
    }
    if (!able) {
        g_set_error(error, MIG_ERROR, MIG_ERROR_UNSUPPORTED, "%s cannot %s", channel->label, what);
        return FALSE;
    }
    return TRUE;
}

gssize
mig_channel_read(MigChannel *channel, void *buffer, gsize n, GError **error)
{
    if (!usable(channel, channel->klass->read != NULL, "be read", error))
        return -1;
    return channel->klass->read(channel, buffer, n, error);
}

/* Drops the first @done bytes of the parts from *@parts on. */
static void
advance(struct iovec **parts, gsize *n_parts, gsize done)
{
    while (*n_parts > 0 && done >= (*parts)->iov_len) {
        done -= (*parts)->iov_len;
        (*parts)++;
        (*n_parts)--;
    }
    if (*n_parts > 0) {
        (*parts)->iov_base = (guint8 *)(*parts)->iov_base + done;
        (*parts)->iov_len -= done;
    }
}

gboolean
mig_channel_write_all(MigChannel *channel, struct iovec *parts, gsize n_parts, GError **error)
{
    if (!usable(channel, channel->klass->write != NULL, "be written", error))
        return FALSE;
    advance(&parts, &n_parts, 0);
    while (n_parts > 0) {
        gssize done = channel->klass->write(channel, parts, n_parts, error);

        if (done < 0)
            return FALSE;
        advance(&parts, &n_parts, (gsize)done);
    }
    return TRUE;
}

gboolean
mig_channel_seek(MigChannel *channel, guint64 offset, GError **error)
{
    if (!usable(channel, mig_channel_is_seekable(channel), "move to a position", error))
        return FALSE;
    return channel->klass->seek(channel, offset, error);
}

gboolean
mig_channel_is_seekable(const MigChannel *channel)
{
    return channel->klass->seek != NULL;
}

gboolean
mig_channel_read_at(MigChannel *channel, guint64 offset, void *buffer, gsize n, GError **error)
{
    guint8 *to = buffer;

    if (!usable(channel, channel->klass->read_at != NULL, "be read at a position", error))
        return FALSE;
    while (n > 0) {
        gssize done = channel->klass->read_at(channel, offset, to, n, error);

        if (done < 0)
            return FALSE;
        if (done == 0) {
            g_set_error(error, MIG_ERROR, MIG_ERROR_TRUNCATED,
                        "%s ends at byte %" G_GUINT64_FORMAT ", %" G_GSIZE_FORMAT
                        " more are needed there",
                        channel->label, offset, n);
            return FALSE;
        }
        offset += (guint64)done;
        to += done;
        n -= (gsize)done;
    }
    return TRUE;
}

gboolean
mig_channel_write_at(MigChannel *channel, guint64 offset, const void *bytes, gsize n,
                     GError **error)
{
    const guint8 *from = bytes;

    if (!usable(channel, channel->klass->write_at != NULL, "be written at a position", error))
        return FALSE;
    while (n > 0) {
        gssize done = channel->klass->write_at(channel, offset, from, n, error);

        if (done < 0)
            return FALSE;
        offset += (guint64)done;
        from += done;
        n -= (gsize)done;
    }
    return TRUE;
}

gboolean
mig_channel_size(MigChannel *channel, guint64 *size, GError **error)
{
    if (!usable(channel, channel->klass->size != NULL, "tell its size", error))
        return FALSE;
    return channel->klass->size(channel, size, error);
}

MigChannel *
mig_channel_core(MigChannel *channel)
{
    while (channel->klass->beneath != NULL)
        channel = channel->klass->beneath(channel);
    return channel;
}

gboolean
mig_channel_check(MigChannel *channel, GError **error)
{
    MigChannel *core = mig_channel_core(channel);

    return core->klass->check == NULL || core->klass->check(core, error);
}

void
mig_channel_idle(MigChannel *channel, void (*work)(void *user), void *user)
{
    if (channel->klass->idle != NULL)
        channel->klass->idle(channel, work, user);
    else
        work(user);
}

void
mig_channel_shutdown(MigChannel *channel)
{
    if (channel->klass->shutdown != NULL)
        channel->klass->shutdown(channel);
}

gboolean
mig_channel_close(MigChannel *channel, GError **error)
{
    if (channel->closed)
        return TRUE;
    channel->closed = TRUE;
    return channel->klass->close == NULL || channel->klass->close(channel, error);
}

void
mig_channel_free(MigChannel *channel)
{
    if (channel == NULL)
        return;
    mig_channel_close(channel, NULL);
    if (channel->klass->finish != NULL)
        channel->klass->finish(channel);
    g_free(channel->label);
    g_free(channel);
}
