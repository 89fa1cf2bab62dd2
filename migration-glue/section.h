/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The list of what is sent: registered states and iterable handlers, in the order in which they
 * stand on the wire.
 *
 * Order is priority, then registration. Instance ids are explicit. The numbers that sections have
 * in a stream are allotted at registration and are never reused.
 */
#ifndef MIGRATION_GLUE_SECTION_H
#define MIGRATION_GLUE_SECTION_H

#include "migration-glue/stream.h"
#include "vdev/vmstate.h"

/* Section types, and the bytes that stand where one could. */
enum {
    MIG_TAG_EOF = 0x00,
    MIG_TAG_START = 0x01,
    MIG_TAG_PART = 0x02,
    MIG_TAG_END = 0x03,
    MIG_TAG_FULL = 0x04,
    MIG_TAG_SUBSECTION = 0x05, /* in payloads only */
    MIG_TAG_DESCRIPTION = 0x06,
    MIG_TAG_CONFIGURATION = 0x07,
    MIG_TAG_COMMAND = 0x08,
    MIG_TAG_FOOTER = 0x7e,
};

/* Highest is sent first. Devices of this machine have MIG_PRIORITY_DEFAULT. */
typedef enum {
    MIG_PRIORITY_LOW,
    MIG_PRIORITY_DEFAULT,
    MIG_PRIORITY_IOMMU,
    MIG_PRIORITY_PCI_BUS,
    MIG_PRIORITY_VIRTIO_MEM,
    MIG_PRIORITY_GICV3_ITS,
    MIG_PRIORITY_GICV3,
} MigPriority;

/*
 * Something that is sent in rounds while the machine runs (ram, spapr/htab) and writes and reads
 * its payload itself. Save calls come from the migration's thread; load, under the machine lock,
 * from the thread that reads the stream. Payloads are framed by the caller: a call writes or reads
 * exactly its own bytes. A call may be missing; then nothing is written, and that is fine.
 */
typedef struct {
    guint32 version;
    guint32 oldest;    /* lowest version that is read */
    gboolean postcopy; /* goes on in parts after the machine runs at the other side */
    /* Whether it takes part in this migration; NULL: always. */
    gboolean (*is_active)(void *opaque, const VmsContext *context);
    gboolean (*save_start)(void *opaque, MigStream *stream, const VmsContext *context,
                           GError **error);
    /* One round's worth; *@done when nothing more would be sent before the machine stops. */
    gboolean (*save_part)(void *opaque, MigStream *stream, const VmsContext *context,
                          gboolean *done, GError **error);
    gboolean (*save_end)(void *opaque, MigStream *stream, const VmsContext *context,
                         GError **error);
    /* Bytes still to be sent, if the machine stopped now. */
    guint64 (*pending)(void *opaque);
    /* Whatever happened: nothing will be asked any more. */
    void (*save_cleanup)(void *opaque);
    /* @tag: MIG_TAG_START, _PART, _END or _FULL. Failing leaves the target unusable. */
    gboolean (*load)(void *opaque, MigStream *stream, guint tag, guint32 version,
                     const VmsContext *context, GError **error);
    void (*load_cleanup)(void *opaque);
} MigHandler;

typedef struct MigSectionParts MigSectionParts;

/* One entry. Read-only for all but section.c. */
typedef struct {
    char *idstr; /* "path/name" or "name", at most 255 bytes */
    guint32 instance;
    guint32 compat_instance; /* ordinal among those with a path and the same name */
    const char *bare_name;   /* idstr without its path; equal to idstr without one */
    guint32 id;              /* number in our streams */
    MigPriority priority;
    guint32 version;
    /* One of the two: */
    const VmsState *state;
    const MigHandler *handler;
    void *opaque;           /* object of the state, or owner of the handler */
    MigSectionParts *parts; /* what handler and opaque are in, of mig_sections_add_parts() */
} MigSection;

typedef struct MigSections MigSections;

MigSections *mig_sections_new(void);
void mig_sections_free(MigSections *sections); /* the objects are not touched; NULL-safe */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MigSections, mig_sections_free)

/**
 * mig_sections_add_state:
 * @path:     device path ("vty@71000001"), or NULL; copied
 * @instance: 0 with a path; what the format says without
 * @object:   outlives its registration
 *
 * Under the machine lock, no migration running. The description is checked here.
 *
 * Returns: FALSE with @error set if the description is wrong or (idstr, instance) is taken.
 */
gboolean
mig_sections_add_state(MigSections *sections, const char *path, guint32 instance,
                       MigPriority priority, const VmsState *state, void *object, GError **error);

/* The same for a handler named @idstr; @handler is constant data. */
gboolean mig_sections_add_handler(MigSections *sections, const char *idstr, guint32 instance,
                                  MigPriority priority, const MigHandler *handler, void *opaque,
                                  GError **error);

/* A section that comes in parts, each of them a payload of @state: the same at START, PART and END,
 * whatever the machine does meanwhile: @object is read without a lock. */
gboolean mig_sections_add_parts(MigSections *sections, guint32 instance, MigPriority priority,
                                const VmsState *state, void *object, GError **error);

/* Takes out every entry of @opaque. */
void mig_sections_remove(MigSections *sections, const void *opaque);

/* Entries in wire order, *@n of them; valid until the next change. */
const MigSection *const *mig_sections_list(const MigSections *sections, guint *n);

/**
 * mig_sections_find:
 *
 * The entry that a stream's (idstr, instance) means: the same pair, or an entry with a path whose
 * bare name and ordinal an old sender used.
 *
 * Returns: the entry, or NULL.
 */
const MigSection *
mig_sections_find(const MigSections *sections, const char *idstr, guint32 instance);

#endif
