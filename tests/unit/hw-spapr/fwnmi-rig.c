/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Building that machine, and what happens to it.
 */
#include "tests/unit/hw-spapr/fwnmi-rig.h"

#include "tests/unit/migration-glue/wire-rig.h"
#include "vdev/kvm-ppc.h"

static void
give_area(Rig *rig)
{
    rig->platform->boot.rtas = RTAS_AT;
    rig->platform->boot.rtas_size = rtas_area_size(rig->platform);
}

/* @cap: 0, CAP_OFF, CAP_ON. */
void
fwnmi_rig_start(Rig *rig, const char *type, guint64 cap)
{
    const RigSpec spec = {.type = type, .cpus = 3};
    GError *error = NULL;

    rig_make(rig, &spec);
    fake_host_set(rig->platform, pseries_class.props, "cap-fwnmi", cap);
    rig_realize(rig, &spec, &error);
    g_assert_no_error(error);
    pseries_class.reset(rig->platform, &error);
    g_assert_no_error(error);
    give_area(rig);
}

gint32
fwnmi_rig_register(Rig *rig, guint32 on_reset, guint32 on_check)
{
    return RIG_RTAS(rig, rig_token("ibm,nmi-register"), 1, on_reset, on_check);
}

void
fwnmi_rig_start_registered(Rig *rig)
{
    fwnmi_rig_start(rig, NULL, 0);
    g_assert_cmpint(fwnmi_rig_register(rig, ON_RESET, ON_CHECK), ==, RTAS_OK);
}

/* RTAS ibm,nmi-interlock by vCPU @index. */
gint32
fwnmi_rig_interlock(Rig *rig, guint index)
{
    VdevRtasCall call = {.nret = 1};

    return rtas_ibm_nmi_interlock(rig->platform, rig_vcpu(rig, index), &call);
}

/* As the processor and KVM leave it. */
void
fwnmi_rig_check(Rig *rig, guint index, guint64 about, gboolean recovered)
{
    const guint32 dsisr = 0x4000;
    const VdevHost *host = &rig->host->table;

    rig_set_reg(rig, index, VDEV_REG_PC, 0xc000000000123458 + index);
    rig_set_reg(rig, index, VDEV_REG_MSR, SF_ME_EE);
    rig_set_reg(rig, index, VDEV_REG_SRR0, 0xc000000000123458 + index);
    rig_set_reg(rig, index, VDEV_REG_SRR1, SF_ME_EE | about);
    rig_set_reg(rig, index, VDEV_REG_DAR, 0xd00d0000 + index);
    rig_set_reg(rig, index, VDEV_REG_GPR(3), 0x1122334455667700 + index);
    g_assert_cmpint(host->vcpu_set(host, rig_vcpu(rig, index), VDEV_REG_DSISR, &dsisr), ==, 0);
    pseries_class.machine_check(rig->platform, rig_vcpu(rig, index), recovered);
}

gboolean
fwnmi_rig_blocked(Rig *rig, guint index)
{
    return ((FakeVcpu *)rig_vcpu(rig, index))->blocked;
}

void
fwnmi_rig_assert_handles(Rig *rig, guint index)
{
    g_assert_false(fwnmi_rig_blocked(rig, index));
    g_assert_cmphex(rig_reg(rig, index, VDEV_REG_PC), ==, ON_CHECK);
    g_assert_cmphex(rig_reg(rig, index, VDEV_REG_MSR), ==, SF_ME);
    g_assert_cmphex(rig_reg(rig, index, VDEV_REG_GPR(3)), ==, RTAS_AT + 0x30);
    g_assert_cmphex(rig_reg(rig, index, VDEV_REG_SRR0), ==, 0xc000000000123458 + index);
    g_assert_cmpint(rig->platform->state.fwnmi_interlock, ==, (gint32)index);
}

void
fwnmi_rig_assert_memory(Rig *rig, guint64 at, const char *text)
{
    g_autoptr(GByteArray) wanted = wire_bytes(text);
    g_autofree guint8 *have = g_malloc(wanted->len);

    g_assert_true(rig->host->table.guest_read(&rig->host->table, at, have, wanted->len));
    g_assert_cmpmem(have, wanted->len, wanted->data, wanted->len);
}
