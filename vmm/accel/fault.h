/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Faults on demand, the same for every accelerator: the n-th call of a kind fails
 * (x-fault=CALL:N:ERRNO), or the calls are counted (x-fault=count).
 *
 * It decides nothing else; what a failure means is the caller's matter. Calls are named for the
 * function of AccelClass for whose sake they are made.
 */
#ifndef VMM_ACCEL_FAULT_H
#define VMM_ACCEL_FAULT_H

#include <glib.h>

typedef enum {
    ACCEL_CALL_OPEN,
    ACCEL_CALL_MEMORY_SET,
    ACCEL_CALL_DIRTY_LOG_GET,
    ACCEL_CALL_ENABLE_HCALL,
    ACCEL_CALL_SET_MMU,
    ACCEL_CALL_VCPU_NEW,
    ACCEL_CALL_VCPU_ENABLE_FWNMI,
    ACCEL_CALL_VCPU_GET,
    ACCEL_CALL_VCPU_SET,
    ACCEL_CALL_VCPU_RUN,
    ACCEL_CALL_VCPU_COMPLETE,
    ACCEL_CALL_KDEV_NEW,
    ACCEL_CALL_KDEV_SET,
    ACCEL_CALL_KDEV_GET,
    ACCEL_CALL_KDEV_CONNECT,
    ACCEL_CALL_IRQFD,
    ACCEL_CALL_REGION_NEW,
    ACCEL_CALL_REGION_FREE, /* KVM only: the model's cannot fail */
    ACCEL_CALL_REGION_LOAD64,
    ACCEL_CALL_REGION_STORE64,
    ACCEL_CALL_N
} AccelCall;

typedef struct AccelFault AccelFault;

/** accel_fault_new: @spec is CALL:N:ERRNO or count. Error: G_OPTION_ERROR, one line. */
AccelFault *accel_fault_new(const char *spec, GError **error);
void accel_fault_free(AccelFault *fault); /* NULL-safe */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(AccelFault, accel_fault_free)

/** accel_fault_strikes: counts a call. Returns: −errno to fail with, or 0. NULL-safe; any thread.
 */
gint accel_fault_strikes(AccelFault *fault, AccelCall call);

/** accel_fault_report: the counts as lines "x-fault: NAME N", the last one "any"; NULL unless the
 * spec was count. (transfer full) */
char *accel_fault_report(const AccelFault *fault);

#endif
