/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Checks of the XIVE tables. What a kernel would refuse to restore, our reader refuses too; stock
 * QEMU's emulation takes anything.
 */
#include "tools/stream-xive.h"

#include <string.h>

#include "vdev/bits.h"

#define X64 "0x%" G_GINT64_MODIFIER "x"

#define EAS_SIZE 8u
#define END_SIZE 32u
#define IRQS_MAX (1u << 20)

#define EAS_VALID     IBM_BIT64(0)
#define EAS_END_BLOCK IBM_FIELD64(4, 7)
#define EAS_END_INDEX IBM_FIELD64(8, 31)
#define EAS_MASKED    IBM_BIT64(32)

#define END_W0_VALID LSB_BIT64(31)
#define END_W1_INDEX LSB_FIELD64(21, 0)

#define CONTEXT_SIZE 64u
#define RING_OS      0x10u
#define RING_W2      8u
#define CPPR         1u
#define CAM          0xffffffu
#define CAM_BASE     0x400u /* + server: number of its context */
#define PRIORITIES   8u
#define PRIO_NONE    0xffu

#define STATUS_KNOWN    7u /* Q, P, line */
#define QUEUE_SHIFT     12u
#define QUEUE_SHIFTS    16u
#define KVM_QUEUE_SHIFT 16u
#define PLUGGED_ALIGN   (G_GUINT64_CONSTANT(1) << 30) /* memory that was plugged begins at such */

typedef struct {
    const guint8 *eas, *ends;
    guint32 n_irqs, n_ends;
    gboolean big_endian;
    const StreamPlatform *platform;
    const StreamFacts *facts;
    StreamNotes *notes;
} Tables;

static guint32
be32_at(const guint8 *bytes)
{
    guint32 word;

    memcpy(&word, bytes, sizeof(word));
    return GUINT32_FROM_BE(word);
}

static guint32
end_word(const Tables *tables, guint32 index, guint n)
{
    guint32 word;

    memcpy(&word, tables->ends + (gsize)index * END_SIZE + 4 * n, sizeof(word));
    return tables->big_endian ? GUINT32_FROM_BE(word) : GUINT32_FROM_LE(word);
}

static guint64
eas_word(const Tables *tables, guint32 lisn)
{
    guint64 word;

    memcpy(&word, tables->eas + (gsize)lisn * EAS_SIZE, sizeof(word));
    return tables->big_endian ? GUINT64_FROM_BE(word) : GUINT64_FROM_LE(word);
}

/* A valid EAS has a first byte of 80 and then, in block 0, no bit set before bit 8; the last byte
 * is the low end of a small number. */
gboolean
stream_xive_big_endian(const guint8 *router, gsize n)
{
    guint32 n_irqs = n >= 4 ? be32_at(router) : 0;
    gsize big = 0, little = 0;

    for (gsize i = 0; i < n_irqs && 4 + (i + 1) * EAS_SIZE <= n; i++) {
        const guint8 *eas = router + 4 + i * EAS_SIZE;

        big += eas[0] == 0x80 && eas[7] != 0x80;
        little += eas[7] == 0x80 && eas[0] != 0x80;
    }
    return big > little;
}

/* --- Where memory is ------------------------------------------------------------- */

/* The block at address 0. */
static const StreamRamBlock *
main_block(const StreamRam *ram, const VmsStreamRules *rules)
{
    for (guint i = 0; i < ram->blocks->len; i++) {
        const StreamRamBlock *block = ram->blocks->pdata[i];

        if (block->has_gpa ? block->gpa == 0 : strcmp(block->name, rules->main_ram) == 0)
            return block;
    }
    return ram->blocks->len == 1 ? ram->blocks->pdata[0] : NULL;
}

/* Whether [gpa, gpa + n) cannot be memory. Where plugged blocks lie is told with x-ignore-shared
 * only; without, anywhere behind main memory is possible as long as there are any. */
