/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Numbers of KVM's POWER interface, for machines whose own kernel headers lack them.
 *
 * The ppc64le build compares them with the kernel's (vmm/accel/kvm-numbers.c). Registers that
 * KVM serves through its register structures instead of one-reg have pseudo ids of our own.
 *
 * Source: Linux Documentation/virt/kvm/api.rst (4.68, KVM_SET_ONE_REG) and devices/xive.rst.
 */
#ifndef VDEV_KVM_PPC_H
#define VDEV_KVM_PPC_H

#include "vdev/bits.h"

#define VDEV_REG_PPC       G_GUINT64_CONSTANT(0x1000000000000000)
#define VDEV_REG_U32(n)    (VDEV_REG_PPC | G_GUINT64_CONSTANT(0x0020000000000000) | (n))
#define VDEV_REG_U64(n)    (VDEV_REG_PPC | G_GUINT64_CONSTANT(0x0030000000000000) | (n))
#define VDEV_REG_U128(n)   (VDEV_REG_PPC | G_GUINT64_CONSTANT(0x0040000000000000) | (n))
#define VDEV_REG_SIZE_MAX  16
#define VDEV_REG_SIZE(reg) ((gsize)1 << bits_get(LSB_FIELD64(55, 52), (reg)))

#define VDEV_REG_HIOR        VDEV_REG_U64(0x1)
#define VDEV_REG_DABR        VDEV_REG_U64(0x8)
#define VDEV_REG_DSCR        VDEV_REG_U64(0x9)
#define VDEV_REG_PURR        VDEV_REG_U64(0xa)
#define VDEV_REG_SPURR       VDEV_REG_U64(0xb)
#define VDEV_REG_DAR         VDEV_REG_U64(0xc)
#define VDEV_REG_DSISR       VDEV_REG_U32(0xd)
#define VDEV_REG_AMR         VDEV_REG_U64(0xe)
#define VDEV_REG_UAMOR       VDEV_REG_U64(0xf)
#define VDEV_REG_MMCR0       VDEV_REG_U64(0x10)
#define VDEV_REG_MMCR1       VDEV_REG_U64(0x11)
#define VDEV_REG_MMCRA       VDEV_REG_U64(0x12)
#define VDEV_REG_MMCR2       VDEV_REG_U64(0x13)
#define VDEV_REG_MMCRS       VDEV_REG_U64(0x14)
#define VDEV_REG_SIAR        VDEV_REG_U64(0x15)
#define VDEV_REG_SDAR        VDEV_REG_U64(0x16)
#define VDEV_REG_SIER        VDEV_REG_U64(0x17)
#define VDEV_REG_PMC(n)      VDEV_REG_U32(0x18 + (n)-1) /* n: 1..8 */
#define VDEV_REG_FPR(n)      VDEV_REG_U64(0x20 + (n))
#define VDEV_REG_VR(n)       VDEV_REG_U128(0x40 + (n))
#define VDEV_REG_VSR(n)      VDEV_REG_U128(0x60 + (n))
#define VDEV_REG_FPSCR       VDEV_REG_U64(0x80)
#define VDEV_REG_VSCR        VDEV_REG_U32(0x81)
#define VDEV_REG_VPA_ADDR    VDEV_REG_U64(0x82)
#define VDEV_REG_VPA_SLB     VDEV_REG_U128(0x83)
#define VDEV_REG_VPA_DTL     VDEV_REG_U128(0x84)
#define VDEV_REG_VP_STATE    VDEV_REG_U128(0x8d)
#define VDEV_REG_TB_OFFSET   VDEV_REG_U64(0x9c)
#define VDEV_REG_SPMC1       VDEV_REG_U32(0x9d)
#define VDEV_REG_SPMC2       VDEV_REG_U32(0x9e)
#define VDEV_REG_IAMR        VDEV_REG_U64(0x9f)
#define VDEV_REG_TFHAR       VDEV_REG_U64(0xa0)
#define VDEV_REG_TFIAR       VDEV_REG_U64(0xa1)
#define VDEV_REG_TEXASR      VDEV_REG_U64(0xa2)
#define VDEV_REG_FSCR        VDEV_REG_U64(0xa3)
#define VDEV_REG_PSPB        VDEV_REG_U32(0xa4)
#define VDEV_REG_EBBHR       VDEV_REG_U64(0xa5)
#define VDEV_REG_EBBRR       VDEV_REG_U64(0xa6)
#define VDEV_REG_BESCR       VDEV_REG_U64(0xa7)
#define VDEV_REG_TAR         VDEV_REG_U64(0xa8)
#define VDEV_REG_DPDES       VDEV_REG_U64(0xa9)
#define VDEV_REG_DAWR        VDEV_REG_U64(0xaa)
#define VDEV_REG_DAWRX       VDEV_REG_U64(0xab)
#define VDEV_REG_CIABR       VDEV_REG_U64(0xac)
#define VDEV_REG_IC          VDEV_REG_U64(0xad)
#define VDEV_REG_VTB         VDEV_REG_U64(0xae)
#define VDEV_REG_CSIGR       VDEV_REG_U64(0xaf)
#define VDEV_REG_TACR        VDEV_REG_U64(0xb0)
#define VDEV_REG_TCSCR       VDEV_REG_U64(0xb1)
#define VDEV_REG_PID         VDEV_REG_U64(0xb2)
#define VDEV_REG_ACOP        VDEV_REG_U64(0xb3)
#define VDEV_REG_VRSAVE      VDEV_REG_U32(0xb4)
#define VDEV_REG_LPCR        VDEV_REG_U64(0xb5)
#define VDEV_REG_PPR         VDEV_REG_U64(0xb6)
#define VDEV_REG_ARCH_COMPAT VDEV_REG_U32(0xb7)
#define VDEV_REG_DABRX       VDEV_REG_U32(0xb8)
#define VDEV_REG_WORT        VDEV_REG_U64(0xb9)
#define VDEV_REG_TIDR        VDEV_REG_U64(0xbc)
#define VDEV_REG_PSSCR       VDEV_REG_U64(0xbd)
#define VDEV_REG_DEC_EXPIRY  VDEV_REG_U64(0xbe)
#define VDEV_REG_ONLINE      VDEV_REG_U32(0xbf)
#define VDEV_REG_PTCR        VDEV_REG_U64(0xc0)
#define VDEV_REG_MMCR3       VDEV_REG_U64(0xc1)
#define VDEV_REG_SIER2       VDEV_REG_U64(0xc2)
#define VDEV_REG_SIER3       VDEV_REG_U64(0xc3)
#define VDEV_REG_DAWR1       VDEV_REG_U64(0xc4)
#define VDEV_REG_DAWRX1      VDEV_REG_U64(0xc5)

