/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The two windows of the KVM device in the guest: ESB pages (two a source) and TIMA pages (four).
 * Both are ram-device regions of the host: never migrated, remade wherever the device is remade.
 *
 * Not here: what the pages do. The window ends with the last source, so that no guest reaches a
 * page that can never be one of its own; pages of sources not claimed are refused by the kernel.
 *
 * Source: kernel xive.rst, "mmap"; guest addresses are QEMU's.
 */
#include "hw-xive/kvm-attr.h"
#include "hw-xive/xive-priv.h"

guint64
xive_esb_window_size(const Xive *xive)
{
    return ((guint64)xive->nr_irqs * VDEV_XIVE_ESB_PAGES) << xive->page_shift;
}

/* Bytes from the start of the window. */
static guint64
esb_offset(const Xive *xive, guint32 lisn, guint page)
{
    return ((guint64)lisn * VDEV_XIVE_ESB_PAGES + page) << xive->page_shift;
}

guint64
xive_esb_page_gpa(const Xive *xive, guint32 lisn, guint page)
{
    return XIVE_ESB_BASE + esb_offset(xive, lisn, page);
}

guint64
xive_tima_page_gpa(const Xive *xive, guint page)
{
    return XIVE_TIMA_BASE + ((guint64)page << xive->page_shift);
}

static VdevRegion *
region_new(Xive *xive, const VdevRegionSpec *spec, GError **error)
{
    const VdevHost *host = xive->device.host;
    VdevRegion *region = host->region_new(host, spec, error);

    if (region == NULL)
        g_prefix_error(error, "%s: mapping %s: ", xive->device.klass->name, spec->name);
    return region;
}

gboolean
xive_regions_new(Xive *xive, GError **error)
{
    const VdevRegionSpec esb = {
        .name = "xive.esb",
        .kdev = xive->kdev,
        .page_offset = VDEV_XIVE_ESB_PAGE_OFFSET,
        .gpa = XIVE_ESB_BASE,
        .size = xive_esb_window_size(xive),
    };
    const VdevRegionSpec tima = {
        .name = "xive.tima",
        .kdev = xive->kdev,
        .page_offset = VDEV_XIVE_TIMA_PAGE_OFFSET,
        .gpa = XIVE_TIMA_BASE,
        .size = (guint64)VDEV_XIVE_TIMA_PAGES << xive->page_shift,
    };

    xive->esb = region_new(xive, &esb, error);
    if (xive->esb == NULL)
        return FALSE;
    xive->tima = region_new(xive, &tima, error);
    if (xive->tima == NULL) {
        xive_regions_free(xive);
        return FALSE;
    }
    return TRUE;
}

void
xive_regions_free(Xive *xive)
{
    const VdevHost *host = xive->device.host;

    if (xive->tima != NULL)
        host->region_free(host, xive->tima);
    xive->tima = NULL;
    if (xive->esb != NULL)
        host->region_free(host, xive->esb);
    xive->esb = NULL;
}

gboolean
xive_regions_rebuild(Xive *xive, GError **error)
{
    xive_regions_free(xive);
    return xive_regions_new(xive, error);
}

/* --- Access -------------------------------------------------------------- */

/* Not after a restore that could not make them anew. */
static gboolean
is_mapped(const Xive *xive, guint32 lisn, GError **error)
{
    if (xive->esb != NULL)
        return TRUE;
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_FAULT,
                "%s: the pages of LISN 0x%x are not mapped: reset the machine",
                xive->device.klass->name, lisn);
    return FALSE;
}

gboolean
xive_esb_load(Xive *xive, guint32 lisn, guint page, guint32 offset, guint64 *value, GError **error)
{
    const VdevHost *host = xive->device.host;

    g_assert(xive_lisn_is_claimed(xive, lisn)); /* the kernel kills whoever touches another page */
    if (!is_mapped(xive, lisn, error))
        return FALSE;
    if (host->region_load64(host, xive->esb, esb_offset(xive, lisn, page) + offset, value, error))
        return TRUE;
    g_prefix_error(error, "%s: ESB load of LISN 0x%x: ", xive->device.klass->name, lisn);
    return FALSE;
}

gboolean
xive_esb_store(Xive *xive, guint32 lisn, guint page, guint32 offset, guint64 value, GError **error)
{
    const VdevHost *host = xive->device.host;

    g_assert(xive_lisn_is_claimed(xive, lisn));
    if (!is_mapped(xive, lisn, error))
        return FALSE;
    if (host->region_store64(host, xive->esb, esb_offset(xive, lisn, page) + offset, value, error))
        return TRUE;
    g_prefix_error(error, "%s: ESB store of LISN 0x%x: ", xive->device.klass->name, lisn);
    return FALSE;
}
