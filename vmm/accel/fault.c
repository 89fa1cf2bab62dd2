/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Faults on demand. See fault.h.
 */
#include "vmm/accel/fault.h"

#include <string.h>

static const char *const call_names[ACCEL_CALL_N] = {
    [ACCEL_CALL_OPEN] = "open",
    [ACCEL_CALL_MEMORY_SET] = "memory_set",
    [ACCEL_CALL_DIRTY_LOG_GET] = "dirty_log_get",
    [ACCEL_CALL_ENABLE_HCALL] = "enable_hcall",
    [ACCEL_CALL_SET_MMU] = "set_mmu",
    [ACCEL_CALL_VCPU_NEW] = "vcpu_new",
    [ACCEL_CALL_VCPU_ENABLE_FWNMI] = "vcpu_enable_fwnmi",
    [ACCEL_CALL_VCPU_GET] = "vcpu_get",
    [ACCEL_CALL_VCPU_SET] = "vcpu_set",
    [ACCEL_CALL_VCPU_RUN] = "vcpu_run",
    [ACCEL_CALL_VCPU_COMPLETE] = "vcpu_complete",
    [ACCEL_CALL_KDEV_NEW] = "kdev_new",
    [ACCEL_CALL_KDEV_SET] = "kdev_set",
    [ACCEL_CALL_KDEV_GET] = "kdev_get",
    [ACCEL_CALL_KDEV_CONNECT] = "kdev_connect",
    [ACCEL_CALL_IRQFD] = "irqfd",
    [ACCEL_CALL_REGION_NEW] = "region_new",
    [ACCEL_CALL_REGION_FREE] = "region_free",
    [ACCEL_CALL_REGION_LOAD64] = "region_load64",
    [ACCEL_CALL_REGION_STORE64] = "region_store64",
};

#define ANY ACCEL_CALL_N

struct AccelFault {
    gboolean count;
    guint target;                 /* a AccelCall, or ANY */
    gint nth;                     /* 1-based */
    gint errnum;                  /* positive */
    gint calls[ACCEL_CALL_N + 1]; /* atomic; the last is the sum */
};

static gint
errno_from_name(const char *name)
{
    for (gint i = 1; i < 4096; i++) {
        const char *known = strerrorname_np(i);

        if (known != NULL && strcmp(known, name) == 0)
            return i;
    }
    return 0;
}

static gint
call_from_name(const char *name)
{
    for (gint i = 0; i < ACCEL_CALL_N; i++) {
        if (strcmp(call_names[i], name) == 0)
            return i;
    }
    return strcmp(name, "any") == 0 ? ANY : -1;
}

static void
refuse(GError **error, const char *spec, const char *why, const char *word)
{
    g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "x-fault=%s: %s '%s'", spec, why,
                word);
}

AccelFault *
accel_fault_new(const char *spec, GError **error)
{
    g_autoptr(AccelFault) fault = g_new0(AccelFault, 1);
    g_auto(GStrv) words = g_strsplit(spec, ":", -1);
    guint64 nth;
    gint target;

    if (strcmp(spec, "count") == 0) {
        fault->count = TRUE;
        return g_steal_pointer(&fault);
    }
    if (g_strv_length(words) != 3) {
        refuse(error, spec, "write CALL:N:ERRNO or count, not", spec);
        return NULL;
    }
    target = call_from_name(words[0]);
    if (target < 0) {
        refuse(error, spec, "x-fault=count shows the calls; none is named", words[0]);
        return NULL;
    }
    if (!g_ascii_string_to_unsigned(words[1], 10, 1, G_MAXINT, &nth, NULL)) {
        refuse(error, spec, "the occurrence is a number from 1 up, not", words[1]);
        return NULL;
    }
    fault->target = (guint)target;
    fault->nth = (gint)nth;
    fault->errnum = errno_from_name(words[2]);
    if (fault->errnum == 0) {
        refuse(error, spec, "write an error's name such as EINVAL, not", words[2]);
        return NULL;
    }
    return g_steal_pointer(&fault);
}

void
accel_fault_free(AccelFault *fault)
{
    g_free(fault);
}

gint
accel_fault_strikes(AccelFault *fault, AccelCall call)
{
    gint of_kind, of_all;

    if (fault == NULL)
        return 0;
    of_kind = g_atomic_int_add(&fault->calls[call], 1) + 1;
    of_all = g_atomic_int_add(&fault->calls[ANY], 1) + 1;
    if (fault->count)
        return 0;
    if (fault->target == ANY)
        return of_all == fault->nth ? -fault->errnum : 0;
    return fault->target == (guint)call && of_kind == fault->nth ? -fault->errnum : 0;
}

char *
accel_fault_report(const AccelFault *fault)
{
    GString *text;

    if (fault == NULL || !fault->count)
        return NULL;
    text = g_string_new(NULL);
    for (guint i = 0; i < ACCEL_CALL_N; i++)
        g_string_append_printf(text, "x-fault: %s %d\n", call_names[i],
                               g_atomic_int_get(&fault->calls[i]));
    g_string_append_printf(text, "x-fault: any %d\n", g_atomic_int_get(&fault->calls[ANY]));
    return g_string_free(text, FALSE);
}
