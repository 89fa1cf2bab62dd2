/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Building the controller under test.
 */
#include "tests/unit/hw-xive/xive-rig.h"

#include <string.h>

#include "hw-xive/core/eas.h"

Xive *
rig_object(FakeHost *host, guint32 servers)
{
    Xive *xive = fake_host_object_new(host, xive_class.size, xive_class.props, &xive_class);

    xive_set_servers(xive, servers);
    return xive;
}

void
rig_init(Rig *rig)
{
    g_autoptr(GError) error = NULL;
    const VdevHost *host = NULL;

    memset(rig, 0, sizeof(*rig));
    rig->host = fake_host_new(RIG_RAM, RIG_VCPUS);
    host = &rig->host->table;
    g_assert_true(host->ram_register_main(host, "ram", 0, &error));
    rig->xive = rig_object(rig->host, RIG_VCPUS);
    xive_class.realize(rig->xive, &error);
    g_assert_no_error(error);
    for (guint32 i = 0; i < RIG_VCPUS; i++) {
        rig->vcpus[i] = host->vcpu_new(host, i, &error);
        g_assert_no_error(error);
        xive_vcpu_connect(rig->xive, rig->vcpus[i], &error);
        g_assert_no_error(error);
    }
    g_assert_true(xive_lisn_claim(rig->xive, RIG_EDGE, FALSE, &error));
    g_assert_true(xive_lisn_claim(rig->xive, RIG_LSI, TRUE, &error));
    xive_class.reset(rig->xive, &error);
    g_assert_no_error(error);
    xive_class.resume(rig->xive, &error);
    g_assert_no_error(error);
}

void
rig_finish(Rig *rig)
{
    xive_class.finish(rig->xive);
    g_free(rig->xive);
    fake_host_free(rig->host);
}

HcallStatus
rig_call(Rig *rig, guint32 nr, guint64 a0, guint64 a1, guint64 a2, guint64 a3, guint64 a4)
{
    const guint64 args[HCALL_ARGS] = {a0, a1, a2, a3, a4};
    const VdevHcallRow *row = xive_hcalls;

    while (row->nr != nr)
        g_assert_nonnull((++row)->name);
    memcpy(rig->args, args, sizeof(args));
    return row->handler(rig->xive, rig->vcpus[0], rig->args);
}

void
rig_queue(Rig *rig, guint32 server, guint8 prio, guint n)
{
    memset(rig->host->ram + RIG_QUEUE(n), 0, 0x10000);
    g_assert_cmpint(rig_call(rig, SET_QUEUE_CONFIG, 1, server, prio, RIG_QUEUE(n), 16), ==,
                    H_SUCCESS);
}

guint32
rig_entry(const Rig *rig, guint n, guint index)
{
    be32 word;

    memcpy(&word, rig->host->ram + RIG_QUEUE(n) + index * sizeof(word), sizeof(word));
    return be32_get(word);
}

XivePq
rig_pq(Rig *rig, guint32 lisn)
{
    g_autoptr(GError) error = NULL;
    XivePq pq = XIVE_PQ_OFF;

    xive_source_pq(rig->xive, lisn, &pq, &error);
    g_assert_no_error(error);
    return pq;
}

void
rig_disturb(Rig *rig)
{
    g_autoptr(GError) error = NULL;

    rig_queue(rig, 0, 6, 0);
    rig_queue(rig, 1, 0, 1);
    g_assert_cmpint(rig_call(rig, SET_SOURCE_CONFIG, 2, RIG_LSI, 0, 6, 5), ==, H_SUCCESS);
    g_assert_cmpint(rig_call(rig, SET_SOURCE_CONFIG, 3, RIG_EDGE, 1, 0, 6), ==, H_SUCCESS);
    g_assert_cmpint(rig_call(rig, INT_ESB, 0, RIG_EDGE, 0xc00, 0, 0), ==, H_SUCCESS);
    g_assert_cmpint(rig_call(rig, INT_ESB, 0, RIG_LSI, 0xc00, 0, 0), ==, H_SUCCESS);
    xive_set_level(rig->xive, RIG_LSI, TRUE);
    for (guint32 i = 0; i < RIG_VCPUS; i++)
        g_assert_true(xive_kvm_vp_set(rig->xive, i,
                                      be64_make(G_GUINT64_CONSTANT(0x80ff4000ff000001)), &error));
}

void
rig_assert_pristine(Rig *rig)
{
    g_autoptr(GError) error = NULL;
    XiveEnd fresh;

    xive_end_reset(&fresh);
    for (guint32 i = 0; i < xive_nr_ends(rig->xive); i++)
        g_assert_cmpmem(&rig->xive->ends[i], sizeof(fresh), &fresh, sizeof(fresh));
    for (guint32 i = 0; i < rig->xive->nr_irqs; i++) {
        gboolean claimed = i < RIG_VCPUS || i == RIG_EDGE || i == RIG_LSI;

        g_assert_cmphex(rig->xive->eas[i], ==, claimed ? XIVE_EAS_RESET : 0);
        g_assert_cmphex(rig->xive->status[i], ==, XIVE_PQ_OFF);
    }
    g_assert_cmpint(rig_pq(rig, RIG_EDGE), ==, XIVE_PQ_OFF);
    g_assert_cmpint(rig_pq(rig, RIG_LSI), ==, XIVE_PQ_OFF);
    for (guint32 i = 0; i < RIG_VCPUS; i++) {
        be64 vp = {0};

        g_assert_true(xive_kvm_vp_get(rig->xive, i, &vp, &error));
        g_assert_cmphex(be64_get(vp), ==, XIVE_VP_CREATED);
    }
}
