/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Frames: header, configuration, sections, commands.
 */
#include <string.h>

#include "migration-glue/command.h"
#include "migration-glue/error.h"
#include "migration-glue/ram.h"
#include "migration-glue/rules.h"
#include "migration-glue/section.h"
#include "tools/stream-reader-priv.h"
#include "tools/stream-xive.h"

#define MAGIC        0x5145564du /* "QEVM" */
#define VERSION      3u
#define RAM_VERSION  4u
#define HTAB_VERSION 1u
#define FOOTER       5u
#define HTAB_IDSTR   "spapr/htab"

/* Types without a configuration tell nothing of themselves; this one's sections are those of all
 * of them. */
#define GUESSED_OLD "pseries-2.3"

static void
known_free(void *data)
{
    StreamKnown *known = data;

    g_free(known->idstr);
    g_free(known);
}

StreamReader *
stream_reader_new(StreamInput *input, const StreamTables *tables, const char *machine,
                  const StreamVisitor *visitor, void *user)
{
    StreamReader *reader = g_new0(StreamReader, 1);

    reader->input = input;
    reader->tables = tables;
    reader->requested = g_strdup(machine);
    reader->visitor = visitor;
    reader->user = user;
    reader->ids = g_hash_table_new_full(NULL, NULL, NULL, known_free);
    reader->counts = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    reader->devices =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_ptr_array_unref);
    reader->facts.footers = -1;
    stream_ram_init(&reader->facts.ram);
    stream_notes_init(&reader->facts.notes);
    return reader;
}

void
stream_reader_free(StreamReader *reader)
{
    if (reader == NULL)
        return;
    stream_input_free(reader->input);
    g_hash_table_unref(reader->ids);
    g_hash_table_unref(reader->counts);
    g_hash_table_unref(reader->devices);
    vmdesc_node_free(reader->root);
    stream_ram_clear(&reader->facts.ram);
    stream_notes_clear(&reader->facts.notes);
    g_free(reader->facts.machine);
    g_free(reader->requested);
    g_free(reader);
}

void
stream_reader_watch_pages(StreamReader *reader, StreamPageFunc page, void *user)
{
    reader->facts.ram.page = page;
    reader->facts.ram.user = user;
}

StreamFacts *
stream_reader_facts(StreamReader *reader)
{
    return &reader->facts;
}

const StreamTables *
stream_reader_tables(const StreamReader *reader)
{
    return reader->tables;
}

const char *
stream_tag_name(guint tag)
{
    static const char *const names[] = {[MIG_TAG_START] = "START",
                                        [MIG_TAG_PART] = "PART",
                                        [MIG_TAG_END] = "END",
                                        [MIG_TAG_FULL] = "FULL"};

    return tag < G_N_ELEMENTS(names) && names[tag] != NULL ? names[tag] : "?";
}

gboolean
stream_reader_fail(StreamReader *reader, guint64 at, GError **error, const char *format, ...)
{
    g_autofree char *text = NULL;
    va_list arguments;

    va_start(arguments, format);
    text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_set_error(error, MIG_ERROR, MIG_ERROR_FORMAT, "byte %" G_GUINT64_FORMAT ": %s", at, text);
    return FALSE;
}

gboolean
stream_reader_check(StreamReader *reader, const char *what, GError **error)
{
    g_autoptr(GError) inner = NULL;

    if (mig_stream_check(reader->input->stream, &inner))
        return TRUE;
    if (!g_error_matches(inner, MIG_ERROR, MIG_ERROR_TRUNCATED))
        return stream_reader_fail(reader, stream_input_position(reader->input), error, "%s: %s",
                                  what, inner->message);
    /* What was left was too short for what was due, and counts as read. */
    return stream_reader_fail(reader, stream_input_position(reader->input), error,
                              "the stream ends in the middle of %s", what);
}

void
stream_reader_show(StreamReader *reader, const char *what, const char *more, guint64 start)
{
    if (reader->visitor->other != NULL)
        reader->visitor->other(reader, what, more, start,
                               stream_input_position(reader->input) - start, reader->user);
}

/* --- Header, configuration, machine type ------------------------------------- */

static gboolean
read_header(StreamReader *reader, GError **error)
{
    const guint64 at = stream_input_position(reader->input);
    const guint32 magic = mig_stream_get_be32(reader->input->stream);
    const guint32 version = mig_stream_get_be32(reader->input->stream);

    if (!stream_reader_check(reader, "the header", error))
        return FALSE;
    if (magic != MAGIC)
        return stream_reader_fail(reader, at, error,
                                  "this is no migration stream: it begins with 0x%08x, not with "
                                  "\"QEVM\"",
                                  magic);
    if (version != VERSION)
        return stream_reader_fail(reader, at + 4, error, "stream version %u; only %u is known",
                                  version, VERSION);
    stream_reader_show(reader, "HEADER", NULL, at);
    return TRUE;
}

