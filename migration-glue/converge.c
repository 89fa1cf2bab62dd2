/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two looks in a row that find too much written make vCPUs rest, or rest more.
 */
#include "migration-glue/converge.h"

#define PATIENCE 2u

/* How much more they rest. Gently: only so much that what they write shrinks to what may be
 * written, if it does in proportion to the time they run. */
static guint
step(const MigConverge *converge, const MigConvergeRules *rules, double allowed)
{
    guint awake = 100 - converge->percent, enough;

    if (!rules->gently)
        return rules->increment;
    enough = (guint)((double)awake * allowed / (double)converge->dirtied);
    return CLAMP(awake - MIN(enough, awake), 1, rules->increment);
}

static guint
next_percent(const MigConverge *converge, const MigConvergeRules *rules, double allowed)
{
    guint percent = converge->percent == 0 ? rules->initial
                                           : converge->percent + step(converge, rules, allowed);

    return MAX(MIN(percent, rules->most), converge->percent);
}

gboolean
mig_converge_look(MigConverge *converge, const MigConvergeRules *rules, guint64 dirtied,
                  guint64 sent, gint64 now)
{
    double allowed = (double)(sent - converge->sent) * rules->trigger / 100.0;
    guint before = converge->percent;

    converge->dirtied += dirtied;
    if (now - converge->looked_at < MIG_CONVERGE_US)
        return FALSE;
    converge->high = (double)converge->dirtied > allowed ? converge->high + 1 : 0;
    if (converge->high >= PATIENCE) {
        converge->high = 0;
        converge->percent = next_percent(converge, rules, allowed);
    }
    converge->dirtied = 0;
    converge->sent = sent;
    converge->looked_at = now;
    return converge->percent != before;
}
