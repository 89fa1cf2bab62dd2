/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A device: its class, its properties, and its life in order.
 *
 *   allocate (host, zeroed) → properties set (host) → attach to the machine
 *   → realize → reset → [quiesce → resume]* → finish → free (host)
 *
 * Errors of a module have one of two domains: G_OPTION_ERROR for what the operator asked wrongly
 * (the program ends with status 2), G_FILE_ERROR for what the host could not do (status 1).
 *
 * The machine that a device is attached to decides when its own parts are realized,
 * reset, quiesced, resumed and finished; the host drives the machine.
 */
#ifndef VDEV_DEVICE_H
#define VDEV_DEVICE_H

#include "vdev/abi.h"

typedef enum {
    VDEV_PROP_BOOL,   /* gboolean; on|off|yes|no|true|false */
    VDEV_PROP_UINT32, /* guint32; decimal or 0x… */
    VDEV_PROP_UINT64, /* guint64 */
    VDEV_PROP_SIZE,   /* guint64, bytes; suffixes K M G T */
    VDEV_PROP_STRING, /* char *, owned by the object, freed by the host */
    VDEV_PROP_ENUM,   /* guint32: index into choices */
} VdevPropKind;

/* One property of a class; the host parses, checks the range and stores. Table ends with name NULL.
 */
struct VdevProperty {
    const char *name;
    VdevPropKind kind;
    gsize offset;     /* of the member in the object */
    guint64 initial;  /* value before the command line; index for ENUM; unused for STRING */
    guint64 min, max; /* inclusive; numbers only; max 0 means no limit */
    const char *const *choices; /* ENUM: NULL-terminated */
    const char *help;           /* one line, for -device NAME,help */
};

/* First member of every object made from a VdevClass. Filled by the host. */
struct VdevDevice {
    const VdevClass *klass;
    const VdevHost *host;
    char *id; /* of -device …,id=ID, or NULL */
};

struct VdevClass {
    const char *name;
    const char *help; /* one line, for -device help */
    gsize size;       /* of the object, VdevDevice included */
    const VdevProperty *props;

    /* All are called under the machine lock, vCPUs stopped unless said otherwise. */
    gboolean (*realize)(void *device, GError **error); /* failing leaves nothing behind */
    gboolean (*reset)(void *device, GError **error);   /* to the state after power-on */
    gboolean (*quiesce)(void *device, GError **error); /* last RAM pass ahead; idempotent */
    gboolean (*resume)(void *device, GError **error);  /* vCPUs about to run; idempotent */
    void (*finish)(void *device); /* undoes realize; NULL-safe on a zeroed object */
};

#endif
