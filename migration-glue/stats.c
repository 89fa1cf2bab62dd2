/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The ledger.
 */
#include "migration-glue/stats.h"

#include <string.h>

struct MigLedger {
    GMutex lock;    /* guards all below */
    MigStats stats; /* times in it are filled when it is read */
    gint64 began, ended, down;
    gint64 phase_began;
    MigPhase phase;
    gint64 expected_us, eta_us;
    const char *stall;
    GArray *devices; /* MigDeviceCost */
};

static void
clear_device(void *data)
{
    g_free(((MigDeviceCost *)data)->idstr);
}

void
mig_stats_clear(MigStats *stats)
{
    for (guint i = 0; i < stats->n_devices; i++)
        clear_device(&stats->devices[i]);
    g_free(stats->devices);
    g_free(stats->error);
    g_free(stats->stall);
    memset(stats, 0, sizeof(*stats));
}

MigLedger *
mig_ledger_new(void)
{
    MigLedger *ledger = g_new0(MigLedger, 1);

    g_mutex_init(&ledger->lock);
    ledger->began = g_get_monotonic_time();
    ledger->stats.setup_ms = -1;
    ledger->stats.downtime_ms = -1;
    ledger->expected_us = -1;
    ledger->eta_us = -1;
    ledger->phase = MIG_PHASE_N;
    for (guint i = 0; i < MIG_PHASE_N; i++)
        ledger->stats.phase_us[i] = -1;
    ledger->devices = g_array_new(FALSE, TRUE, sizeof(MigDeviceCost));
    g_array_set_clear_func(ledger->devices, clear_device);
    return ledger;
}

void
mig_ledger_free(MigLedger *ledger)
{
    if (ledger == NULL)
        return;
    g_free(ledger->stats.error);
    g_array_unref(ledger->devices);
    g_mutex_clear(&ledger->lock);
    g_free(ledger);
}

/* Rounded up: what took time took some. */
static gint64
to_ms(gint64 us)
{
    return us < 0 ? -1 : (us + 999) / 1000;
}

/* What passed since the phase began is its own. */
static void
close_phase(MigLedger *ledger, gint64 now)
{
    if (ledger->phase != MIG_PHASE_N)
        ledger->stats.phase_us[ledger->phase] =
            MAX(ledger->stats.phase_us[ledger->phase], 0) + now - ledger->phase_began;
    ledger->phase_began = now;
}

void
mig_ledger_setup_done(MigLedger *ledger)
{
    g_mutex_lock(&ledger->lock);
    ledger->stats.setup_ms = (g_get_monotonic_time() - ledger->began) / 1000;
    g_mutex_unlock(&ledger->lock);
}

void
mig_ledger_down(MigLedger *ledger, gint64 expected_us)
{
    g_mutex_lock(&ledger->lock);
    ledger->down = g_get_monotonic_time();
    ledger->expected_us = expected_us;
    ledger->eta_us = 0;
    ledger->stall = NULL;
    g_mutex_unlock(&ledger->lock);
}

void
mig_ledger_up(MigLedger *ledger)
{
    g_mutex_lock(&ledger->lock);
    ledger->down = 0;
    ledger->stats.downtime_ms = -1;
    g_mutex_unlock(&ledger->lock);
}

void
mig_ledger_phase(MigLedger *ledger, MigPhase phase)
{
    g_mutex_lock(&ledger->lock);
    close_phase(ledger, g_get_monotonic_time());
    ledger->phase = phase;
    g_mutex_unlock(&ledger->lock);
}

void
mig_ledger_device(MigLedger *ledger, const MigSection *section, guint64 bytes, guint64 us)
{
    MigDeviceCost cost = {g_strdup(section->idstr), section->instance, bytes, us};

    g_mutex_lock(&ledger->lock);
    g_array_append_val(ledger->devices, cost);
    g_mutex_unlock(&ledger->lock);
}

