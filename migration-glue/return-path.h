/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The return path: what a destination tells its source.
 *
 * The last message is the verdict: SHUT with 0 when all was loaded and the guest is the
 * destination's, else with a MigError (stock QEMU sends 1, which is MIG_ERROR_IO here and says no
 * more than "failed"). A destination that has sent 0 runs the guest whatever becomes of the
 * connection; one that has sent anything else, or nothing, never does.
 *
 * Source: docs/stream-format.md, "Commands, postcopy, return path".
 */
#ifndef MIGRATION_GLUE_RETURN_PATH_H
#define MIGRATION_GLUE_RETURN_PATH_H

#include "migration-glue/channel.h"
#include "migration-glue/stream.h"
#include "migration-glue/wake.h"

typedef enum {
    MIG_RETURN_SHUT = 1,           /* be32: the verdict */
    MIG_RETURN_PONG = 2,           /* be32: the ping's value */
    MIG_RETURN_REQ_PAGES_ID = 3,   /* be64 start, be32 length, str8 block */
    MIG_RETURN_REQ_PAGES = 4,      /* be64 start, be32 length */
    MIG_RETURN_RECV_BITMAP = 5,    /* str8 block */
    MIG_RETURN_RESUME_ACK = 6,     /* be32 1 */
    MIG_RETURN_SWITCHOVER_ACK = 7, /* nothing */
    MIG_RETURN_N
} MigReturnType;

/* ---- The destination's end ---- */

/* A message with a be32 payload (SHUT, PONG), or with none (SWITCHOVER_ACK); flushed. */
gboolean mig_return_put_word(MigStream *back, MigReturnType type, guint32 word, GError **error);
gboolean mig_return_put_ack(MigStream *back, GError **error);

/* Asks for a page: of block @name, or, NULL, of the block that was asked for last; flushed. */
gboolean
mig_return_put_request(MigStream *back, const char *name, guint64 start, guint32 n, GError **error);
/* Which pages of block @name are here: bit p % 64 of word p / 64 is page p; flushed. */
gboolean mig_return_put_bitmap(MigStream *back, const char *name, const guint64 *words,
                               gsize n_words, GError **error);

/* Why: the sentence that a source shows for code @verdict. */
const char *mig_return_verdict_text(guint32 verdict);

/* ---- The source's end ---- */

/* What a destination may say only in postcopy; from the reading thread. FALSE with @error set ends
 * the path. */
typedef struct {
    /* @name: NULL: of the block before. */
    gboolean (*pages)(void *user, const char *name, guint64 start, guint32 n, GError **error);
    /* Reads what stands behind the message. */
    gboolean (*bitmap)(void *user, const char *name, MigStream *back, GError **error);
} MigReturnHooks;

/* Reads messages in a thread of its own. */
typedef struct MigReturnPath MigReturnPath;

/* @back: (transfer full). */
MigReturnPath *mig_return_path_new(MigChannel *back);
/* Ends the reading; NULL-safe. */
void mig_return_path_free(MigReturnPath *path);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MigReturnPath, mig_return_path_free)

typedef enum {
    MIG_RETURN_WAIT_PONG,
    MIG_RETURN_WAIT_ACK,
    MIG_RETURN_WAIT_VERDICT,
    MIG_RETURN_WAIT_BITMAP, /* another one than those that were waited for */
    MIG_RETURN_WAIT_RESUMED,
} MigReturnWait;

/* Without, messages of postcopy end the path. Before it begins. */
void mig_return_path_hook(MigReturnPath *path, const MigReturnHooks *hooks, void *user);

/* Begins to read. @notify (nullable) is called, from the reading thread, after each message and
 * when the path ends. */
void mig_return_path_start(MigReturnPath *path, void (*notify)(void *user), void *user);

typedef enum {
    MIG_RETURN_PENDING, /* nothing yet */
    MIG_RETURN_GOT,     /* what was asked for came */
    MIG_RETURN_CLOSED,  /* the path ended without it */
} MigReturnAnswer;

MigReturnAnswer mig_return_path_poll(MigReturnPath *path, MigReturnWait what);

/**
 * mig_return_path_wait:
 * @timeout_us: −1: for ever
 * @give_up:    (nullable): asked whenever mig_return_path_kick() was called
 *
 * Waits until mig_return_path_poll() would answer something else than PENDING.
 */
MigReturnAnswer mig_return_path_wait(MigReturnPath *path, MigReturnWait what, gint64 timeout_us,
                                     gboolean (*give_up)(void *user), void *user);
void mig_return_path_kick(MigReturnPath *path);

/* The verdict, once it came. */
guint32 mig_return_path_verdict(MigReturnPath *path);

/* Value of the last PONG, and when it came, µs. */
guint32 mig_return_path_pong(MigReturnPath *path, gint64 *when);

/* Whether a PONG of @value, less than 32, came. */
gboolean mig_return_path_ponged(MigReturnPath *path, guint32 value);

/* Why the path ended, or NULL: not yet, or in order. (transfer full) */
char *mig_return_path_trouble(MigReturnPath *path);

#endif
