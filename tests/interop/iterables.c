/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Skipping memory: no pages are kept.
 */
#include "tests/interop/iterables.h"

#include "migration-glue/error.h"

#define PAGE 4096u

/* Flags of a record. */
#define RECORD_ZERO     0x02u
#define RECORD_BLOCKS   0x04u
#define RECORD_PAGE     0x08u
#define RECORD_END      0x10u
#define RECORD_CONTINUE 0x20u

static gboolean
wrong(GError **error, const char *what, guint64 value)
{
    g_set_error(error, MIG_ERROR, MIG_ERROR_FORMAT, "%s 0x%" G_GINT64_MODIFIER "x", what, value);
    return FALSE;
}

static gboolean
read_blocks(MigStream *stream, guint64 total, GError **error)
{
    char name[256];

    while (total > 0 && mig_stream_get_str8(stream, name) > 0) {
        const guint64 length = mig_stream_get_be64(stream);

        if (length == 0 || length > total)
            return wrong(error, "blocks do not add up: one of", length);
        total -= length;
    }
    return mig_stream_check(stream, error);
}

static gboolean
read_page(Iterables *iterables, MigStream *stream, guint flags, GError **error)
{
    char name[256];

    if ((flags & RECORD_CONTINUE) == 0)
        mig_stream_get_str8(stream, name);
    flags &= ~RECORD_CONTINUE;
    if (flags != RECORD_ZERO && flags != RECORD_PAGE)
        return wrong(error, "a record with flags", flags);
    iterables->pages++;
    mig_stream_skip(stream, flags == RECORD_ZERO ? 1 : PAGE);
    return mig_stream_check(stream, error);
}

static gboolean
ram_load(void *opaque, MigStream *stream, guint tag, guint32 version, const VmsContext *context,
         GError **error)
{
    Iterables *iterables = opaque;

    for (;;) {
        const guint64 word = mig_stream_get_be64(stream);
        const guint flags = (guint)(word & (PAGE - 1));
        gboolean good;

        if (!mig_stream_check(stream, error))
            return FALSE;
        if (flags == RECORD_END)
            return TRUE;
        if (flags == RECORD_BLOCKS)
            good = read_blocks(stream, iterables->ram = word - flags, error);
        else
            good = read_page(iterables, stream, flags, error);
        if (!good)
            return FALSE;
    }
}

#define HTAB_NONE  G_MAXUINT32
#define HTAB_ENTRY 16u

static gboolean
htab_load(void *opaque, MigStream *stream, guint tag, guint32 version, const VmsContext *context,
          GError **error)
{
    Iterables *iterables = opaque;
    const guint32 head = mig_stream_get_be32(stream);

    if (tag == MIG_TAG_START || head == HTAB_NONE)
        return mig_stream_check(stream, error);
    if (head != 0)
        return wrong(error, "a part of the hash table begins with", head);
    for (;;) {
        const guint32 index = mig_stream_get_be32(stream);
        const guint valid = mig_stream_get_be16(stream);
        const guint invalid = mig_stream_get_be16(stream);

        if (!mig_stream_check(stream, error))
            return FALSE;
        if (index == 0 && valid == 0 && invalid == 0)
            return TRUE;
        iterables->entries += valid;
        mig_stream_skip(stream, (guint64)valid * HTAB_ENTRY);
    }
}

static const MigHandler ram_handler = {.version = 4, .oldest = 4, .load = ram_load};
static const MigHandler htab_handler = {.version = 1, .oldest = 1, .load = htab_load};

gboolean
iterables_add(Iterables *iterables, MigSections *sections, GError **error)
{
    return mig_sections_add_handler(sections, "ram", 0, MIG_PRIORITY_DEFAULT, &ram_handler,
                                    iterables, error) &&
           mig_sections_add_handler(sections, "spapr/htab", 0, MIG_PRIORITY_DEFAULT, &htab_handler,
                                    iterables, error);
}
