/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the schemes have in common; for the transport-*.c files.
 */
#ifndef MIGRATION_GLUE_TRANSPORT_PRIV_H
#define MIGRATION_GLUE_TRANSPORT_PRIV_H

#include <sys/socket.h>

#include "migration-glue/transport.h"

typedef struct MigScheme MigScheme;

struct MigAddress {
    const MigScheme *scheme;
    char *uri;
    char *name;     /* host, path, command, name of a descriptor */
    char *port;     /* tcp */
    guint64 offset; /* file; 0 if !has_offset */
    gboolean has_offset;
};

struct MigListener {
    MigAddress *address;
    char *uri;  /* where it listens */
    int fd;     /* listening socket, or the descriptor that will be read; −1: none */
    char *path; /* unlinked at the end, or NULL */
};

struct MigScheme {
    const char *prefix; /* "tcp:" */
    const char *form;   /* for messages */
    /* @rest: what follows the prefix. */
    gboolean (*parse)(MigAddress *address, const char *rest, GError **error);
    gboolean (*open)(const MigAddress *address, const MigDescriptorOps *descriptors, void *opaque,
                     MigWake *wake, MigEnds *ends, GError **error);
    /* Fills fd, path and, where it differs from the address's, uri. */
    gboolean (*listen)(MigListener *listener, const MigDescriptorOps *descriptors, void *opaque,
                       GError **error);
    gboolean (*accept)(MigListener *listener, MigWake *wake, MigEnds *ends, GError **error);
};

extern const MigScheme mig_scheme_tcp;
extern const MigScheme mig_scheme_unix;
extern const MigScheme mig_scheme_fd;
extern const MigScheme mig_scheme_exec;
extern const MigScheme mig_scheme_file;

/* MIG_ERROR_VALUE with the scheme's form; FALSE. */
gboolean mig_address_refuse(const MigAddress *address, const char *what, GError **error);

/* MIG_ERROR_IO "@what @uri: errno"; FALSE. */
gboolean mig_transport_fail(const char *what, const char *uri, int errnum, GError **error);

/* Both directions of socket @fd (transfer full, closed on failure), or one of a pipe or file. */
gboolean mig_ends_from_fd(MigEnds *ends, int fd, const char *label, GError **error);

/* connect() that @wake can end. */
gboolean mig_socket_connect(int fd, const struct sockaddr *to, guint n, const char *uri,
                            MigWake *wake, GError **error);

/* One connection of the listener's socket; the socket is closed then. */
gboolean mig_socket_accept(MigListener *listener, MigWake *wake, MigEnds *ends, GError **error);

#endif
