/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A small module, built several times: as it should be, and with one fault each (SAMPLE_…).
 */
#include "vdev/module.h"

#ifndef SAMPLE_ABI
#define SAMPLE_ABI VDEV_ABI
#endif
#ifndef SAMPLE_SIZE
#define SAMPLE_SIZE sizeof(VdevModule)
#endif
#ifndef SAMPLE_NEEDS
#define SAMPLE_NEEDS VDEV_GROUP_BASE
#endif
#ifndef SAMPLE_OFFSET
#define SAMPLE_OFFSET G_STRUCT_OFFSET(Sample, level)
#endif

typedef struct {
    VdevDevice device;
    guint32 level;
    guint64 room;
    gboolean loud;
    guint32 colour;
    char *label;
} Sample;

static gboolean
sample_realize(void *device, GError **error)
{
    return TRUE;
}

static void
sample_finish(void *device)
{
}

static const char *const colours[] = {"red", "green", NULL};

static const VdevProperty sample_props[] = {
    {"level", VDEV_PROP_UINT32, SAMPLE_OFFSET, 3, 1, 10, NULL, "how much"},
    {"room", VDEV_PROP_SIZE, G_STRUCT_OFFSET(Sample, room), 4096, 0, 0, NULL, "how large"},
    {"loud", VDEV_PROP_BOOL, G_STRUCT_OFFSET(Sample, loud), 1, 0, 0, NULL, "whether"},
    {"colour", VDEV_PROP_ENUM, G_STRUCT_OFFSET(Sample, colour), 1, 0, 0, colours, "which"},
    {"label", VDEV_PROP_STRING, G_STRUCT_OFFSET(Sample, label), 0, 0, 0, NULL, "what"},
    {0},
};

static const VdevClass sample_class = {
    .name = "sample",
    .help = "a sample",
    .size = sizeof(Sample),
    .props = sample_props,
    .realize = sample_realize,
    .finish = sample_finish,
};

static const VdevClass *const sample_devices[] = {&sample_class, NULL};

static const VdevModule sample_module = {
    .abi = SAMPLE_ABI,
    .size = SAMPLE_SIZE,
    .name = "sample",
    .version = "1",
    .needs = SAMPLE_NEEDS,
    .devices = sample_devices,
};

#ifdef SAMPLE_NO_SYMBOL
VDEV_EXPORT const VdevModule *something_else(void);

const VdevModule *
something_else(void)
{
    return &sample_module;
}
#else
const VdevModule *
vdev_module_v1(const VdevHost *host, GError **error)
{
#ifdef SAMPLE_REFUSES
    if (host->abi == VDEV_ABI)
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_FAILED, "not with this host");
    return host->abi == VDEV_ABI ? NULL : &sample_module;
#else
    return &sample_module;
#endif
}
#endif
