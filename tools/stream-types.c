/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Types and releases.
 */
#include "tools/stream-types.h"

#include <stdio.h>
#include <string.h>

#include "migration-glue/rules.h"

#define R STREAM_RELEASE

static const StreamRule rules[] = {
    {STREAM_HAS_SECTION, "globalstate", .since = R(2, 4)},
    {STREAM_HAS_SECTION, "spapr_cpu", .type_since = "pseries-3.0"},
    {STREAM_HAS_SECTION, "xive-source", .type_since = "pseries-3.1", .since = R(4, 0)},
    {STREAM_HAS_SECTION, "spapr-xive", .type_since = "pseries-3.1", .since = R(4, 0)},
    {STREAM_HAS_SECTION, "xive-tctx", .type_since = "pseries-3.1", .since = R(4, 0)},
    {STREAM_HAS_SECTION, "spapr_nvdimm_states", .since = R(7, 1)},

    {STREAM_HAS_SUBSECTION, "spapr_option_vector_ov5_cas", .type_since = "pseries-2.8"},
    {STREAM_HAS_SUBSECTION, "spapr_patb_entry", .since = R(2, 9)},
    {STREAM_HAS_SUBSECTION, "spapr_pending_events", .since = R(2, 10)},
    {STREAM_HAS_SUBSECTION, "spapr/cap/htm", .since = R(2, 11)},
    {STREAM_HAS_SUBSECTION, "spapr/cap/vsx", .since = R(2, 11)},
    {STREAM_HAS_SUBSECTION, "spapr/cap/dfp", .since = R(2, 11)},
    {STREAM_HAS_SUBSECTION, "spapr/cap/cfpc", .since = R(2, 12)},
    {STREAM_HAS_SUBSECTION, "spapr/cap/sbbc", .since = R(2, 12)},
    {STREAM_HAS_SUBSECTION, "spapr/cap/ibs", .since = R(2, 12)},
    {STREAM_HAS_SUBSECTION, "spapr/cap/hpt_maxpagesize", .type_since = "pseries-4.1"},
    {STREAM_HAS_SUBSECTION, "spapr_irq_map", .type_since = "pseries-3.1"},
    {STREAM_HAS_SUBSECTION, "spapr/cap/nested_kvm_hv", .since = R(3, 1)},
    {STREAM_HAS_SUBSECTION, "spapr_dtb", .type_since = "pseries-4.0"},
    {STREAM_HAS_SUBSECTION, "spapr/cap/large_decr", .since = R(4, 0)},
    {STREAM_HAS_SUBSECTION, "spapr/cap/ccf_assist", .since = R(4, 0)},
    {STREAM_HAS_SUBSECTION, "spapr/cap/fwnmi", .since = R(5, 0)},
    {STREAM_HAS_SUBSECTION, "spapr_fwnmi", .since = R(5, 0)},
    {STREAM_HAS_SUBSECTION, "spapr/cap/rpt_invalidate", .since = R(6, 2)},
    {STREAM_HAS_SUBSECTION, "spapr/cap/nested_papr", .since = R(9, 0)},
    {STREAM_HAS_SUBSECTION, "spapr/cap/ail_mode_3", .since = R(9, 1)},
    {STREAM_HAS_SUBSECTION, "spapr/cap/dawr1", .since = R(10, 0)},
    {STREAM_HAS_SUBSECTION, "cpu/compat", .type_since = "pseries-2.10"},
    {STREAM_HAS_SUBSECTION, "cpu/slb", .version = 2, .since = R(9, 2)},
    {STREAM_HAS_SUBSECTION, "cpu/bhrb", .since = R(9, 1)},
    {STREAM_HAS_SUBSECTION, "cpu/reservation", .since = R(9, 1)},
    {STREAM_HAS_SUBSECTION, "cpu/rtas_stopped", .since = R(11, 0)},
    {STREAM_HAS_SUBSECTION, "spapr_llan/rx_pools", .type_since = "pseries-2.6"},
    {STREAM_HAS_SUBSECTION, "spapr_drc/unplug_requested", .since = R(5, 0)},
    {STREAM_HAS_SUBSECTION, "spapr_drc/ccs", .since = STREAM_RELEASE_NONE},

    {STREAM_HAS_COMMAND, "enable-colo", .until = R(10, 2)},
    {STREAM_HAS_COMMAND, "switchover-start", .since = R(10, 0)},
    {STREAM_HAS_RAM, "compressed pages", .until = R(9, 0)},
    {STREAM_HAS_RAM, "multifd flush marks", .since = R(8, 1)},
    {STREAM_HAS_RAM, "pages filled with a byte that is not 0", .until = R(8, 2)},
    {STREAM_HAS_CAPABILITY, "x-ignore-shared", .since = R(4, 0)},
    {STREAM_HAS_CAPABILITY, "validate-uuid", .since = R(4, 2)},
    {STREAM_HAS_CAPABILITY, "mapped-ram", .since = R(9, 0)},
};

static const StreamLayout layouts[] = {
    {"cpu", NULL, "mig_msr_mask", "pseries-2.7"},
    {"spapr_pci", NULL, "mig_liobn", "pseries-2.7"},
    {"cpu", "cpu/slb", "mig_slb_nr", "pseries-2.12-sxxm"},
};

/* Types up to that are gone from that release on; oldest first. */
static const struct {
    const char *until;
    guint last; /* release that has them */
} removals[] = {
    {"pseries-2.12-sxxm", R(9, 1)},
    {"pseries-4.2", R(10, 1)},
};

const StreamRule *
stream_rule(StreamHas kind, const char *name, guint32 version, guint i)
{
    for (const StreamRule *rule = rules; rule < rules + G_N_ELEMENTS(rules); rule++) {
        if (rule->kind == kind && strcmp(rule->name, name) == 0 && version >= rule->version &&
            i-- == 0)
            return rule;
    }
    return NULL;
}

const StreamLayout *
stream_layout(guint i)
{
    return i < G_N_ELEMENTS(layouts) ? &layouts[i] : NULL;
}

gboolean
stream_type_releases(const char *machine, guint *since, guint *until)
{
    guint major, minor;

    if (mig_rules_find(machine) == NULL || sscanf(machine, "pseries-%u.%u", &major, &minor) != 2)
        return FALSE;
    *since = R(major, minor);
    *until = STREAM_RELEASE_NONE;
    for (guint i = 0; i < G_N_ELEMENTS(removals); i++) {
        if (mig_rules_at_least(removals[i].until, machine)) {
            *until = removals[i].last;
            break;
        }
    }
    return TRUE;
}

/* The last minor number of each major one, from 2 on. */
static const guint minors[] = {12, 1, 2, 2, 2, 2, 2, 2, 2, 0};

static gboolean
is_release(guint major, guint minor)
{
    return major >= 2 && major - 2 < G_N_ELEMENTS(minors) && minor <= minors[major - 2] &&
           (major > 2 || minor >= 2);
}

gboolean
stream_who_parse(const char *text, StreamWho *who)
{
    guint major, minor;
    int end = 0;

    *who = (StreamWho){0};
    if (text == NULL || strcmp(text, "qemu") == 0)
        return TRUE;
    who->ours = strcmp(text, "spapr-vmm") == 0;
    if (who->ours)
        return TRUE;
    if (strlen(text) > 10 || sscanf(text, "qemu-%2u.%2u%n", &major, &minor, &end) != 2 ||
        text[end] != '\0' || !is_release(major, minor))
        return FALSE;
    who->release = R(major, minor);
    return TRUE;
}

char *
stream_release_name(guint release)
{
    return g_strdup_printf("%u.%u", release / 100, release % 100);
}
