/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The host bridge: its life, its node, and the answers of an empty bus.
 */
#include "hw-spapr/pci.h"

#include "hw-spapr/irq.h"
#include "hw-spapr/platform.h"

/* --- Life ---------------------------------------------------------------- */

gboolean
pci_make(PciHost *pci, Xive *xive, GError **error)
{
    for (guint32 i = 0; i < PCI_PINS; i++) {
        if (!xive_lisn_claim(xive, IRQ_PCI + i, TRUE, error))
            return FALSE;
        pci->lsi[i].irq = IRQ_PCI + i;
    }
    pci->buid = PCI_BUID;
    pci->liobn = PCI_LIOBN;
    pci->mem_addr = PCI_MEM_ADDR;
    pci->mem_size = PCI_MEM_SIZE;
    pci->io_addr = PCI_IO_ADDR;
    pci->io_size = PCI_IO_SIZE;
    pci->empty = TRUE;
    pci->bus.n = (gint32)PCI_PINS;
    for (guint32 i = 0; i < PCI_WINDOWS; i++)
        pci->windows[i].liobn = PCI_LIOBN + i;
    pci_reset(pci);
    return TRUE;
}

void
pci_finish(PciHost *pci)
{
    for (guint i = 0; i < PCI_WINDOWS; i++)
        iommu_close(&pci->windows[i]);
    g_free(pci->msis);
    *pci = (PciHost){0};
}

void
pci_reset(PciHost *pci)
{
    for (guint i = 0; i < PCI_WINDOWS; i++)
        iommu_close(&pci->windows[i]);
    iommu_open(&pci->windows[0], 0, IOMMU_PAGE_SHIFT_MIN, PCI_DMA_SIZE >> IOMMU_PAGE_SHIFT_MIN);
    pci->windows[0].default_window = TRUE;
}

Iommu *
pci_window(PciHost *pci, guint64 liobn)
{
    return liobn - PCI_LIOBN < PCI_WINDOWS ? &pci->windows[liobn - PCI_LIOBN] : NULL;
}

/* --- The node ------------------------------------------------------------ */

/* Kinds of address space in the first cell of a bus address. */
#define SPACE_IO    0x01000000u
#define SPACE_MEM32 0x02000000u
#define SPACE_MEM64 0x03000000u

#define HIGH(value) ((guint32)((guint64)(value) >> 32))
#define LOW(value)  ((guint32)(value))

/* A window of the bus: where it is there, where the processor sees it, how large. */
#define RANGE(space, bus, address, size) \
    (space), HIGH(bus), LOW(bus), HIGH(address), LOW(address), HIGH(size), LOW(size)

#define SLOTS     32u
#define MAP_CELLS 7u

/* Each pin of each slot; neighbours use the four interrupts in turn. */
static void
write_interrupt_map(const PciHost *pci, guint32 phandle, TreeWriter *tree)
{
    guint32 cells[SLOTS * PCI_PINS * MAP_CELLS];
    guint32 *at = cells;

    for (guint32 slot = 0; slot < SLOTS; slot++) {
        for (guint32 pin = 0; pin < PCI_PINS; pin++) {
            const guint32 entry[MAP_CELLS] = {
                slot << 11, 0, 0, pin + 1, phandle, pci->lsi[(slot + pin) % PCI_PINS].irq,
                IRQ_LEVEL,
            };

            for (guint i = 0; i < MAP_CELLS; i++)
                *at++ = entry[i];
        }
    }
    TREE_CELLS(tree, "interrupt-map-mask", 0xf800, 0, 0, ~0u);
    tree_cells(tree, "interrupt-map", cells, G_N_ELEMENTS(cells));
}

/* By number, as the property has them: the guest calls by token. */
static void
write_ddw(TreeWriter *tree)
{
    TREE_CELLS(tree, "ibm,ddw-applicable", rtas_token("ibm,query-pe-dma-window"),
               rtas_token("ibm,create-pe-dma-window"), rtas_token("ibm,remove-pe-dma-window"));
    TREE_CELLS(tree, "ibm,ddw-extensions", 2, rtas_token("ibm,reset-pe-dma-window"),
               1 /* the query may give six results */);
}

void
pci_fdt(const PciHost *pci, guint32 phandle, TreeWriter *tree)
{
    tree_begin(tree, "pci@%" G_GINT64_MODIFIER "x", pci->buid);
    tree_string(tree, "device_type", "pci");
    tree_string(tree, "compatible", "IBM,Logical_PHB");
    TREE_CELLS(tree, "#address-cells", 3);
    TREE_CELLS(tree, "#size-cells", 2);
    TREE_CELLS(tree, "#interrupt-cells", 1);
    tree_flag(tree, "used-by-rtas");
    TREE_CELLS(tree, "bus-range", 0, 0xff);
    TREE_CELLS(tree, "ranges", RANGE(SPACE_IO, 0, PCI_IO_ADDR, PCI_IO_SIZE),
               RANGE(SPACE_MEM32, PCI_MEM_BUS_ADDR, PCI_MEM_ADDR, PCI_MEM_SIZE),
               RANGE(SPACE_MEM64, PCI_MEM64_ADDR, PCI_MEM64_ADDR, PCI_MEM64_SIZE));
    TREE_CELLS(tree, "reg", HIGH(pci->buid), LOW(pci->buid), 0, 0);
    TREE_CELLS(tree, "ibm,pci-config-space-type", 1);
    TREE_CELLS(tree, "ibm,pe-total-#msi", IRQ_MSI_N);
    write_interrupt_map(pci, phandle, tree);
    TREE_CELLS(tree, "ibm,#dma-address-cells", 2);
    TREE_CELLS(tree, "ibm,#dma-size-cells", 2);
    TREE_CELLS(tree, "ibm,dma-window", PCI_LIOBN, 0, 0, 0, PCI_DMA_SIZE);
    write_ddw(tree);
    TREE_CELLS(tree, "qemu,phb-enumerated", 1);
    tree_end(tree);
}

/* --- Calls --------------------------------------------------------------- */

/* No function answers on an empty bus: whatever the address, the call was given a wrong one. A read
 * that fails reads as ones. */
gint32
rtas_read_pci_config(void *owner, VdevVcpu *vcpu, VdevRtasCall *call)
{
    call->rets[1] = G_MAXUINT32;
    return RTAS_PARAM_ERROR;
}

gint32
rtas_write_pci_config(void *owner, VdevVcpu *vcpu, VdevRtasCall *call)
{
    return RTAS_PARAM_ERROR;
}

/* Calls that are about one function or what isolates it: there is none to be about. */
gint32
rtas_of_pci_function(void *owner, VdevVcpu *vcpu, VdevRtasCall *call)
{
    return RTAS_PARAM_ERROR;
}
