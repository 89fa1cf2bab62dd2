/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Queues of the model's XIVE device: setting up, reading back, and the synchronisation that puts
 * their pages into the dirty log.
 *
 * What a queue's END does is hw-xive/core/end.h. A position outside the queue is accepted, as the
 * firmware accepts it; the END is then not usable and its events are dropped.
 *
 * Source: Linux Documentation/virt/kvm/devices/xive.rst, groups 1 and 4; behaviour as observed.
 */
#include "vmm/accel/model.h"

#include <errno.h>
#include <string.h>

#include "hw-xive/core/end.h"

#define HIGHEST_PRIORITY 6 /* 7 is the host's, for escalations */
#define QSHIFT_64K       16

gboolean
model_eq_is_set(const ModelServer *server, guint prio)
{
    return server->queues[prio].qshift != 0;
}

/* The server and priority that @attr names, or −errno. */
static gint
eq_find(ModelXive *xive, guint64 attr, ModelServer **server, guint8 *prio)
{
    *prio = (guint8)bits_get(VDEV_XIVE_EQ_PRIORITY, attr);
    *server = model_server_locked(xive, (guint32)bits_get(VDEV_XIVE_EQ_SERVER, attr));
    if (*server == NULL)
        return -ENOENT;
    return *prio <= HIGHEST_PRIORITY ? 0 : -EINVAL;
}

static gboolean
eq_is_acceptable(ModelXive *xive, const VdevXiveEq *eq)
{
    if (eq->flags != VDEV_XIVE_EQ_ALWAYS_NOTIFY || eq->qshift != QSHIFT_64K)
        return FALSE;
    if ((eq->qaddr & ((G_GUINT64_CONSTANT(1) << eq->qshift) - 1)) != 0)
        return FALSE;
    return model_ram_locked(xive->model, eq->qaddr, G_GUINT64_CONSTANT(1) << eq->qshift) != NULL;
}

gint
model_eq_set_locked(ModelXive *xive, guint64 attr, const VdevXiveEq *eq)
{
    ModelServer *server;
    XiveEq queue;
    guint8 prio;
    gint result;

    if (eq == NULL)
        return -EFAULT;
    result = eq_find(xive, attr, &server, &prio);
    if (result != 0)
        return result;
    if (eq->qshift == 0) {
        xive_end_reset(&server->ends[prio]);
        memset(&server->queues[prio], 0, sizeof(server->queues[prio]));
        return 0;
    }
    if (!eq_is_acceptable(xive, eq))
        return -EINVAL;
    queue = (XiveEq){.gpa = eq->qaddr, .qshift = eq->qshift, .qtoggle = 1, .qindex = 0};
    if (!xive_end_setup(&server->ends[prio], &queue, server->server, prio, TRUE))
        return -EINVAL;
    if (eq->qtoggle != 1 || eq->qindex != 0)
        xive_end_set_position(&server->ends[prio], eq->qtoggle, eq->qindex);
    server->queues[prio] = *eq;
    return 0;
}

gint
model_eq_get_locked(ModelXive *xive, guint64 attr, VdevXiveEq *eq)
{
    ModelServer *server;
    XiveEq queue;
    guint8 prio;
    gint result = eq_find(xive, attr, &server, &prio);

    if (result != 0)
        return result;
    if (eq == NULL)
        return -EFAULT;
    memset(eq, 0, sizeof(*eq));
    if (!model_eq_is_set(server, prio))
        return 0;
    queue = xive_end_eq(&server->ends[prio]);
    eq->flags = VDEV_XIVE_EQ_ALWAYS_NOTIFY;
    eq->qshift = server->queues[prio].qshift;
    eq->qaddr = server->queues[prio].qaddr;
    eq->qtoggle = queue.qtoggle;
    eq->qindex = queue.qindex;
    return 0;
}

void
model_eq_reset_locked(ModelServer *server)
{
    for (gsize i = 0; i < G_N_ELEMENTS(server->ends); i++)
        xive_end_reset(&server->ends[i]);
    memset(server->queues, 0, sizeof(server->queues));
}

void
model_eq_sync_locked(ModelXive *xive)
{
    GHashTableIter iter;
    gpointer value;

    g_hash_table_iter_init(&iter, xive->servers);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        ModelServer *server = value;

        for (guint prio = 0; prio < XIVE_PRIORITIES; prio++) {
            if (model_eq_is_set(server, prio))
                model_mark_dirty_locked(xive->model, server->queues[prio].qaddr);
        }
    }
}
