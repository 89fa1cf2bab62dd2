/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The small sections: clock, NVRAM, terminal.
 *
 * Source: docs/stream-format.md, spapr/rtc, spapr_nvram, spapr_vio, spapr_vty.
 */
#include "hw-spapr/platform.h"
#include "hw-spapr/state.h"
#include "vdev/bits.h"

/* --- spapr/rtc ----------------------------------------------------------- */

static const VmsField rtc_fields[] = {VMS_SCALAR(Rtc, ns_offset), VMS_END};

const VmsState state_rtc = {.name = "spapr/rtc", .version = 1, .oldest = 1, .fields = rtc_fields};

/* --- spapr_nvram --------------------------------------------------------- */

/* The size is configured, hence compared; QEMU takes it from the stream and calls it so. */
static const VmsField nvram_fields[] = {
    VMS_EQUAL(Nvram, size, .type = "uint32"),
    VMS_BUFFER_POINTER(Nvram, bytes, size, STATE_NVRAM_MAX, .as = "buf"),
    VMS_END,
};

const VmsState state_nvram = {
    .name = "spapr_nvram", .version = 1, .oldest = 1, .fields = nvram_fields};

/* --- spapr_vio, spapr_vty ------------------------------------------------ */

static const VmsField vio_fields[] = {
    VMS_EQUAL(VioDevice, unit, .as = "reg"),
    VMS_EQUAL(VioDevice, lisn, .as = "irq"),
    VMS_SCALAR(VioDevice, signal_state),
    VMS_SCALAR(VioDevice, crq.qladdr),
    VMS_SCALAR(VioDevice, crq.qsize),
    VMS_SCALAR(VioDevice, crq.qnext),
    VMS_END,
};

const VmsState state_vio = {.name = "spapr_vio", .version = 1, .oldest = 1, .fields = vio_fields};

static const VmsField vty_fields[] = {
    VMS_STRUCT(Vty, vio, &state_vio, .as = "sdev"),
    VMS_SCALAR(Vty, in),
    VMS_SCALAR(Vty, out),
    VMS_BUFFER(Vty, ring, .as = "buf"),
    VMS_END,
};

static gboolean
vty_check(const void *object, const VmsContext *context, GError **error)
{
    const Vty *vty = object;

    if (vty->in - vty->out <= VTY_RING)
        return TRUE;
    return state_refuse(error, G_FILE_ERROR_INVAL,
                        "%u bytes were put in and %u taken out: the ring holds %u", vty->in,
                        vty->out, VTY_RING);
}

/* What waits on the other side may come now. */
static gboolean
vty_post_load(void *object, guint32 version, const VmsContext *context, GError **error)
{
    Vty *vty = object;

    vty->host->chardev_accept_input(vty->host, vty->chardev);
    return TRUE;
}

const VmsState state_vty = {
    .name = "spapr_vty",
    .version = 1,
    .oldest = 1,
    .fields = vty_fields,
    .check = vty_check,
    .post_load = vty_post_load,
};
