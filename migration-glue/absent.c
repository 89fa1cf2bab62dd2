/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names of sections and memory of pseries machines, and the options behind them. It only chooses
 * words: whether something is absent is settled by the list of sections.
 * Source: docs/stream-format.md, "Sections".
 */
#include "migration-glue/absent.h"

#include <string.h>

#define DETACH "remove it at the sender first (device_del), or start the guest without its -device"

/* The first that fits counts. */
static const struct {
    const char *pattern; /* with * and ? */
    const char *what, *way_out;
} known[] = {
    {"pci@*/virtio-*", "a virtio device", DETACH},
    {"pci@*hci", "a USB controller",
     "start the guest with -nodefaults and -M …,usb=off, without USB devices"},
    {"pci@*vga*", "a display", "start the guest with -vga none or -nodefaults"},
    {"pci@*", "a PCI device", DETACH},
    {"l-lan@*", "a VIO network adapter", "start the guest with -nodefaults or -nic none"},
    {"v-scsi@*", "a VIO SCSI adapter, which QEMU adds by itself",
     "start the guest with -nodefaults"},
    {"vty@*", "a console, a further one or at another address",
     "give both sides one -serial, and no -device spapr-vty"},
    {"nvram@*", "an NVRAM at another address",
     "give no -device spapr-nvram and no -drive if=pflash"},
    {"slirp", "user-mode networking", "start the guest with -nodefaults or -nic none"},
    {"dirty-bitmap", "bitmaps of block devices", "switch the sender's capability off"},
    {"ics", "the interrupt controller XICS", "give both sides the same ic-mode: xive or dual"},
    {"icp/server", "the interrupt controller XICS",
     "give both sides the same ic-mode: xive or dual"},
    {"cpu*", "a processor", "give both sides the same -smp, and what was plugged as -device"},
    {"spapr_cpu*", "a processor", "give both sides the same -smp, and what was plugged as -device"},
    {"xive-tctx", "a processor", "give both sides the same -smp, and what was plugged as -device"},
    {"spapr_drc*", "a connector",
     "give both sides the same -smp …,maxcpus= and -m …,slots=,maxmem=, and what was plugged as "
     "-device"},
    {"spapr_iommu", "a DMA window of a further bus or device",
     "start the guest without further -device"},
    {"spapr_pci", "a further PCI host bridge",
     "start the guest without -device spapr-pci-host-bridge"},
    {"PCIBUS", "a PCI bridge", DETACH},
    {"spapr_nvdimm*", "persistent memory", "start the guest without nvdimm devices"},
    {"*", "a device", DETACH},
};

/* By the type in a connector's number. Nothing is sent of one at rest, so something moves there. */
static const struct {
    guint32 type;
    const char *what, *way_out;
} connectors[] = {
    {1, "a core on its way in or out",
     "give both sides the same -smp …,maxcpus=, and what was plugged as -device"},
    {4, "a PCI device on its way in or out", DETACH},
    {8, "memory on its way in or out",
     "give both sides the same -m …,slots=,maxmem=, and what was plugged as -device"},
};

#define PCI_TYPE 4u

/* NULL: it is no connector, or of a type that is not known. (transfer full) */
static char *
connector_text(const char *idstr, guint32 instance)
{
    const guint32 type = instance >> 28, slot = instance >> 3 & 0x1f, function = instance & 7;
    g_autofree char *place = NULL;
    guint i = 0;

    while (i < G_N_ELEMENTS(connectors) && connectors[i].type != type)
        i++;
    if (!g_str_has_prefix(idstr, "spapr_drc") || i == G_N_ELEMENTS(connectors))
        return NULL;
    place =
        type == PCI_TYPE ? g_strdup_printf(" of PCI slot %02x.%u", slot, function) : g_strdup("");
    return g_strdup_printf("the sender has %s, at connector 0x%08x%s, and this machine has not: %s",
                           connectors[i].what, instance, place, connectors[i].way_out);
}

/* " in PCI slot 03.0", of "pci@BUID:03.0/name", ":SS.F" for every hop. */
static char *
place_of(const char *idstr)
{
    const char *colon = strchr(idstr, ':'), *slash = strrchr(idstr, '/');
    g_autofree char *hops = NULL;

    if (!g_str_has_prefix(idstr, "pci@") || colon == NULL || slash == NULL || slash < colon)
        return g_strdup("");
    hops = g_strndup(colon + 1, (gsize)(slash - colon - 1));
    return g_strconcat(" in PCI slot ", hops, NULL);
}

char *
mig_absent_text(const char *idstr, guint32 instance)
{
    const char *slash = strrchr(idstr, '/');
    const gboolean has_path = strchr(idstr, '@') != NULL && slash != NULL;
    g_autofree char *place = place_of(idstr);
    char *text = connector_text(idstr, instance);
    guint i = 0;

    if (text != NULL)
        return text;
    while (!g_pattern_match_simple(known[i].pattern, idstr))
        i++;
    return g_strdup_printf("the sender has %s, %s%s, and this machine has not: %s", known[i].what,
                           has_path ? slash + 1 : idstr, place, known[i].way_out);
}
