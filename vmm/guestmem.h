/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Guest physical addresses to host memory, bounds-checked.
 *
 * Only RAM answers: a ram-device region is never read, written or mapped here. A range may span
 * blocks that touch; a map must lie in one. Ranges that would wrap at 2^64 are not memory. An empty
 * range is RAM anywhere.
 *
 * Threads: under the machine lock.
 */
#ifndef VMM_GUESTMEM_H
#define VMM_GUESTMEM_H

#include "vmm/ram.h"

/** guestmem_is_ram: whether all of [gpa, gpa + n) is RAM. */
gboolean guestmem_is_ram(RamList *list, guint64 gpa, guint64 n);

/** guestmem_read, guestmem_write: FALSE, with nothing copied, unless all of the range is RAM. A
 * write is marked dirty after the store. */
gboolean guestmem_read(RamList *list, guint64 gpa, void *buffer, gsize n);
gboolean guestmem_write(RamList *list, guint64 gpa, const void *buffer, gsize n);

/** guestmem_map: @n ≥ 1 bytes for reading, or NULL. Valid until the block goes. */
const void *guestmem_map(RamList *list, guint64 gpa, gsize n);

/** guestmem_map_writable: as guestmem_map(); the writer ends with guestmem_unmap(). */
void *guestmem_map_writable(RamList *list, guint64 gpa, gsize n);
/** guestmem_unmap: marks the first @n_dirty bytes of a writable map at @gpa; 0 marks nothing. */
void guestmem_unmap(RamList *list, guint64 gpa, gsize n_dirty);

#endif
