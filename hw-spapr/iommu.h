/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DMA windows: tables of translations (TCEs) that a guest sets up by hypercalls for a bus.
 *
 * Not here: who owns a window (pci.h), and DMA itself: no device of this machine does any, so that
 * nothing reads the entries but the guest and the machine that it moves to.
 * Source: LoPAR H_PUT_TCE, H_GET_TCE, H_STUFF_TCE, H_PUT_TCE_INDIRECT.
 */
#ifndef HW_SPAPR_IOMMU_H
#define HW_SPAPR_IOMMU_H

#include "vdev/hcall.h"
#include "vdev/vmstate.h"

#define IOMMU_PAGE_SHIFT_MIN 12u
#define IOMMU_PAGE_SHIFT_MAX 34u        /* 16 GiB, the largest that LoPAR knows */
#define IOMMU_ENTRIES_MAX    (1u << 24) /* 128 MiB of them */
#define IOMMU_INDIRECT_MAX   512u       /* entries in the page that H_PUT_TCE_INDIRECT names */

/* One window; without entries it is closed. */
typedef struct {
    guint32 liobn;    /* the name that hypercalls use */
    guint32 nb_table; /* entries */
    gboolean bypass;  /* of VIO devices; none here */
    gboolean default_window;
    guint64 *table;     /* [nb_table]: real address, bit 1 write, bit 0 read */
    guint64 bus_offset; /* bus address of the first entry's page */
    guint32 page_shift; /* 0 while closed */
    guint32 present;    /* subsections of the stream */
} Iommu;

extern const VmsState state_iommu; /* state-pci.c */

/**
 * iommu_open: @entries pages (1 … IOMMU_ENTRIES_MAX) of 1 << @page_shift bytes from bus address
 * @bus_offset, none of them mapped. An open window is closed first.
 */
void iommu_open(Iommu *iommu, guint64 bus_offset, guint32 page_shift, guint32 entries);

/** iommu_close: forgets the table; the name stays. Zero-safe. */
void iommu_close(Iommu *iommu);

/**
 * iommu_put, iommu_get: the entry for bus address @address, whose low bits do not count.
 *
 * Returns: H_PARAMETER if the window has no such page.
 */
HcallStatus iommu_put(Iommu *iommu, guint64 address, guint64 tce);
HcallStatus iommu_get(const Iommu *iommu, guint64 address, guint64 *tce);

#endif
