/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * spapr-stream inspect: what is in a stream, for people.
 */
#include <string.h>

#include "migration-glue/ram.h"
#include "tools/stream-commands.h"
#include "tools/stream-contents.h"
#include "tools/stream-inspect.h"

gboolean
stream_section_is(const StreamSection *section, const char *name)
{
    const gsize n = strlen(section->idstr);
    g_autofree char *instance = NULL;

    if (name == NULL || strcmp(section->idstr, name) == 0)
        return TRUE;
    if (strncmp(name, section->idstr, n) == 0 && name[n] == '/') {
        instance = g_strdup_printf("%u", section->instance);
        return strcmp(name + n + 1, instance) == 0;
    }
    /* Without its device path. */
    return g_str_has_suffix(section->idstr, name) && n > strlen(name) &&
           section->idstr[n - strlen(name) - 1] == '/';
}

/* --- One section in full ------------------------------------------------------- */

typedef struct {
    FILE *out;
    const guint8 *payload;
    GString *line;
} FieldPrinter;

static gboolean
print_field(const VmdescLeaf *leaf, void *user, GError **error)
{
    FieldPrinter *printer = user;

    g_string_printf(printer->line, "    %s = ", leaf->path);
    if (strcmp(leaf->type, "subsection") == 0)
        g_string_printf(printer->line, "    %s version %u", leaf->path,
                        printer->payload[leaf->offset + leaf->size - 1]);
    else
        stream_value_print(leaf, printer->payload + leaf->offset, printer->line);
    fprintf(printer->out, "%s\n", printer->line->str);
    return TRUE;
}

static void
print_contents(StreamReader *reader, const StreamSection *section, FILE *out)
{
    g_autoptr(GString) text = g_string_new(NULL);
    g_autoptr(GError) error = NULL;
    StreamContents contents;
    FieldPrinter printer = {out, section->payload, text};

    stream_contents_init(&contents, stream_reader_tables(reader),
                         &stream_reader_facts(reader)->context, section);
    stream_contents_explain(&contents, section, text);
    if (text->len > 0)
        fputs(text->str, out);
    if (!stream_contents_walk(&contents, section, print_field, &printer, &error))
        fprintf(out, "    %s\n", error->message);
    stream_contents_clear(&contents);
}

static void
print_section(StreamReader *reader, const StreamSection *section, void *user)
{
    const StreamRequest *request = user;

    if (!stream_section_is(section, request->section))
        return;
    fprintf(request->out, "%s id=%u %s/%u v%u %" G_GUINT64_FORMAT "%s\n",
            stream_tag_name(section->tag), section->id, section->idstr, section->instance,
            section->version, section->size,
            section->how == STREAM_BY_HUNT ? " (length guessed)" : "");
    if (request->section != NULL && section->payload != NULL)
        print_contents(reader, section, request->out);
}

static void
print_other(StreamReader *reader, const char *what, const char *more, guint64 start, guint64 size,
            void *user)
{
    const StreamRequest *request = user;

    if (request->section == NULL)
        fprintf(request->out, "%s%s%s %" G_GUINT64_FORMAT "\n", what, more != NULL ? " " : "",
                more != NULL ? more : "", size);
}

/* --- Totals --------------------------------------------------------------------- */

static void
print_ram(const StreamRam *ram, FILE *out)
{
    for (guint i = 0; i < ram->blocks->len; i++) {
        const StreamRamBlock *block = ram->blocks->pdata[i];

        fprintf(out,
                "ram %s: %" G_GUINT64_FORMAT " bytes of memory; %" G_GUINT64_FORMAT
                " pages, %" G_GUINT64_FORMAT " zero pages",
                block->name, block->length, block->pages, block->zeros);
        if (block->deltas > 0)
            fprintf(out, ", %" G_GUINT64_FORMAT " XBZRLE", block->deltas);
        if (block->packed > 0)
            fprintf(out, ", %" G_GUINT64_FORMAT " compressed", block->packed);
        fprintf(out, ", %" G_GUINT64_FORMAT " bytes\n", block->bytes);
    }
}

static void
print_htab(const StreamHtab *htab, FILE *out)
{
    if (htab->listed && !htab->none)
        fprintf(out,
                "spapr/htab: %" G_GUINT64_FORMAT " entries; %" G_GUINT64_FORMAT
                " valid and %" G_GUINT64_FORMAT " invalid ones sent\n",
                htab->entries, htab->valid, htab->invalid);
}

static void
print_notes(const StreamFacts *facts, FILE *out)
{
    for (guint i = 0; i < facts->notes.list->len; i++) {
        const StreamNote *note = facts->notes.list->pdata[i];

        fprintf(out, "note: byte %" G_GUINT64_FORMAT ": %s\n", note->offset, note->text);
    }
    if (facts->notes.dropped > 0)
        fprintf(out, "note: %" G_GUINT64_FORMAT " more\n", facts->notes.dropped);
}

static void
print_totals(const StreamFacts *facts, const StreamRequest *request)
{
    if (request->section == NULL || strcmp(request->section, MIG_RAM_IDSTR) == 0)
        print_ram(&facts->ram, request->out);
    if (request->section == NULL)
        print_htab(&facts->htab, request->out);
    if (request->section != NULL)
        return;
    fprintf(request->out, "%" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT " bytes accounted for\n",
            facts->size - facts->foreign, facts->size);
    print_notes(facts, request->out);
}

static const StreamVisitor text_visitor = {.section = print_section, .other = print_other};

gboolean
stream_inspect(const StreamRequest *request, StreamInput *input, gboolean *all, GError **error)
{
    g_autoptr(StreamReader) reader = NULL;
    const StreamFacts *facts;
    gboolean good;

    if (request->json)
        return stream_inspect_json(request, input, all, error);
    reader =
        stream_reader_new(input, request->tables, request->machine, &text_visitor, (void *)request);
    good = stream_reader_run(reader, error);
    facts = stream_reader_facts(reader);
    print_totals(facts, request);
    *all = good && facts->foreign == 0;
    return good;
}
