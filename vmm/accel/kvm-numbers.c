/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Compares the numbers of vdev/kvm-ppc.h and the structures of kvm.h with the kernel's own header,
 * at compile time, where that header is POWER's. There is no code here.
 */
#include "vmm/accel/kvm.h"

G_STATIC_ASSERT(sizeof(KvmPpcRegs) == (9 + 8 + 32) * sizeof(guint64));
G_STATIC_ASSERT(ACCEL_MEM_LOG_DIRTY == KVM_MEM_LOG_DIRTY_PAGES);
G_STATIC_ASSERT(KVM_CAP_PPC_IRQ_XIVE == 169);
G_STATIC_ASSERT((guint)KVM_DEV_TYPE_XIVE == VDEV_KDEV_XIVE);

#if defined(__powerpc64__)

#define SAME(ours, kernels)      G_STATIC_ASSERT((guint64)(ours) == (guint64)(kernels))
#define SAME_REG(name)           SAME(VDEV_REG_##name, KVM_REG_PPC_##name)
#define SAME_REG_N(name, n)      SAME(VDEV_REG_##name(n), KVM_REG_PPC_##name(n))
#define SAME_SIZE(ours, kernels) G_STATIC_ASSERT(sizeof(ours) == sizeof(kernels))
#define SAME_FIELD(ours, kernels, field, kernels_field)                                           \
    G_STATIC_ASSERT(G_STRUCT_OFFSET(ours, field) == __builtin_offsetof(kernels, kernels_field) && \
                    sizeof(((ours *)0)->field) == sizeof(((kernels *)0)->kernels_field))

SAME_REG(HIOR);
SAME_REG(DABR);
SAME_REG(DSCR);
SAME_REG(PURR);
SAME_REG(SPURR);
SAME_REG(DAR);
SAME_REG(DSISR);
SAME_REG(AMR);
SAME_REG(UAMOR);
SAME_REG(MMCR0);
SAME_REG(MMCR1);
SAME_REG(MMCRA);
SAME_REG(MMCR2);
SAME_REG(MMCRS);
SAME_REG(SIAR);
SAME_REG(SDAR);
SAME_REG(SIER);
SAME(VDEV_REG_PMC(1), KVM_REG_PPC_PMC1);
SAME(VDEV_REG_PMC(8), KVM_REG_PPC_PMC8);
SAME_REG_N(FPR, 31);
SAME_REG_N(VR, 31);
SAME_REG_N(VSR, 31);
SAME_REG(FPSCR);
SAME_REG(VSCR);
SAME_REG(VPA_ADDR);
SAME_REG(VPA_SLB);
SAME_REG(VPA_DTL);
SAME_REG(VP_STATE);
SAME_REG(TB_OFFSET);
SAME_REG(SPMC1);
SAME_REG(SPMC2);
SAME_REG(IAMR);
SAME_REG(TFHAR);
SAME_REG(TFIAR);
SAME_REG(TEXASR);
SAME_REG(FSCR);
SAME_REG(PSPB);
SAME_REG(EBBHR);
SAME_REG(EBBRR);
SAME_REG(BESCR);
SAME_REG(TAR);
SAME_REG(DPDES);
SAME_REG(DAWR);
SAME_REG(DAWRX);
SAME_REG(CIABR);
SAME_REG(IC);
SAME_REG(VTB);
SAME_REG(CSIGR);
SAME_REG(TACR);
SAME_REG(TCSCR);
SAME_REG(PID);
SAME_REG(ACOP);
SAME_REG(VRSAVE);
SAME(VDEV_REG_LPCR, KVM_REG_PPC_LPCR_64);
SAME_REG(PPR);
SAME_REG(ARCH_COMPAT);
SAME_REG(DABRX);
SAME_REG(WORT);
SAME_REG(TIDR);
SAME_REG(PSSCR);
SAME_REG(DEC_EXPIRY);
SAME_REG(ONLINE);
SAME_REG(PTCR);
SAME_REG(MMCR3);
SAME_REG(SIER2);
SAME_REG(SIER3);
SAME_REG(DAWR1);
SAME_REG(DAWRX1);

SAME(KVM_PPC_NMI_DISPOSITION, KVM_RUN_PPC_NMI_DISP_MASK);
SAME(KVM_PPC_NMI_RECOVERED, KVM_RUN_PPC_NMI_DISP_FULLY_RECOV);

SAME(VDEV_MMU_RADIX, KVM_PPC_MMUV3_RADIX);
SAME(VDEV_MMU_GTSE, KVM_PPC_MMUV3_GTSE);

