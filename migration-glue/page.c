/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The search for zeros, in words and in vectors.
 *
 * A page that is not zero mostly shows it in its first bytes, so these are looked at alone; the
 * rest goes in blocks that are ORed together, one branch for each. The last block overlaps the one
 * before it, so that there is no tail.
 */
#include "migration-glue/page.h"

#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__VSX__)
#include <altivec.h>
#endif

static gboolean
always(void)
{
    return TRUE;
}

static guint64
word_at(const guint8 *bytes)
{
    guint64 word;

    memcpy(&word, bytes, sizeof(word));
    return word;
}

static gboolean
bytes_are_zero(const guint8 *bytes, gsize n)
{
    guint8 sum = 0;

    for (gsize i = 0; i < n; i++)
        sum |= bytes[i];
    return sum == 0;
}

/* 64 bytes. */
static guint64
words_or(const guint8 *bytes)
{
    guint64 sum = 0;

    for (guint i = 0; i < 8; i++)
        sum |= word_at(bytes + 8 * i);
    return sum;
}

static gboolean
scan_words(const void *bytes, gsize n)
{
    const guint8 *at = bytes, *last;

    if (n < 64)
        return bytes_are_zero(bytes, n);
    last = at + n - 64;
    if (word_at(at) != 0)
        return FALSE;
    for (; at < last; at += 64) {
        if (words_or(at) != 0)
            return FALSE;
    }
    return words_or(last) == 0;
}

#if defined(__x86_64__)
static gboolean
has_avx2(void)
{
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx2") != 0;
}

/* 256 bytes. */
__attribute__((target("avx2"))) static inline gboolean
avx2_block_is_zero(const guint8 *bytes)
{
    const __m256i_u *at = (const __m256i_u *)bytes;
    __m256i a = _mm256_or_si256(_mm256_loadu_si256(at), _mm256_loadu_si256(at + 1));
    __m256i b = _mm256_or_si256(_mm256_loadu_si256(at + 2), _mm256_loadu_si256(at + 3));
    __m256i c = _mm256_or_si256(_mm256_loadu_si256(at + 4), _mm256_loadu_si256(at + 5));
    __m256i d = _mm256_or_si256(_mm256_loadu_si256(at + 6), _mm256_loadu_si256(at + 7));
    __m256i sum = _mm256_or_si256(_mm256_or_si256(a, b), _mm256_or_si256(c, d));

    return _mm256_testz_si256(sum, sum);
}

__attribute__((target("avx2"))) static gboolean
scan_avx2(const void *bytes, gsize n)
{
    const guint8 *at = bytes, *last;

    if (n < 256)
        return scan_words(bytes, n);
    last = at + n - 256;
    if (word_at(at) != 0)
        return FALSE;
    for (; at < last; at += 256) {
        if (!avx2_block_is_zero(at))
            return FALSE;
    }
    return avx2_block_is_zero(last);
}
#elif defined(__VSX__)
typedef __vector unsigned long long Vector;

/* 128 bytes. */
static inline gboolean
vsx_block_is_zero(const guint8 *bytes)
{
    const unsigned long long *at = (const unsigned long long *)bytes;
    Vector a = vec_or(vec_vsx_ld(0, at), vec_vsx_ld(16, at));
    Vector b = vec_or(vec_vsx_ld(32, at), vec_vsx_ld(48, at));
    Vector c = vec_or(vec_vsx_ld(64, at), vec_vsx_ld(80, at));
    Vector d = vec_or(vec_vsx_ld(96, at), vec_vsx_ld(112, at));
    Vector sum = vec_or(vec_or(a, b), vec_or(c, d));

    return vec_all_eq(sum, vec_splats(0ULL));
}

static gboolean
scan_vsx(const void *bytes, gsize n)
{
    const guint8 *at = bytes, *last;

    if (n < 128)
        return scan_words(bytes, n);
    last = at + n - 128;
    if (word_at(at) != 0)
        return FALSE;
    for (; at < last; at += 128) {
        if (!vsx_block_is_zero(at))
            return FALSE;
    }
    return vsx_block_is_zero(last);
}
#endif

static const MigZeroScanKind kinds[] = {
    {"words", always, scan_words},
#if defined(__x86_64__)
    {"avx2", has_avx2, scan_avx2},
#elif defined(__VSX__)
    {"vsx", always, scan_vsx}, /* the compiler may use it everywhere already */
#endif
};

const MigZeroScanKind *
mig_zero_scan_kinds(guint *n)
{
    *n = G_N_ELEMENTS(kinds);
    return kinds;
}

MigZeroScan
mig_zero_scan_best(void)
{
    guint best = 0;

    for (guint i = 0; i < G_N_ELEMENTS(kinds); i++) {
        if (kinds[i].usable())
            best = i;
    }
    return kinds[best].scan;
}
