/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The walk: where it goes on, the piece that is next, and putting it into the guest's work area.
 */
#include "hw-spapr/connector.h"

#include <libfdt.h>
#include <string.h>

#include "hw-spapr/platform.h"
#include "vdev/bits.h"

/* Words of the work area. */
enum {
    AREA_INDEX,
    AREA_MARK,
    AREA_NAME,
    AREA_LENGTH,
    AREA_VALUE,
};

#define AREA_DATA (CONNECTOR_WORDS * 4u) /* QEMU's place for the name */

/* --- Pieces -------------------------------------------------------------- */

typedef struct {
    guint32 status; /* RTAS_OK: the end */
    const char *name;
    const void *value;
    guint32 length;
    gint32 next; /* offset of the tag behind it */
} Piece;

/* The piece at @offset, and the depth behind it. FALSE: no tree has that. */
static gboolean
piece_at(const void *tree, gint32 offset, guint32 *depth, Piece *piece)
{
    gint32 next;
    guint32 tag = fdt_next_tag(tree, offset, &next);

    while (tag == FDT_NOP) {
        offset = next;
        tag = fdt_next_tag(tree, offset, &next);
    }
    *piece = (Piece){.next = next};
    switch (tag) {
    case FDT_BEGIN_NODE:
        ++*depth;
        piece->status = CONNECTOR_CHILD;
        piece->name = fdt_get_name(tree, offset, NULL);
        return piece->name != NULL;
    case FDT_PROP: {
        int length = 0;

        piece->status = CONNECTOR_PROPERTY;
        piece->value = fdt_getprop_by_offset(tree, offset, &piece->name, &length);
        piece->length = (guint32)length;
        return piece->value != NULL;
    }
    case FDT_END_NODE: piece->status = --*depth == 0 ? RTAS_OK : CONNECTOR_PARENT; return TRUE;
    default: return FALSE;
    }
}

static guint64
mix(guint64 hash, const void *bytes, gsize n)
{
    for (gsize i = 0; i < n; i++)
        hash = (hash ^ ((const guint8 *)bytes)[i]) * G_GUINT64_CONSTANT(0x100000001b3);
    return hash;
}

guint64
connector_digest(const void *tree)
{
    guint64 hash = G_GUINT64_CONSTANT(0xcbf29ce484222325);
    gint32 offset = fdt_first_subnode(tree, 0);
    guint32 depth = 0;
    Piece piece;

    do {
        be32 head[2];

        if (!piece_at(tree, offset, &depth, &piece))
            return 0;
        head[0] = be32_make(piece.status);
        head[1] = be32_make(piece.length);
        hash = mix(hash, head, sizeof(head));
        if (piece.name != NULL)
            hash = mix(hash, piece.name, strlen(piece.name) + 1);
        hash = mix(hash, piece.value, piece.length);
        offset = piece.next;
    } while (piece.status != RTAS_OK);
    return hash;
}

/* --- The mark ------------------------------------------------------------ */

#define MARK_ORDINAL IBM_FIELD32(0, 11)
#define MARK_TAG     IBM_FIELD32(12, 31)

/* Never 0, which begins a walk. A place too far for the field is marked by ordinal 0: nowhere. */
guint32
connector_mark(guint32 index, guint64 digest, guint32 ordinal)
{
    const be64 words[] = {be64_make(digest), be64_make((guint64)index << 32 | ordinal)};
    const guint64 hash = mix(G_GUINT64_CONSTANT(0xcbf29ce484222325), words, sizeof(words));
    const guint32 tag = (guint32)(hash ^ hash >> 20 ^ hash >> 40) & MARK_TAG;

    return (ordinal <= MARK_ORDINAL >> 20 ? ordinal << 20 : 0) | MAX(tag, 1);
}

/* --- Where a walk goes on ------------------------------------------------ */

static gboolean
take_tree(Platform *platform, Drc *drc)
{
    if (drc->tree != NULL)
        return TRUE;
    drc->tree = drc->klass->tree(platform, drc);
    drc->offset = drc->tree != NULL ? fdt_first_subnode(drc->tree, 0) : -1;
    return drc->offset >= 0;
}

/* The place behind @ordinal pieces. *@last: the piece before it. FALSE: the tree has not so many.
 */
