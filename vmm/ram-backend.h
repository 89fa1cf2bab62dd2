/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where a RAM block's bytes live: anonymous memory, a file, a memfd. Private to ram.c.
 */
#ifndef VMM_RAM_BACKEND_H
#define VMM_RAM_BACKEND_H

#include "vmm/ram.h"

/** ram_backend_open: fills @block's backing as @spec asks; errors as ram_block_new(). On failure
 * ram_backend_close() cleans up. */
gboolean ram_backend_open(RamBlock *block, const RamBackendSpec *spec, GError **error);
/** ram_backend_close: unmaps and closes. Harmless on a block without backing. */
void ram_backend_close(RamBlock *block);

#endif
