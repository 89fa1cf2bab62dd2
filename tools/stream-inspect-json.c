/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * spapr-stream inspect --json: everything that is in a stream, for programs.
 *
 * One array holds what the stream has, in its order; each field of a section is {name, type,
 * offset, value}, and an array of scalars is one field with a list of values. Words of 64 bits are
 * texts in hexadecimal, since JSON numbers are not that wide everywhere; buffers are hexadecimal.
 */
#include <string.h>

#include "tools/stream-contents.h"
#include "tools/stream-inspect.h"
#include "tools/stream-json.h"

typedef struct {
    const StreamRequest *request;
    StreamJson json;
} Job;

/* --- Fields -------------------------------------------------------------------- */

typedef struct {
    StreamJson *json;
    const guint8 *payload;
    GString *array; /* name of the array that is open, or empty */
    char type[64];
    guint64 next; /* its next index */
} FieldWriter;

static void
put_value(StreamJson *json, const char *key, const VmdescLeaf *leaf, const guint8 *bytes)
{
    guint64 value;

    switch (stream_value(leaf, bytes, &value)) {
    case STREAM_VALUE_BOOL:
        if (value <= 1)
            stream_json_bool(json, key, value != 0);
        else
            stream_json_unsigned(json, key, value);
        break;
    case STREAM_VALUE_SIGNED: stream_json_signed(json, key, (gint64)value); break;
    case STREAM_VALUE_UNSIGNED: stream_json_unsigned(json, key, value); break;
    case STREAM_VALUE_WORD: stream_json_word(json, key, value); break;
    case STREAM_VALUE_RAW: stream_json_bytes(json, key, bytes, leaf->size); break;
    }
}

static void
close_array(FieldWriter *writer)
{
    if (writer->array->len == 0)
        return;
    stream_json_end(writer->json, ']');
    stream_json_end(writer->json, '}');
    g_string_truncate(writer->array, 0);
}

/* "name[7]": the length of "name", and 7; else 0. */
static gsize
split_element(const char *path, guint64 *index)
{
    const char *open = strrchr(path, '[');
    char *end;

    if (open == NULL || open == path || !g_ascii_isdigit(open[1]))
        return 0;
    *index = g_ascii_strtoull(open + 1, &end, 10);
    return strcmp(end, "]") == 0 ? (gsize)(open - path) : 0;
}

static void
begin_field(FieldWriter *writer, const VmdescLeaf *leaf, const char *name)
{
    stream_json_begin(writer->json, NULL, '{');
    stream_json_text(writer->json, "name", name);
    stream_json_text(writer->json, "type", leaf->type);
    stream_json_unsigned(writer->json, "offset", leaf->offset);
}

static gboolean
put_element(FieldWriter *writer, const VmdescLeaf *leaf, gsize n, guint64 index)
{
    const gboolean goes_on = writer->array->len == n && index == writer->next &&
                             strncmp(writer->array->str, leaf->path, n) == 0 &&
                             strncmp(writer->type, leaf->type, sizeof(writer->type) - 1) == 0;

    if (!goes_on) {
        close_array(writer);
        if (index != 0)
            return FALSE;
        g_string_append_len(writer->array, leaf->path, (gssize)n);
        g_strlcpy(writer->type, leaf->type, sizeof(writer->type));
        begin_field(writer, leaf, writer->array->str);
        stream_json_begin(writer->json, "value", '[');
    }
    put_value(writer->json, NULL, leaf, writer->payload + leaf->offset);
    writer->next = index + 1;
    return TRUE;
}

