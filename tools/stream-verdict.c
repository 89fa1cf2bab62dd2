/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The verdict: by tables, and all reasons at once.
 */
#include "tools/stream-verdict.h"

#include <string.h>

#include "migration-glue/command.h"
#include "migration-glue/ram-list.h"
#include "migration-glue/rules.h"

typedef struct {
    StreamVerdict *verdict;
    const StreamFacts *facts;
    const StreamHoldings *holdings;
    const StreamTables *tables;
    const VmsStreamRules *type;
    gboolean ours;
    guint release; /* of QEMU, or 0 */
} Judge;

static void reason(const Judge *judge, const char *format, ...) G_GNUC_PRINTF(2, 3);

static void
reason(const Judge *judge, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    g_ptr_array_add(judge->verdict->reasons, g_strdup_vprintf(format, arguments));
    va_end(arguments);
}

static void remark(const Judge *judge, const char *format, ...) G_GNUC_PRINTF(2, 3);

static void
remark(const Judge *judge, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    g_ptr_array_add(judge->verdict->remarks, g_strdup_vprintf(format, arguments));
    va_end(arguments);
}

/* --- Rules ------------------------------------------------------------------ */

static void
narrow(const Judge *judge, const char *what, const StreamRule *rule)
{
    StreamVerdict *verdict = judge->verdict;
    g_autofree char *since = stream_release_name(rule->since);
    g_autofree char *until = stream_release_name(rule->until);

    if (rule->since == STREAM_RELEASE_NONE) {
        reason(judge, "%s is known to spapr-vmm only", what);
        return;
    }
    if (judge->release != 0 && rule->since > judge->release)
        reason(judge, "%s is known from QEMU %s on", what, since);
    if (judge->release != 0 && rule->until != 0 && rule->until < judge->release)
        reason(judge, "%s is known up to QEMU %s", what, until);
    if (judge->release != 0)
        return;
    if (rule->since > verdict->since) {
        verdict->since = rule->since;
        remark(judge, "%s is known from QEMU %s on", what, since);
    }
    if (rule->until != 0 && rule->until < verdict->until) {
        verdict->until = rule->until;
        remark(judge, "%s is known up to QEMU %s", what, until);
    }
}

/* @what: how it is called in a message. */
static void
judge_thing(const Judge *judge, StreamHas kind, const char *name, guint32 version, const char *what)
{
    const StreamRule *rule;

    for (guint i = 0; (rule = stream_rule(kind, name, version, i)) != NULL; i++) {
        if (rule->type_since != NULL && !mig_rules_at_least(judge->type->machine, rule->type_since))
            reason(judge, "%s: machines have it from %s on", what, rule->type_since);
        if (rule->type_until != NULL && !mig_rules_at_least(rule->type_until, judge->type->machine))
            reason(judge, "%s: machines have it up to %s", what, rule->type_until);
        if (!judge->ours)
            narrow(judge, what, rule);
    }
}

/* --- Frame -------------------------------------------------------------------- */

static void
judge_frame(const Judge *judge)
{
    const StreamFacts *facts = judge->facts;
    const VmsStreamRules *type = judge->type;

    if (facts->configuration && !type->configuration)
        reason(judge, "the stream has a configuration block, and that type expects none");
    if (!facts->configuration && type->configuration)
        reason(judge, "the stream has no configuration block, and that type expects one");
    if (facts->configuration && type->configuration &&
        (facts->received.machine[0] == '\0' ||
         !g_str_has_prefix(type->machine, facts->received.machine)))
        reason(judge, "the stream is of a machine '%s'", facts->received.machine);
    if (facts->footers >= 0 && facts->footers != type->footers)
        reason(judge, "the sections have %s, and that type expects %s",
               facts->footers ? "footers" : "no footers", type->footers ? "them" : "none");
}

static const struct {
    guint32 bit;
    const char *name;
} capabilities[] = {
    {VMS_CAP_IGNORE_SHARED, "x-ignore-shared"},
    {VMS_CAP_MAPPED_RAM, "mapped-ram"},
};

static void
judge_capabilities(const Judge *judge)
{
    for (guint i = 0; i < G_N_ELEMENTS(capabilities); i++) {
        g_autofree char *what = g_strdup_printf("the capability %s", capabilities[i].name);

        if ((judge->facts->received.capabilities & capabilities[i].bit) == 0)
            continue;
        judge_thing(judge, STREAM_HAS_CAPABILITY, capabilities[i].name, 0, what);
        remark(judge, "the reader must have %s switched on", what);
    }
    if (judge->facts->received.has_uuid)
        judge_thing(judge, STREAM_HAS_CAPABILITY, "validate-uuid", 0, "the UUID that is sent");
}

