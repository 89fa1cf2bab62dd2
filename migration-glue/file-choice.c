/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What was wished, and whether it goes together.
 */
#include "migration-glue/file-choice.h"

#include "migration-glue/error.h"

static gboolean
refuse(const char *what, const char *why, const char *uri, GError **error)
{
    g_set_error(error, MIG_ERROR, MIG_ERROR_VALUE, "%s %s: %s", what, why, uri);
    return FALSE;
}

gboolean
mig_file_choose(MigParams *params, const char *uri, MigFileOptions *options, GError **error)
{
    const gboolean mapped = mig_params_capability(params, MIG_CAP_MAPPED_RAM);

    *options = (MigFileOptions){.channels = 1,
                                .direct = mig_params_number(params, MIG_PARAM_DIRECT_IO) != 0};
    if (mig_params_capability(params, MIG_CAP_MULTIFD))
        options->channels = (guint)mig_params_number(params, MIG_PARAM_MULTIFD_CHANNELS);
    if (mapped && !g_str_has_prefix(uri, "file:"))
        return refuse("capability 'mapped-ram' is on, and this is no file:PATH[,offset=BYTES]",
                      "(switch it off, or name a file)", uri, error);
    if (options->direct && !mapped)
        return refuse("parameter 'direct-io' is on, and the capability 'mapped-ram' is off",
                      "(switch both on, or both off)", uri, error);
    return TRUE;
}
