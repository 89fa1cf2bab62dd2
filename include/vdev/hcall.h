/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * PAPR statuses, hypercall and RTAS table rows.
 *
 * Source: LoPAR, "Hypervisor call return codes" and "RTAS call definition".
 */
#ifndef VDEV_HCALL_H
#define VDEV_HCALL_H

#include "vdev/abi.h"

typedef gint64 HcallStatus;

enum {
    H_SUCCESS = 0,
    H_BUSY = 1,
    H_NOT_AVAILABLE = 3,
    H_HARDWARE = -1,
    H_FUNCTION = -2,
    H_PRIVILEGE = -3,
    H_PARAMETER = -4,
    H_P2 = -55,
    H_P3 = -56,
    H_P4 = -57,
    H_P5 = -58,
    H_P6 = -59,
    H_P7 = -60,
    H_P8 = -61,
    H_P9 = -62,
    H_STATE = -75,
    H_IN_USE = -77,
    H_UNSUPPORTED_FLAG = -256,
};

#define HCALL_ARGS 9

/**
 * VdevHcallHandler:
 * @owner: the object the table belongs to (the Xive for H_INT_*, the platform otherwise)
 * @vcpu:  the calling vCPU
 * @args:  HCALL_ARGS words; R4..R12 of the guest, in and out
 *
 * Called on the vCPU's thread under the machine lock.
 *
 * Returns: the status for R3.
 */
typedef HcallStatus (*VdevHcallHandler)(void *owner, VdevVcpu *vcpu, guint64 *args);

/* One hypercall. A table ends with a row whose name is NULL. */
struct VdevHcallRow {
    guint32 nr;
    const char *name;
    VdevHcallHandler handler;
};

enum {
    RTAS_OK = 0,
    RTAS_NO_EVENT = 1,
    RTAS_HW_ERROR = -1,
    RTAS_BUSY = -2,
    RTAS_PARAM_ERROR = -3,
    RTAS_NEED_POWER = -9000,
    RTAS_NEED_ISOLATION = -9001,
    RTAS_NOT_AUTHORIZED = -9002,
    RTAS_NOT_CONFIGURABLE = -9003,
};

#define RTAS_ARGS_MAX 16

/* The guest's argument block, read whole and in host order. */
typedef struct {
    guint32 token;
    guint32 nargs;
    guint32 nret;
    guint32 args[RTAS_ARGS_MAX];
    guint32 rets[RTAS_ARGS_MAX]; /* rets[0] is the status; cleared before the handler runs */
} VdevRtasCall;

/**
 * VdevRtasHandler:
 * @owner: the platform
 * @vcpu:  the calling vCPU
 * @call:  arguments in, results out; nargs and nret are at least the row's minimum
 *
 * Called on the vCPU's thread under the machine lock.
 *
 * Returns: the status, stored as rets[0] by the caller.
 */
typedef gint32 (*VdevRtasHandler)(void *owner, VdevVcpu *vcpu, VdevRtasCall *call);

/* One RTAS call. The name is the property of the /rtas node. A table ends with name NULL. */
struct VdevRtasRow {
    guint32 token;
    const char *name;
    guint8 nargs; /* least number of arguments */
    guint8 nret;  /* least number of results, status included */
    VdevRtasHandler handler;
};

#endif
