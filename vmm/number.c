/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Numbers of the command line. g_ascii_string_to_unsigned() would do for decimals, but takes no 0x
 * and no suffix.
 */
#include "vmm/number.h"

#include <string.h>

/* The digits at @text. Returns the first character after them, or NULL (none, or too large). */
static const char *
number_scan(const char *text, guint64 *value)
{
    gboolean hex = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
    const char *first = hex ? text + 2 : text;
    const char *at = first;
    guint64 sum = 0;

    for (; hex ? g_ascii_isxdigit(*at) : g_ascii_isdigit(*at); at++) {
        guint digit = (guint)g_ascii_xdigit_value(*at);

        if (!g_uint64_checked_mul(&sum, sum, hex ? 16 : 10) ||
            !g_uint64_checked_add(&sum, sum, digit))
            return NULL;
    }
    *value = sum;
    return at == first ? NULL : at;
}

gboolean
number_parse(const char *text, guint64 *value)
{
    guint64 sum = 0;
    const char *end = number_scan(text, &sum);

    if (end == NULL || *end != '\0')
        return FALSE;
    *value = sum;
    return TRUE;
}

gboolean
number_parse_size(const char *text, guint shift, guint64 *value)
{
    static const char suffixes[] = "BKMGTPE";
    guint64 sum = 0;
    const char *end = number_scan(text, &sum);
    const char *suffix;

    if (end == NULL)
        return FALSE;
    if (*end != '\0') {
        suffix = strchr(suffixes, g_ascii_toupper(*end));
        if (suffix == NULL || end[1] != '\0')
            return FALSE;
        shift = 10 * (guint)(suffix - suffixes);
    }
    if (shift > 0 && sum >> (64 - shift) != 0)
        return FALSE;
    *value = sum << shift;
    return TRUE;
}

gboolean
number_parse_bool(const char *text, gboolean *value)
{
    static const char *const words[] = {"off", "on", "no", "yes", "false", "true"};

    for (guint i = 0; i < G_N_ELEMENTS(words); i++)
        if (strcmp(text, words[i]) == 0) {
            *value = i % 2;
            return TRUE;
        }
    return FALSE;
}