/* How the stream is to be decoded. A type that nobody knows (a distribution's) is taken for the
 * newest: its own description counts first anyway. */
static void
settle_machine(StreamReader *reader)
{
    StreamFacts *facts = &reader->facts;
    gsize n;
    const VmsStreamRules *all = mig_rules_all(&n);

    if (facts->configuration)
        facts->machine = g_strdup(facts->received.machine);
    else if (reader->requested != NULL && mig_rules_find(reader->requested) != NULL &&
             !mig_rules_find(reader->requested)->configuration)
        facts->machine = g_strdup(reader->requested);
    else
        facts->machine = g_strdup(GUESSED_OLD);
    facts->guessed = !facts->configuration;
    facts->context.rules = mig_rules_find(facts->machine);
    if (facts->context.rules == NULL)
        facts->context.rules = &all[n - 1];
    facts->context.row = stream_tables_machine(reader->tables, facts->machine);
    facts->context.capabilities = facts->received.capabilities;
    facts->ram.ignore_shared = (facts->received.capabilities & VMS_CAP_IGNORE_SHARED) != 0;
    facts->ram.mapped = (facts->received.capabilities & VMS_CAP_MAPPED_RAM) != 0;
}

static gboolean
read_configuration(StreamReader *reader, GError **error)
{
    const guint64 at = stream_input_position(reader->input);
    const VmsContext context = {.rules = mig_rules_find(MIG_RULES_OWN)};
    gsize have;
    const guint8 *tag = mig_stream_peek(reader->input->stream, 1, &have);
    g_autoptr(GError) inner = NULL;

    if (have == 1 && *tag == MIG_TAG_CONFIGURATION) {
        mig_stream_skip(reader->input->stream, 1);
        if (!mig_configuration_load(reader->input->stream, &context, &reader->facts.received,
                                    &inner))
            return stream_reader_fail(reader, at, error, "%s", inner->message);
        reader->facts.configuration = TRUE;
        stream_reader_show(reader, "CONFIGURATION", reader->facts.received.machine, at);
    }
    settle_machine(reader);
    return TRUE;
}

/* --- Sections ------------------------------------------------------------------ */

static StreamKnown *
learn(StreamReader *reader, const StreamSection *section)
{
    char *key = g_strdup_printf("%s/%u", section->idstr, section->instance);
    const guint nth = GPOINTER_TO_UINT(g_hash_table_lookup(reader->counts, key));
    const StreamKnown *before = g_hash_table_lookup(reader->ids, GUINT_TO_POINTER(section->id));
    StreamKnown *known = g_new0(StreamKnown, 1);

    if (before != NULL &&
        (strcmp(before->idstr, section->idstr) != 0 || before->instance != section->instance))
        stream_notes_add(&reader->facts.notes, STREAM_BY_OURS, section->start,
                         "section number %u is that of %s/%u already, and is used for %s",
                         section->id, before->idstr, before->instance, key);
    if (nth > 0)
        stream_notes_add(&reader->facts.notes, STREAM_BY_NOBODY, section->start,
                         "section %s comes once more: readers load it again", key);
    *known = (StreamKnown){.idstr = g_strdup(section->idstr),
                           .instance = section->instance,
                           .version = section->version,
                           .nth = nth,
                           .start = section->start,
                           .iterable = section->tag == MIG_TAG_START};
    g_hash_table_insert(reader->counts, key, GUINT_TO_POINTER(nth + 1));
    g_hash_table_insert(reader->ids, GUINT_TO_POINTER(section->id), known);
    return known;
}

/* PART and END: the name is that of their START. */
static StreamKnown *
recall(StreamReader *reader, StreamSection *section, GError **error)
{
    StreamKnown *known = g_hash_table_lookup(reader->ids, GUINT_TO_POINTER(section->id));

    if (known == NULL || !known->iterable) {
        stream_reader_fail(reader, section->start, error, "section number %u goes on, but %s",
                           section->id, known == NULL ? "never began" : "came as a whole");
        return NULL;
    }
    if (known->ended)
        stream_notes_add(&reader->facts.notes, STREAM_BY_NOBODY, section->start,
                         "section %s/%u goes on after its end", known->idstr, known->instance);
    known->ended = section->tag == MIG_TAG_END;
    return known;
}

