/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hashes of pages. They tell apart what differs by accident; they are no signature.
 */
#include "tools/stream-pages.h"

#include <string.h>

#define GROUP 32u /* pages that share an entry of the table */

typedef struct {
    StreamPageHash hashes[GROUP];
} Group;

/* Odd, without pattern. */
#define K0 G_GUINT64_CONSTANT(0x9e3779b97f4a7c15)
#define K1 G_GUINT64_CONSTANT(0xc2b2ae3d27d4eb4f)
#define K2 G_GUINT64_CONSTANT(0xd6e8feb86659fd93)

static guint64
rotate(guint64 word, guint by)
{
    return word << by | word >> (64 - by);
}

static guint64
finish(guint64 word)
{
    word = (word ^ word >> 32) * K2;
    word = (word ^ word >> 29) * K1;
    return word ^ word >> 32;
}

static StreamPageHash
hash_bytes(const guint8 *bytes, gsize n)
{
    guint64 a = n * K0, b = ~(n * K1), tail[2] = {0, 0};
    gsize at = 0;

    for (; at + sizeof(tail) <= n; at += sizeof(tail)) {
        guint64 words[2];

        memcpy(words, bytes + at, sizeof(words));
        a = rotate(a ^ words[0] * K0, 31) * K1 + b;
        b = rotate(b ^ words[1] * K1, 29) * K0 + a;
    }
    memcpy(tail, bytes + at, n - at);
    a = rotate(a ^ tail[0] * K0, 31) * K1 + b;
    b = rotate(b ^ tail[1] * K1, 29) * K0 + a;
    return (StreamPageHash){finish(a) | 1, finish(b)};
}

static gboolean
is_zero(const guint8 *bytes, gsize n)
{
    return n > 0 && bytes[0] == 0 && memcmp(bytes, bytes + 1, n - 1) == 0;
}

void
stream_pages_init(StreamPages *pages)
{
    *pages = (StreamPages){
        .blocks = g_ptr_array_new_with_free_func((GDestroyNotify)g_hash_table_unref),
    };
}

void
stream_pages_clear(StreamPages *pages)
{
    g_clear_pointer(&pages->blocks, g_ptr_array_unref);
}

static GHashTable *
block_of(StreamPages *pages, guint block)
{
    while (pages->blocks->len <= block)
        g_ptr_array_add(pages->blocks,
                        g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, g_free));
    return pages->blocks->pdata[block];
}

/* Where the hash of a page is kept; NULL if it is not and @make is FALSE. */
static StreamPageHash *
slot(GHashTable *table, guint64 page, gboolean make)
{
    guint64 key = page / GROUP;
    Group *group = g_hash_table_lookup(table, &key);

    if (group == NULL && make) {
        group = g_new0(Group, 1);
        g_hash_table_insert(table, g_memdup2(&key, sizeof(key)), group);
    }
    return group != NULL ? &group->hashes[page % GROUP] : NULL;
}

void
stream_pages_take(guint block, guint64 offset, StreamPageKind kind, const guint8 *bytes, gsize n,
                  void *user)
{
    StreamPages *pages = user;
    GHashTable *table = block_of(pages, block);
    const gboolean zero =
        kind == STREAM_PAGE_ZERO || (kind == STREAM_PAGE_BYTES && is_zero(bytes, n));
    StreamPageHash *at = slot(table, offset / STREAM_PAGE, !zero), before;

    if (zero) {
        if (at != NULL)
            *at = (StreamPageHash){0, 0};
        return;
    }
    before = *at;
    *at = hash_bytes(bytes, n);
    if (kind == STREAM_PAGE_BYTES)
        return;
    pages->indirect++;
    if (kind == STREAM_PAGE_DELTA)
        at->b ^= rotate(before.a, 17) ^ before.b;
}

/* --- Comparing --------------------------------------------------------------- */

static gint
compare_keys(gconstpointer a, gconstpointer b)
{
    const guint64 left = *(const guint64 *)a, right = *(const guint64 *)b;

    return left < right ? -1 : left > right;
}

static void
collect_keys(GArray *keys, GHashTable *table, GHashTable *except)
{
    GHashTableIter iterator;
    gpointer key;

    if (table == NULL)
        return;
    g_hash_table_iter_init(&iterator, table);
    while (g_hash_table_iter_next(&iterator, &key, NULL)) {
        if (except == NULL || !g_hash_table_contains(except, key))
            g_array_append_vals(keys, key, 1);
    }
}

typedef struct {
    guint64 start, end; /* open range; empty: none */
    StreamRangeFunc func;
    void *user;
} Range;

static void
add_page(Range *range, guint64 page)
{
    const guint64 start = page * STREAM_PAGE;

    if (range->end != start || range->start == range->end) {
        if (range->start != range->end)
            range->func(range->start, range->end, range->user);
        range->start = start;
    }
    range->end = start + STREAM_PAGE;
}

static void
compare_group(Range *range, GHashTable *left, GHashTable *right, guint64 key)
{
    static const Group none;
    const Group *a = left != NULL ? g_hash_table_lookup(left, &key) : NULL;
    const Group *b = right != NULL ? g_hash_table_lookup(right, &key) : NULL;

    a = a != NULL ? a : &none;
    b = b != NULL ? b : &none;
    for (guint i = 0; i < GROUP; i++) {
        if (a->hashes[i].a != b->hashes[i].a || a->hashes[i].b != b->hashes[i].b)
            add_page(range, key * GROUP + i);
    }
}

void
stream_pages_compare(const StreamPages *left, guint a, const StreamPages *right, guint b,
                     StreamRangeFunc func, void *user)
{
    GHashTable *first = a < left->blocks->len ? left->blocks->pdata[a] : NULL;
    GHashTable *second = b < right->blocks->len ? right->blocks->pdata[b] : NULL;
    g_autoptr(GArray) keys = g_array_new(FALSE, FALSE, sizeof(guint64));
    Range range = {.func = func, .user = user};

    collect_keys(keys, first, NULL);
    collect_keys(keys, second, first);
    g_array_sort(keys, compare_keys);
    for (guint i = 0; i < keys->len; i++)
        compare_group(&range, first, second, g_array_index(keys, guint64, i));
    if (range.start != range.end)
        func(range.start, range.end, user);
}
