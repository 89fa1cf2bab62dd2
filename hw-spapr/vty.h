/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The virtual terminal: the guest's console.
 *
 * Source: LoPAR H_GET_TERM_CHAR, H_PUT_TERM_CHAR; the ring's size is that of the migration stream.
 */
#ifndef HW_SPAPR_VTY_H
#define HW_SPAPR_VTY_H

#include "hw-spapr/vio.h"
#include "vdev/hcall.h"
#include "vdev/host.h"

#define VTY_RING  16u
#define VTY_CHUNK 16u /* bytes in one hypercall: two words */

typedef struct {
    VioDevice vio;
    const VdevHost *host;
    VdevChardev *chardev; /* NULL: there is no terminal */
    guint32 in, out;      /* bytes ever put in and taken out; in − out ≤ VTY_RING */
    guint8 ring[VTY_RING];
} Vty;

/** vty_make: a terminal over @chardev on @bus. */
gboolean vty_make(Vty *vty, VioBus *bus, const VdevHost *host, VdevChardev *chardev, Xive *xive,
                  GError **error);
void vty_reset(Vty *vty);

/** vty_announce: raises the interrupt again if input waits for the guest. */
void vty_announce(Vty *vty);

/** vty_finish: stops reading from the character device. Zero-safe. */
void vty_finish(Vty *vty);

/* Hypercalls; the owner is the platform. */
HcallStatus vty_get_term_char(void *owner, VdevVcpu *vcpu, guint64 *args);
HcallStatus vty_put_term_char(void *owner, VdevVcpu *vcpu, guint64 *args);

#endif
