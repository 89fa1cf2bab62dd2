/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The capabilities: names, defaults, limits.
 */
#include "hw-spapr/caps.h"

#include "vdev/bits.h"

const char *const caps_switch[] = {"default", "off", "on", NULL};
const char *const caps_mitigation[] = {"default", "broken", "workaround", "fixed", NULL};
const char *const caps_branch[] = {"default",   "broken",   "workaround", "fixed-ibs",
                                   "fixed-ccd", "fixed-na", NULL};
const char *const caps_page[] = {"default", "4k", "64k", "16m", NULL};

enum {
    BROKEN,
    WORKAROUND,
    FIXED,
    FIXED_IBS = FIXED,
    FIXED_CCD,
    FIXED_NA,
};

/* --- What the host gives ------------------------------------------------- */

/* LoPAR, H_GET_CPU_CHARACTERISTICS: R4 and R5. */
#define CHAR_SPEC_BAR_ORI31     IBM_BIT64(0)
#define CHAR_BCCTRL_SERIALISED  IBM_BIT64(1)
#define CHAR_L1D_FLUSH_ORI30    IBM_BIT64(2)
#define CHAR_L1D_FLUSH_TRIG2    IBM_BIT64(3)
#define CHAR_L1D_THREAD_PRIVATE IBM_BIT64(4)
#define CHAR_COUNT_CACHE_OFF    IBM_BIT64(7)
#define CHAR_FLUSH_ASSIST       IBM_BIT64(9)
#define BEHAVE_L1D_FLUSH        IBM_BIT64(1)
#define BEHAVE_BOUNDS_BARRIER   IBM_BIT64(2)
#define BEHAVE_FLUSH_COUNT      IBM_BIT64(5)

static gboolean
is(const VdevCpuInfo *cpu, guint64 bits)
{
    return (cpu->cpu_character & cpu->cpu_character_mask & bits) != 0;
}

static gboolean
known(const VdevCpuInfo *cpu, guint64 bit)
{
    return (cpu->cpu_character_mask & bit) != 0;
}

/* The host says that there is no need to behave like that. */
static gboolean
needs_not(const VdevCpuInfo *cpu, guint64 bit)
{
    return (~cpu->cpu_behaviour & cpu->cpu_behaviour_mask & bit) != 0;
}

static guint8
host_cfpc(const VdevCpuInfo *cpu)
{
    if (needs_not(cpu, BEHAVE_L1D_FLUSH))
        return FIXED;
    return is(cpu, CHAR_L1D_THREAD_PRIVATE) && is(cpu, CHAR_L1D_FLUSH_ORI30 | CHAR_L1D_FLUSH_TRIG2)
               ? WORKAROUND
               : BROKEN;
}

static guint8
host_sbbc(const VdevCpuInfo *cpu)
{
    if (needs_not(cpu, BEHAVE_BOUNDS_BARRIER))
        return FIXED;
    return is(cpu, CHAR_SPEC_BAR_ORI31) ? WORKAROUND : BROKEN;
}

static guint8
host_ibs(const VdevCpuInfo *cpu)
{
    if (is(cpu, CHAR_COUNT_CACHE_OFF))
        return FIXED_CCD;
    if (is(cpu, CHAR_BCCTRL_SERIALISED))
        return FIXED_IBS;
    if ((cpu->cpu_behaviour & cpu->cpu_behaviour_mask & BEHAVE_FLUSH_COUNT) != 0)
        return WORKAROUND;
    return needs_not(cpu, BEHAVE_FLUSH_COUNT) && known(cpu, CHAR_COUNT_CACHE_OFF) &&
                   known(cpu, CHAR_BCCTRL_SERIALISED)
               ? FIXED_NA
               : BROKEN;
}

static guint8
host_ccf_assist(const VdevCpuInfo *cpu)
{
    return is(cpu, CHAR_FLUSH_ASSIST);
}

/* --- The table ----------------------------------------------------------- */

/* Which types changed a default; the value before is 0. */
typedef enum {
    ALWAYS,
    FROM_4_0,
    FROM_5_0,
} Since;