static gboolean
is_outside(const StreamFacts *facts, guint64 gpa, guint64 n)
{
    const StreamRam *ram = &facts->ram;
    const StreamRamBlock *first = main_block(ram, facts->context.rules);
    guint64 plugged;

    if (gpa > G_MAXUINT64 - n)
        return TRUE;
    if (first == NULL || gpa + n <= first->length)
        return FALSE;
    plugged =
        (first->length / PLUGGED_ALIGN + (first->length % PLUGGED_ALIGN != 0)) * PLUGGED_ALIGN;
    if (ram->blocks->len == 1 || gpa < plugged)
        return TRUE;
    for (guint i = 0; i < ram->blocks->len; i++) {
        const StreamRamBlock *block = ram->blocks->pdata[i];

        if (!block->has_gpa ||
            (gpa >= block->gpa && n <= block->length && gpa - block->gpa <= block->length - n))
            return FALSE;
    }
    return TRUE;
}

/* --- ENDs --------------------------------------------------------------------------- */

static gboolean
has_server(const Tables *tables, guint32 server)
{
    const StreamPlatform *platform = tables->platform;

    /* Contexts that do not tell whose they are may be anybody's. */
    if (platform->servers->len < platform->contexts || platform->contexts == 0)
        return TRUE;
    for (guint i = 0; i < platform->servers->len; i++) {
        if (g_array_index(platform->servers, guint32, i) == server)
            return TRUE;
    }
    return FALSE;
}

static guint64
end_at(const Tables *tables, guint32 index)
{
    return tables->platform->router_at + 4 + (guint64)tables->n_irqs * EAS_SIZE +
           (guint64)index * END_SIZE;
}

static void
check_queue(const Tables *tables, guint32 index)
{
    const guint shift = (end_word(tables, index, 0) >> 16 & 0xf) + QUEUE_SHIFT;
    const guint64 gpa =
        (guint64)(end_word(tables, index, 2) & 0x0fffffff) << 32 | end_word(tables, index, 3);
    const guint64 n = G_GUINT64_CONSTANT(1) << shift;
    const guint32 entry = end_word(tables, index, 1) & (guint32)END_W1_INDEX;
    const guint32 server = index / PRIORITIES, prio = index % PRIORITIES;

    if (gpa % n != 0)
        stream_notes_add(tables->notes, STREAM_BY_OURS, end_at(tables, index),
                         "queue of server %u priority %u: its address " X64
                         " is not aligned to its " X64 " bytes",
                         server, prio, gpa, n);
    if (is_outside(tables->facts, gpa, n))
        stream_notes_add(tables->notes, STREAM_BY_OURS, end_at(tables, index),
                         "queue of server %u priority %u: " X64 " to " X64 " is not memory", server,
                         prio, gpa, gpa + n - 1);
    if (entry >= n / 4)
        stream_notes_add(
            tables->notes, STREAM_BY_OURS, end_at(tables, index),
            "queue of server %u priority %u: its next entry %u is behind its %" G_GUINT64_FORMAT,
            server, prio, entry, n / 4);
    if (shift != KVM_QUEUE_SHIFT)
        stream_notes_add(tables->notes, STREAM_BY_OURS, end_at(tables, index),
                         "queue of server %u priority %u: of " X64 " bytes; KVM takes 0x10000 only",
                         server, prio, n);
}

static void
check_end(const Tables *tables, guint32 index)
{
    const guint32 server = index / PRIORITIES, prio = index % PRIORITIES;
    const guint32 w0 = end_word(tables, index, 0), w6 = end_word(tables, index, 6);
    const guint32 target = w6 & 0x7ffff, w7 = end_word(tables, index, 7);

    if ((w0 & (guint32)END_W0_VALID) == 0)
        return;
    if (!has_server(tables, server))
        stream_notes_add(tables->notes, STREAM_BY_OURS, end_at(tables, index),
                         "END 0x%x is that of server %u priority %u, and no vCPU is that server",
                         index, server, prio);
    if (target != CAM_BASE + server || (w7 >> 16 & 0xff) != prio)
        stream_notes_add(tables->notes, STREAM_BY_OURS, end_at(tables, index),
                         "END 0x%x of server %u priority %u tells context 0x%x at priority %u "
                         "instead",
                         index, server, prio, target, w7 >> 16 & 0xff);
    check_queue(tables, index);
}

/* --- EAS -------------------------------------------------------------------------------- */

