/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Transports: from a URI to channels, on either side.
 *
 *   tcp:HOST:PORT           HOST may be [IPv6]; listening, an empty HOST or 0 is every address
 *   unix:PATH
 *   fd:NUMBER | fd:NAME     NAME was handed over by the monitor's getfd
 *   exec:COMMAND            /bin/sh -c COMMAND reads (or, incoming, writes) the stream; its exit
 *                           status is the verdict
 *   file:PATH[,offset=N]    see transport-file.c for what becomes of a file that exists
 *
 * Source: docs/migration.md, "Transports".
 */
#ifndef MIGRATION_GLUE_TRANSPORT_H
#define MIGRATION_GLUE_TRANSPORT_H

#include "migration-glue/channel.h"
#include "migration-glue/wake.h"

/* How an outgoing migration learns whether the other side has taken over. */
typedef enum {
    MIG_VERDICT_ANSWER, /* a socket: the other side can say so */
    MIG_VERDICT_CLOSE,  /* exec, file: committing tells */
    MIG_VERDICT_NONE,   /* a pipe that was handed over: nobody tells */
} MigVerdictKind;

/* A migration's connection. */
typedef struct {
    MigChannel *stream;
    MigChannel *back; /* the other direction of a socket, else NULL */
    MigVerdictKind verdict;
    guint64 offset; /* place in the file where the stream begins */
    /* Writers: all was written and flushed: make it last. NULL: nothing to do. Readers: all was
     * read: was the source content? May wait; @wake ends that. */
    gboolean (*commit)(MigChannel *stream, MigWake *wake, GError **error);
} MigEnds;

/* Frees the channels that are still there; what was not committed is discarded. */
void mig_ends_clear(MigEnds *ends);

/* For fd:NAME and file:/dev/fdset/N: descriptors that the monitor was given. */
typedef struct {
    /* Returns the descriptor, now the caller's, or −1 with @error set. */
    int (*take_fd)(void *opaque, const char *name, GError **error);
    int (*open_fdset)(void *opaque, guint64 set, int flags, GError **error);
} MigDescriptorOps;

typedef struct MigAddress MigAddress;

/**
 * mig_address_parse:
 *
 * Returns: the address, or NULL with MIG_ERROR_VALUE saying what is wrong with @uri and what would
 * be right.
 */
MigAddress *mig_address_parse(const char *uri, GError **error);
void mig_address_free(MigAddress *address); /* NULL-safe */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MigAddress, mig_address_free)

const char *mig_address_uri(const MigAddress *address);

/**
 * mig_transport_open:
 * @descriptors: (nullable)
 * @ends:        (out)
 *
 * Opens @address for writing. May wait for a connection; @wake ends that.
 */
gboolean mig_transport_open(const MigAddress *address, const MigDescriptorOps *descriptors,
                            void *opaque, MigWake *wake, MigEnds *ends, GError **error);

/* The receiving side: ready for one sender. */
typedef struct MigListener MigListener;

/* Does not wait: errors in @address show at once. */
MigListener *mig_listener_new(const MigAddress *address, const MigDescriptorOps *descriptors,
                              void *opaque, GError **error);
/* Gives back what was bound; NULL-safe. */
void mig_listener_free(MigListener *listener);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MigListener, mig_listener_free)

/* Where it really listens ("tcp:[::1]:40123"); for tests and for port 0. */
const char *mig_listener_uri(const MigListener *listener);

/* Waits for the sender. Once. */
gboolean mig_listener_accept(MigListener *listener, MigWake *wake, MigEnds *ends, GError **error);

#endif
