/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `spapr-vmm-ctl SOCKET migrate URI`: begins a migration, shows how it goes, and ends when it does.
 */
#ifndef TOOLS_CTL_MIGRATE_H
#define TOOLS_CTL_MIGRATE_H

#include "tools/qmp-connection.h"

typedef struct {
    const char *socket; /* for messages */
    const char *uri;
    gboolean incoming; /* the VM is to listen at @uri */
    gboolean json;     /* the last answer as JSON, no report */
    double timeout;    /* seconds for one reply */
} CtlMigration;

/**
 * ctl_migrate:
 *
 * Progress goes to standard error, drawn over one line if that is a terminal, else a line for each
 * new status; the report to standard output. SIGINT and SIGTERM cancel, and the end of that is
 * waited for; a second one leaves at once.
 *
 * Returns: whether the guest arrived. Errors: as qmp_connection_call(); QMP_REFUSED with what to do
 * next if the migration failed or was cancelled.
 */
gboolean ctl_migrate(QmpConnection *connection, const CtlMigration *migration, GError **error);

#endif
