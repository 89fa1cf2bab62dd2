/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Option vectors: bit sets in which platform and guest tell each other what they can do.
 *
 * Source: LoPAR, "ibm,client-architecture-support". Byte n of a vector here is LoPAR's byte n; byte
 * 0 is its length byte and not kept.
 */
#ifndef HW_SPAPR_OVEC_H
#define HW_SPAPR_OVEC_H

#include "vdev/host.h"

#define OVEC_BYTES 257u /* bytes 1 to 256 */

typedef struct {
    guint8 bytes[OVEC_BYTES]; /* [0] unused */
} OptionVector;

/* Option vector 5: byte and value. */
#define OV5_DRCONF_BYTE    2u
#define OV5_DRCONF         0x20u
#define OV5_AFFINITY_BYTE  5u
#define OV5_AFFINITY_FORM1 0x80u
#define OV5_EVENTS_BYTE    6u
#define OV5_EVENTS_HOTPLUG 0x04u
#define OV5_XIVE_BYTE      23u
#define OV5_XIVE_EXPLOIT   0x40u
#define OV5_DRMEM_BYTE     22u
#define OV5_DRMEM_V2       0x80u
#define OV5_MMU_BYTE       24u
#define OV5_MMU_RADIX      0x40u
#define OV5_RADIX_BYTE     26u
#define OV5_RADIX_GTSE     0x40u
/* Values of the XIVE and MMU bytes: old (0), new (above), or what the other side prefers. */
#define OV5_EITHER_MASK 0xc0u
#define OV5_EITHER      0x80u

/**
 * ovec_read: reads the vector number @number (from 1) of the list at guest address @gpa: a count
 * less one, then vectors, each a length byte and one byte more than that.
 *
 * A vector that is not in the list is empty.
 * Returns: FALSE if the list runs out of RAM.
 */
gboolean ovec_read(OptionVector *vector, const VdevHost *host, guint64 gpa, guint number);

/** ovec_and: the bits of @a that @b has too. */
OptionVector ovec_and(const OptionVector *a, const OptionVector *b);

/**
 * ovec_property: @vector as a property: the length byte, then bytes 1 to the last that is not 0.
 * @bytes: room for OVEC_BYTES
 *
 * Returns: how many bytes.
 */
gsize ovec_property(const OptionVector *vector, guint8 *bytes);

#endif
