/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * query-migrate: how the present migration goes, or how the last one went.
 *
 * Members are QEMU's, and ours beside them:
 *   x-status     our own name of the status: "handover" and "handover-unknown" show, which QEMU's
 *                status calls "device" and "failed"
 *   x-eta        milliseconds until the machine stops
 *   x-stall      why it makes no progress, or what it waits for
 *   x-bandwidth  bytes a second while it sends
 *   x-postcopy   at a destination: how long accesses to memory waited, in microseconds, and how
 * much is missing x-downtime   where the downtime went, in microseconds: by phase, by device
 */
#include "vmm/monitor/migrate.h"
#include "vmm/vm-migrate.h"

#define PAGE_SIZE_ON_WIRE 4096 /* bytes */

static void
set_number(json_t *object, const char *name, guint64 value)
{
    json_object_set_new(object, name, json_integer((json_int_t)MIN(value, G_MAXINT64)));
}

/* −1 is "not known", which is said by leaving it out. */
static void
set_time(json_t *object, const char *name, gint64 value)
{
    if (value >= 0)
        set_number(object, name, (guint64)value);
}

static void
set_text(json_t *object, const char *name, const char *text)
{
    if (text != NULL)
        json_object_set_new(object, name, qmp_text(text));
}

static gboolean
is_before_the_end(MigStatus status)
{
    return !mig_status_is_over(status) && status != MIG_STATUS_NONE;
}

static json_t *
ram_of(const MigStats *stats)
{
    const MigRamStats *ram = &stats->ram;
    const struct {
        const char *name;
        guint64 value;
    } numbers[] = {
        {"transferred", stats->transferred},
        {"remaining", is_before_the_end(stats->status) ? ram->remaining : 0},
        {"total", ram->total},
        {"duplicate", ram->duplicate},
        {"normal", ram->normal},
        {"normal-bytes", ram->normal * PAGE_SIZE_ON_WIRE},
        {"dirty-pages-rate", is_before_the_end(stats->status) ? ram->dirty_rate : 0},
        {"dirty-sync-count", ram->sync_count},
        {"page-size", PAGE_SIZE_ON_WIRE},
        {"pages-per-second", stats->pages_per_second},
        {"precopy-bytes", ram->precopy},
        {"downtime-bytes", ram->downtime},
        {"postcopy-requests", ram->requests},
        {"postcopy-bytes", ram->postcopy},
        /* What QEMU counts and nothing here ever does: clients read them without asking. */
        {"skipped", 0},
        {"multifd-bytes", 0},
        {"dirty-sync-missed-zero-copy", 0},
    };
    json_t *answer = json_object();

    for (guint i = 0; i < G_N_ELEMENTS(numbers); i++)
        set_number(answer, numbers[i].name, numbers[i].value);
    json_object_set_new(answer, "mbps", json_real(stats->mbps));
    return answer;
}

/* How pages go to their places in a file; nothing if they are in the stream. */
static void
add_file(json_t *answer, const MigRamStats *ram)
{
    static const char *const ways[] = {
        [MIG_FILE_NONE] = NULL,
        [MIG_FILE_BUFFERED] = "buffered",
        [MIG_FILE_DIRECT] = "direct",
        [MIG_FILE_REFUSED] = "buffered: the file takes no direct access",
    };

    if (ram->file_way >= G_N_ELEMENTS(ways) || ways[ram->file_way] == NULL)
        return;
    set_text(answer, "x-file-access", ways[ram->file_way]);
    set_number(answer, "x-file-channels", ram->channels);
}

