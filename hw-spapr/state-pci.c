/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The host bridge's sections: its DMA windows, itself, its bus.
 *
 * Source: docs/stream-format.md, spapr_iommu, spapr_pci, PCIBUS.
 */
#include "hw-spapr/pci.h"
#include "hw-spapr/state.h"

/* --- DMA windows --------------------------------------------------------- */

STATE_SUBSECTION_HOOKS(Iommu, present, iommu_ex, 0)

static const VmsField iommu_ex_fields[] = {
    VMS_SCALAR(Iommu, bus_offset),
    VMS_SCALAR(Iommu, page_shift),
    VMS_END,
};
static const VmsState iommu_ex_state = {
    .name = "spapr_iommu_ex",
    .version = 1,
    .oldest = 1,
    .fields = iommu_ex_fields,
    .needed = iommu_ex_needed,
    .pre_load = iommu_ex_arrives,
};
static const VmsField iommu_fields[] = {
    VMS_EQUAL(Iommu, liobn),
    VMS_SCALAR(Iommu, nb_table, .as = "mig_nb_table"),
    VMS_BOOL(Iommu, bypass),
    VMS_COUNTED_ALLOC(Iommu, table, nb_table, IOMMU_ENTRIES_MAX, .as = "mig_table"),
    VMS_BOOL(Iommu, default_window, .as = "def_win", .since = 3),
    VMS_END,
};
/* An ordinary window needs no more words; a closed one says that it is nowhere. */
static gboolean
iommu_pre_save(void *object, const VmsContext *context, GError **error)
{
    Iommu *iommu = object;

    iommu->present = iommu->bus_offset != 0 || iommu->page_shift != IOMMU_PAGE_SHIFT_MIN;
    return TRUE;
}

static gboolean
iommu_pre_load(void *object, const VmsContext *context, GError **error)
{
    Iommu *iommu = object;

    vms_remember(context, &iommu->present, sizeof(iommu->present));
    vms_remember(context, &iommu->bus_offset, sizeof(iommu->bus_offset));
    vms_remember(context, &iommu->page_shift, sizeof(iommu->page_shift));
    iommu->present = 0;
    iommu->bus_offset = 0;
    iommu->page_shift = IOMMU_PAGE_SHIFT_MIN;
    return TRUE;
}

static gboolean
iommu_check(const void *object, const VmsContext *context, GError **error)
{
    const Iommu *iommu = object;

    if (iommu->nb_table == 0 ||
        (iommu->page_shift >= IOMMU_PAGE_SHIFT_MIN && iommu->page_shift <= IOMMU_PAGE_SHIFT_MAX))
        return TRUE;
    return state_refuse(error, G_FILE_ERROR_INVAL,
                        "window 0x%08x: pages of 1 << %u bytes are impossible", iommu->liobn,
                        iommu->page_shift);
}

static const VmsState *const iommu_subsections[] = {&iommu_ex_state, NULL};
const VmsState state_iommu = {
    .name = "spapr_iommu",
    .version = 3,
    .oldest = 2,
    .fields = iommu_fields,
    .subsections = iommu_subsections,
    .pre_save = iommu_pre_save,
    .pre_load = iommu_pre_load,
    .check = iommu_check,
};

static void
explain_iommu(const void *object, GString *text)
{
    const Iommu *iommu = object;
    guint32 mapped = 0;

    for (guint32 i = 0; i < iommu->nb_table; i++)
        mapped += (iommu->table[i] & 3) != 0;
    g_string_append_printf(text, "bus 0x%08x: %u of %u entries allow access%s\n", iommu->liobn,
                           mapped, iommu->nb_table, iommu->bypass ? "; bypassed" : "");
}

/* --- The bridge ---------------------------------------------------------- */

static gboolean
with_windows(const void *object, guint32 version, const VmsContext *context)
{
    return state_row(context)->old_masks;
}

