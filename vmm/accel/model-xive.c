/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The XIVE device of the model: its life, the attribute groups' dispatch, vCPU connections, and
 * the way of an event through hw-xive/core.
 *
 * Error numbers and their order are the kernel's. Sources are in model-xive-source.c, queues in
 * model-xive-eq.c, the mappings in model-xive-map.c.
 *
 * Source: Linux Documentation/virt/kvm/devices/xive.rst; behaviour as observed.
 */
#include "vmm/accel/model.h"

#include <errno.h>

#include "hw-xive/core/end.h"

/* ---- the tables ---------------------------------------------------------------------------- */

ModelSource *
model_source_locked(ModelXive *xive, guint64 lisn)
{
    ModelSource *block;

    if (lisn >= MODEL_SOURCES_MAX)
        return NULL;
    block = xive->blocks[lisn / MODEL_SOURCES_PER_BLOCK];
    if (block == NULL || !block[lisn % MODEL_SOURCES_PER_BLOCK].valid)
        return NULL;
    return &block[lisn % MODEL_SOURCES_PER_BLOCK];
}

ModelServer *
model_server_locked(ModelXive *xive, guint32 server)
{
    return g_hash_table_lookup(xive->servers, GUINT_TO_POINTER(server));
}

static gboolean
route_eas(void *opaque, guint32 lisn, guint64 *word)
{
    ModelSource *source = model_source_locked(opaque, lisn);

    if (source == NULL)
        return FALSE;
    *word = source->eas;
    return TRUE;
}

static XiveEnd *
route_end(void *opaque, guint32 index)
{
    ModelServer *server = model_server_locked(opaque, xive_end_index_server(index));

    return server != NULL ? &server->ends[xive_end_index_prio(index)] : NULL;
}

/* The blind spot: the page is not marked dirty, as the hardware does not mark it. */
static gboolean
route_queue_write(void *opaque, guint64 gpa, be32 word)
{
    ModelXive *xive = opaque;
    guint8 *at = model_ram_locked(xive->model, gpa, sizeof(word));

    if (at == NULL)
        return FALSE;
    __atomic_store_n((guint32 *)(void *)at, word.raw, __ATOMIC_RELEASE);
    return TRUE;
}

static XiveTctx *
route_tctx(void *opaque, guint32 number)
{
    ModelServer *server = model_server_locked(opaque, number);

    return server != NULL ? &server->tctx : NULL;
}

static const XiveRouterOps router_ops = {
    .eas = route_eas,
    .end = route_end,
    .queue_write = route_queue_write,
    .tctx = route_tctx,
};

void
model_event_locked(ModelXive *xive, guint32 lisn)
{
    XiveRoute route = xive_router_event(&router_ops, xive, lisn);

    if (route.result == XIVE_ROUTE_DELIVERED)
        g_cond_broadcast(&xive->model->wake);
}

gboolean
model_trigger(Model *model, guint32 lisn)
{
    ModelSource *source;

    g_mutex_lock(&model->lock);
    source = model->xive != NULL ? model_source_locked(model->xive, lisn) : NULL;
    if (source != NULL && xive_esb_apply(&source->status, XIVE_ESB_OP_TRIGGER, NULL))
        model_event_locked(model->xive, lisn);
    g_mutex_unlock(&model->lock);
    return source != NULL;
}

/* ---- life ---------------------------------------------------------------------------------- */

AccelKdev *
model_kdev_new(Accel *accel, guint32 type, gint *errnum)
{
    Model *model = (Model *)accel;
    ModelXive *xive = NULL;

    *errnum = accel_fault_strikes(model->fault, ACCEL_CALL_KDEV_NEW);
    if (*errnum != 0)
        return NULL;
    if (type != VDEV_KDEV_XIVE) {
        *errnum = -ENODEV;
        return NULL;
    }
    g_mutex_lock(&model->lock);
    if (model->xive != NULL) {
        *errnum = -EEXIST;
    } else {
        xive = g_new0(ModelXive, 1);
        xive->kdev.klass = model->accel.klass;
        xive->model = model;
        xive->is_open = TRUE;
        xive->nr_servers = model->info.max_vcpus;
        xive->servers = g_hash_table_new_full(NULL, NULL, NULL, g_free);
        model->xive = xive;
    }
    g_mutex_unlock(&model->lock);
    return (AccelKdev *)xive;
}

/* The device goes when its descriptor is closed and no mapping is left; only then are the vCPUs
 * free to be connected again. */
static void
xive_release_locked(ModelXive *xive)
{
    GHashTableIter iter;
    gpointer value;

    if (xive->is_open || xive->n_mappings != 0)
        return;
    g_hash_table_iter_init(&iter, xive->servers);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        ModelServer *server = value;

        server->vcpu->server = NULL;
        server->vcpu->inherited = FALSE;
    }
    g_hash_table_destroy(xive->servers);
    for (gsize i = 0; i < G_N_ELEMENTS(xive->blocks); i++)
        g_free(xive->blocks[i]);
    xive->model->xive = NULL;
    g_free(xive);
}

void
model_xive_unmapped_locked(ModelXive *xive)
{
    xive->n_mappings--;
    xive_release_locked(xive);
}

void
model_kdev_free(AccelKdev *kdev)
{
    ModelXive *xive = (ModelXive *)kdev;
    Model *model;

    if (xive == NULL)
        return;
    model = xive->model;
    g_mutex_lock(&model->lock);
    xive->is_open = FALSE;
    xive_release_locked(xive);
    g_mutex_unlock(&model->lock);
}