static void
judge_commands(const Judge *judge)
{
    const guint32 obeyed = 1u << MIG_COMMAND_OPEN_RETURN_PATH | 1u << MIG_COMMAND_PING |
                           1u << MIG_COMMAND_SWITCHOVER_START;

    for (guint i = 0; i < MIG_COMMAND_N; i++) {
        g_autofree char *what = NULL;

        if ((judge->facts->commands & 1u << i) == 0)
            continue;
        what = g_strdup_printf("the command %s", mig_command_name(i));
        judge_thing(judge, STREAM_HAS_COMMAND, mig_command_name(i), 0, what);
        if (judge->ours && (obeyed & 1u << i) == 0)
            reason(judge, "%s is not obeyed", what);
    }
    if ((judge->facts->commands & 1u << MIG_COMMAND_OPEN_RETURN_PATH) != 0)
        remark(judge, "the stream asks for a return path: it was made for a socket, and a file "
                      "cannot answer");
    if ((judge->facts->commands & 1u << MIG_COMMAND_POSTCOPY_ADVISE) != 0 && !judge->ours)
        remark(judge, "the reader must have the capability postcopy-ram switched on");
}

static void
judge_ram(const Judge *judge)
{
    const StreamRam *ram = &judge->facts->ram;

    if ((ram->flags_seen & MIG_RAM_COMPRESS_PAGE) != 0)
        judge_thing(judge, STREAM_HAS_RAM, "compressed pages", 0, "compressed pages");
    if ((ram->flags_seen & MIG_RAM_MULTIFD_FLUSH) != 0)
        judge_thing(judge, STREAM_HAS_RAM, "multifd flush marks", 0, "multifd flush marks");
    if (ram->filled && !judge->ours)
        judge_thing(judge, STREAM_HAS_RAM, "pages filled with a byte that is not 0", 0,
                    "pages filled with a byte that is not 0");
    if (judge->ours && (ram->flags_seen & (MIG_RAM_COMPRESS_PAGE | MIG_RAM_MULTIFD_FLUSH)) != 0)
        reason(judge,
               "RAM has records of the capabilities compress or multifd, which are not read");
    if ((ram->flags_seen & MIG_RAM_MULTIFD_FLUSH) != 0)
        remark(judge, "pages travelled in other channels (multifd)");
}

/* --- Sections -------------------------------------------------------------------- */

static gint
compare_keys(gconstpointer a, gconstpointer b)
{
    return strcmp(a, b);
}

/* Names in order, so that two runs say the same. */
static GList *
sorted_keys(GHashTable *table)
{
    return g_list_sort(g_hash_table_get_keys(table), compare_keys);
}

static void
judge_section_ours(const Judge *judge, const char *name, const StreamHolding *holding)
{
    const VmsCatalogueRow *row = holding->row;

    if (strcmp(name, MIG_RAM_IDSTR) == 0 || (row != NULL && row->ours))
        return;
    if (strcmp(name, "spapr/htab") != 0)
        reason(judge, "section %s: there is no such device", holding->where);
    else if (judge->facts->htab.listed && !judge->facts->htab.none)
        reason(judge,
               "section %s: the guest has a hash page table, and only radix guests are taken",
               name);
}

static void
judge_section(const Judge *judge, const char *name, const StreamHolding *holding)
{
    g_autofree char *what = g_strdup_printf("section %s", holding->where);
    const VmsCatalogueRow *row = holding->row;

    judge_thing(judge, STREAM_HAS_SECTION, name, holding->version, what);
    if (judge->ours)
        judge_section_ours(judge, name, holding);
    if (row == NULL)
        return;
    if (holding->version > row->state->version || holding->version < row->state->oldest)
        reason(judge, "%s has version %u; versions %u to %u are known", what, holding->version,
               row->state->oldest, row->state->version);
    if (stream_rule(STREAM_HAS_SECTION, name, 0, 0) != NULL)
        return;
    if (row->since != NULL && mig_rules_find(row->since) != NULL &&
        !mig_rules_at_least(judge->type->machine, row->since))
        reason(judge, "%s: machines have it from %s on", what, row->since);
    if (row->until != NULL && mig_rules_find(row->until) != NULL &&
        !mig_rules_at_least(row->until, judge->type->machine))
        reason(judge, "%s: machines have it up to %s", what, row->until);
}

static void
judge_sections(const Judge *judge)
{
    GList *names = sorted_keys(judge->holdings->sections);

    for (GList *link = names; link != NULL; link = link->next)
        judge_section(judge, link->data,
                      g_hash_table_lookup(judge->holdings->sections, link->data));
    g_list_free(names);
}

static void
judge_subsections(const Judge *judge)
{
    GList *names = sorted_keys(judge->holdings->subsections);

    for (GList *link = names; link != NULL; link = link->next) {
        const char *name = link->data;
        const StreamHolding *holding = g_hash_table_lookup(judge->holdings->subsections, name);
        g_autofree char *what = g_strdup_printf("section %s: subsection %s version %u",
                                                holding->where, name, holding->version);

        judge_thing(judge, STREAM_HAS_SUBSECTION, name, holding->version, what);
        if (!holding->known && stream_rule(STREAM_HAS_SUBSECTION, name, G_MAXUINT32, 0) == NULL)
            reason(judge, "%s is not known to any reader", what);
    }
    g_list_free(names);
}