/* NULL if the machine was never stopped. */
static json_t *
downtime_of(const MigStats *stats)
{
    static const char *const names[MIG_PHASE_N] = {
        [MIG_PHASE_STOP] = "stop",     [MIG_PHASE_PAUSE] = "pause", [MIG_PHASE_RAM] = "ram",
        [MIG_PHASE_STATES] = "states", [MIG_PHASE_END] = "end",     [MIG_PHASE_VERDICT] = "verdict",
    };
    json_t *phases = json_object(), *devices = json_array();

    for (guint i = 0; i < MIG_PHASE_N; i++)
        set_time(phases, names[i], stats->phase_us[i]);
    for (guint i = 0; i < stats->n_devices; i++) {
        const MigDeviceCost *cost = &stats->devices[i];
        json_t *device = json_object();

        set_text(device, "name", cost->idstr);
        set_number(device, "instance", cost->instance);
        set_number(device, "bytes", cost->bytes);
        set_number(device, "us", cost->us);
        json_array_append_new(devices, device);
    }
    if (json_object_size(phases) > 0)
        return json_pack("{s:o,s:o}", "phases", phases, "devices", devices);
    json_decref(phases);
    json_decref(devices);
    return NULL;
}

static void
add_source(json_t *answer, const MigStats *stats)
{
    json_t *downtime = downtime_of(stats);

    set_time(answer, "total-time", stats->total_ms);
    set_time(answer, "setup-time", stats->setup_ms);
    set_time(answer, "downtime", stats->downtime_ms);
    set_time(answer, "expected-downtime", stats->expected_downtime_ms);
    if (stats->ram.total > 0)
        json_object_set_new(answer, "ram", ram_of(stats));
    add_file(answer, &stats->ram);
    if (is_before_the_end(stats->status))
        set_time(answer, "x-eta", stats->eta_ms);
    if (stats->throttle > 0)
        set_number(answer, "cpu-throttle-percentage", stats->throttle);
    set_text(answer, "x-stall", stats->stall);
    set_number(answer, "x-bandwidth", stats->bandwidth);
    if (downtime != NULL)
        json_object_set_new(answer, "x-downtime", downtime);
}

static void
add_postcopy(json_t *answer, const MigPostcopyStats *stats)
{
    json_t *waits = json_object();

    set_number(answer, "postcopy-blocktime", (stats->us + 999) / 1000);
    set_number(waits, "faults", stats->faults);
    set_number(waits, "median", stats->median);
    set_number(waits, "percent-99", stats->percent99);
    set_number(waits, "longest", stats->longest);
    set_number(waits, "missing-bytes", stats->missing);
    json_object_set_new(answer, "x-postcopy", waits);
}

static void
add_destination(json_t *answer, const VmMigrateInfo *info)
{
    json_t *address = info->uri == NULL ? NULL : qmp_socket_address(info->uri);

    set_text(answer, "x-incoming-uri", info->uri);
    if (address != NULL)
        json_object_set_new(answer, "socket-address", json_pack("[o]", address));
    set_time(answer, "total-time", info->stats.total_ms);
    if (info->stats.ram.total > 0)
        json_object_set_new(answer, "ram", ram_of(&info->stats));
    add_file(answer, &info->stats.ram);
    if (info->stats.has_postcopy)
        add_postcopy(answer, &info->stats.postcopy);
}

static void
add_blockers(json_t *answer, Vm *vm)
{
    g_auto(GStrv) reasons = vm_migrate_blockers(vm);
    json_t *list;

    if (reasons[0] == NULL)
        return;
    list = json_array();
    for (char **reason = reasons; *reason != NULL; reason++)
        json_array_append_new(list, qmp_text(*reason));
    json_object_set_new(answer, "blocked-reasons", list);
}

json_t *
qmp_query_migrate(Vm *vm, json_t *arguments, GError **error)
{
    VmMigrateInfo info = {0};
    json_t *answer = json_object();

    vm_migrate_info(vm, &info);
    if (info.known) {
        set_text(answer, "status", mig_status_name(info.stats.status));
        set_text(answer, "x-status", mig_status_own_name(info.stats.status));
        if (info.incoming)
            add_destination(answer, &info);
        else
            add_source(answer, &info.stats);
        set_text(answer, "error-desc", info.stats.error);
    }
    add_blockers(answer, vm);
    vm_migrate_info_clear(&info);
    return answer;
}
