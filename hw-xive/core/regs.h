/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * XIVE structures and the numbers of an sPAPR machine: fields, offsets, fixed
 * addresses. Layouts only: what is done with them is in pq, eas, end, tctx and
 * router. KVM's own words are not here (hw-xive/kvm-attr.h).
 *
 * EAS and END words are held as values, in host order; the bit numbers are the
 * architecture's (0 = most significant). The thread context is raw bytes, in
 * architectural order on every host.
 *
 * Source: the migration-stream sections spapr-xive, xive-source and xive-tctx as
 * captured; LoPAR H_INT_*; the guest addresses and interrupt numbers are QEMU's,
 * since guests remember them across a move.
 */
#ifndef HW_XIVE_CORE_REGS_H
#define HW_XIVE_CORE_REGS_H

#include "vdev/bits.h"

/* --- Guest addresses (bytes) and interrupt numbers ----------------------- */

#define XIVE_PAGE_SHIFT   16
#define XIVE_PAGE_SIZE    (G_GUINT64_CONSTANT(1) << XIVE_PAGE_SHIFT)
#define XIVE_ESB_SHIFT    17 /* two pages a source */
#define XIVE_ESB_BASE     G_GUINT64_CONSTANT(0x0006010000000000)
#define XIVE_ESB_SIZE     ((guint64)XIVE_NR_IRQS << XIVE_ESB_SHIFT)
#define XIVE_END_ESB_BASE (XIVE_ESB_BASE + XIVE_ESB_SIZE)

#define XIVE_TIMA_BASE      G_GUINT64_CONSTANT(0x0006030203180000)
#define XIVE_TIMA_PAGES     4 /* pages of XIVE_PAGE_SIZE, most privileged first */
#define XIVE_TIMA_PAGE_HW   0
#define XIVE_TIMA_PAGE_HV   1
#define XIVE_TIMA_PAGE_OS   2
#define XIVE_TIMA_PAGE_USER 3

#define XIVE_NR_IRQS      0x2000u
#define XIVE_LISN_IPI     0x0000u
#define XIVE_LISN_EPOW    0x1000u
#define XIVE_LISN_HOTPLUG 0x1001u
#define XIVE_LISN_VIO     0x1100u /* 0x100 of them */
#define XIVE_LISN_PHB_LSI 0x1200u /* 0x80 of them, four a PHB */
#define XIVE_LISN_MSI     0x1300u /* up to XIVE_NR_IRQS */

#define XIVE_PRIORITIES 8u    /* 0..7, lower is more urgent */
#define XIVE_PRIO_NONE  0xffu /* CPPR, PIPR: nothing; H_INT_*: reset */
#define XIVE_NVT_BASE   0x400u

/* --- ESB: the two pages of a source -------------------------------------- */

#define XIVE_ESB_PAGE_TRIGGER    0 /* even: any store triggers */
#define XIVE_ESB_PAGE_MANAGEMENT 1 /* odd: the commands below */
#define XIVE_ESB_COMMAND_MASK    0xfffu

/* Loads. Those at LOAD_SET and above set PQ to bits 9:8 of the offset. */
#define XIVE_ESB_LOAD_EOI       0x000u
#define XIVE_ESB_LOAD_GET       0x800u
#define XIVE_ESB_LOAD_SET       0xc00u
#define XIVE_ESB_LOAD_SET_PQ(n) (XIVE_ESB_LOAD_SET + ((guint32)(n) << 8))

/* Stores. */
#define XIVE_ESB_STORE_TRIGGER 0x000u
#define XIVE_ESB_STORE_EOI     0x400u
#define XIVE_ESB_STORE_INJECT  0x800u /* hypervisor only; not decoded */

/* Status byte of a source, as in the stream. Other bits are 0. */
#define XIVE_STATUS_PQ       0x03u
#define XIVE_STATUS_ASSERTED 0x04u /* LSI: the line is up */

/* --- EAS: one 64-bit word a source --------------------------------------- */

#define XIVE_EAS_VALID     IBM_BIT64(0)
#define XIVE_EAS_END_BLOCK IBM_FIELD64(4, 7)
#define XIVE_EAS_END_INDEX IBM_FIELD64(8, 31)
#define XIVE_EAS_MASKED    IBM_BIT64(32)
#define XIVE_EAS_END_DATA  IBM_FIELD64(33, 63)

#define XIVE_EAS_RESET     (XIVE_EAS_VALID | XIVE_EAS_MASKED)
#define XIVE_END_INDEX_MAX 0xffffffu   /* 24 bits */
#define XIVE_EISN_MAX      0x7fffffffu /* 31 bits */

/* --- END: eight 32-bit words a (server, priority) ------------------------ */

typedef struct {
    guint32 w0;
    guint32 w1;
    guint32 w2;
    guint32 w3;
    guint32 w4;
    guint32 w5;
    guint32 w6;
    guint32 w7;
} XiveEnd;

