/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * spapr-stream diff: where two streams differ.
 *
 * Each is read once. Of sections the payloads are kept, of memory the hashes of its pages; the
 * records by which it travelled, their number and order, are not compared.
 */
#include <string.h>

#include "tools/stream-commands.h"
#include "tools/stream-diff-fields.h"
#include "tools/stream-pages.h"

#define RANGES_MAX 1000u /* lines for each block */

typedef struct {
    StreamSection section; /* what it points to is owned, but the description's entry */
    gboolean matched;
} Kept;

/* One stream, as far as it is compared. */
typedef struct {
    StreamReader *reader;
    GPtrArray *list;   /* Kept, in the order of the stream */
    GHashTable *names; /* "idstr/instance/nth" → Kept */
    StreamPages pages;
} Image;

typedef struct {
    const StreamRequest *request;
    Image a, b;
    gboolean same;
} Job;

static void
kept_free(void *data)
{
    Kept *kept = data;

    g_free((char *)kept->section.idstr);
    g_free((guint8 *)kept->section.payload);
    g_free(kept);
}

static char *
name_of(const StreamSection *section)
{
    return g_strdup_printf("%s/%u/%u", section->idstr, section->instance, section->nth);
}

static void
keep_section(StreamReader *reader, const StreamSection *section, void *user)
{
    Image *image = user;
    Kept *kept;

    if (section->payload == NULL)
        return;
    kept = g_new0(Kept, 1);
    kept->section = *section;
    kept->section.idstr = g_strdup(section->idstr);
    kept->section.payload = g_memdup2(section->payload, (gsize)section->size);
    g_ptr_array_add(image->list, kept);
    g_hash_table_insert(image->names, name_of(section), kept);
}

static const StreamVisitor keep_visitor = {.section = keep_section};

static void
image_init(Image *image, const StreamRequest *request, StreamInput *input)
{
    image->list = g_ptr_array_new_with_free_func(kept_free);
    image->names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    stream_pages_init(&image->pages);
    image->reader =
        stream_reader_new(input, request->tables, request->machine, &keep_visitor, image);
    stream_reader_watch_pages(image->reader, stream_pages_take, &image->pages);
}

static void
image_clear(Image *image)
{
    stream_reader_free(image->reader);
    g_hash_table_unref(image->names);
    g_ptr_array_unref(image->list);
    stream_pages_clear(&image->pages);
}

static void G_GNUC_PRINTF(2, 3) say(Job *job, const char *format, ...)
{
    va_list arguments;

    job->same = FALSE;
    va_start(arguments, format);
    vfprintf(job->request->out, format, arguments);
    va_end(arguments);
}

/* --- Sections ------------------------------------------------------------------ */

static gboolean
same_payload(const StreamSection *a, const StreamSection *b)
{
    return a->size == b->size &&
           (a->size == 0 || memcmp(a->payload, b->payload, (gsize)a->size) == 0);
}

static void
compare_section(Job *job, const StreamSection *a, const StreamSection *b)
{
    StreamContents first, second;
    const StreamSide left = {a, &first}, right = {b, &second};

    if (a->version != b->version)
        say(job, "%s/%u: version %u != %u\n", a->idstr, a->instance, a->version, b->version);
    if (same_payload(a, b))
        return;
    job->same = FALSE;
    stream_contents_init(&first, job->request->tables, &stream_reader_facts(job->a.reader)->context,
                         a);
    stream_contents_init(&second, job->request->tables,
                         &stream_reader_facts(job->b.reader)->context, b);
    stream_diff_fields(&left, &right, job->request->out);
    stream_contents_clear(&first);
    stream_contents_clear(&second);
}

static void
compare_sections(Job *job)
{
    for (guint i = 0; i < job->a.list->len; i++) {
        Kept *kept = job->a.list->pdata[i];
        g_autofree char *name = name_of(&kept->section);
        Kept *other = g_hash_table_lookup(job->b.names, name);

        if (other == NULL) {
            say(job, "%s/%u: only in the first\n", kept->section.idstr, kept->section.instance);
            continue;
        }
        other->matched = TRUE;
        compare_section(job, &kept->section, &other->section);
    }
    for (guint i = 0; i < job->b.list->len; i++) {
        const Kept *kept = job->b.list->pdata[i];

        if (!kept->matched)
            say(job, "%s/%u: only in the second\n", kept->section.idstr, kept->section.instance);
    }
}

/* --- Memory -------------------------------------------------------------------- */

typedef struct {
    Job *job;
    const char *name;
    guint64 ranges, bytes;
} RangePrinter;

static void
print_range(guint64 start, guint64 end, void *user)
{
    RangePrinter *printer = user;

    printer->bytes += end - start;
    if (printer->ranges++ < RANGES_MAX)
        say(printer->job, "ram %s: 0x%" G_GINT64_MODIFIER "x to 0x%" G_GINT64_MODIFIER "x differ\n",
            printer->name, start, end - 1);
}

