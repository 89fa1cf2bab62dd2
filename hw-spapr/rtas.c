/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * RTAS: the table of calls, and the way of one from the guest's argument block and back.
 *
 * Not here: any handler.
 */
#include "hw-spapr/rtas.h"

#include <string.h>

#include "hw-spapr/platform.h"
#include "vdev/bits.h"

const VdevRtasRow rtas_rows[] = {
    {0x2000, "display-character", 1, 1, rtas_display_character},
    {0x2001, "get-time-of-day", 0, 8, rtas_get_time_of_day},
    {0x2002, "set-time-of-day", 7, 1, rtas_set_time_of_day},
    {0x2003, "power-off", 2, 1, rtas_power_off},
    {0x2004, "system-reboot", 0, 1, rtas_system_reboot},
    {0x2005, "query-cpu-stopped-state", 1, 2, rtas_query_cpu_stopped_state},
    {0x2006, "start-cpu", 3, 1, rtas_start_cpu},
    {0x2007, "stop-self", 0, 1, rtas_stop_self},
    {0x2008, "ibm,get-system-parameter", 3, 1, rtas_get_system_parameter},
    {0x2009, "ibm,set-system-parameter", 2, 1, rtas_set_system_parameter},
    {0x200e, "check-exception", 6, 1, rtas_check_exception},
    {0x200f, "event-scan", 4, 1, rtas_event_scan},
    {0x2012, "nvram-fetch", 3, 2, rtas_nvram_fetch},
    {0x2013, "nvram-store", 3, 2, rtas_nvram_store},
    {0x2014, "read-pci-config", 2, 2, rtas_read_pci_config},
    {0x2015, "write-pci-config", 3, 1, rtas_write_pci_config},
    {0x2016, "ibm,read-pci-config", 4, 2, rtas_read_pci_config},
    {0x2017, "ibm,write-pci-config", 5, 1, rtas_write_pci_config},
    {0x2018, "ibm,query-interrupt-source-number", 4, 3, rtas_of_pci_function},
    {0x2019, "ibm,change-msi", 5, 3, rtas_of_pci_function},
    {0x201a, "set-indicator", 3, 1, rtas_set_indicator},
    {0x201b, "set-power-level", 2, 2, rtas_set_power_level},
    {0x201c, "get-power-level", 1, 2, rtas_get_power_level},
    {0x201d, "get-sensor-state", 2, 2, rtas_get_sensor_state},
    {0x201e, "ibm,configure-connector", 2, 1, rtas_ibm_configure_connector},
    {0x201f, "ibm,os-term", 1, 1, rtas_os_term},
    {0x2020, "ibm,set-eeh-option", 4, 1, rtas_of_pci_function},
    {0x2021, "ibm,get-config-addr-info2", 4, 2, rtas_of_pci_function},
    {0x2022, "ibm,read-slot-reset-state2", 3, 4, rtas_of_pci_function},
    {0x2023, "ibm,set-slot-reset", 4, 1, rtas_of_pci_function},
    {0x2024, "ibm,configure-pe", 3, 1, rtas_of_pci_function},
    {0x2025, "ibm,slot-error-detail", 8, 1, rtas_of_pci_function},
    {0x2026, "ibm,query-pe-dma-window", 3, 5, rtas_query_pe_dma_window},
    {0x2027, "ibm,create-pe-dma-window", 5, 4, rtas_create_pe_dma_window},
    {0x2028, "ibm,remove-pe-dma-window", 1, 1, rtas_remove_pe_dma_window},
    {0x2029, "ibm,reset-pe-dma-window", 3, 1, rtas_reset_pe_dma_window},
    {0x202b, "ibm,nmi-register", 2, 1, rtas_ibm_nmi_register},
    {0x202c, "ibm,nmi-interlock", 0, 1, rtas_ibm_nmi_interlock},
    {0},
};

/* Served to guests that learned them elsewhere, but not offered. */
static const char *const unadvertised[] = {
    "display-character", /* Linux would write its progress on the console through it */
};

/* Offered where something can be plugged. */
static const char *const of_connectors[] = {
    "set-power-level",
    "get-power-level",
    "ibm,configure-connector",
};

/* Offered where a guest can register. */
static const char *const of_fwnmi[] = {
    "ibm,nmi-register",
    "ibm,nmi-interlock",
};

/* r4 := r3; r3 := 0xf000; sc 1; blr */
static const guint8 blob[] = {
    0x7c, 0x64, 0x1b, 0x78, 0x3c, 0x60, 0x00, 0x00, 0x60, 0x63,
    0xf0, 0x00, 0x44, 0x00, 0x00, 0x22, 0x4e, 0x80, 0x00, 0x20,
};
G_STATIC_ASSERT(sizeof(blob) == RTAS_BLOB_SIZE);

void
rtas_table_init(RtasTable *table)
{
    memset(table, 0, sizeof(*table));
    for (const VdevRtasRow *row = rtas_rows; row->name != NULL; row++) {
        guint32 index = row->token - RTAS_TOKEN_FIRST;

        g_assert(index < RTAS_TOKEN_N && table->rows[index] == NULL);
        g_assert(row->nargs <= RTAS_ARGS_MAX && row->nret >= 1 && row->nret <= RTAS_ARGS_MAX);
        table->rows[index] = row;
    }
}

static gboolean
stands_in(const char *const *names, gsize n, const char *name)
{
    for (gsize i = 0; i < n; i++) {
        if (strcmp(names[i], name) == 0)
            return TRUE;
    }
    return FALSE;
}

