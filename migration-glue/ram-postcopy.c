/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sending RAM after the guest has moved: whole pages of the backing, those first that the
 * destination waits for, then what follows them.
 *
 * Source: docs/stream-format.md, "Commands, postcopy, return path".
 */
#include "migration-glue/ram-postcopy.h"

#include <string.h>
#include <unistd.h>

#include "migration-glue/command.h"
#include "migration-glue/error.h"
#include "migration-glue/ram-save-priv.h"

#define RANGES_MAX 12     /* of one discard command; as many as stock QEMU puts in */
#define ASKED_MAX  65536u /* requests that wait; a destination that has more is out of its mind */
#define BITMAP_END G_GUINT64_CONSTANT(0x0123456789abcdef)

gboolean
mig_ram_tells_page_size(const MigRamBlock *block)
{
    return block->page_size != MAX((guint64)sysconf(_SC_PAGESIZE), MIG_PAGE_SIZE);
}

static guint64
backing_pages(const MigRamEntry *entry)
{
    guint64 host = (guint64)sysconf(_SC_PAGESIZE);

    return MAX(MAX(entry->host.page_size, host), MIG_PAGE_SIZE) >> MIG_PAGE_SHIFT;
}

void
mig_ram_postcopy_init(MigRamSave *ram)
{
    g_mutex_init(&ram->lock);
    g_cond_init(&ram->changed);
    g_queue_init(&ram->asked);
}

void
mig_ram_postcopy_clear(MigRamSave *ram)
{
    g_queue_clear_full(&ram->asked, g_free);
    g_cond_clear(&ram->changed);
    g_mutex_clear(&ram->lock);
}

guint64
mig_ram_save_page_sizes(const MigRamSave *ram)
{
    guint64 sizes = 0;

    for (guint i = 0; i < ram->list.n; i++) {
        if (!ram->list.entries[i].ignored)
            sizes |= backing_pages(&ram->list.entries[i]) << MIG_PAGE_SHIFT;
    }
    return sizes;
}

/* ---- The switch ---- */

static gboolean
is_dirty(const MigRamEntry *entry, guint64 page)
{
    return (entry->dirty[page / 64] >> (page % 64) & 1) != 0;
}

static void
mark(MigRamEntry *entry, guint64 page, gboolean dirty)
{
    guint64 bit = G_GUINT64_CONSTANT(1) << (page % 64);

    if (dirty)
        entry->dirty[page / 64] |= bit;
    else
        entry->dirty[page / 64] &= ~bit;
}

/* A page of the backing that is dirty in part is dirty. */
static void
make_whole(MigRamEntry *entry)
{
    guint64 n = backing_pages(entry);

    for (guint64 first = 0; n > 1 && first < entry->pages; first += n) {
        guint64 end = MIN(first + n, entry->pages), page = first;

        while (page < end && !is_dirty(entry, page))
            page++;
        for (guint64 i = first; page < end && i < end; i++)
            mark(entry, i, TRUE);
    }
}

static void
count_anew(MigRamSave *ram)
{
    ram->dirty_pages = 0;
    for (guint i = 0; i < ram->list.n; i++) {
        MigRamEntry *entry = &ram->list.entries[i];

        if (entry->ignored)
            continue;
        make_whole(entry);
        ram->dirty_pages += mig_ram_count_dirty(entry);
    }
    mig_ram_figure_set(&ram->stats.remaining, ram->dirty_pages << MIG_PAGE_SHIFT);
}

gboolean
mig_ram_save_switch(MigRamSave *ram, GError **error)
{
    if (!mig_ram_save_sync(ram, error))
        return FALSE;
    count_anew(ram);
    ram->switched = TRUE;
    return TRUE;
}

/* The next stretch of dirty pages at or behind @*first; FALSE: none. */
static gboolean
next_stretch(const MigRamEntry *entry, guint64 *first, guint64 *end)
{
    while (*first < entry->pages && !is_dirty(entry, *first))
        (*first)++;
    *end = *first;
    while (*end < entry->pages && is_dirty(entry, *end))
        (*end)++;
    return *first < entry->pages;
}

static void
append_be64(GByteArray *bytes, guint64 value)
{
    guint64 word = GUINT64_TO_BE(value);

    g_byte_array_append(bytes, (const guint8 *)&word, sizeof(word));
}

