/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guest's clock (see the header).
 */
#include "vmm/guest-clock.h"

#include "vdev/kvm-ppc.h"
#include "vmm/vm.h"

void
guest_clock_stop(GuestClock *clock, guint64 now)
{
    clock->since = clock->stands ? clock->since : now;
    clock->stands = TRUE;
}

/* What the guest's clock is ahead of the host's, before KVM rounded it if that is known. */
static gint
read_offset(const GuestClock *clock, const GPtrArray *vcpus, guint64 *offset)
{
    *offset = clock->offset;
    return clock->given ? 0 : vcpu_get(vcpus->pdata[0], VDEV_REG_TB_OFFSET, offset);
}

/* Returns: 0, or −errno and which vCPU refused. */
static gint
set_offsets(const GPtrArray *vcpus, guint64 offset, VdevVcpu **refused)
{
    gint result = 0;

    for (guint i = 0; i < vcpus->len && result == 0; i++) {
        *refused = vcpus->pdata[i];
        result = vcpu_set(vcpus->pdata[i], VDEV_REG_TB_OFFSET, &offset);
    }
    return result;
}

static gboolean
fail(VdevVcpu *vcpu, const char *what, gint result, GError **error)
{
    g_set_error(error, VM_ERROR, VM_ERROR_HOST, "vCPU %u: %s the clock (TB_OFFSET): %s",
                vcpu_id(vcpu), what, g_strerror(-result));
    return FALSE;
}

gboolean
guest_clock_go_on(GuestClock *clock, const GPtrArray *vcpus, guint64 now, GError **error)
{
    VdevVcpu *refused = NULL;
    guint64 offset;
    gint result;

    if (!clock->stands)
        return TRUE;
    result = read_offset(clock, vcpus, &offset);
    if (result != 0)
        return fail(vcpus->pdata[0], "reading", result, error);
    /* Kept, lest a second attempt take the same ticks off again. */
    clock->offset = offset - (now - clock->since);
    clock->given = TRUE;
    clock->since = now;
    result = set_offsets(vcpus, clock->offset, &refused);
    if (result != 0)
        return fail(refused, "setting", result, error);
    /* From here on what KVM made of it counts: the guest's time must not go back. */
    clock->given = FALSE;
    clock->stands = FALSE;
    return TRUE;
}

gint
guest_clock_read(const GuestClock *clock, const GPtrArray *vcpus, guint64 now, guint64 *ticks)
{
    guint64 offset;
    gint result = read_offset(clock, vcpus, &offset);

    if (result == 0)
        *ticks = (clock->stands ? clock->since : now) + offset;
    return result;
}

gint
guest_clock_set(GuestClock *clock, const GPtrArray *vcpus, guint64 now, guint64 ticks)
{
    const guint64 offset = ticks - now;
    VdevVcpu *refused = NULL;
    gint result = set_offsets(vcpus, offset, &refused);

    if (result == 0)
        *clock = (GuestClock){.stands = TRUE, .since = now, .given = TRUE, .offset = offset};
    return result;
}

gint
guest_clock_join(VdevVcpu *vcpu, VdevVcpu *first)
{
    guint64 offset = 0;
    gint result = vcpu_get(first, VDEV_REG_TB_OFFSET, &offset);

    if (result != 0 || offset == 0)
        return result;
    return vcpu_set(vcpu, VDEV_REG_TB_OFFSET, &offset);
}