gboolean
rtas_advertised(const Platform *platform, const VdevRtasRow *row)
{
    if (stands_in(of_connectors, G_N_ELEMENTS(of_connectors), row->name))
        return hotplug_possible(platform);
    if (stands_in(of_fwnmi, G_N_ELEMENTS(of_fwnmi), row->name))
        return fwnmi_offered(platform);
    return !stands_in(unadvertised, G_N_ELEMENTS(unadvertised), row->name);
}

guint32
rtas_area_size(const Platform *platform)
{
    const guint32 resets = platform->config->max_cpus * FWNMI_RESET_AREA;

    /* Linux compares with the end less one area. */
    return MAX(RTAS_AREA_SIZE, FWNMI_RESET_AREAS + resets + FWNMI_RESET_AREA);
}

guint32
rtas_token(const char *name)
{
    const VdevRtasRow *row = rtas_rows;

    while (row->name != NULL && strcmp(row->name, name) != 0)
        row++;
    g_assert(row->name != NULL);
    return row->token;
}

const guint8 *
rtas_blob(void)
{
    return blob;
}

/* The block: token, nargs, nret, arguments, results; words of 32 bits, big-endian. */
#define BLOCK_HEAD  3u
#define BLOCK_WORDS (BLOCK_HEAD + 2 * RTAS_ARGS_MAX)

static gboolean
block_fetch(const VdevHost *host, guint64 gpa, VdevRtasCall *call)
{
    be32 words[BLOCK_WORDS];

    if (!host->guest_read(host, gpa, words, BLOCK_HEAD * sizeof(be32)))
        return FALSE;
    call->token = be32_get(words[0]);
    call->nargs = be32_get(words[1]);
    call->nret = be32_get(words[2]);
    if (call->nargs > RTAS_ARGS_MAX || call->nret < 1 || call->nret > RTAS_ARGS_MAX)
        return FALSE;
    /* The results too: a call whose results cannot be stored must not be made. */
    if (!host->guest_read(host, gpa, words, (BLOCK_HEAD + call->nargs + call->nret) * sizeof(be32)))
        return FALSE;
    for (guint32 i = 0; i < call->nargs; i++)
        call->args[i] = be32_get(words[BLOCK_HEAD + i]);
    return TRUE;
}

static gboolean
block_store(const VdevHost *host, guint64 gpa, const VdevRtasCall *call)
{
    be32 words[RTAS_ARGS_MAX];

    for (guint32 i = 0; i < call->nret; i++)
        words[i] = be32_make(call->rets[i]);
    return host->guest_write(host, gpa + (BLOCK_HEAD + call->nargs) * sizeof(be32), words,
                             call->nret * sizeof(be32));
}

static void
log_block(Platform *platform, VdevVcpu *vcpu, const char *name, const VdevRtasCall *call)
{
    const VdevHost *host = platform_host(platform);
    g_autoptr(GString) text = NULL;

    if (!host->log_enabled(host, VDEV_LOG_RTAS))
        return;
    text = g_string_new(NULL);
    g_string_printf(text, "vCPU %u: %s(", host->vcpu_id(host, vcpu), name);
    for (guint32 i = 0; i < call->nargs; i++)
        g_string_append_printf(text, i == 0 ? "0x%x" : ", 0x%x", call->args[i]);
    g_string_append_printf(text, ") = %d", (gint32)call->rets[0]);
    for (guint32 i = 1; i < call->nret; i++)
        g_string_append_printf(text, ", 0x%x", call->rets[i]);
    host->log(host, VDEV_LOG_RTAS, text->str);
}

static gint32
call_row(Platform *platform, VdevVcpu *vcpu, const VdevRtasRow *row, VdevRtasCall *call)
{
    if (call->nargs < row->nargs || call->nret < row->nret) {
        vdev_log(platform_host(platform), VDEV_LOG_GUEST_ERROR,
                 "RTAS %s needs %u arguments and %u results, the guest gave %u and %u", row->name,
                 row->nargs, row->nret, call->nargs, call->nret);
        return RTAS_PARAM_ERROR;
    }
    return row->handler(platform, vcpu, call);
}

HcallStatus
rtas_call_block(Platform *platform, VdevVcpu *vcpu, guint64 gpa)
{
    const VdevHost *host = platform_host(platform);
    const VdevRtasRow *row = NULL;
    VdevRtasCall call = {0};

    if (!block_fetch(host, gpa, &call)) {
        vdev_log(host, VDEV_LOG_GUEST_ERROR, "no RTAS argument block at 0x%" G_GINT64_MODIFIER "x",
                 gpa);
        return H_PARAMETER;
    }
    if (call.token - RTAS_TOKEN_FIRST < RTAS_TOKEN_N)
        row = platform->rtas.rows[call.token - RTAS_TOKEN_FIRST];
    if (row == NULL)
        vdev_log(host, VDEV_LOG_UNIMPL, "unknown RTAS token 0x%x", call.token);
    call.rets[0] = (guint32)(row != NULL ? call_row(platform, vcpu, row, &call) : RTAS_PARAM_ERROR);
    log_block(platform, vcpu, row != NULL ? row->name : "?", &call);
    if (!block_store(host, gpa, &call) || row == NULL)
        return H_PARAMETER;
    hotplug_pause_count(platform, row);
    return H_SUCCESS;
}
