/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sections of devices that QEMU's pseries machine always or often has and this one has not: so that
 * tools can read its streams. Nothing here belongs to a machine that runs.
 *
 * Source: docs/stream-format.md, ics, icp/server, spapr_iommu, spapr_pci, PCIBUS, spapr_llan,
 * spapr_vscsi.
 */
#include "hw-spapr/platform.h"
#include "hw-spapr/state.h"

/* --- XICS ---------------------------------------------------------------- */

#define ICS_IRQS_MAX 0x2000u

typedef struct {
    guint32 server;
    guint8 priority, saved_priority; /* 0xff: masked; what to restore */
    guint8 status, flags;
} IcsIrq;

typedef struct {
    guint32 nr_irqs;
    IcsIrq *irqs; /* [nr_irqs] */
} Ics;

static const VmsField ics_irq_fields[] = {
    VMS_SCALAR(IcsIrq, server), VMS_SCALAR(IcsIrq, priority), VMS_SCALAR(IcsIrq, saved_priority),
    VMS_SCALAR(IcsIrq, status), VMS_SCALAR(IcsIrq, flags),    VMS_END,
};
static const VmsState ics_irq_state = {
    .name = "ics/irq", .version = 2, .oldest = 1, .fields = ics_irq_fields};
static const VmsField ics_fields[] = {
    VMS_EQUAL(Ics, nr_irqs),
    VMS_STRUCT_COUNTED_ALLOC(Ics, irqs, nr_irqs, ICS_IRQS_MAX, &ics_irq_state),
    VMS_END,
};
static const VmsState ics_state = {.name = "ics", .version = 1, .oldest = 1, .fields = ics_fields};

#define ICS_FLAG_LSI 1u
#define ICS_FLAG_MSI 2u

static void
explain_ics(const void *object, GString *text)
{
    const Ics *ics = object;
    guint32 unused = 0;

    for (guint32 i = 0; i < ics->nr_irqs; i++) {
        const IcsIrq *irq = &ics->irqs[i];

        if ((irq->flags & (ICS_FLAG_LSI | ICS_FLAG_MSI)) == 0) {
            unused++;
            continue;
        }
        g_string_append_printf(text, "interrupt 0x%x: %s, ", 0x1000 + i,
                               (irq->flags & ICS_FLAG_LSI) != 0 ? "level" : "message");
        if (irq->priority == 0xff)
            g_string_append(text, "masked");
        else
            g_string_append_printf(text, "to server %u at priority %u", irq->server, irq->priority);
        g_string_append_printf(text, ", status 0x%02x\n", irq->status);
    }
    g_string_append_printf(text, "%u of %u interrupts are not allocated\n", unused, ics->nr_irqs);
}

typedef struct {
    guint32 xirr; /* processor priority in the top byte, source below */
    guint8 pending_priority, mfrr;
} Icp;

static const VmsField icp_fields[] = {
    VMS_SCALAR(Icp, xirr),
    VMS_SCALAR(Icp, pending_priority),
    VMS_SCALAR(Icp, mfrr),
    VMS_END,
};
static const VmsState icp_state = {
    .name = "icp/server", .version = 1, .oldest = 1, .fields = icp_fields};

static void
explain_icp(const void *object, GString *text)
{
    const Icp *icp = object;

    g_string_append_printf(text,
                           "processor priority 0x%02x, presents source 0x%x, next IPI at "
                           "priority 0x%02x\n",
                           icp->xirr >> 24, icp->xirr & 0xffffff, icp->mfrr);
}

/* --- Translation tables -------------------------------------------------- */

#define IOMMU_ENTRIES_MAX (1u << 24) /* 128 MiB of them */