/* Pseudo ids: the registers of struct kvm_regs and kvm_sregs. All 64 bits wide. */
#define VDEV_REG_CORE(n)  (VDEV_REG_U64(n) | LSB_BIT64(40))
#define VDEV_REG_GPR(n)   VDEV_REG_CORE(n) /* n: 0..31 */
#define VDEV_REG_PC       VDEV_REG_CORE(32)
#define VDEV_REG_MSR      VDEV_REG_CORE(33)
#define VDEV_REG_CR       VDEV_REG_CORE(34)
#define VDEV_REG_LR       VDEV_REG_CORE(35)
#define VDEV_REG_CTR      VDEV_REG_CORE(36)
#define VDEV_REG_XER      VDEV_REG_CORE(37)
#define VDEV_REG_SRR0     VDEV_REG_CORE(38)
#define VDEV_REG_SRR1     VDEV_REG_CORE(39)
#define VDEV_REG_SPRG(n)  VDEV_REG_CORE(40 + (n)) /* n: 0..7 */
#define VDEV_REG_CORE_PID VDEV_REG_CORE(48)
#define VDEV_REG_PVR      VDEV_REG_CORE(49)
#define VDEV_REG_CORE_N   50

/* LPCR bits that a hypercall sets for the guest. */
#define VDEV_LPCR_ILE      LSB_BIT64(25)
#define VDEV_LPCR_AIL_MASK LSB_FIELD64(24, 23)

/* MSR of a vCPU that enters the kernel: 64-bit, big-endian, machine check enabled. */
#define VDEV_MSR_ENTRY G_GUINT64_CONSTANT(0x8000000000001000)

/* KVM_PPC_CONFIGURE_V3_MMU: flags, and the guest-radix bit of the process table word. */
#define VDEV_MMU_RADIX LSB_BIT64(0)
#define VDEV_MMU_GTSE  LSB_BIT64(1)
#define VDEV_PATE_GR   IBM_BIT64(0)

/* The XIVE device. */
#define VDEV_KDEV_XIVE 9u

#define VDEV_XIVE_GRP_CTRL          1u
#define VDEV_XIVE_GRP_SOURCE        2u /* attr: LISN; data: guint64 */
#define VDEV_XIVE_GRP_SOURCE_CONFIG 3u /* attr: LISN; data: guint64 */
#define VDEV_XIVE_GRP_EQ_CONFIG     4u /* attr: server << 3 | priority; data: VdevXiveEq */
#define VDEV_XIVE_GRP_SOURCE_SYNC   5u /* attr: LISN; no data */

#define VDEV_XIVE_CTRL_RESET      1u /* no data */
#define VDEV_XIVE_CTRL_EQ_SYNC    2u /* no data */
#define VDEV_XIVE_CTRL_NR_SERVERS 3u /* data: guint32 */

#define VDEV_XIVE_SOURCE_LSI      LSB_BIT64(0)
#define VDEV_XIVE_SOURCE_ASSERTED LSB_BIT64(1)

#define VDEV_XIVE_CONFIG_PRIORITY LSB_FIELD64(2, 0)
#define VDEV_XIVE_CONFIG_SERVER   LSB_FIELD64(31, 3)
#define VDEV_XIVE_CONFIG_MASKED   LSB_BIT64(32)
#define VDEV_XIVE_CONFIG_EISN     LSB_FIELD64(63, 33)

#define VDEV_XIVE_EQ_PRIORITY LSB_FIELD64(2, 0)
#define VDEV_XIVE_EQ_SERVER   LSB_FIELD64(31, 3)

#define VDEV_XIVE_EQ_ALWAYS_NOTIFY 1u

/* Data of EQ_CONFIG, host byte order. */
typedef struct {
    guint32 flags;
    guint32 qshift; /* log2 bytes; 0 = no queue */
    guint64 qaddr;  /* guest address */
    guint32 qtoggle;
    guint32 qindex; /* in entries of 4 bytes */
    guint8 reserved[40];
} VdevXiveEq;
G_STATIC_ASSERT(sizeof(VdevXiveEq) == 64);

/* Mapping of the device, in host pages of 64 KiB. */
#define VDEV_XIVE_TIMA_PAGE_OFFSET 0u
#define VDEV_XIVE_TIMA_PAGES       4u
#define VDEV_XIVE_ESB_PAGE_OFFSET  4u
#define VDEV_XIVE_ESB_PAGES        2u /* a source: trigger, management */

#endif
