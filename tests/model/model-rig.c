/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The rig of the model's tests.
 */
#include "tests/model/model-rig.h"

#include <string.h>
#include <sys/mman.h>

#include "vmm/accel/model.h"

static GHashTable *
parse_options(const char *options)
{
    GHashTable *table = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    g_auto(GStrv) items = g_strsplit(options != NULL ? options : "", ",", -1);

    for (guint i = 0; items[i] != NULL; i++) {
        g_auto(GStrv) pair = g_strsplit(items[i], "=", 2);

        if (items[i][0] != '\0')
            g_hash_table_insert(table, g_strdup(pair[0]), g_strdup(pair[1]));
    }
    return table;
}

static Accel *
open_model(const char *options, GError **error)
{
    g_autoptr(GHashTable) table = parse_options(options);
    AccelConfig config = {.options = table, .max_cpus = RIG_VCPUS};

    return model_accel_class.open(&config, error);
}

gboolean
rig_try_open(const char *options, GError **error)
{
    Accel *accel = open_model(options, error);

    model_accel_class.close(accel);
    return accel != NULL;
}

void
rig_open(Rig *rig, const char *options)
{
    GError *error = NULL;

    memset(rig, 0, sizeof(*rig));
    rig->accel = open_model(options, &error);
    g_assert_no_error(error);
    rig->ram = mmap(NULL, RIG_RAM_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    g_assert_true(rig->ram != MAP_FAILED);
    g_assert_cmpint(
        model_accel_class.memory_set(rig->accel, SLOT_RAM, 0, RIG_RAM_SIZE, rig->ram, 0), ==, 0);
}

void
rig_script(Rig *rig, const char *text)
{
    GError *error = NULL;

    model_set_script(rig->accel, "test.script", text, &error);
    g_assert_no_error(error);
}

void
rig_device(Rig *rig)
{
    gint errnum = 0;

    rig->kdev = model_accel_class.kdev_new(rig->accel, VDEV_KDEV_XIVE, &errnum);
    g_assert_cmpint(errnum, ==, 0);
    g_assert_nonnull(rig->kdev);
}

void
rig_windows(Rig *rig)
{
    VdevRegionSpec esb = {.name = "esb",
                          .page_offset = VDEV_XIVE_ESB_PAGE_OFFSET,
                          .gpa = XIVE_ESB_BASE,
                          .size = XIVE_ESB_SIZE};
    VdevRegionSpec tima = {.name = "tima",
                           .page_offset = VDEV_XIVE_TIMA_PAGE_OFFSET,
                           .gpa = XIVE_TIMA_BASE,
                           .size = XIVE_TIMA_PAGES * XIVE_PAGE_SIZE};
    GError *error = NULL;

    rig->esb = model_accel_class.region_new(rig->kdev, SLOT_ESB, &esb, &error);
    g_assert_no_error(error);
    rig->tima = model_accel_class.region_new(rig->kdev, SLOT_TIMA, &tima, &error);
    g_assert_no_error(error);
}

void
rig_vcpus(Rig *rig, guint n)
{
    GError *error = NULL;

    for (guint i = 0; i < n; i++) {
        rig->vcpus[i] = model_accel_class.vcpu_new(rig->accel, i, &error);
        g_assert_no_error(error);
    }
    rig->n_vcpus = n;
}

void
rig_open_full(Rig *rig, const char *options, guint n)
{
    rig_open(rig, options);
    rig_vcpus(rig, n);
    rig_device(rig);
    for (guint i = 0; i < n; i++)
        g_assert_cmpint(model_accel_class.kdev_connect(rig->kdev, rig->vcpus[i], i), ==, 0);
    rig_windows(rig);
    for (guint32 i = 0; i < RIG_LISNS; i++)
        g_assert_cmpint(rig_source(rig, i, 0), ==, 0);
}

void
rig_close(Rig *rig)
{
    model_accel_class.region_free(rig->esb);
    model_accel_class.region_free(rig->tima);
    model_accel_class.kdev_free(rig->kdev);
    for (guint i = 0; i < rig->n_vcpus; i++)
        model_accel_class.vcpu_free(rig->vcpus[i]);
    model_accel_class.close(rig->accel);
    munmap(rig->ram, RIG_RAM_SIZE);
}

/* ---- the device ---------------------------------------------------------------------------- */

gint
rig_set(Rig *rig, guint32 group, guint64 attr, const void *data)
{
    return model_accel_class.kdev_set(rig->kdev, group, attr, data);
}

gint
rig_source(Rig *rig, guint32 lisn, guint64 word)
{
    return rig_set(rig, VDEV_XIVE_GRP_SOURCE, lisn, &word);
}

gint
rig_config(Rig *rig, guint32 lisn, guint32 server, guint8 prio, gboolean masked, guint32 eisn)
{
    guint64 word = (guint64)prio | (guint64)server << 3 | (masked ? VDEV_XIVE_CONFIG_MASKED : 0) |
                   (guint64)eisn << 33;

    return rig_set(rig, VDEV_XIVE_GRP_SOURCE_CONFIG, lisn, &word);
}

VdevXiveEq
rig_eq(guint64 gpa)
{
    return (VdevXiveEq){
        .flags = VDEV_XIVE_EQ_ALWAYS_NOTIFY, .qshift = 16, .qaddr = gpa, .qtoggle = 1};
}

gint
rig_set_eq(Rig *rig, guint32 server, guint8 prio, const VdevXiveEq *eq)
{
    return rig_set(rig, VDEV_XIVE_GRP_EQ_CONFIG, (guint64)server << 3 | prio, eq);
}

VdevXiveEq
rig_get_eq(Rig *rig, guint32 server, guint8 prio)
{
    VdevXiveEq eq;

    memset(&eq, 0xaa, sizeof(eq));
    g_assert_cmpint(model_accel_class.kdev_get(rig->kdev, VDEV_XIVE_GRP_EQ_CONFIG,
                                               (guint64)server << 3 | prio, &eq),
                    ==, 0);
    return eq;
}

guint64
rig_queue(Rig *rig, guint32 server, guint8 prio, guint n)
{
    guint64 gpa = RIG_EQ_BASE + ((guint64)n << 16);
    VdevXiveEq eq = rig_eq(gpa);

    memset(rig->ram + gpa, 0, 1u << 16);
    g_assert_cmpint(rig_set_eq(rig, server, prio, &eq), ==, 0);
    return gpa;
}

guint32
rig_entry(Rig *rig, guint64 gpa, guint32 index)
{
    const guint8 *at = rig->ram + gpa + (gsize)index * 4;

    return (guint32)at[0] << 24 | (guint32)at[1] << 16 | (guint32)at[2] << 8 | at[3];
}

/* ---- the pages ----------------------------------------------------------------------------- */

guint64
rig_esb_load(Rig *rig, guint32 lisn, guint32 offset)
{
    guint64 value = 0, at = (guint64)lisn * 0x20000 + 0x10000 + offset;
    GError *error = NULL;

    model_accel_class.region_load64(rig->esb, at, &value, &error);
    g_assert_no_error(error);
    return value;
}

void
rig_trigger(Rig *rig, guint32 lisn)
{
    GError *error = NULL;

    model_accel_class.region_store64(rig->esb, (guint64)lisn * 0x20000, 0, &error);
    g_assert_no_error(error);
}

guint
rig_pq(Rig *rig, guint32 lisn)
{
    return (guint)rig_esb_load(rig, lisn, 0x800);
}

guint
rig_eoi(Rig *rig, guint32 lisn)
{
    return (guint)rig_esb_load(rig, lisn, 0);
}

guint
rig_set_pq(Rig *rig, guint32 lisn, guint pq)
{
    return (guint)rig_esb_load(rig, lisn, 0xc00 + (pq << 8));
}

void
rig_wait_pq(Rig *rig, guint32 lisn, guint pq)
{
    gint64 deadline = g_get_monotonic_time() + 60 * G_USEC_PER_SEC;

    while (rig_pq(rig, lisn) != pq) {
        if (g_get_monotonic_time() > deadline)
            g_error("PQ of LISN %u is %u, not %u", lisn, rig_pq(rig, lisn), pq);
        g_thread_yield();
    }
}

/* ---- vCPUs --------------------------------------------------------------------------------- */

void
rig_vp(Rig *rig, guint index, guint8 *bytes)
{
    guint8 value[16];

    g_assert_cmpint(model_accel_class.vcpu_get(rig->vcpus[index], VDEV_REG_VP_STATE, value), ==, 0);
    memcpy(bytes, value, 8);
}

void
rig_set_vp(Rig *rig, guint index, const guint8 *bytes)
{
    guint8 value[16] = {0};

    memcpy(value, bytes, 8);
    g_assert_cmpint(model_accel_class.vcpu_set(rig->vcpus[index], VDEV_REG_VP_STATE, value), ==, 0);
}

guint64
rig_reg(Rig *rig, guint index, guint64 reg)
{
    guint64 value = 0;

    g_assert_cmpint(model_accel_class.vcpu_get(rig->vcpus[index], reg, &value), ==, 0);
    return value;
}

void
rig_set_reg(Rig *rig, guint index, guint64 reg, guint64 value)
{
    g_assert_cmpint(model_accel_class.vcpu_set(rig->vcpus[index], reg, &value), ==, 0);
}

void
rig_run(Rig *rig, guint index, AccelExit *exit)
{
    model_accel_class.vcpu_run(rig->vcpus[index], exit);
}

void
rig_run_all(Rig *rig, guint index)
{
    AccelExit exit = {0};

    for (;;) {
        rig_run(rig, index, &exit);
        if (exit.kind == ACCEL_EXIT_HALTED)
            return;
        if (exit.kind == ACCEL_EXIT_HCALL)
            exit.hcall.ret = -2;
        else if (exit.kind == ACCEL_EXIT_MMIO)
            memset(exit.mmio.data, 0xff, sizeof(exit.mmio.data));
        else
            g_error("vCPU %u left with %d: %s", index, exit.kind, exit.message);
    }
}
