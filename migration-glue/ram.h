/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * RAM on the wire: the section `ram`, version 4; and the wall behind which the host's memory is.
 *
 * A block takes part because it was registered to (`migratable`), never because of what kind of
 * memory it is. What was not registered is in no list, total, bitmap or figure here: it is dropped
 * where blocks are first asked for, in ram-list.c, and nowhere else.
 *
 * Source: docs/stream-format.md, "RAM section".
 */
#ifndef MIGRATION_GLUE_RAM_H
#define MIGRATION_GLUE_RAM_H

#include "migration-glue/page-file.h"
#include "migration-glue/section.h"

#define MIG_RAM_IDSTR "ram"

/* What is behind a block, as far as it helps to skip what was never touched. */
typedef enum {
    MIG_RAM_UNTOLD,  /* every page is looked at */
    MIG_RAM_PRIVATE, /* private and anonymous, no file behind it, no huge pages of hugetlbfs */
    MIG_RAM_FILE,    /* a shared mapping of `backing_fd`, from `backing_offset` on */
} MigRamBacking;

/* One block of the host's memory. Strings and memory are the host's and outlive the migration. */
typedef struct {
    const char *name;    /* on the wire; NULL while it is not registered */
    gboolean migratable; /* only with a name */
    gboolean shared;     /* others map the same backing: what x-ignore-shared leaves out */
    guint8 *host;
    guint64 used_length; /* bytes, a multiple of 4 KiB; both sides must agree on it */
    guint64 max_length;  /* bytes; the list goes from the largest to the smallest */
    guint64 page_size;   /* bytes, of the backing */
    guint64 gpa;         /* guest address */
    MigRamBacking backing;
    int backing_fd;         /* MIG_RAM_FILE: the host's */
    guint64 backing_offset; /* MIG_RAM_FILE: bytes */
} MigRamBlock;

/*
 * What the host offers. Between log_start and log_stop no block comes, goes or changes its size.
 * Indexes are those of the host's own list, not of the wire.
 */
typedef struct {
    /* Under the machine lock: all there are, migratable or not. */
    guint (*n_blocks)(void *opaque);
    void (*block)(void *opaque, guint index, MigRamBlock *out);
    /* Under the machine lock. From now on every write to a block that is migratable is noted. */
    gboolean (*log_start)(void *opaque, GError **error);
    void (*log_stop)(void *opaque);
    /*
     * No lock, from the migration's thread. ORs into @words the pages of 4 KiB written since the
     * last fetch (bit p % 64 of word p / 64 is page p), and forgets them. Bytes that are read
     * afterwards are at least as new as the marks.
     */
    gboolean (*log_fetch)(void *opaque, guint index, guint64 *words, gsize n_words, GError **error);
} MigRamOps;

/* Figures; see mig_ram_save_stats(). Bytes are payload with record heads. */
typedef struct {
    guint64 total;       /* bytes of all blocks whose pages travel */
    guint64 remaining;   /* bytes of pages that are known to be dirty */
    guint64 normal;      /* pages sent as they are */
    guint64 duplicate;   /* pages sent as zeros */
    guint64 precopy;     /* bytes sent while the machine could run */
    guint64 downtime;    /* bytes sent after it was stopped */
    guint64 sync_count;  /* times the dirty log was fetched */
    guint64 sync_us;     /* the last fetch took */
    guint64 dirty_rate;  /* pages a second, between the last two fetches */
    guint64 dirty_bytes; /* found by the last fetch */
    guint64 file_way;    /* MigFileWay: how pages go to their places in a file */
    guint64 channels;    /* that do; 0: pages are in the stream */
    guint64 postcopy;    /* bytes sent after the switch to postcopy */
    guint64 requests;    /* times that the destination asked for a page */
} MigRamStats;

/* ---- Saving ---- */

typedef struct MigRamSave MigRamSave;

/* The saving half of the section's handler; its opaque is a MigRamSave. */
extern const MigHandler mig_ram_save_handler;

/* @ops, @opaque: outlive it. Nothing is asked of the host yet. */
MigRamSave *mig_ram_save_new(const MigRamOps *ops, void *opaque);
void mig_ram_save_free(MigRamSave *ram); /* stops the log; NULL-safe; under the machine lock */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MigRamSave, mig_ram_save_free)

/* For a mapped-ram file, before the section's start; else nobody asks. */
void mig_ram_save_set_file(MigRamSave *ram, const MigFileOptions *options);

/* Under the machine lock, before the section's start: takes the list of blocks and starts the log.
 */
gboolean mig_ram_save_prepare(MigRamSave *ram, const VmsContext *context, GError **error);

/* The next part sends at most about so many bytes. G_MAXUINT64 at first. */
void mig_ram_save_set_budget(MigRamSave *ram, guint64 bytes);

/* On the way through memory: what the guest has written since it began will go last, and once if
 * its turn had not come. Adds what it finds to the next fetch's figures. From the migration's
 * thread. */
gboolean mig_ram_save_look(MigRamSave *ram, GError **error);

/* Fetches the dirty log, between two ways through memory. From the migration's thread. */
gboolean mig_ram_save_sync(MigRamSave *ram, GError **error);

/* A copy of the figures; any thread. */
void mig_ram_save_stats(const MigRamSave *ram, MigRamStats *stats);

/* ---- Loading ---- */

typedef struct MigRamLoad MigRamLoad;

/* The loading half of the section's handler; its opaque is a MigRamLoad. */
extern const MigHandler mig_ram_load_handler;

MigRamLoad *mig_ram_load_new(const MigRamOps *ops, void *opaque);
void mig_ram_load_free(MigRamLoad *ram); /* NULL-safe */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MigRamLoad, mig_ram_load_free)

/* For a mapped-ram file, before the section. */
void mig_ram_load_set_file(MigRamLoad *ram, const MigFileOptions *options);

/* After the stream: whether the section came, and to its end. */
gboolean mig_ram_load_check_whole(const MigRamLoad *ram, GError **error);

/* Bytes of all blocks, and records read so far; any thread. */
void mig_ram_load_stats(const MigRamLoad *ram, MigRamStats *stats);

/* ---- The section ---- */

/*
 * What the host registers once, so that the section has the same number in every stream:
 * mig_sections_add_handler(sections, MIG_RAM_IDSTR, 0, MIG_PRIORITY_DEFAULT, &mig_ram_handler,
 * ram). It takes part while one of the two is set; outgoing.c and incoming.c do that, under the
 * machine lock.
 */
typedef struct {
    const MigRamOps *ops;
    void *opaque; /* of the ops */
    MigRamSave *save;
    MigRamLoad *load;
} MigRam;

extern const MigHandler mig_ram_handler;

#endif
