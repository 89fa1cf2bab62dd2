/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Non-volatile memory: bytes that outlive a reset, though not the process.
 *
 * Source: LoPAR nvram-fetch, nvram-store and the partition headers of CHRP.
 */
#ifndef HW_SPAPR_NVRAM_H
#define HW_SPAPR_NVRAM_H

#include "hw-spapr/vio.h"

#define NVRAM_SIZE 0x10000u /* bytes */

typedef struct {
    VioDevice vio;
    guint32 size;  /* NVRAM_SIZE */
    guint8 *bytes; /* [size] */
} Nvram;

/** nvram_make: an NVRAM on @bus, formatted: one partition of free space. */
gboolean nvram_make(Nvram *nvram, VioBus *bus, Xive *xive, GError **error);
/** nvram_finish: zero-safe. */
void nvram_finish(Nvram *nvram);

#endif
