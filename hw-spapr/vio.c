/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The VIO bus and the hypercalls that name a unit.
 */
#include "hw-spapr/vio.h"

#include "hw-spapr/irq.h"
#include "hw-spapr/platform.h"

gboolean
vio_add(VioBus *bus, VioDevice *device, const VioClass *klass, Xive *xive, GError **error)
{
    g_assert(bus->n < VIO_DEVICES);
    device->klass = klass;
    device->unit = VIO_UNIT_FIRST + bus->n;
    device->lisn = IRQ_VIO + bus->n;
    device->xive = xive;
    if (!xive_lisn_claim(xive, device->lisn, FALSE, error))
        return FALSE;
    bus->devices[bus->n++] = device;
    return TRUE;
}

VioDevice *
vio_find(const VioBus *bus, guint64 unit)
{
    return unit - VIO_UNIT_FIRST < bus->n ? bus->devices[unit - VIO_UNIT_FIRST] : NULL;
}

void
vio_pulse(VioDevice *device)
{
    if (!device->muted)
        xive_pulse(device->xive, device->lisn);
}

void
vio_reset(VioBus *bus)
{
    for (guint i = 0; i < bus->n; i++) {
        bus->devices[i]->signal_state = 0;
        bus->devices[i]->muted = FALSE;
    }
}

void
vio_fdt(const VioBus *bus, TreeWriter *tree)
{
    tree_begin(tree, "vdevice");
    tree_string(tree, "device_type", "vdevice");
    tree_string(tree, "compatible", "IBM,vdevice");
    TREE_CELLS(tree, "#address-cells", 1);
    TREE_CELLS(tree, "#size-cells", 0);
    TREE_CELLS(tree, "#interrupt-cells", 2);
    tree_flag(tree, "interrupt-controller");
    for (guint i = 0; i < bus->n; i++) {
        const VioDevice *device = bus->devices[i];

        tree_begin(tree, "%s@%x", device->klass->node, device->unit);
        TREE_CELLS(tree, "reg", device->unit);
        TREE_CELLS(tree, "interrupts", device->lisn, IRQ_EDGE);
        device->klass->fdt(device, tree);
        tree_end(tree);
    }
    tree_end(tree);
}

char *
vio_path(const VioDevice *device)
{
    return g_strdup_printf("/vdevice/%s@%x", device->klass->node, device->unit);
}

/* {unit, mode}: bit 0 turns the interrupt on or off. */
static HcallStatus
h_vio_signal(void *owner, VdevVcpu *vcpu, guint64 *args)
{
    Platform *platform = owner;
    VioDevice *device = vio_find(&platform->vio, args[0]);

    if (device == NULL || args[1] > 1)
        return H_PARAMETER;
    device->signal_state = args[1];
    device->muted = args[1] == 0;
    return H_SUCCESS;
}

const VdevHcallRow hcall_vio_rows[] = {
    {H_GET_TERM_CHAR, "H_GET_TERM_CHAR", vty_get_term_char},
    {H_PUT_TERM_CHAR, "H_PUT_TERM_CHAR", vty_put_term_char},
    {H_VIO_SIGNAL, "H_VIO_SIGNAL", h_vio_signal},
    {0},
};
