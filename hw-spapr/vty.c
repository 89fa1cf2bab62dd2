/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The terminal: a ring of input, output straight to the character device.
 */
#include "hw-spapr/vty.h"

#include <string.h>

#include "hw-spapr/platform.h"
#include "vdev/bits.h"

static void
vty_fdt(const VioDevice *device, TreeWriter *tree)
{
    tree_string(tree, "device_type", "serial");
    tree_string(tree, "compatible", "hvterm1");
}

static const VioClass vty_class = {"vty", vty_fdt};

static gsize
vty_can_read(void *user)
{
    const Vty *vty = user;

    return VTY_RING - (vty->in - vty->out);
}

/* The source is an edge: it announces the first byte, and the guest reads until none is left. */
static void
vty_read(void *user, const guint8 *bytes, gsize n)
{
    Vty *vty = user;
    gboolean was_empty = vty->in == vty->out;

    for (gsize i = 0; i < n && vty_can_read(vty) > 0; i++)
        vty->ring[vty->in++ % VTY_RING] = bytes[i];
    if (was_empty && vty->in != vty->out)
        vio_pulse(&vty->vio);
}

static const VdevChardevOps vty_chardev_ops = {vty_can_read, vty_read};

gboolean
vty_make(Vty *vty, VioBus *bus, const VdevHost *host, VdevChardev *chardev, Xive *xive,
         GError **error)
{
    if (!vio_add(bus, &vty->vio, &vty_class, xive, error))
        return FALSE;
    vty->host = host;
    vty->chardev = chardev;
    host->chardev_set_ops(host, chardev, &vty_chardev_ops, vty);
    return TRUE;
}

void
vty_announce(Vty *vty)
{
    if (vty->chardev != NULL && vty->in != vty->out)
        vio_pulse(&vty->vio);
}

void
vty_reset(Vty *vty)
{
    if (vty->chardev == NULL)
        return;
    vty->in = vty->out = 0;
    vty->host->chardev_accept_input(vty->host, vty->chardev);
}

void
vty_finish(Vty *vty)
{
    if (vty->chardev != NULL)
        vty->host->chardev_set_ops(vty->host, vty->chardev, NULL, NULL);
    *vty = (Vty){0};
}

/* Unit 0 is the first terminal: firmware and early consoles name it so. */
static Vty *
find(Platform *platform, guint64 unit)
{
    Vty *vty = &platform->vty;

    return vty->chardev != NULL && (unit == 0 || unit == vty->vio.unit) ? vty : NULL;
}

/* {unit} → {count, eight bytes, eight bytes}, the first byte the most significant */
HcallStatus
vty_get_term_char(void *owner, VdevVcpu *vcpu, guint64 *args)
{
    Vty *vty = find(owner, args[0]);
    guint8 bytes[VTY_CHUNK] = {0};
    be64 words[2];
    guint32 n = 0;

    if (vty == NULL)
        return H_PARAMETER;
    while (n < VTY_CHUNK && vty->out != vty->in)
        bytes[n++] = vty->ring[vty->out++ % VTY_RING];
    memcpy(words, bytes, sizeof(words));
    args[0] = n;
    args[1] = be64_get(words[0]);
    args[2] = be64_get(words[1]);
    if (n == 0)
        return H_SUCCESS;
    if (vty->out != vty->in)
        vio_pulse(&vty->vio);
    vty->host->chardev_accept_input(vty->host, vty->chardev);
    return H_SUCCESS;
}

/* {unit, count, eight bytes, eight bytes} */
HcallStatus
vty_put_term_char(void *owner, VdevVcpu *vcpu, guint64 *args)
{
    Vty *vty = find(owner, args[0]);
    const be64 words[2] = {be64_make(args[2]), be64_make(args[3])};

    if (vty == NULL || args[1] > VTY_CHUNK)
        return H_PARAMETER;
    vty->host->chardev_write(vty->host, vty->chardev, (const guint8 *)words, args[1]);
    return H_SUCCESS;
}
