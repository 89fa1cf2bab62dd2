/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DMA windows and the hypercalls on them. The order of checks is QEMU's.
 */
#include "hw-spapr/iommu.h"

#include "hw-spapr/hcall.h"
#include "hw-spapr/platform.h"
#include "vdev/bits.h"

void
iommu_open(Iommu *iommu, guint64 bus_offset, guint32 page_shift, guint32 entries)
{
    g_assert(entries > 0 && entries <= IOMMU_ENTRIES_MAX);
    iommu_close(iommu);
    iommu->table = g_new0(guint64, entries);
    iommu->nb_table = entries;
    iommu->bus_offset = bus_offset;
    iommu->page_shift = page_shift;
}

void
iommu_close(Iommu *iommu)
{
    g_clear_pointer(&iommu->table, g_free);
    *iommu = (Iommu){.liobn = iommu->liobn};
}

/* The entry for @address, or NULL. */
static guint64 *
find_entry(const Iommu *iommu, guint64 address)
{
    guint64 index;

    if (iommu->nb_table == 0 || address < iommu->bus_offset)
        return NULL;
    index = (address - iommu->bus_offset) >> iommu->page_shift;
    return index < iommu->nb_table ? &iommu->table[index] : NULL;
}

HcallStatus
iommu_put(Iommu *iommu, guint64 address, guint64 tce)
{
    guint64 *entry = find_entry(iommu, address);

    if (entry == NULL)
        return H_PARAMETER;
    *entry = tce;
    return H_SUCCESS;
}

HcallStatus
iommu_get(const Iommu *iommu, guint64 address, guint64 *tce)
{
    const guint64 *entry = find_entry(iommu, address);

    if (entry == NULL)
        return H_PARAMETER;
    *tce = *entry;
    return H_SUCCESS;
}

/* {liobn, bus address, entry} */
static HcallStatus
h_put_tce(void *owner, VdevVcpu *vcpu, guint64 *args)
{
    Platform *platform = owner;
    Iommu *iommu = pci_window(&platform->pci, args[0]);

    return iommu != NULL ? iommu_put(iommu, args[1], args[2]) : H_PARAMETER;
}

/* {liobn, bus address} → {entry} */
static HcallStatus
h_get_tce(void *owner, VdevVcpu *vcpu, guint64 *args)
{
    Platform *platform = owner;
    const Iommu *iommu = pci_window(&platform->pci, args[0]);

    return iommu != NULL ? iommu_get(iommu, args[1], &args[0]) : H_PARAMETER;
}

/* {liobn, bus address, entry, pages} */
static HcallStatus
h_stuff_tce(void *owner, VdevVcpu *vcpu, guint64 *args)
{
    Platform *platform = owner;
    Iommu *iommu = pci_window(&platform->pci, args[0]);

    if (iommu == NULL || args[3] > iommu->nb_table)
        return H_PARAMETER;
    for (guint64 i = 0; i < args[3]; i++) {
        const HcallStatus status = iommu_put(iommu, args[1] + (i << iommu->page_shift), args[2]);

        if (status != H_SUCCESS)
            return status;
    }
    return H_SUCCESS;
}

#define INDIRECT_PAGE_MASK 0xfffu

/* {liobn, bus address, address of a page of entries, how many} */
static HcallStatus
h_put_tce_indirect(void *owner, VdevVcpu *vcpu, guint64 *args)
{
    Platform *platform = owner;
    const VdevHost *host = platform_host(platform);
    Iommu *iommu = pci_window(&platform->pci, args[0]);
    be64 entries[IOMMU_INDIRECT_MAX];

    if (iommu == NULL || args[3] > IOMMU_INDIRECT_MAX || (args[2] & INDIRECT_PAGE_MASK) != 0 ||
        (args[3] > 0 && !host->guest_read(host, args[2], entries, args[3] * sizeof(be64))))
        return H_PARAMETER;
    for (guint64 i = 0; i < args[3]; i++) {
        const HcallStatus status =
            iommu_put(iommu, args[1] + (i << iommu->page_shift), be64_get(entries[i]));

        if (status != H_SUCCESS)
            return status;
    }
    return H_SUCCESS;
}

const VdevHcallRow hcall_tce_rows[] = {
    {H_GET_TCE, "H_GET_TCE", h_get_tce},
    {H_PUT_TCE, "H_PUT_TCE", h_put_tce},
    {H_STUFF_TCE, "H_STUFF_TCE", h_stuff_tce},
    {H_PUT_TCE_INDIRECT, "H_PUT_TCE_INDIRECT", h_put_tce_indirect},
    {0},
};