static void
judge_layouts(const Judge *judge)
{
    const StreamLayout *layout;

    for (guint i = 0; (layout = stream_layout(i)) != NULL; i++) {
        const gboolean has = g_hash_table_contains(judge->holdings->fields, layout->field);
        const gboolean wanted = mig_rules_at_least(layout->until, judge->type->machine);
        const gboolean there =
            layout->subsection != NULL
                ? g_hash_table_contains(judge->holdings->subsections, layout->subsection)
                : g_hash_table_contains(judge->holdings->sections, layout->section);

        if (there && has != wanted)
            reason(judge, "section %s is laid out as %s %s: %s the field %s", layout->section,
                   has ? "up to" : "after", layout->until, has ? "with" : "without", layout->field);
    }
}

#define ICS_OLD 0x400u
#define ICS_NEW 0x1000u

/* The one thing by which the sender's host shows: 64-bit and 32-bit words in its own order. */
static void
judge_word_order(const Judge *judge)
{
    if (judge->facts->context.big_endian_words)
        reason(judge, "section spapr-xive: its words are in the order of a big-endian host; on a "
                      "little-endian one (ppc64le, x86) each would be taken for another");
}

static void
judge_interrupts(const Judge *judge)
{
    const guint32 wanted =
        mig_rules_at_least(judge->type->machine, "pseries-3.1") ? ICS_NEW : ICS_OLD;
    const guint32 n = judge->holdings->ics_irqs;
    const gboolean xive = g_hash_table_contains(judge->holdings->sections, "spapr-xive");

    if (n != 0 && n != wanted)
        reason(judge, "section ics has 0x%x interrupts, machines of that type 0x%x", n, wanted);
    if (!judge->ours && (n != 0 || xive))
        remark(judge, "the reader must have ic-mode=%s",
               n != 0 && xive ? "dual"
               : xive         ? "xive"
                              : "xics");
}

/* --- Machine types ------------------------------------------------------------------ */

static void
judge_releases(const Judge *judge)
{
    StreamVerdict *verdict = judge->verdict;
    g_autofree char *since = stream_release_name(verdict->since);
    g_autofree char *until = stream_release_name(verdict->until);

    if (judge->release != 0 && judge->release < verdict->since)
        reason(judge, "machines of type %s came with QEMU %s", judge->type->machine, since);
    if (judge->release != 0 && judge->release > verdict->until)
        reason(judge, "machines of type %s went after QEMU %s", judge->type->machine, until);
    if (judge->release != 0 || verdict->since <= verdict->until)
        return;
    reason(judge,
           "no release reads all of it: what it holds needs QEMU %s or newer, and %s or older",
           since, until);
}

static void
judge_ours(const Judge *judge)
{
    const VdevMachineRow *row = stream_tables_machine(judge->tables, judge->type->machine);

    if (row == NULL)
        reason(judge, "spapr-vmm has no machine type %s", judge->type->machine);
    else if (row->refusal != NULL)
        reason(judge, "%s", row->refusal);
    for (guint i = 0; i < judge->holdings->ours->len; i++)
        reason(judge, "%s", (const char *)judge->holdings->ours->pdata[i]);
}

/* What was found wrong on the way. */
static void
judge_notes(const Judge *judge)
{
    const StreamNotes *notes = &judge->facts->notes;
    const guint reader = judge->ours ? STREAM_BY_OURS : STREAM_BY_QEMU;

    for (guint i = 0; i < notes->list->len; i++) {
        const StreamNote *note = notes->list->pdata[i];

        if ((note->refused_by & reader) != 0)
            reason(judge, "byte %" G_GUINT64_FORMAT ": %s", note->offset, note->text);
    }
    if ((notes->dropped_refused_by & reader) != 0)
        reason(judge, "%" G_GUINT64_FORMAT " more remarks, some of them reasons", notes->dropped);
}

void
stream_verdict_make(StreamVerdict *verdict, const StreamFacts *facts,
                    const StreamHoldings *holdings, const StreamTables *tables,
                    const VmsStreamRules *type, const StreamWho *who)
{
    const gboolean ours = who->ours;
    const Judge judge = {verdict, facts, holdings, tables, type, ours, who->release};

    *verdict = (StreamVerdict){
        .reasons = g_ptr_array_new_with_free_func(g_free),
        .remarks = g_ptr_array_new_with_free_func(g_free),
        .until = STREAM_RELEASE_NONE,
    };
    if (!ours && !stream_type_releases(type->machine, &verdict->since, &verdict->until))
        reason(&judge, "QEMU has no machine type %s", type->machine);
    if (ours)
        judge_ours(&judge);
    judge_frame(&judge);
    judge_capabilities(&judge);
    judge_commands(&judge);
    judge_ram(&judge);
    judge_sections(&judge);
    judge_subsections(&judge);
    judge_layouts(&judge);
    judge_interrupts(&judge);
    judge_word_order(&judge);
    judge_notes(&judge);
    if (!ours)
        judge_releases(&judge);
    verdict->yes = verdict->reasons->len == 0;
}

void
stream_verdict_clear(StreamVerdict *verdict)
{
    g_clear_pointer(&verdict->reasons, g_ptr_array_unref);
    g_clear_pointer(&verdict->remarks, g_ptr_array_unref);
}
