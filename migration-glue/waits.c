/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Counting by size.
 */
#include "migration-glue/waits.h"

static guint
slot_of(guint64 us)
{
    guint bits = us < 4 ? 0 : 61 - (guint)__builtin_clzll(us);

    return MIN(us < 4 ? (guint)us : 4 + (bits)*4 + (guint)(us >> bits & 3), MIG_WAITS_SLOTS - 1);
}

/* The least number of µs that belongs to the next slot. */
static guint64
slot_end(guint slot)
{
    guint64 next = slot + 1u;

    return next < 8 ? next : (4 + next % 4) << ((next - 4) / 4);
}

void
mig_waits_note(MigWaits *waits, guint64 us)
{
    waits->slots[slot_of(us)]++;
    waits->n++;
    waits->us += us;
    waits->longest = MAX(waits->longest, us);
}

guint64
mig_waits_quantile(const MigWaits *waits, guint percent)
{
    guint64 wanted = (waits->n * percent + 99) / 100, sum = 0;

    for (guint i = 0; i < MIG_WAITS_SLOTS && wanted > 0; i++) {
        sum += waits->slots[i];
        if (sum >= wanted)
            return MIN(slot_end(i), waits->longest);
    }
    return 0;
}
