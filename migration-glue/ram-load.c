/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading the RAM section. Nothing is written before the record is known to be good: flags, name,
 * offset, length; for differences, every run of them.
 */
#include <string.h>
#include <unistd.h>

#include "migration-glue/absent.h"
#include "migration-glue/error.h"
#include "migration-glue/mapped-load.h"
#include "migration-glue/page.h"
#include "migration-glue/postcopy-dst.h"
#include "migration-glue/ram-list.h"
#include "migration-glue/ram-postcopy.h"
#include "migration-glue/sparse.h"
#include "migration-glue/userfault.h"

struct MigRamLoad {
    const MigRamOps *ops;
    void *opaque;
    MigZeroScan is_zero;
    MigSparse *sparse;
    MigLook look;
    MigRamList list;
    gboolean listed;       /* the sender's list came */
    gboolean ended;        /* END came */
    MigRamEntry *previous; /* block of the record before; outlives sections */
    MigFileOptions options;
    MigMappedLoad *mapped; /* NULL: pages are in the stream */
    MigPlacesFunc places;  /* NULL: they are read at once */
    void *places_user;
    gboolean advised; /* postcopy may follow */
    guint64 page_sizes, target;
    MigPostcopyDst *postcopy; /* once the list came, if it was advised */
    GThread *reader;          /* atomic; NULL: whoever loads */
    MigRamStats stats;        /* atomic */
};

/* What a page record does. */
typedef struct {
    MigRamEntry *entry;
    guint64 offset;
    guint8 *bytes; /* of our memory */
} PageRecord;

typedef gboolean (*RecordFunc)(MigRamLoad *ram, MigStream *stream, const PageRecord *record,
                               GError **error);

MigRamLoad *
mig_ram_load_new(const MigRamOps *ops, void *opaque)
{
    MigRamLoad *ram = g_new0(MigRamLoad, 1);

    ram->ops = ops;
    ram->opaque = opaque;
    ram->is_zero = mig_zero_scan_best();
    ram->sparse = mig_sparse_new();
    ram->options.channels = 1;
    return ram;
}

void
mig_ram_load_set_file(MigRamLoad *ram, const MigFileOptions *options)
{
    ram->options = *options;
}

void
mig_ram_load_set_places(MigRamLoad *ram, MigPlacesFunc places, void *user)
{
    ram->places = places;
    ram->places_user = user;
}

void
mig_ram_load_free(MigRamLoad *ram)
{
    if (ram == NULL)
        return;
    mig_mapped_load_free(ram->mapped);
    mig_postcopy_dst_free(ram->postcopy);
    mig_ram_list_clear(&ram->list);
    mig_sparse_free(ram->sparse);
    g_free(ram);
}

void
mig_ram_load_stats(const MigRamLoad *ram, MigRamStats *stats)
{
    memset(stats, 0, sizeof(*stats));
    stats->total = __atomic_load_n(&ram->stats.total, __ATOMIC_RELAXED);
    stats->normal = __atomic_load_n(&ram->stats.normal, __ATOMIC_RELAXED);
    stats->duplicate = __atomic_load_n(&ram->stats.duplicate, __ATOMIC_RELAXED);
}

static void
count(guint64 *figure)
{
    __atomic_store_n(figure, *figure + 1, __ATOMIC_RELAXED);
}

/* ---- Postcopy ---- */

gboolean
mig_ram_load_advise(MigRamLoad *ram, guint64 page_sizes, guint64 target, GError **error)
{
    int fd;

    if (ram->advised || ram->listed) {
        g_set_error(error, MIG_ERROR, MIG_ERROR_FORMAT, "the advice of postcopy comes %s",
                    ram->advised ? "twice" : "behind the list of RAM blocks");
        return FALSE;
    }
    fd = mig_userfault_open(error);
    if (fd < 0)
        return FALSE;
    close(fd);
    ram->advised = TRUE;
    ram->page_sizes = page_sizes;
    ram->target = target;
    return TRUE;
}

MigPostcopyDst *
mig_ram_load_postcopy(const MigRamLoad *ram)
{
    return ram->postcopy;
}

void
mig_ram_load_give_to(MigRamLoad *ram, GThread *reader)
{
    __atomic_store_n(&ram->reader, reader, __ATOMIC_RELEASE);
}