static gint
find_block(const StreamRam *ram, const char *name)
{
    return (gint)GPOINTER_TO_UINT(g_hash_table_lookup(ram->names, name)) - 1;
}

static void
compare_block(Job *job, guint i, guint j)
{
    const StreamRamBlock *a = stream_reader_facts(job->a.reader)->ram.blocks->pdata[i];
    const StreamRamBlock *b = stream_reader_facts(job->b.reader)->ram.blocks->pdata[j];
    RangePrinter printer = {.job = job, .name = a->name};

    if (a->length != b->length)
        say(job, "ram %s: %" G_GUINT64_FORMAT " bytes != %" G_GUINT64_FORMAT "\n", a->name,
            a->length, b->length);
    stream_pages_compare(&job->a.pages, i, &job->b.pages, j, print_range, &printer);
    if (printer.ranges > RANGES_MAX)
        say(job, "ram %s: and %" G_GUINT64_FORMAT " more ranges\n", a->name,
            printer.ranges - RANGES_MAX);
    if (printer.ranges > 0)
        say(job, "ram %s: %" G_GUINT64_FORMAT " pages differ\n", a->name,
            printer.bytes / STREAM_PAGE);
}

static void
compare_memory(Job *job)
{
    const StreamRam *a = &stream_reader_facts(job->a.reader)->ram;
    const StreamRam *b = &stream_reader_facts(job->b.reader)->ram;

    for (guint i = 0; i < a->blocks->len; i++) {
        const StreamRamBlock *block = a->blocks->pdata[i];
        const gint j = find_block(b, block->name);

        if (j < 0)
            say(job, "ram %s: only in the first\n", block->name);
        else
            compare_block(job, i, (guint)j);
    }
    for (guint i = 0; i < b->blocks->len; i++) {
        const StreamRamBlock *block = b->blocks->pdata[i];

        if (find_block(a, block->name) < 0)
            say(job, "ram %s: only in the second\n", block->name);
    }
    if (job->a.pages.indirect + job->b.pages.indirect > 0)
        fprintf(job->request->out,
                "note: %" G_GUINT64_FORMAT
                " pages travelled as differences or compressed: they are "
                "equal only if they travelled alike\n",
                job->a.pages.indirect + job->b.pages.indirect);
}

/* --- The whole -------------------------------------------------------------------- */

static void
compare_frames(Job *job)
{
    const StreamFacts *a = stream_reader_facts(job->a.reader);
    const StreamFacts *b = stream_reader_facts(job->b.reader);

    if (strcmp(a->machine, b->machine) != 0)
        say(job, "machine type: %s != %s\n", a->machine, b->machine);
    if (a->configuration != b->configuration)
        say(job, "configuration: only in the %s\n", a->configuration ? "first" : "second");
    /* Where memory stands does not matter. */
    if ((a->received.capabilities ^ b->received.capabilities) & ~VMS_CAP_MAPPED_RAM)
        say(job, "capabilities: 0x%x != 0x%x\n", a->received.capabilities,
            b->received.capabilities);
    if (a->received.has_uuid != b->received.has_uuid ||
        memcmp(a->received.uuid, b->received.uuid, sizeof(a->received.uuid)) != 0)
        say(job, "the UUIDs differ\n");
    if (a->footers != b->footers)
        say(job, "footers: only in the %s\n", a->footers == TRUE ? "first" : "second");
    if (a->commands != b->commands)
        say(job, "commands: 0x%x != 0x%x\n", a->commands, b->commands);
    if (a->described != b->described)
        say(job, "description: only in the %s\n", a->described ? "first" : "second");
}

static void
compare_htab(Job *job)
{
    const StreamHtab *a = &stream_reader_facts(job->a.reader)->htab;
    const StreamHtab *b = &stream_reader_facts(job->b.reader)->htab;

    if (a->listed != b->listed || a->none != b->none || a->entries != b->entries)
        say(job, "spapr/htab: %" G_GUINT64_FORMAT " entries != %" G_GUINT64_FORMAT "\n", a->entries,
            b->entries);
    else if (a->valid != b->valid || a->digest != b->digest)
        say(job, "spapr/htab: the entries differ\n");
}

gboolean
stream_diff(const StreamRequest *request, StreamInput *a, StreamInput *b, gboolean *same,
            GError **error)
{
    Job job = {.request = request, .same = TRUE};
    gboolean good;

    image_init(&job.a, request, a);
    image_init(&job.b, request, b);
    good = stream_reader_run(job.a.reader, error);
    if (!good)
        g_prefix_error(error, "the first: ");
    if (good && !stream_reader_run(job.b.reader, error)) {
        g_prefix_error(error, "the second: ");
        good = FALSE;
    }
    if (good) {
        compare_frames(&job);
        compare_sections(&job);
        compare_htab(&job);
        compare_memory(&job);
    }
    image_clear(&job.a);
    image_clear(&job.b);
    *same = good && job.same;
    return good;
}
