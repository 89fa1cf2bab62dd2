/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Guest memory, bounds-checked: words at guest physical addresses.
 *
 * Each call is true only if every byte lies in RAM; on false nothing was read or written and
 * @value is unchanged. Under the machine lock.
 */
#ifndef VDEV_GUESTMEM_H
#define VDEV_GUESTMEM_H

#include "vdev/bits.h"
#include "vdev/host.h"

static inline gboolean
guest_read_be32(const VdevHost *host, guint64 gpa, guint32 *value)
{
    be32 word;

    if (!host->guest_read(host, gpa, &word, sizeof(word)))
        return FALSE;
    *value = be32_get(word);
    return TRUE;
}

static inline gboolean
guest_read_be64(const VdevHost *host, guint64 gpa, guint64 *value)
{
    be64 word;

    if (!host->guest_read(host, gpa, &word, sizeof(word)))
        return FALSE;
    *value = be64_get(word);
    return TRUE;
}

static inline gboolean
guest_write_be32(const VdevHost *host, guint64 gpa, guint32 value)
{
    be32 word = be32_make(value);

    return host->guest_write(host, gpa, &word, sizeof(word));
}

static inline gboolean
guest_write_be64(const VdevHost *host, guint64 gpa, guint64 value)
{
    be64 word = be64_make(value);

    return host->guest_write(host, gpa, &word, sizeof(word));
}

#endif
