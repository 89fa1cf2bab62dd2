/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The VIO bus: devices that are known to the guest by a unit address and one interrupt.
 *
 * Not here: any device. Units and interrupts are QEMU's: 0x71000000 and 0x1100, one up per device.
 * Source: LoPAR, "Virtual I/O" and H_VIO_SIGNAL.
 */
#ifndef HW_SPAPR_VIO_H
#define HW_SPAPR_VIO_H

#include "hw-spapr/tree.h"
#include "hw-xive/xive.h"

typedef struct Platform Platform;
typedef struct VioDevice VioDevice;

#define VIO_UNIT_FIRST 0x71000000u
#define VIO_DEVICES    4

/* What is the same for all devices of a kind. */
typedef struct {
    const char *node; /* name without unit address */
    void (*fdt)(const VioDevice *device,
                TreeWriter *tree); /* properties beyond reg and interrupts */
} VioClass;

struct VioDevice {
    const VioClass *klass;
    guint32 unit;
    guint32 lisn;
    guint64 signal_state; /* as in the stream; 0 at start although interrupts are on */
    gboolean muted;       /* the guest has turned the interrupt off; not in the stream */
    struct {
        guint64 qladdr;
        guint32 qsize, qnext;
    } crq; /* of the stream; no device here has a queue: zeros */
    Xive *xive;
};

typedef struct {
    VioDevice *devices[VIO_DEVICES];
    guint n;
} VioBus;

/** vio_add: gives @device the next unit and interrupt, and claims the latter. */
gboolean vio_add(VioBus *bus, VioDevice *device, const VioClass *klass, Xive *xive, GError **error);

/** vio_find: the device at @unit, or NULL. */
VioDevice *vio_find(const VioBus *bus, guint64 unit);

/** vio_pulse: @device's interrupt, unless the guest has turned it off. */
void vio_pulse(VioDevice *device);

/** vio_reset: interrupts as after power-on. */
void vio_reset(VioBus *bus);

/** vio_fdt: the node /vdevice with a node per device. */
void vio_fdt(const VioBus *bus, TreeWriter *tree);

/** vio_path: the full path of @device's node. (transfer full) */
char *vio_path(const VioDevice *device);

#endif