#define XIVE_END_W0_VALID      IBM_BIT32(0)
#define XIVE_END_W0_ENQUEUE    IBM_BIT32(1)
#define XIVE_END_W0_NOTIFY     IBM_BIT32(2) /* unconditional notify */
#define XIVE_END_W0_BACKLOG    IBM_BIT32(3)
#define XIVE_END_W0_PRECL      IBM_BIT32(4)
#define XIVE_END_W0_ESCALATE   IBM_BIT32(5)
#define XIVE_END_W0_UESCALATE  IBM_BIT32(6)
#define XIVE_END_W0_SILENT     IBM_BIT32(7)
#define XIVE_END_W0_QSIZE      IBM_FIELD32(12, 15) /* log2 of bytes, less 12 */
#define XIVE_END_W0_FIRMWARE   IBM_BIT32(16)
#define XIVE_END_W1_ESN        IBM_FIELD32(0, 1)
#define XIVE_END_W1_ESE        IBM_FIELD32(2, 3)
#define XIVE_END_W1_GENERATION IBM_BIT32(9)
#define XIVE_END_W1_PAGE_OFF   IBM_FIELD32(10, 31) /* next entry, in entries */
#define XIVE_END_W2_EQ_HIGH    IBM_FIELD32(4, 31)
#define XIVE_END_W3_EQ_LOW     IBM_FIELD32(0, 31)
#define XIVE_END_W4_ESC_BLOCK  IBM_FIELD32(4, 7)
#define XIVE_END_W4_ESC_INDEX  IBM_FIELD32(8, 31)
#define XIVE_END_W5_ESC_DATA   IBM_FIELD32(1, 31)
#define XIVE_END_W6_FORMAT     IBM_BIT32(8)
#define XIVE_END_W6_NVT_BLOCK  IBM_FIELD32(9, 12)
#define XIVE_END_W6_NVT_INDEX  IBM_FIELD32(13, 31)
#define XIVE_END_W7_PRIORITY   IBM_FIELD32(8, 15) /* format 0 */

#define XIVE_END_W1_RESET   0x50000000u /* ESn Q and ESe Q */
#define XIVE_NVT_INDEX_MAX  0x7ffffu    /* 19 bits */
#define XIVE_EQ_SHIFT_MIN   12u         /* log2 of bytes, by layout */
#define XIVE_EQ_SHIFT_MAX   24u
#define XIVE_EQ_GPA_BITS    60 /* W2 carries 28 bits, W3 32 */
#define XIVE_EQ_ENTRY_SHIFT 2  /* an entry is one 32-bit big-endian word */
#define XIVE_EQ_GENERATION  IBM_BIT32(0)
#define XIVE_EQ_EISN        IBM_FIELD32(1, 31)

/* --- TCTX: four rings of 16 bytes a thread ------------------------------- */

#define XIVE_RING_SIZE 16u
#define XIVE_RING_USER 0x00u
#define XIVE_RING_OS   0x10u
#define XIVE_RING_POOL 0x20u
#define XIVE_RING_PHYS 0x30u
#define XIVE_TCTX_SIZE 64u

typedef struct {
    guint8 regs[XIVE_TCTX_SIZE];
} XiveTctx;

/* Bytes of a ring. */
#define XIVE_RING_NSR   0u
#define XIVE_RING_CPPR  1u /* priority below which nothing is delivered */
#define XIVE_RING_IPB   2u /* bit 0x80 >> prio: something pending */
#define XIVE_RING_LSMFB 3u
#define XIVE_RING_ACK   4u
#define XIVE_RING_INC   5u
#define XIVE_RING_AGE   6u
#define XIVE_RING_PIPR  7u /* most urgent of IPB, XIVE_PRIO_NONE if none */
#define XIVE_RING_W2    8u
#define XIVE_RING_W3    12u

#define XIVE_NSR_EO     0x80u        /* OS ring: exception */
#define XIVE_OS_W2_VO   IBM_BIT32(0) /* the context is on a thread */
#define XIVE_OS_W2_CAM  IBM_FIELD32(8, 31)
#define XIVE_VP_SIZE    8u /* bytes of the OS ring that KVM's VP state carries */
#define XIVE_VP_CREATED G_GUINT64_CONSTANT(0x00000000ff000000) /* as KVM makes it */

/* Special operations of the TIMA pages. */
#define XIVE_TIMA_SPECIAL        0x800u
#define XIVE_TIMA_ACK_OS         0x810u /* load, 2 bytes */
#define XIVE_TIMA_SET_OS_PENDING 0x812u /* store, 1 byte: a priority */
#define XIVE_TIMA_PULL_OS        0x818u /* load, 4 or 8 bytes; pages HW and HV */
#define XIVE_TIMA_ACK_OS_EL      0xc10u /* store, 1 byte; not modelled */

/* --- sPAPR numbering ----------------------------------------------------- */

/** xive_end_index: the END of guest CPU number @server at @prio (0..7). */
static inline guint32
xive_end_index(guint32 server, guint8 prio)
{
    return server * XIVE_PRIORITIES + prio;
}

/** xive_end_index_server: the guest CPU number that END @index belongs to. */
static inline guint32
xive_end_index_server(guint32 index)
{
    return index / XIVE_PRIORITIES;
}

/** xive_end_index_prio: the priority, 0..7, that END @index belongs to. */
static inline guint8
xive_end_index_prio(guint32 index)
{
    return (guint8)(index % XIVE_PRIORITIES);
}

/** xive_nvt_index: the NVT (and OS CAM) of guest CPU number @server. */
static inline guint32
xive_nvt_index(guint32 server)
{
    return XIVE_NVT_BASE + server;
}

/** xive_esb_gpa: guest address of page @page (XIVE_ESB_PAGE_*) of source @lisn, < XIVE_NR_IRQS. */
static inline guint64
xive_esb_gpa(guint32 lisn, guint page)
{
    return XIVE_ESB_BASE + ((guint64)lisn << XIVE_ESB_SHIFT) + ((guint64)page << XIVE_PAGE_SHIFT);
}

#endif
