/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * EAS: fields of the word and the first step of routing.
 */
#include "hw-xive/core/eas.h"

gboolean
xive_eas_pack(const XiveEas *eas, guint64 *word)
{
    guint64 packed = 0;

    if (eas->end_block > bits_get(XIVE_EAS_END_BLOCK, XIVE_EAS_END_BLOCK) ||
        eas->end_index > XIVE_END_INDEX_MAX || eas->eisn > XIVE_EISN_MAX)
        return FALSE;

    packed = bits_set(XIVE_EAS_VALID, packed, eas->valid != 0);
    packed = bits_set(XIVE_EAS_END_BLOCK, packed, eas->end_block);
    packed = bits_set(XIVE_EAS_END_INDEX, packed, eas->end_index);
    packed = bits_set(XIVE_EAS_MASKED, packed, eas->masked != 0);
    packed = bits_set(XIVE_EAS_END_DATA, packed, eas->eisn);
    *word = packed;
    return TRUE;
}

XiveEas
xive_eas_unpack(guint64 word)
{
    return (XiveEas){
        .valid = xive_eas_is_valid(word),
        .masked = xive_eas_is_masked(word),
        .end_block = (guint8)bits_get(XIVE_EAS_END_BLOCK, word),
        .end_index = xive_eas_end_index(word),
        .eisn = xive_eas_eisn(word),
    };
}

guint64
xive_eas_target(guint32 server, guint8 prio, guint32 eisn, gboolean masked)
{
    XiveEas eas = {
        .valid = TRUE,
        .masked = masked,
        .end_index = xive_end_index(server, prio),
        .eisn = eisn,
    };
    guint64 word = 0;

    g_assert(server <= xive_end_index_server(XIVE_END_INDEX_MAX) && prio < XIVE_PRIORITIES);
    if (!xive_eas_pack(&eas, &word))
        g_assert_not_reached(); /* @eisn too wide */
    return word;
}

gboolean
xive_eas_is_masked(guint64 word)
{
    return (word & XIVE_EAS_MASKED) != 0;
}

guint32
xive_eas_end_index(guint64 word)
{
    return (guint32)bits_get(XIVE_EAS_END_INDEX, word);
}

guint32
xive_eas_eisn(guint64 word)
{
    return (guint32)bits_get(XIVE_EAS_END_DATA, word);
}

guint64
xive_eas_set_masked(guint64 word, gboolean masked)
{
    return bits_set(XIVE_EAS_MASKED, word, masked != 0);
}

XiveEasResult
xive_eas_route(guint64 word, guint32 nr_ends, guint32 *end_index, guint32 *eisn)
{
    XiveEas eas = xive_eas_unpack(word);

    if (!eas.valid)
        return XIVE_EAS_IS_INVALID;
    if (eas.masked)
        return XIVE_EAS_IS_MASKED;
    if (eas.end_block != 0 || eas.end_index >= nr_ends)
        return XIVE_EAS_NO_END;

    *end_index = eas.end_index;
    *eisn = eas.eisn;
    return XIVE_EAS_ROUTED;
}