void
mig_ledger_expect(MigLedger *ledger, gint64 downtime_us, gint64 eta_us, guint64 bandwidth)
{
    g_mutex_lock(&ledger->lock);
    ledger->expected_us = downtime_us;
    ledger->eta_us = eta_us;
    ledger->stats.bandwidth = bandwidth;
    g_mutex_unlock(&ledger->lock);
}

void
mig_ledger_throttle(MigLedger *ledger, guint percent)
{
    g_mutex_lock(&ledger->lock);
    ledger->stats.throttle = percent;
    g_mutex_unlock(&ledger->lock);
}

void
mig_ledger_stall(MigLedger *ledger, const char *reason)
{
    g_mutex_lock(&ledger->lock);
    ledger->stall = reason;
    g_mutex_unlock(&ledger->lock);
}

void
mig_ledger_progress(MigLedger *ledger, const MigRamStats *ram, guint64 transferred)
{
    g_mutex_lock(&ledger->lock);
    ledger->stats.ram = *ram;
    ledger->stats.transferred = transferred;
    g_mutex_unlock(&ledger->lock);
}

void
mig_ledger_error(MigLedger *ledger, const char *message)
{
    g_mutex_lock(&ledger->lock);
    if (ledger->stats.error == NULL)
        ledger->stats.error = g_strdup(message);
    g_mutex_unlock(&ledger->lock);
}

void
mig_ledger_runs_there(MigLedger *ledger)
{
    gint64 now = g_get_monotonic_time();

    g_mutex_lock(&ledger->lock);
    close_phase(ledger, now);
    ledger->phase = MIG_PHASE_N;
    if (ledger->down != 0)
        ledger->stats.downtime_ms = to_ms(now - ledger->down);
    ledger->down = 0;
    g_mutex_unlock(&ledger->lock);
}

void
mig_ledger_trouble(MigLedger *ledger, const char *message)
{
    g_mutex_lock(&ledger->lock);
    g_free(ledger->stats.error);
    ledger->stats.error = g_strdup(message);
    g_mutex_unlock(&ledger->lock);
}

void
mig_ledger_end(MigLedger *ledger)
{
    g_mutex_lock(&ledger->lock);
    ledger->ended = g_get_monotonic_time();
    close_phase(ledger, ledger->ended);
    ledger->phase = MIG_PHASE_N;
    if (ledger->down != 0)
        ledger->stats.downtime_ms = to_ms(ledger->ended - ledger->down);
    ledger->stall = NULL;
    g_mutex_unlock(&ledger->lock);
}

/* Rates over all of the migration's time. */
static void
fill_rates(const MigLedger *ledger, gint64 now, MigStats *stats)
{
    guint64 us = (guint64)MAX(now - ledger->began, 1);

    stats->total_ms = (gint64)(us / 1000);
    stats->mbps = (double)stats->transferred * 8.0 / (double)us;
    stats->pages_per_second =
        (guint64)((double)(stats->ram.normal + stats->ram.duplicate) * 1e6 / (double)us);
}

void
mig_ledger_read(MigLedger *ledger, MigStats *stats)
{
    g_mutex_lock(&ledger->lock);
    *stats = ledger->stats;
    stats->error = g_strdup(ledger->stats.error);
    stats->stall = g_strdup(ledger->stall);
    stats->expected_downtime_ms = to_ms(ledger->expected_us);
    stats->eta_ms = to_ms(ledger->eta_us);
    fill_rates(ledger, ledger->ended != 0 ? ledger->ended : g_get_monotonic_time(), stats);
    stats->n_devices = ledger->devices->len;
    stats->devices = g_new0(MigDeviceCost, stats->n_devices);
    for (guint i = 0; i < stats->n_devices; i++) {
        stats->devices[i] = g_array_index(ledger->devices, MigDeviceCost, i);
        stats->devices[i].idstr = g_strdup(stats->devices[i].idstr);
    }
    g_mutex_unlock(&ledger->lock);
}
