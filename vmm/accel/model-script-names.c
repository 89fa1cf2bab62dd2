/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The names that every script knows: constants and registers.
 *
 * RTAS tokens are not here: a guest reads them from its device tree, and so does a script.
 *
 * Source: LoPAR, hypercall numbers and return codes; QEMU's for its private hypercalls.
 */
#include <string.h>

#include "hw-xive/core/pq.h"
#include "vdev/hcall.h"
#include "vdev/kvm-ppc.h"
#include "vmm/accel/model-script.h"

typedef struct {
    const char *name;
    guint64 value;
} NameRow;

#define STATUS(name)           \
    {                          \
#name, (guint64)(name) \
    }

static const NameRow constants[] = {
    {"H_REMOVE", 0x4},
    {"H_ENTER", 0x8},
    {"H_READ", 0xc},
    {"H_PROTECT", 0x18},
    {"H_PAGE_INIT", 0x2c},
    {"H_LOGICAL_CI_LOAD", 0x3c},
    {"H_LOGICAL_CI_STORE", 0x40},
    {"H_GET_TERM_CHAR", 0x54},
    {"H_PUT_TERM_CHAR", 0x58},
    {"H_REGISTER_VPA", 0xdc},
    {"H_CEDE", 0xe0},
    {"H_PROD", 0xe4},
    {"H_CONFER", 0xe8},
    {"H_VIO_SIGNAL", 0x104},
    {"H_SIGNAL_SYS_RESET", 0x380},
    {"H_GET_CPU_CHARACTERISTICS", 0x1c8},
    {"H_JOIN", 0x298},
    {"H_RANDOM", 0x300},
    {"H_SET_MODE", 0x31c},
    {"H_REGISTER_PROC_TBL", 0x37c},
    {"H_INT_GET_SOURCE_INFO", 0x3a8},
    {"H_INT_SET_SOURCE_CONFIG", 0x3ac},
    {"H_INT_GET_SOURCE_CONFIG", 0x3b0},
    {"H_INT_GET_QUEUE_INFO", 0x3b4},
    {"H_INT_SET_QUEUE_CONFIG", 0x3b8},
    {"H_INT_GET_QUEUE_CONFIG", 0x3bc},
    {"H_INT_SET_OS_REPORTING_LINE", 0x3c0},
    {"H_INT_GET_OS_REPORTING_LINE", 0x3c4},
    {"H_INT_ESB", 0x3c8},
    {"H_INT_SYNC", 0x3cc},
    {"H_INT_RESET", 0x3d0},
    {"H_QUERY_VAS_CAPABILITIES", 0x398},
    {"H_GET_PERF_COUNTER_INFO", 0xf080},
    {"H_RTAS", 0xf000},
    {"H_CAS", 0xf002},
    {"H_UPDATE_DT", 0xf003},
    STATUS(H_SUCCESS),
    STATUS(H_BUSY),
    STATUS(H_NOT_AVAILABLE),
    STATUS(H_HARDWARE),
    STATUS(H_FUNCTION),
    STATUS(H_PRIVILEGE),
    STATUS(H_PARAMETER),
    STATUS(H_P2),
    STATUS(H_P3),
    STATUS(H_P4),
    STATUS(H_P5),
    STATUS(H_P6),
    STATUS(H_P7),
    STATUS(H_P8),
    STATUS(H_P9),
    STATUS(H_STATE),
    STATUS(H_IN_USE),
    STATUS(H_UNSUPPORTED_FLAG),
    STATUS(RTAS_OK),
    STATUS(RTAS_NO_EVENT),
    STATUS(RTAS_HW_ERROR),
    STATUS(RTAS_BUSY),
    STATUS(RTAS_PARAM_ERROR),
    STATUS(RTAS_NOT_AUTHORIZED),
    STATUS(RTAS_NOT_CONFIGURABLE),
    {"PQ_RESET", XIVE_PQ_RESET},
    {"PQ_OFF", XIVE_PQ_OFF},
    {"PQ_PENDING", XIVE_PQ_PENDING},
    {"PQ_QUEUED", XIVE_PQ_QUEUED},
    {"ESB_BASE", XIVE_ESB_BASE},
    {"TIMA_BASE", XIVE_TIMA_BASE},
    {"empty", MODEL_SCRIPT_EMPTY},
};

static const NameRow registers[] = {
    {"pc", VDEV_REG_PC},     {"msr", VDEV_REG_MSR},     {"cr", VDEV_REG_CR},
    {"lr", VDEV_REG_LR},     {"ctr", VDEV_REG_CTR},     {"xer", VDEV_REG_XER},
    {"srr0", VDEV_REG_SRR0}, {"srr1", VDEV_REG_SRR1},   {"lpcr", VDEV_REG_LPCR},
    {"dar", VDEV_REG_DAR},   {"dsisr", VDEV_REG_DSISR},
};

#define FIRST_VARIABLE_GPR 14

static gboolean
table_find(const NameRow *table, gsize n, const char *name, guint64 *value)
{
    for (gsize i = 0; i < n; i++) {
        if (strcmp(table[i].name, name) == 0) {
            *value = table[i].value;
            return TRUE;
        }
    }
    return FALSE;
}

gboolean
model_name_value(const char *name, guint64 *value)
{
    return table_find(constants, G_N_ELEMENTS(constants), name, value);
}

gboolean
model_name_register(const char *name, guint64 *reg)
{
    guint64 n;

    if (name[0] == 'r' &&
        g_ascii_string_to_unsigned(name + 1, 10, 0, FIRST_VARIABLE_GPR - 1, &n, NULL)) {
        *reg = VDEV_REG_GPR(n);
        return TRUE;
    }
    return table_find(registers, G_N_ELEMENTS(registers), name, reg);
}