static const VmsField pci_lsi_fields[] = {VMS_EQUAL(PciLsi, irq), VMS_END};
static const VmsState pci_lsi_state = {
    .name = "spapr_pci/lsi", .version = 1, .oldest = 1, .fields = pci_lsi_fields};
static const VmsField pci_msi_fields[] = {
    VMS_SCALAR(PciMsi, config_addr, .as = "key"),
    VMS_SCALAR(PciMsi, first_irq, .as = "value.first_irq"),
    VMS_SCALAR(PciMsi, n, .as = "value.num"),
    VMS_END,
};
static const VmsState pci_msi_state = {
    .name = "spapr_pci/msi", .version = 1, .oldest = 1, .fields = pci_msi_fields};
static const VmsField pci_fields[] = {
    VMS_EQUAL(PciHost, buid),
    VMS_SCALAR(PciHost, liobn, .as = "mig_liobn", .exists = with_windows),
    VMS_SCALAR(PciHost, mem_addr, .as = "mig_mem_win_addr", .exists = with_windows),
    VMS_SCALAR(PciHost, mem_size, .as = "mig_mem_win_size", .exists = with_windows),
    VMS_SCALAR(PciHost, io_addr, .as = "mig_io_win_addr", .exists = with_windows),
    VMS_SCALAR(PciHost, io_size, .as = "mig_io_win_size", .exists = with_windows),
    VMS_STRUCT_ARRAY(PciHost, lsi, &pci_lsi_state, .as = "lsi_table"),
    VMS_SCALAR(PciHost, n_msis, .as = "msi_devs_num"),
    VMS_STRUCT_COUNTED_ALLOC(PciHost, msis, n_msis, PCI_MSIS_MAX, &pci_msi_state, .as = "msi_devs"),
    VMS_END,
};

/* What a message interrupt belongs to is a device that this machine has not. */
static gboolean
pci_check(const void *object, const VmsContext *context, GError **error)
{
    const PciHost *pci = object;

    if (!pci->empty || pci->n_msis == 0)
        return TRUE;
    return state_refuse(
        error, G_FILE_ERROR_NOSYS,
        "the guest has a PCI device (configuration address 0x%x, %u MSIs), and this "
        "machine has none: unplug it on the other side",
        pci->msis[0].config_addr, pci->msis[0].n);
}

const VmsState state_pci = {
    .name = "spapr_pci",
    .version = 2,
    .oldest = 2,
    .fields = pci_fields,
    .check = pci_check,
};

static void
explain_pci(const void *object, GString *text)
{
    const PciHost *pci = object;

    g_string_append_printf(text, "host bridge 0x%" G_GINT64_MODIFIER "x, LSIs from 0x%x\n",
                           pci->buid, pci->lsi[0].irq);
    for (gint32 i = 0; i < pci->n_msis; i++)
        g_string_append_printf(text, "function 0x%x has %u MSIs from 0x%x\n",
                               pci->msis[i].config_addr, pci->msis[i].n, pci->msis[i].first_irq);
}

/* --- The bus ------------------------------------------------------------- */

static const VmsField bus_fields[] = {
    VMS_EQUAL(PciBus, n, .as = "nirq"),
    VMS_COUNTED(PciBus, counts, n, PCI_PINS, .as = "irq_count"),
    VMS_END,
};

const VmsState state_pci_bus = {.name = "PCIBUS", .version = 1, .oldest = 1, .fields = bus_fields};

/* --- For tools ----------------------------------------------------------- */

const VmsCatalogueRow state_pci_catalogue[] = {
    {.state = &state_iommu, .size = sizeof(Iommu), .explain = explain_iommu, .ours = TRUE},
    {.state = &state_pci, .size = sizeof(PciHost), .explain = explain_pci, .ours = TRUE},
    {.state = &state_pci_bus, .size = sizeof(PciBus), .ours = TRUE},
    {.state = NULL},
};
