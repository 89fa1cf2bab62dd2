/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * spapr-stream check: what is wrong with a stream, and who reads it.
 */
#include <string.h>

#include "migration-glue/error.h"
#include "migration-glue/rules.h"
#include "tools/stream-commands.h"
#include "tools/stream-platform.h"
#include "tools/stream-verdict.h"

typedef struct {
    StreamPlatform platform;
    StreamHoldings holdings;
    guint sections;
} Checker;

static void
check_contents(StreamReader *reader, const StreamSection *section, Checker *checker)
{
    StreamFacts *facts = stream_reader_facts(reader);
    StreamContents contents;

    stream_contents_init(&contents, stream_reader_tables(reader), &facts->context, section);
    stream_holdings_add(&checker->holdings, stream_reader_tables(reader), &facts->context, section,
                        &contents);
    if (contents.why_not != NULL)
        stream_notes_add(&facts->notes, STREAM_BY_NOBODY, section->payload_at, "%s",
                         contents.why_not);
    stream_contents_clear(&contents);
    stream_platform_add(&checker->platform, section, &facts->notes);
}

static void
check_section(StreamReader *reader, const StreamSection *section, void *user)
{
    Checker *checker = user;

    checker->sections++;
    if (section->payload != NULL)
        check_contents(reader, section, checker);
    else
        stream_holdings_add(&checker->holdings, stream_reader_tables(reader),
                            &stream_reader_facts(reader)->context, section, NULL);
}

static const StreamVisitor check_visitor = {.section = check_section};

/* --- Saying it ------------------------------------------------------------------ */

static void
print_notes(const StreamNotes *notes, gboolean ours, FILE *out)
{
    const guint reader = ours ? STREAM_BY_OURS : STREAM_BY_QEMU;

    for (guint i = 0; i < notes->list->len; i++) {
        const StreamNote *note = notes->list->pdata[i];

        fprintf(out, "%s: byte %" G_GUINT64_FORMAT ": %s\n",
                (note->refused_by & reader) != 0 ? "wrong" : "suspicious", note->offset,
                note->text);
    }
    if (notes->dropped > 0)
        fprintf(out, "and %" G_GUINT64_FORMAT " more\n", notes->dropped);
}

static void
print_releases(const StreamVerdict *verdict, const VmsStreamRules *type, FILE *out)
{
    g_autofree char *since = stream_release_name(verdict->since);
    g_autofree char *until = stream_release_name(verdict->until);
    guint first, last;

    stream_type_releases(type->machine, &first, &last);
    if (verdict->since > first)
        fprintf(out, ", from QEMU %s on", since);
    if (verdict->until < last)
        fprintf(out, ", up to QEMU %s", until);
}

static void
print_verdict(const StreamVerdict *verdict, const VmsStreamRules *type, const StreamWho *who,
              FILE *out)
{
    g_autofree char *release = stream_release_name(who->release);

    fprintf(out, "a %s%s%s machine of type %s reads it: %s", who->ours ? "spapr-vmm" : "QEMU",
            who->release != 0 ? " " : "", who->release != 0 ? release : "", type->machine,
            verdict->yes ? "yes" : "no, because");
    if (verdict->yes && !who->ours && who->release == 0)
        print_releases(verdict, type, out);
    fputc('\n', out);
    for (guint i = 0; i < verdict->reasons->len; i++)
        fprintf(out, "  - %s\n", (const char *)verdict->reasons->pdata[i]);
    for (guint i = 0; i < verdict->remarks->len; i++)
        fprintf(out, "  note: %s\n", (const char *)verdict->remarks->pdata[i]);
}

static void
print_head(const StreamFacts *facts, const char *name, guint sections, FILE *out)
{
    fprintf(out, "%s: %s %s, %" G_GUINT64_FORMAT " bytes, %u sections\n", name,
            facts->guessed ? "of an old machine that tells no type, taken for" : "of machine type",
            facts->machine, facts->size, sections);
}

/* The type to be asked about: as requested, else the stream's own. */
static const VmsStreamRules *
find_type(const StreamRequest *request, const StreamFacts *facts, GError **error)
{
    const char *name = facts->machine;
    const VmsStreamRules *type;

    /* Types that tell nothing of themselves differ in the description. */
    if (facts->guessed && !facts->described)
        name = "pseries-2.2";
    if (request->machine != NULL)
        name = request->machine;
    type = mig_rules_find(name);
    if (type == NULL)
        g_set_error(error, MIG_ERROR, MIG_ERROR_UNKNOWN,
                    "the machine type '%s' is not known: say which one is to read it by --machine "
                    "pseries-X.Y",
                    name);
    return type;
}

static gboolean
judge(const StreamRequest *request, Checker *checker, const StreamFacts *facts, gboolean *yes,
      GError **error)
{
    const VmsStreamRules *type = find_type(request, facts, error);
    StreamVerdict verdict;
    StreamWho who;
    const gboolean known = stream_who_parse(request->reader, &who);

    g_assert(known);
    print_notes(&facts->notes, who.ours, request->out);
    if (type == NULL)
        return FALSE;
    if (who.ours && !stream_tables_has_module(request->tables)) {
        g_set_error(error, MIG_ERROR, MIG_ERROR_UNSUPPORTED,
                    "what spapr-vmm reads is told by its module, and none was found: say where by "
                    "--module-dir");
        return FALSE;
    }
    stream_verdict_make(&verdict, facts, &checker->holdings, request->tables, type, &who);
    print_verdict(&verdict, type, &who, request->out);
    *yes = verdict.yes;
    stream_verdict_clear(&verdict);
    return TRUE;
}

gboolean
stream_check(const StreamRequest *request, StreamInput *input, gboolean *yes, GError **error)
{
    Checker checker = {0};
    g_autofree char *name = g_strdup(input->name);
    g_autoptr(StreamReader) reader =
        stream_reader_new(input, request->tables, request->machine, &check_visitor, &checker);
    StreamFacts *facts = stream_reader_facts(reader);
    gboolean good;

    *yes = FALSE;
    stream_platform_init(&checker.platform);
    stream_holdings_init(&checker.holdings);
    good = stream_reader_run(reader, error);
    if (good) {
        stream_platform_check(&checker.platform, facts, &facts->notes);
        print_head(facts, name, checker.sections, request->out);
        good = judge(request, &checker, facts, yes, error);
    } else {
        print_notes(&facts->notes, FALSE, request->out);
    }
    stream_platform_clear(&checker.platform);
    stream_holdings_clear(&checker.holdings);
    return good;
}