typedef struct {
    guint32 liobn, nb_table;
    gboolean bypass, default_window;
    guint64 *table; /* [nb_table] */
    guint64 bus_offset;
    guint32 page_shift;
    guint32 present;
} Iommu;

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
static const VmsState *const iommu_subsections[] = {&iommu_ex_state, NULL};
static const VmsState iommu_state = {
    .name = "spapr_iommu",
    .version = 3,
    .oldest = 2,
    .fields = iommu_fields,
    .subsections = iommu_subsections,
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

/* --- PCI host bridge ----------------------------------------------------- */

#define PCI_MSIS_MAX 0x1000
#define PCI_PINS     4u

typedef struct {
    guint32 irq;
} PciLsi;

typedef struct {
    guint32 config_addr, first_irq, n;
} PciMsi;

typedef struct {
    guint64 buid;
    guint32 liobn;
    guint64 mem_addr, mem_size, io_addr, io_size;
    PciLsi lsi[PCI_PINS];
    gint32 n_msis;
    PciMsi *msis; /* [n_msis] */
} PciHost;

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
static const VmsState pci_state = {
    .name = "spapr_pci", .version = 2, .oldest = 2, .fields = pci_fields};

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

typedef struct {
    gint32 n;
    gint32 counts[PCI_PINS];
} PciBus;

static const VmsField bus_fields[] = {
    VMS_EQUAL(PciBus, n, .as = "nirq"),
    VMS_COUNTED(PciBus, counts, n, PCI_PINS, .as = "irq_count"),
    VMS_END,
};
static const VmsState bus_state = {
    .name = "PCIBUS", .version = 1, .oldest = 1, .fields = bus_fields};

/* --- VIO network and SCSI ------------------------------------------------ */

#define LAN_POOLS   5u
#define LAN_BUFFERS 4096u

typedef struct {
    gint32 size, count;
    guint64 bds[LAN_BUFFERS];
} LanPool;

typedef struct {
    VioDevice vio;
    gboolean is_open;
    guint64 buf_list, rxq_ptr;
    guint32 add_ptr, use_ptr, rx_bufs;
    LanPool pools[LAN_POOLS];
    guint32 present;
} Lan;

STATE_SUBSECTION_HOOKS(Lan, present, pools, 0)

static const VmsField pool_fields[] = {
    VMS_SCALAR(LanPool, size, .as = "bufsize"),
    VMS_SCALAR(LanPool, count),
    VMS_ARRAY(LanPool, bds),
    VMS_END,
};
static const VmsState pool_state = {
    .name = "spapr_llan/rx_buffer_pool", .version = 1, .oldest = 1, .fields = pool_fields};
static const VmsField pools_fields[] = {
    VMS_STRUCT_ARRAY(Lan, pools, &pool_state, .as = "rx_pool"),
    VMS_END,
};
static const VmsState pools_state = {
    .name = "spapr_llan/rx_pools",
    .version = 1,
    .oldest = 1,
    .fields = pools_fields,
    .needed = pools_needed,
    .pre_load = pools_arrives,
};
static const VmsField lan_fields[] = {
    VMS_STRUCT(Lan, vio, &state_vio, .as = "sdev"),
    VMS_BOOL(Lan, is_open, .as = "isopen"),
    VMS_SCALAR(Lan, buf_list),
    VMS_SCALAR(Lan, add_ptr, .as = "add_buf_ptr"),
    VMS_SCALAR(Lan, use_ptr, .as = "use_buf_ptr"),
    VMS_SCALAR(Lan, rx_bufs),
    VMS_SCALAR(Lan, rxq_ptr),
    VMS_END,
};
static const VmsState *const lan_subsections[] = {&pools_state, NULL};
static const VmsState lan_state = {
    .name = "spapr_llan",
    .version = 1,
    .oldest = 1,
    .fields = lan_fields,
    .subsections = lan_subsections,
};

typedef struct {
    VioDevice vio;
} Vscsi;

static const VmsField vscsi_fields[] = {
    VMS_STRUCT(Vscsi, vio, &state_vio, .as = "vdev"),
    VMS_END,
};
static const VmsState vscsi_state = {
    .name = "spapr_vscsi", .version = 1, .oldest = 1, .fields = vscsi_fields};

/* --- All of them --------------------------------------------------------- */

const VmsCatalogueRow state_others[] = {
    {.state = &ics_state, .size = sizeof(Ics), .explain = explain_ics},
    {.state = &icp_state, .size = sizeof(Icp), .explain = explain_icp},
    {.state = &iommu_state, .size = sizeof(Iommu), .explain = explain_iommu},
    {.state = &pci_state, .size = sizeof(PciHost), .explain = explain_pci},
    {.state = &bus_state, .size = sizeof(PciBus)},
    {.state = &lan_state, .size = sizeof(Lan)},
    {.state = &vscsi_state, .size = sizeof(Vscsi)},
    {.state = NULL},
};
