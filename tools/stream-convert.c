/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * convert: the same guest, its memory laid out otherwise: in the stream, or at fixed places of the
 * file (mapped-ram).
 *
 * The file is read twice. The first time tells what is in it and where each thing begins; then all
 * of it is copied, byte by byte, but for the configuration, which names the layout, the section
 * `ram`, which is written anew, and questions to a reader that could answer. Memory comes from the
 * second time. The new file is synced and renamed when it is whole.
 */
#include <string.h>

#include "migration-glue/command.h"
#include "migration-glue/error.h"
#include "migration-glue/mapped-ram.h"
#include "migration-glue/page.h"
#include "migration-glue/ram-list.h"
#include "migration-glue/section.h"
#include "migration-glue/transport.h"
#include "tools/stream-commands.h"
#include "tools/stream-reader.h"

#define STEP (1u << 16)

/* One thing of the old file, up to where the next begins. */
typedef struct {
    guint64 start;
    guint tag; /* of a section of ram, else 0 */
    gboolean dropped, configuration;
} Piece;

typedef struct {
    const StreamRequest *request;
    const char *from;
    GArray *pieces; /* Piece */
    guint64 end;    /* of the old file */
    guint32 ram_id, ram_instance;

    StreamReader *reader; /* of the first time; its facts are asked */
    StreamInput *old;     /* to copy from */
    MigStream *out;
    gboolean mapped; /* the new layout */
    /* By index of the block: */
    MigMappedHeader *headers;
    guint8 **bitmaps;
    gint previous; /* block of the last page put */
    GError *error; /* of a page */
} Job;

static gboolean G_GNUC_PRINTF(2, 3) refuse(GError **error, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    if (error != NULL)
        *error = g_error_new_valist(MIG_ERROR, MIG_ERROR_UNSUPPORTED, format, arguments);
    va_end(arguments);
    return FALSE;
}

/* --- What is in it --------------------------------------------------------------- */

static void
note_section(StreamReader *reader, const StreamSection *section, void *user)
{
    Job *job = user;
    Piece piece = {.start = section->start};

    if (strcmp(section->idstr, MIG_RAM_IDSTR) == 0) {
        piece.tag = section->tag;
        job->ram_id = section->id;
        job->ram_instance = section->instance;
    }
    g_array_append_val(job->pieces, piece);
}

/* A file has nobody who could answer. */
static gboolean
is_question(const char *what, const char *more)
{
    return strcmp(what, "COMMAND") == 0 && more != NULL &&
           (strcmp(more, mig_command_name(MIG_COMMAND_OPEN_RETURN_PATH)) == 0 ||
            strcmp(more, mig_command_name(MIG_COMMAND_PING)) == 0);
}

static void
note_other(StreamReader *reader, const char *what, const char *more, guint64 start, guint64 size,
           void *user)
{
    Job *job = user;
    const Piece piece = {.start = start,
                         .dropped = is_question(what, more),
                         .configuration = strcmp(what, "CONFIGURATION") == 0};

    g_array_append_val(job->pieces, piece);
    job->end = start + size;
}

static const StreamVisitor visitor = {.section = note_section, .other = note_other};

static gboolean
check_facts(const StreamFacts *facts, gboolean mapped, GError **error)
{
    const guint32 postcopy = 1u << MIG_COMMAND_POSTCOPY_ADVISE | 1u << MIG_COMMAND_PACKAGED;

    if (!facts->ram.listed || !facts->ram.ended || !facts->ended)
        return refuse(error, "it is no whole stream");
    if (mapped == facts->ram.mapped)
        return refuse(error, "it is laid out like that already");
    if (!facts->configuration)
        return refuse(error, "streams of its machine type cannot name the layout");
    if ((facts->commands & postcopy) != 0)
        return refuse(error, "it is a stream of postcopy, of which memory is no part");
    if (facts->ram.ignore_shared)
        return refuse(error, "it has x-ignore-shared on: some of its memory may be elsewhere");
    for (guint i = 0; i < facts->ram.blocks->len; i++) {
        const StreamRamBlock *block = facts->ram.blocks->pdata[i];

        if (block->deltas > 0 || block->packed > 0)
            return refuse(error, "RAM block '%s' has compressed pages, or pages as differences",
                          block->name);
        if (block->length == 0 || block->length % STREAM_PAGE != 0)
            return refuse(error, "RAM block '%s' has no number of pages", block->name);
    }
    return TRUE;
}

/* --- Copying --------------------------------------------------------------------- */

static gboolean
copy_range(Job *job, guint64 from, guint64 to, GError **error)
{
    g_autofree guint8 *buffer = g_malloc(STEP);

    while (from < to) {
        const gsize n = (gsize)MIN(to - from, STEP);

        if (!mig_channel_read_at(mig_stream_channel(job->old->stream), from, buffer, n, error))
            return FALSE;
        mig_stream_put(job->out, buffer, n);
        from += n;
    }
    return mig_stream_check(job->out, error);
}

