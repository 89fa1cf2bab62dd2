/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hypercall dispatch: one look into an array by number.
 *
 * Not here: any handler. What KVM answers by itself (H_CEDE, H_PROD, H_CONFER, H_REGISTER_VPA, …)
 * never arrives.
 */
#include "hw-spapr/hcall.h"

#include <string.h>

#include "hw-spapr/platform.h"

static HcallEntry *
table_slot(HcallTable *table, guint64 nr)
{
    if (nr < HCALL_PAPR_END && nr % 4 == 0)
        return &table->papr[nr / 4];
    if (nr >= HCALL_OWN_FIRST && nr - HCALL_OWN_FIRST < HCALL_OWN_N)
        return &table->own[nr - HCALL_OWN_FIRST];
    return NULL;
}

void
hcall_table_add(HcallTable *table, const VdevHcallRow *rows, void *owner)
{
    for (; rows->name != NULL; rows++) {
        HcallEntry *entry = table_slot(table, rows->nr);

        g_assert(entry != NULL && entry->row == NULL);
        *entry = (HcallEntry){rows, owner};
    }
}

const HcallEntry *
hcall_table_find(const HcallTable *table, guint64 nr)
{
    return table_slot((HcallTable *)table, nr);
}

static void
log_call(Platform *platform, VdevVcpu *vcpu, const VdevHcallRow *row, const guint64 *in,
         const guint64 *out, HcallStatus status)
{
    const VdevHost *host = platform_host(platform);

    vdev_log(host, VDEV_LOG_HCALL,
             "vCPU %u: %s(0x%" G_GINT64_MODIFIER "x, 0x%" G_GINT64_MODIFIER
             "x, 0x%" G_GINT64_MODIFIER "x, 0x%" G_GINT64_MODIFIER "x, 0x%" G_GINT64_MODIFIER
             "x) = %" G_GINT64_FORMAT " {0x%" G_GINT64_MODIFIER "x, 0x%" G_GINT64_MODIFIER "x}",
             host->vcpu_id(host, vcpu), row->name, in[0], in[1], in[2], in[3], in[4], status,
             out[0], out[1]);
}

HcallStatus
hcall_dispatch(Platform *platform, VdevVcpu *vcpu, guint64 nr, guint64 *args)
{
    const VdevHost *host = platform_host(platform);
    const HcallEntry *entry = hcall_table_find(&platform->hcalls, nr);
    guint64 in[HCALL_ARGS];
    HcallStatus status;

    if (entry == NULL || entry->row == NULL) {
        vdev_log(host, VDEV_LOG_UNIMPL, "vCPU %u: unknown hypercall 0x%" G_GINT64_MODIFIER "x",
                 host->vcpu_id(host, vcpu), nr);
        return H_FUNCTION;
    }
    memcpy(in, args, sizeof(in));
    status = entry->row->handler(entry->owner, vcpu, args);
    if (host->log_enabled(host, VDEV_LOG_HCALL))
        log_call(platform, vcpu, entry->row, in, args, status);
    return status;
}

/* KVM hands these to us only after KVM_CAP_PPC_ENABLE_HCALL. The first is what no Linux guest can
 * do without; the others KVM may not know, and a guest then sees H_FUNCTION. */
static const struct {
    guint32 nr;
    const char *needed_for; /* NULL: the guest can do without */
} switched[] = {
    {H_SET_MODE, "little-endian interrupts"},
    {H_LOGICAL_CI_LOAD, NULL},
    {H_LOGICAL_CI_STORE, NULL},
    {H_RANDOM, NULL},
    {H_PAGE_INIT, NULL},
};

gboolean
hcall_enable(const VdevHost *host, GError **error)
{
    for (guint i = 0; i < G_N_ELEMENTS(switched); i++) {
        if (host->enable_hcall(host, switched[i].nr) || switched[i].needed_for == NULL)
            continue;
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NOSYS,
                    "the accelerator does not pass on hypercall 0x%x, which guests need for %s; a "
                    "kernel of Linux 4.1 or later is required",
                    switched[i].nr, switched[i].needed_for);
        return FALSE;
    }
    return TRUE;
}
