/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Objects of a module's classes, as its host makes them: zeroed memory, properties at their initial
 * values, the back pointers.
 */
#include "tests/contract/fake-host.h"

void
fake_host_set(void *object, const VdevProperty *props, const char *name, guint64 value)
{
    while (g_strcmp0(props->name, name) != 0)
        g_assert_nonnull((props++)->name);
    switch (props->kind) {
    case VDEV_PROP_BOOL:
    case VDEV_PROP_UINT32:
    case VDEV_PROP_ENUM: G_STRUCT_MEMBER(guint32, object, props->offset) = (guint32)value; break;
    case VDEV_PROP_UINT64:
    case VDEV_PROP_SIZE: G_STRUCT_MEMBER(guint64, object, props->offset) = value; break;
    case VDEV_PROP_STRING: g_assert_not_reached();
    }
}

void *
fake_host_object_new(FakeHost *fake, gsize size, const VdevProperty *props, const VdevClass *klass)
{
    VdevDevice *object = g_malloc0(size);

    object->klass = klass;
    object->host = &fake->table;
    for (const VdevProperty *prop = props; prop != NULL && prop->name != NULL; prop++) {
        if (prop->kind != VDEV_PROP_STRING)
            fake_host_set(object, props, prop->name, prop->initial);
    }
    return object;
}