SAME(VDEV_XIVE_GRP_CTRL, KVM_DEV_XIVE_GRP_CTRL);
SAME(VDEV_XIVE_GRP_SOURCE, KVM_DEV_XIVE_GRP_SOURCE);
SAME(VDEV_XIVE_GRP_SOURCE_CONFIG, KVM_DEV_XIVE_GRP_SOURCE_CONFIG);
SAME(VDEV_XIVE_GRP_EQ_CONFIG, KVM_DEV_XIVE_GRP_EQ_CONFIG);
SAME(VDEV_XIVE_GRP_SOURCE_SYNC, KVM_DEV_XIVE_GRP_SOURCE_SYNC);
SAME(VDEV_XIVE_CTRL_RESET, KVM_DEV_XIVE_RESET);
SAME(VDEV_XIVE_CTRL_EQ_SYNC, KVM_DEV_XIVE_EQ_SYNC);
SAME(VDEV_XIVE_CTRL_NR_SERVERS, KVM_DEV_XIVE_NR_SERVERS);
SAME(VDEV_XIVE_SOURCE_LSI, KVM_XIVE_LEVEL_SENSITIVE);
SAME(VDEV_XIVE_SOURCE_ASSERTED, KVM_XIVE_LEVEL_ASSERTED);
SAME(VDEV_XIVE_CONFIG_PRIORITY, KVM_XIVE_SOURCE_PRIORITY_MASK);
SAME(VDEV_XIVE_CONFIG_SERVER, KVM_XIVE_SOURCE_SERVER_MASK);
SAME(VDEV_XIVE_CONFIG_MASKED, KVM_XIVE_SOURCE_MASKED_MASK);
SAME(VDEV_XIVE_CONFIG_EISN, KVM_XIVE_SOURCE_EISN_MASK);
SAME(VDEV_XIVE_EQ_PRIORITY, KVM_XIVE_EQ_PRIORITY_MASK);
SAME(VDEV_XIVE_EQ_SERVER, KVM_XIVE_EQ_SERVER_MASK);
SAME(VDEV_XIVE_EQ_ALWAYS_NOTIFY, KVM_XIVE_EQ_ALWAYS_NOTIFY);
SAME(VDEV_XIVE_TIMA_PAGE_OFFSET, KVM_XIVE_TIMA_PAGE_OFFSET);
SAME(VDEV_XIVE_ESB_PAGE_OFFSET, KVM_XIVE_ESB_PAGE_OFFSET);

SAME_SIZE(VdevXiveEq, struct kvm_ppc_xive_eq);
SAME_FIELD(VdevXiveEq, struct kvm_ppc_xive_eq, flags, flags);
SAME_FIELD(VdevXiveEq, struct kvm_ppc_xive_eq, qshift, qshift);
SAME_FIELD(VdevXiveEq, struct kvm_ppc_xive_eq, qaddr, qaddr);
SAME_FIELD(VdevXiveEq, struct kvm_ppc_xive_eq, qtoggle, qtoggle);
SAME_FIELD(VdevXiveEq, struct kvm_ppc_xive_eq, qindex, qindex);

SAME_SIZE(KvmPpcRegs, struct kvm_regs);
SAME_FIELD(KvmPpcRegs, struct kvm_regs, pc, pc);
SAME_FIELD(KvmPpcRegs, struct kvm_regs, cr, cr);
SAME_FIELD(KvmPpcRegs, struct kvm_regs, ctr, ctr);
SAME_FIELD(KvmPpcRegs, struct kvm_regs, lr, lr);
SAME_FIELD(KvmPpcRegs, struct kvm_regs, xer, xer);
SAME_FIELD(KvmPpcRegs, struct kvm_regs, msr, msr);
SAME_FIELD(KvmPpcRegs, struct kvm_regs, srr0, srr0);
SAME_FIELD(KvmPpcRegs, struct kvm_regs, srr1, srr1);
SAME_FIELD(KvmPpcRegs, struct kvm_regs, pid, pid);
SAME_FIELD(KvmPpcRegs, struct kvm_regs, sprg[0], sprg0);
SAME_FIELD(KvmPpcRegs, struct kvm_regs, sprg[7], sprg7);
SAME_FIELD(KvmPpcRegs, struct kvm_regs, gpr, gpr);
SAME_SIZE(KvmPpcSregs, struct kvm_sregs);
SAME_FIELD(KvmPpcSregs, struct kvm_sregs, pvr, pvr);
SAME_SIZE(KvmPpcMmuConfig, struct kvm_ppc_mmuv3_cfg);
SAME_FIELD(KvmPpcMmuConfig, struct kvm_ppc_mmuv3_cfg, process_table, process_table);
SAME_SIZE(KvmPpcRmmuInfo, struct kvm_ppc_rmmu_info);
SAME_FIELD(KvmPpcRmmuInfo, struct kvm_ppc_rmmu_info, ap_encodings, ap_encodings);
SAME_SIZE(KvmPpcCpuChar, struct kvm_ppc_cpu_char);
SAME_FIELD(KvmPpcCpuChar, struct kvm_ppc_cpu_char, behaviour, behaviour);
SAME_FIELD(KvmPpcCpuChar, struct kvm_ppc_cpu_char, character_mask, character_mask);
SAME_FIELD(KvmPpcCpuChar, struct kvm_ppc_cpu_char, behaviour_mask, behaviour_mask);

SAME(KVM_PPC_IOC_GET_REGS, KVM_GET_REGS);
SAME(KVM_PPC_IOC_SET_REGS, KVM_SET_REGS);
SAME(KVM_PPC_IOC_GET_SREGS, KVM_GET_SREGS);
SAME(KVM_PPC_IOC_SET_SREGS, KVM_SET_SREGS);
SAME(KVM_PPC_IOC_CONFIGURE_MMU, KVM_PPC_CONFIGURE_V3_MMU);
SAME(KVM_PPC_IOC_GET_RMMU_INFO, KVM_PPC_GET_RMMU_INFO);
SAME(KVM_PPC_IOC_GET_CPU_CHAR, KVM_PPC_GET_CPU_CHAR);

#endif
