/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Option vectors: from guest memory, and into a property.
 */
#include "hw-spapr/ovec.h"

#include <string.h>

gboolean
ovec_read(OptionVector *vector, const VdevHost *host, guint64 gpa, guint number)
{
    guint8 count;
    guint8 length;

    memset(vector, 0, sizeof(*vector));
    if (!host->guest_read(host, gpa++, &count, 1))
        return FALSE;
    for (guint i = 1; i <= (guint)count + 1; i++) {
        if (!host->guest_read(host, gpa++, &length, 1))
            return FALSE;
        if (i == number)
            return host->guest_read(host, gpa, &vector->bytes[1], (gsize)length + 1);
        gpa += (guint64)length + 1;
    }
    return TRUE;
}

OptionVector
ovec_and(const OptionVector *a, const OptionVector *b)
{
    OptionVector both = {{0}};

    for (guint i = 1; i < OVEC_BYTES; i++)
        both.bytes[i] = a->bytes[i] & b->bytes[i];
    return both;
}

gsize
ovec_property(const OptionVector *vector, guint8 *bytes)
{
    guint last = 1;

    for (guint i = 1; i < OVEC_BYTES; i++) {
        if (vector->bytes[i] != 0)
            last = i;
    }
    memcpy(&bytes[1], &vector->bytes[1], last);
    bytes[0] = (guint8)(last - 1);
    return last + 1;
}
