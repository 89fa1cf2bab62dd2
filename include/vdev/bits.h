/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bits, fields and big-endian memory words.
 *
 * POWER books count bits from the most significant (IBM_*), KVM words from the
 * least significant (LSB_*). A field is named by its two bit numbers in the order
 * the book gives them. Memory words are structures, so that a missing swap does
 * not compile.
 */
#ifndef VDEV_BITS_H
#define VDEV_BITS_H

#include <glib.h>

#define LSB_BIT64(n)        (G_GUINT64_CONSTANT(1) << (n))
#define LSB_FIELD64(hi, lo) ((~G_GUINT64_CONSTANT(0) >> (63 - (hi) + (lo))) << (lo))
#define IBM_BIT64(n)        LSB_BIT64(63 - (n))
#define IBM_FIELD64(hi, lo) LSB_FIELD64(63 - (hi), 63 - (lo))
#define IBM_BIT32(n)        (1u << (31 - (n)))
#define IBM_FIELD32(hi, lo) ((~0u >> (31 - (lo) + (hi))) << (31 - (lo)))

/** bits_get: the value of the field @mask in @word, right-aligned. @mask must not be 0. */
static inline guint64
bits_get(guint64 mask, guint64 word)
{
    return (word & mask) >> __builtin_ctzll(mask);
}

/** bits_set: @word with the field @mask replaced by @value; excess bits of @value are dropped. */
static inline guint64
bits_set(guint64 mask, guint64 word, guint64 value)
{
    return (word & ~mask) | ((value << __builtin_ctzll(mask)) & mask);
}

typedef struct {
    guint16 raw;
} be16;
typedef struct {
    guint32 raw;
} be32;
typedef struct {
    guint64 raw;
} be64;

static inline guint16
be16_get(be16 word)
{
    return GUINT16_FROM_BE(word.raw);
}

static inline guint32
be32_get(be32 word)
{
    return GUINT32_FROM_BE(word.raw);
}

static inline guint64
be64_get(be64 word)
{
    return GUINT64_FROM_BE(word.raw);
}

static inline be16
be16_make(guint16 value)
{
    return (be16){GUINT16_TO_BE(value)};
}

static inline be32
be32_make(guint32 value)
{
    return (be32){GUINT32_TO_BE(value)};
}

static inline be64
be64_make(guint64 value)
{
    return (be64){GUINT64_TO_BE(value)};
}

#endif
