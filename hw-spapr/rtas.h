/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * RTAS: the calls, their tokens, and what stands in guest memory so that a guest can make them.
 *
 * Tokens are QEMU's: a guest reads them once, at boot, and takes them along when it moves.
 * Source: LoPAR, "RTAS call definition"; tokens from a device tree of QEMU 7.2.
 */
#ifndef HW_SPAPR_RTAS_H
#define HW_SPAPR_RTAS_H

#include "vdev/hcall.h"

typedef struct Platform Platform;

#define RTAS_TOKEN_FIRST 0x2000u
#define RTAS_TOKEN_N     64u

#define RTAS_BLOB_SIZE       20u     /* bytes of code */
#define RTAS_AREA_SIZE       0x1000u /* what the guest is told to keep for it, or more */
#define RTAS_ERROR_LOG_MAX   0x800u  /* bytes; the buffer of check-exception and event-scan */
#define RTAS_EVENT_SCAN_RATE 1u      /* a minute */
#define RTAS_SYSPARM_ERROR   (-9999) /* ibm,get-system-parameter: the buffer is no good */

typedef struct {
    const VdevRtasRow *rows[RTAS_TOKEN_N]; /* by token − RTAS_TOKEN_FIRST; NULL: no such call */
} RtasTable;

extern const VdevRtasRow rtas_rows[];

/** rtas_table_init: enters rtas_rows by token. */
void rtas_table_init(RtasTable *table);

/** rtas_advertised: whether the tree of a guest that boots here names @row. */
gboolean rtas_advertised(const Platform *platform, const VdevRtasRow *row);

/** rtas_area_size: bytes from `linux,rtas-base` on that a guest that boots here keeps for RTAS: its
 * code, and what fwnmi.h puts there. */
guint32 rtas_area_size(const Platform *platform);

/** rtas_token: the number of the call @name, which must be in rtas_rows. */
guint32 rtas_token(const char *name);

/** rtas_blob: RTAS_BLOB_SIZE bytes of code that turn a call into the hypercall H_RTAS. */
const guint8 *rtas_blob(void);

/**
 * rtas_call_block: the call whose argument block is at the guest address @gpa.
 *
 * Returns: H_SUCCESS when the block was one, H_PARAMETER otherwise: not in RAM, more words than
 * RTAS_ARGS_MAX, no room for a status, or a token that no call has (its status is stored then).
 */
HcallStatus rtas_call_block(Platform *platform, VdevVcpu *vcpu, guint64 gpa);

/* rtas-base.c */
gint32 rtas_display_character(void *owner, VdevVcpu *vcpu, VdevRtasCall *call);
gint32 rtas_power_off(void *owner, VdevVcpu *vcpu, VdevRtasCall *call);
gint32 rtas_system_reboot(void *owner, VdevVcpu *vcpu, VdevRtasCall *call);
gint32 rtas_query_cpu_stopped_state(void *owner, VdevVcpu *vcpu, VdevRtasCall *call);
gint32 rtas_start_cpu(void *owner, VdevVcpu *vcpu, VdevRtasCall *call);
gint32 rtas_stop_self(void *owner, VdevVcpu *vcpu, VdevRtasCall *call);
gint32 rtas_os_term(void *owner, VdevVcpu *vcpu, VdevRtasCall *call);

/* rtas-indicator.c */
gint32 rtas_set_indicator(void *owner, VdevVcpu *vcpu, VdevRtasCall *call);
gint32 rtas_get_sensor_state(void *owner, VdevVcpu *vcpu, VdevRtasCall *call);
gint32 rtas_set_power_level(void *owner, VdevVcpu *vcpu, VdevRtasCall *call);
gint32 rtas_get_power_level(void *owner, VdevVcpu *vcpu, VdevRtasCall *call);

/* connector.c */
gint32 rtas_ibm_configure_connector(void *owner, VdevVcpu *vcpu, VdevRtasCall *call);

/* rtas-sysparm.c */
gint32 rtas_get_system_parameter(void *owner, VdevVcpu *vcpu, VdevRtasCall *call);
gint32 rtas_set_system_parameter(void *owner, VdevVcpu *vcpu, VdevRtasCall *call);

/* rtc.c, nvram.c, events.c; fwnmi.h has its own */
gint32 rtas_get_time_of_day(void *owner, VdevVcpu *vcpu, VdevRtasCall *call);
gint32 rtas_set_time_of_day(void *owner, VdevVcpu *vcpu, VdevRtasCall *call);
gint32 rtas_nvram_fetch(void *owner, VdevVcpu *vcpu, VdevRtasCall *call);
gint32 rtas_nvram_store(void *owner, VdevVcpu *vcpu, VdevRtasCall *call);
gint32 rtas_check_exception(void *owner, VdevVcpu *vcpu, VdevRtasCall *call);
gint32 rtas_event_scan(void *owner, VdevVcpu *vcpu, VdevRtasCall *call);

#endif