static gboolean
seek(Drc *drc, guint32 ordinal, Piece *last)
{
    gint32 offset = fdt_first_subnode(drc->tree, 0);
    guint32 depth = 0;

    for (guint32 i = 0; i < ordinal; i++) {
        if (!piece_at(drc->tree, offset, &depth, last) || last->status == RTAS_OK)
            return FALSE;
        offset = last->next;
    }
    drc->offset = offset;
    drc->own.depth = depth;
    drc->own.ordinal = ordinal;
    return TRUE;
}

/* Whether the guest was last given @piece: its name stands in the work area. */
static gboolean
was_told(const VdevHost *host, guint64 area, guint32 at, const Piece *piece)
{
    const gsize n = piece->name != NULL ? strlen(piece->name) + 1 : 0;
    g_autofree char *name = NULL;

    if (piece->name == NULL)
        return TRUE;
    if (at < AREA_DATA || n > CONNECTOR_AREA || at > CONNECTOR_AREA - n)
        return FALSE;
    name = g_malloc(n);
    return host->guest_read(host, area + at, name, n) && memcmp(name, piece->name, n) == 0;
}

/* Goes on where the mark says, which the guest may have made up. */
static gboolean
resume_by_mark(Platform *platform, Drc *drc, guint64 area, const guint32 *words)
{
    const guint32 ordinal = words[AREA_MARK] >> 20;
    Piece last;

    if (ordinal == 0 || !take_tree(platform, drc))
        return FALSE;
    drc->own.digest = connector_digest(drc->tree);
    return connector_mark(drc->own.index, drc->own.digest, ordinal) == words[AREA_MARK] &&
           seek(drc, ordinal, &last) &&
           was_told(platform_host(platform), area, words[AREA_NAME], &last);
}

/* Goes on where a migration says; the tree here may be another one. */
static gboolean
resume_by_place(Platform *platform, Drc *drc)
{
    const guint32 depth = drc->own.depth;
    Piece last;

    if (drc->tree != NULL)
        return TRUE;
    return take_tree(platform, drc) && connector_digest(drc->tree) == drc->own.digest &&
           seek(drc, drc->own.ordinal, &last) && drc->own.depth == depth;
}

static gboolean
begin(Platform *platform, Drc *drc)
{
    drc_rewind(drc);
    if (!take_tree(platform, drc))
        return FALSE;
    drc->own.digest = connector_digest(drc->tree);
    return TRUE;
}

/* The four cases: under way here; a first call; lost in a migration, and marked or not. */
static gboolean
find_place(Platform *platform, Drc *drc, guint64 area, const guint32 *words)
{
    const gboolean untouched = words[AREA_MARK] == 0 && words[AREA_NAME] == 0 &&
                               words[AREA_LENGTH] == 0 && words[AREA_VALUE] == 0;

    if (drc->own.walking && words[AREA_MARK] != 0)
        return resume_by_place(platform, drc);
    if (drc->own.walking || !drc->own.arrived || untouched)
        return begin(platform, drc);
    return resume_by_mark(platform, drc, area, words);
}

/* --- The piece into the work area ---------------------------------------- */

typedef struct {
    guint32 words[CONNECTOR_WORDS]; /* from AREA_MARK on they are written */
    guint8 data[CONNECTOR_AREA - AREA_DATA];
    guint32 used;
} Area;

static gint32
put_name(Area *out, const char *name)
{
    const gsize n = strlen(name) + 1;

    if (n > sizeof(out->data))
        return RTAS_HW_ERROR;
    out->words[AREA_NAME] = AREA_DATA;
    memcpy(out->data, name, n);
    out->used = (guint32)n;
    return RTAS_OK;
}

/* A value that the area cannot hold goes to the page @extra. */
static gint32
put_value(const VdevHost *host, Area *out, const Piece *piece, guint64 area, guint64 extra)
{
    out->words[AREA_LENGTH] = piece->length;
    if (piece->length <= sizeof(out->data) - out->used) {
        out->words[AREA_VALUE] = AREA_DATA + out->used;
        memcpy(out->data + out->used, piece->value, piece->length);
        out->used += piece->length;
        return RTAS_OK;
    }
    if (extra == 0)
        return CONNECTOR_MORE_MEMORY;
    if (piece->length > CONNECTOR_AREA)
        return RTAS_HW_ERROR;
    if (!host->guest_is_ram(host, extra, CONNECTOR_AREA))
        return RTAS_PARAM_ERROR;
    out->words[AREA_VALUE] = (guint32)(extra - area);
    host->guest_write(host, extra, piece->value, piece->length);
    return RTAS_OK;
}

