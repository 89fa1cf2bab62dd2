/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The file of a mapped-ram migration as its pages see it: read and written at positions, by several
 * threads at once, through the page cache or past it.
 */
#ifndef MIGRATION_GLUE_PAGE_FILE_H
#define MIGRATION_GLUE_PAGE_FILE_H

#include "migration-glue/channel.h"

/* How pages go to the file and come from it. */
typedef enum {
    MIG_FILE_NONE,     /* there is no such file: pages are in the stream */
    MIG_FILE_BUFFERED, /* through the page cache, as wished */
    MIG_FILE_DIRECT,   /* past it (O_DIRECT) */
    MIG_FILE_REFUSED,  /* past it was wished, the file does not take that: through the cache */
} MigFileWay;

typedef struct {
    guint channels;  /* threads; 1..255 */
    gboolean direct; /* O_DIRECT if the file takes it */
} MigFileOptions;

typedef struct MigPageFile MigPageFile;

/* @channel: seekable; outlives it. Tries whether the file can be opened as wished. */
MigPageFile *mig_page_file_new(MigChannel *channel, gboolean direct);
void mig_page_file_free(MigPageFile *file); /* NULL-safe */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MigPageFile, mig_page_file_free)

/* Any thread. A file may turn out not to take direct access at the first page only. */
MigFileWay mig_page_file_way(MigPageFile *file);

/* How many threads make sense: 0 over what is no descriptor. */
guint mig_page_file_threads(const MigPageFile *file, guint channels);

/* All @n bytes, @n and @offset multiples of 4096, memory too. Any thread. FALSE with @error set, of
 * MIG_ERROR_CANCELLED after a shutdown of the channel. */
gboolean mig_page_file_write(MigPageFile *file, guint64 offset, const guint8 *bytes, gsize n,
                             GError **error);
gboolean
mig_page_file_read(MigPageFile *file, guint64 offset, guint8 *bytes, gsize n, GError **error);

#endif