static StreamKnown *
read_head(StreamReader *reader, StreamSection *section, char idstr[256], GError **error)
{
    MigStream *stream = reader->input->stream;
    StreamKnown *known;

    section->id = mig_stream_get_be32(stream);
    if (section->tag == MIG_TAG_START || section->tag == MIG_TAG_FULL) {
        mig_stream_get_str8(stream, idstr);
        section->idstr = idstr;
        section->instance = mig_stream_get_be32(stream);
        section->version = mig_stream_get_be32(stream);
    }
    if (!stream_reader_check(reader, "the head of a section", error))
        return NULL;
    known = section->idstr != NULL ? learn(reader, section) : recall(reader, section, error);
    if (known == NULL)
        return NULL;
    section->idstr = known->idstr;
    section->instance = known->instance;
    section->version = known->version;
    section->nth = known->nth;
    section->payload_at = stream_input_position(reader->input);
    return known;
}

/* ram and spapr/htab: *@done if it is one of them. */
static gboolean
read_records(StreamReader *reader, StreamSection *section, gboolean *done, GError **error)
{
    StreamFacts *facts = &reader->facts;
    const gboolean is_ram = strcmp(section->idstr, MIG_RAM_IDSTR) == 0;
    g_autoptr(GError) inner = NULL;
    gboolean good;

    *done = is_ram || strcmp(section->idstr, HTAB_IDSTR) == 0;
    if (!*done)
        return TRUE;
    if (section->version != (is_ram ? RAM_VERSION : HTAB_VERSION))
        return stream_reader_fail(reader, section->start, error,
                                  "section %s has version %u; only %u is known", section->idstr,
                                  section->version, is_ram ? RAM_VERSION : HTAB_VERSION);
    good = is_ram
               ? stream_ram_read(&facts->ram, reader->input, section->tag, &facts->notes, &inner)
               : stream_htab_read(&facts->htab, reader->input, section->tag, &facts->notes, &inner);
    section->how = STREAM_BY_RECORDS;
    section->size = stream_input_position(reader->input) - section->payload_at;
    if (good)
        return TRUE;
    if (!mig_stream_ok(reader->input->stream))
        return stream_reader_check(reader, section->idstr, error);
    return stream_reader_fail(reader, section->start, error, "section %s: %s", section->idstr,
                              inner->message);
}

static gboolean
read_payload(StreamReader *reader, StreamSection *section, GByteArray **bytes, GError **error)
{
    g_autoptr(GError) inner = NULL;
    gboolean done;

    *bytes = NULL;
    if (!read_records(reader, section, &done, error))
        return FALSE;
    if (done)
        return TRUE;
    if (stream_payload_read(reader, section, bytes, &inner))
        return TRUE;
    if (!mig_stream_ok(reader->input->stream))
        return stream_reader_check(reader, section->idstr, error);
    g_propagate_error(error, g_steal_pointer(&inner));
    return FALSE;
}

/* The first section of a stream shows whether there are footers. */
static void
learn_footers(StreamReader *reader, guint32 id)
{
    gsize have;
    const guint8 *bytes = mig_stream_peek(reader->input->stream, FOOTER, &have);
    guint32 word = 0;

    if (have == FOOTER)
        memcpy(&word, bytes + 1, sizeof(word));
    reader->facts.footers =
        have > 0 && bytes[0] == MIG_TAG_FOOTER && (have < FOOTER || GUINT32_FROM_BE(word) == id);
}

static gboolean
read_footer(StreamReader *reader, const StreamSection *section, GError **error)
{
    const guint64 at = stream_input_position(reader->input);
    guint tag;
    guint32 id;

    if (reader->facts.footers < 0)
        learn_footers(reader, section->id);
    if (reader->facts.footers == FALSE)
        return TRUE;
    tag = mig_stream_get_u8(reader->input->stream);
    id = mig_stream_get_be32(reader->input->stream);
    if (!stream_reader_check(reader, "a footer", error))
        return FALSE;
    return (tag == MIG_TAG_FOOTER && id == section->id) ||
           stream_reader_fail(reader, at, error,
                              "no footer of number %u follows section %s/%u: its payload is not "
                              "what it should be",
                              section->id, section->idstr, section->instance);
}

