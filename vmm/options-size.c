/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * -smp and -m: how many vCPUs and how much memory, now and at most.
 *
 * Source of the rules for missing counts: QEMU's documentation of -smp (cores before sockets).
 */
#include <string.h>

#include "vmm/number.h"
#include "vmm/options-priv.h"

#define CPUS_MAX 16384 /* of any accelerator; its own limit is checked when it is open */

typedef struct {
    guint32 cpus, maxcpus, sockets, cores, threads; /* 0: not given */
} SmpCounts;

static const struct {
    const char *key;
    gsize offset;
} smp_keys[] = {
    {"cpus", G_STRUCT_OFFSET(SmpCounts, cpus)},
    {"maxcpus", G_STRUCT_OFFSET(SmpCounts, maxcpus)},
    {"sockets", G_STRUCT_OFFSET(SmpCounts, sockets)},
    {"cores", G_STRUCT_OFFSET(SmpCounts, cores)},
    {"threads", G_STRUCT_OFFSET(SmpCounts, threads)},
};

static gboolean
smp_count(const char *key, const char *text, guint32 *count, GError **error)
{
    guint64 number;

    if (!number_parse(text, &number) || number < 1 || number > CPUS_MAX)
        return option_refuse(error, "%s=%s is not a number from 1 to %d", key, text, CPUS_MAX);
    *count = (guint32)number;
    return TRUE;
}

static gboolean
smp_read(const OptionItem *item, SmpCounts *counts, GError **error)
{
    if (item->name != NULL && !smp_count("cpus", item->name, &counts->cpus, error))
        return FALSE;
    for (guint i = 0; i < item->keys->len; i++) {
        const char *key = item->keys->pdata[i];
        guint row = 0;

        while (row < G_N_ELEMENTS(smp_keys) && strcmp(smp_keys[row].key, key) != 0)
            row++;
        if (row == G_N_ELEMENTS(smp_keys))
            return option_refuse(error, "unknown key '%s'", key);
        if (!smp_count(key, item->values->pdata[i],
                       &G_STRUCT_MEMBER(guint32, counts, smp_keys[row].offset), error))
            return FALSE;
    }
    return TRUE;
}

/* Fills in what was not given. */
static void
smp_complete(SmpCounts *counts)
{
    if (counts->maxcpus == 0 && counts->cpus == 0)
        counts->cores = MAX(counts->cores, 1);
    else
        counts->maxcpus = MAX(counts->maxcpus, counts->maxcpus == 0 ? counts->cpus : 0);
    if (counts->cores == 0) {
        counts->sockets = MAX(counts->sockets, 1);
        counts->cores = counts->maxcpus / counts->sockets;
    }
    if (counts->sockets == 0)
        counts->sockets = counts->maxcpus == 0 ? 1 : counts->maxcpus / counts->cores;
    if (counts->maxcpus == 0)
        counts->maxcpus = MIN((guint64)counts->sockets * counts->cores, G_MAXUINT32);
    if (counts->cpus == 0)
        counts->cpus = counts->maxcpus;
}

gboolean
option_set_smp(Options *options, const char *value, GError **error)
{
    g_autoptr(OptionItem) item = option_item_parse(value, error);
    SmpCounts counts = {0};

    if (item == NULL || !smp_read(item, &counts, error))
        return FALSE;
    if (counts.threads > 1)
        return option_refuse(error, "threads=%u: a core has one thread here", counts.threads);
    smp_complete(&counts);
    if ((guint64)counts.sockets * counts.cores != counts.maxcpus)
        return option_refuse(error, "%u sockets of %u cores are not %u CPUs", counts.sockets,
                             counts.cores, counts.maxcpus);
    if (counts.maxcpus > CPUS_MAX)
        return option_refuse(error, "%u CPUs are more than %d", counts.maxcpus, CPUS_MAX);
    if (counts.cpus > counts.maxcpus)
        return option_refuse(error, "%u CPUs are more than maxcpus=%u", counts.cpus,
                             counts.maxcpus);
    options->cpus = counts.cpus;
    options->max_cpus = counts.maxcpus;
    return TRUE;
}

static gboolean
memory_key(Options *options, const char *key, const char *text, GError **error)
{
    guint64 number = 0;
    gboolean is_slots = strcmp(key, "slots") == 0;
    gboolean is_max = strcmp(key, "maxmem") == 0;
    gboolean is_size = strcmp(key, "size") == 0;

    if (!is_slots && !is_max && !is_size)
        return option_refuse(error, "unknown key '%s'", key);
    if (is_slots ? !number_parse(text, &number) : !number_parse_size(text, 20, &number))
        return option_refuse(error, "%s=%s is not a %s", key, text, is_slots ? "number" : "size");
    if (is_slots && number > 256)
        return option_refuse(error, "slots=%s is more than 256", text);
    if (is_slots)
        options->ram_slots = (guint32)number;
    else
        *(is_size ? &options->ram_size : &options->max_ram_size) = number;
    return TRUE;
}

gboolean
option_set_memory(Options *options, const char *value, GError **error)
{
    g_autoptr(OptionItem) item = option_item_parse(value, error);

    if (item == NULL)
        return FALSE;
    options->have_ram_size = TRUE;
    options->max_ram_size = 0;
    options->ram_slots = 0;
    if (item->name != NULL && !memory_key(options, "size", item->name, error))
        return FALSE;
    for (guint i = 0; i < item->keys->len; i++)
        if (!memory_key(options, item->keys->pdata[i], item->values->pdata[i], error))
            return FALSE;

    if (options->ram_size == 0)
        return option_refuse(error, "a guest needs memory");
    if (options->max_ram_size == 0 && options->ram_slots > 0)
        return option_refuse(error, "slots=%u needs maxmem=SIZE", options->ram_slots);
    if (options->max_ram_size == 0)
        options->max_ram_size = options->ram_size;
    if (options->max_ram_size < options->ram_size)
        return option_refuse(error, "maxmem is less than the memory at start");
    if (options->max_ram_size > options->ram_size && options->ram_slots == 0)
        return option_refuse(error, "maxmem without slots=N: nothing could be plugged");
    return TRUE;
}
