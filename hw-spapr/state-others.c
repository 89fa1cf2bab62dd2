/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sections of devices that QEMU's pseries machine may have and this one has not: so that
 * tools can read its streams. Nothing here belongs to a machine that runs.
 *
 * Source: docs/stream-format.md, spapr_llan, spapr_vscsi.
 */
#include "hw-spapr/platform.h"
#include "hw-spapr/state.h"

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
    {.state = &lan_state, .size = sizeof(Lan)},
    {.state = &vscsi_state, .size = sizeof(Vscsi)},
    {.state = NULL},
};
