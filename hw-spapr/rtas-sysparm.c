/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * RTAS system parameters: a table of those that this machine has.
 *
 * Source: LoPAR ibm,get-system-parameter, ibm,set-system-parameter and their parameter table.
 */
#include "hw-spapr/rtas.h"

#include <string.h>

#include "hw-spapr/platform.h"
#include "vdev/bits.h"

#define MIB               (1024 * 1024)
#define UUID_SIZE         16u
#define DIAGNOSTICS_NEVER 0u

/* Appends the value, without its length; FALSE: this machine has none. */
typedef gboolean (*ParameterGet)(const Platform *platform, GByteArray *value);

/* Text, its final zero included. */
static gboolean
get_splpar_characteristics(const Platform *platform, GByteArray *value)
{
    const VdevMachineConfig *config = platform->config;
    g_autofree char *text =
        g_strdup_printf("MaxEntCap=%u,DesMem=%" G_GUINT64_FORMAT ",DesProcs=%u,MaxPlatProcs=%u",
                        config->max_cpus, config->ram_size / MIB, config->cpus, config->max_cpus);

    g_byte_array_append(value, (const guint8 *)text, (guint)strlen(text) + 1);
    return TRUE;
}

static gboolean
get_diagnostics_run_mode(const Platform *platform, GByteArray *value)
{
    const guint8 mode = DIAGNOSTICS_NEVER;

    g_byte_array_append(value, &mode, 1);
    return TRUE;
}

static gboolean
get_uuid(const Platform *platform, GByteArray *value)
{
    if (platform->config->uuid == NULL)
        return FALSE;
    g_byte_array_append(value, platform->config->uuid, UUID_SIZE);
    return TRUE;
}

static const struct {
    guint32 number;
    ParameterGet get;
} parameters[] = {
    {20, get_splpar_characteristics},
    {42, get_diagnostics_run_mode},
    {48, get_uuid},
};

/* A parameter's length (16 bits) and value, cut to @room bytes. */
static gint32
store_parameter(const VdevHost *host, guint64 gpa, guint32 room, const GByteArray *value)
{
    g_autoptr(GByteArray) out = g_byte_array_new();
    const be16 length = be16_make((guint16)value->len);

    if (room < sizeof(length))
        return RTAS_SYSPARM_ERROR;
    g_byte_array_append(out, (const guint8 *)&length, sizeof(length));
    g_byte_array_append(out, value->data, value->len);
    return host->guest_write(host, gpa, out->data, MIN(room, out->len)) ? RTAS_OK
                                                                        : RTAS_PARAM_ERROR;
}

/* {number, buffer, length} */
gint32
rtas_get_system_parameter(void *owner, VdevVcpu *vcpu, VdevRtasCall *call)
{
    g_autoptr(GByteArray) value = g_byte_array_new();

    for (guint i = 0; i < G_N_ELEMENTS(parameters); i++) {
        if (parameters[i].number != call->args[0])
            continue;
        if (!parameters[i].get(owner, value))
            return RTAS_PARAM_ERROR;
        return store_parameter(platform_host(owner), call->args[1], call->args[2], value);
    }
    return RTAS_PARAM_ERROR;
}

/* {number, buffer}: those that exist are not the guest's to set. */
gint32
rtas_set_system_parameter(void *owner, VdevVcpu *vcpu, VdevRtasCall *call)
{
    for (guint i = 0; i < G_N_ELEMENTS(parameters); i++) {
        if (parameters[i].number == call->args[0])
            return RTAS_NOT_AUTHORIZED;
    }
    return RTAS_PARAM_ERROR;
}