static gboolean
put_configuration(Job *job, GError **error)
{
    const StreamFacts *facts = stream_reader_facts(job->reader);
    const MigReceivedConfiguration *received = &facts->received;
    MigConfiguration own = {.machine = received->machine, .has_uuid = received->has_uuid};
    VmsContext context = facts->context;

    memcpy(own.uuid, received->uuid, sizeof(own.uuid));
    context.capabilities = received->capabilities ^ VMS_CAP_MAPPED_RAM;
    if (received->has_uuid)
        context.capabilities |= VMS_CAP_VALIDATE_UUID;
    return mig_configuration_save(job->out, &own, &context, error);
}

/* --- Memory ---------------------------------------------------------------------- */

static void
take_page(guint block, guint64 offset, StreamPageKind kind, const guint8 *bytes, gsize n,
          void *user)
{
    Job *job = user;
    const StreamRam *ram = &stream_reader_facts(job->reader)->ram;
    const guint64 page = offset / STREAM_PAGE, bit = 1u << (page % 8);
    const gboolean zero = kind == STREAM_PAGE_ZERO || mig_zero_scan_best()(bytes, n);

    if (job->error != NULL || (kind != STREAM_PAGE_ZERO && kind != STREAM_PAGE_BYTES))
        return;
    if (block >= ram->blocks->len ||
        offset >= ((StreamRamBlock *)ram->blocks->pdata[block])->length) {
        refuse(&job->error, "it has changed while it was read");
        return;
    }
    if (!job->mapped) {
        const guint64 word = offset | (zero ? MIG_RAM_ZERO : MIG_RAM_PAGE);

        mig_stream_put_be64(job->out, word | ((gint)block == job->previous ? MIG_RAM_CONTINUE : 0));
        if ((gint)block != job->previous)
            mig_stream_put_str8(job->out, ((StreamRamBlock *)ram->blocks->pdata[block])->name);
        job->previous = (gint)block;
        if (zero)
            mig_stream_put_u8(job->out, 0);
        else
            mig_stream_put(job->out, bytes, n);
        return;
    }
    if (zero) {
        job->bitmaps[block][page / 8] &= (guint8)~bit;
        return;
    }
    job->bitmaps[block][page / 8] |= (guint8)bit;
    mig_channel_write_at(mig_channel_core(mig_stream_channel(job->out)),
                         job->headers[block].pages_at + offset, bytes, n, &job->error);
}

/* The second time: nothing is asked of it but pages. */
static gboolean
put_pages(Job *job, GError **error)
{
    static const StreamVisitor nobody;
    StreamInput *input = stream_input_open(job->from, error);
    g_autoptr(StreamReader) reader = NULL;

    if (input == NULL)
        return FALSE;
    reader = stream_reader_new(input, job->request->tables, NULL, &nobody, NULL);
    stream_reader_watch_pages(reader, take_page, job);
    if (!stream_reader_run(reader, error))
        return FALSE;
    if (job->error == NULL)
        return mig_stream_check(job->out, error);
    g_propagate_error(error, g_steal_pointer(&job->error));
    return FALSE;
}

static gboolean
put_bitmaps(Job *job, GError **error)
{
    const StreamRam *ram = &stream_reader_facts(job->reader)->ram;

    for (guint i = 0; i < ram->blocks->len; i++) {
        const StreamRamBlock *block = ram->blocks->pdata[i];

        if (!mig_channel_write_at(mig_channel_core(mig_stream_channel(job->out)),
                                  job->headers[i].bitmap_at, job->bitmaps[i],
                                  mig_mapped_bitmap_bytes(block->length), error))
            return FALSE;
    }
    return TRUE;
}

/* --- The section ram ------------------------------------------------------------- */

static void
put_head(Job *job, guint tag)
{
    mig_stream_put_u8(job->out, (guint8)tag);
    mig_stream_put_be32(job->out, job->ram_id);
    if (tag != MIG_TAG_START)
        return;
    mig_stream_put_str8(job->out, MIG_RAM_IDSTR);
    mig_stream_put_be32(job->out, job->ram_instance);
    mig_stream_put_be32(job->out, 4);
}

static void
put_end(Job *job)
{
    mig_stream_put_be64(job->out, MIG_RAM_EOS);
    if (stream_reader_facts(job->reader)->footers == TRUE) {
        mig_stream_put_u8(job->out, MIG_TAG_FOOTER);
        mig_stream_put_be32(job->out, job->ram_id);
    }
}

