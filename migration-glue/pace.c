/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A debt of bytes, paid off by time.
 */
#include "migration-glue/pace.h"

#define QUANTUM_MIN    (64u << 10)
#define QUANTUM_MAX    (4u << 20)
#define PARTS_A_SECOND 20u
#define MEMORY_US      (G_USEC_PER_SEC / 2) /* older figures count half */

guint64
mig_pace_quantum(guint64 limit)
{
    return limit == 0 ? QUANTUM_MAX : CLAMP(limit / PARTS_A_SECOND, QUANTUM_MIN, QUANTUM_MAX);
}

static void
remember(guint64 *all_bytes, guint64 *all_us, guint64 bytes, gint64 us)
{
    *all_bytes += bytes;
    *all_us += (guint64)us;
    if (*all_us > MEMORY_US) {
        *all_bytes /= 2;
        *all_us /= 2;
    }
}

/* Small parts say how long a part takes, and not how fast bytes are. */
static void
remember_rate(MigPace *pace, guint64 bytes, gint64 us)
{
    if (bytes >= QUANTUM_MIN)
        pace->rates[pace->n_rates++ % MIG_PACE_RATES] = bytes * G_USEC_PER_SEC / (guint64)us;
}

/* The one in the middle: a part that had to wait for a processor says nothing of the connection. */
static guint64
usual_rate(const MigPace *pace)
{
    guint n = MIN(pace->n_rates, MIG_PACE_RATES);

    for (guint i = 0; i < n; i++) {
        guint below = 0, equal = 0;

        for (guint j = 0; j < n; j++) {
            below += pace->rates[j] < pace->rates[i];
            equal += pace->rates[j] == pace->rates[i];
        }
        if (below <= n / 2 && below + equal > n / 2)
            return pace->rates[i];
    }
    return 0;
}

void
mig_pace_owe(MigPace *pace, guint64 bytes, gint64 us, gint64 now)
{
    if (pace->debt == 0)
        pace->paid_at = now - us; /* sending took its own time already */
    pace->debt += bytes;
}

void
mig_pace_measure(MigPace *pace, guint64 bytes, guint64 page_bytes, gboolean again, gint64 us)
{
    if (us <= 0)
        return;
    remember(&pace->bytes, &pace->us, bytes, us);
    if (again) {
        remember(&pace->again_bytes, &pace->again_us, page_bytes, us);
        remember_rate(pace, page_bytes, us);
    }
    /* Looking for zeros is much faster than sending: such parts say nothing of the connection. */
    if (page_bytes > 0 && bytes >= page_bytes / 2)
        remember(&pace->dense_bytes, &pace->dense_us, bytes, us);
}

gint64
mig_pace_delay(MigPace *pace, guint64 limit, gint64 now)
{
    double paid;

    if (limit == 0) {
        pace->debt = 0;
        return 0;
    }
    paid = (double)(now - pace->paid_at) * (double)limit / G_USEC_PER_SEC;
    pace->debt = paid >= (double)pace->debt ? 0 : pace->debt - (guint64)paid;
    pace->paid_at = now;
    return (gint64)((double)pace->debt * G_USEC_PER_SEC / (double)limit);
}

gboolean
mig_pace_is_rehearsed(const MigPace *pace)
{
    return pace->again_us > 0;
}

guint64
mig_pace_bandwidth(const MigPace *pace)
{
    if (pace->n_rates > 0)
        return usual_rate(pace);
    if (pace->again_us > 0)
        return pace->again_bytes * G_USEC_PER_SEC / pace->again_us;
    if (pace->dense_us > 0)
        return pace->dense_bytes * G_USEC_PER_SEC / pace->dense_us;
    return pace->us > 0 ? pace->bytes * G_USEC_PER_SEC / pace->us : 0;
}