/* ---- controls ------------------------------------------------------------------------------ */

static gint
nr_servers_set_locked(ModelXive *xive, const guint32 *nr_servers)
{
    if (nr_servers == NULL)
        return -EFAULT;
    if (*nr_servers == 0 || *nr_servers > MODEL_MAX_VCPU_ID)
        return -EINVAL;
    if (xive->vp_block)
        return -EBUSY;
    xive->nr_servers = MIN(*nr_servers, xive->model->info.max_vcpus);
    return 0;
}

/* Sources whose EAS is masked keep their PQ, and thread contexts keep everything. */
static gint
reset_locked(ModelXive *xive)
{
    GHashTableIter iter;
    gpointer value;

    g_hash_table_iter_init(&iter, xive->servers);
    while (g_hash_table_iter_next(&iter, NULL, &value))
        model_eq_reset_locked(value);
    for (gsize i = 0; i < G_N_ELEMENTS(xive->blocks); i++) {
        for (gsize j = 0; xive->blocks[i] != NULL && j < MODEL_SOURCES_PER_BLOCK; j++)
            model_source_reset_locked(&xive->blocks[i][j]);
    }
    return 0;
}

static gint
control_locked(ModelXive *xive, guint64 attr, const void *data)
{
    switch (attr) {
    case VDEV_XIVE_CTRL_RESET: return reset_locked(xive);
    case VDEV_XIVE_CTRL_EQ_SYNC: model_eq_sync_locked(xive); return 0;
    case VDEV_XIVE_CTRL_NR_SERVERS: return nr_servers_set_locked(xive, data);
    default: return -ENXIO;
    }
}

static gint
set_locked(ModelXive *xive, guint32 group, guint64 attr, const void *data)
{
    switch (group) {
    case VDEV_XIVE_GRP_CTRL: return control_locked(xive, attr, data);
    case VDEV_XIVE_GRP_SOURCE: return model_source_create_locked(xive, attr, data);
    case VDEV_XIVE_GRP_SOURCE_CONFIG: return model_source_config_locked(xive, attr, data);
    case VDEV_XIVE_GRP_EQ_CONFIG: return model_eq_set_locked(xive, attr, data);
    case VDEV_XIVE_GRP_SOURCE_SYNC: return model_source_sync_locked(xive, attr);
    default: return -ENXIO;
    }
}

gint
model_kdev_set(AccelKdev *kdev, guint32 group, guint64 attr, const void *data)
{
    ModelXive *xive = (ModelXive *)kdev;
    gint result = accel_fault_strikes(xive->model->fault, ACCEL_CALL_KDEV_SET);

    if (result != 0)
        return result;
    g_mutex_lock(&xive->model->lock);
    result = set_locked(xive, group, attr, data);
    g_mutex_unlock(&xive->model->lock);
    return result;
}

gint
model_kdev_get(AccelKdev *kdev, guint32 group, guint64 attr, void *data)
{
    ModelXive *xive = (ModelXive *)kdev;
    gint result = accel_fault_strikes(xive->model->fault, ACCEL_CALL_KDEV_GET);

    if (result != 0)
        return result;
    if (group != VDEV_XIVE_GRP_EQ_CONFIG)
        return -ENXIO;
    g_mutex_lock(&xive->model->lock);
    result = model_eq_get_locked(xive, attr, data);
    g_mutex_unlock(&xive->model->lock);
    return result;
}

/* ---- connections --------------------------------------------------------------------------- */

/* Virtual processors are handed out in blocks of a power of two, all at once. */
static gint
vp_block_ensure_locked(ModelXive *xive)
{
    guint64 needed = 1;

    if (xive->vp_block)
        return 0;
    while (needed < xive->nr_servers)
        needed *= 2;
    if (needed > xive->model->vps)
        return -ENOSPC;
    xive->vp_block = TRUE;
    return 0;
}

static gint
connect_locked(ModelXive *xive, ModelVcpu *vcpu, guint32 number)
{
    ModelServer *server;
    gint result;

    if (vcpu->server != NULL) {
        /* A vCPU that was taken out and put in again is still connected. */
        if (!vcpu->inherited || vcpu->server->server != number)
            return -EBUSY;
        vcpu->inherited = FALSE;
        return 0;
    }
    if (number >= xive->nr_servers)
        return -EINVAL;
    result = vp_block_ensure_locked(xive);
    if (result != 0)
        return result;
    if (model_server_locked(xive, number) != NULL)
        return -EEXIST;
    server = g_new0(ModelServer, 1);
    server->server = number;
    server->vcpu = vcpu;
    xive_tctx_set_vp(&server->tctx, be64_make(XIVE_VP_CREATED));
    for (gsize i = 0; i < G_N_ELEMENTS(server->ends); i++)
        xive_end_reset(&server->ends[i]);
    g_hash_table_insert(xive->servers, GUINT_TO_POINTER(number), server);
    vcpu->server = server;
    return 0;
}

gint
model_kdev_connect(AccelKdev *kdev, AccelVcpu *accel_vcpu, guint32 server)
{
    ModelXive *xive = (ModelXive *)kdev;
    ModelVcpu *vcpu = (ModelVcpu *)accel_vcpu;
    gint result = accel_fault_strikes(xive->model->fault, ACCEL_CALL_KDEV_CONNECT);

    if (result != 0)
        return result;
    if (vcpu->model != xive->model)
        return -EPERM;
    g_mutex_lock(&xive->model->lock);
    result = connect_locked(xive, vcpu, server);
    g_mutex_unlock(&xive->model->lock);
    return result;
}
