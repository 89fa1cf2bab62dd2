/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The rig of the switch.
 */
#include "tests/model/switch-rig.h"

#include <string.h>

#include "vdev/kvm-ppc.h"

/* --- Calls that tell first ----------------------------------------------- */

static SwitchSide *
side_of(const VdevHost *host)
{
    return (SwitchSide *)host;
}

static const VdevHost *
plain(const VdevHost *host)
{
    SwitchSide *side = side_of(host);

    if (side->before != NULL)
        side->before(side, FALSE, side->user);
    return &side->fake->table;
}

static gint
tell_kdev_set(const VdevHost *host, VdevKdev *kdev, guint32 group, guint64 attr, const void *data)
{
    SwitchSide *side = side_of(host);
    gboolean sync = group == VDEV_XIVE_GRP_CTRL && attr == VDEV_XIVE_CTRL_EQ_SYNC;
    gint result;

    if (side->before != NULL)
        side->before(side, sync, side->user);
    result = side->fake->table.kdev_set(&side->fake->table, kdev, group, attr, data);
    if (sync && side->after_sync != NULL)
        side->after_sync(side->user);
    return result;
}

static gint
tell_kdev_get(const VdevHost *host, VdevKdev *kdev, guint32 group, guint64 attr, void *data)
{
    return plain(host)->kdev_get(&side_of(host)->fake->table, kdev, group, attr, data);
}

static gint
tell_vcpu_get(const VdevHost *host, VdevVcpu *vcpu, guint64 reg, void *value)
{
    return plain(host)->vcpu_get(&side_of(host)->fake->table, vcpu, reg, value);
}

static gint
tell_vcpu_set(const VdevHost *host, VdevVcpu *vcpu, guint64 reg, const void *value)
{
    return plain(host)->vcpu_set(&side_of(host)->fake->table, vcpu, reg, value);
}

static VdevRegion *
tell_region_new(const VdevHost *host, const VdevRegionSpec *spec, GError **error)
{
    return plain(host)->region_new(&side_of(host)->fake->table, spec, error);
}

static gboolean
tell_load64(const VdevHost *host, VdevRegion *region, guint64 offset, guint64 *value,
            GError **error)
{
    return plain(host)->region_load64(&side_of(host)->fake->table, region, offset, value, error);
}

static gboolean
tell_store64(const VdevHost *host, VdevRegion *region, guint64 offset, guint64 value,
             GError **error)
{
    return plain(host)->region_store64(&side_of(host)->fake->table, region, offset, value, error);
}

/* --- A side -------------------------------------------------------------- */

guint32
switch_lisn(guint index)
{
    return index < SWITCH_SERVERS ? index : 0x1100 + index - SWITCH_SERVERS;
}

static void
side_calls(SwitchSide *side)
{
    side->table = side->fake->table;
    side->table.kdev_set = tell_kdev_set;
    side->table.kdev_get = tell_kdev_get;
    side->table.vcpu_get = tell_vcpu_get;
    side->table.vcpu_set = tell_vcpu_set;
    side->table.region_new = tell_region_new;
    side->table.region_load64 = tell_load64;
    side->table.region_store64 = tell_store64;
}

void
switch_side_init(SwitchSide *side)
{
    g_autoptr(GError) error = NULL;

    memset(side, 0, sizeof(*side));
    side->fake = fake_host_new(SWITCH_RAM, SWITCH_SERVERS);
    side_calls(side);
    g_assert_true(side->table.ram_register_main(&side->table, "ram", 0, &error));
    side->xive = fake_host_object_new(side->fake, xive_class.size, xive_class.props, &xive_class);
    side->xive->device.host = &side->table;
    side->xive->nr_irqs = XIVE_NR_IRQS_MIN;
    xive_set_servers(side->xive, SWITCH_SERVERS);
    xive_class.realize(side->xive, &error);
    g_assert_no_error(error);
    for (guint32 i = 0; i < SWITCH_SERVERS; i++) {
        side->vcpus[i] = side->table.vcpu_new(&side->table, i, &error);
        g_assert_no_error(error);
        g_assert_true(xive_vcpu_connect(side->xive, side->vcpus[i], &error));
        g_assert_true(xive_state_add_vcpu(side->xive, i, i, &error));
    }
    for (guint i = SWITCH_SERVERS; i < SWITCH_SOURCES; i++)
        g_assert_true(xive_lisn_claim(side->xive, switch_lisn(i), FALSE, &error));
    g_assert_true(xive_class.reset(side->xive, &error));
}

