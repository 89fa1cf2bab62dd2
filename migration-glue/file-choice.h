/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From capabilities and parameters to how memory goes to a file.
 */
#ifndef MIGRATION_GLUE_FILE_CHOICE_H
#define MIGRATION_GLUE_FILE_CHOICE_H

#include "migration-glue/page-file.h"
#include "migration-glue/params.h"

/**
 * mig_file_choose:
 * @uri:     where the migration goes to or comes from
 * @options: (out)
 *
 * Returns: FALSE with MIG_ERROR_VALUE if mapped-ram is on and @uri is no file:, or direct-io is on
 * without mapped-ram.
 */
gboolean
mig_file_choose(MigParams *params, const char *uri, MigFileOptions *options, GError **error);

#endif
