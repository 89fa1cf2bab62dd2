/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The PCI host bridge that every pseries machine of QEMU has, with an empty bus behind it: a guest
 * that moves finds its node, its windows and its calls.
 *
 * Not here: PCI devices. There are none, nor slots to plug them into.
 * Addresses and names are QEMU's. Source: LoPAR, "PCI Host Bridge", ibm,read-pci-config,
 * ibm,query-pe-dma-window; a device tree and streams of QEMU 7.2.
 */
#ifndef HW_SPAPR_PCI_H
#define HW_SPAPR_PCI_H

#include "hw-spapr/iommu.h"
#include "hw-spapr/tree.h"
#include "hw-xive/xive.h"

#define PCI_BUID         G_GUINT64_CONSTANT(0x800000020000000)
#define PCI_IO_ADDR      G_GUINT64_CONSTANT(0x200000000000)
#define PCI_IO_SIZE      0x10000u
#define PCI_MEM_ADDR     G_GUINT64_CONSTANT(0x200080000000)
#define PCI_MEM_SIZE     0x80000000u
#define PCI_MEM_BUS_ADDR 0x80000000u
#define PCI_MEM64_ADDR   G_GUINT64_CONSTANT(0x210000000000) /* the same on the bus */
#define PCI_MEM64_SIZE   G_GUINT64_CONSTANT(0x10000000000)

#define PCI_PINS     4u
#define PCI_MSIS_MAX 0x1000

/* The windows for DMA: the one that is there at reset, and one that a guest may ask for. */
#define PCI_WINDOWS    2u
#define PCI_LIOBN      0x80000000u
#define PCI_DMA_SIZE   0x40000000u
#define PCI_DMA64_ADDR G_GUINT64_CONSTANT(0x800000000000000)

typedef struct {
    guint32 irq;
} PciLsi;

typedef struct {
    guint32 config_addr, first_irq, n;
} PciMsi;

typedef struct {
    gint32 n;
    gint32 counts[PCI_PINS]; /* devices that assert the pin */
} PciBus;

typedef struct {
    guint64 buid;  /* 0: not realized */
    guint32 liobn; /* these five: of old streams */
    guint64 mem_addr, mem_size, io_addr, io_size;
    PciLsi lsi[PCI_PINS];
    gint32 n_msis;
    PciMsi *msis;   /* [n_msis]; of streams with devices */
    gboolean empty; /* a machine's, with nothing on the bus; FALSE in a tool */
    PciBus bus;
    Iommu windows[PCI_WINDOWS];
} PciHost;

extern const VmsState state_pci, state_pci_bus; /* state-pci.c */

/** pci_make: claims the four interrupts. */
gboolean pci_make(PciHost *pci, Xive *xive, GError **error);

/** pci_finish: zero-safe. The interrupts are the controller's to free. */
void pci_finish(PciHost *pci);

/** pci_reset: the first window as at power-on, the second closed. */
void pci_reset(PciHost *pci);

/** pci_window: the window called @liobn, open or not; NULL. */
Iommu *pci_window(PciHost *pci, guint64 liobn);

/** pci_fdt: the bridge's node; @phandle: of the interrupt controller. */
void pci_fdt(const PciHost *pci, guint32 phandle, TreeWriter *tree);

/* pci.c: calls of configuration space, interrupts and error handling. */
gint32 rtas_read_pci_config(void *owner, VdevVcpu *vcpu, VdevRtasCall *call);
gint32 rtas_write_pci_config(void *owner, VdevVcpu *vcpu, VdevRtasCall *call);
gint32 rtas_of_pci_function(void *owner, VdevVcpu *vcpu, VdevRtasCall *call);

/* pci-ddw.c: windows that a guest asks for. */
gint32 rtas_query_pe_dma_window(void *owner, VdevVcpu *vcpu, VdevRtasCall *call);
gint32 rtas_create_pe_dma_window(void *owner, VdevVcpu *vcpu, VdevRtasCall *call);
gint32 rtas_remove_pe_dma_window(void *owner, VdevVcpu *vcpu, VdevRtasCall *call);
gint32 rtas_reset_pe_dma_window(void *owner, VdevVcpu *vcpu, VdevRtasCall *call);

#endif
