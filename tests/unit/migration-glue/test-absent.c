/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What an operator is told of something that is not here.
 */
#include <string.h>

#include "migration-glue/absent.h"

static void
the_device_its_place_and_the_way_out_are_named(void)
{
    static const struct {
        const char *idstr, *what, *way_out;
        guint32 instance;
    } cases[] = {
        {"pci@800000020000000:03.0/virtio-net",
         "the sender has a virtio device, virtio-net in PCI slot 03.0, and this machine has not: ",
         "device_del"},
        {"pci@800000020000000:00.0:1f.7/e1000e", "a PCI device, e1000e in PCI slot 00.0:1f.7,",
         "without its -device"},
        {"pci@800000020000000:02.0/xhci", "a USB controller, xhci in PCI slot 02.0,", "usb=off"},
        {"v-scsi@71000003/spapr_vscsi", "a VIO SCSI adapter, which QEMU adds by itself, ",
         "-nodefaults"},
        {"l-lan@71000002/spapr_llan", "a VIO network adapter, spapr_llan,", "-nic none"},
        {"vty@71000001/spapr_vty", "a console,", "-serial"},
        {"cpu_common", "a processor, cpu_common,", "-smp"},
        {"spapr_drc", "a connector, spapr_drc,", "slots=", 0x50000001},
        {"spapr_drc", "memory on its way in or out, at connector 0x80000004, and",
         "slots=", 0x80000004},
        {"spapr_drc", "a core on its way in or out, at connector 0x10000001, and",
         "maxcpus=", 0x10000001},
        {"spapr_drc",
         "a PCI device on its way in or out, at connector 0x40000109 of PCI slot 01.1,",
         "device_del", 0x40000109},
        {"spapr_drc/physical", "a PCI device on its way", "device_del", 0x40000018},
        {"spapr_pci", "a further PCI host bridge,", "spapr-pci-host-bridge"},
        {"icp/server", "XICS, icp/server,", "ic-mode"},
        {"something-new", "a device, something-new,", "-device"},
        {"", "a device, ,", "-device"},
        {"pci@:/", "a PCI device, ", "-device"},
        {"pci@/x:y", "a PCI device, x:y,", "-device"},
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *text = mig_absent_text(cases[i].idstr, cases[i].instance);

        g_test_message("%s: %s", cases[i].idstr, text);
        g_assert_nonnull(strstr(text, cases[i].what));
        g_assert_nonnull(strstr(text, cases[i].way_out));
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/absent/the-device-its-place-and-the-way-out-are-named",
                    the_device_its_place_and_the_way_out_are_named);
    return g_test_run();
}