static gboolean
put_entry(Job *job, guint i, GError **error)
{
    const StreamRam *ram = &stream_reader_facts(job->reader)->ram;
    const StreamRamBlock *block = ram->blocks->pdata[i];

    mig_stream_put_str8(job->out, block->name);
    mig_stream_put_be64(job->out, block->length);
    if (!job->mapped)
        return mig_stream_check(job->out, error);
    mig_mapped_plan(mig_stream_offset(job->out) + MIG_MAPPED_HEADER_BYTES, block->length,
                    &job->headers[i]);
    mig_mapped_put_header(job->out, &job->headers[i]);
    job->bitmaps[i] = g_try_malloc0(mig_mapped_bitmap_bytes(block->length));
    if (job->bitmaps[i] == NULL)
        return refuse(error, "RAM block '%s' is too large for this machine", block->name);
    return mig_stream_seek(job->out, job->headers[i].pages_at + block->length, error);
}

/* Its list, and all of memory. */
static gboolean
put_start(Job *job, GError **error)
{
    const StreamRam *ram = &stream_reader_facts(job->reader)->ram;

    put_head(job, MIG_TAG_START);
    mig_stream_put_be64(job->out, ram->total | MIG_RAM_MEM_SIZE);
    for (guint i = 0; i < ram->blocks->len; i++) {
        if (!put_entry(job, i, error))
            return FALSE;
    }
    put_end(job);
    if (job->mapped)
        return put_pages(job, error) && put_bitmaps(job, error);
    put_head(job, MIG_TAG_PART);
    if (!put_pages(job, error))
        return FALSE;
    put_end(job);
    return mig_stream_check(job->out, error);
}

static gboolean
put_piece(Job *job, guint i, GError **error)
{
    const Piece *piece = &g_array_index(job->pieces, Piece, i);
    const guint64 end =
        i + 1 < job->pieces->len ? g_array_index(job->pieces, Piece, i + 1).start : job->end;

    if (piece->dropped || piece->tag == MIG_TAG_PART)
        return TRUE;
    if (piece->configuration)
        return put_configuration(job, error);
    if (piece->tag == MIG_TAG_START)
        return put_start(job, error);
    if (piece->tag == MIG_TAG_END) {
        put_head(job, MIG_TAG_END);
        put_end(job);
        return mig_stream_check(job->out, error);
    }
    return piece->tag == 0 ? copy_range(job, piece->start, end, error)
                           : refuse(error, "its memory is in one section without an end");
}

static gboolean
put_all(Job *job, const char *to, GError **error)
{
    g_autofree char *uri = g_strdup_printf("file:%s", to);
    g_autoptr(MigAddress) address = mig_address_parse(uri, error);
    g_autoptr(MigWake) wake = address != NULL ? mig_wake_new(error) : NULL;
    MigEnds ends;
    gboolean good = TRUE;

    if (wake == NULL || !mig_transport_open(address, NULL, NULL, wake, &ends, error))
        return FALSE;
    job->out = mig_stream_new_writer(ends.stream);
    if (!mig_channel_is_seekable(ends.stream))
        good = refuse(error, "%s is no file", to);
    for (guint i = 0; good && i < job->pieces->len; i++)
        good = put_piece(job, i, error);
    good = good && mig_stream_flush(job->out, error) && ends.commit(ends.stream, wake, error);
    mig_stream_free(job->out);
    return good;
}

static void
job_clear(Job *job)
{
    if (job->bitmaps != NULL) {
        for (guint i = 0; i < stream_reader_facts(job->reader)->ram.blocks->len; i++)
            g_free(job->bitmaps[i]);
    }
    g_free(job->bitmaps);
    g_free(job->headers);
    g_array_unref(job->pieces);
    stream_reader_free(job->reader);
    stream_input_free(job->old);
    g_clear_error(&job->error);
}

static gboolean
open_old(Job *job, GError **error)
{
    StreamInput *input = stream_input_open(job->from, error);

    if (input == NULL)
        return FALSE;
    job->reader = stream_reader_new(input, job->request->tables, NULL, &visitor, job);
    if (strcmp(job->from, "-") == 0 || input->size == 0)
        return refuse(error, "it is read twice, and so must be a file");
    job->old = stream_input_open(job->from, error);
    if (job->old == NULL)
        return FALSE;
    return stream_reader_run(job->reader, error);
}

gboolean
stream_convert(const StreamRequest *request, const char *from, const char *to, gboolean mapped,
               GError **error)
{
    Job job = {.request = request,
               .from = from,
               .pieces = g_array_new(FALSE, FALSE, sizeof(Piece)),
               .mapped = mapped,
               .previous = -1};
    const StreamFacts *facts;
    gboolean good = open_old(&job, error);

    if (good) {
        facts = stream_reader_facts(job.reader);
        good = check_facts(facts, mapped, error);
    }
    if (good) {
        job.headers = g_new0(MigMappedHeader, facts->ram.blocks->len);
        job.bitmaps = g_new0(guint8 *, facts->ram.blocks->len);
        good = put_all(&job, to, error);
    }
    job_clear(&job);
    return good;
}