static gboolean
put_field(const VmdescLeaf *leaf, void *user, GError **error)
{
    FieldWriter *writer = user;
    const guint8 *bytes = writer->payload + leaf->offset;
    guint64 index = 0;
    const gsize n = split_element(leaf->path, &index);

    if (n > 0 && put_element(writer, leaf, n, index))
        return TRUE;
    close_array(writer);
    begin_field(writer, leaf, leaf->path);
    if (strcmp(leaf->type, "subsection") == 0) {
        guint32 version;

        memcpy(&version, bytes + leaf->size - sizeof(version), sizeof(version));
        stream_json_unsigned(writer->json, "version", GUINT32_FROM_BE(version));
    } else {
        put_value(writer->json, "value", leaf, bytes);
    }
    stream_json_end(writer->json, '}');
    return TRUE;
}

static void
put_fields(StreamJson *json, const StreamContents *contents, const StreamSection *section)
{
    FieldWriter writer = {.json = json, .payload = section->payload, .array = g_string_new(NULL)};
    g_autoptr(GError) error = NULL;
    gboolean good;

    stream_json_text(json, "described_by",
                     contents->tree == NULL    ? "nobody"
                     : section->device != NULL ? "stream"
                                               : "spapr-stream");
    stream_json_begin(json, "fields", '[');
    good = stream_contents_walk(contents, section, put_field, &writer, &error);
    close_array(&writer);
    stream_json_end(json, ']');
    if (!good)
        stream_json_text(json, "trouble", error->message);
    if (contents->tree == NULL)
        stream_json_bytes(json, "bytes", section->payload, (gsize)section->size);
    g_string_free(writer.array, TRUE);
}

static void
put_explanation(StreamJson *json, const StreamContents *contents, const StreamSection *section)
{
    g_autoptr(GString) text = g_string_new(NULL);
    g_auto(GStrv) lines = NULL;

    stream_contents_explain(contents, section, text);
    if (text->len == 0)
        return;
    g_string_truncate(text, text->len - 1);
    lines = g_strsplit(text->str, "\n", -1);
    stream_json_begin(json, "explained", '[');
    for (guint i = 0; lines[i] != NULL; i++)
        stream_json_text(json, NULL, lines[i]);
    stream_json_end(json, ']');
}

/* --- Sections ------------------------------------------------------------------ */

static void
put_contents(Job *job, StreamReader *reader, const StreamSection *section)
{
    StreamContents contents;

    stream_contents_init(&contents, stream_reader_tables(reader),
                         &stream_reader_facts(reader)->context, section);
    put_explanation(&job->json, &contents, section);
    if (contents.why_not != NULL)
        stream_json_text(&job->json, "not_ours", contents.why_not);
    put_fields(&job->json, &contents, section);
    stream_contents_clear(&contents);
}

static void
put_section(StreamReader *reader, const StreamSection *section, void *user)
{
    static const char *const how[] = {"description", "catalogue", "records", "hunt"};
    Job *job = user;
    StreamJson *json = &job->json;

    if (!stream_section_is(section, job->request->section))
        return;
    stream_json_begin(json, NULL, '{');
    stream_json_text(json, "type", stream_tag_name(section->tag));
    stream_json_unsigned(json, "id", section->id);
    stream_json_text(json, "name", section->idstr);
    stream_json_unsigned(json, "instance", section->instance);
    stream_json_unsigned(json, "version", section->version);
    stream_json_unsigned(json, "start", section->start);
    stream_json_unsigned(json, "payload", section->payload_at);
    stream_json_unsigned(json, "bytes", section->size);
    stream_json_text(json, "measured_by", how[section->how]);
    if (section->payload != NULL)
        put_contents(job, reader, section);
    stream_json_end(json, '}');
}

static void
put_other(StreamReader *reader, const char *what, const char *more, guint64 start, guint64 size,
          void *user)
{
    Job *job = user;

    if (job->request->section != NULL)
        return;
    stream_json_begin(&job->json, NULL, '{');
    stream_json_text(&job->json, "type", what);
    if (more != NULL)
        stream_json_text(&job->json, "name", more);
    stream_json_unsigned(&job->json, "start", start);
    stream_json_unsigned(&job->json, "bytes", size);
    stream_json_end(&job->json, '}');
}

/* --- Totals --------------------------------------------------------------------- */