void
switch_side_finish(SwitchSide *side)
{
    side->before = NULL;
    xive_class.finish(side->xive);
    g_free(side->xive);
    fake_host_free(side->fake);
}

HcallStatus
switch_call(SwitchSide *side, guint32 nr, guint64 a0, guint64 a1, guint64 a2, guint64 a3,
            guint64 a4, guint64 *result)
{
    guint64 args[HCALL_ARGS] = {a0, a1, a2, a3, a4};
    const VdevHcallRow *row = xive_hcalls;
    HcallStatus status;

    while (row->nr != nr)
        g_assert_nonnull((++row)->name);
    status = row->handler(side->xive, side->vcpus[0], args);
    if (result != NULL)
        *result = args[0];
    return status;
}

static guint64
page_of(guint32 lisn, guint page)
{
    return ((guint64)lisn * VDEV_XIVE_ESB_PAGES + page) * SWITCH_PAGE;
}

void
switch_hardware_trigger(SwitchSide *side, guint32 lisn)
{
    AccelRegion *esb = (AccelRegion *)side->xive->esb;

    g_assert_true(esb->klass->region_store64(esb, page_of(lisn, 0), 0, NULL));
}

guint
switch_hardware_pq(SwitchSide *side, guint32 lisn)
{
    AccelRegion *esb = (AccelRegion *)side->xive->esb;
    guint64 value = 0;

    g_assert_true(esb->klass->region_load64(esb, page_of(lisn, 1) + 0x800, &value, NULL));
    return (guint)value;
}

/* --- Memory -------------------------------------------------------------- */

static void
log_memory(SwitchSide *side, guint32 flags)
{
    FakeHost *fake = side->fake;

    g_assert_cmpint(fake->accel->klass->memory_set(fake->accel, 0, 0, SWITCH_RAM, fake->ram, flags),
                    ==, 0);
}

void
switch_copy_begin(SwitchSide *from, SwitchSide *to)
{
    log_memory(from, ACCEL_MEM_LOG_DIRTY);
    memcpy(to->fake->ram, from->fake->ram, SWITCH_RAM);
}

void
switch_copy_end(SwitchSide *from, SwitchSide *to, guint32 written)
{
    guint64 dirty = 0;

    g_assert_cmpint(from->fake->accel->klass->dirty_log_get(from->fake->accel, 0, &dirty, 1), ==,
                    0);
    dirty |= written;
    for (guint i = 0; i < SWITCH_PAGES; i++) {
        if ((dirty >> i & 1) != 0)
            memcpy(to->fake->ram + i * SWITCH_PAGE, from->fake->ram + i * SWITCH_PAGE, SWITCH_PAGE);
    }
    log_memory(from, 0);
}

/* --- Sections ------------------------------------------------------------ */

static const VmsStreamRules rules = {.machine = "test"};
static const VmsContext context = {.rules = &rules};

gboolean
switch_save(SwitchSide *from, GError **error)
{
    if (!xive_source_state.pre_save(from->xive, &context, error) ||
        !xive_router_state.pre_save(from->xive, &context, error))
        return FALSE;
    for (guint i = 0; i < SWITCH_SERVERS; i++) {
        if (!xive_tctx_state.pre_save(&from->xive->contexts[i], &context, error))
            return FALSE;
    }
    return TRUE;
}

gboolean
switch_load(SwitchSide *from, SwitchSide *to, GError **error)
{
    Xive *source = from->xive, *xive = to->xive;

    if (!xive_source_state.pre_load(xive, &context, error))
        return FALSE;
    memcpy(xive->status, source->status, xive->nr_irqs);
    memcpy(xive->eas, source->eas, xive->nr_irqs * sizeof(*xive->eas));
    memcpy(xive->ends, source->ends, xive_nr_ends(xive) * sizeof(*xive->ends));
    if (!xive_source_state.check(xive, &context, error) ||
        !xive_router_state.check(xive, &context, error))
        return FALSE;
    for (guint i = 0; i < SWITCH_SERVERS; i++) {
        xive->contexts[i].tctx = source->contexts[i].tctx;
        if (!xive_tctx_state.check(&xive->contexts[i], &context, error) ||
            !xive_tctx_state.post_load(&xive->contexts[i], 1, &context, error))
            return FALSE;
    }
    return TRUE;
}