void
mig_ram_load_restart(MigRamLoad *ram)
{
    ram->previous = NULL;
    ram->ended = FALSE;
    mig_postcopy_dst_restart(ram->postcopy);
}

gboolean
mig_ram_load_check_whole(const MigRamLoad *ram, GError **error)
{
    if (ram->listed && ram->ended)
        return TRUE;
    g_set_error(error, MIG_ERROR, MIG_ERROR_FORMAT, "the stream has %s section '" MIG_RAM_IDSTR "'",
                ram->listed ? "no end of the" : "no");
    return FALSE;
}

static gboolean G_GNUC_PRINTF(3, 4) refuse(MigError code, GError **error, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    if (error != NULL)
        *error = g_error_new_valist(MIG_ERROR, (gint)code, format, arguments);
    va_end(arguments);
    return FALSE;
}

/* ---- The list of blocks ---- */

/* A device's memory has the device's path. */
static gboolean
refuse_block(const char *name, GError **error)
{
    g_autofree char *text = strchr(name, '@') != NULL ? mig_absent_text(name, 0) : NULL;

    if (text != NULL)
        return refuse(MIG_ERROR_UNKNOWN, error, "RAM block '%s': %s", name, text);
    return refuse(MIG_ERROR_MISMATCH, error,
                  "RAM block '%s' of the sender is none of this machine's, or one that does not "
                  "migrate: give both sides the same memory options",
                  name);
}

static gboolean
check_listed(const MigRamEntry *entry, const char *name, guint64 length, guint64 gpa,
             const VmsContext *context, GError **error)
{
    if (entry == NULL)
        return refuse_block(name, error);
    if (entry->announced)
        return refuse(MIG_ERROR_FORMAT, error, "RAM block '%s' is listed twice", name);
    if (length != entry->host.used_length)
        return refuse(MIG_ERROR_MISMATCH, error,
                      "RAM block '%s' has %" G_GUINT64_FORMAT
                      " bytes at the sender, %" G_GUINT64_FORMAT
                      " here: give both sides the same memory options",
                      name, length, entry->host.used_length);
    if ((context->capabilities & VMS_CAP_IGNORE_SHARED) && gpa != entry->host.gpa)
        return refuse(MIG_ERROR_MISMATCH, error,
                      "RAM block '%s' is at 0x%" G_GINT64_MODIFIER
                      "x at the sender, at 0x%" G_GINT64_MODIFIER "x here",
                      name, gpa, entry->host.gpa);
    return TRUE;
}

/* Of huge pages the sender says how large they are, if it knows of postcopy. */
static gboolean
check_page_size(const MigRamEntry *entry, MigStream *stream, GError **error)
{
    guint64 size;

    if (entry == NULL || !mig_ram_tells_page_size(&entry->host))
        return TRUE;
    size = mig_stream_get_be64(stream);
    if (!mig_stream_check(stream, error))
        return FALSE;
    return size == entry->host.page_size ||
           refuse(MIG_ERROR_MISMATCH, error,
                  "RAM block '%s' has pages of %" G_GUINT64_FORMAT
                  " bytes at the sender, of %" G_GUINT64_FORMAT
                  " here: for postcopy give both sides the same memory backends",
                  entry->host.name, size, entry->host.page_size);
}

static gboolean
read_entry(MigRamLoad *ram, MigStream *stream, const VmsContext *context, guint64 *left,
           GError **error)
{
    char name[256];
    guint64 length, gpa = 0;
    MigRamEntry *entry;

    mig_stream_get_str8(stream, name);
    length = mig_stream_get_be64(stream);
    if (ram->advised && !check_page_size(mig_ram_list_find(&ram->list, name), stream, error))
        return FALSE;
    if (context->capabilities & VMS_CAP_IGNORE_SHARED)
        gpa = mig_stream_get_be64(stream);
    if (!mig_stream_check(stream, error))
        return FALSE;
    entry = mig_ram_list_find(&ram->list, name);
    if (!check_listed(entry, name, length, gpa, context, error))
        return FALSE;
    if (length > *left)
        return refuse(
            MIG_ERROR_FORMAT, error,
            "the lengths of the RAM blocks up to '%s' are more than their announced total", name);
    *left -= length;
    entry->announced = TRUE;
    return ram->mapped == NULL ||
           mig_mapped_load_entry(ram->mapped, (guint)(entry - ram->list.entries), stream, context,
                                 error);
}

