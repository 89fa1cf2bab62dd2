/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Building the machine under test, and talking to it as a guest would.
 */
#include "tests/unit/hw-spapr/platform-rig.h"

#include <string.h>

#include "vdev/guestmem.h"
#include "vdev/kvm-ppc.h"

const VdevMachineRow *
rig_row(const char *name)
{
    for (const VdevMachineRow *row = pseries_rows; row->name != NULL; row++) {
        if (strcmp(row->name, name) == 0)
            return row;
    }
    g_assert_not_reached();
}

void
rig_make(Rig *rig, const RigSpec *spec)
{
    static const RigSpec plain = {0};
    g_autoptr(GError) error = NULL;

    spec = spec != NULL ? spec : &plain;
    memset(rig, 0, sizeof(*rig));
    rig->config = (VdevMachineConfig){
        .cpus = spec->cpus != 0 ? spec->cpus : 2,
        .ram_size = BOOT_MEMORY_BLOCK,
        .max_ram_size = BOOT_MEMORY_BLOCK * (1 + (guint64)spec->blocks),
        .ram_slots = MIN(spec->blocks, 256),
        .name = spec->name,
        .uuid = spec->uuid,
        .cmdline = spec->cmdline,
    };
    rig->config.max_cpus = spec->max_cpus != 0 ? spec->max_cpus : rig->config.cpus;
    rig->host = fake_host_new_over(spec->accel != NULL ? spec->accel : &model_accel_class,
                                   spec->ram != 0 ? spec->ram : RIG_RAM, rig->config.max_cpus);
    rig->config.console = spec->no_console ? NULL : (VdevChardev *)rig->host;
    rig->platform = fake_host_object_new(rig->host, pseries_class.size, pseries_class.props, NULL);
    rig->xive = fake_host_object_new(rig->host, xive_class.size, xive_class.props, &xive_class);
    g_assert_true(pseries_class.attach(rig->platform, (VdevDevice *)rig->xive, &error));
}

gboolean
rig_realize(Rig *rig, const RigSpec *spec, GError **error)
{
    const char *type = spec != NULL && spec->type != NULL ? spec->type : "pseries-10.0";

    return pseries_class.realize(rig->platform, rig_row(type), &rig->config, error);
}

void
rig_init(Rig *rig, const RigSpec *spec)
{
    g_autoptr(GError) error = NULL;

    rig_make(rig, spec);
    rig_realize(rig, spec, &error);
    g_assert_no_error(error);
    pseries_class.reset(rig->platform, &error);
    g_assert_no_error(error);
    pseries_class.resume(rig->platform, &error);
    g_assert_no_error(error);
}

void
rig_finish(Rig *rig)
{
    pseries_class.finish(rig->platform);
    g_free(rig->platform);
    g_free(rig->xive);
    fake_host_free(rig->host);
}

HcallStatus
rig_hcall(Rig *rig, guint64 nr, const guint64 *args, gsize n)
{
    memset(rig->args, 0, sizeof(rig->args));
    memcpy(rig->args, args, n * sizeof(*args));
    return pseries_class.hcall(rig->platform, rig_vcpu(rig, 0), nr, rig->args);
}

gint32
rig_rtas(Rig *rig, guint32 token, guint32 nret, const guint32 *args, gsize n)
{
    const VdevHost *host = &rig->host->table;
    guint64 at = RIG_BLOCK + (3 + n) * sizeof(guint32);

    g_assert_true(guest_write_be32(host, RIG_BLOCK, token));
    g_assert_true(guest_write_be32(host, RIG_BLOCK + 4, (guint32)n));
    g_assert_true(guest_write_be32(host, RIG_BLOCK + 8, nret));
    for (gsize i = 0; i < n; i++)
        g_assert_true(guest_write_be32(host, RIG_BLOCK + 12 + 4 * i, args[i]));
    g_assert_cmpint(RIG_HCALL(rig, H_RTAS, RIG_BLOCK), ==, H_SUCCESS);
    memset(rig->rets, 0, sizeof(rig->rets));
    for (guint32 i = 0; i < nret; i++)
        g_assert_true(guest_read_be32(host, at + 4 * i, &rig->rets[i]));
    return (gint32)rig->rets[0];
}

guint32
rig_token(const char *name)
{
    for (const VdevRtasRow *row = rtas_rows; row->name != NULL; row++) {
        if (strcmp(row->name, name) == 0)
            return row->token;
    }
    g_assert_not_reached();
}

VdevVcpu *
rig_vcpu(Rig *rig, guint index)
{
    g_assert_cmpuint(index, <, rig->host->vcpus->len);
    return rig->host->vcpus->pdata[index];
}

guint64
rig_reg(Rig *rig, guint index, guint64 reg)
{
    guint64 value = 0;
    const VdevHost *host = &rig->host->table;

    g_assert_cmpint(host->vcpu_get(host, rig_vcpu(rig, index), reg, &value), ==, 0);
    return value;
}

void
rig_set_reg(Rig *rig, guint index, guint64 reg, guint64 value)
{
    const VdevHost *host = &rig->host->table;

    g_assert_cmpint(host->vcpu_set(host, rig_vcpu(rig, index), reg, &value), ==, 0);
}

enum {
    INT_ESB = 0x3c8,
    ESB_GET = 0x800,
    ESB_SET_00 = 0xc00,
    PQ_PENDING = 2,
};

void
rig_arm(Rig *rig, guint32 lisn)
{
    g_assert_cmpint(RIG_HCALL(rig, INT_ESB, 0, lisn, ESB_SET_00), ==, H_SUCCESS);
}

gboolean
rig_fired(Rig *rig, guint32 lisn)
{
    g_assert_cmpint(RIG_HCALL(rig, INT_ESB, 0, lisn, ESB_GET), ==, H_SUCCESS);
    return (rig->args[0] & PQ_PENDING) != 0;
}
