/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The memory of a VM: blocks of RAM, and ram-device regions for the map's sake.
 *
 * A block is made with its backing, placed at a guest address, and, if its bytes are to travel,
 * registered by the layer that made it. Nothing migrates that was not registered, and a ram-device
 * region cannot be. Which kind of memory a block is never decides whether it migrates: the flag
 * does.
 *
 * Threads: everything under the machine lock; ram_block_mark_dirty() and ram_block_fetch_dirty()
 * need none. The bytes themselves have no lock: the guest writes them at any time.
 */
#ifndef VMM_RAM_H
#define VMM_RAM_H

#include <glib.h>

#define RAM_DIRTY_PAGE_SHIFT 12u /* of the VMM's own dirty bitmap */

typedef enum {
    RAM_BACKEND_RAM,   /* memory-backend-ram, and plain -m: anonymous */
    RAM_BACKEND_FILE,  /* memory-backend-file, and -mem-path */
    RAM_BACKEND_MEMFD, /* memory-backend-memfd */
} RamBackendKind;

/* What an operator asks of a backend; a parser fills it. */
typedef struct {
    RamBackendKind kind;
    const char *id;        /* for messages and the map, e.g. "ram0" */
    guint64 size;          /* bytes */
    const char *path;      /* FILE: a file, or a directory to make a nameless one in */
    gboolean share;        /* other processes that map the same backing see the guest's writes */
    gboolean prealloc;     /* take all pages now or fail */
    gboolean hugetlb;      /* MEMFD: pages of the huge page pool */
    guint64 hugepage_size; /* bytes; 0: the pool's default */
    gboolean discard;      /* FILE: on ram_block_free() throw the file's contents away */
} RamBackendSpec;

typedef enum {
    RAM_KIND_RAM,
    RAM_KIND_DEVICE, /* a window of an in-kernel device; its owner maps it */
} RamKind;

typedef struct RamList RamList;

/* Read its members, change it through the calls below. */
typedef struct {
    RamList *list;
    RamKind kind;
    char *name;          /* the backend's id, the region's name */
    char *idstr;         /* on the wire; NULL while not registered */
    gboolean migratable; /* with idstr, never without */
    guint8 *host;        /* NULL for DEVICE */
    guint64 size;        /* bytes, a multiple of page_size */
    guint64 used_length; /* bytes of it that the guest may have used */
    guint64 page_size;   /* bytes, of the backing */
    gboolean placed;
    guint64 gpa; /* while placed */
    gint slot;   /* the accelerator's slot that maps it, −1: none; its owner's business */
    gint fd;     /* −1: anonymous */
    gboolean shared;
    gboolean preallocated;
    gboolean owns_contents; /* nobody else knows the backing, so it may be thrown away */
    gboolean discard_at_end;
    guint64 *dirty; /* one bit for 4 KiB, or NULL; see ram_block_track_dirty() */
} RamBlock;

RamList *ram_list_new(void);
/** ram_list_free: and every block in it. NULL-safe. */
void ram_list_free(RamList *list);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RamList, ram_list_free)

/* Blocks in the order they were made. */
guint ram_list_length(const RamList *list);
RamBlock *ram_list_get(const RamList *list, guint index);
/** ram_list_find: the registered block with @idstr, or NULL. */
RamBlock *ram_list_find(const RamList *list, const char *idstr);
/** ram_list_at: the placed block (of either kind) that holds @gpa, or NULL. */
RamBlock *ram_list_at(RamList *list, guint64 gpa);

/* The blocks whose bytes travel, and no others; safe before an `else`. @index: a guint. */
#define RAM_LIST_FOREACH_MIGRATABLE(block, index, list)                                        \
    for ((index) = 0;                                                                          \
         (index) < ram_list_length(list) && ((block) = ram_list_get((list), (index))) != NULL; \
         (index)++)                                                                            \
        if (!(block)->migratable) {                                                            \
        } else

/**
 * ram_block_new: makes a block and its backing, at no guest address yet.
 *
 * Anonymous memory is aligned to 2 MiB and asks for transparent huge pages: a radix guest then
 * needs one translation where it needed 32 of 64 KiB. It is not passed on by fork().
 *
 * Errors: G_OPTION_ERROR for what @spec asks wrongly (size 0 or no multiple of the backing's page,
 * a file that is too small, hugetlb without memfd, no path), G_FILE_ERROR for what the host cannot
 * do; both name the backend and the path and say what to do.
 */
RamBlock *ram_block_new(RamList *list, const RamBackendSpec *spec, GError **error);
/** ram_block_new_device: lists a ram-device region and places it. */
RamBlock *ram_block_new_device(RamList *list, const char *name, guint64 gpa, guint64 size,
                               guint64 page_size, GError **error);
/** ram_block_free: unplaces, unregisters, gives the backing back. NULL-safe. No slot and no
 * accelerator may use it any more. */
void ram_block_free(RamBlock *block);

/** ram_block_place: at [gpa, gpa + size). Error if that overlaps another block, wraps, or is not
 * aligned to the host's page. */
gboolean ram_block_place(RamBlock *block, guint64 gpa, GError **error);
void ram_block_unplace(RamBlock *block);

/** ram_block_register: its bytes migrate from now on, under @idstr. Refused: a ram-device region,
 * an empty or overlong (> 255 bytes) name, a name in use, a block already registered. */
gboolean ram_block_register(RamBlock *block, const char *idstr, GError **error);
/** ram_block_unregister: clears flag and name. Harmless if not registered. */
void ram_block_unregister(RamBlock *block);

/**
 * ram_block_discard: gives the memory back to the host, so that the guest finds it as after a
 * start (zeroes; for a private mapping of a file its contents). vCPUs are stopped.
 *
 * Returns: FALSE if the contents stay instead: a shared named file, whose bytes are others' too;
 * preallocated or huge page memory, which might not come back.
 */
gboolean ram_block_discard(RamBlock *block);

/** ram_block_track_dirty: allocates or frees the bitmap of the VMM's own writes. */
void ram_block_track_dirty(RamBlock *block, gboolean on);
/** ram_block_dirty_words: how many guint64 words ram_block_fetch_dirty() has. */
gsize ram_block_dirty_words(const RamBlock *block);
/** ram_block_mark_dirty: after the store to [offset, offset + n), n ≥ 1. Nothing if not tracked.
 */
void ram_block_mark_dirty(RamBlock *block, guint64 offset, guint64 n);
/** ram_block_fetch_dirty: bits of 4 KiB pages 64·@word…, LSB first, and clears them. Bytes read
 * afterwards are at least as new as the marks. */
guint64 ram_block_fetch_dirty(RamBlock *block, gsize word);

#endif