static void
put_block_discards(const MigRamEntry *entry, MigStream *stream)
{
    guint64 first = 0, end = 0;
    gboolean more = next_stretch(entry, &first, &end);

    while (more) {
        g_autoptr(GByteArray) payload = g_byte_array_new();
        guint8 version = 0, length = (guint8)strlen(entry->host.name);

        g_byte_array_append(payload, &version, 1);
        g_byte_array_append(payload, &length, 1);
        g_byte_array_append(payload, (const guint8 *)entry->host.name, length + 1u);
        for (guint i = 0; more && i < RANGES_MAX; i++) {
            append_be64(payload, first << MIG_PAGE_SHIFT);
            append_be64(payload, (end - first) << MIG_PAGE_SHIFT);
            first = end;
            more = next_stretch(entry, &first, &end);
        }
        mig_command_put(stream, MIG_COMMAND_POSTCOPY_RAM_DISCARD, payload->data, payload->len);
    }
}

void
mig_ram_save_put_discards(const MigRamSave *ram, MigStream *stream)
{
    for (guint i = 0; i < ram->list.n; i++) {
        if (!ram->list.entries[i].ignored)
            put_block_discards(&ram->list.entries[i], stream);
    }
}

/* ---- Requests ---- */

static gboolean G_GNUC_PRINTF(2, 3) refuse(GError **error, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    if (error != NULL)
        *error = g_error_new_valist(MIG_ERROR, MIG_ERROR_FORMAT, format, arguments);
    va_end(arguments);
    return FALSE;
}

static gboolean
check_asked(const MigRamEntry *entry, guint64 start, guint32 n, GError **error)
{
    guint64 unit;

    if (entry == NULL || entry->ignored)
        return refuse(error, "the destination asks for a page of a block that does not travel");
    unit = backing_pages(entry) << MIG_PAGE_SHIFT;
    if (n != 0 && start % unit == 0 && n % unit == 0 && start < entry->host.used_length &&
        n <= entry->host.used_length - start)
        return TRUE;
    return refuse(error,
                  "the destination asks for 0x%x bytes at 0x%" G_GINT64_MODIFIER
                  "x of RAM block '%s', which has 0x%" G_GINT64_MODIFIER
                  "x bytes in pages of 0x%" G_GINT64_MODIFIER "x",
                  n, start, entry->host.name, entry->host.used_length, unit);
}

gboolean
mig_ram_save_ask(MigRamSave *ram, const char *name, guint64 start, guint32 n, GError **error)
{
    const MigRamEntry *entry;
    gboolean good;

    g_mutex_lock(&ram->lock);
    entry = name != NULL ? mig_ram_list_find(&ram->list, name) : ram->asked_last;
    good = check_asked(entry, start, n, error);
    if (good && ram->asked.length == ASKED_MAX)
        good = refuse(error, "the destination asks for more than can be answered");
    if (good) {
        MigAsked *asked = g_new(MigAsked, 1);

        *asked = (MigAsked){entry, start >> MIG_PAGE_SHIFT, n >> MIG_PAGE_SHIFT};
        g_queue_push_tail(&ram->asked, asked);
        ram->asked_last = entry;
        g_cond_broadcast(&ram->changed);
    }
    g_mutex_unlock(&ram->lock);
    return good;
}

void
mig_ram_save_wait(MigRamSave *ram, gint64 us)
{
    gint64 end = g_get_monotonic_time() + us;

    g_mutex_lock(&ram->lock);
    while (ram->asked.length == 0 && !ram->kicked &&
           g_cond_wait_until(&ram->changed, &ram->lock, end)) {
    }
    g_mutex_unlock(&ram->lock);
}

void
mig_ram_save_kick(MigRamSave *ram)
{
    g_mutex_lock(&ram->lock);
    ram->kicked = TRUE;
    g_cond_broadcast(&ram->changed);
    g_mutex_unlock(&ram->lock);
}

/* ---- Parts ---- */

static void
put_whole_page(MigRamSave *ram, MigStream *stream, MigRamEntry *entry, guint64 page)
{
    guint64 n = backing_pages(entry), first = page / n * n;

    for (page = first; page < first + n && mig_stream_ok(stream); page++) {
        mark(entry, page, FALSE);
        mig_ram_put_page(ram, stream, entry, page);
        ram->dirty_pages--;
    }
}

/* The oldest request that is not answered yet; the cursor goes on behind it: whoever wants a page
 * soon wants its neighbours. */