static gboolean
check_all_listed(const MigRamLoad *ram, GError **error)
{
    for (guint i = 0; i < ram->list.n; i++) {
        if (!ram->list.entries[i].announced)
            return refuse(MIG_ERROR_MISMATCH, error,
                          "RAM block '%s' of this machine is not in the sender's list: give both "
                          "sides the same memory options",
                          ram->list.entries[i].host.name);
    }
    return TRUE;
}

static gboolean
read_list(MigRamLoad *ram, MigStream *stream, guint64 word, const VmsContext *context,
          GError **error)
{
    guint64 left = word & ~(guint64)MIG_RAM_FLAGS;

    if (ram->listed)
        return refuse(MIG_ERROR_FORMAT, error, "a second list of RAM blocks");
    if (!mig_ram_list_take(&ram->list, ram->ops, ram->opaque, context, error))
        return FALSE;
    if ((context->capabilities & VMS_CAP_MAPPED_RAM) != 0 &&
        (ram->mapped = mig_mapped_load_new(&ram->list, stream, error)) == NULL)
        return FALSE;
    while (left > 0) {
        if (!read_entry(ram, stream, context, &left, error))
            return FALSE;
    }
    if (!check_all_listed(ram, error))
        return FALSE;
    if (ram->advised &&
        (!mig_postcopy_check_advice(&ram->list, ram->page_sizes, ram->target, error) ||
         (ram->postcopy = mig_postcopy_dst_new(&ram->list, error)) == NULL))
        return FALSE;
    __atomic_store_n(&ram->stats.total, ram->list.total, __ATOMIC_RELAXED);
    ram->listed = TRUE;
    return TRUE;
}

/* ---- Page records ---- */

/* Of what is read beside the guest's memory (a stage) nobody knows. */
static gboolean
is_touched(MigRamLoad *ram, const PageRecord *record)
{
    return record->bytes != record->entry->host.host + record->offset ||
           mig_sparse_is_touched(ram->sparse, &ram->look, &record->entry->host,
                                 record->offset >> MIG_PAGE_SHIFT);
}

static void
note_touched(MigRamLoad *ram, const PageRecord *record)
{
    mig_look_touch(&ram->look, &record->entry->host, record->offset >> MIG_PAGE_SHIFT);
}

static gboolean
load_page(MigRamLoad *ram, MigStream *stream, const PageRecord *record, GError **error)
{
    count(&ram->stats.normal);
    note_touched(ram, record);
    mig_stream_get(stream, record->bytes, MIG_PAGE_SIZE);
    return mig_stream_check(stream, error);
}

/* A page that is zero already is not written, and one that nobody has touched not even looked at:
 * it costs no memory then. */
static gboolean
load_zero(MigRamLoad *ram, MigStream *stream, const PageRecord *record, GError **error)
{
    guint8 fill = mig_stream_get_u8(stream);

    if (!mig_stream_check(stream, error))
        return FALSE;
    if (fill != 0)
        return refuse(MIG_ERROR_FORMAT, error, "a page filled with 0x%02x: only zeros are sent so",
                      fill);
    count(&ram->stats.duplicate);
    if (is_touched(ram, record) && !ram->is_zero(record->bytes, MIG_PAGE_SIZE))
        memset(record->bytes, 0, MIG_PAGE_SIZE);
    return TRUE;
}

/* A run's length: 7 bits a byte, low first, at most two bytes. FALSE if there is none. */
static gboolean
take_run(const guint8 *bytes, gsize n, gsize *at, gsize *run)
{
    if (*at >= n)
        return FALSE;
    *run = bytes[*at] & 0x7f;
    if ((bytes[(*at)++] & 0x80) == 0)
        return TRUE;
    if (*at >= n || (bytes[*at] & 0x80) != 0)
        return FALSE;
    *run |= (gsize)bytes[(*at)++] << 7;
    return TRUE;
}

/* Applies the @n bytes of differences to @page; FALSE if they are wrong. */
static gboolean
apply_differences(const guint8 *bytes, gsize n, guint8 page[MIG_PAGE_SIZE])
{
    gsize at = 0, to = 0, run;

    while (at < n) {
        gboolean first = at == 0;

        if (!take_run(bytes, n, &at, &run) || (run == 0 && !first) || run > MIG_PAGE_SIZE - to)
            return FALSE;
        to += run;
        if (at == n)
            return TRUE; /* unchanged to the end */
        if (!take_run(bytes, n, &at, &run) || run == 0 || run > MIG_PAGE_SIZE - to || run > n - at)
            return FALSE;
        memcpy(page + to, bytes + at, run);
        to += run;
        at += run;
    }
    return TRUE;
}

