/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hypercalls: the tables of this room and their dispatch.
 *
 * Source: LoPAR, "LPAR option"; the numbers 0xF000 and up are QEMU's own.
 */
#ifndef HW_SPAPR_HCALL_H
#define HW_SPAPR_HCALL_H

#include "vdev/hcall.h"
#include "vdev/host.h"

typedef struct Platform Platform;

#define H_GET_TCE                 0x01cu
#define H_PUT_TCE                 0x020u
#define H_PAGE_INIT               0x02cu
#define H_SET_SPRG0               0x024u
#define H_LOGICAL_CI_LOAD         0x03cu
#define H_LOGICAL_CI_STORE        0x040u
#define H_LOGICAL_CACHE_LOAD      0x044u
#define H_LOGICAL_CACHE_STORE     0x048u
#define H_LOGICAL_ICBI            0x04cu
#define H_LOGICAL_DCBF            0x050u
#define H_GET_TERM_CHAR           0x054u
#define H_PUT_TERM_CHAR           0x058u
#define H_VIO_SIGNAL              0x104u
#define H_STUFF_TCE               0x138u
#define H_PUT_TCE_INDIRECT        0x13cu
#define H_GET_CPU_CHARACTERISTICS 0x1c8u
#define H_RANDOM                  0x300u
#define H_SET_MODE                0x31cu
#define H_REGISTER_PROC_TBL       0x37cu
#define H_RTAS                    0xf000u
#define H_CAS                     0xf002u

/* PAPR's numbers are multiples of 4 below HCALL_PAPR_END; QEMU's own follow one another. */
#define HCALL_PAPR_END  0x1000u
#define HCALL_OWN_FIRST 0xf000u
#define HCALL_OWN_N     0x100u

typedef struct {
    const VdevHcallRow *row;
    void *owner; /* first argument of the handler */
} HcallEntry;

typedef struct {
    HcallEntry papr[HCALL_PAPR_END / 4];
    HcallEntry own[HCALL_OWN_N];
} HcallTable;

extern const VdevHcallRow hcall_cpu_rows[];
extern const VdevHcallRow hcall_mem_rows[];
extern const VdevHcallRow hcall_vio_rows[];
extern const VdevHcallRow hcall_tce_rows[];
extern const VdevHcallRow hcall_firmware_rows[];

/**
 * hcall_table_add: enters @rows (ending with name NULL) under their numbers; each handler is called
 * with @owner. A number that is out of range or taken twice is a programmer's error.
 */
void hcall_table_add(HcallTable *table, const VdevHcallRow *rows, void *owner);

/** hcall_table_find: the entry of @nr, whose row is NULL if there is none; NULL if out of range. */
const HcallEntry *hcall_table_find(const HcallTable *table, guint64 nr);

/**
 * hcall_dispatch:
 * @args: HCALL_ARGS words, in and out
 *
 * On the vCPU's thread, under the machine lock.
 * Returns: R3; H_FUNCTION for a number that nobody serves.
 */
HcallStatus hcall_dispatch(Platform *platform, VdevVcpu *vcpu, guint64 nr, guint64 *args);

/** hcall_enable: asks the host for the hypercalls that KVM leaves off until asked. */
gboolean hcall_enable(const VdevHost *host, GError **error);

#endif
