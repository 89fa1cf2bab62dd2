/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guest's clock (see the header).
 */
#include "vmm/guest-clock.h"

#include "vdev/kvm-ppc.h"
#include "vmm/vm.h"

void
guest_clock_stop(GuestClock *clock, gint64 now)
{
    clock->since = clock->stands ? clock->since : now;
    clock->stands = TRUE;
}

/* Whole seconds apart, lest the product overflow. */
static guint64
ticks(gint64 us, guint64 hz)
{
    guint64 passed = us > 0 ? (guint64)us : 0;

    return passed / G_USEC_PER_SEC * hz + passed % G_USEC_PER_SEC * hz / G_USEC_PER_SEC;
}

static gboolean
refused(VdevVcpu *vcpu, const char *what, gint result, GError **error)
{
    g_set_error(error, VM_ERROR, VM_ERROR_HOST, "vCPU %u: %s the clock (TB_OFFSET): %s",
                vcpu_id(vcpu), what, g_strerror(-result));
    return FALSE;
}

gboolean
guest_clock_go_on(GuestClock *clock, const GPtrArray *vcpus, guint64 hz, gint64 now, GError **error)
{
    guint64 offset = 0;
    gint result;

    if (!clock->stands)
        return TRUE;
    result = vcpu_get(vcpus->pdata[0], VDEV_REG_TB_OFFSET, &offset);
    if (result != 0)
        return refused(vcpus->pdata[0], "reading", result, error);
    offset -= ticks(now - clock->since, hz);
    for (guint i = 0; i < vcpus->len; i++) {
        result = vcpu_set(vcpus->pdata[i], VDEV_REG_TB_OFFSET, &offset);
        /* The first one's offset tells how far it came. */
        if (i == 0 && result == 0)
            clock->since = now;
        if (result != 0)
            return refused(vcpus->pdata[i], "setting", result, error);
    }
    clock->stands = FALSE;
    return TRUE;
}
