/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sources of the model's XIVE device: creation, configuration, synchronisation, reset.
 *
 * The kernel keeps no EAS but the target it last programmed, "masked" being one of them. Hence its
 * ways, all kept here: a masked source forgets server and EISN; a configuration that names the
 * target and EISN already in force does nothing at all, even if it asks for the mask; a server
 * without a queue at the priority is silently replaced by another one that has it.
 *
 * Not modelled: the kernel counts how often a queue was picked as a target and never counts down,
 * so that after some 16 000 retargetings it starts to avoid that queue.
 *
 * Source: Linux Documentation/virt/kvm/devices/xive.rst, groups 2, 3 and 5; behaviour as observed
 * and read.
 */
#include "vmm/accel/model.h"

#include <errno.h>

#include "hw-xive/core/eas.h"

#define HIGHEST_PRIORITY 6 /* 7 is the host's, for escalations */

/* The cell of @lisn, created or not; NULL if nothing of its block was ever created. */
static ModelSource *
source_cell(ModelXive *xive, guint64 lisn)
{
    ModelSource *block;

    if (lisn >= MODEL_SOURCES_MAX)
        return NULL;
    block = xive->blocks[lisn / MODEL_SOURCES_PER_BLOCK];
    return block != NULL ? &block[lisn % MODEL_SOURCES_PER_BLOCK] : NULL;
}

gint
model_source_create_locked(ModelXive *xive, guint64 lisn, const guint64 *word)
{
    ModelSource **block, *source;

    if (lisn >= MODEL_SOURCES_MAX)
        return -E2BIG;
    block = &xive->blocks[lisn / MODEL_SOURCES_PER_BLOCK];
    if (*block == NULL)
        *block = g_try_new0(ModelSource, MODEL_SOURCES_PER_BLOCK);
    if (*block == NULL)
        return -ENOMEM;
    if (word == NULL)
        return -EFAULT;
    source = &(*block)[lisn % MODEL_SOURCES_PER_BLOCK];
    if (!source->valid && xive->n_sources >= xive->model->irqs)
        return -ENXIO;
    if ((*word & VDEV_XIVE_SOURCE_LSI) != 0) {
        source->lsi = TRUE;
        source->asserted |= (*word & VDEV_XIVE_SOURCE_ASSERTED) != 0;
    }
    source->eas = XIVE_EAS_RESET;
    source->status = XIVE_PQ_OFF;
    xive->n_sources += source->valid ? 0 : 1;
    source->valid = TRUE;
    return 0;
}

/* Who shall have it: @server, or the first other one with a queue at @prio. */
static gint
pick_server(ModelXive *xive, guint32 *number, guint8 prio)
{
    Model *model = xive->model;
    ModelServer *server = model_server_locked(xive, *number);

    if (server == NULL)
        return -EINVAL;
    if (model_eq_is_set(server, prio))
        return 0;
    for (guint i = 0; i < model->vcpus->len; i++) {
        const ModelVcpu *vcpu = g_ptr_array_index(model->vcpus, i);

        if (vcpu->server != NULL && model_eq_is_set(vcpu->server, prio)) {
            *number = vcpu->server->server;
            return 0;
        }
    }
    return -EBUSY;
}

static gboolean
is_in_force(const ModelSource *source, guint32 server, guint8 prio, guint32 eisn)
{
    return !xive_eas_is_masked(source->eas) && xive_eas_eisn(source->eas) == eisn &&
           xive_eas_end_index(source->eas) == xive_end_index(server, prio);
}

gint
model_source_config_locked(ModelXive *xive, guint64 lisn, const guint64 *word)
{
    ModelSource *source = source_cell(xive, lisn);
    guint32 server, eisn;
    guint8 prio;
    gint result;

    if (source == NULL)
        return -ENOENT;
    if (!source->valid)
        return -EINVAL;
    if (word == NULL)
        return -EFAULT;
    prio = (guint8)bits_get(VDEV_XIVE_CONFIG_PRIORITY, *word);
    server = (guint32)bits_get(VDEV_XIVE_CONFIG_SERVER, *word);
    eisn = (guint32)bits_get(VDEV_XIVE_CONFIG_EISN, *word);
    if (prio > HIGHEST_PRIORITY)
        return -EINVAL;
    if (server <= XIVE_END_INDEX_MAX / XIVE_PRIORITIES && is_in_force(source, server, prio, eisn))
        return 0;
    if ((*word & VDEV_XIVE_CONFIG_MASKED) != 0) {
        source->eas = XIVE_EAS_RESET;
        return 0;
    }
    result = pick_server(xive, &server, prio);
    if (result == 0)
        source->eas = xive_eas_target(server, prio, eisn, FALSE);
    return result;
}

/* Nothing is in flight in the model; only the errors are left. */
gint
model_source_sync_locked(ModelXive *xive, guint64 lisn)
{
    ModelSource *source = source_cell(xive, lisn);

    if (source == NULL)
        return -ENOENT;
    return source->valid ? 0 : -EINVAL;
}

void
model_source_reset_locked(ModelSource *source)
{
    if (!source->valid || xive_eas_is_masked(source->eas))
        return;
    source->eas = XIVE_EAS_RESET;
    source->status = XIVE_PQ_OFF;
}