static gboolean
read_section(StreamReader *reader, guint tag, GError **error)
{
    StreamSection section = {.tag = tag, .start = stream_input_position(reader->input) - 1};
    char idstr[256];
    g_autoptr(GByteArray) bytes = NULL;

    if (read_head(reader, &section, idstr, error) == NULL ||
        !read_payload(reader, &section, &bytes, error))
        return FALSE;
    /* The words of later sections lie as this one's: it comes before the vCPUs. */
    if (section.payload != NULL && strcmp(section.idstr, "spapr-xive") == 0)
        reader->facts.context.big_endian_words =
            stream_xive_big_endian(section.payload, (gsize)section.size);
    if (reader->visitor->section != NULL)
        reader->visitor->section(reader, &section, reader->user);
    return read_footer(reader, &section, error);
}

/* --- Commands ---------------------------------------------------------------- */

static gboolean read_items(StreamReader *reader, GError **error);

/* Sections and commands in a command, all of them in memory. */
static gboolean
read_package(StreamReader *reader, guint32 n, GError **error)
{
    const guint64 at = stream_input_position(reader->input);
    StreamInput *outer = reader->input;
    g_autoptr(GByteArray) bytes = NULL;
    gboolean good;

    if (reader->packaged)
        return stream_reader_fail(reader, at, error, "a package in a package");
    bytes = stream_input_take(outer, n, error);
    if (bytes == NULL)
        return mig_stream_ok(outer->stream) || stream_reader_check(reader, "a package", error);
    reader->input = stream_input_memory(bytes, at, outer->name);
    reader->packaged = TRUE;
    good = read_items(reader, error);
    reader->packaged = FALSE;
    stream_input_free(reader->input);
    reader->input = outer;
    return good;
}

static void
note_command(StreamReader *reader, guint64 at, guint command, const guint8 *payload, guint n)
{
    StreamFacts *facts = &reader->facts;

    facts->commands |= 1u << command;
    if (command == MIG_COMMAND_POSTCOPY_ADVISE && n > 0)
        facts->ram.postcopy = TRUE;
    if (command == MIG_COMMAND_PING && (facts->commands & 1u << MIG_COMMAND_OPEN_RETURN_PATH) == 0)
        stream_notes_add(&facts->notes, STREAM_BY_ALL, at,
                         "a ping, and no return path was opened to answer it");
}

static gboolean
read_command(StreamReader *reader, GError **error)
{
    const guint64 at = stream_input_position(reader->input) - 1;
    const guint command = mig_stream_get_be16(reader->input->stream);
    const guint n = mig_stream_get_be16(reader->input->stream);
    g_autofree guint8 *payload = g_malloc0((gsize)n + 1);
    g_autoptr(GError) inner = NULL;
    guint32 word = 0;

    mig_stream_get(reader->input->stream, payload, n);
    if (!stream_reader_check(reader, "a command", error))
        return FALSE;
    if (!mig_command_check(command, n, &inner))
        return stream_reader_fail(reader, at, error, "%s", inner->message);
    note_command(reader, at, command, payload, n);
    stream_reader_show(reader, "COMMAND", mig_command_name(command), at);
    if (command != MIG_COMMAND_PACKAGED)
        return TRUE;
    memcpy(&word, payload, sizeof(word));
    return read_package(reader, GUINT32_FROM_BE(word), error);
}

static gboolean
read_items(StreamReader *reader, GError **error)
{
    for (;;) {
        const guint64 at = stream_input_position(reader->input);
        gboolean good;
        gsize have;
        guint tag;

        if (reader->packaged && (mig_stream_peek(reader->input->stream, 1, &have), have == 0))
            return TRUE;
        tag = mig_stream_get_u8(reader->input->stream);
        if (!stream_reader_check(reader, "the sections: there is no end marker", error))
            return FALSE;
        switch (tag) {
        case MIG_TAG_EOF:
            return reader->packaged
                       ? stream_reader_fail(reader, at, error, "an end marker in a package")
                       : stream_end_read(reader, error);
        case MIG_TAG_START:
        case MIG_TAG_PART:
        case MIG_TAG_END:
        case MIG_TAG_FULL: good = read_section(reader, tag, error); break;
        case MIG_TAG_COMMAND: good = read_command(reader, error); break;
        default:
            return stream_reader_fail(reader, at, error, "a section is due, and 0x%02x begins none",
                                      tag);
        }
        if (!good)
            return FALSE;
    }
}

gboolean
stream_reader_run(StreamReader *reader, GError **error)
{
    gboolean good;

    stream_payload_look_ahead(reader);
    good = read_header(reader, error) && read_configuration(reader, error) &&
           read_items(reader, error);
    reader->facts.size = stream_input_position(reader->input);
    return good;
}