static const struct {
    const char *name;
    const char *const *choices;
    guint8 preset; /* default of the newest type */
    Since since;
    guint8 least, most; /* that this machine can be asked for */
    guint8 (*host)(const VdevCpuInfo *cpu);
    gboolean unbound; /* of a hash page table: no guest here has one */
} table[STATE_CAP_N] = {
    [STATE_CAP_HTM] = {"htm", caps_switch, 0, ALWAYS, 0, 0},
    [STATE_CAP_VSX] = {"vsx", caps_switch, 1, ALWAYS, 1, 1},
    [STATE_CAP_DFP] = {"dfp", caps_switch, 1, ALWAYS, 1, 1},
    [STATE_CAP_CFPC] = {"cfpc", caps_mitigation, WORKAROUND, FROM_4_0, 0, FIXED, host_cfpc},
    [STATE_CAP_SBBC] = {"sbbc", caps_mitigation, WORKAROUND, FROM_4_0, 0, FIXED, host_sbbc},
    [STATE_CAP_IBS] = {"ibs", caps_branch, WORKAROUND, FROM_4_0, 0, FIXED_NA, host_ibs},
    [STATE_CAP_HPT_PAGE] = {"hpt-max-page-size", caps_page, 16, ALWAYS, 12, 24, NULL, TRUE},
    [STATE_CAP_NESTED_HV] = {"nested-hv", caps_switch, 0, ALWAYS, 0, 0},
    [STATE_CAP_LARGE_DECR] = {"large-decr", caps_switch, 1, FROM_4_0, 0, 1},
    [STATE_CAP_CCF_ASSIST] = {"ccf-assist", caps_switch, 1, FROM_5_0, 0, 1, host_ccf_assist},
    [STATE_CAP_FWNMI] = {"fwnmi", caps_switch, 1, FROM_5_0, 0, 1},
    [STATE_CAP_RPT_INVALIDATE] = {"rpt-invalidate", caps_switch, 0, ALWAYS, 0, 0},
    [STATE_CAP_AIL_MODE_3] = {"ail-mode-3", caps_switch, 1, ALWAYS, 1, 1},
};

static guint8
preset(const PseriesRow *row, StateCap cap)
{
    const gboolean before = (table[cap].since == FROM_4_0 && row->no_tree) ||
                            (table[cap].since == FROM_5_0 && row->no_fwnmi);

    return before ? 0 : table[cap].preset;
}

static guint8
choice_value(StateCap cap, guint32 chosen)
{
    static const guint8 page_shifts[] = {12, 16, 24};

    return table[cap].choices == caps_page ? page_shifts[chosen - 1] : (guint8)(chosen - 1);
}

guint8
caps_value(const Caps *caps, const PseriesRow *row, StateCap cap)
{
    return caps->chosen[cap] == 0 ? preset(row, cap) : choice_value(cap, caps->chosen[cap]);
}

gboolean
caps_deviates(const Caps *caps, const PseriesRow *row, StateCap cap)
{
    return caps_value(caps, row, cap) != preset(row, cap);
}

static const char *
value_name(StateCap cap, guint8 value)
{
    guint n = 0;

    if (table[cap].choices == NULL || table[cap].choices == caps_page)
        return "?";
    while (table[cap].choices[n + 1] != NULL)
        n++;
    return value < n ? table[cap].choices[value + 1] : "?";
}

/* --- Checks -------------------------------------------------------------- */

static gboolean
refuse_choice(StateCap cap, guint8 value, guint8 instead, const char *who, GError **error)
{
    g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                "cap-%s=%s: %s gives %s; leave it out or use cap-%s=%s", table[cap].name,
                value_name(cap, value), who, value_name(cap, instead), table[cap].name,
                value_name(cap, instead));
    return FALSE;
}

gboolean
caps_check(const Caps *caps, const PseriesRow *row, const VdevCpuInfo *cpu, GError **error)
{
    for (guint i = 0; i < STATE_CAP_N; i++) {
        const guint8 value = caps_value(caps, row, i);

        if (caps->chosen[i] == 0)
            continue;
        if (value < table[i].least || value > table[i].most)
            return refuse_choice(i, value, table[i].most, "this machine", error);
        if (table[i].host != NULL && value > table[i].host(cpu))
            return refuse_choice(i, value, table[i].host(cpu), "KVM on this host", error);
    }
    return TRUE;
}

gboolean
caps_check_received(const Caps *caps, const PseriesRow *row, const guint8 *received,
                    guint32 present, GError **error)
{
    for (guint i = 0; i < STATE_CAP_N; i++) {
        const guint8 own = caps_value(caps, row, i);
        const guint8 theirs = (present & 1u << i) != 0 ? received[i] : preset(row, i);

        if (theirs <= own || table[i].unbound || table[i].name == NULL)
            continue;
        return state_refuse(error, G_FILE_ERROR_NOSYS,
                            "the guest was given cap-%s=%s, and this machine has %s: start both "
                            "with the same cap-%s",
                            table[i].name, value_name(i, theirs), value_name(i, own),
                            table[i].name);
    }
    return TRUE;
}