static gboolean
load_xbzrle(MigRamLoad *ram, MigStream *stream, const PageRecord *record, GError **error)
{
    guint8 kind = mig_stream_get_u8(stream);
    gsize n = mig_stream_get_be16(stream);
    guint8 bytes[MIG_PAGE_SIZE], page[MIG_PAGE_SIZE];

    if (!mig_stream_check(stream, error))
        return FALSE;
    if (kind != 1 || n > sizeof(bytes))
        return refuse(MIG_ERROR_FORMAT, error,
                      "XBZRLE record of kind %u with %" G_GSIZE_FORMAT " bytes", kind, n);
    mig_stream_get(stream, bytes, n);
    if (!mig_stream_check(stream, error))
        return FALSE;
    memcpy(page, record->bytes, sizeof(page));
    if (!apply_differences(bytes, n, page))
        return refuse(MIG_ERROR_FORMAT, error, "XBZRLE record with runs that do not fit a page");
    count(&ram->stats.normal);
    note_touched(ram, record);
    memcpy(record->bytes, page, sizeof(page));
    return TRUE;
}

static const struct {
    guint flag;
    const char *name;
    RecordFunc load; /* NULL: refused */
    const char *refusal;
} records[] = {
    {MIG_RAM_ZERO, "ZERO", load_zero, NULL},
    {MIG_RAM_PAGE, "PAGE", load_page, NULL},
    {MIG_RAM_XBZRLE, "XBZRLE", load_xbzrle, NULL},
    {MIG_RAM_FULL, "FULL", NULL, "obsolete, no sender of section version 4 writes it"},
    {MIG_RAM_HOOK, "HOOK", NULL, "RDMA is not done here"},
    {MIG_RAM_COMPRESS_PAGE, "COMPRESS_PAGE", NULL, "switch the sender's capability 'compress' off"},
    {MIG_RAM_MULTIFD_FLUSH, "MULTIFD_FLUSH", NULL, "switch the sender's capability 'multifd' off"},
};

/* The block of a page record, from its name or the record before. */
static MigRamEntry *
find_block(MigRamLoad *ram, MigStream *stream, guint64 word, GError **error)
{
    char name[256];

    if (word & MIG_RAM_CONTINUE) {
        if (ram->previous == NULL)
            refuse(MIG_ERROR_FORMAT, error,
                   "the first page says that its block is that of the page "
                   "before");
        return ram->previous;
    }
    mig_stream_get_str8(stream, name);
    if (!mig_stream_check(stream, error))
        return NULL;
    ram->previous = mig_ram_list_find(&ram->list, name);
    if (ram->previous == NULL)
        refuse(MIG_ERROR_FORMAT, error, "a page of RAM block '%s', which the sender did not list",
               name);
    return ram->previous;
}

/* The guest runs: beside its memory first, then all at once. */
static gboolean
load_staged(MigRamLoad *ram, MigStream *stream, PageRecord *record, guint i, GError **error)
{
    if (records[i].flag == MIG_RAM_XBZRLE)
        return refuse(MIG_ERROR_FORMAT, error, "a difference to a page that is not here");
    record->bytes = mig_postcopy_dst_stage(ram->postcopy, record->entry, record->offset, error);
    return record->bytes != NULL && records[i].load(ram, stream, record, error) &&
           mig_postcopy_dst_put(ram->postcopy, records[i].flag == MIG_RAM_ZERO, error);
}

