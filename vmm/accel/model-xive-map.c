/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Mappings of the model's XIVE device: the TIMA and the ESB pages, populated at the first touch,
 * refused where the kernel answers SIGBUS.
 *
 * A mapping keeps its device alive. The slot goes before the mapping, both here.
 *
 * Source: Linux Documentation/virt/kvm/devices/xive.rst; faults as observed.
 */
#include "vmm/accel/model.h"

#include <errno.h>

struct ModelRegion {
    AccelRegion region;
    ModelXive *xive;
    char *name;
    guint32 slot;
    guint64 gpa;
    guint64 size; /* bytes */
    gboolean is_tima;
    guint64 *populated; /* a bit a page; guarded by Model.lock */
    guint64 faults;     /* likewise */
};

static const char *const tima_page_names[XIVE_TIMA_PAGES] = {
    [XIVE_TIMA_PAGE_HW] = "hardware",
    [XIVE_TIMA_PAGE_HV] = "hypervisor",
    [XIVE_TIMA_PAGE_OS] = "OS",
    [XIVE_TIMA_PAGE_USER] = "user",
};

/* ---- what the pages do --------------------------------------------------------------------- */

static guint64
all_ones(guint32 n)
{
    return ~G_GUINT64_CONSTANT(0) >> (64 - 8 * n);
}

/* KVM's sources have two bits and no line, and offer no store EOI. */
static void
esb_access(ModelRegion *region, guint64 offset, ModelAccessRequest *request)
{
    guint32 lisn = (guint32)(offset >> XIVE_ESB_SHIFT);
    guint page = (guint)(offset >> XIVE_PAGE_SHIFT) & 1;
    ModelSource *source = model_source_locked(region->xive, lisn);
    XiveEsbOp op = xive_esb_decode(page, request->is_write, offset & (XIVE_PAGE_SIZE - 1));
    guint64 loaded = ~G_GUINT64_CONSTANT(0);

    if (request->n != 8 || (offset & 7) != 0 || op == XIVE_ESB_OP_STORE_EOI)
        op = XIVE_ESB_OP_NONE;
    if (xive_esb_apply(&source->status, op, &loaded))
        model_event_locked(region->xive, lisn);
    if (!request->is_write)
        request->value = loaded & all_ones(request->n);
}

/* The OS page acts on the context of whoever accesses it. The host's own thread has none: it reads
 * zeros and writes nowhere. */
static void
tima_access(ModelVcpu *vcpu, guint64 offset, ModelAccessRequest *request)
{
    guint64 at = offset & (XIVE_PAGE_SIZE - 1);

    if (vcpu == NULL || vcpu->server == NULL) {
        request->value = 0;
        return;
    }
    if (request->is_write)
        xive_tima_store(&vcpu->server->tctx, at, request->n, request->value);
    else
        request->value = xive_tima_load(&vcpu->server->tctx, at, request->n);
}

/* ---- populating ---------------------------------------------------------------------------- */

static gboolean
page_is_refused(ModelRegion *region, guint64 offset, char *message)
{
    guint64 lisn = offset >> XIVE_ESB_SHIFT;
    guint page = (guint)(offset >> XIVE_PAGE_SHIFT);

    if (region->is_tima) {
        if (page == XIVE_TIMA_PAGE_OS)
            return FALSE;
        g_snprintf(message, 256,
                   "region %s, offset 0x%" G_GINT64_MODIFIER
                   "x: the TIMA's %s page; the kernel lets nobody but itself use it",
                   region->name, offset, tima_page_names[page]);
        return TRUE;
    }
    if (model_source_locked(region->xive, lisn) != NULL)
        return FALSE;
    g_snprintf(message, 256,
               "region %s, offset 0x%" G_GINT64_MODIFIER
               "x: the %s page of LISN 0x%" G_GINT64_MODIFIER "x, a source that was never created",
               region->name, offset, (page & 1) != 0 ? "management" : "trigger", lisn);
    return TRUE;
}

gboolean
model_region_access_locked(ModelRegion *region, ModelVcpu *vcpu, guint64 offset,
                           ModelAccessRequest *request, char *message)
{
    guint64 page = offset >> XIVE_PAGE_SHIFT;
    guint64 bit = G_GUINT64_CONSTANT(1) << (page % 64);

    if ((region->populated[page / 64] & bit) == 0) {
        region->faults++;
        if (page_is_refused(region, offset, message))
            return FALSE;
        region->populated[page / 64] |= bit;
    }
    if (region->is_tima)
        tima_access(vcpu, offset, request);
    else
        esb_access(region, offset, request);
    return TRUE;
}

/* ---- the class ----------------------------------------------------------------------------- */

static gboolean
spec_is_mappable(const VdevRegionSpec *spec)
{
    guint64 pages = spec->size >> MODEL_PAGE_SHIFT;

    if (pages == 0 || (spec->size & (MODEL_PAGE_SIZE - 1)) != 0)
        return FALSE;
    if (spec->page_offset == VDEV_XIVE_TIMA_PAGE_OFFSET)
        return pages <= VDEV_XIVE_TIMA_PAGES;
    return spec->page_offset == VDEV_XIVE_ESB_PAGE_OFFSET &&
           pages <= (guint64)MODEL_SOURCES_MAX * VDEV_XIVE_ESB_PAGES;
}

