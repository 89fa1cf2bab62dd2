/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `timer` and `globalstate`.
 */
#include "migration-glue/host-state.h"

#include <string.h>

#include "migration-glue/error.h"

/* --- timer --------------------------------------------------------------- */

static const VmsField timer_fields[] = {
    VMS_SCALAR(HostTimer, ticks_offset, .as = "cpu_ticks_offset"),
    VMS_PAD(8),
    VMS_SCALAR(HostTimer, clock_offset, .as = "cpu_clock_offset", .since = 2),
    VMS_END,
};

const VmsState host_timer_state = {
    .name = "timer", .version = 2, .oldest = 1, .fields = timer_fields};

/* --- globalstate --------------------------------------------------------- */

static const VmsField global_fields[] = {
    VMS_SCALAR(HostGlobal, size),
    VMS_BUFFER(HostGlobal, name, .as = "runstate"),
    VMS_END,
};

static gboolean
global_needed(const void *object, const VmsContext *context)
{
    return !((const HostGlobal *)object)->unneeded;
}

static gboolean
global_check(const void *object, const VmsContext *context, GError **error)
{
    if (host_global_name(object)[0] != '\0')
        return TRUE;
    g_set_error(error, MIG_ERROR, MIG_ERROR_VALUE,
                "its run state of %u bytes is no name: a name of 1 to %u bytes and a NUL is due",
                ((const HostGlobal *)object)->size, HOST_RUN_STATE_MAX);
    return FALSE;
}

const VmsState host_global_state = {
    .name = "globalstate",
    .version = 1,
    .oldest = 1,
    .fields = global_fields,
    .needed = global_needed,
    .check = global_check,
};

void
host_global_set(HostGlobal *global, const char *run_state, const VmsStreamRules *rules)
{
    const gsize n = strlen(run_state);
    const gboolean plain = strcmp(run_state, "running") == 0 || strcmp(run_state, "paused") == 0;

    g_assert(n > 0 && n <= HOST_RUN_STATE_MAX);
    memset(global, 0, sizeof(*global));
    memcpy(global->name, run_state, n);
    global->size = (guint32)n + 1;
    global->unneeded = !rules->globalstate && plain;
}

const char *
host_global_name(const HostGlobal *global)
{
    const char *name = (const char *)global->name;
    const gsize n = strnlen(name, sizeof(global->name));

    return n < sizeof(global->name) && global->size == n + 1 ? name : "";
}

static void
explain_global(const void *object, GString *text)
{
    const char *name = host_global_name(object);

    g_string_append_printf(text, "the machine was %s before it was stopped to migrate\n",
                           name[0] != '\0' ? name : "in no state that has a name");
}

const VmsCatalogueRow host_catalogue[] = {
    {.state = &host_timer_state, .size = sizeof(HostTimer), .ours = TRUE},
    {
        .state = &host_global_state,
        .size = sizeof(HostGlobal),
        .since = "pseries-2.4",
        .explain = explain_global,
        .ours = TRUE,
    },
    {.state = NULL},
};
