/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/hw-spapr/slot-rig.h"

#include <libfdt.h>
#include <string.h>

#include "hw-spapr/connector.h"
#include "migration-glue/rules.h"
#include "tests/unit/migration-glue/wire-rig.h"
#include "vdev/guestmem.h"

#define TYPE "pseries-7.2"
#define AREA 0x10000u

static const RigSpec spec = {.type = TYPE, .cpus = 2};

static void *
slot_tree(Platform *platform, const Drc *own)
{
    void *blob = g_malloc0(512);

    g_assert_cmpint(fdt_create(blob, 512) | fdt_finish_reservemap(blob), ==, 0);
    g_assert_cmpint(fdt_begin_node(blob, "") | fdt_begin_node(blob, "ethernet@1"), ==, 0);
    g_assert_cmpint(fdt_end_node(blob) | fdt_end_node(blob) | fdt_finish(blob), ==, 0);
    return blob;
}

Drc *
slot_rig_init(Rig *rig)
{
    rig_init(rig, &spec);
    drcs_add(&rig->platform->drcs, DRC_PCI, 0, 0, 256);
    return drcs_find(rig->platform, SLOT_INDEX);
}

void
slot_rig_plug(Rig *rig, Drc *slot)
{
    static const DrcDevice device = {.tree = slot_tree};

    g_assert_true(drc_attach(rig->platform, slot, &device, NULL, TRUE, NULL));
}

gboolean
slot_rig_load(Drc *slot, const guint8 *bytes, gsize n, GError **error)
{
    const VmsContext context = {.row = rig_row(TYPE), .rules = mig_rules_find(TYPE)};
    gsize used;

    if (!wire_load(&state_drc, &slot->own, 1, &context, bytes, n, &used, error))
        return FALSE;
    g_assert_cmpuint(used, ==, n);
    return TRUE;
}

static gint32
step(Rig *rig)
{
    return RIG_RTAS(rig, rig_token("ibm,configure-connector"), 1, AREA, 0);
}

void
slot_rig_take(Rig *rig, Drc *slot)
{
    guint32 sense = 0;

    g_assert_cmpint(drc_get_sense(rig->platform, SLOT_INDEX, &sense), ==, RTAS_OK);
    g_assert_cmpuint(sense, ==, 1);
    memset(rig->host->ram + AREA, 0, CONNECTOR_AREA);
    g_assert_true(guest_write_be32(&rig->host->table, AREA, SLOT_INDEX));
    g_assert_cmpint(step(rig), ==, RTAS_NOT_CONFIGURABLE);
    g_assert_cmpint(drc_set_isolation(rig->platform, SLOT_INDEX, 1), ==, RTAS_OK);
    g_assert_cmpint(step(rig), ==, CONNECTOR_CHILD);
    g_assert_cmpint(step(rig), ==, RTAS_OK);
    g_assert_cmpuint(slot->own.state, ==, DRC_SLOT_CONFIGURED);
}
