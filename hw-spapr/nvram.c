/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * NVRAM over two RTAS calls.
 */
#include "hw-spapr/nvram.h"

#include <string.h>

#include "hw-spapr/platform.h"
#include "vdev/bits.h"

static void
nvram_fdt(const VioDevice *device, TreeWriter *tree)
{
    tree_string(tree, "device_type", "nvram");
    tree_string(tree, "compatible", "qemu,spapr-nvram");
    TREE_CELLS(tree, "#bytes", NVRAM_SIZE);
}

static const VioClass nvram_class = {"nvram", nvram_fdt};

/* A partition: signature, checksum, length in units of 16 bytes, name. */
#define PARTITION_UNIT 16u
#define PARTITION_FREE 0x7f

/* Sum of the header's bytes, carries added back in, without the checksum itself. */
static guint8
partition_checksum(const guint8 header[PARTITION_UNIT])
{
    guint sum = header[0];

    for (guint i = 2; i < PARTITION_UNIT; i++)
        sum += header[i];
    while (sum > 0xff)
        sum = (sum & 0xff) + (sum >> 8);
    return (guint8)sum;
}

/* A guest that finds no partition at all calls its NVRAM corrupt. */
static void
format(guint8 *bytes)
{
    const be16 length = be16_make(NVRAM_SIZE / PARTITION_UNIT);

    bytes[0] = PARTITION_FREE;
    memcpy(&bytes[2], &length, sizeof(length));
    memset(&bytes[4], 'w', PARTITION_UNIT - 4); /* the name of free space */
    bytes[1] = partition_checksum(bytes);
}

gboolean
nvram_make(Nvram *nvram, VioBus *bus, Xive *xive, GError **error)
{
    if (!vio_add(bus, &nvram->vio, &nvram_class, xive, error))
        return FALSE;
    nvram->size = NVRAM_SIZE;
    nvram->bytes = g_malloc0(NVRAM_SIZE);
    format(nvram->bytes);
    return TRUE;
}

void
nvram_finish(Nvram *nvram)
{
    g_free(nvram->bytes);
    *nvram = (Nvram){0};
}

static gboolean
in_bounds(guint32 offset, guint32 n)
{
    return offset <= NVRAM_SIZE && n <= NVRAM_SIZE - offset;
}

/* {offset, buffer, length} → {status, bytes read} */
gint32
rtas_nvram_fetch(void *owner, VdevVcpu *vcpu, VdevRtasCall *call)
{
    Platform *platform = owner;
    const VdevHost *host = platform_host(platform);

    if (!in_bounds(call->args[0], call->args[2]))
        return RTAS_PARAM_ERROR;
    if (!host->guest_write(host, call->args[1], platform->nvram.bytes + call->args[0],
                           call->args[2]))
        return RTAS_PARAM_ERROR;
    call->rets[1] = call->args[2];
    return RTAS_OK;
}

/* {offset, buffer, length} → {status, bytes written} */
gint32
rtas_nvram_store(void *owner, VdevVcpu *vcpu, VdevRtasCall *call)
{
    Platform *platform = owner;
    const VdevHost *host = platform_host(platform);

    if (!in_bounds(call->args[0], call->args[2]))
        return RTAS_PARAM_ERROR;
    if (!host->guest_read(host, call->args[1], platform->nvram.bytes + call->args[0],
                          call->args[2]))
        return RTAS_PARAM_ERROR;
    call->rets[1] = call->args[2];
    return RTAS_OK;
}
