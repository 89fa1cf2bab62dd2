/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Checksums of a file, in FILE.sums beside it: what a disk did to a guest that was put away.
 *
 * They stand outside because nothing of ours may stand inside: other readers know the file's form.
 * A line for each MiB that is not all zeros, so that damage is found by its place and holes cost
 * nothing.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "migration-glue/error.h"
#include "migration-glue/page.h"
#include "tools/stream-commands.h"

#define CHUNK (1u << 20)
#define TITLE "spapr-stream sums 1 sha256, bytes of the file: "

typedef struct {
    StreamInput *input;
    MigChannel *channel;
    guint8 *buffer;
    guint64 size;
} Source;

static void
source_clear(Source *source)
{
    g_free(source->buffer);
    stream_input_free(source->input);
}

static gboolean
source_open(Source *source, const char *path, GError **error)
{
    source->input = stream_input_open(path, error);
    if (source->input == NULL)
        return FALSE;
    source->channel = mig_stream_channel(source->input->stream);
    source->buffer = g_malloc(CHUNK);
    if (strcmp(path, "-") != 0)
        return mig_channel_size(source->channel, &source->size, error);
    g_set_error(error, MIG_ERROR, MIG_ERROR_UNSUPPORTED,
                "checksums stand beside a file: standard input has no place for them");
    return FALSE;
}

/* The first chunk at or after @at that may hold data, or the file's size. */
static guint64
next_data(const Source *source, guint64 at)
{
    const off_t data = lseek(mig_channel_fd(source->channel), (off_t)at, SEEK_DATA);

    if (data < 0)
        return errno == ENXIO ? source->size : at;
    return MAX(at, (guint64)data / CHUNK * CHUNK);
}

/* Checksums of all chunks, by offset. */
static GHashTable *
sum_up(Source *source, GError **error)
{
    g_autoptr(GHashTable) sums = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, g_free);

    for (guint64 at = next_data(source, 0); at < source->size; at = next_data(source, at + CHUNK)) {
        const gsize n = (gsize)MIN(source->size - at, CHUNK);

        if (!mig_channel_read_at(source->channel, at, source->buffer, n, error))
            return NULL;
        if (!mig_zero_scan_best()(source->buffer, n))
            g_hash_table_insert(sums, g_memdup2(&at, sizeof(at)),
                                g_compute_checksum_for_data(G_CHECKSUM_SHA256, source->buffer, n));
    }
    return g_steal_pointer(&sums);
}

static char *
side_file(const char *path)
{
    return g_strconcat(path, ".sums", NULL);
}

gboolean
stream_sum(const char *path, GError **error)
{
    g_autofree char *side = side_file(path);
    g_autoptr(GString) text = g_string_new(NULL);
    g_autoptr(GHashTable) sums = NULL;
    Source source = {0};
    gboolean good = source_open(&source, path, error) && (sums = sum_up(&source, error)) != NULL;

    if (good) {
        g_string_printf(text, TITLE "%" G_GUINT64_FORMAT "\n", source.size);
        for (guint64 at = 0; at < source.size; at += CHUNK) {
            const char *sum = g_hash_table_lookup(sums, &at);

            if (sum != NULL)
                g_string_append_printf(text, "%" G_GUINT64_FORMAT " %s\n", at, sum);
        }
        good = g_file_set_contents_full(
            side, text->str, (gssize)text->len,
            G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE, 0600, error);
    }
    source_clear(&source);
    return good;
}

/* --- Verifying ------------------------------------------------------------------- */

static gboolean
refuse_side(const char *side, guint line, GError **error)
{
    g_set_error(error, MIG_ERROR, MIG_ERROR_FORMAT, "%s: line %u is none of a file of checksums",
                side, line);
    return FALSE;
}

/* The side file's sums, and the size that it tells. */
static GHashTable *
read_side(const char *side, guint64 *size, GError **error)
{
    g_autoptr(GHashTable) sums = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, g_free);
    g_autofree char *text = NULL;
    g_auto(GStrv) lines = NULL;

    if (!g_file_get_contents(side, &text, NULL, error))
        return NULL;
    lines = g_strsplit(text, "\n", -1);
    if (!g_str_has_prefix(lines[0], TITLE) ||
        !g_ascii_string_to_unsigned(lines[0] + strlen(TITLE), 10, 0, G_MAXINT64, size, NULL)) {
        refuse_side(side, 1, error);
        return NULL;
    }
    for (guint i = 1; lines[i] != NULL && lines[i][0] != '\0'; i++) {
        g_auto(GStrv) words = g_strsplit(lines[i], " ", 2);
        guint64 at;

        if (g_strv_length(words) != 2 || strlen(words[1]) != 64 ||
            !g_ascii_string_to_unsigned(words[0], 10, 0, G_MAXINT64, &at, NULL)) {
            refuse_side(side, i + 1, error);
            return NULL;
        }
        g_hash_table_insert(sums, g_memdup2(&at, sizeof(at)), g_strdup(words[1]));
    }
    return g_steal_pointer(&sums);
}

static gboolean
compare(FILE *out, GHashTable *was, GHashTable *is, guint64 size)
{
    gboolean same = TRUE;

    for (guint64 at = 0; at < size; at += CHUNK) {
        if (g_strcmp0(g_hash_table_lookup(was, &at), g_hash_table_lookup(is, &at)) == 0)
            continue;
        same = FALSE;
        fprintf(out,
                "bytes %" G_GUINT64_FORMAT " to %" G_GUINT64_FORMAT " are not what they were\n", at,
                MIN(at + CHUNK, size) - 1);
    }
    return same;
}

gboolean
stream_verify(const StreamRequest *request, const char *path, gboolean *same, GError **error)
{
    g_autofree char *side = side_file(path);
    g_autoptr(GHashTable) was = NULL, is = NULL;
    Source source = {0};
    guint64 size;
    gboolean good = (was = read_side(side, &size, error)) != NULL &&
                    source_open(&source, path, error) && (is = sum_up(&source, error)) != NULL;

    if (good) {
        *same = source.size == size;
        if (!*same)
            fprintf(request->out,
                    "the file has %" G_GUINT64_FORMAT " bytes, it had %" G_GUINT64_FORMAT "\n",
                    source.size, size);
        if (!compare(request->out, was, is, source.size))
            *same = FALSE;
    }
    source_clear(&source);
    return good;
}