static void
region_destroy(ModelRegion *region)
{
    g_free(region->populated);
    g_free(region->name);
    g_free(region);
}

static ModelRegion *
region_make(ModelXive *xive, guint32 slot, const VdevRegionSpec *spec)
{
    ModelRegion *region = g_new0(ModelRegion, 1);

    region->region.klass = xive->kdev.klass;
    region->xive = xive;
    region->name = g_strdup(spec->name);
    region->slot = slot;
    region->gpa = spec->gpa;
    region->size = spec->size;
    region->is_tima = spec->page_offset == VDEV_XIVE_TIMA_PAGE_OFFSET;
    region->populated = g_new0(guint64, ((spec->size >> MODEL_PAGE_SHIFT) + 63) / 64);
    return region;
}

AccelRegion *
model_region_new(AccelKdev *kdev, guint32 slot, const VdevRegionSpec *spec, GError **error)
{
    ModelXive *xive = (ModelXive *)kdev;
    Model *model = xive->model;
    gint result = accel_fault_strikes(model->fault, ACCEL_CALL_REGION_NEW);
    ModelRegion *region;

    if (result == 0 && !spec_is_mappable(spec))
        result = -EINVAL;
    if (result != 0) {
        g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(-result),
                    "region %s: mapping 0x%" G_GINT64_MODIFIER "x bytes at page %" G_GINT64_MODIFIER
                    "u of the XIVE device: %s",
                    spec->name, spec->size, spec->page_offset, g_strerror(-result));
        return NULL;
    }
    region = region_make(xive, slot, spec);
    g_mutex_lock(&model->lock);
    result = model_slot_set_locked(model, slot, spec->gpa, spec->size, NULL, region, 0);
    if (result == 0)
        xive->n_mappings++;
    g_mutex_unlock(&model->lock);
    if (result == 0)
        return &region->region;
    g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(-result),
                "region %s: memory slot %u at guest address 0x%" G_GINT64_MODIFIER "x: %s",
                spec->name, slot, spec->gpa, g_strerror(-result));
    region_destroy(region);
    return NULL;
}

void
model_region_free(AccelRegion *accel_region)
{
    ModelRegion *region = (ModelRegion *)accel_region;
    Model *model;

    if (region == NULL)
        return;
    model = region->xive->model;
    g_mutex_lock(&model->lock);
    for (guint i = 0; i < model->slots->len; i++) {
        const ModelSlot *slot = g_ptr_array_index(model->slots, i);

        if (slot->region == region) {
            g_ptr_array_remove_index_fast(model->slots, i);
            break;
        }
    }
    model_xive_unmapped_locked(region->xive);
    g_mutex_unlock(&model->lock);
    region_destroy(region);
}

static gboolean
host_access(ModelRegion *region, AccelCall call, guint64 offset, ModelAccessRequest *request,
            GError **error)
{
    Model *model = region->xive->model;
    char message[256];
    gint injected = accel_fault_strikes(model->fault, call);
    gboolean done;

    if (injected != 0) {
        g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(-injected),
                    "region %s, offset 0x%" G_GINT64_MODIFIER "x: %s", region->name, offset,
                    g_strerror(-injected));
        return FALSE;
    }
    if (offset > region->size - request->n || offset % request->n != 0) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
                    "region %s, offset 0x%" G_GINT64_MODIFIER
                    "x: not an aligned word of its 0x%" G_GINT64_MODIFIER "x bytes",
                    region->name, offset, region->size);
        return FALSE;
    }
    g_mutex_lock(&model->lock);
    done = model_region_access_locked(region, NULL, offset, request, message);
    g_mutex_unlock(&model->lock);
    if (!done)
        g_set_error_literal(error, G_FILE_ERROR, G_FILE_ERROR_FAULT, message);
    return done;
}

gboolean
model_region_load64(AccelRegion *region, guint64 offset, guint64 *value, GError **error)
{
    ModelAccessRequest request = {.n = 8};

    if (!host_access((ModelRegion *)region, ACCEL_CALL_REGION_LOAD64, offset, &request, error))
        return FALSE;
    *value = request.value;
    return TRUE;
}

gboolean
model_region_store64(AccelRegion *region, guint64 offset, guint64 value, GError **error)
{
    ModelAccessRequest request = {.n = 8, .is_write = TRUE, .value = value};

    return host_access((ModelRegion *)region, ACCEL_CALL_REGION_STORE64, offset, &request, error);
}

guint64
model_region_faults(AccelRegion *accel_region)
{
    ModelRegion *region = (ModelRegion *)accel_region;
    guint64 faults;

    g_mutex_lock(&region->xive->model->lock);
    faults = region->faults;
    g_mutex_unlock(&region->xive->model->lock);
    return faults;
}