static void
put_block(StreamJson *json, const StreamRamBlock *block)
{
    stream_json_begin(json, NULL, '{');
    stream_json_text(json, "name", block->name);
    stream_json_unsigned(json, "length", block->length);
    if (block->page_size != 0)
        stream_json_unsigned(json, "page_size", block->page_size);
    if (block->has_gpa)
        stream_json_word(json, "address", block->gpa);
    stream_json_unsigned(json, "pages", block->pages);
    stream_json_unsigned(json, "zero_pages", block->zeros);
    stream_json_unsigned(json, "xbzrle_pages", block->deltas);
    stream_json_unsigned(json, "compressed_pages", block->packed);
    stream_json_unsigned(json, "bytes", block->bytes);
    stream_json_end(json, '}');
}

static void
put_machine(StreamJson *json, const StreamFacts *facts)
{
    static const char digits[] = "0123456789abcdef";
    char uuid[33] = "";

    if (facts->machine != NULL)
        stream_json_text(json, "machine", facts->machine);
    stream_json_bool(json, "machine_is_guessed", facts->guessed);
    stream_json_bool(json, "footers", facts->footers == TRUE);
    stream_json_bool(json, "x-ignore-shared", facts->ram.ignore_shared);
    stream_json_bool(json, "mapped-ram", facts->ram.mapped);
    for (guint i = 0; i < 16; i++) {
        uuid[2 * i] = digits[facts->received.uuid[i] >> 4];
        uuid[2 * i + 1] = digits[facts->received.uuid[i] & 0xf];
    }
    if (facts->received.has_uuid)
        stream_json_text(json, "uuid", uuid);
}

static void
put_totals(StreamJson *json, const StreamFacts *facts)
{
    put_machine(json, facts);
    stream_json_begin(json, "ram", '[');
    for (guint i = 0; i < facts->ram.blocks->len; i++)
        put_block(json, facts->ram.blocks->pdata[i]);
    stream_json_end(json, ']');
    if (facts->htab.listed && !facts->htab.none) {
        stream_json_begin(json, "htab", '{');
        stream_json_unsigned(json, "entries", facts->htab.entries);
        stream_json_unsigned(json, "valid", facts->htab.valid);
        stream_json_unsigned(json, "invalid", facts->htab.invalid);
        stream_json_end(json, '}');
    }
    stream_json_unsigned(json, "bytes", facts->size);
    stream_json_unsigned(json, "accounted", facts->size - facts->foreign);
    stream_json_begin(json, "notes", '[');
    for (guint i = 0; i < facts->notes.list->len; i++) {
        const StreamNote *note = facts->notes.list->pdata[i];

        stream_json_begin(json, NULL, '{');
        stream_json_unsigned(json, "byte", note->offset);
        stream_json_text(json, "text", note->text);
        stream_json_end(json, '}');
    }
    stream_json_end(json, ']');
}

static const StreamVisitor json_visitor = {.section = put_section, .other = put_other};

gboolean
stream_inspect_json(const StreamRequest *request, StreamInput *input, gboolean *all, GError **error)
{
    Job job = {.request = request, .json = {.out = request->out}};
    g_autofree char *name = g_strdup(input->name);
    g_autoptr(StreamReader) reader =
        stream_reader_new(input, request->tables, request->machine, &json_visitor, &job);
    g_autoptr(GError) inner = NULL;
    gboolean good;

    stream_json_begin(&job.json, NULL, '{');
    stream_json_text(&job.json, "file", name);
    stream_json_begin(&job.json, "stream", '[');
    good = stream_reader_run(reader, &inner);
    stream_json_end(&job.json, ']');
    put_totals(&job.json, stream_reader_facts(reader));
    if (!good)
        stream_json_text(&job.json, "error", inner->message);
    stream_json_end(&job.json, '}');
    *all = good && stream_reader_facts(reader)->foreign == 0;
    if (!good)
        g_propagate_error(error, g_steal_pointer(&inner));
    return good;
}