static gboolean
load_record(MigRamLoad *ram, MigStream *stream, guint64 word, guint i, GError **error)
{
    PageRecord record = {.offset = word & ~(guint64)MIG_RAM_FLAGS};

    if (records[i].load == NULL)
        return refuse(MIG_ERROR_UNSUPPORTED, error, "RAM record %s is not read: %s",
                      records[i].name, records[i].refusal);
    if (!ram->listed)
        return refuse(MIG_ERROR_FORMAT, error, "a page before the list of RAM blocks");
    if (ram->mapped != NULL)
        return refuse(MIG_ERROR_FORMAT, error, "RAM record %s in a mapped-ram file",
                      records[i].name);
    record.entry = find_block(ram, stream, word, error);
    if (record.entry == NULL)
        return FALSE;
    if (record.offset >= record.entry->host.used_length)
        return refuse(MIG_ERROR_VALUE, error,
                      "RAM block '%s' has %" G_GUINT64_FORMAT
                      " bytes, a page at 0x%" G_GINT64_MODIFIER "x is none of them",
                      record.entry->host.name, record.entry->host.used_length, record.offset);
    if (record.entry->ignored)
        return refuse(MIG_ERROR_FORMAT, error,
                      "a page of RAM block '%s', which is shared and was not to be sent",
                      record.entry->host.name);
    if (ram->postcopy != NULL && mig_postcopy_dst_listens(ram->postcopy))
        return load_staged(ram, stream, &record, i, error);
    record.bytes = record.entry->host.host + record.offset;
    if (!records[i].load(ram, stream, &record, error))
        return FALSE;
    if (ram->postcopy != NULL)
        mig_postcopy_dst_note(ram->postcopy, record.entry, record.offset >> MIG_PAGE_SHIFT);
    return TRUE;
}

/* The sender lists its blocks once, as the section begins. */
static gboolean
carries_list(guint tag)
{
    return tag == MIG_TAG_START || tag == MIG_TAG_FULL;
}

/* One record that is no end. */
static gboolean
load_word(MigRamLoad *ram, MigStream *stream, guint tag, guint64 word, const VmsContext *context,
          GError **error)
{
    guint flags = (guint)(word & MIG_RAM_FLAGS);

    if (flags == MIG_RAM_MEM_SIZE && !carries_list(tag))
        return refuse(MIG_ERROR_FORMAT, error,
                      "a list of RAM blocks behind the first part of the section");
    if (flags == MIG_RAM_MEM_SIZE)
        return read_list(ram, stream, word, context, error);
    for (guint i = 0; i < G_N_ELEMENTS(records); i++) {
        if ((flags & ~(guint)MIG_RAM_CONTINUE) == records[i].flag)
            return load_record(ram, stream, word, i, error);
    }
    return refuse(MIG_ERROR_FORMAT, error, "RAM record with the flags 0x%03x: there is none such",
                  flags);
}

/* What the places hold, once the end of the list was where the last block's pages end: at once, or
 * by whoever wants it later. */
static gboolean
load_places(MigRamLoad *ram, MigStream *stream, GError **error)
{
    guint64 normal, zero;

    if (ram->places != NULL) {
        if (!ram->places(ram->places_user, &ram->list, ram->mapped, stream, error))
            return FALSE;
        mig_mapped_load_count(ram->mapped, &normal, &zero);
    } else if (!mig_mapped_load_pages(ram->mapped, stream, &ram->options, &normal, &zero, error)) {
        return FALSE;
    }
    __atomic_store_n(&ram->stats.normal, normal, __ATOMIC_RELAXED);
    __atomic_store_n(&ram->stats.duplicate, zero, __ATOMIC_RELAXED);
    return TRUE;
}

static gboolean
ram_load(void *opaque, MigStream *stream, guint tag, guint32 version, const VmsContext *context,
         GError **error)
{
    MigRamLoad *ram = opaque;
    GThread *reader = __atomic_load_n(&ram->reader, __ATOMIC_ACQUIRE);

    if (reader != NULL && reader != g_thread_self())
        return refuse(MIG_ERROR_FORMAT, error, "memory in the package of the devices");
    for (;;) {
        guint64 at = mig_stream_position(stream), word = mig_stream_get_be64(stream);

        if (!mig_stream_check(stream, error))
            return FALSE;
        if (word == MIG_RAM_EOS)
            break;
        if (!load_word(ram, stream, tag, word, context, error)) {
            g_prefix_error(error, "byte %" G_GUINT64_FORMAT ": ", at);
            return FALSE;
        }
    }
    if (ram->mapped != NULL && carries_list(tag) && !load_places(ram, stream, error))
        return FALSE;
    ram->ended = tag == MIG_TAG_END || tag == MIG_TAG_FULL;
    return TRUE;
}

const MigHandler mig_ram_load_handler = {
    .version = 4,
    .oldest = 4,
    .load = ram_load,
};