static gboolean
put_asked(MigRamSave *ram, MigStream *stream)
{
    MigAsked *asked;

    g_mutex_lock(&ram->lock);
    asked = g_queue_pop_head(&ram->asked);
    g_mutex_unlock(&ram->lock);
    if (asked == NULL)
        return FALSE;
    mig_ram_figure_add(&ram->stats.requests, 1);
    ram->entry = (guint)(asked->entry - ram->list.entries);
    for (guint64 i = 0; i < asked->n; i += backing_pages(asked->entry)) {
        if (is_dirty(asked->entry, asked->first + i))
            put_whole_page(ram, stream, &ram->list.entries[ram->entry], asked->first + i);
    }
    ram->page = asked->first + asked->n;
    g_free(asked);
    return TRUE;
}

void
mig_ram_put_whole_pages(MigRamSave *ram, MigStream *stream, guint64 budget)
{
    guint64 start = mig_stream_position(stream);

    while (ram->dirty_pages > 0 && mig_stream_ok(stream) &&
           mig_stream_position(stream) - start < budget) {
        /* What was asked for leaves at once. */
        if (put_asked(ram, stream))
            break;
        MigRamEntry *entry = mig_ram_next_dirty(ram);

        put_whole_page(ram, stream, entry, ram->page);
    }
    mig_ram_figure_add(&ram->stats.postcopy, mig_stream_position(stream) - start);
    mig_ram_figure_set(&ram->stats.remaining, ram->dirty_pages << MIG_PAGE_SHIFT);
}

/* ---- Recovery ---- */

guint
mig_ram_save_n_blocks(const MigRamSave *ram)
{
    return ram->list.n;
}

const char *
mig_ram_save_block(const MigRamSave *ram, guint index)
{
    const MigRamEntry *entry = &ram->list.entries[index];

    return entry->ignored ? NULL : entry->host.name;
}

void
mig_ram_save_agree(MigRamSave *ram)
{
    g_mutex_lock(&ram->lock);
    ram->agrees = TRUE;
    g_mutex_unlock(&ram->lock);
}

/* FALSE: it comes late, and pages are being sent by the old ones. */
static gboolean
use_bitmap(MigRamSave *ram, MigRamEntry *entry, const guint64 *words)
{
    gboolean agrees;

    g_mutex_lock(&ram->lock);
    agrees = ram->agrees;
    for (gsize i = 0; agrees && i < mig_ram_words_of(entry); i++)
        entry->dirty[i] = ~GUINT64_FROM_LE(words[i]);
    if (agrees)
        mig_ram_trim(entry);
    g_mutex_unlock(&ram->lock);
    return agrees;
}

gboolean
mig_ram_save_take_bitmap(MigRamSave *ram, const char *name, MigStream *back, GError **error)
{
    MigRamEntry *entry = mig_ram_list_find(&ram->list, name);
    guint64 size = mig_stream_get_be64(back);
    g_autofree guint64 *words = NULL;

    if (!mig_stream_check(back, error))
        return FALSE;
    if (entry == NULL || entry->ignored)
        return refuse(error, "the destination has a bitmap of RAM block '%s', which is not here",
                      name);
    if (size != mig_ram_words_of(entry) * sizeof(*words))
        return refuse(error,
                      "the destination's bitmap of RAM block '%s' has %" G_GUINT64_FORMAT
                      " bytes, not %" G_GSIZE_FORMAT,
                      name, size, mig_ram_words_of(entry) * sizeof(*words));
    words = g_malloc(size);
    mig_stream_get(back, words, size);
    if (mig_stream_get_be64(back) != BITMAP_END && mig_stream_ok(back))
        return refuse(error, "the destination's bitmap of RAM block '%s' has no end", name);
    if (!mig_stream_check(back, error))
        return FALSE;
    return use_bitmap(ram, entry, words) ||
           refuse(error, "the destination sent a bitmap of RAM block '%s' that nobody asked for",
                  name);
}

void
mig_ram_save_restart(MigRamSave *ram)
{
    g_mutex_lock(&ram->lock);
    g_queue_clear_full(&ram->asked, g_free);
    ram->asked_last = NULL;
    ram->kicked = FALSE;
    ram->agrees = FALSE;
    g_mutex_unlock(&ram->lock);
    ram->previous = NULL;
    ram->entry = 0;
    ram->page = 0;
    count_anew(ram);
}