static void
check_eas(const Tables *tables, guint32 lisn)
{
    const guint64 eas = eas_word(tables, lisn);
    const guint64 at = tables->platform->router_at + 4 + (guint64)lisn * EAS_SIZE;
    const guint32 index = (guint32)bits_get(EAS_END_INDEX, eas);

    if ((eas & EAS_VALID) == 0)
        return;
    if (bits_get(EAS_END_BLOCK, eas) != 0)
        stream_notes_add(tables->notes, STREAM_BY_OURS, at,
                         "source 0x%x: its EAS " X64 " names another block than 0", lisn, eas);
    else if (index >= tables->n_ends)
        stream_notes_add(tables->notes, STREAM_BY_OURS, at,
                         "source 0x%x: its EAS names END 0x%x, and there are 0x%x", lisn, index,
                         tables->n_ends);
    else if ((eas & EAS_MASKED) == 0 && (end_word(tables, index, 0) & (guint32)END_W0_VALID) == 0)
        stream_notes_add(
            tables->notes, STREAM_BY_NOBODY, at,
            "source 0x%x: its EAS points to END 0x%x (server %u priority %u), which is "
            "invalid: its events are lost",
            lisn, index, index / PRIORITIES, index % PRIORITIES);
}

/* --- Sources, contexts --------------------------------------------------------------------- */

static void
check_sources(const StreamPlatform *platform, guint32 n_irqs, StreamNotes *notes)
{
    const GByteArray *sources = platform->sources;

    if (sources == NULL || sources->len < 4)
        return;
    if (n_irqs != 0 && be32_at(sources->data) != n_irqs)
        stream_notes_add(notes, STREAM_BY_ALL, platform->sources_at,
                         "xive-source has 0x%x sources, spapr-xive 0x%x", be32_at(sources->data),
                         n_irqs);
    for (guint i = 4; i < sources->len; i++) {
        if ((sources->data[i] & ~STATUS_KNOWN) != 0)
            stream_notes_add(notes, STREAM_BY_OURS, platform->sources_at + i,
                             "source 0x%x: its state 0x%02x has unknown bits", i - 4,
                             sources->data[i]);
    }
}

gboolean
stream_xive_check_context(const StreamSection *section, guint32 *server, StreamNotes *notes)
{
    const guint8 *ring = section->payload + RING_OS;
    guint32 word;

    if (section->size != CONTEXT_SIZE)
        return FALSE;
    if (ring[CPPR] >= PRIORITIES && ring[CPPR] != PRIO_NONE)
        stream_notes_add(notes, STREAM_BY_OURS, section->payload_at + RING_OS + CPPR,
                         "thread context %u: a processor priority of 0x%02x is impossible",
                         section->instance, ring[CPPR]);
    word = be32_at(ring + RING_W2);
    if ((word & 0x80000000u) == 0)
        return FALSE;
    if ((word & CAM) < CAM_BASE) {
        stream_notes_add(notes, STREAM_BY_OURS, section->payload_at + RING_OS + RING_W2,
                         "thread context %u is that of no server: 0x%08x", section->instance, word);
        return FALSE;
    }
    *server = (word & CAM) - CAM_BASE;
    return TRUE;
}

void
stream_xive_check(const StreamPlatform *platform, const StreamFacts *facts, StreamNotes *notes)
{
    const GByteArray *router = platform->router;
    Tables tables = {.platform = platform, .facts = facts, .notes = notes};

    if (router != NULL && router->len >= 4)
        tables.n_irqs = be32_at(router->data);
    check_sources(platform, tables.n_irqs, notes);
    if (router == NULL || tables.n_irqs > IRQS_MAX ||
        router->len < 4 + (gsize)tables.n_irqs * EAS_SIZE)
        return;
    tables.eas = router->data + 4;
    tables.ends = tables.eas + (gsize)tables.n_irqs * EAS_SIZE;
    tables.n_ends = (router->len - 4 - tables.n_irqs * EAS_SIZE) / END_SIZE;
    tables.big_endian = stream_xive_big_endian(router->data, router->len);
    for (guint32 i = 0; i < tables.n_irqs; i++)
        check_eas(&tables, i);
    for (guint32 i = 0; i < tables.n_ends; i++)
        check_end(&tables, i);
}
