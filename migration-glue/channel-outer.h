/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A channel around another one: all calls go through; who embeds it replaces some.
 */
#ifndef MIGRATION_GLUE_CHANNEL_OUTER_H
#define MIGRATION_GLUE_CHANNEL_OUTER_H

#include "migration-glue/channel.h"

/* First member of every such channel. */
typedef struct {
    MigChannel channel;
    MigChannel *inner; /* owned */
} MigOuter;

gssize mig_outer_read(MigChannel *channel, void *buffer, gsize n, GError **error);
gssize
mig_outer_write(MigChannel *channel, const struct iovec *parts, gsize n_parts, GError **error);
gboolean mig_outer_seek(MigChannel *channel, guint64 offset, GError **error);
gssize
mig_outer_read_at(MigChannel *channel, guint64 offset, void *buffer, gsize n, GError **error);
gssize
mig_outer_write_at(MigChannel *channel, guint64 offset, const void *bytes, gsize n, GError **error);
gboolean mig_outer_size(MigChannel *channel, guint64 *size, GError **error);
MigChannel *mig_outer_beneath(MigChannel *channel);
void mig_outer_shutdown(MigChannel *channel);
gboolean mig_outer_close(MigChannel *channel, GError **error);
void mig_outer_finish(MigChannel *channel);

/**
 * mig_channel_yield_new:
 * @channel:       (transfer full)
 * @unlock, @lock: called around everything that may wait, while *@held
 * @held:          the calling thread's own note whether it has the machine lock; other threads that
 *                 use the channel never have it
 *
 * A channel whose user may hold the machine lock: it lets go of it while it waits, so that a peer
 * that stalls never stalls the monitor.
 */
MigChannel *mig_channel_yield_new(MigChannel *channel, void (*lock)(void *opaque),
                                  void (*unlock)(void *opaque), void *opaque, const gboolean *held);

#endif
