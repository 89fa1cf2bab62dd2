/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Windows for DMA that a guest asks for beside, or instead of, the one that is there at reset.
 *
 * Source: LoPAR, "DMA window manipulation": ibm,query-pe-dma-window, ibm,create-pe-dma-window,
 * ibm,remove-pe-dma-window, ibm,reset-pe-dma-window.
 */
#include "hw-spapr/pci.h"
#include "hw-spapr/platform.h"

/* Page sizes that a window may have, and their bits in the answer to the query. */
static const struct {
    guint32 shift, bit;
} pages[] = {
    {12, 0x01},
    {16, 0x02},
    {21, 0x100},
    {24, 0x04},
};

static gboolean
page_known(guint32 shift)
{
    for (guint i = 0; i < G_N_ELEMENTS(pages); i++) {
        if (pages[i].shift == shift)
            return TRUE;
    }
    return FALSE;
}

/* {configuration address, BUID high, BUID low}: the first three arguments. */
static PciHost *
named(Platform *platform, const VdevRtasCall *call)
{
    const guint64 buid = (guint64)call->args[1] << 32 | call->args[2];

    return buid == platform->pci.buid ? &platform->pci : NULL;
}

static guint
count_open(const PciHost *pci)
{
    guint n = 0;

    for (guint i = 0; i < PCI_WINDOWS; i++)
        n += pci->windows[i].nb_table > 0;
    return n;
}

/* Pages of 1 << @page_shift bytes that all memory there may ever be fits into: what is of use, and
 * what a guest may have us keep a table of. */
static guint64
most_pages(const Platform *platform, guint32 page_shift)
{
    const guint64 bytes = MAX(platform->config->max_ram_size, PCI_DMA_SIZE);
    guint64 most = 1;

    while (most < IOMMU_ENTRIES_MAX && most << page_shift < bytes)
        most *= 2;
    return most;
}

#define QUERY_WIDE 6u /* results, where the number of pages takes two words */

/* {address, BUID} → {status, windows, pages of 4 KiB, page sizes, migration of windows} */
gint32
rtas_query_pe_dma_window(void *owner, VdevVcpu *vcpu, VdevRtasCall *call)
{
    Platform *platform = owner;
    const PciHost *pci = named(platform, call);
    guint32 *next = &call->rets[1];
    guint32 sizes = 0;
    guint64 most;

    if (pci == NULL)
        return RTAS_PARAM_ERROR;
    for (guint i = 0; i < G_N_ELEMENTS(pages); i++)
        sizes |= pages[i].bit;
    most = most_pages(platform, IOMMU_PAGE_SHIFT_MIN);
    *next++ = PCI_WINDOWS - count_open(pci);
    if (call->nret >= QUERY_WIDE)
        *next++ = (guint32)(most >> 32);
    *next++ = (guint32)most;
    *next++ = sizes;
    *next = 0;
    return RTAS_OK;
}

/* {address, BUID, page shift, window shift} → {status, liobn, bus address} */
gint32
rtas_create_pe_dma_window(void *owner, VdevVcpu *vcpu, VdevRtasCall *call)
{
    Platform *platform = owner;
    PciHost *pci = named(platform, call);
    const guint32 page_shift = call->args[3];
    const guint32 shift = call->args[4];
    guint64 address;
    guint free;

    if (pci == NULL || !page_known(page_shift) || shift < page_shift || shift >= 64 ||
        (G_GUINT64_CONSTANT(1) << (shift - page_shift)) > most_pages(platform, page_shift))
        return RTAS_PARAM_ERROR;
    if (count_open(pci) == PCI_WINDOWS)
        return RTAS_HW_ERROR;
    address = count_open(pci) == 0 ? 0 : PCI_DMA64_ADDR;
    free = pci->windows[0].nb_table > 0 ? 1 : 0;
    iommu_open(&pci->windows[free], address, page_shift, 1u << (shift - page_shift));
    call->rets[1] = pci->windows[free].liobn;
    call->rets[2] = (guint32)(address >> 32);
    call->rets[3] = (guint32)address;
    return RTAS_OK;
}

/* {liobn} */
gint32
rtas_remove_pe_dma_window(void *owner, VdevVcpu *vcpu, VdevRtasCall *call)
{
    Platform *platform = owner;
    Iommu *iommu = pci_window(&platform->pci, call->args[0]);

    if (iommu == NULL || iommu->nb_table == 0)
        return RTAS_PARAM_ERROR;
    iommu_close(iommu);
    return RTAS_OK;
}

/* {address, BUID} */
gint32
rtas_reset_pe_dma_window(void *owner, VdevVcpu *vcpu, VdevRtasCall *call)
{
    PciHost *pci = named(owner, call);

    if (pci == NULL)
        return RTAS_PARAM_ERROR;
    pci_reset(pci);
    return RTAS_OK;
}