static void
store(const VdevHost *host, const Area *out, guint64 area)
{
    be32 words[CONNECTOR_WORDS];

    for (guint i = 0; i < CONNECTOR_WORDS; i++)
        words[i] = be32_make(out->words[i]);
    host->guest_write(host, area + 4 * AREA_MARK, &words[AREA_MARK],
                      (CONNECTOR_WORDS - AREA_MARK) * sizeof(be32));
    host->guest_write(host, area + AREA_DATA, out->data, out->used);
}

static gint32
hand_out(Platform *platform, Drc *drc, guint64 area, guint64 extra, Area *out)
{
    const VdevHost *host = platform_host(platform);
    guint32 depth = drc->own.depth;
    gint32 status = RTAS_OK;
    Piece piece;

    if (!piece_at(drc->tree, drc->offset, &depth, &piece))
        return RTAS_HW_ERROR;
    if (piece.name != NULL)
        status = put_name(out, piece.name);
    if (status == RTAS_OK && piece.status == CONNECTOR_PROPERTY)
        status = put_value(host, out, &piece, area, extra);
    if (status == RTAS_OK) {
        drc->offset = piece.next;
        drc->own.depth = depth;
        drc->own.ordinal++;
        drc->own.walking = TRUE;
        status = (gint32)piece.status;
    }
    /* Nothing to be read: only the mark moves. */
    if (status == CONNECTOR_MORE_MEMORY)
        out->used = 0;
    out->words[AREA_MARK] = connector_mark(drc->own.index, drc->own.digest, drc->own.ordinal);
    if (status > RTAS_OK)
        store(host, out, area);
    return status;
}

/* The guest is told once, and can let go of the connector and begin anew. */
static gint32
lose(Platform *platform, Drc *drc)
{
    vdev_log(platform_host(platform), VDEV_LOG_GUEST_ERROR,
             "connector 0x%08x: the place in ibm,configure-connector is lost", drc->own.index);
    drc_happens(platform, drc, DRC_WALK_LOST, NULL);
    return RTAS_HW_ERROR;
}

gint32
connector_step(Platform *platform, Drc *drc, guint64 area, guint64 extra)
{
    const VdevHost *host = platform_host(platform);
    be32 raw[CONNECTOR_WORDS];
    Area out;
    gint32 status;

    if (!host->guest_is_ram(host, area, CONNECTOR_AREA) ||
        !host->guest_read(host, area, raw, sizeof(raw)))
        return RTAS_PARAM_ERROR;
    for (guint i = 0; i < CONNECTOR_WORDS; i++)
        out.words[i] = be32_get(raw[i]);
    out.used = 0;
    if (!drc->own.plugged || drc_happens(platform, drc, DRC_WALK_BEGUN, NULL) != RTAS_OK)
        return RTAS_NOT_CONFIGURABLE;
    if (!find_place(platform, drc, area, out.words))
        return lose(platform, drc);
    drc->own.arrived = FALSE;
    status = hand_out(platform, drc, area, extra, &out);
    if (status == RTAS_HW_ERROR)
        return lose(platform, drc);
    if (status == RTAS_OK)
        return drc_happens(platform, drc, DRC_WALK_DONE, NULL);
    if (!drc->own.walking) /* nothing was handed out yet */
        drc_rewind(drc);
    return status;
}

/* {work area, page for more or 0} */
gint32
rtas_ibm_configure_connector(void *owner, VdevVcpu *vcpu, VdevRtasCall *call)
{
    Platform *platform = owner;
    const VdevHost *host = platform_host(platform);
    Drc *drc = NULL;
    be32 index;

    if (host->guest_read(host, call->args[0], &index, sizeof(index)))
        drc = drcs_find(platform, be32_get(index));
    return drc != NULL ? connector_step(platform, drc, call->args[0], call->args[1])
                       : RTAS_PARAM_ERROR;
}
